"""Command `rti as-of`: build what was known at an earlier moment, in a separate folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.common import AsJson, CommandError, print_line, print_note, say_json, the_home


def as_of(
    moment: Annotated[
        str,
        typer.Argument(
            help="A day (2026-06-30, to its end in UTC) or a time (2026-06-30T12:00:00Z).", metavar="MOMENT"
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="The folder to write; default: a folder in restricted/as_of/.", metavar="FOLDER"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Build the counts and indicators as they were known at a moment, separate from today's.

    The folder contains unprotected counts. Declarations are today's; returns accepted later are left out.
    """
    from pipelines.core.clock import format_timestamp
    from pipelines.refresh.measuring import as_of as build

    when = _moment(moment)
    folder = build(the_home(), when, out, log=print_note)
    if as_json:
        say_json({"as_of": format_timestamp(when), "folder": str(folder)})
    else:
        print_line(str(folder))


def _moment(text: str) -> datetime:
    """Return the end of a day, or a time. Raises CommandError."""
    from pipelines.core.clock import parse_time

    try:
        return parse_time(f"{text}T23:59:59Z" if len(text) == 10 else text)
    except ValueError:
        raise CommandError(f"{text!r} is not a day or a time; write 2026-06-30 or 2026-06-30T12:00:00Z") from None
