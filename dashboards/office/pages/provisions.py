"""Show whether a treaty provides for an element of the law; state what was read in it, and decide on statements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.context import PageContext
from dashboards.office.pages.law_decisions import add_decisions, answer_act, render_proposals, render_verification
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_refusal
from pipelines.core import codes
from pipelines.core.i18n import mark
from pipelines.declarations.treaties import VERIFIED, Provision, list_teams_treaties
from pipelines.design import components as ui
from pipelines.ledger.identity import EVERY, NotAllowedError
from pipelines.submissions import provision_statements
from pipelines.submissions.provision_statements import ProvisionStatement
from pipelines.submissions.service import law
from pipelines.submissions.service.law import ProposalView

router = APIRouter()
PATH = "/provisions"
LAW_PATH = "/law"
_Views = Sequence[ProposalView[ProvisionStatement]]
_ANSWERS: Final = {"yes": mark("provided for"), "no": mark("not provided for")}


def name_standard(context: PageContext, treaty: str) -> str:
    """Return a treaty with the number of its article on joint teams."""
    number = codes.get_code_attribute("treaty", treaty, "provision")
    return context.tell("{treaty}, article {number}", treaty=context.code_label("treaty", treaty), number=number)


def list_waiting(context: PageContext) -> list[ui.Part]:
    """Return links to what waits for a decision."""
    return [
        ui.render_link(_make_title(context, item.treaty, item.element), _make_address(item.treaty, item.element))
        for view in law.list_provision_statements(context.desk, context.who)
        if view.proposal.state == "waiting"
        for item in (view.proposal.content,)
    ]


def make_table(context: PageContext, element: str, provisions: Sequence[Provision]) -> ui.PageTable:
    """Return which treaties provide for an element, with a link to the page of each."""
    rows = []
    views = law.list_provision_statements(context.desk, context.who)
    for treaty in list_teams_treaties():
        last = _find_last(views, treaty, element)
        description = _describe_known(context, _find(provisions, treaty, element), last)
        link = ui.render_link(name_standard(context, treaty), _make_address(treaty, element))
        rows.append(ui.PageRow(link, tuple(text for _, text in description)))
    columns = [context.tell("In the treaty"), context.tell("Source"), context.tell("State")]
    caption = context.tell("What each treaty provides for")
    return ui.drop_empty_columns(ui.PageTable(caption, context.tell("Treaty"), columns, rows, wide=True, quiet=True))


@router.get(PATH)
def show_provision(context: Page) -> Response:
    """Render a treaty and an element: what is known, the history, and the form for a statement."""
    query = context.request.query_params
    return _render_provision(context, query.get("treaty", ""), query.get("element", ""))


@router.post(PATH + "/propose")
def propose_statement(form: Form) -> Response:
    """Propose a statement."""
    is_provided = form.read_text("is_provided") == "yes"
    statement = ProvisionStatement(
        form.read_text("treaty"), form.read_text("element"), is_provided, form.read_text("source")
    )
    return _act(
        form,
        lambda: law.propose_provision_statement(form.context.desk, form.context.who, statement),
        mark("It is proposed. A second person decides on it."),
        entered=statement,
    )


def _act(
    form: SubmittedForm, act: Callable[[], object], message: str, *, entered: ProvisionStatement | None = None
) -> Response:
    context, treaty, element = form.context, form.read_text("treaty"), form.read_text("element")
    return answer_act(
        form,
        act,
        message,
        address=_find_page(form),
        show=lambda errors: _render_provision(context, treaty, element, errors, entered),
    )


def _find_page(form: SubmittedForm) -> str:
    return _make_address(form.read_text("treaty"), form.read_text("element"))


add_decisions(router, PATH, _act, _find_page)


def _render_provision(
    context: PageContext,
    treaty: str,
    element: str,
    errors: Sequence[FieldError] = (),
    entered: ProvisionStatement | None = None,
) -> Response:
    try:
        views = law.list_provision_statements(context.desk, context.who)
        provision = _find(law.list_provisions(context.desk, context.who), treaty, element)
    except NotAllowedError as error:
        return render_refusal(context, error)
    if treaty not in list_teams_treaties() or element not in codes.list_codes("law_element"):
        return redirect_to(context, LAW_PATH)
    views = list(_select(views, treaty, element))
    is_provided = entered.is_provided if entered is not None else provision is not None
    return render_proposals(
        context,
        "provision.html",
        views,
        path=PATH,
        hidden={"treaty": treaty, "element": element},
        errors=errors,
        may_propose=law.may_propose(context.who, EVERY),
        describe=lambda statement: _describe_statement(context, statement),
        title=_make_title(context, treaty, element),
        definition=context.tell(
            str(codes.get_code_attribute("law_element", element, "definition"))  # marked in law_element.csv
        ),
        known=_describe_known(context, provision, _find_last(views, treaty, element)),
        answers=[(code, context.tell(text)) for code, text in _ANSWERS.items()],
        entered=_name_answer(is_provided=is_provided),
        source=entered.source if entered is not None else "",
    )


def _select(views: _Views, treaty: str, element: str) -> _Views:
    return [view for view in views if provision_statements.KIND.key(view.proposal.content) == (treaty, element)]


def _find_last(views: _Views, treaty: str, element: str) -> ProvisionStatement | None:
    approved = provision_statements.order_approved(view.proposal for view in _select(views, treaty, element))
    return approved[-1].content if approved else None


def _find(provisions: Sequence[Provision], treaty: str, element: str) -> Provision | None:
    return next((item for item in provisions if (item.treaty, item.element) == (treaty, element)), None)


def _describe_known(
    context: PageContext, provision: Provision | None, last: ProvisionStatement | None
) -> list[tuple[str, ui.Part]]:
    """Describe what the next release has: a provision, or that there is none, as the last approved statement says."""
    source = provision.source if provision is not None else last.source if last is not None else ""
    is_verified = last is not None or (provision is not None and provision.status == VERIFIED)
    return [
        (context.tell("In the treaty"), _tell_answer(context, is_provided=provision is not None)),
        (context.tell("Source"), source),
        (context.tell("State"), render_verification(context, is_verified=is_verified)),
    ]


def _describe_statement(context: PageContext, statement: ProvisionStatement) -> list[tuple[str, ui.Part]]:
    return [
        (context.tell("In the treaty"), _tell_answer(context, is_provided=statement.is_provided)),
        (context.tell("Source"), statement.source),
    ]


def _name_answer(*, is_provided: bool) -> str:
    return "yes" if is_provided else "no"


def _tell_answer(context: PageContext, *, is_provided: bool) -> str:
    return context.tell(_ANSWERS[_name_answer(is_provided=is_provided)])


def _make_title(context: PageContext, treaty: str, element: str) -> str:
    return f"{context.code_label('law_element', element)}: {name_standard(context, treaty)}"


def _make_address(treaty: str, element: str) -> str:
    return ui.page_address(PATH, treaty=treaty, element=element)
