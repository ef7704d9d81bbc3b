"""Describe the withdrawal of a return: who has requested it, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dashboards.office import words
from dashboards.office.context import PageContext
from pipelines.ledger.transitions import ACCEPTED

if TYPE_CHECKING:
    from pipelines.submissions.service import SubmissionEntry


def list_withdrawal_requests(context: PageContext, entry: SubmissionEntry) -> Sequence[str]:
    """Return the requests to withdraw a return that still counts, each in one sentence."""
    return [
        context.tell(
            "{time} by {who}: {comment}",
            time=words.format_time(request.at),
            who=context.name_person(request.actor),
            comment=f"{context.code_label('revision_reason', request.reason)}. {request.comment}",
        )
        for request in entry.withdrawal_asked
    ]


def describe_consequence(context: PageContext, entry: SubmissionEntry) -> str:
    """Return what follows if a return is withdrawn."""
    if entry.state in ACCEPTED:
        return context.tell(
            "From the next update of the figures it no longer counts. If a return for the same periods was accepted "
            "before it, that return counts again. Releases already published do not change."
        )
    return context.tell("Nobody will decide on it any more. To submit it again, upload the file again.")
