"""Put durations, pending cases, cohorts and sentences into words: the text of a field, and why a figure is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import combinations
from math import inf
from typing import Any

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics import medians as statistics
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import FormattedFigure, Row, indicators, regions
from pipelines.words.language import Texts, lower_first, many, tell
from pipelines.words.reasons import UNDEFINED

QUANTILES: Mapping[str, str] = Texts(
    {
        "median": mark("Median"),
        "p75": mark("75% within"),
        "p90": mark("90% within"),
    }
)
"""Share of persons who have left the stage by then; used for columns and for lines of a chart."""
LENGTHS: Mapping[str, str] = Texts(
    {
        "p25": mark("Lower quartile"),
        "median": mark("Median"),
        "p75": mark("Upper quartile"),
    }
)
SHARES: Mapping[str, str] = Texts(
    {
        "custodial_share": mark("To be served"),
        "suspended_share": mark("Suspended"),
    }
)
COHORT: Mapping[str, str] = Texts(
    {
        "conviction_ratio": mark("Convicted, of all"),
        "decided_ratio": mark("Convicted, of those adjudicated"),
        "open_share": mark("Still open"),
    }
)
MEASURED: Mapping[str, str] = Texts(
    {
        "PC": mark("Clearance rate (%)"),
        "D": mark("Disposition time (days)"),
    }
)
"""The two CEPEJ figures, by unit."""
LEVELS: Mapping[str, str] = Texts(
    {
        "prosecution": mark("Prosecutor"),
        "first": mark("First instance"),
        "appeal": mark("Appeal"),
    }
)
NO_RECORDS = mark("no records")
NOT_REACHED = mark("not reached")
NOT_REACHED_NOTE = mark("Not reached: too few people have left the stage so far.")
FEW_NOTE = mark("May be based on fewer than {enough} people: chance alone can change it a lot.")
FEW_NOTE_OF_SHARE = mark(
    "The part or the rest may be fewer than {enough} people: chance alone can change the share a lot."
)
NOT_COVERED = mark(
    "The records do not cover the whole year, or its people have not been followed for {quarters} quarters so far."
)
YEAR_NOT_WHOLE = mark("The records do not cover the whole year.")
NO_STOCKS = mark(
    "Disposition times are published by year only, because they need the number of pending cases, which is published "
    "by year."
)
DISPOSITION = mark(
    "**A disposition time is not a duration of cases**, and the two should not be compared. It is the number of days "
    "in which all pending cases would be resolved at the pace of the period."
)
_AS_IMPOSED = mark("These are sentences as imposed, **not time served.**")
_LEGAL_RANGE = mark(
    "The legal range is the imprisonment that the law of that year allowed for the crime; it is real even in a "
    "demonstration. A sentence below the minimum may be lawful, for example because of mitigation."
)
_NO_LEGAL_RANGE = mark("The range that the law allowed is not recorded for these sentences.")
ROUNDED = mark(
    "Lengths are rounded to half a year and shares to 5%. Because of this, a length may not seem to fit the share "
    "below the legal minimum."
)
_BELOW_A_YEAR = mark("The interval begins below one year: its ends are rounded outward to whole years.")
_QUARTERS = {"p25": 25, "median": 50, "p75": 75}
"""Per cent of the sentences that are at most as long as each quartile."""
NO_LEAST = mark("No share: no minimum penalty for this crime is recorded for this territory.")


def format_no_records() -> FormattedFigure:
    """Return the text of a territory that sends no case records."""
    return FormattedFigure(tell(NO_RECORDS), tell(NO_RECORDS), "not_collected")


def format_limits(row: Row | None) -> FormattedFigure:
    """Format a figure from records with its limits; a quantile may be "not reached", a missing row "not collected"."""
    if row is None:
        return words.format_absent()
    if row["value"] is None and row["obs_status"] == "M" and row["unit_measure"] == "D":
        return FormattedFigure(tell(NOT_REACHED), tell(NOT_REACHED), "not_applicable")
    return indicators.format_figure(row)


def is_shown_few(row: Row | None) -> bool:
    """Return True if there is a figure and it is too few to compare."""
    return row is not None and format_limits(row).kind == "value" and is_few(row)


def format_figure(row: Row | None) -> FormattedFigure:
    """Format a figure from records with its state, for places without a separate field for the state."""
    unqualified = format_limits(row)
    if is_shown_few(row):
        return replace(unqualified, spoken=f"{unqualified.spoken}, {tell(words.TOO_FEW)}")
    return unqualified


def explain_figure(row: Row | None) -> str:
    """Return the note of a figure from records: too few, or why there is none; empty if its symbol says enough."""
    if row is None:
        return ""
    if row["value"] is not None:
        note = FEW_NOTE_OF_SHARE if row["unit_measure"] == "PC" else FEW_NOTE
        return tell(note, enough=ENOUGH_EVENTS) if is_few(row) else ""  # marked above
    if row["obs_status"] == "M":
        if row["statistic"] == "below_minimum":
            return tell(NO_LEAST)
        return tell(NOT_REACHED_NOTE) if row["unit_measure"] == "D" else ""
    if row["obs_status"] != "O":
        return ""
    return tell(NOT_COVERED, quarters=row["quarters"]) if "quarters" in row else tell(YEAR_NOT_WHOLE)


def explain_rounding(row: Row | None) -> str:
    """Return the note on a length of sentences whose interval seems to begin at none; empty for other figures."""
    if row is None or row["unit_measure"] != "MO" or not row["value"] or row.get("low") != 0:
        return ""
    return tell(_BELOW_A_YEAR)


def explain_share_of_law(group: Mapping[str, Row]) -> str:
    """Return the note on a share below the legal minimum that the published quartiles seem to contradict."""
    below = group.get("below_minimum")
    if below is None or below["value"] is None or below["statutory_min"] is None:
        return ""
    lengths = {
        per_cent: row["value"]
        for name, per_cent in _QUARTERS.items()
        if (row := group.get(name)) is not None and row["value"] is not None
    }
    does_fit = all(
        (length < below["statutory_min"]) is (per_cent <= below["value"]) for per_cent, length in lengths.items()
    )
    return "" if does_fit else tell(ROUNDED)


def explain_undefined(row: Row | None) -> str:
    """Return why a clearance rate or disposition time is not defined.

    Empty if it is, if it is withheld, or if one of its counts is not collected, which its word says.
    """
    if regions.is_mixed(row):
        return tell(regions.MIXED_TERRITORIES)  # marked there
    if row is None or row["obs_status"] == "L":
        return ""
    return UNDEFINED.get(str(row["undefined"] or ""), "")


def measured_marks(row: Row | None, notes: words.Notes) -> tuple[str, ...]:
    """Return the note numbers of a clearance rate or disposition time: why there is none, or how certain it is."""
    if row is None:
        return ()
    code, undefined = str(row["undefined"] or ""), explain_undefined(row)
    first = (notes.number_note(undefined),) if undefined else ()
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
        low, is_span, high = str(band).removesuffix("+").partition("-")
        if is_span:
            return FormattedFigure(text, tell("{low} to {high}", low=low, high=high), "value")
        return FormattedFigure(text, tell("{n} or more", n=low) if text.endswith("+") else text, "value")
    if any(row["conf_status"] == "C" for row in rows):
        return words.format_status("withheld")
    return words.format_status("unavailable") if rows else words.format_absent()


def has_law(groups: Iterable[Mapping[str, Row]]) -> bool:
    """Return True if the legal range of the imprisonment is known for a figure on sentences."""
    rows = (row for group in groups for row in group.values())
    return any(row["statutory_min"] is not None or row["statutory_max"] is not None for row in rows)


def explain_lengths(groups: Collection[Mapping[str, Row]]) -> str:
    """Return what lengths of sentences are, and what their legal range is if it is known for one of them."""
    if not groups:
        return tell(_AS_IMPOSED)
    legal_range = tell(_LEGAL_RANGE) if has_law(groups) else tell(_NO_LEGAL_RANGE)
    return f"{tell(_AS_IMPOSED)} {legal_range}"


def format_law(rows: Sequence[Row]) -> FormattedFigure:
    """Format the minimum and maximum imprisonment that the law provided, in months."""
    if not rows:
        return words.format_absent()
    sentenced = next(
        (row for row in rows if row["statutory_min"] is not None or row["statutory_max"] is not None), None
    )
    if sentenced is None:
        return FormattedFigure(tell("not stated"), tell("not stated"), "unavailable")
    ends = [
        tell("not stated") if sentenced[end] is None else words.format_number(sentenced[end])
        for end in ("statutory_min", "statutory_max")
    ]
    return FormattedFigure("–".join(ends), tell("from {low} to {high} months", low=ends[0], high=ends[1]), "value")


def describe_persons(rows: Sequence[Row]) -> str:
    """Return the sentence on how many people are behind some figures: their band; empty text if it is not published."""
    persons = format_persons(rows)
    return tell("Number of people: {n}.", n=persons.spoken) if persons.kind == "value" else ""


def describe_following(quarters: int) -> str:
    """Return the sentence on how long the people of a year are followed."""
    return many(
        "Everybody who entered in the year is followed for {n} quarter. Open cases stay in the base. Shares are "
        "rounded to the nearest 5%.",
        "Everybody who entered in the year is followed for {n} quarters. Open cases stay in the base. Shares are "
        "rounded to the nearest 5%.",
        quarters,
    )


def compose_sentence(name: str, crime: str, medians: Sequence[tuple[str, Row | None]], without: Sequence[str]) -> str:
    """Return the sentence to quote on the medians of one stage.

    `medians` holds the territories with case records and their medians, `without` the names of the others. Each
    sentence names crime and stage, since it may be quoted alone; the dates of the records follow.
    """
    texts = [_describe_median(area, crime, name, row) for area, row in medians]
    texts.append(describe_records((area, [row]) for area, row in medians if row is not None))
    if not medians:
        texts.append(tell("{name}, {crime}: no records.", name=name, crime=lower_first(crime)))
    return " ".join(filter(None, [*texts, name_without_records(without)]))


def name_without_records(territories: Sequence[str]) -> str:
    """Return the sentence on the territories that send no case records of a figure; empty if all do."""
    return tell("No case records for this: {areas}.", areas=words.join_words(territories)) if territories else ""


_MEDIAN = mark("{area}: {crime}, {name}: half of the people waited up to {days}.")
_MEDIAN_FEW = mark("{area}: {crime}, {name}: half of the people waited up to {days}, too few to compare.")


def _describe_median(area: str, crime: str, name: str, row: Row | None) -> str:
    """Return a sentence on the median of one territory."""
    figure = format_limits(row)
    about = {"area": area, "crime": lower_first(crime), "name": lower_first(name)}
    if row is None or figure.kind != "value":
        return tell("{area}: {crime}, {name}: {figure}.", **about, figure=figure.spoken)
    days = many("{n} day", "{n} days", row["value"])
    low, high = row.get("low"), row.get("high")
    if low is not None:
        days = words.add_interval(days, words.format_number(low), "" if high is None else words.format_number(high))
    return tell(_MEDIAN_FEW, **about, days=days) if is_few(row) else tell(_MEDIAN, **about, days=days)


TESTED_AS_PUBLISHED = mark(
    "The tests use the published medians and intervals, which are rounded. Tests of the case records, which are not "
    "published, might find more differences."
)


def compare_medians(medians: Mapping[str, Row | None]) -> list[Row]:
    """Return every pair of some areas, with the verdict on their medians, in the shape of the release's pairs."""
    states = {area: _find_state(row) for area, row in medians.items()}
    tested = [area for area, state in states.items() if state == "enough"]
    tests = {
        (tested[test.first], tested[test.second]): test
        for test in statistics.compare_medians([_read_median(medians[area]) for area in tested])
    }
    rows: list[Row] = []
    for pair in combinations(medians, 2):
        row: dict[str, Any] = {
            "area_a": pair[0],
            "area_b": pair[1],
            "reasons": "",
            "is_with_care": False,
            "metric": "duration",
        }
        test = tests.get(pair)
        if test is None:
            row["verdict"] = next(state for state in _UNTESTED if state in (states[pair[0]], states[pair[1]]))
        else:
            verdict = "higher" if test.low > 1 else "lower" if test.high < 1 else "no_difference"
            row |= {"verdict": verdict, "ratio": test.ratio, "low": test.low, "high": test.high, "n_tested": len(tests)}
        rows.append(row)
    return rows


_UNTESTED = ("withheld", "missing", "too_few")
"""Reasons why a pair is not tested, the first one that holds for a side."""


def _find_state(row: Row | None) -> str:
    figure = format_limits(row)
    if row is None or figure.kind != "value":
        return "withheld" if figure.kind == "withheld" else "missing"
    return "too_few" if is_few(row) or row["low"] is None else "enough"


def _read_median(row: Row | None) -> statistics.Median:
    assert row is not None
    return statistics.Median(row["value"], row["low"], inf if row["high"] is None else row["high"])


_LENGTH = mark("{area}: half of the sentences of imprisonment to be served were up to {months}.")
_LENGTH_FEW = mark(
    "{area}: half of the sentences of imprisonment to be served were up to {months}, too few to compare."
)
_MIDDLE = mark("The middle half was between {low} and {high} months.")
_LAW = mark("The law allowed {law}.")


def describe_lengths(area: str, rows: Mapping[str, Row]) -> str:
    """Return sentences on the length of imprisonment in one territory: median, quartiles and the legal range."""
    row = rows.get("median")
    figure = format_limits(row)
    if row is None or figure.kind != "value":
        return tell("{area}: {figure}.", area=area, figure=figure.spoken)
    months = many("{n} month", "{n} months", row["value"])
    if row.get("low") is not None:
        high = "" if row.get("high") is None else words.format_number(row["high"])
        months = words.add_interval(months, words.format_number(row["low"]), high)
    about = {"area": area, "months": months}
    sentences = [tell(_LENGTH_FEW, **about) if is_few(row) else tell(_LENGTH, **about)]
    quartiles = [format_limits(rows.get(name)) for name in ("p25", "p75")]
    if all(quartile.value is not None for quartile in quartiles):
        low, high = (words.format_number(quartile.value or 0.0) for quartile in quartiles)
        sentences.append(tell(_MIDDLE, low=low, high=high))
    if any(each["statutory_min"] is not None and each["statutory_max"] is not None for each in rows.values()):
        sentences.append(tell(_LAW, law=format_law(list(rows.values())).spoken))
    return " ".join([*sentences, describe_persons([row])])


def describe_records(groups: Iterable[tuple[str, Sequence[Row]]]) -> str:
    """Return the sentence on the dates of the records of figures, each group with its area; empty without rows."""
    dates = name_dates(groups)
    return tell("Records: {span}.", span=dates) if dates else ""


def name_records(areas: Iterable[str]) -> str:
    """Return the note on whose case records the figures of a table or a picture are from."""
    return tell("From the case records of {areas} only.", areas=words.join_words(dict.fromkeys(areas)))


def name_dates(groups: Iterable[tuple[str, Sequence[Row]]]) -> str:
    """Return the dates between which records are observed, each group with its area; empty without rows.

    Areas with the same dates are named together. The records of two registers of one area may have different dates.
    """
    areas: dict[tuple[date, date], dict[str, None]] = {}
    for area, rows in groups:
        for row in rows:
            areas.setdefault((row["seen_from"], row["seen_until"]), {})[area] = None
    return "; ".join(
        tell(
            "{area}: {first} to {last}",
            area=words.join_words(names),
            first=words.format_day(first),
            last=words.format_day(last),
        )
        for (first, last), names in areas.items()
    )
