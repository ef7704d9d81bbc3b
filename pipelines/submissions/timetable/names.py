"""Names of offices, parts and instruments in a reader's language, for calendars and mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.core import codes

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.declarations.territory import Name

_NEAR = {"sr": ("sr-Cyrl", "sr-Latn"), "cnr": ("cnr-Latn", "sr-Latn")}
"""Languages whose declared names carry a script."""


def pick(names: Sequence[Name], language: str) -> Name:
    """The name shown in a language: its own, else that in a script of it, else the English one, else the first."""
    shown = [n for n in names if not n.accepted_only]
    for wanted in (language, *_NEAR.get(language, ()), "en"):
        for name in shown:
            if name.language == wanted:
                return name
    return shown[0]


def office_name(registry: Registry, source: str, language: str) -> str:
    """The name of an office with its territory's; the code where it is not declared any more."""
    for territory in registry.territories.values():
        for office in territory.offices:
            if office.id == source:
                return f"{pick(office.names, language).name} ({pick(territory.names, language).name})"
    return source


def jurisdiction_name(registry: Registry, jurisdiction: str, language: str) -> str:
    """The name of a part that reports, or its code where it is not declared any more."""
    for territory in registry.territories.values():
        for part in territory.jurisdictions:
            if part.code == jurisdiction:
                return pick(territory.names if part.code == territory.code else part.names, language).name
    return jurisdiction


def note_of(registry: Registry, territory: str, language: str) -> str | None:
    """The footnote that stands with a territory's name wherever it is shown, or None."""
    declared = registry.territories.get(territory)
    if declared is None:
        return None
    shown = [n for n in declared.names if n.footnote and not n.accepted_only]
    return pick(shown, language).footnote if shown else None


def instrument_name(instrument: str, language: str) -> str:
    """The label of an instrument; in English where the language has none."""
    return codes.label("instrument", instrument, language)
