"""Audit a release as one reader sees it: the public, or an office that subtracts its own figures.

Every reader holds all earlier releases too.  The protection keeps the public from working out any cell; against offices
it does not protect, and this audit measures what they can find (decision 6).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure import audit, earlier, lifting, ties
from pipelines.publication.disclosure.protect import WIDTH, Problem
from pipelines.publication.disclosure.readers import Reader
from pipelines.publication.disclosure.space import Array
from pipelines.publication.disclosure.structure import years_of
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

RESULTS = ("disclosed", "narrow", "unknown")


def audit_release(cells: pl.DataFrame, releases: Sequence[pl.DataFrame], reader: Reader) -> pl.DataFrame:
    """Return the withheld cells of a release that are not the reader's own, with the `result` of the audit of each.

    `cells` and the earlier `releases` have the columns `earlier.STORED`, with true values in `cells`.  A result is
    `protected`, or one of `RESULTS`.  Raises ValueError if the true counts of the release are not known.
    """
    if cells["value"].null_count():
        raise ValueError("the true counts behind this release were not kept")
    combined = earlier.combine_releases(
        cells.with_row_index("_row"), releases, threshold=SMALLEST_PUBLISHED_COUNT
    ).sort(*codes.CELL_KEY, "states", "reporters", "_row", nulls_last=True)  # fmt: skip
    published = combined.join(
        cells.with_row_index("_row").select("_row", "is_published"), on="_row", how="left", maintain_order="left"
    ).with_columns(is_public=pl.col("was_published") | pl.col("is_published").fill_null(False))
    blocks = ties.with_family(published).partition_by(ties.TIED, maintain_order=True)
    return pl.concat([_audit_block(block, reader) for block in blocks])


def _audit_block(block: pl.DataFrame, reader: Reader) -> pl.DataFrame:
    name = " ".join(block.row(0, named=True)[column] for column in ties.TIED)
    if block["is_public"].all():
        return _describe(block, np.zeros(block.height, dtype=bool), {}, np.zeros(block.height, dtype=np.int64))
    problem = Problem(block, name)
    cells = block.filter(pl.Series(problem.kept))
    hidden = ~cells["is_public"].to_numpy()
    # How the jurisdictions of a territory share its quarters is in no margin, so their own figures need the leaves.
    view = problem.views.margins if _is_whole(cells, reader) else problem.views.leaves
    own_figures = None
    if reader.areas:
        population = audit.find_population(problem.views.margins)
        if population is None:
            raise ValueError(f"{name}: no population with the true counts was found")
        if view is problem.views.leaves:
            (population,) = lifting.lift_populations([population], problem.views.blocks, view)
        own_figures = (reader.find_own_columns(view), population)
    report = audit.audit_cells(view, hidden, name=name, width=WIDTH, own_figures=own_figures)
    is_audited = hidden if own_figures is None else hidden & (abs(view.matrix) @ ~own_figures[0] > 0)[view.rows]
    return _describe(cells, is_audited, {result: getattr(report, result) for result in RESULTS}, view.rows)


def _is_whole(cells: pl.DataFrame, reader: Reader) -> bool:
    """Return True for the public and for whole territories."""
    territories = cells.filter(pl.col("area_kind") == "territory")["area"]
    return not reader.areas or bool(territories.is_in(list(reader.areas)).any())


def _describe(cells: pl.DataFrame, is_audited: Array, rows: dict[str, Sequence[int]], row_of: Array) -> pl.DataFrame:
    result: Array = np.full(cells.height, "protected", dtype=object)
    for name, failed in rows.items():
        result[np.isin(row_of, failed)] = name
    return (
        cells.select(*codes.CELL_KEY, "territory", "value", "_row")
        .with_columns(
            pl.Series("result", result, dtype=pl.String),
            year=pl.col("period").map_elements(lambda period: years_of(period)[-1], return_dtype=pl.String),
        )
        .filter(pl.Series(is_audited) & pl.col("_row").is_not_null())
        .drop("_row")
    )


def count_results(results: pl.DataFrame, by: str = "year") -> pl.DataFrame:
    """Return the numbers of audited cells, of those of each result, and of small counts that can be found."""
    is_small = pl.col("value").is_between(1, SMALLEST_PUBLISHED_COUNT - 1)
    return (
        results.group_by(by)
        .agg(
            pl.len().alias("hidden"),
            *((pl.col("result") == name).sum().alias(name) for name in RESULTS),
            ((pl.col("result") == "disclosed") & is_small).sum().alias("small"),
        )
        .sort(by)
    )
