"""Look up names of offices, jurisdictions and instruments in a reader's language, for calendars and mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.core import codes
from pipelines.core.i18n import SOURCE_LANGUAGE, tell

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry
    from pipelines.declarations.territory import Name

_SCRIPT_VARIANTS = {"sr": ("sr-Cyrl", "sr-Latn"), "cnr": ("cnr-Latn", "sr-Latn")}
"""Languages whose declared names have a script in their code, and those codes."""


def pick_name(names: Sequence[Name], language: str) -> Name:
    """Return the name in a language, else in one of its scripts, else in English, else the first name."""
    eligible = [n for n in names if not n.accepted_only]
    for candidate in (language, *_SCRIPT_VARIANTS.get(language, ()), "en"):
        for name in eligible:
            if name.language == candidate:
                return name
    return eligible[0]


def find_office_name(registry: Registry, source: str, language: str) -> Name | None:
    """Return the name of an office as declared in a language, else translated, else in English; None if the declaration
    was removed."""
    offices = (office for territory in registry.territories.values() for office in territory.offices)
    name = next((pick_name(office.names, language) for office in offices if office.id == source), None)
    if name is None or name.language != SOURCE_LANGUAGE:
        return name
    translation = tell(name.name, language)  # marked in territory.yml
    return name if translation == name.name else name.model_copy(update={"name": translation, "language": language})


def is_in_language(name: Name, language: str) -> bool:
    """Return True if a name is in a language, in any of its scripts."""
    return name.language in (language, *_SCRIPT_VARIANTS.get(language, ()))


def office_name(registry: Registry, source: str, language: str) -> str:
    """Return the name of an office with that of its territory, or its code if the declaration was removed."""
    name = find_office_name(registry, source, language)
    for territory in registry.territories.values():
        if name is not None and any(office.id == source for office in territory.offices):
            return f"{name.name} ({pick_name(territory.names, language).name})"
    return source


def jurisdiction_name(registry: Registry, jurisdiction: str, language: str) -> str:
    """Return the name of a jurisdiction, or its code if the declaration was removed."""
    for territory in registry.territories.values():
        for part in territory.jurisdictions:
            if part.code == jurisdiction:
                return pick_name(territory.names if part.code == territory.code else part.names, language).name
    return jurisdiction


def note_of(registry: Registry, territory: str, language: str) -> str | None:
    """Return the footnote that must accompany a territory's name wherever it is shown, or None."""
    declared = registry.territories.get(territory)
    if declared is None:
        return None
    with_footnote = [n for n in declared.names if n.footnote and not n.accepted_only]
    footnote = pick_name(with_footnote, language).footnote if with_footnote else None
    return tell(footnote, language) if footnote else None  # marked in territory.yml


def instrument_name(instrument: str, language: str) -> str:
    """Return the label of an instrument, in English if there is none in the language."""
    return codes.get_code_label("instrument", instrument, language)
