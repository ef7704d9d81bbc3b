"""Type of a text that a declaration states in each language of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator

from pipelines.core import i18n
from pipelines.core.text.script import transliterate_serbian


def _check_languages(texts: dict[str, str]) -> dict[str, str]:
    expected = set(i18n.list_languages()) - {i18n.SERBIAN_LATIN}
    if wrong := expected ^ set(texts):
        raise ValueError(f"a text is in each of {', '.join(sorted(expected))}; check {', '.join(sorted(wrong))}")
    if empty := [language for language, text in texts.items() if not text.strip()]:
        raise ValueError(f"the text is empty in {', '.join(empty)}")
    return texts


DeclaredTexts = Annotated[dict[str, str], AfterValidator(_check_languages)]
"""One text in each language of the interface; Serbian in Latin letters is transliterated."""


def pick_text(texts: Mapping[str, str], language: str) -> str:
    """Return a text in a language of the interface."""
    if language == i18n.SERBIAN_LATIN:
        return transliterate_serbian(texts["sr"])
    return texts[language]
