"""Tests of the services' memory under requests without a sign-in, and of the limits of uploads."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.service.load import cookie_header
from tests.support.service.raw_requests import peak_megabytes, post_zeros
from tests.support.service.running import Service, run_service
from tests.support.service.visitor import Visitor, visit_service

MB = 1024 * 1024
FLAT = 40.0
"""Megabytes by which a process may grow while eight files of 150 MB are sent to it."""
PUBLIC = [sys.executable, "-m", "dashboards.public.app"]


@pytest.fixture(scope="module")
def public(home_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with run_service(home_of_module, tmp_path_factory.mktemp("public"), command=PUBLIC) as running:
        yield running


@pytest.mark.parametrize(("fixture_name", "path"), [("public", "/"), ("service", "/upload"), ("service", "/sign-in")])
def test_large_files_without_sign_in_are_refused_without_using_memory(
    fixture_name: str, path: str, request: pytest.FixtureRequest
) -> None:
    target: Service = request.getfixturevalue(fixture_name)
    before = peak_megabytes(target.process.pid)
    statuses = [post_zeros(target.address, path, 150 * MB, chunked=number % 2 == 1) for number in range(8)]
    assert set(statuses) <= {303, 405, 413, None}
    assert httpx.get(f"{target.address}/health", trust_env=False).status_code == 200
    assert peak_megabytes(target.process.pid) - before < FLAT
    assert not [path for path in target.temporary.rglob("*") if path.is_file() and path.stat().st_size > MB]


def test_public_dashboard_rejects_request_bodies(public: Service) -> None:
    with httpx.Client(base_url=public.address, trust_env=False) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for path in ("/", "/_stcore/stream", "/_stcore/health", "/auth/login", "/territory"):
                answer = client.request(method, path, content=b"x")
                assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS"), (method, path)
        for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/auth/login", "/oauth2callback"):
            assert client.get(path).status_code == 404
        assert client.get(f"/?area={'A' * 20_000}").status_code == 414


def test_servers_send_security_headers(public: Service, service: Service) -> None:
    pages = [(public, path) for path in ("/", "/en/", "/region", "/_stcore/health", "/static/none.js")]
    pages += [(service, path) for path in ("/", "/upload", "/api/", "/api/v1/submissions", "/sign-in")]
    for target, path in pages:
        answer = httpx.get(f"{target.address}{path}", trust_env=False, headers={"Accept": "text/html"})
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "referrer-policy" in answer.headers, path
        assert "server" not in answer.headers
    index = httpx.get(f"{public.address}/region", trust_env=False)
    static = index.text.partition('src="./')[2].partition('"')[0]
    answer = httpx.get(f"{public.address}/{static}", trust_env=False)
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")
    assert "unsafe-inline" not in index.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]
    assert httpx.get(f"{service.address}/api/v1/submissions", trust_env=False).headers["cache-control"] == "no-store"


def test_upload_needs_a_session_and_the_token_of_its_forms(service: Service) -> None:
    with visit_service(service, "sender") as visitor, visit_service(service, "approver") as other_visitor:
        cookie, token = cookie_header(visitor), _read_form_token(visitor)
        assert post_zeros(service.address, "/upload", 1_000, cookie=cookie, token=token) == 202
        assert post_zeros(service.address, "/upload", 1_000, cookie=cookie, token=token, chunked=True) == 202
        session = visitor.cookies["rti_session"]
        for forged in ("", f"rti_session={session[:-2]}xx", "rti_session=somebody"):
            assert post_zeros(service.address, "/upload", 1_000, cookie=forged, token=token) == 303
        for wrong_token in ("", _read_form_token(other_visitor, "/account"), token[::-1]):
            assert post_zeros(service.address, "/upload", 1_000, cookie=cookie, token=wrong_token) == 403
        assert visitor.post_raw("/sign-out", data={"csrf": token}).heading != "My returns"
        assert post_zeros(service.address, "/upload", 1_000, cookie=cookie, token=token) == 303


def test_upload_is_limited_by_size_and_uses_no_temporary_file(service: Service) -> None:
    with visit_service(service, "mk-nrm-sender") as visitor:
        cookie, token = cookie_header(visitor), _read_form_token(visitor)
        before = peak_megabytes(service.process.pid)
        assert post_zeros(service.address, "/upload", 101 * MB, cookie=cookie, token=token) in (413, None)
        assert peak_megabytes(service.process.pid) - before < FLAT, "the body is refused by its declared length"
        assert post_zeros(service.address, "/upload", 300 * MB, cookie=cookie, token=token, chunked=True) in (413, None)
        assert post_zeros(service.address, "/upload", 51 * MB, cookie=cookie, token=token) == 413
        assert peak_megabytes(service.process.pid) - before < 320, (
            "the service holds at most one request, twice while it is parsed"
        )
    assert not [path for path in service.temporary.rglob("*") if path.is_file() and path.stat().st_size > MB]


def _read_form_token(visitor: Visitor, page: str = "/upload") -> str:
    """Return the token in the forms of a visitor's page."""
    return str(visitor.open_page(page).find_elements("input[name=csrf]")[0].get("value"))
