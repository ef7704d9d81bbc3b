"""Fill in an empty workbook as a person would: by its words, from the office's own file.

Nothing of `pipelines/office/templates` is used, and of the forms only the parts that a person sees: corner, heading
rows, words.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openpyxl

from pipelines.core.text.folding import fold_text
from pipelines.declarations.form import Form
from pipelines.model.content import Content, Cube, Grid

Place = tuple[str, str, str]
"""Title, headings and labels of a cell, folded."""
_MARK = re.compile(r"\s*\d+\)$")


class NotFilledError(Exception):
    """A figure of the office's file has no cell in the workbook."""


@dataclass
class Page:
    """A sheet or table: text by position, and for merged positions the first one."""

    name: str
    titles: list[str]
    cells: dict[tuple[int, int], Any]
    anchors: dict[tuple[int, int], tuple[int, int]]

    def cell_text(self, row: int, column: int) -> str:
        value = self.cells.get(self.anchors.get((row, column), (row, column)))
        return "" if value is None else " ".join(str(value).split())

    @property
    def rows(self) -> int:
        return max((r for r, _ in self.cells), default=0)

    @property
    def columns(self) -> int:
        return max((c for _, c in self.cells), default=0)


def pages_of_grid(grid: Grid) -> list[Page]:
    """Return the tables of a file as read."""
    pages = []
    for table in grid.tables:
        cells = {
            (c.row, c.column): c.value if c.kind == "number" else c.text for c in table.cells if not c.spread and c.text
        }
        anchors = {(c.row, c.column): c.anchor for c in table.cells if c.spread}
        pages.append(Page(table.name, (table.title or "").splitlines(), cells, anchors))
    return pages


def pages_of_workbook(book: Any) -> list[Page]:
    """Return the sheets of a workbook, except those that are not read."""
    pages = []
    for sheet in book.worksheets:
        if sheet.title.startswith("RTI"):
            continue
        cells = {(c.row, c.column): c.value for row in sheet.iter_rows() for c in row if c.value is not None}
        anchors = {}
        for area in sheet.merged_cells.ranges:
            for row in range(area.min_row, area.max_row + 1):
                for column in range(area.min_col, area.max_col + 1):
                    anchors[row, column] = (area.min_row, area.min_col)
        pages.append(Page(sheet.title, [], cells, anchors))
    return pages


def _like(template: str) -> re.Pattern[str]:
    parts = [re.escape(fold_text(part)) for part in re.split(r"\{[^}]*\}", template)]
    return re.compile(".+".join(part.replace(r"\ ", " ") for part in parts).replace(" .+", " ?.+"))


def find_places(pages: list[Page], form: Form) -> dict[Place, tuple[Page, int, int]]:
    """Return every cell of the declared tables by its words."""
    places_by_words: dict[Place, tuple[Page, int, int]] = {}
    title = ""
    for page in pages:
        table_titles = [t for t in page.titles if _table_of(t, form) is not None]
        title = table_titles[-1] if table_titles else title
        corners = {fold_text(table.corner) for table in form.tables or ()}
        row = 1
        while row <= page.rows:
            text = page.cell_text(row, 1)
            if _table_of(text, form) is not None:
                title = text
            if fold_text(text) in corners and _table_of(title, form) is not None:
                row = _read_table(page, row, title, form, places_by_words)
            else:
                row += 1
    return places_by_words


def _table_of(title: str, form: Form) -> Any:
    return next((t for t in form.tables or () if t.title and _like(t.title).fullmatch(fold_text(title))), None)


def _read_table(page: Page, top: int, title: str, form: Form, places: dict[Place, tuple[Page, int, int]]) -> int:
    table = _table_of(title, form)
    first = 2 + len(table.stub)
    heads = {}
    for column in range(first, page.columns + 1):
        path = list(_path(page, [(row, column) for row in range(top, top + table.header_rows)]))
        if table.carry_headings and len(path) < table.header_rows and column > first and not path[:-1]:
            path = [*heads.get(column - 1, "").split(" / ")[:-1], *path]
        if path and not path[0].startswith("RTI"):
            heads[column] = " / ".join(path)
    row = top + table.header_rows
    ends = [_like(template) for template in table.end]
    above = [""] * (first - 1)
    while row <= page.rows:
        label = page.cell_text(row, 1)
        if _table_of(label, form) is not None or any(end.fullmatch(fold_text(label)) for end in ends):
            return row
        if fold_text(label) == fold_text(table.corner):
            row += table.header_rows
            continue
        if table.carry_labels:
            above = [page.cell_text(row, c) or above[c - 1] for c in range(1, first)]
            labels = above
        else:
            labels = list(_path(page, [(row, c) for c in range(1, first)]))
        if labels:
            label_text = " / ".join(_MARK.sub("", text) for text in labels if text)
            for column, head in heads.items():
                key = (fold_text(title), fold_text(_MARK.sub("", head)), fold_text(label_text))
                places[key] = (page, row, column)
        row += 1
    return row


def _path(page: Page, positions: list[tuple[int, int]]) -> Iterator[str]:
    seen_anchors = set()
    for position in positions:
        anchor = page.anchors.get(position, position)
        if anchor not in seen_anchors and (text := page.cell_text(*position)):
            seen_anchors.add(anchor)
            yield text


def fill_tables(template: bytes, form: Form, source: Grid, original: Form) -> bytes:
    """Return the workbook with the figures of another file of the same tables; clear rows without a figure."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    source_places = find_places(pages_of_grid(source), original)
    target_places = find_places(pages_of_workbook(book), form)
    used: set[tuple[str, int]] = set()
    titles = {title for title, _, _ in target_places}
    for place, (page, row, column) in source_places.items():
        value = page.cells.get((row, column))
        if value is None or place[0] not in titles:
            continue
        if place not in target_places:
            raise NotFilledError(f"{page.name} {row} {column}: {value!r} of {place}")
        target, at_row, at_column = target_places[place]
        book[target.name].cell(at_row, at_column).value = _figure(value, original)
        used.add((target.name, at_row))
    for page, row, _ in target_places.values():
        if (page.name, row) not in used:
            for column in range(1, page.columns + 1):
                book[page.name].cell(row, column).value = None
    return _bytes(book)


def _figure(value: Any, form: Form) -> Any:
    if isinstance(value, (int, float)):
        return value
    text = str(value).strip()
    bare = text
    for sign in form.numbers.thousands:
        bare = bare.replace(sign, "") if sign else bare
    bare = bare.replace("\u00a0", "")
    return int(bare) if bare.isdigit() else text


@dataclass
class List:
    """A list in a workbook: its sheet, heading row, and columns by heading."""

    sheet: Any
    row: int
    columns: dict[str, int]


def _find(book: Any, headings: list[str]) -> List:
    for sheet in book.worksheets:
        for row in range(1, 15):
            texts = {fold_text(str(c.value)): c.column for c in sheet[row] if c.value is not None}
            if all(fold_text(h) in texts for h in headings):
                return List(sheet, row, {h: texts[fold_text(h)] for h in headings})
    raise NotFilledError(f"no heading row with {headings}")


def _fill_lines(template: bytes, lines: list[dict[str, Any]], dimensions: list[str]) -> bytes:
    """Write lines into rows that already have the words of their dimensions, else below; clear the other rows."""
    book = openpyxl.load_workbook(io.BytesIO(template))
    listed = _find(book, list(lines[0]))
    sheet = listed.sheet
    rows = {
        tuple(fold_text(str(sheet.cell(row, listed.columns[d]).value)) for d in dimensions): row
        for row in range(listed.row + 1, sheet.max_row + 1)
    }
    free = sheet.max_row + 1
    used = set()
    for line in lines:
        row = rows.get(tuple(fold_text(str(line[d])) for d in dimensions)) if dimensions else None
        if row is None:
            row, free = free, free + 1
        used.add(row)
        for heading, value in line.items():
            sheet.cell(row, listed.columns[heading]).value = value
    for row in range(listed.row + 1, sheet.max_row + 1):
        if row not in used:
            for cell in sheet[row]:
                cell.value = None
    return _bytes(book)


def fill_cube(template: bytes, form: Form, source: Cube, original: Form, period: str) -> bytes:
    """Return the workbook of a cube: each figure on the line of its words."""
    assert original.cube is not None and form.flat is not None
    dims = []
    for dimension in source.dimensions:
        names = {fold_text(dimension.id), *(fold_text(x) for x in dimension.labels.values())}
        dims.append(next((name, d) for name, d in original.cube.dims.items() if fold_text(name) in names))
    number = next(heading for heading, column in form.flat.columns.items() if column.value)
    year, _, quarter = period.partition("-Q")
    lines = []
    for observation in source.observations:
        line: dict[str, Any] = {}
        for code, dimension, (name, declared) in zip(observation.key, source.dimensions, dims, strict=True):
            if declared.template is not None:
                if code != declared.template.replace("{year}", year).replace("{quarter}", quarter):
                    break
            elif declared.only is None:
                member = next(m for m in dimension.members if m.code == code)
                words = next(e.words for e in original.table_entries(declared.dim or "") if code in e.labels)
                if member.labels:
                    assert fold_text(str(words)) in {fold_text(x) for x in member.labels.values()}, (
                        words,
                        member.labels,
                    )
                line[declared.words or name] = words
        else:
            missing = observation.value is None
            signs = {meaning: sign for sign, meaning in form.signs.items()}
            line[number] = (observation.status or signs["not_available"]) if missing else observation.value
            lines.append(line)
    return _fill_lines(template, lines, [h for h in lines[0] if h != number])


def fill_list(template: bytes, form: Form, source: Grid, period: str) -> bytes:
    """Return the workbook of a list or register, with the lines of the office's own list of the period."""
    page = pages_of_grid(source)[0]
    declared = form.flat.columns if form.flat is not None else form.records.columns  # type: ignore[union-attr]
    head = next(r for r in range(1, page.rows + 1) if {fold_text(h) for h in declared} <= _row(page, r))
    columns = {
        h: next(c for c in range(1, page.columns + 1) if fold_text(page.cell_text(head, c)) == fold_text(h))
        for h in declared
    }
    year, _, quarter = period.partition("-Q")
    templates = {h: c.template for h, c in declared.items() if getattr(c, "template", None)}
    figures = [h for h, c in declared.items() if getattr(c, "value", False)]
    free = figures + [h for h, c in declared.items() if getattr(c, "ignore", False) or getattr(c, "note", False)]
    lines = []
    for row in range(head + 1, page.rows + 1):
        line: dict[str, Any] = {h: page.cells.get((row, c)) for h, c in columns.items()}
        if all(value is None for value in line.values()) or not all(
            str(line[h]) == t.replace("{year}", year).replace("{quarter}", quarter) for h, t in templates.items()
        ):
            continue
        for heading in figures:
            line[heading] = _figure(line[heading], form)
        lines.append(line)
    dimensions = [h for h in declared if h not in free] if form.flat is not None else []
    return _fill_lines(template, lines, dimensions)


def _row(page: Page, row: int) -> set[str]:
    return {fold_text(page.cell_text(row, column)) for column in range(1, page.columns + 1)}


def fill_workbook(template: bytes, form: Form, source: Content, original: Form, period: str) -> bytes:
    """Return the workbook of a form filled in from a file of its first form."""
    if isinstance(source, Cube):
        return fill_cube(template, form, source, original, period)
    if form.tables is not None:
        return fill_tables(template, form, source, original)
    return fill_list(template, form, source, period)


def _bytes(book: Any) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
