"""Render the page "People": accounts, the account to change, the form for a new one, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.people.audit_log import can_read_audit_log, make_audit_table
from dashboards.office.pages.people.grants import describe_roles, list_filter_places, list_places, make_grant_key
from dashboards.office.pages.people.managed_accounts import (
    ACCOUNT,
    PLACE,
    describe_account,
    list_managed_accounts,
    make_accounts_table,
)
from dashboards.office.requests import Page
from dashboards.office.responses import FieldError, render_page
from dashboards.office.services import get_services
from pipelines.ledger.identity import EVERY, ROLES

router = APIRouter()
NEW_FIELDS = ("new", "name", "mail", "language", "issuer", "subject", "role", "place", "what")
"""Fields of the form for a new account."""


@dataclass(frozen=True)
class OneTimePassword:
    """A new password of an account: it is shown in the answer to the form that made it, and stored nowhere."""

    account: str
    text: str
    replaces_another: bool = False


@router.get("/people")
def show_people(context: Page) -> Response:
    """Render the page "People"; the address may name the account to change, or the place whose accounts are listed."""
    return render_people_page(context, context.request.query_params.get(ACCOUNT, ""))


def render_people_page(
    context: PageContext,
    account_id: str = "",
    *,
    status: int = 200,
    errors: Sequence[FieldError] = (),
    entered: Mapping[str, str] | None = None,
    password: OneTimePassword | None = None,
    verdict: tuple[str, str] | None = None,
    faults: Sequence[str] = (),
) -> Response:
    """Render the page with the account to change, what was entered for a new one, and what the last form led to."""
    from pipelines.core import i18n

    managed, places = list_managed_accounts(context), list_filter_places(context)
    place = context.request.query_params.get(PLACE, "")
    place = place if place in dict(places) else ""
    account = next((candidate for candidate in managed if candidate.account_id == account_id), None)
    sessions = get_services(context.request).sessions
    return render_page(
        context,
        "people.html",
        title=context.tell("People"),
        lead=context.tell("Accounts of the offices you are steward of, and their permissions."),
        status=status,
        errors=errors,
        password=password,
        accounts=make_accounts_table(context, managed, place),
        place=place,
        filter_places=places,
        account_options=[(candidate.account_id, candidate.account_id) for candidate in managed],
        account=account,
        account_facts=describe_account(context, account) if account else [],
        grants=[(make_grant_key(grant), describe_roles(context, [grant])) for grant in account.grants]
        if account
        else [],
        session_count=len(sessions.list_sessions(account.account_id)) if account else 0,
        roles=[(role, context.tell(words.ROLES[role])) for role in ROLES],
        places=list_places(context),
        instruments=[(EVERY, context.tell("everything")), *context.list_options("instrument")],
        language_options=list(i18n.language_names().items()),
        entered=dict.fromkeys(NEW_FIELDS, "") | {"language": context.language} | dict(entered or {}),
        audit=make_audit_table(context) if can_read_audit_log(context) else None,
        verdict=verdict,
        faults=list(faults),
    )
