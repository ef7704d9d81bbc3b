"""A request that fails is answered in the reader's language, without the words of the error."""

from __future__ import annotations

import logging
import re

import httpx
import pytest

from dashboards.public.failures import answer_failure
from dashboards.public.problems import NOT_SHOWN, UNFORESEEN
from pipelines.core import i18n
from pipelines.web.fault_log import UnhandledErrorGuard
from pipelines.words.language import read_in, tell
from tests.support.coroutines import run_async

SECRET = "/srv/home/release.duckdb: 17 Jane Doe"


async def raise_error(*_: object) -> None:
    raise OSError(SECRET)


def request_failing(path: str, **headers: str) -> httpx.Response:
    async def send_request() -> httpx.Response:
        app = UnhandledErrorGuard(raise_error, lambda scope, error: answer_failure(scope, error, "help@example.org"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    return run_async(send_request())


@pytest.mark.parametrize(
    ("path", "accepted", "language"),
    [
        ("/mk/index.html", "sq", "mk"),
        ("/releases/2026-Q3/sr-Latn/brief.pdf", "sq", "sr-Latn"),
        ("/region?lang=hr", "sq", "hr"),
        ("/figures/abc", "sq", "sq"),
        ("/", "", "en"),
    ],
)
def test_failure_is_a_page_in_the_language_of_the_address(
    path: str, accepted: str, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = request_failing(path, accept="text/html", accept_language=accepted)
    assert answer.status_code == 500 and answer.headers["cache-control"] == "no-store"
    tag = i18n.html_lang(language)
    assert f'<html lang="{tag}">' in answer.text and answer.headers["content-language"] == tag
    with read_in(language):
        assert f"<h1>{tell(NOT_SHOWN)}</h1>" in answer.text and tell(UNFORESEEN) in answer.text
    assert 'href="mailto:help@example.org"' in answer.text and f'href="/{tag}/"' in answer.text
    assert not re.search(r"Jane|duckdb|Traceback|OSError", answer.text + caplog.text.replace("OSError", "", 1))
    (reference,) = re.findall(r"reference ([0-9a-f]{8})", caplog.text)
    assert reference in answer.text, "the operator finds what the reader reports"


def test_failure_of_a_program_is_a_line_of_text() -> None:
    answer = request_failing("/v2/data/dataflow/RTI/JUSTICE", accept="application/json")
    assert answer.status_code == 500 and answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith("These figures cannot be shown at the moment") and answer.text.count("\n") == 1
