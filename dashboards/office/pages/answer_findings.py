"""Show the findings of an answer by cause, each with its place, the value found, the value expected, and how to
correct it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import html, layout, words
from dashboards.office.layout import PageContext

if TYPE_CHECKING:
    from pipelines.office.answers import Group, LocalizedFinding
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import EarlierJustification, Entry


def finding_anchor(finding: LocalizedFinding) -> str:
    """Return the anchor of a finding on the page."""
    return f"f-{finding.key}"


def show_findings(context: PageContext, entry: Entry, report: Report, groups: Sequence[Group]) -> None:
    """Show every group, the worst first; warnings of a draft with the form that explains them."""
    from pipelines.submissions import service

    if not groups:
        layout.put_html(html.Markup("<p>{}</p>").format(context.tell("No findings.")))
        return
    _offer_corrected_copy(context, entry, report, groups)
    remembered: Mapping[str, EarlierJustification] = {}
    if entry.may_justify and entry.open_warnings:
        remembered = service.find_earlier_justifications(context.desk, context.who, entry.submission_id)
    explanations = _explanations_by_finding(context, entry)
    still_open = {key for key, _ in entry.open_warnings}
    open_findings = {
        group.id: group_findings
        for group in groups
        if entry.may_justify
        and group.severity == "warning"
        and (group_findings := [explanations for explanations in group.all_findings if explanations.key in still_open])
    }
    for group in groups:
        layout.put_html(_render_group(context, group, explanations))
        if group.id in open_findings:
            _show_explanation_form(
                context,
                entry,
                group,
                open_findings[group.id],
                remembered,
                [group_id for group_id in open_findings if group_id != group.id],
            )
    if report.not_run:
        layout.put_html(
            html.render_note(
                context.tell(
                    "No earlier return of this form has been accepted, so there was nothing to compare this one with."
                )
            )
        )


def _explanations_by_finding(context: PageContext, entry: Entry) -> dict[str, html.Part]:
    """Return the explanation of each warning, by finding; "open" if one is required and missing."""
    from pipelines.submissions import service

    explanations: dict[str, html.Part] = {
        key: html.render_badge("warning", "▲", context.tell("not explained")) for key, _ in entry.open_warnings
    }
    for event in service.list_events(context.desk, context.who, entry.submission_id):
        if event["action"] == "justify" and event["payload"]:
            reason = context.code_label("justification_reason", event["payload"]["reason"])
            explanations.update(dict.fromkeys(event["payload"]["findings"], f"{reason}: {event['payload']['text']}"))
    return explanations


def _render_group(context: PageContext, group: Group, explanations: Mapping[str, html.Part]) -> html.Markup:
    head = html.Markup("<h3>{} {}</h3><p>{}</p>").format(
        html.render_badge(*words.describe_severity(group.severity, context.language)),
        group.title,
        html.Markup("<b>{}</b> {}").format(context.tell("What to do:"), group.remedy) if group.remedy else "",
    )
    first, remaining = group.first, group.findings[len(group.first) :]
    parts = [head, _findings_table(context, group, first, explanations)]
    if remaining:
        more = context.many("{n} more place", "{n} more places", len(remaining))
        parts.append(
            html.Markup("<details><summary>{}</summary>{}</details>").format(
                more, _findings_table(context, group, remaining, explanations)
            )
        )
    if group.unlisted:
        parts.append(
            html.render_note(
                context.many(
                    "{n} more of this kind is not listed.",
                    "{n} more of this kind are not listed.",
                    group.unlisted,
                )
            )
        )
    if group.consequences:
        caused = html.join_parts(
            _render_group(context, consequence, explanations) for consequence in group.consequences
        )
        parts.append(
            html.Markup("<details><summary>{}</summary>{}</details>").format(
                context.many(
                    "{n} further problem that will probably disappear with this one",
                    "{n} further problems that will probably disappear with this one",
                    len(group.consequences),
                ),
                caused,
            )
        )
    return html.Markup('<section class="rti-group" id="{}" tabindex="-1">{}</section>').format(
        group.id, html.join_parts(parts)
    )


def _findings_table(
    context: PageContext, group: Group, findings: Sequence[LocalizedFinding], explanations: Mapping[str, html.Part]
) -> html.Markup:
    rows = [
        html.Row(
            finding.place or context.tell("the whole file"),
            (
                finding.message,
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
        context.tell("Findings"),
        context.tell("Found"),
        context.tell("Expected"),
        context.tell("Suggestion"),
        context.tell("Explained"),
    ]
    return html.render_table(
        html.drop_empty_columns(html.Table(group.title, context.tell("Place"), columns, rows, quiet=True))
    )


def _render_suggestion(context: PageContext, finding: LocalizedFinding) -> html.Part:
    if finding.suggestion is None:
        return ""
    if finding.suggestion.certain:
        return html.Markup("<b>{}</b>").format(finding.suggestion.value)
    options = (finding.suggestion.value, *finding.suggestion.others)
    return context.tell("perhaps {options}", options=", ".join(options[:3]))


# ----------------------------------------------------------------------------------------------------- a corrected copy


def _offer_corrected_copy(context: PageContext, entry: Entry, report: Report, groups: Sequence[Group]) -> None:
    """Offer to apply all unambiguous corrections in a copy of the file, to review and upload."""
    from pipelines.office import answers
    from pipelines.submissions import service

    certain = [
        finding.finding
        for group in groups
        for finding in group.all_findings
        if finding.suggestion is not None and finding.suggestion.certain
    ]
    if not certain or report.format != "xlsx" or not entry.mine:
        return
    filename, data = service.read_original(context.desk, context.who, entry.submission_id)
    st.download_button(
        context.many(
            "Download a copy with the {n} certain suggestion put in",
            "Download a copy with the {n} certain suggestions put in",
            len(certain),
        ),
        lambda: answers.correct_workbook(data, certain, report),
        file_name=context.tell("corrected-{file}", file=filename),
        on_click="ignore",
        key="answer.mended",
    )


# --------------------------------------------------------------------------------------------- explanation of a warning


def _show_explanation_form(
    context: PageContext,
    entry: Entry,
    group: Group,
    open_findings: Sequence[LocalizedFinding],
    remembered: Mapping[str, EarlierJustification],
    others: Sequence[str],
) -> None:
    """Show the form of one group: a coded reason and a comment, stored for each of its places.

    `others` are the other open groups: once this one is explained, the first of them comes next.
    """
    from pipelines.core import codes
    from pipelines.submissions.decisions import MINIMUM_TEXT

    before = next((remembered[finding.key] for finding in open_findings if finding.key in remembered), None)
    if before is not None:
        _offer_same_explanation(context, entry, group, open_findings, before, others)
    with st.form(key=f"explain.{group.id}", border=True):
        reason = st.selectbox(
            context.tell("Reason: {cause}", cause=words.strip_markdown(group.title)),
            codes.list_codes("justification_reason"),
            index=None,
            placeholder=context.tell("Choose a reason"),
            format_func=lambda code: context.code_label("justification_reason", code),
            key=f"reason.{group.id}",
        )
        text = st.text_area(
            context.tell("Explanation in words (at least {n} characters)", n=MINIMUM_TEXT), key=f"text.{group.id}"
        )
        is_submitted = st.form_submit_button(
            context.many(
                "Keep this explanation for {n} place", "Keep this explanation for {n} places", len(open_findings)
            )
        )
    if not is_submitted:
        return
    if reason is None:
        st.error(context.tell("Choose a reason first."), icon=None)
    else:
        _keep_explanation(context, entry, open_findings, str(reason), text or "", others)


def _offer_same_explanation(
    context: PageContext,
    entry: Entry,
    group: Group,
    open_findings: Sequence[LocalizedFinding],
    before: EarlierJustification,
    others: Sequence[str],
) -> None:
    layout.put_html(
        html.render_box(
            "note",
            context.tell("You explained this before"),
            html.Markup("<p>&ldquo;{}&rdquo;</p><p>{}</p>").format(
                before.text,
                context.tell(
                    "{reason}; written on {day}, offered until {end}.",
                    reason=context.code_label("justification_reason", before.reason),
                    day=words.format_day(before.at),
                    end=words.format_day(before.expires_at),
                ),
            ),
            level=4,
        )
    )
    if st.button(context.tell("It is still true: use it again"), key=f"again.{group.id}"):
        _keep_explanation(context, entry, open_findings, before.reason, before.text, others)


def _keep_explanation(
    context: PageContext,
    entry: Entry,
    open_findings: Sequence[LocalizedFinding],
    reason: str,
    text: str,
    others: Sequence[str],
) -> None:
    from dashboards.office.pages.answer_forms import keep_result
    from pipelines.submissions import service

    try:
        for finding in open_findings:
            still = service.justify_warnings(context.desk, context.who, entry.submission_id, finding.key, reason, text)
    except (service.NotAllowedError, service.TransitionError) as error:
        layout.show_refusal(context, error)
        return
    keep_result(
        context.many("Saved. {n} warning is still open.", "Saved. {n} warnings are still open.", still), *others[:1]
    )
    st.rerun()
