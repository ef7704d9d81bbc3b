"""Tests of the whole refresh as one job: isolated faults, skipped steps, corrections, kills, locks, determinism.

The homes are small; they are built by the real job in this process, or by the real command in a killed process.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import refresh
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.core.home_lock import HomeBusyError
from pipelines.ledger import facts, queries
from pipelines.ledger.opening import open_ledger
from pipelines.operations import run
from pipelines.publication import measured_quality
from pipelines.publication.releases import publish
from pipelines.refresh import integrity, unchanged
from pipelines.refresh.counts import _find_last_turn
from pipelines.submissions import notices
from pipelines.warehouse import dbt
from tests.support import small
from tests.support.demonstration import CLOCK, copy_home, frozen_at
from tests.support.kept_builds import build_kept
from tests.support.releases import publication_fixture

GOOD, FAULTY = "AL", "BA_BRC"
LATER = "2026-12-01T09:00:00Z"
WRONG = b"2/2026;\xe8l. 207.a;Trgovina ljudima;Prijavljene osobe;mu\x9aki;2,00"
"""One line of the faulty file, in windows-1250; its number is made negative."""


def _is_chosen(line: small.Line) -> bool:
    return line["jurisdiction"] in (GOOD, FAULTY) and "2026" in line["periods"]


@dataclass
class Story:
    """One small home and the results of its refreshes, in order. `counts` are their builds."""

    home: Home
    samples: Path
    faulty: small.Line
    good_bytes: bytes
    messages: dict[str, list[str]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: dict[str, list[Any]] = field(default_factory=dict)
    counts: dict[str, Path] = field(default_factory=dict)
    requested: dict[str, list[str]] = field(default_factory=dict)
    """The sensors of the real definitions that requested a refresh after a step of the story."""

    def run_refresh(self, name: str, *, even_if_unchanged: bool = True) -> None:
        """Run the job, if there is work or it is to run anyway, and keep its messages and result."""
        self.messages[name] = []
        self.results[name] = run.run_refresh(
            self.home, say=self.messages[name].append, even_if_unchanged=even_if_unchanged
        )
        latest = dbt.latest_counts(self.home)
        assert latest is not None
        self.counts[name] = latest


def _read_checks(home: Home, run_id: str) -> list[Any]:
    """Return every asset check of a run from Dagster's event log."""
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(home.dagster)
    with dg.DagsterInstance.get() as instance:
        logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    return [entry.dagster_event.event_specific_data for entry in logs if entry.dagster_event]


def _read_counts(counts: Path) -> pl.DataFrame:
    return pl.read_parquet(dbt.tables_folder(counts) / "mart_count.parquet")


def _read_reported_persons(counts: Path, area: str, period: str) -> float | None:
    """Return the persons reported for trafficking, None without a figure."""
    rows = _read_counts(counts).filter(
        (pl.col("area") == area) & (pl.col("period") == period) & (pl.col("measure") == "reported")
        & (pl.col("count_unit") == "person") & (pl.col("offence_group") == "TIP") & (pl.col("sex") == "_T")
        & (pl.col("age") == "_T") & (pl.col("offence") == "_T")
    )  # fmt: skip
    return None if rows.is_empty() else rows["value"].item()


def list_requested_refreshes(home: Home) -> list[str]:
    """Evaluate the sensors of the job `refresh` as a new daemon does, and return those that request it."""
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.home import HomeResource
    from pipelines.defs.jobs import JOB

    repository = defs().get_repository_def()
    names = []
    with dg.DagsterInstance.ephemeral() as instance:
        for sensor in repository.sensor_defs:
            if JOB.name in {target.job_name for target in sensor.targets}:
                context = dg.build_sensor_context(
                    instance=instance,
                    repository_def=repository,
                    **(
                        {"resources": {"home": HomeResource(root=str(home.root))}}
                        if sensor.required_resource_keys
                        else {}
                    ),
                )
                names += [sensor.name] * len(sensor.evaluate_tick(context).run_requests or ())
    return names


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, small.Line, bytes]:
    """A few returns of two jurisdictions, one of them with an impossible number."""
    folder = tmp_path_factory.mktemp("samples")
    lines = small.choose_returns(folder, _is_chosen)
    faulty = next(line for line in lines if line["jurisdiction"] == FAULTY and line["periods"] == "2026-Q2")
    good = (folder / faulty["file"]).read_bytes()
    assert good.count(WRONG) == 1
    small.add_return(folder, faulty, good.replace(WRONG, WRONG[:-4] + b"-2,00"))
    return folder, faulty, good


def build_story(root: Path, samples: tuple[Path, small.Line, bytes]) -> None:
    """Make a home with two refreshes, a publication, and a refresh after a correction; write down their messages."""
    folder, faulty, good = samples
    own_samples = root / "samples"
    shutil.copytree(folder, own_samples)
    with frozen_at(CLOCK, root), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_SAMPLES", str(own_samples))
        home = initialise_home(root / "home", "demonstration")
        story = Story(home, own_samples, faulty, good)
        story.run_refresh("first")
        story.run_refresh("again")
        publication_fixture.publish_draft(home)
        story.run_refresh("published", even_if_unchanged=False)
        story.requested["published"] = list_requested_refreshes(home)
        patch.setenv("RTI_NOW", LATER)
        small.add_return(
            own_samples, faulty, good, file=faulty["file"].replace(".csv", "_ispravka.csv"),
            received_at="2026-11-30T09:00:00Z", corrects=faulty["file"],
        )  # fmt: skip
        story.run_refresh("corrected")
    counts = {name: path.relative_to(root).as_posix() for name, path in story.counts.items()}
    note = {"messages": story.messages, "results": story.results, "counts": counts, "requested": story.requested}
    (root / "story.json").write_text(json.dumps(note), encoding="utf-8")


@pytest.fixture(scope="module")
def story(
    samples: tuple[Path, small.Line, bytes], request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """A home after a refresh, one with nothing new, a publication, a correction and another refresh."""

    def build_with_samples(root: Path) -> None:
        build_story(root, samples)

    root = tmp_path_factory.mktemp("story") / "copy"
    shutil.copytree(build_kept(request, "story-of-refreshes", build_with_samples), root, symlinks=True)
    note = json.loads((root / "story.json").read_text(encoding="utf-8"))
    with frozen_at(LATER, root), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_SAMPLES", str(root / "samples"))
        home = open_home(root / "home")
        yield Story(
            home, root / "samples", *samples[1:], note["messages"], note["results"],
            {name: _read_checks(home, result["run"]) for name, result in note["results"].items() if result["run"]},
            {name: root / path for name, path in note["counts"].items()},
            note["requested"],
        )  # fmt: skip


# ----- a planted fault


def test_refused_return_is_not_in_the_gathered_tables(story: Story) -> None:
    engine = open_ledger(story.home)
    refused = queries.list_submissions(engine, states=["refused"])
    assert [submission.filename for submission in refused] == [Path(story.faulty["file"]).name]
    identity = refused[0].submission_id
    assert not facts.path_of(story.home, "observation", identity).exists()
    gathered = pl.read_parquet(story.home.gathered / "block.parquet").filter(pl.col("accepted_at").is_not_null())
    assert identity not in set(gathered["submission_id"])
    assert _read_reported_persons(story.counts["first"], FAULTY, "2026-Q2") is None


def test_refused_return_does_not_stop_other_returns(story: Story) -> None:
    assert _read_reported_persons(story.counts["first"], FAULTY, "2026-Q1") is not None
    assert _read_reported_persons(story.counts["first"], GOOD, "2026-Q2") is not None
    assert story.results["first"]["draft"] == "2026-Q3"


def test_check_fails_as_a_warning_only_for_the_faulty_territory(story: Story) -> None:
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


def test_suite_of_a_refused_return_fails_until_the_correction_is_accepted(story: Story) -> None:
    def select_justice_checks(name: str) -> dict[str, Any]:
        checks = [c for c in story.checks[name] if c.check_name == "justice_suite"]
        return {check.asset_key.path[-1]: check for check in checks}

    for name in ("first", "again"):
        assert {territory for territory, check in select_justice_checks(name).items() if not check.passed} == {"BA"}
        failed = select_justice_checks(name)["BA"]
        assert (failed.severity.value, failed.blocking) == ("ERROR", False)
        assert "value.negative: 1" in str(failed.description)
    assert (
        all(check.passed for check in select_justice_checks("corrected").values())
        and len(select_justice_checks("corrected")) == 7
    )


def test_each_test_of_dbt_is_a_passed_check_of_every_run(story: Story) -> None:
    """Check that a run with nothing new repeats the results of the current build."""
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


def test_finding_names_the_line(story: Story) -> None:
    engine = open_ledger(story.home)
    identity = queries.list_submissions(engine, states=["refused"])[0].submission_id
    findings = pl.read_parquet(facts.path_of(story.home, "finding", identity)).filter(pl.col("severity") == "error")
    line = story.good_bytes[: story.good_bytes.index(WRONG)].count(b"\n") + 1
    places = [str(row) for row in findings.iter_rows(named=True)]
    assert places
    assert any(f"line {line}" in place for place in places), places


# ----- nothing new


def test_second_refresh_skips_every_step(story: Story) -> None:
    assert story.results["again"] == {"run": story.results["again"]["run"], "draft": "2026-Q3", "new": False}
    assert story.counts["again"] == story.counts["first"]
    for step in ("counts: nothing new", "protection: nothing new", "release 2026-Q3: nothing new"):
        assert step in story.messages["again"]
    assert not [line for line in story.messages["again"] if "checked" in line]


def test_correction_changes_only_its_territory(story: Story) -> None:
    checked = [line for line in story.messages["corrected"] if "returns checked" in line]
    assert checked == ["BA: 1 returns checked, 0 refused, 0 warnings"]
    before, after = _read_counts(story.counts["first"]), _read_counts(story.counts["corrected"])
    is_good_territory = pl.col("territory") == GOOD
    assert (
        after.filter(is_good_territory)
        .drop("submission_ids")
        .sort(pl.all())
        .equals(before.filter(is_good_territory).drop("submission_ids").sort(pl.all()))
    )
    assert _read_reported_persons(story.counts["corrected"], FAULTY, "2026-Q2") == 3


def test_marts_of_the_draft_are_built_before_those_of_offices_and_the_draft_last(story: Story) -> None:
    for name in ("first", "corrected"):
        steps = ["cells hidden", "protected indicators built", "restricted indicators built", "is ready"]
        steps_taken = [step for line in story.messages[name] for step in steps if step in line]
        assert steps_taken == steps


def test_correction_after_publication_makes_a_new_edition(story: Story) -> None:
    assert story.results["corrected"]["draft"] == "2026-Q3.1"
    assert (story.home.releases / "2026-Q3").is_dir()
    assert story.home.current.resolve().name == "2026-Q3"


# ----- nothing new, without Dagster


def test_publication_alone_starts_no_run(story: Story) -> None:
    """Start again: the release is an input of the figures from records, but none of them can have changed."""
    assert story.results["published"] == {"run": None, "draft": None, "new": False}
    assert "figures of case records: nothing new" in story.messages["published"]
    assert story.requested["published"] == []


def _list_runs(home: Home) -> list[str]:
    import dagster as dg

    with dg.DagsterInstance.from_config(str(home.dagster)) as instance:
        return [run.run_id for run in instance.get_runs()]


def test_refresh_without_work_starts_no_run(story: Story) -> None:
    before, messages = _list_runs(story.home), list[str]()
    result = run.run_refresh(story.home, say=messages.append, even_if_unchanged=False)
    assert result == {"run": None, "draft": "2026-Q3.1", "new": False}
    assert _list_runs(story.home) == before
    steps = (
        "counts",
        "figures of case records",
        "quality",
        "restricted indicators",
        "protection",
        "protected indicators",
    )
    for step in (*steps, "release 2026-Q3.1"):
        assert f"{step}: nothing new" in messages


def test_counts_are_due_again_after_a_deadline_a_final_day_and_the_end_of_a_quarter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check the end of a quarter as well: `mart_window` shows no period before its end."""
    home = initialise_home(tmp_path, "demonstration")
    home.gathered.mkdir(parents=True, exist_ok=True)
    deadlines, final = [date(2026, 11, 14), date(2027, 2, 14)], [date(2026, 12, 14), None]
    pl.DataFrame({"deadline": deadlines, "final_on": final}).write_parquet(home.gathered / "calendar.parquet")
    turns = {}
    for day in ("2026-11-13", "2026-11-14", "2026-12-13", "2026-12-14", "2026-12-31", "2027-01-01", "2027-02-14"):
        monkeypatch.setenv("RTI_NOW", f"{day}T09:00:00Z")
        turns[day] = _find_last_turn(home)
    assert list(turns.values()) == [
        "2026-10-01", "2026-11-14", "2026-11-14", "2026-12-14", "2026-12-14", "2027-01-01", "2027-02-14",
    ]  # fmt: skip


def _find_next_turn(home: Home) -> date:
    """Return the first day after that of the story on which a return becomes due or figures become final."""
    calendar = pl.read_parquet(home.gathered / "calendar.parquet")
    days = {*calendar["deadline"], *calendar["final_on"]}
    return min(day for day in days if day > date.fromisoformat(LATER[:10]))


@pytest.mark.sampled(turn=4)
def test_refresh_with_work_in_any_step_is_needed(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    home = story.home
    (draft,) = home.drafts.iterdir()
    (protected,) = (path for path in home.protected.iterdir() if path.is_dir())
    missing = {
        "counts": story.counts["corrected"],
        "records": home.restricted / "records",
        "restricted indicators": home.warehouse / "indicators-restricted.duckdb",
        "protection": protected,
        "public indicators": protected / "indicators.duckdb",
        "draft": draft,
        "facts": next((home.facts / "observation").glob("S*.parquet")),
    }
    for step, path in missing.items():
        aside = path.with_name(f".aside-{path.name}")
        path.rename(aside)
        try:
            assert unchanged.is_refresh_needed(home), step
        finally:
            aside.rename(path)
    with story.counts["corrected"].open("r+b") as file:
        content = file.read(64)
        file.seek(0)
        file.write(b"x" * 64)
    assert unchanged.is_refresh_needed(home), "a damaged build"
    with story.counts["corrected"].open("r+b") as file:
        file.write(content)
    with monkeypatch.context() as patch:
        patch.setenv("RTI_NOW", "2026-12-02T09:00:00Z")
        assert not unchanged.is_refresh_needed(home), "a day on which nothing becomes due or final"
        patch.setenv("RTI_NOW", f"{_find_next_turn(home)}T09:00:00Z")
        assert unchanged.is_refresh_needed(home), "a day on which returns become due or final"
    shutil.rmtree(measured_quality.quality_folder(home))
    assert not unchanged.is_refresh_needed(home), "everything is as it was"
    assert measured_quality.quality_folder(home).is_dir(), "quality is measured at once"


def test_arrived_return_makes_a_refresh_needed(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_home(story.home.root, tmp_path / "home")
    shutil.copytree(story.samples, tmp_path / "samples")
    monkeypatch.setenv("RTI_SAMPLES", str(tmp_path / "samples"))
    small.add_return(
        tmp_path / "samples", story.faulty, story.good_bytes + b"\r\n", file="late.csv",
        received_at="2026-12-01T08:00:00Z",
    )  # fmt: skip
    assert unchanged.is_refresh_needed(open_home(tmp_path / "home"))


# ----- sensor


def test_sensor_requests_one_run_of_changed_assets(story: Story) -> None:
    import dagster as dg

    from pipelines.definitions import defs
    from pipelines.defs.home import HomeResource
    from pipelines.defs.jobs import ledger_events
    from pipelines.defs.partitions import tag_range
    from pipelines.model.periods import Period

    repository = defs().get_repository_def()
    events = queries.list_events(open_ledger(story.home))
    corrected = [e for e in events if e["action"] == "receive"][-1]
    # Simulate that the correction arrived after the last refresh, which has taken it in already.
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
        sensor_result = ledger_events(context)
        requests = list(sensor_result) if isinstance(sensor_result, Iterator) else sensor_result.run_requests
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
        assert news.territories == (), "the sensor requests a refresh of what the last one took in"
        second_context = dg.build_sensor_context(
            instance=instance,
            cursor=str(max(int(e["event_id"]) for e in events)),
            resources={"home": HomeResource(root=str(story.home.root))},
            repository_def=repository,
        )
        second_result = ledger_events(second_context)
        skip_results = list(second_result) if isinstance(second_result, Iterator) else [second_result.skip_message]
        assert len(skip_results) == 1
        assert not isinstance(skip_results[0], dg.RunRequest)


# ----- locks and blocking checks


def test_refresh_of_a_locked_home_is_refused(story: Story) -> None:
    from filelock import FileLock

    with FileLock(story.home.lock), pytest.raises(HomeBusyError, match="another command is running"):
        run.run_refresh(story.home, say=lambda _: None)


def _change_values(path: Path) -> None:
    """Write other figures into a valid file, as a deliberate change would."""
    pl.read_parquet(path).with_columns(pl.col("value") + 100).write_parquet(path)


def test_lost_and_changed_facts_stop_the_draft_and_its_publication(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check that the draft made before the faults is kept, and not published until both faults are repaired."""
    monkeypatch.setenv("RTI_NOW", LATER)
    monkeypatch.setenv("RTI_SAMPLES", str(story.samples))
    engine = open_ledger(story.home)
    damaged = queries.list_submissions(engine, states=["published", "approved"])[:2]
    paths = [facts.path_of(story.home, "observation", submission.submission_id) for submission in damaged]
    original_bytes = [path.read_bytes() for path in paths]
    before = dbt.latest_counts(story.home)
    waiting, current = publish.list_drafts(story.home), story.home.current.resolve()
    assert waiting == ["2026-Q3.1"]
    messages: list[str] = []
    paths[0].unlink()
    _change_values(paths[1])
    try:
        with pytest.raises(run.DamagedFactsError, match="gathered") as error:
            run.run_refresh(story.home, say=messages.append)
        for number in (0, 1):
            with pytest.raises(integrity.IntegrityError, match=damaged[number].submission_id):
                publication_fixture.publish_draft(story.home)
            paths[number].write_bytes(original_bytes[number])
    finally:
        for path, content in zip(paths, original_bytes, strict=True):
            path.write_bytes(content)
    for submission, path in zip(damaged, paths, strict=True):
        parts = (submission.submission_id, submission.filename, str(submission.territory), str(submission.form))
        for part in (*parts, str(path)):
            assert part in str(error.value)
    assert dbt.latest_counts(story.home) == before
    assert not [line for line in messages if line.startswith(("counts", "release", "draft"))]
    reported = [notice for notice in notices.list_notices(engine) if notice.kind == "run_failed"]
    assert [(notice.account_id, notice.content["step"]) for notice in reported] == [("steward", "gathered")]
    assert (publish.list_drafts(story.home), story.home.current.resolve()) == (waiting, current)


def test_disclosed_cell_stops_the_draft(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", LATER)
    monkeypatch.setenv("RTI_SAMPLES", str(story.samples))
    monkeypatch.setattr(refresh, "protect_cells", lambda _home, log: refresh.Step(new=True, risk={"disclosed": 1}))
    messages: list[str] = []
    with pytest.raises(run.RunFailedError, match="protected_cells"):
        run.run_refresh(story.home, say=messages.append)
    assert not [line for line in messages if line.startswith(("release", "draft"))]


# ----- kills, determinism


def _kill_refreshes(home: Path, samples: Path, *lines: str) -> None:
    """Refresh once for each line, in a process that is killed as soon as it prints the line."""
    process = subprocess.run(
        [sys.executable, "-m", "tests.support.refresh_killed", *lines],
        env=small.command_environment(home, CLOCK, RTI_SAMPLES=str(samples)),
        capture_output=True, text=True, timeout=600, check=False, cwd=small.ROOT,
    )  # fmt: skip
    printed = process.stdout.splitlines()
    assert [line for line in printed if line.startswith(("killed", "ended"))] == ["killed"] * len(lines), (
        process.stdout + process.stderr
    )
    assert [line for line in lines if not any(line in text for text in printed)] == []


def _read_manifest(release: Path) -> dict[str, Any]:
    """Return the manifest of a release without the commit."""
    manifest: dict[str, Any] = json.loads((release / "manifest.json").read_bytes())
    return {name: value for name, value in manifest.items() if name != "commit"}


@pytest.mark.sampled(turn=5)
def test_home_with_killed_refreshes_ends_like_an_uninterrupted_one(
    story: Story,
    samples: tuple[Path, small.Line, bytes],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kill after intake and after the counts, then resume: the release is the same, byte for byte and row for row.

    Only the signature differs, since each home signs with its own key. The home as the kills have left it is kept for
    later sessions with the same code; each resumes a copy of it.
    """

    def kill_refreshes(folder: Path) -> None:
        with frozen_at(CLOCK, folder):
            initialise_home(folder, "demonstration")
        _kill_refreshes(folder, samples[0], f"{GOOD}: ", "counts built")

    root = tmp_path / "killed"
    shutil.copytree(build_kept(request, "home-of-killed-refreshes", kill_refreshes), root, symlinks=True)
    assert not (root / "public" / "current").exists()
    monkeypatch.setenv("RTI_SAMPLES", str(samples[0]))
    messages: list[str] = []
    with frozen_at(CLOCK, root):
        home = open_home(root)
        run.run_refresh(home, say=messages.append)
        publication_fixture.publish_draft(home)
    assert "counts: nothing new" in messages
    uninterrupted, resumed = story.home.releases / "2026-Q3", root / "public" / "releases" / "2026-Q3"
    names = sorted(path.relative_to(uninterrupted).as_posix() for path in uninterrupted.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(resumed).as_posix() for path in resumed.rglob("*") if path.is_file())
    differing = [
        name
        for name in names
        if name != "release.duckdb" and (uninterrupted / name).read_bytes() != (resumed / name).read_bytes()
    ]
    # The uninterrupted home is kept from run to run, and may have been built at an earlier commit of the same code.
    assert set(differing) <= {"manifest.json", "manifest.sig"}
    assert _read_manifest(uninterrupted) == _read_manifest(resumed)
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"attach '{uninterrupted / 'release.duckdb'}' as one (read_only)")
        connection.execute(f"attach '{resumed / 'release.duckdb'}' as other (read_only)")
        tables = [str(row[0]) for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        assert len(tables) > 10
        for table in set(tables):
            missing_rows = connection.execute(
                f'select * from one."{table}" except all select * from other."{table}"'
            ).fetchall()
            additional_rows = connection.execute(
                f'select * from other."{table}" except all select * from one."{table}"'
            ).fetchall()
            assert not missing_rows, table
            assert not additional_rows, table
