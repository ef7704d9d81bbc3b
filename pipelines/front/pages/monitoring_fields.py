"""Format the figures and dates of the pages on monitoring as fields of tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.design.components import Part
from pipelines.front.pages.cooperation_breakdowns import name_directions
from pipelines.front.pages.law import format_date
from pipelines.front.pages.practice import Labels
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_count, format_figure, keep_together, mark_few, period_field
from pipelines.statistics.thresholds import ENOUGH_EVENTS, GAP_SHARE
from pipelines.words import Row, indicators
from pipelines.words.language import Texts, lower_first, many, tell

REGION: Final = "region"
GAPS: Final = Texts(
    {
        "gap": mark("gap"),
        "unclear": mark("not clear"),
        "few": mark("too few to judge"),
        "no_gap": mark("no gap"),
        "unknown": mark("not known"),
        "unassessed": mark("not assessed"),
        "none": mark("no target"),
    }
)
"""Findings, the worst first."""
_FIGURES: Final = Texts(
    {
        "share": mark("Executed in full (%)"),
        "days_acknowledged": mark("Median days to acknowledgement"),
        "days_executed": mark("Median days to execution"),
        "closing": mark("Pending at the end"),
    }
)
_MOST_DIGITS: Final = 3


def find_gap(row: Row) -> str:
    """Return the finding of a row; one of `GAPS`. The law is not known only where nobody has assessed it."""
    return "unassessed" if (row["source"], row["gap"]) == ("law", "unknown") else str(row["gap"])


def format_moment(text: str) -> Part:
    """Return a quarter, a year, a month or a day in the reader's language."""
    return period_field(text) if "-Q" in text else format_date(text)


def read_counts(row: Row) -> dict[str, int]:
    """Return the numbers by code of a field such as `met=2 partly=1`."""
    pairs = (pair.split("=") for pair in str(row["counts"]).split())
    return {code: int(n) for code, n in pairs}


def list_law_dates(reader: Reader, area: str, rows: Sequence[Row]) -> list[str]:
    """Return the oldest and the newest date from which the law on some elements applies in the territories of an area;
    one date if they are the same, none if nothing is known."""
    elements = {row["item"] for row in rows}
    dates = {
        str(row["applies_from"])
        for row in reader.edition.tables["legal_assessment"]
        if row["is_current"] and row["element"] in elements and area in (REGION, row["territory"])
    }
    return sorted({min(dates), max(dates)}) if dates else []


def describe_law_dates(dates: Sequence[str]) -> str:
    """Return since when the law is in force, or between which dates the laws came into force."""
    first, *others = map(format_date, dates)
    if not others:
        return tell("law in force since {date}", date=first)
    return tell("laws that came into force between {first} and {last}", first=first, last=others[-1])


def law_field(dates: Sequence[str], *, is_assessed: bool = True) -> Part:
    """Return the date from which the law applies, or those of the oldest and the newest law of the territories or
    parts; a law that nobody has assessed has no such date."""
    if not dates and not is_assessed:
        return format_absent("not_applicable")
    if len(dates) < 2:
        return date_field("".join(dates))
    return keep_together(
        (
            tell("oldest law: {date}", date=format_date(dates[0])),
            tell("newest law: {date}", date=format_date(dates[-1])),
        )
    )


def name_figure(reader: Reader, item: str) -> str:
    """Return the name of a figure with its direction, from `days_executed_outgoing`."""
    figure, _, direction = item.rpartition("_")
    return f"{name_directions()[direction]}: {lower_first(_FIGURES[figure])}"


def date_field(text: str) -> Part:
    """Return a date, or the word for one that is not known."""
    return format_moment(text) if text else format_absent("unavailable")


def format_missing(row: Row) -> Part:
    """Return the word for a figure that is withheld or not available."""
    return format_absent("withheld" if row["state"] == "withheld" else "unavailable")


def format_absent(status: str) -> Part:
    """Return the word for a status, such as `unavailable`."""
    return format_figure(words.format_status(status))


def format_share(table: FigureTable, row: Row) -> Part:
    """Return a share per 100 with its 95 % confidence interval.

    A note has the interval with decimals where whole numbers hide on which side of one half it is. A share of few has
    the word, and nothing is said about one half.
    """
    if row["value"] is None:
        return format_missing(row)
    half = 100 * GAP_SHARE
    precisions = (
        digits
        for digits in range(_MOST_DIGITS)
        if (row["gap"] != "gap" or round_half_up(row["high"], digits) < half)
        and (row["gap"] != "no_gap" or round_half_up(row["low"], digits) > half)
    )
    digits = next(precisions, _MOST_DIGITS)
    marks = []
    if digits:
        ends = {name: words.format_number(row[name], digits) for name in ("low", "high")}
        marks = [table.notes.number_note(tell("Before rounding, the interval is {low} to {high}.", **ends))]
    value, low, high = (words.format_number(row[name]) for name in ("value", "low", "high"))
    numbers = (round_half_up(row[name]) for name in ("value", "low", "high"))
    text = f"{value} ({low}–{high})"
    return format_figure(words.FormattedFigure(text, text, "value", *numbers), marks, is_few=row["gap"] == "few")


def format_outcome(table: FigureTable, row: Row) -> Part:
    """Return a figure of cooperation: a share, a range of days, a stock, or numbers of territories."""
    if counts := read_counts(row):
        return keep_together(
            many(
                "{name}: {n} territory",
                "{name}: {n} territories",
                n,
                name=GAPS[code] if code in GAPS else table.reader.find_label("days_band", code),
            )
            for code, n in counts.items()
        )
    if row["band"]:
        return table.reader.find_label("days_band", row["band"])
    if row["value"] is not None and row["low"] is None:
        return format_count({**row, "obs_status": "A", "conf_status": "F"})
    return format_share(table, row)


def format_delay(labels: Labels, row: Row) -> Part:
    """Return the delay in the middle of the answers as a range of days, with the word "few" if few answered."""
    if row["state"] != "value" or not row["band"]:
        return format_missing(row)
    text = labels.get(("answer", f"{row['item']}.{row['band']}"), row["band"])
    return mark_few(text) if row["n"] is not None and row["n"] < ENOUGH_EVENTS else text


def format_ratio(table: FigureTable, area: str, row: Row) -> Part:
    """Return a ratio of two stages as the page of the indicator shows it, with the marks of its notes."""
    edition = table.reader.edition
    place = edition.region if area == REGION else area
    ratio = edition.find_ratios(row["item"], row["offence_group"], row["period"]).get(place)
    if ratio is None:
        return format_share(table, row)
    marks = indicators.mark_notes(ratio, table.notes)
    if version := indicators.explain_version(ratio):
        marks = (*marks, table.notes.number_note(version))
    figure = indicators.format_figure(ratio)
    return format_figure(figure, marks, is_few=ratio["state"] == "too_few" and figure.kind == "value")
