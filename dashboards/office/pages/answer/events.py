"""Show the history of a submission."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dashboards.office import words
from dashboards.office.context import PageContext
from pipelines.design import components as ui


def events_table(context: PageContext, events: Sequence[Mapping[str, Any]]) -> ui.PageTable:
    """Return every event of a submission, oldest first: who, when, and the comment."""
    caption = context.tell("What happened to this return, oldest first")
    columns = [context.tell("What"), context.tell("By"), context.tell("State after it"), context.tell("Comment")]
    rows = [_event_row(context, event) for event in events]
    return ui.drop_empty_columns(ui.PageTable(caption, context.tell("When"), columns, rows))


def _event_row(context: PageContext, event: Mapping[str, Any]) -> ui.PageRow:
    payload = event["payload"] or {}
    details = [event["comment"] or ""]
    if event["action"] == "justify":
        details = [
            f"{context.code_label('justification_reason', payload.get('reason', ''))}: {payload.get('text', '')}"
        ]
    elif payload.get("reason"):
        details.insert(0, context.code_label("revision_reason", payload["reason"]))
    action: ui.Part = words.describe_code(words.ACTIONS, event["action"], context.language)
    if payload.get("override"):
        action = ui.Markup("{} {}").format(
            action, ui.render_badge("warning", "▲", context.tell("by override of the steward"))
        )
    actor = context.name_person(event["actor"])
    return ui.PageRow(
        ui.render_whole(words.format_time(event["at"])),
        (
            action,
            actor,
            context.state_badge(event["to_state"]),
            " · ".join(detail for detail in details if detail),
        ),
    )
