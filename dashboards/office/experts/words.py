"""Describe entries of the network of experts in the language of a reader."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dashboards.office.words import Sign, label_of
from pipelines.core import i18n
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.submissions.experts.lists import load_lists
from pipelines.submissions.experts.model import Expert, State

if TYPE_CHECKING:
    from dashboards.office.context import PageContext

Option = tuple[str, str]
STATES: dict[State, Sign] = {
    "unconfirmed": ("expected", "○", mark("not confirmed yet, not found by others")),
    "confirmed": ("good", "✔", mark("confirmed this quarter")),
    "due": ("draft", "◐", mark("confirmed earlier, due again this quarter")),
    "stale": ("warning", "⚠", mark("out of date: not confirmed for two quarters")),
}


def name_languages(codes: Iterable[str]) -> str:
    """Return the names of languages in themselves."""
    names = load_lists().languages
    return ", ".join(names.get(code, code) for code in codes)


def list_languages() -> list[Option]:
    """Return the languages that an entry can name."""
    return list(load_lists().languages.items())


def list_roles(language: str) -> list[Option]:
    """Return the roles that an entry can name."""
    return [(code, load_lists().role_name(code, language)) for code in load_lists().roles]


def list_procedures(language: str) -> list[Option]:
    """Return the procedures that an entry can name."""
    return [(code, load_lists().procedure_name(code, language)) for code in load_lists().procedures]


def list_crimes(context: PageContext) -> list[Option]:
    """Return the crimes that an entry can name."""
    return list_crime_labels(context.language)


def list_crime_labels(language: str) -> list[Option]:
    """Return the crimes that an entry can name, for pages without a context."""
    return [(code, label_of("offence_group", code, language)) for code in load_lists().crimes]


def list_letter_languages() -> list[Option]:
    """Return the languages in which letters are written."""
    return list(i18n.language_names().items())


def state_badge(context: PageContext, expert: Expert) -> ui.Markup:
    """Return the state of an entry as a badge."""
    kind, sign, text = STATES[expert.state]
    return ui.render_badge(kind, sign, context.tell(text))


def describe_expert(context: PageContext, expert: Expert) -> list[tuple[str, ui.Part]]:
    """Return what an entry says, as terms and descriptions."""
    details, lists, language = expert.details, load_lists(), context.language
    return [
        (context.tell("Territory or part"), context.area_name(details.jurisdiction)),
        (context.tell("Institution"), details.institution),
        (context.tell("Role"), lists.role_name(details.role, language)),
        (context.tell("Languages"), name_languages(details.languages)),
        (context.tell("Crimes"), ", ".join(context.code_label("offence_group", code) for code in details.crimes)),
        (context.tell("Procedures"), "; ".join(lists.procedure_name(code, language) for code in details.procedures)),
        (context.tell("Region covered"), details.region),
        (context.tell("State"), state_badge(context, expert)),
        (context.tell("Last confirmed"), expert.confirmed_on),
    ]


def tabulate_experts(context: PageContext, experts: Iterable[Expert], address: str) -> ui.PageTable:
    """Return entries as a table; each leads to `address` with its id."""
    lists = load_lists()
    rows = [
        ui.PageRow(
            ui.render_link(expert.details.position, ui.page_address(address, id=expert.expert_id)),
            (
                context.area_name(expert.details.jurisdiction),
                expert.details.institution,
                lists.role_name(expert.details.role, context.language),
                name_languages(expert.details.languages),
                state_badge(context, expert),
            ),
        )
        for expert in experts
    ]
    tell = context.tell
    columns = [tell("Territory or part"), tell("Institution"), tell("Role"), tell("Languages"), tell("State")]
    return ui.PageTable(
        context.many("{n} expert", "{n} experts", len(rows)), tell("Position"), columns, rows, wide=True
    )
