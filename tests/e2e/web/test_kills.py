"""Kill the service (SIGKILL) at named steps and at random moments: no receipted return is lost or incomplete.

Every kill hits a service that receives, sends, approves and withdraws returns through the API; the next service starts
on the home that the killed one left. The expected state is what the clients were answered.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from pipelines.core.home import Home
from pipelines.ledger import facts, queries, supersession
from pipelines.ledger.opening import open_ledger
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions import receipts, store
from pipelines.submissions.checking import history
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.service import running
from tests.support.service.running import Service, run_service

pytestmark = pytest.mark.slow
OFFICES = ("al-pp", "hr-dzs", "rs-sors", "mk-sso", "xk-kpc")
RANDOM_KILLS = 16
SEED = 20_261_120
_AWAY = (httpx.TransportError,)

NAMED = [
    ("read in the child", "before", 1),
    ("half stored", "before", 1),
    ("half stored", "after", 1),
    ("stored", "before", 1),
    ("stored", "after", 1),
    ("entered", "before", 1),
    ("entered", "after", 1),
    ("facts half written", "after", 1),
    ("facts written", "after", 1),
    ("check recorded", "before", 1),
    ("check recorded", "after", 1),
    ("recorded", "after", 1),
    ("receipt signed", "after", 1),
    ("receipt given", "before", 1),
    ("receipt given", "after", 1),
    ("decided", "before", 1),
    ("decided", "after", 1),
    ("facts laid", "before", 1),
    ("fact linked", "after", 1),
    ("facts laid", "after", 1),
    ("decided", "before", 2),
    ("decided", "after", 2),
    ("decided", "before", 3),
    ("decided", "after", 3),
]
"""Step, kill before or after it, and its occurrence: `decided` occurs by sending, approving and withdrawing."""


@dataclass
class Upload:
    """The answers to the requests about one file; None for requests without an answer."""

    office: str
    name: str
    data: bytes
    submission: str | None = None
    receipt: bytes | None = None
    approved: bool = False
    withdrawn: bool = False
    refused: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def root(home_of_module: Path) -> Path:
    return home_of_module


def continue_upload(service: Service, upload: Upload, *, until: str = "withdrawn") -> None:
    """Upload, send, approve and withdraw one file, and note each answer; raise an error when the service is gone."""
    with service.open_client(f"{upload.office}-sender", timeout=60) as sender:
        # A withdrawal without an answer may be complete; uploading the same bytes after it would make a new return.
        if upload.approved and sender.get(f"/submissions/{upload.submission}").json()["state"] == "withdrawn":
            upload.withdrawn = True
            return
        answer = running.upload_file(sender, upload.data, upload.name)
        if answer.status_code not in (200, 201):
            upload.refused.append(answer.text)
            return
        upload.submission = check_same_number(upload.submission, answer.json()["submission_id"])
        state = answer.json()["state"]
        if state == "checked":
            answer = sender.post(f"/submissions/{upload.submission}/send", json={"reason": "late_data"})
            if answer.status_code != 200:
                upload.refused.append(answer.text)
                return
            upload.receipt = answer.content
            state = "sent"
    if until == "sent":
        return
    if state == "sent":
        with service.open_client(f"{upload.office}-approver", timeout=60) as approver:
            answer = approver.post(f"/submissions/{upload.submission}/approve", json={})
            if answer.status_code != 200:
                upload.refused.append(answer.text)
                return
            upload.approved = True
    if until == "approved":
        return
    with service.open_client(f"{upload.office}-approver", timeout=60) as sender:
        reason = {"reason": "wrong_return", "comment": "Sent by a test of the service"}
        answer = sender.post(f"/submissions/{upload.submission}/withdraw", json=reason)
        if answer.status_code != 200:
            upload.refused.append(answer.text)
            return
        upload.withdrawn = True


def check_same_number(before: str | None, now: str) -> str:
    """Return the number of a file, and check that a repeated upload got the same number."""
    assert before in (None, now), "the same bytes were stored twice"
    return now


def verify_home(home: Home, uploads: list[Upload]) -> None:
    """Check that everything that was answered is stored, and everything else is stored completely or not at all."""
    with frozen_at(CLOCK, home.root):
        engine = open_ledger(home)
        verified = verify_ledger(engine, home=home)
        assert verified.faults == (), [fault.localize_message() for fault in verified.faults]
        rows = {row.submission_id: row for row in queries.list_submissions(engine)}
        for upload in uploads:
            rows_of_file = [row for row in rows.values() if row.sha256 == store.compute_digest(upload.data)]
            assert len(rows_of_file) <= 1, f"{upload.name} was stored {len(rows_of_file)} times"
            if upload.submission is not None:
                assert [row.submission_id for row in rows_of_file] == [upload.submission]
            for row in rows_of_file:
                assert store.get_bytes(home, row.sha256) == upload.data
                assert row.state in ("received", "checked", "sent", "approved", "withdrawn"), row.state
                receipt = receipts.find_newest_receipt(engine, row.submission_id)
                events = [event["action"] for event in queries.list_events(engine, submission_id=row.submission_id)]
                assert (receipt is not None) == ("send" in events), events
                if upload.receipt is not None:
                    assert receipt is not None and receipt.as_bytes() == upload.receipt
                    assert receipts.verify_receipt(upload.receipt, file=upload.data).outcome == "good"
                assert not upload.approved or "approve" in events
                assert not upload.withdrawn or row.state == "withdrawn"
                if row.state == "approved":
                    facts_path = facts.path_of(home, "observation", row.submission_id)
                    assert (
                        facts_path.read_bytes()
                        == facts.waiting_path(home, "observation", row.submission_id).read_bytes()
                    )
        counted = {i for i, row in rows.items() if row.state in ("approved", "published")}
        assert set(supersession.accepted_blocks(engine).values()) <= counted
        for path in home.facts.rglob("*.parquet"):
            assert path.name == "_schema.parquet" or path.stem in rows, f"{path.name} belongs to no submission"
        gathered = history.gather_history(home, engine, ["AL", "HR", "RS", "MK", "XK"])
        assert gathered is not None
        assert set(gathered.observations["submission_id"].unique()) <= counted
        engine.dispose()


def check_nothing_is_left(service: Service) -> None:
    """Check that no process of a killed service continues, and that none has left a file with content."""
    began = time.monotonic()
    while processes := _list_processes(service):
        assert time.monotonic() - began < 15, f"processes {processes} continue"
        time.sleep(0.05)
    assert [p for p in service.temporary.rglob("*") if p.is_file() and p.stat().st_size] == []


def _list_processes(service: Service) -> list[int]:
    """Return processes that work in the service's temporary folder or have it in their environment."""
    process_ids = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            if (
                str(service.temporary) in str((folder / "cwd").readlink())
                or f"{service.temporary}".encode() in environment
            ):
                process_ids.append(int(folder.name))
        except OSError:
            continue  # it has ended, is a zombie, or belongs to another user
    return process_ids


def list_half_written_files(home: Home) -> list[Path]:
    return [p for p in home.restricted.rglob(".*.new") if p.is_file()]


def test_service_recovers_from_a_kill_at_every_step(root: Path) -> None:
    uploads: list[Upload] = []
    number = 100
    half_written_count = 0
    for step, when, times in NAMED:
        number += 1
        office = OFFICES[number % 3 * 2]
        path = running.find_newest_return(f"{office}-sender")
        upload = Upload(office, path.name, running.make_variant(path, number))
        uploads.append(upload)
        command = [sys.executable, "-m", "tests.support.service.killed", step, when, str(times)]
        with run_service(root, root.parent, command=command) as service:
            with pytest.raises(_AWAY):
                continue_upload(service, upload)
                pytest.fail(f"{step} ({when}, {times}) was never reached: {upload}")
            service.process.wait(20)
            assert service.process.returncode == -9, (step, service.log.read_text()[-2000:])
            check_nothing_is_left(service)
        half_written_count += len(list_half_written_files(service.home))
        verify_home(service.home, uploads)
        with run_service(root, root.parent) as service:
            assert list_half_written_files(service.home) == [], step
            continue_upload(service, upload)
            assert upload.refused == [], (step, when, upload.refused)
            assert upload.submission is not None and upload.withdrawn
        verify_home(service.home, uploads)
    assert half_written_count, "no kill happened while a file was being written"
    print(f"\n{len(NAMED)} kills at named steps, {half_written_count} files were half-written and removed")


def test_service_answers_after_its_reading_processes_are_killed(root: Path) -> None:
    path = running.find_newest_return("al-pp-sender")
    with run_service(root, root.parent) as service, service.open_client("al-pp-sender") as client:
        running.warm_service(service)
        for number in range(6):
            child_ids = [pid for pid in service.list_process_ids() if pid != service.process.pid]
            launchers = [pid for pid in child_ids if _parent(pid) == service.process.pid]
            assert len(launchers) == 1 and len(child_ids) > 1, "a reading process must be waiting for work"
            # First the children, which the launcher outlives; then the launcher, with which all children end.
            for pid in [pid for pid in child_ids if pid not in launchers] if number % 2 == 0 else launchers:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.3)
            answer = running.check_file(client, running.make_variant(path, number), path.name)
            assert answer.status_code == 200 and answer.json()["verdict"] in ("good", "information"), answer.text[:300]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_service_recovers_from_a_kill_at_any_moment(root: Path) -> None:
    draw = random.Random(SEED)
    uploads: list[Upload] = []
    kills = answered = 0
    began = time.monotonic()
    while kills < RANDOM_KILLS:
        with run_service(root, root.parent) as service:
            assert list_half_written_files(service.home) == []
            verify_home(service.home, uploads)
            for upload in uploads[-4:]:
                if not upload.withdrawn:
                    continue_upload(service, upload)
                    assert upload.refused == [], upload.refused
            is_over = threading.Event()
            new: list[Upload] = []
            threads = [
                threading.Thread(target=_upload_until_over, args=(service, office, 1000 * (kills + 1), new, is_over))
                for office in ("al-pp", "rs-sors", "mk-sso")
            ]
            for thread in threads:
                thread.start()
            time.sleep(draw.uniform(0.1, 4.0))
            assert len(_list_processes(service)) >= 1
            service.kill_process()
            is_over.set()
            for thread in threads:
                thread.join(90)
                assert not thread.is_alive()
            check_nothing_is_left(service)
            uploads += new
            kills += 1
            answered += sum(upload.submission is not None for upload in new)
            assert [upload.refused for upload in new if upload.refused] == []
    with run_service(root, root.parent) as service:
        for upload in uploads:
            if not upload.withdrawn:
                continue_upload(service, upload)
                assert upload.refused == [] and upload.withdrawn
        verify_home(service.home, uploads)
    print(f"\n{kills} kills at random in {time.monotonic() - began:.0f} s: {len(uploads)} files, {answered} answered")
    assert answered, "every kill happened before anything was answered"


def _upload_until_over(service: Service, office: str, number: int, new: list[Upload], is_over: threading.Event) -> None:
    path = running.find_newest_return(f"{office}-sender")
    while not is_over.is_set():
        number += 1
        upload = Upload(office, path.name, running.make_variant(path, number))
        new.append(upload)
        try:
            continue_upload(service, upload)
        except _AWAY:
            return
