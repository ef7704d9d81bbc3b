"""Tables of several callers go through one validation, and each caller gets the failures of its own rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pytest

from expectations import engine
from expectations.common import Check

NOT_NEGATIVE = Check("figures", "ExpectColumnValuesToBeBetween", {"column": "value", "min_value": 0}, "value.negative")
KNOWN = Check("figures", "ExpectColumnValuesToBeInSet", {"column": "code", "value_set": ["a", "b"]}, "expect.code")
ONCE = Check("figures", "ExpectColumnValuesToBeUnique", {"column": "value"}, "expect.unique")
FAULT = 666


@dataclass
class Caller:
    """Somebody who has a table validated, in a thread."""

    frame: pl.DataFrame
    checks: tuple[Check, ...] = (NOT_NEGATIVE, KNOWN)
    failures: list[engine.Failure] = field(default_factory=list)
    error: BaseException | None = None

    def ask(self) -> None:
        try:
            suite = "together." + ".".join(check.rule for check in self.checks)
            self.failures = engine.run_checks(suite, self.checks, {"figures": self.frame})
        except RuntimeError as error:
            self.error = error

    def rows(self, check: Check) -> list[int]:
        return [row for failure in self.failures if failure.check is check for row in failure.rows]


def table(values: list[int], codes: list[str] | None = None) -> pl.DataFrame:
    return pl.DataFrame({"value": values, "code": codes or ["a"] * len(values)})


def all_at_once(callers: list[Caller]) -> int:
    """Let all wait for the lock before the first gets it; how many validations they cost."""
    threads = [threading.Thread(target=caller.ask) for caller in callers]
    with engine._LOCK:
        before = engine._runs
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while sum(map(len, engine._ValidationRequest._waiting.values())) < len(callers):
            assert time.monotonic() - began < 20, "not all came to wait"
            time.sleep(0.01)
    for thread in threads:
        thread.join(60)
    assert not any(engine._ValidationRequest._waiting.values())
    return engine._runs - before


@pytest.fixture(autouse=True, scope="module")
def loaded() -> Iterator[None]:
    engine.warm_up()
    yield


def test_each_caller_gets_the_rows_that_fail_in_its_own_table() -> None:
    # Ten tables of one to ten rows, all values good but in every second table its last, and once a code nobody knows.
    callers = [Caller(table([5] * n + [-n if n % 2 else n])) for n in range(10)]
    callers.append(Caller(table([1, 2, 3], ["a", "z", "b"])))
    assert all_at_once(callers) == 1
    for n, caller in enumerate(callers[:-1]):
        assert caller.rows(NOT_NEGATIVE) == ([n] if n % 2 else []), n
        assert caller.rows(KNOWN) == [], n
    assert callers[-1].rows(KNOWN) == [1] and callers[-1].rows(NOT_NEGATIVE) == []


def test_tables_of_other_columns_or_types_are_validated_apart() -> None:
    callers = [
        Caller(table([1, -1])),
        Caller(table([1, -1]).with_columns(pl.col("value").cast(pl.Float64))),
        Caller(table([1, -1]), (NOT_NEGATIVE,)),
    ]
    assert all_at_once(callers) == 3
    assert [caller.rows(NOT_NEGATIVE) for caller in callers] == [[1], [1], [1]]


def test_what_judges_rows_together_is_never_put_beside_another_callers_rows() -> None:
    callers = [Caller(table([1, 2]), (ONCE,)), Caller(table([2, 3]), (ONCE,)), Caller(table([4, 4]), (ONCE,))]
    assert all_at_once(callers) == 3
    assert [caller.rows(ONCE) for caller in callers] == [[], [], [0, 1]]


def test_a_fault_is_told_to_the_caller_whose_rows_have_it_and_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine._run_validation

    def faulty(suite_name: str, name: str, group: Any, frame: Any) -> Any:
        if FAULT in set(frame["value"]):
            raise RuntimeError("a planted fault")
        return real(suite_name, name, group, frame)

    monkeypatch.setattr(engine, "_run_validation", faulty)
    callers = [Caller(table([1, -1])), Caller(table([FAULT])), Caller(table([-1])), Caller(table([3]))]
    all_at_once(callers)
    assert [str(caller.error) for caller in callers] == ["None", "a planted fault", "None", "None"]
    assert [caller.rows(NOT_NEGATIVE) for caller in callers] == [[1], [], [0], []]
