"""Headings and labels that ask for direct identifiers of persons."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from pipelines.core.text.spelling import spelled

_LONGEST = 80
"""Letters of a text that is still a heading; a longer one is prose."""
_WORDS = Path(__file__).with_name("columns.csv")


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    """How to match -> words as spelled -> kind."""
    out: dict[str, dict[str, str]] = {"exact": {}, "start": {}, "within": {}}
    with _WORDS.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            out[row["match"]][spelled(row["words"])] = row["kind"]
    return out


@lru_cache(maxsize=16384)
def kind_of(text: str) -> str | None:
    """What a heading or label asks for (name, parent, birth_date, address …); None where it is nothing of the kind."""
    if len(text) > _LONGEST:
        return None
    words = spelled(text)
    known = _words()
    if not words:
        return None
    if (kind := known["exact"].get(words)) is not None:
        return kind
    parts = words.split(" ")
    for count in range(1, len(parts) + 1):
        if (kind := known["start"].get(" ".join(parts[:count]))) is not None:
            return kind
    return next((known["within"][part] for part in parts if part in known["within"]), None)


def label_in(text: str) -> tuple[str, str] | None:
    """Kind and content of a labelled field that stands in one text: `Ime i prezime: …`; None where it is none."""
    label, sign, content = text.partition(":")
    if not sign or not content.strip(" _.…-\n\t"):
        return None
    kind = kind_of(label)
    return None if kind is None else (kind, content.strip())
