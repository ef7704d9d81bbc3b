"""Build the two phases of the dbt project in the lake, and read them as they were at any completed build.

A build writes each table as a new version. When all models and tests have succeeded, it records that, and readers see
the version of the last such record: a build that is under way or has failed is never read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.warehouse import dbt, fact_batches
from pipelines.warehouse.dbt_runner import NodeResult, WarehouseError, project_digest, run_dbt, select_tests
from pipelines.warehouse.lake.connection import DATABASE, hide_secrets, hold_lock, open_part
from pipelines.warehouse.lake.facts import Files, write_missing_facts
from pipelines.warehouse.targets import BuildTarget, IndicatorInputs, IndicatorPart, Part

if TYPE_CHECKING:
    import duckdb

_FORMAT: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class LakeBuild:
    """A completed build: the version of its part, and the moment of which it shows what was known.

    `tests` are the results of its tests if this process has built it.
    """

    version: int
    as_of: datetime
    tests: tuple[NodeResult, ...] = field(default=(), compare=False)

    @property
    def place(self) -> str:
        """The version in words."""
        return f"version {self.version} of the lake"


def build_counts(home: Home, *, as_of: datetime | None = None) -> LakeBuild:
    """Build the count marts in the lake from the facts of all accepted submissions, and insert facts that it lacks.

    One process builds at a time; another one waits and is then refused. A build that follows a completed one of the
    same dbt project inserts only rows of new submissions; else all tables are made again. `as_of` shows what was known
    at a moment; by default now. Raises WarehouseError.
    """
    dbt.require_gathered(home)
    with hold_lock("the counts of the lake"):
        write_missing_facts(_fact_files(home))
        with open_part("counts") as connection:
            is_warm = _can_extend(connection)
            built = _read_built_submissions(connection) if is_warm else set()
        inserted = sorted(dbt.accepted_submissions(home) - built)
        variables = {
            "files": dbt.gathered_files(home),
            "inserted_submissions": inserted if is_warm else None,
            "inserted_range": fact_batches.find_range(inserted),
        }
        selection = ["--selector", "counts_again"] if is_warm else ["--selector", "counts", "--full-refresh"]
        return _build(home, "counts", as_of or clock.now(), variables, selection)


def build_indicators(home: Home, part: IndicatorPart, inputs: IndicatorInputs) -> LakeBuild:
    """Build the indicators in the lake from restricted or from protected counts. Raises WarehouseError."""
    with hold_lock(f"the {part} indicators of the lake"):
        variables = {"input": part, "files": dbt.indicator_files(inputs.counts, inputs.dimensions, inputs.records)}
        return _build(home, part, clock.now(), variables, ["--selector", "indicators"])


def list_builds(part: Part) -> list[LakeBuild]:
    """Return the completed builds of a part, in the order of what they know and then of their versions."""
    with open_part(part) as connection:
        return sorted(_read_builds(connection), key=lambda build: (build.as_of, build.version))


@contextmanager
def open_build(part: Part, *, known_at: datetime | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a read-only connection to a build: the newest, or the newest with an `as_of` up to `known_at`.

    Raises WarehouseError if the lake has none.
    """
    builds = [build for build in list_builds(part) if known_at is None or build.as_of <= known_at]
    if not builds:
        moment = "" if known_at is None else f" of what was known at {clock.format_timestamp(known_at)}"
        raise WarehouseError(f"the lake has no completed build of its part {part}{moment}")
    with open_part(part, version=builds[-1].version) as connection:
        yield connection


def _build(
    home: Home,
    part: Part,
    as_of: datetime,
    variables: Mapping[str, Any],
    selection: Sequence[str],
) -> LakeBuild:
    written_as_of = as_of.astimezone(UTC).strftime(_FORMAT)
    _record(part, "started", written_as_of)
    arguments = [*selection, "--exclude-resource-type", "unit_test"]
    with hide_secrets():
        results = run_dbt(home, {**variables, "as_of": written_as_of, "part": part}, "build", arguments, target="lake")
    version = _record(part, "completed", written_as_of)
    return LakeBuild(version, datetime.strptime(written_as_of, _FORMAT).replace(tzinfo=UTC), select_tests(results))


def _record(part: Part, state: Literal["started", "completed"], as_of: str) -> int:
    """Record the state of a build and return the version in which it was recorded."""
    with open_part(part) as connection:
        connection.execute("create schema if not exists control")
        connection.execute("create table if not exists control.build (state varchar, as_of timestamp, project varchar)")
        connection.execute("insert into control.build values (?, ?, ?)", [state, as_of, project_digest()])
        row = connection.execute("select max(snapshot_id) from control.build").fetchone()
        assert row is not None
        return int(row[0])


def _can_extend(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return True if the last build was completed, by the same dbt project."""
    if not _has_builds(connection):
        return False
    last = connection.execute("select state, project from control.build order by snapshot_id desc limit 1").fetchone()
    return last == ("completed", project_digest())


def _read_builds(connection: duckdb.DuckDBPyConnection) -> list[LakeBuild]:
    if not _has_builds(connection):
        return []
    # Versions that were removed from the lake cannot be read any more.
    query = """select snapshot_id, as_of from control.build
    where state = 'completed' and snapshot_id in (select snapshot_id from ducklake_snapshots(?))"""
    rows = connection.execute(query, [DATABASE]).fetchall()
    return [LakeBuild(version, as_of.replace(tzinfo=UTC)) for version, as_of in rows]


def _has_builds(connection: duckdb.DuckDBPyConnection) -> bool:
    query = "select count(*) from duckdb_tables() where schema_name = 'control' and table_name = 'build'"
    return connection.execute(query).fetchone() != (0,)


def _read_built_submissions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in connection.execute("select submission_id from main.fct_submission").fetchall()}


def _fact_files(home: Home) -> dict[str, Files]:
    """Return the files of the facts of each accepted submission."""
    return {
        submission_id: {
            table: path for table in dbt.FACTS if (path := home.facts / table / f"{submission_id}.parquet").is_file()
        }
        for submission_id in dbt.accepted_submissions(home)
    }


LAKE: Final = BuildTarget("lake", build_counts, build_indicators, open_build)
