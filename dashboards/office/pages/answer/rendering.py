"""Render the page of an answer: the summary, the acts, and one view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.datastructures import FormData
from starlette.responses import Response

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages import returns
from dashboards.office.pages.answer import changes, events, files, findings, history, side_by_side, summary
from dashboards.office.pages.answer.acts import is_withdrawn_by_override
from dashboards.office.pages.answer.answer import Answer
from dashboards.office.pages.answer.control_totals import tabulate_control_totals
from dashboards.office.pages.answer.decision import describe_decision
from dashboards.office.pages.answer.receipt import view_receipt
from dashboards.office.pages.answer.section import AnswerSection
from dashboards.office.pages.answer.withdrawal import describe_consequence, list_withdrawal_requests
from dashboards.office.responses import FieldError, render_page, render_refusal
from pipelines.core.i18n import mark
from pipelines.core.storage_faults import DAMAGED_REMEDY
from pipelines.ledger.permissions import has_role_for
from pipelines.ledger.transitions import DRAFT
from pipelines.submissions.decisions import MINIMUM_TEXT

if TYPE_CHECKING:
    from pipelines.model.content import ReadError
    from pipelines.office.answers import LocalizedFinding
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import DamagedFileError, SubmissionEntry

VIEWS: Mapping[str, str] = {
    "findings": mark("Findings"),
    "beside": mark("Your sheet and what we read"),
    "changes": mark("Changes"),
    "quarters": mark("Earlier periods"),
    "files": mark("Downloads"),
    "events": mark("What happened"),
}
_VIEW_VALUES: Mapping[str, Callable[[Answer], Mapping[str, Any]]] = {
    "findings": lambda answer: {
        "group_views": findings.list_groups(answer),
        "n_corrections": len({str(finding.where) for finding in findings.list_certain_corrections(answer)}),
    },
    "beside": lambda answer: {"sides": side_by_side.compare_sides(answer)},
    "changes": lambda answer: {"changes": changes.compare_with_accepted(answer)},
    "quarters": lambda answer: {"history": history.list_earlier_periods(answer)},
    "files": lambda answer: {"files": files.list_files(answer)},
    "events": lambda answer: {"events": events.events_table(answer.context, answer.events)},
}
"""The values for the template of each view, computed only for the view that is shown."""
_NOTHING_ENTERED = FormData()


def render_answer(
    context: PageContext,
    section: AnswerSection,
    submission_id: str,
    *,
    view: str = "",
    status: int = 200,
    errors: Iterable[FieldError] = (),
    entered: FormData = _NOTHING_ENTERED,
) -> Response:
    """Return the page of an answer.

    `view` is one of `VIEWS`, by default the one that the address asks for. `errors` and `entered` are those of a form
    that was submitted on this page. A submission of others and one that does not exist have the same answer.
    """
    from pipelines.submissions import service

    try:
        entry = service.get_submission(context.desk, context.who, submission_id)
        report = service.make_report(context.desk, context.who, submission_id)
    except service.NotAllowedError as error:
        return render_refusal(context, error)
    except service.DamagedFileError as error:
        return render_unreadable(context, submission_id, error)
    requested_view = view or context.request.query_params.get("view", "")
    return _render_loaded(
        Answer(context, entry, report),
        section,
        requested_view if requested_view in VIEWS else "findings",
        status=status,
        errors=errors,
        entered=entered,
    )


def find_arrival_address(section: AnswerSection, submission_id: str, report: Report) -> str:
    """Return the address of a new answer at the part to read first: the summary of the findings, else the verdict."""
    return section.make_address(submission_id, anchor="summary" if report.findings else "verdict")


def _render_loaded(
    answer: Answer,
    section: AnswerSection,
    view: str,
    *,
    status: int,
    errors: Iterable[FieldError],
    entered: FormData,
) -> Response:
    context, entry = answer.context, answer.entry

    def link_finding(finding: LocalizedFinding) -> str:
        return link_part(findings.finding_anchor(finding))

    def link_part(anchor: str) -> str:
        return (
            f"#{anchor}"
            if view == "findings"
            else section.make_address(entry.submission_id, view="findings", anchor=anchor)
        )

    return render_page(
        context,
        section.template,
        title=context.describe_submission(entry),
        status=status,
        errors=errors,
        page_address=section.make_address(entry.submission_id, view=view),
        section=section,
        entry=entry,
        entered=entered,
        state=context.state_badge(words.state_to_show(entry)),
        facts=summary.list_facts(answer, section),
        replacements=returns.replacement_links(context, entry, section.base),
        overrides=summary.list_overrides(answer),
        verdict=summary.describe_verdict(answer),
        next_step=summary.find_next_step(answer),
        sent_rivals=summary.list_sent_rivals(answer, section),
        groups=answer.groups,
        is_explained=answer.is_explained,
        n_findings=sum(group.n_all for group in answer.groups),
        link_finding=link_finding,
        link_part=link_part,
        receipt=view_receipt(answer),
        reasons=context.list_options("revision_reason"),
        explanation_reasons=context.list_options("justification_reason"),
        minimum_text=MINIMUM_TEXT,
        decision=describe_decision(answer, section),
        control_totals=tabulate_control_totals(answer),
        changes_address=section.make_address(entry.submission_id, view="changes", anchor="view"),
        may_replace=_may_replace(context, entry),
        withdrawal_requests=list_withdrawal_requests(context, entry),
        withdrawal_consequence=describe_consequence(context, entry),
        withdraws_by_override=is_withdrawn_by_override(entry),
        is_draft=entry.state in DRAFT,
        view=view,
        view_title=context.tell(VIEWS[view]),  # marked above
        tabs=[
            (context.tell(title), section.make_address(entry.submission_id, view=code, anchor="view"), code == view)
            for code, title in VIEWS.items()
        ],  # marked above
        report=answer.report,
        format_day=words.format_day,
        **_VIEW_VALUES[view](answer),
    )


def render_withdrawal_confirmation(
    context: PageContext, section: AnswerSection, entry: SubmissionEntry, reason: str, comment: str
) -> Response:
    """Return the page that asks whether a return is to be withdrawn."""
    return render_page(
        context,
        "answer/withdraw.html",
        title=context.tell("Withdraw this draft?") if entry.state in DRAFT else context.tell("Withdraw this return?"),
        lead=context.describe_submission(entry),
        section=section,
        entry=entry,
        reason=reason,
        comment=comment,
        consequence=describe_consequence(context, entry),
        is_override=is_withdrawn_by_override(entry),
        is_draft=entry.state in DRAFT,
    )


def render_unreadable(context: PageContext, submission_id: str, error: DamagedFileError | ReadError) -> Response:
    """Return the page of a return whose stored file is damaged or cannot be read: who corrects it, and its history.

    Raises NotAllowedError.
    """
    from pipelines.findings.rules import from_read_error
    from pipelines.findings.texts import describe_finding
    from pipelines.model.content import ReadError as UnreadableError
    from pipelines.submissions import service

    entry = service.get_submission(context.desk, context.who, submission_id)
    if isinstance(error, UnreadableError):
        status, text = 422, describe_finding(from_read_error(error), context.language)
        reason = f"{text.message} {text.remedy}"
    else:
        status = 500
        reason = f"{context.localize_error(error)} {context.tell(DAMAGED_REMEDY)}"  # marked in core.storage_faults
    return render_page(
        context,
        "answer/damaged.html",
        title=context.describe_submission(entry),
        status=status,
        reason=reason,
        events=events.events_table(context, service.list_events(context.desk, context.who, entry.submission_id)),
    )


def _may_replace(context: PageContext, entry: SubmissionEntry) -> bool:
    """Return True if this person may upload a return that replaces this one."""
    return entry.state in ("approved", "published") and any(
        has_role_for(context.who, "receive", block.jurisdiction, block.instrument) for block in entry.blocks
    )
