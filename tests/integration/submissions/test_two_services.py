"""Two service processes behind one proxy, with the ledger on PostgreSQL and the files of returns in a bucket."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.ledger import facts, queries
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.verification import verify_ledger
from pipelines.refresh import integrity
from pipelines.submissions import receipts, store
from pipelines.submissions.accounts import accounts
from tests.support import postgres
from tests.support.object_store import ObjectStore
from tests.support.service import running
from tests.support.service.running import SAMPLES, Service, run_service

pytestmark = [pytest.mark.storage, pytest.mark.postgres]
RETURNS = ("AL/justice/PP_Trafikimi_2026_T3.xlsx", "AL/justice/PP_Trafikimi_2026_T2.xlsx")
RIVALS = 4
_GONE = (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError)


@contextmanager
def run_proxy(services: Sequence[Service], answered: Counter[str]) -> Iterator[str]:
    """Forward each request to the next service in turn, or to another one if that does not answer; count answers."""
    turns = itertools.cycle(range(len(services)))
    client = httpx.Client(timeout=300, trust_env=False)

    class Forward(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body, first = self.rfile.read(int(self.headers.get("Content-Length") or 0)), next(turns)
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")
            }
            for offset in range(len(services)):
                address = services[(first + offset) % len(services)].address
                try:
                    answer = client.request(self.command, f"{address}{self.path}", content=body, headers=headers)
                except _GONE:
                    continue
                answered[address] += 1
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)
                return
            self.send_error(502)

        do_GET = do_POST  # noqa: N815 - the name that the library calls

        def log_message(self, *_arguments: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Forward) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            client.close()


def make_home(folder: Path) -> Home:
    """Make an empty home with two people of one office."""
    home = initialise_home(folder / "home", "demonstration")
    facts.prepare_fact_folders(home)
    engine = open_ledger(home)
    people = {"sender": (Grant("submitter", "AL"),), "approver": (Grant("approver", "AL"),)}
    new = [accounts.NewAccount(name, name.title(), grants) for name, grants in people.items()]
    accounts.create_many(engine, new, by=SYSTEM)
    engine.dispose()
    return home


@pytest.mark.usefixtures("object_store")
def test_services_share_returns_and_one_goes_on_when_the_other_is_killed(
    tmp_path: Path, object_server: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", running.CLOCK)
    first, second = ((SAMPLES / name).read_bytes() for name in RETURNS)
    answered: Counter[str] = Counter()
    with postgres.run_server() as server:
        monkeypatch.setenv("RTI_LEDGER_URL", postgres.Databases(server).create_empty())
        home = make_home(tmp_path)
        with (
            run_service(home.root, tmp_path / "one", command=running.WITHOUT_UPLOADS) as earlier,
            run_service(home.root, tmp_path / "two", command=running.WITHOUT_UPLOADS) as later,
            run_proxy((earlier, later), answered) as address,
        ):
            tokens = {account: earlier.issue_token(account) for account in ("sender", "approver")}

            def send_request(account: str, method: str, path: str, **options: object) -> httpx.Response:
                headers = {"Authorization": f"Bearer {tokens[account]}", "X-Filename": "return.xlsx"}
                with httpx.Client(
                    base_url=f"{address}/api/v1", headers=headers, timeout=300, trust_env=False
                ) as client:
                    return client.request(method, path, **options)  # type: ignore[arg-type]

            with ThreadPoolExecutor(RIVALS) as pool:
                uploads = list(
                    pool.map(lambda _: send_request("sender", "POST", "/submissions", content=first), range(RIVALS))
                )
            assert {upload.status_code for upload in uploads} <= {200, 201}, uploads[0].text
            (identity,) = {upload.json()["submission_id"] for upload in uploads}
            for _service in (earlier, later):  # each reads what may have come through the other
                annotated = send_request("sender", "GET", f"/submissions/{identity}/annotated")
                assert (annotated.status_code, annotated.content[:2]) == (200, b"PK"), annotated.text
            sent = send_request("sender", "POST", f"/submissions/{identity}/send", json={"reason": "late_data"})
            assert sent.status_code == 200, sent.text
            assert set(answered) == {earlier.address, later.address}

            earlier.kill_process()
            approved = send_request("approver", "POST", f"/submissions/{identity}/approve", json={})
            assert approved.status_code == 200, approved.text
            upload = send_request("sender", "POST", "/submissions", content=second)
            assert upload.status_code == 201, upload.text
        engine = open_ledger(home)
        rows = {row.submission_id: row for row in queries.list_submissions(engine)}
        assert sorted(row.state for row in rows.values()) == ["approved", "checked"]
        assert receipts.verify_receipt(sent.content, file=first).outcome == "good"
        assert verify_ledger(engine, home=home).faults == () and integrity.verify_home(home, engine) == []
        engine.dispose()
    assert [store.get_bytes(home, store.compute_digest(data)) for data in (first, second)] == [first, second]
    assert [path for path in home.store.rglob("*") if path.is_file()] == []
    assert {file.name for file in store.list_stored(home)} == {store.name_of(row.sha256) for row in rows.values()}
