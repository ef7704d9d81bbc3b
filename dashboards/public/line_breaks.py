"""Keep figures, days and periods of the pages to explore figures on one line."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pipelines.words.language import current_language
from pipelines.words.line_breaks import unbroken_figures

_TEXTS: Final = re.compile(
    # Pictures and code stay as they are, and so does what is not broken already. Heads of narrow columns have no room.
    r'(?P<kept><(?P<tag>svg|pre|code|style|thead)\b.*?</(?P=tag)>|<span class="rti-(?:interval|whole)"[^>]*>[^<]*)'
    r"|(?:\A|(?<=>))(?P<text>[^<]*\d[^<]*)",
    re.DOTALL,
)
_WHOLE: Final = r'<span class="rti-whole">\g<0></span>'


def keep_figures_whole(html: str) -> str:
    """Return HTML in which no line ends within a figure, a day or a period. Its text stays the same, for copies."""
    return _keep_in_language(html, current_language())


@lru_cache(maxsize=256)
def _keep_in_language(html: str, _language: str) -> str:
    pattern = unbroken_figures()
    return _TEXTS.sub(lambda part: pattern.sub(_WHOLE, part[0]) if part["text"] else part[0], html)


def keep_spaces(text: str) -> str:
    """Return a text that is not HTML with no-break spaces in its figures, days and periods."""
    return unbroken_figures().sub(lambda figure: figure[0].replace(" ", "\u00a0"), text)
