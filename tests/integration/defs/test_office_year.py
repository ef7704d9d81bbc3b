"""A year of offices that hand in files: every refresh is carried out, and the releases are the sums of the files.

Offices are late, correct and withdraw returns, and change a form. Files are read and checked, every run of the job
`refresh` is real, and the pages are built in one language. `test_simulated_year.py` lets mail server and machine fail.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core.codes import REGION
from pipelines.core.home import Home
from pipelines.front import build
from pipelines.ledger import supersession
from pipelines.refresh import embargo
from pipelines.refresh.quarter import measure_progress
from pipelines.refresh.release_desk import desk, review
from tests.samples.rows import make_quarter
from tests.samples.truth import draw_truth
from tests.support.office_world import SEED, OfficeWorld, Values, make_files, make_office_world, report_more_cases
from tests.support.quarter_world import STEWARD
from tests.support.simulated_year import (
    DAY,
    QUARTERS,
    Year,
    begin_year,
    check_changed_form,
    check_quarters,
    finish_quarter,
    prepare_environment,
    run_quiet_quarter,
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
def test_four_releases_of_a_year_are_the_sums_of_the_files_of_the_offices(office_year: OfficeYear) -> None:
    year = office_year
    prepare_files(year.world)
    begin_year(year)
    run_quarter_with_late_return(year)
    run_quarter_with_correction(year)
    run_quarter_with_withdrawal(year)
    year.quarter = "2025-Q3"
    run_quiet_quarter(year)
    year.let_work(year.make_plan().release + DAY)
    check_quarters(year, QUARTERS)
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


def run_quarter_with_correction(year: OfficeYear) -> None:
    """Run the first quarter of 2025, with the annual returns.

    North Macedonia has a new form, and Albania corrects its last return.
    """
    world = year.world
    year.quarter = "2025-Q1"
    plan = year.make_plan()
    year.let_work(plan.opens)
    corrected = next(i for i in world.list_expected("2024-Q4") if (i.territory, i.instrument) == ("AL", "justice"))
    wrong = year.ids[corrected.key]
    world.files |= world.corrections
    year.accept_returns([corrected, *plan.expected])
    (replacement,) = supersession.find_replacements(world.engine, [wrong])[wrong]
    assert replacement.submission_id == year.ids[corrected.key]
    check_changed_form(year, plan)
    year.let_work(plan.collection + DAY)
    finish_quarter(year)
    assert wrong in world.list_used_returns("2024-Q4") - world.list_used_returns("2025-Q1")
    changed = next(i for i in plan.expected if (i.territory, i.instrument) == ("MK", "justice"))
    assert {year.ids[corrected.key], year.ids[changed.key]} <= world.list_used_returns("2025-Q1")


def run_quarter_with_withdrawal(year: OfficeYear) -> None:
    """Run the second quarter, in which Serbia withdraws its published return of victims."""
    world = year.world
    year.quarter = "2025-Q2"
    withdrawn = next(i for i in world.list_expected("2024-Q4") if (i.territory, i.instrument) == ("RS", "victims"))
    plan = year.make_plan()
    year.let_work(plan.opens)
    year.accept_returns(list(plan.expected))
    year.let_work(plan.collection - 3 * DAY)
    identity = year.ids.pop(withdrawn.key)
    world.withdraw_return(identity, "RS")
    assert "refresh" in year.let_work(plan.collection + DAY), "the withdrawal does not reach the draft"
    finish_quarter(year)
    assert identity in world.list_used_returns("2025-Q1") - world.list_used_returns("2025-Q2")


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
