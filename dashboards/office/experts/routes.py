"""Pages behind the link of a letter to an expert: confirm, export or erase one entry, without an account.

Opening a link changes nothing, because programs that scan mails open links; each act is a form.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, Response

from dashboards.office.confirmation import CONFIRMED
from dashboards.office.experts import words as expert_words
from dashboards.office.line_breaks import keep_numbers_whole
from dashboards.office.pages.expert_entries import format_export
from dashboards.office.services import ASSETS, get_services
from pipelines.core import i18n
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark, tell
from pipelines.ledger.clock_guard import ClockSetBackError
from pipelines.submissions.experts import links
from pipelines.submissions.experts.letters import PATH
from pipelines.submissions.experts.lists import load_lists
from pipelines.submissions.experts.model import Expert, ExpertError
from pipelines.submissions.service import expert_links
from pipelines.submissions.service.expert_links import ExpertLinkError
from pipelines.submissions.timetable.names import jurisdiction_name, note_of
from pipelines.web.files import send_file
from pipelines.web.sign_in.csrf import CSRF_FIELD, CsrfError, check_origin
from pipelines.web.sign_in.language import language_of

router = APIRouter()
_LINK = PATH + "/{token}"
MOST_FIELDS, LONGEST_FIELD = 10, 1024
_STATUS = {"cut": 404, "unknown": 404, "used": 410, "expired": 410}


async def read_fields(request: Request) -> FormData:
    """Return a submitted form; nothing of it is written to a file."""
    return await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD)


Fields = Annotated[FormData, Depends(read_fields)]


@router.get(_LINK)
def show_link(request: Request, token: str) -> Response:
    """Render the entry of a link, and what its expert can do."""
    return _answer(
        request, token, lambda desk: _render_entry(request, token, expert_links.open_expert_link(desk, token))
    )


@router.get(_LINK + "/data")
def send_data(request: Request, token: str) -> Response:
    """Send everything that is held on the expert, as JSON."""
    return _answer(
        request,
        token,
        lambda desk: send_file(
            format_export(expert_links.export_by_link(desk, token)), "entry.json", "application/json"
        ),
    )


@router.post(_LINK + "/confirm")
def confirm_entry(request: Request, token: str, fields: Fields) -> Response:
    """Confirm the entry of a link."""

    def confirm_linked(desk: Any) -> Response:
        _check_form(request, token, fields)
        expert_links.confirm_by_link(desk, token)
        return _render_message(request, mark("Thank you. The entry is confirmed."))

    return _answer(request, token, confirm_linked)


@router.post(_LINK + "/erase")
def erase_entry(request: Request, token: str, fields: Fields) -> Response:
    """Erase the entry of a link, if the box of the form was ticked."""

    def erase_linked(desk: Any) -> Response:
        _check_form(request, token, fields)
        if CONFIRMED not in fields:
            raise ExpertError(mark("Tick the box to delete the entry. Nothing was changed. Open the link again."))
        expert_links.erase_by_link(desk, token)
        return _render_message(request, mark("The entry is deleted."))

    return _answer(request, token, erase_linked)


def answer_unknown(request: Request) -> Response:
    """Answer any other address below the links of letters: a link that was cut off."""
    return _render_problem(request, ExpertLinkError("cut"), _STATUS["cut"])


def _answer(request: Request, token: str, act: Callable[[Any], Response]) -> Response:
    try:
        return act(get_services(request).desk)
    except ExpertLinkError as error:
        return _render_problem(request, error, _STATUS[error.problem])
    except (ExpertError, ClockSetBackError) as error:
        return _render_problem(request, error, 409)


def _check_form(request: Request, token: str, fields: FormData) -> None:
    """Raise ExpertError unless a form comes from the page of its link."""
    submitted = fields.get(CSRF_FIELD)
    try:
        check_origin(request)
    except CsrfError:
        submitted = None
    if submitted != links.form_token(token):
        raise ExpertError(
            mark("This page is out of date, so nothing was changed. Open the link from the message again.")
        )


def _render_entry(request: Request, token: str, expert: Expert) -> Response:
    language, registry = language_of(request), get_services(request).desk.registry
    details, lists = expert.details, load_lists()
    note = note_of(registry, details.territory, language)
    labels = dict(expert_words.list_crime_labels(language))
    facts = [
        (
            tell("Territory or part", language),
            jurisdiction_name(registry, details.jurisdiction, language) + ("*" if note else ""),
        ),
        (tell("Institution", language), details.institution),
        (tell("Position", language), details.position),
        (tell("Role", language), lists.role_name(details.role, language)),
        (tell("Languages", language), expert_words.name_languages(details.languages)),
        (tell("Crimes", language), ", ".join(labels.get(code, code) for code in details.crimes)),
        (tell("Procedures", language), "; ".join(lists.procedure_name(code, language) for code in details.procedures)),
        (tell("Region covered", language), details.region),
        (tell("Last confirmed", language), expert.confirmed_on),
    ]
    title = tell("Is your entry correct?", language)
    return _render(
        request, title, address=f"{PATH}/{token}", csrf=links.form_token(token), facts=facts,
        footnote=f"* {note}" if note else "",
    )  # fmt: skip


def _render_message(request: Request, text: str) -> Response:
    title = tell(text, language_of(request))  # marked by the callers
    return _render(request, title, reason=tell("You can close this page.", language_of(request)))


def _render_problem(request: Request, error: UserFacingError, status: int) -> Response:
    language = language_of(request)
    title = tell("The link cannot be opened", language)
    return _render(request, title, status=status, reason=error.localize_message(language))


def _render(request: Request, title: str, *, status: int = 200, **values: Any) -> Response:
    language, services = language_of(request), get_services(request)
    html = services.environment.get_template("expert_link.html").render(
        tell=partial(tell, language=language),
        lang=i18n.html_lang(language),
        language=language,
        languages=[(code, i18n.html_lang(code), name) for code, name in i18n.language_names().items()],
        asset=ASSETS.find_address,
        demonstration=services.desk.home.kind == "demonstration",
        can_be_reopened=request.method == "GET",
        title=title,
        **{"reason": "", "address": "", "footnote": ""} | values,
    )
    return HTMLResponse(keep_numbers_whole(html, language), status_code=status, headers={"Cache-Control": "no-store"})
