"""Describe a return that was sent to the person who decides on it: what it replaces, how much changes, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dashboards.office import words
from dashboards.office.pages.answer import changes
from dashboards.office.pages.answer.answer import Answer
from pipelines.design import components as ui

if TYPE_CHECKING:
    from pipelines.submissions.service import SubmissionEntry

_LARGEST = 10
"""Changes shown before the decision; the view "Changes" has all of them."""


@dataclass(frozen=True)
class Decision:
    """The part of the page above a decision: the sender's facts, how much changes, and the largest changes."""

    facts: Sequence[tuple[str, ui.Part]]
    sentences: Sequence[str]
    largest: ui.PageTable | None


def describe_decision(answer: Answer) -> Decision | None:
    """Return what to show before a decision; None if this person cannot decide on the return now."""
    from pipelines.submissions import service

    context, entry = answer.context, answer.entry
    if not (entry.may_approve or entry.may_give_back or entry.may_override):
        return None
    replaced_returns = service.find_replaced_returns(context.desk, context.who, entry.submission_id)
    comparison = changes.compare_with_accepted(answer)
    table = comparison.table
    return Decision(
        [
            (
                context.tell("Replaces"),
                ui.join_parts((_describe_replaced(answer, each) for each in replaced_returns), ", "),
            ),
            (
                context.tell("Reason"),
                context.code_label("revision_reason", entry.row.revision_reason) if entry.row.revision_reason else "",
            ),
            (context.tell("Note"), _find_note(answer)),
        ],
        comparison.sentences,
        replace(table, rows=table.rows[:_LARGEST]) if table is not None else None,
    )


def _describe_replaced(answer: Answer, replaced: SubmissionEntry) -> ui.Markup:
    _, _, state = words.describe_state(words.state_to_show(replaced), answer.context.language)
    return ui.Markup("{} ({})").format(replaced.row.filename, state)


def _find_note(answer: Answer) -> str:
    """Return the note with which the return was sent last."""
    return next((event["comment"] or "" for event in reversed(answer.events) if event["action"] == "send"), "")
