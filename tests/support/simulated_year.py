"""The secretariat under a clock that is moved: world, daemon and mail server, and faults of mail and machine."""

from __future__ import annotations

import email
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from pipelines.ledger import verification
from pipelines.model.periods import Period
from pipelines.submissions import notices, timetable
from pipelines.submissions.quarter_log import read_quarter_acts
from pipelines.submissions.timetable import Deadline, QuarterPlan
from tests.support.ports import free_port
from tests.support.quarter_world import QuarterWorld, office_of
from tests.support.virtual_daemon import VirtualDaemon

QUARTERS = ("2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3")
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

    def accept_returns(self, deadlines: list[Deadline]) -> None:
        for deadline in deadlines:
            identity = self.world.send_return(deadline)
            self.world.approve_return(identity, deadline.territory)
            self.ids[deadline.key] = identity

    def make_plan(self) -> QuarterPlan:
        plan = timetable.plan_quarter(self.world.registry, Period.from_code(self.quarter))
        assert plan is not None
        return plan


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


def let_mail_server_die(year: Year, plan: QuarterPlan) -> None:
    """Go through the opening of a quarter with a mail server that is dead for its first two days."""
    year.inbox.stop_server()
    before = len(year.inbox.mails)
    year.let_work(plan.opens)
    year.let_work(plan.opens + DAY)
    assert year.inbox.mails[before:] == [], "the mail server is not dead"
    year.inbox.start_server()
    year.let_work(plan.opens + 2 * DAY)
    check_replaced_reminders(year, plan)
    opened = {n.account_id for n in notices.list_notices(year.world.engine) if n.content.get("quarter") == year.quarter}
    assert {f"{account}@example.org" for account in opened} <= {address for address, _ in year.inbox.mails[before:]}


def check_replaced_reminders(year: Year, plan: QuarterPlan) -> None:
    """Check that the reminders of the opening day became too old to send, and that new ones were sent instead.

    They are about the annual returns of two offices whose last day was the day before.
    """
    reminders = [n for n in notices.list_notices(year.world.engine) if n.kind == "reminder"]
    overtaken = [n for n in reminders if n.state != "sent"]
    assert {(n.account_id, n.created_at[:10], n.state) for n in overtaken} == {
        (office_of(code), plan.opens.isoformat(), "given_up") for code in ("AL", "RS")
    }
    sent = {n.account_id: n.content for n in reminders if n.created_at[:10] == (plan.opens + 2 * DAY).isoformat()}
    assert sent == {n.account_id: n.content for n in overtaken}
    year.overtaken = {n.notice_id for n in overtaken}


def start_after_missed_deadline(year: Year, plan: QuarterPlan) -> list[str]:
    """Let the daemon work again two days after a deadline at which the machine was off. Return the jobs.

    The acts of that day must be made up for, and recorded at the time when they were carried out.
    """
    back = plan.collection + 2 * DAY
    jobs = year.let_work(back)
    assert {"close_collection", "open_queries"} <= set(jobs), "nothing was made up for after the downtime"
    late_acts = [entry for entry in read_quarter_acts(year.world.engine, year.quarter) if entry.act in jobs]
    assert {"close_collection", "open_queries"} <= {entry.act for entry in late_acts}
    assert {entry.at[:10] for entry in late_acts} == {back.isoformat()}
    return jobs
