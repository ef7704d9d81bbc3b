"""Describe roles in words, and read the role chosen in a form."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.requests import SubmittedForm
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


def read_grant(form: SubmittedForm) -> Grant | None:
    """Return the chosen role, office and instrument; None unless they are among the options."""
    from pipelines.core import codes

    role = form.read_choice("role", ROLES)
    place = form.read_choice("place", [code for code, _ in list_places(form.context)])
    instrument = form.read_choice("what", [EVERY, *codes.list_codes("instrument")])
    return Grant(role, place, instrument) if role and place and instrument else None  # type: ignore[arg-type]


def make_grant_key(grant: Grant) -> str:
    """Return the value of a grant in a form."""
    return f"{grant.role} {grant.jurisdiction} {grant.instrument}"
