"""Show the page of one submission, for its sender, its approver and everybody else who may see it.

The address names the submission; the desk decides on each request whether the reader may see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_entry
from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here
from dashboards.portal_pages import (
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


def show() -> None:
    """Render the page "Answer"."""
    here = portal_entry.enter_page()
    asked = st.query_params.get("id") or ""
    if not asked:
        layout.title(here.tell("Answer to a return"), here.tell("Choose a return, and its answer stands here."))
        layout.put(html.Markup("<p>{}</p>").format(html.link(here.tell("To my returns"), "./")))
    else:
        one(here, asked)
    layout.end(here)


def one(here: Here, submission_id: str, *, level: int = 1) -> None:
    """Show the answer to one submission; `level` is 2 if it is under the title of another page (practice)."""
    from pipelines.office import answers
    from pipelines.submissions import service

    try:
        entry = service.submission(here.desk, here.who, submission_id)
        report = service.report(here.desk, here.who, submission_id)
    except service.NotAllowedError as error:
        layout.title(here.tell("Not to be seen"))
        layout.refused(here, error)
        return
    except service.DamagedFileError as error:
        layout.title(layout.of_what(here, entry))
        layout.damaged(here.language, error)
        layout.heading(here.tell(VIEWS["events"]))
        answer_files.events(here, entry)
        return
    groups = answers.groups(report, here.language)
    heading = layout.of_what(here, entry)
    if level == 1:
        layout.title(heading)
    else:
        layout.heading(heading)
    answer_forms.said(here)
    layout.put(
        _about(here, entry),
        _replaced(here, entry, level),
        _overridden(here, entry),
        _verdict(here, entry, report),
        _summary(here, groups),
    )
    answer_acts.acts(here, entry)
    view = _view(here)
    layout.heading(here.tell(VIEWS[view]))
    {
        "findings": lambda: answer_findings.show(here, entry, report, groups),
        "beside": lambda: answer_views.beside(here, entry, report, groups),
        "changes": lambda: answer_views.changes(here, entry, report),
        "quarters": lambda: answer_views.quarters(here, entry, report),
        "files": lambda: answer_files.downloads(here, entry, report),
        "events": lambda: answer_files.events(here, entry),
    }[view]()
    if layout.arrived():
        # Last on the page, so that the next run, which has no such script, leaves every other part in its position.
        layout.focus("summary" if groups else "verdict", f"{submission_id}-{report.hash}")
        answer_forms.led()
    else:
        answer_forms.lead()


def _view(here: Here) -> str:
    """Return the part that is shown; it is in the address, so that a link can lead to it."""
    asked, key = st.query_params.get("view"), "answer.view"
    if asked in VIEWS and asked != st.session_state.get("answer.view.address"):
        st.session_state[key] = asked
    st.session_state.setdefault(key, "findings")
    picked = st.segmented_control(
        here.tell("Show"), list(VIEWS), key=key, format_func=lambda code: here.tell(VIEWS[code]), required=True
    )
    view = str(picked) if picked in VIEWS else "findings"
    st.session_state["answer.view.address"] = st.query_params["view"] = view
    return view


def _about(here: Here, entry: Entry) -> html.Markup:
    row = entry.row
    replaces = here.tell("A return that was accepted before; it stays and is found in what happened.")
    facts = html.facts(
        [
            (here.tell("Number"), html.Markup('<span class="rti-code">{}</span>').format(row.submission_id)),
            (here.tell("File"), f"{row.filename} ({words.size(row.size)})"),
            (here.tell("Form"), here.form(row.form)),
            (here.tell("Kind"), words.said(words.KINDS, row.kind or "full", here.language)),
            (here.tell("Uploaded"), here.tell("{time} by {who}", time=words.time(row.received_at), who=row.sender)),
            (here.tell("Replaces"), replaces if entry.replaces else ""),
            (here.tell("Reason"), here.label("revision_reason", row.revision_reason) if row.revision_reason else ""),
        ]
    )
    comment = (
        html.Markup("<p>{} &ldquo;{}&rdquo;</p>").format(here.tell("Last comment:"), entry.last_comment)
        if entry.last_comment
        else ""
    )
    return html.Markup("<p>{} {}</p>{}<details><summary>{}</summary>{}</details>").format(
        layout.state(here, words.shown_state(entry)), row.filename, comment, here.tell("About this return"), facts
    )


def _replaced(here: Here, entry: Entry, level: int) -> html.Markup:
    """Show which later return replaces this one, and since when."""
    page = "answer" if level == 1 else "practice"
    links = returns.replacements(here, entry, page)
    if not links:
        return html.Markup("")
    title = (
        here.tell("Replaced: a later return counts in its place")
        if entry.is_replaced
        else here.tell("Replaced in part: later returns count for some of its periods")
    )
    return html.box("note", title, html.items(links))


def _overridden(here: Here, entry: Entry) -> html.Markup:
    """Show, permanently and with the comment, what a steward approved or withdrew on behalf of the office."""
    from pipelines.submissions import service

    if entry.state not in ("approved", "published", "withdrawn"):
        return html.Markup("")
    events = [
        e for e in service.events(here.desk, here.who, entry.submission_id) if (e["payload"] or {}).get("override")
    ]
    titles = {
        "approve": here.tell("Approved by override of the steward"),
        "withdraw": here.tell("Withdrawn by override of the steward"),
    }
    boxes = []
    for action, title in titles.items():
        said = [
            here.tell(
                "{time} by {who}: {comment}", time=words.time(e["at"]), who=e["actor"], comment=e["comment"] or ""
            )
            for e in events
            if e["action"] == action
        ]
        if said:
            boxes.append(html.box("warning", title, html.items(said)))
    return html.join(boxes)


def _verdict(here: Here, entry: Entry, report: Report) -> html.Markup:
    errors, warnings = report.count("error"), report.count("warning")
    still_open = len(entry.open_warnings)
    if report.verdict == "unreadable":
        said, kind = here.tell("This file cannot be read. Nothing of it was used."), "error"
    elif errors:
        said = here.many(
            "This return cannot be sent: {n} error is to be mended in the file.",
            "This return cannot be sent: {n} errors are to be mended in the file.",
            errors,
        )
        kind = "error"
    elif entry.state == "checked" and still_open:
        said = here.many(
            "No error. {n} warning asks for an explanation before this return can be sent.",
            "No error. {n} warnings ask for an explanation before this return can be sent.",
            still_open,
        )
        kind = "warning"
    elif entry.state == "checked":
        said, kind = here.tell("Nothing stands in its way: this return can be sent."), "good"
    elif warnings:
        said = here.many(
            "No error. {n} warning, explained by its sender.",
            "No error. {n} warnings, explained by its sender.",
            warnings,
        )
        kind = "note"
    else:
        said, kind = here.tell("No error and no warning."), "good"
    return html.box(kind, said, _counted(here, entry, report), anchor="verdict")


def _counted(here: Here, entry: Entry, report: Report) -> html.Markup:
    lines = [
        here.many("{n} figure was read.", "{n} figures were read.", report.observations)
        if report.observations or not report.events
        else "",
        here.many("{n} event was read.", "{n} events were read.", report.events) if report.events else "",
        here.tell("It is a draft: nothing has been sent.") if entry.state in ("checked", "refused", "received") else "",
    ]
    return html.Markup("<p>{}</p>").format(" ".join(line for line in lines if line))


def _summary(here: Here, groups: Sequence[Group]) -> html.Markup:
    """Show the summary: every cause with its places, each a link to the full finding."""
    if not groups:
        return html.Markup("")
    lines = []
    for group in groups:
        places = [
            html.Markup('<a class="rti-link" href="#{}">{}</a>').format(
                answer_findings.anchor(told), told.place or here.tell("the whole file")
            )
            for told in group.first
        ]
        rest = group.places - len(places)
        if rest > 0:
            places.append(html.Markup("{}").format(here.many("and {n} more place", "and {n} more places", rest)))
        lines.append(
            html.Markup('{} <a class="rti-link" href="#{}">{}</a><br>{}').format(
                html.badge(*words.severity(group.severity, here.language)),
                group.id,
                group.title,
                html.join(places, ", "),
            )
        )
    kind = groups[0].severity if groups[0].severity != "information" else "note"
    number = sum(group.places for group in groups)
    heading = here.many("{n} finding, the worst first", "{n} findings, the worst first", number)
    return html.box(kind, heading, html.items(lines), anchor="summary")
