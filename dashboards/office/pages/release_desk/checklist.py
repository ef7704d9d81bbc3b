"""Show the checks of the draft as a table: state, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.office import words
from dashboards.office.context import PageContext
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.refresh.release_desk.checklist import DraftCheckResult

_STATES: dict[str, words.Sign] = {
    "good": ("good", "✔", mark("in order")),
    "explained": ("draft", "◐", mark("explained")),
    "overridden": ("draft", "◑", mark("overridden")),
    "open": ("overdue", "✖", mark("open")),
}


def make_checklist(context: PageContext, results: Sequence[DraftCheckResult]) -> ui.PageTable:
    rows = []
    for result in sorted(results, key=lambda item: ["open", "overridden", "explained", "good"].index(item.state)):
        kind, sign, text = _STATES[result.state]
        badge = ui.render_badge(kind, sign, context.tell(text))
        remedy = context.tell(result.remedy) if result.problems else ""  # marked in release_desk.checklist
        if result.state == "open" and result.check.is_essential:
            remedy += " " + context.tell("This check cannot be overridden.")
        title = context.tell(result.check.title)  # marked in release_desk.checklist
        evidence = (
            ui.render_list([ui.mark_code(line) for line in result.list_evidence(context)]) if result.problems else ""
        )
        rows.append(
            ui.PageRow(
                title,
                (badge, evidence, ui.mark_code(result.explanation or result.override or remedy)),
                anchor=result.check.id,
            )
        )
    return ui.PageTable(
        context.many("{n} check", "{n} checks", len(rows)),
        context.tell("Check"),
        [context.tell("State"), context.tell("Found"), context.tell("What to do, or explanation")],
        rows,
        wide=True,
    )
