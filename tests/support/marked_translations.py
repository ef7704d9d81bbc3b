"""A catalogue in which each translation is its source in brackets, to find texts that go through no catalogue."""

from __future__ import annotations

import gettext
import re


class MarkedTranslations(gettext.NullTranslations):
    """Translate each text to itself in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


def strip_translations(text: str) -> str:
    """Return the part of a text that is outside the outermost brackets."""
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", "", text)) != text:
        text = shorter
    return text
