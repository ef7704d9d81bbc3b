"""Rows of a release as inputs of pictures: states of points, breaks between periods, shared periods."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from pipelines import words
from pipelines.front.charts.canvas import NARROW, WIDE
from pipelines.front.charts.from_rows import (
    find_cuts,
    list_interval_notes,
    list_pending_notes,
    make_point,
    make_series,
    make_stages,
    mark_breaks,
)
from pipelines.front.charts.series import NOTHING, BreakMark, draw_series
from pipelines.front.charts.stages import draw_stages
from pipelines.words.language import read_in
from tests.support.drawings import assert_legible
from tests.support.editions import make_total

YEARS = ("2021", "2022", "2023", "2024")


def make_break(first: date, last: date, kind: str = "law") -> dict[str, Any]:
    """Return a break that is named by the year of its last day."""
    period = str(last.year)
    return {"kind": kind, "first_day": first, "last_day": last, "first_period": period, "code": kind}


def test_make_point_has_the_interval_states_and_reporters_of_its_cell() -> None:
    point = make_point(make_total("WB", "2026-Q3", 14.0, state="too_few", flags="partial,provisional"))
    assert (point.period, point.figure.low, point.reporters) == ("2026 Q3", 11.0, 4)
    assert point.is_few and point.is_partial and point.is_provisional


@pytest.mark.parametrize(
    ("language", "tick"),
    [("en", "2026 Q3"), ("sq", "T3 2026"), ("hr", "T3 2026"), ("mk", "К3 2026"), ("cnr", "K3 2026")],
)
def test_period_brief_names_a_quarter_without_the_word(language: str, tick: str) -> None:
    with read_in(language):
        assert words.period_brief("2026-Q3") == tick
        assert words.period_brief("2026") == "2026"


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_axis_of_quarters_has_several_labels_in_languages_with_long_names(width: int) -> None:
    periods = [f"{year}-Q{quarter}" for year in range(2023, 2027) for quarter in range(1, 5)]
    with read_in("mk"):
        rows = [make_total("AA", period, 14.0) for period in periods]
        read = assert_legible(draw_series(make_series("Title", rows), width=width))
    assert len([text for text in read.texts if text.text.startswith("К")]) >= 2


def test_make_point_of_a_hidden_cell_has_its_word() -> None:
    point = make_point(make_total("AA", "2025", None, obs_status="Q", conf_status="C"))
    assert not point.has_value and point.figure.text == "withheld"


def test_make_point_has_the_territories_of_its_figure() -> None:
    point = make_point(make_total("WB", "2025", 434.0, reporters="AA,BB,CC,DD"))
    assert (point.reporters, point.covered) == (4, "AA,BB,CC,DD")


def test_make_series_draws_nothing_in_periods_of_other_series() -> None:
    series = make_series("A place", [make_total("AA", "2023", 30.0)], periods=YEARS)
    assert [point.figure is NOTHING for point in series.points] == [True, True, False, True]


def find_marks(breaks: list[dict[str, Any]], years: Sequence[str] = YEARS) -> list[BreakMark]:
    return mark_breaks(years, find_cuts(years, [make_total("AA", year, 30.0) for year in years], breaks))


def test_mark_of_a_break_is_at_the_period_that_the_break_names() -> None:
    day, later = date(2023, 1, 1), date(2024, 1, 1)
    counting = make_break(date(2022, 1, 2), date(2023, 12, 31), "counting")
    assert find_marks([make_break(later, later)]) == [BreakMark(3, 3, "Change in the law, 2024", 3)]
    assert find_marks([make_break(day, day), counting]) == [
        BreakMark(1, 3, "Change in counting and change in the law, 2023", 2)
    ]
    assert find_marks([make_break(date(2010, 1, 1), date(2010, 1, 1))]) == []
    # The day of the break is not known: the first figure of the series may be from before it or after it.
    assert find_marks([counting], YEARS[2:]) == [BreakMark(1, 1, "Change in counting, 2023", 0)]


@pytest.mark.parametrize(("years", "edge"), [(YEARS, 2), (YEARS[2:], 0)])
def test_line_of_a_break_is_just_before_the_point_of_its_period(years: Sequence[str], edge: int) -> None:
    counting = make_break(date(2022, 1, 2), date(2023, 12, 31), "counting")
    drawn = make_series("A place", [make_total("AA", year, 30.0) for year in years], breaks=[counting])
    svg = draw_series(drawn, width=WIDE).svg
    (rule, _) = re.findall(r'<line x1="([\d.]+)"[^>]*class="rule"', svg)
    centers = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', svg)][: len(years)]
    step = centers[1] - centers[0]
    assert float(rule) == pytest.approx(centers[edge] - step / 2, abs=0.2)
    (shade, _) = re.findall(r'<rect x="([\d.]+)"[^>]*width="([\d.]+)"[^>]*class="shade"', svg)
    assert float(shade[0]) <= float(rule) and float(shade[1]) > step * 0.9, "the time in which it may have begun"


def test_break_of_a_quarter_is_at_that_quarter_and_at_its_year() -> None:
    row = make_break(date(2023, 4, 1), date(2023, 4, 1)) | {"first_period": "2023-Q2"}
    quarters = [f"{year}-Q{number}" for year in (2022, 2023) for number in range(1, 5)]
    marks = mark_breaks(quarters, {5: [row]})
    assert marks == [BreakMark(5, 5, "Change in the law, 2023 Q2", 5)]
    assert find_marks([row]) == [BreakMark(2, 3, "Change in the law, 2023 Q2", 2)]


def test_make_series_has_no_break_before_the_first_figure_of_a_territory() -> None:
    """Plant a break where a territory has its first figure, alone and as a member of the region."""
    day = date(2023, 1, 1)
    planted = [make_break(day, day) | {"area": "BB"}, make_break(day, day, "source") | {"area": "AA"}]
    of_territory = [make_total("BB", year, None, obs_status="L") for year in YEARS[:2]]
    of_territory += [make_total("BB", year, 30.0) for year in YEARS[2:]]
    assert make_series("B", of_territory, breaks=planted[:1]).breaks == []
    assert make_series("B", of_territory[2:], breaks=planted[:1], periods=YEARS).breaks == []
    hidden = [make_total("BB", "2022", None, obs_status="Q", conf_status="C"), *of_territory[2:]]
    expected = [BreakMark(1, 1, "Change in the law, 2023", 1)]
    assert make_series("B", hidden, breaks=planted[:1]).breaks == expected, "a withheld figure counts"
    codes = {"2021": "AA", "2022": "AA", "2023": "AA,BB", "2024": "AA,BB"}
    region = [make_total("WB", year, 90.0, reporters=codes[year]) for year in YEARS]
    drawn = make_series("R", region, breaks=planted, territories=4, find_territory=lambda row: str(row["area"]))
    assert drawn.breaks == [BreakMark(2, 2, "Change of source, 2023", 2)], "B joins the region there"
    with_owners = make_series(
        "R", region, breaks=planted, territories=4, find_territory=lambda row: str(row["area"]),
        name_owner=lambda row: f"Place {row['area']}",
    )  # fmt: skip
    assert [mark.name for mark in with_owners.breaks] == ["Change of source, 2023, Place AA"]


def test_make_stages_has_a_word_for_each_outcome_and_for_pending_cases() -> None:
    exits = [
        make_total("AA", "2025", 7.0, measure="rejected", level="prosecution"),
        make_total("AA", "2025", None, measure="acquitted", level="first", obs_status="Q", conf_status="C"),
        make_total("AA", "2025", 3.0, measure="joined", level="first"),
        make_total("AA", "2025", 5.0, measure="acquitted", level="final"),
    ]
    pending = [{"stage": "first", "as_at": date(2025, 12, 31), "n_band": "20-49"}]
    cells = {"investigated": make_total("AA", "2025", 30.0), "adjudicated_first": None}
    stocks = [make_total("AA", "2025", None, measure="pending_prosecution", level="prosecution", conf_status="C")]
    stocks.append(make_total("AA", "2025", None, measure="pending_first", level="first", conf_status="C"))
    first, second = make_stages("A place", cells, "first", exits, pending, stocks, str.title, "2025").stages
    assert [f"{side.name}: {side.figure.text}" for side in first.sides] == [
        "Rejected: 7 (6–8)", "Discontinued: not collected", "Pending on 31 December 2025: withheld",
    ]  # fmt: skip
    assert first.sides[0].is_few and first.sides[-1].is_pending
    assert second.figure.text == "not collected"
    assert [f"{side.name}: {side.figure.text}" for side in second.sides] == [
        "Rejected: not collected", "Discontinued: not collected", "Acquitted: withheld", "Joined: 3 (2–4)",
        "Pending on 31 December 2025: 20–49 persons",
    ]  # fmt: skip


def test_intervals_of_two_methods_in_one_picture_are_noted() -> None:
    """Require it because 33 (20–52), which allows for several people per case, was next to 31 (21–44)."""
    allowing, others = (
        make_total("AA", "2025", value, dispersion=dispersion) for value, dispersion in ((33.0, 1.8), (31.0, 1.0))
    )
    (note,) = list_interval_notes({"indicted": allowing, "adjudicated_first": others, "convicted_first": None})
    assert "allow for several people per case: indicted." in note


def test_intervals_that_allow_for_no_persons_in_cases_have_a_note() -> None:
    """Require it because 198 (168–232) had no note, next to a picture in which other intervals had one."""
    allowing, bound = (
        make_total("AA", "2025", 33.0, dispersion=dispersion, interval_basis=basis)
        for dispersion, basis in ((1.8, "quasi_exact"), (1.0, "lower_bound"))
    )
    withheld = make_total("AA", "2025", None, dispersion=None)
    stages = ("indicted", "adjudicated_first")
    assert list_interval_notes(dict.fromkeys(stages, allowing)) == []
    (note,) = list_interval_notes({"indicted": bound, "adjudicated_first": withheld})
    assert note == "One case can involve several people, so the real margin is wider than shown."
    assert list_interval_notes(dict.fromkeys(stages, withheld)) == []


def test_make_stages_marks_pending_cases_that_are_few_as_other_counts() -> None:
    """Require it because a stock of 7 had no such words, next to 7 rejected cases that had them."""
    cells = {"investigated": make_total("AA", "2025", 30.0), "adjudicated_first": None}
    for value, band, is_few in ((7.0, "10-19", True), (27.0, "20-49", False)):
        stocks = [make_total("AA", "2025", value, measure="pending_prosecution", level="prosecution")]
        pending = [{"stage": "first", "as_at": date(2025, 12, 31), "n_band": band}]
        drawn = make_stages("A place", cells, "first", None, pending, stocks, str.title, "2025")
        sides = [side for stage in drawn.stages for side in stage.sides if side.is_pending]
        assert [side.is_few for side in sides] == [is_few, is_few]
        assert ("too few to compare" in draw_stages(drawn).description) is is_few


def test_make_stages_shows_no_outcomes_of_a_period_for_which_none_are_published() -> None:
    cells = {"investigated": make_total("WB", "2025", 30.0, reporters="AA,BB")}
    (stage,) = make_stages("A place", cells, "first", None, [], None, str.title, "2025").stages
    assert stage.sides == []
    assert stage.figure.text == "no regional figure"


def test_make_stages_shows_a_published_stock_before_the_range_of_the_records() -> None:
    banded = [{"stage": "prosecution", "as_at": date(2025, 12, 31), "n_band": "20-49"}]
    stock = make_total("AA", "2024", 27.0, measure="pending_prosecution", level="prosecution")
    for stocks, texts in (
        ([stock], ["Pending on 31 December 2024: 27"]), (None, ["Pending on 31 December 2025: 20–49 persons"])
    ):  # fmt: skip
        drawn = make_stages("A place", {"investigated": None}, "first", None, banded, stocks, str.title, "2025")
        (stage,) = drawn.stages
        assert [f"{side.name}: {side.figure.text}" for side in stage.sides] == texts
        assert len(list_pending_notes(drawn)) == (1 if stocks else 2), "ranges are explained where there is one"
    drawn = make_stages("A place", {"investigated": None}, "first", None, [], [], str.title, "2025")
    (stage,) = drawn.stages
    assert [f"{side.name}: {side.figure.text}" for side in stage.sides] == ["Pending: not collected"]
    assert list_pending_notes(drawn) == [], "there is no number that a note could be on"


@pytest.mark.parametrize(("period", "is_shown"), [("2025", False), ("2026-Q3", True), ("2026-Q2", False)])
def test_make_stages_shows_persons_in_open_cases_of_the_last_day_of_its_period_only(
    period: str, is_shown: bool
) -> None:
    banded = [{"stage": "prosecution", "as_at": date(2026, 9, 30), "n_band": "20-49"}]
    withheld = make_total("AA", "2025", None, level="prosecution", obs_status="Q", conf_status="C")
    stocks = [withheld] if period == "2025" else None
    cells = {"investigated": make_total("AA", period, 30.0)}
    (stage,) = make_stages("A place", cells, "first", None, banded, stocks, str.title, period).stages
    texts = [f"{side.name}: {side.figure.text}" for side in stage.sides]
    assert ("Pending on 30 September 2026: 20–49 persons" in texts) is is_shown
    assert ("Pending on 31 December 2025: withheld" in texts) is (period == "2025")


@pytest.mark.parametrize(
    ("number", "band", "is_few"), [(27.0, "20-49", False), (8.0, "20-49", True), (None, "10-19", True)]
)
def test_pending_cases_below_the_limit_are_too_few_like_any_other_count(
    number: float | None, band: str, is_few: bool
) -> None:
    banded = [{"stage": "prosecution", "as_at": date(2025, 12, 31), "n_band": band}]
    status = {} if number is not None else {"obs_status": "Q", "conf_status": "C"}
    stocks = [make_total("AA", "2025", number, level="prosecution", **status)]
    drawn = make_stages("A place", {"investigated": None}, "first", None, banded, stocks, str.title, "2025")
    (side,) = drawn.stages[0].sides
    assert side.is_pending and side.is_few is is_few
    assert ("too few to compare" in draw_stages(drawn).description) is is_few


def test_make_stages_names_the_coverage_of_the_region_and_adds_up_no_pending_cases() -> None:
    territories = [(code, code) for code in ("AA", "BB", "CC", "DD", "EE")]
    cells = {
        "investigated": make_total("WB", "2025", 30.0, reporters="AA,BB,CC,DD,EE"),
        "convicted_first": make_total("WB", "2025", 20.0, reporters="AA,BB,CC,DD"),
    }
    exits = [
        make_total("WB", "2025", 25.0, measure="discontinued", level="prosecution", reporters="AA,BB,CC,DD"),
        make_total("WB", "2025", 4.0, measure="rejected", level="prosecution", reporters="AA"),
    ]
    drawn = make_stages("The region", cells, "first", exits, [], [], str.title, "2025", territories)
    whole, part = drawn.stages
    assert (whole.note, part.note) == ("", "Territories included: 4 of 5")
    assert [(side.name, side.figure.text, side.note) for side in whole.sides] == [
        ("Rejected", "no regional figure", ""),
        ("Discontinued", "25 (20–30)", "Territories included: 4 of 5"),
        ("Pending", "no regional figure", ""),
    ]
    description = draw_stages(drawn).description
    assert "territories included: 4 of 5" in description
    assert "95% confidence interval" in assert_legible(draw_stages(drawn)).words
