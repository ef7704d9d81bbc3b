"""The guard in front of a loopback service, request by request."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pipelines.operations.loopback_guard import LoopbackGuard, Message, Receive, Scope, Send
from tests.support.coroutines import run_async

OWN = "http://127.0.0.1:3000"
EVIL = "http://evil.example"
JSON = {"content-type": "application/json"}


class Recorder:
    """Application that answers everything and counts what reaches it."""

    def __init__(self) -> None:
        self.calls = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.calls += 1
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-app", b"1")]})
        await send({"type": "http.response.body", "body": b"answer"})


def send_request(
    method: str, path: str = "/", *, guard_options: dict[str, Any] | None = None, **options: Any
) -> httpx.Response:
    """Send one request through the guard; a refused one must not have reached the application."""
    recorder = Recorder()
    guard = LoopbackGuard(recorder, port=3000, json_only_paths=["/graphql"], **(guard_options or {}))

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=guard)
        async with httpx.AsyncClient(transport=transport, base_url=options.pop("base", OWN)) as client:
            return await client.request(method, path, **options)

    response = run_async(run())
    assert recorder.calls == (1 if response.status_code == 200 else 0)
    return response


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000"])
def test_guard_answers_each_loopback_name(host: str) -> None:
    assert send_request("GET", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:3000", "127.0.0.1", "127.0.0.1:3001", "localhost.evil.example:3000", ""]
)
def test_guard_refuses_foreign_host(host: str) -> None:
    assert send_request("GET", headers={"host": host}).status_code == 421


def test_guard_refuses_two_host_headers() -> None:
    response = send_request("GET", headers=[("host", "127.0.0.1:3000"), ("host", "evil.example")])
    assert response.status_code == 421


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://127.0.0.1:8502", "https://127.0.0.1:3000", "http://localhost:3000", ""]
)
@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/graphql"), ("OPTIONS", "/graphql")])
def test_guard_refuses_foreign_origin(method: str, path: str, origin: str) -> None:
    assert send_request(method, path, headers={"origin": origin, **JSON}).status_code == 403


def test_guard_preflight_of_foreign_origin_gets_no_permission() -> None:
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    response = send_request("OPTIONS", "/graphql", headers={"origin": EVIL, **preflight})
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_guard_passes_post_of_own_origin() -> None:
    headers = {"origin": OWN, "sec-fetch-site": "same-origin", "content-type": "application/json; charset=utf-8"}
    assert send_request("POST", "/graphql", headers=headers, content="{}").status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "application/graphql",
        "text/plain; a=application/json",
        None,
    ],
)
@pytest.mark.parametrize("path", ["/graphql", "/report_asset_materialization/a"])
def test_guard_refuses_simple_post(path: str, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    assert send_request("POST", path, headers=headers, content="{}").status_code == 415


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/graphql?query=mutation{a}", "/graphql?query={version}", "/graph%71l?query={a}"])
def test_guard_refuses_graphql_by_get(method: str, path: str) -> None:
    response = send_request(method, path)
    assert response.status_code == 405 and response.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
def test_guard_refuses_other_methods(method: str) -> None:
    assert send_request(method).status_code == 405


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_guard_refuses_other_site_but_not_followed_link(site: str) -> None:
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert send_request("GET", "/runs", headers=link).status_code == 200
    assert send_request("GET", "/runs", headers=link | {"sec-fetch-dest": "iframe"}).status_code == 403
    assert (
        send_request("GET", "/logs/a", headers={"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}).status_code == 403
    )
    assert send_request("GET", "/graphql", headers=link).status_code == 403
    assert send_request("POST", "/graphql", headers=link | JSON).status_code == 403


def test_guard_forbids_framing() -> None:
    for response in (send_request("GET"), send_request("GET", headers={"origin": EVIL})):
        assert response.headers["x-frame-options"] == "DENY"
    assert send_request("GET").headers["x-app"] == "1"


def test_guard_passes_address_of_proxy_with_its_own_origin_only() -> None:
    options = {"public_urls": ["https://runs.example"]}
    headers = {"host": "runs.example", "origin": "https://runs.example", **JSON}
    assert send_request("POST", "/graphql", headers=headers, guard_options=options).status_code == 200
    assert send_request("POST", "/graphql", headers=headers | {"origin": OWN}, guard_options=options).status_code == 403
    assert (
        send_request(
            "POST", "/graphql", headers=headers | {"host": "127.0.0.1:3000"}, guard_options=options
        ).status_code
        == 403
    )
    with pytest.raises(ValueError, match="address"):
        LoopbackGuard(Recorder(), port=3000, public_urls=["runs.example"])


@pytest.mark.parametrize(
    ("headers", "is_accepted"),
    [
        ({"host": "127.0.0.1:3000", "origin": OWN}, True),
        ({"host": "127.0.0.1:3000"}, True),
        ({"host": "127.0.0.1:3000", "origin": EVIL}, False),
        ({"host": "127.0.0.1:3000", "origin": "null"}, False),
        ({"host": "evil.example:3000", "origin": "http://evil.example:3000"}, False),
        ({"host": "127.0.0.1:3000", "sec-fetch-site": "cross-site"}, False),
    ],
)
def test_guard_websocket_of_own_origin_only(headers: dict[str, str], is_accepted: bool) -> None:
    recorder, sent = Recorder(), []

    async def receive_message() -> Message:
        return {"type": "websocket.connect"}

    async def send_message(message: Message) -> None:
        sent.append(message["type"])

    scope = {
        "type": "websocket",
        "path": "/graphql",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    run_async(LoopbackGuard(recorder, port=3000, json_only_paths=["/graphql"])(scope, receive_message, send_message))
    assert sent == (["websocket.accept"] if is_accepted else ["websocket.close"])
    assert recorder.calls == (1 if is_accepted else 0)
