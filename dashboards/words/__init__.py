"""Put figures into words: symbols for missing values, names of periods and areas, notes, and the sentence to quote.

The modules of this package do the same for changes, durations, indicators and the region, and for reason codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.statistics.thresholds import ENOUGH_EVENTS

Row = Mapping[str, Any]

WITHHELD, UNAVAILABLE, NOT_COLLECTED, NOT_APPLICABLE, ELSEWHERE = "c", "..", "–", "n/a", "k"
FEW_LEGEND = f"Fewer than {ENOUGH_EVENTS}, in grey italics: too few to compare. In charts such a bar is hollow."
LEGEND: tuple[tuple[str, str], ...] = (
    ("0", "Zero: the office reported that there was none."),
    (WITHHELD, "Withheld to protect persons. The figure may be small, larger, or zero."),
    (UNAVAILABLE, "Not available: expected, and not received or not usable."),
    (NOT_COLLECTED, "Not collected: the office does not count this, or not for this kind of period."),
    (NOT_APPLICABLE, "Not applicable: the figure cannot exist here."),
)
ELSEWHERE_LEGEND = (ELSEWHERE, "Included in another category.")
ADULT = "Y_GE18"
TOO_FEW = "too few to compare"
"""State of a figure if one of its numbers is below the minimum of a comparison."""

FLAGS: Mapping[str, str] = {
    "partial": "Partial: the sum of those that reported, not of the whole region.",
    "nil": "Nil return: the office confirmed that there was nothing to report.",
    "nil_part": "A confirmed nil return is among the parts of this figure.",
    "provisional": "Provisional: the day of its release has not come, and the office has not called it final.",
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
    "derived_ytd": "Derived: the office counts from January; the quarter is the difference of two of its returns.",
    "derived_quarters": "Derived: the sum of the office's four quarters, since it sent no figure for the year.",
    "records": "Counted from pseudonymised records.",
}
STOCK_OF_YEAR = (
    "Derived: the stock at the start of the year's first quarter, or at the end of its last. Stocks are not summed."
)
STATUS: Mapping[str, str] = {
    "B": "Break in the series: not comparable with the periods before.",
    "D": "The definition differs.",
    "E": "Estimated.",
    "P": "Provisional.",
    "U": "Low reliability.",
    "W": "Includes another category.",
}
ADULTS_ONLY = (
    "Adults only (18 and over): the office counts no minors here, so that this is not a total and has no rate."
)
NOT_ADDITIVE = (
    "Not additive: the jurisdictions' own figures do not add up to this total, since a person handed over is "
    "counted in two of them."
)


@dataclass(frozen=True)
class FormattedFigure:
    """One figure as displayed: short text, the same in words, and the kind that selects its style."""

    text: str
    spoken: str
    kind: str  # value, withheld, unavailable, not_collected, not_applicable, elsewhere


@dataclass
class Notes:
    """Notes of one selection, each listed once and numbered in the order in which figures refer to them."""

    texts: list[str] = field(default_factory=list)

    def number_note(self, text: str) -> str:
        """Return the number of a note, adding the note if it is new."""
        if text not in self.texts:
            self.texts.append(text)
        return str(self.texts.index(text) + 1)


def format_number(value: float, digits: int = 0) -> str:
    """Format a number with a thin space for thousands, as international offices do: 12345.6 -> '12 346'."""
    return f"{value:,.{digits}f}".replace(",", "\u202f")


def format_value(
    value: float | None, obs_status: str | None, conf_status: str | None, digits: int = 0
) -> FormattedFigure:
    """Format a figure as text, keeping zero, missing, not applicable and withheld distinct."""
    if value is not None:
        return FormattedFigure(format_number(value, digits), format_number(value, digits), "value")
    if conf_status not in (None, "F") or obs_status == "Q":
        return FormattedFigure(WITHHELD, "withheld", "withheld")
    if obs_status == "M":
        return FormattedFigure(NOT_APPLICABLE, "not applicable", "not_applicable")
    if obs_status == "K":
        return FormattedFigure(ELSEWHERE, "included in another category", "elsewhere")
    if obs_status == "L":
        return FormattedFigure(NOT_COLLECTED, "not collected", "not_collected")
    return FormattedFigure(UNAVAILABLE, "not available", "unavailable")


def format_absent() -> FormattedFigure:
    """Return the text for a cell that was never collected: the release has no row for it."""
    return FormattedFigure(NOT_COLLECTED, "not collected", "not_collected")


def format_count(cell: Row) -> FormattedFigure:
    """Format the count of a cell."""
    return format_value(cell["value"], cell["obs_status"], cell["conf_status"])


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
    return FormattedFigure(
        f"{plain.text} ({ends[0]}–{ends[1]})", f"{plain.text}, range {ends[0]} to {ends[1]}", "value"
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
    if cell["age"] == ADULT:
        texts.append(ADULTS_ONLY)
    if cell["value"] is None and cell["obs_status"] == "K":
        texts.append("Included in another category of the same office.")
    if cell.get("person_type") == "natural":
        texts.append("Natural persons only.")
    if cell.get("is_additive") is False:
        texts.append(NOT_ADDITIVE)
    return tuple(dict.fromkeys(notes.number_note(text) for text in texts))


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
