"""Indicators in words: intervals, states, versions of a ratio, reasons, and what can be told of two territories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards import words
from dashboards.reason_words import ASPECTS, OTHERS
from dashboards.words import Row, Shown
from pipelines.core.i18n import mark

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
    "nested": "Shown first is the same period: one count is part of the other.",
    "cohort_complete": "Shown first is the cohort: the records follow it for long enough.",
    "lag_known": "Shown first is the lagged version: the records show how long it takes from one stage to the other.",
    "no_lag": "Shown first is the same period: there are no records of how long it takes from one stage to the other.",
    "refused": "No version is complete on its own: the two sides count differently.",
}
TOO_FEW = words.TOO_FEW
STATES: Mapping[str, str] = {
    "too_few": "Too few to compare: one of the two numbers is under 20. Such a figure changes a lot by chance alone.",
}
BASIS: Mapping[str, str] = {
    "lower_bound": (
        "The interval is a lower bound: one case can involve several persons, and how many is not known here. The "
        "true uncertainty is at least this."
    ),
    "quasi_exact": "The interval is widened to allow for the number of persons per case in the territory's own "
    "records.",
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
TESTED = (*APART, "no_difference")
SIMULTANEOUS = (
    "Comparing many pairs finds some differences by chance alone. The intervals are therefore made so wide that in 95 "
    "of 100 comparisons of one category all of its pairs are correct at once."
)


def told(version: str, *, is_nested: bool) -> str:
    """What a version of a ratio divides by what."""
    if version == "same_period" and is_nested:
        return "both counts of one period; one is part of the other"
    return VERSIONS_TOLD[version]


def figure(row: Row | None, digits: int = 0) -> Shown:
    """An indicator with its range: `57 (40–81)`; its symbol where there is none."""
    if row is None:
        return words.absent()
    plain = words.shown(row["value"], row["obs_status"], row["conf_status"], digits)
    if plain.kind != "value" or row.get("low") is None:
        return plain
    low = words.number(row["low"], digits)
    if row.get("high") is None or row["high"] == float("inf"):
        return Shown(f"{plain.text} ({low} or more)", f"{plain.text}, range {low} or more", "value")
    high = words.number(row["high"], digits)
    return Shown(f"{plain.text} ({low}–{high})", f"{plain.text}, range {low} to {high}", "value")


def marks(row: Row, notes: words.Notes) -> tuple[str, ...]:
    """Numbers of the notes that one indicator calls for: its state, its basis, its flags, and what its sides disagree
    in."""
    if row["value"] is None and row.get("is_allowed", True):
        return ()
    texts = [STATES[row["state"]]] if row.get("state") in STATES else []
    if row["value"] is not None and row.get("interval_basis") in BASIS:
        texts.append(BASIS[str(row["interval_basis"])])
    known = {**words.FLAGS, **FLAGS}
    codes = ["nil_part" if flag == "nil" and row["value"] else flag for flag in _codes(row.get("flags"))]
    texts += [known.get(flag, f"Flagged by the pipeline: {flag.replace('_', ' ')}.") for flag in codes]
    told = reasons(row.get("reasons"))
    if told:
        texts.append(told)
    return tuple(dict.fromkeys(notes.mark(text) for text in texts))


def reasons(codes: str | None) -> str:
    """What two sides disagree in, or do not state, as sentences; empty where there is nothing."""
    differ: list[str] = []
    unstated: list[str] = []
    other: list[str] = []
    for code in _codes(codes):
        aspect, _, end = code.rpartition("_differs") if code.endswith("_differs") else code.rpartition("_not_stated")
        if aspect in ASPECTS and not end:
            (differ if code.endswith("_differs") else unstated).append(ASPECTS[aspect])
        else:
            other.append(OTHERS.get(code, f"{code.replace('_', ' ').capitalize()}."))
    out = [f"The two sides differ in {words.join(differ)}."] if differ else []
    out += [f"Not stated for both sides: {words.join(unstated)}."] if unstated else []
    return " ".join([*out, *other])


def pair(row: Row, names: Mapping[str, str]) -> str:
    """One pair of territories as a sentence, with the ratio and its range where the pair was tested."""
    one, other = names[row["area_a"]], names[row["area_b"]]
    verdict = row["verdict"]
    care = " With care: " + reasons(row["reasons"]) if row["is_with_care"] and row["reasons"] else ""
    if verdict in APART:
        return f"{one} is {verdict} than {other}: {_times(row)}.{care}"
    if verdict == "no_difference":
        return f"{one} and {other} do not differ significantly on these numbers.{care}"
    if verdict == "not_comparable":
        return f"{one} and {other} are not compared. {reasons(row['reasons'])}"
    return f"{one} and {other}: {VERDICTS.get(verdict, verdict)}."


def _times(row: Row) -> str:
    """How many times the one is the other, with its range; of shares that is said of the odds, beside the shares."""
    high = "or more" if row["high"] is None or row["high"] == float("inf") else f"to {row['high']:.2f}"
    # Where nobody is left over on the other side the odds have no end, and only a least ratio can be told.
    times = "without end, " if row["ratio"] is None else f"{row['ratio']:.2f} times, "
    span = f"{times}range {row['low']:.2f} {high}"
    if row["metric"] != "share":
        return span
    return f"{words.number(row['value_a'])} against {words.number(row['value_b'])} per cent; the odds {span}"


def share_told(category: str, rows: Sequence[Row]) -> str:
    """Of the shares of one category: how many pairs there are, how many were compared, how many can be told apart."""
    tested = [row for row in rows if row["verdict"] in TESTED]
    apart = [row for row in tested if row["verdict"] in APART]
    if len(tested) == 1:
        verdict = "is" if apart else "is not"
        return f"{category}: 1 of {len(rows)} pairs was compared; the difference {verdict} significant."
    return f"{category}: {len(tested)} of {len(rows)} pairs were compared; {_of_tested(len(apart))}."


def pairs_told(rows: Sequence[Row]) -> str:
    """How many pairs there are, how many were tested, and what the ranges allow for."""
    tested = [row for row in rows if row["verdict"] in TESTED]
    apart = [row for row in tested if row["verdict"] in APART]
    if not tested:
        return f"None of {len(rows)} pairs can be compared: a side has under 20, is not public, or counts differently."
    return (
        f"{len(tested)} of {len(rows)} pairs were compared; {_of_tested(len(apart))}. Comparing many pairs finds some "
        f"differences by chance alone. The intervals are therefore made so wide that in 95 of 100 such comparisons all "
        f"{len(tested)} are correct at once."
    )


def _of_tested(apart: int) -> str:
    if not apart:
        return "none of the differences is significant"
    return f"{apart} differ significantly, the others do not"


def _codes(text: str | None) -> list[str]:
    return [code for code in (text or "").split(",") if code]
