"""Tests that a run of one territory and quarter processes only the returns of that territory and quarter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from pipelines import refresh
from pipelines.core.home import Home, initialise_home
from pipelines.defs.home import LockedHomeResource
from pipelines.defs.partitions import tag_range
from pipelines.defs.returns import returns_definitions
from pipelines.ledger import facts, queries
from pipelines.ledger.opening import open_ledger
from pipelines.model.periods import Period
from pipelines.refresh import QuarterRange
from pipelines.refresh.quarters import find_quarters
from pipelines.submissions import store, waiting_checks
from pipelines.submissions.checking.check import CheckJob
from tests.support import small
from tests.support.demonstration import CLOCK
from tests.support.kept_builds import keep_value

TERRITORIES = ("AL", "BA")
YEAR = ("2026-Q1", "2026-Q2", "2026-Q3")


def is_chosen(line: small.Line) -> bool:
    return line["jurisdiction"] in ("AL", "BA_BRC") and line["periods"].split()[-1] in YEAR


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    small.choose_returns(folder, is_chosen)
    return folder


@dataclass
class Intake:
    """A home whose returns have arrived, and the names of the files that were read and checked since."""

    home: Home
    read: list[str] = field(default_factory=list)

    def take_read(self) -> list[str]:
        """Return the files read since the last call."""
        names, self.read[:] = list(self.read), []
        return names


@pytest.fixture
def make_intake(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Intake]]:
    monkeypatch.setenv("RTI_NOW", CLOCK)
    monkeypatch.setenv("RTI_SAMPLES", str(samples))
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    names = {line["sha256"]: line["file"] for line in small.read_arrivals(samples)}
    intakes: dict[Path, Intake] = {}
    make_jobs = waiting_checks._make_jobs

    def count_jobs(home: Home, part: Sequence[queries.Submission]) -> Iterator[CheckJob]:
        for job in make_jobs(home, part):
            intakes[home.root].read.append(names[store.compute_digest(job.data)])
            yield job

    monkeypatch.setattr(waiting_checks, "_make_jobs", count_jobs)

    def make_home_with_arrivals() -> Intake:
        home = initialise_home(tmp_path / f"home-{len(intakes)}", "demonstration")
        intakes[home.root] = Intake(home)
        refresh.enter_arrivals(home)
        return intakes[home.root]

    yield make_home_with_arrivals


def list_files(samples: Path, jurisdiction: str, make_quarter_range: str) -> set[str]:
    """Return the files of a jurisdiction that cover a quarter."""
    return {
        line["file"]
        for line in small.read_arrivals(samples)
        if line["jurisdiction"] == jurisdiction and make_quarter_range in line["periods"].split()
    }


def make_quarter_range(code: str) -> QuarterRange:
    return QuarterRange(Period(code), Period(code))


def get_states(home: Home) -> dict[str, str]:
    return {s.filename: s.state for s in queries.list_submissions(open_ledger(home))}


def read_outcomes(home: Home) -> dict[str, Any]:
    """Return state, figures and findings of every return."""
    outcomes = {}
    for submission in queries.list_submissions(open_ledger(home)):
        frames = [
            pl.read_parquet(facts.path_of(home, table, submission.submission_id))
            for table in ("observation", "finding")
        ]
        outcomes[submission.submission_id] = (submission.state, *(frame.rows() for frame in frames))
    return outcomes


@pytest.mark.sampled(turn=6)
def test_take_in_of_one_quarter_reads_only_its_returns(make_intake: Callable[[], Intake], samples: Path) -> None:
    intake = make_intake()
    lines: list[str] = []
    result = refresh.take_in(intake.home, "AL", make_quarter_range("2026-Q3"), log=lines.append)
    read_files = intake.take_read()
    assert sorted(read_files) == sorted(list_files(samples, "AL", "2026-Q3"))
    assert result.checked == len(read_files) > 0
    assert "AL: 6 waiting returns of other quarters are left alone" in lines
    waiting = {Path(line["file"]).name for line in small.read_arrivals(samples)} - {
        Path(file).name for file in read_files
    }
    assert {name for name, state in get_states(intake.home).items() if state == "received"} == waiting


@dataclass(frozen=True)
class Outcome:
    """Files that were read, and state, figures and findings of every return."""

    read: list[str]
    outcomes: dict[str, Any]
    states: dict[str, str]


def take_in_twice(make_intake: Callable[[], Intake]) -> tuple[Outcome, Outcome]:
    """Take in all returns in one pass, and quarter by quarter in another home."""
    at_once, by_quarter = make_intake(), make_intake()
    for territory in TERRITORIES:
        refresh.take_in(at_once.home, territory)
    for code in YEAR:
        for territory in TERRITORIES:
            refresh.take_in(by_quarter.home, territory, make_quarter_range(code))
    first, second = (
        Outcome(sorted(intake.take_read()), read_outcomes(intake.home), get_states(intake.home))
        for intake in (at_once, by_quarter)
    )
    return first, second


@pytest.mark.sampled(turn=6)
def test_quarters_taken_in_separately_give_the_same_as_one_pass(
    make_intake: Callable[[], Intake], samples: Path, request: pytest.FixtureRequest
) -> None:
    at_once, by_quarter = keep_value(request, "intake-by-quarter", lambda: take_in_twice(make_intake))
    files = sorted(line["file"] for line in small.read_arrivals(samples))
    assert at_once.read == by_quarter.read == files
    assert at_once.outcomes == by_quarter.outcomes and len(at_once.outcomes) == len(files)
    assert set(at_once.states.values()) == {"approved"}


def test_backfilled_quarter_with_nothing_new_reads_nothing(make_intake: Callable[[], Intake]) -> None:
    intake = make_intake()
    for _ in range(2):
        intake.take_read()
        refresh.take_in(intake.home, "BA", make_quarter_range("2026-Q2"))
    assert intake.take_read() == []


def test_return_of_unknown_quarter_is_read_by_a_run_of_any_quarter(make_intake: Callable[[], Intake]) -> None:
    intake = make_intake()
    engine = open_ledger(intake.home)
    submissions = queries.list_submissions(engine, territory="BA")
    selected = refresh.quarters.select_returns(engine, submissions, make_quarter_range("2020-Q1"), {})
    assert find_quarters(engine, [s.submission_id for s in submissions]) == {}
    assert selected == submissions


# ----- the same through Dagster


def materialize_returns(home: Home, code: str, **selection: Any) -> dg.ExecuteInProcessResult:
    """Run the asset of one territory in this process."""
    (asset,) = [
        asset
        for asset in returns_definitions().assets or ()
        if isinstance(asset, dg.AssetsDefinition) and asset.key == dg.AssetKey(["returns", code])
    ]
    return dg.materialize([asset], resources={"locked_home": LockedHomeResource(root=str(home.root))}, **selection)


def test_asset_respects_its_partition_and_logs_it(make_intake: Callable[[], Intake], samples: Path) -> None:
    intake = make_intake()
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize_returns(intake.home, "BA", partition_key="2026-04-01", instance=instance)
        lines = [entry.user_message for entry in instance.all_logs(result.run_id) if entry.dagster_event is None]
    assert set(intake.take_read()) == list_files(samples, "BA_BRC", "2026-Q2")
    (event,) = result.get_asset_materialization_events()
    assert event.partition == "2026-04-01"
    metadata = {name: value.value for name, value in event.materialization.metadata.items()}
    assert metadata["quarters"] == "2026-Q2" and metadata["checked"] == 1 and metadata["seconds"] >= 0
    assert "BA: 2026-Q2" in lines and "BA: 1 returns checked, 0 refused, 0 warnings" in lines
    assert [line for line in lines if line.endswith(" seconds")]


@pytest.mark.sampled(turn=3)
def test_backfill_of_a_range_is_one_run_that_reads_each_return_once(
    make_intake: Callable[[], Intake], samples: Path
) -> None:
    intake = make_intake()
    quarters = QuarterRange(Period("2026-Q1"), Period("2026-Q2"))
    result = materialize_returns(intake.home, "AL", tags=tag_range(quarters))
    assert sorted(intake.take_read()) == sorted(
        list_files(samples, "AL", "2026-Q1") | list_files(samples, "AL", "2026-Q2")
    )
    partitions = [event.partition for event in result.get_asset_materialization_events()]
    assert partitions == ["2026-01-01", "2026-04-01"]
