"""Read one crossed table, in which heading path and row path are the coordinates of a cell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.core.text.folding import has_lookalike
from pipelines.declarations.base import is_within
from pipelines.declarations.coordinates import HeadingLine
from pipelines.model.content import SourceCell
from pipelines.reading.standardise.addressing import CoordinateItems, Trouble
from pipelines.reading.standardise.collecting import Binding, Collector, Role, nearest_words
from pipelines.reading.standardise.finding_tables import (
    PERIOD_NAMES,
    LocatedTable,
    heading_path,
    path_text,
)
from pipelines.reading.standardise.numbered import Number
from pipelines.reading.standardise.plan import OPEN_TABLES, LineMatch, LineMatcher, Plan
from pipelines.reading.standardise.sheets import Sheet, is_blank
from pipelines.reading.standardise.values import cell_value, line_notes


@dataclass(frozen=True, slots=True)
class BoundLine:
    """Column or row bound to a declared line: its position, its text and its coordinates."""

    place: int
    text: str
    use: str
    coordinates: Mapping[str, str]
    notes: tuple[str, ...] = ()
    status: str | None = None
    items: CoordinateItems = ()
    """The coordinates as a hashable tuple, for look-ups."""


class TableReading:
    """Reader of one located table with all its pieces; `tables` are all those of the file."""

    def __init__(self, plan: Plan, collector: Collector, found: LocatedTable, tables: Sequence[LocatedTable]) -> None:
        self.plan = plan
        self.collector = collector
        self.found = found
        self.tables = tables
        self.table = found.plan
        self.declared = found.plan.declared
        self.codes: set[tuple[str, str]] = set()
        self.open_rows: dict[tuple[str, str], str] = {}
        self.literals: set[tuple[LineMatcher, str]] = set()
        self._checked_areas: set[tuple[object, ...]] = set()
        self.apart: dict[tuple[str, ...], list[bool]] = {}
        """Cache by the names of a row's coordinates, for the columns of the piece being read."""
        self.base = {**found.plan.fixed, **found.coordinates}
        self.period = self.plan.addresser.period_code(self.base)
        self.section: Mapping[str, str] = {}
        self.section_label = ""
        self.ended = False

    def read_table(self) -> None:
        """Report contradictions between sheet and title, then read the pieces up to a declared end."""
        located_table = self.found
        for name, before, after in located_table.conflicts:
            if name in PERIOD_NAMES:
                period, usual_period = (
                    self.plan.addresser.period_code({**self.base, name: code}) or code for code in (before, after)
                )
                self.collector.add_finding(
                    "period.contradiction", located_table.corner.where, seen=period, expected=usual_period
                )
            else:
                problem = f"{name} is {before} and {after}"
                self.collector.add_finding("form.contradiction", located_table.corner.where, what=problem)
        if located_table.title is not None:
            self._bind_cell(located_table.sheet, located_table.title, "title", located_table.coordinates)
        for sheet, corner in located_table.pieces:
            if not self.ended:
                self._read_piece(sheet, corner)

    def _read_piece(self, sheet: Sheet, corner: SourceCell) -> None:
        """Read one piece: bind its columns, read its rows, and claim its area of the sheet."""
        rows = self.declared.header_rows
        first = corner.column + 1 + len(self.table.stub)
        for row in range(corner.row, corner.row + rows):
            for column in range(corner.column, first):
                if (cell := sheet.cell_at(row, column)) is not None and not is_blank(cell):
                    self._bind_cell(sheet, cell, "corner", {})
        stops = self._list_boundaries(sheet, corner)
        bottom = (stops[0] - 1) if stops else sheet.rows
        columns = self._bind_columns(sheet, corner, first, bottom)
        self.apart = {}
        last = corner.row + rows - 1
        row = corner.row + rows
        while row <= bottom:
            if self._is_end_row(sheet, row, corner.column):
                self.ended = True
                break
            if self._repeats_heading(sheet, row, corner):
                row += rows
                last = row - 1
                continue
            if self._read_row(sheet, row, corner.column, first, columns):
                last = row
            row += 1
        right = max([first - 1, *(c.place for c in columns)])
        sheet.claimed.append((min(corner.row, max(self.found.title_row, 1)), corner.column, last, right))

    def _list_boundaries(self, sheet: Sheet, corner: SourceCell) -> list[int]:
        """Return the rows of a sheet, below a corner, at which another table begins."""
        start_rows = []
        for located_table in self.tables:
            for number, (piece_sheet, cell) in enumerate(located_table.pieces):
                if piece_sheet is sheet and cell.row > corner.row and cell is not corner:
                    start_rows.append(
                        located_table.title_row if number == 0 and 0 < located_table.title_row < cell.row else cell.row
                    )
        return sorted(row for row in start_rows if row > corner.row)

    def _bind_columns(self, sheet: Sheet, corner: SourceCell, first: int, bottom: int) -> list[BoundLine]:
        """Bind each column to a declared heading; report blank and undeclared headings."""
        bound: list[BoundLine] = []
        top, rows = corner.row, self.declared.header_rows
        other_corners = {(c.row, c.column) for f in self.tables for s, c in f.pieces if s is sheet}
        for column in range(first, sheet.columns + 1):
            if (top, column) in other_corners:
                break
            path = heading_path(sheet, top, rows, column, carry=self.declared.carry_headings, first=first)
            if not path:
                body_rows = range(top + rows, bottom + 1)
                first_filled_row = next((r for r in body_rows if _holds_number(sheet.cell_at(r, column))), None)
                if first_filled_row is not None and not self._is_beyond_end(sheet, first_filled_row, corner.column):
                    self.collector.add_finding("heading.blank", sheet.place_of(top + rows - 1, column), column=column)
                continue
            text = path_text(path)
            if self.plan.is_ignored_heading(text):
                bound.append(BoundLine(column, text, "ignore", {}))
                self._bind_path(sheet, path, "ignored", {}, column)
                continue
            match = self._check_match(self.table.columns.match_text(text, self.period), path, text)
            if match is None:
                near = self.table.columns.nearest_text(text)
                self.collector.add_finding("heading.undeclared", path[-1].where, seen=text, nearest=nearest_words(near))
                self._bind_path(sheet, path, "unknown", {}, column)
                continue
            line = self._bind_line(self.table.columns, match, column, text)
            bound.append(line)
            self._bind_path(sheet, path, "heading" if line.use != "ignore" else "ignored", line.coordinates, column)
        return bound

    def _is_beyond_end(self, sheet: Sheet, row: int, stub: int) -> bool:
        return any(self._is_end_row(sheet, r, stub) for r in range(self.found.corner.row, row + 1))

    def _is_end_row(self, sheet: Sheet, row: int, column: int) -> bool:
        label = sheet.cell_at(row, column)
        if is_blank(label):
            label = next(sheet.iter_filled(row), None)
        return label is not None and any(m.match_text(label.text) is not None for m in self.table.end)

    def _repeats_heading(self, sheet: Sheet, row: int, corner: SourceCell) -> bool:
        cell = sheet.cell_at(row, corner.column)
        if self.declared.continues == "no" or cell is None or is_blank(cell):
            return False
        return self.table.corner.match_text(cell.text) is not None

    def _check_match(self, match: LineMatch | None, path: Sequence[SourceCell], text: str) -> LineMatch | None:
        for cell in path:
            if cell.kind == "date":
                self.collector.add_finding("cell.date", cell.where, seen=cell.text, expected="a heading or label")
            elif match is not None and has_lookalike(cell.text) and self._is_first_of_area(cell):
                self.collector.add_finding("cell.lookalike", cell.where, seen=cell.text)
        if match is not None:
            self._check_valid(match, path[-1], text)
            # PDF, DOCX and HTML readers return raised marks separately; elsewhere they are at the end of the text
            raised = dict.fromkeys(mark for cell in path for mark in (cell.marks or "").split())
            if raised:
                match = replace(match, marks=(*match.marks, *raised))
        return match

    def _is_first_of_area(self, cell: SourceCell) -> bool:
        """Return True once for each merged area, which has one cell for each of its positions."""
        anchor = cell.anchor if cell.anchor != (0, 0) else (cell.row, cell.column)
        area = (cell.where.sheet, cell.where.page, cell.where.table, *anchor)
        if area in self._checked_areas:
            return False
        self._checked_areas.add(area)
        return True

    def _check_valid(self, match: LineMatch, cell: SourceCell, text: str) -> None:
        if self.period is None:
            return
        ranges = [valid for _, valid in match.hit.valid] + ([match.line.valid] if match.line.valid else [])
        for valid in ranges:
            if not is_within(self.period, valid):
                self.collector.add_finding("label.not_valid", cell.where, seen=text, expected=valid, period=self.period)

    def _bind_line(self, lines: LineMatcher, match: LineMatch, place: int, text: str) -> BoundLine:
        self.codes.update(match.hit.keys)
        if lines is self.table.rows:
            self.open_rows.update({key: text for key in match.hit.keys if key[0] in OPEN_TABLES})
        self.literals.add((lines, match.template))
        notes, status = line_notes(match.marks, self.plan)
        for mark in match.marks:
            if self.plan.numbers.find_mark(mark) is None:
                self.collector.add_finding("mark.undeclared", self.found.corner.where, seen=mark)
        coordinates = _merge_coordinates(match.line, match.hit.said)
        return BoundLine(place, text, match.line.use, coordinates, notes, status, tuple(coordinates.items()))

    def _read_row(self, sheet: Sheet, row: int, left: int, first: int, columns: Sequence[BoundLine]) -> bool:
        """Read one row; return True if it belongs to the table."""
        path = self._read_labels(sheet, row, left, first)
        cells = [sheet.cell_at(row, c.place) for c in columns]
        anchors = {cell.anchor for cell in path if cell.anchor != (0, 0)}
        cells = [None if c is not None and c.spread and c.anchor in anchors else c for c in cells]
        has_content = any(not is_blank(c) for c in cells)
        if not path:
            if has_content:
                self.collector.add_finding("label.blank", sheet.place_of(row, left))
            return has_content
        if any(self.plan.is_contact(cell.text) for cell in path):
            for cell in sheet.iter_filled(row):
                self._bind_cell(sheet, cell, "contact", {})
            return False
        text = path_text(path)
        match = self._check_match(self.table.rows.match_text(text, self.period), path, text)
        if match is None:
            near = self.table.rows.nearest_text(text)
            if not any(cell.kind == "date" for cell in path):
                self.collector.add_finding("label.undeclared", path[-1].where, seen=text, nearest=nearest_words(near))
            self._bind_path(sheet, path, "unknown", {}, 0)
            return True
        line = self._bind_line(self.table.rows, match, row, text)
        if line.use == "section":
            self.section, self.section_label = line.coordinates, text
            self._bind_path(sheet, path, "section", line.coordinates, 0)
            for number in cells:
                if number is not None and _holds_number(number):
                    self.collector.add_finding("cell.unbound", number.where, seen=number.text)
            return True
        self._bind_path(sheet, path, "label" if line.use != "ignore" else "ignored", line.coordinates, 0)
        self._read_cells(sheet, line, columns, cells)
        return True

    def _read_labels(self, sheet: Sheet, row: int, left: int, first: int) -> list[SourceCell]:
        """Return the label cells of a row; with `carry_labels` a blank one takes the label above."""
        path: list[SourceCell] = []
        anchors: set[tuple[int, int]] = set()
        for column in range(left, first):
            cell = sheet.cell_at(row, column)
            if is_blank(cell) and self.declared.carry_labels and column < first - 1:
                above = range(row - 1, self.found.corner.row + self.declared.header_rows - 1, -1)
                cell = next((c for r in above if not is_blank(c := sheet.cell_at(r, column))), None)
            if cell is None or is_blank(cell):
                continue
            anchor = cell.anchor if cell.anchor != (0, 0) else (cell.row, cell.column)
            if anchor not in anchors:
                anchors.add(anchor)
                path.append(cell)
        return path

    def _read_cells(
        self, sheet: Sheet, line: BoundLine, columns: Sequence[BoundLine], cells: Sequence[SourceCell | None]
    ) -> None:
        """Read the value cells of a row, each with the coordinates of table, row and column."""
        row_coordinates = {**self.section, **line.coordinates} if self.section else line.coordinates
        row_text = f"{self.section_label} | {line.text}" if self.section_label else line.text
        collector, plan = self.collector, self.plan
        common = {**self.base, **row_coordinates}
        addresser = plan.addresser.of_row(common)
        annotated = bool(line.notes) or any(column.notes for column in columns)
        for column, cell, apart in zip(
            columns, cells, self._find_independent_columns(row_coordinates, columns), strict=True
        ):
            if column.use == "ignore" or line.use == "ignore":
                if cell is not None:
                    collector.bindings.append(Binding(cell.where, "ignored", {}, sheet.index, line.place, column.place))
                continue
            where = cell.where if cell is not None else sheet.place_of(line.place, column.place)
            coordinates = {**common, **column.coordinates}
            if not apart:
                self._report_contradictions(row_coordinates, column.coordinates)
            address = addresser.find_address(coordinates, column.items)
            for trouble in address.troubles:
                collector.add_trouble(trouble, where)
            value = cell_value(cell, where, plan, collector, sheet.format)
            if address.key is None:
                continue
            check = column.use == "check" or line.use == "check"
            collector.periods.add(address.key[1])
            role: Role = "check" if check else "value"
            collector.bindings.append(Binding(where, role, coordinates, sheet.index, line.place, column.place))
            if value is None:
                collector.refused.append(address.key)
                continue
            marked = line.status or column.status
            notes = (*value.notes, *column.notes, *line.notes) if annotated else value.notes
            collector.numbers.append(
                Number(
                    address.key,
                    value.value,
                    value.status if marked is None or value.value is None else marked,
                    value.conf,
                    where,
                    f"{column.text} | {row_text}",
                    value.seen,
                    notes,
                    check,
                )
            )

    def _find_independent_columns(self, row_coordinates: Mapping[str, str], columns: Sequence[BoundLine]) -> list[bool]:
        """Return True for each column whose coordinates share no name with title or row, so none can contradict."""
        names = tuple(row_coordinates)
        if (flags := self.apart.get(names)) is None:
            titled = self.found.coordinates.keys()
            row_apart = titled.isdisjoint(names)
            flags = self.apart[names] = [
                row_apart and titled.isdisjoint(c.coordinates) and row_coordinates.keys().isdisjoint(c.coordinates)
                for c in columns
            ]
        return flags

    def _report_contradictions(self, row_coordinates: Mapping[str, str], column_coordinates: Mapping[str, str]) -> None:
        self._report_contradiction_between(row_coordinates, column_coordinates)
        for part in (row_coordinates, column_coordinates):
            self._report_contradiction_between(self.found.coordinates, part)

    def _report_contradiction_between(
        self, coordinates: Mapping[str, str], other_coordinates: Mapping[str, str]
    ) -> None:
        for name in coordinates.keys() & other_coordinates.keys():
            if coordinates[name] != other_coordinates[name]:
                params = {"what": f"{name} is {coordinates[name]} and {other_coordinates[name]}"}
                self.collector.add_trouble(Trouble("form.contradiction", "error", params), self.found.corner.where)

    def report_missing(
        self, codes_elsewhere: Collection[tuple[str, str]], open_rows: Mapping[tuple[str, str], str]
    ) -> None:
        """Report declared headings and labels that this table lacks, unless another declared table has their codes.

        `open_rows` are the codes of open tables that any table of the period has, each with the words of its row.
        """
        where = self.found.corner.where
        for lines, rule in ((self.table.columns, "heading.missing"), (self.table.rows, "label.missing")):
            literals, coded = lines.expected_lines(self.period)
            for template in literals:
                if (lines, template) not in self.literals:
                    self.collector.add_finding(rule, where, expected=template)
            for code, words in coded.items():
                if code not in self.codes and code not in codes_elsewhere:
                    self.collector.add_finding(rule, where, expected=words)
        # An office may choose which articles it counts, but not count one in one table and omit it in the next.
        for code, words in open_rows.items():
            if code not in self.open_rows and any(code[0] == name for name, _ in self.open_rows):
                self.collector.add_finding("label.absent", where, expected=words)

    def _bind_cell(self, sheet: Sheet, cell: SourceCell, role: Role, coordinates: Mapping[str, str]) -> None:
        self.collector.bindings.append(Binding(cell.where, role, coordinates, sheet.index, cell.row, cell.column))

    def _bind_path(
        self, sheet: Sheet, path: Sequence[SourceCell], role: Role, coordinates: Mapping[str, str], column: int
    ) -> None:
        for cell in path:
            self.collector.bindings.append(
                Binding(cell.where, role, coordinates, sheet.index, cell.row, column or cell.column)
            )


def _merge_coordinates(line: HeadingLine, hit: Mapping[str, str]) -> Mapping[str, str]:
    return {**hit, **line.declared_codes()}


def _holds_number(cell: SourceCell | None) -> bool:
    if cell is None or cell.spread or is_blank(cell):
        return False
    return cell.kind in ("number", "formula", "error") or any(c.isdigit() for c in cell.text)
