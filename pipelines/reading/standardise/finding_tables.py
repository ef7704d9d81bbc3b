"""Locate the declared tables in a Grid by corner, heading and title, never by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.core.text.folding import find_nearest
from pipelines.model.content import SourceCell, Where
from pipelines.reading.standardise.collecting import Collector, nearest_words
from pipelines.reading.standardise.plan import Plan, TablePlan
from pipelines.reading.standardise.sheets import Sheet, is_blank

PERIOD_NAMES = frozenset({"year", "quarter", "period"})


@dataclass(slots=True)
class LocatedTable:
    """Declared table in the file: its first and continuing pieces, and the coordinates of title and sheet."""

    plan: TablePlan
    pieces: list[tuple[Sheet, SourceCell]]
    coordinates: dict[str, str]
    title: SourceCell | None
    title_row: int
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def sheet(self) -> Sheet:
        return self.pieces[0][0]

    @property
    def corner(self) -> SourceCell:
        return self.pieces[0][1]


def heading_path(sheet: Sheet, top: int, rows: int, column: int, *, carry: bool, first: int) -> list[SourceCell]:
    """Return the headings above a column, from the top; a merged heading counts once, a blank one not at all.

    With `carry` a blank heading above another takes the one to its left (files that cannot merge), but not beyond
    column `first`.
    """
    path: list[SourceCell] = []
    anchors: set[tuple[int, int]] = set()
    for row in range(top, top + rows):
        cell = sheet.cell_at(row, column)
        if carry and is_blank(cell) and row < top + rows - 1:
            cell = next((c for k in range(column - 1, first - 1, -1) if not is_blank(c := sheet.cell_at(row, k))), None)
        if cell is None or is_blank(cell):
            continue
        anchor = cell.anchor if cell.anchor != (0, 0) else (cell.row, cell.column)
        if anchor not in anchors:
            anchors.add(anchor)
            path.append(cell)
    return path


def path_text(path: Sequence[SourceCell]) -> str:
    """Join headings or labels to one text, in the way that declarations write them."""
    return " / ".join(" ".join(cell.text.split()) for cell in path)


def find_tables(plan: Plan, sheets: Sequence[Sheet], collector: Collector) -> list[LocatedTable]:
    """Return the declared tables, in the order of the declaration and then of the file; report missing ones."""
    located_tables: list[LocatedTable] = []
    used_corners: set[tuple[int, int, int]] = set()
    for table in plan.tables:
        candidates = _find_candidates(table, sheets, used_corners)
        titled_candidates = [f for f in candidates if table.title is None or f.title_row >= 0]
        chosen_tables = _join_continued(titled_candidates, candidates, table)
        if table.declared.occurs != "many" and len(chosen_tables) > 1:
            for extra in chosen_tables[1:]:
                corner = table.declared.corner
                collector.add_finding(
                    "table.twice", extra.corner.where, corner=corner, other=str(chosen_tables[0].corner.where)
                )
            chosen_tables = chosen_tables[:1]
        if not chosen_tables and table.declared.occurs != "optional":
            _report_missing_table(plan, table, candidates, sheets, collector)
        for located_table in chosen_tables:
            used_corners |= {(s.index, c.row, c.column) for s, c in located_table.pieces}
        located_tables += chosen_tables
    return located_tables


def report_unread_tables(
    plan: Plan, sheets: Sequence[Sheet], collector: Collector
) -> dict[int, tuple[str | None, str]]:
    """Report tables that have the corner and headings of a declared one but were not read.

    Their sheet name or title differs from the form, so that a whole period may be left out while its sisters are read.
    Returns their sheets by index, with the title or name found and the one expected; a sheet of which no table was read
    is reported as a whole by `check_outside`, and a declared table that is not in the file at all by
    `_report_missing_table`.
    """
    reported = {f.where for f in collector.findings if f.rule in ("table.title_missing", "table.twice")}
    missing_corners = {f.params["corner"] for f in collector.findings if f.rule == "table.not_found"}
    unread_sheets: dict[int, tuple[str | None, str]] = {}
    corners: set[tuple[int, int, int]] = set()
    for table in plan.tables:
        expected = table.declared.title or table.declared.sheet
        if expected is None or table.declared.corner in missing_corners:
            continue
        for sheet in sheets:
            for corner in (c for c in sheet.words if table.corner.match_text(c.text) is not None):
                place = (sheet.index, corner.row, corner.column)
                is_read = sheet.is_claimed(corner.row, corner.column) or corner.where in reported
                if is_read or place in corners or not _has_expected_headings(table, sheet, corner):
                    continue
                corners.add(place)
                texts = [*(c.text for c in sheet.words), *_title_lines(sheet.table.title), sheet.table.name]
                near = find_nearest(expected, texts)
                if sheet.claimed:
                    tail = f" Nearest in the file: '{near}'." if near else ""
                    collector.add_finding("table.unread", corner.where, corner=table.declared.corner, nearest=tail)
                unread_sheets.setdefault(sheet.index, (near, expected))
    return unread_sheets


def _find_candidates(
    table: TablePlan, sheets: Sequence[Sheet], used_corners: set[tuple[int, int, int]]
) -> list[LocatedTable]:
    """Return every place with the table's sheet, corner and headings, with or without its title."""
    candidates = []
    for sheet in sheets:
        sheet_hit = table.sheet.match_text(sheet.table.name) if table.sheet is not None else None
        if table.sheet is not None and sheet_hit is None:
            continue
        corners = [c for c in sheet.words if table.corner.match_text(c.text) is not None]
        first_row = 0
        for corner in corners:
            if not _has_expected_headings(table, sheet, corner):
                continue
            title, row, title_coordinates = _find_title(table, sheet, corner, first_row)
            first_row = corner.row
            if (sheet.index, corner.row, corner.column) in used_corners:
                continue
            candidate = LocatedTable(table, [(sheet, corner)], {}, title, row)
            _add_coordinates(candidate, sheet_hit.said if sheet_hit is not None else {})
            _add_coordinates(candidate, title_coordinates)
            candidates.append(candidate)
    return candidates


def _add_coordinates(located_table: LocatedTable, coordinates: Mapping[str, str]) -> None:
    for name, code in coordinates.items():
        before = located_table.coordinates.setdefault(name, code)
        if before != code:
            located_table.conflicts.append((name, before, code))


def _has_expected_headings(table: TablePlan, sheet: Sheet, corner: SourceCell) -> bool:
    rows, first_column = table.declared.header_rows, corner.column
    for offset, matcher in enumerate(table.stub, start=1):
        path = heading_path(sheet, corner.row, rows, first_column + offset, carry=False, first=first_column)
        if matcher.match_text(path_text(path)) is None:
            return False
    first_value_column = first_column + 1 + len(table.stub)
    carry = table.declared.carry_headings
    for column in range(first_value_column, sheet.columns + 1):
        path = heading_path(sheet, corner.row, rows, column, carry=carry, first=first_value_column)
        if path and table.columns.match_text(path_text(path), None) is not None:
            return True
    return False


def _find_title(
    table: TablePlan, sheet: Sheet, corner: SourceCell, first_row: int
) -> tuple[SourceCell | None, int, Mapping[str, str]]:
    if table.title is None:
        return None, corner.row, {}
    for cell in sorted((c for c in sheet.words if first_row <= c.row < corner.row), key=lambda c: -c.row):
        hit = table.title.match_text(cell.text)
        if hit is not None:
            return cell, cell.row, hit.said
    for text in _title_lines(sheet.table.title):
        hit = table.title.match_text(text)
        if hit is not None:
            return None, 0, hit.said
    return None, -1, {}


def _title_lines(title: str | None) -> list[str]:
    return [] if not title else [title, *title.splitlines()]


def _join_continued(
    titled_candidates: list[LocatedTable], candidates: list[LocatedTable], table: TablePlan
) -> list[LocatedTable]:
    """Attach later sheets that repeat the heading (untitled, or with the same title) as pieces, if it `continues`."""
    if table.declared.continues == "no":
        return titled_candidates
    joined_tables: list[LocatedTable] = []
    for candidate in candidates:
        has_same_title = bool(joined_tables) and candidate.coordinates == joined_tables[-1].coordinates
        if candidate in titled_candidates and not has_same_title:
            joined_tables.append(candidate)
        elif joined_tables and candidate.sheet.index > joined_tables[-1].pieces[-1][0].index:
            joined_tables[-1].pieces += candidate.pieces
    return joined_tables


def _report_missing_table(
    plan: Plan, table: TablePlan, candidates: Sequence[LocatedTable], sheets: Sequence[Sheet], collector: Collector
) -> None:
    """Report a missing table, or a missing title if corner and headings were found."""
    texts = [c.text for s in sheets for c in s.words][:2000] + [t for s in sheets for t in _title_lines(s.table.title)]
    title = table.declared.title
    if candidates and title is not None:
        near = find_nearest(title, texts)
        tail = f" Nearest in the file: '{near}'." if near else ""
        collector.add_finding("table.title_missing", candidates[0].corner.where, title=title, nearest=tail)
        return
    sheet = table.declared.sheet
    under = (f" under the title '{title}'" if title else "") + (f" on the sheet '{sheet}'" if sheet else "")
    near = find_nearest(table.declared.corner, texts)
    tail = f" Nearest in the file: '{near}'." if near else nearest_words(None)
    collector.add_finding("table.not_found", Where(), corner=table.declared.corner, under=under, nearest=tail)
