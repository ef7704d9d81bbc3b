"""Put reporting into words: which returns of a territory arrived, which are late, and which were not due."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.warehouse.metrics.spans import span_of
from pipelines.words import Row
from pipelines.words.language import Texts, lower_first, tell

STATES: Mapping[str, str] = Texts(
    {
        "on_time": mark("on time"),
        "late": mark("late"),
        "in_part": mark("in part"),
        "not_due": mark("not due"),
        "not_received": mark("not received"),
        "not_collected": mark("not collected"),
    }
)
"""States of a territory's returns for a period, in the order of the legend."""
LEGEND: Mapping[str, str] = Texts(
    {
        "on_time": mark("Every return was received by its deadline."),
        "late": mark("Every return was received, at least one after its deadline."),
        "in_part": mark("Some returns were received. Others are past their deadline."),
        "not_due": mark("Nothing is overdue, or the territory does not report for this kind of period."),
        "not_received": mark("The deadline has passed and nothing was received."),
        "not_collected": mark("No office reports this, or none did at that time."),
    }
)
RECEIVED = ("on_time", "late")

NOT_INCLUDED = mark("Not included: {areas}.")
_NOT_DUE = mark("{area} (not due yet)")
_YEARLY = mark("{area} (not due: reports once a year)")
_NOT_COLLECTED = mark("{area} (not collected)")
_WITHOUT_FIGURE = mark("{area} (reported, but without this figure)")
_QUARTER_MISSING = mark("{area} (at least one quarter is missing)")
_ADULTS_ONLY = mark("{area} (adults only)")
_WITHHELD = mark("{area} (withheld)")
_LATE = mark("{area} (late: due on {deadline}, not received)")
_IN_PART = mark("{area} (in part, {received} of {expected}: {outstanding} outstanding)")
_OVERDUE = mark("late (due on {deadline}, not received)")
_RECEIVED_IN_PART = mark("in part ({received} of {expected}). Outstanding: {outstanding}")


@dataclass(frozen=True)
class Reporting:
    """How far the returns of one territory for one period have arrived.

    `outstanding` names those that are past their deadline and were not received, `late` those received after it.
    """

    state: str
    received: int = 0
    expected: int = 0
    outstanding: tuple[str, ...] = field(default=())
    deadline: date | None = None
    is_yearly: bool = False
    late: tuple[str, ...] = field(default=())


def judge_reporting(rows: Iterable[Row], period: str, names: Mapping[str, str]) -> Reporting:
    """Judge the returns of one territory for a quarter, a year or several years.

    `rows` are all rows of its coverage for the instruments in question, of all periods; a row exists if a return is due
    or was received. `names` are the names of its parts by code. Periods before the first row are not judged, because
    figures of that time did not come as returns.
    """
    span, all_rows = span_of(period), list(rows)
    spans = [span_of(row["period"]) for row in all_rows]
    inside = [
        row
        for row, row_span in zip(all_rows, spans, strict=True)
        if span.start <= row_span.start and row_span.end <= span.end
    ]
    if not inside:
        if all_rows and "-Q" in period and all(row["freq"] == "A" for row in all_rows):
            return Reporting("not_due", is_yearly=True)
        is_over = bool(spans) and max(row_span.end for row_span in spans) < span.start
        return Reporting("not_due" if is_over else "not_collected")
    overdue = [row for row in inside if row["is_due"] and not row["is_reported"]]
    received = sum(bool(row["is_reported"]) for row in inside)
    if overdue:
        return Reporting(
            "in_part" if received else "not_received",
            received,
            len(inside),
            _name_returns(overdue, inside, names),
            min(row["deadline"] for row in overdue),
        )
    if _is_awaited(all_rows, inside, period):
        return Reporting("not_due", received, len(inside))
    late = [row for row in inside if row["is_on_time"] is False]
    names_of_late = _name_returns(late, inside, names)
    return Reporting("late" if late else "on_time", received, len(inside), late=names_of_late)


def _is_awaited(all_rows: Sequence[Row], inside: Sequence[Row], period: str) -> bool:
    """Return True if returns for the end of the period are still to come and none of them is due."""
    newest = [row for row in inside if span_of(row["period"]).end == span_of(period).end]
    if any(row["is_due"] for row in newest):
        return False
    parts = {(row["jurisdiction"], row["instrument"]) for row in all_rows}
    return {(row["jurisdiction"], row["instrument"]) for row in newest} != parts


def _name_returns(chosen: Sequence[Row], inside: Sequence[Row], names: Mapping[str, str]) -> tuple[str, ...]:
    """Name some returns by part, kind of return and period, as far as these differ within the period."""
    by_part = len({row["jurisdiction"] for row in inside}) > 1
    by_kind = len({(row["jurisdiction"], row["instrument"]) for row in inside}) > len(
        {row["jurisdiction"] for row in inside}
    )
    by_period = len({row["period"] for row in inside}) > 1
    labels = []
    for row in chosen:
        pieces = [names.get(row["jurisdiction"], row["jurisdiction"])] if by_part else []
        pieces += [lower_first(names.get(row["instrument"], row["instrument"]))] if by_kind else []
        part = ", ".join(pieces)
        when = words.period_short(row["period"])
        if by_period or not part:
            labels.append(f"{part}, {when}" if part else when)
        else:
            labels.append(part)
    return tuple(dict.fromkeys(labels))


def describe_absence(area: str, reporting: Reporting, *, is_incomplete: bool = False) -> str:
    """Describe why a territory is not in a figure: 'Montenegro (not due: reports once a year)'.

    `is_incomplete`: the release has a row for its figure, without a number, even if no return was expected.
    """
    if reporting.state == "not_due":
        return tell(_YEARLY, area=area) if reporting.is_yearly else tell(_NOT_DUE, area=area)
    if reporting.state == "not_received" and reporting.deadline is not None:
        return tell(_LATE, area=area, deadline=words.format_day(reporting.deadline))
    if reporting.state == "in_part":
        return tell(
            _IN_PART,
            area=area,
            received=reporting.received,
            expected=reporting.expected,
            outstanding=words.join_words(reporting.outstanding),
        )
    return tell(_WITHOUT_FIGURE, area=area) if is_incomplete else tell(_NOT_COLLECTED, area=area)


def describe_absences(
    reporters: str,
    territories: Sequence[tuple[str, str]],
    reporting: Mapping[str, Reporting],
    adults: Collection[str] = (),
    withheld: Collection[str] = (),
    incomplete: Collection[str] = (),
    without_quarter: Collection[str] = (),
) -> str:
    """Name the territories that are not in a figure and why; empty text if all are in it.

    `adults` are the codes of the territories that count adults only, `withheld` of those whose own figure is withheld,
    `without_quarter` of those whose year lacks a quarter, and `incomplete` of those whose own figure lacks a part.
    """
    present = {code for code in reporters.split(",") if code}
    reasons = {
        **dict.fromkeys(without_quarter, _QUARTER_MISSING),
        **dict.fromkeys(adults, _ADULTS_ONLY),
        **dict.fromkeys(withheld, _WITHHELD),
    }
    clauses = [
        tell(reasons[code], area=name)  # marked above
        if code in reasons
        else describe_absence(
            name,
            reporting.get(code, Reporting("not_collected")),
            is_incomplete=code in incomplete,
        )
        for code, name in territories
        if code not in present
    ]
    return tell(NOT_INCLUDED, areas=words.join_words(clauses)) if clauses else ""


_OUTSTANDING = mark("{area}, {period}: {returns} outstanding.")
_LATE_NOTE = mark("{area}: {returns} late.")
_YEARLY_NOTE = mark("Reports once a year.")
_QUARTERLY_NOTE = mark("Reports by quarter.")
_BOTH_NOTE = mark("By quarter: {quarterly}. By year: {yearly}.")


def note_state(area: str, period: str, reporting: Reporting, *, is_reporting: bool) -> str:
    """Return the note on a state of the board: who is late or outstanding; empty text if there is nothing to add.

    `is_reporting`: the territory reports for this kind of period at all.
    """
    if not is_reporting:
        return tell(_YEARLY_NOTE) if "-Q" in period else tell(_QUARTERLY_NOTE)
    if reporting.outstanding:
        returns = words.join_words(reporting.outstanding)
        return tell(_OUTSTANDING, area=area, period=words.period_short(period), returns=returns)
    has_parts = bool(reporting.late) and reporting.expected > 1
    return tell(_LATE_NOTE, area=area, returns=words.join_words(reporting.late)) if has_parts else ""


def name_returns(rows: Iterable[Row], names: Mapping[str, str]) -> str:
    """Return which returns of a territory come by quarter and which by year, for both boards: 'on time' on one is not
    about the returns of the other. Empty text if it has returns of one kind of period.

    `rows` are those of its coverage, and `names` the names of returns by instrument.
    """
    by_freq: dict[str, dict[str, str]] = {"Q": {}, "A": {}}
    for row in rows:
        by_freq[row["freq"]][row["instrument"]] = lower_first(names.get(row["instrument"], row["instrument"]))
    quarterly, yearly = (words.join_words(labels.values()) for labels in by_freq.values())
    return tell(_BOTH_NOTE, quarterly=quarterly, yearly=yearly) if quarterly and yearly else ""


def format_state(reporting: Reporting) -> str:
    """Format a state for the reporting board: 'on time', 'in part (3 of 4)'."""
    if reporting.state == "in_part":
        return tell("in part ({received} of {expected})", received=reporting.received, expected=reporting.expected)
    return STATES[reporting.state]


def explain_state(reporting: Reporting) -> str:
    """Explain a state after the name of its territory: 'on time', 'not due (reports once a year)'."""
    if reporting.state == "not_due":
        return tell("not due (reports once a year)") if reporting.is_yearly else tell("not due yet")
    if reporting.state == "not_received" and reporting.deadline is not None:
        return tell(_OVERDUE, deadline=words.format_day(reporting.deadline))
    if reporting.state == "in_part":
        return tell(
            _RECEIVED_IN_PART,
            received=reporting.received,
            expected=reporting.expected,
            outstanding=words.join_words(reporting.outstanding),
        )
    return STATES[reporting.state]
