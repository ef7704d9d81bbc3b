"""Describe roles in words, and read the role chosen in a form."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.requests import SubmittedForm
from dashboards.office.responses import FieldError
from pipelines.ledger import permissions
from pipelines.ledger.identity import EVERY, ROLES, Grant


def describe_roles(context: PageContext, grants: Sequence[Grant]) -> str:
    """Describe roles by place and instrument, in words."""
    return "; ".join(
        f"{context.tell('all territories') if place == EVERY else context.area_name(place)}"
        f"{'' if instrument == EVERY else ', ' + context.code_label('instrument', instrument)}: "
        + ", ".join(context.tell(words.ROLES[role]) for role in roles)
        for (place, instrument), roles in words.roles_by_pair(grants).items()
    ) or context.tell("None")


def list_places(context: PageContext) -> list[tuple[str, str]]:
    """Return the places for which this steward may grant roles, as options."""
    parts = [j.code for t in context.desk.registry.territories.values() for j in t.jurisdictions]
    managed = {jurisdiction for jurisdiction, _ in permissions.pairs_for(context.who, "keep_accounts")}
    places = [code for code in (EVERY, *parts) if managed & {EVERY, code}]
    return [(code, context.tell("all territories") if code == EVERY else context.area_name(code)) for code in places]


def read_grant(form: SubmittedForm, prefix: str) -> tuple[Grant | None, list[FieldError]]:
    """Return the chosen role, office and instrument; else None and an error for each that is not among its options.

    `prefix` begins the ids of the three fields.
    """
    from pipelines.core import codes

    tell = form.context.tell
    options: dict[str, tuple[str, list[str]]] = {
        "role": (tell("Role"), list(ROLES)),
        "place": (tell("Territory"), [code for code, _ in list_places(form.context)]),
        "what": (tell("What"), [EVERY, *codes.list_codes("instrument")]),
    }
    chosen = {name: form.read_choice(name, offered) for name, (_, offered) in options.items()}
    errors = [
        (f"{label}: {tell('Choose a word from the list.')}", f"{prefix}-{name}")
        for name, (label, _) in options.items()
        if not chosen[name]
    ]
    return (None, errors) if errors else (Grant(chosen["role"], chosen["place"], chosen["what"]), [])  # type: ignore[arg-type]


def make_grant_key(grant: Grant) -> str:
    """Return the value of a grant in a form."""
    return f"{grant.role} {grant.jurisdiction} {grant.instrument}"
