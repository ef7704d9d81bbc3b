"""Compose the parts of a territory's sheet: its figures, what changed since the release before, and its caveats."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.office import figure_words, words
from dashboards.office.context import PageContext
from pipelines.core import codes
from pipelines.core.i18n import SOURCE_LANGUAGE, mark
from pipelines.design import components as ui
from pipelines.design.components import Markup
from pipelines.refresh.release_desk.sheets import Row, TerritorySheet
from pipelines.warehouse.metrics import metrics
from pipelines.words.formatting import is_few
from pipelines.words.language import lower_first, read_in
from pipelines.words.sources import has_statement, split_ending

_LEVELS = ("level", "statistic")
_KINDS = (*_LEVELS, "victim_status")
"""Columns that distinguish figures of one measure, such as acquittals of two instances, or a stock at the start."""
_BREAKDOWNS = ("offence_group", "sex", "age", "exploitation", "citizenship", "sentence_type", "sentence_band")
_ANY_LEVEL = "free"
"""Rule of measures whose names do not say their level."""
_CHANGES: dict[str, str] = {
    "added": mark("Added"),
    "revised": mark("Revised"),
    "withdrawn": mark("No longer published"),
    "newly_hidden": mark("Newly withheld"),
    "newly_shown": mark("Withheld before, published now"),
}
_LISTED = 200
"""Changes that a sheet lists."""


def make_figures(context: PageContext, sheet: TerritorySheet) -> ui.PageTable:
    rows = [
        ui.PageRow(
            name_figure(context, row),
            (
                context.code_label("offence_group", row["offence_group"]),
                context.code_label("count_unit", row["count_unit"]),
                words.format_period(row["period"], context.language),
                _format_value(context, row),
                format_number(context, row["before"]),
                context.tell("too few to compare") if is_few(row) else "",
            ),
        )
        for row in sheet.figures
    ]
    tell = context.tell
    has_before = any(row["before"] is not None for row in sheet.figures)
    value_heading = tell("Now") if has_before else tell("Figure")
    columns = [tell("Crime"), tell("Unit"), tell("Period"), value_heading, tell("Before"), tell("State")]
    table = ui.PageTable(
        context.tell("Totals"), context.tell("What is counted"), columns, rows, frozenset({3, 4}), wide=True
    )
    return ui.drop_empty_columns(table)


def name_figure(context: PageContext, row: Row) -> str:
    """Return the measure of a figure, with its level, start or end, or status of victims.

    Injured parties are not part of the total of victims, which is in the row above them.
    """
    is_part = row["victim_status"] not in ("", "_T", "_Z")
    name = context.code_label("measure", row["measure"])
    terms = _describe_terms(context, row, _LEVELS if is_part else _KINDS)
    name = f"{name}: {lower_first(terms)}" if terms else name
    return figure_words.name_status(context, name, row["victim_status"]) if is_part else name


def _name_metric(context: PageContext, metric: str) -> str:
    """Return the name of an indicator, or the code of an undeclared one."""
    name = next((item.name for item in metrics.load() if item.id == metric), metric)
    return context.tell(name)  # marked where it is declared


def make_changes(context: PageContext, sheet: TerritorySheet) -> ui.PageTable | None:
    if not sheet.changes:
        return None
    rows = [
        ui.PageRow(
            context.tell(_CHANGES[row["change"]]),
            (
                context.code_label("measure", row["measure"])
                if row["measure"]
                else _name_metric(context, row["metric"]),
                words.format_period(row["period"] or row["cohort"] or row["entered"], context.language),
                _describe_terms(context, row, (*_KINDS, *_BREAKDOWNS)),
                format_number(context, row["before"]),
                format_number(context, row["after"]),
            ),
        )
        for row in sheet.changes[:_LISTED]
    ]
    tell = context.tell
    columns = [tell("What is counted"), tell("Period"), tell("Broken down by"), tell("Before"), tell("Now")]
    caption = context.many("{n} figure has changed", "{n} figures have changed", len(sheet.changes))
    return ui.PageTable(caption, context.tell("Change"), columns, rows, frozenset({3, 4}), wide=True)


def describe_notes(context: PageContext, sheet: TerritorySheet) -> list[str]:
    """Return the caveats: those with a translation in the reader's language, the others marked as English.

    Notes on territories and offices are published in English, as they were declared (docs/translating.md).
    """
    notes: list[str] = []
    with read_in(context.language):
        for text in filter(has_statement, sheet.notes):
            statement, remark = split_ending(text)
            translation = context.tell(statement)  # marked in sims.yml
            is_english = translation == statement and context.language != SOURCE_LANGUAGE
            marked = context.mark_mentions(translation, sheet.territory)
            words_shown = Markup('<span lang="en">{}</span>').format(marked) if is_english else marked
            notes.append(Markup("{} {}").format(words_shown, remark) if remark else words_shown)
    return notes


def _describe_terms(context: PageContext, row: Row, names: Sequence[str]) -> str:
    return ", ".join(context.code_label(name, row[name]) for name in names if _distinguishes_figure(row, name))


def _distinguishes_figure(row: Row, name: str) -> bool:
    """Return True if the code of a column distinguishes a figure from others of its measure."""
    if name == "level":
        measure = codes.read_codelist("measure").get(row["measure"])
        return measure is not None and measure["level_rule"] == _ANY_LEVEL and row[name] != "none"
    # The total of victims counts two statuses, and its label names them.
    return row[name] not in (("", "_Z") if name == "victim_status" else ("", "_T", "_Z", "count"))


def _format_value(context: PageContext, row: Row) -> str:
    if row["conf_status"] == "C":
        return context.tell("withheld")
    return (
        format_number(context, row["value"])
        if row["value"] is not None
        else context.code_label("obs_status", row["obs_status"])
    )


def format_number(context: PageContext, value: float | None) -> str:
    """Format a figure of a sheet: counts are whole, other figures have two decimals."""
    if value is None:
        return ""
    return figure_words.format_number(context, value, 0 if float(value).is_integer() else 2)
