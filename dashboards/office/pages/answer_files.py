"""Offer the downloads of an answer, and show the history of a submission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboards.office import html, layout, words
from dashboards.office.layout import PageContext

if TYPE_CHECKING:
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import Entry

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def show_downloads(context: PageContext, entry: Entry, report: Report) -> None:
    """Show the downloads of an answer. A file is made only when somebody requests it."""
    from pipelines.office import answers
    from pipelines.submissions import service

    filename, data = service.read_original(context.desk, context.who, entry.submission_id)
    stem = filename.rpartition(".")[0] or filename
    invented = context.is_demonstration
    begin = "demonstration-" if invented else ""
    is_own_workbook = report.format == "xlsx"

    def render_annotated() -> bytes:
        return answers.annotate_workbook(data, report, context.language, demonstration=invented)[1]

    offers: list[tuple[str, str, Any, str, str]] = [
        (
            context.tell("Your workbook with the findings in its cells")
            if is_own_workbook
            else context.tell("A workbook of the findings"),
            context.tell("Comments and colours are in the cells themselves.") if is_own_workbook else "",
            render_annotated,
            f"{begin}{stem}-{entry.submission_id}.xlsx",
            XLSX,
        ),
        (
            context.tell("The validation report as a page (HTML)"),
            context.tell("To print, or to send to a colleague."),
            lambda: answers.render_html(report, context.language, demonstration=invented).encode(),
            f"{begin}{stem}-{entry.submission_id}.html",
            "text/html",
        ),
        (
            context.tell("The findings as a table (CSV)"),
            "",
            lambda: answers.render_csv(report, context.language).encode(),
            f"{begin}{stem}-{entry.submission_id}.csv",
            "text/csv",
        ),
        (
            context.tell("The validation report for programs (JSON)"),
            context.tell("The same as the command rti check gives."),
            lambda: json.dumps(report.as_json(), ensure_ascii=False, indent=2).encode(),
            f"{begin}{stem}-{entry.submission_id}.json",
            "application/json",
        ),
        (context.tell("Your file as you sent it"), "", data, filename, "application/octet-stream"),
    ]
    for number, (label, kind, content, name, mime) in enumerate(offers):
        with st.container(horizontal=True, key=f"beside-file-{number}", gap="small", vertical_alignment="center"):
            st.download_button(
                label, content, file_name=name, mime=mime, on_click="ignore", key=f"answer.file.{number}"
            )
            layout.put_html(html.render_note(kind) if kind else "")


def show_events(context: PageContext, entry: Entry) -> None:
    """Show every event of a submission, oldest first: who, when, and the comment."""
    from pipelines.submissions import service

    rows = [_event_row(context, event) for event in service.list_events(context.desk, context.who, entry.submission_id)]
    layout.put_html(
        html.Table(
            context.tell("What happened to this return, oldest first"),
            context.tell("When"),
            [context.tell("What"), context.tell("By"), context.tell("State after it"), context.tell("In words")],
            rows,
        )
    )


def _event_row(context: PageContext, event: Mapping[str, Any]) -> html.Row:
    payload = event["payload"] or {}
    details = [event["comment"] or ""]
    if event["action"] == "justify":
        details = [
            f"{context.code_label('justification_reason', payload.get('reason', ''))}: {payload.get('text', '')}"
        ]
    elif payload.get("reason"):
        details.insert(0, context.code_label("revision_reason", payload["reason"]))
    action: html.Part = words.describe_code(words.ACTIONS, event["action"], context.language)
    if payload.get("override"):
        action = html.Markup("{} {}").format(
            action, html.render_badge("warning", "▲", context.tell("by override of the steward"))
        )
    actor = context.tell(words.SYSTEM) if event["actor"] == "system" else event["actor"]
    return html.Row(
        words.format_time(event["at"]),
        (
            action,
            actor,
            layout.state_badge(context, event["to_state"]),
            " · ".join(detail for detail in details if detail),
        ),
    )
