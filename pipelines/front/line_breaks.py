"""Keep figures, days, periods, and names in headings, of a finished page on one line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from pipelines.words.line_breaks import unbroken_figures

_PARTS: Final = re.compile(
    # Pictures break their own lines. Captions for screen readers, and text that is copied as a whole, stay as they are.
    r'(?P<kept><(?P<tag>svg|pre|code|caption)\b.*?</(?P=tag)>|<p class="front-citation".*?</p>)'
    r"|(?P<table></?table\b)"
    r'|(?<=>)(?<!<span class="front-interval">)(?P<text>[^<]*\d[^<]*)',
    re.DOTALL,
)
_IN_TABLE: Final = r'<span class="front-interval">\g<0></span>'
_HEADINGS: Final = re.compile(r'<(h[1-3])\b[^>]*>.*?</\1>|<div class="rti-caption".*?</div>', re.DOTALL)
_LONGEST_NAME: Final = 24
"""Letters of a name that has room on one line of a heading on a telephone."""


def keep_figures_whole(page: str, names: Iterable[str] = ()) -> str:
    """Return a page as HTML in which no line of its main part ends within a figure, a day or a period.

    Their spaces become no-break spaces. In tables they stay ordinary ones within an element that is not broken, so that
    what a reader copies is what a spreadsheet program reads. So are ranges with a dash, after which a line may end.
    `names` are those of areas: a short one is on one line of a heading or a caption.
    """
    start, end = page.find("<main"), page.rfind("</main>")
    if start < 0 or end < 0:
        return page
    pattern, is_in_table = unbroken_figures(), False

    def keep_part(part: re.Match[str]) -> str:
        nonlocal is_in_table
        if part["table"]:
            is_in_table = part["table"] == "<table"
        if not part["text"]:
            return part[0]
        return pattern.sub(_IN_TABLE if is_in_table else _keep_spaces, part[0])

    main = _PARTS.sub(keep_part, page[start:end])
    return page[:start] + _keep_names(main, names) + page[end:]


def _keep_names(main: str, names: Iterable[str]) -> str:
    """Return the main part of a page with no-break spaces in the short ones of some names in its headings."""
    short = [name for name in names if " " in name and len(name) <= _LONGEST_NAME]
    if not short:
        return main
    pattern = re.compile("|".join(map(re.escape, short)))
    return _HEADINGS.sub(lambda heading: pattern.sub(_keep_spaces, heading[0]), main)


def _keep_spaces(figure: re.Match[str]) -> str:
    if "–" in figure[0] or "-" in figure[0]:
        return figure.expand(_IN_TABLE)
    return figure[0].replace(" ", "\u00a0")
