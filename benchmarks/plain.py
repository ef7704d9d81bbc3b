"""The floor of a rebuild: a plain script that makes a release of the same returns without orchestration or validation.

`python -m benchmarks.plain SAMPLES OUT STATEMENTS HOME`: reads the same bytes with the same readers and forms, writes
Parquet, runs the SQL of the models one statement after another in DuckDB, protects the cells, writes the release files.
No ledger, checks, dbt, tests, Dagster, audit trail or guarded child processes for reading.

STATEMENTS is the folder of SQL that dbt compiled for the rebuild of HOME just measured; the figures from case
records are those of HOME.  Both therefore do the same arithmetic and differ in everything else.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from graphlib import TopologicalSorter
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import duckdb
import polars as pl

from benchmarks.measuring import ROOT
from pipelines.declarations.export import write_declarations
from pipelines.declarations.registry import load
from pipelines.ledger import facts
from pipelines.ledger.acts import Arrival
from pipelines.model import long_tables
from pipelines.model.content import ReadError
from pipelines.submissions import arrivals
from pipelines.submissions.checking.read_task import ReadResult, Task, run_task
from pipelines.submissions.checking.report_building import blocks_of
from pipelines.submissions.store import compute_digest
from pipelines.warehouse import dbt, exported_tables
from pipelines.warehouse.metrics import cards_export, metrics, pair_udf, udf

_RELATION = re.compile(r'"warehouse"\."main"\."(\w+)"')
_BLOCK = ("jurisdiction", "instrument", "form", "freq", "period")
_RELEASED = ("mart_coverage", "mart_return", "dim_area", "dim_period", "dim_population", "measure")


def _read_return(task: Task) -> ReadResult | None:
    """Read one return; return None if it cannot be read."""
    try:
        return run_task(task)
    except ReadError:
        return None


def read_returns(samples: Path, out: Path) -> None:
    """Read all listed returns in the order of their arrival; write facts, submissions and blocks."""
    registry = load()
    listed = arrivals.read_list(samples)
    tasks = []
    for arrival in listed:
        data = (samples / arrival.file).read_bytes()
        identity = Arrival(
            compute_digest(data), len(data), arrival.filename, arrival.sender, arrival.received_at, True
        ).submission_id
        tasks.append(Task(data, arrival.filename, identity, registry.digest))
    for table in facts.TABLES:
        (out / "facts" / table).mkdir(parents=True)
    newest: dict[tuple[str, ...], str] = {}
    blocks, submissions = [], []
    # Not forked: polars has threads.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as pool:
        for arrival, task, result in zip(listed, tasks, pool.map(_read_return, tasks, chunksize=8), strict=True):
            accepted = (arrival.received_at + arrivals.APPROVED_AFTER).replace(tzinfo=None)
            reading = result.reading if result else None
            if result is None or reading is None or any(f.severity == "error" for f in reading.findings):
                continue
            mine = [
                (b.jurisdiction, b.instrument, b.form, b.freq, b.period, b.rows, b.nil)
                for b in blocks_of(reading, registry)
            ]
            observations = reading.observations
            if arrival.kind == "patch":
                observations = _apply_patch(
                    out, observations, {newest[b[:5]] for b in mine}, {b[4] for b in mine}, task
                )
            observations.write_parquet(out / "facts" / "observation" / f"{task.submission_id}.parquet")
            if reading.events.height:
                reading.events.write_parquet(out / "facts" / "case_event" / f"{task.submission_id}.parquet")
            newest |= {b[:5]: task.submission_id for b in mine}
            blocks += [(task.submission_id, *b, accepted) for b in mine]
            submissions.append(
                (
                    task.submission_id, arrival.filename, result.format, arrival.jurisdiction.partition("_")[0],
                    reading.form, "nil" if reading.nil else arrival.kind,
                    arrival.received_at.replace(tzinfo=None), accepted, arrival.sender,
                )
            )  # fmt: skip
    _write_gathered(out / "gathered", blocks, submissions)


def _apply_patch(out: Path, new: pl.DataFrame, holders: set[str], periods: set[str], task: Task) -> pl.DataFrame:
    """Apply a patch to the blocks before it."""
    before = pl.concat(pl.read_parquet(out / "facts" / "observation" / f"{holder}.parquet") for holder in holders)
    before = before.filter(pl.col("period").is_in(list(periods)))
    return facts.lay_patch(new, before, submission_id=task.submission_id)


def _write_gathered(
    folder: Path, blocks: Sequence[tuple[object, ...]], submissions: Sequence[tuple[object, ...]]
) -> None:
    folder.mkdir()
    names = ["submission_id", *_BLOCK, "rows", "nil", "accepted_at"]
    block = pl.DataFrame(blocks, schema=names, orient="row").sort(*_BLOCK, "accepted_at")
    block.with_columns(pl.col("accepted_at").shift(-1).over(_BLOCK).alias("superseded_at")).write_parquet(
        folder / "block.parquet"
    )
    columns = [
        "submission_id",
        "filename",
        "format",
        "territory",
        "form",
        "kind",
        "received_at",
        "accepted_at",
        "sender",
    ]
    submission = pl.DataFrame(submissions, schema=columns, orient="row").with_columns(
        pl.lit("approved").alias("state"),
        pl.lit(0).alias("size"),
        pl.lit("").alias("sha256"),
        *(pl.lit(None, pl.String).alias(name) for name in ("corrects_submission_id", "revision_reason")),
        *(pl.lit(0, pl.Int32).alias(name) for name in ("errors", "warnings", "informations")),
        *(pl.lit("").alias(name) for name in ("declaration_hash", "rules_version")),
        pl.lit(True).alias("demonstration"),
    )
    submission.write_parquet(folder / "submission.parquet")
    events = submission.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("event_id"),
        "submission_id",
        pl.col("accepted_at").alias("at"),
        pl.col("sender").alias("actor"),
        pl.lit("approve").alias("action"),
        pl.lit("sent").alias("from_state"),
        pl.lit("approved").alias("to_state"),
        *(pl.lit("").alias(name) for name in ("comment", "payload")),
    )
    events.write_parquet(folder / "event.parquet")
    registry = load().without_training()
    write_declarations(registry, folder)
    cards_export.write_cards(registry, folder)
    metrics.export_metrics(folder)


def run_models(connection: duckdb.DuckDBPyConnection, texts: dict[str, str]) -> None:
    """Create each model's SELECT as a table (staging as a view), after those it reads."""
    reads = {name: set(_RELATION.findall(sql)) & texts.keys() - {name} for name, sql in texts.items()}
    for name in TopologicalSorter(reads).static_order():
        kind = "view" if name.startswith("stg_") else "table"
        connection.execute(f"create {kind} warehouse.main.{name} as {texts[name]}")


def read_statements(folder: Path, *layers: str) -> dict[str, str]:
    """Read the compiled SQL of some layers, by model."""
    return {
        path.stem: path.read_text(encoding="utf-8")
        for layer in layers
        for path in sorted((folder / layer).glob("*.sql"))
    }


def list_own_files(out: Path) -> dict[str, list[str]]:
    """Return the relations of the first phase that this script wrote, as `warehouse` names them, with their files."""
    facts_of = {f"facts.{table}": [str(path) for path in _list_fact_files(out, table)] for table in facts.TABLES}
    return facts_of | {f"gathered.{path.stem}": [str(path)] for path in (out / "gathered").glob("*.parquet")}


def _list_fact_files(out: Path, table: str) -> list[Path]:
    schema = long_tables.OBSERVATION if table == "observation" else long_tables.CASE_EVENT
    long_tables.empty_table(schema).write_parquet(out / "facts" / f"{table}.parquet")
    return [out / "facts" / f"{table}.parquet", *sorted((out / "facts" / table).glob("*.parquet"))]


def build_counts(out: Path, folder: Path, files: Mapping[str, Sequence[str]]) -> Path:
    """Build the count marts of some files in DuckDB, and write the tables that later steps read as Parquet."""
    with _warehouse(out / "counts.duckdb", files) as connection:
        for seed in sorted((ROOT / "dbt_project" / "seeds").rglob("*.csv")):
            if seed.stem != "codelist_labels":
                connection.execute(
                    f"create table warehouse.main.{seed.stem} as "
                    f"select * from read_csv('{seed}', header = true, nullstr = '', quote = '\"')"
                )
        run_models(connection, read_statements(folder, "staging", "facts", "intermediate", "marts"))
        tables = out / "tables"
        tables.mkdir()
        for table in exported_tables.COUNTS:
            target = tables / f"{table.name}.parquet"
            connection.execute(
                f"""copy (select * from warehouse.{table.schema}."{table.name}" order by all) to '{target}'"""
            )
    return tables


def build_indicators(out: Path, folder: Path, cells: Path, tables: Path, name: str, records: Path) -> Path:
    """Build the indicators over one file of counts and the figures from case records; return their DuckDB file."""
    path = out / f"{name}.duckdb"
    with _warehouse(path, dbt.indicator_files(cells, tables, records)) as connection:
        run_models(connection, read_statements(folder, "indicators"))
    return path


def write_release(out: Path, cells: pl.DataFrame, public: Path) -> None:
    """Write the files of a release: Parquet, CSV and DuckDB of the public cells and indicators."""
    from pipelines.publication.releases import formats

    folder = out / "release"
    folder.mkdir()
    with duckdb.connect(str(public), read_only=True) as connection:
        tables = {
            "cell": cells,
            "indicator": connection.execute("select * from mart_indicator order by all").pl(),
            "pipeline": connection.execute("select * from mart_pipeline order by all").pl(),
            **{name: pl.read_parquet(out / "tables" / f"{name}.parquet") for name in _RELEASED},
        }
    for name, table in tables.items():
        formats.write_parquet(table, folder / f"{name}.parquet")
        formats.write_csv(table, folder / f"{name}.csv")
    formats.write_duckdb(tables, folder, folder / "release.duckdb")


class _warehouse:  # noqa: N801 - reads as a word in a with statement
    """Open a connection that writes a file under the name `warehouse`, as in the compiled statements."""

    def __init__(self, path: Path, files: Mapping[str, Sequence[str]]) -> None:
        self.path, self.files = path, files

    def __enter__(self) -> duckdb.DuckDBPyConnection:
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        for module in (udf, pair_udf):
            module.register_functions(self.connection)
        # As dbt writes it (`dbt_project/profiles.yml`), so that what is compared is dbt and not the storage.
        options = "recovery_mode 'no_wal_writes', storage_version 'v1.5.0'"
        self.connection.execute(f"attach '{self.path}' as warehouse ({options})")
        for relation, files in self.files.items():
            schema, table = relation.split(".")
            listed = ", ".join(f"'{file}'" for file in files)
            self.connection.execute(f"create schema if not exists warehouse.{schema}")
            self.connection.execute(
                f'create view warehouse.{schema}."{table}" as select * from read_parquet([{listed}])'
            )
        return self.connection

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def main(arguments: list[str]) -> None:
    """Run everything; the last line printed is a JSON object of seconds by step."""
    from pipelines.core.home import open_home
    from pipelines.publication.disclosure import programme
    from pipelines.publication.disclosure.protect import hide_small_counts
    from pipelines.refresh.counts import records_folder

    samples, output, folder = Path(arguments[0]), Path(arguments[1]), Path(arguments[2])
    records = records_folder(open_home(Path(arguments[3])))
    output.mkdir(parents=True)
    laps = Laps()
    read_returns(samples, output)
    laps.end_lap("returns")
    tables = build_counts(output, folder, list_own_files(output))
    laps.end_lap("counts")
    build_indicators(output, folder, tables / "mart_count.parquet", tables, "restricted", records / "restricted")
    laps.end_lap("restricted indicators")
    areas = pl.read_parquet(tables / "dim_area.parquet").filter(pl.col("kind") == "national")["area"]
    chosen = programme.select_rows(
        pl.read_parquet(tables / "mart_count.parquet").filter(pl.col("area").is_in(areas.to_list()))
    )
    result = hide_small_counts(chosen.drop("conf_status"))
    cells = result.cells.with_columns(
        pl.when(pl.col("conf_status") == "F").then(pl.lit("F")).otherwise(pl.lit("C")).alias("conf_status")
    )
    cells.write_parquet(output / "cells.parquet")
    laps.end_lap("protection")
    write_release(
        output, cells, build_indicators(output, folder, output / "cells.parquet", tables, "public", records / "public")
    )
    laps.end_lap("release")
    print(json.dumps({"cells": cells.height, **dict(laps)}))


class Laps:
    """Seconds by step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self.last = perf_counter()

    def end_lap(self, name: str) -> None:
        now = perf_counter()
        self.laps[name] = round(now - self.last, 2)
        self.last = now

    def __iter__(self) -> Iterator[tuple[str, float]]:
        return iter(self.laps.items())


if __name__ == "__main__":
    main(sys.argv[1:])
