"""`rti submit --to`: a service on the loopback address, broken connections, receipts, exit codes, words."""

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
from pipelines.submissions import service as door
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
    """The API under uvicorn on a free port, mounted as the portal mounts it; ended with the test."""
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


def test_files_are_handed_in_and_receipts_kept(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_HOME", str(tmp_path / "there is no home"))
    folder, kept, secret = tmp_path / "returns", tmp_path / "kept", tmp_path / "token"
    folder.mkdir()
    (folder / "Прво 2025.csv").write_bytes(make_file(period="2025-Q1"))
    (folder / "b.csv").write_bytes(make_file(period="2025-Q2", value=101))
    (folder / "c.csv").write_bytes(make_file("RR-JUSTICE-1"))
    secret.write_text(_token(desk) + "\n")
    command = ["submit", str(folder), "--to", address, "--token-file", str(secret), "--receipts", str(kept)]
    assert main.main(command) == 1
    told = capsys.readouterr()
    assert "Прво 2025.csv: good, QQ-JUSTICE-1 (1 observation)" in told.out
    assert "c.csv was not kept" in told.out and "for which you may not submit" in told.out
    assert "test.high" in told.out
    (waits,) = (s.submission_id for s in queries.list_submissions(desk.engine) if s.filename == "b.csv")
    assert f"asks for a justification: {address}/answer?id={waits}\n" in told.out, "no command of this machine does it"
    assert secret.read_text().strip() not in told.out + told.err
    states = {s.filename: s.state for s in queries.list_submissions(desk.engine)}
    assert states == {"Прво 2025.csv": "sent", "b.csv": "checked"}
    (receipt,) = kept.iterdir()
    assert receipts.verify_receipt(receipt.read_bytes(), file=make_file(period="2025-Q1")).outcome == "good"
    # The whole folder again: told, nothing taken twice, the same receipt.
    assert main.main([*command, "--json"]) == 1
    content = json.loads(capsys.readouterr().out)
    assert [c["new"] for c in content] == [False, False, False]
    assert len(queries.list_submissions(desk.engine)) == 2
    assert list(kept.iterdir()) == [receipt]


def test_the_words_are_those_of_the_local_command(
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
    hours = count(1)  # no act is taken while the clock is behind an earlier one
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        told = []
        for where in (["--to", address], ["--as", "qq-sender"]):
            with clock.freeze_time(time_at(next(hours) / 24)):
                code = main.main(["submit", str(tmp_path / name), *where])
                out = re.sub(r"S[0-9a-f]{15}", "S", capsys.readouterr().out)
                # What is still to be done is done elsewhere: on the pages of the service, or by a command here.
                how = rf"{address}/answer\?id=S|rti justify S|rti send S --reason CODE"
                told.append((code, re.sub(how, "HOW", out)))
                for one in queries.list_submissions(desk.engine, states=["checked", "refused", "sent"]):
                    door.withdraw_submission(
                        desk, get_identity(desk, "qq-sender"), one.submission_id, "duplicate", "for the other way"
                    )
        assert told[0] == told[1]


@pytest.mark.parametrize(
    ("data", "code"),
    [(make_file(), 0), (make_file(value=-1), 1), (make_file("RR-JUSTICE-1"), 1), (b"broken", 2), (b"unknown", 1)],
)
def test_exit_codes_are_those_of_the_local_command(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, code: int
) -> None:
    monkeypatch.setenv("RTI_TOKEN", _token(desk))
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    assert main.main(["submit", str(path), "--to", address]) == code


def test_holding_correcting_and_replacing_are_passed_on(
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
def test_what_the_service_refuses_is_told(
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


def test_one_that_fails_holds_up_no_other(
    desk: Desk, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RTI_TOKEN", _token(desk))
    real = client.submit_file

    def once(remote: client.Remote, data: bytes, filename: str, **options: Any) -> client.RemoteResult:
        if filename == "a.csv":
            raise client.RemoteError("broken on purpose")
        return real(remote, data, filename, **options)

    monkeypatch.setattr(client, "submit_file", once)
    for name, period in (("a.csv", "2025-Q1"), ("b.csv", "2025-Q2")):
        (tmp_path / name).write_bytes(make_file(period=period))
    assert main.main(["submit", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), "--to", address]) == 3
    assert "a.csv: broken on purpose" in capsys.readouterr().err
    assert [s.filename for s in queries.list_submissions(desk.engine)] == ["b.csv"]


# ----------------------------------------------------------------------------------------------------------- repetition


class Broken(httpx.BaseTransport):
    """The service behind a line that fails as it is told to: before the request arrives, or before the answer does."""

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
    return client.Remote(address, _token(desk), transport=Broken(desk, faults), pause=pauses.append)


@pytest.mark.parametrize(
    ("faults", "pauses"),
    [
        (["no way"], [1.0]),
        (["answer lost"], [1.0]),
        (["answer lost", "no way", "answer lost"], [1.0, 2.0, 4.0]),
        (["503", "502"], [7.0, 7.0]),
        (["", "answer lost", "no way"], [1.0, 2.0]),  # on the way of the receipt
    ],
)
def test_a_broken_line_is_tried_again_with_the_same_bytes_and_counts_once(
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


def test_after_the_last_attempt_it_is_told(desk: Desk) -> None:
    waited: list[float] = []
    with pytest.raises(client.RemoteError, match="cannot be reached"):
        client.submit_file(_remote(desk, ["no way"] * 5, waited), make_file(), "a.csv")
    assert waited == [1.0, 2.0, 4.0, 8.0]
    with pytest.raises(client.RemoteError, match="status 503"):
        client.submit_file(_remote(desk, ["503"] * 5, waited), make_file(), "a.csv")


def _answering(answer: Callable[[httpx.Request], httpx.Response]) -> client.Remote:
    return client.Remote("https://x.example/api", "t", transport=httpx.MockTransport(answer), pause=lambda _: None)


def test_who_is_not_the_service_is_not_believed(desk: Desk) -> None:
    for response in (
        httpx.Response(200, text="<html>a page of the provider</html>"),
        httpx.Response(200, json=[]),
        httpx.Response(302, headers={"location": "https://elsewhere.example"}),
        httpx.Response(200, json={"file": {"sha256": "0" * 64}, "receipt": None}),
    ):
        with pytest.raises(client.RemoteError):
            client.submit_file(_answering(lambda _, r=response: r), make_file(), "a.csv")


def test_a_receipt_that_is_not_good_is_not_kept(desk: Desk) -> None:
    taken = client.submit_file(_remote(desk, [], []), make_file(), "a.csv")
    assert taken.receipt is not None
    bad = taken.receipt.replace(b"qq-sender", b"qq-sander")

    def forging(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=taken.content)
        return httpx.Response(200, content=bad)

    with pytest.raises(client.RemoteError, match="not good"):
        client.submit_file(_answering(forging), make_file(), "a.csv")


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
def test_a_token_goes_encrypted_or_nowhere(text: str, expected: str | None) -> None:
    if expected is not None:
        assert client.address_of(text) == expected
        return
    with pytest.raises(client.RemoteError):
        client.address_of(text)


def test_a_token_is_in_no_representation(desk: Desk) -> None:
    assert "secret" not in repr(client.Remote("https://x.example/api", "secret"))


def test_a_narrowed_token_hands_in_only_what_it_may(desk: Desk, address: str, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(_token(desk, "both-sender", grants=[Grant("submitter", "RR")]))
    for name, form, code in (("q.csv", "QQ-JUSTICE-1", 1), ("r.csv", "RR-JUSTICE-1", 0)):
        (tmp_path / name).write_bytes(make_file(form))
        assert main.main(["submit", str(tmp_path / name), "--to", address, "--token-file", str(secret)]) == code
    assert [s.filename for s in queries.list_submissions(desk.engine)] == ["r.csv"]
