"""Fold text for matching: spellings that a person would read as the same word become the same string."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_LATIN = "ABCEHIJKMOPSTXYaceijopsxyk"
_CYRILLIC = "АВСЕНІЈКМОРЅТХУасеіјорѕхук"
_TO_CYRILLIC = dict(zip(_LATIN, _CYRILLIC, strict=True))
_TO_LATIN = dict(zip(_CYRILLIC, _LATIN, strict=True))
_SAME = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212"), "-"),
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u02bc`\u00b4"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb"), '"'),
    **dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), None),
}
_WORD = re.compile(r"[^\W\d_]+")
_HAS_CYRILLIC = re.compile(r"[\u0400-\u04ff]")


def _script(letter: str) -> str:
    return "C" if "\u0400" <= letter <= "\u04ff" else "L"


def _unify_script(match: re.Match[str]) -> str:
    """Write a word that mixes scripts in one of them if all its letters have a lookalike there; prefer Cyrillic."""
    word = match.group()
    scripts = {_script(letter) for letter in word}
    if len(scripts) < 2:
        return word
    latin = {letter for letter in word if _script(letter) == "L"}
    if latin <= _TO_CYRILLIC.keys():
        return "".join(_TO_CYRILLIC.get(letter, letter) for letter in word)
    cyrillic = {letter for letter in word if _script(letter) == "C"}
    if cyrillic <= _TO_LATIN.keys():
        return "".join(_TO_LATIN.get(letter, letter) for letter in word)
    return word


@lru_cache(maxsize=65536)
def fold_text(text: str) -> str:
    """Fold case, white space, quotes, dashes and lookalike letters; keep diacritics (`č` is not `c`). Idempotent."""
    if text.isascii():
        return " ".join(text.replace("`", "'").split()).casefold()
    plain = unicodedata.normalize("NFC", text).translate(_SAME)
    if _HAS_CYRILLIC.search(plain):
        plain = _WORD.sub(_unify_script, plain)
    return unicodedata.normalize("NFC", " ".join(plain.split()).casefold())


@lru_cache(maxsize=65536)
def has_lookalike(text: str) -> bool:
    """Return True if a word of the text mixes Cyrillic and Latin letters in a way that folding corrects."""
    if text.isascii() or not _HAS_CYRILLIC.search(text):
        return False
    plain = unicodedata.normalize("NFC", text)
    return any(_unify_script(match) != match.group() for match in _WORD.finditer(plain))


def find_nearest(text: str, candidates: Iterable[str], *, cutoff: float = 55.0) -> str | None:
    """Return the candidate most similar to a text (Levenshtein ratio of the folded words), or None below the cutoff.

    Only for suggestions in messages; values are never read by similarity.
    """
    from rapidfuzz import fuzz, process

    words = list(dict.fromkeys(candidates))
    best = process.extractOne(fold_text(text), [fold_text(c) for c in words], scorer=fuzz.ratio, score_cutoff=cutoff)
    return words[best[2]] if best else None
