"""Show the checks of the draft as a table: state, what was found, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.people.managed_accounts import make_office_address
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.refresh.release_desk.checklist import NAMED, DraftCheckResult
from pipelines.refresh.release_desk.problems import CheckProblem, NameReference

_STATES: dict[str, words.Sign] = {
    "good": ("good", "✔", mark("in order")),
    "explained": ("draft", "◐", mark("explained")),
    "overridden": ("draft", "◑", mark("overridden")),
    "open": ("overdue", "✖", mark("open")),
}


_RETURN_STATES = {"waiting": "sent", "warnings": "checked"}
"""Checks of returns that somebody has to finish, with the state by which the page of returns lists them."""


def _list_evidence(context: PageContext, result: DraftCheckResult) -> list[ui.Markup]:
    """Return the first problems of a check, each with links to the sheet or the people that it is about."""
    lines = []
    for line, problem in zip_longest(result.list_evidence(context), result.problems[:NAMED]):
        links = _list_links(context, result.check.id, problem) if problem is not None else []
        lines.append(ui.join_parts([ui.mark_code(line), *([ui.join_parts(links, " · ")] if links else [])], " "))
    return lines


def _list_links(context: PageContext, check_id: str, problem: CheckProblem) -> list[ui.Markup]:
    names = [name for value in problem.values.values() for name in (value if isinstance(value, tuple) else (value,))]
    references = [name for name in names if isinstance(name, NameReference)]
    links = []
    if check_id in _RETURN_STATES:
        address = ui.page_address("/", state=_RETURN_STATES[check_id])
        links.append(ui.render_link(context.tell("Returns"), address))
    places: list[str] = []
    for reference in references:
        if check_id == "sign_offs" and reference.kind == "area":
            address = ui.page_address("/release-desk/sheet", territory=reference.code)
            links.append(ui.render_link(context.tell("Open the sheet"), address))
            places.append(reference.code)
        elif reference.kind == "office":
            forms = context.desk.registry.forms.values()
            places += sorted({form.jurisdiction for form in forms if form.source == reference.code})
    people = context.tell("People")
    links += [ui.render_link(people, make_office_address(place)) for place in dict.fromkeys(places)]
    return links


def make_checklist(context: PageContext, results: Sequence[DraftCheckResult]) -> ui.PageTable:
    rows = []
    for result in sorted(results, key=lambda item: ["open", "overridden", "explained", "good"].index(item.state)):
        kind, sign, text = _STATES[result.state]
        badge = ui.render_badge(kind, sign, context.tell(text))
        remedy = context.tell(result.remedy) if result.problems else ""  # marked in release_desk.checklist
        if result.state == "open" and result.check.is_essential:
            remedy += " " + context.tell("This check cannot be overridden.")
        title = context.tell(result.check.title)  # marked in release_desk.checklist
        evidence = ui.render_list(_list_evidence(context, result)) if result.problems else ""
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
