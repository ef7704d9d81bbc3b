"""Report on the files handed in by `rti submit` and `rti nil`: as text, as JSON, as an exit code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from pipelines.cli import report_lines
from pipelines.cli.common import (
    ERRORS,
    GOOD,
    UNREADABLE,
    WRONG_USE,
    CommandError,
    print_line,
    print_note,
    say_json,
    show_progress,
)
from pipelines.core.errors import UserFacingError


@dataclass(frozen=True, slots=True)
class HandInResult:
    """Result for one file: the JSON of `rti submit`, where its receipt was stored, and the pages of a remote service.

    If a file was submitted remotely, what it still needs is done on those pages, not by commands on this machine.
    """

    content: dict[str, Any]
    receipt: Path | None = None
    pages: str | None = None


def go_through(files: Sequence[Path], hand_in: Callable[[Path], HandInResult], language: str, as_json: bool) -> None:
    """Hand in each file and report on it; end the command with the worst of the exit codes."""
    content: list[dict[str, Any]] = []
    worst = GOOD
    with show_progress(len(files), "Handing in") as tick:
        for file in files:
            try:
                answer = hand_in(file)
            except (UserFacingError, CommandError) as error:
                code = error.code if isinstance(error, CommandError) else WRONG_USE
                message = error.localize_message(language) if isinstance(error, UserFacingError) else str(error)
                print_note(f"rti: {file.name}: {message}")
                content.append({"file": {"name": file.name}, "error": {"message": message, "exit_code": code}})
                worst = max(worst, code)
                continue
            content.append(answer.content)
            worst = max(worst, exit_code(answer.content))
            if not as_json:
                print_result(answer.content, answer.pages)
                if answer.receipt is not None:
                    print_line(f"  receipt {answer.receipt}")
            tick(file.name)
    if as_json:
        say_json(content[0] if len(content) == 1 else content)
    raise typer.Exit(worst)


def exit_code(content: Mapping[str, Any]) -> int:
    """Return 0 if the file was taken, 1 if it was refused for errors or turned away, 2 if it cannot be read."""
    verdict = content["report"]["verdict"]
    return {"error": ERRORS, "unreadable": UNREADABLE}.get(verdict, ERRORS if content["state"] == "refused" else GOOD)


def print_result(content: Mapping[str, Any], pages: str | None = None) -> None:
    """Print the result for a file; `pages` is the address of a remote service."""
    name, identity, state = content["file"]["name"], content["submission_id"], content["state"]
    if content["new"] or identity is None:
        report_lines.print_report(content["report"])
    if identity is None:
        print_line(f"  {name} was not kept; correct it and submit it again")
    elif not content["new"]:
        print_line(f"{name}: this file came before, as {identity} ({state}); not taken twice")
    else:
        print_line(f"  received as {identity}, {state}")
    report_lines.print_control_totals(content.get("control_totals", ()), content["report"]["language"])
    if identity is not None:
        page = None if pages is None else f"{pages}/answer?id={identity}"
        for warning in content["to_justify"]:
            print_line(
                f"  {warning['rule']} ({warning['finding']}) asks for a justification: "
                f"{page or f'rti justify {identity}'}"
            )
        if content["replaces"]:
            print_line(f"  it replaces what was accepted for {', '.join(content['replaces'])}; say why:")
            print_line(f"    {page or f'rti send {identity} --reason CODE'}")
    if content.get("not_sent") and not (content["to_justify"] or content["replaces"]):
        print_line(f"  not sent: {content['not_sent']}")
