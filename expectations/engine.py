"""Run suites with Great Expectations, one validation per table for many returns.

Great Expectations 1.24 has no working polars or DuckDB source, hence pandas batches; it is imported late, because the
import takes about three seconds.

Great Expectations is not thread-safe and keeps its current context in a global, so every run holds one lock.  Nearly
all of a validation is fixed cost (about 25 ms for a return of usual size), so the thread with the lock also validates
the same table of all waiting threads: the expectations here check each row independently of all others.
Great Expectations also keeps every result: after RENEW_AFTER validations the process creates a new context.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import polars as pl

from expectations.common import Check

_ROW = "_row"
RENEW_AFTER = 3_000
"""Validations per context. Checking one return takes about a dozen, a batch of any size at most three dozen."""
_WARM = Check("warm_up", "ExpectColumnValuesToNotBeNull", {"column": "x"}, "")
ROW_BY_ROW = frozenset(
    (
        "ExpectColumnPairValuesAToBeGreaterThanB",
        "ExpectColumnPairValuesToBeEqual",
        "ExpectColumnValuesToBeBetween",
        "ExpectColumnValuesToBeInSet",
        "ExpectColumnValuesToNotBeNull",
    )
)
"""Expectations that check each row by itself: only their tables may be validated together with other callers' rows."""
_LOCK = threading.RLock()
_runs = 0


@dataclass(frozen=True)
class Failure:
    """One check and the rows of its table that fail it."""

    check: Check
    rows: tuple[int, ...]


@cache
def _context() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    os.environ.setdefault("TQDM_DISABLE", "1")
    import great_expectations as gx

    context: Any = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    context.data_sources.add_pandas("returns")
    return context


@cache
def _definition(suite_name: str, table: str, checks: tuple[int, ...]) -> Any:
    """Return the validation of a table by a suite; cached, because creating it is slow."""
    import great_expectations as gx
    from great_expectations import expectations as gxe

    context = _context()
    selected = [_CHECKS[number] for number in checks]
    asset = context.data_sources.get("returns").add_dataframe_asset(f"{suite_name}.{table}")
    batch = asset.add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(
        name=f"{suite_name}.{table}",
        expectations=[
            getattr(gxe, check.type)(**check.kwargs, meta={"rule": check.rule, "check": number})
            for number, check in zip(checks, selected, strict=True)
        ],
    )
    return context.validation_definitions.add(
        gx.ValidationDefinition(name=f"{suite_name}.{table}", data=batch, suite=context.suites.add(suite))
    )


_CHECKS: list[Check] = []
_NUMBERS: dict[int, int] = {}


def _check_number(check: Check) -> int:
    """Return a number for a check, always the same for the same object; it keys the cache of definitions."""
    if id(check) not in _NUMBERS:
        _NUMBERS[id(check)] = len(_CHECKS)
        _CHECKS.append(check)
    return _NUMBERS[id(check)]


def run_checks(suite_name: str, checks: Sequence[Check], tables: Mapping[str, pl.DataFrame]) -> list[Failure]:
    """Run the checks of a suite over its tables and return their failures; empty tables are skipped.

    Safe to call from several threads, which take turns. Raises RuntimeError if an expectation itself cannot be
    computed: that is a fault of the suite, not of a return.
    """
    failures = []
    for table, group in _group_by_table(checks).items():
        rows = tables[table]
        if rows.is_empty():
            continue
        columns = sorted({c for check in group for c in _columns_of(check)})
        failures += _ValidationRequest(suite_name, table, group, rows.select(columns)).wait_for_failures()
    return failures


class _ValidationRequest:
    """A table that a thread waits to have validated, by itself or by the thread that holds the lock."""

    _waiting: ClassVar[dict[Any, list[_ValidationRequest]]] = {}
    _queue: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, suite_name: str, table: str, group: Sequence[Check], frame: pl.DataFrame) -> None:
        self.suite_name, self.table, self.group, self.frame = suite_name, table, group, frame
        self._failures: list[Failure] | None = None
        # Only frames with the same schema can be stacked; expectations over several rows must not see others' rows.
        is_separate = not all(check.type in ROW_BY_ROW for check in group)
        with self._queue:
            numbers = tuple(_check_number(check) for check in group)
        self._batch_key = (suite_name, table, numbers, tuple(frame.schema.items()), id(self) if is_separate else 0)

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
            frame = pl.concat([request.frame for request in requests]).with_row_index(_ROW).to_pandas()
            result = _run_validation(self.suite_name, self.table, self.group, frame)
            failures = [
                failure
                for outcome in result.results
                if (failure := _read_failure(outcome, self.suite_name)) is not None
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
        start = 0
        for request in requests:
            end = start + request.frame.height
            request._failures = [
                Failure(failure.check, rows)
                for failure in failures
                if (rows := tuple(row - start for row in failure.rows if start <= row < end))
            ]
            start = end


def _run_validation(suite_name: str, table: str, group: Sequence[Check], frame: Any) -> Any:
    """Run one validation; the caller holds the lock."""
    global _runs
    if _runs >= RENEW_AFTER:
        _runs = 0
        _definition.cache_clear()
        _context.cache_clear()
    _runs += 1
    definition = _definition(suite_name, table, tuple(_check_number(check) for check in group))
    return definition.run(
        batch_parameters={"dataframe": frame},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [_ROW],
            "return_unexpected_index_query": False,
        },
    )


def warm_up() -> None:
    """Load Great Expectations and its late imports by running one small validation."""
    with _LOCK:
        _run_validation("warm_up", _WARM.table, [_WARM], pl.DataFrame({_ROW: [0], "x": [1]}).to_pandas())


def _read_failure(result: Any, suite_name: str) -> Failure | None:
    check = _CHECKS[result.expectation_config.meta["check"]]
    if result.exception_info and result.exception_info.get("raised_exception"):
        raise RuntimeError(
            f"{suite_name}: {check.type} {check.kwargs} failed: {result.exception_info['exception_message']}"
        )
    if result.success:
        return None
    return Failure(check, tuple(sorted(int(row[_ROW]) for row in result.result["unexpected_index_list"])))


def _group_by_table(checks: Iterable[Check]) -> dict[str, list[Check]]:
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.table, []).append(check)
    return groups


def _columns_of(check: Check) -> list[str]:
    return [check.kwargs[name] for name in ("column", "column_A", "column_B") if name in check.kwargs]


def build_data_docs(folder: Path) -> Path | None:
    """Write Data Docs of the validations in the current context of this process.

    Returns the index page, or None if no validation was run.  Pages of earlier processes are kept: each validation has
    a page named by its time.
    """
    if not _CHECKS:
        return None
    with _LOCK:
        return _build_site(_context(), folder)


def _build_site(context: Any, folder: Path) -> Path:
    site = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }
    context.variables.data_docs_sites = {"returns": site}
    context.build_data_docs(site_names=["returns"])
    return folder / "index.html"
