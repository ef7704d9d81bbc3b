"""Translate texts: one gettext domain, `rti`, for findings, command line, portal and dashboards.

English source texts are written where they are used (those of rules in `RULES` tables) and are the keys of the
catalogues. Each other language is one file, `<language>/LC_MESSAGES/rti.po`; `python -m pipelines.core.i18n` maintains
the files (`docs/translating.md`).
"""

from __future__ import annotations

import gettext as _gettext
from functools import cache
from pathlib import Path

from pipelines.core.text.script import latin

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
"""Each language by its own name, in the order of a chooser."""
FOLDER = Path(__file__).resolve().parents[2] / "locales"


def languages() -> tuple[str, ...]:
    """The languages there are words in: English, every catalogue, and Serbian in Latin letters beside Cyrillic."""
    found = sorted(p.parents[1].name for p in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))
    latin = [SERBIAN_LATIN] if "sr" in found else []
    return (SOURCE_LANGUAGE, *found, *latin)


def language_names() -> dict[str, str]:
    """The languages of a chooser with their own names, in the order in which they are offered."""
    known = set(languages())
    return {language: name for language, name in LANGUAGE_NAMES.items() if language in known}


def language_name(language: str) -> str:
    """A language's own name; the code where it has none here."""
    return LANGUAGE_NAMES.get(language, language)


def html_lang(language: str) -> str:
    """The BCP 47 tag of a language, for `lang=`."""
    return "sr-Cyrl" if language == "sr" else language


def _path(language: str) -> Path:
    written = "sr" if language == SERBIAN_LATIN else language
    return FOLDER / written / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def catalogue(language: str) -> _gettext.NullTranslations:
    """The catalogue of a language; English, and a language without a catalogue, say the source text.

    Serbian in Latin letters is the Cyrillic catalogue, written over when it is loaded.
    """
    path = _path(language)
    if language == SOURCE_LANGUAGE or not path.is_file():
        return _gettext.NullTranslations()
    import io

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as handle:
        # The plural forms are those of the file's header: Babel knows no Montenegrin.
        read = read_po(handle, locale=None, domain=DOMAIN)
    if language == SERBIAN_LATIN:
        for message in read:
            if message.id:
                forms = message.string
                message.string = latin(forms) if isinstance(forms, str) else tuple(map(latin, forms or ()))
    write_mo(compiled, read)
    compiled.seek(0)
    return _gettext.GNUTranslations(compiled)


def gettext(text: str, language: str = SOURCE_LANGUAGE) -> str:
    """A source text in a language, or itself where that language lacks it."""
    return catalogue(language).gettext(text) if text else text


def tell(text: str, language: str = SOURCE_LANGUAGE, **params: object) -> str:
    """A sentence of a screen, mail or command in a language, its `{parameters}` in place.

    `text` is the English source and stands literally where it is said, so that it is found for the catalogues.
    """
    found = gettext(text, language)
    return found.format_map(params) if params else found


def many(one: str, other: str, n: int, language: str = SOURCE_LANGUAGE, **params: object) -> str:
    """A sentence that depends on a number, `{n}`: the language's own plural forms decide."""
    return catalogue(language).ngettext(one, other, n).format_map({"n": n, **params})


def mark(text: str) -> str:
    """The text itself: says that it is a source text which is told elsewhere, by `tell(text, language)`."""
    return text
