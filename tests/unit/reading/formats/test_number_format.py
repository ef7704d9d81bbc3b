"""Effect of a number format on a number, by hand from ECMA-376 part 1, 18.8.31."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.reading.formats.number_format import is_percent, shows_another_number

SHOWN = (
    ("General", 39), ("0", 39), ("#,##0", 1039), ("# ##0", 1039), ("@", 39), ("0.0", 39), ("[Red]0", 39),
    ("#,##0_);(#,##0)", -39), ('0;-0;"-"', 39), ("0;-0;;@", 0), (";;;", 0), ("0,", 0), ('0" persons"', 39),
    ("#,##0 [$€-407]", 39), ('[<20]"few";0', 39), ("[>=100]0;General", 39), ("0,000", 39), ('"a;b"0', 39),
    (r"0\,", 39), ("0;;", 39), ("Standard", 39), ("0 ?/?", 39), ("0.00E+00", 39),
)  # fmt: skip
OTHERWISE = (
    (";;;", 39), ('"12"', 39), ("0,", 39), ("#,##0,", 39_000), ("0.0,,", 39_000_000), ("0;;", -39), ('[<20]"few";0', 3),
    ('0;"minus"', -39), (r"\1\2", 39), ("[=39]\"12\";0", 39), ("_0*0", 39), ("[>=100]0", 39), ('0,;-0', 39),
)  # fmt: skip


@pytest.mark.parametrize(("number_format", "value"), SHOWN)
def test_format_that_shows_the_number_unchanged(number_format: str, value: float) -> None:
    assert not shows_another_number(number_format, value)


@pytest.mark.parametrize(("number_format", "value"), OTHERWISE)
def test_format_that_hides_replaces_or_divides_the_number(number_format: str, value: float) -> None:
    assert shows_another_number(number_format, value)


@given(st.text(alphabet='0#,.;"\\[]<>=19%_*@ dG', max_size=20), st.floats(allow_nan=False, allow_infinity=False))
def test_any_format_is_classified(number_format: str, value: float) -> None:
    assert shows_another_number(number_format, value) in (True, False)
    assert is_percent(number_format) in (True, False)


@pytest.mark.parametrize(
    ("number_format", "expected"), [("0%", True), ('0"%"', False), (r"0\%", False), ("0.0 %", True)]
)
def test_percent_sign_is_recognised_only_outside_quotes(number_format: str, expected: bool) -> None:
    assert is_percent(number_format) is expected
