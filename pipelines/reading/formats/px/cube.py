"""Build the cube of a PX file, its observations on demand: a million of them would cost seconds and memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product, repeat
from math import prod
from operator import sub
from typing import Any, TypeVar

from pipelines.model.content import NO_ATTRIBUTES, Cube, CubeObservation, Remark, Scalar, Where
from pipelines.reading.formats.lazy_observations import LazyObservations
from pipelines.reading.formats.px.cells import Cells
from pipelines.reading.formats.px.grammar import Header
from pipelines.reading.formats.px.notes import CellAnnotations, attach_notes
from pipelines.reading.formats.px.structure import SYMBOLS, Layout

_IN_DIMENSIONS = frozenset({"VALUES", "CODES", "STUB", "HEADING", "KEYS", "DATA"})
T = TypeVar("T")
_ON_CELLS = frozenset({"DATANOTECELL", "ATTRIBUTES"})


@dataclass(frozen=True, eq=False, slots=True)
class PxObservations(LazyObservations):
    """Observations of a PX file, in file order; stub variables slowest."""

    codes: tuple[tuple[str, ...], ...]
    stub: int
    cells: Cells
    attached: CellAnnotations

    def __len__(self) -> int:
        return len(self.cells.values)

    def build_at(self, index: int) -> CubeObservation:
        """Return the observation at a position from 0."""
        cell, reversed_indices = index, []
        if self.cells.rows is not None:
            width = prod(len(c) for c in self.codes[self.stub :])
            cell = self.cells.rows[index // width] * width + index % width
        for codes in reversed(self.codes):
            cell, index_in_variable = divmod(cell, len(codes))
            reversed_indices.append(index_in_variable)
        return self._build_observation(
            index, tuple(reversed(reversed_indices)), Where(line=self.cells.line_of(index), keyword="DATA")
        )

    def _build_observation(self, index: int, indices: tuple[int, ...], where: Where) -> CubeObservation:
        key = tuple(codes[i] for codes, i in zip(self.codes, indices, strict=True))
        stored = self.cells.values[index]
        value, status = (None, stored) if isinstance(stored, str) else (stored, None)
        if not self.attached.any:
            return CubeObservation(key, value, status, where)
        return CubeObservation(
            key, value, status, where, self.attached.notes_at[indices], self.attached.attributes_at[indices]
        )

    def __iter__(self) -> Iterator[CubeObservation]:
        """Iterate in file order; no step runs in Python for each cell, except where it has notes that no cell had."""
        values: Iterable[Any] = self.cells.values
        signs: Iterable[str | None] = repeat(None)
        if self.cells.has_signs:
            signs = [value if value.__class__ is str else None for value in values]
            values = [None if value.__class__ is str else value for value in values]
        notes: Iterable[tuple[str, ...]] = repeat(())
        attributes: Iterable[dict[str, str]] = repeat(NO_ATTRIBUTES)
        if self.attached.any:
            sizes = [len(codes) for codes in self.codes]
            notes_at, attributes_at = self.attached.notes_at, self.attached.attributes_at
            notes = map(notes_at.__getitem__, self._iter_combinations(notes_at.index.reduce_indices(sizes)))
            attributes = map(
                attributes_at.__getitem__, self._iter_combinations(attributes_at.index.reduce_indices(sizes))
            )
        keys = self._iter_combinations(self.codes)
        fields = zip(keys, values, signs, self._iter_places(), notes, attributes, strict=False)
        return map(tuple.__new__, repeat(CubeObservation), fields)

    def _iter_places(self) -> Iterator[Where]:
        """Iterate over the place of each cell; cells of one line share it."""
        fields = zip(*map(repeat, (None, None, None, None, None)), self.cells.lines, repeat(None), repeat("DATA"))
        places = map(tuple.__new__, repeat(Where), fields)
        counts = map(sub, [*self.cells.starts[1:], len(self)], self.cells.starts)
        return chain.from_iterable(map(repeat, places, counts))

    def _iter_combinations(self, entries: Sequence[Sequence[T]]) -> Iterator[tuple[T, ...]]:
        """Iterate over one tuple for each cell, with the entry of each variable for its value."""
        if self.cells.rows is None:
            return product(*entries)
        tail = entries[self.stub :]
        return chain.from_iterable(product(*head, *tail) for head in self._iter_heads(entries[: self.stub]))

    def _iter_heads(self, entries: Sequence[Sequence[T]]) -> Iterator[list[tuple[T]]]:
        """Yield the entries of the stub variables of each row in the file."""
        for row in self.cells.rows or ():
            head: list[tuple[T]] = []
            for entries_of_variable in reversed(entries):
                row, index = divmod(row, len(entries_of_variable))
                head.append((entries_of_variable[index],))
            yield head[::-1]


def build_cube(header: Header, layout: Layout, cells: Cells, encoding: str, remarks: list[Remark]) -> Cube:
    """Combine the results of the other modules to a cube."""
    all_remarks = [*remarks, *layout.remarks]
    attached = attach_notes(header, layout, all_remarks)
    codes = tuple(tuple(m.code for m in v.dimension.members) for v in layout.variables)
    symbols = {}
    for sign, keyword in SYMBOLS.items():
        statement = header.find_first(keyword)
        if statement is not None and statement.text:
            symbols[sign] = statement.text
    return Cube(
        format="px",
        dimensions=tuple(v.dimension for v in layout.variables),
        observations=PxObservations(codes, layout.stub, cells, attached),
        default_language=layout.default_language,
        languages=layout.languages,
        absent="zero" if layout.keys is not None else "missing",
        properties=_collect_properties(header, encoding, len(layout.variables) and layout.cells),
        symbols=symbols,
        remarks=tuple(all_remarks),
    )


def _collect_properties(header: Header, encoding: str, cells: int) -> dict[str, Scalar]:
    """Return every keyword that dimensions and cells do not contain already; join repeated ones by a line end."""
    properties: dict[str, Scalar] = {"encoding": encoding, "cells": cells}
    for statement in header.statements:
        if statement.keyword in _IN_DIMENSIONS or (statement.keyword in _ON_CELLS and statement.keys):
            continue
        before = properties.get(statement.name)
        properties[statement.name] = statement.text if before is None else f"{before}\n{statement.text}"
    return properties
