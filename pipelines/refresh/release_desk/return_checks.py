"""The checks of the returns behind a draft: who has not reported, and which returns somebody must finish first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from pipelines.core.i18n import mark
from pipelines.ledger.queries import Submission
from pipelines.refresh.release_desk.draft_under_review import DraftUnderReview
from pipelines.refresh.release_desk.problems import CheckProblem, NameReference

_NO_RETURN = mark("{office}, {instrument}: no return for {period}.")
_LATER = mark("{return}: accepted on {day}, after the draft was built.")
_NOT_CHECKED = mark("{return}: received but not yet checked.")
_NOT_APPROVED = mark("{return}: sent but not yet approved.")
_UNEXPLAINED = mark("{return}: warnings without an explanation: {n}.")
_WITHDRAWAL = mark("{return}: the office has asked to withdraw it.")


def find_missing_returns(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the offices that have not reported the quarter of the release."""
    rows = draft.read_table("coverage").filter((pl.col("period") == draft.period) & ~pl.col("is_reported"))
    return _list_missing(rows)


def find_overdue_returns(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the returns of earlier periods that are due and have not come."""
    is_overdue = pl.col("is_due") & ~pl.col("is_reported") & (pl.col("period") != draft.period)
    return _list_missing(draft.read_table("coverage").filter(is_overdue))


def _list_missing(rows: pl.DataFrame) -> list[CheckProblem]:
    columns = ("territory", "source", "instrument", "period")
    return [
        CheckProblem(
            _NO_RETURN,
            {
                "office": NameReference("office", source, territory),
                "instrument": NameReference("code", instrument, "instrument"),
                "period": NameReference("period", period),
            },
        )
        for territory, source, instrument, period in rows.select(columns).unique().sort(columns).iter_rows()
    ]


def find_later_returns(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the accepted returns that arrived after the draft was built."""
    from pipelines.ledger import queries
    from pipelines.ledger.transitions import ACCEPTED

    drafted_at = draft.manifest["drafted_at"]
    accepted = queries.list_submissions(draft.engine, states=ACCEPTED)
    later = [item for item in accepted if item.accepted_at is not None and item.accepted_at > drafted_at]
    return [
        CheckProblem(_LATER, {"return": name, "day": NameReference("day", item.accepted_at or "")})
        for item, name in zip(later, name_returns(draft, later), strict=True)
    ]


def find_waiting_returns(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the returns that wait for the check or for the approval."""
    from pipelines.ledger import queries

    waiting = queries.list_submissions(draft.engine, states=("received", "sent"))
    return [
        CheckProblem(_NOT_CHECKED if item.state == "received" else _NOT_APPROVED, {"return": name})
        for item, name in zip(waiting, name_returns(draft, waiting), strict=True)
    ]


def find_open_warnings(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the checked returns that are not sent because warnings are not explained."""
    from pipelines.ledger import queries

    checked = queries.list_submissions(draft.engine, states=("checked",))
    counts = [(item, len(queries.list_unjustified(draft.engine, item.submission_id))) for item in checked]
    unexplained = [(item, n) for item, n in counts if n]
    names = name_returns(draft, [item for item, _ in unexplained])
    return [
        CheckProblem(_UNEXPLAINED, {"return": name, "n": n}) for (_, n), name in zip(unexplained, names, strict=True)
    ]


def find_requested_withdrawals(draft: DraftUnderReview) -> list[CheckProblem]:
    """Return the accepted returns that their offices ask to withdraw."""
    from pipelines.ledger import queries
    from pipelines.ledger.database import open_read_transaction
    from pipelines.ledger.transitions import ACCEPTED

    accepted = {item.submission_id: item for item in queries.list_submissions(draft.engine, states=ACCEPTED)}
    with open_read_transaction(draft.engine) as connection:
        events = queries.newest_events(connection, set(accepted), action="ask_withdrawal")
        requested = sorted({row.submission_id for row in events})
    return [CheckProblem(_WITHDRAWAL, {"return": name_return(draft, accepted[identity])}) for identity in requested]


def name_returns(draft: DraftUnderReview, submissions: Sequence[Submission]) -> list[tuple[NameReference, ...] | str]:
    """Return the names of returns, with the names of their files if several have the same office and periods."""
    names = [name_return(draft, submission) for submission in submissions]
    return [
        (*name, NameReference("file", submission.filename))
        if isinstance(name, tuple) and names.count(name) > 1
        else name
        for submission, name in zip(submissions, names, strict=True)
    ]


def name_return(draft: DraftUnderReview, submission: Submission) -> tuple[NameReference, ...] | str:
    """Return office, instrument and periods of a return; the name of its file if its form was not recognised."""
    from pipelines.ledger import queries

    blocks = queries.list_blocks(draft.engine, submission.submission_id)
    if not blocks:
        return submission.filename
    form = draft.registry.forms.get(submission.form or "")
    places = [NameReference("office", form.source, form.jurisdiction.partition("_")[0])] if form is not None else []
    places = places or [NameReference("area", code) for code in _list_distinct(blocks, "jurisdiction")]
    instruments = [NameReference("code", code, "instrument") for code in _list_distinct(blocks, "instrument")]
    periods = _list_distinct(blocks, "period")
    return (*places, *instruments, NameReference("period", f"{periods[0]}|{periods[-1]}"))


def _list_distinct(blocks: Iterable[dict[str, str]], column: str) -> list[str]:
    return sorted({block[column] for block in blocks})
