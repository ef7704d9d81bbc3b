"""Show the findings of an answer by cause, each with its place, the value found, the value expected, and how to
correct it; warnings of a draft with the form that explains them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer, Explanation
from dashboards.office.pages.answer.places import render_place
from pipelines.design import components as ui
from pipelines.office.answers import name_expected

if TYPE_CHECKING:
    from pipelines.findings.finding import Finding
    from pipelines.office.answers import Group, LocalizedFinding
    from pipelines.submissions.service import EarlierJustification


@dataclass(frozen=True)
class GroupView:
    """One group as it is shown.

    `n_open` of its places can be explained; `earlier` is an explanation to use again. `present` is the explanation of
    its places, if it can still be changed.
    """

    group: Group
    first: ui.PageTable
    remaining: ui.PageTable | None
    consequences: Sequence[GroupView]
    n_open: int = 0
    earlier: EarlierJustification | None = None
    present: Explanation | None = None


def finding_anchor(finding: LocalizedFinding) -> str:
    """Return the anchor of a finding on the page."""
    return f"f-{finding.key}"


def list_groups(answer: Answer) -> list[GroupView]:
    """Return every group, the most severe first."""
    explanations = _explanations_by_finding(answer)
    earlier = find_earlier_explanations(answer)
    return [
        replace(
            _view_group(answer.context, group, explanations),
            n_open=len(answer.open_findings.get(group.id, ())),
            earlier=earlier.get(group.id),
            present=_find_present_explanation(answer, group),
        )
        for group in answer.groups
    ]


def _find_present_explanation(answer: Answer, group: Group) -> Explanation | None:
    changeable = answer.changeable_findings.get(group.id)
    return answer.explanations[changeable[0].key] if changeable else None


def find_earlier_explanations(answer: Answer) -> dict[str, EarlierJustification]:
    """Return the explanation of the same warning in an earlier return that is offered again, by group."""
    from pipelines.submissions import service

    if not answer.open_findings:
        return {}
    context = answer.context
    remembered = service.find_earlier_justifications(context.desk, context.who, answer.submission_id)
    by_group = {
        group_id: next((remembered[finding.key] for finding in findings if finding.key in remembered), None)
        for group_id, findings in answer.open_findings.items()
    }
    return {group_id: explanation for group_id, explanation in by_group.items() if explanation is not None}


def list_certain_corrections(answer: Answer) -> list[Finding]:
    """Return the findings whose correction can be put into a copy of the sender's workbook; empty for others."""
    if answer.report.format != "xlsx" or not answer.entry.mine:
        return []
    return [
        finding.finding
        for group in answer.groups
        for finding in group.all_findings
        if finding.suggestion is not None and finding.suggestion.certain
    ]


def _explanations_by_finding(answer: Answer) -> dict[str, ui.Part]:
    """Return the explanation of each warning, by finding; a badge if one is required and missing."""
    context = answer.context
    missing = ui.render_badge("warning", "▲", context.tell("not explained"))
    explanations: dict[str, ui.Part] = {key: missing for key, _ in answer.entry.open_warnings}
    for key, explanation in answer.explanations.items():
        reason = context.code_label("justification_reason", explanation.reason)
        explanations[key] = f"{reason}: {explanation.text}"
    return explanations


def _view_group(context: PageContext, group: Group, explanations: Mapping[str, ui.Part]) -> GroupView:
    remaining = group.findings[len(group.first) :]
    return GroupView(
        group,
        _findings_table(context, group, group.first, explanations),
        _findings_table(context, group, remaining, explanations) if remaining else None,
        [_view_group(context, consequence, explanations) for consequence in group.consequences],
    )


def _findings_table(
    context: PageContext, group: Group, findings: Sequence[LocalizedFinding], explanations: Mapping[str, ui.Part]
) -> ui.PageTable:
    # The heading has the text of a group already, unless the places differ in it.
    is_repeated = all(finding.message == group.title for finding in findings)
    rows = [
        ui.PageRow(
            render_place(finding.places or context.tell("the whole file")),
            (
                "" if is_repeated else finding.message,
                finding.figure,
                finding.seen or "",
                finding.expected or "",
                _render_suggestion(context, finding),
                explanations.get(finding.key, ""),
            ),
            anchor=finding_anchor(finding),
            kind=group.severity,
        )
        for finding in findings
    ]
    columns = [
        context.tell("Finding"),
        context.tell("Figure"),
        context.tell("Found"),
        name_expected(group.rule, context.language),
        context.tell("Suggestion"),
        context.tell("Sender's explanation"),
    ]
    return ui.drop_empty_columns(ui.PageTable(group.title, context.tell("Place"), columns, rows, quiet=True))


def _render_suggestion(context: PageContext, finding: LocalizedFinding) -> ui.Part:
    if finding.suggestion is None:
        return ""
    if finding.suggestion.certain:
        return ui.Markup("<b>{}</b>").format(finding.suggestion.value)
    options = (finding.suggestion.value, *finding.suggestion.others)
    return context.tell("perhaps {options}", options=", ".join(options[:3]))
