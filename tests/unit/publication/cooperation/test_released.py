"""True figures of cooperation behind a release, and what is known without them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.publication.cooperation import cells, earlier, protect
from pipelines.refresh.released_counts import EarlierRelease
from tests.support.fakes.cooperation_world import SCHEMA, draw_figures, make_row


@pytest.fixture
def release(tmp_path: Path) -> EarlierRelease:
    """A release with one published and one withheld figure, and its true figures."""
    rows = [make_row("AA", 2025, "outgoing", code, cells.REGISTERED, value) for code, value in (("BB", 9), ("CC", 3))]
    state = pl.when(pl.col("value") < 5).then(pl.lit("A")).otherwise(pl.lit("F"))
    protected = cells.select_cells(pl.DataFrame(rows, schema=SCHEMA)).with_columns(conf_status=state)
    protect.read_public(protected).write_parquet(tmp_path / "cooperation.parquet")
    earlier.record_release(protected).write_parquet(tmp_path / "2026-Q3.cooperation")
    return EarlierRelease("2026-Q3", tmp_path / "cell.parquet", tmp_path / "2026-Q3.parquet")


def read_values(release: EarlierRelease) -> dict[str, float]:
    frame = release.read_cooperation()
    assert frame is not None
    return dict(frame.select("partner", "value").iter_rows())


def test_release_is_known_with_its_withheld_figures(release: EarlierRelease) -> None:
    assert read_values(release) == {"BB": 9, "CC": 3}


def test_without_true_figures_only_published_ones_are_known(release: EarlierRelease) -> None:
    release.cooperation.unlink()
    assert read_values(release) == {"BB": 9}


def test_true_figures_of_another_release_are_not_used(release: EarlierRelease) -> None:
    changed = pl.read_parquet(release.cooperation).with_columns(pl.col("value") + 1)
    changed.write_parquet(release.cooperation)
    assert read_values(release) == {"BB": 9}


def test_release_before_cooperation_was_published_adds_nothing(release: EarlierRelease) -> None:
    release.public.with_name("cooperation.parquet").unlink()
    assert release.read_cooperation() is None


def _refuse_to_solve(problem: object) -> None:
    raise AssertionError(f"{problem} was solved again")


def test_unchanged_figures_are_not_solved_again_after_their_publication(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cells.select_cells(draw_figures(1))
    # The second release has one corrected figure, so that its readers know the figure of the first one too.
    corrected = first.with_columns(value=pl.col("value") + (pl.int_range(pl.len()) == 0).cast(pl.Int64) * 7)
    releases: list[pl.DataFrame] = []
    for draft in (first, corrected):
        protected = protect.protect_cooperation(draft, releases, tmp_path)
        releases.append(earlier.record_release(protected.cells))
        solved = protect.protect_cooperation(draft, releases)
        with monkeypatch.context() as patch:
            patch.setattr(protect, "_protect_problem", _refuse_to_solve)
            read_again = protect.protect_cooperation(draft, releases, tmp_path)
        assert read_again.cells.equals(solved.cells) and read_again.report.count_cells() == solved.report.count_cells()
    monkeypatch.setattr(protect, "_protect_problem", _refuse_to_solve)
    with pytest.raises(AssertionError, match="solved again"):
        protect.protect_cooperation(first.with_columns(value=pl.col("value") + 5), releases, tmp_path)


def test_damaged_outcome_is_solved_again_and_replaced(tmp_path: Path) -> None:
    draft = cells.select_cells(draw_figures(1))
    first = protect.protect_cooperation(draft, [], tmp_path)
    contents = {path: path.read_bytes() for path in tmp_path.glob("cooperation-*.json")}
    assert contents
    for path, content in contents.items():
        path.write_bytes(content[:-5])
    assert protect.protect_cooperation(draft, [], tmp_path).cells.equals(first.cells)
    assert {path: path.read_bytes() for path in tmp_path.glob("cooperation-*.json")} == contents
