"""`rti submit`, `rti nil`, `rti justify`, `rti send`, `rti approve`, `rti give-back`, `rti withdraw`: acts on returns.

Whoever runs a command acts as the account that `--as` or `RTI_ACTOR` names, and the ledger holds that account to its
roles.  By default that is the demonstration's `sender`, `approver` or `steward`; a real home has the accounts that its
steward has made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.common import (
    ERRORS,
    GOOD,
    UNREADABLE,
    Actor,
    AsJson,
    Failure,
    Language,
    actor_or,
    bytes_of,
    note,
    progress,
    say,
    say_json,
    the_home,
    the_ledger,
    the_registry,
)

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.home import Home
    from pipelines.intake.submit import Receipt

SENDER, APPROVER, STEWARD = "sender", "approver", "steward"
Reason = Annotated[
    str | None,
    typer.Option("--reason", help="Why it replaces an accepted return: a code of the list revision_reason."),
]
Submission = Annotated[str, typer.Argument(help="A submission, or the beginning of its id.", metavar="SUBMISSION")]


def submit(
    paths: Annotated[list[Path], typer.Argument(help="Files, or a folder of files.", metavar="FILE...|FOLDER")],
    form: Annotated[
        str | None, typer.Option("--form", help="The form's id, where the file alone does not say it.")
    ] = None,
    patch: Annotated[bool, typer.Option("--patch", help="It corrects single figures; all others stay.")] = False,
    corrects: Annotated[str | None, typer.Option("--corrects", help="The submission that this one corrects.")] = None,
    reason: Reason = None,
    hold: Annotated[bool, typer.Option("--hold", help="Do not send it for approval yet.")] = False,
    to: Annotated[
        str | None, typer.Option("--to", help="Hand in at a service elsewhere, by its address.", metavar="URL")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="With --to: a file that holds the token (or set RTI_TOKEN).")
    ] = None,
    receipts_to: Annotated[
        Path | None, typer.Option("--receipts", help="Keep the signed receipts in this folder.", metavar="FOLDER")
    ] = None,
    actor: Actor = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Hand in returns: each is checked, kept, and sent for approval unless a warning waits for its justification.

    A file that was handed in before is told and not taken twice. A folder with an arrivals.csv is a demonstration: its
    files arrive, and are decided, as that list says. Exit code 0: taken; 1: at least one refused for its errors;
    2: at least one cannot be read; 3: wrong use.
    """
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise Failure("there is no file to hand in; name files or a folder that holds some", UNREADABLE)
    if to is not None:
        from pipelines.commands.remote import submit_to

        options: dict[str, Any] = {"form": form, "kind": "patch" if patch else None, "corrects": corrects}
        options |= {"reason": reason, "send": not hold}
        submit_to(
            to,
            files,
            token_file=token_file,
            receipts=receipts_to,
            language=language,
            as_json=as_json,
            options=options,
        )
        return
    home = the_home()
    engine = the_ledger(home)
    if len(paths) == 1 and (paths[0] / "arrivals.csv").is_file():
        _submit_demonstration(home, engine, paths[0], language, as_json)
        return
    identity = _full_id(engine, corrects) if corrects else None
    options = {"form": form, "kind": "patch" if patch else None, "corrects": identity, "reason": reason}
    receipts = _submit_each(home, engine, files, actor_or(actor, SENDER), language, not hold, options)
    _keep_signed(receipts, receipts_to)
    _show_receipts(receipts, as_json)


def nil(
    form: Annotated[str, typer.Argument(help="The form that has nothing to report (see `rti territories`).")],
    periods: Annotated[list[str], typer.Argument(help="Periods such as 2026-Q3 or 2025.", metavar="PERIOD...")],
    comment: Annotated[str | None, typer.Option("--comment", help="A remark for whoever approves it.")] = None,
    actor: Actor = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Declare that there was nothing to count in some periods. Once approved, it counts as reported."""
    from pipelines.intake import nil as document
    from pipelines.intake.submit import submit as hand_in
    from pipelines.returns.declared import within
    from pipelines.returns.periods import Period

    registry = the_registry()
    if form not in registry.forms:
        raise Failure(f"no form is named {form}; there are {', '.join(sorted(registry.forms))}")
    declared = registry.forms[form]
    for text in periods:
        try:
            period = Period.of(text)
        except ValueError as error:
            raise Failure(str(error)) from None
        if period.freq != declared.freq or not within(text, declared.valid):
            raise Failure(f"{form} is for {declared.valid} ({declared.freq}), which {text} is not part of")
    data = document.document(document.NilReturn(form, tuple(sorted(set(periods))), comment))
    home = the_home()
    name = f"nil-{form}-{'-'.join(sorted(set(periods)))}.json"
    receipt = hand_in(
        home, data, name, actor_or(actor, SENDER), registry=registry, engine=the_ledger(home), language=language
    )
    _show_receipts([receipt], as_json)


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
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """Take a return back: it counts no longer, and the accepted return before it counts again."""
    from pipelines.intake import ledger, queries

    engine = the_ledger(the_home())
    found = queries.find(engine, submission)
    ledger.withdraw(engine, ledger.Act(found.submission_id, actor_or(actor, found.sender), None, comment, reason))
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


def _keep_signed(receipts: list[Receipt], folder: Path | None) -> None:
    for signed in (r.signed for r in receipts):
        if folder is not None and signed is not None:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / signed.filename).write_bytes(signed.as_bytes())


def _submit_each(
    home: Home, engine: sa.Engine, files: list[Path], sender: str, language: str, send_it: bool, options: dict[str, Any]
) -> list[Receipt]:
    from pipelines.intake.submit import submit as hand_in

    registry = the_registry()
    receipts = []
    with progress(len(files), "Handing in") as tick:
        for file in files:
            receipts.append(
                hand_in(
                    home,
                    bytes_of(file),
                    file.name,
                    sender,
                    registry=registry,
                    engine=engine,
                    language=language,
                    send=send_it,
                    **options,
                )
            )
            tick(file.name)
    return receipts


def _submit_demonstration(home: Home, engine: sa.Engine, folder: Path, language: str, as_json: bool) -> None:
    from pipelines.intake import arrivals, queries
    from pipelines.intake.record import check_waiting

    registry = the_registry()
    new = arrivals.enter(home, engine, folder)
    waiting = len(queries.submissions(engine, states=["received"]))
    with progress(waiting, "Checking") as tick:
        reports = check_waiting(home, engine, registry, language=language, after=arrivals.CHECKED_AFTER, progress=tick)
    refused = arrivals.decide(home, engine, folder)
    for error in refused.values():
        note(f"rti: {error}")
    states: dict[str, int] = {}
    for one in queries.submissions(engine):
        states[one.state] = states.get(one.state, 0) + 1
    if as_json:
        say_json({"new": new, "checked": len(reports), "undecided": len(refused), "states": states})
    else:
        say(f"{new} new, {len(reports)} checked; now {', '.join(f'{n} {s}' for s, n in sorted(states.items()))}")


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and not any(x.startswith(".") for x in p.parts))


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


def _show_receipts(receipts: list[Receipt], as_json: bool) -> None:
    if as_json:
        content = [r.as_json() for r in receipts]
        say_json(content[0] if len(content) == 1 else content)
    else:
        for receipt in receipts:
            _show_receipt(receipt)
    raise typer.Exit(max((_exit_code(r) for r in receipts), default=GOOD))


def _exit_code(receipt: Receipt) -> int:
    if receipt.report is not None:
        return receipt.report.exit_code
    return ERRORS if receipt.state == "refused" else GOOD


def _show_receipt(receipt: Receipt) -> None:
    from pipelines.commands.files import show_report

    if receipt.report is not None:
        show_report(receipt.report)
    if receipt.submission_id is None:
        say(f"  {receipt.filename} was not kept; mend it and hand it in again")
    elif not receipt.new:
        say(f"{receipt.filename}: this file came before, as {receipt.submission_id} ({receipt.state}); not taken twice")
    else:
        say(f"  received as {receipt.submission_id}, {receipt.state}")
        for key, rule in receipt.open_warnings:
            say(f"  {rule} ({key}) asks for a justification: rti justify {receipt.submission_id}")
        if receipt.replaces:
            say(f"  it replaces what was accepted for {', '.join(receipt.replaces)}; say why:")
            say(f"    rti send {receipt.submission_id} --reason CODE")
