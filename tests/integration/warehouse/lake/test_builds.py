"""Builds of the lake over time: what was known at a moment, a failed build, two builds at once, and what is stored."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.warehouse import dbt
from pipelines.warehouse.dbt_runner import WarehouseError
from pipelines.warehouse.lake import builds
from pipelines.warehouse.lake.connection import LakeBusyError, hold_lock, open_part
from tests.support.lake import PASSWORD, read_stored_files
from tests.support.object_store import SECRET
from tests.support.paths import ROOT
from tests.support.warehouse.dbt_facts import World, parse_moment
from tests.support.warehouse.relations import compare_relations

pytestmark = pytest.mark.lake
FIRST = parse_moment("2025-06-01T00:00:00Z")
SECOND = parse_moment("2025-12-01T00:00:00Z")
CORRECTED = "2025-07-10T10:00:00Z"
BUILDER = """
import os, sys
from pathlib import Path
from pipelines.core.home import open_home
from pipelines.warehouse.lake import builds
print(builds.build_counts(open_home(Path(sys.argv[1]))).version)
"""


def world_before_correction() -> World:
    """Make a world in which Albania has reported 20 persons for a quarter, and a second quarter has begun."""
    world = World()
    world.add_territory("AL")
    world.add_office("AL", "AL_PP", "justice", "Q", ("2025-Q1", "2025-Q2"))
    row = {"measure": "reported", "value": 20}
    world.add_submission("AL1", "AL", "AL_PP", "2025-Q1", [row], accepted="2025-05-02T10:00:00Z")
    return world


def world_after_correction() -> World:
    """Make the same world later: the quarter was corrected to 26 persons, and the next one has 30."""
    world = world_before_correction()
    world.blocks[0]["superseded_at"] = CORRECTED
    world.add_submission("AL1B", "AL", "AL_PP", "2025-Q1", [{"measure": "reported", "value": 26}], accepted=CORRECTED)
    row = {"measure": "reported", "value": 30}
    world.add_submission("AL2", "AL", "AL_PP", "2025-Q2", [row], accepted="2025-08-01T10:00:00Z")
    return world


FIGURES = """select period, value from {table} where area_kind = 'territory' and area = 'AL'
and measure = 'reported' and value is not null and freq = 'Q' and person_type = '_T'
and offence_group = 'TIP' and total_of = 'all' order by period"""


def read_figures(known_at: str | None = None) -> list[tuple[str, float]]:
    moment = parse_moment(known_at) if known_at else None
    with builds.open_build("counts", known_at=moment) as connection:
        return connection.execute(FIGURES.format(table="mart_count")).fetchall()


@pytest.fixture(scope="module")
def home(lake: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose counts were built in the lake before and after a correction."""
    home = initialise_home(tmp_path_factory.mktemp("lake") / "data", "demonstration")
    for world, moment in ((world_before_correction(), FIRST), (world_after_correction(), SECOND)):
        with clock.freeze_time(moment):
            world.write_files(home)
            builds.build_counts(home)
    return home


def test_each_moment_has_the_figures_that_were_known_then(home: Home) -> None:
    assert read_figures() == [("2025-Q1", 26.0), ("2025-Q2", 30.0)]
    assert read_figures("2025-12-01T00:00:00Z") == [("2025-Q1", 26.0), ("2025-Q2", 30.0)]
    assert read_figures("2025-11-30T23:59:59Z") == [("2025-Q1", 20.0)]
    assert read_figures("2025-06-01T00:00:00Z") == [("2025-Q1", 20.0)]
    with pytest.raises(WarehouseError, match="no completed build of its part counts of what was known at 2025-05-31"):
        read_figures("2025-05-31T23:59:59Z")


def test_the_earlier_version_equals_a_file_that_is_built_as_of_that_moment(home: Home) -> None:
    """Compare the figures that were stored then with those that the other target computes today."""
    with clock.freeze_time(SECOND):
        file = dbt.build_counts(home, as_of=FIRST)
    names = {f"main.{name}" for name in ("mart_count", "mart_coverage", "mart_revision", "mart_lineage", "int_block")}
    with builds.open_build("counts", known_at=FIRST) as connection:
        assert compare_relations(connection, file, names - {"main.int_block"}) == {}
    with builds.open_build("counts") as connection:
        assert "main.mart_count" in compare_relations(connection, file, names)


def test_sql_reads_an_earlier_version_of_one_table(home: Home) -> None:
    first, second = builds.list_builds("counts")[:2]
    assert (first.as_of, second.as_of) == (FIRST, SECOND)
    with open_part("counts") as connection:
        for build, expected in ((first, [("2025-Q1", 20.0)]), (second, [("2025-Q1", 26.0), ("2025-Q2", 30.0)])):
            table = f"main.mart_count at (version => {build.version})"
            assert connection.execute(FIGURES.format(table=table)).fetchall() == expected
            query = f"select snapshot_time from ducklake_snapshots('warehouse') where snapshot_id = {build.version}"
            row = connection.execute(query).fetchone()
            assert row is not None
            table = f"main.mart_count at (timestamp => timestamptz '{row[0].isoformat()}')"
            assert connection.execute(FIGURES.format(table=table)).fetchall() == expected


def test_a_completed_build_cannot_be_written(home: Home) -> None:
    with (
        pytest.raises(WarehouseError, match="read-only"),
        builds.open_build("counts") as connection,
    ):
        connection.execute("delete from main.mart_count")


def test_the_storage_has_encrypted_files_and_the_home_no_secret(home: Home, lake: Mapping[str, str]) -> None:
    objects = read_stored_files(lake)
    assert len(objects) > 100
    assert {content[:4] for content in objects.values()} == {b"PARE"}, "a file is not encrypted"
    assert not [key for key, content in objects.items() if b"AL_PP" in content]
    texts = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    assert not [text for text in texts if SECRET.encode() in text or PASSWORD.encode() in text]


def test_a_failed_build_is_never_read_and_the_next_one_starts_from_nothing(home: Home) -> None:
    path = home.gathered / "block.parquet"
    content = path.read_bytes()
    blocks = pl.read_parquet(path)
    before = builds.list_builds("counts")
    with clock.freeze_time(SECOND):
        pl.concat([blocks, blocks]).write_parquet(path)
        with pytest.raises(WarehouseError, match="of the warehouse's models or tests failed"):
            builds.build_counts(home)
        assert builds.list_builds("counts") == before
        assert read_figures() == [("2025-Q1", 26.0), ("2025-Q2", 30.0)]
        path.write_bytes(content)
        with open_part("counts") as connection:
            assert not builds._can_extend(connection)
        builds.build_counts(home)
        with open_part("counts") as connection:
            assert builds._can_extend(connection)
    assert len(builds.list_builds("counts")) == len(before) + 1
    assert read_figures() == [("2025-Q1", 26.0), ("2025-Q2", 30.0)]


def test_two_builds_at_once_follow_one_another(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", clock.format_timestamp(SECOND))
    monkeypatch.setenv("RTI_LAKE_WAIT", "600")
    before = len(builds.list_builds("counts"))
    command = [sys.executable, "-c", BUILDER, str(home.root)]
    builders = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    outputs = [builder.communicate(timeout=600) for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0], [error for _, error in outputs]
    versions = {int(output.split()[-1]) for output, _ in outputs}
    assert len(versions) == 2
    after = builds.list_builds("counts")
    assert len(after) == before + 2 and versions <= {build.version for build in after}
    assert read_figures() == [("2025-Q1", 26.0), ("2025-Q2", 30.0)]


def test_a_build_next_to_another_is_refused_in_plain_words(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_LAKE_WAIT", "1")
    before = builds.list_builds("counts")
    with (
        hold_lock("the counts of the lake"),
        pytest.raises(
            LakeBusyError,
            match=r"writing the counts of the lake for longer than RTI_LAKE_WAIT",
        ),
    ):
        builds.build_counts(home)
    assert builds.list_builds("counts") == before


def test_a_part_without_a_build_says_so(lake: Mapping[str, str]) -> None:
    with (
        pytest.raises(WarehouseError, match="the lake has no completed build of its part protected"),
        builds.open_build("protected"),
    ):
        pytest.fail("a build that was never made was opened")


def test_removed_versions_are_not_offered_and_the_newest_build_stays(home: Home, lake: Mapping[str, str]) -> None:
    """Run the commands of docs/scaling.md; this is the last test, because it removes what others read."""
    newest = builds.list_builds("counts")[-1]
    objects = len(read_stored_files(lake))
    with open_part("counts") as connection:
        query = f"select snapshot_time from ducklake_snapshots('warehouse') where snapshot_id = {newest.version}"
        row = connection.execute(query).fetchone()
        assert row is not None
        connection.execute(
            f"call ducklake_expire_snapshots('warehouse', older_than => timestamptz '{row[0].isoformat()}')"
        )
        connection.execute("call ducklake_cleanup_old_files('warehouse', cleanup_all => true)")
    assert builds.list_builds("counts") == [newest]
    assert read_figures() == [("2025-Q1", 26.0), ("2025-Q2", 30.0)]
    assert len(read_stored_files(lake)) < objects
    with pytest.raises(WarehouseError, match="no completed build of its part counts of what was known at 2025-06-01"):
        read_figures("2025-06-01T00:00:00Z")
