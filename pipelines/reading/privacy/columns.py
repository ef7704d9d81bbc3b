"""Recognise headings and labels that ask for direct identifiers of persons."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from pipelines.core.text.spelling import fold_to_latin

_LONGEST = 80
"""Longest text, in characters, that is still a heading; a longer one is prose."""
_WORDS = Path(__file__).with_name("columns.csv")


@cache
def _load_kinds() -> Mapping[str, Mapping[str, str]]:
    """Return the kind of identifier by way of matching and normalised words."""
    kinds: dict[str, dict[str, str]] = {"exact": {}, "start": {}, "within": {}}
    with _WORDS.open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            kinds[row["match"]][fold_to_latin(row["words"])] = row["kind"]
    return kinds


@lru_cache(maxsize=16384)
def kind_of(text: str) -> str | None:
    """Return what a heading or label asks for (name, parent, birth_date, address …), None if no identifier."""
    if len(text) > _LONGEST:
        return None
    words = fold_to_latin(text)
    kinds = _load_kinds()
    if not words:
        return None
    if (kind := kinds["exact"].get(words)) is not None:
        return kind
    parts = words.split(" ")
    for count in range(1, len(parts) + 1):
        if (kind := kinds["start"].get(" ".join(parts[:count]))) is not None:
            return kind
    return next((kinds["within"][part] for part in parts if part in kinds["within"]), None)


def label_in(text: str) -> tuple[str, str] | None:
    """Return kind and content of a labelled field within one text (`Ime i prezime: …`); None if there is none."""
    label, sign, content = text.partition(":")
    if not sign or not content.strip(" _.…-\n\t"):
        return None
    kind = kind_of(label)
    return None if kind is None else (kind, content.strip())
