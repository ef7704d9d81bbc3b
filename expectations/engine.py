"""Great Expectations at work: suites over tables, one validation a table for many returns.

Great Expectations 1.24 has no polars or DuckDB source that works, hence pandas batches; it is imported late, since it
takes about three seconds.

Great Expectations promises nothing to threads and keeps its present context in a global, so one lock lies around every
run.  Nearly all of a validation is its fixed cost (some 25 ms for any return of a usual size), so whoever has the lock
takes along the same table of all who wait: the expectations here judge a row by itself, whatever rows stand beside it.
Great Expectations keeps every result, too: after RENEW_AFTER validations the process begins anew with a fresh context.
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
"""Validations of one context. A check makes about a dozen, a batch of any size no more than three dozen."""
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
"""Expectations that judge each row by itself: only their tables may be validated together with another caller's."""
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
    """The validation of one table by one suite; kept for the life of the process, since making it has a cost."""
    import great_expectations as gx
    from great_expectations import expectations as gxe

    context = _context()
    chosen = [_CHECKS[number] for number in checks]
    asset = context.data_sources.get("returns").add_dataframe_asset(f"{suite_name}.{table}")
    batch = asset.add_batch_definition_whole_dataframe("all")
    suite = gx.ExpectationSuite(
        name=f"{suite_name}.{table}",
        expectations=[
            getattr(gxe, check.type)(**check.kwargs, meta={"rule": check.rule, "check": number})
            for number, check in zip(checks, chosen, strict=True)
        ],
    )
    return context.validation_definitions.add(
        gx.ValidationDefinition(name=f"{suite_name}.{table}", data=batch, suite=context.suites.add(suite))
    )


_CHECKS: list[Check] = []
_NUMBER: dict[int, int] = {}


def _number(check: Check) -> int:
    """A number for a check, the same for the same object: definitions are kept by it."""
    if id(check) not in _NUMBER:
        _NUMBER[id(check)] = len(_CHECKS)
        _CHECKS.append(check)
    return _NUMBER[id(check)]


def validate(suite_name: str, checks: Sequence[Check], tables: Mapping[str, pl.DataFrame]) -> list[Failure]:
    """Run the checks of one suite over its tables. A table without a row is not validated.

    Safe to call from several threads, which take turns. Raises RuntimeError when an expectation itself cannot be
    computed: that is a fault of the suite, never of a return.
    """
    failures = []
    for table, group in _by_table(checks).items():
        rows = tables[table]
        if rows.is_empty():
            continue
        columns = sorted({c for check in group for c in _columns_of(check)})
        failures += _Asked(suite_name, table, group, rows.select(columns)).answer()
    return failures


class _Asked:
    """One table that somebody waits to have validated.

    `answer` is its failures, by whoever runs it: this thread, or the one that had the lock before.
    """

    _waiting: ClassVar[dict[Any, list[_Asked]]] = {}
    _queue: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, suite_name: str, table: str, group: Sequence[Check], frame: pl.DataFrame) -> None:
        self.suite_name, self.table, self.group, self.frame = suite_name, table, group, frame
        self._failures: list[Failure] | None = None
        # Frames of one schema alone can be put below each other; what judges rows together is nobody else's.
        alone = not all(check.type in ROW_BY_ROW for check in group)
        with self._queue:
            numbers = tuple(_number(check) for check in group)
        self._kind = (suite_name, table, numbers, tuple(frame.schema.items()), id(self) if alone else 0)

    def answer(self) -> list[Failure]:
        """Wait for a turn and validate, together with all others of the kind; or find it done."""
        with self._queue:
            self._waiting.setdefault(self._kind, []).append(self)
        with _LOCK:
            if self._failures is None:
                with self._queue:
                    together = self._waiting.pop(self._kind)
                self._run(together)
        assert self._failures is not None
        return self._failures

    def _run(self, together: Sequence[_Asked]) -> None:
        """Validate several of a kind at once. A fault is raised here; the others of the kind then run by themselves."""
        try:
            frame = pl.concat([one.frame for one in together]).with_row_index(_ROW).to_pandas()
            result = _run(self.suite_name, self.table, self.group, frame)
            found = [failure for one in result.results if (failure := _failure(one, self.suite_name)) is not None]
        except BaseException:
            if len(together) == 1:
                raise
            with self._queue:
                for one in together:
                    if one is not self:
                        self._waiting.setdefault(self._kind, []).append(one)
            self._run([self])
            return
        start = 0
        for one in together:
            end = start + one.frame.height
            one._failures = [
                Failure(failure.check, rows)
                for failure in found
                if (rows := tuple(row - start for row in failure.rows if start <= row < end))
            ]
            start = end


def _run(suite_name: str, table: str, group: Sequence[Check], frame: Any) -> Any:
    """One validation; with the lock held."""
    global _runs
    if _runs >= RENEW_AFTER:
        _runs = 0
        _definition.cache_clear()
        _context.cache_clear()
    _runs += 1
    definition = _definition(suite_name, table, tuple(_number(check) for check in group))
    return definition.run(
        batch_parameters={"dataframe": frame},
        result_format={
            "result_format": "COMPLETE",
            "unexpected_index_column_names": [_ROW],
            "return_unexpected_index_query": False,
        },
    )


def warm_up() -> None:
    """Load Great Expectations and what it loads late, by one small validation."""
    with _LOCK:
        _run("warm_up", _WARM.table, [_WARM], pl.DataFrame({_ROW: [0], "x": [1]}).to_pandas())


def _failure(result: Any, suite_name: str) -> Failure | None:
    check = _CHECKS[result.expectation_config.meta["check"]]
    if result.exception_info and result.exception_info.get("raised_exception"):
        raise RuntimeError(
            f"{suite_name}: {check.type} {check.kwargs} failed: {result.exception_info['exception_message']}"
        )
    if result.success:
        return None
    return Failure(check, tuple(sorted(int(row[_ROW]) for row in result.result["unexpected_index_list"])))


def _by_table(checks: Iterable[Check]) -> dict[str, list[Check]]:
    out: dict[str, list[Check]] = {}
    for check in checks:
        out.setdefault(check.table, []).append(check)
    return out


def _columns_of(check: Check) -> list[str]:
    return [check.kwargs[name] for name in ("column", "column_A", "column_B") if name in check.kwargs]


def build_data_docs(folder: Path) -> Path | None:
    """Write Data Docs of the validations that this process ran (of late, where it ran very many).

    Returns the index page, None where it ran none.

    What an earlier process wrote stays: a page of each validation, by its time.
    """
    if not _CHECKS:
        return None
    with _LOCK:
        return _built(_context(), folder)


def _built(context: Any, folder: Path) -> Path:
    site = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }
    context.variables.data_docs_sites = {"returns": site}
    context.build_data_docs(site_names=["returns"])
    return folder / "index.html"
