"""Build the observations of a JSON-stat dataset on demand: a million of them would cost seconds and memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

from pipelines.model.content import CubeObservation, Where
from pipelines.reading.formats.lazy_observations import LazyObservations

Entry = int | float | str | None


@dataclass(frozen=True, slots=True)
class DimensionPart:
    """One dimension's contribution: its codes, notes on all of it, and notes and units of single categories."""

    codes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    member_notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    units: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        return not (self.notes or self.member_notes or self.units)


@dataclass(frozen=True, eq=False, slots=True)
class JsonStatObservations(LazyObservations):
    """`entries` in order; `positions` is None if every cell is present. `status` is by position, or one for all."""

    parts: tuple[DimensionPart, ...]
    entries: list[Entry]
    positions: list[int] | None
    status: Mapping[int, str] | str
    notes: tuple[str, ...]
    plain: bool

    def __len__(self) -> int:
        return len(self.entries)

    def build_at(self, index: int) -> CubeObservation:
        """Return the observation at a position from 0."""
        position = index if self.positions is None else self.positions[index]
        return self._build_observation(position, self._key_at(position), self.entries[index])

    def __iter__(self) -> Iterator[CubeObservation]:
        if self.positions is None:
            keys = product(*(part.codes for part in self.parts))
            for position, (key, entry) in enumerate(zip(keys, self.entries, strict=True)):
                yield self._build_observation(position, key, entry)
            return
        for position, entry in zip(self.positions, self.entries, strict=True):
            yield self._build_observation(position, self._key_at(position), entry)

    def _key_at(self, position: int) -> tuple[str, ...]:
        codes: list[str] = []
        for part in reversed(self.parts):
            position, index = divmod(position, len(part.codes))
            codes.append(part.codes[index])
        return tuple(reversed(codes))

    def _build_observation(self, position: int, key: tuple[str, ...], entry: Entry) -> CubeObservation:
        where = Where(keyword=f"value[{position}]")
        value, sign = (None, entry or None) if isinstance(entry, str) else (entry, None)
        if self.plain:
            return CubeObservation(key, value, sign, where)
        attributes: dict[str, str] = {}
        flag = self.status if isinstance(self.status, str) else self.status.get(position)
        if flag:
            attributes["status"] = flag
            if value is None:
                sign = flag
        notes = list(self.notes)
        for part, code in zip(self.parts, key, strict=True):
            if not part.plain:
                notes += (*part.notes, *part.member_notes.get(code, ()))
                attributes |= part.units.get(code, {})
        return CubeObservation(key, value, sign, where, tuple(notes), attributes)
