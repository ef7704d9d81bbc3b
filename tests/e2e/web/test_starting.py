"""The service as a process: it answers, says its language, holds browsers to this host, and logs no secrets."""

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
from tests.support.service.running import Service
from tests.support.service.visitor import visit_service

PATHS = (
    "/",
    "/upload",
    "/health",
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
HEADERS = (
    "x-content-type-options",
    "referrer-policy",
    "x-frame-options",
    "content-security-policy",
    "permissions-policy",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_every_answer_holds_the_browser_to_this_host(service: Service, path: str, accept: str) -> None:
    answer = httpx.get(service.address + path, headers={"Accept": accept}, trust_env=False)
    for name in HEADERS:
        assert answer.headers.get_list(name), (name, answer.status_code)
        assert len(answer.headers.get_list(name)) == 1, name
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy and "http:" not in policy.replace("http://127.0.0.1", "")
    assert "server" not in answer.headers and "x-powered-by" not in answer.headers


@pytest.mark.parametrize("language", i18n.list_languages())
def test_the_document_says_the_language_that_was_chosen(service: Service, language: str) -> None:
    with httpx.Client(base_url=service.address, headers={"Accept": "text/html"}, trust_env=False) as client:
        answer = client.get("/sign-in", headers={"Cookie": f"rti_language={language}"})
        assert re.findall(r'<html lang="([^"]*)"', answer.text) == [i18n.html_lang(language)]
        by_header = client.get("/sign-in", headers={"Accept-Language": f"{language};q=0.9"})
        assert re.findall(r'<html lang="([^"]*)"', by_header.text) == [i18n.html_lang(language)]
    assert len(answer.content) == int(answer.headers["content-length"])


@pytest.mark.parametrize("path", ["/nothing/at/all", "/upload/x", "/Upload", "/", "/people"])
def test_every_address_of_a_page_asks_nobody_to_sign_in_and_leads_back(service: Service, path: str) -> None:
    with httpx.Client(base_url=service.address, headers={"Accept": "text/html"}, trust_env=False) as client:
        answer = client.get(path)
        leads_back = "" if path == "/" else f"?next={quote(path, safe='')}"
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in{leads_back}")
        assert client.get("/api/").status_code == 200


def test_address_of_no_page_says_so_and_leads_to_the_first(service: Service) -> None:
    with visit_service(service, "sender") as visitor:
        page = visitor.open_page("/nothing/at/all")
        assert (page.status, page.heading) == (404, "Page not found")
        assert page.follow_link("To my returns").heading == "My returns"


def test_style_and_script_are_loaded_once_and_kept(service: Service) -> None:
    with visit_service(service, "sender") as visitor:
        tree = visitor.open_page("/upload").tree
        [style], [script] = tree.cssselect("link[rel=stylesheet]"), tree.cssselect("script")
        for address, kind, holds in (
            (style.get("href"), "text/css; charset=utf-8", (".rti-table", "--rti-brand")),
            (script.get("src"), "text/javascript; charset=utf-8", ("EventSource",)),
        ):
            answer = httpx.get(f"{service.address}{address}", trust_env=False)
            assert answer.status_code == 200 and answer.headers["content-type"] == kind
            assert "immutable" in answer.headers["cache-control"]
            assert all(word in answer.text for word in holds)


def test_an_unknown_language_is_none(service: Service) -> None:
    headers = {"Accept": "text/html", "Cookie": 'rti_language="><script>'}
    answer = httpx.get(f"{service.address}/sign-in", headers=headers, trust_env=False)
    assert '<html lang="en"' in answer.text


def test_what_is_no_http_and_what_climbs_out_gets_nothing(service: Service) -> None:
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


def test_its_secrets_and_the_demonstrations_password_are_for_the_owner_alone(service: Service) -> None:
    restricted = service.home.restricted
    for path in (restricted / "keys" / "portal.json", restricted / "demonstration-accounts.txt"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(restricted.stat().st_mode) == 0o700
    secrets = json.loads((restricted / "keys" / "portal.json").read_text())
    log = service.log.read_text(encoding="utf-8", errors="replace")
    assert not any(secret in log for secret in secrets.values())


def test_the_log_names_no_address_that_somebody_asked_for(service: Service) -> None:
    httpx.get(f"{service.address}/oauth2callback?code=a-code-that-counts&state=nobody-s", trust_env=False)
    assert "a-code-that-counts" not in service.log.read_text(encoding="utf-8", errors="replace")


def test_a_port_that_is_taken_and_a_home_that_is_none_are_told(service: Service, tmp_path: Path) -> None:
    port = urlsplit(service.address).port
    command = [sys.executable, "-m", "dashboards.office.app", "--port"]
    environment = {**os.environ, "RTI_HOME": str(tmp_path)}
    nowhere = subprocess.run(
        [*command, str(free_port())], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert nowhere.returncode != 0
    assert "there is no home" in nowhere.stderr and "Traceback" not in nowhere.stderr
    environment["RTI_HOME"] = str(service.home.root)
    taken = subprocess.run(
        [*command, str(port)], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert taken.returncode != 0
    assert str(port) in taken.stderr and "Traceback" not in taken.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"RTI_PORTAL_URL": "http://returns.example"}, "use https"),
        ({"RTI_PORTAL_URL": "https://returns.example/portal"}, "without a path"),
        ({"RTI_OIDC_METADATA_URL": "https://id.example/.well-known/openid-configuration"}, "RTI_OIDC_CLIENT_ID"),
    ],
)
def test_a_setting_that_is_wrong_is_told_in_one_line(service: Service, settings: dict[str, str], said: str) -> None:
    environment = {**os.environ, "RTI_HOME": str(service.home.root), **settings}
    command = [sys.executable, "-m", "dashboards.office.app", "--port", str(free_port())]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode != 0
    assert said in ended.stderr and "Traceback" not in ended.stderr, ended.stderr


# ------------------------------------------------------------------------------------- the public app and what is not


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
# DuckDB opens files below Python's notice: what it still holds is looked for, too.
opened += [link for link in map(os.path.realpath, os.scandir("/proc/self/fd")) if link.startswith(restricted)]
heard = list(opened)
os.listdir(restricted)
assert opened == [*heard, restricted], "what is opened is not heard"
print("opened", heard)
print("\\n".join(sorted(sys.modules)))
"""
_NOT_FOR_THE_PUBLIC = ("pipelines.ledger", "pipelines.submissions", "pipelines.web", "sqlalchemy")
_GUARDS = ("pipelines.web.guards", "pipelines.web.settings", "pipelines.web.security_headers", "pipelines.web.health")
"""What the public app shares with the service of the offices: limits, headers and health; nothing signs anybody in."""


def _is_restricted(module: str) -> bool:
    return (
        module.startswith((*_NOT_FOR_THE_PUBLIC, "dashboards.office"))
        and module != "pipelines.web"
        and not module.startswith(_GUARDS)
    )


def test_the_public_app_opens_and_loads_nothing_that_is_restricted(built_home: Path) -> None:
    """Every page of it runs, in a process that hears of each file that is opened."""
    folder = ROOT / "dashboards" / "public" / "pages"
    pages = sorted(path.stem for path in folder.glob("*.py") if "def render_page(" in path.read_text())
    assert len(pages) >= 6
    environment = {**os.environ, "RTI_HOME": str(built_home), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", _CLOSURE, *pages],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    opened, *loaded = ran.stdout.splitlines()
    assert opened == "opened []"
    expected = {"dashboards.public.queries", *(f"dashboards.public.pages.{page}" for page in pages)}
    assert expected <= set(loaded)
    assert [name for name in loaded if _is_restricted(name)] == []


def test_no_module_of_the_public_app_names_what_is_restricted_even_within_a_function() -> None:
    """By its text: imports of every depth, from the router on, as far as `dashboards` goes."""
    waiting, seen, named = ["dashboards.public.pages.navigation", "dashboards.public.app"], set(), set()
    while waiting:
        module = waiting.pop()
        place = ROOT.joinpath(*module.split("."))
        path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        if module in seen or not path.exists():
            continue
        seen.add(module)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            named.update(found)
            waiting += [name for name in found if name.startswith("dashboards")]
    assert {"dashboards.public.pages.region", "dashboards.public.queries"} <= seen
    assert [name for name in sorted(named | seen) if _is_restricted(name)] == []
