"""Keep periods, days, numbers and the words of the offices' pages on one line (see `pipelines.words.line_breaks`)."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pipelines.words.language import read_in
from pipelines.words.line_breaks import keep_page_whole, unbroken_figures

_VALUE: Final = r"(?:: [\d.,\u202f]+\b)?"
"""The value of a period or state in a list, such as "2026 Q2: 0" and "gap: 3"."""
_COUNT: Final = r"(?<![\w.,/-])\d{1,3} [^\W\d_]{2,14}\b"
"""A number with the word that it counts: "2 warnings"."""
_COUNTED: Final = r"(?:(?<=[^\W\d_] \d)|(?<=[^\W\d_] \d\d)) [^\W\d_]{2,14}\b"
"""The word after a small number that belongs to the word before it: "for 1 place"."""
_NUMBERED: Final = r"\b[^\W\d_]{1,8} \d{2,3}(?:[/-][^\W\d_]\b|\b(?![.,]\d)(?: [^\W\d_]{2,14}\b)?)"
"""A word with its number, and with what that counts: "article 110/a", "член 418-в", "најмногу 50 MB"."""
_RANGE: Final = r"\b[^\W\d_]{1,12}: \d+–\d+\b"
"""A range with the end of its label: "лица: 18–20"."""
_NAMED_RESOLUTION: Final = r"\b[^\W\d_]{4,12} 1244\b(?! \()"
"""The resolution in the names of Kosovo*: "Резолуцијата 1244", "Rezoluciji 1244"."""
_HYPHENATED: Final = r"(?<![\w-])[^\W\d_]-[^\W\d_]{3,14}\b"
"""A word with a hyphen after its first letter: "е-порака"."""
_SIGNED: Final = r"(?:\b[^\W\d_]{1,3} )?(?<![\w.,/])−\d{1,3}\b(?![.,–%]\d)(?: [^\W\d_]{2,14}\b)?"
"""A number with its sign and with the words next to it: "од −2 лица"."""
_OPERATOR: Final = r"(?<=[^\s·]) (?:·(?= )|[+−](?= \d))"
"""A dot between names, or a sign between numbers, after another part that is whole: "член 110/a ·", "14 влезени −"."""
_QUARTERS_APART: Final = re.compile(
    r'<span class="rti-whole">[^<]*\d{4}\.?</span>(?: ?– ?| deri në )<span class="rti-whole">[^<]*\d{4}\.?</span>'
)
"""Two quarters of a range that are whole, in languages in which both together are wider than a phone."""
_CODE: Final = r"\(?\b(?:[A-Z]{2}[A-Z_]*-[A-Z]+(?:-[A-Z0-9]+)+|[IVX]+-\d+(?:-[a-z])?|SHA-256)\b\)?"
"""The code of a form, the number of a treaty, and a digest: "(BA_BRC-JUSTICE-1)", "XVIII-12-b", "SHA-256"."""
_ROMAN: Final = r"\b[^\W\d_]{2,12} [IVX]{1,4}\b"
"""A name with its Roman number, as sheets of quarters have: "Tremujori III"."""
_RESOLUTION: Final = r"\b[^\W\d_]+ 1244 \(1999\)"
"""The resolution as the footnotes have it: "resolution 1244 (1999)". Tables have "UNSCR 1244"."""
_DAYS: Final = r"\b\d{4}-\d\d-\d\d (?:–|[^\W\d_]{1,4}|deri në) \d{4}-\d\d-\d\d\b"
"""Two days of a range: "2009-04-01 to 2016-10-01"."""
_QUARTERS: Final = r"\b\d{4} Q\d(?:–| to )\d{4} Q\d\b"
"""Two quarters of a range: "2026 Q1 to 2026 Q3". In other languages they are wider than a phone in a title."""
_LIMIT: Final = r"[−-]?\d[\d.,\u202f]*%?"
_VALUE_WITH_LIMITS: Final = rf"(?<![\w.,/-]){_LIMIT} \({_LIMIT}(?:–| (?:[^\W\d_]{{1,5}}|deri në) ){_LIMIT}\)"
"""A value with its interval: "7 (3 to 14)", "35% (15–59)"."""
_PLAIN_TEXT: Final = re.compile(r'(<option value=[^>]*>)([^<]{21,})(?=</option>)|( data-column=")([^"]{21,})(?=")')
"""Text without elements that may be on two lines: a long option, and a long heading before a field on a phone."""


def keep_numbers_whole(page: str, language: str) -> str:
    """Return a page as HTML in which no line of its main part and its foot ends within a period, a day or a number with
    its word, or begins with the dot between two names. `language` is that of the page.

    Options and headings of columns in attributes hold text only, so that they get no-break spaces and hyphens.
    """
    with read_in(language):
        pattern = _compile_pattern(language)
        whole = keep_page_whole(page, pattern)
    whole = _QUARTERS_APART.sub(r'<span class="rti-whole-if-wide">\g<0></span>', whole)
    return _PLAIN_TEXT.sub(
        lambda part: (part[1] or part[3]) + pattern.sub(_join_text, part[2] or part[4]),
        whole,
    )


def _join_text(figure: re.Match[str]) -> str:
    return figure[0].replace(" ", "\u00a0").replace("-", "\u2011")


@cache
def _compile_pattern(language: str) -> re.Pattern[str]:
    with read_in(language):
        figures = "|".join((_RANGE, _NAMED_RESOLUTION, _HYPHENATED, _SIGNED, _OPERATOR, unbroken_figures().pattern))
    # Also "n = 20", the end of a state with its number, and a dot between names with the word before it.
    return re.compile(
        rf"{_VALUE_WITH_LIMITS}|{_DAYS}|{_QUARTERS}|{_RESOLUTION}|(?:{figures})(?:{_COUNTED}|{_VALUE})|\bn = \d+\b"
        rf"|{_ROMAN}|{_NUMBERED}"
        rf"|\b[^\W\d_]+: \d+\b(?![.,-]\d|%| \(\d|\. [^\W\d_]+ \d{{4}})|{_CODE}|{_COUNT}|[^\s·]+ ·(?= )"
    )
