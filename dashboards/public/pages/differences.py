"""Draw how far figures of other publishers are from those of the release."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.public import charts, layout, queries
from dashboards.public.pages.agreement import place_territory
from pipelines import words
from pipelines.front.charts.dumbbells import DumbbellRow, Dumbbells
from pipelines.words import Row
from pipelines.words.changes import format_signed
from pipelines.words.language import tell

_MOST = 24
"""Most rows of one picture; more would be longer than the table."""


def show_differences(frame: layout.Frame, title: str, rows: Sequence[Row], of: str) -> None:
    """Show the pairs with two public figures, one picture for each count unit.

    Of several years of the same figure, the newest is drawn, unless all rows are of one territory (`of`).
    """
    in_order = sorted(rows, key=lambda row: place_territory(frame, row["territory"]))
    pairs = [row for row in in_order if row["difference"] is not None]
    if not of:
        pairs = _select_newest(pairs)
    units = list(dict.fromkeys(row["count_unit"] for row in pairs))
    pictures = []
    for unit in units:
        of_unit = [row for row in pairs if row["count_unit"] == unit][:_MOST]
        areas = list(dict.fromkeys(row["jurisdiction"] for row in of_unit))
        drawn = Dumbbells(
            f"{title}: {words.unit_name(unit)}",
            tell("This release"),
            tell("Others"),
            [_make_row(frame, row, of) for row in of_unit],
            words.unit_name(unit),
        )
        pictures.append(charts.draw_dumbbells(drawn, under=frame.lines_under_chart(*areas)))
    if pictures:
        layout.show_panels(frame, pictures, about=title, key="differences")


def _select_newest(rows: Sequence[Row]) -> list[Row]:
    """Return the newest year of each figure of a source."""
    newest: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = (row["jurisdiction"], row["measure"], row["count_unit"], row["source"])
        if key not in newest or row["period"] > newest[key]["period"]:
            newest[key] = row
    return list(newest.values())


def _make_row(frame: layout.Frame, row: Row, of: str) -> DumbbellRow:
    measure = queries.read_labels(frame.path, "measure").get(row["measure"], row["measure"])
    area = "" if of and row["jurisdiction"] == of else frame.marked_name(row["jurisdiction"])
    name = ", ".join(filter(None, (area, words.period_short(row["period"]), str(measure))))
    difference = tell("Difference")
    return DumbbellRow(name, row["own_value"], row["value"], f"{difference}: {format_signed(row['difference'])}")
