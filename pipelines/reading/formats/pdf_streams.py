"""Refuse a PDF whose packed streams unpack to far more than a return can hold."""

from __future__ import annotations

import re
import zlib

from pipelines.model.content import ReadError

MAX_STREAM = 200 * 1024 * 1024
MAX_RATIO = 200
RATIO_FROM = 20 * 1024 * 1024
_STREAM = re.compile(rb"stream\r?\n")


def guard_streams(data: bytes) -> None:
    """Inflate and count every packed stream; raise `read.pdf.bomb` before a PDF library unpacks it."""
    total = 0
    for match in _STREAM.finditer(data):
        start = match.end()
        if data[start : start + 1] not in (b"x", b"h", b"8", b"H", b"X"):
            continue
        engine = zlib.decompressobj()
        size, position = 0, start
        remaining = b""
        try:
            while not engine.eof:
                feed = remaining or data[position : position + 16_384]
                if not feed:
                    break
                if not remaining:
                    position += len(feed)
                size += len(engine.decompress(feed, 1 << 20))
                remaining = engine.unconsumed_tail
                packed = position - start
                if size > MAX_STREAM or (size > RATIO_FROM and size > MAX_RATIO * packed):
                    raise ReadError("read.pdf.bomb", megabytes=size // (1024 * 1024))
        except zlib.error:
            pass  # not a packed stream after all, or a damaged one: leave it to the PDF library
        total += size
        if total > 2 * MAX_STREAM:
            raise ReadError("read.pdf.bomb", megabytes=total // (1024 * 1024))
