"""What a person calls a form, in that person's language."""

from __future__ import annotations

from pipelines.core.text.script import latin
from pipelines.declarations.form import Form

_CYRILLIC, _LATIN = "-Cyrl", "-Latn"


def form_title(form: Form, language: str) -> str:
    """A form's title in a language, in any of its scripts if it has no other; else the English one.

    Latin letters are made from Cyrillic ones where only these are declared, never the other way.
    """
    spoken = language.partition("-")[0]
    if language != spoken + _LATIN:
        ranked = (language, spoken, spoken + _CYRILLIC, spoken + _LATIN)
        return next((form.titles[one] for one in ranked if one in form.titles), form.title)
    for one in (language, spoken, spoken + _CYRILLIC):
        if one in form.titles:
            return latin(form.titles[one])
    return form.title
