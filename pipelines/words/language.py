"""Hold the language of the reader, and translate the texts of this package and of the public pages into it.

The language is a context variable, as in Django and Flask-Babel: `read_in` sets it for one page. If it were an argument
of each of a hundred functions, one that was forgotten would silently be in English.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from pipelines.core import codes, i18n
from pipelines.core.rounding import format_half_up

Text = TypeVar("Text", str, tuple[str, ...])

_language: ContextVar[str] = ContextVar("language", default=i18n.SOURCE_LANGUAGE)
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])|(?<=s)'(?= [^\W\d_])")
_QUOTED = re.compile(r'(?<!=)"([^"=]*)"')
_THIN_SPACE = "\u202f"
"""Between thousands in all languages but English, where a comma is: theirs is the decimal sign."""


def current_language() -> str:
    """Return the code of the reader's language; English unless one was set."""
    return _language.get()


def set_language(language: str) -> None:
    """Set the reader's language for the rest of this thread or task, English for an unknown code."""
    _language.set(language if language in i18n.LANGUAGE_NAMES else i18n.SOURCE_LANGUAGE)


@contextmanager
def read_in(language: str) -> Iterator[None]:
    """Set the reader's language within a `with` statement."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def translate_message(text: str, language: str = "") -> str:
    """Return a text in a language, by default the reader's, without filling in parameters."""
    language = language or current_language()
    return _set_quotes(i18n.gettext(text, language), language)


def _set_quotes(text: str, language: str) -> str:
    """Return a text for the reader, with typographic apostrophes and, in English, quotation marks.

    English texts have straight ones in the code, and Albanian translations straight apostrophes ("t'i"). A quotation
    mark without its pair stays, and so do those of attributes.
    """
    if "'" in text:
        text = _APOSTROPHE.sub("’", text)
    if language != i18n.SOURCE_LANGUAGE or '"' not in text:
        return text
    return _QUOTED.sub(r"“\1”", text)


def tell(text: str, /, **params: object) -> str:
    """Translate a sentence into the reader's language and fill in its `{parameters}`."""
    language = current_language()
    translation = i18n.gettext(text, language)
    return _set_quotes(i18n.drop_second_stop(translation.format_map(params)) if params else translation, language)


def many(one: str, other: str, n: float, /, **params: object) -> str:
    """Translate a sentence with a number `{n}` in the plural form that the reader's language requires."""
    language = current_language()
    sentence = i18n.load_catalogue(language).ngettext(one, other, round(n))
    return _set_quotes(sentence.format_map({"n": format_number(n), **params}), language)


def decimal_sign() -> str:
    """Return the decimal sign: a point in English, a comma in the other languages."""
    return "." if current_language() == i18n.SOURCE_LANGUAGE else ","


def thousands_sign() -> str:
    """Return the sign between thousands: a comma in English, a thin space in the other languages."""
    return "," if current_language() == i18n.SOURCE_LANGUAGE else _THIN_SPACE


def format_number(value: float, digits: int = 0) -> str:
    """Format a number with the signs of the reader's language: '12,345.6' in English, '12 345,6' in the others.

    A half is rounded up. All figures of sentences, tables, pictures and briefs are formatted here.
    """
    whole, point, decimals = format_half_up(value, digits).partition(".")
    return whole.replace(",", thousands_sign()) + (decimal_sign() if point else "") + decimals


def split_thousands(text: str) -> list[str]:
    """Split a formatted figure at the signs between thousands, so that they can be left out of what is copied."""
    return re.split(rf"(?<=\d){thousands_sign()}(?=\d{{3}})", text)


def find_label(codelist: str, code: str, otherwise: str) -> str:
    """Return the label of a code in the reader's language; `otherwise`, the English label of a release, if English is
    read or the software no longer has the code."""
    if current_language() == i18n.SOURCE_LANGUAGE:
        return otherwise
    try:
        return codes.get_code_label(codelist, code, current_language())
    except codes.UnknownCodeError:
        return otherwise


def lower_first(text: str) -> str:
    """Return a label for the inside of a sentence: its first letter in lower case, unless it begins with an
    abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def make_phrase(sentence: str) -> str:
    """Return a sentence for a badge or for brackets: it begins in lower case and has no full stop."""
    return lower_first(sentence).rstrip(".")


def upper_first(text: str) -> str:
    """Return a text for the beginning of a sentence: its first letter in upper case."""
    return text[:1].upper() + text[1:]


class Texts(Mapping[str, Text]):
    """Texts by code, each marked for translation, that are read in the reader's language.

    `parameters` are filled in, if there are any.
    """

    def __init__(self, sources: Mapping[str, Text], **parameters: object) -> None:
        self.sources: dict[str, Text] = dict(sources)
        self.parameters = parameters

    def __getitem__(self, code: str) -> Text:
        source = self.sources[code]
        if isinstance(source, str):
            return tell(source, **self.parameters)  # marked where the table is declared
        return tuple(tell(text, **self.parameters) for text in source)  # marked where the table is declared

    def fill_text(self, code: str, **parameters: object) -> str:
        """Return the text of a code with parameters that the whole table does not have."""
        source = self.sources[code]
        if not isinstance(source, str):
            raise TypeError(f"{code} has several texts")
        return tell(source, **parameters)  # marked where the table is declared

    def __iter__(self) -> Iterator[str]:
        return iter(self.sources)

    def __len__(self) -> int:
        return len(self.sources)
