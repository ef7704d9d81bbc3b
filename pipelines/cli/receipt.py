"""Command `rti receipt`: verify a signed receipt offline, show one, and rotate the signing key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli.common import (
    ERRORS,
    GOOD,
    UNREADABLE,
    AsJson,
    Failure,
    Language,
    bytes_of,
    say,
    say_json,
    the_home,
    the_ledger,
)

if TYPE_CHECKING:
    from pipelines.submissions.receipts import Verified

app = typer.Typer(help="Signed receipts: verify one, show one, change the key that signs.", no_args_is_help=True)


@app.command()
def verify(
    receipt: Annotated[Path, typer.Argument(help="The receipt, as it was given out.", metavar="FILE")],
    file: Annotated[Path | None, typer.Option("--file", help="The return it is about.", metavar="RETURN")] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The public key it should be signed with.", metavar="PUBLIC.pem")
    ] = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Verify a receipt; needs no home and no network. Exit code 0: good; 1: not good; 2: cannot be read."""
    from pipelines.submissions import receipt_keys, receipts

    document = bytes_of(receipt)
    data = bytes_of(file) if file is not None else None
    try:
        known = receipt_keys.read_public(bytes_of(key)) if key is not None else None
    except receipt_keys.KeyFileError as error:
        raise Failure(f"{key}: {error.told(language)}", UNREADABLE) from None
    found = receipts.verify(document, file=data, key=known)
    if as_json:
        say_json(
            {
                "outcome": found.outcome,
                "problems": [p.told(language) for p in found.problems],
                "key_id": found.key_id,
                "known_key": found.known_key,
                "file_compared": found.file_compared,
                "receipt": found.content,
            }
        )
    else:
        _show(found, receipt, language)
    raise typer.Exit({"good": GOOD, "not good": ERRORS, "unreadable": UNREADABLE}[found.outcome])


@app.command()
def show(
    identity: Annotated[str, typer.Argument(help="A receipt's or a submission's id.", metavar="ID")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write it to this file, as it was given out.")] = None,
) -> None:
    """Show the receipt of a submission, byte for byte."""
    from pipelines.submissions import receipts

    engine = the_ledger(the_home())
    found = receipts.find(engine, identity) or receipts.newest(engine, identity)
    if found is None:
        raise Failure(f"there is no receipt {identity}; a receipt is given when a return is sent (see `rti status`)")
    if out is not None:
        out.write_bytes(found.as_bytes())
        say(f"{out} is the receipt {found.receipt_id} of {found.submission_id}")
    else:
        say(found.document)


@app.command("rotate-key")
def rotate_key(as_json: AsJson = False) -> None:
    """Make a new key, which signs from now on. Old receipts keep their key, whose public part stays."""
    from pipelines.submissions import receipt_keys

    home = the_home()
    identity = receipt_keys.rotate(home)
    path = receipt_keys.public_path(home, identity)
    if as_json:
        say_json({"key_id": identity, "public": str(path)})
    else:
        say(f"the key {identity} signs from now on; give its public part to those who verify: {path}")


def _show(found: Verified, path: Path, language: str) -> None:
    from pipelines.core.i18n import tell

    if found.content is not None:
        about, told = found.content.get("file"), found.content
        name = about.get("name") if isinstance(about, dict) else None
        say(
            tell(
                "{path}: receipt {receipt} of {submission}, {file}, sent {at} by {sender}",
                language,
                path=path,
                receipt=told.get("receipt_id"),
                submission=told.get("submission_id"),
                file=name,
                at=told.get("sent_at"),
                sender=told.get("sender"),
            )
        )
        if told.get("demonstration"):
            say("  " + tell("It comes from a demonstration: its figures are invented.", language))
    for problem in found.problems:
        say("  " + problem.told(language))
    if found.outcome != "good":
        say("  " + tell("NOT GOOD", language))
        return
    if found.file_compared:
        say("  " + tell("The file is the one that was sent, byte for byte.", language))
    if found.known_key:
        say("  " + tell("GOOD: signed with the key you gave, {key}.", language, key=found.key_id))
        return
    say("  " + tell("The receipt is whole; it says it was signed with the key {key}.", language, key=found.key_id))
    say(
        "  "
        + tell("This does not prove whose key that is: give it with --key, from the page of the secretariat.", language)
    )
