"""Packed frames come back unchanged, here and in another process, and take less memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from pipelines.publication.cooperation import cells as cooperation
from pipelines.publication.cooperation import protect as protect_cooperation
from pipelines.publication.disclosure import protect, risk
from pipelines.publication.disclosure.packed import PackedCells
from pipelines.publication.disclosure.problem import ProtectError
from pipelines.publication.disclosure.processes import ProblemPool
from pipelines.publication.disclosure.space import Array
from tests.support.fakes import cooperation_world
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_release

_TYPES = [pl.String, pl.Int32, pl.UInt32, pl.Float64, pl.Boolean, pl.List(pl.Int32)]


@given(frame=dataframes(allowed_dtypes=_TYPES, allow_null=True, max_size=20), data=st.data())
def test_packed_frame_comes_back_unchanged(frame: pl.DataFrame, data: st.DataObject) -> None:
    packed = pickle.loads(pickle.dumps(PackedCells(frame)))
    assert packed.height == frame.height
    assert_frame_equal(packed.unpack_cells(), frame)
    columns = data.draw(st.lists(st.sampled_from(frame.columns), unique=True)) if frame.width else []
    if columns:
        assert_frame_equal(packed.unpack_cells(columns), frame.select(columns), check_column_order=False)


def test_packed_cells_take_a_tenth_of_their_memory() -> None:
    cells = build_frame(*(build_cell("AA", year % 9, period=str(1900 + year)) for year in range(1_000)))
    assert len(pickle.dumps(PackedCells(cells))) < cells.estimated_size() / 10


def test_packed_cells_have_the_same_outcome() -> None:
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    assert protect.hide_small_counts(PackedCells(cells)).cells.equals(protect.hide_small_counts(cells).cells)
    figures = cooperation.select_cells(cooperation_world.draw_breakdowns(1))
    of_packed = protect_cooperation.protect_cooperation(PackedCells(figures))
    assert of_packed.cells.equals(protect_cooperation.protect_cooperation(figures).cells)


class BackwardPool(ProblemPool):
    """Pool that solves the last problem first, as several processes may finish a small problem before a large one."""

    def solve_problems(
        self, solve: Callable[[Any], Any], problems: Sequence[Any], sizes: Sequence[float], *, is_large: bool
    ) -> Iterator[Any]:
        return iter([solve(problem) for problem in reversed(problems)][::-1])


def test_outcome_is_kept_although_a_larger_problem_fails_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smaller = build_frame(
        build_cell("AA", 2, measure="acquitted_first"), build_cell("BB", 30, measure="acquitted_first")
    )
    cells = pl.concat([build_release({"AA": 3, "BB": 40, "CC": 50}), smaller], how="diagonal")
    solved: list[str] = []
    protect_block = protect.protect_block

    def fail_once(block: pl.DataFrame, **terms: Any) -> tuple[Array, risk.BlockRisk]:
        solved.append(block["measure"][0])
        if solved == ["acquitted_first", "convicted_first"]:
            raise ProtectError("interrupted")
        return protect_block(block, **terms)

    monkeypatch.setattr(protect, "protect_block", fail_once)
    with BackwardPool() as pool, pytest.raises(ProtectError, match="interrupted"):
        protect.hide_small_counts(cells, cache=tmp_path, pool=pool)
    protected = protect.hide_small_counts(cells, cache=tmp_path)
    assert solved == ["acquitted_first", "convicted_first", "convicted_first"]
    assert protected.report.passed and protected.report.count_cells()["hidden"] >= 3
