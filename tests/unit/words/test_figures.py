"""Sentences to quote on one figure from case records: what it is, its records, its people and its state."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.words import figures
from pipelines.words.language import read_in

VOCABULARY = figures.Vocabulary(
    {"offence_group": {"TIP": "Trafficking in persons"}, "sentence_band": {"Y2T5": "From 2 to 5 years"}},
    {"AA": "Aland*"},
    ("AA",),
)


def make_row(**more: Any) -> dict[str, Any]:
    return {
        "area": "AA", "offence_group": "TIP", "statistic": "median", "unit_measure": "D", "value": 210.0, "low": 180.0,
        "high": 330.0, "n_band": "100-199", "state": "enough", "obs_status": "A", "conf_status": "F", "entered": "_T",
        "seen_from": date(2019, 1, 1), "seen_until": date(2026, 9, 30),
    } | more  # fmt: skip


HIDDEN = {"value": None, "low": None, "high": None, "n_band": None, "conf_status": "C", "obs_status": "Q"}
SENTENCE = {
    "period": "2025", "sentence_type": "prison", "sentence_band": "_T", "unit_measure": "MO", "value": 54.0,
    "low": 12.0, "high": 84.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("table", "row", "sentence"),
    [
        (
            "duration",
            make_row(),
            "Aland*: trafficking in persons, time, median: 210 days (95% confidence interval 180 to 330). Records: "
            "Aland*: 1 January 2019 to 30 September 2026. Number of people: 100 to 199.",
        ),
        (
            "duration",
            make_row(entered="2022", statistic="open_share", unit_measure="PC", value=20.0, low=None, high=None),
            "Aland*, 2022: trafficking in persons, time, still open: 20 per cent. Records: Aland*: 1 January 2019 to "
            "30 September 2026. Number of people: 100 to 199.",
        ),
        (
            "duration",
            make_row(value=None, low=None, high=None, obs_status="M", statistic="p90"),
            "Aland*: trafficking in persons, time, 90% within: not reached. Records: Aland*: 1 January 2019 to "
            "30 September 2026. Number of people: 100 to 199. Not reached: too few people have left the stage so far.",
        ),
        (
            "pending",
            make_row(as_at=date(2025, 12, 31), high=None),
            "Aland*, 31 December 2025: trafficking in persons, time, median: 210 days (95% confidence interval 180 or "
            "more). Number of people: 100 to 199.",
        ),
        (
            "cohort",
            make_row(cohort="2023", quarters=8, statistic="decided_ratio", unit_measure="PC", value=75.0, low=None),
            "Aland*, 2023: trafficking in persons, time, convicted, of those adjudicated: 75 per cent. Everybody who "
            "entered in the year is followed for 8 quarters. Open cases stay in the base. Shares are rounded to the "
            "nearest 5%. Number of people: 100 to 199.",
        ),
        (
            "sentence",
            make_row(**SENTENCE, n_band="10-19", state="too_few"),
            "Aland*, 2025: trafficking in persons, time, median: 54 months (95% confidence interval 12 to 84). Number "
            "of people: 10 to 19. May be based on fewer than 20 people: chance alone can change it a lot.",
        ),
        (
            "sentence",
            make_row(
                **SENTENCE
                | {
                    "statistic": "below_minimum",
                    "unit_measure": "PC",
                    "n_band": "20-49",
                    "state": "too_few",
                    "value": 30.0,
                    "low": 5.0,
                    "high": 60.0,
                }
            ),
            "Aland*, 2025: trafficking in persons, time: 30 per cent (95% confidence "
            "interval 5 to 60). Number of people: 20 to 49. The part or the rest may be fewer than 20 people: chance "
            "alone can change the share a lot.",
        ),
        (
            "sentence",
            make_row(**SENTENCE | {"sentence_type": "_T", "sentence_band": "Y2T5"}, statistic="share"),
            "Aland*, 2025: trafficking in persons, time, from 2 to 5 years: 54 months (95% confidence interval 12 to "
            "84). Number of people: 100 to 199.",
        ),
        (
            "sentence",
            make_row(**SENTENCE | HIDDEN),
            "Aland*, 2025: trafficking in persons, time, median: withheld to protect individuals.",
        ),
    ],
)
def test_figure_from_records_has_its_period_records_people_and_state(
    table: str, row: dict[str, Any], sentence: str
) -> None:
    assert figures.describe_record(table, row, "Time", VOCABULARY) == sentence


def test_figure_from_records_is_described_in_the_language_of_the_reader() -> None:
    with read_in("hr"):
        sentence = figures.describe_record("sentence", make_row(**SENTENCE), "Vrijeme", VOCABULARY)
    assert "54 mjeseca" in sentence and sentence.endswith("Broj osoba: 100 do 199.")
