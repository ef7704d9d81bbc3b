"""Keep entries of the network of experts: one's own, those of one's office, and the record of look-ups (stewards)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.confirmation import CONFIRMED, ask_for_confirmation
from dashboards.office.context import PageContext
from dashboards.office.experts import words as expert_words
from dashboards.office.pages.experts import PATH as NETWORK
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page, render_refusal
from dashboards.office.words import format_time
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.submissions.experts.lists import load_lists
from pipelines.submissions.experts.model import Expert, ExpertDetails, ExpertError
from pipelines.submissions.experts.store import PASSED_ON
from pipelines.submissions.service import experts
from pipelines.submissions.service.experts import ExpertUse
from pipelines.web.files import send_file

router = APIRouter()
PATH = NETWORK + "/own"
KEPT, LOG = NETWORK + "/kept", NETWORK + "/log"
_JSON = "application/json"


@router.get(PATH)
def show_own(context: Page) -> Response:
    """Render the person's own entry and its form."""
    return _render_own(context)


@router.post(PATH)
def save_own(form: Form) -> Response:
    """Add or change the person's own entry."""
    context, details = form.context, _read_details(form)
    try:
        experts.save_own_expert(context.desk, context.who, details, form.read_text("address"))
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ExpertError as error:
        return _render_own(context, context.describe_form_error(error), details)
    message = context.tell("The entry is saved. We send an email with a link to a new address within the hour.")
    return redirect_to(context, PATH, message=message)


@router.post(PATH + "/confirm")
def confirm_own(form: Form) -> Response:
    """Confirm the person's own entry."""
    context = form.context
    try:
        experts.confirm_own_expert(context.desk, context.who)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ExpertError as error:
        return _render_own(context, context.describe_form_error(error))
    return redirect_to(context, PATH, message=context.tell("Thank you. The entry is confirmed."))


@router.post(PATH + "/erase")
def erase_own(form: Form) -> Response:
    """Erase the person's own entry, after a confirmation."""
    desk, who = form.context.desk, form.context.who
    return _erase(form, PATH, lambda: experts.get_own_expert(desk, who), lambda: experts.erase_own_expert(desk, who))


@router.get(PATH + "/data")
def send_own_data(context: Page) -> Response:
    """Send everything that is held on the person, as JSON."""
    return send_file(format_export(experts.export_own_expert(context.desk, context.who)), "entry.json", _JSON)


@router.get(KEPT)
def show_kept(context: Page) -> Response:
    """Render the entries that the person keeps for others, and the form of one of them or of a new one."""
    return _render_kept(context, context.request.query_params.get("id", ""))


@router.post(KEPT)
def save_kept(form: Form) -> Response:
    """Add or change an entry of another person."""
    context, details, expert_id = form.context, _read_details(form), form.read_text("id")
    try:
        experts.save_expert(context.desk, context.who, details, form.read_text("address"), expert_id)
    except NotAllowedError as error:
        return render_refusal(context, error)
    except ExpertError as error:
        return _render_kept(context, expert_id, context.describe_form_error(error), details)
    message = context.tell("The entry is saved. We send an email with a link to a new address within the hour.")
    return redirect_to(context, KEPT, message=message)


@router.post(KEPT + "/erase")
def erase_kept(form: Form) -> Response:
    """Erase an entry on request, after a confirmation."""
    desk, who, expert_id = form.context.desk, form.context.who, form.read_text("id")

    def find_entry() -> Expert | None:
        kept_entries = experts.list_kept_experts(desk, who)
        return next((entry for entry in kept_entries if entry.expert_id == expert_id), None)

    return _erase(form, KEPT, find_entry, lambda: experts.erase_expert(desk, who, expert_id))


@router.get(LOG)
def show_log(context: Page) -> Response:
    """Render who looked experts up (stewards)."""
    uses = experts.list_expert_uses(context.desk, context.who)
    return render_page(
        context,
        "expert_log.html",
        title=context.tell("Searches of the network"),
        lead=context.tell("The newest searches and messages. The audit log has all of them."),
        table=_tabulate_uses(context, uses) if uses else None,
    )


def format_export(content: Mapping[str, object]) -> bytes:
    """Return an export as the bytes of a JSON file."""
    return json.dumps(content, ensure_ascii=False, indent=2).encode()


def _erase(
    form: SubmittedForm, back: str, find_entry: Callable[[], Expert | None], act: Callable[[], None]
) -> Response:
    """Erase an entry after a confirmation that names it; `act` refuses an entry that is not the person's to erase."""
    context = form.context
    try:
        # Only before the confirmation: a look at kept entries is recorded.
        entry = find_entry() if not form.has_field(CONFIRMED) else None
    except NotAllowedError as error:
        return render_refusal(context, error)
    if entry is not None:
        return ask_for_confirmation(
            form,
            title=context.tell("Delete the entry"),
            question=context.tell("Do you want to delete this entry?"),
            consequence=context.tell(
                "It is deleted at once and cannot be restored. The log does not say whose it was."
            ),
            facts=[
                (context.tell("Position"), entry.details.position),
                (context.tell("Institution"), entry.details.institution),
                (context.tell("Territory or part"), context.area_name(entry.details.jurisdiction)),
            ],
            yes=context.tell("Delete the entry"),
            back=back,
        )
    try:
        act()
    except NotAllowedError as error:
        return render_refusal(context, error)
    return redirect_to(context, back, message=context.tell("The entry is deleted."))


def _read_details(form: SubmittedForm) -> ExpertDetails:
    return ExpertDetails(
        jurisdiction=form.read_text("jurisdiction"),
        institution=form.read_text("institution"),
        position=form.read_text("position"),
        role=form.read_text("role"),
        languages=tuple(form.read_texts("languages")),
        crimes=tuple(form.read_texts("crimes")),
        procedures=tuple(form.read_texts("procedures")),
        region=form.read_text("region"),
        letter_language=form.read_text("letter_language"),
    )


def _render_own(
    context: PageContext, error: FieldError | None = None, entered: ExpertDetails | None = None
) -> Response:
    own_entry = experts.get_own_expert(context.desk, context.who)
    return _render_form(
        context, own_entry, experts.list_own_places(context.desk, context.who), error, entered,
        title=context.tell("My entry"),
        lead=context.tell("What others see about you in the network. Your address is never shown to anybody."),
        action=PATH,
    )  # fmt: skip


def _render_kept(
    context: PageContext, expert_id: str, error: FieldError | None = None, entered: ExpertDetails | None = None
) -> Response:
    kept_entries = sorted(
        experts.list_kept_experts(context.desk, context.who),
        key=lambda expert: context.area_name(expert.details.jurisdiction),
    )
    return _render_form(
        context, next((expert for expert in kept_entries if expert.expert_id == expert_id), None),
        experts.list_expert_places(context.desk, context.who), error, entered,
        title=context.tell("Entries that you keep"),
        lead=context.tell("An entry can be found once its expert has confirmed it with the link in an email."),
        action=KEPT,
        table=expert_words.tabulate_experts(context, kept_entries, KEPT) if kept_entries else None,
    )  # fmt: skip


def _render_form(
    context: PageContext,
    expert: Expert | None,
    places: list[str],
    error: FieldError | None,
    entered: ExpertDetails | None,
    *,
    title: str,
    lead: str,
    action: str,
    table: ui.PageTable | None = None,
) -> Response:
    blank = ExpertDetails(places[0] if places else "", "", "", "", (), load_lists().crimes, (), "", context.language)
    return render_page(
        context,
        "expert_form.html",
        title=title,
        lead=lead,
        errors=[error] if error else [],
        status=409 if error else 200,
        table=table,
        expert=expert,
        facts=expert_words.describe_expert(context, expert) if expert is not None else (),
        filled=entered or (expert.details if expert is not None else blank),
        places=[(code, context.area_name(code)) for code in places],
        roles=expert_words.list_roles(context.language),
        spoken=expert_words.list_languages(),
        crimes=expert_words.list_crimes(context),
        procedures=expert_words.list_procedures(context.language),
        letter_languages=expert_words.list_letter_languages(),
        action=action,
        is_own=action == PATH,
    )


_CRITERIA: Mapping[str, str] = {
    "from": mark("Own territory"),
    "territory": mark("Territory"),
    "role": mark("Role"),
    "language": mark("Language"),
    "crime": mark("Crime"),
    "procedure": mark("Procedure"),
}


_SEARCH = mark("search")


def _name_kind(use: ExpertUse) -> str:
    if use.action == PASSED_ON:
        return mark("message")
    if "entry" in use.query:
        return mark("opened one entry")
    if "list" in use.query:
        return mark("opened the list of entries kept by the account")
    return _SEARCH


def _name_criterion(context: PageContext, name: str, value: str) -> str:
    """Return what somebody searched for in words; a value that no list has is shown as it was sent."""
    options = {
        "role": expert_words.list_roles(context.language),
        "language": expert_words.list_languages(),
        "crime": expert_words.list_crimes(context),
        "procedure": expert_words.list_procedures(context.language),
    }.get(name)
    if options is not None:
        return dict(options).get(value, value)
    # Only the territory itself: every name that is made has its footnote on the page.
    return context.area_name(value) if value in context.desk.registry.territories else value


def _tabulate_uses(context: PageContext, uses: list[ExpertUse]) -> ui.PageTable:
    tell = context.tell
    rows = [
        ui.PageRow(
            ui.render_whole(format_time(use.at)),
            (
                context.name_person(use.account),
                tell(_name_kind(use)),  # marked there
                "; ".join(f"{tell(_CRITERIA[name])}: {_name_criterion(context, name, value)}"  # marked above
                          for name, value in use.query.items() if name in _CRITERIA)
                or (tell("everything") if _name_kind(use) == _SEARCH else ""),
                str(use.n_entries),
            ),
        )
        for use in uses
    ]  # fmt: skip
    columns = [tell("Account"), tell("Kind"), tell("Searched for"), tell("Entries shown")]
    caption = context.many("{n} recorded use", "{n} recorded uses", len(rows))
    return ui.PageTable(caption, tell("Time"), columns, rows, frozenset({3}), wide=True)
