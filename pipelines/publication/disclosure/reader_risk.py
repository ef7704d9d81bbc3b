"""Assess a release as one reader sees it: the public, or an office that subtracts its own figures.

Every reader holds all earlier releases too.  The protection keeps the public from working out any cell, and offices
from working out small counts of others.  This assessment examines all cells for any reader, and so measures what else
offices can find (decision 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure import earlier, programme, risk, ties
from pipelines.publication.disclosure.problem import WIDTH, ProtectionProblem
from pipelines.publication.disclosure.readers import InformedReader
from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
from pipelines.publication.disclosure.space import Array
from pipelines.publication.disclosure.structure import years_of
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

RESULTS = ("disclosed", "narrow", "unknown")


def assess_release(
    cells: pl.DataFrame,
    releases: Sequence[pl.DataFrame],
    reader: InformedReader,
    figures: ReleasedRecordFigures | None = None,
) -> pl.DataFrame:
    """Return the withheld cells of a release that are not the reader's own, with the `result` for each.

    `cells` and the earlier `releases` have the columns `earlier.STORED`, with true values in `cells`.  `figures`
    are those from case records that the release shows, which every reader compares with the counts.  A result is
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
    if reader.knows_printed:
        is_printed = programme.mark_printed_totals(published, SMALLEST_PUBLISHED_COUNT)
        published = published.with_columns(is_public=pl.col("is_public") | is_printed)
    blocks = ties.with_family(published).partition_by(ties.TIED, maintain_order=True)
    return pl.concat([_assess_block(block, reader, figures) for block in blocks])


def _assess_block(block: pl.DataFrame, reader: InformedReader, figures: ReleasedRecordFigures | None) -> pl.DataFrame:
    name = " ".join(block.row(0, named=True)[column] for column in ties.TIED)
    if block["is_public"].all():
        return _describe(block, np.zeros(block.height, dtype=bool), {}, np.zeros(block.height, dtype=np.int64))
    problem = ProtectionProblem(block, name, figures)
    cells = block.filter(pl.Series(problem.kept))
    hidden = ~cells["is_public"].to_numpy()
    view = problem.views.margins
    own_figures = None
    if reader.areas:
        own_figures = (reader.find_own_columns(view), problem.find_true_population(name))
    report = risk.assess_cells(view, hidden, name=name, width=WIDTH, own_figures=own_figures)
    is_assessed = hidden if own_figures is None else hidden & (abs(view.matrix) @ ~own_figures[0] > 0)[view.rows]
    return _describe(cells, is_assessed, {result: getattr(report, result) for result in RESULTS}, view.rows)


def _describe(cells: pl.DataFrame, is_assessed: Array, rows: dict[str, Sequence[int]], row_of: Array) -> pl.DataFrame:
    result: Array = np.full(cells.height, "protected", dtype=object)
    for name, failed in rows.items():
        result[np.isin(row_of, failed)] = name
    return (
        cells.with_columns(programme.name_table().alias("table"))
        .select(*codes.CELL_KEY, "territory", "value", "table", "_row")
        .with_columns(
            pl.Series("result", result, dtype=pl.String),
            year=pl.col("period").map_elements(lambda period: years_of(period)[-1], return_dtype=pl.String),
        )
        .filter(pl.Series(is_assessed) & pl.col("_row").is_not_null())
        .drop("_row")
    )


def count_results(results: pl.DataFrame, by: Literal["year", "table"] = "year") -> pl.DataFrame:
    """Return the numbers of assessed cells, of those of each result, and of small counts that can be found or narrowed.

    A pool belongs to its last year, and a cell of two tables to the first.
    """
    is_small = pl.col("value").is_between(1, SMALLEST_PUBLISHED_COUNT - 1)
    return (
        results.group_by(by)
        .agg(
            pl.len().alias("hidden"),
            *((pl.col("result") == name).sum().alias(name) for name in RESULTS),
            ((pl.col("result") != "protected") & is_small).sum().alias("small"),
        )
        .sort(by)
    )
