"""A year of the secretariat under a clock that is moved: four quarters from opening to release, with faults between.

Dagster's own daemon iterations evaluate the real sensors and schedules and execute their runs. Returns have no files,
and a refresh only writes a draft of what is accepted, so that the year takes seconds. `test_daemon.py` starts real
processes.
"""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pipelines.ledger import queries, supersession, verification
from pipelines.ledger.acts import Act
from pipelines.model.periods import Period
from pipelines.refresh import embargo
from pipelines.refresh.quarter import measure_progress
from pipelines.refresh.release_desk import desk
from pipelines.submissions import decisions, notices, timetable
from pipelines.submissions.accounts import accounts
from pipelines.submissions.quarter_log import QUARTER_ACTS, read_quarter_acts
from pipelines.submissions.timetable import Deadline, QuarterPlan
from tests.support.ports import free_port
from tests.support.quarter_world import STEWARD, QuarterWorld, head_of, make_world, office_of
from tests.support.virtual_daemon import VirtualDaemon, virtual_daemon

QUARTERS = ("2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3")
REASON = "The test publishes a draft without pages."
_DAY = timedelta(days=1)


@dataclass
class Inbox:
    """A mail server that can be dead; it keeps the recipient and the id of each mail."""

    port: int
    mails: list[tuple[str, str]] = field(default_factory=list)
    controller: Controller | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        mail = email.message_from_bytes(envelope.content)
        self.mails.append((envelope.rcpt_tos[0], mail["Message-ID"]))
        return "250 taken"

    def start_server(self) -> None:
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=60)
        self.controller.start()

    def stop_server(self) -> None:
        if self.controller is not None:
            self.controller.stop()
            self.controller = None


@dataclass
class Year:
    """The world, its daemon and its mail server, and what the year did to the returns."""

    world: QuarterWorld
    daemon: VirtualDaemon
    inbox: Inbox
    quarter: str = QUARTERS[0]
    ids: dict[tuple[str, ...], str] = field(default_factory=dict)
    overtaken: set[str] = field(default_factory=set)
    """Reminders that were too old to send when the mail server was back."""

    def let_work(self, day: date, hour: int = 8) -> list[str]:
        """Let the daemon work at an hour of a day until nothing is left, then the office send its notices."""
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        jobs = new = self.daemon.move_clock(moment)
        while new:  # a finished run may make another one due
            moment += timedelta(minutes=6)
            new = self.daemon.move_clock(moment)
            jobs = jobs + new
        notices.deliver_notices(self.world.home, self.world.engine, registry=self.world.registry)
        return jobs

    def replace_draft(self) -> None:
        """Write the draft of the quarter instead of refreshing, unless a draft is approved."""
        if embargo.is_waiting(self.world.home) is None:
            editions = [release for release in self.world.list_releases() if release.startswith(self.quarter)]
            self.world.write_draft(f"{self.quarter}.{len(editions)}" if editions else self.quarter)

    def accept_returns(self, deadlines: list[Deadline]) -> None:
        for deadline in deadlines:
            identity = self.world.send_return(deadline)
            self.world.approve_return(identity, deadline.territory)
            self.ids[deadline.key] = identity

    def make_plan(self) -> QuarterPlan:
        plan = timetable.plan_quarter(self.world.registry, Period.from_code(self.quarter))
        assert plan is not None
        return plan

    def sign_and_approve(self) -> None:
        """Announce the release, sign every sheet, and approve the draft."""
        world, plan = self.world, self.make_plan()
        release_desk = desk.ReleaseDesk(world.home, world.engine, world.registry)
        folder = desk.find_draft(release_desk)
        assert folder is not None
        for code in world.registry.without_training().territories:
            who = accounts.get_identity(world.engine, head_of(code))
            desk.sign_sheet(release_desk, who, code, desk.manifest_digest(folder))
        minute = datetime(plan.release.year, plan.release.month, plan.release.day, 9, tzinfo=UTC)
        embargo.schedule_release(world.home, folder.name, minute, actor=STEWARD)
        embargo.approve_draft(world.home, actor=STEWARD, override_reason=REASON)


@pytest.fixture
def year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Year]:
    for name in ("RTI_LEDGER_URL", "RTI_WEBHOOK_URL", "RTI_WEBHOOK_SECRET", "RTI_SEND_NOTICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RTI_NOW", "2024-12-30T06:00:00Z")
    inbox = Inbox(free_port())
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://127.0.0.1:{inbox.port}?tls=no")
    world = make_world(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(world.home.root))
    years: list[Year] = []
    with virtual_daemon(world.home, monkeypatch, refresh=lambda: years[0].replace_draft()) as daemon:
        years.append(Year(world, daemon, inbox))
        inbox.start_server()
        yield years[0]
        inbox.stop_server()
    world.engine.dispose()


@pytest.mark.slow
def test_year_runs_from_opening_to_fourth_release_with_everything_that_happens(year: Year) -> None:
    world = year.world
    year.let_work(date(2024, 12, 30))
    assert year.let_work(date(2024, 12, 31)) == ["reminders"]

    # The fourth quarter of 2024. Croatia's justice return comes after the deadline.
    plan = year.make_plan()
    assert "open_collection" in year.let_work(plan.opens)
    late = next(item for item in plan.expected if (item.territory, item.instrument) == ("HR", "justice"))
    year.accept_returns([item for item in plan.expected if item != late])
    year.let_work(plan.collection - 3 * _DAY)
    jobs = year.let_work(plan.collection + _DAY)
    assert {"close_collection", "open_queries"} <= set(jobs)
    assert [w.office for p in measure_progress(world.home, world.engine, world.registry) for w in p.waits] == [
        late.source
    ]
    year.accept_returns([late])
    assert "refresh" in year.let_work(plan.collection + 5 * _DAY), "the late return does not reach the draft"
    jobs = year.let_work(plan.queries + _DAY)
    assert {"refresh", "ask_signatures"} <= set(jobs)
    year.sign_and_approve()
    year.let_work(plan.release, hour=8)
    assert world.list_releases() == [], "the release is out before its minute"
    year.let_work(plan.release, hour=9)
    assert world.list_releases() == ["2024-Q4"]
    assert world.list_published_returns("2024-Q4") == {year.ids[item.key] for item in plan.expected}

    # The first quarter of 2025, with the annual returns. North Macedonia has a new form, Albania corrects its last
    # return, and the mail server is dead from the opening on.
    year.quarter = "2025-Q1"
    year.inbox.stop_server()
    before = len(year.inbox.mails)
    plan = year.make_plan()
    assert {item.territory for item in plan.expected} == set(world.registry.without_training().territories)
    year.let_work(plan.opens)
    year.let_work(plan.opens + _DAY)
    year.inbox.start_server()
    year.let_work(plan.opens + 2 * _DAY)
    check_replaced_reminders(year, plan)
    opened = {n.account_id for n in notices.list_notices(world.engine) if n.content.get("quarter") == "2025-Q1"}
    assert {f"{account}@example.org" for account in opened} <= {address for address, _ in year.inbox.mails[before:]}
    corrected = next(item for item in world.list_expected("2024-Q4") if item.territory == "AL")
    wrong = year.ids[corrected.key]
    year.accept_returns([*plan.expected, corrected])
    (replacement,) = supersession.find_replacements(world.engine, [wrong])[wrong]
    assert replacement.submission_id == year.ids[corrected.key]
    changed = next(i for i in plan.expected if (i.territory, i.instrument) == ("MK", "justice"))
    assert queries.find_submission(world.engine, year.ids[changed.key]).form == "MK-JUSTICE-2"
    year.let_work(plan.collection + _DAY)
    finish_quarter(year)
    assert {year.ids[corrected.key], wrong} <= world.list_published_returns("2025-Q1")

    # The second quarter: Serbia withdraws its accepted return of victims. The machine is off at the deadline.
    year.quarter = "2025-Q2"
    plan = year.make_plan()
    year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    year.let_work(plan.collection - 3 * _DAY)
    withdrawn = next(i for i in plan.expected if (i.territory, i.instrument) == ("RS", "victims"))
    identity = year.ids.pop(withdrawn.key)
    why = {"reason": "wrong_return", "comment": "Another office's file was sent."}
    decisions.ask_withdrawal(world.engine, Act(identity, office_of("RS"), embargo.clock.now(), **why))
    decisions.withdraw_submission(world.engine, Act(identity, head_of("RS"), embargo.clock.now(), **why))
    jobs = year.let_work(plan.collection + 2 * _DAY)
    assert {"close_collection", "open_queries", "refresh"} <= set(jobs), "nothing was made up for after the downtime"
    late_acts = [entry for entry in read_quarter_acts(world.engine, year.quarter) if entry.act in jobs]
    assert {entry.at[:10] for entry in late_acts} == {(plan.collection + 2 * _DAY).isoformat()}
    finish_quarter(year)
    assert identity not in world.list_published_returns("2025-Q2")

    # The third quarter: nothing happens but its days.
    year.quarter = "2025-Q3"
    plan = year.make_plan()
    year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    year.let_work(plan.collection + _DAY)
    finish_quarter(year)

    year.let_work(plan.release + _DAY)

    assert world.list_releases() == list(QUARTERS)
    assert set(year.daemon.count_statuses()) == {"SUCCESS"}
    for quarter in QUARTERS:
        recorded = Counter(entry.act for entry in read_quarter_acts(world.engine, quarter))
        assert {act: recorded[act] for act in QUARTER_ACTS[:3]} == dict.fromkeys(QUARTER_ACTS[:3], 1), quarter
        assert recorded["ask_signatures"] >= 1, quarter
    check_mails_and_ledger(year)
    (progress,) = measure_progress(world.home, world.engine, world.registry)
    assert (progress.release, {step.state for step in progress.steps}) == ("2025-Q3", {"done"})


def check_replaced_reminders(year: Year, plan: QuarterPlan) -> None:
    """Check that the reminders of the opening day became too old to send, and that new ones were sent instead.

    They are about the annual returns of two offices whose last day was the day before.
    """
    reminders = [n for n in notices.list_notices(year.world.engine) if n.kind == "reminder"]
    overtaken = [n for n in reminders if n.state != "sent"]
    assert {(n.account_id, n.created_at[:10], n.state) for n in overtaken} == {
        (office_of(code), plan.opens.isoformat(), "given_up") for code in ("AL", "RS")
    }
    sent = {n.account_id: n.content for n in reminders if n.created_at[:10] == (plan.opens + 2 * _DAY).isoformat()}
    assert sent == {n.account_id: n.content for n in overtaken}
    year.overtaken = {n.notice_id for n in overtaken}


def check_mails_and_ledger(year: Year) -> None:
    """Check that every notice was sent once, but for reminders that others replaced, and the audit log is whole."""
    unsent = [n for n in notices.list_notices(year.world.engine, unsent=True) if n.notice_id not in year.overtaken]
    assert [(notice.kind, notice.created_at, notice.attempts, notice.error) for notice in unsent] == []
    assert max(Counter(year.inbox.mails).values()) == 1, "somebody got a mail twice"
    assert verification.verify_ledger(year.world.engine, home=year.world.home).faults == ()


def finish_quarter(year: Year) -> None:
    """Go from the last day for answers to the release."""
    plan = year.make_plan()
    year.let_work(plan.queries + _DAY)
    year.sign_and_approve()
    year.let_work(plan.release, hour=9)
    assert year.world.list_releases()[-1] == year.quarter


def test_quarter_runs_by_itself_and_makes_up_for_a_day_of_downtime_once(year: Year) -> None:
    """Run the reduced year: a missed opening, and a machine that is off at the deadline."""
    world, plan = year.world, year.make_plan()
    year.accept_returns(list(plan.expected[:3]))
    jobs = year.let_work(plan.collection + 2 * _DAY)
    assert {"close_collection", "open_queries"} <= set(jobs)
    assert "open_collection" not in jobs, "the opening is announced six weeks late"
    assert {entry.act for entry in read_quarter_acts(world.engine, year.quarter)} == {
        "close_collection",
        "open_queries",
    }
    addresses = Counter(address for address, _ in year.inbox.mails)
    assert addresses[f"{STEWARD}@example.org"] == 1
    assert year.daemon.move_clock(embargo.clock.now() + timedelta(minutes=6)) == []
    assert set(year.daemon.count_statuses()) == {"SUCCESS"}
    check_mails_and_ledger(year)
