"""Keep periods, days and numbers of the offices' pages on one line."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from pipelines.words.language import current_language, read_in
from pipelines.words.line_breaks import unbroken_figures

_TEXTS: Final = re.compile(
    # Options and fields hold text only; code and pictures stay as they are.
    r"(?P<kept><(?P<tag>svg|pre|code|script|style|select|textarea|caption)\b.*?</(?P=tag)>)"
    r"|(?<=>)(?P<text>[^<]*[\d·][^<]*)",
    re.DOTALL,
)
_WHOLE: Final = r'<span class="rti-whole">\g<0></span>'
_VALUE: Final = r"(?:: [\d.,\u202f]+\b)?"
"""The value of a period or state in a list, such as "2026 Q2: 0" and "gap: 3"."""


def keep_numbers_whole(page: str, language: str) -> str:
    """Return a page as HTML in which no line of its main part ends within a period, a day or a number with its word, or
    begins with the dot between two names.

    The text stays the same: what may not be broken is put into an element. `language` is that of the page.
    """
    start, end = page.find("<main"), page.rfind("</main>")
    if start < 0 or end < 0:
        return page
    with read_in(language):
        pattern = _compile_pattern(current_language())

    def keep_part(part: re.Match[str]) -> str:
        return pattern.sub(_WHOLE, part[0]) if part["text"] else part[0]

    return page[:start] + _TEXTS.sub(keep_part, page[start:end]) + page[end:]


@cache
def _compile_pattern(language: str) -> re.Pattern[str]:
    with read_in(language):
        figures = unbroken_figures().pattern
    return re.compile(
        # "n = 20", "Under 18", the end of a state with its number, and a dot between names with the word before it.
        rf"(?:{figures}){_VALUE}|\bn = \d+\b|\b[^\W\d_]{{2,6}} \d\d\b(?![.,]\d)|\b[^\W\d_]+: \d+\b(?![.,]\d)"
        r"|[^\s·]+ ·(?= )"
    )
