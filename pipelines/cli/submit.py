"""Commands `rti submit` and `rti nil`: hand in at the desk of this machine's home, or at a remote service.

The user of a command acts as the account that `--as` or `RTI_ACTOR` names, through the same desk as the pages and
the API, with the same rights, refusals and validation reports.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.cli.common import (
    UNREADABLE,
    Actor,
    AsJson,
    CommandError,
    Language,
    actor_or,
    load_judgement_meanwhile,
    print_line,
    print_note,
    return_bytes,
    say_json,
    show_progress,
    the_home,
    the_ledger,
    the_registry,
)
from pipelines.cli.handed_in import HandInResult, go_through
from pipelines.cli.intake import SENDER, Reason

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.identity import Identity
    from pipelines.submissions.service import Desk, SignedReceipt


def submit(
    paths: Annotated[list[Path], typer.Argument(help="Files, or a folder of files.", metavar="FILE...|FOLDER")],
    form: Annotated[
        str | None, typer.Option("--form", help="The form's id, if the file alone does not identify it.")
    ] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="The file corrects single figures; all others stay unchanged.")
    ] = False,
    corrects: Annotated[str | None, typer.Option("--corrects", help="The submission that this file corrects.")] = None,
    reason: Reason = None,
    hold: Annotated[bool, typer.Option("--hold", help="Do not send it for approval yet.")] = False,
    to: Annotated[
        str | None, typer.Option("--to", help="Submit to a service elsewhere, given its address.", metavar="URL")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="With --to: a file that contains the token (or set RTI_TOKEN).")
    ] = None,
    receipts_to: Annotated[
        Path | None, typer.Option("--receipts", help="Save the signed receipts in this folder.", metavar="FOLDER")
    ] = None,
    actor: Actor = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Submit returns: check, store and send each for approval, unless a warning needs a justification.

    A file that was submitted before is reported and not recorded twice; one that cannot be submitted does not stop
    the others. A folder with an arrivals.csv is a demonstration: its files arrive and are decided as listed there.
    Exit code 0: accepted for processing; 1: at least one rejected for its errors, or not yours; 2: at least one
    cannot be read; 3: wrong use, or at least one could not be submitted.
    """
    files = [file for path in paths for file in _files(path)]
    if not files:
        raise CommandError("there is no file to hand in; name files or a folder that holds some", UNREADABLE)
    options: dict[str, Any] = {"form": form, "kind": "patch" if patch else None, "corrects": corrects}
    options |= {"reason": reason, "send": not hold}
    if to is not None:
        from pipelines.cli.remote import submit_to

        submit_to(
            to, files, token_file=token_file, receipts=receipts_to, language=language, as_json=as_json, options=options
        )
        return
    home = the_home()
    if len(paths) == 1 and (paths[0] / "arrivals.csv").is_file():
        _submit_demonstration(home, paths[0], language, as_json)
        return
    desk, who = _at_the_desk(home, actor, language)
    if corrects is not None:
        from pipelines.ledger import queries

        options["corrects"] = queries.find_submission(desk.engine, corrects).submission_id

    def hand_in(file: Path) -> HandInResult:
        from pipelines.submissions import service as door

        uploaded = door.hand_in(desk, who, return_bytes(file), file.name, **options)
        return HandInResult(uploaded.as_json(), _keep(receipts_to, uploaded.signed))

    load_judgement_meanwhile()
    go_through(files, hand_in, language, as_json)


def nil(
    form: Annotated[str, typer.Argument(help="The form with nothing to report (see `rti territories`).")],
    periods: Annotated[list[str], typer.Argument(help="Periods such as 2026-Q3 or 2025.", metavar="PERIOD...")],
    comment: Annotated[str | None, typer.Option("--comment", help="A comment for the approver.")] = None,
    actor: Actor = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Declare that there was nothing to count in some periods. Once approved, they count as reported."""
    from pipelines.submissions import service as door

    registry = the_registry()
    if form not in registry.forms:
        raise CommandError(f"no form is named {form}; there are {', '.join(sorted(registry.forms))}")
    desk, who = _at_the_desk(the_home(), actor, language)
    uploaded = door.declare_nil(desk, who, form, periods, comment)
    go_through([Path(uploaded.filename)], lambda _file: HandInResult(uploaded.as_json()), language, as_json)


def _at_the_desk(home: Home, actor: str | None, language: str) -> tuple[Desk, Identity]:
    """Return the home's desk and the acting identity. Raises NotAllowedError for an unknown or disabled account."""
    from pipelines.submissions import service as door
    from pipelines.submissions.accounts import accounts

    desk = door.open_desk(home)
    return desk, replace(accounts.get_identity(desk.engine, actor_or(actor, SENDER)), language=language)


def _keep(folder: Path | None, signed: SignedReceipt | None) -> Path | None:
    if folder is None or signed is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / signed.filename
    path.write_bytes(signed.as_bytes())
    return path


def _submit_demonstration(home: Home, folder: Path, language: str, as_json: bool) -> None:
    from pipelines.ledger import queries
    from pipelines.submissions import arrivals
    from pipelines.submissions.waiting_checks import check_waiting

    registry, engine = the_registry(), the_ledger(home)
    new = arrivals.record_arrivals(home, engine, folder)
    waiting = queries.count_submissions(engine, states=["received"])
    with show_progress(waiting, "Checking") as tick:
        reports = check_waiting(home, engine, registry, language=language, after=arrivals.CHECKED_AFTER, progress=tick)
    refused = arrivals.replay_decisions(home, engine, folder)
    for error in refused.values():
        print_note(f"rti: {error}")
    states = queries.count_by_state(engine)
    if as_json:
        say_json({"new": new, "checked": len(reports), "undecided": len(refused), "states": states})
    else:
        print_line(f"{new} new, {len(reports)} checked; now {', '.join(f'{n} {s}' for s, n in sorted(states.items()))}")


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and not any(x.startswith(".") for x in p.parts))
