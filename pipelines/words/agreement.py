"""Put the comparison of two sources into words: how many pairs agree, and why a pair differs."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines import words
from pipelines.words import Row
from pipelines.words.reasons import FINDINGS, VERDICTS

OURS = "returns"
"""Source of the figures of this release, as the table names it."""
THIS_RELEASE = "this release"
UNKNOWN_ADDRESS = "Original address not known."
DEFINITION_DIFFERS = "The definition differs."
_ONE_PAIR, _PAIRS = "One pair of figures: {verdicts}.", "{n} pairs of figures: {verdicts}."
_SIDE = "{value}: {words} ({source})"


def count_verdicts(rows: Sequence[Row]) -> str:
    """Count pairs by verdict: '53 pairs of figures: 1 agrees and 52 differ with no reason given.'"""
    counts = [(forms, sum(row["verdict"] == code for row in rows)) for code, forms in VERDICTS.items()]
    verdicts = words.join_words(forms[n != 1].format(n=n) for forms, n in counts if n)
    return (_ONE_PAIR if len(rows) == 1 else _PAIRS).format(n=len(rows), verdicts=verdicts)


def describe_side(row: Row, side: str) -> str:
    """Return one side of a pair: '38: Convicted, first instance (this release)'."""
    source = row[f"{side}_source"]
    return _SIDE.format(
        value=words.format_number(row[f"{side}_value"]),
        words=row[f"{side}_words"],
        source=THIS_RELEASE if source == OURS else source,
    )


def explain_pair(row: Row) -> str:
    """Return what was found about a pair, and all that may explain a difference."""
    parts = [FINDINGS[row["verdict"]], row["reason_text"]]
    if row["difference"]:
        parts += [DEFINITION_DIFFERS if row["definition"] == "near" else "", row["left_caveat"], row["right_caveat"]]
    return " ".join(dict.fromkeys(part for part in parts if part))


def explain_difference(row: Row, reasons: str = "") -> str:
    """Return what may explain the difference between a figure of others and ours; empty text if there is none."""
    if not row["difference"]:
        return ""
    parts = [reasons, DEFINITION_DIFFERS if row["mapping"] == "near" else "", row["caveat"]]
    return " ".join(dict.fromkeys(part for part in parts if part)) or "No reason was given."
