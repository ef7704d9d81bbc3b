"""Name periods, days, stages and units inside of sentences, and join names into lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from pipelines.core import codes, i18n
from pipelines.core.i18n import mark
from pipelines.core.i18n.periods import format_period
from pipelines.words.language import Texts, current_language, find_label, format_number, lower_first, many, tell

_QUARTERS: Texts[str] = Texts(
    {
        "1": mark("the first quarter of {year}"),
        "2": mark("the second quarter of {year}"),
        "3": mark("the third quarter of {year}"),
        "4": mark("the fourth quarter of {year}"),
    }
)
_MONTHS: Texts[str] = Texts(
    {
        "01": mark("January {year}"),
        "02": mark("February {year}"),
        "03": mark("March {year}"),
        "04": mark("April {year}"),
        "05": mark("May {year}"),
        "06": mark("June {year}"),
        "07": mark("July {year}"),
        "08": mark("August {year}"),
        "09": mark("September {year}"),
        "10": mark("October {year}"),
        "11": mark("November {year}"),
        "12": mark("December {year}"),
    }
)
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
RATES_OF_PERIOD = mark("Rates are for the period shown and are never annualised.")


def period_short(period: str) -> str:
    """Format a period briefly: 2026-Q3 -> '2026 Q3', 2023-2025 -> '2023–2025'."""
    return format_period(period, current_language())


def name_years(years: Iterable[str]) -> str:
    """Return the first and the last of some years as a period: '2021–2025', or the only one."""
    ordered = sorted(years)
    return "–".join(dict.fromkeys((ordered[0], ordered[-1])))


def name_span(periods: Iterable[str]) -> str:
    """Return the first and the last of some periods of one length, for a title: '2022 Q4–2026 Q3', '2021–2025'."""
    ordered = sorted(periods)
    if not ordered:
        return ""
    first, last = ordered[0], ordered[-1]
    if "-Q" not in first:
        return name_years((first[:4], last[-4:]))
    return "–".join(dict.fromkeys((period_short(first), period_short(last))))


def period_words(period: str) -> str:
    """Format a period in words: 2026-Q3 -> 'the third quarter of 2026'."""
    year, is_quarter, quarter = period.partition("-Q")
    if is_quarter:
        return _QUARTERS.fill_text(quarter, year=year)
    first, is_span, last = period.partition("-")
    return tell("the years {first} to {last}", first=first, last=last) if is_span else period


def period_brief(code: str) -> str:
    """Return a period as briefly as an axis or a narrow column needs it: 'К3 2026' for '3. квартал 2026'."""
    year, _, quarter = code.partition("-Q")
    name = period_short(code)
    brief = f"{tell('Q{quarter}', quarter=quarter)} {year}" if quarter else name
    return brief if len(brief) < len(name) else name


def format_month(day: date) -> str:
    """Format the month of a day: November 2026."""
    return _MONTHS.fill_text(f"{day:%m}", year=day.year)


def format_day(day: date) -> str:
    """Format a day: 14 November 2026."""
    return i18n.format_day(day, current_language())


def join_words(items: Iterable[str]) -> str:
    """Join items into 'a, b and c'."""
    parts = list(items)
    if len(parts) < 2:
        return "".join(parts)
    return tell("{items} and {last}", items=", ".join(parts[:-1]), last=parts[-1])


_ABBREVIATIONS: Texts[str] = Texts(
    {
        "selec": mark("Southeast European Law Enforcement Center"),
        "pcc_see": mark("Police Cooperation Convention for Southeast Europe"),
    }
)
"""Channels of cooperation whose labels are abbreviations."""


def explain_abbreviations(texts: Iterable[str]) -> list[str]:
    """Return what the abbreviations in some texts mean: 'SELEC: Southeast European Law Enforcement Center.'"""
    present = list(texts)
    labels = {code: find_label("channel", code, codes.get_code_label("channel", code)) for code in _ABBREVIATIONS}
    return [
        f"{label}: {_ABBREVIATIONS[code]}." for code, label in labels.items() if any(label in text for text in present)
    ]


_STAGES: Texts[str] = Texts(
    {
        "adjudicated": mark("Adjudicated"),
        "convicted": mark("Convicted"),
        "sentenced": mark("Sentenced"),
    }
)
"""Stages that have a measure for each track."""


def stage_name(measure: str) -> str:
    """Return the name of a stage: investigated -> 'Investigated', convicted_first -> 'Convicted'; the page names the
    track separately."""
    stage, is_track, _ = measure.rpartition("_")
    if is_track and stage in _STAGES:
        return _STAGES[stage]
    # Some labels explain themselves in brackets.
    return find_label("measure", measure, codes.get_code_label("measure", measure)).partition(" (")[0]


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
