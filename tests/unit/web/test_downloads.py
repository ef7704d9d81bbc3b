"""Tests of sending open data: parts, compression, and what the client has already."""

from __future__ import annotations

import gzip

import pytest

from pipelines.web.downloads import hold_download, send_download

TEXT = hold_download(b"0123456789" * 100, "text/csv; charset=utf-8")
BINARY = hold_download(b"0123456789", "application/vnd.apache.parquet")


@pytest.mark.parametrize(("asked", "status", "body", "content_range"), [
    ("bytes=2-4", 206, b"234", "bytes 2-4/10"),
    ("bytes=8-", 206, b"89", "bytes 8-9/10"),
    ("bytes=-3", 206, b"789", "bytes 7-9/10"),
    ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
    ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
    ("bytes=10-", 416, b"", "bytes */10"),
    ("bytes=4-2", 416, b"", "bytes */10"),
    ("bytes=0-1,3-4", 200, b"0123456789", None),
    ("items=0-1", 200, b"0123456789", None),
    ("bytes=-", 200, b"0123456789", None),
])  # fmt: skip
def test_range_returns_that_part(asked: str, status: int, body: bytes, content_range: str | None) -> None:
    response = send_download(BINARY, {"range": asked}, {})
    assert (response.status_code, response.body, response.headers.get("content-range")) == (status, body, content_range)
    assert response.headers["access-control-allow-origin"] == "*"


def test_text_is_compressed_unless_a_part_is_asked_for() -> None:
    whole = send_download(TEXT, {"accept-encoding": "gzip"}, {})
    assert gzip.decompress(bytes(whole.body)) == TEXT.content and whole.headers["content-encoding"] == "gzip"
    part = send_download(TEXT, {"accept-encoding": "gzip", "range": "bytes=0-3"}, {})
    assert part.body == b"0123" and "content-encoding" not in part.headers


def test_known_file_is_not_sent_again() -> None:
    etag = send_download(TEXT, {"accept-encoding": "gzip"}, {}).headers["etag"]
    assert send_download(TEXT, {"if-none-match": etag}, {}).status_code == 304
    assert send_download(TEXT, {"if-none-match": '"other"'}, {}).status_code == 200


def test_part_of_another_version_is_the_whole_file() -> None:
    assert send_download(BINARY, {"range": "bytes=0-1", "if-range": '"other"'}, {}).status_code == 200
