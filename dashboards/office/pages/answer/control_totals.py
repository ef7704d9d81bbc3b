"""Show a few totals of a return next to those of an earlier period, for the person who confirms or approves it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer
from dashboards.office.pages.answer.changes import format_difference
from pipelines.design import components as ui

if TYPE_CHECKING:
    from pipelines.submissions.service import ControlTotal


def tabulate_control_totals(answer: Answer) -> ui.PageTable | None:
    """Return the control totals of a return that this person can send or decide on; None for others."""
    from pipelines.submissions import service

    context, entry = answer.context, answer.entry
    if not (entry.may_send or entry.may_approve or entry.may_give_back or entry.may_override):
        return None
    return make_totals_table(context, service.compare_control_totals(context.desk, context.who, entry.submission_id))


def make_totals_table(context: PageContext, totals: Sequence[ControlTotal]) -> ui.PageTable | None:
    """Return control totals as a table, each with the period that it is compared with; None if there are none."""
    from pipelines.office import answers

    if not totals:
        return None
    table = ui.PageTable(
        context.tell("Totals of {period}", period=words.format_period(totals[0].period, context.language)),
        context.tell("What"),
        # "Before" and "Now" are those of the table of changes on the same page: an earlier return of this period.
        [
            context.tell("Earlier figure"),
            context.tell("Earlier period"),
            context.tell("This return"),
            context.tell("Difference"),
        ],
        [
            ui.PageRow(
                answers.describe_control_total(total, context.language),
                (
                    "" if total.earlier_period is None else _format_figure(total.earlier_value),
                    _format_earlier_period(context, total),
                    _format_figure(total.value),
                    "" if total.difference is None else format_difference(total.difference),
                ),
            )
            for total in totals
        ],
        numbers=frozenset({0, 2, 3}),
    )
    # The first return of a form has nothing before it.
    return ui.drop_empty_columns(table)


def _format_figure(value: float | None) -> str:
    return "\N{EN DASH}" if value is None else f"{value:.15g}"


def _format_earlier_period(context: PageContext, total: ControlTotal) -> str:
    """Return the period of the figure before, in a column of its own, so that copied figures stay numbers."""
    if total.earlier_period is None:
        return ""
    return words.format_period(total.earlier_period, context.language).replace(" ", "\N{NO-BREAK SPACE}")
