"""Put figures into words: symbols for missing values, names of periods and areas, notes, and the sentence to quote.

The modules of this package do the same for changes, durations, indicators and the region, and for reason codes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.core.i18n.periods import format_period
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words.language import THOUSANDS as THOUSANDS
from pipelines.words.language import Texts, current_language, find_label, lower_first, many, tell
from pipelines.words.language import format_number as format_number

Row = Mapping[str, Any]

WITHHELD = mark("withheld")
UNAVAILABLE = mark("not available")
NOT_COLLECTED = mark("not collected")
LEGEND: Mapping[str, tuple[str, ...]] = Texts(
    {
        "zero": ("0", mark("Zero: the office reported that there was none.")),
        "withheld": (
            WITHHELD,
            mark("Hidden to protect individuals. The figure may be small, larger, or zero."),
        ),
        "unreceived": (mark("not received"), mark("No data from the office for this period so far.")),
        "unavailable": (UNAVAILABLE, mark("Part of the data is missing or cannot be used.")),
        "not_collected": (
            NOT_COLLECTED,
            mark("The office does not count this, or not for this kind of period."),
        ),
        "not_applicable": (mark("not applicable"), mark("The figure cannot exist here.")),
        "elsewhere": (mark("in another category"), mark("Included in another category of the same office.")),
        "few": (
            mark("few"),
            mark(
                "Fewer than {enough}: compare with care. Chance alone can change such a figure a lot. In charts its "
                "bar or dot is hollow."
            ),
        ),
    },
    enough=ENOUGH_EVENTS,
)
"""Word shown instead of or next to a figure, and its explanation, by the kind of the field."""
ADULT = "Y_GE18"
TOO_FEW = mark("too few to compare")
"""State of a figure if one of its numbers is below the minimum of a comparison."""

FLAGS: Mapping[str, str] = Texts(
    {
        "partial": mark("Partial: the sum of those that reported, not of the whole region."),
        "nil": mark("Nil return: the office confirmed that there was nothing to report."),
        "nil_part": mark("A confirmed nil return is among the parts of this figure."),
        "provisional": mark("Provisional: may be revised."),
        "break": mark(
            "There is a break in the series within the period: figures from before and after it are in one number."
        ),
        "population_carried_forward": mark("Rate based on the last known population, carried forward."),
        "band_not_nested": mark("Some lengths as reported do not fit the common bands and are counted as unknown."),
        "negative_difference": mark("The cumulative returns fell from one quarter to the next, so there is no figure."),
        "ytd_gap": mark("A cumulative return before this one is missing, so the quarter cannot be calculated."),
        "quarter_missing": mark("At least one quarter of the year is missing, so there is no annual figure."),
        "transfer_deducted": mark(
            "Persons handed over between jurisdictions are counted once: the second count is subtracted."
        ),
        "transfer_not_split": mark(
            "Handed-over persons could not be identified in this breakdown, so there is no total."
        ),
    }
)
"""Notes for the flags of a cell (column `flags`)."""
BASIS: Mapping[str, str] = Texts(
    {
        "derived_ytd": mark("Calculated from year-to-date figures."),
        "derived_quarters": mark("Sum of four quarters: the office sent no annual figure."),
        "records": mark("Counted from pseudonymised records."),
    }
)
STOCK_OF_YEAR = mark(
    "Number at the start of the first quarter or at the end of the last. Numbers on a day are not added up."
)
STATUS: Mapping[str, str] = Texts(
    {
        "B": mark("Break in the series: not comparable with the periods before."),
        "D": mark("The definition differs."),
        "E": mark("Estimated."),
        "P": mark("Provisional."),
        "U": mark("Low reliability."),
        "W": mark("Includes another category."),
    }
)
ADULTS_ONLY = mark(
    "Adults only (18 and over): the office counts no minors here, so there is no total of all ages and no rate."
)
NOT_ADDITIVE = mark(
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
        spoken=speak_interval(plain.text, *ends),
        low=round(low, 2),
        high=round(high, 2),
    )


def speak_interval(value: str, low: str, high: str = "") -> str:
    """Return a figure with its 95% confidence interval in words, without `high` one that has no upper end."""
    if not high:
        return tell("{value}, 95% confidence interval {low} or more", value=value, low=low)
    return tell("{value}, 95% confidence interval {low} to {high}", value=value, low=low, high=high)


def add_interval(value: str, low: str, high: str = "") -> str:
    """Return a figure with its 95% confidence interval for a sentence, without `high` one that has no upper end."""
    if not high:
        return tell("{value} (95% confidence interval {low} or more)", value=value, low=low)
    return tell("{value} (95% confidence interval {low} to {high})", value=value, low=low, high=high)


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
    texts += [describe_flag(flag) for flag in flags]
    if cell["value"] is not None and cell.get("basis") in BASIS:
        stock = cell["basis"] == "derived_quarters" and cell["statistic"] != "count"
        texts.append(tell(STOCK_OF_YEAR) if stock else BASIS[cell["basis"]])
    if cell["obs_status"] in STATUS and cell["age"] != ADULT:
        texts.append(STATUS[cell["obs_status"]])
    if cell["age"] == ADULT and cell.get("is_total"):
        # The release makes adults the total of a measure only where minors are not counted.
        texts.append(tell(ADULTS_ONLY))
    if cell["value"] is None and cell["obs_status"] == "K":
        texts.append(LEGEND["elsewhere"][1])
    if cell.get("person_type") == "natural":
        texts.append(tell("Natural persons only."))
    if cell.get("is_additive") is False:
        texts.append(tell(NOT_ADDITIVE))
    return tuple(dict.fromkeys(notes.number_note(text) for text in texts))


def describe_flag(flag: str) -> str:
    """Return the note for a flag of a cell."""
    if flag in FLAGS:
        return FLAGS[flag]
    return tell("Flagged by the pipeline: {flag}.", flag=flag.replace("_", " "))


def count_more_notes(number: int) -> str:
    """Return the label of the fold that holds the notes beyond those shown."""
    return many("{n} more note", "{n} more notes", number)


def describe_common_note(text: str) -> str:
    """Return a note as a remark on all figures of a table."""
    return tell("{note} (all figures).", note=text.removesuffix("."))


def describe_few_state() -> str:
    """Return the words of a downloaded table for a figure below the minimum of a comparison."""
    return tell("fewer than {enough}: compare with care", enough=ENOUGH_EVENTS)


def period_short(period: str) -> str:
    """Format a period briefly: 2026-Q3 -> '2026 Q3', 2023-2025 -> '2023–2025'."""
    return format_period(period, current_language())


_QUARTERS: Texts[str] = Texts(
    {
        "1": mark("the first quarter of {year}"),
        "2": mark("the second quarter of {year}"),
        "3": mark("the third quarter of {year}"),
        "4": mark("the fourth quarter of {year}"),
    }
)


def period_words(period: str) -> str:
    """Format a period in words: 2026-Q3 -> 'the third quarter of 2026'."""
    year, is_quarter, quarter = period.partition("-Q")
    if is_quarter:
        return _QUARTERS.fill_text(quarter, year=year)
    first, is_span, last = period.partition("-")
    return tell("the years {first} to {last}", first=first, last=last) if is_span else period


_DAYS: Texts[str] = Texts(
    {
        "01": mark("{day} January {year}"),
        "02": mark("{day} February {year}"),
        "03": mark("{day} March {year}"),
        "04": mark("{day} April {year}"),
        "05": mark("{day} May {year}"),
        "06": mark("{day} June {year}"),
        "07": mark("{day} July {year}"),
        "08": mark("{day} August {year}"),
        "09": mark("{day} September {year}"),
        "10": mark("{day} October {year}"),
        "11": mark("{day} November {year}"),
        "12": mark("{day} December {year}"),
    }
)
"""Dates by month, whole, because the name of a month has another form after a day in some languages."""


def format_day(day: date) -> str:
    """Format a day: 14 November 2026."""
    return _DAYS.fill_text(f"{day:%m}", day=day.day, year=day.year)


def join_words(items: Iterable[str]) -> str:
    """Join items into 'a, b and c'."""
    parts = list(items)
    if len(parts) < 2:
        return "".join(parts)
    return tell("{items} and {last}", items=", ".join(parts[:-1]), last=parts[-1])


def stage_name(measure: str) -> str:
    """Return the name of a stage: investigated -> 'Investigated', convicted_first -> 'Convicted'; the page names the
    track separately."""
    label = find_label("measure", measure, codes.get_code_label("measure", measure))
    # The labels of the code list have the track after a comma, and explanations in brackets.
    return label.partition(",")[0].partition(" (")[0]


RATES_OF_PERIOD = mark("Rates are for the period shown and are never annualised.")
TRACKS: Mapping[str, str] = Texts(
    {
        "first": mark("First instance"),
        "final": mark("Final decisions"),
    }
)
TRACK_WORDS: Mapping[str, str] = Texts(
    {
        "first": mark("at first instance"),
        "final": mark("by final decision"),
    }
)


def unit_name(code: str) -> str:
    """Return a count unit in words for the inside of a sentence: 'persons'."""
    try:
        return lower_first(find_label("count_unit", code, codes.get_code_label("count_unit", code)))
    except codes.UnknownCodeError:
        return code


def count_units(value: float, code: str) -> str:
    """Return a number of count units: '1 person', '1 268 cases'."""
    match code:
        case "person":
            return many("{n} person", "{n} persons", value)
        case "case":
            return many("{n} case", "{n} cases", value)
        case "victim":
            return many("{n} victim", "{n} victims", value)
        case "migrant":
            return many("{n} migrant", "{n} migrants", value)
        case "sanction":
            return many("{n} sanction", "{n} sanctions", value)
        case "offence":
            return many("{n} offence", "{n} offences", value)
    return f"{format_number(value)} {unit_name(code)}"


def describe_coverage(reporters: str, territories: Sequence[tuple[str, str]]) -> tuple[str, list[str]]:
    """Return '5 of 7' and the names of the territories that are not in the figure; `territories` are the codes and
    names of all."""
    present = [code for code in reporters.split(",") if code]
    count = tell("{n} of {whole}", n=len(present), whole=len(territories))
    return count, [name for code, name in territories if code not in present]


DEMONSTRATION = mark("Demonstration data: every figure is invented.")


def cite_release(release: Row) -> str:
    """Return the citation of the edition."""
    sentences = [tell("Regional trafficking indicators, release {release}.", release=release["release"])]
    return " ".join([*sentences, *([tell(DEMONSTRATION)] if release["demonstration"] else [])])


def cite_table(release: Row, title: str, coverage: str, address: str, day: date) -> str:
    """Return the citation of one table: publisher, title, coverage, release, address and day of access."""
    sentences = [
        tell(
            "Regional trafficking indicators: {title}. Coverage: {coverage}. Release {release}.",
            title=title,
            coverage=coverage,
            release=release["release"],
        ),
        tell(DEMONSTRATION) if release["demonstration"] else "",
        tell("{address} (accessed {day}).", address=address, day=format_day(day)),
    ]
    return " ".join(filter(None, sentences))
