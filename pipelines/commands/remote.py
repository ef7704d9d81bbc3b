"""`rti submit --to`: the part of the command that talks to a service elsewhere.

Belongs here: reading the token, going through the files, printing as the local command does.  Does not belong here:
requests (`pipelines/service/client.py`), the command itself (`intake.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from pipelines.commands.common import (
    ERRORS,
    GOOD,
    UNREADABLE,
    WRONG_USE,
    Failure,
    bytes_of,
    note,
    progress,
    say,
    say_json,
)

TOKEN = "RTI_TOKEN"


def submit_to(
    address: str,
    files: Sequence[Path],
    *,
    token_file: Path | None,
    receipts: Path | None,
    language: str,
    as_json: bool,
    options: Mapping[str, Any],
) -> None:
    """Hand in files at a service. One that cannot be handed in does not hold up the others; the exit code tells it."""
    from pipelines.service import client

    try:
        remote = client.Remote(client.address_of(address), token_of(token_file), language)
    except client.RemoteError as error:
        raise Failure(error.told(language)) from None
    content: list[dict[str, Any]] = []
    worst = GOOD
    with progress(len(files), "Handing in") as tick:
        for file in files:
            data = bytes_of(file)
            try:
                answer = client.submit(remote, data, file.name, **options)
                kept = client.keep(receipts, answer) if receipts is not None else None
            except client.RemoteError as error:
                note(f"rti: {file.name}: {error.told(language)}")
                content.append({"file": {"name": file.name}, "error": {"message": error.told(language)}})
                worst = max(worst, WRONG_USE)
                continue
            content.append(answer.content)
            worst = max(worst, exit_code(answer.content))
            if not as_json:
                show(answer.content)
                if kept is not None:
                    say(f"  receipt {kept}")
            tick(file.name)
    if as_json:
        say_json(content[0] if len(content) == 1 else content)
    raise typer.Exit(worst)


def token_of(path: Path | None) -> str:
    """The token from a file, else from `RTI_TOKEN`. Raises Failure where there is none; never says what it is."""
    text = bytes_of(path).decode("ascii", "replace") if path is not None else os.environ.get(TOKEN, "")
    if not (token := text.strip()):
        raise Failure(f"there is no token; name a file that holds it with --token-file, or set {TOKEN}")
    return token


def exit_code(content: Mapping[str, Any]) -> int:
    """As for the same file handed in locally."""
    verdict = content["report"]["verdict"]
    return {"error": ERRORS, "unreadable": UNREADABLE}.get(verdict, ERRORS if content["state"] == "refused" else GOOD)


def show(content: Mapping[str, Any]) -> None:
    """What became of a file, in the words of the service, laid out as `rti submit` does."""
    name, identity, state = content["file"]["name"], content["submission_id"], content["state"]
    if content["new"] or identity is None:
        _show_report(content["report"])
    if identity is None:
        say(f"  {name} was not kept; mend it and hand it in again")
    elif not content["new"]:
        say(f"{name}: this file came before, as {identity} ({state}); not taken twice")
    else:
        say(f"  received as {identity}, {state}")
        for one in content["to_justify"]:
            say(f"  {one['rule']} ({one['finding']}) asks for a justification: rti justify {identity}")
        if content["replaces"]:
            say(f"  it replaces what was accepted for {', '.join(content['replaces'])}; say why:")
            say(f"    rti send {identity} --reason CODE")
    if content.get("not_sent") and not (content["new"] and (content["to_justify"] or content["replaces"])):
        say(f"  not sent: {content['not_sent']}")


def _show_report(report: Mapping[str, Any]) -> None:
    size = f"{report['observations']} observations" if report["observations"] or not report["events"] else ""
    events = f"{report['events']} events" if report["events"] else ""
    known = f", {report['form']}" if report["form"] else ""
    say(f"{report['file']['name']}: {report['verdict']}{known} ({', '.join(t for t in (size, events) if t)})")
    for finding in report["findings"]:
        place = finding["where"]["words"]
        say(f"  {finding['severity']}  {place + ': ' if place else ''}{finding['message']}")
        if finding["remedy"]:
            say(f"      {finding['remedy']}")
        say(f"      rule {finding['rule']}, finding {finding['key']}")
    if report["not_run"] and report["verdict"] != "unreadable":
        note(f"  not run, since there is no earlier return to compare with: {', '.join(report['not_run'])}")
