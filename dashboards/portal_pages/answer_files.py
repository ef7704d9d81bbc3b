"""Offer the downloads of an answer, and show the history of a submission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here

if TYPE_CHECKING:
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import Entry

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def downloads(here: Here, entry: Entry, report: Report) -> None:
    """Show the downloads of an answer. A file is made only when somebody requests it."""
    from pipelines.office import answers
    from pipelines.submissions import service

    filename, data = service.original(here.desk, here.who, entry.submission_id)
    stem = filename.rpartition(".")[0] or filename
    invented = here.is_demonstration
    begin = "demonstration-" if invented else ""
    own = report.format == "xlsx"

    def annotated() -> bytes:
        return answers.annotated(data, report, here.language, demonstration=invented)[1]

    offers: list[tuple[str, str, Any, str, str]] = [
        (
            here.tell("Your workbook with the findings in its cells")
            if own
            else here.tell("A workbook of the findings"),
            here.tell("Comments and colours stand in the very cells.") if own else "",
            annotated,
            f"{begin}{stem}-{entry.submission_id}.xlsx",
            XLSX,
        ),
        (
            here.tell("The answer as a page (HTML)"),
            here.tell("To print, or to send to a colleague."),
            lambda: answers.html(report, here.language, demonstration=invented).encode(),
            f"{begin}{stem}-{entry.submission_id}.html",
            "text/html",
        ),
        (
            here.tell("The findings as a table (CSV)"),
            "",
            lambda: answers.csv(report, here.language).encode(),
            f"{begin}{stem}-{entry.submission_id}.csv",
            "text/csv",
        ),
        (
            here.tell("The answer for machines (JSON)"),
            here.tell("The same as the command rti check gives."),
            lambda: json.dumps(report.as_json(), ensure_ascii=False, indent=2).encode(),
            f"{begin}{stem}-{entry.submission_id}.json",
            "application/json",
        ),
        (here.tell("Your file as it came"), "", data, filename, "application/octet-stream"),
    ]
    for number, (label, what, content, name, mime) in enumerate(offers):
        with st.container(horizontal=True, key=f"beside-file-{number}", gap="small", vertical_alignment="center"):
            st.download_button(
                label, content, file_name=name, mime=mime, on_click="ignore", key=f"answer.file.{number}"
            )
            layout.put(html.note(what) if what else "")


def events(here: Here, entry: Entry) -> None:
    """Show every event of a submission, oldest first: who, when, and the comment."""
    from pipelines.submissions import service

    rows = [_row(here, event) for event in service.events(here.desk, here.who, entry.submission_id)]
    layout.put(
        html.Table(
            here.tell("What happened to this return, oldest first"),
            here.tell("When"),
            [here.tell("What"), here.tell("By"), here.tell("State after it"), here.tell("In words")],
            rows,
        )
    )


def _row(here: Here, event: Mapping[str, Any]) -> html.Row:
    payload = event["payload"] or {}
    said = [event["comment"] or ""]
    if event["action"] == "justify":
        said = [f"{here.label('justification_reason', payload.get('reason', ''))}: {payload.get('text', '')}"]
    elif payload.get("reason"):
        said.insert(0, here.label("revision_reason", payload["reason"]))
    what: html.Part = words.said(words.ACTIONS, event["action"], here.language)
    if payload.get("override"):
        what = html.Markup("{} {}").format(what, html.badge("warning", "▲", here.tell("by override of the steward")))
    actor = here.tell(words.SYSTEM) if event["actor"] == "system" else event["actor"]
    return html.Row(
        words.time(event["at"]),
        (what, actor, layout.state(here, event["to_state"]), " · ".join(one for one in said if one)),
    )
