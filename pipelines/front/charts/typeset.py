"""Run typst with the fonts of this package and no others, so that a document is the same on every machine."""

from __future__ import annotations

import json
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
    return _read_bytes(_open_compiler(source, inputs).compile(format="png", ppi=_PIXELS_PER_INCH))


def write_document(source: str, inputs: Mapping[str, str], created: datetime) -> bytes:
    """Return a document as tagged PDF/UA-1. The same source, inputs and time give the same bytes."""
    compiler = _open_compiler(source, inputs)
    return _read_bytes(compiler.compile(format="pdf", pdf_standards="ua-1", timestamp=created))


def count_pages(source: str, inputs: Mapping[str, str]) -> int:
    """Return how many pages a document has, which it states itself as metadata with the label `pages`."""
    n_pages = json.loads(_open_compiler(source, inputs).query("<pages>", field="value", one=True))
    return int(n_pages)


def _open_compiler(source: str, inputs: Mapping[str, str]) -> typst.Compiler:
    import typst

    return typst.Compiler(source.encode(), font_paths=_load_fonts(), sys_inputs=dict(inputs))


def _read_bytes(output: bytes | list[bytes] | None) -> bytes:
    if not isinstance(output, bytes):
        raise TypeError("typst returned several pages, and one file was expected")
    return output
