"""A catalogue in which each translation is its source in brackets, to find texts that go through no catalogue."""

from __future__ import annotations

import gettext
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pipelines.core import i18n

_WITH_KEPT_TEXTS = ("pipelines.words.", "pipelines.front.", "dashboards.")
"""Beginnings of the names of modules whose functions may keep texts of a catalogue."""


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


@contextmanager
def replace_catalogues(load: Callable[[str], gettext.NullTranslations]) -> Iterator[None]:
    """Load the catalogues of all languages by another function within a `with` statement.

    What is kept from the texts of a catalogue is forgotten before and after. Macedonian patterns of marked texts found
    nothing in the tests and pages that came later in the same process, and figures in later pages were in brackets.
    """
    _forget_kept_texts()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(i18n, "load_catalogue", load)
            yield
    finally:
        _forget_kept_texts()


def _forget_kept_texts() -> None:
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(_WITH_KEPT_TEXTS)]
    for module in modules:
        for function in list(vars(module).values()):
            if hasattr(function, "cache_clear"):
                function.cache_clear()
