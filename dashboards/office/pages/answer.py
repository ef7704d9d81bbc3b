"""Show the page of one submission, for its sender, its approver and everybody else who may see it.

The address names the submission; the desk decides on each request whether the reader may see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import access, html, layout, words
from dashboards.office.layout import PageContext
from dashboards.office.pages import (
    answer_acts,
    answer_files,
    answer_findings,
    answer_forms,
    answer_views,
    returns,
)
from pipelines.core.i18n import mark

if TYPE_CHECKING:
    from pipelines.office.answers import Group
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import Entry

VIEWS = {
    "findings": mark("Findings"),
    "beside": mark("Your sheet and what we read"),
    "changes": mark("Changes"),
    "quarters": mark("Earlier periods"),
    "files": mark("Downloads"),
    "events": mark("What happened"),
}


def render_page() -> None:
    """Render the page "Answer"."""
    context = access.enter_page()
    submission_id = st.query_params.get("id") or ""
    if not submission_id:
        layout.show_title(
            context.tell("Validation report"), context.tell("Choose a return to see its validation report.")
        )
        layout.put_html(html.Markup("<p>{}</p>").format(html.render_link(context.tell("To my returns"), "./")))
    else:
        show_answer(context, submission_id)
    layout.end_page(context)


def show_answer(context: PageContext, submission_id: str, *, level: int = 1) -> None:
    """Show the answer to one submission; `level` is 2 if it is under the title of another page (practice)."""
    from pipelines.office import answers
    from pipelines.submissions import service

    try:
        entry = service.get_submission(context.desk, context.who, submission_id)
        report = service.make_report(context.desk, context.who, submission_id)
    except service.NotAllowedError as error:
        layout.show_title(context.tell("You do not have access to this page"))
        layout.show_refusal(context, error)
        return
    except service.DamagedFileError as error:
        layout.show_title(layout.describe_submission(context, entry))
        layout.show_damaged(context.language, error)
        layout.show_heading(context.tell(VIEWS["events"]))
        answer_files.show_events(context, entry)
        return
    groups = answers.group_findings(report, context.language)
    heading = layout.describe_submission(context, entry)
    if level == 1:
        layout.show_title(heading)
    else:
        layout.show_heading(heading)
    answer_forms.show_result(context)
    layout.put_html(
        _show_facts(context, entry),
        _show_replacement(context, entry, level),
        _show_override(context, entry),
        _show_verdict(context, entry, report),
        _show_summary(context, groups),
    )
    answer_acts.show_actions(context, entry)
    view = _choose_view(context)
    layout.show_heading(context.tell(VIEWS[view]))
    {
        "findings": lambda: answer_findings.show_findings(context, entry, report, groups),
        "beside": lambda: answer_views.show_side_by_side(context, entry, report, groups),
        "changes": lambda: answer_views.show_changes(context, entry, report),
        "quarters": lambda: answer_views.show_earlier_periods(context, entry, report),
        "files": lambda: answer_files.show_downloads(context, entry, report),
        "events": lambda: answer_files.show_events(context, entry),
    }[view]()
    if layout.has_arrived():
        # Last on the page, so that the next run, which has no such script, leaves every other part in its position.
        layout.move_focus("summary" if groups else "verdict", f"{submission_id}-{report.hash}")
        answer_forms.take_anchor()
    else:
        answer_forms.move_focus()


def _choose_view(context: PageContext) -> str:
    """Return the part that is shown; it is in the address, so that a link can lead to it."""
    requested_view, key = st.query_params.get("view"), "answer.view"
    if requested_view in VIEWS and requested_view != st.session_state.get("answer.view.address"):
        st.session_state[key] = requested_view
    st.session_state.setdefault(key, "findings")
    picked = st.segmented_control(
        context.tell("Show"), list(VIEWS), key=key, format_func=lambda code: context.tell(VIEWS[code]), required=True
    )
    view = str(picked) if picked in VIEWS else "findings"
    st.session_state["answer.view.address"] = st.query_params["view"] = view
    return view


def _show_facts(context: PageContext, entry: Entry) -> html.Markup:
    row = entry.row
    replaces = context.tell("A return that was accepted before. It is kept and listed under what happened.")
    facts = html.render_facts(
        [
            (context.tell("Number"), html.Markup('<span class="rti-code">{}</span>').format(row.submission_id)),
            (context.tell("File"), f"{row.filename} ({words.format_size(row.size)})"),
            (context.tell("Form"), context.form_name(row.form)),
            (context.tell("Kind"), words.describe_code(words.KINDS, row.kind or "full", context.language)),
            (
                context.tell("Uploaded"),
                context.tell("{time} by {who}", time=words.format_time(row.received_at), who=row.sender),
            ),
            (context.tell("Replaces"), replaces if entry.replaces else ""),
            (
                context.tell("Reason"),
                context.code_label("revision_reason", row.revision_reason) if row.revision_reason else "",
            ),
        ]
    )
    comment = (
        html.Markup("<p>{} &ldquo;{}&rdquo;</p>").format(context.tell("Last comment:"), entry.last_comment)
        if entry.last_comment
        else ""
    )
    return html.Markup("<p>{} {}</p>{}<details><summary>{}</summary>{}</details>").format(
        layout.state_badge(context, words.state_to_show(entry)),
        row.filename,
        comment,
        context.tell("About this return"),
        facts,
    )


def _show_replacement(context: PageContext, entry: Entry, level: int) -> html.Markup:
    """Show which later return replaces this one, and since when."""
    page = "answer" if level == 1 else "practice"
    links = returns.replacement_links(context, entry, page)
    if not links:
        return html.Markup("")
    title = (
        context.tell("Replaced: a later return counts instead")
        if entry.is_replaced
        else context.tell("Replaced in part: later returns count for some of its periods")
    )
    return html.render_box("note", title, html.render_list(links))


def _show_override(context: PageContext, entry: Entry) -> html.Markup:
    """Show, permanently and with the comment, what a steward approved or withdrew on behalf of the office."""
    from pipelines.submissions import service

    if entry.state not in ("approved", "published", "withdrawn"):
        return html.Markup("")
    events = [
        e
        for e in service.list_events(context.desk, context.who, entry.submission_id)
        if (e["payload"] or {}).get("override")
    ]
    titles = {
        "approve": context.tell("Approved by override of the steward"),
        "withdraw": context.tell("Withdrawn by override of the steward"),
    }
    boxes = []
    for action, title in titles.items():
        sentences = [
            context.tell(
                "{time} by {who}: {comment}",
                time=words.format_time(e["at"]),
                who=e["actor"],
                comment=e["comment"] or "",
            )
            for e in events
            if e["action"] == action
        ]
        if sentences:
            boxes.append(html.render_box("warning", title, html.render_list(sentences)))
    return html.join_parts(boxes)


def _show_verdict(context: PageContext, entry: Entry, report: Report) -> html.Markup:
    errors, warnings = report.count_findings("error"), report.count_findings("warning")
    still_open = len(entry.open_warnings)
    if report.verdict == "unreadable":
        verdict, kind = context.tell("This file cannot be read. It was not used."), "error"
    elif errors:
        verdict = context.many(
            "You cannot send this return yet: correct {n} error in the file.",
            "You cannot send this return yet: correct {n} errors in the file.",
            errors,
        )
        kind = "error"
    elif entry.state == "checked" and still_open:
        verdict = context.many(
            "No error. {n} warning asks for an explanation before this return can be sent.",
            "No error. {n} warnings ask for an explanation before this return can be sent.",
            still_open,
        )
        kind = "warning"
    elif entry.state == "checked":
        verdict, kind = context.tell("No problems found. You can send this return."), "good"
    elif warnings:
        verdict = context.many(
            "No error. {n} warning, explained by its sender.",
            "No error. {n} warnings, explained by its sender.",
            warnings,
        )
        kind = "note"
    else:
        verdict, kind = context.tell("No error and no warning."), "good"
    return html.render_box(kind, verdict, _show_counts(context, entry, report), anchor="verdict")


def _show_counts(context: PageContext, entry: Entry, report: Report) -> html.Markup:
    lines = [
        context.many("{n} figure was read.", "{n} figures were read.", report.observations)
        if report.observations or not report.events
        else "",
        context.many("{n} event was read.", "{n} events were read.", report.events) if report.events else "",
        context.tell("It is a draft: nothing has been sent.")
        if entry.state in ("checked", "refused", "received")
        else "",
    ]
    return html.Markup("<p>{}</p>").format(" ".join(line for line in lines if line))


def _show_summary(context: PageContext, groups: Sequence[Group]) -> html.Markup:
    """Show the summary: every cause with its places, each a link to the full finding."""
    if not groups:
        return html.Markup("")
    lines = []
    for group in groups:
        places = [
            html.Markup('<a class="rti-link" href="#{}">{}</a>').format(
                answer_findings.finding_anchor(finding), finding.place or context.tell("the whole file")
            )
            for finding in group.first
        ]
        n_unlisted = group.places - len(places)
        if n_unlisted > 0:
            places.append(
                html.Markup("{}").format(context.many("and {n} more place", "and {n} more places", n_unlisted))
            )
        lines.append(
            html.Markup('{} <a class="rti-link" href="#{}">{}</a><br>{}').format(
                html.render_badge(*words.describe_severity(group.severity, context.language)),
                group.id,
                group.title,
                html.join_parts(places, ", "),
            )
        )
    kind = groups[0].severity if groups[0].severity != "information" else "note"
    number = sum(group.places for group in groups)
    heading = context.many("{n} finding, most severe first", "{n} findings, most severe first", number)
    return html.render_box(kind, heading, html.render_list(lines), anchor="summary")
