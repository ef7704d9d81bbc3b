"""Run typst with the fonts of this package and no others, so that a document is the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typst

FONT = "Liberation Sans"
_FONTS = Path(__file__).with_name("fonts")
_PIXELS_PER_INCH = 144


@cache
def _load_fonts() -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_FONTS)])


def write_image(source: str, inputs: Mapping[str, str]) -> bytes:
    """Return a document of one page as PNG, with two pixels for each point."""
    return _compile(source, inputs, format="png", ppi=_PIXELS_PER_INCH)


def write_document(source: str, inputs: Mapping[str, str], created: datetime) -> bytes:
    """Return a document as tagged PDF/UA-1. The same source, inputs and time give the same bytes."""
    return _compile(source, inputs, format="pdf", pdf_standards="ua-1", timestamp=created)


def _compile(source: str, inputs: Mapping[str, str], **options: object) -> bytes:
    import typst

    compiler = typst.Compiler(source.encode(), font_paths=_load_fonts(), sys_inputs=dict(inputs))
    output = compiler.compile(**options)  # type: ignore[arg-type]
    if not isinstance(output, bytes):
        raise TypeError("typst returned several pages, and one file was expected")
    return output
