"""Put indicators into words: intervals, states, versions of a ratio, reasons, and comparisons of two territories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import FormattedFigure, Row
from pipelines.words.reasons import ASPECTS, OTHERS
from pipelines.words.regions import NO_REGION, TOO_FEW_TERRITORIES

VERSIONS: Mapping[str, str] = {
    "same_period": mark("Same period"),
    "lagged": mark("Lagged"),
    "cohort": mark("Cohort"),
}
VERSIONS_TOLD: Mapping[str, str] = {
    "same_period": "both counts of one period; persons are not followed",
    "lagged": "the later count divided by the earlier count of some whole periods before, as the territory's "
    "records show",
    "cohort": "those who entered in the period and were followed in records",
}
RULES: Mapping[str, str] = {
    "nested": "Recommended: same period, because one count is part of the other.",
    "cohort_complete": "Recommended: cohort, because the records follow it for long enough.",
    "lag_known": "Recommended: lagged, because records show how long it takes from one stage to the other.",
    "lag_zero": "Recommended: same period, because records show that it takes less than half a period from one stage "
    "to the other.",
    "no_lag": "Recommended: same period, because no records show how long it takes from one stage to the other.",
    "refused": "No version is complete on its own: the two sides count differently.",
}
TOO_FEW = words.TOO_FEW
STATES: Mapping[str, str] = {
    "too_few": f"Fewer than {ENOUGH_EVENTS} in one of the two counts, or in the rest of a share: chance alone can "
    "change this a lot.",
}
BASIS: Mapping[str, str] = {
    "lower_bound": "One case can involve several people, so the real margin is wider than shown.",
    "quasi_exact": "The interval allows for several people per case.",
}
FLAGS: Mapping[str, str] = {
    "common_reporters": "Only territories that have both figures are included: sums of different territories are "
    "not divided.",
    "over_100": "Over 100 per cent: two different groups are divided, and the later one was larger in this period.",
}
VERDICTS: Mapping[str, str] = {
    "too_few": TOO_FEW,
    "missing": "not available",
    "withheld": "withheld",
}
APART = ("higher", "lower")
UNCLEAR = "depends_on_persons_per_case"
TESTED = (*APART, UNCLEAR, "no_difference")
SIMULTANEOUS = "Because all pairs of a category are compared at once, the intervals are widened to avoid false alarms."
_TESTED_PAIRS = "{tested} of {whole} pairs had enough data. {apart}"
_WIDENED = "Because {tested} pairs are compared at once, the intervals are widened to avoid false alarms."
_APART_PAIRS = ("None differs clearly.", "One differs clearly.", "{n} differ clearly.")
_NO_PAIRS = (
    f"None of {{whole}} pairs can be compared: a side has under {ENOUGH_EVENTS}, is not public, or counts differently."
)


def describe_version(version: str, *, is_nested: bool) -> str:
    """Describe what a version of a ratio divides by what."""
    if version == "same_period" and is_nested:
        return "both counts of one period; one is part of the other"
    return VERSIONS_TOLD[version]


def format_figure(row: Row | None, digits: int = 0) -> FormattedFigure:
    """Format an indicator with its range, `57 (40–81)`, or its symbol if there is none."""
    if row is None:
        return words.format_absent()
    if row.get("state") == "too_few_territories":
        return FormattedFigure(NO_REGION, NO_REGION, "note")
    plain = words.format_value(row["value"], row["obs_status"], row["conf_status"], digits)
    if plain.kind != "value" or row.get("low") is None:
        return plain
    low = words.format_number(row["low"], digits)
    lowest = round(row["low"], digits) + 0.0
    if row.get("high") is None or row["high"] == float("inf"):
        return replace(
            plain,
            text=f"{plain.text} ({low} or more)",
            spoken=f"{plain.text}, 95% confidence interval {low} or more",
            low=lowest,
            high=float("inf"),
        )
    high = words.format_number(row["high"], digits)
    return replace(
        plain,
        text=f"{plain.text} ({low}–{high})",
        spoken=f"{plain.text}, 95% confidence interval {low} to {high}",
        low=lowest,
        high=round(row["high"], digits) + 0.0,
    )


def mark_notes(row: Row, notes: words.Notes) -> tuple[str, ...]:
    """Return the numbers of the notes that one indicator refers to: state, basis, flags, and differences between its
    sides."""
    if row["value"] is None and row.get("is_allowed", True):
        return (notes.number_note(TOO_FEW_TERRITORIES),) if row.get("state") == "too_few_territories" else ()
    texts = [STATES[row["state"]]] if row.get("state") in STATES else []
    if row["value"] is not None and row.get("interval_basis") in BASIS:
        texts.append(BASIS[str(row["interval_basis"])])
    flag_notes = {**words.FLAGS, **FLAGS}
    codes = ["nil_part" if flag == "nil" and row["value"] else flag for flag in _split_codes(row.get("flags"))]
    texts += [flag_notes.get(flag, f"Flagged by the pipeline: {flag.replace('_', ' ')}.") for flag in codes]
    explanation = describe_reasons(row.get("reasons"))
    if explanation:
        texts.append(explanation)
    return tuple(dict.fromkeys(notes.number_note(text) for text in texts))


def format_formula(formula: str, measures: Mapping[str, str]) -> str:
    """Return the formula with measures in words instead of the codes of the declaration."""
    parts = (measures.get(part, part) for part in formula.split(" "))
    return " ".join("×" if part == "x" else "÷" if part == "/" else part for part in parts)


def describe_reasons(codes: str | None) -> str:
    """Return sentences on where two sides differ or are not stated; empty text if nowhere."""
    differ: list[str] = []
    unstated: list[str] = []
    others: list[str] = []
    for code in _split_codes(codes):
        aspect, _, end = code.rpartition("_differs") if code.endswith("_differs") else code.rpartition("_not_stated")
        if aspect in ASPECTS and not end:
            (differ if code.endswith("_differs") else unstated).append(ASPECTS[aspect])
        else:
            others.append(OTHERS.get(code, f"{code.replace('_', ' ').capitalize()}."))
    sentences = [f"The two sides differ in {words.join_words(differ)}."] if differ else []
    sentences += [f"Not stated for both sides: {words.join_words(unstated)}."] if unstated else []
    return " ".join([*sentences, *others])


def describe_pair(row: Row, names: Mapping[str, str]) -> str:
    """Describe one pair of territories in a sentence, with the ratio and its range if the pair was tested."""
    first, second = names[row["area_a"]], names[row["area_b"]]
    verdict = row["verdict"]
    care = " With care: " + describe_reasons(row["reasons"]) if row["is_with_care"] and row["reasons"] else ""
    if verdict in APART:
        return f"{first} is {verdict} than {second}: {_format_ratio(row)}.{care}"
    if verdict == UNCLEAR:
        return (
            f"{first} and {second} show no clear difference: it depends on how many persons a case has, which is not "
            f"known.{care}"
        )
    if verdict == "no_difference":
        return f"No statistically clear difference between {first} and {second}.{care}"
    if verdict == "not_comparable":
        return f"{first} and {second} are not compared. {describe_reasons(row['reasons'])}"
    return f"{first} and {second}: {VERDICTS.get(verdict, verdict)}."


def _format_ratio(row: Row) -> str:
    """Format how many times one side is the other, with its range; for shares, the shares and their odds ratio."""
    high = "or more" if row["high"] is None or row["high"] == float("inf") else f"to {row['high']:.2f}"
    # If nobody is left over on the other side, the odds ratio is infinite and only its lower end is known.
    times = "without end" if row["ratio"] is None else f"{row['ratio']:.2f} times"
    span = f"{times} (95% confidence interval {row['low']:.2f} {high})"
    if row["metric"] != "share":
        return span
    return (
        f"{words.format_number(row['value_a'])} against {words.format_number(row['value_b'])} per cent; the odds {span}"
    )


def describe_share_pairs(category: str, rows: Sequence[Row]) -> str:
    """Describe the shares of one category: how many pairs had enough data, how many differ clearly."""
    return f"{category}: {_count_pairs(rows)}"


def describe_pairs(rows: Sequence[Row]) -> str:
    """Describe how many pairs had enough data, how many differ clearly, and what the intervals allow for."""
    tested = sum(row["verdict"] in TESTED for row in rows)
    if not tested:
        return _NO_PAIRS.format(whole=len(rows))
    return f"{_count_pairs(rows)} {_WIDENED.format(tested=tested)}" if tested > 1 else _count_pairs(rows)


def _count_pairs(rows: Sequence[Row]) -> str:
    tested = [row for row in rows if row["verdict"] in TESTED]
    apart = sum(row["verdict"] in APART for row in tested)
    sentence = _APART_PAIRS[min(apart, 2)].format(n=apart)
    return _TESTED_PAIRS.format(tested=len(tested), whole=len(rows), apart=sentence)


def _split_codes(text: str | None) -> list[str]:
    return [code for code in (text or "").split(",") if code]
