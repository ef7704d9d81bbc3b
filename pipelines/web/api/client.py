"""Hand in files at a remote service through its API, as `rti submit --to` does.

A file may safely be sent again after any failure: the service takes the same bytes once and reports their state.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.submissions import receipts

ATTEMPTS = 5
PAUSE_SECONDS = 1.0
"""Seconds before the first repetition; doubled before each further one, unless the service states a time."""
LONGEST_PAUSE_SECONDS = 60.0
TIMEOUT = httpx.Timeout(10.0, read=300.0, write=120.0)
"""The answer arrives when the file has waited for its turn and is checked."""
_AGAIN = frozenset({429, 502, 503, 504})


class RemoteError(UserFacingError):
    """The service did not do what was requested: it cannot be reached, or it gives a reason."""


@dataclass(frozen=True, slots=True)
class RemoteResult:
    """Result for one file: the JSON of `rti submit`, and the receipt, byte for byte, if the return was sent."""

    content: dict[str, Any]
    receipt: bytes | None

    @property
    def receipt_name(self) -> str | None:
        receipt = self.content.get("receipt")
        return f"receipt-{receipt['receipt_id']}.json" if isinstance(receipt, dict) else None


@dataclass(frozen=True, slots=True)
class Remote:
    """A service and the client's token. `transport` and `pause` are for tests."""

    address: str
    token: str
    language: str = "en"
    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = time.sleep

    def __repr__(self) -> str:
        return f"Remote(address={self.address!r})"


def address_of(text: str) -> str:
    """Return the API's address from what a person wrote: the portal's address or the API's own. Raises RemoteError.

    A token is sent over the network only encrypted, except to this machine itself.
    """
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        raise RemoteError(
            mark("{text} is not an address; write for example https://portal.example.org."), text=text
        ) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise RemoteError(mark("{text} is not an address; write for example https://portal.example.org."), text=text)
    if url.scheme == "http" and url.host not in ("localhost", "127.0.0.1", "::1"):
        raise RemoteError(mark("{text} is not encrypted, and a token would be readable; use https."), text=text)
    path = url.path.rstrip("/")
    return str(url.copy_with(path=path if path.endswith("/api") else f"{path}/api", query=None, fragment=None))


def submit_file(
    remote: Remote,
    data: bytes,
    filename: str,
    *,
    form: str | None = None,
    kind: str | None = None,
    corrects: str | None = None,
    send: bool = True,
    reason: str | None = None,
) -> RemoteResult:
    """Hand in one file; raises RemoteError. A file that was not kept is also an answer."""
    fields = {"form": form, "kind": kind, "corrects": corrects, "reason": reason, "language": remote.language}
    query = {name: value for name, value in fields.items() if value is not None} | {"send": "true" if send else "false"}
    headers = {"X-Filename": quote(filename), "Content-Type": "application/octet-stream"}
    with _client(remote) as client:
        response = _request_with_retries(
            remote, lambda: client.post("/v1/submissions", params=query, headers=headers, content=data)
        )
        content = _json(response)
        if response.status_code == 422 and isinstance(content.get("result"), dict):
            return RemoteResult(content["result"], None)
        if response.status_code not in (200, 201):
            raise _refusal(response, content)
        _about_these_bytes(content, data)
        if not isinstance(content.get("receipt"), dict):
            return RemoteResult(content, None)
        path = f"/v1/submissions/{quote(str(content['submission_id']), safe='')}/receipt"
        upload_response = _request_with_retries(remote, lambda: client.get(path))
        if upload_response.status_code != 200:
            raise _refusal(upload_response, _json(upload_response))
    if problems := receipts.verify_receipt(upload_response.content, file=data).problems:
        raise RemoteError(mark("The receipt of {file} is not good: {problem}"), file=filename, problem=problems[0])
    return RemoteResult(content, upload_response.content)


def store_receipt(folder: Path, answer: RemoteResult) -> Path | None:
    """Store a receipt in a folder; return its path, or None without a receipt. The same receipt twice is one file."""
    if answer.receipt is None or answer.receipt_name is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(answer.receipt_name).name
    aside = folder / f".{path.name}.new"
    aside.write_bytes(answer.receipt)
    aside.replace(path)
    return path


# ------------------------------------------------------------------------------------------------------------ the parts


def _client(remote: Remote) -> httpx.Client:
    # Redirects are not followed, so that the token goes only to the intended address.
    return httpx.Client(
        base_url=remote.address,
        headers={"Authorization": f"Bearer {remote.token}", "Accept": "application/json"},
        timeout=TIMEOUT,
        transport=remote.transport,
    )


def _request_with_retries(remote: Remote, ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Repeat a request until its answer would not change. Raises RemoteError after the last attempt."""
    pause = PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        stated_seconds: float | None = None
        try:
            response = ask()
        except httpx.TransportError as error:
            if attempt == ATTEMPTS:
                raise RemoteError(
                    mark("{address} cannot be reached ({reason}); check address and network, and send it again."),
                    address=remote.address,
                    reason=str(error) or type(error).__name__,
                ) from error
        else:
            if response.status_code not in _AGAIN or attempt == ATTEMPTS:
                return response
            retry_after = response.headers.get("retry-after", "")
            stated_seconds = float(retry_after) if retry_after.isdecimal() else None
        remote.pause(min(stated_seconds if stated_seconds is not None else pause, LONGEST_PAUSE_SECONDS))
        pause *= 2
    raise AssertionError("the loop ends by returning or raising")


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise RemoteError(
            mark("{address} does not answer as the service of returns does (status {status}); check the address."),
            address=str(response.url.copy_with(query=None)),
            status=response.status_code,
        )
    return content


def _refusal(response: httpx.Response, content: dict[str, Any]) -> RemoteError:
    detail, remedy = content.get("detail"), content.get("remedy")
    return RemoteError(
        mark("The service refuses (status {status}): {detail} {remedy}"),
        status=response.status_code,
        detail=str(detail or content.get("title") or ""),
        remedy=str(remedy or ""),
    )


def _about_these_bytes(content: dict[str, Any], data: bytes) -> None:
    file = content.get("file")
    if not isinstance(file, dict) or file.get("sha256") != hashlib.sha256(data).hexdigest():
        raise RemoteError(
            mark("The service answered about another file, so the result for this one is not known. Send it again.")
        )
