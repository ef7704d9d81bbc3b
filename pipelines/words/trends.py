"""Put a change over time into words: how many times more or fewer, and whether the change is clear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.statistics.change import Change, compute_change
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import Row, changes

READ = (
    "“Times” is the last count divided by the first, with its 95% confidence interval. A change is called clear only "
    "if it also holds when several persons are tried in one case. No change is tested across a break in the series."
)
CHANCE = "{n} changes were tested. About one in 20 tests finds a clear change by chance alone."
VERDICTS = {
    "rise": "clear rise",
    "fall": "clear fall",
    "no_clear_change": "no clear change",
    "too_few": words.TOO_FEW,
    "break": "not tested: break",
    "reporters": "not tested: other territories",
    "missing": "not available",
    "withheld": "withheld",
}
_NOTES = {
    "too_few": f"Too few to compare: one of the two counts is under {ENOUGH_EVENTS}.",
    "break": "Not tested across a break in the series. {breaks}",
    "reporters": "Not tested: the two totals are not of the same territories.",
}


@dataclass(frozen=True)
class Trend:
    """The change of one series between two periods: a verdict, the numbers if it was tested, and a note."""

    verdict: str
    change: Change | None = None
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
        return Trend("break", note=_NOTES["break"].format(breaks=texts))
    if first["reporters"] != last["reporters"]:
        return Trend("reporters", note=_NOTES["reporters"])
    change = compute_change(first["value"], last["value"])
    return Trend(change.verdict, change, _NOTES.get(change.verdict, ""))


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
    return CHANCE.format(n=tested) if tested > 1 else ""
