"""Titles of forms in the language of the user."""

from __future__ import annotations

from pipelines.core.i18n import mark, tell
from pipelines.core.text.script import transliterate_serbian
from pipelines.declarations.form import Form

_CYRILLIC, _LATIN = "-Cyrl", "-Latn"
WORKBOOK_TITLE = mark("{title} (workbook)")
"""Title of the workbook of a form whose own format is none."""


def form_title(form: Form, language: str) -> str:
    """Return the title of a form in a language: as declared, else translated; the English title without either."""
    declared = find_declared_title(form, language)
    if declared is not None:
        return declared
    of_workbook = WORKBOOK_TITLE.format(title="")
    if not form.title.endswith(of_workbook):
        return tell(form.title, language)  # marked in declarations
    return tell(WORKBOOK_TITLE, language, title=tell(form.title.removesuffix(of_workbook), language))  # marked there


def find_declared_title(form: Form, language: str) -> str | None:
    """Return the declared title of a form in a language, in either script if there is only one; None without one.

    A Latin title is transliterated from a Cyrillic one if needed, but never the other way round.
    """
    base_language = language.partition("-")[0]
    if language != base_language + _LATIN:
        candidates = (language, base_language, base_language + _CYRILLIC, base_language + _LATIN)
        return next((form.titles[tag] for tag in candidates if tag in form.titles), None)
    for tag in (language, base_language, base_language + _CYRILLIC):
        if tag in form.titles:
            return transliterate_serbian(form.titles[tag])
    return None


def find_own_title(form: Form, language: str) -> str:
    """Return how the office itself calls a form, if readers of a language see only a translation; else nothing."""
    if find_declared_title(form, language) is not None:
        return ""
    return find_declared_title(form, form.language) or ""
