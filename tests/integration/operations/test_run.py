"""The whole path as one job: faults that hold up nobody else, nothing twice, corrections, kills, locks, determinism.

Small homes of a few returns, built by the real job in this process or by the real command in one that is killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import refresh
from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.core.home_lock import HomeBusyError
from pipelines.ledger import facts, queries
from pipelines.ledger.opening import open_ledger
from pipelines.operations import run
from pipelines.publication.releases import publish
from pipelines.refresh import integrity
from pipelines.submissions import notices
from pipelines.warehouse import dbt
from tests.support import small
from tests.support.demonstration import CLOCK, frozen_at

GOOD, FAULTY = "AL", "BA_BRC"
LATER = "2026-12-01T09:00:00Z"
WRONG = b"2/2026;\xe8l. 207.a;Trgovina ljudima;Prijavljene osobe;mu\x9aki;2,00"
"""One line of the faulty file, in windows-1250; its number becomes a negative one."""


def _wanted(line: small.Line) -> bool:
    return line["jurisdiction"] in (GOOD, FAULTY) and "2026" in line["periods"]


@dataclass
class Story:
    """One small home and what happened in it, in order."""

    home: Home
    samples: Path
    faulty: small.Line
    good_bytes: bytes
    said: dict[str, list[str]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: dict[str, list[Any]] = field(default_factory=dict)
    counts: dict[str, Path] = field(default_factory=dict)

    def refresh(self, name: str) -> None:
        """Run the job and keep what it said, gave and checked."""
        self.said[name] = []
        self.results[name] = run.run_refresh(self.home, say=self.said[name].append)
        self.checks[name] = _checks(self.home, self.results[name]["run"])
        latest = dbt.latest_counts(self.home)
        assert latest is not None
        self.counts[name] = latest


def _checks(home: Home, run_id: str) -> list[Any]:
    """Every asset check of a run, as Dagster keeps it."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(home.dagster)
    with dg.DagsterInstance.get() as instance:
        logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return [entry.dagster_event.event_specific_data for entry in logs if entry.dagster_event]


def _mart(counts: Path) -> pl.DataFrame:
    return pl.read_parquet(dbt.tables_folder(counts) / "mart_count.parquet")


def _value(counts: Path, area: str, period: str) -> float | None:
    """Persons reported for trafficking."""
    found = _mart(counts).filter(
        (pl.col("area") == area) & (pl.col("period") == period) & (pl.col("measure") == "reported")
        & (pl.col("count_unit") == "person") & (pl.col("offence_group") == "TIP") & (pl.col("sex") == "_T")
        & (pl.col("age") == "_T") & (pl.col("offence") == "_T")
    )  # fmt: skip
    return None if found.is_empty() else found["value"].item()


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, small.Line, bytes]:
    """A few returns of two jurisdictions, one of them with a number that cannot be."""
    folder = tmp_path_factory.mktemp("samples")
    lines = small.choose_returns(folder, _wanted)
    faulty = next(line for line in lines if line["jurisdiction"] == FAULTY and line["periods"] == "2026-Q2")
    good = (folder / faulty["file"]).read_bytes()
    assert good.count(WRONG) == 1
    small.add_return(folder, faulty, good.replace(WRONG, WRONG[:-4] + b"-2,00"))
    return folder, faulty, good


@pytest.fixture(scope="module")
def story(samples: tuple[Path, small.Line, bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Refresh; again with nothing new; publish; a correction comes; refresh; publish."""
    folder, faulty, good = samples
    mine = tmp_path_factory.mktemp("story") / "samples"
    shutil.copytree(folder, mine)
    with pytest.MonkeyPatch.context() as patch, frozen_at(CLOCK, mine):
        patch.setenv("RTI_SAMPLES", str(mine))
        home = initialise_home(tmp_path_factory.mktemp("story") / "home", "demonstration")
        told = Story(home, mine, faulty, good)
        told.refresh("first")
        told.refresh("again")
        refresh.publish_draft(home)
        patch.setenv("RTI_NOW", LATER)
        small.add_return(
            mine, faulty, good, file=faulty["file"].replace(".csv", "_ispravka.csv"),
            received_at="2026-11-30T09:00:00Z", corrects=faulty["file"],
        )  # fmt: skip
        told.refresh("corrected")
        yield told


# ----- a planted fault


def test_a_refused_return_does_not_reach_the_gathered_tables(story: Story) -> None:
    engine = open_ledger(story.home)
    refused = queries.list_submissions(engine, states=["refused"])
    assert [one.filename for one in refused] == [Path(story.faulty["file"]).name]
    identity = refused[0].submission_id
    assert not facts.path_of(story.home, "observation", identity).exists()
    gathered = pl.read_parquet(story.home.gathered / "block.parquet").filter(pl.col("accepted_at").is_not_null())
    assert identity not in set(gathered["submission_id"])
    assert _value(story.counts["first"], FAULTY, "2026-Q2") is None


def test_the_rest_goes_on(story: Story) -> None:
    assert _value(story.counts["first"], FAULTY, "2026-Q1") is not None
    assert _value(story.counts["first"], GOOD, "2026-Q2") is not None
    assert story.results["first"]["draft"] == "2026-Q3"


def test_the_check_of_that_territory_fails_as_a_warning_and_no_other(story: Story) -> None:
    by_asset = {
        check.asset_key.path[-1]: check
        for check in story.checks["first"]
        if check.check_name == "accepted_without_error"
    }
    failed = {territory for territory, check in by_asset.items() if not check.passed}
    assert failed == {"BA"}
    assert by_asset["BA"].severity.value == "WARN"
    assert Path(story.faulty["file"]).name in by_asset["BA"].metadata["refused"].value
    assert len(by_asset) == 7


def test_suite_of_refused_return_fails_until_the_correction_is_accepted(story: Story) -> None:
    def justice(name: str) -> dict[str, Any]:
        checks = [c for c in story.checks[name] if c.check_name == "justice_suite"]
        return {check.asset_key.path[-1]: check for check in checks}

    for name in ("first", "again"):
        assert {territory for territory, check in justice(name).items() if not check.passed} == {"BA"}
        failed = justice(name)["BA"]
        assert (failed.severity.value, failed.blocking) == ("ERROR", False)
        assert "value.negative: 1" in str(failed.description)
    assert all(check.passed for check in justice("corrected").values()) and len(justice("corrected")) == 7


def test_each_test_of_dbt_is_a_passed_check_of_every_run(story: Story) -> None:
    """A run with nothing new repeats the results of the build in use."""
    from pipelines.defs.warehouse import warehouse_definitions

    declared = {
        (key.asset_key, key.name)
        for asset in warehouse_definitions().assets or ()
        for key in asset.check_keys  # type: ignore[union-attr]
    }
    for name, checks in story.checks.items():
        passed = {(check.asset_key, check.check_name) for check in checks if check.passed}
        assert declared - passed == set(), name
        assert len(declared) > 190


def test_the_finding_names_the_cell(story: Story) -> None:
    engine = open_ledger(story.home)
    identity = queries.list_submissions(engine, states=["refused"])[0].submission_id
    found = pl.read_parquet(facts.path_of(story.home, "finding", identity)).filter(pl.col("severity") == "error")
    line = story.good_bytes[: story.good_bytes.index(WRONG)].count(b"\n") + 1
    places = [str(row) for row in found.iter_rows(named=True)]
    assert places
    assert any(f"line {line}" in place for place in places), places


# ----- nothing new, no work


def test_a_second_refresh_does_nothing(story: Story) -> None:
    assert story.results["again"] == {"run": story.results["again"]["run"], "draft": "2026-Q3", "new": False}
    assert story.counts["again"] == story.counts["first"]
    for step in ("counts: nothing new", "protection: nothing new", "release 2026-Q3: nothing new"):
        assert step in story.said["again"]
    assert not [line for line in story.said["again"] if "checked" in line]


def test_a_later_correction_touches_only_its_territory(story: Story) -> None:
    checked = [line for line in story.said["corrected"] if "returns checked" in line]
    assert checked == ["BA: 1 returns checked, 0 refused, 0 warnings"]
    before, after = _mart(story.counts["first"]), _mart(story.counts["corrected"])
    same = pl.col("territory") == GOOD
    assert (
        after.filter(same)
        .drop("submission_ids")
        .sort(pl.all())
        .equals(before.filter(same).drop("submission_ids").sort(pl.all()))
    )
    assert _value(story.counts["corrected"], FAULTY, "2026-Q2") == 3


def test_after_publication_a_correction_makes_a_release_of_its_own(story: Story) -> None:
    assert story.results["corrected"]["draft"] == "2026-Q3.1"
    assert (story.home.releases / "2026-Q3").is_dir()
    assert story.home.current.resolve().name == "2026-Q3"


def test_as_of_gives_what_was_known_then(story: Story) -> None:
    with frozen_at(LATER, story.home.root):
        then = dbt.build_counts(story.home, as_of=clock.parse_time(CLOCK))
    assert _value(then, FAULTY, "2026-Q2") is None
    assert _value(story.counts["corrected"], FAULTY, "2026-Q2") == 3
    assert dbt.latest_counts(story.home) == story.counts["corrected"]


# ----- sensor, schedule


def test_the_sensor_asks_for_one_run_of_what_was_touched(story: Story) -> None:
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.home import HomeResource
    from pipelines.defs.jobs import ledger_events
    from pipelines.defs.partitions import tag_range
    from pipelines.model.periods import Period

    repository = defs().get_repository_def()
    events = queries.list_events(open_ledger(story.home))
    corrected = [e for e in events if e["action"] == "receive"][-1]
    # As if the correction had come after the last refresh, which has taken it in already.
    refreshed = refresh.due.last_refreshed_event(story.home)
    refresh.due.mark_gathered(story.home, int(corrected["event_id"]) - 1)
    refresh.due.mark_refreshed(story.home)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(
            instance=instance,
            cursor=str(int(corrected["event_id"]) - 1),
            resources={"home": HomeResource(root=str(story.home.root))},
            repository_def=repository,
        )
        asked = ledger_events(context)
        requests = list(asked) if isinstance(asked, Iterator) else asked.run_requests
        assert len(requests) == 1
        selected = {key.to_user_string() for key in requests[0].asset_selection}
        assert {key for key in selected if key.startswith("returns/")} == {"returns/BA"}
        assert {"gathered", "protected_cells", "release_draft", "counts/mart_count"} <= selected
        quarter = tag_range(refresh.QuarterRange(Period("2026-Q2"), Period("2026-Q2")))
        assert {name: requests[0].tags[name] for name in quarter} == quarter
        refresh.due.mark_gathered(story.home, refreshed)
        refresh.due.mark_refreshed(story.home)
        assert refreshed >= int(corrected["event_id"])
        news = refresh.find_news(story.home, after=0)
        assert news.territories == (), "a refresh is asked for what the last one took in"
        again = dg.build_sensor_context(
            instance=instance,
            cursor=str(max(int(e["event_id"]) for e in events)),
            resources={"home": HomeResource(root=str(story.home.root))},
            repository_def=repository,
        )
        quiet = ledger_events(again)
        silent = list(quiet) if isinstance(quiet, Iterator) else [quiet.skip_message]
        assert len(silent) == 1
        assert not isinstance(silent[0], dg.RunRequest)


def test_the_schedule_names_the_deadlines_that_have_passed() -> None:
    import dagster as dg

    from pipelines.defs.jobs import quarterly_refresh

    context = dg.build_schedule_context(scheduled_execution_time=datetime.fromisoformat("2026-12-16T04:00:00+01:00"))
    asked = quarterly_refresh(context)
    assert isinstance(asked, dg.RunRequest)
    assert asked.run_key == "2026-12-16"
    assert asked.tags["deadline/AL"] == "2026-11-14"
    assert {tag for tag in asked.tags if tag.startswith("deadline/")} >= {"deadline/AL", "deadline/HR", "deadline/RS"}


# ----- locks and blocking checks


def test_two_refreshes_of_one_home_do_not_meet(story: Story) -> None:
    from filelock import FileLock

    with FileLock(story.home.lock), pytest.raises(HomeBusyError, match="another command is running"):
        run.run_refresh(story.home, say=lambda _: None)


def _raise_values(path: Path) -> None:
    """Other figures in a valid file, as somebody would write them on purpose."""
    pl.read_parquet(path).with_columns(pl.col("value") + 100).write_parquet(path)


@pytest.mark.parametrize("fault", [Path.unlink, _raise_values], ids=["lost", "changed"])
def test_facts_that_are_not_those_approved_stop_the_draft_and_its_publication(
    story: Story, fault: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft that was made before the fault stays, and is not published while it lasts."""
    monkeypatch.setenv("RTI_NOW", LATER)
    monkeypatch.setenv("RTI_SAMPLES", str(story.samples))
    engine = open_ledger(story.home)
    lost = queries.list_submissions(engine, states=["published", "approved"])[0]
    path = facts.path_of(story.home, "observation", lost.submission_id)
    whole = path.read_bytes()
    before = dbt.latest_counts(story.home)
    waiting, current = publish.list_drafts(story.home), story.home.current.resolve()
    assert waiting == ["2026-Q3.1"]
    said: list[str] = []
    fault(path)
    try:
        with pytest.raises(run.DamagedFactsError, match="gathered") as stopped:
            run.run_refresh(story.home, say=said.append)
        with pytest.raises(integrity.IntegrityError, match=lost.submission_id):
            refresh.publish_draft(story.home)
    finally:
        path.write_bytes(whole)
    for part in (lost.submission_id, lost.filename, str(lost.territory), str(lost.form), str(path)):
        assert part in str(stopped.value)
    assert dbt.latest_counts(story.home) == before
    assert not [line for line in said if line.startswith(("counts", "release", "draft"))]
    reported = [notice for notice in notices.list_notices(engine) if notice.kind == "run_failed"]
    assert [(notice.account_id, notice.content["step"]) for notice in reported] == [("steward", "gathered")]
    assert (publish.list_drafts(story.home), story.home.current.resolve()) == (waiting, current)


def test_a_cell_that_could_be_worked_out_stops_the_draft(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", LATER)
    monkeypatch.setenv("RTI_SAMPLES", str(story.samples))
    monkeypatch.setattr(refresh, "protect_cells", lambda _home, log: refresh.Step(new=True, audit={"disclosed": 1}))
    said: list[str] = []
    with pytest.raises(run.RunFailedError, match="protected_cells"):
        run.run_refresh(story.home, say=said.append)
    assert not [line for line in said if line.startswith(("release", "draft"))]


# ----- kills, determinism


def _killed_at(home: Path, samples: Path, line: str) -> list[str]:
    """Refresh in a process that is killed without notice as soon as it says `line`; returns what it had said."""
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "rti"), "refresh"],
        env=small.command_environment(home, CLOCK, RTI_SAMPLES=str(samples)),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=small.ROOT,
    )  # fmt: skip
    said = []
    assert process.stderr is not None
    for text in process.stderr:
        said.append(text.strip())
        if line in text:
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait(timeout=60) == -signal.SIGKILL, said
    return said


def test_a_home_whose_refreshes_were_killed_ends_as_one_that_was_left_in_peace(
    story: Story, samples: tuple[Path, small.Line, bytes], tmp_path: Path
) -> None:
    """Killed after intake and after the counts, then resumed: the same release, byte for byte and row for row."""
    root = tmp_path / "killed"
    with frozen_at(CLOCK, root):
        initialise_home(root, "demonstration")
    _killed_at(root, samples[0], f"{GOOD}: ")
    _killed_at(root, samples[0], "counts built")
    assert not (root / "public" / "current").exists()
    done = small.run_rti(root, CLOCK, "refresh", "--publish", RTI_SAMPLES=str(samples[0]))
    assert done.returncode == 0, done.stderr
    assert "counts: nothing new" in done.stderr
    one, other = story.home.releases / "2026-Q3", root / "public" / "releases" / "2026-Q3"
    names = sorted(path.relative_to(one).as_posix() for path in one.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file())
    differing = [
        name for name in names if name != "release.duckdb" and (one / name).read_bytes() != (other / name).read_bytes()
    ]
    assert not differing
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach '{one / 'release.duckdb'}' as one (read_only)")
        connection.execute(f"attach '{other / 'release.duckdb'}' as other (read_only)")
        tables = [str(row[0]) for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        assert len(tables) > 10
        for table in set(tables):
            left = connection.execute(
                f'select * from one."{table}" except all select * from other."{table}"'
            ).fetchall()
            more = connection.execute(
                f'select * from other."{table}" except all select * from one."{table}"'
            ).fetchall()
            assert not left, table
            assert not more, table
