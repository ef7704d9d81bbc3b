"""Change the language of the pages: it is kept with the person's account."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.requests import Form
from dashboards.office.responses import redirect_to
from pipelines.core import i18n
from pipelines.web.sign_in.addresses import local_path

router = APIRouter()


@router.post("/language")
def change_language(form: Form) -> Response:
    """Store the language, and return to the page on which it was chosen."""
    from pipelines.submissions.accounts import accounts
    from pipelines.web.sign_in.language import remember_language

    context = form.context
    account = context.session.identity.account
    language = form.read_choice("language", i18n.list_languages())
    response = redirect_to(context, local_path(form.read_text("back")))
    if language is not None:
        accounts.set_language(context.desk.engine, account, language, by=account)
        remember_language(response, language, secure=context.request.url.scheme == "https")
    return response
