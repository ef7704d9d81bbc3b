"""A simulated year of the secretariat, from the opening of the first quarter to the fourth release.

Dagster's own daemon iterations evaluate the real sensors and schedules and execute their runs, under a clock that is
moved. Offices of seven territories hand in files: one is late, one corrects a return, one withdraws one, and one has a
new form. The mail server is dead for two days, and the machine is off at a deadline. Every refresh is carried out, the
pages are built in one language, and the releases are the sums of the files. `test_daemon.py` starts real processes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.codes import REGION
from pipelines.core.home import Home
from pipelines.front import build
from pipelines.ledger import queries, supersession
from pipelines.refresh import embargo
from pipelines.refresh.quarter import measure_progress
from pipelines.refresh.release_desk import desk, review
from pipelines.submissions.quarter_log import QUARTER_ACTS, read_quarter_acts
from pipelines.submissions.timetable import QuarterPlan
from tests.samples.rows import make_quarter
from tests.samples.truth import draw_truth
from tests.support.office_world import SEED, OfficeWorld, Values, make_files, make_office_world, report_more_cases
from tests.support.quarter_world import STEWARD, head_of, make_world
from tests.support.simulated_year import (
    DAY,
    QUARTERS,
    Year,
    check_mails_and_ledger,
    let_mail_server_die,
    prepare_environment,
    start_after_missed_deadline,
)
from tests.support.virtual_daemon import virtual_daemon
from tests.support.warehouse.truth_counts import DETAIL

ONE_LANGUAGE = "The test builds the pages in one language."
EXPLANATION = "The region began to collect with 2024-Q4, and the changes were compared with the returns."
HEAD = ("measure", "level", "count_unit", "statistic", "offence_group")
"""Columns of a released figure before the details of its breakdown."""


@dataclass
class OfficeYear(Year):
    """A year of offices that hand in files, with real refreshes."""

    world: OfficeWorld
    sums: dict[str, Values] = field(default_factory=dict)
    """The sums of the accepted files at each release."""
    explained: dict[str, set[str]] = field(default_factory=dict)
    """The checks of each draft whose problems the steward explained."""

    def sign_sheets(self) -> None:
        """Announce the release and sign every sheet."""
        world, plan = self.world, self.make_plan()
        release_desk = desk.ReleaseDesk(world.home, world.engine, world.registry)
        folder = desk.find_draft(release_desk)
        assert folder is not None
        for code in world.registry.without_training().territories:
            desk.sign_sheet(release_desk, world.get_identity(head_of(code)), code, desk.manifest_digest(folder))
        minute = datetime(plan.release.year, plan.release.month, plan.release.day, 9, tzinfo=UTC)
        embargo.schedule_release(world.home, folder.name, minute, actor=STEWARD)

    def sign_and_approve(self) -> None:
        """Sign every sheet, audit the draft, explain what can be explained, and approve it.

        Only the missing languages of the pages are overridden, in quarters whose pages are built in one language.
        """
        world, steward = self.world, self.world.get_identity(STEWARD)
        release_desk = desk.ReleaseDesk(world.home, world.engine, world.registry)
        self.sign_sheets()
        desk.assess_draft(release_desk, steward)
        open_checks = [check for check in desk.review_draft(release_desk, steward).checks if check.state == "open"]
        for result in open_checks:
            if result.check.can_be_explained:
                desk.explain_check(release_desk, steward, result.check.id, EXPLANATION)
        self.explained[self.quarter] = {result.check.id for result in open_checks if result.check.can_be_explained}
        blocking = {result.check.id for result in open_checks} - self.explained[self.quarter]
        assert blocking <= {"languages"}, blocking
        embargo.approve_draft(world.home, actor=STEWARD, override_reason=ONE_LANGUAGE if blocking else None)
        self.sums[self.quarter] = world.add_up_files()


@pytest.fixture
def office_year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OfficeYear]:
    inbox = prepare_environment(monkeypatch)
    world = make_office_world(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(world.home.root))
    languages = build.list_languages()[:1]
    monkeypatch.setattr(build, "list_languages", lambda: languages)
    with virtual_daemon(world.home, monkeypatch) as daemon:
        inbox.start_server()
        yield OfficeYear(world, daemon, inbox)
        inbox.stop_server()
    world.engine.dispose()


@pytest.mark.slow
def test_year_with_every_event_has_four_releases_that_are_the_sums_of_the_files(office_year: OfficeYear) -> None:
    year = office_year
    prepare_files(year.world)
    year.let_work(date(2024, 12, 30))
    assert year.let_work(date(2024, 12, 31)) == ["reminders"]
    run_quarter_with_late_return(year)
    run_quarter_with_dead_mail_server(year)
    run_quarter_with_downtime(year)
    run_quiet_quarter(year)
    year.let_work(year.make_plan().release + DAY)
    check_quarters(year)
    overridden = [(entry.release, entry.checks) for entry in review.read_overrides(year.world.engine)]
    assert overridden == [(quarter, ["languages"]) for quarter in QUARTERS]
    check_figures(year)


def prepare_files(world: OfficeWorld) -> None:
    """Make the files of the year. Persons whom Albania leaves out in 2024 are in its correction and its later files."""
    truth = draw_truth(SEED)
    complete = make_files(report_more_cases(truth, "AL", "298", make_quarter(2024, 4)), (*QUARTERS, "2024"), ["AL"])
    world.corrections = {key: sample for key, sample in complete.items() if key[2] == QUARTERS[0]}
    world.files = make_files(truth, (*QUARTERS, "2024")) | {
        key: sample for key, sample in complete.items() if key not in world.corrections
    }


def run_quarter_with_late_return(year: OfficeYear) -> None:
    """Run the fourth quarter of 2024. Croatia's justice return comes after the deadline."""
    world = year.world
    plan = year.make_plan()
    assert "open_collection" in year.let_work(plan.opens)
    late = next(item for item in plan.expected if (item.territory, item.instrument) == ("HR", "justice"))
    year.accept_returns([item for item in plan.expected if item != late])
    assert "refresh" in year.let_work(plan.collection - 3 * DAY)
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
    assert year.ids[late.key] in world.list_used_returns("2024-Q4")


def run_quarter_with_dead_mail_server(year: OfficeYear) -> None:
    """Run the first quarter of 2025, with the annual returns. The mail server is dead from the opening on.

    North Macedonia has a new form, and Albania corrects its last return.
    """
    world = year.world
    year.quarter = "2025-Q1"
    plan = year.make_plan()
    assert {item.territory for item in plan.expected} == set(world.registry.without_training().territories)
    let_mail_server_die(year, plan)
    corrected = next(i for i in world.list_expected("2024-Q4") if (i.territory, i.instrument) == ("AL", "justice"))
    wrong = year.ids[corrected.key]
    world.files |= world.corrections
    year.accept_returns([corrected, *plan.expected])
    (replacement,) = supersession.find_replacements(world.engine, [wrong])[wrong]
    assert replacement.submission_id == year.ids[corrected.key]
    changed = next(i for i in plan.expected if (i.territory, i.instrument) == ("MK", "justice"))
    assert queries.find_submission(world.engine, year.ids[changed.key]).form == "MK-JUSTICE-2"
    year.let_work(plan.collection + DAY)
    finish_quarter(year, plan)
    assert wrong in world.list_used_returns("2024-Q4") - world.list_used_returns("2025-Q1")
    assert {year.ids[corrected.key], year.ids[changed.key]} <= world.list_used_returns("2025-Q1")


def run_quarter_with_downtime(year: OfficeYear) -> None:
    """Run the second quarter: Serbia withdraws its published return of victims. The machine is off at the deadline."""
    world = year.world
    year.quarter = "2025-Q2"
    withdrawn = next(i for i in world.list_expected("2024-Q4") if (i.territory, i.instrument) == ("RS", "victims"))
    plan = year.make_plan()
    year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    year.let_work(plan.collection - 3 * DAY)
    identity = year.ids.pop(withdrawn.key)
    world.withdraw_return(identity, "RS")
    jobs = start_after_missed_deadline(year, plan)
    assert "refresh" in jobs, "the withdrawal does not reach the draft"
    finish_quarter(year, plan)
    assert identity in world.list_used_returns("2025-Q1") - world.list_used_returns("2025-Q2")


def run_quiet_quarter(year: OfficeYear) -> None:
    """Run the third quarter, in which nothing happens but its days."""
    year.quarter = "2025-Q3"
    plan = year.make_plan()
    assert "open_collection" in year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    assert {"close_collection", "open_queries"} <= set(year.let_work(plan.collection + DAY))
    finish_quarter(year, plan)


def finish_quarter(year: OfficeYear, plan: QuarterPlan) -> None:
    """Go from the last day for answers to the release."""
    year.let_work(plan.queries + DAY)
    year.sign_and_approve()
    year.let_work(plan.release, hour=9)
    assert year.world.list_releases()[-1] == year.quarter


def check_quarters(year: OfficeYear) -> None:
    """Check that each act of the four quarters was carried out once, on a whole ledger, and that nothing waits."""
    world = year.world
    assert world.list_releases() == list(QUARTERS)
    assert set(year.daemon.count_statuses()) == {"SUCCESS"}
    for quarter in QUARTERS:
        recorded = Counter(entry.act for entry in read_quarter_acts(world.engine, quarter))
        assert {act: recorded[act] for act in QUARTER_ACTS[:3]} == dict.fromkeys(QUARTER_ACTS[:3], 1), quarter
        assert recorded["ask_signatures"] >= 1, quarter
    check_mails_and_ledger(year)
    (progress,) = measure_progress(world.home, world.engine, world.registry)
    assert (progress.release, {step.state for step in progress.steps}) == (QUARTERS[-1], {"done"})


def read_released(home: Home, release: str) -> Values:
    """Return the published figures of a release; those that are withheld are left out. Some are in two tables."""
    cells = pl.read_parquet(home.releases / release / "data" / "cell.parquet").filter(pl.col("value").is_not_null())
    values: Values = {}
    for row in cells.iter_rows(named=True):
        detail = ("_T" if row[name] == "_Z" else row[name] for name in DETAIL)
        key = (row["area"], row["freq"], row["period"], (*(row[name] for name in HEAD), *detail))
        assert values.setdefault(key, row["value"]) == row["value"], f"{release} has two values of {key}"
    return values


def check_figures(year: OfficeYear) -> None:
    """Compare every published figure of the four releases with the sums of the files that were accepted then."""
    home, territories = year.world.home, set(year.world.registry.without_training().territories)
    released = {quarter: read_released(home, quarter) for quarter in QUARTERS}
    for quarter, values in released.items():
        expected = year.sums[quarter]
        faults = [
            f"{key}: {values[key]}, not {expected.get(key)}" for key in values if values[key] != expected.get(key)
        ]
        assert not faults, f"{quarter}: {len(faults)} of {len(values)} figures are wrong:\n" + "\n".join(faults[:20])
        reporting = {key[0] for key in values if key[2] == quarter}
        # Kosovo's returns are cumulative from January: before 2024-Q4 there is none from which it could differ.
        without_quarter = {"XK"} if quarter == QUARTERS[0] else set()
        expected_from = {item.territory for item in year.world.list_expected(quarter)}
        assert reporting & territories == expected_from - without_quarter, quarter
    assert territories <= {key[0] for key in released["2025-Q1"]}, "a territory has no figure"

    revised = {key for key, value in released["2024-Q4"].items() if released["2025-Q1"].get(key, value) != value}
    assert {(key[0], key[2]) for key in revised if key[0] == "AL"} == {("AL", "2024"), ("AL", "2024-Q4")}
    assert {key[0] for key in revised} <= {"AL", REGION}

    def find_victims(release: str) -> set[Any]:
        return {key for key in released[release] if key[::2] == ("RS", "2024-Q4") and key[3][0] == "victims_detected"}

    assert find_victims("2024-Q4") and find_victims("2025-Q1")
    assert not find_victims("2025-Q2") and not find_victims("2025-Q3")
    changed = {key[2] for key in released["2025-Q3"] if key[0] == "MK" and key[3][0] == "reported"}
    assert set(QUARTERS) <= changed, "figures of the changed form are missing"


@pytest.fixture
def year_without_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Year]:
    """A year whose returns have no files; a refresh only writes a draft of what is accepted."""
    inbox = prepare_environment(monkeypatch)
    world = make_world(tmp_path)
    monkeypatch.setenv("RTI_HOME", str(world.home.root))
    with virtual_daemon(world.home, monkeypatch, refresh=lambda: world.write_draft(QUARTERS[0])) as daemon:
        inbox.start_server()
        yield Year(world, daemon, inbox)
        inbox.stop_server()
    world.engine.dispose()


@pytest.mark.sampled(turn=6)
def test_quarter_runs_by_itself_and_makes_up_for_a_day_of_downtime_once(year_without_files: Year) -> None:
    """Run a quarter without files: a missed opening, and a machine that is off at the deadline."""
    year = year_without_files
    world, plan = year.world, year.make_plan()
    year.accept_returns(list(plan.expected[:3]))
    jobs = start_after_missed_deadline(year, plan)
    assert "open_collection" not in jobs, "the opening is announced six weeks late"
    assert {entry.act for entry in read_quarter_acts(world.engine, year.quarter)} == {
        "close_collection",
        "open_queries",
    }
    addresses = Counter(address for address, _ in year.inbox.mails)
    assert addresses[f"{STEWARD}@example.org"] == 1
    assert year.daemon.move_clock(clock.now() + timedelta(minutes=6)) == []
    assert set(year.daemon.count_statuses()) == {"SUCCESS"}
    check_mails_and_ledger(year)
