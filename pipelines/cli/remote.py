"""Hand in files at a remote service for `rti submit --to`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.cli.common import CommandError, bytes_of, return_bytes
from pipelines.cli.handed_in import HandInResult, go_through


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
    """Hand in files at a service. A file that fails does not delay the others; the exit code reports it."""
    from pipelines.web.api import client

    try:
        remote = client.Remote(client.address_of(address), token_of(token_file), language)
    except client.RemoteError as error:
        raise CommandError(error.localize_message(language)) from None

    pages = remote.address.removesuffix("/api")

    def hand_in(file: Path) -> HandInResult:
        answer = client.submit_file(remote, return_bytes(file), file.name, **options)
        return HandInResult(
            answer.content, client.store_receipt(receipts, answer) if receipts is not None else None, pages
        )

    go_through(files, hand_in, language, as_json)


def token_of(path: Path | None) -> str:
    """Return the token from a file, else from the settings; never show it. Raises CommandError if there is none."""
    from pipelines.core.settings import CommandSettings, read_secret

    if path is not None:
        text = bytes_of(path).decode("ascii", "replace")
    else:
        text = read_secret(CommandSettings, "token") or ""
    if not (token := text.strip()):
        raise CommandError("there is no token; name a file that holds it with --token-file, or set RTI_TOKEN")
    return token
