"""Put a change over time into words: how many times more or fewer, and whether the change is clear."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Protocol

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.change import (
    CountChange,
    Kind,
    Operands,
    Verdict,
    compute_change,
    compute_figure_change,
)
from pipelines.statistics.medians import Median, compare_medians
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import Row, changes, regions
from pipelines.words.language import Texts, tell

READ = mark(
    "The ratio is the later figure divided by the earlier one, with its 95% confidence interval. A "
    "change is called clear only if it also holds when one case involves several people. "
    "No change is tested across a break in the series."
)
READ_MEDIANS = mark(
    "The ratio of the two years is the later median divided by the earlier one, with a 95% confidence interval that is "
    "computed from the published intervals of both."
)
READ_REQUESTS = mark(
    "The ratio of the two years is the later figure divided by the earlier one, with its 95% confidence interval. A "
    "change is called clear only if it also holds when several requests belong to one case."
)
NO_SERIES = mark("The records of all years are taken together, so no change over time is tested.")
NO_COHORTS = mark(
    "No change from year to year is tested, because the counts behind the shares of followed cases are not published."
)
NO_STOCKS = mark(
    "No change over time is tested, because pending cases are in this indicator: the same case can be pending in both "
    "periods."
)
VERDICTS: Mapping[str, str] = Texts(
    {
        "rise": mark("clear rise"),
        "fall": mark("clear fall"),
        "no_clear_change": mark("no clear change"),
        "too_few": mark("too few to compare"),
        "break": mark("not tested: break"),
        "reporters": mark("not tested: different territories"),
        "untestable": mark("not tested"),
        "missing": mark("not available"),
        "withheld": mark("withheld"),
    }
)
_TOO_FEW = mark("Too few to compare: at least one of the two counts is under {enough}.")
_TOO_FEW_OF: Mapping[Kind, str] = {
    "rate": _TOO_FEW,
    "ratio": mark("Too few to compare: at least one of the counts behind the two figures is under {enough}."),
    "part": mark(
        "Too few to compare: at least one of the two figures has fewer than {enough} in the part or in the rest."
    ),
}
_TOO_FEW_MEDIANS = mark("Too few to compare: at least one of the two medians is based on fewer than {enough} people.")
UNCLEAR_OF_PERSONS = mark("Not clear, because one case can involve several people.")
UNCLEAR_OF_REQUESTS = mark("Not clear, because several requests can belong to one case.")
_OTHER_TERRITORIES = mark("Not tested: the two figures cover different territories.")
_OTHER_VERSION = mark("Not tested: the two ratios are calculated in different ways.")
_DIVIDED_EARLIER = mark(
    "The figure of {period} is divided by a count of {earlier}, so breaks from {earlier} on are included."
)
_NO_COUNTS = mark("Not tested: the counts behind the shares of followed cases are not published.")


@dataclass(frozen=True)
class Trend:
    """The change of one series between two periods: a verdict, the numbers if it was tested, and a note."""

    verdict: str
    change: CountChange | None = None
    note: str = ""
    is_without_figures: bool = False
    """Neither period has a figure."""


class ShownFigure(Protocol):
    """A figure as it is shown: its text, and its kind, which is `value` or `few` for a number."""

    @property
    def text(self) -> str: ...

    @property
    def kind(self) -> str: ...


def name_verdict(trend: Trend, figures: Sequence[ShownFigure]) -> str:
    """Return the verdict on a change in words. Without one of the figures, this is the state shown instead of it.

    `figures` are those of the two periods, the earlier one first. If both are missing, the state is of the later one.
    """
    states = [figure.text for figure in figures if figure.kind not in ("value", "few")]
    return states[-1] if trend.verdict == "missing" and states else VERDICTS[trend.verdict]


def judge_trend(
    first: Row | None, last: Row | None, breaks: Sequence[Row], *, unclear: str = UNCLEAR_OF_PERSONS
) -> Trend:
    """Judge the change between two counts; `breaks` are those of the series between the two periods.

    `unclear` is the note of a change that is clear only if each case had one person.
    """
    prevented = _find_obstacle(first, last, breaks)
    if prevented is not None or first is None or last is None:
        return prevented or Trend("missing")
    change = compute_change(first["value"], last["value"])
    return Trend(change.verdict, change, _explain(change, _TOO_FEW, unclear))


def judge_figures(
    kind: Kind, first: Row | None, last: Row | None, breaks: Sequence[Row], *, unclear: str = UNCLEAR_OF_PERSONS
) -> Trend:
    """Judge the change between two rates, ratios or shares, by the published counts behind them."""
    prevented = _find_obstacle(first, last, breaks)
    if prevented is not None and prevented.verdict == "break":
        return replace(prevented, note=f"{prevented.note} {_explain_lag(first)}".strip())
    if prevented is not None or first is None or last is None:
        return prevented or Trend("missing")
    if first.get("version") != last.get("version"):
        return Trend("untestable", note=tell(_OTHER_VERSION))
    if any(row[name] is None for row in (first, last) for name in ("numerator", "denominator")):
        return Trend("untestable", note=tell(_NO_COUNTS))
    # A rate is treated as its count is, so that the two changes differ by the populations alone.
    dispersions = [1.0 if kind == "rate" else row.get("dispersion") or 1.0 for row in (first, last)]
    operands = [
        Operands(row["numerator"], row["denominator"], dispersion)
        for row, dispersion in zip((first, last), dispersions, strict=True)
    ]
    change = compute_figure_change(kind, *operands)
    return Trend(change.verdict, change, _explain(change, _TOO_FEW_OF[kind], unclear))


def judge_medians(first: Row | None, last: Row | None, breaks: Sequence[Row]) -> Trend:
    """Judge the change between two medians of case records, by their published limits."""
    prevented = _find_obstacle(first, last, breaks)
    if prevented is not None or first is None or last is None:
        return prevented or Trend("missing")
    if "too_few" in (first["state"], last["state"]):
        return Trend("too_few", note=tell(_TOO_FEW_MEDIANS, enough=ENOUGH_EVENTS))
    if any(row["low"] is None or not row["value"] for row in (first, last)):
        return Trend("untestable")
    ends = (Median(row["value"], row["low"], inf if row["high"] is None else row["high"]) for row in (last, first))
    (contrast,) = compare_medians([*ends])
    verdict: Verdict = "rise" if contrast.low > 1 else "fall" if contrast.high < 1 else "no_clear_change"
    return Trend(verdict, CountChange(verdict, contrast.ratio, contrast.low, contrast.high))


def _find_obstacle(first: Row | None, last: Row | None, breaks: Sequence[Row]) -> Trend | None:
    """Return why two figures are not compared: one is not shown, a break is between them, or others are in them."""
    kinds = [_find_kind(row) for row in (first, last)]
    if first is None or last is None or "" in kinds:
        return Trend("missing", is_without_figures="value" not in kinds and "withheld" not in kinds)
    if "withheld" in kinds:
        return Trend("withheld")
    if kinds != ["value", "value"]:
        return Trend("missing", is_without_figures="value" not in kinds)
    if breaks:
        texts = " ".join(changes.describe_breaks(breaks))
        return Trend("break", note=tell("Not tested across a break in the series. {breaks}", breaks=texts))
    if first.get("reporters") != last.get("reporters"):
        return Trend("reporters", note=tell(_OTHER_TERRITORIES))
    return None


def _find_kind(row: Row | None) -> str:
    """Return the kind of a figure as it is shown; an empty text if there is none."""
    if row is None or regions.is_mixed(row):
        return ""
    return words.format_value(row["value"], row["obs_status"], row["conf_status"]).kind


def _explain_lag(first: Row | None) -> str:
    """Return why a break before the first figure counts: one of its two counts is of an earlier period."""
    earlier = first.get("denominator_period") if first is not None else None
    if first is None or not earlier or earlier >= first["period"]:
        return ""
    period, denominator = words.period_short(first["period"]), words.period_short(earlier)
    return tell(_DIVIDED_EARLIER, period=period, earlier=denominator)


def _explain(change: CountChange, few: str, unclear: str) -> str:
    """Return the note of a change that was not tested, or that is not clear although its interval excludes 1."""
    if change.verdict == "too_few":
        return tell(few, enough=ENOUGH_EVENTS)  # marked above
    return tell(unclear) if is_unclear(change) else ""  # marked above


def explain_few(kind: Kind) -> str:
    """Return the note on two figures that are not compared because too few are behind one of them."""
    return tell(_TOO_FEW_OF[kind], enough=ENOUGH_EVENTS)  # marked above


def is_unclear(change: CountChange) -> bool:
    """Return True if a change is clear of single persons, but not if several persons can be tried in one case."""
    is_clear_of_one = change.low is not None and change.high is not None and (change.low > 1 or change.high < 1)
    return change.verdict == "no_clear_change" and is_clear_of_one


def name_ratio(first: str, last: str) -> str:
    """Return the title of the column of ratios: 'Ratio of 2025 to 2023'."""
    return tell("Ratio of {last} to {first}", last=last, first=first)


def format_times(trend: Trend) -> str:
    """Format how many times the first figure the last one is: '1.13 (0.79–1.61)'; empty text if it was not tested."""
    change = trend.change
    if change is None or change.ratio is None or change.low is None or change.high is None:
        return ""
    ratio, low = (words.format_number(number, 2) for number in (change.ratio, change.low))
    if change.high == inf:
        return tell("{value} ({low} or more)", value=ratio, low=low)
    return f"{ratio} ({low}–{words.format_number(change.high, 2)})"


def count_tested(trends: Sequence[Trend]) -> str:
    """Return the sentence on how many changes were tested; empty text if at most one was."""
    tested = sum(trend.change is not None and trend.change.ratio is not None for trend in trends)
    if tested < 2:
        return ""
    return tell("Changes tested: {n}. About one in 20 tests finds a clear change by chance alone.", n=tested)
