"""Where the declared tables stand in a Grid: by corner, heading and title, never by position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.core.text.folding import nearest
from pipelines.model.content import Cell, Where
from pipelines.reading.standardise.collecting import Collector, nearest_words
from pipelines.reading.standardise.plan import Plan, TablePlan
from pipelines.reading.standardise.sheets import Sheet, is_blank

PERIOD_NAMES = frozenset({"year", "quarter", "period"})


@dataclass(slots=True)
class Found:
    """A declared table found: its first piece and the pieces that continue it, and what title and sheet say."""

    plan: TablePlan
    pieces: list[tuple[Sheet, Cell]]
    said: dict[str, str]
    title: Cell | None
    title_row: int
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def sheet(self) -> Sheet:
        return self.pieces[0][0]

    @property
    def corner(self) -> Cell:
        return self.pieces[0][1]


def heading_path(sheet: Sheet, top: int, rows: int, column: int, *, carry: bool, first: int) -> list[Cell]:
    """The headings above a column, from the top; a merged heading counts once, a blank one not at all.

    With `carry` a blank heading above another takes the one to its left (files that cannot merge), but not beyond
    column `first`.
    """
    path: list[Cell] = []
    anchors: set[tuple[int, int]] = set()
    for row in range(top, top + rows):
        cell = sheet.at(row, column)
        if carry and is_blank(cell) and row < top + rows - 1:
            cell = next((c for k in range(column - 1, first - 1, -1) if not is_blank(c := sheet.at(row, k))), None)
        if cell is None or is_blank(cell):
            continue
        anchor = cell.anchor if cell.anchor != (0, 0) else (cell.row, cell.column)
        if anchor not in anchors:
            anchors.add(anchor)
            path.append(cell)
    return path


def path_text(path: Sequence[Cell]) -> str:
    """Headings or labels as one text, the way declarations write them."""
    return " / ".join(" ".join(cell.text.split()) for cell in path)


def find_tables(plan: Plan, sheets: Sequence[Sheet], basket: Collector) -> list[Found]:
    """The declared tables, in the order of the declaration and then of the file; what is missing becomes a finding."""
    found: list[Found] = []
    taken: set[tuple[int, int, int]] = set()
    for table in plan.tables:
        here = _candidates(table, sheets, taken)
        titled = [f for f in here if table.title is None or f.title_row >= 0]
        chosen = _joined(titled, here, table)
        if table.declared.occurs != "many" and len(chosen) > 1:
            for extra in chosen[1:]:
                corner = table.declared.corner
                basket.find("table.twice", extra.corner.where, corner=corner, other=str(chosen[0].corner.where))
            chosen = chosen[:1]
        if not chosen and table.declared.occurs != "optional":
            _tell_missing(plan, table, here, sheets, basket)
        for one in chosen:
            taken |= {(s.index, c.row, c.column) for s, c in one.pieces}
        found += chosen
    return found


def _candidates(table: TablePlan, sheets: Sequence[Sheet], taken: set[tuple[int, int, int]]) -> list[Found]:
    out = []
    for sheet in sheets:
        on_sheet = table.sheet.hit(sheet.table.name) if table.sheet is not None else None
        if table.sheet is not None and on_sheet is None:
            continue
        corners = [c for c in sheet.words if table.corner.hit(c.text) is not None]
        floor = 0
        for corner in corners:
            if not _hangs(table, sheet, corner):
                continue
            title, row, said = _title(table, sheet, corner, floor)
            floor = corner.row
            if (sheet.index, corner.row, corner.column) in taken:
                continue
            one = Found(table, [(sheet, corner)], {}, title, row)
            _lay(one, on_sheet.said if on_sheet is not None else {})
            _lay(one, said)
            out.append(one)
    return out


def _lay(found: Found, said: Mapping[str, str]) -> None:
    for name, code in said.items():
        before = found.said.setdefault(name, code)
        if before != code:
            found.conflicts.append((name, before, code))


def _hangs(table: TablePlan, sheet: Sheet, corner: Cell) -> bool:
    rows, first = table.declared.header_rows, corner.column
    for offset, matcher in enumerate(table.stub, start=1):
        path = heading_path(sheet, corner.row, rows, first + offset, carry=False, first=first)
        if matcher.hit(path_text(path)) is None:
            return False
    start = first + 1 + len(table.stub)
    carry = table.declared.carry_headings
    for column in range(start, sheet.columns + 1):
        path = heading_path(sheet, corner.row, rows, column, carry=carry, first=start)
        if path and table.columns.match(path_text(path), None) is not None:
            return True
    return False


def _title(table: TablePlan, sheet: Sheet, corner: Cell, floor: int) -> tuple[Cell | None, int, Mapping[str, str]]:
    if table.title is None:
        return None, corner.row, {}
    for cell in sorted((c for c in sheet.words if floor <= c.row < corner.row), key=lambda c: -c.row):
        hit = table.title.hit(cell.text)
        if hit is not None:
            return cell, cell.row, hit.said
    for text in _lines(sheet.table.title):
        hit = table.title.hit(text)
        if hit is not None:
            return None, 0, hit.said
    return None, -1, {}


def _lines(title: str | None) -> list[str]:
    return [] if not title else [title, *title.splitlines()]


def _joined(titled: list[Found], here: list[Found], table: TablePlan) -> list[Found]:
    """With `continues`, later sheets that repeat the heading (untitled, or with the same title) become pieces."""
    if table.declared.continues == "no":
        return titled
    out: list[Found] = []
    for one in here:
        same = bool(out) and one.said == out[-1].said
        if one in titled and not same:
            out.append(one)
        elif out and one.sheet.index > out[-1].pieces[-1][0].index:
            out[-1].pieces += one.pieces
    return out


def _tell_missing(
    plan: Plan, table: TablePlan, here: Sequence[Found], sheets: Sequence[Sheet], basket: Collector
) -> None:
    texts = [c.text for s in sheets for c in s.words][:2000] + [t for s in sheets for t in _lines(s.table.title)]
    title = table.declared.title
    if here and title is not None:
        near = nearest(title, texts)
        tail = f" Nearest in the file: '{near}'." if near else ""
        basket.find("table.title_missing", here[0].corner.where, title=title, nearest=tail)
        return
    sheet = table.declared.sheet
    under = (f" under the title '{title}'" if title else "") + (f" on the sheet '{sheet}'" if sheet else "")
    near = nearest(table.declared.corner, texts)
    tail = f" Nearest in the file: '{near}'." if near else nearest_words(None)
    basket.find("table.not_found", Where(), corner=table.declared.corner, under=under, nearest=tail)
