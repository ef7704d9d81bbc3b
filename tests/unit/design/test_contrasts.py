"""Colours that are used together are readable, and every token that a style sheet uses is declared."""

from __future__ import annotations

import re

import pytest

from pipelines.design import contrasts
from pipelines.design.assets import CSS


@pytest.mark.parametrize("vision", ["", *contrasts.VISIONS])
def test_colours_that_are_used_together_are_readable(vision: str) -> None:
    pairs = contrasts.list_contrasts(vision)
    assert [pair for pair in pairs if pair.ratio < pair.required] == [] and len(pairs) > 20


def test_compute_contrast_agrees_with_published_values() -> None:
    assert contrasts.compute_contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrasts.compute_contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("vision", "contrast"), [("protanopia", 3.29), ("deuteranopia", 6.57)])
def test_simulated_vision_keeps_grey_and_changes_red(vision: str, contrast: float) -> None:
    """Check the matrices: their rows add up to 1, and red on black (5.25:1) is darker to one and brighter to the other.

    The luminance of red is 0.2126 times the first column's red and 0.7152 times its green.
    """
    assert [sum(row) for row in contrasts.VISIONS[vision]] == pytest.approx([1, 1, 1], abs=2e-6)
    assert contrasts.compute_contrast("#777777", "#fff", vision) == pytest.approx(4.48, abs=0.01)
    assert contrasts.compute_contrast("#f00", "#000") == pytest.approx(5.25, abs=0.01)
    assert contrasts.compute_contrast("#f00", "#000", vision) == pytest.approx(contrast, abs=0.01)


def test_every_token_that_a_style_sheet_uses_is_declared() -> None:
    tokens = set(contrasts.read_tokens())
    for path in CSS.glob("*.css"):
        assert set(re.findall(r"var\(--rti-([\w-]+)\)", path.read_text(encoding="utf-8"))) <= tokens, path.name
