"""Show pairs of figures that others published on one subject: both values, their difference, and what explains it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dashboards.public import layout, queries, tables
from pipelines import words
from pipelines.words import Row, agreement
from pipelines.words.changes import format_signed
from pipelines.words.language import tell


def show_pairs(frame: layout.Frame, title: str, rows: Sequence[Row], *, of: str = "") -> None:
    """Show a table with one line per pair; `of` is the territory that all of them are of, if it is one."""
    columns = [tell("One figure"), tell("Other figure"), tell("Difference"), tell("What was found")]
    languages = _read_languages(frame)
    lines = []
    notes = words.Notes()
    for row in sorted(rows, key=lambda row: place_territory(frame, row["territory"])):
        sides = [_side_cell(row, side, languages, notes) for side in ("left", "right")]
        difference = tables.Cell(format_signed(row["difference"] or 0))
        explanation = tables.compose_cell(agreement.explain_pair(row))
        lines.append(tables.Line(head_line(frame, row, of), (*list_periods(row, of), *sides, difference, explanation)))
    layout.show_table(
        frame,
        title,
        [*([] if of else [tell("Period")]), *columns],
        lines,
        corner=name_corner(of),
        text=True,
        notes=notes,
        coverage=frame.marked_name(of) if of else "",
        is_ours=False,
    )


def _side_cell(row: Row, side: str, languages: Mapping[str, str], notes: words.Notes) -> tables.Cell:
    """Return one side of a pair; our remark on its source is a note, which several lines share."""
    remark = agreement.remark_on_side(row, side)
    marks = (notes.number_note(remark),) if remark else ()
    return replace(tables.compose_cell(agreement.describe_side(row, side, languages)), marks=marks)


def _read_languages(frame: layout.Frame) -> Mapping[str, str]:
    """Return the languages of the titles of sources; earlier releases do not have them."""
    rows = queries.read_rows(frame.path, "references", "", "", "", "", ("published", "imported", "invented"))
    return {row["source_title"]: row["source_language"] for row in rows if row.get("source_language")}


def place_territory(frame: layout.Frame, territory: str) -> int:
    """Return the place of a territory in the order in which they are shown; one that is not shown is last."""
    order = [code for code, _ in frame.territories]
    return order.index(territory) if territory in order else len(order)


def name_corner(of: str) -> str:
    """Return the title of the headings of lines: of territories, or of periods if all lines are of one territory."""
    return tell("Period") if of else tell("Territory")


def list_periods(row: Row, of: str) -> tuple[tables.Cell, ...]:
    """Return the field of the period, if the heading of the line does not name it."""
    return () if of else (tables.Cell(words.period_short(row["period"])),)


def head_line(frame: layout.Frame, row: Row, of: str) -> tables.Cell:
    """Return the heading of a line: its territory, or its period if all lines are of one territory; with the part of
    the territory that a figure is of."""
    heading = frame.row_heading(row["territory"])
    if of:
        period = words.period_short(row["period"])
        heading = tables.Cell(period, period)
    part = row["jurisdiction"]
    if not part or part == row["territory"]:
        return heading
    part_name = frame.area_name(part).removeprefix(f"{frame.area_name(row['territory'])}: ")
    name = tell("{area}: {part} only", area=heading.text, part=part_name)
    return tables.Cell(name, name, heading.marks, heading.href)
