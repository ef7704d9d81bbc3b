"""What somebody who has not signed in can do to the memory of the services, and what one who has can upload."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.support.service.running import Service, serving
from tests.support.service.streamlit_lines import peak_megabytes, put_file, session, sign_in_cookie, xsrf_cookie

MB = 1024 * 1024
FLAT = 40.0
"""Megabytes by which a process may grow while eight files of 150 MB are sent to it."""
PUBLIC = [sys.executable, "-m", "dashboards.public.app"]


@pytest.fixture(scope="module")
def public(home_of_module: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with serving(home_of_module, tmp_path_factory.mktemp("public"), command=PUBLIC) as running:
        yield running


@pytest.mark.parametrize("which", ["public", "service"])
def test_eight_big_files_of_nobody_are_refused_and_memory_stays_flat(
    which: str, request: pytest.FixtureRequest
) -> None:
    served: Service = request.getfixturevalue(which)
    cookies = {"_streamlit_xsrf": xsrf_cookie(served.address)}
    with session(served.address, cookies) as (session_id, _):
        before = peak_megabytes(served.process.pid)
        statuses = [
            put_file(served.address, session_id, 150 * MB, cookies, name=f"f{number}", chunked=number % 2 == 1)
            for number in range(8)
        ]
        assert set(statuses) <= {401, 405, None}
        assert httpx.get(f"{served.address}/_stcore/health", trust_env=False).text == "ok"
        assert peak_megabytes(served.process.pid) - before < FLAT
    assert not [path for path in served.temporary.rglob("*") if path.is_file() and path.stat().st_size > MB]


def test_public_dashboard_accepts_no_body_anywhere(public: Service) -> None:
    with httpx.Client(base_url=public.address, trust_env=False) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            for path in ("/", "/_stcore/stream", "/_stcore/health", "/auth/login", "/territory"):
                answer = client.request(method, path, content=b"x")
                assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS"), (method, path)
        for path in ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/auth/login", "/oauth2callback"):
            assert client.get(path).status_code == 404
        assert client.get(f"/?area={'A' * 20_000}").status_code == 414


def test_headers_of_the_real_servers(public: Service, service: Service) -> None:
    pages = [(public, path) for path in ("/", "/territory", "/_stcore/health", "/static/none.js")]
    pages += [(service, path) for path in ("/", "/upload", "/api/", "/api/v1/submissions", "/identity/jwks")]
    for served, path in pages:
        answer = httpx.get(f"{served.address}{path}", trust_env=False, headers={"Accept": "text/html"})
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "referrer-policy" in answer.headers, path
        assert "server" not in answer.headers
    index = httpx.get(public.address, trust_env=False)
    static = index.text.partition('src="./')[2].partition('"')[0]
    answer = httpx.get(f"{public.address}/{static}", trust_env=False)
    assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff")
    assert "unsafe-inline" not in index.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]
    assert httpx.get(f"{service.address}/api/v1/submissions", trust_env=False).headers["cache-control"] == "no-store"


def test_upload_needs_a_verified_sign_in_and_a_session_of_ones_own(service: Service) -> None:
    address = service.address
    nobody = {"_streamlit_xsrf": xsrf_cookie(address)}
    sender = {**nobody, "_streamlit_user": sign_in_cookie(service.home, address, "sender")}
    other = {**nobody, "_streamlit_user": sign_in_cookie(service.home, address, "approver")}
    unknown = {**nobody, "_streamlit_user": sign_in_cookie(service.home, address, "nobody-at-all")}
    forged = {**sender, "_streamlit_user": sender["_streamlit_user"][:-2] + "xx"}
    with ExitStack() as stack:
        own, _ = stack.enter_context(session(address, sender))
        anonymous, _ = stack.enter_context(session(address, nobody))
        assert put_file(address, own, 1_000, sender) == 204
        assert put_file(address, own, 1_000, sender, chunked=True) == 204
        for cookies in (nobody, unknown, forged):
            assert put_file(address, own, 1_000, cookies) == 401
        assert put_file(address, own, 1_000, other) == 403
        assert put_file(address, anonymous, 1_000, sender) == 403
        assert put_file(address, "no-such-session", 1_000, sender) == 403
    assert put_file(address, own, 1_000, sender) == 403  # its page is closed


def test_upload_is_limited_by_size_and_by_number_of_files(service: Service) -> None:
    address = service.address
    cookies = {"_streamlit_xsrf": xsrf_cookie(address)}
    cookies["_streamlit_user"] = sign_in_cookie(service.home, address, "mk-nrm-sender")
    with session(address, cookies) as (own, _):
        before = peak_megabytes(service.process.pid)
        assert put_file(address, own, 51 * MB, cookies) in (413, None)
        assert put_file(address, own, 300 * MB, cookies, chunked=True) in (413, None)
        assert peak_megabytes(service.process.pid) - before < 70
        statuses = [put_file(address, own, 10, cookies, name=f"f{number}") for number in range(42)]
        assert (statuses[:40], statuses[40:]) == ([204] * 40, [429] * 2)
