"""Names of territories as publishers write them, from the declarations of the territories."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.declarations.territory import Territory


def fold(name: str) -> str:
    """Small letters, single spaces."""
    return re.sub(r"\s+", " ", name).strip().casefold()


@dataclass(frozen=True)
class Areas:
    """`codes`: folded name -> territory code; `english`: code -> the English name it is shown under."""

    codes: dict[str, str]
    english: dict[str, str]

    def code(self, words: str) -> str | None:
        """The territory that these words name, or None."""
        return self.codes.get(fold(words))

    def shown(self, words: str) -> str:
        """The name a territory is shown under, for whichever name stands in a file; other words as they are."""
        code = self.code(words)
        return words if code is None else self.english[code]


def areas_of(territories: Iterable[Territory]) -> Areas:
    """Every declared name and code of national territories. Older names are accepted whatever their validity.

    Raises ValueError where two territories claim one name.
    """
    codes: dict[str, str] = {}
    english: dict[str, str] = {}
    for territory in territories:
        if territory.kind != "national":
            continue
        english[territory.code] = next(n.name for n in territory.names if n.language == "en" and not n.accepted_only)
        for name in (territory.code, *(n.name for n in territory.names)):
            other = codes.setdefault(fold(name), territory.code)
            if other != territory.code:
                raise ValueError(f"the name {name!r} belongs to {other} and to {territory.code}")
    return Areas(codes, english)


def declared_areas() -> Areas:
    """Areas of all declared territories."""
    from pipelines.declarations import registry

    return areas_of(registry.load().national().territories.values())
