"""Which files a build reads and writes, and the error when it fails. dbt itself runs in the integration tests."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import duckdb
import polars as pl
import pytest
import yaml

from pipelines.core.home import Home, initialise_home
from pipelines.warehouse import count_builds, dbt, dbt_runner, exported_tables


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return initialise_home(tmp_path / "data", "demonstration")


def write_gathered(home: Home, accepted: dict[str, str | None]) -> None:
    rows = [{"submission_id": s, "accepted_at": at, "rows": 1} for s, at in accepted.items()]
    schema = {"submission_id": pl.String(), "accepted_at": pl.String(), "rows": pl.Int64()}
    pl.DataFrame(rows, schema=schema).write_parquet(home.gathered / "block.parquet")


def write_facts(home: Home, *submissions: str) -> None:
    folder = home.facts / "observation"
    folder.mkdir(parents=True, exist_ok=True)
    for submission in submissions:
        (folder / f"{submission}.parquet").touch()


def list_names(files: list[str]) -> list[str]:
    return [Path(f).stem for f in files]


def test_a_first_build_reads_all_accepted_submissions(home: Home) -> None:
    write_gathered(home, {"S1": "2025-01-01", "S2": None, "S3": "2025-01-02"})
    write_facts(home, "S1", "S2", "S3")
    files = dbt.fact_files(home, None)
    assert list_names(files["facts.observation"])[1:] == ["S1", "S3"]
    assert list_names(files["facts.case_event"]) == [".empty-case_event"]


def test_a_later_build_reads_only_what_is_new(home: Home, tmp_path: Path) -> None:
    write_gathered(home, {"S1": "2025-01-01", "S3": "2025-01-02"})
    write_facts(home, "S1", "S3")
    built = tmp_path / "counts.duckdb"
    with duckdb.connect(str(built)) as connection:
        connection.execute("create table fct_submission as select 'S1' as submission_id")
    assert list_names(dbt.fact_files(home, built)["facts.observation"])[1:] == ["S3"]


def test_build_before_gathering_has_nothing_to_do(home: Home) -> None:
    with pytest.raises(dbt_runner.WarehouseError, match="nothing is gathered"):
        dbt.build_counts(home)


def test_indicators_need_counts(home: Home, tmp_path: Path) -> None:
    with pytest.raises(dbt_runner.WarehouseError, match="no counts yet"):
        dbt.build_indicators(home, input="restricted", source=tmp_path / "no", target=tmp_path / "t.duckdb")
    with pytest.raises(dbt_runner.WarehouseError, match="is missing"):
        dbt.build_indicators(
            home, input="protected", source=tmp_path / "no", target=tmp_path / "t.duckdb", dimensions=tmp_path
        )


def test_newest_build_is_the_latest_and_old_ones_are_removed(home: Home) -> None:
    assert count_builds.latest_counts(home) is None
    for number in (9, 10, 11, 12):
        (home.warehouse / f"counts-{number:06d}.duckdb").touch()
        (home.warehouse / f"counts-{number:06d}").mkdir()
    (home.warehouse / "counts-as-of-20250801T000000Z.duckdb").touch()
    (home.warehouse / ".counts-000013.building").mkdir()
    latest = count_builds.latest_counts(home)
    assert latest is not None and latest.name == "counts-000012.duckdb"
    count_builds.remove_old_counts(home)
    assert sorted(p.name for p in home.warehouse.glob("counts-0*.duckdb")) == [
        "counts-000010.duckdb", "counts-000011.duckdb", "counts-000012.duckdb",
    ]  # fmt: skip
    assert not (home.warehouse / "counts-000009").exists()
    assert (home.warehouse / "counts-as-of-20250801T000000Z.duckdb").exists()


@pytest.fixture
def fake_dbt(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Builds without dbt that add one row each; the list has True for each build that extended the previous one."""
    monkeypatch.setattr(exported_tables, "COUNTS", (exported_tables.ExportedTable("t"),))
    warm: list[bool] = []

    def fake_build(_home: Home, variables: dict[str, object], arguments: list[str]) -> list[dbt_runner.NodeResult]:
        warm.append("counts_again" in arguments)
        with duckdb.connect(str(variables["path"])) as connection:
            connection.execute("create table if not exists fct_submission (submission_id varchar)")
            connection.execute("create table if not exists t (x integer)")
            connection.execute("insert into t values (1)")
        return []

    monkeypatch.setattr(dbt, "_build", fake_build)
    return warm


@pytest.fixture(scope="module")
def twice_built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for the home with two builds, made by the first test that needs it."""
    return tmp_path_factory.mktemp("twice") / "home"


@pytest.fixture
def built(home: Home, fake_dbt: list[bool], twice_built: Path) -> list[bool]:
    """Put two builds into the home, copied from those of an earlier test; returns the list of further builds."""
    if not twice_built.is_dir():
        write_gathered(home, {})
        for _ in range(2):
            dbt.build_counts(home)
        assert fake_dbt == [False, True]
        fake_dbt.clear()
        shutil.copytree(home.root, twice_built)
    else:
        shutil.copytree(twice_built, home.root, dirs_exist_ok=True)
    return fake_dbt


def _rows(path: Path) -> int:
    with duckdb.connect(str(path), read_only=True) as connection:
        return len(connection.execute("select x from t").fetchall())


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("fault", [_cut, _flip, Path.unlink], ids=["cut", "one bit", "deleted"])
@pytest.mark.parametrize("what", ["database", "table"])
def test_damaged_build_is_set_aside_and_the_previous_one_extended(
    home: Home, built: list[bool], fault: Callable[[Path], None], what: str
) -> None:
    newest = count_builds.latest_counts(home)
    assert newest is not None and newest.name == "counts-000002.duckdb"
    fault(newest if what == "database" else count_builds.tables_folder(newest) / "t.parquet")
    if newest.exists():
        assert not count_builds.is_whole(newest)
    again = dbt.build_counts(home)
    assert built == [True]
    # A name is never reused, so that no reader mistakes another build for the one it has open.
    assert again.name == ("counts-000003.duckdb" if what == "table" or fault is not Path.unlink else newest.name)
    assert _rows(again) == 2
    assert count_builds.is_whole(again)


def test_next_build_starts_from_scratch_if_every_build_is_damaged(home: Home, built: list[bool]) -> None:
    for path in home.warehouse.glob("counts-*.duckdb"):
        _cut(path)
    again = dbt.build_counts(home)
    assert (built, _rows(again), again.name) == ([False], 1, "counts-000003.duckdb")
    assert (home.warehouse / ".damaged-counts-000002.duckdb").is_file()


def test_build_of_an_earlier_version_is_valid_if_it_can_be_read(home: Home, built: list[bool]) -> None:
    newest = count_builds.latest_counts(home)
    assert newest is not None
    note = count_builds.tables_folder(newest) / "build.json"
    content = json.loads(note.read_text(encoding="utf-8"))
    del content["files"]
    note.write_text(json.dumps(content), encoding="utf-8")
    assert count_builds.is_whole(newest)
    _cut(newest)
    assert not count_builds.is_whole(newest)


def test_failure_names_the_model_and_its_message() -> None:
    node = SimpleNamespace(
        resource_type="test", name="mart_count_key", original_file_path="models/marts/mart_count.yml"
    )
    text = dbt_runner._describe_failures(
        [SimpleNamespace(node=node, message="Got 2 results,\n  configured to fail")], Path("/scratch")
    )
    assert "test mart_count_key (models/marts/mart_count.yml): Got 2 results, configured to fail" in text


def test_digest_covers_everything_that_shapes_the_build() -> None:
    assert dbt_runner.project_digest() == dbt_runner.project_digest.__wrapped__()
    assert len(dbt_runner.project_digest()) == 64


@pytest.mark.parametrize("target", ["warehouse", "lake"])
def test_profile_limits_memory_and_names_the_folder_beyond_it(target: str) -> None:
    profile = yaml.safe_load((dbt_runner.PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    options = profile["rti"]["outputs"][target]["config_options"]
    assert "memory_limit" in options["memory_limit"] and "spill" in options["temp_directory"]


def test_what_a_killed_build_has_spilled_is_removed(tmp_path: Path) -> None:
    spill = dbt_runner._clear_spill(tmp_path, {"path": str(tmp_path / "counts.duckdb")})
    assert spill == tmp_path / "counts.spill"
    spill.mkdir()
    (spill / "duckdb_temp_storage_DEFAULT-0.tmp").touch()
    assert dbt_runner._clear_spill(tmp_path, {"path": str(tmp_path / "counts.duckdb")}) == spill
    assert not spill.exists()
    assert dbt_runner._clear_spill(tmp_path, {"part": "counts"}) == tmp_path / "spill-counts"


def test_statement_without_enough_memory_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_BUILD_MEMORY", "100MB")
    node = SimpleNamespace(resource_type="model", name="mart_count", original_file_path="models/marts/mart_count.sql")
    with (
        duckdb.connect(config={"memory_limit": "5MB", "temp_directory": ""}) as connection,
        pytest.raises(duckdb.OutOfMemoryException) as failure,
    ):
        connection.execute("select list(i) from range(10_000_000) t(i)").fetchall()
    text = dbt_runner._describe_failures([SimpleNamespace(node=node, message=str(failure.value))], Path("/scratch"))
    assert "DuckDB may use 100MB; set RTI_BUILD_MEMORY to more" in text
