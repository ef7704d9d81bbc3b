"""Translate texts: one gettext domain, `rti`, for findings, command line, portal and dashboards.

English source texts are written where they are used (those of rules in `RULES` tables) and are the keys of the
catalogues. Each other language is one file, `<language>/LC_MESSAGES/rti.po`; `python -m pipelines.translation`
maintains the files (`docs/translating.md`).
"""

from __future__ import annotations

import gettext as _gettext
import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final

from pipelines.core.i18n.days import find_day_text
from pipelines.core.i18n.marking import mark as mark
from pipelines.core.text.script import transliterate_serbian

DOMAIN = "rti"
SOURCE_LANGUAGE = "en"
SERBIAN_LATIN = "sr-Latn"
LANGUAGE_NAMES = {
    "en": "English",
    "sq": "Shqip",
    "bs": "Bosanski",
    "hr": "Hrvatski",
    "mk": "Македонски",
    "sr": "Српски",
    "sr-Latn": "Srpski",
    "cnr": "Crnogorski",
}
"""Name of each language in that language, in the order of the language menu."""
_TWO_STOPS: Final = re.compile(r"(?<![.])[.][.](?![.])")
FOLDER = Path(__file__).resolve().parents[2] / "locales"


def list_languages() -> tuple[str, ...]:
    """Return the available languages: English, every catalogue, and Serbian in Latin if there is a Serbian one."""
    catalogued = _list_catalogues(FOLDER)
    derived = [SERBIAN_LATIN] if "sr" in catalogued else []
    return (SOURCE_LANGUAGE, *catalogued, *derived)


@cache
def _list_catalogues(folder: Path) -> tuple[str, ...]:
    """Return the languages that have a catalogue. Each run of a public page asks for them."""
    return tuple(sorted(path.parents[1].name for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")))


def language_names() -> dict[str, str]:
    """Return the available languages with their own names, in the order of the language menu."""
    available = set(list_languages())
    return {language: name for language, name in LANGUAGE_NAMES.items() if language in available}


def language_name(language: str) -> str:
    """Return the name of a language in that language, or its code if it has no name here."""
    return LANGUAGE_NAMES.get(language, language)


def html_lang(language: str) -> str:
    """Return the BCP 47 tag of a language for the HTML attribute `lang`."""
    return "sr-Cyrl" if language == "sr" else language


def prefer_language(requested: Iterable[str | None], accept_language: str) -> str:
    """Return the first of the requested languages that is available, else the one that a browser prefers, by its header
    `Accept-Language`, else English."""
    available = list_languages()
    for language in requested:
        if language in available:
            return language
    for part in accept_language.split(","):
        tag = part.partition(";")[0].strip()
        for candidate in (tag, tag.rpartition("-")[0], tag.partition("-")[0]):
            if candidate in available:
                return candidate
    return SOURCE_LANGUAGE


def _path(language: str) -> Path:
    written = "sr" if language == SERBIAN_LATIN else language
    return FOLDER / written / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def load_catalogue(language: str) -> _gettext.NullTranslations:
    """Load the catalogue of a language; English and languages without a catalogue return the source text.

    Serbian in Latin letters is the Cyrillic catalogue, transliterated when it is loaded.
    """
    path = _path(language)
    if language == SOURCE_LANGUAGE or not path.is_file():
        return _gettext.NullTranslations()
    import io

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as handle:
        # Take the plural forms from the file header: Babel does not know Montenegrin.
        source_catalogue = read_po(handle, locale=None, domain=DOMAIN)
    if language == SERBIAN_LATIN:
        for message in source_catalogue:
            if message.id:
                forms = message.string
                message.string = (
                    transliterate_serbian(forms)
                    if isinstance(forms, str)
                    else tuple(map(transliterate_serbian, forms or ()))
                )
    write_mo(compiled, source_catalogue)
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)


def gettext(text: str, language: str = SOURCE_LANGUAGE) -> str:
    """Translate a source text, or return it unchanged if the language has no translation."""
    return load_catalogue(language).gettext(text) if text else text


def tell(text: str, language: str = SOURCE_LANGUAGE, **params: object) -> str:
    """Translate a sentence of a screen, mail or command and fill in its `{parameters}`.

    `text` is the English source, a literal at the call, so that extraction finds it for the catalogues. A `date` is
    written in words.
    """
    translation = gettext(text, language)
    return fill_in(translation, params, language) if params else translation


def fill_in(translation: str, params: Mapping[str, object], language: str) -> str:
    """Fill in the `{parameters}` of a translated sentence; a `date` is written in words."""
    words = {name: format_day(value, language) for name, value in params.items() if type(value) is date}
    sentence = translation.format_map({**params, **words})
    return drop_second_stop(sentence) if words else sentence


def format_day(day: date, language: str = SOURCE_LANGUAGE) -> str:
    """Format a day: 14 November 2026."""
    return gettext(find_day_text(day), language).format(day=day.day, year=day.year)


def drop_second_stop(text: str) -> str:
    """Return a sentence with one full stop where a date or a period that ends with one is at its end."""
    return _TWO_STOPS.sub(".", text) if ".." in text else text


def many(one: str, other: str, n: int, language: str = SOURCE_LANGUAGE, **params: object) -> str:
    """Translate a sentence with a number `{n}` in the plural form that the language requires."""
    return load_catalogue(language).ngettext(one, other, n).format_map({"n": n, **params})
