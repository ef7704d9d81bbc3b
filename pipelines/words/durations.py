"""Put durations, pending cases, cohorts and sentences into words: the text of a field, and why a figure is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from pipelines import words
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import FormattedFigure, Row, indicators
from pipelines.words.reasons import UNDEFINED

QUANTILES: Mapping[str, str] = {"median": "Median", "p75": "75% within", "p90": "90% within"}
"""Share of persons who have left the stage by then; used for columns and for lines of a chart."""
LENGTHS: Mapping[str, str] = {"p25": "Lower quartile", "median": "Median", "p75": "Upper quartile"}
SHARES: Mapping[str, str] = {"custodial_share": "To be served", "suspended_share": "Suspended"}
COHORT: Mapping[str, str] = {
    "conviction_ratio": "Convicted, of all",
    "decided_ratio": "Convicted, of those adjudicated",
    "open_share": "Still open",
}
MEASURED: Mapping[str, str] = {"PC": "Clearance rate (%)", "D": "Disposition time (days)"}
"""The two CEPEJ figures, by unit."""
LEVELS: Mapping[str, str] = {"prosecution": "Prosecutor", "first": "First instance", "appeal": "Appeal"}
NO_RECORDS = FormattedFigure("no records", "no records", "not_collected")
NOT_REACHED = FormattedFigure("not reached", "not reached", "not_applicable")
NOT_REACHED_NOTE = "Not reached: too few cases have left the stage so far."
FEW_NOTE = f"May be of fewer than {ENOUGH_EVENTS} people: chance alone can change such a figure a lot."
NOT_YET = (
    "Not yet: the records do not cover the whole year, or its people have not been followed for {quarters} quarters."
)
YEAR_NOT_WHOLE = "The records do not cover the whole year."
NO_STOCKS = (
    "Disposition times are not published, because they need the number of pending cases. Opening, entries, exits and "
    "closing of a year add up, so a withheld number could be calculated from them."
)
DISPOSITION = (
    "**A disposition time is not a duration of cases**, and the two should not be compared. It is the number of days "
    "in which all pending cases would be resolved at the pace of the period."
)
NO_LEAST = "No share: the law table has no minimum penalty for this crime in this territory."


def format_limits(row: Row | None) -> FormattedFigure:
    """Format a figure from records with its limits; a quantile may be "not reached", a missing row "not collected"."""
    if row is None:
        return words.format_absent()
    if row["value"] is None and row["obs_status"] == "M" and row["unit_measure"] == "D":
        return NOT_REACHED
    return indicators.format_figure(row)


def is_shown_few(row: Row | None) -> bool:
    """Return True if there is a figure and it is too few to compare."""
    return row is not None and format_limits(row).kind == "value" and is_few(row)


def format_figure(row: Row | None) -> FormattedFigure:
    """Format a figure from records with its state, for places without a separate field for the state."""
    unqualified = format_limits(row)
    if is_shown_few(row):
        return replace(unqualified, spoken=f"{unqualified.spoken}, {indicators.TOO_FEW}")
    return unqualified


def explain_figure(row: Row | None) -> str:
    """Return the note of a figure from records: too few, or why there is none; empty if its symbol says enough."""
    if row is None:
        return ""
    if row["value"] is not None:
        return FEW_NOTE if is_few(row) else ""
    if row["obs_status"] == "M":
        notes_by_unit = {"D": NOT_REACHED_NOTE}
        return NO_LEAST if row["statistic"] == "below_minimum" else notes_by_unit.get(row["unit_measure"], "")
    if row["obs_status"] != "O":
        return ""
    return NOT_YET.format(quarters=row["quarters"]) if "quarters" in row else YEAR_NOT_WHOLE


def measured_marks(row: Row | None, notes: words.Notes) -> tuple[str, ...]:
    """Return the note numbers of a clearance rate or disposition time: why there is none, or how certain it is."""
    if row is None:
        return ()
    code = str(row["undefined"] or "")
    first = (notes.number_note(UNDEFINED[code]),) if code in UNDEFINED else ()
    others = ",".join(reason for reason in str(row["reasons"] or "").split(",") if reason != code)
    return tuple(dict.fromkeys([*first, *indicators.mark_notes({**row, "reasons": others}, notes)]))


def is_few(row: Row) -> bool:
    """Return True if a figure from records is too few to compare. Earlier releases have its band of persons and no
    state."""
    if row.get("state"):
        return bool(row["state"] == "too_few")
    band = row["n_band"]
    return band is not None and int(band.rstrip("+").split("-")[0]) < ENOUGH_EVENTS


def format_persons(rows: Sequence[Row]) -> FormattedFigure:
    """Format how many persons are behind the figures of one line: their band, never their number."""
    band = next((row["n_band"] for row in rows if row["n_band"] is not None), None)
    if band is not None:
        text = str(band).replace("-", "–")
        return FormattedFigure(text, str(band).replace("-", " to ").replace("+", " or more"), "value")
    if any(row["conf_status"] == "C" for row in rows):
        return words.format_status("withheld")
    return words.format_status("unavailable") if rows else words.format_absent()


def format_law(rows: Sequence[Row]) -> FormattedFigure:
    """Format the minimum and maximum imprisonment that the law provided, in months."""
    if not rows:
        return words.format_absent()
    sentenced = next(
        (row for row in rows if row["statutory_min"] is not None or row["statutory_max"] is not None), None
    )
    if sentenced is None:
        return FormattedFigure("not stated", "not stated", "unavailable")
    ends = [
        "not stated" if sentenced[end] is None else words.format_number(sentenced[end])
        for end in ("statutory_min", "statutory_max")
    ]
    return FormattedFigure("–".join(ends), f"from {ends[0]} to {ends[1]} months", "value")


def compose_sentence(name: str, crime: str, medians: Sequence[tuple[str, Row | None]], without: Sequence[str]) -> str:
    """Return the sentence to quote on the medians of one stage.

    `medians` holds the territories with case records and their medians, `without` the names of the others.
    """
    title = f"{name}, {crime.lower()}"
    if not medians:
        text = f"{title}: no records."
    else:
        parts = [_describe_median(area, row) for area, row in medians]
        text = f"{title}. {'. '.join(parts)}."
    return f"{text} No records: {words.join_words(without)}." if without else text


def _describe_median(area: str, row: Row | None) -> str:
    """Return a sentence, without its full stop, on the median of one territory."""
    figure = format_limits(row)
    if row is None or figure.kind != "value":
        return f"{area}: {figure.spoken}"
    days = f"{words.format_number(row['value'])} days"
    few = f", {indicators.TOO_FEW}" if is_few(row) else ""
    low, high = row.get("low"), row.get("high")
    if low is None:
        return f"{area}: half of cases took up to {days}{few}"
    limits = (
        f"{words.format_number(low)} to {words.format_number(high)}"
        if high is not None
        else (f"{words.format_number(low)} or more")
    )
    return f"{area}: half of cases took up to {days} (95% confidence interval {limits}){few}"


def describe_records_span(name: str, rows: Sequence[Row]) -> str:
    """Return the dates between which the records of one territory are observed."""
    return f"{name}: {format_day(rows[0]['seen_from'])} to {format_day(rows[0]['seen_until'])}"


def format_day(when: date) -> str:
    """Format a date: 1 October 2022."""
    return f"{when.day} {when:%B %Y}"
