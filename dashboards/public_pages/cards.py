"""Show how each territory counts: the counting cards of the figures on a page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards import layout, queries, tables

Row = Mapping[str, Any]
TITLE = "How each territory counts: counting cards"
_CARDS = ("numerator_card", "denominator_card", "card_id")
_COLUMNS: Mapping[str, str] = {
    "count_unit": "Unit",
    "input_or_output": "Input or output",
    "counted_at": "Moment",
    "several_offences": "Several offences",
    "attempts": "Attempts",
    "juveniles": "Juveniles",
    "legal_persons": "Legal persons",
    "status": "Standing",
}


def of_figures(here: layout.Frame, figures: Iterable[Row], *, title: str = TITLE) -> None:
    """Show the cards of some figures: rows with an `area` and the ids of their cards."""
    found = {(str(row["area"]), str(row[name])) for row in figures for name in _CARDS if row.get(name)}
    if not found or not queries.has(here.path, "counting_card"):
        return
    cards = {row["card_id"]: row for row in queries.read(here.path, "cards", tuple(sorted({one for _, one in found})))}
    _put(here, [{**cards[one], "area": area} for area, one in found if one in cards], title)


def of_levels(here: layout.Frame, levels: Collection[str], freq: str, period: str, unit: str) -> None:
    """Show the cards of counts at some levels, in one period and unit, of every territory."""
    if not queries.has(here.path, "counting_card"):
        return
    areas = tuple(code for code, _ in here.territories)
    _put(here, queries.read(here.path, "cards_of_levels", tuple(sorted(levels)), freq, period, unit, areas), TITLE)


def of_metric(here: layout.Frame, metric: str, freq: str, period: str, unit: str) -> None:
    """Show the cards of both sides of an indicator, in one period and unit, of every territory."""
    areas = tuple(code for code, _ in here.territories)
    _put(here, queries.read(here.path, "cards_of_metric", metric, freq, period, unit, areas), TITLE)


def _put(here: layout.Frame, found: Sequence[Row], title: str) -> None:
    """Show the cards of the territories, without the region's own card, which is made of theirs."""
    order, levels = list(here.areas), queries.labels(here.path, "level")
    shown = sorted(
        (row for row in found if row["area"] != here.region),
        key=lambda row: (order.index(row["area"]), list(levels).index(row["level"]), row["card_id"]),
    )
    if not shown:
        return
    lines = [
        tables.Line(
            here.heading(row["area"]),
            (
                tables.Cell(str(levels[row["level"]])),
                *(tables.Cell(str(row[name] or "not stated").replace("_", " ")) for name in _COLUMNS),
            ),
        )
        for row in shown
    ]
    columns = ["Level", *_COLUMNS.values()]
    with st.expander(title):
        layout.put(tables.table("Counting rules behind these figures", columns, lines, corner="Territory", text=True))
