"""The API: files in every shape of request, problems, the queue, and its own description."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from pipelines.core import clock
from pipelines.ledger import queries
from pipelines.submissions import receipts
from pipelines.submissions import service as door
from pipelines.submissions.accounts import tokens
from pipelines.submissions.service import Desk
from pipelines.web.api import body, due, handing_in, models, submissions
from pipelines.web.api.app import create_api
from pipelines.web.api.problems import problem_of
from pipelines.web.check_queue import Queue, QueueFullError
from tests.support import disks
from tests.support.coroutines import run_async
from tests.support.fakes import check_fakes, desk_fakes
from tests.support.fakes.desk_fakes import accepted, file, warned, who
from tests.support.paths import ROOT

SCHEMAS = ROOT / "docs/schema"


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    desk_fakes.install(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_fakes.opened(tmp_path)


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return TestClient(create_api(desk), raise_server_exceptions=False)


def _as(desk: Desk, account: str, **more: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue_token(desk.engine, who(desk, account), 'test').text}", **more}


def _is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = response.json()
    assert content["status"] == status
    for member in ("type", "title", "detail", "remedy"):
        assert content[member]
    return content


# ---------------------------------------------------------------------------------------------------------------- lists


def test_the_list_is_paged_and_each_page_links_to_the_next(desk: Desk, client: TestClient) -> None:
    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    made = [
        client.post("/v1/submissions", headers=head, content=file(period=f"20{year}-Q1")).json()["submission_id"]
        for year in range(10, 17)
    ]
    ledger = {s.submission_id: s.received_at for s in queries.list_submissions(desk.engine)}
    expected = sorted(made, key=lambda identity: (ledger[identity], identity), reverse=True)
    address, pages = "/v1/submissions?state=checked&limit=3&mine=true&language=sq", []
    while address:
        answer = client.get(address, headers=head)
        pages.append([one["submission_id"] for one in answer.json()])
        link = answer.links.get("next", {}).get("url")
        assert link is None or {"state=checked", "limit=3", "mine=true", "language=sq"} < set(
            link.split("?")[1].split("&")
        )
        address = link
    assert pages == [expected[:3], expected[3:6], expected[6:]]
    assert client.get("/v1/submissions", headers=head).links == {}
    # The newest page stays where it is when something comes in meanwhile.
    second = client.get("/v1/submissions?limit=3", headers=head).links["next"]["url"]
    # Of one second, returns are in the order of their ids, among which a new one may come anywhere.
    with clock.freeze_time(clock.now() + timedelta(minutes=1)):
        client.post("/v1/submissions", headers=head, content=file(period="2017-Q1"))
    assert [one["submission_id"] for one in client.get(second, headers=head).json()] == expected[3:6]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=", "cursor=S1", "state=gone", "state="])
def test_a_list_that_is_not_asked_for_rightly_is_refused(desk: Desk, client: TestClient, query: str) -> None:
    _is_problem(client.get(f"/v1/submissions?{query}", headers=_as(desk, "qq-sender")), 422)


# ----------------------------------------------------------------------------------------------------------- handing in


@pytest.mark.parametrize("shape", ["x-filename", "disposition", "disposition*", "multipart"])
def test_a_file_comes_in_every_shape_with_its_name(desk: Desk, client: TestClient, shape: str) -> None:
    name = "Pravosuđe Срб 2025.csv"
    head = _as(desk, "qq-sender")
    send: dict[str, Any] = {"content": file()}
    if shape == "x-filename":
        head["X-Filename"] = quote(name)
    elif shape == "disposition":
        name = "plain.csv"
        head["Content-Disposition"] = f'attachment; filename="{name}"'
    elif shape == "disposition*":
        head["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    else:
        send = {"files": {"file": (name, file())}}
    response = client.post("/v1/submissions", headers=head, **send)
    assert response.status_code == 201, response.text
    content = response.json()
    assert (content["file"]["name"], content["state"], content["new"]) == (name, "checked", True)
    assert door.read_original(desk, who(desk, "qq-sender"), content["submission_id"]) == (name, file())
    models.UploadBody.model_validate(content)


def test_the_report_is_that_of_the_command_line(desk: Desk, client: TestClient) -> None:
    from pipelines.submissions.checking.check import check_file

    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    told = client.post("/v1/check", headers=head, content=file(value=101)).json()
    alone = check_file(file(value=101), "a.csv", registry=desk_fakes.REGISTRY).as_json()
    assert told == json.loads(json.dumps(alone))
    schema = json.loads((SCHEMAS / "check-report.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(told)
    assert set(models.ReportBody.model_fields) == set(told)
    assert queries.list_submissions(desk.engine) == []


def test_reading_processes_are_shared_out_by_account(
    desk: Desk, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts: list[str | None] = []
    monkeypatch.setattr(check_fakes.Pool, "accounts", accounts)
    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    assert client.post("/v1/check", headers=head, content=file()).status_code == 200
    assert client.post("/v1/submissions", headers=head, content=file()).status_code == 201
    assert accounts == ["qq-sender", "qq-sender"]


def test_sending_gives_the_receipt_and_repeating_gives_it_again(desk: Desk, client: TestClient) -> None:
    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    first = client.post("/v1/submissions?send=true", headers=head, content=file())
    again = client.post("/v1/submissions?send=true", headers=head, content=file())
    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["state"], again.json()["state"]) == ("sent", "sent")
    assert first.json()["receipt"] == again.json()["receipt"] is not None
    given = client.get(f"/v1/submissions/{first.json()['submission_id']}/receipt", headers=head)
    assert receipts.verify_receipt(given.content, file=file()).outcome == "good"
    assert given.json() == first.json()["receipt"]
    assert len(queries.list_submissions(desk.engine)) == 1


def test_what_cannot_be_sent_yet_is_a_draft_and_says_why(desk: Desk, client: TestClient) -> None:
    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    content = client.post("/v1/submissions?send=true", headers=head, content=file(value=101)).json()
    assert (content["state"], content["receipt"]) == ("checked", None)
    assert "without a justification" in content["not_sent"]
    identity = content["submission_id"]
    body = {"reason": "large_case", "text": "one case of many persons"}
    done = client.post(f"/v1/submissions/{identity}/justify", headers=head, json=body)
    assert done.json() == {"submission_id": identity, "state": "checked", "to_justify": 0}
    sent = client.post(f"/v1/submissions/{identity}/send", headers=head)
    assert receipts.verify_receipt(sent.content, file=file(value=101)).outcome == "good"
    other = _as(desk, "qq-approver")
    assert client.post(f"/v1/submissions/{identity}/approve", headers=other).json()["state"] == "approved"


def test_a_return_goes_back_and_forth(desk: Desk, client: TestClient) -> None:
    head, other = _as(desk, "qq-sender", **{"X-Filename": "a.csv"}), _as(desk, "qq-approver")
    identity = client.post("/v1/submissions?send=true", headers=head, content=file()).json()["submission_id"]
    back = client.post(f"/v1/submissions/{identity}/return", headers=other, json={"comment": "look again, please"})
    assert back.json()["state"] == "checked"
    told = client.get(f"/v1/submissions/{identity}", headers=head).json()
    models.SubmissionBody.model_validate(told)
    assert (told["last_comment"], told["may"]) == ("look again, please", ["justify", "send", "withdraw"])
    gone = {"reason": "wrong_return", "comment": "it was the wrong file"}
    assert client.post(f"/v1/submissions/{identity}/withdraw", headers=head, json=gone).json()["state"] == "withdrawn"
    listed = client.get("/v1/submissions?state=withdrawn&mine=true", headers=head).json()
    assert [s["submission_id"] for s in listed] == [identity]


def test_a_nil_return_is_one_request(desk: Desk, client: TestClient) -> None:
    body = {"form": "QQ-JUSTICE-1", "periods": ["2025-Q4"], "send": True}
    done = client.post("/v1/nil", headers=_as(desk, "qq-sender"), json=body)
    assert (done.status_code, done.json()["state"], done.json()["receipt"]["kind"]) == (201, "sent", "nil")
    _is_problem(client.post("/v1/nil", headers=_as(desk, "rr-sender"), json=body), 403)


@pytest.mark.parametrize(
    ("data", "words"), [(file("RR-JUSTICE-1"), "Office RR"), (b"broken", ""), (b"person 2025-Q4;reported;3", "name")]
)
def test_what_is_not_kept_is_a_problem_with_the_whole_answer(
    desk: Desk, client: TestClient, data: bytes, words: str
) -> None:
    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    content = _is_problem(client.post("/v1/submissions", headers=head, content=data), 422)
    assert words in content["detail"]
    models.UploadBody.model_validate(content["result"])
    assert content["result"]["submission_id"] is None
    assert queries.list_submissions(desk.engine) == []


# ------------------------------------------------------------------------------------------------------------- problems


def test_too_much_is_refused_while_it_comes(desk: Desk, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "MAX_BYTES", 1000)
    read: list[int] = []

    def endless() -> Iterator[bytes]:
        for _ in range(1_000_000):
            read.append(1)
            yield b"x" * 100

    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    _is_problem(client.post("/v1/submissions", headers=head, content=b"x" * 1001), 413)

    async def ask() -> tuple[list[dict[str, Any]], int]:
        """A body of a million parts, whose stated length is a lie."""
        answers: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": next(parts), "more_body": True}

        async def send(message: Any) -> None:
            answers.append(dict(message))

        parts = endless()
        headers = [(k.lower().encode(), v.encode()) for k, v in {**head, "Content-Length": "5"}.items()]
        scope = {"type": "http", "method": "POST", "path": "/v1/check", "headers": headers, "query_string": b""}
        await client.app(scope, receive, send)
        return answers, len(read)

    answers, parts_read = run_async(ask())
    assert (answers[0]["status"], parts_read) == (413, 11)


def test_nothing_is_read_from_who_is_not_known(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def must_not(*_: Any) -> Any:
        raise AssertionError("the body was read")

    monkeypatch.setattr(body, "_bytes_of", must_not)
    _is_problem(client.post("/v1/submissions", headers={"X-Filename": "a.csv"}, content=b"x"), 401)


@pytest.mark.parametrize(
    ("path", "head", "send", "status"),
    [
        ("/v1/submissions", {}, {"content": b"x"}, 400),  # no name
        ("/v1/submissions", {"X-Filename": "a.csv"}, {"content": b""}, 400),
        ("/v1/submissions", {"Content-Type": "multipart/form-data"}, {"content": b"x"}, 400),
        ("/v1/submissions", {}, {"files": [("a", ("a.csv", b"1")), ("b", ("b.csv", b"2"))]}, 400),
        ("/v1/submissions?form=NONE", {"X-Filename": "a.csv"}, {"content": file()}, 422),
        ("/v1/submissions?kind=odd", {"X-Filename": "a.csv"}, {"content": file()}, 422),
        ("/v1/submissions?send=perhaps", {"X-Filename": "a.csv"}, {"content": file()}, 422),
        ("/v1/submissions?language=xx", {"X-Filename": "a.csv"}, {"content": file()}, 422),
        ("/v1/submissions?corrects=S0123456789abcde", {"X-Filename": "a.csv"}, {"content": file()}, 404),
        ("/v1/nil", {}, {"json": {"form": "QQ-JUSTICE-1", "periods": []}}, 422),
        ("/v1/nil", {}, {"json": {"form": "QQ-JUSTICE-1", "periods": ["2025"]}}, 422),
        ("/v1/nil", {}, {"json": {"form": "NONE", "periods": ["2025-Q1"]}}, 403),
        ("/v1/nil", {}, {"json": {"form": "QQ-JUSTICE-1", "periods": ["2025-Q1"], "other": 1}}, 422),
        ("/v1/nil", {"Content-Type": "application/json"}, {"content": b"{"}, 422),
        ("/v1/nowhere", {}, {}, 404),
        ("/v1/timetable.ics", {}, {}, 405),
    ],
)
def test_a_wrong_request_is_told(
    desk: Desk, client: TestClient, path: str, head: dict[str, str], send: dict[str, Any], status: int
) -> None:
    _is_problem(client.post(path, headers=_as(desk, "qq-sender", **head), **send), status)
    assert queries.list_submissions(desk.engine) == []


def test_a_state_that_does_not_allow_it_is_a_conflict(desk: Desk, client: TestClient) -> None:
    identity = accepted(desk)
    other = _as(desk, "qq-approver")
    _is_problem(client.post(f"/v1/submissions/{identity}/approve", headers=other), 409)
    _is_problem(client.get(f"/v1/submissions/{warned(desk, period='2024-Q1')}/receipt", headers=other), 404)


def test_what_counts_is_taken_back_by_two(desk: Desk, client: TestClient) -> None:
    identity = accepted(desk)
    why = {"reason": "wrong_return", "comment": "it was another quarter's"}
    sender, _approver, steward = (_as(desk, name) for name in ("qq-sender", "qq-approver", "the-steward"))
    _is_problem(client.post(f"/v1/submissions/{identity}/withdraw", headers=sender, json=why), 409)
    _is_problem(client.post(f"/v1/submissions/{identity}/withdraw", headers=steward, json=why), 403)
    asked = client.post(f"/v1/submissions/{identity}/ask-withdrawal", headers=sender, json=why)
    assert (asked.status_code, asked.json()["state"]) == (200, "approved")
    told = client.get(f"/v1/submissions/{identity}", headers=steward).json()
    assert [(a["by"], a["reason"], a["comment"]) for a in told["withdrawal_asked"]] == [("qq-sender", *why.values())]
    assert told["may"] == ["override_withdrawal"]
    _is_problem(client.post(f"/v1/submissions/{identity}/ask-withdrawal", headers=steward, json=why), 403)
    done = client.post(f"/v1/submissions/{identity}/withdraw", headers=steward, json={**why, "override": True})
    assert done.json()["state"] == "withdrawn"
    event = door.list_events(desk, who(desk, "qq-sender"), identity)[-1]
    assert (event["actor"], event["payload"]) == ("the-steward", {"reason": "wrong_return", "override": True})


def test_a_withdrawal_asked_for_is_told_to_those_who_may_carry_it_out(desk: Desk) -> None:
    import sqlalchemy as sa

    from pipelines.ledger.schema import NOTICE

    identity = accepted(desk)
    door.ask_withdrawal(desk, who(desk, "qq-sender"), identity, "wrong_return", "it was another quarter's")
    with desk.engine.connect() as connection:
        query = sa.select(NOTICE.c.account_id).where(NOTICE.c.kind == "to_withdraw")
        assert set(connection.execute(query).scalars()) == {"qq-approver", "both-approver"}


def test_a_fault_of_ours_tells_no_path(desk: Desk, client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    identity = warned(desk)
    next(p for p in desk.home.store.rglob("*") if p.is_file()).write_bytes(b"changed")
    desk.reports._futures.clear()
    told = _is_problem(client.get(f"/v1/submissions/{identity}/report", headers=_as(desk, "qq-sender")), 500)
    assert str(desk.home.root) not in json.dumps(told)
    assert "pipelines.submissions.store.StoreError at submissions/store.py:" in caplog.text
    assert f"reference {told['reference']}" in caplog.text
    assert "restore it from a backup" not in caplog.text


@pytest.mark.parametrize("how", ["deleted", "changed"])
@pytest.mark.parametrize("look", ["report", "findings.csv", "annotated"])
def test_a_damaged_file_is_named_with_who_restores_it(desk: Desk, client: TestClient, how: str, look: str) -> None:
    identity = accepted(desk)
    stored = next(p for p in desk.home.store.rglob("*") if p.is_file())
    if how == "deleted":
        stored.unlink()
    else:
        stored.write_bytes(b"changed")
    desk.reports._futures.clear()
    told = _is_problem(client.get(f"/v1/submissions/{identity}/{look}", headers=_as(desk, "qq-sender")), 500)
    assert told["title"] == "Stored data is damaged"
    assert f"The stored file return.csv of the return {identity} is missing or damaged" in told["detail"]
    assert "is safe" not in told["detail"]
    assert "steward" in told["remedy"] and "backup" in told["remedy"]
    assert stored.name not in json.dumps(told)


def test_a_full_disk_is_answered_as_unavailable(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with disks.small_disk(tmp_path, 8192) as disk:
        full = desk_fakes.opened(disk)
        asking = TestClient(create_api(full), raise_server_exceptions=False)
        headers = _as(full, "qq-sender", **{"X-Filename": "a.csv"})
        disks.fill_disk(disk, leave=0)
        answer = asking.post("/v1/submissions", headers=headers, content=file())
        told = _is_problem(answer, 503)
        assert answer.headers["retry-after"] == "300"
        assert told["title"] == "The disk of the service cannot be used"
        assert str(disk) not in json.dumps(told)
        disks.empty_disk(disk)
        assert asking.post("/v1/submissions", headers=headers, content=file()).status_code == 201
        full.engine.dispose()


SECRET = "Petar Petrović 0101990710006"


@pytest.mark.parametrize("where", ["in the check", "in the desk", "as a cause"])
def test_what_an_exception_quotes_of_a_file_reaches_no_log(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    """Under the server itself, which prints whatever reaches it, all loggers written to a file."""
    import logging
    import socket
    import threading
    import time

    import httpx
    import uvicorn

    def fail(*_: object, **__: object) -> None:
        try:
            raise ValueError(f"{SECRET} is not a number")
        except ValueError as error:
            if where == "as a cause":
                raise RuntimeError("could not be read") from error
            raise

    monkeypatch.setattr(
        "pipelines.submissions.service.uploading.check_return"
        if where != "in the desk"
        else "pipelines.submissions.service.hand_in",
        fail,
    )
    log = tmp_path / "log.txt"
    handler = logging.FileHandler(log, encoding="utf-8")
    loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")]
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_api(desk), log_level="debug", log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    for one in loggers:
        one.addHandler(handler)
    try:
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/submissions"
        answer = httpx.post(
            address, headers=_as(desk, "qq-sender", **{"X-Filename": "a.csv"}), content=file(), timeout=20
        )
    finally:
        server.should_exit = True
        thread.join(20)
        for one in loggers:
            one.removeHandler(handler)
        handler.close()
        listening.close()
    told = answer.json()
    written = log.read_text(encoding="utf-8")
    assert (answer.status_code, len(told["reference"])) == (500, 8)
    assert f"reference {told['reference']}" in written and "builtins.ValueError at api/test_app.py:" in written
    assert SECRET not in written + answer.text and "Petar" not in written + answer.text


def test_words_come_in_the_language_asked_for(desk: Desk, client: TestClient) -> None:
    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    for language in ("en", "sq"):
        from pipelines.core.i18n import list_languages

        if language in list_languages():
            told = client.post(f"/v1/check?language={language}", headers=head, content=file()).json()
            assert told["language"] == language


# ---------------------------------------------------------------------------------------------------------------- queue


def test_each_account_has_its_places_and_the_rest_wait() -> None:
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    changed, never = threading.Condition(), threading.Event()

    def work(account: str) -> str:
        with changed:
            running[account] = running.get(account, 0) + 1
            most[account] = max(most.get(account, 0), running[account])
            changed.notify_all()
            assert changed.wait_for(lambda: most[account] >= 2, 20), "nobody comes to work beside"
        never.wait(0.02)  # time for a third to come, who must not
        with changed:
            running[account] -= 1
        return account

    async def everybody() -> list[Any]:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        asked = [queue.run(a, lambda a=a: work(a)) for a in ["many"] * 42 + ["few"] * 3]
        return await asyncio.gather(*asked)

    assert len(run_async(everybody())) == 45
    assert most == {"many": 2, "few": 2}


def test_nobody_waits_for_anothers_files() -> None:
    gate = threading.Event()

    async def both() -> str:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        slow = [asyncio.create_task(queue.run("many", lambda: gate.wait(10))) for _ in range(42)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(queue.run("few", lambda: "answered"), 5)
        finally:
            gate.set()
            await asyncio.gather(*slow)

    assert run_async(both()) == "answered"


def test_accounts_that_fill_every_place_leave_one_for_a_colleague() -> None:
    gate = threading.Event()

    async def all_of_them() -> str:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        slow = [asyncio.create_task(queue.run(a, lambda: gate.wait(20))) for a in "abcd" for _ in range(2)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(queue.run("colleague", lambda: "answered"), 10)
        finally:
            gate.set()
            await asyncio.gather(*slow)

    assert run_async(all_of_them()) == "answered"


def test_a_caller_that_goes_away_while_it_waits_takes_no_place() -> None:
    gate = threading.Event()

    async def gone() -> int:
        queue = Queue(at_once=1, waiting=40, in_all=8)
        first = asyncio.create_task(queue.run("one", lambda: gate.wait(20)))
        waiting = asyncio.create_task(queue.run("one", lambda: 5))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gate.set()
        await first
        return await asyncio.wait_for(queue.run("one", lambda: 7), 10)

    assert run_async(gone()) == 7


def test_the_forty_third_is_asked_to_come_again() -> None:
    gate = threading.Event()

    async def too_many() -> list[Any]:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        tasks = [asyncio.create_task(queue.run("many", lambda: gate.wait(10))) for _ in range(43)]
        await asyncio.sleep(0.05)
        gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    out = run_async(too_many())
    refused = [e for e in out if isinstance(e, QueueFullError)]
    assert len(refused) == 1
    problem = problem_of(refused[0])
    assert (problem.status, problem.headers) == (503, {"Retry-After": "30"})
    assert out.count(True) == 42


def test_bytes_that_wait_are_bounded_and_given_back(
    desk: Desk, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.web import check_queue as queue

    monkeypatch.setattr(queue, "HELD", 40)
    head = _as(desk, "qq-sender", **{"X-Filename": "a.csv"})
    assert len(file()) < 40
    for _ in range(3):
        assert client.post("/v1/check", headers=head, content=file()).status_code == 200
        _is_problem(client.post("/v1/check", headers=head, content=b"x" * 41), 503)
    assert client.app.state.queue._held == {}  # type: ignore[attr-defined]


def test_a_failure_gives_its_place_back() -> None:
    def fail() -> None:
        raise OSError("broken")

    async def again() -> int:
        queue = Queue(at_once=1, waiting=0, in_all=1)
        for _ in range(5):
            with pytest.raises(OSError, match="broken"):
                await queue.run("one", fail)
        return await queue.run("one", lambda: 7)

    assert run_async(again()) == 7


# ---------------------------------------------------------------------------------------------------------- description


def _operations(client: TestClient) -> dict[tuple[str, str], dict[str, Any]]:
    described = client.get("/openapi.json").json()
    return {(m.upper(), path): o for path, methods in described["paths"].items() for m, o in methods.items()}


def test_every_route_is_described_with_its_answers(client: TestClient) -> None:
    operations = _operations(client)
    routes = [r for part in (handing_in, submissions, due) for r in part.router.routes]
    declared = {(m, r.path) for r in routes if isinstance(r, APIRoute) for m in r.methods}
    assert (declared, len(routes)) == (set(operations), len(declared))
    assert len(operations) >= 16
    for (method, path), said in operations.items():
        assert said["description"], path
        assert said["security"] == [{"HTTPBearer": []}], path
        assert {"401", "404"} <= set(said["responses"]), path
        good = next(a for status, a in said["responses"].items() if status.startswith("2"))
        schemas = [body.get("schema", {}) for body in good["content"].values()]
        assert schemas and all(s for s in schemas), (method, path)
        if method == "POST":
            assert said.get("requestBody"), path


def test_the_description_is_valid_json_schema(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for name, schema in described["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description") or schema.get("title"), name


def test_the_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/").text
    for (_, path), said in _operations(client).items():
        assert f"<code>{path}</code>" in page
        assert said["operationId"] in page
    for foreign in ("<script", "http://", "https://", "//cdn", "@import", "url("):
        assert foreign not in page, foreign
    for gone in ("/docs", "/redoc"):
        assert client.get(gone).status_code == 404


def test_mounted_below_an_address_its_page_points_there(desk: Desk) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    inside = TestClient(Starlette(routes=[Mount("/api", create_api(lambda: desk))]))
    assert 'href="/api/openapi.json"' in inside.get("/api/").text
    assert inside.get("/api/v1/submissions", headers=_as(desk, "qq-sender")).json() == []
    assert inside.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]


def test_a_request_of_megabytes_that_brings_no_file_is_refused(desk: Desk, client: TestClient) -> None:
    for path in ("/v1/nil", "/v1/submissions/S0123456789abcde/justify"):
        big = b'{"text":"' + b"a" * 1024 * 1024 + b'"}'
        answer = client.post(path, content=big, headers=_as(desk, "qq-sender"))
        assert "1 MB" in _is_problem(answer, 413)["remedy"]
        # Nobody learns without a token how much would be taken: the body is not looked at.
        assert client.post(path, content=big).status_code == 401


@pytest.mark.parametrize("path", ["/v1/nil", "/v1/check", "/v1/submissions"])
@pytest.mark.parametrize("token", [None, b"Bearer rti_0123456789abcdef_" + b"a" * 43])
def test_no_byte_of_a_body_is_read_before_the_token_is_verified(desk: Desk, path: str, token: bytes | None) -> None:
    asked: list[str] = []
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        asked.append(path)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), *([(b"authorization", token)] if token else [])]
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": b"", "headers": headers, "client": ("192.0.2.1", 1), "server": ("127.0.0.1", 80),
        "asgi": {"version": "3.0"}, "http_version": "1.1",
    }  # fmt: skip
    run_async(create_api(desk)(scope, receive, send))
    assert (sent[0]["status"], asked) == (401, [])


def test_wrong_tokens_of_one_address_are_refused_after_twenty_and_right_ones_known_here_are_not(desk: Desk) -> None:
    app = create_api(desk)
    office = TestClient(app, raise_server_exceptions=False, client=("192.0.2.7", 50_000))
    elsewhere = TestClient(app, raise_server_exceptions=False, client=("198.51.100.1", 50_000))
    right = _as(desk, "qq-sender")
    assert office.get("/v1/submissions", headers=right).status_code == 200
    wrong = [
        office.get("/v1/submissions", headers={"Authorization": f"Bearer rti_{number:016x}_{'a' * 43}"})
        for number in range(40)
    ]
    assert [answer.status_code for answer in wrong[:20]] == [401] * 20
    assert {answer.status_code for answer in wrong[21:]} == {429}
    assert 1 <= int(wrong[-1].headers["retry-after"]) <= 120
    _is_problem(wrong[-1], 429)
    assert office.get("/v1/submissions", headers=right).status_code == 200
    assert elsewhere.get("/v1/submissions", headers=_as(desk, "qq-sender")).status_code == 200


def test_answers_of_the_api_are_not_kept_by_caches(desk: Desk, client: TestClient) -> None:
    for headers in (_as(desk, "qq-sender"), {}):
        answer = client.get("/v1/submissions", headers=headers)
        assert answer.headers["cache-control"] == "no-store"
