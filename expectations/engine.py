"""Run contracts with Great Expectations, one validation per table for many returns.

Great Expectations 1.24 has no working polars or DuckDB source, hence pandas batches; it is imported late, because the
import takes about three seconds.

Great Expectations is not thread-safe and keeps its current context in a global, so every run holds one lock.  Much of
a validation is fixed cost, so the thread with the lock also validates the same table of all waiting threads: the
expectations here check each row independently of all others, or only together with rows of the same return.
A result is stored, for Data Docs, only inside `keep_results`: storing it is a quarter of the cost of a validation.
Elsewhere only those expectations are validated that a row may fail (see `screening.py`).
Great Expectations keeps what it stores, so after RENEW_AFTER validations the process creates a new context.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import sys
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from expectations import data_docs, screening
from expectations.reporting import FindingTemplate
from pipelines.core import asides

_ROW = "row"
RENEW_AFTER = 3_000
"""Validations per context. Checking one return takes about six, a batch of any size at most three dozen."""
FEW_ROWS = 5_000
"""Up to this many rows, a table whose result is stored is first validated without listing the rows that fail."""
ROW_BY_ROW = frozenset(
    (
        "ExpectColumnPairValuesAToBeGreaterThanB",
        "ExpectColumnPairValuesToBeEqual",
        "ExpectColumnValuesToBeBetween",
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToBeNull",
        "ExpectColumnValuesToNotBeNull",
    )
)
"""Expectations that check each row by itself: only their tables may be validated together with other callers' rows."""
RETURN_ID = "submission_id"
"""Column of the return that a row belongs to; expectations of a unique key must include it."""
_LOCK = threading.RLock()
_keeps_results: ContextVar[bool] = ContextVar("keeps_results", default=False)
_runs = 0
_results_kept = 0


@dataclass(frozen=True, eq=False)
class TableExpectations:
    """Expectations on one table. `name` is the name of the suite in Data Docs and unique in the process.

    The `meta` of an expectation are the fields of a FindingTemplate.
    """

    name: str
    table: str
    expectations: tuple[Any, ...]

    @cached_property
    def templates(self) -> tuple[FindingTemplate, ...]:
        """How the rows that fail each expectation are reported."""
        return tuple(FindingTemplate(**expectation.meta) for expectation in self.expectations)

    @property
    def all_positions(self) -> tuple[int, ...]:
        """The positions of all expectations."""
        return tuple(range(len(self.expectations)))

    @cached_property
    def columns(self) -> frozenset[str]:
        """The columns that the expectations read."""
        return frozenset(column for expectation in self.expectations for column in _columns_of(expectation))

    @cached_property
    def is_per_return(self) -> bool:
        """True if no expectation compares rows of different returns."""
        return all(
            type(expectation).__name__ in ROW_BY_ROW or RETURN_ID in getattr(expectation, "column_list", ())
            for expectation in self.expectations
        )


@dataclass(frozen=True)
class Failure:
    """An expectation of a contract, by its position, and the rows of the table that fail it."""

    position: int
    rows: tuple[int, ...]


@cache
def _context() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("TQDM_DISABLE", "1")
    from expectations.loading import gx

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    context.data_sources.add_pandas("returns")
    return context


@cache
def _batch_definition(contract: TableExpectations) -> Any:
    asset = _context().data_sources.get("returns").add_dataframe_asset(contract.name)
    return asset.add_batch_definition_whole_dataframe("all")


@cache
def _build_suite(contract: TableExpectations, positions: tuple[int, ...]) -> Any:
    """Return a suite of some expectations of a contract for the current context; cached, because this is slow."""
    from expectations.loading import gx

    # An expectation belongs to one suite, and every context has its own.
    expectations = [copy.copy(contract.expectations[position]) for position in positions]
    for position, expectation in zip(positions, expectations, strict=True):
        expectation.meta = {**(expectation.meta or {}), "position": position}
    return gx.ExpectationSuite(name=contract.name, expectations=expectations)


@cache
def _definition(contract: TableExpectations) -> Any:
    """Return the validation of a whole contract, which the current context stores; cached likewise."""
    from expectations.loading import gx

    context, suite = _context(), _build_suite(contract, contract.all_positions)
    return context.validation_definitions.add(
        gx.ValidationDefinition(name=contract.name, data=_batch_definition(contract), suite=context.suites.add(suite))
    )


def find_failures(contract: TableExpectations, table: pl.DataFrame) -> list[Failure]:
    """Validate a table and return the failures in the order of the contract; an empty table has none.

    Safe to call from several threads, which take turns. Raises RuntimeError if an expectation itself cannot be
    computed: that is a fault of the contract, not of a return.
    """
    if table.is_empty():
        return []
    columns = {*contract.columns, RETURN_ID, "place"}
    frame = table.select(column for column in table.columns if column in columns)
    if _keeps_results.get():
        return validate_table(contract, frame, contract.all_positions)
    suspects = screening.list_suspects(contract.expectations, frame)
    return validate_table(contract, frame, suspects) if suspects else []


def validate_table(contract: TableExpectations, frame: pl.DataFrame, positions: tuple[int, ...]) -> list[Failure]:
    """Validate a table by some expectations of a contract, given by their positions, whether or not a row may fail."""
    return _ValidationRequest(contract, frame, positions).wait_for_failures()


class _ValidationRequest:
    """A table that a thread waits to have validated, by itself or by the thread that holds the lock."""

    _waiting: ClassVar[dict[Any, list[_ValidationRequest]]] = {}
    _queue: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, contract: TableExpectations, frame: pl.DataFrame, positions: tuple[int, ...]) -> None:
        self.contract, self.frame, self.positions = contract, frame, positions
        self._keeps_result = _keeps_results.get()
        self._failures: list[Failure] | None = None
        # Only frames with the same schema can be stacked; expectations over several rows must not see others' rows.
        separate = 0 if contract.is_per_return else id(self)
        self._batch_key = (contract, positions, tuple(frame.schema.items()), separate)

    def wait_for_failures(self) -> list[Failure]:
        """Wait for the lock, validate together with all waiting requests of the kind, and return the failures."""
        with self._queue:
            self._waiting.setdefault(self._batch_key, []).append(self)
        with _LOCK:
            if self._failures is None:
                with self._queue:
                    requests = self._waiting.pop(self._batch_key)
                self._validate_batch(requests)
        assert self._failures is not None
        return self._failures

    def _validate_batch(self, requests: Sequence[_ValidationRequest]) -> None:
        """Validate several requests at once; after an exception put the others back in the queue and retry this one."""
        try:
            result = _run_validation(
                self.contract,
                _stack([request.frame for request in requests]).to_pandas(),
                self.positions,
                keep_result=any(request._keeps_result for request in requests),
            )
            failures = [
                failure for outcome in result.results if (failure := _read_failure(outcome, self.contract)) is not None
            ]
        except BaseException:
            if len(requests) == 1:
                raise
            with self._queue:
                for request in requests:
                    if request is not self:
                        self._waiting.setdefault(self._batch_key, []).append(request)
            self._validate_batch([self])
            return
        # Great Expectations groups its results by column.
        failures.sort(key=lambda failure: failure.position)
        start = 0
        for request in requests:
            end = start + request.frame.height
            request._failures = [
                Failure(failure.position, rows)
                for failure in failures
                if (rows := tuple(row - start for row in failure.rows if start <= row < end))
            ]
            start = end


def _stack(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Stack the tables of several requests and number their rows.

    Requests of several threads may use the same ids for different returns, so the ids get the number of the request.
    """
    if len(frames) > 1 and RETURN_ID in frames[0].columns:
        frames = [
            frame.with_columns(pl.concat_str(pl.lit(f"{number}/"), RETURN_ID).alias(RETURN_ID))
            for number, frame in enumerate(frames)
        ]
    return pl.concat(frames).with_row_index(_ROW)


def _run_validation(
    contract: TableExpectations, frame: Any, positions: tuple[int, ...], *, keep_result: bool = False
) -> Any:
    """Validate a frame and list the rows that fail; the caller holds the lock.

    Listing rows doubles the cost of an expectation (9 ms instead of 5). A frame that is validated for its stored result
    usually has no failures, so a small one is first validated without.
    """
    run = _name_run(frame) if keep_result else None
    if run is not None and len(frame) <= FEW_ROWS:
        result = _run_suite(contract, frame, positions, {"result_format": "BOOLEAN_ONLY"}, run)
        if result.success:
            return result
    index = [column for column in (_ROW, RETURN_ID, "place") if column in frame.columns]
    return _run_suite(
        contract,
        frame,
        positions,
        {
            "result_format": "COMPLETE",
            "unexpected_index_column_names": index,
            "return_unexpected_index_query": False,
        },
        run,
    )


def _name_run(frame: Any) -> Any:
    """Return the run of a validation whose result is stored, named after the return, or the number of returns.

    A second result of the same run replaces the first one.
    """
    from expectations.loading import RunIdentifier

    if RETURN_ID not in frame.columns:
        return RunIdentifier()
    returns = frame[RETURN_ID].unique()
    # A file that is only checked has no id.
    name = str(returns[0] or "unsent") if len(returns) == 1 else f"{len(returns)}-returns"
    return RunIdentifier(run_name=name)


def _run_suite(
    contract: TableExpectations, frame: Any, positions: tuple[int, ...], result_format: dict[str, Any], run: Any
) -> Any:
    """Validate a frame; store the result if it has a run."""
    global _runs, _results_kept
    if _runs >= RENEW_AFTER:
        renew_context()
    _runs += 1
    parameters = {"dataframe": frame}
    with _reuse_configurations():
        if run is None:
            batch = _batch_definition(contract).get_batch(parameters)
            return batch.validate(_build_suite(contract, positions), result_format=result_format)
        _results_kept += 1
        return _definition(contract).run(batch_parameters=parameters, result_format=result_format, run_id=run)


def renew_context() -> None:
    """Forget the current context of Great Expectations and the results it stores."""
    global _runs, _results_kept
    with _LOCK:
        _runs = _results_kept = 0
        for cached in (_definition, _build_suite, _batch_definition, _context):
            cached.cache_clear()


@contextmanager
def keep_results() -> Iterator[None]:
    """Store the results of the validations that this thread asks for in the block, for `build_data_docs`."""
    token = _keeps_results.set(True)
    try:
        yield
    finally:
        _keeps_results.reset(token)


@contextmanager
def _reuse_configurations() -> Iterator[None]:
    """Let Great Expectations compute the configuration of each expectation once in a validation.

    It reads the property about seventy times for each expectation, and computing it is 40 % of a validation; nothing
    changes an expectation while it runs.  The caller holds the lock.
    """
    from expectations.loading import Expectation

    original = vars(Expectation)["configuration"]
    # The expectation is kept with its configuration, so that its id is not used again.
    configurations: dict[int, tuple[Any, Any]] = {}

    def read_configuration(expectation: Any) -> Any:
        if id(expectation) not in configurations:
            configurations[id(expectation)] = expectation, original.fget(expectation)
        return configurations[id(expectation)][1]

    # mypy and pydantic do not allow a property to be assigned.
    type.__setattr__(Expectation, "configuration", property(read_configuration))
    try:
        yield
    finally:
        type.__setattr__(Expectation, "configuration", original)


def warm_up() -> None:
    """Load Great Expectations and its late imports by running one small validation."""
    with _LOCK, _spare_garbage_collector():
        _run_validation(_build_smallest_contract(), pl.DataFrame({_ROW: [0], "x": [1]}).to_pandas(), (0,))


@contextmanager
def _spare_garbage_collector() -> Iterator[None]:
    """Load Great Expectations without searching for garbage, which took 0.5 of 3.8 s of processor time.

    Imports create many objects and no garbage. They are exempted from later searches.
    """
    if "great_expectations" in sys.modules:
        yield
        return
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


@cache
def _build_smallest_contract() -> TableExpectations:
    from expectations.loading import gxe

    return TableExpectations("warm_up", "warm_up", (gxe.ExpectColumnValuesToNotBeNull(column="x"),))


def _read_failure(result: Any, contract: TableExpectations) -> Failure | None:
    config = result.expectation_config
    if result.exception_info and result.exception_info.get("raised_exception"):
        raise RuntimeError(
            f"{contract.name}: {config.type} {config.kwargs} failed: {result.exception_info['exception_message']}"
        )
    if result.success:
        return None
    rows = sorted(int(row[_ROW]) for row in result.result["unexpected_index_list"])
    return Failure(config.meta["position"], tuple(rows))


def _columns_of(expectation: Any) -> list[str]:
    columns = [getattr(expectation, name, None) for name in ("column", "column_A", "column_B")]
    condition = getattr(expectation, "row_condition", None)
    columns += [*getattr(expectation, "column_list", ()), condition and condition.column.name]
    return [column for column in columns if column]


def save_results(folder: Path) -> int:
    """Write the stored results of this process to a new file in a folder, for `load_results`; return their number."""
    if not _results_kept:
        return 0
    with _LOCK:
        store = _context().validation_results_store
        lines = [json.dumps([store.key_to_tuple(key), store.serialize(store.get(key))]) for key in store.list_keys()]
    with asides.replace_file(folder / f"{uuid.uuid4().hex}.jsonl") as aside:
        aside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def load_results(folder: Path) -> int:
    """Add the results that other processes have written to a folder to those of this one, and remove the files.

    Return the number of results.
    """
    global _results_kept
    number = 0
    for path in sorted(folder.glob("*.jsonl")):
        with _LOCK:
            store = _context().validation_results_store
            for line in path.read_text(encoding="utf-8").splitlines():
                key, result = json.loads(line)
                store.add(store.tuple_to_key(tuple(key)), store.deserialize(result))
                number += 1
            _results_kept += number
        path.unlink()
    return number


def has_results() -> bool:
    """Return True if this process has stored a result that Data Docs can show."""
    return _results_kept > 0


def build_data_docs(folder: Path, contracts: Sequence[TableExpectations] = ()) -> Path | None:
    """Write Data Docs of the validations in the current context of this process, and of the suites of contracts.

    Returns the index page, or None if there is nothing to show.  Pages of earlier processes are kept: each validation
    has a page named by its time.
    """
    if not _results_kept and not contracts:
        return None
    with _LOCK:
        for contract in contracts:
            _definition(contract)  # which adds its suite to the context
        return _build_site(_context(), folder)


def _build_site(context: Any, folder: Path) -> Path:
    context.variables.data_docs_sites = {"returns": data_docs.describe_site(folder)}
    context.build_data_docs(site_names=["returns"])
    return folder / "index.html"
