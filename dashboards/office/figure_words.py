"""Put unprotected indicators into words for the offices: figures with limits, reasons, states and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.office.context import PageContext
from pipelines import words
from pipelines.core.codes import get_code_attribute
from pipelines.core.i18n import mark
from pipelines.words.language import lower_first, read_in
from pipelines.words.reasons import ASPECTS, DIFFER_WITHIN, OTHERS, UNDEFINED, UNSTATED_WITHIN

Row = Mapping[str, Any]
RULES: Mapping[str, str] = {
    "nested": mark("Use the ratio of the same period: one count is part of the other."),
    "cohort_complete": mark("Use the ratio of followed cases: the records follow them for long enough."),
    "lag_known": mark("Use the ratio with a time lag: the records show how long it takes from one stage to the other."),
    "lag_zero": mark(
        "Use the ratio of the same period: the records show that it takes less than half a period from one stage to "
        "the other."
    ),
    "no_lag": mark("Use the ratio of the same period: the ratio with a time lag cannot be calculated."),
    "refused": mark("No version is complete on its own: its two counts are not made in the same way."),
}
BASIS: Mapping[str, str] = {
    "lower_bound": mark("The true interval is wider: we do not know how many persons each case has."),
    "quasi_exact": mark("The interval allows for the number of persons per case in the records."),
}
SINGLE: Mapping[str, str] = {
    **OTHERS,
    "over_100": mark("Over 100: the two counts are of different groups of people."),
    "provisional": mark("Provisional: it may still change."),
}
DURATIONS: Mapping[str, str] = {
    "median": mark("Half within (days)"),
    "p75": mark("Three quarters within (days)"),
    "p90": mark("Nine tenths within (days)"),
    "open_share": mark("Still open (per cent)"),
}
AGES: Mapping[str, str] = {
    "median": mark("Half younger than (days)"),
    "p75": mark("Three quarters younger than (days)"),
    "p90": mark("Nine tenths younger than (days)"),
}


def format_number(context: PageContext, value: float, digits: int = 0) -> str:
    """Format a number with the signs of the person's language."""
    with read_in(context.language):
        return words.format_number(value, digits)


def format_figure(context: PageContext, row: Row | None, digits: int = 0) -> str:
    """Format a figure with its limits, `57 (40 to 81)`, or the reason why there is none."""
    if row is None:
        return ""
    if row["value"] is None:
        return context.code_label("obs_status", row["obs_status"])
    value = format_number(context, row["value"], digits)
    low, high = row.get("low"), row.get("high")
    if low is None:
        return value
    if high is None or high == float("inf"):
        return context.tell("{value} ({low} or more)", value=value, low=format_number(context, low, digits))
    return context.tell(
        "{value} ({low} to {high})",
        value=value,
        low=format_number(context, low, digits),
        high=format_number(context, high, digits),
    )


def name_status(context: PageContext, name: str, status: str) -> str:
    """Add a status of victims to the name of a count, with whether it is part of the total above it."""
    label = lower_first(context.code_label("victim_status", status))
    if get_code_attribute("victim_status", status, "in_total") == "true":
        return context.tell("{whole}, part of the sum: {part}", whole=name, part=label)
    return context.tell("{whole}, not part of the sum: {part}", whole=name, part=label)


def describe_version(context: PageContext, row: Row | None) -> str:
    """Name the version of a stage ratio, with its lag; the note of the line says which is the default."""
    if row is None or row["value"] is None:
        return format_figure(context, row)
    parts = [format_figure(context, row)]
    if row["version"] == "lagged" and row["lag"]:
        parts.append(context.many("over {n} period earlier", "over {n} periods earlier", int(row["lag"])))
    if row["state"] == "too_few":
        parts.append(context.tell("too few to compare"))
    return "; ".join(parts)


def compose_note(context: PageContext, rows: Sequence[Row]) -> str:
    """Return the notes on some figures of one line, each sentence once."""
    sentences: dict[str, None] = {}
    for row in rows:
        if row["value"] is not None and row.get("interval_basis") in BASIS:
            sentences[context.tell(BASIS[row["interval_basis"]])] = None
        if row.get("undefined"):
            sentences[_single(context, row["undefined"])] = None
        # Flags are about a value: one that does not exist cannot change, and is not over 100.
        codes = (row.get("reasons"), row.get("flags") if row["value"] is not None else None)
        for sentence in describe_reasons(context, ",".join(filter(None, codes))):
            sentences[sentence] = None
    return " ".join(sentences)


def describe_reasons(context: PageContext, codes: str) -> list[str]:
    """Return sentences on the differences of the two counts of a figure, on aspects not known, and on flags."""
    differ: list[str] = []
    unstated: list[str] = []
    others: list[str] = []
    for code in dict.fromkeys(filter(None, codes.split(","))):
        if (aspect := code.removesuffix("_differs")) in ASPECTS and aspect != code:
            differ.append(context.tell(ASPECTS[aspect]))
        elif (aspect := code.removesuffix("_not_stated")) in ASPECTS and aspect != code:
            unstated.append(context.tell(ASPECTS[aspect]))
        else:
            others.append(_single(context, code))
    sentences = [context.tell(DIFFER_WITHIN, what=", ".join(differ))] if differ else []
    sentences += [context.tell(UNSTATED_WITHIN, what=", ".join(unstated))] if unstated else []
    return sentences + others


def describe_broken_balance(context: PageContext, row: Row) -> tuple[str, str]:
    """Describe a balance that does not close: by how much, in which direction, and its sum."""
    unit = context.code_label("count_unit", row["count_unit"]).lower()
    number = format_number(context, abs(row["gap"]))
    title = (
        context.tell("{n} {unit} fewer at the end than calculated", n=number, unit=unit)
        if row["gap"] > 0
        else context.tell("{n} {unit} more at the end than calculated", n=number, unit=unit)
    )
    opening, entries, exits, closing = (row[name] for name in ("opening", "entries", "exits", "closing"))
    return title, context.tell(
        "{opening} at the start + {entries} in \u2212 {exits} out = {due}; reported at the end: {closing}.",
        opening=format_number(context, opening),
        entries=format_number(context, entries),
        exits=format_number(context, exits),
        due=format_number(context, opening + entries - exits),
        closing=format_number(context, closing),
    )


def list_uncounted(context: PageContext, row: Row) -> str:
    """Return the terms of a balance that the office does not count."""
    codes = [code for code in str(row["not_counted"] or "").split(",") if code]
    names = ", ".join(lower_first(context.code_label("measure", code)) for code in codes)
    return (
        context.tell("The office does not count the following, which may explain the difference: {what}.", what=names)
        if codes
        else ""
    )


def _single(context: PageContext, code: str) -> str:
    single_notes = {**SINGLE, **UNDEFINED}
    if code not in single_notes:
        return code.replace("_", " ")
    return context.tell(single_notes[code])  # marked in pipelines/words/reasons.py
