"""Prepare what was read for display next to the file: rows of numbers in words, and the sender's tables as plain
cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines.core import i18n
from pipelines.core.i18n import mark, tell
from pipelines.core.i18n.periods import format_period
from pipelines.findings.finding import Finding, Severity
from pipelines.findings.places import place_words
from pipelines.model.content import Content, Cube, Where
from pipelines.office.answers.model import CellView, ReadRow, TableView
from pipelines.office.answers.values import dimension_words, format_value, key_words
from pipelines.reading.standardise.sheets import is_blank

if TYPE_CHECKING:
    import polars as pl

    from pipelines.model.content import Grid, SourceTable
    from pipelines.reading.standardise.collecting import Binding
    from pipelines.reading.standardise.standardise import Reading

ROLE_WORDS = {
    "title": mark("title, with period and table"),
    "sheet": mark("sheet"),
    "corner": mark("corner of the table"),
    "heading": mark("heading"),
    "label": mark("label of a row"),
    "section": mark("section"),
    "value": mark("number taken over"),
    "pseudonym": mark("pseudonym of a case or person"),
    "check": mark("printed total, only compared"),
    "note": mark("note"),
    "nil": mark("nil: nothing to report"),
    "contact": mark("contact, not kept"),
    "ignored": mark("not read, as declared"),
    "unknown": mark("not declared"),
    "dimension": mark("dimension"),
}
_RANK = {"error": 0, "warning": 1, "information": 2}


def rows_of(observations: pl.DataFrame, findings: Iterable[Finding], language: str) -> list[ReadRow]:
    """Return each number in the order it was read: place, office's words, interpretation, value, and findings."""
    by_place: dict[str, list[Finding]] = {}
    for finding in findings:
        by_place.setdefault(str(finding.where), []).append(finding)
    read_rows = []
    words_by_codes: dict[tuple[object, ...], str] = {}
    from pipelines.model.long_tables import OBSERVATION_KEY

    for row in observations.iter_rows(named=True):
        key = tuple(row[name] for name in OBSERVATION_KEY)
        if key not in words_by_codes:
            words_by_codes[key] = tell(
                "{what}, {period}",
                language,
                what=key_words(row, language),
                period=format_period(row["period"], language),
            )
        row_findings = by_place.get(row["place"] or "", [])
        read_rows.append(
            ReadRow(
                place=place_words(Where.from_text(row["place"] or ""), language),
                label=row["label"] or "",
                read_as=words_by_codes[key],
                shown=format_value(row["value"], row["obs_status"], language),
                severity=_worst(row_findings),
                finding_keys=tuple(f.key for f in row_findings),
            )
        )
    return read_rows


def tables_of(content: Content, reading: Reading | None, language: str, limit: int) -> tuple[TableView, ...]:
    """Return the tables of a grid as cells, `limit` at most; for a cube its dimensions, one table each."""
    bound = list(reading.bindings) if reading is not None else []
    if isinstance(content, Cube):
        return tuple(_dimension(content, n, bound, language) for n in range(len(content.dimensions)))
    return _tables(content, bound, reading.findings if reading is not None else (), language, limit)


def _tables(
    grid: Grid, bound: Sequence[Binding], findings: Iterable[Finding], language: str, limit: int
) -> tuple[TableView, ...]:
    bindings = {(b.table, b.row, b.column): b for b in bound}
    by_place: dict[str, list[Finding]] = {}
    for finding in findings:
        by_place.setdefault(str(finding.where), []).append(finding)
    table_views: list[TableView] = []
    cells_left = limit
    for index, table in enumerate(grid.tables):
        cells = [c for c in table.cells if not c.spread and (not is_blank(c) or str(c.where) in by_place)]
        last_cells = _find_last_cells(table)
        views = []
        for cell in cells[:cells_left]:
            binding = bindings.get((index, cell.row, cell.column))
            role = binding.role if binding is not None else None
            last_row, last_column = last_cells.get((cell.row, cell.column), (cell.row, cell.column))
            views.append(
                CellView(
                    place=place_words(cell.where, language),
                    row=cell.row,
                    column=cell.column,
                    text="" if role == "contact" else cell.text,
                    role=role,
                    role_words=_role_words(role, language),
                    said=_dimension_meaning(binding.codes, language) if binding is not None else "",
                    severity=_worst(by_place.get(str(cell.where), [])),
                    columns=last_column - cell.column + 1,
                    rows=last_row - cell.row + 1,
                )
            )
        rows = len({c.row for c in cells[cells_left:]})
        cells_left = max(0, cells_left - len(views))
        place_by_position = {(view.row, view.column): view.place for view in views}
        merged_places = {
            place_words(cell.where, language): place_by_position[cell.anchor]
            for cell in table.cells
            if cell.spread and cell.anchor in place_by_position
        }
        table_views.append(TableView(table.name, table.hidden, tuple(views), rows, merged_places))
    return tuple(table_views)


def _find_last_cells(table: SourceTable) -> dict[tuple[int, int], tuple[int, int]]:
    """Return row and column of the last cell of each merged area by the position of its first cell."""
    last_cells: dict[tuple[int, int], tuple[int, int]] = {}
    for cell in table.cells:
        if cell.spread:
            row, column = last_cells.get(cell.anchor, cell.anchor)
            last_cells[cell.anchor] = (max(row, cell.row), max(column, cell.column))
    return last_cells


def _dimension(cube: Cube, number: int, bound: Sequence[Binding], language: str) -> TableView:
    dimension = cube.dimensions[number]
    by_place = {str(b.where): b for b in bound if b.role == "dimension"}
    views = []
    for row, member in enumerate(dimension.members, start=1):
        where = Where(keyword=f"{dimension.id}={member.code}")
        binding = by_place.get(str(where))
        role = "dimension" if binding is not None else "unknown"
        text = next(iter(member.labels.values()), member.code)
        meaning = _dimension_meaning(binding.codes, language) if binding is not None else ""
        views.append(CellView(str(where), row, 1, text, role, _role_words(role, language), meaning))
    return TableView(dimension.id, False, tuple(views))


def _role_words(role: str | None, language: str) -> str:
    return tell("not read", language) if role is None else i18n.gettext(ROLE_WORDS[role], language)


def _dimension_meaning(codes: Mapping[str, str], language: str) -> str:
    words = (dimension_words(name, code, language) for name, code in codes.items())
    return " \u00b7 ".join(word for word in words if word)


def _worst(findings: Sequence[Finding]) -> Severity | None:
    return min((f.severity for f in findings), key=_RANK.__getitem__, default=None)
