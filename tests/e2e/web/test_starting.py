"""Tests of the service as a process: memory under requests without a sign-in and under uploads, languages, security
headers, settings, and a log without secrets.
"""

from __future__ import annotations

import ast
import http.client
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from pipelines.core import i18n
from tests.support.paths import ROOT
from tests.support.ports import free_port
from tests.support.service.load import cookie_header
from tests.support.service.raw_requests import peak_megabytes, post_zeros, reset_peak
from tests.support.service.running import Service
from tests.support.service.visitor import Visitor, visit_service

PATHS = (
    "/",
    "/upload",
    "/health",
    "/live",
    "/ready",
    "/static/nothing.js",
    "/api/",
    "/api/openapi.json",
    "/api/v1/submissions",
    "/api/nothing",
    "/sign-in",
    "/sign-in/nothing",
    "/password",
    "/oauth2callback",
    "/nothing/at/all",
)
MB = 1024 * 1024
FLAT = 40.0
"""Megabytes by which a process may grow while four files of 60 MB are sent to it."""
HEADERS = (
    "x-content-type-options",
    "referrer-policy",
    "x-frame-options",
    "content-security-policy",
    "permissions-policy",
)


# ------------------------------------------------------------------------------------------------ requests and uploads


@pytest.fixture(scope="module")
def service(portal: Service) -> Service:
    """The service that other modules test as well."""
    return portal


@pytest.mark.parametrize(("fixture_name", "path"), [("public", "/"), ("service", "/upload"), ("service", "/sign-in")])
def test_large_files_without_sign_in_are_refused_without_using_memory(
    fixture_name: str, path: str, request: pytest.FixtureRequest
) -> None:
    target: Service = request.getfixturevalue(fixture_name)
    before = reset_peak(target.process.pid)
    statuses = [post_zeros(target.address, path, 60 * MB, chunked=number % 2 == 1) for number in range(4)]
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
        assert visitor.post_raw("/sign-out", data={"csrf": token}).heading != "Returns"
        assert post_zeros(service.address, "/upload", 1_000, cookie=cookie, token=token) == 303


def test_upload_is_limited_by_size_and_uses_no_temporary_file(service: Service) -> None:
    with visit_service(service, "mk-nrm-sender") as visitor:
        cookie, token = cookie_header(visitor), _read_form_token(visitor)
        before = reset_peak(service.process.pid)
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


# ------------------------------------------------------------------------------------------------- pages, headers, log


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_every_response_has_security_headers(service: Service, path: str, accept: str) -> None:
    answer = httpx.get(service.address + path, headers={"Accept": accept}, trust_env=False)
    for name in HEADERS:
        assert answer.headers.get_list(name), (name, answer.status_code)
        assert len(answer.headers.get_list(name)) == 1, name
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "http:" not in policy.replace("http://127.0.0.1", "")
    assert "server" not in answer.headers and "x-powered-by" not in answer.headers


@pytest.mark.parametrize("language", i18n.list_languages())
def test_document_has_the_chosen_language(service: Service, language: str) -> None:
    with httpx.Client(base_url=service.address, headers={"Accept": "text/html"}, trust_env=False) as client:
        answer = client.get("/sign-in", headers={"Cookie": f"rti_language={language}"})
        assert re.findall(r'<html lang="([^"]*)"', answer.text) == [i18n.html_lang(language)]
        by_header = client.get("/sign-in", headers={"Accept-Language": f"{language};q=0.9"})
        assert re.findall(r'<html lang="([^"]*)"', by_header.text) == [i18n.html_lang(language)]
    assert len(answer.content) == int(answer.headers["content-length"])


@pytest.mark.parametrize("path", ["/nothing/at/all", "/upload/x", "/Upload", "/", "/people"])
def test_signed_out_visitor_is_redirected_to_sign_in_and_back(service: Service, path: str) -> None:
    with httpx.Client(base_url=service.address, headers={"Accept": "text/html"}, trust_env=False) as client:
        answer = client.get(path)
        query = "" if path == "/" else f"?next={quote(path, safe='')}"
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in{query}")
        assert client.get("/api/").status_code == 200


def test_unknown_address_links_to_the_first_page(service: Service) -> None:
    with visit_service(service, "sender") as visitor:
        page = visitor.open_page("/nothing/at/all")
        assert (page.status, page.heading) == (404, "Page not found")
        assert page.follow_link("To the list of returns").heading == "Returns"


def test_style_and_script_are_cacheable(service: Service) -> None:
    with visit_service(service, "sender") as visitor:
        tree = visitor.open_page("/upload").tree
        [style], [script] = tree.cssselect("link[rel=stylesheet]"), tree.cssselect("script")
        for address, kind, expected_words in (
            (style.get("href"), "text/css; charset=utf-8", (".rti-table", "--rti-brand")),
            (script.get("src"), "text/javascript; charset=utf-8", ("EventSource",)),
        ):
            answer = httpx.get(f"{service.address}{address}", trust_env=False)
            assert answer.status_code == 200 and answer.headers["content-type"] == kind
            assert "immutable" in answer.headers["cache-control"]
            assert all(word in answer.text for word in expected_words)


def test_unknown_language_is_ignored(service: Service) -> None:
    headers = {"Accept": "text/html", "Cookie": 'rti_language="><script>'}
    answer = httpx.get(f"{service.address}/sign-in", headers=headers, trust_env=False)
    assert '<html lang="en"' in answer.text


def test_path_traversal_is_refused(service: Service) -> None:
    parts = urlsplit(service.address)
    for path in ("/static/../../../../../../etc/passwd", "/..%2f..%2fledger.sqlite", "//etc/passwd", "/%00"):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        connection.putrequest("GET", path, skip_host=False)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status in (303, 400, 404), (path, answer.status)
        assert b"root:" not in body and b"SQLite format" not in body


def test_secrets_are_readable_only_by_their_owner(service: Service) -> None:
    restricted = service.home.restricted
    for path in (restricted / "keys" / "portal.json", restricted / "demonstration-accounts.txt"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(restricted.stat().st_mode) == 0o700
    secrets = json.loads((restricted / "keys" / "portal.json").read_text())
    log = service.log.read_text(encoding="utf-8", errors="replace")
    assert not any(secret in log for secret in secrets.values())


def test_log_contains_no_requested_address(service: Service) -> None:
    httpx.get(f"{service.address}/oauth2callback?code=a-code-that-counts&state=nobody-s", trust_env=False)
    assert "a-code-that-counts" not in service.log.read_text(encoding="utf-8", errors="replace")


def test_start_with_used_port_or_missing_home_fails(service: Service, tmp_path: Path) -> None:
    port = urlsplit(service.address).port
    command = [sys.executable, "-m", "dashboards.office.app", "--port"]
    environment = {**os.environ, "RTI_HOME": str(tmp_path)}
    process = subprocess.run(
        [*command, str(free_port())], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert process.returncode != 0
    assert "there is no home" in process.stderr and "Traceback" not in process.stderr
    environment["RTI_HOME"] = str(service.home.root)
    second_process = subprocess.run(
        [*command, str(port)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert second_process.returncode != 0
    assert str(port) in second_process.stderr and "Traceback" not in second_process.stderr


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"RTI_PORTAL_URL": "http://returns.example"}, "use https"),
        ({"RTI_PORTAL_URL": "https://returns.example/portal"}, "without a path"),
        ({"RTI_OIDC_METADATA_URL": "https://id.example/.well-known/openid-configuration"}, "RTI_OIDC_CLIENT_ID"),
    ],
)
def test_start_with_a_wrong_setting_fails(service: Service, settings: dict[str, str], message: str) -> None:
    environment = {**os.environ, "RTI_HOME": str(service.home.root), **settings}
    command = [sys.executable, "-m", "dashboards.office.app", "--port", str(free_port())]
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert process.returncode != 0
    assert message in process.stderr and "Traceback" not in process.stderr, process.stderr


# ------------------------------------------------------------------------------- public app without restricted modules


_CLOSURE = """
import os, sys

restricted, opened = os.path.join(os.environ["RTI_HOME"], "restricted"), []
def hear(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith(restricted):
        opened.append(str(arguments[0]))
sys.addaudithook(hear)
from streamlit.testing.v1 import AppTest

ran = [AppTest.from_file("dashboards/public/pages/navigation.py", default_timeout=120).run()]
for page in sys.argv[1:]:
    script = f"from dashboards.public.pages import {page}\\n{page}.render_page()"
    ran.append(AppTest.from_string(script, default_timeout=120).run())
assert not any(test.exception for test in ran), [test.exception for test in ran]
assert all(test.main.children for test in ran)
# DuckDB opens files without audit events, so check the open file descriptors too.
opened += [link for link in map(os.path.realpath, os.scandir("/proc/self/fd")) if link.startswith(restricted)]
heard = list(opened)
os.listdir(restricted)
assert opened == [*heard, restricted], "the audit hook misses opened files"
print("opened", heard)
print("\\n".join(sorted(sys.modules)))
"""
_NOT_FOR_THE_PUBLIC = ("pipelines.ledger", "pipelines.submissions", "pipelines.web", "sqlalchemy")
_GUARDS = (
    "pipelines.web.guards", "pipelines.web.settings", "pipelines.web.security_headers", "pipelines.web.health",
    "pipelines.web.downloads", "pipelines.web.mounted_service", "pipelines.web.sdmx", "pipelines.web.open_data",
    "pipelines.web.metrics", "pipelines.web.compression", "pipelines.web.fault_log",
)  # fmt: skip
"""Modules that the public app shares with the office service, without a sign-in: limits, headers, health, files."""


def _is_restricted(module: str) -> bool:
    return (
        module.startswith((*_NOT_FOR_THE_PUBLIC, "dashboards.office"))
        and module != "pipelines.web"
        and not module.startswith(_GUARDS)
    )


def test_public_app_opens_no_restricted_file_and_loads_no_restricted_module(built_home: Path) -> None:
    """Run every page in a process with an audit hook that records each opened file."""
    folder = ROOT / "dashboards" / "public" / "pages"
    pages = sorted(path.stem for path in folder.glob("*.py") if "def render_page(" in path.read_text())
    assert len(pages) >= 6
    environment = {**os.environ, "RTI_HOME": str(built_home), "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", _CLOSURE, *pages],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    opened, *loaded = process.stdout.splitlines()
    assert opened == "opened []"
    expected = {"dashboards.public.queries", *(f"dashboards.public.pages.{page}" for page in pages)}
    assert expected <= set(loaded)
    assert [name for name in loaded if _is_restricted(name)] == []


def test_public_app_imports_no_restricted_module_even_within_functions() -> None:
    """Follow the imports in the source text from the router through `dashboards`, at every depth."""
    waiting, visited, imported = ["dashboards.public.pages.navigation", "dashboards.public.app"], set(), set()
    while waiting:
        module = waiting.pop()
        base = ROOT.joinpath(*module.split("."))
        path = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if module in visited or not path.exists():
            continue
        visited.add(module)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            imported.update(names)
            waiting += [name for name in names if name.startswith("dashboards")]
    assert {"dashboards.public.pages.region", "dashboards.public.queries"} <= visited
    assert [name for name in sorted(imported | visited) if _is_restricted(name)] == []
