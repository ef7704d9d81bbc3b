"""List words that are easy to guess in a password: of the account, the offices and territories, and the project."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pipelines.core import i18n
from pipelines.core.i18n import mark

SHORTEST = 4
"""Minimum length of a word; shorter ones occur in any sentence."""
PROJECT = mark("Regional trafficking indicators")
_WORD = re.compile(r"[^\W_]+")


def own_words(account_id: str, display_name: str, email: str | None = None) -> tuple[str, ...]:
    """Return the lower-case words that a password of this account must not consist of, most likely first."""
    texts = (account_id, display_name, email or "")
    return tuple(dict.fromkeys(word for text in texts for word in _split_words(text))) + shared_words()


def shared_words() -> tuple[str, ...]:
    """Return the words in the names of the project, territories, jurisdictions and offices, in every language."""
    from pipelines.declarations import registry

    return _declared_words(registry.territory_folders())


@cache
def _declared_words(folders: tuple[Path, ...]) -> tuple[str, ...]:
    from pipelines.declarations import registry

    texts = [i18n.gettext(PROJECT, language) for language in i18n.list_languages()]
    for territory in registry.load_from(folders).territories.values():
        names = [*territory.names, *(name for office in territory.offices for name in office.names)]
        names += [name for part in territory.jurisdictions for name in part.names]
        texts += [name.name for name in names]
    return tuple(dict.fromkeys(word for text in texts for word in _split_words(text)))


def _split_words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.casefold()) if len(word) >= SHORTEST]
