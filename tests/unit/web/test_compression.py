"""Texts of a web service are compressed, kept by browsers until they change, and everything else is passed on."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

import httpx
import pytest
from starlette.responses import Response, StreamingResponse

from pipelines.web.compression import CompressTexts
from tests.support.coroutines import run_async

TEXT = b"<p>Figures of the release</p>" * 100
LONG = b"a line of a list of changes\n" * 10_000
CHECKED = {"Cache-Control": "no-cache", "Vary": "Accept-Language"}
GZIP = {"accept-encoding": "gzip"}


def request_answer(answer: Response, headers: Mapping[str, str], method: str = "GET") -> httpx.Response:
    async def send_request() -> httpx.Response:
        transport = httpx.ASGITransport(CompressTexts(answer))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, "/", headers=dict(headers))

    return run_async(send_request())


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (TEXT, "text/html; charset=utf-8", 200),
        (TEXT, "text/html; charset=utf-8", 404),
        (LONG, "text/csv; charset=utf-8", 200),
        (TEXT, "application/atom+xml; charset=utf-8", 200),
        (TEXT, "application/json", 200),
    ],
)
def test_text_is_compressed_for_a_browser_that_accepts_it(content: bytes, media_type: str, status: int) -> None:
    whole = request_answer(Response(content, status, CHECKED, media_type), {"accept-encoding": "identity"})
    assert "content-encoding" not in whole.headers and whole.content == content
    answer = request_answer(Response(content, status, CHECKED, media_type), GZIP)
    assert answer.status_code == status and answer.content == content, "httpx decompresses it"
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(gzip.compress(content, 5, mtime=0)) < len(content) / 5
    assert answer.headers["vary"] == whole.headers["vary"] == "Accept-Language, Accept-Encoding"


def test_text_that_has_not_changed_is_not_sent_again() -> None:
    first = request_answer(Response(TEXT, 200, CHECKED, "text/html"), GZIP)
    conditional = {**GZIP, "if-none-match": f'"other", W/{first.headers["etag"]}'}
    again = request_answer(Response(TEXT, 200, CHECKED, "text/html"), conditional)
    assert again.status_code == 304 and again.content == b"" and again.headers["etag"] == first.headers["etag"]
    assert not {"content-length", "content-type", "content-encoding"} & set(again.headers)
    changed = request_answer(Response(TEXT + b"!", 200, CHECKED, "text/html"), conditional)
    assert changed.status_code == 200 and changed.content == TEXT + b"!"
    conditional["accept-encoding"] = "identity"
    uncompressed = request_answer(Response(TEXT, 200, CHECKED, "text/html"), conditional)
    assert uncompressed.status_code == 200, "the compressed form is another one"


@pytest.mark.parametrize(
    "answer",
    [
        Response(b"PNG" * 1000, 200, CHECKED, "image/png"),
        Response(TEXT, 200, {**CHECKED, "ETag": '"own"'}, "text/html"),
        Response(TEXT, 206, {"Content-Range": "bytes 0-2899/5000"}, "text/csv"),
        Response(gzip.compress(TEXT), 200, {**CHECKED, "Content-Encoding": "gzip"}, "text/html"),
        Response(b"short", 200, {"Cache-Control": "no-store"}, "text/plain"),
        StreamingResponse(iter([TEXT, TEXT]), 200, CHECKED, "text/html"),
    ],
    ids=["picture", "own ETag", "part", "compressed", "short", "stream"],
)
def test_other_answers_are_passed_on(answer: Response) -> None:
    sent = {name.decode(): value.decode() for name, value in answer.raw_headers}
    received = request_answer(answer, GZIP)
    assert received.status_code == answer.status_code
    assert {name: received.headers.get(name) for name in sent if name != "vary"} == {
        name: value for name, value in sent.items() if name != "vary"
    }
    assert received.headers.get("content-encoding") == sent.get("content-encoding")


def test_head_is_passed_on() -> None:
    received = request_answer(Response(b"", 200, CHECKED, "text/html"), GZIP, "HEAD")
    assert received.status_code == 200 and "etag" not in received.headers
