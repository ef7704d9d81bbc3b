"""Find figures, days and periods in a text that are read as one, so that no line ends within them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pipelines.core import i18n
from pipelines.words.language import current_language

_NUMBER: Final = r"(?<!\d)\d(?:[\d.,\u202f]*\d)?%?"
_YEAR: Final = r"(?:19|20)\d\d\b\.?"
_WORD: Final = r"[^\W\d_]"
_RESOLUTION: Final = rf"\b{_WORD}{{2,6}}(?:-{_WORD})? 1244\b|\b(?:OKB|BE)-{_WORD}+|\bСБ на ОН\b"
"""The resolution, its council, and words with a hyphen, in names such as that of Kosovo*: "UNSCR 1244",
"СБ на ОН", "OKB-së", "BE-së". "Резолуцијата 1244" as one word is too long for a table on a tablet."""
_NUMBERS_OF_DAYS: Final = (1, 2, 5)
"""Numbers that have all plural forms of our languages."""


def unbroken_figures() -> re.Pattern[str]:
    """Return a pattern of what is read as one in the reader's language.

    These are periods ("2026 Q3", "3. квартал 2026", "2023–2025"), days ("1 December 2016", "2023-05-30"), ranges and
    parts ("30 to 89 days", "7 of 7"), a small number with the short word before it ("than 20"), and the end of the name
    of Kosovo* ("UNSCR 1244").
    """
    return _compile_pattern(current_language())


@cache
def _compile_pattern(language: str) -> re.Pattern[str]:
    catalogue = i18n.load_catalogue(language)
    days = {catalogue.ngettext("{n} day", "{n} days", n).partition(" ")[2] for n in _NUMBERS_OF_DAYS}
    unit = rf" (?:{'|'.join(map(re.escape, sorted(days, key=len, reverse=True)))})\b"
    day = rf"(?<!\d)\d\d?\.? {_WORD}+ {_YEAR}"
    alternatives = (
        day,
        rf"{_WORD}\d {_YEAR}|\b{_YEAR} Q\d",
        rf"(?:\b{_WORD}{{2,4}} )?{_NUMBER} {_WORD}{{1,5}} {_NUMBER}(?:–{_NUMBER})?(?:{unit})?",
        r"\d{4}[-–]\d{2,4}(?:-\d\d)?",
        rf"{_NUMBER}–{_NUMBER}",
        rf"{_NUMBER}{unit}",
        rf"\b{_WORD}{{2,4}} (?!{day})\d\d?\b(?![.,]\d)",
        _RESOLUTION,
    )
    return re.compile("|".join(alternatives))
