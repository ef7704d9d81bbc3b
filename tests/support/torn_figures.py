"""Find figures, periods, days and ages of a page that a browser may break over two lines.

The expressions are made of the texts of the catalogues and code lists, not of those of `pipelines.words.line_breaks`,
which a page is judged by here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from html import unescape

from pipelines.core import codes, i18n
from pipelines.words import format_day, period_short
from pipelines.words.language import read_in, tell

_LEFT_OUT = re.compile(r"<(svg|script|style|select|textarea|caption|pre)\b.*?</\1>|<[^>]* lang=[^>]*>[^<]*", re.DOTALL)
_TOKEN = re.compile(r"<(/?)([a-z][a-z0-9]*)([^>]*)>|([^<]+)")
_INLINE = frozenset(("span", "a", "strong", "b", "em", "data", "sup", "abbr", "code", "i", "small"))
_VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "wbr"))
_WHOLE = re.compile(r"rti-(?:whole|interval|hidden)")
_JOINED = str.maketrans({" ": "\u00a0", "\n": "\u00a0", "-": "\u2011", "–": "\u2012"})
_TABLE = re.compile(r"<table\b.*?</table>", re.DOTALL)
_WORD = r"[^\W\d_]"
_LONGEST_AGE = 14
_EXAMPLES = (1, 2, 5)
_COUNTED = (
    ("{n} day", "{n} days"), ("{n} month", "{n} months"), ("{n} year", "{n} years"),
    ("{n} quarter", "{n} quarters"), ("{n} person", "{n} persons"), ("{n} case", "{n} cases"),
    ("{n} victim", "{n} victims"),
)  # fmt: skip

_IN_SENTENCES = (
    ("{n} change was tested. About one in 20 tests finds a clear change by chance alone.",
     "{n} changes were tested. About one in 20 tests finds a clear change by chance alone."),
    ("{n} agrees", "{n} agree"), ("{n} differs for a declared reason", "{n} differ for declared reasons"),
    ("{n} differs with no reason given", "{n} differ with no reason given"),
    ("{n} more is withheld.", "{n} more are withheld."),
    ("{n} of the compared pairs needs care. Differences between its territories: {what}.",
     "{n} of the compared pairs need care. Differences between their territories: {what}."),
    ("{n} pair of figures: {verdicts}.", "{n} pairs of figures: {verdicts}."),
    ("{n} territory has a published figure: median {median}, lowest {low}, highest {high}.",
     "{n} territories have a published figure: median {median}, lowest {low}, highest {high}."),
)  # fmt: skip
"""Texts of the catalogues that begin with a number, which is not torn from the next word in a sentence."""
_WITH_TERRITORIES = "{n} of the {whole} territories that report this have counts of {enough} or more in {period}"


def find_torn(page: str, language: str) -> list[str]:
    """Return the figures of a page as HTML in which a line may end, each with the text around it."""
    start, end = page.find("<main"), max(page.rfind("</main>"), page.rfind("</footer>"))
    body = _LEFT_OUT.sub("", page[start:end])
    text, sentences = _flatten(body), _flatten(_TABLE.sub("", body))
    return [
        each[max(match.start() - 20, 0) : match.end() + 20]
        for pattern, each in ((_compile_pattern(language), text), (_compile_sentences(language), sentences))
        for match in pattern.finditer(each)
    ]


def _flatten(body: str) -> str:
    """Return the text of a page. What a browser keeps on one line has no ordinary space, hyphen or dash."""
    pieces: list[str] = []
    stack: list[tuple[str, bool]] = []
    for is_end, name, attributes, text in _TOKEN.findall(body):
        if text:
            plain = re.sub(r"\s+", lambda space: "\u00a0" if "\u00a0" in space[0] else " ", unescape(text))
            pieces.append(plain.translate(_JOINED) if any(is_whole for _, is_whole in stack) else plain)
            continue
        if is_end:
            while stack and stack.pop()[0] != name:
                pass
        elif name not in _VOID:
            # A number with its interval is on one line by the style of its element.
            stack.append((name, name == "data" or bool(_WHOLE.search(attributes))))
        if name not in _INLINE:
            pieces.append("\n")
    return "".join(pieces)


@cache
def _compile_pattern(language: str) -> re.Pattern[str]:
    return re.compile("|".join(dict.fromkeys(_list_expressions(language))))


@cache
def _compile_sentences(language: str) -> re.Pattern[str]:
    return re.compile("|".join(dict.fromkeys(_list_phrases(language))))


def _list_phrases(language: str) -> Iterator[str]:
    """Yield expressions of numbers with an ordinary space before or after them, which only sentences keep together."""
    catalogue = i18n.load_catalogue(language)
    for forms in _IN_SENTENCES:
        for number in _EXAMPLES:
            text = catalogue.ngettext(*forms, number)
            if match := re.search(rf"\{{n\}} {_WORD}+", text):
                # A year may begin a sentence.
                yield rf"(?!(?:19|20)\d\d(?!\d))(?<![\u2012–-]){_find_any_number(match[0].format(n=number))}"
    # A value is not torn from the last word of its label, of twelve letters or fewer, unless either has another number
    # or word on its line.
    yield rf"(?<![\w\u00a0]){_WORD}{{1,12}}: [\d−+][\d.,\u202f]*(?![\w–:\u00a0])"
    yield rf"(?<!\w){_WORD}{{2,12}} 1244(?!\w)"
    # In Albanian, the level of an interval is after its name, and on its line.
    yield rf"(?<![\w–\u00a0-])\d[\d.,\u202f]*% {_WORD}{{2,12}}(?!\w)"
    yield rf"(?<!\w){_WORD}{{4,10}} \d{{4}}\u2011Q\d"
    yield r"\d\d:\d\d UTC"


def _list_expressions(language: str) -> Iterator[str]:
    """Yield expressions of figures with an ordinary space, hyphen or dash in them."""
    with read_in(language):
        yield r"\b\d{4}-Q\d"
        # A line may end between two quarters or days: their names can be long.
        yield r"\d–\d+(?!\d|\.?\u00a0)"
        for quarter in range(1, 5):
            yield _find_any_number(period_short(f"2026-Q{quarter}"))
        for month in range(1, 13):
            yield _find_any_number(format_day(date(2026, month, 20)))
        yield _find_any_number(tell("{n} of {whole}", n=5, whole=7))
        counted = tell(_WITH_TERRITORIES, n=5, whole=7, enough=20, period=2025)  # marked in words.indicators
        yield _find_any_number(counted[: counted.index(" ", counted.index("7") + 2)])
        catalogue = i18n.load_catalogue(language)
        for forms in _COUNTED:
            for number in _EXAMPLES:
                yield _find_any_number(catalogue.ngettext(*forms, number).format(n=number))
    for code in codes.list_codes("age"):
        label = codes.get_code_label("age", code, language)
        if " " in label and any(map(str.isdigit, label)) and len(label) <= _LONGEST_AGE:
            yield f"(?i:{_find_any_number(label)})"


def _find_any_number(text: str) -> str:
    """Return an expression of a text with any numbers, in which a space is an ordinary one."""
    return r"(?<!\w)" + re.sub(r"\d+", r"\\d+", re.escape(text).replace(r"\ ", " ")) + r"(?!\w)"
