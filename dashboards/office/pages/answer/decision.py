"""Describe a return that was sent to the person who decides on it: what it replaces, how much changes, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboards.office.pages.answer import changes
from dashboards.office.pages.answer.answer import Answer
from dashboards.office.pages.answer.section import AnswerSection
from dashboards.office.pages.answer.summary import link_replaced_returns
from pipelines.design import components as ui

_LARGEST = 10
"""Changes shown before the decision; the view "Changes" has all of them."""


@dataclass(frozen=True)
class Decision:
    """The part of the page above a decision: the sender's facts, how much changes, and the largest changes."""

    facts: Sequence[tuple[str, ui.Part]]
    sentences: Sequence[str]
    largest: ui.PageTable | None


def describe_decision(answer: Answer, section: AnswerSection) -> Decision | None:
    """Return what to show before a decision; None if this person cannot decide on the return now."""
    context, entry = answer.context, answer.entry
    if not (entry.may_approve or entry.may_give_back or entry.may_override):
        return None
    comparison = changes.compare_with_accepted(answer)
    table = comparison.table
    return Decision(
        [
            (context.tell("Replaces"), link_replaced_returns(answer, section) if entry.replaces else ""),
            (
                context.tell("Reason"),
                context.code_label("revision_reason", entry.row.revision_reason) if entry.row.revision_reason else "",
            ),
            (context.tell("Note"), _find_note(answer)),
        ],
        comparison.sentences,
        replace(table, rows=table.rows[:_LARGEST]) if table is not None else None,
    )


def _find_note(answer: Answer) -> str:
    """Return the note with which the return was sent last."""
    return next((event["comment"] or "" for event in reversed(answer.events) if event["action"] == "send"), "")
