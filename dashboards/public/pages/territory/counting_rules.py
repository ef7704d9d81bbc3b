"""Show the counting rules of the offices of one territory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from dashboards.public import layout, queries, tables
from dashboards.public.pages.cards import describe_rule
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words.language import Texts, tell
from pipelines.words.sources import translate_statement

Row = Mapping[str, Any]
_RULES: Mapping[str, str] = Texts(
    {
        "several_offences": mark("Several offences of one person"),
        "attempts": mark("Attempts"),
        "unknown_perpetrators": mark("Unknown perpetrators"),
    }
)
_STATUSES: Mapping[str, str] = Texts({"demonstration": mark("Assumed for the demonstration.")})


@layout.keep_part
def show_counting_rules(frame: layout.Frame, area: str) -> None:
    """Show the counting rules of each office."""
    layout.put_heading(tell("Counting rules"))
    rules = queries.read_rows(frame.path, "counting_rules", (area,))
    if not rules:
        layout.put_text(tell("This release has no counting rules for this territory."))
        return
    offices = list(dict.fromkeys(rule["jurisdiction"] for rule in rules))
    for office in offices:
        name = frame.marked_name(office)
        of_office = [rule for rule in rules if rule["jurisdiction"] == office]
        with nullcontext() if len(offices) == 1 else layout.open_fold(name):
            _show_card(frame, tell("Counting rules: {area}", area=name), of_office, name)


def _show_card(frame: layout.Frame, caption: str, rules: Sequence[Row], office: str) -> None:
    levels = queries.read_labels(frame.path, "level")
    order = list(levels)
    lines = [
        tables.Line(
            tables.Cell(str(levels.get(rule["level"], rule["level"]))),
            (
                tables.Cell(words.unit_name(str(rule["count_unit"]))),
                tables.compose_cell(translate_statement(rule["stage_definition"] or ""), kind="wide"),
                tables.Cell(_describe_rules(rule), kind="wide"),
                tables.Cell(
                    " ".join(part for part in (_STATUSES.get(rule["status"], rule["status"]), rule["source"]) if part),
                    language=tables.foreign_language() if rule["source"] else "",
                ),
            ),
        )
        for rule in sorted(rules, key=lambda rule: order.index(rule["level"]) if rule["level"] in order else 0)
    ]
    columns = [tell("Unit"), tell("What is counted"), tell("Rules"), tell("Status")]
    layout.show_table(frame, caption, columns, lines, corner=tell("Level"), text=True, coverage=office)


def _describe_rules(rule: Row) -> str:
    parts = [f"{title}: {describe_rule(rule[key])}." for key, title in _RULES.items()]
    again = tell("People handed over are counted again by the receiver: no.")
    if rule["transferred_counted_again"]:
        again = tell("People handed over are counted again by the receiver: yes.")
    return " ".join([*parts, again])
