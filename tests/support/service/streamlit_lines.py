"""Lines to a Streamlit app without a browser: cookies, sessions by their id, and raw uploads."""

from __future__ import annotations

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
from websockets.sync.client import ClientConnection, connect

from pipelines.core.home import Home

BOUNDARY = "----a-file"
_PIECE = b"\0" * 256 * 1024


def xsrf_cookie(address: str) -> str:
    """Return the token that Streamlit hands to everybody."""
    return httpx.get(f"{address}/_stcore/health", trust_env=False).cookies["_streamlit_xsrf"]


def sign_in_cookie(home: Home, address: str, account: str) -> str:
    """Return a sign-in cookie as Streamlit would sign it for an account of the built-in provider."""
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    secret = json.loads((home.restricted / "keys" / "portal.json").read_text(encoding="ascii"))["cookie_secret"]
    claims = {"iss": f"{address}/identity", "sub": account, "auth_time": time.time(), "origin": address}
    value = json.dumps({**claims, "is_logged_in": True})
    return create_signed_value(secret, "_streamlit_user", value).decode()


@contextmanager
def session(address: str, cookies: dict[str, str]) -> Iterator[tuple[str, ClientConnection]]:
    """Open a page's line; give the id of its session and the line."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    line = connect(
        f"{address.replace('http', 'ws', 1)}/_stcore/stream",
        origin=address,  # type: ignore[arg-type]
        subprotocols=["streamlit", cookies["_streamlit_xsrf"]],  # type: ignore[list-item]
        additional_headers={"Cookie": cookie_header(cookies)},
        max_size=None,
        proxy=None,
        open_timeout=60,
    )
    with line:
        ask = BackMsg()
        ask.rerun_script.query_string = ""
        line.send(ask.SerializeToString())
        while True:
            message = ForwardMsg()
            message.ParseFromString(line.recv(timeout=60))  # type: ignore[arg-type]
            if message.WhichOneof("type") == "new_session":
                yield message.new_session.initialize.session_id, line
                return


def cookie_header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def put_file(
    address: str, session_id: str, size: int, cookies: dict[str, str], *, name: str = "f", chunked: bool = False
) -> int | None:
    """Put a file of zeros that is never held whole; return the status, None if the line was cut without one."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    parts = urlsplit(address)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(head) + size + len(tail)}"
    request = (
        f"PUT /_stcore/upload_file/{session_id}/{name} HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: {address}\r\n"
        f"Cookie: {cookie_header(cookies)}\r\nX-Xsrftoken: {cookies.get('_streamlit_xsrf', '')}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n\r\n"
    ).encode()
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as line:
        with suppress(ConnectionError):
            line.sendall(request)
            for piece in _pieces(head, size, tail):
                if select.select([line], [], [], 0)[0]:
                    break
                line.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            else:
                if chunked:
                    line.sendall(b"0\r\n\r\n")
        answer = b""
        with suppress(ConnectionError):
            while b"\r\n" not in answer and (data := line.recv(4096)):
                answer += data
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else None


def _pieces(head: bytes, size: int, tail: bytes) -> Iterator[bytes]:
    yield head
    left = size
    while left:
        yield _PIECE[:left]
        left -= min(left, len(_PIECE))
    yield tail


def peak_megabytes(pid: int) -> float:
    """Return the most memory that a process has had so far."""
    from pathlib import Path

    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    peak: Any = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
