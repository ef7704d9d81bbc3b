"""Attach notes, marks and attributes of a PX file to single cells, with `*` for every value of a variable.

NOTE and NOTEX apply to the table or a variable, VALUENOTE(X) to one value, CELLNOTE(X), DATANOTECELL and ATTRIBUTES to
one value or `*` for each variable in the order of STUB and HEADING. CELLNOTE names values by label, DATANOTECELL and
ATTRIBUTES by code (specification, 3.3.4, 3.3.8, 3.3.21); the other name is accepted if the first is unknown. Only the
default language is attached to cells; every language is in `Cube.properties`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Generic, TypeVar

from pipelines.model.content import Remark
from pipelines.reading.formats.px.grammar import Header, PxStatement
from pipelines.reading.formats.px.structure import Layout

T = TypeVar("T")

OF_A_CONTENT = (
    "UNITS",
    "SOURCE",
    "REFPERIOD",
    "BASEPERIOD",
    "STOCKFA",
    "CFPRICES",
    "DAYADJ",
    "SEASADJ",
    "LAST-UPDATED",
)
"""Keywords that CONTVARIABLE repeats for each of its values. CONTACT is left out: it names persons."""


@dataclass(slots=True)
class PlaceIndex(Generic[T]):
    """Things attached to places of the cube, indexed by the variables they fix, in file order."""

    by_mask: dict[tuple[int, ...], dict[tuple[int, ...], list[tuple[int, T]]]] = field(default_factory=dict)
    count: int = 0

    def add_thing(self, fixed: dict[int, int], thing: T) -> None:
        mask = tuple(sorted(fixed))
        key = tuple(fixed[i] for i in mask)
        self.by_mask.setdefault(mask, {}).setdefault(key, []).append((self.count, thing))
        self.count += 1

    def things_at(self, indices: tuple[int, ...]) -> list[T]:
        hits: list[list[tuple[int, T]]] = []
        for mask, by_key in self.by_mask.items():
            key = indices if len(mask) == len(indices) else tuple([indices[i] for i in mask])
            if (hit := by_key.get(key)) is not None:
                hits.append(hit)
        return [thing for _, thing in (hits[0] if len(hits) == 1 else sorted(chain(*hits), key=itemgetter(0)))]

    def reduce_indices(self, sizes: Sequence[int]) -> list[list[int]]:
        """Return for each variable its indices, -1 for those that no thing names.

        Positions that are equal after that have the same things.
        """
        named_indices: list[set[int]] = [set() for _ in sizes]
        for mask, by_key in self.by_mask.items():
            for variable, indices in zip(mask, zip(*by_key, strict=True), strict=False):
                named_indices[variable].update(indices)
        return [
            [index if index in indices else -1 for index in range(size)]
            for size, indices in zip(sizes, named_indices, strict=True)
        ]


class CellAnnotations:
    """Notes and attributes of a cube by the position of a cell. `any` is False if no cell has either.

    Cells with the same notes or attributes share them.
    """

    def __init__(
        self, notes: PlaceIndex[str], attributes: PlaceIndex[dict[str, str]], default_attributes: dict[str, str]
    ) -> None:
        self.any = bool(notes.count or attributes.count or default_attributes)
        self.notes_at = _NotesByPosition(notes)
        self.attributes_at = _AttributesByPosition(attributes, default_attributes)


class _NotesByPosition(dict[tuple[int, ...], tuple[str, ...]]):
    """Notes of a cell by its indices."""

    def __init__(self, index: PlaceIndex[str]) -> None:
        super().__init__()
        self.index = index

    def __missing__(self, indices: tuple[int, ...]) -> tuple[str, ...]:
        notes = self[indices] = tuple(self.index.things_at(indices))
        return notes


class _AttributesByPosition(dict[tuple[int, ...], dict[str, str]]):
    """Attributes of a cell by its indices."""

    def __init__(self, index: PlaceIndex[dict[str, str]], defaults: dict[str, str]) -> None:
        super().__init__()
        self.index = index
        self.defaults = defaults

    def __missing__(self, indices: tuple[int, ...]) -> dict[str, str]:
        attributes = self[indices] = dict(self.defaults)
        for cell_attributes in self.index.things_at(indices):
            attributes.update(cell_attributes)
        return attributes


def attach_notes(header: Header, layout: Layout, remarks: list[Remark]) -> CellAnnotations:
    """Attach notes and attributes to cells; a note that names no cell of this table becomes a remark."""
    notes: PlaceIndex[str] = PlaceIndex()
    attributes: PlaceIndex[dict[str, str]] = PlaceIndex()
    ids = header.find_first("ATTRIBUTE-ID")
    names = ids.values if ids else ()
    defaults: dict[str, str] = {}

    def name_attributes(statement: PxStatement) -> dict[str, str]:
        numbered = [f"ATTRIBUTE{i}" for i in range(len(names) + 1, len(statement.values) + 1)]
        return {k: v for k, v in zip([*names, *numbered], statement.values, strict=False) if v}

    for statement in header.statements:
        if statement.language not in (None, layout.default_language):
            continue
        keyword = statement.keyword
        fixed: dict[int, int] | None
        if keyword in ("NOTE", "NOTEX"):
            fixed = {} if not statement.keys or layout.variable_index(statement.keys[0]) is not None else None
        elif keyword in ("VALUENOTE", "VALUENOTEX"):
            fixed = _find_value_place(statement, layout)
        elif keyword in ("CELLNOTE", "CELLNOTEX"):
            fixed = _find_cell_place(statement, layout, code_first=False)
        elif keyword == "DATANOTECELL" or (keyword == "ATTRIBUTES" and statement.keys):
            fixed = _find_cell_place(statement, layout, code_first=True)
        elif keyword == "ATTRIBUTES":
            defaults = name_attributes(statement)
            continue
        elif keyword in OF_A_CONTENT and statement.keys and layout.contents is not None:
            place = layout.variables[layout.contents].value_index(statement.keys[0], code_first=False)
            fixed = {layout.contents: place} if place is not None else None
        else:
            continue
        if fixed is None:
            remarks.append(Remark("read.px.note_place", statement.where, {"keyword": statement.name}))
        elif keyword == "DATANOTECELL":
            attributes.add_thing(fixed, {"DATANOTECELL": "".join(statement.values)})
        elif keyword == "ATTRIBUTES":
            attributes.add_thing(fixed, name_attributes(statement))
        elif keyword in OF_A_CONTENT:
            attributes.add_thing(fixed, {keyword: statement.text})
        else:
            notes.add_thing(fixed, statement.text)
    return CellAnnotations(notes, attributes, defaults)


def _find_value_place(statement: PxStatement, layout: Layout) -> dict[int, int] | None:
    if len(statement.keys) != 2:
        return None
    variable = layout.variable_index(statement.keys[0])
    if variable is None:
        return None
    place = layout.variables[variable].value_index(statement.keys[1], code_first=False)
    return None if place is None else {variable: place}


def _find_cell_place(statement: PxStatement, layout: Layout, *, code_first: bool) -> dict[int, int] | None:
    if len(statement.keys) != len(layout.variables):
        return None
    fixed: dict[int, int] = {}
    for i, key in enumerate(statement.keys):
        if key == "*":
            continue
        place = layout.variables[i].value_index(key, code_first=code_first)
        if place is None:
            return None
        fixed[i] = place
    return fixed
