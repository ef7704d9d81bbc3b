"""Contrasts of the design tokens that are used together, and the least that is required."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pipelines.design.assets import CSS

_TOKEN: Final = re.compile(r"--rti-([\w-]+):\s*([^;]+);")
_TEXT_CONTRAST, _SHAPE_CONTRAST = 4.5, 3.0
"""Least contrast of text, and of lines and outlines (WCAG 2.2, success criteria 1.4.3 and 1.4.11)."""


VISIONS: Final[Mapping[str, tuple[tuple[float, float, float], ...]]] = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
"""Kinds of colour blindness, each with the matrix that simulates it in linear RGB: that of severity 1.0 in Machado,
Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency", IEEE
Transactions on Visualization and Computer Graphics 15 (6), doi:10.1109/TVCG.2009.113."""


@dataclass(frozen=True)
class ColourContrast:
    """Two colours that are used together, their contrast, and the least that is required."""

    foreground: str
    background: str
    ratio: float
    required: float


TEXT_PAIRS: Final = (
    ("text", "surface"),
    ("text", "focus-surface"),
    ("text-quiet", "surface"),
    ("text-quiet", "surface-quiet"),
    ("text-inverse", "brand"),
    ("text-inverse", "brand-dark"),
    ("brand", "surface"),
    ("brand", "surface-quiet"),
    ("brand", "brand-pale"),
    ("brand", "mark-pale"),
    ("good", "surface"),
    ("good", "good-surface"),
    ("warning", "surface"),
    ("warning", "warning-surface"),
    ("error", "surface"),
    ("error", "error-surface"),
)
"""Text tokens and the surfaces on which they are used."""
SHAPE_PAIRS: Final = (
    ("line-strong", "surface"),
    ("focus", "surface"),
    ("focus", "focus-surface"),
    ("focus", "mark-pale"),
    ("mark", "surface"),
    ("mark", "mark-pale"),
    ("mark-faded", "surface"),
    ("mark-faded", "mark-pale"),
    ("mark-other", "surface"),
)
"""Tokens of outlines, borders of controls and marks of pictures, and the surfaces on which they are used."""


def read_tokens() -> dict[str, str]:
    """Return the design tokens by name, without `--rti-`, in their order."""
    return dict(_TOKEN.findall((CSS / "tokens.css").read_text(encoding="utf-8")))


def list_contrasts(vision: str = "") -> list[ColourContrast]:
    """Return the contrast of all colours that are used together, to a reader with one of `VISIONS` if one is passed."""
    tokens = read_tokens()
    pairs = [(*pair, _TEXT_CONTRAST) for pair in TEXT_PAIRS] + [(*pair, _SHAPE_CONTRAST) for pair in SHAPE_PAIRS]
    return [
        ColourContrast(front, back, compute_contrast(tokens[front], tokens[back], vision), required)
        for front, back, required in pairs
    ]


def compute_contrast(first: str, second: str, vision: str = "") -> float:
    """Return the contrast ratio of two colours such as `#1f2a37` (WCAG 2.2, definition of contrast ratio).

    With one of `VISIONS`, it is that of the colours as a reader with this vision sees them. The ratio depends on
    luminance alone, so that it is the contrast in greyscale as well.
    """
    darker, lighter = sorted((_compute_luminance(first, vision), _compute_luminance(second, vision)))
    return (lighter + 0.05) / (darker + 0.05)


def _compute_luminance(colour: str, vision: str) -> float:
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    channels = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    if vision:
        perceived = [sum(weight * c for weight, c in zip(row, linear, strict=True)) for row in VISIONS[vision]]
        linear = [min(max(channel, 0.0), 1.0) for channel in perceived]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
