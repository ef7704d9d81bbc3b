"""Show the assessments of the law on joint investigation teams; propose them, and decide on those of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office.context import PageContext
from dashboards.office.pages import provisions, treaties
from dashboards.office.pages.law_decisions import add_decisions, answer_act, render_proposals
from dashboards.office.requests import Form, Page, SubmittedForm
from dashboards.office.responses import FieldError, redirect_to, render_page, render_refusal
from pipelines.core import clock, codes
from pipelines.core.i18n import mark
from pipelines.declarations.treaties import list_standards, list_teams_treaties
from pipelines.design import components as ui
from pipelines.ledger.identity import NotAllowedError
from pipelines.submissions import assessments
from pipelines.submissions.assessments import UNKNOWN, Assessment, Proposal
from pipelines.submissions.service import law

router = APIRouter()
PATH = "/law"
_RESULTS: Mapping[str, tuple[str, str]] = {
    "met": ("good", "✔"),
    "partly": ("warning", "◐"),
    "not_met": ("error", "✖"),
    UNKNOWN: ("off", "–"),
}
"""Kind and sign of the badge of each result; its text is the label of the code."""
_RESULT = "result-"
"""Beginning of the names of the fields with results; the rest is the treaty."""


@router.get(PATH)
def show_law(context: Page) -> Response:
    """Render the matrix of one jurisdiction, and what waits for a decision."""
    places = law.list_law_jurisdictions(context.desk, context.who)
    place = context.request.query_params.get("place", "")
    place = place if place in places else next(iter(places), "")
    views = law.list_proposals(context.desk, context.who, place) if place else []
    history = assessments.order_approved(view.proposal for view in views)
    area = treaties.find_territory(context, place)
    return render_page(
        context,
        "law.html",
        title=context.tell("Law on joint investigation teams"),
        lead=context.tell("Each element of the law is assessed by one person and approved by another."),
        places=[(code, context.area_name(code)) for code in places],
        place=place,
        may_propose=bool(place) and law.may_propose(context.who, place),
        matrix=_make_matrix(context, place, history) if place else None,
        waiting=[_describe_link(context, view.proposal) for view in views if view.proposal.state == "waiting"]
        + treaties.list_waiting(context, area)
        + provisions.list_waiting(context),
        treaties=treaties.make_table(context, area) if area else None,
    )


@router.get(PATH + "/element")
def show_element(context: Page) -> Response:
    """Render one element of the law of a jurisdiction: what applies, its history, and the form for a proposal."""
    query = context.request.query_params
    return _render_element(context, query.get("place", ""), query.get("element", ""))


@router.post(PATH + "/propose")
def propose_assessment(form: Form) -> Response:
    """Propose an assessment."""
    place, element = form.read_text("place"), form.read_text("element")
    assessment = Assessment(
        place,
        element,
        {
            treaty: form.read_text(_RESULT + treaty)
            for treaty in list_teams_treaties()
            if form.has_field(_RESULT + treaty)
        },
        form.read_text("article"),
        form.read_text("citation"),
        form.read_text("applies_from"),
        form.read_text("reviewer_role"),
    )
    return _act(
        form,
        lambda: law.propose_assessment(form.context.desk, form.context.who, assessment),
        mark("It is proposed. A second person decides on it."),
        entered=assessment,
    )


def _act(
    form: SubmittedForm, act: Callable[[], object], message: str, *, entered: Assessment | None = None
) -> Response:
    context, place, element = form.context, form.read_text("place"), form.read_text("element")
    return answer_act(
        form,
        act,
        message,
        address=_find_page(form),
        show=lambda errors: _render_element(context, place, element, errors, entered),
    )


def _find_page(form: SubmittedForm) -> str:
    return ui.page_address(f"{PATH}/element", place=form.read_text("place"), element=form.read_text("element"))


add_decisions(router, PATH, _act, _find_page)


def _render_element(
    context: PageContext,
    place: str,
    element: str,
    errors: Sequence[FieldError] = (),
    entered: Assessment | None = None,
) -> Response:
    try:
        views = law.list_proposals(context.desk, context.who, place)
    except NotAllowedError as error:
        return render_refusal(context, error)
    if element not in codes.list_codes("law_element"):
        return redirect_to(context, ui.page_address(PATH, place=place))
    views = [view for view in views if view.proposal.content.element == element]
    history = assessments.order_approved(view.proposal for view in views).get((place, element), [])
    current = assessments.find_current(history, clock.now().date())
    filled = entered or (current.content if current is not None else None)
    all_provisions = law.list_provisions(context.desk, context.who)
    standards = list_standards(element, all_provisions)
    return render_proposals(
        context,
        "law_element.html",
        views,
        path=PATH,
        hidden={"place": place, "element": element},
        errors=errors,
        may_propose=law.may_propose(context.who, place),
        describe=lambda assessment: _describe_assessment(context, assessment),
        summarise=lambda assessment: _summarise_assessment(context, assessment),
        title=f"{context.code_label('law_element', element)}: {context.area_name(place)}",
        definition=context.tell(
            str(codes.get_code_attribute("law_element", element, "definition"))  # marked in law_element.csv
        ),
        place=place,
        provisions=provisions.make_table(context, element, all_provisions),
        current=_describe_assessment(context, current.content, standards) if current is not None else (),
        standards=[
            (
                _RESULT + treaty,
                provisions.name_standard(context, treaty),
                filled.results.get(treaty, UNKNOWN) if filled else UNKNOWN,
            )
            for treaty in standards
        ],
        results=context.list_options("law_status"),
        roles=context.list_options("reviewer_role"),
        filled=filled,
    )


def _result_badge(context: PageContext, result: str) -> ui.Part:
    kind, sign = _RESULTS[result]
    return ui.render_badge(kind, sign, context.code_label("law_status", result))


def _make_matrix(context: PageContext, place: str, history: Mapping[tuple[str, str], list[Proposal]]) -> ui.PageTable:
    all_provisions = law.list_provisions(context.desk, context.who)
    with_elements = [code for code in list_teams_treaties() if any(item.treaty == code for item in all_provisions)]
    today = clock.now().date()
    rows = []
    for element in codes.list_codes("law_element"):
        current = assessments.find_current(history.get((place, element), []), today)
        standards = list_standards(element, all_provisions)
        fields = [
            _result_badge(context, current.content.results.get(treaty, UNKNOWN) if current is not None else UNKNOWN)
            if treaty in standards
            else context.tell("not provided for")
            for treaty in with_elements
        ]
        address = ui.page_address(f"{PATH}/element", place=place, element=element)
        link = ui.render_link(context.code_label("law_element", element), address)
        rows.append(ui.PageRow(link, (*fields, current.content.applies_from if current is not None else "")))
    columns = [
        *(provisions.name_standard(context, treaty) for treaty in with_elements),
        context.tell("Law applies from"),
    ]
    caption = context.tell("Assessed elements: {area}", area=context.area_name(place))
    return ui.PageTable(caption, context.tell("Element"), columns, rows, wide=True)


def _describe_link(context: PageContext, proposal: Proposal) -> ui.Part:
    assessment = proposal.content
    address = ui.page_address(f"{PATH}/element", place=assessment.jurisdiction, element=assessment.element)
    return ui.render_link(context.code_label("law_element", assessment.element), address)


def _describe_assessment(
    context: PageContext, assessment: Assessment, standards: Sequence[str] | None = None
) -> list[tuple[str, ui.Part]]:
    """Describe an assessment with its own results, or with those of the treaties that provide for the element now."""
    listed = standards if standards is not None else tuple(assessment.results)
    results = [
        (
            provisions.name_standard(context, treaty),
            _result_badge(context, assessment.results.get(treaty, UNKNOWN)),
        )
        for treaty in codes.list_codes("treaty")
        if treaty in listed
    ]
    return [
        *results,
        (context.tell("Article and law"), assessment.article),
        (context.tell("Citation"), assessment.citation),
        (context.tell("Law applies from"), assessment.applies_from),
        (context.tell("Assessed by"), context.code_label("reviewer_role", assessment.reviewer_role)),
    ]


def _summarise_assessment(context: PageContext, assessment: Assessment) -> list[tuple[str, ui.Part]]:
    results = "; ".join(
        f"{context.code_label('treaty', treaty)}: {context.code_label('law_status', result)}"
        for treaty, result in assessment.results.items()
    )
    return [
        (context.tell("Results"), results),
        (context.tell("Article and law"), assessment.article),
        (context.tell("Law applies from"), assessment.applies_from),
    ]
