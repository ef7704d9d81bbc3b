"""Quarters of the secretariat under a clock that is moved, with a dead mail server and a machine that is off.

Dagster's own daemon iterations evaluate the real sensors and schedules and execute their runs. Returns have no files,
and a refresh only writes a draft of what is accepted. `test_office_year.py` has files, refreshes, and what offices do
to their returns; `test_daemon.py` starts real processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pipelines.refresh import embargo
from pipelines.submissions import notices
from pipelines.submissions.quarter_log import read_quarter_acts
from pipelines.submissions.timetable import QuarterPlan
from tests.support.quarter_world import STEWARD, make_world, office_of
from tests.support.simulated_year import (
    DAY,
    QUARTERS,
    Year,
    begin_year,
    check_changed_form,
    check_mails_and_ledger,
    check_quarters,
    finish_quarter,
    prepare_environment,
    run_quiet_quarter,
)
from tests.support.virtual_daemon import virtual_daemon


@pytest.fixture
def year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Year]:
    inbox = prepare_environment(monkeypatch)
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
def test_quarters_are_released_although_mail_server_and_machine_fail(year: Year) -> None:
    begin_year(year)
    run_quiet_quarter(year)
    run_quarter_with_dead_mail_server(year)
    run_quarter_with_downtime(year)
    year.let_work(year.make_plan().release + DAY)
    check_quarters(year, QUARTERS[:3])


def run_quarter_with_dead_mail_server(year: Year) -> None:
    """Run the first quarter of 2025. The mail server is dead from the opening on; North Macedonia has a new form."""
    world = year.world
    year.quarter = "2025-Q1"
    year.inbox.stop_server()
    before = len(year.inbox.mails)
    plan = year.make_plan()
    assert {item.territory for item in plan.expected} == set(world.registry.without_training().territories)
    year.let_work(plan.opens)
    year.let_work(plan.opens + DAY)
    year.inbox.start_server()
    year.let_work(plan.opens + 2 * DAY)
    check_replaced_reminders(year, plan)
    opened = {n.account_id for n in notices.list_notices(world.engine) if n.content.get("quarter") == "2025-Q1"}
    assert {f"{account}@example.org" for account in opened} <= {address for address, _ in year.inbox.mails[before:]}
    year.accept_returns(list(plan.expected))
    check_changed_form(year, plan)
    year.let_work(plan.collection + DAY)
    finish_quarter(year)


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


def run_quarter_with_downtime(year: Year) -> None:
    """Run the second quarter, in which the machine is off at the deadline."""
    year.quarter = "2025-Q2"
    plan = year.make_plan()
    year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    year.let_work(plan.collection - 3 * DAY)
    jobs = year.let_work(plan.collection + 2 * DAY)
    assert {"close_collection", "open_queries"} <= set(jobs), "nothing was made up for after the downtime"
    late_acts = [entry for entry in read_quarter_acts(year.world.engine, year.quarter) if entry.act in jobs]
    assert {entry.at[:10] for entry in late_acts} == {(plan.collection + 2 * DAY).isoformat()}
    finish_quarter(year)


def test_quarter_runs_by_itself_and_makes_up_for_a_day_of_downtime_once(year: Year) -> None:
    """Run the reduced year: a missed opening, and a machine that is off at the deadline."""
    world, plan = year.world, year.make_plan()
    year.accept_returns(list(plan.expected[:3]))
    jobs = year.let_work(plan.collection + 2 * DAY)
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
