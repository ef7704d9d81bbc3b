"""Tests of the words for figures without a value."""

from __future__ import annotations

import pytest

from pipelines import words
from pipelines.words import changes, indicators


@pytest.mark.parametrize(
    ("area_kind", "n_reported", "text"),
    [("territory", 0, "not received"), ("territory", 1, "not available"), ("region", 0, "not available")],
)
def test_figure_that_no_territory_counts_as_a_whole_is_not_awaited(area_kind: str, n_reported: int, text: str) -> None:
    cell = {"value": None, "obs_status": "O", "conf_status": "F", "area_kind": area_kind, "n_reported": n_reported}
    assert words.format_count(cell).text == text


def test_year_of_which_some_quarters_arrived_is_not_called_not_received() -> None:
    cell = {"value": None, "obs_status": "O", "conf_status": "F", "area_kind": "territory", "n_reported": 0}
    assert words.format_count(cell | {"flags": "quarter_missing"}).text == "not available"
    assert words.format_count(cell | {"flags": ""}).text == "not received"


def test_figure_of_one_half_is_rounded_up_in_text_and_in_its_number() -> None:
    row = {"value": 0.625, "low": 0.245, "high": 0.915, "obs_status": "A", "conf_status": "F", "state": ""}
    figure = indicators.format_figure(row, 2)
    assert (figure.text, figure.value, figure.low, figure.high) == ("0.63 (0.25–0.92)", 0.63, 0.25, 0.92)
    share = words.format_value(12.5, "A", "F")
    assert (share.text, share.value) == ("13", 13.0)
    assert changes.format_signed(-12.5) == "\u221213" and changes.format_signed(-0.4) == "0"
