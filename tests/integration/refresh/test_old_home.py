"""A home that an early version made is migrated, verified and counted by this one, fact for fact."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
import sqlalchemy as sa

from pipelines import refresh
from pipelines.cli import main
from pipelines.core.home import Home
from pipelines.ledger import migrations, queries
from pipelines.ledger.opening import open_ledger
from pipelines.model.long_tables import CASE_EVENT, OBSERVATION
from pipelines.refresh import integrity
from pipelines.warehouse.count_builds import latest_counts, tables_folder
from tests.support.old_home import COUNTS, OLD_HOMES, make_old_home, read_frame, write_frame

DAY = date(2024, 2, 29)
NOW = "2026-11-24T12:00:00Z"
FOLDERS = sorted(OLD_HOMES.iterdir())
pytestmark = pytest.mark.usefixtures("real_migrations")


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.name)
def folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture
def home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("RTI_NOW", NOW)
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    opened = make_old_home(folder, tmp_path / "home")
    monkeypatch.setenv("RTI_HOME", str(opened.root))
    return opened


def list_differences(folder: Path, home: Home) -> list[str]:
    """Gather and count an old home; return the facts and counts of its version that differ now, or are not there."""
    refresh.gather_tables(home)
    refresh.build_counts(home)
    built = latest_counts(home)
    assert built is not None
    differences = []
    with duckdb.connect(str(built), read_only=True) as connection:
        for table, schema in (("observation", OBSERVATION), ("case_event", CASE_EVENT)):
            now = connection.sql(f"select * from fct_{table}").pl()
            for path in sorted((folder / "facts").glob(f"{table}-*.txt")):
                before = read_frame(path)
                shared = [name for name in before.columns if name in now.columns]
                assert {"submission_id", "period", "offence", "origin_submission_id"} <= set(shared)
                rows = now.filter(pl.col("submission_id") == path.stem.partition("-")[2])
                differences += compare_rows(path.name, before.select(shared), rows.select(shared))
                added = [name for name in schema if name not in before.columns and name in now.columns]
                assert all(set(rows[name]) <= {"_Z"} for name in added), f"{path.name}: {added}"
    before = read_frame(folder / COUNTS)
    now = pl.read_parquet(tables_folder(built) / "mart_count.parquet").filter(pl.col("value").is_not_null())
    shared = [name for name in before.columns if name in now.columns]
    return [*differences, *compare_rows(COUNTS, before.select(shared), now.select(shared))]


def compare_rows(name: str, before: pl.DataFrame, now: pl.DataFrame) -> list[str]:
    """Return the rows that only one of two frames has, each with its sign, after the name."""
    rows = [frame.cast(pl.String).fill_null("null").rows() for frame in (before, now)]
    lost, new = set(rows[0]) - set(rows[1]), set(rows[1]) - set(rows[0])
    assert len(before) == len(set(rows[0])), name
    return [f"{name} {sign}{row}" for sign, differing in (("-", lost), ("+", new)) for row in sorted(differing)]


def test_facts_and_counts_of_an_old_home_stay_the_same(folder: Path, home: Home) -> None:
    assert list_differences(folder, home) == []


def test_old_home_is_migrated_and_whole(folder: Path, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    engine = open_ledger(home)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("select version_num from alembic_version")) == migrations.HEAD
    submissions = queries.list_submissions(engine)
    assert len(submissions) == len(list((folder / "store").iterdir()))
    assert {submission.state for submission in submissions} <= {"approved", "published"}
    assert integrity.verify_home(home, engine) == []
    engine.dispose()
    assert main.main(["audit", "verify"]) == 0, capsys.readouterr()
    assert main.main(["doctor"]) == 0, capsys.readouterr()


def test_damaged_facts_of_an_old_home_are_named_from_its_first_gathering_on(home: Home) -> None:
    refresh.gather_tables(home)
    path = max((home.facts / "observation").glob("S*.parquet"), key=lambda file: file.stat().st_size)
    pl.read_parquet(path).with_columns(value=pl.col("value") + 1).write_parquet(path)
    with pytest.raises(integrity.IntegrityError, match=path.stem):
        refresh.build_counts(home)


def test_changed_fact_of_an_old_home_is_found(folder: Path, home: Home, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(folder, changed)
    path = max((changed / "facts").glob("observation-*.txt"), key=lambda file: file.stat().st_size)
    frame = read_frame(path)
    write_frame(frame.with_columns(value=pl.col("value") + 1), path)
    differences = list_differences(changed, home)
    assert sum(path.name in text for text in differences) == 2 * frame["value"].is_not_null().sum()


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame(
            {"a": ["", None, 'x,"y"\nz'], "b": [1.5, None, -0.0], "c": [True, False, None], "d": [None, DAY, None]}
        ),
        pl.DataFrame({"a": ["same", "same"], "b": [None, None]}, schema={"a": pl.String(), "b": pl.Float64()}),
        pl.DataFrame(schema={"a": pl.String(), "d": pl.Date(), "n": pl.Int32()}),
    ],
)
def test_frame_is_read_as_it_was_written(frame: pl.DataFrame, tmp_path: Path) -> None:
    write_frame(frame, tmp_path / "frame.txt")
    assert read_frame(tmp_path / "frame.txt").equals(frame)
