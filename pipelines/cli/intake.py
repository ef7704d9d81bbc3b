"""Commands `rti justify`, `rti send`, `rti approve`, `rti give-back`, `rti withdraw`: act on returns in the ledger.

A command acts as the account that `--as` or `RTI_ACTOR` names, through the desk like the pages and the API. The
default is the demonstration's `sender`, `approver` or `steward`; a real home has the accounts that its steward created.
`submit.py` has the command that submits returns.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli import report_lines
from pipelines.cli.common import Actor, AsJson, CommandError, actor_or, print_line, print_note, say_json, the_home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipelines.ledger.identity import Identity
    from pipelines.submissions.service import Desk

SENDER, APPROVER, STEWARD = "sender", "approver", "steward"
Reason = Annotated[
    str | None,
    typer.Option("--reason", help="Why it replaces an accepted return: a code of the list revision_reason."),
]
Submission = Annotated[str, typer.Argument(help="A submission's id, or the beginning of it.", metavar="SUBMISSION")]


def justify(
    submission: Submission,
    reason: Annotated[str, typer.Option("--reason", help="A code of the list justification_reason.")],
    text: Annotated[str, typer.Option("--text", help="The explanation for the approver.")],
    finding: Annotated[
        str | None, typer.Option("--finding", help="The key of one finding; default: all open warnings.")
    ] = None,
    replaces: Annotated[
        str | None,
        typer.Option("--replaces", help="Why it replaces an accepted return: a code of the list revision_reason."),
    ] = None,
    hold: Annotated[bool, typer.Option("--hold", help="Do not send it for approval yet.")] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Justify the warnings of a return; after the last one, it is sent for approval."""
    from pipelines.ledger import queries
    from pipelines.submissions import service as acts

    desk = _open_desk()
    entry = queries.find_submission(desk.engine, submission)
    who = _identity(desk, actor_or(actor, entry.sender))
    with _name_in_refusal(entry.submission_id, who):
        n_open = acts.justify_warnings(desk, who, entry.submission_id, finding, reason, text)
        if not n_open and not hold:
            acts.send_submission(desk, who, entry.submission_id, reason=replaces)
    state = queries.find_submission(desk.engine, entry.submission_id).state
    if as_json:
        say_json({"submission_id": entry.submission_id, "state": state, "to_justify": n_open})
    else:
        print_line(f"{entry.submission_id}: {state}" + (f", {n_open} warning(s) still open" if n_open else ""))


def send(
    submission: Submission,
    reason: Reason = None,
    comment: Annotated[str | None, typer.Option("--comment", help="A comment for the approver.")] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Send a checked return for approval, after `rti submit --hold` or `rti justify --hold`."""
    from pipelines.ledger import queries
    from pipelines.submissions import service as acts

    desk = _open_desk()
    entry = queries.find_submission(desk.engine, submission)
    who = _identity(desk, actor_or(actor, entry.sender))
    with _name_in_refusal(entry.submission_id, who):
        acts.send_submission(desk, who, entry.submission_id, reason=reason, comment=comment)
    _show_state(desk, [entry.submission_id], as_json)


def approve(
    submissions: Annotated[
        list[str], typer.Argument(help="Submission ids, or the beginnings of them.", metavar="SUBMISSION...")
    ],
    comment: Annotated[str | None, typer.Option("--comment", help="A comment that is kept with the approval.")] = None,
    override: Annotated[
        bool, typer.Option("--override", help="Approve as a steward, for the office's approver; needs a comment.")
    ] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Approve returns, which then count. Nobody can approve a return that they sent."""
    from pipelines.submissions import service as acts

    desk = _open_desk()
    ids = [_full_id(desk, text) for text in submissions]
    who = _identity(desk, actor_or(actor, STEWARD if override else APPROVER))
    refused = acts.approve_many(desk, who, ids, comment=comment, override=override)
    for submission_id, error in refused.items():
        reason = str(_named_refusal(error, submission_id, who))
        # The refusal for a missing role does not name the return.
        print_note(f"rti: {reason}" if submission_id in reason or len(ids) == 1 else f"rti: {submission_id}: {reason}")
    accepted = [submission_id for submission_id in ids if submission_id not in refused]
    totals = {i: [total.as_json() for total in acts.compare_control_totals(desk, who, i)] for i in accepted}
    _show_state(desk, accepted, as_json, totals)
    if refused:
        raise typer.Exit(3)


def give_back(
    submission: Submission,
    comment: Annotated[str, typer.Option("--comment", help="What the sender should correct or explain.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Return a submission to its sender, who can correct it and send it again."""
    from pipelines.submissions import service as acts

    desk = _open_desk()
    submission_id = _full_id(desk, submission)
    who = _identity(desk, actor_or(actor, APPROVER))
    with _name_in_refusal(submission_id, who):
        acts.give_back(desk, who, submission_id, comment)
    _show_state(desk, [submission_id], as_json)


def withdraw(
    submission: Submission,
    reason: Annotated[str, typer.Option("--reason", help="A code of the list revision_reason.")],
    comment: Annotated[str, typer.Option("--comment", help="Why the return is withdrawn.")],
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask a second person to withdraw an accepted return; it counts until then.")
    ] = False,
    override: Annotated[
        bool,
        typer.Option("--override", help="Withdraw an accepted return as a steward, for the office's approver."),
    ] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw a return: it no longer counts, and the accepted return before it counts again.

    The sender alone can withdraw a return that is not accepted yet. An accepted return is withdrawn by an approver
    who neither sent it nor requested the withdrawal (`--ask`), or by a steward (`--override`).
    """
    from pipelines.ledger import queries
    from pipelines.ledger.transitions import ACCEPTED
    from pipelines.submissions import service as acts

    if ask and override:
        raise CommandError("--ask and --override are two acts of two people; choose one")
    desk = _open_desk()
    entry = queries.find_submission(desk.engine, submission)
    usual = STEWARD if override else entry.sender if ask or entry.state not in ACCEPTED else APPROVER
    who = _identity(desk, actor_or(actor, usual))
    with _name_in_refusal(entry.submission_id, who):
        if ask:
            acts.ask_withdrawal(desk, who, entry.submission_id, reason, comment)
        else:
            acts.withdraw_submission(desk, who, entry.submission_id, reason, comment, override=override)
    _show_state(desk, [entry.submission_id], as_json)


def _open_desk() -> Desk:
    from pipelines.submissions.service import open_desk

    return open_desk(the_home())


def _identity(desk: Desk, account: str) -> Identity:
    """Return the identity of the account that acts. Raises NotAllowedError for one that is unknown or disabled."""
    from pipelines.submissions.accounts import accounts

    return accounts.get_identity(desk.engine, account)


@contextmanager
def _name_in_refusal(submission_id: str, who: Identity) -> Iterator[None]:
    """Add the return and the account to a refusal that names neither."""
    from pipelines.ledger.identity import NotAllowedError

    try:
        yield
    except NotAllowedError as error:
        raise _named_refusal(error, submission_id, who) from error


def _named_refusal(error: Exception, submission_id: str, who: Identity) -> Exception:
    """Return the error; if the desk does not know the return, return one that names the return and the
    account.

    The desk names neither, so that a stranger learns nothing; the command line reads the ledger anyway.
    """
    from pipelines.submissions import authority
    from pipelines.submissions.service.rights import NotThereError

    return authority.unknown_submission(submission_id, who.account) if isinstance(error, NotThereError) else error


def _full_id(desk: Desk, text: str) -> str:
    from pipelines.ledger import queries

    return queries.find_submission(desk.engine, text).submission_id


def _show_state(
    desk: Desk, ids: list[str], as_json: bool, totals: Mapping[str, Sequence[Mapping[str, Any]]] | None = None
) -> None:
    """Show the state of submissions, and the control totals of those that were approved."""
    from pipelines.ledger import queries

    entries = queries.list_submissions(desk.engine, ids=ids) if ids else []
    if as_json:
        content = [
            {"submission_id": s.submission_id, "state": s.state, "accepted_at": s.accepted_at}
            | ({"control_totals": totals[s.submission_id]} if totals is not None else {})
            for s in entries
        ]
        say_json(content[0] if len(content) == 1 else content)
    else:
        for entry in entries:
            print_line(f"{entry.submission_id}: {entry.state}")
            if totals is not None:
                report_lines.print_control_totals(totals[entry.submission_id], "en")
