"""A year of the secretariat: the world, its daemon and its mail server, and what happens on the days of a quarter."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pipelines.ledger import queries, verification
from pipelines.model.periods import Period
from pipelines.refresh import embargo
from pipelines.refresh.quarter import measure_progress
from pipelines.refresh.release_desk import desk
from pipelines.submissions import notices, timetable
from pipelines.submissions.accounts import accounts
from pipelines.submissions.quarter_log import QUARTER_ACTS, read_quarter_acts
from pipelines.submissions.timetable import Deadline, QuarterPlan
from tests.support.ports import free_port
from tests.support.quarter_world import STEWARD, QuarterWorld, head_of
from tests.support.virtual_daemon import VirtualDaemon

QUARTERS = ("2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3")
REASON = "The test publishes a draft without pages."
DAY = timedelta(days=1)


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
        self.sign_sheets()
        embargo.approve_draft(self.world.home, actor=STEWARD, override_reason=REASON)

    def sign_sheets(self) -> None:
        """Announce the release and sign every sheet."""
        world, plan = self.world, self.make_plan()
        release_desk = desk.ReleaseDesk(world.home, world.engine, world.registry)
        folder = desk.find_draft(release_desk)
        assert folder is not None
        for code in world.registry.without_training().territories:
            who = accounts.get_identity(world.engine, head_of(code))
            desk.sign_sheet(release_desk, who, code, desk.manifest_digest(folder))
        minute = datetime(plan.release.year, plan.release.month, plan.release.day, 9, tzinfo=UTC)
        embargo.schedule_release(world.home, folder.name, minute, actor=STEWARD)


def prepare_environment(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    """Set the clock to the last days of 2024, and return the mail server of the home."""
    for name in ("RTI_LEDGER_URL", "RTI_WEBHOOK_URL", "RTI_WEBHOOK_SECRET", "RTI_SEND_NOTICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RTI_NOW", "2024-12-30T06:00:00Z")
    inbox = Inbox(free_port())
    monkeypatch.setenv("RTI_SMTP_URL", f"smtp://127.0.0.1:{inbox.port}?tls=no")
    return inbox


def check_mails_and_ledger(year: Year) -> None:
    """Check that every notice was sent once, but for reminders that others replaced, and the audit log is whole."""
    unsent = [n for n in notices.list_notices(year.world.engine, unsent=True) if n.notice_id not in year.overtaken]
    assert [(notice.kind, notice.created_at, notice.attempts, notice.error) for notice in unsent] == []
    assert max(Counter(year.inbox.mails).values()) == 1, "somebody got a mail twice"
    assert verification.verify_ledger(year.world.engine, home=year.world.home).faults == ()


def begin_year(year: Year) -> None:
    """Let the daemon work in the last days of 2024, in which only reminders are due."""
    year.let_work(date(2024, 12, 30))
    assert year.let_work(date(2024, 12, 31)) == ["reminders"]


def run_quiet_quarter(year: Year) -> None:
    """Run a quarter in which nothing happens but its days."""
    plan = year.make_plan()
    assert "open_collection" in year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    assert {"close_collection", "open_queries"} <= set(year.let_work(plan.collection + DAY))
    finish_quarter(year)


def check_changed_form(year: Year, plan: QuarterPlan) -> None:
    """Check that North Macedonia's return of the first quarter of 2025 was taken in with its new form."""
    changed = next(i for i in plan.expected if (i.territory, i.instrument) == ("MK", "justice"))
    assert queries.find_submission(year.world.engine, year.ids[changed.key]).form == "MK-JUSTICE-2"


def check_quarters(year: Year, quarters: Sequence[str]) -> None:
    """Check that each act of the quarters was carried out once, on a whole ledger, and that nothing waits."""
    world = year.world
    assert world.list_releases() == list(quarters)
    assert set(year.daemon.count_statuses()) == {"SUCCESS"}
    for quarter in quarters:
        recorded = Counter(entry.act for entry in read_quarter_acts(world.engine, quarter))
        assert {act: recorded[act] for act in QUARTER_ACTS[:3]} == dict.fromkeys(QUARTER_ACTS[:3], 1), quarter
        assert recorded["ask_signatures"] >= 1, quarter
    check_mails_and_ledger(year)
    (progress,) = measure_progress(world.home, world.engine, world.registry)
    assert (progress.release, {step.state for step in progress.steps}) == (quarters[-1], {"done"})


def finish_quarter(year: Year) -> None:
    """Go from the last day for answers to the release."""
    plan = year.make_plan()
    year.let_work(plan.queries + DAY)
    year.sign_and_approve()
    year.let_work(plan.release, hour=9)
    assert year.world.list_releases()[-1] == year.quarter
