"""Put a change over time into words: how many times more or fewer, and whether the change is clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.change import CountChange, compute_change
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import Row, changes
from pipelines.words.language import Texts, many, tell

READ = mark(
    "The ratio of the two years is the later count divided by the earlier one, with its 95% confidence interval. A "
    "change is called clear only if it also holds when several persons are tried in one case. "
    "No change is tested across a break in the series."
)
VERDICTS: Mapping[str, str] = Texts(
    {
        "rise": mark("clear rise"),
        "fall": mark("clear fall"),
        "no_clear_change": mark("no clear change"),
        "too_few": mark("too few to compare"),
        "break": mark("not tested: break"),
        "reporters": mark("not tested: different territories"),
        "missing": mark("not available"),
        "withheld": mark("withheld"),
    }
)
_TOO_FEW = mark("Too few to compare: one of the two counts is under {enough}.")
_OTHER_TERRITORIES = mark("Not tested: the two totals cover different territories.")


@dataclass(frozen=True)
class Trend:
    """The change of one series between two periods: a verdict, the numbers if it was tested, and a note."""

    verdict: str
    change: CountChange | None = None
    note: str = ""


def judge_trend(first: Row | None, last: Row | None, breaks: Sequence[Row]) -> Trend:
    """Judge the change between two cells; `breaks` are those of the series between the two periods."""
    if first is None or last is None:
        return Trend("missing")
    figures = [words.format_count(row) for row in (first, last)]
    if any(figure.kind == "withheld" for figure in figures):
        return Trend("withheld")
    if any(figure.kind != "value" for figure in figures):
        return Trend("missing")
    if breaks:
        texts = " ".join(changes.describe_breaks(breaks))
        return Trend("break", note=tell("Not tested across a break in the series. {breaks}", breaks=texts))
    if first["reporters"] != last["reporters"]:
        return Trend("reporters", note=tell(_OTHER_TERRITORIES))
    change = compute_change(first["value"], last["value"])
    note = tell(_TOO_FEW, enough=ENOUGH_EVENTS) if change.verdict == "too_few" else ""
    return Trend(change.verdict, change, note)


def name_ratio(first: str, last: str) -> str:
    """Return the title of the column of ratios: '2025 ÷ 2023'."""
    return f"{last} ÷ {first}"


def format_times(trend: Trend) -> str:
    """Format how many times the first count the last one is: '1.13 (0.79–1.61)'; empty text if it was not tested."""
    change = trend.change
    if change is None or change.ratio is None or change.low is None or change.high is None:
        return ""
    ratio, low, high = (words.format_number(number, 2) for number in (change.ratio, change.low, change.high))
    return f"{ratio} ({low}–{high})"


def count_tested(trends: Sequence[Trend]) -> str:
    """Return the sentence on how many changes were tested; empty text if at most one was."""
    tested = sum(trend.change is not None and trend.change.ratio is not None for trend in trends)
    if tested < 2:
        return ""
    return many(
        "{n} change was tested. About one in 20 tests finds a clear change by chance alone.",
        "{n} changes were tested. About one in 20 tests finds a clear change by chance alone.",
        tested,
    )
