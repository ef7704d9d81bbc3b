"""Clean histories: the returns of many invented worlds, as the readers would hand them to the judgement.

The rows are the meaning of each return of the generator, as the golden files require of every reader; no file is read,
so a return has no declared sums, and its places are numbers of rows.  `read_history` reads the files instead.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import polars as pl

from pipelines.model.long_tables import CASE_EVENT, DECLARED_SUM, OBSERVATION, OBSERVATION_KEY, empty_table
from pipelines.model.periods import Period
from tests.samples import arrivals, plan
from tests.samples.rows import Event, SampleReturn
from tests.samples.simulation import CLUSTERED, DEMONSTRATION
from tests.samples.truth import draw_truth
from tests.samples.writers import csvfile, docx, html, ods, pdf, sdmx, xls, xlsx

if TYPE_CHECKING:
    from expectations.judge import JudgedReturn
    from pipelines.declarations.registry import Registry

WORLDS = {"demonstration": DEMONSTRATION, "clustered": CLUSTERED}
"""How figures vary, by name. Histories take turns: half of them are of each world."""


def name_world(seed: int) -> str:
    """Return the name of the world that a history is of."""
    return list(WORLDS)[seed % len(WORLDS)]


def build_history(seed: int, registry: Registry, only: Sequence[str] | None = None) -> list[JudgedReturn]:
    """Return every return of a history in the order of arrival, from its meaning; `only` names territories."""
    with _skip_layout(), _pause_collection():
        returns = _make_returns(seed, only)
        return [_build_return(item, registry) for item in returns]


def read_history(seed: int, registry: Registry, only: Sequence[str] | None = None) -> list[JudgedReturn]:
    """Return every return of a history in the order of arrival, from its file; takes ten times as long."""
    from expectations.judge import JudgedReturn
    from pipelines.submissions.checking.read_task import Task, take_with

    returns = []
    for item in _make_returns(seed, only):
        task = Task(item.data, Path(item.path).name, "S000000000000000", registry.digest)
        reading = take_with(task, registry).reading
        if reading is None:
            raise ValueError(f"{item.path} of history {seed} cannot be read")
        returns.append(JudgedReturn(item.path, reading, _parse_arrival(item)))
    return returns


def _make_returns(seed: int, only: Sequence[str] | None) -> list[SampleReturn]:
    """Return the returns of a history in the order of arrival."""
    return arrivals.order_returns(plan.make_returns(draw_truth(seed, WORLDS[name_world(seed)]), only))


@contextmanager
def _skip_layout() -> Iterator[None]:
    """Skip the layout of files: it takes most of the time, and the rows are known anyway.

    Not of cubes: their cells are counted while they are written.
    """
    with ExitStack() as patches:
        for writer, function in (
            (csvfile, "write_csv"),
            (docx, "write_document"),
            (html, "write_page"),
            (ods, "write_spreadsheet"),
            (pdf, "write_report"),
            (sdmx, "write_specific"),
            (sdmx, "write_generic"),
            (sdmx, "csv_1_0"),
            (xls, "write_workbook"),
            (xlsx, "write_workbook"),
        ):
            patches.enter_context(mock.patch.object(writer, function, lambda *_, **__: b""))
        yield


@contextmanager
def _pause_collection() -> Iterator[None]:
    """Do not look for unreachable cycles: a history makes a million small objects without any, and it takes a fifth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parse_arrival(sample_return: SampleReturn) -> datetime:
    return datetime.fromisoformat(sample_return.received_at)


def _build_return(sample_return: SampleReturn, registry: Registry) -> JudgedReturn:
    from expectations.judge import JudgedReturn
    from pipelines.reading.standardise.standardise import Reading

    series = registry.forms[sample_return.form].series
    reading = Reading(
        form=sample_return.form,
        series=series,
        kind="patch" if sample_return.kind == "patch" else "full",
        nil=sample_return.kind == "nil",
        periods=[Period.from_code(period.code) for period in sample_return.periods],
        observations=_tabulate_observations(sample_return, series),
        events=_tabulate_events(sample_return.events, series),
        findings=[],
        bindings=[],
        sums=empty_table(DECLARED_SUM),
    )
    return JudgedReturn(sample_return.path, reading, _parse_arrival(sample_return))


def _tabulate_observations(sample_return: SampleReturn, series: str) -> pl.DataFrame:
    """Return the rows that reading the file would give, but for places and labels."""
    if not sample_return.meaning:
        return empty_table(OBSERVATION)
    shared = [column for column in OBSERVATION if column in (*OBSERVATION_KEY, "value", "obs_status")]
    rows = pl.DataFrame(sample_return.meaning, schema={column: OBSERVATION[column] for column in shared}, orient="row")
    return _complete(rows.with_columns(pl.lit("F").alias("conf_status")), OBSERVATION, series, _describe)


def _tabulate_events(events: Sequence[Event], series: str) -> pl.DataFrame:
    if not events:
        return empty_table(CASE_EVENT)
    shared = list(CASE_EVENT)[: list(CASE_EVENT).index("place")]
    rows = pl.DataFrame(events, schema={column: CASE_EVENT[column] for column in shared}, orient="row")
    return _complete(rows, CASE_EVENT, series, lambda _: pl.lit(""))


def _complete(
    rows: pl.DataFrame, schema: dict[str, pl.DataType], series: str, describe: Callable[[pl.DataFrame], pl.Expr]
) -> pl.DataFrame:
    """Add the columns that a file decides, and lineage."""
    numbered = rows.with_row_index("row", offset=1).with_columns(
        pl.concat_str(pl.lit("line "), "row").alias("place"),
        describe(rows).alias("label"),
        pl.lit("").alias("notes"),
        pl.lit(series).alias("form"),
        pl.lit("").alias("submission_id"),
        pl.lit("").alias("origin_submission_id"),
    )
    return numbered.select(pl.col(column).cast(kind) for column, kind in schema.items())


def _describe(rows: pl.DataFrame) -> pl.Expr:
    breakdowns = [c for c in OBSERVATION_KEY if rows[c].dtype == pl.String and c not in ("territory", "source")]
    return pl.concat_str([c for c in breakdowns if c not in ("freq", "period")], separator=" ")
