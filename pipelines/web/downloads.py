"""Send open data: to pages of any site, in parts, compressed, and only if the client does not have it yet."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

CROSS_ORIGIN: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Range, If-None-Match, If-Range, Accept, Accept-Language",
    "Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag, Link, Warning",
    "Access-Control-Max-Age": "86400",
}
"""Headers that let scripts of every site read what is sent. Open data needs no cookie, so that none is allowed."""
_COMPRESSIBLE: Final = re.compile(r"text/|application/(.+\+)?(json|xml|csv)|application/.*\+(json|xml|csv)")
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")
_LEVEL: Final = 5


@dataclass(frozen=True)
class Download:
    """A file in memory: a text is kept compressed, everything else as it is."""

    stored: bytes
    size: int
    is_compressed: bool
    etag: str
    media_type: str

    @property
    def content(self) -> bytes:
        """Return the bytes of the file."""
        return gzip.decompress(self.stored) if self.is_compressed else self.stored


def hold_download(content: bytes, media_type: str) -> Download:
    """Return a file to be kept in memory."""
    compresses = _COMPRESSIBLE.match(media_type) is not None
    stored = gzip.compress(content, _LEVEL, mtime=0) if compresses else content
    digest = hashlib.sha256(content).hexdigest()[:32]
    return Download(stored, len(content), compresses, digest, media_type)


def send_download(file: Download, headers: Mapping[str, str], more: Mapping[str, str]) -> Response:
    """Return a file or the part that `Range` asks for; 304 if the client has it; 416 for a part beyond its end.

    `headers` are those of the request in lower case, `more` is added to the answer. A part is never compressed.
    """
    etag = f'"{file.etag}"'
    sent = {**CROSS_ORIGIN, "Accept-Ranges": "bytes", "ETag": etag, "Vary": "Accept-Encoding", **more}
    tags = {tag.strip().removeprefix("W/").replace('-gz"', '"') for tag in headers.get("if-none-match", "").split(",")}
    if etag in tags or "*" in tags:
        return Response(b"", 304, sent)
    range_match = _RANGE.fullmatch(headers.get("range", "").strip())
    if range_match is not None and range_match.group() != "bytes=-" and headers.get("if-range", etag) == etag:
        return _send_part(file, range_match[1], range_match[2], sent)
    if file.is_compressed and "gzip" in headers.get("accept-encoding", ""):
        sent |= {"Content-Encoding": "gzip", "ETag": f'"{file.etag}-gz"'}
        return Response(file.stored, 200, sent, file.media_type)
    return Response(file.content, 200, sent, file.media_type)


def _send_part(file: Download, first: str, last: str, sent: Mapping[str, str]) -> Response:
    """Return the bytes from `first` to `last`; without `first`, the last so many."""
    start = int(first) if first else max(file.size - int(last), 0)
    end = min(int(last), file.size - 1) if first and last else file.size - 1
    if start >= file.size or start > end:
        return Response(b"", 416, {**sent, "Content-Range": f"bytes */{file.size}"})
    headers = {**sent, "Content-Range": f"bytes {start}-{end}/{file.size}"}
    return Response(file.content[start : end + 1], 206, headers, file.media_type)
