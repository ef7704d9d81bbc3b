"""The guard of Streamlit's upload address at the ASGI layer, with sessions that are made up and small limits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from dashboards.office import uploads
from dashboards.office.uploads import UploadGuard
from pipelines.core import clock
from tests.support.coroutines import run_async

ME, OTHER = ({"iss": "here", "sub": name} for name in ("me", "other"))


class Sessions(uploads.Sessions):
    """Two open pages, one of each person, and one of mine that has lost its connection."""

    def __init__(self) -> None:
        self.owners: Mapping[str, Mapping[str, Any]] = {"mine": ME, "theirs": OTHER, "lost": ME}
        self.held: dict[str, list[int]] = {"mine": [], "theirs": [], "lost": []}

    def is_live(self, session: str, claims: Mapping[str, Any]) -> bool:
        return session != "lost" and self.owners.get(session) == claims

    def count_files(self, session: str) -> int:
        return len(self.held[session])

    def bytes_of(self, claims: Mapping[str, Any]) -> int:
        return sum(sum(sizes) for session, sizes in self.held.items() if self.owners[session] == claims)

    def release_closed(self, claims: Mapping[str, Any]) -> None:
        self.held["lost"] = []


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LARGEST": 1_000, "_FRAME": 0, "MOST_FILES": 3, "MOST_BYTES": 2_500}.items():
        monkeypatch.setattr(uploads, name, value)


def guard(sessions: Sessions, person: Mapping[str, Any] | None = ME) -> UploadGuard:
    """Return the guard around an application that keeps what it is given, as Streamlit does."""

    async def keep(scope: Any, receive: Any, send: Any) -> None:
        from starlette.requests import Request
        from starlette.responses import Response

        data = await Request(scope, receive).body()
        sessions.held[scope["path"].split("/")[-2]].append(len(data))
        await Response(status_code=204)(scope, receive, send)

    return UploadGuard(keep, lambda _scope: (str(person["sub"]), person) if person else None, sessions)


def put(
    served: UploadGuard, session: str, *pieces: int, stated: bool = True, method: str = "PUT", silent: bool = False
) -> tuple[int, int]:
    """Put a file in pieces of these sizes; return the status and how often the body was asked for."""
    sent: list[Any] = []
    asked = 0
    left = list(pieces)

    async def receive() -> Any:
        nonlocal asked
        asked += 1
        if silent:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": b"x" * left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-length", str(sum(pieces)).encode())] if stated else []
    path = f"{uploads.PATH}{session}/a-file"
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": headers, "client": ("192.0.2.1", 1), "scheme": "http", "root_path": "", "http_version": "1.1",
        "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"},
    }  # fmt: skip
    run_async(served(scope, receive, send))
    return sent[0]["status"], asked


@pytest.mark.parametrize(
    ("person", "session", "status"),
    [(None, "mine", 401), (OTHER, "mine", 403), (ME, "theirs", 403), (ME, "lost", 403), (ME, "none", 403)],
)
def test_upload_of_nobody_or_to_another_session_is_refused_unread(
    person: Mapping[str, Any] | None, session: str, status: int
) -> None:
    assert put(guard(Sessions(), person), session, 10) == (status, 0)
    assert put(guard(Sessions(), person), session, 0, method="DELETE") == (status, 0)


def test_upload_within_the_limits_is_passed_on_whole() -> None:
    sessions = Sessions()
    assert put(guard(sessions), "mine", 400, 600) == (204, 2)
    assert put(guard(sessions), "mine", 10, stated=False)[0] == 204
    assert sessions.held["mine"] == [1_000, 10]


def test_upload_that_is_too_big_is_refused_by_its_stated_length_or_as_it_comes() -> None:
    sessions = Sessions()
    assert put(guard(sessions), "mine", 1_001) == (413, 0)
    assert put(guard(sessions), "mine", 600, 600, 600, 600, stated=False) == (413, 2)
    assert sessions.held["mine"] == []


def test_files_of_a_page_and_bytes_of_a_person_are_limited() -> None:
    sessions = Sessions()
    served = guard(sessions)
    assert [put(served, "mine", 1_000)[0] for _ in range(3)] == [204, 204, 429]
    assert put(served, "mine", 400)[0] == 204
    assert put(served, "mine", 10)[0] == 429  # the fourth file
    sessions.held["mine"] = [1_000, 1_000]
    assert put(served, "mine", 300, 300, stated=False)[0] == 429
    assert sessions.held["mine"] == [1_000, 1_000]


def test_files_of_closed_pages_are_released_when_the_room_is_needed() -> None:
    sessions = Sessions()
    sessions.held["lost"] = [1_000, 1_000]
    assert put(guard(sessions), "mine", 900)[0] == 204
    assert sessions.held == {"mine": [900], "theirs": [], "lost": []}


def test_an_upload_that_falls_silent_is_given_up_and_its_bytes_are_not_counted_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "SECONDS_SILENT", 0.05)
    sessions = Sessions()
    served = guard(sessions)
    assert put(served, "mine", 10, silent=True)[0] == 408
    assert sessions.held["mine"] == []
    assert not served._arriving


def test_files_of_ended_sessions_and_files_that_no_page_shows_are_released(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[Any] = []
    storage = {"open": {"shown": 1, "old": 2, "new": 3}, "ended": {"x": 4}}
    manager = SimpleNamespace(get_session_info=lambda session: object() if session == "open" else None)
    stored = SimpleNamespace(
        file_storage=storage,
        remove_session_files=lambda session: removed.append(session),
        remove_file=lambda session, file: removed.append((session, file)),
    )
    monkeypatch.setattr(uploads, "_session_manager", lambda: manager)
    monkeypatch.setattr(uploads, "_upload_manager", lambda: stored)
    assert uploads.Sessions().release_abandoned() == 1
    assert removed == ["ended"]
    removed.clear()

    import streamlit.runtime
    from streamlit.runtime import scriptrunner

    monkeypatch.setattr(streamlit.runtime, "exists", lambda: True)
    monkeypatch.setattr(scriptrunner, "get_script_run_ctx", lambda: SimpleNamespace(session_id="open"))
    now = clock.read_wall_clock()
    seen = {"old": now - 90, "shown": now - 90, "gone": now - 90}
    uploads.release_unclaimed(["shown"], seen)
    assert removed == [("open", "old")]
    assert set(seen) == {"old", "new"}
