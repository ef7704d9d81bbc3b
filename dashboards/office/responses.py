"""Answer requests: a page, or a redirect that carries the result of an action."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from itsdangerous import BadData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from dashboards.office.context import PageContext
from dashboards.office.line_breaks import keep_numbers_whole
from dashboards.office.services import ASSETS, get_services
from pipelines.core import i18n
from pipelines.core.settings import CommandSettings, read_settings
from pipelines.design.components import Part

RESULT_COOKIE = "rti_result"
_RESULT_SECONDS = 120
"""Seconds within which the page after an action must be requested to show its result."""
FieldError = tuple[str, str]
"""Text of an error of a form, and the id of the field that it is about (empty if it is about the whole form)."""


def render_page(
    context: PageContext,
    template: str,
    *,
    title: str,
    lead: Part = "",
    status: int = 200,
    errors: Iterable[FieldError] = (),
    **values: Any,
) -> HTMLResponse:
    """Return a page from a template of `templates/`.

    `errors` are those of a submitted form: they are shown in a summary above the page, and `field_errors` in the
    template maps each field to its text. The result of the action before is shown once.
    """
    form_errors = list(errors)
    result = _read_result(context)
    html = render_fragment(
        context,
        template,
        page_groups=get_services(context.request).list_pages(context),
        languages=list(i18n.language_names().items()),
        lang=i18n.html_lang(context.language),
        demonstration=get_services(context.request).desk.home.kind == "demonstration",
        asset=ASSETS.find_address,
        contact=read_settings(CommandSettings).contact or "",
        result=result,
        title=title,
        lead=lead,
        errors=form_errors,
        field_errors=defaultdict(str, {field: text for text, field in form_errors if field}),
        **values,
    )
    html = keep_numbers_whole(html, context.language)
    response = HTMLResponse(html, status_code=status, headers={"Cache-Control": "no-store"})
    if result:
        response.delete_cookie(RESULT_COOKIE, path="/")
    return response


def render_fragment(context: PageContext, template: str, **values: Any) -> str:
    """Return part of a page as HTML, with the words of its context."""
    return (
        get_services(context.request)
        .environment.get_template(template)
        .render(
            context=context,
            tell=context.tell,
            many=context.many,
            code_label=context.code_label,
            area_name=context.area_name,
            form_name=context.form_name,
            csrf=context.session.csrf_token,
            **values,
        )
    )


def redirect_to(context: PageContext, address: str, *, message: str = "", anchor: str = "") -> Response:
    """Redirect to another page with GET, so that reloading it does not repeat the action.

    `message` is shown there once; `anchor` is the part of the page to go to.
    """
    target = address + (f"#{quote(anchor)}" if anchor else "")
    response = RedirectResponse(target, status_code=303, headers={"Cache-Control": "no-store"})
    if message:
        signed = get_services(context.request).result_signer.dumps([context.session.session_id, message])
        response.set_cookie(
            RESULT_COOKIE,
            str(signed),
            max_age=_RESULT_SECONDS,
            path="/",
            httponly=True,
            samesite="lax",
            secure=context.request.url.scheme == "https",
        )
    return response


def _read_result(context: PageContext) -> str:
    """Return the result of the last action of this session that has not been shown yet; empty if there is none."""
    signed = context.request.cookies.get(RESULT_COOKIE, "")
    if not signed:
        return ""
    try:
        session_id, message = get_services(context.request).result_signer.loads(signed, max_age=_RESULT_SECONDS)
    except (BadData, ValueError):
        return ""
    return str(message) if session_id == context.session.session_id else ""


def render_refusal(context: PageContext, error: Exception, status: int = 403) -> HTMLResponse:
    """Return the page of a reader who may not see or do something; it does not say whether the thing exists."""
    title = context.tell("You do not have access to this page")
    return render_page(context, "refused.html", title=title, status=status, reason=context.localize_error(error))
