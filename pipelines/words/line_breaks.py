"""Find figures, days and periods in a text that are read as one, so that no line ends within them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pipelines.core import i18n
from pipelines.words.formatting import LEGEND, TOO_FEW
from pipelines.words.language import current_language, tell

_NUMBER: Final = r"(?<!\d)\d(?:[\d.,\u202f]*\d)?%?"
_YEAR: Final = r"(?:19|20)\d\d\b\.?"
_WORD: Final = r"[^\W\d_]"
_BETWEEN: Final = rf" (?:{_WORD}{{1,5}}|deri në) "
"""The word between the ends of a range, which is two words in Albanian."""
_RESOLUTION: Final = rf"\b{_WORD}{{2,6}}(?:-{_WORD})? 1244\b|\b(?:OKB|BE)-{_WORD}+|\bСБ на ОН\b"
"""The resolution, its council, and words with a hyphen, in names such as that of Kosovo*: "UNSCR 1244",
"СБ на ОН", "OKB-së", "BE-së". "Резолуцијата 1244" as one word is too long for a table on a tablet."""
_LEVEL: Final = r"\bbesimit? 95%"
"""The level of intervals in Albanian, which comes after their name."""
_NUMBERS_OF_DAYS: Final = (1, 2, 5)
"""Numbers that have all plural forms of our languages."""


def unbroken_figures() -> re.Pattern[str]:
    """Return a pattern of what is read as one in the reader's language.

    These are periods ("2026 Q3", "3. квартал 2026", "2023–2025"), days ("1 December 2016", "2023-05-30"), ranges and
    parts ("30 to 89 days", "7 of 7"), a small number with the short word before it ("than 20", "per 100"), and the end
    of the name of Kosovo* ("UNSCR 1244").
    """
    return _compile_pattern(current_language())


def unbroken_labels() -> re.Pattern[str]:
    """Return a pattern of what is read as one in the labels of a picture: figures as everywhere, figures with their
    intervals ("7 (3–14)"), and the words that are shown instead of figures ("not collected")."""
    return _compile_labels(current_language())


@cache
def _compile_pattern(language: str) -> re.Pattern[str]:
    catalogue = i18n.load_catalogue(language)
    days = {catalogue.ngettext("{n} day", "{n} days", n).partition(" ")[2] for n in _NUMBERS_OF_DAYS}
    unit = rf" (?:{_join_texts(days)})\b"
    day = rf"(?<!\d)\d\d?\.? {_WORD}+ {_YEAR}"
    alternatives = (
        day,
        rf"{_WORD}\d {_YEAR}|\b{_YEAR} Q\d",
        # The level of an interval does not begin its range, and a day is not part of one.
        rf"(?:\b{_WORD}{{2,4}} )?(?!95% |{day}){_NUMBER}{_BETWEEN}{_NUMBER}(?:–{_NUMBER})?(?:{unit})?",
        r"\d{4}-Q\d|\d{4}[-–]\d{2,4}(?:-\d\d)?",
        rf"{_NUMBER}–{_NUMBER}",
        rf"{_NUMBER}{unit}",
        rf"\b{_WORD}{{2,4}} (?!{day})(?:\d\d?|100)\b(?![.,\u202f]\d)",
        _LEVEL,
        _RESOLUTION,
    )
    return re.compile("|".join(alternatives))


@cache
def _compile_labels(language: str) -> re.Pattern[str]:
    states = {LEGEND[kind][0] for kind in LEGEND if kind not in ("zero", "few")} | {tell(TOO_FEW)}
    interval = rf"{_NUMBER} \({_NUMBER}–{_NUMBER}\)"
    return re.compile(rf"{interval}|\b(?:{_join_texts(states)})\b|{_compile_pattern(language).pattern}")


def _join_texts(texts: set[str]) -> str:
    """Return an expression that finds any of the texts, the longest first."""
    return "|".join(map(re.escape, sorted(texts, key=lambda text: (-len(text), text))))
