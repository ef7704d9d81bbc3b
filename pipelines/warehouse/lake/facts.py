"""Facts of submissions in the lake: insert-only tables into which several processes write at once.

Each call is one transaction. DuckLake lets transactions that only insert into a table follow one another, and repeats
a commit that another one overtook. It has no unique keys, so a lock prevents two processes from inserting the same
submission twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pipelines.model.long_tables import FACT_SCHEMAS, empty_table
from pipelines.warehouse.dbt_runner import WarehouseError
from pipelines.warehouse.lake.connection import hold_lock, open_part

if TYPE_CHECKING:
    import duckdb

Files = Mapping[str, Path]
"""The Parquet files of one submission by table; a submission without facts in a table has no file for it."""
_LOCK: Final = "the lake's tables of facts"


def create_fact_tables() -> None:
    """Create the tables of facts where they are missing, and add columns that facts did not have before."""
    with hold_lock(_LOCK), open_part("counts") as connection:
        connection.execute("begin")
        connection.execute("create schema if not exists facts")
        connection.execute(
            "create table if not exists facts.submission (submission_id varchar, observation bigint, case_event bigint)"
        )
        for table, schema in FACT_SCHEMAS.items():
            connection.register("expected", empty_table(schema).to_arrow())
            connection.execute(f"create table if not exists facts.{table} as from expected limit 0")
            present = {row[0] for row in connection.execute(f"describe facts.{table}").fetchall()}
            for name, kind, *_ in connection.execute("describe expected").fetchall():
                if name not in present:
                    connection.execute(f'alter table facts.{table} add column "{name}" {kind}')
            connection.unregister("expected")
        connection.execute("commit")


def write_facts(submission_id: str, files: Files) -> bool:
    """Insert the facts of one submission, next to other writers; return False if the lake has them already.

    Call `create_fact_tables` first. Raises WarehouseError, and then nothing of the submission is inserted.
    """
    with _share_tables(submission_id), open_part("counts") as connection:
        if submission_id in _read_submissions(connection):
            return False
        _insert_facts(connection, {submission_id: files})
    return True


def write_missing_facts(submissions: Mapping[str, Files]) -> int:
    """Insert the facts of all submissions that the lake lacks, in one transaction, and return how many these were.

    Raises WarehouseError, also if the facts of a submission are not those that were once inserted.
    """
    create_fact_tables()
    with hold_lock(_LOCK), open_part("counts") as connection:
        missing = sorted(set(submissions) - _read_submissions(connection))
        if missing:
            _insert_facts(connection, {submission_id: submissions[submission_id] for submission_id in missing})
        _check_facts(connection)
    return len(missing)


@contextmanager
def _share_tables(submission_id: str) -> Iterator[None]:
    """Write one submission: next to writers of others, but not next to one who writes all that are missing."""
    with hold_lock(_LOCK, shared=True), hold_lock(f"submission {submission_id}"):
        yield


def _insert_facts(connection: duckdb.DuckDBPyConnection, submissions: Mapping[str, Files]) -> None:
    inserted = {submission_id: dict.fromkeys(FACT_SCHEMAS, 0) for submission_id in submissions}
    connection.execute("begin")  # closing the connection after an error ends the transaction
    for table in FACT_SCHEMAS:
        owners = {str(files[table]): submission_id for submission_id, files in submissions.items() if table in files}
        if not owners:
            continue
        query = "select filename, submission_id, count(*) from read_parquet(?, union_by_name = true, filename = true)"
        for file, submission_id, rows in connection.execute(f"{query} group by all", [list(owners)]).fetchall():
            if submission_id != owners[file]:
                raise WarehouseError(
                    f"{file} has {rows} rows of another submission than {owners[file]}; nothing is inserted"
                )
            inserted[submission_id][table] = rows
        connection.execute(
            f"insert into facts.{table} by name select * from read_parquet(?, union_by_name = true)", [list(owners)]
        )
    rows_of = [
        [submission_id, counts["observation"], counts["case_event"]] for submission_id, counts in inserted.items()
    ]
    connection.executemany("insert into facts.submission values (?, ?, ?)", rows_of)
    connection.execute("commit")


def _check_facts(connection: duckdb.DuckDBPyConnection) -> None:
    for table in FACT_SCHEMAS:
        differing = connection.execute(
            f"""select submission_id, coalesce(inserted.{table}, 0), coalesce(present.n, 0)
            from facts.submission as inserted
            full join (select submission_id, count(*) as n from facts.{table} group by all) as present
                using (submission_id)
            where coalesce(inserted.{table}, 0) <> coalesce(present.n, 0)
            order by all"""
        ).fetchall()
        if differing:
            submission_id, inserted, present = differing[0]
            raise WarehouseError(
                f"the lake's facts of {len(differing)} submissions are not those that were inserted: {submission_id} "
                f"has {present} rows in {table}, and {inserted} were inserted"
            )


def _read_submissions(connection: duckdb.DuckDBPyConnection) -> set[str]:
    return {row[0] for row in connection.execute("select submission_id from facts.submission").fetchall()}
