"""Share among the commands: exit codes, failures in words, JSON, the home, progress."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.core.signing_keys import KeyRing
    from pipelines.declarations.registry import Registry

GOOD, ERRORS, UNREADABLE, WRONG_USE = 0, 1, 2, 3
FAULT = 70
"""A fault of the program itself (`EX_SOFTWARE`), distinct from the exit codes of findings."""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, as described in docs/cli.md.")]
Language = Annotated[str, typer.Option("--language", envvar="RTI_LANGUAGE", help="Language of findings.")]
Actor = Annotated[
    str | None, typer.Option("--as", envvar="RTI_ACTOR", help="The acting account; docs/cli.md lists the defaults.")
]


class CommandError(Exception):
    """End a command with one sentence on standard error and an exit code."""

    def __init__(self, message: str, code: int = WRONG_USE) -> None:
        super().__init__(message)
        self.code = code


def print_line(text: str = "") -> None:
    """Print one line of a command's result on standard output."""
    typer.echo(text)


def print_note(text: str) -> None:
    """Print one line about the work itself on standard error."""
    typer.echo(text, err=True)


def say_json(content: Any) -> None:
    """Print a command's result as JSON on standard output."""
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2, default=str))


def print_parts(parts: Iterable[str]) -> None:
    """Print a command's result on standard output as it is made, and end its line."""
    for part in parts:
        typer.echo(part, nl=False)
    typer.echo()


def the_home() -> Home:
    """Return the home that `RTI_HOME` names. Raises HomeError, which names the command that creates one."""
    from pipelines.core import rights
    from pipelines.core.home import open_home

    home = open_home()
    rights.adopt_umask(home)
    return home


def the_ledger(home: Home) -> sa.Engine:
    """Return the ledger of a home. Raises LedgerError."""
    from pipelines.ledger.opening import open_ledger

    return open_ledger(home)


def ledger_to_read(home: Home) -> sa.Engine:
    """Open the ledger for a command that only reads; a full or read-only disk does not stop it.

    Raises LedgerError.
    """
    from pipelines.ledger.opening import open_ledger_to_read

    return open_ledger_to_read(home)


def the_registry() -> Registry:
    """Return all declarations. Raises DeclarationError."""
    from pipelines.declarations.registry import load

    return load()


def bytes_of(path: Path) -> bytes:
    """Return the bytes of a file. Raises CommandError (cannot be read)."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise CommandError(f"there is no file {path}; check the name and the folder", UNREADABLE) from None
    except IsADirectoryError:
        raise CommandError(f"{path} is a folder; name a file in it", UNREADABLE) from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}; check its permissions", UNREADABLE) from None


def return_bytes(path: Path) -> bytes:
    """Return the bytes of a return. Raises CommandError (cannot be read), also before reading if it is too big."""
    from pipelines.findings.rules import describe_in_english, from_read_error
    from pipelines.reading.formats.read import too_big

    try:
        size = path.stat().st_size
    except OSError:
        size = 0  # the reason for a file that cannot be read is reported when it is read
    if (error := too_big(size)) is not None:
        message, remedy = describe_in_english(from_read_error(error))
        raise CommandError(f"{path}: {message} {remedy}", UNREADABLE)
    return bytes_of(path)


def load_judgement_meanwhile() -> None:
    """Start loading the checks (two seconds and more) in separate processes while files are read."""
    import threading

    if "expectations.judge" in sys.modules:
        return

    def load() -> None:
        from expectations.engine import warm_up

        warm_up()

    # Not a daemon: a process that ends while libraries are being loaded may crash. It ends once they are loaded and its
    # output is written.
    threading.Thread(target=load, name="judgement").start()


@contextmanager
def show_progress(total: int, label: str) -> Iterator[Callable[[str], None]]:
    """Show progress of long work on standard error: a bar on a terminal, nothing otherwise."""
    if total < 2 or not sys.stderr.isatty():
        yield lambda _key: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda _key: bar.advance(task)


def print_table(rows: Sequence[Sequence[object]], head: Sequence[str]) -> None:
    """Format a plain table in columns, without lines, so that it can be read, cut and searched."""
    text = [[str("" if c is None else c) for c in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in text) for i in range(len(head))]
    for row in text:
        print_line("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


def actor_or(actor: str | None, default: str) -> str:
    """Return the acting account: that of `--as` or `RTI_ACTOR`, else the default."""
    return actor or default


def rotate_signing_key(keys: KeyRing, as_json: bool) -> None:
    """Create a new key of a key ring that signs from now on, and print where its public part is."""
    home = the_home()
    identity = keys.rotate_key(home)
    path = keys.public_path(home, identity)
    if as_json:
        say_json({"key_id": identity, "public": str(path)})
    else:
        print_line(f"the key {identity} signs from now on; give its public part to those who verify: {path}")
