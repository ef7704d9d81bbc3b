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
    CommandError,
    Language,
    bytes_of,
    print_line,
    rotate_signing_key,
    say_json,
    the_home,
    the_ledger,
)

if TYPE_CHECKING:
    from pipelines.submissions.receipts import ReceiptVerification

app = typer.Typer(help="Verify or show signed receipts, or change the signing key.", no_args_is_help=True)


@app.command()
def verify(
    receipt: Annotated[Path, typer.Argument(help="The receipt file, as issued.", metavar="FILE")],
    file: Annotated[
        Path | None, typer.Option("--file", help="The return that the receipt is for.", metavar="RETURN")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The public key that should have signed it.", metavar="PUBLIC.pem")
    ] = None,
    language: Language = "en",
    as_json: AsJson = False,
) -> None:
    """Verify a receipt, without a home or network. Exit code 0: good; 1: not good; 2: cannot be read."""
    from pipelines.submissions import receipt_keys, receipts

    document = bytes_of(receipt)
    data = bytes_of(file) if file is not None else None
    try:
        public_key = receipt_keys.read_public(bytes_of(key)) if key is not None else None
    except receipt_keys.KeyFileError as error:
        raise CommandError(f"{key}: {error.localize_message(language)}", UNREADABLE) from None
    verified = receipts.verify_receipt(document, file=data, key=public_key)
    if as_json:
        say_json(
            {
                "outcome": verified.outcome,
                "problems": [p.localize_message(language) for p in verified.problems],
                "key_id": verified.key_id,
                "known_key": verified.known_key,
                "file_compared": verified.file_compared,
                "receipt": verified.content,
            }
        )
    else:
        _show(verified, receipt, language)
    raise typer.Exit({"good": GOOD, "not good": ERRORS, "unreadable": UNREADABLE}[verified.outcome])


@app.command()
def show(
    identity: Annotated[str, typer.Argument(help="A receipt's or a submission's id.", metavar="ID")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the receipt to this file, as issued.")] = None,
) -> None:
    """Show the receipt of a submission, byte for byte."""
    from pipelines.submissions import receipts

    engine = the_ledger(the_home())
    receipt = receipts.find_receipt(engine, identity) or receipts.find_newest_receipt(engine, identity)
    if receipt is None:
        raise CommandError(
            f"there is no receipt {identity}; a receipt is given when a return is sent (see `rti status`)"
        )
    if out is not None:
        out.write_bytes(receipt.as_bytes())
        print_line(f"{out} is the receipt {receipt.receipt_id} of {receipt.submission_id}")
    else:
        print_line(receipt.document)


@app.command("rotate-key")
def rotate_key(as_json: AsJson = False) -> None:
    """Create a new key that signs from now on. Old receipts keep their key, and its public part is kept."""
    from pipelines.submissions import receipt_keys

    rotate_signing_key(receipt_keys.RECEIPT_KEYS, as_json)


def _show(verified: ReceiptVerification, path: Path, language: str) -> None:
    from pipelines.core.i18n import tell

    if verified.content is not None:
        about, content = verified.content.get("file"), verified.content
        name = about.get("name") if isinstance(about, dict) else None
        print_line(
            tell(
                "{path}: receipt {receipt} of {submission}, {file}, sent {at} by {sender}",
                language,
                path=path,
                receipt=content.get("receipt_id"),
                submission=content.get("submission_id"),
                file=name,
                at=content.get("sent_at"),
                sender=content.get("sender"),
            )
        )
        if content.get("demonstration"):
            print_line("  " + tell("It comes from a demonstration: its figures are invented.", language))
    for problem in verified.problems:
        print_line("  " + problem.localize_message(language))
    if verified.outcome != "good":
        print_line("  " + tell("NOT GOOD", language))
        return
    if verified.file_compared:
        print_line("  " + tell("The file is the one that was sent, byte for byte.", language))
    if verified.known_key:
        print_line("  " + tell("GOOD: signed with the key you gave, {key}.", language, key=verified.key_id))
        return
    print_line(
        "  " + tell("The receipt is complete. It names {key} as the key that signed it.", language, key=verified.key_id)
    )
    print_line(
        "  "
        + tell("This does not prove whose key that is: give it with --key, from the page of the secretariat.", language)
    )
