"""Recognise names of persons in text, at best effort, by short lists of frequent given names, surnames and endings.

`python -m tests.persons` measures how many names are recognised and how many other texts are mistaken for names.
"""

from __future__ import annotations

import csv
import re
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from pipelines.core.text.spelling import fold_to_latin

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_LONGEST_NAME = 4
_SHORTEST_SURNAME = 4
_HERE = Path(__file__).parent


@cache
def given_names() -> frozenset[str]:
    """Return frequent given names, in the spelling of `fold_to_latin`."""
    with (_HERE / "given_names.csv").open(encoding="utf-8", newline="") as handle:
        return frozenset(fold_to_latin(row["name"]) for row in csv.DictReader(handle))


@cache
def _surnames() -> tuple[frozenset[str], tuple[str, ...]]:
    with (_HERE / "surnames.csv").open(encoding="utf-8", newline="") as handle:
        rows = [(row["match"], fold_to_latin(row["text"])) for row in csv.DictReader(handle)]
    return frozenset(t for m, t in rows if m == "whole"), tuple(t for m, t in rows if m == "ending")


def is_given(word: str) -> bool:
    """Return True for a frequent given name, written with a capital."""
    return word[:1].isupper() and fold_to_latin(word) in given_names()


def _is_surname(word: str) -> bool:
    whole, endings = _surnames()
    last = fold_to_latin(word).rpartition(" ")[2]
    return word[:1].isupper() and (last in whole or (len(last) >= _SHORTEST_SURNAME and last.endswith(endings)))


@lru_cache(maxsize=16384)
def is_name(text: str) -> bool:
    """Return True if a text is only a name: two to four capitalised words, the first or last a known given name."""
    words = text.replace(",", " ").split()
    if not 2 <= len(words) <= _LONGEST_NAME:
        return False
    if not all(_WORD.fullmatch(word) and word[0].isupper() and len(word) > 1 for word in words):
        return False
    return is_given(words[0]) or (is_given(words[-1]) and _is_surname(words[0]))


@lru_cache(maxsize=16384)
def has_name(text: str) -> bool:
    """Return True if running text contains a name: a known given name next to a word with a surname's ending."""
    words = list(_WORD.finditer(text))
    for left_word, right_word in pairwise(words):
        if text[left_word.end() : right_word.start()].strip(" \u00a0,"):
            continue
        first, second = left_word.group(), right_word.group()
        if (is_given(first) and _is_surname(second)) or (is_given(second) and _is_surname(first)):
            return True
    return False
