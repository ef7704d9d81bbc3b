"""Receive files in memory and send files to save, for the pages and the API."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from starlette.formparsers import MultiPartParser
from starlette.responses import Response

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class InMemoryParser(MultiPartParser):
    """Hold every part in memory: Starlette writes files of more than 1 MB to a temporary file.

    The caller limits the bytes that it passes on, so that this limit is never reached.
    """

    spool_max_size = 1 << 40


def send_file(content: bytes, filename: str, media_type: str) -> Response:
    """Return a file to save, under a name in any script (RFC 6266)."""
    plain_name = "".join(
        character if character.isascii() and character.isprintable() and character not in '"\\' else "_"
        for character in filename
    )
    disposition = f"attachment; filename=\"{plain_name}\"; filename*=UTF-8''{quote(filename, safe='')}"
    return Response(
        content, media_type=media_type, headers={"Content-Disposition": disposition, "Cache-Control": "no-store"}
    )
