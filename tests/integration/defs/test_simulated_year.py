"""A year of the secretariat under a clock that is moved: four quarters from opening to release, with faults between.

Dagster's own daemon iterations evaluate the real sensors and schedules and execute their runs. Returns have no files,
and a refresh only writes a draft of what is accepted. `test_office_year.py` has files and refreshes, `test_daemon.py`
starts real processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from pipelines.ledger import queries, supersession
from pipelines.ledger.acts import Act
from pipelines.refresh import embargo
from pipelines.refresh.quarter import measure_progress
from pipelines.submissions import decisions, notices
from pipelines.submissions.quarter_log import QUARTER_ACTS, read_quarter_acts
from tests.support.quarter_world import STEWARD, head_of, make_world, office_of
from tests.support.simulated_year import (
    DAY,
    QUARTERS,
    Year,
    check_mails_and_ledger,
    check_replaced_reminders,
    finish_quarter,
    prepare_environment,
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
def test_year_runs_from_opening_to_fourth_release_with_everything_that_happens(year: Year) -> None:
    world = year.world
    year.let_work(date(2024, 12, 30))
    assert year.let_work(date(2024, 12, 31)) == ["reminders"]

    # The fourth quarter of 2024. Croatia's justice return comes after the deadline.
    plan = year.make_plan()
    assert "open_collection" in year.let_work(plan.opens)
    late = next(item for item in plan.expected if (item.territory, item.instrument) == ("HR", "justice"))
    year.accept_returns([item for item in plan.expected if item != late])
    year.let_work(plan.collection - 3 * DAY)
    jobs = year.let_work(plan.collection + DAY)
    assert {"close_collection", "open_queries"} <= set(jobs)
    assert [w.office for p in measure_progress(world.home, world.engine, world.registry) for w in p.waits] == [
        late.source
    ]
    year.accept_returns([late])
    assert "refresh" in year.let_work(plan.collection + 5 * DAY), "the late return does not reach the draft"
    jobs = year.let_work(plan.queries + DAY)
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
    year.let_work(plan.opens + DAY)
    year.inbox.start_server()
    year.let_work(plan.opens + 2 * DAY)
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
    year.let_work(plan.collection + DAY)
    finish_quarter(year)
    assert {year.ids[corrected.key], wrong} <= world.list_published_returns("2025-Q1")

    # The second quarter: Serbia withdraws its accepted return of victims. The machine is off at the deadline.
    year.quarter = "2025-Q2"
    plan = year.make_plan()
    year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    year.let_work(plan.collection - 3 * DAY)
    withdrawn = next(i for i in plan.expected if (i.territory, i.instrument) == ("RS", "victims"))
    identity = year.ids.pop(withdrawn.key)
    why = {"reason": "wrong_return", "comment": "Another office's file was sent."}
    decisions.ask_withdrawal(world.engine, Act(identity, office_of("RS"), embargo.clock.now(), **why))
    decisions.withdraw_submission(world.engine, Act(identity, head_of("RS"), embargo.clock.now(), **why))
    jobs = year.let_work(plan.collection + 2 * DAY)
    assert {"close_collection", "open_queries", "refresh"} <= set(jobs), "nothing was made up for after the downtime"
    late_acts = [entry for entry in read_quarter_acts(world.engine, year.quarter) if entry.act in jobs]
    assert {entry.at[:10] for entry in late_acts} == {(plan.collection + 2 * DAY).isoformat()}
    finish_quarter(year)
    assert identity not in world.list_published_returns("2025-Q2")

    # The third quarter: nothing happens but its days.
    year.quarter = "2025-Q3"
    plan = year.make_plan()
    year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    year.let_work(plan.collection + DAY)
    finish_quarter(year)

    year.let_work(plan.release + DAY)

    assert world.list_releases() == list(QUARTERS)
    assert set(year.daemon.count_statuses()) == {"SUCCESS"}
    for quarter in QUARTERS:
        recorded = Counter(entry.act for entry in read_quarter_acts(world.engine, quarter))
        assert {act: recorded[act] for act in QUARTER_ACTS[:3]} == dict.fromkeys(QUARTER_ACTS[:3], 1), quarter
        assert recorded["ask_signatures"] >= 1, quarter
    check_mails_and_ledger(year)
    (progress,) = measure_progress(world.home, world.engine, world.registry)
    assert (progress.release, {step.state for step in progress.steps}) == ("2025-Q3", {"done"})


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
