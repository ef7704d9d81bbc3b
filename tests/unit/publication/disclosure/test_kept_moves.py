"""Populations that a home keeps: what the next draft saves by them, and that they decide nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.publication.disclosure import earlier, lp, protect, risk
from pipelines.publication.disclosure.kept_moves import read_moves, write_moves
from pipelines.publication.disclosure.moves import Move
from pipelines.publication.disclosure.neighbourhoods import Neighbourhood
from pipelines.publication.disclosure.problem import Views
from pipelines.publication.disclosure.witnesses import Witnesses
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region

YEARS = ("2021", "2022", "2023", "2024")
QUARTERS = {"AA": (3, 20, 2, 30), "BB": (12, 1, 15, 14), "CC": (21, 22, 4, 23)}
"""Decisions of each quarter of every year, by territory; all but one were convictions."""


def build_release(*, further: int = 0) -> pl.DataFrame:
    """Return quarters and years of three territories and the region; `further` persons were decided on in 2022-Q2."""
    rows = []
    for year in YEARS:
        annual: dict[str, float] = {"adjudicated_first": 0, "convicted_first": 0}
        for area, counts in QUARTERS.items():
            quarters = [
                count + (further if (area, year, i) == ("AA", "2022", 1) else 0) for i, count in enumerate(counts)
            ]
            for measure, missing in (("adjudicated_first", 0), ("convicted_first", 1)):
                values = [max(count - missing, 0) for count in quarters]
                rows += [
                    build_cell(area, value, period=f"{year}-Q{i}", measure=measure)
                    for i, value in enumerate(values, start=1)
                ]
                rows.append(build_cell(area, sum(values), period=year, measure=measure))
                annual[measure] += sum(values)
        rows += [build_region(value, "AA,BB,CC", period=year, measure=measure) for measure, value in annual.items()]
    return build_frame(*rows)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[pl.DataFrame, Path]:
    """Return the first release as readers and the home know it, and the folder that the home kept."""
    folder = tmp_path_factory.mktemp("kept")
    cells = build_release()
    protected = protect.hide_small_counts(cells, cache=folder)
    assert len(list(folder.glob("moves-*.npz"))) == 1
    return earlier.record_release(cells, protected.cells["conf_status"]), folder


def protect_correction(released: pl.DataFrame, cache: Path | None) -> pl.Series:
    protected = protect.hide_small_counts(build_release(further=6), earlier=[released], cache=cache)
    assert protected.report.passed
    return protected.cells["conf_status"]


def test_kept_moves_save_programs_and_change_no_pattern(
    kept: tuple[pl.DataFrame, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    released, folder = kept
    programs: list[int] = []
    find_bound = lp.Intruder.find_bound

    def count_bounds(self: lp.Intruder, *arguments: object, **options: object) -> object:
        programs.append(1)
        return find_bound(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(lp.Intruder, "find_bound", count_bounds)
    without = protect_correction(released, None)
    number = len(programs)
    programs.clear()
    with_kept = protect_correction(released, folder)
    assert with_kept.equals(without)
    assert len(programs) < number / 2


def test_only_years_with_new_figures_are_searched(
    kept: tuple[pl.DataFrame, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    released, _ = kept
    sizes: list[int] = []
    raise_cell = Neighbourhood.raise_cell

    def record_program(self: Neighbourhood, cell: int, by: float) -> object:
        sizes.append(len(self.part.rows))
        return raise_cell(self, cell, by)

    monkeypatch.setattr(Neighbourhood, "raise_cell", record_program)
    protect_correction(released, None)
    of_correction = len(sizes)
    sizes.clear()
    protect.hide_small_counts(build_release())
    assert 0 < of_correction < len(sizes)


def build_views() -> tuple[Views, np.ndarray, np.ndarray]:
    """Return the views of a first release, its true population, and a mask of the rows with 10 or more."""
    block = earlier.combine_releases(build_release().with_row_index("_row"), [], threshold=5)
    views = Views(block)
    truth = risk.find_population(views.margins)
    assert truth is not None
    return views, truth, views.margins.values >= 10


def test_moves_come_back_with_the_rests_of_their_equations(tmp_path: Path) -> None:
    views, truth, is_published = build_views()
    space, names = views.margins, views.name_variables()
    assert len(set(names.tolist())) == len(names) < space.matrix.shape[1]
    is_published[space.cells :] = True
    report = risk.assess_block(space, ~is_published, name="test", width=2)
    moves = [Move.from_change(population - truth) for population in report.witnesses]
    write_moves(tmp_path / "moves.npz", names, moves)
    again = read_moves(tmp_path / "moves.npz", names, space)
    assert [move.key for move in again if len(move.columns)] == [move.key for move in moves if len(move.columns)]
    assert read_moves(tmp_path / "missing.npz", names, space) == []
    assert read_moves(tmp_path / "moves.npz", names + np.uint64(1), space) == []


def test_kept_move_that_changes_a_published_cell_protects_nothing(tmp_path: Path) -> None:
    views, truth, is_published = build_views()
    space, names = views.margins, views.name_variables()
    is_published[space.cells :] = True
    columns = np.flatnonzero(truth[: len(names)] >= 10)[:1]
    write_moves(tmp_path / "moves.npz", names, [Move(columns, np.array([2.0]))])
    (forged,) = read_moves(tmp_path / "moves.npz", names, space)
    witnesses = Witnesses(space, truth, is_published)
    witnesses.add_moves([forged])
    assert witnesses.changes.shape[0] == 0
