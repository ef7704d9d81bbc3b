"""Figures from records in words: bands, persons, the law, and texts for missing figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines import words
from pipelines.words import durations, indicators


def build_row(**more: Any) -> dict[str, Any]:
    return {
        "value": 210.0, "low": 180.0, "high": 330.0, "n_band": "100-199", "obs_status": "A", "conf_status": "F",
        "unit_measure": "D", "statistic": "median", "statutory_min": None, "statutory_max": None,
        "seen_from": date(2022, 10, 1), "seen_until": date(2026, 9, 30),
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("band", "few"), [("10-19", True), ("20-49", False), ("200-499", False), ("500+", False), (None, False)]
)
def test_fewer_than_twenty_persons_are_few(band: str | None, few: bool) -> None:
    assert durations.is_few(build_row(n_band=band)) is few


def test_state_is_that_of_the_release_if_it_has_one() -> None:
    assert durations.is_few(build_row(n_band="20-49", state="too_few")), "of a share, the part may be under 20"
    assert not durations.is_few(build_row(n_band="10-19", state="enough"))
    spoken = "210, 95% confidence interval 180 to 330"
    assert durations.format_limits(build_row(state="too_few")).spoken == spoken
    assert durations.format_figure(build_row(state="too_few")).spoken == f"{spoken}, too few to compare"


@pytest.mark.parametrize(
    ("rows", "text", "spoken"),
    [
        ([build_row(n_band="500+")], "500+", "500 or more"),
        ([build_row(n_band=None, value=None, conf_status="C"), build_row(n_band="20-49")], "20–49", "20 to 49"),
        ([build_row(n_band=None, value=None, obs_status="Q", conf_status="C")], words.WITHHELD, "withheld"),
        ([build_row(n_band=None, value=None, obs_status="O")], words.UNAVAILABLE, "not available"),
        ([], words.NOT_COLLECTED, "not collected"),
    ],
)
def test_persons_are_shown_in_bands_and_withheld_ones_stay_withheld(
    rows: list[dict[str, Any]], text: str, spoken: str
) -> None:
    formatted = durations.format_persons(rows)
    assert (formatted.text, formatted.spoken) == (text, spoken)


def test_withheld_figure_is_never_described_as_not_reached() -> None:
    assert durations.format_figure(build_row(value=None, obs_status="Q", conf_status="C")).text == words.WITHHELD
    assert durations.format_figure(build_row(value=None, obs_status="M")).text == "not reached"
    assert durations.format_figure(build_row(value=None, obs_status="M", unit_measure="PC")).text == "not applicable"
    assert durations.explain_figure(build_row(value=None, obs_status="Q", conf_status="C")) == "", (
        "no reason is given away"
    )


def test_share_below_the_minimum_that_rounded_quartiles_contradict_has_a_note() -> None:
    def explain_share(p25: float, median: float, share: float | None) -> str:
        values = {"p25": p25, "median": median, "p75": 84.0, "below_minimum": share}
        return durations.explain_share_of_law(
            {name: build_row(value=value, statutory_min=36.0) for name, value in values.items()}
        )

    assert "rounded to half a year" in explain_share(36.0, 54.0, 30.0), "three in ten are below the lower quartile"
    assert "rounded" in explain_share(30.0, 54.0, 20.0), "the lower quartile is below, and less than a quarter are"
    assert explain_share(36.0, 54.0, 20.0) == explain_share(30.0, 54.0, 35.0) == explain_share(36.0, 54.0, None) == ""
    assert durations.explain_share_of_law({}) == ""


def test_law_is_described_as_far_as_it_is_known() -> None:
    assert durations.format_law([build_row(statutory_min=36.0, statutory_max=144.0)]).text == "36–144"
    assert durations.format_law([build_row(statutory_min=36.0)]).text == "36–not stated"
    assert durations.format_law([build_row()]).text == "not stated"


def test_sentence_distinguishes_withheld_and_days() -> None:
    hidden = build_row(value=None, low=None, high=None, obs_status="Q", conf_status="C")
    bare = build_row(value=1210.0, low=None, high=None)
    sentence = durations.compose_sentence(
        "Time", "Trafficking", [("A", build_row()), ("B", hidden), ("C", bare)], ["D", "E"]
    )
    assert sentence == (
        "A: trafficking, time: half of the people waited up to 210 days (95% confidence interval 180 to 330). "
        "B: trafficking, time: withheld. C: trafficking, time: half of the people waited up to 1,210 days. "
        "Records: A, B and C: 1 October 2022 to 30 September 2026. No case records for this: D and E."
    )
    assert words.format_day(date(2022, 10, 1)) == "1 October 2022"


def test_lengths_are_described_with_quartiles_and_law_as_far_as_they_are_known() -> None:
    median = build_row(value=54.0, low=12.0, high=84.0, unit_measure="M", statutory_min=36.0, statutory_max=144.0)
    lower, upper = median | {"value": 36.0, "statistic": "p25"}, median | {"value": 84.0, "statistic": "p75"}
    assert durations.describe_lengths("A", {"median": median, "p25": lower, "p75": upper}) == (
        "A: half of the sentences of imprisonment to be served were up to 54 months "
        "(95% confidence interval 12 to 84). "
        "The middle half was between 36 and 84 months. The law allowed from 36 to 144 months. "
        "Number of people: 100 to 199."
    )
    hidden = upper | {"value": None, "obs_status": "Q", "conf_status": "C"}
    without_law = {"statutory_max": None, "n_band": "10-19", "low": None}
    rows = {"median": median | without_law, "p25": lower | without_law, "p75": hidden | without_law}
    assert durations.describe_lengths("B", rows) == (
        "B: half of the sentences of imprisonment to be served were up to 54 months, too few to compare. "
        "Number of people: 10 to 19."
    )
    assert durations.describe_lengths("C", {"median": hidden}) == "C: withheld."
    assert durations.describe_lengths("D", {}) == "D: not collected."


def test_compare_medians_gives_each_pair_a_verdict() -> None:
    medians = {
        "AA": build_row(value=400.0, low=350.0, high=460.0),
        "BB": build_row(value=200.0, low=170.0, high=230.0),
        "CC": build_row(value=210.0, low=170.0, high=330.0),
        "DD": build_row(n_band="10-19"),
        "EE": build_row(value=None, low=None, high=None, conf_status="C"),
        "FF": build_row(value=None, low=None, high=None, obs_status="M"),
    }
    pairs = durations.compare_medians(medians)
    verdicts = {row["area_a"] + row["area_b"]: row["verdict"] for row in pairs}
    assert len(pairs) == 15 and verdicts["AABB"] == "higher" and verdicts["BBCC"] == "no_difference"
    assert (verdicts["AADD"], verdicts["DDEE"], verdicts["DDFF"]) == ("too_few", "withheld", "missing")
    assert all(row["n_tested"] == 3 for row in pairs if "n_tested" in row)
    names = {"AA": "Alfa", "BB": "Beta"}
    sentence = indicators.describe_pair(pairs[0], names)
    assert sentence.startswith(
        "The median wait is longer in Alfa than in Beta: 2.00 times as long (95% confidence interval 1."
    )
    (swapped,) = durations.compare_medians({"BB": medians["BB"], "AA": medians["AA"]})
    assert indicators.describe_pair(swapped, names).startswith("The median wait is shorter in Beta than in Alfa")


def test_records_of_a_picture_have_their_dates_by_territory() -> None:
    row = {"seen_from": date(2022, 10, 1), "seen_until": date(2026, 9, 30)}
    assert durations.describe_records([("Aland", [row, row]), ("Bland", [])]) == (
        "Records: Aland: 1 October 2022 to 30 September 2026."
    )
    later = row | {"seen_from": date(2023, 1, 1)}
    assert durations.name_dates([("Aland", [row]), ("Bland", [later]), ("Cland", [row]), ("Aland", [later])]) == (
        "Aland and Cland: 1 October 2022 to 30 September 2026; Bland and Aland: 1 January 2023 to 30 September 2026"
    )
    assert durations.describe_records([]) == ""


@pytest.mark.parametrize(
    ("changes", "has_note"),
    [
        ({}, True),
        ({"low": 12.0}, False),
        ({"low": None}, False),
        ({"unit_measure": "D"}, False),
        ({"value": None}, False),
    ],
)
def test_length_whose_interval_begins_at_none_says_how_it_is_rounded(changes: dict[str, Any], has_note: bool) -> None:
    """Require a note: nobody is sentenced to no months of imprisonment."""
    row = {"value": 30.0, "low": 0.0, "high": 48.0, "unit_measure": "MO"} | changes
    assert ("rounded outward to whole years" in durations.explain_rounding(row)) is has_note
    assert durations.explain_rounding(None) == ""


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (
            (36.0, 144.0),
            "The legal range is the imprisonment that the law of that year allowed for the crime; it is real",
        ),
        ((None, None), "The range that the law allowed is not recorded for these sentences."),
    ],
)
def test_lengths_explain_a_legal_range_only_if_one_is_known(
    limits: tuple[float | None, float | None], text: str
) -> None:
    row = build_row(statutory_min=limits[0], statutory_max=limits[1])
    explained = durations.explain_lengths([{"median": row}])
    assert explained.startswith("These are sentences as imposed, **not time served.** " + text)
    assert durations.explain_lengths([]) == "These are sentences as imposed, **not time served.**"
