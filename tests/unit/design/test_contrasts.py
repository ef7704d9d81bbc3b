"""Colours that are used together are readable, and every token that a style sheet uses is declared."""

from __future__ import annotations

import re

import pytest

from pipelines.design import contrasts
from pipelines.design.assets import CSS


@pytest.mark.parametrize("pair", contrasts.list_contrasts(), ids=lambda pair: f"{pair.foreground} on {pair.background}")
def test_colours_that_are_used_together_are_readable(pair: contrasts.ColourContrast) -> None:
    assert pair.ratio >= pair.required


def test_compute_contrast_agrees_with_published_values() -> None:
    assert contrasts.compute_contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrasts.compute_contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


def test_every_token_that_a_style_sheet_uses_is_declared() -> None:
    tokens = set(contrasts.read_tokens())
    for path in CSS.glob("*.css"):
        assert set(re.findall(r"var\(--rti-([\w-]+)\)", path.read_text(encoding="utf-8"))) <= tokens, path.name
