"""Show pairs of sources on the same figure: both values, their difference, and what explains it."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.public import layout, tables
from pipelines import words
from pipelines.words import Row, agreement
from pipelines.words.changes import format_signed
from pipelines.words.language import tell


def show_pairs(frame: layout.Frame, title: str, rows: Sequence[Row]) -> None:
    """Show a table with one line per pair."""
    columns = [tell("Period"), tell("One source"), tell("Other source"), tell("Difference"), tell("What was found")]
    lines = []
    for row in rows:
        sides = [agreement.describe_side(row, side) for side in ("left", "right")]
        difference = format_signed(row["difference"] or 0)
        cells = (words.period_short(row["period"]), *sides, difference, agreement.explain_pair(row))
        lines.append(tables.Line(part_heading(frame, row), tuple(tables.Cell(text) for text in cells)))
    layout.show_table(
        frame,
        tell("{title}. Release {release}.", title=title, release=frame.id),
        columns,
        lines,
        corner=tell("Territory"),
        text=True,
        is_ours=False,
    )


def part_heading(frame: layout.Frame, row: Row) -> tables.Cell:
    """Return the name of a territory as a row heading, with the part of it that a figure is of."""
    heading = frame.row_heading(row["territory"])
    part = row["jurisdiction"]
    if not part or part == row["territory"]:
        return heading
    part_name = frame.area_name(part).removeprefix(f"{heading.text}: ")
    name = tell("{area}: {part} only", area=heading.text, part=part_name)
    return tables.Cell(name, name, heading.marks, heading.href)
