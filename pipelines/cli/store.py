"""Commands `rti store …`: find stored files that the ledger does not know, and copy files to a bucket."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli.common import (
    ERRORS,
    Actor,
    AsJson,
    actor_or,
    ledger_to_read,
    print_line,
    say_json,
    the_home,
    the_ledger,
)
from pipelines.cli.intake import STEWARD

app = typer.Typer(help="Check the stored files.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _store() -> None:
    """Return the store of received files."""


@app.command()
def check(
    remove: Annotated[
        bool,
        typer.Option(
            "--remove", help="Remove the unknown files, as a steward of everything; the audit log records it."
        ),
    ] = False,
    actor: Actor = None,
    as_json: AsJson = False,
) -> None:
    """List stored files that are missing or changed, and files older than a day that no submission or receipt names.

    A killed process may leave such files. Nothing is removed without --remove; before using it, make sure that the
    ledger was not restored from an older backup. Exit code 0: none, or removed; 1: some exist, or a stored file is
    damaged.
    """
    from pipelines.refresh import integrity
    from pipelines.submissions import unknown_bytes

    home = the_home()
    engine = the_ledger(home) if remove else ledger_to_read(home)
    if remove:
        unknown_files = unknown_bytes.remove_unknown_files(home, engine, by=actor_or(actor, STEWARD))
    else:
        unknown_files = unknown_bytes.find_unknown_files(home, engine)
    damage = integrity.check_store(home, engine)
    if as_json:
        say_json(
            {
                "damaged": [{"submission_id": d.submission_id, "message": d.message} for d in damage],
                "removed": remove,
                "files": [
                    {"sha256": u.sha256, "size": u.size, "stored_at": u.stored_at.isoformat()} for u in unknown_files
                ],
            }
        )
    else:
        for file in unknown_files:
            print_line(f"{file.sha256}  {file.size} bytes, stored {file.stored_at:%Y-%m-%d %H:%M}")
        for fault in damage:
            print_line(fault.message)
        outcome = "removed" if remove else "unknown to the ledger, kept"
        print_line(f"{len(unknown_files)} file(s) {outcome}")
    raise typer.Exit(ERRORS if damage or (unknown_files and not remove) else 0)


@app.command("upload")
def upload_files(as_json: AsJson = False) -> None:
    """Copy the files of returns that are in the home to the bucket in RTI_STORE_BUCKET; those in the home stay.

    For an installation that moves to a bucket, and after a restore. Files that are there already are left alone. Exit
    code 1: a file in the home is damaged and was not copied.
    """
    from pipelines.submissions import store

    home = the_home()
    copied = store.copy_to_bucket(home)
    if as_json:
        say_json({"new": copied.new, "present": copied.present, "damaged": copied.damaged})
    else:
        for name in copied.damaged:
            print_line(f"{home.store / name} is damaged and was not copied; restore it from a backup")
        print_line(f"{len(copied.new)} file(s) copied, {len(copied.present)} were there already")
    raise typer.Exit(ERRORS if copied.damaged else 0)
