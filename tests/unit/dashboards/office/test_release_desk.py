"""Tests of the figures on the sheets of the release desk: in the signs of the reader's language."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from dashboards.office.pages.release_desk import sheet_tables


@pytest.mark.parametrize(
    ("language", "value", "text"),
    [
        ("en", 12345.0, "12,345"),
        ("hr", 12345.0, "12\u202f345"),
        ("en", 71.25, "71.25"),
        ("mk", 71.25, "71,25"),
        ("en", 1234567.0, "1,234,567"),
        ("en", None, ""),
    ],
)
def test_figure_has_the_signs_of_the_language(language: str, value: float | None, text: str) -> None:
    context: Any = SimpleNamespace(language=language)
    assert sheet_tables.format_number(context, value) == text
