"""The cube of a PX file. Its observations are built when asked for: a million of them would cost seconds and memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import overload

from pipelines.model.content import Cube, CubeObservation, Remark, Scalar, Where
from pipelines.reading.formats.px.cells import Cells
from pipelines.reading.formats.px.grammar import Header
from pipelines.reading.formats.px.notes import Attached, attach
from pipelines.reading.formats.px.structure import SYMBOLS, Layout

_IN_DIMENSIONS = frozenset({"VALUES", "CODES", "STUB", "HEADING", "KEYS", "DATA"})
_ON_CELLS = frozenset({"DATANOTECELL", "ATTRIBUTES"})


@dataclass(frozen=True, eq=False, slots=True)
class Observations(Sequence[CubeObservation]):
    """The observations of a PX file, in file order; stub variables slowest."""

    codes: tuple[tuple[str, ...], ...]
    stub: int
    cells: Cells
    attached: Attached

    def __len__(self) -> int:
        return len(self.cells.values)

    @overload
    def __getitem__(self, index: int) -> CubeObservation: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CubeObservation]: ...
    def __getitem__(self, index: int | slice) -> CubeObservation | Sequence[CubeObservation]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        cell, rest = index, []
        if self.cells.rows is not None:
            width = prod(len(c) for c in self.codes[self.stub :])
            cell = self.cells.rows[index // width] * width + index % width
        for codes in reversed(self.codes):
            cell, here = divmod(cell, len(codes))
            rest.append(here)
        return self._build(index, tuple(reversed(rest)), Where(line=self.cells.line(index), keyword="DATA"))

    def _build(self, index: int, indices: tuple[int, ...], where: Where) -> CubeObservation:
        key = tuple(codes[i] for codes, i in zip(self.codes, indices, strict=True))
        stored = self.cells.values[index]
        value, status = (None, stored) if isinstance(stored, str) else (stored, None)
        if not self.attached.any:
            return CubeObservation(key, value, status, where)
        notes, attributes = self.attached.notes_at(indices), self.attached.attributes_at(indices)
        return CubeObservation(key, value, status, where, notes, attributes)

    def __iter__(self) -> Iterator[CubeObservation]:
        starts, lines = self.cells.starts, self.cells.lines
        places = self._indices()
        for number, start in enumerate(starts):
            where = Where(line=lines[number], keyword="DATA")
            stop = starts[number + 1] if number + 1 < len(starts) else len(self)
            for index in range(start, stop):
                yield self._build(index, next(places), where)

    def _indices(self) -> Iterator[tuple[int, ...]]:
        ranges = [range(len(codes)) for codes in self.codes]
        if self.cells.rows is None:
            yield from product(*ranges)
            return
        for row in self.cells.rows:
            head: list[int] = []
            for codes in reversed(self.codes[: self.stub]):
                row, here = divmod(row, len(codes))
                head.append(here)
            for tail in product(*ranges[self.stub :]):
                yield (*reversed(head), *tail)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]


def build(header: Header, layout: Layout, cells: Cells, encoding: str, remarks: list[Remark]) -> Cube:
    """Put together what the parts found."""
    all_remarks = [*remarks, *layout.remarks]
    attached = attach(header, layout, all_remarks)
    codes = tuple(tuple(m.code for m in v.dimension.members) for v in layout.variables)
    symbols = {}
    for sign, keyword in SYMBOLS.items():
        statement = header.find(keyword)
        if statement is not None and statement.text:
            symbols[sign] = statement.text
    return Cube(
        format="px",
        dimensions=tuple(v.dimension for v in layout.variables),
        observations=Observations(codes, layout.stub, cells, attached),
        default_language=layout.default_language,
        languages=layout.languages,
        absent="zero" if layout.keys is not None else "missing",
        properties=_properties(header, encoding, len(layout.variables) and layout.cells),
        symbols=symbols,
        remarks=tuple(all_remarks),
    )


def _properties(header: Header, encoding: str, cells: int) -> dict[str, Scalar]:
    """Every keyword but those the dimensions and the cells already hold. Repeated ones are joined by a line end."""
    out: dict[str, Scalar] = {"encoding": encoding, "cells": cells}
    for statement in header.statements:
        if statement.keyword in _IN_DIMENSIONS or (statement.keyword in _ON_CELLS and statement.keys):
            continue
        before = out.get(statement.name)
        out[statement.name] = statement.text if before is None else f"{before}\n{statement.text}"
    return out
