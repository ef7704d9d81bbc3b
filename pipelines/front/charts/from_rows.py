"""Turn rows of a release into the inputs of pictures, for the static pages and the explorer alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front.charts.board import TerritoryState
from pipelines.front.charts.lengths import LengthRow
from pipelines.front.charts.series import NOTHING, BreakMark, ChartSeries, PeriodPoint
from pipelines.front.charts.stages import Side, StageBar, Stages
from pipelines.warehouse.metrics.spans import span_of
from pipelines.words import FormattedFigure, Row, changes, durations, indicators, regions, reporting
from pipelines.words.language import lower_first, tell
from pipelines.words.reporting import Reporting

PENDING_NOTE = mark("Pending cases are those at the end of the year; they are published by year only.")
PENDING_RANGE = mark(
    "Where the number is withheld and an office sends case records up to that day, the persons in open cases are shown "
    "as a range."
)
_INTERVALS_DIFFER = mark(
    "Not all intervals can be compared. Those at the following stages alone allow for several people per case: "
    "{stages}. At the others, the number of people per case is not known, so the real interval is wider than shown."
)


def list_pending_notes(drawn: Stages) -> list[str]:
    """Return the notes on pending cases if a stage has their number, a range of it, or a number that is withheld."""
    pending = [side for stage in drawn.stages for side in stage.sides if side.is_pending]
    if not any(side.figure.kind in ("value", "withheld") for side in pending):
        return []
    return [tell(PENDING_NOTE), *([tell(PENDING_RANGE)] if any(side.is_range for side in pending) else [])]


def list_interval_notes(cells: Mapping[str, Row | None]) -> list[str]:
    """Return the note on the intervals of stages if some or all of them do not allow for several people per case.

    `cells` are those of `make_stages`, with the dispersion of persons in cases, which is 1 if it is not known.
    """
    with_interval = {measure: row for measure, row in cells.items() if row is not None and row.get("low") is not None}
    allowing = [measure for measure, row in with_interval.items() if (row.get("dispersion") or 1) > 1]
    if not allowing or len(allowing) == len(with_interval):
        is_bound = any(row.get("interval_basis") == "lower_bound" for row in with_interval.values())
        return [indicators.BASIS["lower_bound"]] if is_bound else []
    names = words.join_words(lower_first(words.stage_name(measure)) for measure in allowing)
    return [tell(_INTERVALS_DIFFER, stages=names)]


_LEVELS: Mapping[str, Mapping[str, str]] = {
    "first": {"prosecution": "investigated", "first": "adjudicated_first"},
    "final": {"prosecution": "investigated", "final": "adjudicated_final"},
}
"""Stage at whose side the cases are that ended at a level, by track."""
_EXITS: Mapping[str, Sequence[str]] = {
    "prosecution": ("rejected", "discontinued"),
    "first": ("rejected", "discontinued", "acquitted"),
    "final": ("rejected", "discontinued", "acquitted"),
}
"""Ways to end without a conviction that are shown at each level, also where they are not counted."""
_PENDING: Mapping[str, str] = {"prosecution": "prosecution", "first": "first", "final": "appeal"}
"""Where the cases are that wait for a decision of a level."""


def make_state(judged: Reporting) -> TerritoryState:
    """Return whether the returns of a territory for a period arrived, with how many of them if not all did."""
    count = f"{judged.received}/{judged.expected}" if judged.state == "in_part" else ""
    return TerritoryState(judged.state, reporting.format_state(judged), count)


def make_length_row(name: str, group: Mapping[str, Row]) -> LengthRow:
    """Return the quartiles of the sentences of one register on the legal range; `group` has rows by statistic."""
    lower, median, upper = (durations.format_limits(group.get(statistic)) for statistic in durations.LENGTHS)
    of_law: Row = next((row for row in group.values() if row["statutory_max"] is not None), {})
    return LengthRow(
        name,
        lower,
        median,
        upper,
        durations.format_law(list(group.values())),
        of_law.get("statutory_min"),
        of_law.get("statutory_max"),
        is_few=durations.is_shown_few(group.get("median")),
    )


def make_series(
    title: str,
    cells: Sequence[Row],
    *,
    breaks: Sequence[Row] = (),
    periods: Sequence[str] = (),
    territories: int = 0,
    is_joined: bool = True,
    digits: int = 0,
    find_territory: Callable[[Row], str] | None = None,
    name_owner: Callable[[Row], str] = lambda _: "",
) -> ChartSeries:
    """Return the series of some cells, which have their interval (`low`, `high`) and `state`, oldest first.

    `periods` are those that several pictures share, by default those of the cells. `breaks` are rows of the release.
    `territories` is passed for the region, whose coverage is shown below its series, and `find_territory` with it: it
    returns the territory of a break. `name_owner` is that of `mark_breaks`.
    """
    by_period = {str(cell["period"]): cell for cell in cells}
    order = list(periods) or list(by_period)
    points = [
        make_point(by_period[period], digits)
        if period in by_period
        else PeriodPoint(words.period_short(period), NOTHING, code=period)
        for period in order
    ]
    of_region = find_territory if territories else None
    cuts = find_cuts(order, [by_period.get(period) for period in order], breaks, of_region)
    return ChartSeries(title, points, mark_breaks(order, cuts, name_owner), territories, digits, is_joined)


def make_point(cell: Row, digits: int = 0) -> PeriodPoint:
    """Return the point of a cell with its states."""
    flags = str(cell.get("flags") or "").split(",")
    figure = indicators.format_figure(cell, digits)
    if figure.kind not in ("value", "note"):
        figure = words.format_count(cell)
    return PeriodPoint(
        words.period_short(str(cell["period"])),
        figure,
        is_few=cell.get("state") == "too_few",
        is_provisional="provisional" in flags,
        is_partial="partial" in flags,
        reporters=len([code for code in str(cell.get("reporters") or "").split(",") if code]),
        code=str(cell["period"]),
        covered=str(cell.get("reporters") or ""),
    )


def mark_breaks(
    periods: Sequence[str], cuts: Mapping[int, Sequence[Row]], name_owner: Callable[[Row], str] = lambda _: ""
) -> list[BreakMark]:
    """Return the marks of the breaks of a series by the positions that they cut, as by `changes.find_cuts`.

    A break applies from the period that it names. Its name has this period, and the area that it is of if `name_owner`
    returns one. Breaks of one area that began in the same period share one mark.
    """
    places: dict[tuple[str, str], list[int]] = {}
    breaks: dict[tuple[str, str], list[Row]] = {}
    for place, crossed in cuts.items():
        for row in sorted(crossed, key=lambda each: (each["first_day"], each["code"])):
            key = (str(row["first_period"]), name_owner(row))
            places.setdefault(key, []).append(place)
            breaks.setdefault(key, []).append(row)
    return [
        BreakMark(
            min(places[key]),
            max(places[key]),
            changes.name_break(of_key[0], key[1], *of_key[1:]),
            changes.find_first_place(periods, key[0]),
        )
        for key, of_key in breaks.items()
    ]


def find_cuts(
    periods: Sequence[str],
    cells: Sequence[Row | None],
    breaks: Sequence[Row],
    find_territory: Callable[[Row], str] | None = None,
) -> dict[int, list[Row]]:
    """Return the positions of the periods before which a series is cut, each with its breaks (`changes.find_cuts`).

    `cells` has the figure of each period, and `breaks` are those of its series: of one territory, or of the region
    with `find_territory`.
    """

    def list_territories(cell: Row | None) -> list[str]:
        if find_territory is None:
            return [""]
        return str(cell["reporters"] or "").split(",") if cell is not None else []

    counted = [changes.list_counted(cell, list_territories(cell)) for cell in cells]
    return changes.find_cuts(periods, counted, breaks, find_territory or (lambda _: ""))


def make_stages(
    title: str,
    cells: Mapping[str, Row | None],
    track: str,
    exits: Sequence[Row] | None,
    pending: Sequence[Row],
    stocks: Sequence[Row] | None,
    name_measure: Callable[[str], str],
    period: str,
    territories: Sequence[tuple[str, str]] = (),
) -> Stages:
    """Return the stages of one area in `period`, with the cases that ended another way and the pending ones.

    `exits` are rows of the release's table of one area and period, None if they are not published for such a period.
    `stocks` are the cells of what was pending at the end of the period, None likewise. `pending` are rows of the ages
    of pending cases of the area, which say of how many persons they are: those of another day than the last one of the
    period are left out. `territories` are those of the region, if the area is the region: a figure that covers only
    some of them names how many.
    """
    sides: dict[str, list[Side]] = {}
    last_day = span_of(period).end
    for level, stage in _LEVELS[track].items():
        at_level = {row["measure"]: row for row in exits or () if row["level"] == level}
        expected = dict.fromkeys((*_EXITS[level], *at_level)) if exits is not None else {}
        sides[stage] = [_make_exit(name_measure(measure), at_level.get(measure), territories) for measure in expected]
        at_end = {row["level"]: row for row in stocks} if stocks is not None else None
        banded = [
            row for row in pending if row["n_band"] and row["stage"] == _PENDING[level] and row["as_at"] == last_day
        ]
        sides[stage] += _list_pending(_PENDING[level], at_end, banded, is_region=bool(territories))
    boxes = [
        StageBar(
            words.stage_name(measure),
            _format_stage(cell),
            sides.get(measure, ()),
            is_few=cell is not None and words.is_few(cell),
            note=_name_coverage(cell, territories),
        )
        for measure, cell in cells.items()
    ]
    return Stages(title, boxes)


def _format_stage(cell: Row | None) -> FormattedFigure:
    """Format the count of a stage, with its interval if the row has one."""
    if cell is None:
        return words.format_absent()
    if cell["area_kind"] == "region" and regions.is_refused(cell):
        return regions.refuse_figure()
    return indicators.format_figure(cell) if cell["value"] is not None else words.format_count(cell)


def _name_coverage(row: Row | None, territories: Sequence[tuple[str, str]]) -> str:
    """Return how many territories are in a figure of the region, if not all are."""
    if row is None or row["value"] is None or not regions.is_regional(row):
        return ""
    if regions.count_reporters(row) >= len(territories):
        return ""
    count, _ = words.describe_coverage(str(row["reporters"]), territories)
    return f"{tell('Territories included')}: {count}"


def _make_exit(name: str, row: Row | None, territories: Sequence[tuple[str, str]]) -> Side:
    figure = _format_stage(row)
    is_few = row is not None and figure.kind == "value" and words.is_few(row)
    return Side(name, figure, is_few=is_few, note=_name_coverage(row, territories))


def _list_pending(
    level: str, at_end: Mapping[str, Row] | None, banded: Sequence[Row], *, is_region: bool
) -> list[Side]:
    """Return the pending cases of a level, if they are published for the period.

    If the number at the end of the period is withheld, they are the persons in the records of open cases, as a range.
    Those of territories are not added up.
    """
    if is_region:
        return [] if at_end is None else [Side(tell("Pending"), regions.refuse_figure(), is_pending=True)]
    stock = at_end.get(level) if at_end is not None else None
    if banded and (stock is None or stock["value"] is None):
        band = durations.format_persons(banded)
        persons = replace(band, text=f"{band.text} {words.unit_name('person')}")
        name = tell("Pending on {day}", day=words.format_day(banded[0]["as_at"]))
        is_few = any(map(durations.is_few, banded))
        return [Side(name, persons, is_pending=True, is_few=is_few, is_range=True)]
    if at_end is None:
        return []
    if stock is None:
        return [Side(tell("Pending"), words.format_absent(), is_pending=True)]
    name = tell("Pending on {day}", day=words.format_day(date(int(stock["period"]), 12, 31)))
    return [Side(name, words.format_count(stock), is_pending=True, is_few=words.is_few(stock))]
