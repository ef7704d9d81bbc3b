"""Tests of the guards of the web services: methods, bodies, addresses, rates, sessions, headers, hosts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from pipelines.core.settings import Limits, SettingsError
from pipelines.web import guards, settings
from pipelines.web.security_headers import SecurityHeaders, content_policy, script_hashes
from pipelines.web.settings import Site
from tests.support.coroutines import run_async


async def _echo(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {len(await request.body())}")


async def _set_cookies(_request: Request) -> Response:
    answer = PlainTextResponse("set")
    answer.set_cookie("one", "1")
    answer.set_cookie("two", "2", secure=True)
    return answer


async def _send_lengths(websocket: WebSocket) -> None:
    await websocket.accept()
    try:
        while True:
            await websocket.send_text(str(len(await websocket.receive_bytes())))
    except WebSocketDisconnect:
        pass


_LIMITS, _SITE = Limits(), Site()


def make_app(
    limits: Limits = _LIMITS, site: Site = _SITE, writable: Callable[[str], tuple[str, ...]] | None = None
) -> Any:
    """Return an application that reports the size of bodies, behind the guards of the public dashboard."""
    methods = ["GET", "POST", "PUT", "DELETE"]
    inside = Starlette(
        routes=[
            Route("/cookie", _set_cookies),
            Route("/{rest:path}", _echo, methods=methods),
            WebSocketRoute("/stream", _send_lengths),
        ]
    )
    rates = guards.Rates()
    options = {"writable": writable} if writable else {}
    limited = guards.SessionGuard(inside, limits, rates)
    guarded = guards.Guard(limited, limits, rates, **options)
    return SecurityHeaders(guarded, site, lambda host: content_policy(host, ()))


def open_client(app: Any, address: str = "192.0.2.1") -> TestClient:
    return TestClient(app, client=(address, 50_000), base_url="http://127.0.0.1")


# -------------------------------------------------------------------------------------------------- methods and bodies


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "X-OTHER"])
def test_guard_refuses_methods_that_write_without_reading_the_body(method: str) -> None:
    def yield_body() -> Iterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    receive_calls: list[str] = []
    sent = send_request(make_app(), method=method, receive=receive_calls)
    assert (sent[0]["status"], receive_calls) == (405, [])
    headers = dict(sent[0]["headers"])
    assert headers[b"allow"] == b"GET, HEAD, OPTIONS"
    assert headers[b"connection"] == b"close"


def send_request(
    app: Any, *, method: str = "GET", path: str = "/", query: bytes = b"", receive: list[str] | None = None
) -> list[Any]:
    """Send one request through ASGI; record in a list when the application receives."""
    sent: list[Any] = []
    receive_calls = [] if receive is None else receive

    async def receive_message() -> Any:
        receive_calls.append("body")
        if len(receive_calls) > 3:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    async def record_message(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
        "headers": [(b"host", b"127.0.0.1"), (b"accept", b"text/html")], "client": ("192.0.2.1", 1),
        "server": ("127.0.0.1", 80), "scheme": "http", "root_path": "", "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    run_async(app(scope, receive_message, record_message))
    return sent


def test_guard_passes_a_reading_request_on_without_its_body() -> None:
    receive_calls: list[str] = []
    sent = send_request(make_app(), receive=receive_calls)
    assert (sent[0]["status"], sent[1]["body"], receive_calls) == (200, b"GET 0", [])


def test_guard_allows_declared_methods_with_a_body() -> None:
    app = make_app(writable=lambda path: ("PUT",) if path == "/here" else ())
    assert open_client(app).put("/here", content=b"abc").text == "PUT 3"
    assert open_client(app).put("/there", content=b"abc").status_code == 405
    assert open_client(app).post("/here", content=b"abc").headers["allow"] == "GET, HEAD, OPTIONS, PUT"


@pytest.mark.parametrize(("length", "status"), [(8_000, 200), (9_000, 414), (200_000, 414)])
def test_guard_refuses_long_addresses(length: int, status: int) -> None:
    sent = send_request(make_app(), query=b"area=" + b"A" * length)
    assert sent[0]["status"] == status
    assert len(sent[1]["body"]) < 1_000


# ------------------------------------------------------------------------------------------------- rates and sessions


def test_guard_refuses_requests_beyond_the_rate_of_one_address_only() -> None:
    app = make_app(Limits(requests_per_minute=5))
    answers = [open_client(app).get("/", headers={"Accept": "text/html"}) for _ in range(12)]
    assert [answer.status_code for answer in answers[:5]] == [200] * 5
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 120
    assert "Wait" in answers[-1].text and "load the page again" in answers[-1].text
    assert open_client(app, "192.0.2.2").get("/").status_code == 200


def test_guard_answers_in_the_language_of_the_browser() -> None:
    app = make_app(Limits(requests_per_minute=1))
    headers = {"Accept": "text/html", "Accept-Language": "hr"}
    texts = {open_client(app).get("/", headers=headers).text for _ in range(4)}
    assert any('lang="hr"' in text for text in texts)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::1", True),
    ],
)
def test_client_network_groups_addresses_of_one_connection(first: str, second: str, same: bool) -> None:
    networks = {guards.client_network({"client": (address, 1)}) for address in (first, second)}
    assert len(networks) == (1 if same else 2)


def test_session_guard_limits_open_pages_per_address_and_in_total() -> None:
    app = make_app(Limits(sessions=3, sessions_per_address=2))
    first_client, second_client = open_client(app, "192.0.2.1"), open_client(app, "192.0.2.2")
    with ExitStack() as stack:
        for browser in (first_client, first_client):
            stack.enter_context(browser.websocket_connect("/stream"))
        with pytest.raises(WebSocketDenialResponse) as refusal, first_client.websocket_connect("/stream"):
            pass
        assert (refusal.value.status_code, refusal.value.headers["retry-after"]) == (429, "30")
        stack.enter_context(second_client.websocket_connect("/stream"))
        with (
            pytest.raises(WebSocketDenialResponse) as refusal,
            open_client(app, "192.0.2.3").websocket_connect("/stream"),
        ):
            pass
        assert refusal.value.status_code == 503
        page = open_client(app, "192.0.2.3").get("/", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["retry-after"]) == (503, "30")
        assert "load the page again" in page.text
        # Files of pages that are already open are still served.
        assert open_client(app, "192.0.2.3").get("/static/x.js", headers={"Accept": "*/*"}).status_code == 200
    with first_client.websocket_connect("/stream") as page:
        page.send_bytes(b"abc")
        assert page.receive_text() == "3"


def test_session_guard_limits_new_pages_per_minute() -> None:
    app = make_app(Limits(new_sessions_per_minute=3))
    opened = 0
    for _ in range(8):
        try:
            with open_client(app).websocket_connect("/stream"):
                opened += 1
        except WebSocketDenialResponse as refusal:
            assert refusal.status_code == 429
    assert opened == 3


def test_session_guard_closes_a_page_that_sends_a_big_message() -> None:
    with open_client(make_app()).websocket_connect("/stream") as page:
        page.send_bytes(b"a" * guards.LONGEST_MESSAGE)
        assert page.receive_text() == str(guards.LONGEST_MESSAGE)
        page.send_bytes(b"a" * (guards.LONGEST_MESSAGE + 1))
        with pytest.raises(WebSocketDisconnect) as closed:
            page.receive_text()
    assert closed.value.code == 1009


def test_session_guard_delays_messages_beyond_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def record_sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            guard.rates = guards.Rates()

    limits = Limits(messages_per_minute=2)
    arriving = iter([{"type": "websocket.receive", "bytes": b"x"}] * 3)
    delivered: list[Any] = []

    async def read_three_messages(_scope: Any, receive_next: Any, _send: Any) -> None:
        delivered.extend([await receive_next() for _ in range(3)])

    async def receive_next() -> Any:
        return next(arriving)

    guard = guards.SessionGuard(read_three_messages, limits, guards.Rates())
    monkeypatch.setattr(guards.asyncio, "sleep", record_sleep)
    run_async(guard({"type": "websocket", "client": ("192.0.2.1", 1), "headers": []}, receive_next, lambda _m: None))
    assert (len(delivered), len(waited)) == (3, 3)
    assert max(waited) <= 1


# ------------------------------------------------------------------------------------------------- headers and hosts


def test_every_response_has_security_headers_even_a_refusal() -> None:
    for answer in (open_client(make_app()).get("/"), open_client(make_app()).post("/")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["x-frame-options"] == "DENY"
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy and "unsafe-eval" not in policy
        assert "strict-transport-security" not in answer.headers


def test_responses_over_tls_have_hsts_and_secure_cookies() -> None:
    site = Site("https://figures.example")
    answer = open_client(make_app(site=site)).get("/cookie")
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.lower().count("secure") for cookie in cookies] == [1, 1]
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    plain = open_client(make_app()).get("/cookie").headers.get_list("set-cookie")
    assert [cookie.lower().count("secure") for cookie in plain] == [0, 1]


@pytest.mark.parametrize(("proxies", "secure"), [("192.0.2.1", True), ("10.0.0.0/8", False), ("", False)])
def test_forwarded_headers_count_only_from_a_trusted_proxy(
    monkeypatch: pytest.MonkeyPatch, proxies: str, secure: bool
) -> None:
    from uvicorn import Config

    monkeypatch.setenv("RTI_TRUSTED_PROXIES", proxies)
    site = settings.public_site()
    app = make_app(Limits(requests_per_minute=1), site)
    config = Config(app, log_config=None, **site.list_uvicorn_options())
    config.load()
    first = open_client(config.loaded_app).get(
        "/", headers={"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}
    )
    second = open_client(config.loaded_app).get(
        "/", headers={"X-Forwarded-For": "198.51.100.2", "X-Forwarded-Proto": "https"}
    )
    assert ("strict-transport-security" in first.headers) is secure
    assert second.status_code == (200 if secure else 429)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("figures.example", True),
        ("Figures.Example:443", True),
        ("127.0.0.1:8501", True),
        ("localhost", True),
        ("[::1]:8501", True),
        ("evil.example", False),
        ("figures.example.evil.example", False),
        ("figures.example@evil.example", False),
        ("", False),
        ("[", False),
    ],
)
def test_foreign_host_is_refused_if_an_address_is_set(
    monkeypatch: pytest.MonkeyPatch, host: str, allowed: bool
) -> None:
    monkeypatch.setenv("RTI_PUBLIC_URL", "https://figures.example")
    site = settings.public_site()
    answer = open_client(make_app(site=site)).get("/", headers={"Host": host})
    assert answer.status_code == (200 if allowed else 421)
    assert open_client(make_app()).get("/", headers={"Host": "any.example"}).status_code == 200


def test_content_policy_has_script_hashes_and_no_request_text() -> None:
    # openssl dgst -sha256 -binary of "1" | base64
    assert script_hashes(b"<script>1</script><script src='x'></script>") == (
        "'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='",
    )
    policy = open_client(make_app()).get("/", headers={"Host": "x; script-src *"}).headers["content-security-policy"]
    assert "script-src *" not in policy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RTI_PUBLIC_URL", "figures.example"),
        ("RTI_PUBLIC_URL", "https://figures.example/path"),
        ("RTI_TRUSTED_PROXIES", "*"),
        ("RTI_TRUSTED_PROXIES", "proxy.example"),
        ("RTI_SESSIONS", "0"),
        ("RTI_SESSIONS", "many"),
    ],
)
def test_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        settings.public_site()


def test_limits_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_SESSIONS_PER_ADDRESS", "7")
    monkeypatch.setenv("RTI_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1")
    site = settings.public_site()
    assert (site.limits.sessions_per_address, site.limits.sessions) == (7, Limits().sessions)
    options = site.list_uvicorn_options()
    assert options["proxy_headers"] and options["forwarded_allow_ips"] == "10.0.0.0/8,127.0.0.1"
    assert options["timeout_keep_alive"] > 60, "clients and proxies keep a connection for up to a minute"
