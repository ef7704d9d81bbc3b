"""Phrases of former pages that readers could not understand; each has been replaced by a plain one."""

from __future__ import annotations

from typing import Final

FORBIDDEN: Final = (
    "side by side", "lie apart", "The same as a picture", "Why convictions changed", "by which way", "Way out",
    "Year of leaving", "Entries, exits, appeals and pending", "Its returns", "Counting card", "From stage to stage",
    "told apart", "differences by chance alone", "nobody is followed", "every event of the numerator",
    "the values with which the counts agree", "persons come in cases", "moves such a figure far",
    "no median of so few", "take the shortest window", "Nothing is borrowed", "No window is long enough",
    "goes with the number of persons", "With the ratio convicted", "persons who left", "is in no way out",
    "Three quarters, days", "Nine in ten, days", "half within", "may as well lie", "is no duration", "to be set beside",
    "What became of those who entered", "stay in sight", "What the sentence is", "Below the least", "Law, months",
    "told, not judged", "time served is not claimed", "From which stage to which", "Over time by", "Counted in",
    "has not called it final", "No year is divided by four", "the difference of two of its returns",
    "legal persons are counted in", "theirs and real", "Whether two publishers agree", "Nobody's figures",
    "without a declared reason", "How good the figures are", "came by their day", "Mean days after that day",
    "did not come is not in time", "Nothing was published", "final and known twice", "They rank nobody",
    "Whether it agrees with other sources", "Four things that are not one", "adds nothing up",
    "what is not here is not published", "Who is in it", "How persons are protected", "links to its way back",
    "The counts behind are", "On to sheet and cell", "The address asks for", "dashed rule with its word",
    "a bar of few is hollow", "census revisions are in", "Decided on appeal",
)  # fmt: skip
"""The search respects capitals: some of these phrases are good English within a sentence."""


def find_forbidden(text: str) -> list[str]:
    """Return the forbidden phrases that a text has."""
    joined = " ".join(text.split())
    return [phrase for phrase in FORBIDDEN if phrase in joined]
