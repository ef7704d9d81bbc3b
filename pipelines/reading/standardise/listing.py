"""Find the heading row of a list (of observations or records) by its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.core.text.folding import find_nearest, fold_text, has_lookalike
from pipelines.declarations.label_template import Hit, Matcher
from pipelines.model.content import SourceCell, Where
from pipelines.reading.standardise.collecting import Binding, Collector, nearest_words
from pipelines.reading.standardise.plan import Plan
from pipelines.reading.standardise.sheets import Sheet, is_blank

HEADING_REACH = 60
"""Rows from the top that are searched for a heading row; preambles seen so far have up to a dozen lines."""


@dataclass(slots=True)
class Listing:
    """Heading row of a list: declared heading -> column, and the coordinates of sheet and title."""

    sheet: Sheet
    row: int
    columns: dict[str, int]
    coordinates: dict[str, str]
    title: SourceCell | None = None
    extra: list[SourceCell] = field(default_factory=list)


def find_listing(
    plan: Plan,
    sheets: Sequence[Sheet],
    headings: Sequence[str],
    collector: Collector,
    *,
    sheet_words: str | None,
    title_words: str | None,
) -> Listing | None:
    """Return the row that has most of the headings; report missing and undeclared ones, and a missing title."""
    sheet_matcher = plan.compile_template(sheet_words) if sheet_words else None
    title_matcher = plan.compile_template(title_words) if title_words else None
    best_listing: Listing | None = None
    for sheet in sheets:
        sheet_hit = sheet_matcher.match_text(sheet.table.name) if sheet_matcher else Hit({})
        if sheet_hit is None:
            continue
        for row in range(1, min(sheet.rows, HEADING_REACH) + 1):
            columns = _match_headings(sheet, row, headings)
            if columns and (best_listing is None or len(columns) > len(best_listing.columns)):
                best_listing = Listing(sheet, row, columns, dict(sheet_hit.said))
    if best_listing is None or len(best_listing.columns) * 2 < len(headings):
        collector.add_finding("table.not_found", Where(), corner=" | ".join(headings[:4]), under="", nearest="")
        return None
    _report_headings(best_listing, headings, plan, collector)
    if title_matcher is not None:
        _take_title(best_listing, title_matcher, collector)
    return best_listing


def _match_headings(sheet: Sheet, row: int, headings: Sequence[str]) -> dict[str, int]:
    columns_by_heading: dict[str, int] = {}
    for cell in sheet.iter_filled(row):
        columns_by_heading.setdefault(fold_text(cell.text), cell.column)
    return {h: columns_by_heading[fold_text(h)] for h in headings if fold_text(h) in columns_by_heading}


def _report_headings(listing: Listing, headings: Sequence[str], plan: Plan, collector: Collector) -> None:
    """Report look-alike, undeclared and missing headings."""
    sheet, row = listing.sheet, listing.row
    headed_columns = set(listing.columns.values())
    missing = [h for h in headings if h not in listing.columns]
    for cell in sheet.iter_filled(row):
        if cell.column in headed_columns:
            if has_lookalike(cell.text):
                collector.add_finding("cell.lookalike", cell.where, seen=cell.text)
            continue
        if plan.is_ignored_heading(cell.text):
            collector.bindings.append(Binding(cell.where, "ignored", {}, sheet.index, row, cell.column))
            continue
        listing.extra.append(cell)
        near = find_nearest(cell.text, missing or headings)
        collector.add_finding("heading.undeclared", cell.where, seen=cell.text, nearest=nearest_words(near))
        collector.bindings.append(Binding(cell.where, "unknown", {}, sheet.index, row, cell.column))
    first = next(sheet.iter_filled(row)).where
    for heading in missing:
        collector.add_finding("heading.missing", first, expected=heading)


def _take_title(listing: Listing, matcher: Matcher, collector: Collector) -> None:
    """Find the title above the heading row or in the table's own title; report it if missing."""
    sheet = listing.sheet
    above = [c for r in range(listing.row - 1, 0, -1) for c in sheet.iter_filled(r)]
    for cell in above:
        hit = matcher.match_text(cell.text)
        if hit is not None:
            listing.title = cell
            collector.bindings.append(Binding(cell.where, "title", hit.said, sheet.index, cell.row, cell.column))
            _add_coordinates(listing, hit.said, cell.where, collector)
            return
    for text in [sheet.table.title or "", *(sheet.table.title or "").splitlines()]:
        hit = matcher.match_text(text)
        if hit is not None:
            _add_coordinates(listing, hit.said, Where(), collector)
            return
    near = find_nearest(matcher.template, [c.text for c in above])
    tail = f" Nearest in the file: '{near}'." if near else ""
    collector.add_finding(
        "table.title_missing", next(sheet.iter_filled(listing.row)).where, title=matcher.template, nearest=tail
    )


def _add_coordinates(listing: Listing, coordinates: Mapping[str, str], where: Where, collector: Collector) -> None:
    for name, code in coordinates.items():
        before = listing.coordinates.setdefault(name, code)
        if before != code:
            collector.add_finding("period.contradiction", where, seen=code, expected=before)


def _report_unheaded(listing: Listing, row: int, last: int, collector: Collector) -> None:
    """Report values beyond the last heading: an extra field shifts all that follow it."""
    for cell in listing.sheet.iter_filled(row):
        if cell.column > last and is_blank(listing.sheet.cell_at(listing.row, cell.column)):
            collector.add_finding("heading.blank", cell.where, column=cell.column)


def iter_body_rows(listing: Listing, plan: Plan, ends: Sequence[Matcher], collector: Collector) -> Iterator[int]:
    """Yield the non-empty rows below the heading, up to a declared end, without contact rows."""
    sheet = listing.sheet
    right = max(listing.columns.values())
    for row in range(listing.row + 1, sheet.rows + 1):
        first = next(sheet.iter_filled(row), None)
        if first is None:
            continue
        if any(m.match_text(first.text) is not None for m in ends):
            break
        if plan.is_contact(first.text):
            for cell in sheet.iter_filled(row):
                collector.bindings.append(Binding(cell.where, "contact", {}, sheet.index, row, cell.column))
            continue
        _report_unheaded(listing, row, right, collector)
        yield row
    top = listing.title.row if listing.title is not None else listing.row
    sheet.claimed.append((top, 1, sheet.rows, max(right, sheet.columns)))


def text_of(cell: SourceCell | None) -> str:
    """Return a cell's text, empty for a blank cell."""
    return "" if cell is None or is_blank(cell) else cell.text
