"""Show how each territory counts: the counting rules of the figures on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dashboards.public import layout, queries, tables
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words.language import Texts, tell

Row = Mapping[str, Any]
_RULES: Mapping[str, str] = Texts(
    {
        "": mark("not stated"),
        "not_stated": mark("not stated"),
        "not_applicable": mark("not applicable"),
        "included": mark("included"),
        "excluded": mark("excluded"),
        "principal": mark("principal offence"),
        "each": mark("each offence"),
        "both": mark("input and output"),
        "input": mark("input"),
        "output": mark("output"),
        "decision": mark("decision"),
        "finality": mark("finality"),
        "event": mark("event"),
        "registration": mark("registration"),
        "demonstration": mark("assumed for the demonstration"),
        "verified": mark("verified"),
        "yes": mark("yes"),
        "no": mark("no"),
    }
)
"""Counting rules and their states in words; others are shown as the declarations have them."""
TITLE = mark("How each territory counts")
_CARDS = ("numerator_card", "denominator_card", "card_id")
_COLUMNS: Mapping[str, str] = Texts(
    {
        "count_unit": mark("Unit"),
        "input_or_output": mark("Input or output"),
        "counted_at": mark("Moment"),
        "several_offences": mark("Several offences"),
        "attempts": mark("Attempts"),
        "juveniles": mark("Juveniles"),
        "legal_persons": mark("Legal persons"),
        "status": mark("Status"),
    }
)


def show_cards_of_figures(frame: layout.Frame, figures: Iterable[Row], *, about: str = "") -> None:
    """Show the cards of some figures: rows with an `area` and the ids of their cards.

    `about` names the figures if several tables of a page have cards, since regions of a page need different names.
    """
    card_ids = {(str(row["area"]), str(row[name])) for row in figures for name in _CARDS if row.get(name)}
    if not card_ids or not queries.has_table(frame.path, "counting_card"):
        return
    cards = {
        row["card_id"]: row
        for row in queries.read_rows(frame.path, "cards", tuple(sorted({card_id for _, card_id in card_ids})))
    }
    _show_cards(frame, [{**cards[card_id], "area": area} for area, card_id in card_ids if card_id in cards], about)


@layout.keep_part
def show_cards_of_levels(frame: layout.Frame, levels: frozenset[str], freq: str, period: str, unit: str) -> None:
    """Show the cards of counts at some levels, in one period and unit, of every territory."""
    if not queries.has_table(frame.path, "counting_card"):
        return
    areas = tuple(code for code, _ in frame.territories)
    _show_cards(
        frame, queries.read_rows(frame.path, "cards_of_levels", tuple(sorted(levels)), freq, period, unit, areas)
    )


@layout.keep_part
def show_cards_of_metric(frame: layout.Frame, metric: str, freq: str, period: str, unit: str) -> None:
    """Show the cards of both sides of an indicator, in one period and unit, of every territory."""
    areas = tuple(code for code, _ in frame.territories)
    _show_cards(frame, queries.read_rows(frame.path, "cards_of_metric", metric, freq, period, unit, areas))


def _show_cards(frame: layout.Frame, territory_cards: Sequence[Row], about: str = "") -> None:
    """Show the cards of the territories, without the region's own card, which is made of theirs."""
    order, levels = list(frame.areas), queries.read_labels(frame.path, "level")
    ordered_cards = sorted(
        (row for row in territory_cards if row["area"] != frame.region),
        key=lambda row: (order.index(row["area"]), list(levels).index(row["level"]), row["card_id"]),
    )
    if not ordered_cards:
        return
    lines = [
        tables.Line(
            frame.row_heading(row["area"]),
            (
                tables.Cell(str(levels[row["level"]])),
                *(tables.Cell(_describe_rule(name, row[name])) for name in _COLUMNS),
            ),
        )
        for row in ordered_cards
    ]
    columns = [tell("Level"), *_COLUMNS.values()]
    caption = tell("Counting rules behind these figures")
    if about:
        caption = tell("Counting rules behind these figures: {about}", about=about)
    with layout.open_fold(tell(TITLE)):
        layout.show_table(frame, caption, columns, lines, corner=tell("Territory"), text=True)


def describe_rule(code: str | None) -> str:
    """Return a counting rule in words."""
    return _RULES.get(code or "", str(code).replace("_", " "))


def _describe_rule(name: str, code: str | None) -> str:
    return words.unit_name(code) if name == "count_unit" and code else describe_rule(code)
