"""Protect the figures of international cooperation, and write what a release says about them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.refresh.released_counts import COOPERATION_FILE, EarlierRelease

if TYPE_CHECKING:
    from pipelines.publication.disclosure.processes import ProblemPool


def protect_cooperation_tables(
    tables: Path,
    folder: Path,
    areas: Sequence[str],
    releases: Sequence[EarlierRelease],
    *,
    cache: Path,
    progress: Callable[[int, int], None] | None = None,
    pool: ProblemPool | None = None,
) -> dict[str, int]:
    """Write the public tables on cooperation and the true figures behind them to `folder`; return the risk by outcome.

    `tables` has the exported tables of the counts, `areas` the areas of the region, `releases` all earlier releases;
    `progress` is called with the number of finished problems and of all, and `pool` solves them.  Raises ProtectError.
    """
    import polars as pl

    from pipelines.publication.cooperation import cells, earlier, figures, protect
    from pipelines.publication.disclosure.packed import PackedCells

    # Read again after the protection, which in a long history has no memory to spare.
    figures_file = pl.scan_parquet(tables / "mart_cooperation.parquet").filter(pl.col("territory").is_in(areas))
    returns = pl.read_parquet(tables / "mart_cooperation_return.parquet")
    before = [frame for release in releases if (frame := release.read_cooperation()) is not None]
    packed = PackedCells(cells.select_cells(figures_file))
    protected = protect.protect_cooperation(packed, before, cache, progress, pool)
    public = protect.read_public(protected.cells)
    reported = figures.read_reported(figures_file)
    national = pl.read_parquet(tables / "dim_area.parquet").filter(
        pl.col("area_kind") == "territory", pl.col("area").is_in(areas)
    )
    mirror = figures.build_mirror(public, reported, returns, national.sort("sort")["area"].to_list())
    written = {
        **protect.split_public(public),
        "cooperation_outcome": figures.build_outcomes(public, reported),
        "mirror": mirror,
        "mirror_year": figures.summarise_mirror(mirror),
    }
    for name in figures.COOPERATION_TABLES:
        written[name].write_parquet(folder / f"{name}.parquet")
    earlier.record_release(protected.cells).write_parquet(folder / COOPERATION_FILE)
    return protected.report.count_cells()
