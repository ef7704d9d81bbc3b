"""Tests of the API: files in every shape of request, problems, the queue, and the OpenAPI description."""

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
from pipelines.submissions import service as submission_service
from pipelines.submissions.accounts import tokens
from pipelines.submissions.service import Desk
from pipelines.web.api import body, due, handing_in, models, submissions
from pipelines.web.api.app import create_api
from pipelines.web.api.problems import problem_of
from pipelines.web.check_queue import Queue, QueueFullError
from tests.support import disks
from tests.support.coroutines import run_async
from tests.support.fakes import check_fakes, desk_fakes
from tests.support.fakes.desk_fakes import get_identity, make_accepted_return, make_draft_with_warning, make_file
from tests.support.paths import ROOT

SCHEMAS = ROOT / "docs/schema"


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    desk_fakes.install_fakes(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_fakes.open_desk(tmp_path)


@pytest.fixture
def client(desk: Desk) -> TestClient:
    return TestClient(create_api(desk), raise_server_exceptions=False)


def _make_headers(desk: Desk, account: str, **more: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {tokens.issue_token(desk.engine, get_identity(desk, account), 'test').text}",
        **more,
    }


def _is_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = response.json()
    assert content["status"] == status
    for member in ("type", "title", "detail", "remedy"):
        assert content[member]
    return content


# ---------------------------------------------------------------------------------------------------------------- lists


def test_list_is_paged_and_each_page_links_to_the_next(desk: Desk, client: TestClient) -> None:
    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    submission_ids = [
        client.post("/v1/submissions", headers=head, content=make_file(period=f"20{year}-Q1")).json()["submission_id"]
        for year in range(10, 17)
    ]
    ledger = {s.submission_id: s.received_at for s in queries.list_submissions(desk.engine)}
    expected = sorted(submission_ids, key=lambda identity: (ledger[identity], identity), reverse=True)
    address, pages = "/v1/submissions?state=checked&limit=3&mine=true&language=sq", []
    while address:
        answer = client.get(address, headers=head)
        pages.append([submission["submission_id"] for submission in answer.json()])
        link = answer.links.get("next", {}).get("url")
        assert link is None or {"state=checked", "limit=3", "mine=true", "language=sq"} < set(
            link.split("?")[1].split("&")
        )
        address = link
    assert pages == [expected[:3], expected[3:6], expected[6:]]
    assert client.get("/v1/submissions", headers=head).links == {}
    # The second page stays the same when a new return arrives.
    second = client.get("/v1/submissions?limit=3", headers=head).links["next"]["url"]
    # Returns of the same second are in the order of their ids, so the new return needs a later time.
    with clock.freeze_time(clock.now() + timedelta(minutes=1)):
        client.post("/v1/submissions", headers=head, content=make_file(period="2017-Q1"))
    assert [submission["submission_id"] for submission in client.get(second, headers=head).json()] == expected[3:6]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=", "cursor=S1", "state=gone", "state="])
def test_list_with_invalid_query_is_refused(desk: Desk, client: TestClient, query: str) -> None:
    _is_problem(client.get(f"/v1/submissions?{query}", headers=_make_headers(desk, "qq-sender")), 422)


# ----------------------------------------------------------------------------------------------------------- handing in


@pytest.mark.parametrize("shape", ["x-filename", "disposition", "disposition*", "multipart"])
def test_file_is_accepted_in_every_shape_with_its_name(desk: Desk, client: TestClient, shape: str) -> None:
    name = "Pravosuđe Срб 2025.csv"
    head = _make_headers(desk, "qq-sender")
    body_arguments: dict[str, Any] = {"content": make_file()}
    if shape == "x-filename":
        head["X-Filename"] = quote(name)
    elif shape == "disposition":
        name = "plain.csv"
        head["Content-Disposition"] = f'attachment; filename="{name}"'
    elif shape == "disposition*":
        head["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    else:
        body_arguments = {"files": {"file": (name, make_file())}}
    response = client.post("/v1/submissions", headers=head, **body_arguments)
    assert response.status_code == 201, response.text
    content = response.json()
    assert (content["file"]["name"], content["state"], content["new"]) == (name, "checked", True)
    assert submission_service.read_original(desk, get_identity(desk, "qq-sender"), content["submission_id"]) == (
        name,
        make_file(),
    )
    models.UploadBody.model_validate(content)


def test_report_equals_that_of_the_command_line(desk: Desk, client: TestClient) -> None:
    from pipelines.submissions.checking.check import check_file

    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    report = client.post("/v1/check", headers=head, content=make_file(value=101)).json()
    local_report = check_file(make_file(value=101), "a.csv", registry=desk_fakes.REGISTRY).as_json()
    assert report == json.loads(json.dumps(local_report))
    schema = json.loads((SCHEMAS / "check-report.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(report)
    assert set(models.ReportBody.model_fields) == set(report)
    assert queries.list_submissions(desk.engine) == []


def test_reading_processes_are_shared_by_account(
    desk: Desk, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts: list[str | None] = []
    monkeypatch.setattr(check_fakes.Pool, "accounts", accounts)
    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    assert client.post("/v1/check", headers=head, content=make_file()).status_code == 200
    assert client.post("/v1/submissions", headers=head, content=make_file()).status_code == 201
    assert accounts == ["qq-sender", "qq-sender"]


def test_sending_returns_the_receipt_and_repeating_returns_it_again(desk: Desk, client: TestClient) -> None:
    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    first = client.post("/v1/submissions?send=true", headers=head, content=make_file())
    second = client.post("/v1/submissions?send=true", headers=head, content=make_file())
    assert (first.status_code, second.status_code) == (201, 200)
    assert (first.json()["state"], second.json()["state"]) == ("sent", "sent")
    assert first.json()["receipt"] == second.json()["receipt"] is not None
    receipt = client.get(f"/v1/submissions/{first.json()['submission_id']}/receipt", headers=head)
    assert receipts.verify_receipt(receipt.content, file=make_file()).outcome == "good"
    assert receipt.json() == first.json()["receipt"]
    assert len(queries.list_submissions(desk.engine)) == 1


def test_return_that_cannot_be_sent_yet_is_a_draft_with_the_reason(desk: Desk, client: TestClient) -> None:
    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    content = client.post("/v1/submissions?send=true", headers=head, content=make_file(value=101)).json()
    assert (content["state"], content["receipt"]) == ("checked", None)
    assert "without a justification" in content["not_sent"]
    identity = content["submission_id"]
    body = {"reason": "large_case", "text": "one case of many persons"}
    justified = client.post(f"/v1/submissions/{identity}/justify", headers=head, json=body)
    assert justified.json() == {"submission_id": identity, "state": "checked", "to_justify": 0}
    sent = client.post(f"/v1/submissions/{identity}/send", headers=head)
    assert receipts.verify_receipt(sent.content, file=make_file(value=101)).outcome == "good"
    approver = _make_headers(desk, "qq-approver")
    assert client.post(f"/v1/submissions/{identity}/approve", headers=approver).json()["state"] == "approved"


def test_returned_return_can_be_withdrawn(desk: Desk, client: TestClient) -> None:
    head, approver = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"}), _make_headers(desk, "qq-approver")
    identity = client.post("/v1/submissions?send=true", headers=head, content=make_file()).json()["submission_id"]
    returned = client.post(
        f"/v1/submissions/{identity}/return", headers=approver, json={"comment": "look again, please"}
    )
    assert returned.json()["state"] == "checked"
    submission = client.get(f"/v1/submissions/{identity}", headers=head).json()
    models.SubmissionBody.model_validate(submission)
    assert (submission["last_comment"], submission["may"]) == ("look again, please", ["justify", "send", "withdraw"])
    withdrawal = {"reason": "wrong_return", "comment": "it was the wrong file"}
    assert (
        client.post(f"/v1/submissions/{identity}/withdraw", headers=head, json=withdrawal).json()["state"]
        == "withdrawn"
    )
    listed = client.get("/v1/submissions?state=withdrawn&mine=true", headers=head).json()
    assert [s["submission_id"] for s in listed] == [identity]


def test_nil_return_is_sent_in_one_request(desk: Desk, client: TestClient) -> None:
    body = {"form": "QQ-JUSTICE-1", "periods": ["2025-Q4"], "send": True}
    response = client.post("/v1/nil", headers=_make_headers(desk, "qq-sender"), json=body)
    assert (response.status_code, response.json()["state"], response.json()["receipt"]["kind"]) == (201, "sent", "nil")
    _is_problem(client.post("/v1/nil", headers=_make_headers(desk, "rr-sender"), json=body), 403)


@pytest.mark.parametrize(
    ("data", "words"),
    [(make_file("RR-JUSTICE-1"), "Office RR"), (b"broken", ""), (b"person 2025-Q4;reported;3", "name")],
)
def test_refused_file_is_a_problem_with_the_result(desk: Desk, client: TestClient, data: bytes, words: str) -> None:
    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    content = _is_problem(client.post("/v1/submissions", headers=head, content=data), 422)
    assert words in content["detail"]
    models.UploadBody.model_validate(content["result"])
    assert content["result"]["submission_id"] is None
    assert queries.list_submissions(desk.engine) == []


# ------------------------------------------------------------------------------------------------------------- problems


def test_oversized_body_is_refused_while_it_arrives(
    desk: Desk, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "MAX_BYTES", 1000)
    pieces: list[int] = []

    def yield_pieces() -> Iterator[bytes]:
        for _ in range(1_000_000):
            pieces.append(1)
            yield b"x" * 100

    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    _is_problem(client.post("/v1/submissions", headers=head, content=b"x" * 1001), 413)

    async def send_large_body() -> tuple[list[dict[str, Any]], int]:
        """Send a body of a million parts with a wrong content length."""
        answers: list[dict[str, Any]] = []

        async def receive_part() -> dict[str, Any]:
            return {"type": "http.request", "body": next(parts), "more_body": True}

        async def record_answer(message: Any) -> None:
            answers.append(dict(message))

        parts = yield_pieces()
        headers = [(k.lower().encode(), v.encode()) for k, v in {**head, "Content-Length": "5"}.items()]
        scope = {"type": "http", "method": "POST", "path": "/v1/check", "headers": headers, "query_string": b""}
        await client.app(scope, receive_part, record_answer)
        return answers, len(pieces)

    answers, parts_read = run_async(send_large_body())
    assert (answers[0]["status"], parts_read) == (413, 11)


def test_body_is_not_read_without_a_token(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail_to_read(*_: Any) -> Any:
        raise AssertionError("the body was read")

    monkeypatch.setattr(body, "_bytes_of", fail_to_read)
    _is_problem(client.post("/v1/submissions", headers={"X-Filename": "a.csv"}, content=b"x"), 401)


@pytest.mark.parametrize(
    ("path", "head", "send", "status"),
    [
        ("/v1/submissions", {}, {"content": b"x"}, 400),  # no name
        ("/v1/submissions", {"X-Filename": "a.csv"}, {"content": b""}, 400),
        ("/v1/submissions", {"Content-Type": "multipart/form-data"}, {"content": b"x"}, 400),
        ("/v1/submissions", {}, {"files": [("a", ("a.csv", b"1")), ("b", ("b.csv", b"2"))]}, 400),
        ("/v1/submissions?form=NONE", {"X-Filename": "a.csv"}, {"content": make_file()}, 422),
        ("/v1/submissions?kind=odd", {"X-Filename": "a.csv"}, {"content": make_file()}, 422),
        ("/v1/submissions?send=perhaps", {"X-Filename": "a.csv"}, {"content": make_file()}, 422),
        ("/v1/submissions?language=xx", {"X-Filename": "a.csv"}, {"content": make_file()}, 422),
        ("/v1/submissions?corrects=S0123456789abcde", {"X-Filename": "a.csv"}, {"content": make_file()}, 404),
        ("/v1/nil", {}, {"json": {"form": "QQ-JUSTICE-1", "periods": []}}, 422),
        ("/v1/nil", {}, {"json": {"form": "QQ-JUSTICE-1", "periods": ["2025"]}}, 422),
        ("/v1/nil", {}, {"json": {"form": "NONE", "periods": ["2025-Q1"]}}, 403),
        ("/v1/nil", {}, {"json": {"form": "QQ-JUSTICE-1", "periods": ["2025-Q1"], "other": 1}}, 422),
        ("/v1/nil", {"Content-Type": "application/json"}, {"content": b"{"}, 422),
        ("/v1/nowhere", {}, {}, 404),
        ("/v1/timetable.ics", {}, {}, 405),
    ],
)
def test_invalid_request_is_a_problem(
    desk: Desk, client: TestClient, path: str, head: dict[str, str], send: dict[str, Any], status: int
) -> None:
    _is_problem(client.post(path, headers=_make_headers(desk, "qq-sender", **head), **send), status)
    assert queries.list_submissions(desk.engine) == []


def test_action_in_the_wrong_state_is_a_conflict(desk: Desk, client: TestClient) -> None:
    identity = make_accepted_return(desk)
    approver = _make_headers(desk, "qq-approver")
    _is_problem(client.post(f"/v1/submissions/{identity}/approve", headers=approver), 409)
    _is_problem(
        client.get(f"/v1/submissions/{make_draft_with_warning(desk, period='2024-Q1')}/receipt", headers=approver), 404
    )


def test_accepted_return_is_withdrawn_by_two_people(desk: Desk, client: TestClient) -> None:
    identity = make_accepted_return(desk)
    reason = {"reason": "wrong_return", "comment": "it was another quarter's"}
    sender, _approver, steward = (_make_headers(desk, name) for name in ("qq-sender", "qq-approver", "the-steward"))
    _is_problem(client.post(f"/v1/submissions/{identity}/withdraw", headers=sender, json=reason), 409)
    _is_problem(client.post(f"/v1/submissions/{identity}/withdraw", headers=steward, json=reason), 403)
    request = client.post(f"/v1/submissions/{identity}/ask-withdrawal", headers=sender, json=reason)
    assert (request.status_code, request.json()["state"]) == (200, "approved")
    submission = client.get(f"/v1/submissions/{identity}", headers=steward).json()
    assert [(a["by"], a["reason"], a["comment"]) for a in submission["withdrawal_asked"]] == [
        ("qq-sender", *reason.values())
    ]
    assert submission["may"] == ["override_withdrawal"]
    _is_problem(client.post(f"/v1/submissions/{identity}/ask-withdrawal", headers=steward, json=reason), 403)
    response = client.post(f"/v1/submissions/{identity}/withdraw", headers=steward, json={**reason, "override": True})
    assert response.json()["state"] == "withdrawn"
    event = submission_service.list_events(desk, get_identity(desk, "qq-sender"), identity)[-1]
    assert (event["actor"], event["payload"]) == ("the-steward", {"reason": "wrong_return", "override": True})


def test_requested_withdrawal_notifies_approvers(desk: Desk) -> None:
    import sqlalchemy as sa

    from pipelines.ledger.schema import NOTICE

    identity = make_accepted_return(desk)
    submission_service.ask_withdrawal(
        desk, get_identity(desk, "qq-sender"), identity, "wrong_return", "it was another quarter's"
    )
    with desk.engine.connect() as connection:
        query = sa.select(NOTICE.c.account_id).where(NOTICE.c.kind == "to_withdraw")
        assert set(connection.execute(query).scalars()) == {"qq-approver", "both-approver"}


def test_internal_fault_reveals_no_path(desk: Desk, client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    identity = make_draft_with_warning(desk)
    next(p for p in desk.home.store.rglob("*") if p.is_file()).write_bytes(b"changed")
    desk.reports._futures.clear()
    problem = _is_problem(
        client.get(f"/v1/submissions/{identity}/report", headers=_make_headers(desk, "qq-sender")), 500
    )
    assert str(desk.home.root) not in json.dumps(problem)
    assert "pipelines.submissions.store.StoreError at submissions/store.py:" in caplog.text
    assert f"reference {problem['reference']}" in caplog.text
    assert "restore it from a backup" not in caplog.text


@pytest.mark.parametrize("how", ["deleted", "changed"])
@pytest.mark.parametrize("look", ["report", "findings.csv", "annotated"])
def test_damaged_file_is_reported_with_its_contact(desk: Desk, client: TestClient, how: str, look: str) -> None:
    identity = make_accepted_return(desk)
    stored = next(p for p in desk.home.store.rglob("*") if p.is_file())
    if how == "deleted":
        stored.unlink()
    else:
        stored.write_bytes(b"changed")
    desk.reports._futures.clear()
    problem = _is_problem(
        client.get(f"/v1/submissions/{identity}/{look}", headers=_make_headers(desk, "qq-sender")), 500
    )
    assert problem["title"] == "Stored data is damaged"
    assert f"The stored file return.csv of the return {identity} is missing or damaged" in problem["detail"]
    assert "is safe" not in problem["detail"]
    assert "steward" in problem["remedy"] and "backup" in problem["remedy"]
    assert stored.name not in json.dumps(problem)


def test_full_disk_is_answered_as_unavailable(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with disks.small_disk(tmp_path, 8192) as disk:
        full_desk = desk_fakes.open_desk(disk)
        full_client = TestClient(create_api(full_desk), raise_server_exceptions=False)
        headers = _make_headers(full_desk, "qq-sender", **{"X-Filename": "a.csv"})
        disks.fill_disk(disk, leave=0)
        answer = full_client.post("/v1/submissions", headers=headers, content=make_file())
        problem = _is_problem(answer, 503)
        assert answer.headers["retry-after"] == "300"
        assert problem["title"] == "The disk of the service cannot be used"
        assert str(disk) not in json.dumps(problem)
        disks.empty_disk(disk)
        assert full_client.post("/v1/submissions", headers=headers, content=make_file()).status_code == 201
        full_desk.engine.dispose()


SECRET = "Petar Petrović 0101990710006"


@pytest.mark.parametrize("where", ["in the check", "in the desk", "as a cause"])
def test_message_of_an_exception_is_never_logged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str
) -> None:
    """Run the real server with all loggers written to a file, since it prints every uncaught exception."""
    import logging
    import socket
    import threading
    import time

    import httpx
    import uvicorn

    def raise_value_error(*_: object, **__: object) -> None:
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
        raise_value_error,
    )
    log = tmp_path / "log.txt"
    handler = logging.FileHandler(log, encoding="utf-8")
    loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")]
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_api(desk), log_level="debug", log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    for logger in loggers:
        logger.addHandler(handler)
    try:
        thread.start()
        deadline = time.monotonic() + 60
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/v1/submissions"
        answer = httpx.post(
            address,
            headers=_make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"}),
            content=make_file(),
            timeout=20,
        )
    finally:
        server.should_exit = True
        thread.join(20)
        for logger in loggers:
            logger.removeHandler(handler)
        handler.close()
        listening.close()
    problem = answer.json()
    written = log.read_text(encoding="utf-8")
    assert (answer.status_code, len(problem["reference"])) == (500, 8)
    assert f"reference {problem['reference']}" in written and "builtins.ValueError at api/test_app.py:" in written
    assert SECRET not in written + answer.text and "Petar" not in written + answer.text


def test_report_is_in_the_requested_language(desk: Desk, client: TestClient) -> None:
    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    for language in ("en", "sq"):
        from pipelines.core.i18n import list_languages

        if language in list_languages():
            report = client.post(f"/v1/check?language={language}", headers=head, content=make_file()).json()
            assert report["language"] == language


# ---------------------------------------------------------------------------------------------------------------- queue


def test_queue_runs_two_tasks_per_account_and_the_others_wait() -> None:
    running: dict[str, int] = {}
    most: dict[str, int] = {}
    changed, never = threading.Condition(), threading.Event()

    def work_for_account(account: str) -> str:
        with changed:
            running[account] = running.get(account, 0) + 1
            most[account] = max(most.get(account, 0), running[account])
            changed.notify_all()
            assert changed.wait_for(lambda: most[account] >= 2, 20), "no second task runs at the same time"
        never.wait(0.02)  # time for a third task, which must not start
        with changed:
            running[account] -= 1
        return account

    async def run_all() -> list[Any]:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        tasks = [queue.run(a, lambda a=a: work_for_account(a)) for a in ["many"] * 42 + ["few"] * 3]
        return await asyncio.gather(*tasks)

    assert len(run_async(run_all())) == 45
    assert most == {"many": 2, "few": 2}


def test_queue_does_not_let_accounts_wait_for_each_other() -> None:
    gate = threading.Event()

    async def run_slow_and_quick() -> str:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        slow = [asyncio.create_task(queue.run("many", lambda: gate.wait(10))) for _ in range(42)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(queue.run("few", lambda: "answered"), 5)
        finally:
            gate.set()
            await asyncio.gather(*slow)

    assert run_async(run_slow_and_quick()) == "answered"


def test_queue_has_a_place_for_a_colleague_when_others_fill_it() -> None:
    gate = threading.Event()

    async def run_with_full_queue() -> str:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        slow = [asyncio.create_task(queue.run(a, lambda: gate.wait(20))) for a in "abcd" for _ in range(2)]
        await asyncio.sleep(0)
        try:
            return await asyncio.wait_for(queue.run("colleague", lambda: "answered"), 10)
        finally:
            gate.set()
            await asyncio.gather(*slow)

    assert run_async(run_with_full_queue()) == "answered"


def test_cancelled_waiting_task_takes_no_place() -> None:
    gate = threading.Event()

    async def cancel_waiting() -> int:
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

    assert run_async(cancel_waiting()) == 7


def test_queue_refuses_the_forty_third_task() -> None:
    gate = threading.Event()

    async def run_43() -> list[Any]:
        queue = Queue(at_once=2, waiting=40, in_all=8)
        tasks = [asyncio.create_task(queue.run("many", lambda: gate.wait(10))) for _ in range(43)]
        await asyncio.sleep(0.05)
        gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = run_async(run_43())
    refused = [e for e in results if isinstance(e, QueueFullError)]
    assert len(refused) == 1
    problem = problem_of(refused[0])
    assert (problem.status, problem.headers) == (503, {"Retry-After": "30"})
    assert results.count(True) == 42


def test_waiting_bytes_are_limited_and_released(
    desk: Desk, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.web import check_queue as queue

    monkeypatch.setattr(queue, "HELD", 40)
    head = _make_headers(desk, "qq-sender", **{"X-Filename": "a.csv"})
    assert len(make_file()) < 40
    for _ in range(3):
        assert client.post("/v1/check", headers=head, content=make_file()).status_code == 200
        _is_problem(client.post("/v1/check", headers=head, content=b"x" * 41), 503)
    assert client.app.state.queue._held == {}  # type: ignore[attr-defined]


def test_failed_task_releases_its_place() -> None:
    def raise_os_error() -> None:
        raise OSError("broken")

    async def run_after_failures() -> int:
        queue = Queue(at_once=1, waiting=0, in_all=1)
        for _ in range(5):
            with pytest.raises(OSError, match="broken"):
                await queue.run("one", raise_os_error)
        return await queue.run("one", lambda: 7)

    assert run_async(run_after_failures()) == 7


# ---------------------------------------------------------------------------------------------------------- description


def _operations(client: TestClient) -> dict[tuple[str, str], dict[str, Any]]:
    described = client.get("/openapi.json").json()
    return {(m.upper(), path): o for path, methods in described["paths"].items() for m, o in methods.items()}


def test_every_route_is_described_with_its_responses(client: TestClient) -> None:
    operations = _operations(client)
    routes = [r for part in (handing_in, submissions, due) for r in part.router.routes]
    declared = {(m, r.path) for r in routes if isinstance(r, APIRoute) for m in r.methods}
    assert (declared, len(routes)) == (set(operations), len(declared))
    assert len(operations) >= 16
    for (method, path), operation in operations.items():
        assert operation["description"], path
        assert operation["security"] == [{"HTTPBearer": []}], path
        assert {"401", "404"} <= set(operation["responses"]), path
        good = next(a for status, a in operation["responses"].items() if status.startswith("2"))
        schemas = [body.get("schema", {}) for body in good["content"].values()]
        assert schemas and all(s for s in schemas), (method, path)
        if method == "POST":
            assert operation.get("requestBody"), path


def test_description_is_valid_json_schema(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for name, schema in described["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description") or schema.get("title"), name


def test_documentation_page_needs_no_other_host(client: TestClient) -> None:
    page = client.get("/").text
    for (_, path), operation in _operations(client).items():
        assert f"<code>{path}</code>" in page
        assert operation["operationId"] in page
    for foreign in ("<script", "http://", "https://", "//cdn", "@import", "url("):
        assert foreign not in page, foreign
    for removed_path in ("/docs", "/redoc"):
        assert client.get(removed_path).status_code == 404


def test_mounted_api_uses_its_mount_address(desk: Desk) -> None:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    inside = TestClient(Starlette(routes=[Mount("/api", create_api(lambda: desk))]))
    assert 'href="/api/openapi.json"' in inside.get("/api/").text
    assert inside.get("/api/v1/submissions", headers=_make_headers(desk, "qq-sender")).json() == []
    assert inside.get("/api/openapi.json").json()["servers"] == [{"url": "/api"}]


def test_oversized_request_without_a_file_is_refused(desk: Desk, client: TestClient) -> None:
    for path in ("/v1/nil", "/v1/submissions/S0123456789abcde/justify"):
        big = b'{"text":"' + b"a" * 1024 * 1024 + b'"}'
        answer = client.post(path, content=big, headers=_make_headers(desk, "qq-sender"))
        assert "1 MB" in _is_problem(answer, 413)["remedy"]
        # Without a token the body is not read, so that the limit is not revealed.
        assert client.post(path, content=big).status_code == 401


@pytest.mark.parametrize("path", ["/v1/nil", "/v1/check", "/v1/submissions"])
@pytest.mark.parametrize("token", [None, b"Bearer rti_0123456789abcdef_" + b"a" * 43])
def test_body_is_not_read_before_the_token_is_verified(desk: Desk, path: str, token: bytes | None) -> None:
    receive_calls: list[str] = []
    sent: list[dict[str, Any]] = []

    async def receive_body() -> dict[str, Any]:
        receive_calls.append(path)
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def record_message(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json"), *([(b"authorization", token)] if token else [])]
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": b"", "headers": headers, "client": ("192.0.2.1", 1), "server": ("127.0.0.1", 80),
        "asgi": {"version": "3.0"}, "http_version": "1.1",
    }  # fmt: skip
    run_async(create_api(desk)(scope, receive_body, record_message))
    assert (sent[0]["status"], receive_calls) == (401, [])


def test_wrong_tokens_of_an_address_are_limited_and_known_ones_are_not(desk: Desk) -> None:
    app = create_api(desk)
    office = TestClient(app, raise_server_exceptions=False, client=("192.0.2.7", 50_000))
    elsewhere = TestClient(app, raise_server_exceptions=False, client=("198.51.100.1", 50_000))
    right = _make_headers(desk, "qq-sender")
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
    assert elsewhere.get("/v1/submissions", headers=_make_headers(desk, "qq-sender")).status_code == 200


def test_api_responses_are_not_cached(desk: Desk, client: TestClient) -> None:
    for headers in (_make_headers(desk, "qq-sender"), {}):
        answer = client.get("/v1/submissions", headers=headers)
        assert answer.headers["cache-control"] == "no-store"
