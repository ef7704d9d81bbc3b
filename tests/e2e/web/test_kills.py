"""The service is killed (SIGKILL), at named steps and at random ones: nothing receipted is lost, nothing is half.

Every kill falls on a service that hands in, sends, approves and withdraws through the API; the next one starts on what
the last one left.  Truth is what the clients were answered.
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
"""Step, whether before or after it, and its how manieth time: `decided` comes by sending, approving, withdrawing."""


@dataclass
class Told:
    """What the clients were answered of one file; what is None was never answered."""

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


def go_on(service: Service, told: Told, *, until: str = "withdrawn") -> None:
    """The way of one file as far as it goes: what was answered is written down; ends where the service is away."""
    with service.open_client(f"{told.office}-sender", timeout=60) as sender:
        # A withdrawal whose answer was lost is done; the same bytes handed in after it would be a return of their own.
        if told.approved and sender.get(f"/submissions/{told.submission}").json()["state"] == "withdrawn":
            told.withdrawn = True
            return
        answer = running.upload_file(sender, told.data, told.name)
        if answer.status_code not in (200, 201):
            told.refused.append(answer.text)
            return
        told.submission = said(told.submission, answer.json()["submission_id"])
        state = answer.json()["state"]
        if state == "checked":
            answer = sender.post(f"/submissions/{told.submission}/send", json={"reason": "late_data"})
            if answer.status_code != 200:
                told.refused.append(answer.text)
                return
            told.receipt = answer.content
            state = "sent"
    if until == "sent":
        return
    if state == "sent":
        with service.open_client(f"{told.office}-approver", timeout=60) as approver:
            answer = approver.post(f"/submissions/{told.submission}/approve", json={})
            if answer.status_code != 200:
                told.refused.append(answer.text)
                return
            told.approved = True
    if until == "approved":
        return
    with service.open_client(f"{told.office}-approver", timeout=60) as sender:
        why = {"reason": "wrong_return", "comment": "Sent by a test of the service"}
        answer = sender.post(f"/submissions/{told.submission}/withdraw", json=why)
        if answer.status_code != 200:
            told.refused.append(answer.text)
            return
        told.withdrawn = True


def said(before: str | None, now: str) -> str:
    """The number of a file that was taken already is told again, never another one."""
    assert before in (None, now), "the same bytes were taken twice"
    return now


def stands(home: Home, every: list[Told]) -> None:
    """Everything that was answered is there; what was not answered is there whole, or not at all."""
    with frozen_at(CLOCK, home.root):
        engine = open_ledger(home)
        verified = verify_ledger(engine, home=home)
        assert verified.faults == (), [fault.localize_message() for fault in verified.faults]
        rows = {row.submission_id: row for row in queries.list_submissions(engine)}
        for told in every:
            ours = [row for row in rows.values() if row.sha256 == store.compute_digest(told.data)]
            assert len(ours) <= 1, f"{told.name} was taken {len(ours)} times"
            if told.submission is not None:
                assert [row.submission_id for row in ours] == [told.submission]
            for row in ours:
                assert store.get_bytes(home, row.sha256) == told.data
                assert row.state in ("received", "checked", "sent", "approved", "withdrawn"), row.state
                kept = receipts.find_newest_receipt(engine, row.submission_id)
                events = [event["action"] for event in queries.list_events(engine, submission_id=row.submission_id)]
                assert (kept is not None) == ("send" in events), events
                if told.receipt is not None:
                    assert kept is not None and kept.as_bytes() == told.receipt
                    assert receipts.verify_receipt(told.receipt, file=told.data).outcome == "good"
                assert not told.approved or "approve" in events
                assert not told.withdrawn or row.state == "withdrawn"
                if row.state == "approved":
                    laid = facts.path_of(home, "observation", row.submission_id)
                    assert laid.read_bytes() == facts.waiting_path(home, "observation", row.submission_id).read_bytes()
        counted = {i for i, row in rows.items() if row.state in ("approved", "published")}
        assert set(supersession.accepted_blocks(engine).values()) <= counted
        for path in home.facts.rglob("*.parquet"):
            assert path.name == "_schema.parquet" or path.stem in rows, f"{path.name} is of no submission"
        seen = history.gather_history(home, engine, ["AL", "HR", "RS", "MK", "XK"])
        assert seen is not None
        assert set(seen.observations["submission_id"].unique()) <= counted
        engine.dispose()


def nothing_is_left(service: Service) -> None:
    """No process of a killed service goes on, and none has left a file with content."""
    began = time.monotonic()
    while left := _processes_of(service):
        assert time.monotonic() - began < 15, f"processes {left} go on"
        time.sleep(0.05)
    assert [p for p in service.temporary.rglob("*") if p.is_file() and p.stat().st_size] == []


def _processes_of(service: Service) -> list[int]:
    """Processes that work in the service's temporary folder, as its reading processes do, or were given it."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            given = (folder / "environ").read_bytes()
            if str(service.temporary) in str((folder / "cwd").readlink()) or f"{service.temporary}".encode() in given:
                found.append(int(folder.name))
        except OSError:
            continue  # it has ended, or is a zombie, or another user's
    return found


def half_written(home: Home) -> list[Path]:
    return [p for p in home.restricted.rglob(".*.new") if p.is_file()]


def test_the_service_may_be_killed_at_every_step(root: Path) -> None:
    every: list[Told] = []
    number = 100
    kept_aside = 0
    for step, when, times in NAMED:
        number += 1
        office = OFFICES[number % 3 * 2]
        path = running.find_newest_return(f"{office}-sender")
        told = Told(office, path.name, running.make_variant(path, number))
        every.append(told)
        command = [sys.executable, "-m", "tests.support.service.killed", step, when, str(times)]
        with run_service(root, root.parent, command=command) as service:
            with pytest.raises(_AWAY):
                go_on(service, told)
                pytest.fail(f"{step} ({when}, {times}) never came: {told}")
            service.process.wait(20)
            assert service.process.returncode == -9, (step, service.log.read_text()[-2000:])
            nothing_is_left(service)
        kept_aside += len(half_written(service.home))
        stands(service.home, every)
        with run_service(root, root.parent) as service:
            assert half_written(service.home) == [], step
            go_on(service, told)
            assert told.refused == [], (step, when, told.refused)
            assert told.submission is not None and told.withdrawn
        stands(service.home, every)
    assert kept_aside, "no kill came while a file was being written"
    print(f"\n{len(NAMED)} kills at named steps, {kept_aside} files were half-written and removed")


def test_reading_processes_may_be_killed_and_the_next_file_is_answered(root: Path) -> None:
    path = running.find_newest_return("al-pp-sender")
    with run_service(root, root.parent) as service, service.open_client("al-pp-sender") as client:
        running.warm_service(service)
        for number in range(6):
            family = [pid for pid in service.list_process_ids() if pid != service.process.pid]
            launchers = [pid for pid in family if _parent(pid) == service.process.pid]
            assert len(launchers) == 1 and len(family) > 1, "a reading process waits for work"
            # The children first, which the launcher outlives; then the launcher, with which all of them end.
            for pid in [pid for pid in family if pid not in launchers] if number % 2 == 0 else launchers:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.3)
            answer = running.check_file(client, running.make_variant(path, number), path.name)
            assert answer.status_code == 200 and answer.json()["verdict"] in ("good", "information"), answer.text[:300]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_the_service_may_be_killed_at_any_moment(root: Path) -> None:
    draw = random.Random(SEED)
    every: list[Told] = []
    kills = answered = 0
    began = time.monotonic()
    while kills < RANDOM_KILLS:
        with run_service(root, root.parent) as service:
            assert half_written(service.home) == []
            stands(service.home, every)
            for told in every[-4:]:
                if not told.withdrawn:
                    go_on(service, told)
                    assert told.refused == [], told.refused
            over = threading.Event()
            new: list[Told] = []
            threads = [
                threading.Thread(target=_work, args=(service, office, 1000 * (kills + 1), new, over))
                for office in ("al-pp", "rs-sors", "mk-sso")
            ]
            for thread in threads:
                thread.start()
            time.sleep(draw.uniform(0.1, 4.0))
            assert len(_processes_of(service)) >= 1
            service.kill_process()
            over.set()
            for thread in threads:
                thread.join(90)
                assert not thread.is_alive()
            nothing_is_left(service)
            every += new
            kills += 1
            answered += sum(one.submission is not None for one in new)
            assert [one.refused for one in new if one.refused] == []
    with run_service(root, root.parent) as service:
        for told in every:
            if not told.withdrawn:
                go_on(service, told)
                assert told.refused == [] and told.withdrawn
        stands(service.home, every)
    print(f"\n{kills} kills at random in {time.monotonic() - began:.0f} s: {len(every)} files, {answered} answered")
    assert answered, "every kill came before anything was answered"


def _work(service: Service, office: str, number: int, new: list[Told], over: threading.Event) -> None:
    path = running.find_newest_return(f"{office}-sender")
    while not over.is_set():
        number += 1
        told = Told(office, path.name, running.make_variant(path, number))
        new.append(told)
        try:
            go_on(service, told)
        except _AWAY:
            return
