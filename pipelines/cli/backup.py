"""Commands `rti backup` and `rti restore`: encrypted backups of the home."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import (
    ERRORS,
    GOOD,
    AsJson,
    CommandError,
    bytes_of,
    print_line,
    print_note,
    print_table,
    say_json,
    the_home,
)

if TYPE_CHECKING:
    from pipelines.operations.backup.keys import ReadingKey, WritingKey
    from pipelines.operations.backup.repository import Repository

backup = typer.Typer(help="Make and check encrypted backups.", no_args_is_help=True, rich_markup_mode=None)

RepositoryFolder = Annotated[
    Path | None,
    typer.Option("--repository", help="The folder of the backups; default: RTI_BACKUP_REPOSITORY.", metavar="FOLDER"),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="A file with the passphrase; default: RTI_BACKUP_PASSPHRASE, or asked for."),
]
IdentityFile = Annotated[
    Path | None, typer.Option("--identity", help="An age identity file, if the repository was made for recipients.")
]


@backup.command("init")
def init_repository(
    repository: RepositoryFolder = None,
    passphrase_file: PassphraseFile = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option("--recipient", help="An age recipient who may restore, instead of a passphrase.", metavar="AGE1"),
    ] = None,
    identity: IdentityFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a repository of backups, or let this home use an existing one.

    The home keeps a key that can add backups and cannot read them. Keep the passphrase, or the identities of the
    recipients, where they survive the loss of this machine: without them no backup can be restored.
    """
    from pipelines.operations.backup import keys
    from pipelines.operations.backup.repository import Repository, create_repository

    home, folder = the_home(), _folder(repository)
    if folder.is_relative_to(home.root.resolve()):
        raise CommandError(f"{folder} is in the home; choose a folder on another disk")
    is_new = not (folder / "repository.json").exists()
    if is_new:
        key = keys.create_key()
        passphrase = None if recipient else _read_passphrase(passphrase_file)
        create_repository(folder, key, keys.wrap_key(key, passphrase=passphrase, recipients=recipient or ()))
    else:
        key = _unlock(Repository(folder), passphrase_file, identity)
    keys.keep_writing_key(home, key.writing)
    if as_json:
        say_json({"repository": str(folder), "id": key.writing.repository, "recipient": key.writing.recipient})
    else:
        print_line(f"{'made' if is_new else 'found'} the repository {folder}; make a backup with `rti backup run`")


@backup.command("run")
def run_backup(repository: RepositoryFolder = None, as_json: AsJson = False) -> None:
    """Add a backup of the home as it is at this moment. Services may go on running."""
    from dataclasses import asdict

    from pipelines.operations.backup.repository import Repository
    from pipelines.operations.backup.saving import save_home

    folder = _folder(repository)
    saved = save_home(the_home(), Repository(folder))
    if as_json:
        say_json({**asdict(saved), "repository": str(folder)})
    else:
        print_line(
            f"{saved.snapshot}: {saved.files:,} files, {_format_size(saved.bytes)}; "
            f"{saved.new_objects:,} new objects, {_format_size(saved.new_bytes)}"
        )


@backup.command("list")
def list_backups(repository: RepositoryFolder = None, as_json: AsJson = False) -> None:
    """List the backups, oldest first, with the size of their encrypted objects."""
    store, key = _writing_access(repository)
    rows = []
    for snapshot in store.list_snapshots():
        sizes = [entry.size for entry in store.list_objects(snapshot, key).values()]
        rows.append((snapshot, len(sizes), sum(sizes)))
    if as_json:
        listed = [{"snapshot": snapshot, "objects": number, "bytes": size} for snapshot, number, size in rows]
        say_json({"repository": str(store.folder), "backups": listed})
    elif rows:
        cells = [(snapshot, f"{number:,}", _format_size(size)) for snapshot, number, size in rows]
        print_table(cells, ("backup", "objects", "size"))
    else:
        print_line("no backup yet; make one with `rti backup run`")


@backup.command("verify")
def verify_backups(
    repository: RepositoryFolder = None,
    read: Annotated[
        bool, typer.Option("--read", help="Decrypt and compare every file of the newest backup; needs the passphrase.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    identity: IdentityFile = None,
    as_json: AsJson = False,
) -> None:
    """Compare every encrypted object of all backups with its digest. Exit code 0: intact; 1: damaged."""
    from pipelines.operations.backup.restoring import verify_snapshot

    store, key = _writing_access(repository)
    with store.hold_lock():
        objects = {n: o for snapshot in store.list_snapshots() for n, o in store.list_objects(snapshot, key).items()}
        faults = [fault for name, entry in objects.items() if (fault := store.find_object_fault(name, entry))]
        if read:
            faults += verify_snapshot(store, store.find_snapshot(None), _unlock(store, passphrase_file, identity))
    if as_json:
        say_json({"repository": str(store.folder), "objects": len(objects), "good": not faults, "faults": faults})
    else:
        for fault in faults:
            print_line(fault)
        print_line(f"{len(objects):,} objects of {len(store.list_snapshots())} backup(s), {len(faults)} fault(s)")
        if faults:
            print_note("rti: the next `rti backup run` stores missing and cut objects again if the home has them")
    raise typer.Exit(ERRORS if faults else GOOD)


@backup.command("prune")
def prune_backups(
    keep: Annotated[int, typer.Option("--keep", min=1, help="How many of the newest backups to keep.")],
    repository: RepositoryFolder = None,
    as_json: AsJson = False,
) -> None:
    """Remove all backups but the newest ones, and the objects that only they need."""
    store, key = _writing_access(repository)
    with store.hold_lock():
        removed = store.list_snapshots()[:-keep]
        for snapshot in removed:
            store.remove_snapshot(snapshot)
        objects = store.remove_unused(key)
    if as_json:
        say_json({"repository": str(store.folder), "removed": removed, "objects": objects})
    else:
        print_line(f"{len(removed)} backup(s) and {objects:,} object(s) removed")


def restore_backup(
    repository: RepositoryFolder = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", help="The backup, or the beginning of its name; default: the newest.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    identity: IdentityFile = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into the folder that RTI_HOME names, which must be new or empty, and examine the result.

    Exit code 0: restored and without problems; 1: restored, with problems that are printed.
    """
    from pipelines.core.home import default_root
    from pipelines.operations.backup.repository import Repository
    from pipelines.operations.backup.restoring import restore_home
    from pipelines.operations.doctor.diagnosis import diagnose_home

    store = Repository(_folder(repository))
    name = store.find_snapshot(snapshot)
    home = restore_home(store, name, _unlock(store, passphrase_file, identity), default_root())
    diagnosis = diagnose_home(home)
    problems = [(e.name, s.message) for e in diagnosis.examinations for s in e.symptoms if s.severity == "problem"]
    current = home.current.readlink().name if home.current.is_symlink() else None
    if as_json:
        listed = [{"check": check, "message": message} for check, message in problems]
        say_json({"home": str(home.root), "snapshot": name, "current": current, "problems": listed})
    else:
        print_line(f"restored {name} to {home.root}; the current release is {current or 'none'}")
        for check, message in problems:
            print_line(f"{check}: {message}")
        if not problems:
            print_line("no problems found; run `rti refresh` to build the warehouse again")
    raise typer.Exit(ERRORS if problems else GOOD)


def _folder(repository: Path | None) -> Path:
    from pipelines.core.settings import BackupSettings, read_settings

    folder = repository or read_settings(BackupSettings).backup_repository
    if folder is None:
        raise CommandError("name the folder of the backups with --repository or RTI_BACKUP_REPOSITORY")
    return folder.resolve()


def _writing_access(repository: Path | None) -> tuple[Repository, WritingKey]:
    """Return the repository, and the key of this home to it. Raises CommandError if the home does not know it."""
    from pipelines.operations.backup.keys import read_writing_key
    from pipelines.operations.backup.repository import Repository

    store = Repository(_folder(repository))
    key = read_writing_key(the_home())
    if key is None or key.repository != store.id:
        raise CommandError(f"this home does not know {store.folder} yet; run `rti backup init` with its passphrase")
    return store, key


def _unlock(repository: Repository, passphrase_file: Path | None, identity: Path | None) -> ReadingKey:
    from pipelines.operations.backup.keys import unwrap_key

    if identity is not None:
        return unwrap_key(repository.wrapped_key, identities=bytes_of(identity).decode("utf-8", "replace"))
    return unwrap_key(repository.wrapped_key, passphrase=_read_passphrase(passphrase_file))


def _read_passphrase(file: Path | None) -> str:
    from pipelines.core.settings import BackupSettings, read_secret

    if file is not None:
        return bytes_of(file).decode("utf-8", "replace").strip("\r\n")
    if (passphrase := read_secret(BackupSettings, "backup_passphrase")) is not None:
        return passphrase
    if not sys.stdin.isatty():
        raise CommandError("give the passphrase with --passphrase-file or RTI_BACKUP_PASSPHRASE")
    return str(typer.prompt("Passphrase of the backups", hide_input=True, err=True))


def _format_size(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
