"""Tables of several callers are validated together, and each caller gets the failures of its own rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from great_expectations import expectations as gxe

from expectations import engine
from expectations.engine import Contract

NOT_NEGATIVE, KNOWN = 0, 1
"""Positions in the contract FIGURES."""
FIGURES = Contract(
    "together.figures",
    "figures",
    (
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0),
        gxe.ExpectColumnValuesToBeInSet(column="code", value_set=["a", "b"]),
    ),
)
VALUES = Contract("together.values", "figures", (gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0),))
ONCE = Contract("together.once", "figures", (gxe.ExpectColumnValuesToBeUnique(column="value"),))
ONCE_IN_RETURN = Contract(
    "together.once_in_return",
    "figures",
    (gxe.ExpectCompoundColumnsToBeUnique(column_list=["value", "submission_id"]),),
)
FAULT = 666


@dataclass
class Caller:
    """A caller that has a table validated, in a thread."""

    frame: pl.DataFrame
    contract: Contract = FIGURES
    failures: list[engine.Failure] = field(default_factory=list)
    error: BaseException | None = None

    def find_failures(self) -> None:
        try:
            self.failures = engine.find_failures(self.contract, self.frame)
        except RuntimeError as error:
            self.error = error

    def failing_rows(self, position: int) -> list[int]:
        return [row for failure in self.failures if failure.position == position for row in failure.rows]


def make_table(values: list[int], codes: list[str] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"value": values, "code": codes or ["a"] * len(values)})


def validate_at_once(callers: list[Caller]) -> int:
    """Let all wait for the lock before the first gets it, and return the number of batches validated."""
    batches: list[Contract] = []
    real = engine._run_validation

    def count_batch(contract: Contract, frame: Any, **options: Any) -> Any:
        batches.append(contract)
        return real(contract, frame, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_run_validation", count_batch)
        _wait_together(callers)
    return len(batches)


def _wait_together(callers: list[Caller]) -> None:
    threads = [threading.Thread(target=caller.find_failures) for caller in callers]
    with engine._LOCK:
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while sum(map(len, engine._ValidationRequest._waiting.values())) < len(callers):
            assert time.monotonic() - began < 20, "not all came to wait"
            time.sleep(0.01)
    for thread in threads:
        thread.join(60)
    assert not any(engine._ValidationRequest._waiting.values())


@pytest.fixture(autouse=True, scope="module")
def loaded() -> Iterator[None]:
    engine.warm_up()
    yield


def test_each_caller_gets_the_rows_that_fail_in_its_own_table() -> None:
    # Ten tables of one to ten rows, good except the last value of every second table, and a table with an unknown code.
    callers = [Caller(make_table([5] * n + [-n if n % 2 else n])) for n in range(10)]
    callers.append(Caller(make_table([1, 2, 3], ["a", "z", "b"])))
    assert validate_at_once(callers) == 1
    for n, caller in enumerate(callers[:-1]):
        assert caller.failing_rows(NOT_NEGATIVE) == ([n] if n % 2 else []), n
        assert caller.failing_rows(KNOWN) == [], n
    assert callers[-1].failing_rows(KNOWN) == [1] and callers[-1].failing_rows(NOT_NEGATIVE) == []


def test_tables_of_other_columns_or_types_are_validated_separately() -> None:
    callers = [
        Caller(make_table([1, -1])),
        Caller(make_table([1, -1]).with_columns(pl.col("value").cast(pl.Float64))),
        Caller(make_table([1, -1]), VALUES),
    ]
    assert validate_at_once(callers) == 3
    assert [caller.failing_rows(NOT_NEGATIVE) for caller in callers] == [[1], [1], [1]]


def test_contract_over_several_rows_is_never_mixed_with_rows_of_other_callers() -> None:
    callers = [Caller(make_table([1, 2]), ONCE), Caller(make_table([2, 3]), ONCE), Caller(make_table([4, 4]), ONCE)]
    assert validate_at_once(callers) == 3
    assert [caller.failing_rows(0) for caller in callers] == [[], [], [0, 1]]


def test_unique_key_of_return_ignores_other_callers_with_the_same_return_id() -> None:
    returns = [
        make_table(values).with_columns(pl.lit("S1").alias("submission_id")) for values in ([1, 2], [2, 3], [4, 4])
    ]
    callers = [Caller(frame, ONCE_IN_RETURN) for frame in returns]
    assert validate_at_once(callers) == 1
    assert [caller.failing_rows(0) for caller in callers] == [[], [], [0, 1]]


def test_error_is_raised_only_for_the_caller_whose_rows_cause_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine._run_validation

    def validate_with_fault(contract: Contract, frame: Any, **options: Any) -> Any:
        if FAULT in set(frame["value"]):
            raise RuntimeError("a planted fault")
        return real(contract, frame, **options)

    monkeypatch.setattr(engine, "_run_validation", validate_with_fault)
    callers = [
        Caller(make_table([1, -1])),
        Caller(make_table([FAULT])),
        Caller(make_table([-1])),
        Caller(make_table([3])),
    ]
    validate_at_once(callers)
    assert [str(caller.error) for caller in callers] == ["None", "a planted fault", "None", "None"]
    assert [caller.failing_rows(NOT_NEGATIVE) for caller in callers] == [[1], [], [0], []]


def test_configurations_are_computed_less_often_in_a_validation(monkeypatch: pytest.MonkeyPatch) -> None:
    from great_expectations.expectations.expectation import Expectation

    original = vars(Expectation)["configuration"]
    computed: list[str] = []

    def count_and_compute(expectation: Any) -> Any:
        computed.append(type(expectation).__name__)
        return original.fget(expectation)

    def count_in_validation() -> int:
        computed.clear()
        assert engine.find_failures(FIGURES, make_table([1, -2]))[0].rows == (1,)
        return len(computed)

    engine.find_failures(FIGURES, make_table([1]))
    type.__setattr__(Expectation, "configuration", property(count_and_compute))
    try:
        with_reuse = count_in_validation()
        monkeypatch.setattr(engine, "_reuse_configurations", nullcontext)
        without_reuse = count_in_validation()
    finally:
        type.__setattr__(Expectation, "configuration", original)
    assert 0 < 3 * with_reuse < without_reuse


def test_configuration_is_restored_after_a_failed_validation() -> None:
    from great_expectations.expectations.expectation import Expectation

    original = vars(Expectation)["configuration"]
    with pytest.raises(RuntimeError), engine._reuse_configurations():
        raise RuntimeError("planted")
    assert vars(Expectation)["configuration"] is original


def test_data_docs_show_only_results_that_were_to_be_kept(tmp_path: Path) -> None:
    engine._context.cache_clear(), engine._definition.cache_clear()
    engine._results_kept = 0
    engine.find_failures(FIGURES, make_table([1, 2]))
    assert engine.build_data_docs(tmp_path) is None
    with engine.keep_results():
        failures = engine.find_failures(FIGURES, make_table([1, 2]))
    assert failures == engine.find_failures(FIGURES, make_table([1, 2])), "the same failures, kept or not"
    assert engine.build_data_docs(tmp_path) == tmp_path / "index.html"
    assert len(list((tmp_path / "validations").rglob("*.html"))) == 1
