"""Put figures into words: symbols for missing values, names of periods and areas, notes, and the sentence to quote.

The modules of this package do the same for changes, durations, indicators and the region, and for reason codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pipelines.statistics.thresholds import ENOUGH_EVENTS

Row = Mapping[str, Any]

WITHHELD, UNAVAILABLE, NOT_RECEIVED = "withheld", "not available", "not received"
NOT_COLLECTED, NOT_APPLICABLE, ELSEWHERE = "not collected", "not applicable", "in another category"
THOUSANDS = "\u202f"
"""Thin space between thousands, the same in every language."""
FEW_BADGE = "few"
"""Word next to a figure below the minimum of a comparison; it is not part of a copied table."""
FEW_STATE = f"fewer than {ENOUGH_EVENTS}: compare with care"
FEW_LEGEND = (
    f"Fewer than {ENOUGH_EVENTS}: compare with care. Chance alone can change such a figure a lot. In charts its bar or "
    "dot is hollow."
)
LEGEND: Mapping[str, tuple[str, str]] = {
    "zero": ("0", "Zero: the office reported that there was none."),
    "withheld": (WITHHELD, "Hidden to protect individuals. The figure may be small, larger, or zero."),
    "unreceived": (NOT_RECEIVED, "No data from the office for this period so far."),
    "unavailable": (UNAVAILABLE, "Part of the data is missing or cannot be used."),
    "not_collected": (NOT_COLLECTED, "The office does not count this, or not for this kind of period."),
    "not_applicable": (NOT_APPLICABLE, "The figure cannot exist here."),
    "elsewhere": (ELSEWHERE, "Included in another category of the same office."),
    "few": (FEW_BADGE, FEW_LEGEND),
}
"""Word shown instead of or next to a figure, and its explanation, by the kind of the field."""
ADULT = "Y_GE18"
TOO_FEW = "too few to compare"
"""State of a figure if one of its numbers is below the minimum of a comparison."""

FLAGS: Mapping[str, str] = {
    "partial": "Partial: the sum of those that reported, not of the whole region.",
    "nil": "Nil return: the office confirmed that there was nothing to report.",
    "nil_part": "A confirmed nil return is among the parts of this figure.",
    "provisional": "Provisional: may be revised.",
    "break": "There is a break in the series within the period: figures from before and after it are in one number.",
    "population_carried_forward": "Rate based on the last known population, carried forward.",
    "band_not_nested": "Some lengths as reported do not fit the common bands and are counted as unknown.",
    "negative_difference": "The cumulative returns fell from one quarter to the next, so there is no figure.",
    "ytd_gap": "A cumulative return before this one is missing, so the quarter cannot be calculated.",
    "quarter_missing": "At least one quarter of the year is missing, so there is no annual figure.",
    "transfer_deducted": "Persons handed over between jurisdictions are counted once: the second count is subtracted.",
    "transfer_not_split": "Handed-over persons could not be identified in this breakdown, so there is no total.",
}
"""Notes for the flags of a cell (column `flags`)."""
BASIS: Mapping[str, str] = {
    "derived_ytd": "Calculated from year-to-date figures.",
    "derived_quarters": "Sum of four quarters: the office sent no annual figure.",
    "records": "Counted from pseudonymised records.",
}
STOCK_OF_YEAR = "Number at the start of the first quarter or at the end of the last. Numbers on a day are not added up."
STATUS: Mapping[str, str] = {
    "B": "Break in the series: not comparable with the periods before.",
    "D": "The definition differs.",
    "E": "Estimated.",
    "P": "Provisional.",
    "U": "Low reliability.",
    "W": "Includes another category.",
}
ADULTS_ONLY = (
    "Adults only (18 and over): the office counts no minors here, so there is no total of all ages and no rate."
)
NOT_ADDITIVE = (
    "Not additive: the jurisdictions' own figures do not add up to this total, since a person handed over is "
    "counted in two of them."
)


@dataclass(frozen=True)
class FormattedFigure:
    """One figure as displayed: short text, the same in words, and the kind that selects its style.

    The numbers are rounded as displayed, for downloads; `high` is infinite if the interval has no upper end.
    """

    text: str
    spoken: str
    kind: str  # value, or a key of LEGEND
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass
class Notes:
    """Notes of one table: numbered ones, in the order in which figures refer to them, and remarks on the whole table.

    Each is listed once.
    """

    texts: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def number_note(self, text: str) -> str:
        """Return the number of a note, adding the note if it is new."""
        if text not in self.texts:
            self.texts.append(text)
        return str(self.texts.index(text) + 1)

    def add_remark(self, text: str) -> None:
        """Add a remark that no single figure refers to, if it is new."""
        if text not in self.remarks:
            self.remarks.append(text)


def format_number(value: float, digits: int = 0) -> str:
    """Format a number with a thin space for thousands, as international offices do: 12345.6 -> '12 346'."""
    return f"{value:,.{digits}f}".replace(",", THOUSANDS)


def format_value(
    value: float | None, obs_status: str | None, conf_status: str | None, digits: int = 0
) -> FormattedFigure:
    """Format a figure as text, keeping zero, missing, not applicable and withheld distinct."""
    if value is not None:
        return FormattedFigure(
            format_number(value, digits), format_number(value, digits), "value", round(value, digits) + 0.0
        )
    if conf_status not in (None, "F") or obs_status == "Q":
        return format_status("withheld")
    return format_status(
        {"M": "not_applicable", "K": "elsewhere", "L": "not_collected"}.get(str(obs_status), "unavailable")
    )


def format_status(kind: str) -> FormattedFigure:
    """Return the word that is shown instead of a figure, for a kind of LEGEND."""
    text, _ = LEGEND[kind]
    return FormattedFigure(text, text, kind)


def format_absent() -> FormattedFigure:
    """Return the text for a cell that was never collected: the release has no row for it."""
    return format_status("not_collected")


def format_count(cell: Row) -> FormattedFigure:
    """Format the count of a cell; "not received" if no office that reports it has sent anything."""
    figure = format_value(cell["value"], cell["obs_status"], cell["conf_status"])
    if figure.kind == "unavailable" and cell.get("n_reported") == 0:
        return format_status("unreceived")
    return figure


def format_rate(cell: Row) -> FormattedFigure:
    """Format the rate of a cell; "not applicable" if there is a count but no rate is defined for it."""
    if cell.get("rate") is None and cell.get("rate_obs_status") is None and cell["value"] is not None:
        return format_value(None, "M", "F")
    if cell.get("rate_obs_status") is None:
        return format_count(cell)
    plain = format_value(cell["rate"], cell["rate_obs_status"], cell["rate_conf_status"], 2)
    low, high = cell.get("rate_low"), cell.get("rate_high")
    if plain.kind != "value" or low is None or high is None:
        return plain
    ends = format_number(low, 2), format_number(high, 2)
    return replace(
        plain,
        text=f"{plain.text} ({ends[0]}–{ends[1]})",
        spoken=f"{plain.text}, 95% confidence interval {ends[0]} to {ends[1]}",
        low=round(low, 2),
        high=round(high, 2),
    )


def is_few(cell: Row) -> bool:
    """Return True if a count, and therefore its rate, is below the limit for comparison (`statistics.thresholds`)."""
    return cell["value"] is not None and cell["value"] < ENOUGH_EVENTS


def mark_notes(cell: Row, notes: Notes, *, of_rate: bool = False) -> tuple[str, ...]:
    """Return the numbers of the notes that one figure refers to."""
    texts = []
    flags = [flag for flag in str(cell.get("flags") or "").split(",") if flag]
    if of_rate:
        flags += [flag for flag in str(cell.get("rate_flags") or "").split(",") if flag and flag not in flags]
    if "nil" in flags and cell["value"] != 0:
        # The flag belongs to a part of a sum: one part was a nil return, the sum itself was not.
        flags[flags.index("nil")] = "nil_part"
    texts += [FLAGS.get(flag, f"Flagged by the pipeline: {flag.replace('_', ' ')}.") for flag in flags]
    if cell["value"] is not None and cell.get("basis") in BASIS:
        stock = cell["basis"] == "derived_quarters" and cell["statistic"] != "count"
        texts.append(STOCK_OF_YEAR if stock else BASIS[cell["basis"]])
    if cell["obs_status"] in STATUS and cell["age"] != ADULT:
        texts.append(STATUS[cell["obs_status"]])
    if cell["age"] == ADULT and cell.get("is_total"):
        # The release makes adults the total of a measure only where minors are not counted.
        texts.append(ADULTS_ONLY)
    if cell["value"] is None and cell["obs_status"] == "K":
        texts.append(LEGEND["elsewhere"][1])
    if cell.get("person_type") == "natural":
        texts.append("Natural persons only.")
    if cell.get("is_additive") is False:
        texts.append(NOT_ADDITIVE)
    return tuple(dict.fromkeys(notes.number_note(text) for text in texts))


def count_more_notes(number: int) -> str:
    """Return the label of the fold that holds the notes beyond those shown."""
    return "1 more note" if number == 1 else f"{number} more notes"


def describe_common_note(text: str) -> str:
    """Return a note as a remark on all figures of a table."""
    return f"{text.removesuffix('.')} (all figures)."


def period_short(period: str) -> str:
    """Format a period briefly: 2026-Q3 -> '2026 Q3', 2023-2025 -> '2023–2025'."""
    return period.replace("-Q", " Q") if "-Q" in period else period.replace("-", "–")


def period_words(period: str) -> str:
    """Format a period in words: 2026-Q3 -> 'the third quarter of 2026'."""
    if "-Q" in period:
        year, quarter = period.split("-Q")
        return f"the {('first', 'second', 'third', 'fourth')[int(quarter) - 1]} quarter of {year}"
    return f"the years {period.replace('-', ' to ')}" if "-" in period else period


def join_words(items: Iterable[str]) -> str:
    """Join items into 'a, b and c'."""
    parts = list(items)
    return ", ".join(parts[:-1]) + f" and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def stage_name(measure: str) -> str:
    """Return the name of a stage: investigated -> 'Investigated', convicted_first -> 'Convicted'; the page names the
    track separately."""
    return measure.removesuffix("_first").removesuffix("_final").capitalize()


RATES_OF_PERIOD = "Rates are for the period shown and are never annualised."
TRACKS: Mapping[str, str] = {"first": "First instance", "final": "Final decisions"}
TRACK_WORDS: Mapping[str, str] = {"first": "at first instance", "final": "by final decision"}
UNITS: Mapping[str, tuple[str, str]] = {
    "person": ("person", "persons"),
    "case": ("case", "cases"),
    "victim": ("victim", "victims"),
    "migrant": ("migrant", "migrants"),
    "sanction": ("sanction", "sanctions"),
    "offence": ("offence", "offences"),
}


def unit_name(code: str, value: float | None = None) -> str:
    """Return the count unit in words, singular for a value of 1."""
    singular, plural = UNITS.get(code, (code, f"{code}s"))
    return singular if value == 1 else plural


def describe_coverage(reporters: str, territories: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
    """Return '5 of 7' and the names of the territories that are not in the figure; `territories` are the codes and
    names of all."""
    present = [code for code in reporters.split(",") if code]
    return f"{len(present)} of {len(territories)}", [name for code, name in territories if code not in present]


def cite_release(release: Row) -> str:
    """Return the citation of the edition."""
    demonstration = " Demonstration data: every figure is invented." if release["demonstration"] else ""
    return f"Regional trafficking indicators, release {release['release']}.{demonstration}"


def cite_table(release: Row, title: str, coverage: str, address: str, day: date) -> str:
    """Return the citation of one table: publisher, title, coverage, release, address and day of access."""
    template = (
        "Regional trafficking indicators: {title}. Coverage: {coverage}. Release {release}.{demonstration} {address} "
        "(accessed {day})."
    )
    return template.format(
        title=title,
        coverage=coverage,
        release=release["release"],
        demonstration=" Demonstration data: every figure is invented." if release["demonstration"] else "",
        address=address,
        day=f"{day.day} {day:%B %Y}",
    )
