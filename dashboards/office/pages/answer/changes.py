"""Compare a return with the one that was accepted before for the same periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer
from dashboards.office.pages.answer.places import render_place
from pipelines.core.i18n.periods import format_period
from pipelines.design import components as ui

if TYPE_CHECKING:
    import polars as pl

    from pipelines.office.answers import CellChange, FormattedValue, RegisterComparison

LONGEST = 300
"""Changes shown; the downloads have all of them."""


@dataclass(frozen=True)
class Changes:
    """The comparison: sentences with numbers, and a table. `note` says what is not shown."""

    sentences: Sequence[str]
    table: ui.PageTable | None = None
    is_register: bool = False
    note: str = ""


def compare_with_accepted(answer: Answer) -> Changes:
    """Return, figure by figure, the value accepted before and the value in this return."""
    from pipelines.office import answers
    from pipelines.submissions import service

    context, report = answer.context, answer.report
    if report.reading is None:
        return Changes([context.tell("There are no figures to compare.")])
    if context.desk.registry.forms[report.reading.form].records is not None:
        return _compare_registers(answer, report.reading.events)
    old = service.read_previous_figures(context.desk, context.who, answer.submission_id)
    if old.is_empty():
        return _all_new(context)
    comparison = answers.compare_versions(
        report.reading.observations, old, context.language, kind=report.kind or "full"
    )
    sentence = " ".join(
        [
            context.many("{n} figure changed.", "{n} figures changed.", comparison.count_changes("changed")),
            context.many("{n} figure is new.", "{n} figures are new.", comparison.count_changes("added")),
            context.many(
                "{n} figure is withdrawn.", "{n} figures are withdrawn.", comparison.count_changes("withdrawn")
            ),
            context.many("{n} figure stays as it was.", "{n} figures stay as they were.", comparison.unchanged),
        ]
    )
    if not comparison.changes:
        return Changes([sentence])
    table = ui.PageTable(
        context.tell("Changes from the last accepted return, largest first"),
        context.tell("Place"),
        [context.tell("What"), context.tell("Before"), context.tell("Now"), context.tell("Difference")],
        [_change_row(context, change) for change in comparison.changes[:LONGEST]],
        numbers=frozenset({1, 2, 3}),
    )
    is_cut = len(comparison.changes) > LONGEST
    return Changes([sentence], table, note=context.tell("Only the {n} biggest are shown.", n=LONGEST) if is_cut else "")


def format_value(value: FormattedValue | None) -> str:
    """Format one value, keeping zero, missing, not applicable and withheld distinct."""
    return "" if value is None else value.words


def _all_new(context: PageContext) -> Changes:
    return Changes([context.tell("Nothing was accepted before for these periods: all of it is new.")])


def _change_row(context: PageContext, change: CellChange) -> ui.PageRow:
    badge = {
        "added": ("sent", "+", context.tell("new")),
        "changed": ("warning", "≠", context.tell("changed")),
        "withdrawn": ("off", "−", context.tell("withdrawn")),
    }[change.kind]
    period = format_period(change.key["period"], context.language)
    description = ui.Markup("{} {}, {}").format(ui.render_badge(*badge), change.words, period)
    difference = "" if change.difference is None else format_difference(change.difference)
    place = render_place(change.place or context.tell("not in this return"))
    return ui.PageRow(place, (description, format_value(change.old), format_value(change.new), difference))


def _compare_registers(answer: Answer, new: pl.DataFrame) -> Changes:
    """Compare a register with its last accepted version in counts, without listing persons or cases."""
    from pipelines.office import answers
    from pipelines.submissions import service

    context = answer.context
    old = service.previous_events(context.desk, context.who, answer.submission_id)
    if old.is_empty():
        return _all_new(context)
    comparison = answers.register_changes(new, old, context.language)
    describe = _describe_persons if (new["person"] != "_Z").any() else _describe_requests
    sentences = [
        *describe(context, comparison),
        context.many("{n} event is new.", "{n} events are new.", comparison.events_added),
        context.many("{n} event is gone.", "{n} events are gone.", comparison.events_withdrawn),
        context.many("{n} event stays as it was.", "{n} events stay as they were.", comparison.events_unchanged),
    ]
    table = ui.PageTable(
        context.tell("Events now and in the last accepted return"),
        context.tell("Event"),
        [context.tell("Period"), context.tell("Before"), context.tell("Now"), context.tell("Difference")],
        [
            ui.PageRow(
                count.words,
                (
                    format_period(count.period, context.language),
                    str(count.old),
                    str(count.new),
                    format_difference(count.new - count.old),
                ),
            )
            for count in comparison.by_event
        ],
        numbers=frozenset({1, 2, 3}),
    )
    return Changes(sentences, table, is_register=True)


def _describe_persons(context: PageContext, comparison: RegisterComparison) -> list[str]:
    return [
        context.many("{n} case is new.", "{n} cases are new.", comparison.proceedings_added),
        context.many("{n} case is gone.", "{n} cases are gone.", comparison.proceedings_withdrawn),
        context.many("{n} person is new.", "{n} persons are new.", comparison.persons_added),
        context.many("{n} person is gone.", "{n} persons are gone.", comparison.persons_withdrawn),
        context.many(
            "Something changed for {n} person.", "Something changed for {n} persons.", comparison.persons_changed
        ),
    ]


def _describe_requests(context: PageContext, comparison: RegisterComparison) -> list[str]:
    return [
        context.many("{n} request is new.", "{n} requests are new.", comparison.proceedings_added),
        context.many("{n} request is gone.", "{n} requests are gone.", comparison.proceedings_withdrawn),
        context.many(
            "Something changed for {n} request.", "Something changed for {n} requests.", comparison.persons_changed
        ),
    ]


def format_difference(difference: float) -> str:
    """Format a difference with its sign and all its digits; the minus is that of other figures on the pages."""
    return f"{difference:+.15g}".replace("-", "\N{MINUS SIGN}") if difference else "0"
