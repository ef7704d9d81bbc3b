"""Read a file from a request: count its bytes as they arrive, and take its name from a header.

The bytes are held in memory and never written to a temporary file, so that nothing of a return is left behind before
it is stored.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from urllib.parse import unquote

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException

from pipelines.core.i18n import tell
from pipelines.reading.formats.common import MAX_BYTES
from pipelines.web.api.problems import ProblemError
from pipelines.web.files import InMemoryParser


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file as it arrived in a request."""

    data: bytes
    filename: str


async def file_of(request: Request, language: str, grow: Callable[[int], None]) -> ReceivedFile:
    """Return the only file of a request; `grow` is called with the number of bytes added. Raises ProblemError (too
    big, no name, no bytes, several files)."""
    data = await _bytes_of(request, language, grow)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data":
        return await _part_of(request, data, language)
    name = _name_of(request)
    if not name:
        detail = tell("The file has no name; send it as `X-Filename` or `Content-Disposition`.", language)
        raise ProblemError(400, detail, language=language)
    if not data:
        raise ProblemError(400, tell("The request has no bytes.", language), language=language)
    return ReceivedFile(data, name)


async def _bytes_of(request: Request, language: str, grow: Callable[[int], None]) -> bytes:
    """Return all bytes of a request, or refuse it as soon as there are too many, whatever length it states."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            limit = MAX_BYTES // 1024 // 1024
            detail = tell("The request has more than {limit} MB.", language, limit=limit)
            raise ProblemError(413, detail, language=language, headers={"Connection": "close"}, limit=limit)
        grow(len(part))
        parts.append(part)
    return b"".join(parts)


async def _part_of(request: Request, data: bytes, language: str) -> ReceivedFile:
    async def stream_body() -> AsyncGenerator[bytes, None]:
        yield data
        yield b""

    try:
        form = await InMemoryParser(request.headers, stream_body(), max_files=2, max_fields=20).parse()
    except (MultiPartException, KeyError) as error:
        detail = tell("The multipart body cannot be read: {reason}", language, reason=str(error))
        raise ProblemError(400, detail, language=language) from None
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    if len(files) != 1 or not files[0].filename:
        detail = tell("Send one file with its name in a request; this one has {n}.", language, n=len(files))
        raise ProblemError(400, detail, language=language)
    return ReceivedFile(await files[0].read(), files[0].filename)


def _name_of(request: Request) -> str:
    """Return `X-Filename` (percent-encoded UTF-8), else the `filename` of `Content-Disposition` (RFC 6266)."""
    from email.message import Message

    if header := request.headers.get("x-filename"):
        return unquote(header).strip()
    if not (disposition := request.headers.get("content-disposition")):
        return ""
    message = Message()
    message["Content-Disposition"] = disposition
    return (message.get_filename() or "").strip()
