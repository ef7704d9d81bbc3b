"""Tests of `rti submit --to`: a service on the loopback address, broken connections, receipts, exit codes, messages."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from pipelines.cli import main
from pipelines.core import clock
from pipelines.ledger import queries
from pipelines.ledger.identity import Grant
from pipelines.submissions import receipts
from pipelines.submissions import service as submission_service
from pipelines.submissions.accounts import tokens
from pipelines.submissions.service import Desk
from pipelines.web.api import client
from pipelines.web.api.app import create_api
from tests.support.fakes import desk_fakes
from tests.support.fakes.desk_fakes import get_identity, make_accepted_return, make_file
from tests.support.fakes.ledger_fakes import time_at


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    desk_fakes.install_fakes(monkeypatch)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_fakes.open_desk(tmp_path)


@pytest.fixture
def address(desk: Desk) -> Iterator[str]:
    """Address of the API under uvicorn on a free port, mounted as in the portal."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    app = Starlette(routes=[Mount("/api", create_api(desk))])
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)
    listening.close()


def _token(desk: Desk, account: str = "qq-sender", **options: Any) -> str:
    return tokens.issue_token(desk.engine, get_identity(desk, account), "test", **options).text


# -------------------------------------------------------------------------------------------------------------- command


def test_submit_uploads_files_and_saves_receipts(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "there is no home"))
    folder, receipts_folder, secret = tmp_path / "returns", tmp_path / "kept", tmp_path / "token"
    folder.mkdir()
    (folder / "Прво 2025.csv").write_bytes(make_file(period="2025-Q1"))
    (folder / "b.csv").write_bytes(make_file(period="2025-Q2", value=101))
    (folder / "c.csv").write_bytes(make_file("RR-JUSTICE-1"))
    secret.write_text(_token(desk) + "\n")
    command = ["submit", str(folder), "--to", address, "--token-file", str(secret), "--receipts", str(receipts_folder)]
    assert main.main(command) == 1
    captured = capsys.readouterr()
    assert "Прво 2025.csv: good, QQ-JUSTICE-1 (1 observation)" in captured.out
    assert "c.csv was not kept" in captured.out and "for which you may not submit" in captured.out
    assert "test.high" in captured.out
    (waiting,) = (s.submission_id for s in queries.list_submissions(desk.engine) if s.filename == "b.csv")
    assert f"asks for a justification: {address}/answer?id={waiting}\n" in captured.out, (
        "the output names the page of the service, not a local command"
    )
    assert secret.read_text().strip() not in captured.out + captured.err
    states = {s.filename: s.state for s in queries.list_submissions(desk.engine)}
    assert states == {"Прво 2025.csv": "sent", "b.csv": "checked"}
    (receipt,) = receipts_folder.iterdir()
    assert receipts.verify_receipt(receipt.read_bytes(), file=make_file(period="2025-Q1")).outcome == "good"
    # Submitting the whole folder again stores nothing twice and gives the same receipt.
    assert main.main([*command, "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert [c["new"] for c in content] == [False, False, False]
    assert len(queries.list_submissions(desk.engine)) == 2
    assert list(receipts_folder.iterdir()) == [receipt]


def test_submit_prints_the_same_as_the_local_command(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with clock.freeze_time(time_at(0)):
        monkeypatch.setenv("RTI_HOME", str(desk.home.root))
        monkeypatch.setenv("RTI_TOKEN", _token(desk))
        make_accepted_return(desk, period="2024-Q2")
    monkeypatch.setattr("pipelines.declarations.registry.load", lambda: desk_fakes.REGISTRY)
    files = {
        "w.csv": make_file(value=101),
        "g.csv": make_file(period="2024-Q1"),
        "e.csv": make_file(value=-1),
        "r.csv": make_file(period="2024-Q2", value=9),
        "u.csv": b"broken",
    }
    hours = count(1)  # acts are refused while the clock is behind an earlier one
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        outcomes = []
        for target in (["--to", address], ["--as", "qq-sender"]):
            with clock.freeze_time(time_at(next(hours) / 24)):
                code = main.main(["submit", str(tmp_path / name), *target])
                output = re.sub(r"S[0-9a-f]{15}", "S", capsys.readouterr().out)
                # The next step is on the pages of the service, or a local command.
                next_step = rf"{address}/answer\?id=S|rti justify S|rti send S --reason CODE"
                outcomes.append((code, re.sub(next_step, "HOW", output)))
                for submission in queries.list_submissions(desk.engine, states=["checked", "refused", "sent"]):
                    submission_service.withdraw_submission(
                        desk,
                        get_identity(desk, "qq-sender"),
                        submission.submission_id,
                        "duplicate",
                        "for the other way",
                    )
        assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("data", "code"),
    [(make_file(), 0), (make_file(value=-1), 1), (make_file("RR-JUSTICE-1"), 1), (b"broken", 2), (b"unknown", 1)],
)
def test_submit_exits_with_the_codes_of_the_local_command(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, code: int
) -> None:
    monkeypatch.setenv("RTI_TOKEN", _token(desk))
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert main.main(["submit", str(path), "--to", address]) == code


def test_submit_passes_on_hold_patch_and_corrects(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_TOKEN", _token(desk))
    first = make_accepted_return(desk)
    path = tmp_path / "a.csv"
    path.write_bytes(make_file(value=4))
    assert main.main(["submit", str(path), "--to", f"{address}/api/", "--hold", "--patch", "--corrects", first]) == 0
    (draft,) = (s for s in queries.list_submissions(desk.engine) if s.submission_id != first)
    assert (draft.state, draft.kind, draft.corrects_submission_id) == ("checked", "patch", first)
    assert main.main(["submit", str(path), "--to", address]) == 0
    assert queries.find_submission(desk.engine, draft.submission_id).state == "checked"
    assert main.main(["submit", str(path), "--to", address, "--reason", "late_data"]) == 0
    sent = queries.find_submission(desk.engine, draft.submission_id)
    assert (sent.state, sent.revision_reason) == ("sent", "late_data")


@pytest.mark.parametrize(
    ("arguments", "token", "words"),
    [
        ([], "rti_" + "0" * 16 + "_" + "a" * 43, "token"),
        ([], "", "there is no token"),
        (["--corrects", "S0123456789abcde"], None, "do not have access"),
        (["--form", "NONE"], None, "NONE"),
        (["--token-file", "missing"], None, "no file"),
    ],
)
def test_submit_reports_refusals_of_the_service(
    desk: Desk,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    token: str | None,
    words: str,
) -> None:
    monkeypatch.setenv("RTI_TOKEN", _token(desk) if token is None else token)
    path = tmp_path / "a.csv"
    path.write_bytes(make_file())
    assert main.main(["submit", str(path), "--to", address, *arguments]) in (2, 3)
    assert words in capsys.readouterr().err
    assert queries.list_submissions(desk.engine) == []


def test_failed_file_does_not_stop_the_others(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_TOKEN", _token(desk))
    submit_file = client.submit_file

    def fail_for_first_file(remote: client.Remote, data: bytes, filename: str, **options: Any) -> client.RemoteResult:
        if filename == "a.csv":
            raise client.RemoteError("broken on purpose")
        return submit_file(remote, data, filename, **options)

    monkeypatch.setattr(client, "submit_file", fail_for_first_file)
    for name, period in (("a.csv", "2025-Q1"), ("b.csv", "2025-Q2")):
        (tmp_path / name).write_bytes(make_file(period=period))
    assert main.main(["submit", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--to", address]) == 3
    assert "a.csv: broken on purpose" in capsys.readouterr().err
    assert [s.filename for s in queries.list_submissions(desk.engine)] == ["b.csv"]


# ----------------------------------------------------------------------------------------------------------- repetition


class BrokenTransport(httpx.BaseTransport):
    """A transport that fails as listed: before the request arrives, or before the answer does."""

    def __init__(self, desk: Desk, faults: list[str]) -> None:
        from fastapi.testclient import TestClient

        self.inner = TestClient(create_api(desk), raise_server_exceptions=False)
        self.faults, self.bodies = faults, []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "no way":
            raise httpx.ConnectError("no way there")
        if fault.isdigit():
            return httpx.Response(int(fault), headers={"retry-after": "7"}, json={"title": "busy"})
        path = request.url.raw_path.decode().removeprefix("/api")
        answer = self.inner.request(request.method, path, headers=dict(request.headers), content=request.read())
        if request.method == "POST":
            self.bodies.append(request.read())
        if fault == "answer lost":
            raise httpx.ReadError("the line broke")
        head = {k: v for k, v in answer.headers.items() if k.lower() not in ("content-length", "content-encoding")}
        return httpx.Response(answer.status_code, headers=head, content=answer.content)


def _remote(desk: Desk, faults: list[str], pauses: list[float]) -> client.Remote:
    address = client.address_of("https://portal.example.org")
    return client.Remote(address, _token(desk), transport=BrokenTransport(desk, faults), pause=pauses.append)


@pytest.mark.parametrize(
    ("faults", "pauses"),
    [
        (["no way"], [1.0]),
        (["answer lost"], [1.0]),
        (["answer lost", "no way", "answer lost"], [1.0, 2.0, 4.0]),
        (["503", "502"], [7.0, 7.0]),
        (["", "answer lost", "no way"], [1.0, 2.0]),  # while fetching the receipt
    ],
)
def test_submit_file_retries_with_the_same_bytes_and_counts_once(
    desk: Desk, faults: list[str], pauses: list[float]
) -> None:
    waited: list[float] = []
    remote = _remote(desk, list(faults), waited)
    answer = client.submit_file(remote, make_file(), "a.csv")
    assert (waited, answer.content["state"]) == (pauses, "sent")
    assert answer.receipt is not None
    assert receipts.verify_receipt(answer.receipt, file=make_file()).outcome == "good"
    assert len(queries.list_submissions(desk.engine)) == 1
    assert set(remote.transport.bodies) == {make_file()}  # type: ignore[union-attr]


def test_submit_file_reports_failure_after_the_last_attempt(desk: Desk) -> None:
    waited: list[float] = []
    with pytest.raises(client.RemoteError, match="cannot be reached"):
        client.submit_file(_remote(desk, ["no way"] * 5, waited), make_file(), "a.csv")
    assert waited == [1.0, 2.0, 4.0, 8.0]
    with pytest.raises(client.RemoteError, match="status 503"):
        client.submit_file(_remote(desk, ["503"] * 5, waited), make_file(), "a.csv")


def _open_remote(answer: Callable[[httpx.Request], httpx.Response]) -> client.Remote:
    return client.Remote("https://x.example/api", "t", transport=httpx.MockTransport(answer), pause=lambda _: None)


def test_submit_file_rejects_answers_of_other_servers(desk: Desk) -> None:
    for response in (
        httpx.Response(200, text="<html>a page of the provider</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(200, json={"file": {"sha256": "0" * 64}, "receipt": None}),
    ):
        with pytest.raises(client.RemoteError):
            client.submit_file(_open_remote(lambda _, r=response: r), make_file(), "a.csv")


def test_submit_file_rejects_a_forged_receipt(desk: Desk) -> None:
    result = client.submit_file(_remote(desk, [], []), make_file(), "a.csv")
    assert result.receipt is not None
    bad = result.receipt.replace(b"qq-sender", b"qq-sander")

    def forge_receipt(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=result.content)
        return httpx.Response(200, content=bad)

    with pytest.raises(client.RemoteError, match="not good"):
        client.submit_file(_open_remote(forge_receipt), make_file(), "a.csv")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://portal.example.org", "https://portal.example.org/api"),
        ("https://portal.example.org/api/", "https://portal.example.org/api"),
        ("https://example.org/rti/", "https://example.org/rti/api"),
        ("http://127.0.0.1:8502", "http://127.0.0.1:8502/api"),
        ("http://portal.example.org", None),
        ("ftp://portal.example.org", None),
        ("portal.example.org", None),
        ("https://", None),
        ("http://[", None),
    ],
)
def test_address_of_requires_encryption_outside_the_loopback(text: str, expected: str | None) -> None:
    if expected is not None:
        assert client.address_of(text) == expected
        return
    with pytest.raises(client.RemoteError):
        client.address_of(text)


def test_repr_of_remote_hides_the_token(desk: Desk) -> None:
    assert "secret" not in repr(client.Remote("https://x.example/api", "secret"))


def test_narrowed_token_submits_only_its_forms(desk: Desk, address: str, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(_token(desk, "both-sender", grants=[Grant("submitter", "RR")]))
    for name, form, code in (("q.csv", "QQ-JUSTICE-1", 1), ("r.csv", "RR-JUSTICE-1", 0)):
        (tmp_path / name).write_bytes(make_file(form))
        assert main.main(["submit", str(tmp_path / name), "--to", address, "--token-file", str(secret)]) == code
    assert [s.filename for s in queries.list_submissions(desk.engine)] == ["r.csv"]
