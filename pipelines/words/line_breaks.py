"""Keep what is read as one on one line: figures, days, periods, and a number with its unit.

Static pages, the explorer and the offices' pages pass their HTML to `keep_whole`; pictures find the same with
`unbroken_labels` where they break their lines themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache, lru_cache, partial
from typing import Final

from pipelines.core import codes, i18n
from pipelines.core.i18n import mark
from pipelines.words.formatting import LEGEND, TOO_FEW
from pipelines.words.language import current_language, lower_first, read_in, tell
from pipelines.words.terms import format_month

WHOLE: Final = r'<span class="rti-whole">\g<0></span>'
"""Replacement that puts what a pattern finds into an element that is not broken. The text stays the same."""
_PARTS: Final = re.compile(
    # Pictures break their own lines; code and fields hold text only; captions in tables are for screen readers; a
    # number with its interval (`data`) is whole by its style, since a class for each would be a hundredth of a page. An
    # address may be broken after a slash, but not within the name of its release or of its file.
    r"(?P<kept><(?P<tag>svg|pre|code|script|style|select|textarea|caption|data)\b.*?</(?P=tag)>"
    r'|<span class="(?:rti-interval|rti-whole|front-address)"[^>]*>[^<]*)'
    # Readers copy tables and citations, which have ordinary spaces.
    r'|(?P<copied><table\b|<p class="front-citation")|(?P<end></(?:table|p)>)'
    r"|(?:\A|(?<=>))(?P<text>[^<]*[\d·%-][^<]*)",
    re.DOTALL,
)
_ADDRESSES: Final = re.compile(r'<span class="front-address">[^<]*')
_RELEASE: Final = re.compile(r"\d{4}-Q\d(?:\.\d+)?")
_RELEASE_OR_FILE: Final = re.compile(r"\d{4}-Q\d(?:\.\d+)?|[a-z0-9.-]+\.html$")
_TERM: Final = '<span class="front-term">'
_ENDS: Final = {"<table": "</table>", '<p class="front-citation"': "</p>"}

_TITLES: Final = re.compile(r'<(h[1-3]|figcaption)\b[^>]*>.*?</\1>|<div class="rti-caption".*?</div>', re.DOTALL)
_TEXT: Final = re.compile(r"(?<=>)[^<]+")
_ADDRESS: Final = ("/", "=")
"""Characters before a period in an address."""
SHORT_STATE: Final = 14
"""Most letters of a state, such as "not met", that stays on one line in the narrowest column."""
_REMEMBERED: Final = 4096
"""Texts of one kind and language that are remembered: the release of the demonstration has fewer than 2,000."""
_LONGEST_NAME: Final = 18
"""Letters of a name that has room on one line of a title on a telephone."""
_LONGEST_AGE: Final = 14
"""Letters of an age that has room on one line of a narrow column."""

_NUMBER: Final = r"(?<!\d)\d(?:[\d.,\u202f]*\d)?%?"
_YEAR: Final = r"(?:19|20)\d\d\b\.?"
_WORD: Final = r"[^\W\d_]"
_BETWEEN: Final = rf" (?:{_WORD}{{1,5}}|of the|deri në) "
"""The words between the ends of a range, or between a part and its whole."""
_RESOLUTION: Final = rf"\b{_WORD}{{2,6}}(?:-{_WORD})? 1244\b|\b(?:OKB|BE)-{_WORD}+|\bСБ на ОН\b"
"""The resolution, its council, and words with a hyphen, in names such as that of Kosovo*: "UNSCR 1244",
"СБ на ОН", "OKB-së", "BE-së". "Резолуцијата 1244" as one word is too long for a table on a tablet."""
_RESOLVED: Final = rf"\b{_WORD}{{2,12}} 1244 \(\d{{4}}\)"
"""The resolution with its year, in the footnote of the name of Kosovo*: "resolution 1244 (1999)"."""
_LEVEL: Final = r"\bbesimit? 95%"
"""The level of intervals in Albanian, which comes after their name."""
_SHORT_WORDS: Final = rf"(?<![\w-])(?:{_WORD}{{1,2}} )+(?=[\w(„“])"
_NUMBERS: Final = (1, 2, 5)
"""Numbers that have all plural forms of our languages."""
_COUNTED: Final = (
    ("{n} day", "{n} days"),
    ("{n} month", "{n} months"),
    ("{n} quarter", "{n} quarters"),
    ("{n} year", "{n} years"),
    ("{n} person", "{n} persons"),
    ("{n} case", "{n} cases"),
    ("{n} victim", "{n} victims"),
    ("{figure}, over {n} year before", "{figure}, over {n} years before"),
)
"""Texts of the catalogues, with their plurals, in which a unit follows a number."""
_PAIRS: Final = ("{n} pair of figures: {verdicts}.", "{n} pairs of figures: {verdicts}.")
_TERRITORIES: Final = (
    mark("Figures cover {n} of {whole} territories."),
    mark("{n} of the {whole} territories that report this have counts of {enough} or more in {period}"),
)
"""Texts of the catalogues in which territories follow their number."""


_DAY: Final = rf"(?<!\d)\d\d?\.? {_WORD}+ {_YEAR}(?! Q\d|–{_YEAR})"
_LABEL: Final = rf"\b(?:per )?{_WORD}{{1,12}}: "
"""The end of a label before its value: "personave: 20", "per cent: 120"."""
_VALUE: Final = rf"[−+]?{_NUMBER}(?![\w–%]|[.,\u202f]\d)"
_COUNT: Final = (
    rf"(?<![\w.,/–-])(?:\b{_WORD}{{1,3}} )?(?!{_YEAR}|{_DAY}){_NUMBER}(?: {_WORD}{{1,3}}){{0,2}} {_WORD}{{2,12}}\b"
)
"""A number with the word that it counts, over short words: "5 changes", "20 or more", "95% confidence"."""
_COUNTED_AFTER: Final = (
    rf"(?:(?<={_WORD} \d)|(?<={_WORD} \d\d)|(?<={_WORD} \d\d\d))"
    rf" (?:(?:{_WORD}{{1,2}} )?{_WORD}{{4,12}}|{_WORD}{{1,3}})\b"
)
"""The counted thing after a small number that belongs to the short word before it: "се 5 промени"."""
_LEVEL_BEFORE: Final = rf"(?<![\w.,/–-])(?:\b{_WORD}{{1,4}} )?{_NUMBER}% {_WORD}{{2,12}}\b"
"""A number of per cent with the words next to it: "je 95% interval"."""
_MEASURED: Final = rf"\b{_WORD}{{2,10}} (?!{_YEAR}|{_DAY}){_VALUE}(?!{_BETWEEN}\d| {_WORD})"
"""A value at the end of words, with the last of them: "highest 1.81", "Convention 29", "explain −19"."""
_BOUND: Final = rf"\b{_WORD}{{5,8}} (?:0|100)(?![\w%]|[.,\u202f]\d)"
"""The number that an indicator is compared with: "above 0", "below 100". Shorter words are those of figures."""
_DATED: Final = rf"\b{_WORD}{{2,12}}, {_YEAR}(?![\w–]| Q\d)|{_NUMBER} \({_YEAR}\)"
"""A year at the end of a title, or in brackets after a value."""
_NAMED: Final = (
    rf"\b{_WORD}{{4,10}} \d{{4}}-Q\d(?:\.\d+)?|\b(?:{_WORD}{{1,3}} )?\d\d:\d\d UTC"
    rf"|\b{_WORD}{{2,12}} 1244(?: \(\d{{4}}\)|\b)"
)
"""The word with its release, a time with its zone, the word with the number of the resolution and its year."""
_NUMBERED: Final = rf"\b{_WORD}{{3,12}} \d{{1,3}}(?=[,;)]|$)"
"""In tables: a name that ends with a number, such as "article 333" and "Convention 29"."""
_OF_PER_CENT: Final = rf"{_NUMBER}% {_WORD}{{2,12}}\b|\b{_WORD}{{2,11}} \(%\)|\b{_WORD}{{2,9}}, %"
"""In headings of columns: the level of an interval with the next word, and the sign of per cent with the one before."""


def keep_whole(
    html: str, pattern: re.Pattern[str], *, has_spaces: bool = False, in_tables: re.Pattern[str] | None = None
) -> str:
    """Return HTML in which no line ends within what a pattern finds, in its texts with a number, a hyphen, or a dot
    between names. Tables have columns that are narrower than a line, and so a pattern of their own if one is passed.

    What is found is put into an element, so that its text stays the same for copies. With `has_spaces`, sentences get
    no-break spaces instead, which take a tenth of the bytes; tables and citations, which readers copy, still get
    elements, and so do ranges with a dash, after which a line may end.
    """
    ends: list[str] = []
    keep_element = _remember_texts(pattern, _keep_element)
    keep_field = _remember_texts(in_tables, _keep_field) if in_tables else keep_element
    keep_sentence = _remember_texts(pattern, _keep_spaces)

    def keep_part(part: re.Match[str]) -> str:
        if part["copied"]:
            ends.append(_ENDS[part["copied"]])
        elif ends and part["end"] == ends[-1]:
            ends.pop()
        if not part["text"]:
            return _ADDRESSES.sub(_keep_address, part[0]) if part["kept"] else part[0]
        if ends and ends[-1] == _ENDS["<table"]:
            return keep_field(part[0])
        if not has_spaces or ends:
            return keep_element(part[0])
        text = keep_sentence(part[0])
        # The word after a number may be a term with an explanation: "of 7 territories".
        is_counting = part[0][-1] == " " and part[0][-2:-1].isdigit() and html.startswith(_TERM, part.end())
        return f"{text[:-1]}\u00a0" if is_counting else text

    return _PARTS.sub(keep_part, html)


@cache
def _remember_texts(pattern: re.Pattern[str], keep: Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    """Return a function that replaces what a pattern finds in a text, and remembers the texts that it saw last.

    Of the texts of all pages of a release in one language, nine in ten are on another page too, such as numbers and
    notes.
    """
    return lru_cache(maxsize=_REMEMBERED)(partial(pattern.sub, keep))


def _keep_element(phrase: re.Match[str]) -> str:
    return phrase.expand(WHOLE)


def _keep_field(field: re.Match[str]) -> str:
    """Return a phrase of a table of the explorer as an element, or with no-break spaces in a heading that has per cent.

    Copies and files of a table have ordinary spaces anyway.
    """
    return _join_words(field) if field["share"] else field.expand(WHOLE)


def _keep_address(address: re.Match[str]) -> str:
    """Return an address with its release as an element, and the name of its file unless it is in code."""
    return (_RELEASE if "&lt;" in address.string[: address.start()] else _RELEASE_OR_FILE).sub(WHOLE, address[0])


def keep_page_whole(
    page: str,
    pattern: re.Pattern[str],
    *,
    has_spaces: bool = False,
    in_tables: re.Pattern[str] | None = None,
    names: Iterable[str] = (),
) -> str:
    """Return a page with its main part and its foot as `keep_whole` returns them, and its titles as
    `keep_titles_whole` does with some names of areas."""
    start, end = page.find("<main"), max(page.rfind("</main>"), page.rfind("</footer>"))
    if start < 0 or end < 0:
        return page
    body = keep_whole(page[start:end], pattern, has_spaces=has_spaces, in_tables=in_tables)
    body = keep_titles_whole(body, names)
    return page[:start] + body + page[end:]


def keep_part_whole(html: str) -> str:
    """Return a part of a page as HTML with its figures and titles whole, in the reader's language.

    The explorer draws the same parts for each reader, so that they are kept.
    """
    return _keep_part_in(html, current_language())


@lru_cache(maxsize=256)
def _keep_part_in(html: str, _language: str) -> str:
    return keep_titles_whole(keep_whole(html, unbroken_phrases(), in_tables=unbroken_fields()))


def keep_titles_whole(html: str, names: Iterable[str] = ()) -> str:
    """Return HTML with no-break spaces in its headings and captions: in short names, and after words of one or two
    letters, which do not end a line. What a table has for screen readers and for copies is not changed."""
    short_names = [name for name in names if " " in name and len(name) <= _LONGEST_NAME]
    expressions = [*map(re.escape, short_names), *([_SHORT_WORDS] if _has_short_words() else [])]
    if not expressions:
        return html
    pattern = re.compile("|".join(expressions))

    def keep_title(title: re.Match[str]) -> str:
        return _TEXT.sub(lambda text: pattern.sub(_join_words, text[0]), title[0])

    return _TITLES.sub(keep_title, html)


def keep_text_whole(text: str, *, is_title: bool = False) -> str:
    """Return a text that is not HTML with no-break spaces and hyphens in its figures, days and periods, and in a title
    after short words. Addresses stay as they are."""
    return (unbroken_titles() if is_title else unbroken_phrases()).sub(_join_in_text, text)


def keep_heading_whole(text: str) -> str:
    """Return the heading of a column as text, with no-break spaces in what a table keeps on one line."""
    return unbroken_fields().sub(_join_in_text, text)


def _join_in_text(words: re.Match[str]) -> str:
    before = words.string[: words.start()][-1:]
    return _join_words(words) if before and before in _ADDRESS else _join_words(words).replace("-", "\u2011")


def _join_words(words: re.Match[str]) -> str:
    return words[0].replace(" ", "\u00a0")


def _keep_spaces(figure: re.Match[str]) -> str:
    """Return what was found with no-break spaces, or as an element if a line could end after its dash."""
    if "–" in figure[0] or "-" in figure[0]:
        return figure.expand(WHOLE)
    return _join_words(figure)


def unbroken_figures() -> re.Pattern[str]:
    """Return a pattern of what is read as one in the reader's language.

    These are periods ("2026 Q3", "3. квартал 2026", "2023–2025"), days ("1 December 2016", "2023-05-30"), ages ("Under
    18", "18 and over"), ranges and parts ("30 to 89 days", "7 of 7", "5 of the 7 territories"), a number with its unit
    ("48 months"), a small number with the short word before it ("than 20", "per 100"), and the end of the name of
    Kosovo* ("UNSCR 1244").
    """
    return _compile_pattern(current_language())


def unbroken_phrases() -> re.Pattern[str]:
    """Return a pattern of what is read as one in the sentences of public pages: figures, numbers with the words that
    they count ("5 changes", "20 or more"), and values with the end of their label ("personave: 20")."""
    return _compile_phrases(current_language())


def unbroken_fields() -> re.Pattern[str]:
    """Return a pattern of what is read as one in the tables of public pages: figures, and in headings the level of
    intervals and the sign of per cent with a word."""
    return _compile_fields(current_language())


def unbroken_labels() -> re.Pattern[str]:
    """Return a pattern of what is read as one in the labels of a picture: figures as everywhere, figures with their
    intervals ("7 (3–14)"), and the words that are shown instead of figures ("not collected")."""
    return _compile_labels(current_language())


def unbroken_titles() -> re.Pattern[str]:
    """Return a pattern of what is read as one in a title: that of labels, and words of one or two letters with the
    next word."""
    return _compile_titles(current_language())


def _has_short_words() -> bool:
    """Return False for English, which lets a line of a title end with "of"; Albanian and Slavic typography does not
    with "të", "i", "на" or "u"."""
    return current_language() != i18n.SOURCE_LANGUAGE


@cache
def _compile_pattern(language: str) -> re.Pattern[str]:
    unit = rf" (?:{_join_texts(_list_units(language))})\b"
    # A year may have its word ("11 јули 2008 година"). "2 in 2026 Q3" and "2 in 2023–2025" are not days.
    day = rf"{_DAY}(?:{unit})?"
    quarter = rf"{_WORD}\d {_YEAR}|\b{_YEAR} Q\d"
    alternatives = (
        day,
        rf"\b(?:{_join_texts(_list_months(language))}) {_YEAR}",
        quarter,
        rf"\b(?:{_join_ages(language)})\b",
        # The level of an interval does not begin its range, and a day or a quarter is not part of one.
        rf"(?:\b{_WORD}{{2,4}} )?(?!95% |{day}|{quarter}){_NUMBER}{_BETWEEN}(?!{day}|{quarter}){_NUMBER}(?:–{_NUMBER})?"
        rf"(?:{unit})?",
        r"\d{4}-Q\d(?:\.\d+)?|\d{4}[-–]\d{2,4}(?:-\d\d)?",
        rf"{_NUMBER}–{_NUMBER}(?:{unit})?",
        rf"{_NUMBER}{unit}",
        r"\b\d\d:\d\d UTC\b",
        rf"\b(?:{_WORD}{{2,4}}|{_join_limits(language)}) (?!{day})(?:\d\d?|100)\b(?![.,\u202f]\d)(?:{unit})?",
        _LEVEL,
        _RESOLUTION,
    )
    return re.compile("|".join(alternatives))


def _join_counted(language: str) -> str:
    """Return an expression that finds a number with what it counts, where that is several words."""
    catalogue = i18n.load_catalogue(language)
    texts = {catalogue.ngettext(*_PAIRS, n).partition("{n} ")[2].partition(":")[0] for n in _NUMBERS}
    return rf"(?<![\w.,/–-]){_NUMBER} (?:{_join_texts(texts)})\b"


def _list_units(language: str) -> set[str]:
    """Return the words that follow numbers in a language: days, months, years, people, cases and territories."""
    catalogue = i18n.load_catalogue(language)
    counted = [catalogue.ngettext(*forms, n).partition("{n} ")[2] for forms in _COUNTED for n in _NUMBERS]
    counted += [i18n.gettext(text, language).partition("{whole} ")[2] for text in _TERRITORIES]
    return {unit[0] for text in counted if (unit := re.match(rf"{_WORD}+", text))}


def _list_months(language: str) -> set[str]:
    with read_in(language):
        return {format_month(date(2001, month, 1)).partition(" ")[0] for month in range(1, 13)}


def _join_ages(language: str) -> str:
    """Return an expression that finds the ages in a language, also in the middle of a sentence.

    Of a long one ("18 i više godina"), it finds the number with the words next to it.
    """
    labels = {codes.get_code_label("age", code, language) for code in codes.list_codes("age")}
    ages = {_shorten_age(label) for label in labels if " " in label and re.search(r"\d", label)}
    return _join_texts(ages | {lower_first(age) for age in ages})


def _join_limits(language: str) -> str:
    """Return an expression that finds the word before a limit, as in "Under 18": also "Under 30 days"."""
    labels = (codes.get_code_label("age", code, language) for code in codes.list_codes("age"))
    limits = {limit[0] for label in labels if (limit := re.search(rf"{_WORD}+(?= \d)", label))}
    return _join_texts(limits | {lower_first(limit) for limit in limits})


def _shorten_age(label: str) -> str:
    if len(label) <= _LONGEST_AGE:
        return label
    pieces = label.split(" ")
    place = next(place for place, piece in enumerate(pieces) if piece.isdigit())
    return " ".join(pieces[max(place - 1, 0) : place + (2 if place else 3)])


@cache
def _compile_phrases(language: str) -> re.Pattern[str]:
    figures = _compile_pattern(language).pattern
    # A year has the short word before it, and sometimes its own word: "во 2025", "за 2024 година".
    year = rf"\b{_WORD}{{1,3}} {_YEAR}(?: (?:{_join_texts(_list_units(language))})\b)?(?![\w–-]| Q\d)"
    labelled = rf"{_LABEL}(?:{figures}|{_VALUE}(?: {_WORD}{{2,5}}\b)?)"
    return re.compile(
        f"{_LEVEL_BEFORE}|{labelled}|{_DATED}|{year}|{_NAMED}|{_join_counted(language)}"
        # A day has the short word before it: "by 1 December 2016".
        rf"|\b{_WORD}{{1,3}} {_DAY}|{_BOUND}|(?:{figures})(?:{_COUNTED_AFTER})?|{_COUNT}|{_MEASURED}"
    )


@cache
def _compile_fields(language: str) -> re.Pattern[str]:
    figures = _compile_pattern(language).pattern
    return re.compile(
        rf"(?P<share>{_OF_PER_CENT})|(?:\b{_WORD}{{2}} )?(?:{figures}) \(%\)|{figures}|{_NUMBERED}|{_RESOLVED}"
    )


@cache
def _compile_titles(_language: str) -> re.Pattern[str]:
    titles = rf"{_DATED}|{unbroken_labels().pattern}"
    return re.compile(f"{titles}|{_SHORT_WORDS}" if _has_short_words() else titles)


@cache
def _compile_labels(language: str) -> re.Pattern[str]:
    states = {LEGEND[kind][0] for kind in LEGEND if kind not in ("zero", "few")} | {tell(TOO_FEW)}
    interval = rf"{_NUMBER} \({_NUMBER}–{_NUMBER}\)"
    # A label breaks its own lines, so that it has room for a short word before a day: "on 31 December 2025".
    figures = rf"(?:\b{_WORD}{{1,3}} )?(?:{_compile_pattern(language).pattern})"
    return re.compile(rf"{_RESOLVED}|{interval}|\b(?:{_join_texts(states)})\b|{figures}")


def _join_texts(texts: set[str]) -> str:
    """Return an expression that finds any of the texts, the longest first."""
    return "|".join(map(re.escape, sorted(texts, key=lambda text: (-len(text), text))))
