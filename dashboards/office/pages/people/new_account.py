"""Create an account from the form of the page "People"."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.pages.people.grants import read_grant
from dashboards.office.pages.people.managed_accounts import make_page_address
from dashboards.office.pages.people.page import NEW_FIELDS, OneTimePassword, render_people_page
from dashboards.office.requests import Form
from dashboards.office.responses import redirect_to
from pipelines.core.errors import UserFacingError
from pipelines.ledger.identity import NotAllowedError

router = APIRouter()
_FIELDS = {"account": "new", "email": "mail", "language": "new-language"}
"""Ids of the fields whose inputs have another name."""


@router.post("/people/create")
def create_account(form: Form) -> Response:
    """Create an account; without a provider, its one-time password is in the answer."""
    from pipelines.submissions.accounts import accounts, password_sign_in
    from pipelines.submissions.accounts.model import NewAccount, list_account_errors

    context, entered = form.context, {name: form.read_text(name) for name in NEW_FIELDS}
    engine, by, account_id = context.desk.engine, context.who.account, entered["new"]
    first_grant, errors = read_grant(form, "new")
    if first_grant is None:
        described = NewAccount(
            account_id, entered["name"], (), entered["language"], entered["mail"] or None,
            issuer=entered["issuer"] or None, subject=entered["subject"] or None,
        )  # fmt: skip
        errors = [*(context.describe_form_error(error, _FIELDS) for error in list_account_errors(described)), *errors]
        return render_people_page(context, status=422, errors=errors, entered=entered)
    try:
        accounts.create_account(
            engine,
            account_id,
            entered["name"],
            language=entered["language"],
            email=entered["mail"] or None,
            grants=[first_grant],
            issuer=entered["issuer"] or None,
            subject=entered["subject"] or None,
            by=by,
        )
    except (NotAllowedError, UserFacingError) as error:
        status = 403 if isinstance(error, NotAllowedError) else 422
        errors = [context.describe_form_error(error, _FIELDS)]
        return render_people_page(context, status=status, errors=errors, entered=entered)
    if entered["issuer"]:
        return redirect_to(context, make_page_address(account_id), message=context.tell("The account is created."))
    password = password_sign_in.reset_password(engine, account_id, by=by)
    return render_people_page(context, account_id, password=OneTimePassword(account_id, password))
