"""Tables of several callers are validated together, each caller gets the failures of its own rows, and only
expectations that a row may fail are validated.
"""

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
from great_expectations.expectations.row_conditions import Column

from expectations import engine, screening
from expectations.engine import TableExpectations

NOT_NEGATIVE, KNOWN = 0, 1
"""Positions in the contract FIGURES."""
FIGURES = TableExpectations(
    "together.figures",
    "figures",
    (
        gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0),
        gxe.ExpectColumnValuesToBeInSet(column="code", value_set=["a", "b"]),
    ),
)
VALUES = TableExpectations(
    "together.values", "figures", (gxe.ExpectColumnValuesToBeBetween(column="value", min_value=0),)
)
ONCE = TableExpectations("together.once", "figures", (gxe.ExpectColumnValuesToBeUnique(column="value"),))
ONCE_IN_RETURN = TableExpectations(
    "together.once_in_return",
    "figures",
    (gxe.ExpectCompoundColumnsToBeUnique(column_list=["value", "submission_id"]),),
)
FAULT = 666


@dataclass
class Caller:
    """A caller that has a table validated, in a thread."""

    frame: pl.DataFrame
    contract: TableExpectations = FIGURES
    failures: list[engine.Failure] = field(default_factory=list)
    error: BaseException | None = None

    def find_failures(self) -> None:
        try:
            self.failures = engine.validate_table(self.contract, self.frame, self.contract.all_positions)
        except RuntimeError as error:
            self.error = error

    def failing_rows(self, position: int) -> list[int]:
        return [row for failure in self.failures if failure.position == position for row in failure.rows]


def make_table(values: list[int], codes: list[str] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"value": values, "code": codes or ["a"] * len(values)})


def validate_at_once(callers: list[Caller]) -> int:
    """Let all wait for the lock before the first gets it, and return the number of batches validated."""
    batches: list[TableExpectations] = []
    real = engine._run_validation

    def count_batch(contract: TableExpectations, frame: Any, positions: tuple[int, ...], **options: Any) -> Any:
        batches.append(contract)
        return real(contract, frame, positions, **options)

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

    def validate_with_fault(
        contract: TableExpectations, frame: Any, *positions: tuple[int, ...], **options: Any
    ) -> Any:
        if FAULT in set(frame["value"]):
            raise RuntimeError("a planted fault")
        return real(contract, frame, *positions, **options)

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
    engine.renew_context()
    engine.find_failures(FIGURES, make_table([1, 2]))
    assert engine.build_data_docs(tmp_path) is None
    with engine.keep_results():
        failures = engine.find_failures(FIGURES, make_table([1, 2]))
    assert failures == engine.find_failures(FIGURES, make_table([1, 2])), "the same failures, kept or not"
    assert engine.build_data_docs(tmp_path) == tmp_path / "index.html"
    assert len(list((tmp_path / "validations").rglob("*.html"))) == 1


def test_data_docs_show_results_that_other_processes_handed_over(tmp_path: Path) -> None:
    engine.renew_context()
    assert engine.save_results(tmp_path / "results") == 0
    # As two processes, each with a context of its own. A table with failures is validated twice, to list them, and has
    # one result.
    for rows in ([1, 2], [-98765, 2]):
        with engine.keep_results():
            engine.find_failures(FIGURES, make_table(rows))
        assert engine.save_results(tmp_path / "results") == 1
        engine.renew_context()
    assert engine.load_results(tmp_path / "results") == 2
    assert engine.load_results(tmp_path / "results") == 0, "each result is taken once"
    assert engine.build_data_docs(tmp_path / "docs") == tmp_path / "docs" / "index.html"
    pages = [path.read_text("utf-8") for path in (tmp_path / "docs" / "validations").rglob("*.html")]
    assert len(pages) == 2
    assert sum("-98765" in page for page in pages) == 1


# ----------------------------------------------------------------------------------------------------------- screening

_EITHER = {"ignore_row_if": "either_value_is_missing"}
_PAIR = {"column_A": "a", "column_B": "b"}


@pytest.mark.parametrize(
    ("expectation", "good", "bad"),
    [
        (gxe.ExpectColumnValuesToNotBeNull(column="a"), ("x", "y"), (None, "y")),
        (gxe.ExpectColumnValuesToBeNull(column="a"), (None, "y"), ("x", "y")),
        (gxe.ExpectColumnValuesToBeInSet(column="a", value_set=["x"]), ("x", "y"), ("y", "y")),
        (gxe.ExpectColumnValuesToBeBetween(column="a", min_value=0, max_value=9), (9.0, 1.0), (-1.0, 1.0)),
        (gxe.ExpectColumnValuesToBeBetween(column="a", min_value=0, max_value=9), (None, 1.0), (9.5, 1.0)),
        (gxe.ExpectColumnValuesToBeBetween(column="a", min_value=0, strict_min=True), (0.5, 1.0), (0.0, 1.0)),
        (gxe.ExpectColumnValuesToBeBetween(column="a", max_value=9, strict_max=True), (8.5, 1.0), (9.0, 1.0)),
        (gxe.ExpectColumnPairValuesToBeEqual(**_PAIR), (None, None), (1.0, None)),
        (gxe.ExpectColumnPairValuesToBeEqual(**_PAIR, **_EITHER), (1.0, None), (1.0, 2.0)),
        (gxe.ExpectColumnPairValuesToBeEqual(**_PAIR, ignore_row_if="neither"), (1.0, 1.0), (None, None)),
        (gxe.ExpectColumnPairValuesAToBeGreaterThanB(**_PAIR, or_equal=True), (1.0, 1.0), (0.0, 1.0)),
        (gxe.ExpectColumnPairValuesAToBeGreaterThanB(**_PAIR, or_equal=True), (None, None), (float("nan"), 1.0)),
        (gxe.ExpectColumnPairValuesAToBeGreaterThanB(**_PAIR), (2.0, 1.0), (1.0, 1.0)),
        (
            gxe.ExpectColumnValuesToNotBeNull(column="a", row_condition=Column("b") == "yes"),
            (None, "no"),
            (None, "yes"),
        ),
    ],
)
def test_expectation_is_validated_only_if_a_row_may_fail(
    request: pytest.FixtureRequest, expectation: Any, good: tuple[Any, Any], bad: tuple[Any, Any]
) -> None:
    contract = TableExpectations(request.node.name, "test", (expectation,))
    for row, fails in ((good, False), (bad, True)):
        table = pl.DataFrame({"submission_id": ["S"], "place": ["L1"], "a": [row[0]], "b": [row[1]]}, strict=False)
        table = table.with_columns(pl.col(pl.Null).cast(pl.Float64))
        assert (engine.validate_table(contract, table, (0,)) != []) == fails
        assert (screening.list_suspects(contract.expectations, table) == (0,)) == fails


def test_repeated_key_is_validated() -> None:
    table = make_table([4, 4]).with_columns(pl.lit("S1").alias("submission_id"))
    assert engine.find_failures(ONCE_IN_RETURN, table)[0].rows == (0, 1)
    assert screening.list_suspects(ONCE_IN_RETURN.expectations, table.head(1)) == ()


def test_only_suspect_expectations_are_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    validated: list[tuple[int, ...]] = []
    real = engine._run_validation

    def note_positions(contract: TableExpectations, frame: Any, positions: tuple[int, ...], **options: Any) -> Any:
        validated.append(positions)
        return real(contract, frame, positions, **options)

    monkeypatch.setattr(engine, "_run_validation", note_positions)
    assert engine.find_failures(FIGURES, make_table([1, 2])) == []
    assert engine.find_failures(FIGURES, make_table([1, 2], ["a", "z"])) == [engine.Failure(KNOWN, (1,))]
    assert engine.find_failures(FIGURES, make_table([-1, 2], ["a", "z"])) == [
        engine.Failure(NOT_NEGATIVE, (0,)),
        engine.Failure(KNOWN, (1,)),
    ]
    with engine.keep_results():
        assert engine.find_failures(FIGURES, make_table([1, 2])) == []
    assert validated == [(KNOWN,), (NOT_NEGATIVE, KNOWN), (NOT_NEGATIVE, KNOWN)]
    engine.renew_context()


def test_expectation_that_is_unknown_or_lacks_its_column_is_validated() -> None:
    assert screening.list_suspects(ONCE.expectations, make_table([1, 2])) == (0,)
    assert screening.list_suspects(FIGURES.expectations, make_table([1]).drop("code")) == (KNOWN,)
