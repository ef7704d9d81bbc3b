"""Keep periods, days, numbers and the words of the offices' pages on one line (see `pipelines.words.line_breaks`)."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pipelines.words.language import read_in
from pipelines.words.line_breaks import keep_page_whole, unbroken_figures

_VALUE: Final = r"(?:: [\d.,\u202f]+\b)?"
"""The value of a period or state in a list, such as "2026 Q2: 0" and "gap: 3"."""


def keep_numbers_whole(page: str, language: str) -> str:
    """Return a page as HTML in which no line of its main part and its foot ends within a period, a day or a number with
    its word, or begins with the dot between two names. `language` is that of the page."""
    with read_in(language):
        return keep_page_whole(page, _compile_pattern(language))


@cache
def _compile_pattern(language: str) -> re.Pattern[str]:
    with read_in(language):
        figures = unbroken_figures().pattern
    return re.compile(
        # "n = 20", "Under 18", the end of a state with its number, and a dot between names with the word before it.
        rf"(?:{figures}){_VALUE}|\bn = \d+\b|\b[^\W\d_]{{2,6}} \d\d\b(?![.,]\d)|\b[^\W\d_]+: \d+\b(?![.,]\d)"
        r"|[^\s·]+ ·(?= )"
    )
