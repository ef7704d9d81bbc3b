"""Map the names of territories that publishers use to territory codes, from the territories' declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.declarations.territory import Territory


def fold_name(name: str) -> str:
    """Return the name in lower case with single spaces."""
    return re.sub(r"\s+", " ", name).strip().casefold()


@dataclass(frozen=True)
class Areas:
    """`codes`: folded name -> territory code; `english`: code -> English display name."""

    codes: dict[str, str]
    english: dict[str, str]

    def find_code(self, words: str) -> str | None:
        """Return the code of the territory with this name, or None."""
        return self.codes.get(fold_name(words))

    def display_name(self, words: str) -> str:
        """Return the display name of a territory for any of its names; other words are returned unchanged."""
        code = self.find_code(words)
        return words if code is None else self.english[code]


def areas_of(territories: Iterable[Territory]) -> Areas:
    """Return every declared name and code of national territories. Older names are accepted whatever their validity.

    Raises ValueError if two territories have the same name.
    """
    codes: dict[str, str] = {}
    english: dict[str, str] = {}
    for territory in territories:
        if territory.kind != "national":
            continue
        english[territory.code] = next(n.name for n in territory.names if n.language == "en" and not n.accepted_only)
        for name in (territory.code, *(n.name for n in territory.names)):
            owner = codes.setdefault(fold_name(name), territory.code)
            if owner != territory.code:
                raise ValueError(f"the name {name!r} belongs to {owner} and to {territory.code}")
    return Areas(codes, english)


def declared_areas() -> Areas:
    """Return the areas of all declared territories."""
    from pipelines.declarations import registry

    return areas_of(registry.load().without_training().territories.values())
