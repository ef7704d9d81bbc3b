"""Show a steward how far the round of a quarter is: what is done, what waits, and for whom."""

from __future__ import annotations

from dashboards.office import words
from dashboards.office.context import PageContext
from pipelines.core import clock
from pipelines.design import components as ui
from pipelines.refresh.quarter import QuarterProgress, QuarterStep
from pipelines.refresh.quarter import words as quarter_words

_SIGNS: dict[str, tuple[str, str]] = {
    "done": ("good", "✔"),
    "skipped": ("draft", "◑"),
    "waiting": ("sent", "…"),
    "late": ("overdue", "✖"),
    "ahead": ("expected", "○"),
}
_LISTED = 10
"""Waits of a step that are listed; the board has all returns."""


def make_quarter_table(context: PageContext, progress: QuarterProgress) -> ui.PageTable:
    """Return the steps of a round as a table."""
    quarter = words.format_period(progress.quarter, context.language)
    if progress.correction:
        caption = context.tell(
            "The quarter {quarter}, correction {release}", quarter=quarter, release=progress.correction
        )
    elif progress.release:
        caption = context.tell(
            "The quarter {quarter}, released as {release}", quarter=quarter, release=progress.release
        )
    else:
        caption = context.tell("The quarter {quarter}", quarter=quarter)
    columns = [context.tell("State"), context.tell("Waiting for")]
    return ui.PageTable(caption, context.tell("Step"), columns, [_make_row(context, step) for step in progress.steps])


def _make_row(context: PageContext, step: QuarterStep) -> ui.PageRow:
    today = clock.now().date()
    kind, sign = _SIGNS["late" if step.is_late(today) else step.state]
    state = quarter_words.describe_state(step, today, context.language)
    count = quarter_words.describe_count(step, context.language)
    badge = ui.render_badge(kind, sign, f"{state} ({count})" if count else state)
    title = context.tell(quarter_words.STEPS[step.name])  # marked in refresh.quarter.words
    return ui.PageRow(title, (badge, _list_waits(context, step)))


def _list_waits(context: PageContext, step: QuarterStep) -> ui.Markup:
    lines = [
        quarter_words.describe_wait(wait, context.office_name, context.area_name, context.code_label, context.language)
        for wait in step.waits[:_LISTED]
    ]
    if (unlisted := len(step.waits) - len(lines)) > 0:
        lines.append(context.many("{n} more", "{n} more", unlisted))
    return ui.Markup("<br>").join(ui.mark_code(context.mark_names(line)) for line in lines)
