"""Titles of forms in the language of the user."""

from __future__ import annotations

from pipelines.core.text.script import transliterate_serbian
from pipelines.declarations.form import Form

_CYRILLIC, _LATIN = "-Cyrl", "-Latn"


def form_title(form: Form, language: str) -> str:
    """Return the title of a form in a language, in either script if there is only one; else the English title.

    A Latin title is transliterated from a Cyrillic one if needed, but never the other way round.
    """
    base_language = language.partition("-")[0]
    if language != base_language + _LATIN:
        candidates = (language, base_language, base_language + _CYRILLIC, base_language + _LATIN)
        return next((form.titles[tag] for tag in candidates if tag in form.titles), form.title)
    for tag in (language, base_language, base_language + _CYRILLIC):
        if tag in form.titles:
            return transliterate_serbian(form.titles[tag])
    return form.title
