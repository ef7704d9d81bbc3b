"""Put the comparison of two sources into words: how many pairs agree, and why a pair differs."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import Row
from pipelines.words.language import many, tell
from pipelines.words.reasons import FINDINGS, VERDICTS, count_verdict

OURS = "returns"
"""Source of the figures of this release, as the table names it."""
UNKNOWN_ADDRESS = mark("Original address not known.")
DEFINITION_DIFFERS = mark("The definition differs.")


def count_verdicts(rows: Sequence[Row]) -> str:
    """Count pairs by verdict: '53 pairs of figures: 1 agrees and 52 differ with no reason given.'"""
    counts = [(code, sum(row["verdict"] == code for row in rows)) for code in VERDICTS]
    verdicts = words.join_words(count_verdict(code, n) for code, n in counts if n)
    return many("{n} pair of figures: {verdicts}.", "{n} pairs of figures: {verdicts}.", len(rows), verdicts=verdicts)


def describe_side(row: Row, side: str) -> str:
    """Return one side of a pair: '38: Convicted, first instance (this release)'."""
    source = row[f"{side}_source"]
    value, subject = words.format_number(row[f"{side}_value"]), row[f"{side}_words"]
    if source == OURS:
        return tell("{value}: {words} (this release)", value=value, words=subject)
    return f"{value}: {subject} ({source})"


def explain_pair(row: Row) -> str:
    """Return what was found about a pair, and all that may explain a difference."""
    parts = [FINDINGS[row["verdict"]], row["reason_text"]]
    if row["difference"]:
        parts += [
            tell(DEFINITION_DIFFERS) if row["definition"] == "near" else "",
            row["left_caveat"],
            row["right_caveat"],
        ]
    return " ".join(dict.fromkeys(part for part in parts if part))


def explain_difference(row: Row, reasons: str = "") -> str:
    """Return what may explain the difference between a figure of others and ours; empty text if there is none."""
    if not row["difference"]:
        return ""
    parts = [reasons, tell(DEFINITION_DIFFERS) if row["mapping"] == "near" else "", row["caveat"]]
    return " ".join(dict.fromkeys(part for part in parts if part)) or tell("No reason was given.")
