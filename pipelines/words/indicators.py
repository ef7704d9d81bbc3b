"""Put indicators into words: intervals, states, versions of a ratio, reasons, and comparisons of two territories."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import comb

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import FormattedFigure, Row
from pipelines.words.language import Texts, current_language, lower_first, many, tell
from pipelines.words.notes import ADULT
from pipelines.words.reasons import (
    ASPECTS,
    DIFFER,
    DIFFER_WITHIN,
    OTHERS,
    TOO_FEW_TO_SPLIT,
    UNSTATED,
    UNSTATED_WITHIN,
)
from pipelines.words.regions import MIXED_TERRITORIES, explain_too_few, is_mixed, refuse_figure

VERSIONS: Mapping[str, str] = Texts(
    {
        "same_period": mark("Same period"),
        "lagged": mark("With time lag"),
        "cohort": mark("Followed cases"),
    }
)
_SAME_YEAR = mark("Same year")
VERSIONS_TOLD: Mapping[str, str] = Texts(
    {
        "same_period": mark("both counts of the same period; these are different people"),
        "lagged": mark(
            "the later count divided by the count of the earlier stage some periods before, as the records show"
        ),
        "cohort": mark("people who entered in the period and were followed in case records"),
    }
)
RULES: Mapping[str, str] = Texts(
    {
        "nested": mark("Recommended: same period, because one count is part of the other."),
        "cohort_complete": mark("Recommended: followed cases, because the records follow them for long enough."),
        "lag_known": mark(
            "Recommended: with time lag, because records show how long it takes from one stage to the other."
        ),
        "lag_zero": mark(
            "Recommended: same period, because records show that it takes less than half a period from one stage "
            "to the other."
        ),
        "no_lag": mark("Recommended: same period, because the ratio with time lag cannot be calculated for it."),
        "refused": mark("No version is complete on its own: its two counts are not made in the same way."),
    }
)
_RULES_OF_YEARS: Mapping[str, str] = Texts(
    {
        "nested": mark("Recommended: same year, because one count is part of the other."),
        "lag_zero": mark(
            "Recommended: same year, because records show that it takes less than half a year from one stage to the "
            "other."
        ),
        "no_lag": mark("Recommended: same year, because the ratio with time lag cannot be calculated for it."),
    }
)
"""The rules of `RULES` that name the period, for figures of a year."""
TOO_FEW = words.TOO_FEW
FEW: Mapping[str, str] = Texts(
    {
        "count": mark("Fewer than {enough}: chance alone can change this a lot."),
        "share": mark("Fewer than {enough} in the part or in the rest: chance alone can change this a lot."),
        "ratio": mark("Fewer than {enough} in one of the two counts: chance alone can change this a lot."),
        "split": TOO_FEW_TO_SPLIT,
    },
    enough=ENOUGH_EVENTS,
)
"""Notes on figures that are too few to compare: those of one count, such as rates, of a part and its whole, of two
counts, and of changes that are split by four counts."""
BASIS: Mapping[str, str] = Texts(
    {
        "lower_bound": mark("One case can involve several people, so the real margin is wider than shown."),
        "quasi_exact": mark("The interval allows for several people per case."),
    }
)
FLAGS: Mapping[str, str] = Texts(
    {
        "common_reporters": mark("Only territories that have both counts are included."),
        "over_100": mark(
            "Over 100: the two counts are of different people, and the later count was larger in this period."
        ),
    }
)
VERDICTS: Mapping[str, str] = Texts(
    {"too_few": mark("too few to compare"), "missing": mark("not available"), "withheld": mark("withheld")}
)
APART = ("higher", "lower")
UNCLEAR = "depends_on_persons_per_case"
TESTED = (*APART, UNCLEAR, "no_difference")
SIMULTANEOUS = mark(
    "Because all pairs of a category are compared at once, each pair is tested more strictly and its interval is "
    "wider, to avoid false alarms. The intervals of the shares are not changed."
)
_ADULTS_IN_ONE = mark("One of the two counts is of adults only (18 and over).")
_FOLLOWED = mark("Of those who entered the earlier stage in this year and were followed in case records.")
_REGION_OF_ONE_PERIOD = mark(
    "For the region, both counts are of the same period, also for territories whose own figures are divided by an "
    "earlier year."
)
_NO_PAIR = mark(
    "The pair cannot be compared: a count is too small, a figure is missing or withheld, or the counting rules differ "
    "too much."
)
_NO_PAIRS = mark(
    "None of the {whole} pairs can be compared: in each, a count is too small, a figure is missing or withheld, or the "
    "counting rules differ too much."
)
_OTHER_PAIRS = mark(
    "Pairs are not compared if a count is too small, a figure is missing or withheld, or the counting rules differ "
    "too much."
)


def name_version(version: str, freq: str) -> str:
    """Return the name of a version of a ratio; "same period" is "same year" for a figure of a year."""
    return tell(_SAME_YEAR) if (version, freq) == ("same_period", "A") else VERSIONS[version]


def explain_rule(rule: str, freq: str) -> str:
    """Return the note on why a version of a ratio is recommended."""
    return _RULES_OF_YEARS[rule] if freq == "A" and rule in _RULES_OF_YEARS else RULES[rule]


def describe_version(version: str, *, is_nested: bool) -> str:
    """Describe what a version of a ratio divides by what."""
    if version == "same_period" and is_nested:
        return tell("both counts of the same period; one is part of the other")
    return VERSIONS_TOLD[version]


def has_two_periods(row: Row) -> bool:
    """Return True if there is a ratio, and its two counts are not both of its own period."""
    return row["value"] is not None and row.get("version") in ("lagged", "cohort")


def explain_version(row: Row) -> str:
    """Return the note on a yearly ratio whose two counts are not both of its own year; empty text for other figures.

    Such ratios are in one column with those of the same period.
    """
    if not has_two_periods(row):
        return ""
    if row["version"] == "cohort":
        return tell(_FOLLOWED)
    return many(
        "Divided by those who reached the earlier stage {n} year earlier, because records show that the step "
        "takes about that long.",
        "Divided by those who reached the earlier stage {n} years earlier, because records show that the step "
        "takes about that long.",
        row["lag"],
    )


def explain_region_version(region: Row | None, others: Iterable[Row]) -> str:
    """Return the note on a ratio of the region of one period next to territories whose ratios are of two; empty text if
    all are of one."""
    if region is None or region["value"] is None or has_two_periods(region):
        return ""
    return tell(_REGION_OF_ONE_PERIOD) if any(map(has_two_periods, others)) else ""


def explain_ages(row: Row) -> str:
    """Return the note on a ratio of which one count, or both, has no minors in it; empty text for others."""
    n_adult = str(row.get("ages") or "").split("/").count(ADULT)
    if row["value"] is None or not n_adult:
        return ""
    return tell("Adults only (18 and over).") if n_adult > 1 else tell(_ADULTS_IN_ONE)


def format_figure(row: Row | None, digits: int = 0) -> FormattedFigure:
    """Format an indicator with its range, `57 (40–81)`, or its symbol if there is none."""
    if row is None:
        return words.format_absent()
    if row.get("state") == "too_few_territories" or is_mixed(row):
        return refuse_figure()
    if words.is_unnamed(row):
        return words.format_unnamed()
    plain = words.format_value(row["value"], row["obs_status"], row["conf_status"], digits)
    if plain.kind != "value" or row.get("low") is None:
        return plain
    return _add_interval(plain, row["low"], row.get("high"), digits, current_language())


@lru_cache(maxsize=8192)
def _add_interval(
    plain: FormattedFigure, low: float, high: float | None, digits: int, _language: str
) -> FormattedFigure:
    """Return a figure with its range. A page shows the same figure in a sentence, in pictures and in tables."""
    lowest, lower = round_half_up(low, digits), words.format_number(low, digits)
    if high is None or high == float("inf"):
        return replace(
            plain,
            text=tell("{value} ({low} or more)", value=plain.text, low=lower),
            spoken=words.speak_interval(plain.text, lower),
            low=lowest,
            high=float("inf"),
        )
    upper = words.format_number(high, digits)
    return replace(
        plain,
        text=f"{plain.text} ({lower}–{upper})",
        spoken=words.speak_interval(plain.text, lower, upper),
        low=lowest,
        high=round_half_up(high, digits),
    )


def mark_notes(row: Row, notes: words.Notes, *, of: str = "") -> tuple[str, ...]:
    """Return the numbers of the notes that one indicator refers to: state, basis, flags, and differences between its
    sides. `of` is what it is made of, a key of FEW; without it, `find_basis` finds it."""
    if is_mixed(row):
        return (notes.number_note(tell(MIXED_TERRITORIES)),)  # marked in regions
    if words.is_unnamed(row):
        return (notes.number_note(words.describe_flag(words.UNNAMED)),)
    if row["value"] is None and row.get("is_allowed", True):
        return (notes.number_note(explain_too_few()),) if row.get("state") == "too_few_territories" else ()
    texts = [FEW[of or find_basis(row)]] if row.get("state") == "too_few" else []
    if row["value"] is not None and row.get("interval_basis") in BASIS:
        texts.append(BASIS[str(row["interval_basis"])])
    codes = ["nil_part" if flag == "nil" and row["value"] else flag for flag in _split_codes(row.get("flags"))]
    texts += [FLAGS[flag] if flag in FLAGS else words.describe_flag(flag) for flag in codes]
    texts += [text] if (text := explain_ages(row)) else []
    explanation = describe_reasons(row.get("reasons"), is_within=True)
    if explanation:
        texts.append(explanation)
    return tuple(dict.fromkeys(notes.number_note(text) for text in texts))


def find_basis(row: Row) -> str:
    """Return what the indicator of a row is made of, as a key of FEW. A row without a metric is a count."""
    return choose_basis(str(row.get("metric", "count")), is_nested=row.get("default_rule") == "nested")


def choose_basis(metric: str, *, is_nested: bool = False) -> str:
    """Return what an indicator is made of, as a key of FEW.

    With `is_nested`, it is the ratio of a count to one that it is part of, which is a share.
    """
    if is_nested:
        return "share"
    return {"count": "count", "rate": "count", "exit": "count", "share": "share", "exit_share": "share"}.get(
        metric, "ratio"
    )


def format_formula(formula: str, measures: Mapping[str, str]) -> str:
    """Return the formula with measures in words instead of the codes of the declaration."""
    names = {**measures, "x": "×", "/": "÷"}
    return re.sub(r"[^ ()]+", lambda part: names.get(part[0], part[0]), formula)


def describe_reasons(codes: str | None, *, is_within: bool = False) -> str:
    """Return sentences on where two figures differ or an aspect of one is not known; empty text if nowhere.

    With `is_within`, the two are the counts of which one figure is made.
    """
    differ: list[str] = []
    unstated: list[str] = []
    others: list[str] = []
    for code in _split_codes(codes):
        aspect, _, end = code.rpartition("_differs") if code.endswith("_differs") else code.rpartition("_not_stated")
        if aspect in ASPECTS and not end:
            (differ if code.endswith("_differs") else unstated).append(ASPECTS[aspect])
        else:
            others.append(OTHERS.get(code, f"{code.replace('_', ' ').capitalize()}."))
    differences, unknown = (DIFFER_WITHIN, UNSTATED_WITHIN) if is_within else (DIFFER, UNSTATED)
    sentences = [tell(differences, what=words.join_words(differ))] if differ else []  # marked in reasons
    sentences += [tell(unknown, what=words.join_words(unstated))] if unstated else []  # marked in reasons
    return " ".join([*sentences, *others])


_HIGHER = mark("The figure for {first} is higher than that for {second}: {ratio}.")
_LOWER = mark("The figure for {first} is lower than that for {second}: {ratio}.")
_LONGER = mark("The median wait is longer in {first} than in {second}: {ratio}.")
_SHORTER = mark("The median wait is shorter in {first} than in {second}: {ratio}.")
_UNCLEAR = mark(
    "{first} and {second} show no clear difference: it depends on how many persons a case has, which is not known."
)
_NO_DIFFERENCE = mark("No statistically clear difference between {first} and {second}.")
_NOT_COMPARED = mark("{first} and {second} are not compared. {reasons}")


def describe_pair(row: Row, names: Mapping[str, str]) -> str:
    """Describe one pair of territories in a sentence, with the ratio and its range if the pair was tested."""
    pair = {"first": names[row["area_a"]], "second": names[row["area_b"]]}
    verdict, reasons = row["verdict"], describe_reasons(row["reasons"])
    if verdict == "not_comparable":
        return tell(_NOT_COMPARED, **pair, reasons=reasons)
    if verdict in APART:
        higher, lower = (_LONGER, _SHORTER) if row["metric"] == "duration" else (_HIGHER, _LOWER)
        template = higher if verdict == "higher" else lower
        sentence = tell(template, **pair, ratio=_format_ratio(row))  # marked above
    elif verdict == UNCLEAR:
        sentence = tell(_UNCLEAR, **pair)
    elif verdict == "no_difference":
        sentence = tell(_NO_DIFFERENCE, **pair)
    else:
        return tell("{first} and {second}: {verdict}.", **pair, verdict=VERDICTS.get(verdict, verdict))
    is_with_care = row["is_with_care"] and row["reasons"]
    return f"{sentence} {tell('Compare with care: {reasons}', reasons=reasons)}" if is_with_care else sentence


_TIMES_AS_HIGH = mark("{ratio} times as high")
_TIMES_AS_LONG = mark("{ratio} times as long")
_ODDS = mark("{first} against {second} per cent; the odds {ratio}")


def _format_ratio(row: Row) -> str:
    """Format how many times one side is the other, with its range; for parts of a whole, the parts and their odds."""
    is_open = row["high"] is None or row["high"] == float("inf")
    # If nobody is left over on the other side, the odds ratio is infinite and only its lower end is known.
    times = tell("infinitely many times")
    if row["ratio"] is not None:
        number = words.format_number(row["ratio"], 2)
        text = _TIMES_AS_LONG if row["metric"] == "duration" else _TIMES_AS_HIGH
        times = tell(text, ratio=number)  # marked above
    span = words.add_interval(
        times, words.format_number(row["low"], 2), "" if is_open else words.format_number(row["high"], 2)
    )
    # If the first count is part of the second, the ratio of a pair is one of odds, not of the two figures.
    if not row.get("is_nested"):
        return span
    first, second = words.format_number(row["value_a"]), words.format_number(row["value_b"])
    return tell(_ODDS, first=first, second=second, ratio=span)


def describe_share_pairs(category: str, rows: Sequence[Row]) -> str:
    """Describe the shares of one category: how many pairs could be compared, how many differ clearly."""
    return f"{category}: {lower_first(_count_pairs(rows, len(rows)))}"


def describe_pairs(rows: Sequence[Row], areas: int = 0) -> str:
    """Describe how many pairs could be compared and differ clearly, why others could not, and what the tests allow for.

    `areas` is how many areas are compared: a release has no rows on those that never had the figure, whose pairs count
    as not compared. The tests of a release allow for all pairs of territories, also if `rows` are those of some of
    them.
    """
    n_rows_tested = sum(row["verdict"] in TESTED for row in rows)
    whole = max(len(rows), comb(areas, 2))
    if not n_rows_tested and whole == 1:
        return tell(_NO_PAIR)
    if not n_rows_tested:
        return tell(_NO_PAIRS, whole=whole)
    tested = max(n_rows_tested, *(row.get("n_tested") or 0 for row in rows))
    counted = f"{_count_pairs(rows, whole)} {_describe_rules_of_pairs(rows)}".strip()
    if n_rows_tested < whole:
        counted = f"{counted} {tell(_OTHER_PAIRS)}"
    if tested == 1:
        return counted
    if tested > n_rows_tested:
        strictness = many(
            "The tests and their intervals allow for {n} pair of all territories compared at once, to avoid false "
            "alarms.",
            "The tests and their intervals allow for all {n} pairs of territories compared at once, to avoid false "
            "alarms.",
            tested,
        )
        return f"{counted} {strictness}"
    strictness = many(
        "Because {n} pair is compared at once, each pair is tested more strictly and its interval is wider, to avoid "
        "false alarms. The intervals of the figures are not changed.",
        "Because {n} pairs are compared at once, each pair is tested more strictly and its interval is wider, to avoid "
        "false alarms. The intervals of the figures are not changed.",
        tested,
    )
    return f"{counted} {strictness}"


def _describe_rules_of_pairs(rows: Sequence[Row]) -> str:
    """Return how many of the tested pairs need care, because their territories count in different ways."""
    by_pair = [
        {code.removesuffix("_differs") for code in _split_codes(row["reasons"]) if code.endswith("_differs")}
        for row in rows
        if row["verdict"] in TESTED and row["is_with_care"]
    ]
    aspects = [name for code, name in ASPECTS.items() if any(code in codes for codes in by_pair)]
    if not aspects:
        return ""
    return many(
        "In {n} of the compared pairs, the territories do not count in the same way, so compare it with care. What "
        "differs: {what}.",
        "In {n} of the compared pairs, the territories do not count in the same way, so compare them with care. What "
        "differs: {what}.",
        sum(bool(codes & ASPECTS.keys()) for codes in by_pair),
        what=words.join_words(aspects),
    )


def _count_pairs(rows: Sequence[Row], whole: int) -> str:
    tested = [row for row in rows if row["verdict"] in TESTED]
    apart = sum(row["verdict"] in APART for row in tested)
    if whole == 1 and tested:
        return tell("The pair differs clearly.") if apart else tell("The pair does not differ clearly.")
    compared = tell("{tested} of {whole} pairs of territories could be compared.", tested=len(tested), whole=whole)
    if not apart:
        return f"{compared} {tell('No pair differs clearly.')}"
    return f"{compared} {tell('Clear differences: {n}.', n=apart)}"


def _split_codes(text: str | None) -> list[str]:
    return [code for code in (text or "").split(",") if code]
