"""Send large bodies to a service from a socket without holding them in memory, and measure its peak memory."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

BOUNDARY = "----a-file"
_PIECE = b"\0" * 256 * 1024


def post_zeros(
    address: str, path: str, size: int, *, cookie: str = "", token: str = "", chunked: bool = False
) -> int | None:
    """Post a form with a file of zeros; return the status, or None if the connection was cut without one."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{token}\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'
    ).encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    parts = urlsplit(address)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(head) + size + len(tail)}"
    request = (
        f"POST {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: {address}\r\nCookie: {cookie}\r\n"
        f"Accept: application/json\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n{length}\r\n\r\n"
    ).encode()
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=60) as connection:
        with suppress(ConnectionError):
            connection.sendall(request)
            for piece in _pieces(head, size, tail):
                if select.select([connection], [], [], 0)[0]:
                    break
                connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            else:
                if chunked:
                    connection.sendall(b"0\r\n\r\n")
        answer = b""
        with suppress(ConnectionError):
            while b"\r\n" not in answer and (data := connection.recv(4096)):
                answer += data
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else None


def _pieces(head: bytes, size: int, tail: bytes) -> Iterator[bytes]:
    yield head
    remaining = size
    while remaining:
        yield _PIECE[:remaining]
        remaining -= min(remaining, len(_PIECE))
    yield tail


def peak_megabytes(pid: int) -> float:
    """Return the most memory that a process has had so far, or since its peak was reset."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    peak: Any = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def reset_peak(pid: int) -> float:
    """Forget the peak memory of a process, as Linux does for a 5 in `clear_refs`; return the memory that it has now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    return peak_megabytes(pid)
