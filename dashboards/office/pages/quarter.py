"""Show a steward how far the round of a quarter is: what is done, what waits, and for whom."""

from __future__ import annotations

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.people.managed_accounts import make_office_address
from pipelines.core import clock
from pipelines.design import components as ui
from pipelines.refresh.quarter import CorrectedRelease, QuarterProgress, QuarterStep, Wait
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
    rows = [_make_row(context, step) for step in progress.steps]
    rows += [_make_correction_row(context, correction) for correction in progress.corrections]
    return ui.PageTable(caption, context.tell("Step"), columns, rows)


def _make_correction_row(context: PageContext, correction: CorrectedRelease) -> ui.PageRow:
    """Return the row of a correction that was published after the release of its quarter."""
    kind, sign = _SIGNS["done"]
    state = context.tell("completed on {day}", day=correction.published_at[:10])
    signed = context.tell("{n} of {due}", n=correction.n_signed, due=correction.n_all)
    title = context.tell("The correction {release} is published", release=correction.release)
    return ui.PageRow(
        title, (ui.render_badge(kind, sign, state), context.tell("Sheets signed for it: {number}", number=signed))
    )


def _make_row(context: PageContext, step: QuarterStep) -> ui.PageRow:
    today = clock.now().date()
    kind, sign = _SIGNS["late" if step.is_late(today) else step.state]
    state = quarter_words.describe_state(step, today, context.language)
    count = quarter_words.describe_count(step, context.language)
    badge = ui.render_badge(kind, sign, f"{state} ({count})" if count else state)
    title = context.tell(quarter_words.STEPS[step.name])  # marked in refresh.quarter.words
    return ui.PageRow(title, (badge, _list_waits(context, step)))


def _list_waits(context: PageContext, step: QuarterStep) -> ui.Markup:
    lines = [_describe_wait(context, wait) for wait in step.waits[:_LISTED]]
    if (unlisted := len(step.waits) - len(lines)) > 0:
        lines.append(ui.Markup.escape(context.many("{n} more", "{n} more", unlisted)))
    return ui.Markup("<br>").join(lines)


def _describe_wait(context: PageContext, wait: Wait) -> ui.Markup:
    """Return whom a step waits for, with links to the return or the sheet, and to the people who can finish it."""
    text = quarter_words.describe_wait(
        wait, context.office_name, context.area_name, context.code_label, context.language
    )
    links = []
    if wait.submission:
        links.append((context.tell("Open the return"), ui.page_address("/answer", id=wait.submission)))
    if wait.cause == "signature":
        links.append((context.tell("Open the sheet"), ui.page_address("/release-desk/sheet", territory=wait.territory)))
    if wait.jurisdiction or wait.cause == "signature":
        links.append((context.tell("People"), make_office_address(wait.jurisdiction or wait.territory)))
    rendered = [ui.render_link(name, address) for name, address in links]
    return ui.join_parts(
        [ui.mark_code(context.mark_names(text)), *([ui.join_parts(rendered, " · ")] if links else [])], " "
    )
