"""Packed frames come back unchanged, here and in another process, and take less memory."""

from __future__ import annotations

import pickle
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from pipelines.publication.cooperation import cells as cooperation
from pipelines.publication.cooperation import protect as protect_cooperation
from pipelines.publication.disclosure import protect, risk
from pipelines.publication.disclosure.packed import PackedFrame
from pipelines.publication.disclosure.problem import ProtectError
from pipelines.publication.disclosure.space import Array
from tests.support.fakes import cooperation_world
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_release

_TYPES = [pl.String, pl.Int32, pl.UInt32, pl.Float64, pl.Boolean, pl.List(pl.Int32)]


@given(frame=dataframes(allowed_dtypes=_TYPES, allow_null=True, max_size=20), data=st.data())
def test_packed_frame_comes_back_unchanged(frame: pl.DataFrame, data: st.DataObject) -> None:
    packed = pickle.loads(pickle.dumps(PackedFrame(frame)))
    assert packed.height == frame.height
    assert_frame_equal(packed.unpack_frame(), frame)
    columns = data.draw(st.lists(st.sampled_from(frame.columns), unique=True)) if frame.width else []
    if columns:
        assert_frame_equal(packed.unpack_frame(columns), frame.select(columns), check_column_order=False)


def test_packed_cells_take_a_tenth_of_their_memory() -> None:
    cells = build_frame(*(build_cell("AA", year % 9, period=str(1900 + year)) for year in range(1_000)))
    assert PackedFrame(cells).size < cells.estimated_size() / 10


def test_packed_cells_have_the_same_outcome() -> None:
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    assert protect.hide_small_counts(PackedFrame(cells)).cells.equals(protect.hide_small_counts(cells).cells)
    figures = cooperation.select_cells(cooperation_world.draw_breakdowns(1))
    of_packed = protect_cooperation.protect_cooperation(PackedFrame(figures))
    assert of_packed.cells.equals(protect_cooperation.protect_cooperation(figures).cells)


def test_outcome_is_kept_although_a_later_problem_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Solve the convictions first, since they have more cells, and let the acquittals fail once."""
    smaller = build_frame(
        build_cell("AA", 2, measure="acquitted_first"), build_cell("BB", 30, measure="acquitted_first")
    )
    cells = pl.concat([build_release({"AA": 3, "BB": 40, "CC": 50}), smaller], how="diagonal")
    solved: list[str] = []
    protect_block = protect.protect_block

    def fail_at_acquittals(block: pl.DataFrame, **terms: object) -> tuple[Array, risk.BlockRisk]:
        solved.append(block["measure"][0])
        if solved == ["convicted_first", "acquitted_first"]:
            raise ProtectError("interrupted")
        return protect_block(block, **terms)  # type: ignore[arg-type]

    monkeypatch.setattr(protect, "protect_block", fail_at_acquittals)
    with pytest.raises(ProtectError, match="interrupted"):
        protect.hide_small_counts(cells, cache=tmp_path)
    protected = protect.hide_small_counts(cells, cache=tmp_path)
    assert solved == ["convicted_first", "acquitted_first", "acquitted_first"]
    assert protected.report.passed and protected.report.count_cells()["hidden"] >= 3
