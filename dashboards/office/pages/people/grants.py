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


def list_filter_places(context: PageContext) -> list[tuple[str, str]]:
    """Return the places for which this steward manages accounts, as options: territories with parts as a whole too."""
    places = dict(list_places(context))
    whole = [code for code, territory in context.desk.registry.territories.items() if len(territory.jurisdictions) > 1]
    options = {code: name for code, name in places.items() if code != EVERY}
    for code in whole:
        if all(part.code in places for part in context.desk.registry.territories[code].jurisdictions):
            options[code] = context.area_name(code)
    return sorted(options.items(), key=lambda option: option[1])


def read_grant(form: SubmittedForm, prefix: str) -> tuple[Grant | None, list[FieldError]]:
    """Return the chosen role, office and instrument; else None and an error for each that is not among its options.

    `prefix` begins the ids of the three fields.
    """
    from pipelines.core import codes

    tell = form.context.tell
    role = form.read_choice("role", ROLES)
    place = form.read_choice("place", [code for code, _ in list_places(form.context)])
    instrument = form.read_choice("what", [EVERY, *codes.list_codes("instrument")])
    if role and place and instrument:
        return Grant(role, place, instrument), []  # type: ignore[arg-type]
    choices = ((tell("Role"), "role", role), (tell("Territory"), "place", place), (tell("What"), "what", instrument))
    advice = tell("Choose an option from the list.")
    return None, [(f"{label}: {advice}", f"{prefix}-{name}") for label, name, chosen in choices if not chosen]


def make_grant_key(grant: Grant) -> str:
    """Return the value of a grant in a form."""
    return f"{grant.role} {grant.jurisdiction} {grant.instrument}"
