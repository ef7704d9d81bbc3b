"""Suggest the correct content of a place.

A label is certain if it equals one declared word except for look-alikes, spaces, and one typing slip, no other
declared word is near, and that word is not in the table already. A slip in a digit or a Roman numeral is never
certain, because articles of the law and quarters differ by just that. Numbers are never certain, except one that is
stored as text.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from pipelines.core.text.folding import fold_text
from pipelines.findings.texts import NEAREST_RULES
from pipelines.office.answers.model import Suggestion

if TYPE_CHECKING:
    from pipelines.findings.finding import Finding
    from pipelines.office.answers.declared import DeclaredWords

MENDABLE = frozenset({"label.undeclared", "heading.undeclared", "cell.lookalike"})
"""Rules about words in one cell, which a certain suggestion can correct."""
_QUOTED = re.compile(r"'(.*)'", re.DOTALL)
_LATIN = "ABCEHIJKMOPSTXYaceijopsxyk"
_CYRILLIC = "АВСЕНІЈКМОРЅТХУасеіјорѕхук"
_LOOK_ALIKE = str.maketrans(_LATIN, _CYRILLIC)
_ROMAN = re.compile(r"[ivxіхѵ]+")
_MIN_LETTERS = 5
"""Minimum letters: a slip in a shorter word may turn it into another, such as `muški`, but not `ж` or `m`."""
_NEAR = 2
_CUTOFF = 55.0


def suggest_correction(finding: Finding, declared: DeclaredWords | None = None) -> Suggestion | None:
    """Return a suggestion or None. Without the declared words of the form, no label is certain."""
    match finding.rule:
        case "cell.number_as_text":
            value = finding.params.get("value")
            return None if value is None else Suggestion(_number(value), certain=True)
        case "cell.lookalike":
            word = declared.by_fold.get(fold_text(finding.seen or "")) if declared is not None else None
            return None if word is None else Suggestion(word, certain=True)
        case "return.not_recognised":
            near = [part for part in str(finding.params.get("nearest") or "").split("; ") if part and part != "none"]
            return Suggestion(near[0], certain=False, others=tuple(near[1:])) if near else None
    return _word(finding, declared) if finding.rule in NEAREST_RULES else None


def _number(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _word(finding: Finding, declared: DeclaredWords | None) -> Suggestion | None:
    quoted = _QUOTED.search(str(finding.params.get("nearest") or ""))
    near = quoted.group(1) if quoted else None
    word_seen = finding.seen or ""
    if declared is None or finding.rule not in MENDABLE or not word_seen:
        return None if near is None else Suggestion(near, certain=False)
    heading = finding.rule == "heading.undeclared"
    declared_words = declared.headings if heading else declared.labels
    sure = _certain_word(word_seen, declared_words)
    if sure is not None and declared.is_free(finding.where.sheet, sure, heading=heading):
        return Suggestion(sure, certain=True)
    ranked = list(
        dict.fromkeys([*([sure] if sure else []), *_rank_words(word_seen, declared_words), *([near] if near else [])])
    )
    return Suggestion(ranked[0], certain=False, others=tuple(ranked[1:3])) if ranked else None


def _rank_words(word_seen: str, declared_words: tuple[str, ...]) -> list[str]:
    from rapidfuzz import fuzz, process

    folded = [fold_text(word) for word in declared_words]
    matches = process.extract(fold_text(word_seen), folded, scorer=fuzz.ratio, score_cutoff=_CUTOFF, limit=3)
    return [declared_words[place] for _, _, place in matches]


def _certain_word(word_seen: str, declared_words: tuple[str, ...]) -> str | None:
    """Return the one declared word that is meant, or None."""
    from rapidfuzz.distance import OSA

    bones = _skeleton_of(word_seen)
    near = [
        (word, d)
        for word in declared_words
        if (d := OSA.distance(bones, _skeleton_of(word), score_cutoff=_NEAR)) <= _NEAR
    ]
    if len(near) != 1:
        return None
    word, distance = near[0]
    if not _differs_in_last_part(word_seen, word):
        return None
    if distance == 0:
        return word
    last, declared_last = word_seen.split(" / ")[-1], word.split(" / ")[-1]
    letters = sum(letter.isalpha() for letter in declared_last)
    return word if distance == 1 and letters >= _MIN_LETTERS and _numerals(last) == _numerals(declared_last) else None


def _differs_in_last_part(word_seen: str, word: str) -> bool:
    """Return True if the words differ only in the last part of the path, which is in the cell of the finding."""
    have, want = word_seen.split(" / "), word.split(" / ")
    return len(have) == len(want) and [fold_text(p) for p in have[:-1]] == [fold_text(p) for p in want[:-1]]


def cell_text(seen: str, word: str) -> str | None:
    """Return the text to write into the cell of the finding; None if the mistake is in another cell of the path."""
    return word.split(" / ")[-1] if _differs_in_last_part(seen, word) else None


@lru_cache(maxsize=65536)
def _skeleton_of(text: str) -> str:
    """Return the text without spaces and with look-alikes in one script; diacritics and signs stay."""
    plain = unicodedata.normalize("NFC", text).translate(_LOOK_ALIKE).casefold()
    return "".join(plain.split())


def _numerals(text: str) -> list[str]:
    """Return digits, comparison signs, and words that are Roman numerals, in their order."""
    words = re.findall(r"\d|[<>=+\u2264\u2265]|[^\W\d_]+", text.casefold())
    return [word.translate(_LOOK_ALIKE) for word in words if not word.isalpha() or _ROMAN.fullmatch(word)]
