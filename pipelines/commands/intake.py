"""`rti justify`, `rti send`, `rti approve`, `rti give-back`, `rti withdraw`: acts on returns that are in the ledger.

Belongs here: these commands.  Does not belong here: handing in (`submit.py`).

Whoever runs a command acts as the account that `--as` or `RTI_ACTOR` names, and the ledger holds that account to its
roles.  By default that is the demonstration's `sender`, `approver` or `steward`; a real home has the accounts that its
steward has made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.common import (
    Actor,
    AsJson,
    Failure,
    actor_or,
    note,
    say,
    say_json,
    the_home,
    the_ledger,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.home import Home

SENDER, APPROVER, STEWARD = "sender", "approver", "steward"
Reason = Annotated[
    str | None,
    typer.Option("--reason", help="Why it replaces an accepted return: a code of the list revision_reason."),
]
Submission = Annotated[str, typer.Argument(help="A submission, or the beginning of its id.", metavar="SUBMISSION")]


def justify(
    submission: Submission,
    reason: Annotated[str, typer.Option("--reason", help="A code of the list justification_reason.")],
    text: Annotated[str, typer.Option("--text", help="Why, in words, for whoever approves it.")],
    finding: Annotated[
        str | None, typer.Option("--finding", help="One finding's key; by default all that are open.")
    ] = None,
    replaces: Annotated[
        str | None,
        typer.Option("--replaces", help="Why it replaces an accepted return: a code of the list revision_reason."),
    ] = None,
    hold: Annotated[bool, typer.Option("--hold", help="Do not send it for approval yet.")] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Say why the warnings of a return are right; with the last one, it is sent for approval."""
    from pipelines.intake import queries

    home = the_home()
    engine = the_ledger(home)
    found = queries.find(engine, submission)
    who = actor_or(actor, found.sender)
    left = _justify(home, who, found.submission_id, finding, reason, text)
    if not left and not hold:
        _send(home, who, found.submission_id, replaces)
    state = queries.find(engine, found.submission_id).state
    if as_json:
        say_json({"submission_id": found.submission_id, "state": state, "to_justify": left})
    else:
        say(f"{found.submission_id}: {state}" + (f", {left} warning(s) still open" if left else ""))


def send(
    submission: Submission,
    reason: Reason = None,
    comment: Annotated[str | None, typer.Option("--comment", help="A remark for whoever approves it.")] = None,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Send a checked return for approval (`rti submit --hold` and `rti justify --hold` leave that to you)."""
    from pipelines.intake import queries

    home = the_home()
    engine = the_ledger(home)
    found = queries.find(engine, submission)
    _send(home, actor_or(actor, found.sender), found.submission_id, reason, comment)
    _show_state(engine, [found.submission_id], as_json)


def approve(
    submissions: Annotated[
        list[str], typer.Argument(help="Submissions, or the beginnings of ids.", metavar="SUBMISSION...")
    ],
    comment: Annotated[str | None, typer.Option("--comment", help="A remark that stays with the approval.")] = None,
    override: Annotated[
        bool, typer.Option("--override", help="As a steward, in the stead of the office's approver; needs a comment.")
    ] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Accept returns that were sent: they count from now on. Nobody approves what he or she sent."""
    from pipelines.intake import ledger

    home = the_home()
    engine = the_ledger(home)
    ids = [_full_id(engine, text) for text in submissions]
    who = actor_or(actor, STEWARD if override else APPROVER)
    acts = [ledger.Act(i, who, None, comment, override=override) for i in ids]
    refused = ledger.approve_many(engine, home, acts)
    for error in refused.values():
        note(f"rti: {error}")
    _show_state(engine, [i for i in ids if i not in refused], as_json)
    if refused:
        raise typer.Exit(3)


def give_back(
    submission: Submission,
    comment: Annotated[str, typer.Option("--comment", help="What its sender is to mend or to explain.")],
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Give a return that was sent back to its sender, who can mend and send it anew."""
    from pipelines.intake import ledger

    engine = the_ledger(the_home())
    identity = _full_id(engine, submission)
    ledger.give_back(engine, ledger.Act(identity, actor_or(actor, APPROVER), None, comment))
    _show_state(engine, [identity], as_json)


def withdraw(
    submission: Submission,
    reason: Annotated[str, typer.Option("--reason", help="A code of the list revision_reason.")],
    comment: Annotated[str, typer.Option("--comment", help="Why it is taken back, in words.")],
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask a second person to take back what is accepted; it counts until then.")
    ] = False,
    override: Annotated[
        bool,
        typer.Option("--override", help="As a steward, of what is accepted, in the stead of the office's approver."),
    ] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Take a return back: it counts no longer, and the accepted return before it counts again.

    What is not accepted yet its sender takes back alone. What is accepted is taken back by an approver who neither sent
    it nor asked for it (`--ask`), or by a steward (`--override`).
    """
    from pipelines.intake import ledger, queries
    from pipelines.intake.transitions import ACCEPTED

    if ask and override:
        raise Failure("--ask and --override are two acts of two people; choose one")
    engine = the_ledger(the_home())
    found = queries.find(engine, submission)
    usual = STEWARD if override else found.sender if ask or found.state not in ACCEPTED else APPROVER
    act = ledger.Act(found.submission_id, actor_or(actor, usual), None, comment, reason, override=override)
    (ledger.ask_withdrawal if ask else ledger.withdraw)(engine, act)
    _show_state(engine, [found.submission_id], as_json)


def _justify(home: Home, actor: str, submission_id: str, finding: str | None, reason: str, text: str) -> int:
    """Justify through the desk, which offers the words again next quarter."""
    from pipelines import desk as door
    from pipelines.people import accounts

    desk = door.open_desk(home)
    return door.justify(desk, accounts.identity(desk.engine, actor), submission_id, finding, reason, text)


def _send(home: Home, actor: str, submission_id: str, reason: str | None, comment: str | None = None) -> None:
    """Send through the desk, which gives the receipt (`rti receipt show`)."""
    from pipelines import desk as door
    from pipelines.people import accounts

    desk = door.open_desk(home)
    door.send(desk, accounts.identity(desk.engine, actor), submission_id, reason=reason, comment=comment)


def _full_id(engine: sa.Engine, text: str) -> str:
    from pipelines.intake import queries

    return queries.find(engine, text).submission_id


def _show_state(engine: sa.Engine, ids: list[str], as_json: bool) -> None:
    from pipelines.intake import queries

    found = queries.submissions(engine, ids=ids) if ids else []
    if as_json:
        content = [{"submission_id": s.submission_id, "state": s.state, "accepted_at": s.accepted_at} for s in found]
        say_json(content[0] if len(content) == 1 else content)
    else:
        for one in found:
            say(f"{one.submission_id}: {one.state}")
