"""Assess a release as one reader sees it: the public, or an office that subtracts its own figures.

Every reader holds all earlier releases too.  The protection keeps the public from working out any cell, and offices
from working out small counts of others.  This assessment examines all cells for any reader, and so measures what else
offices can find (decision 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure import earlier, programme, risk, ties
from pipelines.publication.disclosure.problem import WIDTH, ProtectionProblem
from pipelines.publication.disclosure.readers import ELSEWHERE, PRINTED, InformedReader
from pipelines.publication.disclosure.record_figures import ReleasedRecordFigures
from pipelines.publication.disclosure.space import Array
from pipelines.publication.disclosure.structure import years_of
from pipelines.publication.disclosure.witnesses import Witnesses
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT

RESULTS = ("disclosed", "narrow", "unknown")


def assess_release(
    cells: pl.DataFrame,
    releases: Sequence[pl.DataFrame],
    reader: InformedReader,
    figures: ReleasedRecordFigures | None = None,
) -> pl.DataFrame:
    """Return what one reader finds in a release (`ReleaseAssessment`)."""
    return ReleaseAssessment(cells, releases, figures).assess_reader(reader)


class ReleaseAssessment:
    """The assessment of one release as several readers: populations found for one often protect cells from others.

    `cells` and the earlier `releases` have the columns `earlier.STORED`, with true values in `cells`.  `figures`
    are those from case records that the release shows, which every reader compares with the counts.  `elsewhere` has
    the keys (`codes.CELL_KEY`) of the cells that another publisher states with the same value.  Raises ValueError if
    the true counts of the release are not known.
    """

    def __init__(
        self,
        cells: pl.DataFrame,
        releases: Sequence[pl.DataFrame],
        figures: ReleasedRecordFigures | None = None,
        elsewhere: pl.DataFrame | None = None,
    ) -> None:
        if cells["value"].null_count():
            raise ValueError("the true counts behind this release were not kept")
        combined = earlier.combine_releases(
            cells.with_row_index("_row"), releases, threshold=SMALLEST_PUBLISHED_COUNT
        ).sort(*codes.CELL_KEY, "states", "reporters", "_row", nulls_last=True)  # fmt: skip
        published = combined.join(
            cells.with_row_index("_row").select("_row", "is_published"), on="_row", how="left", maintain_order="left"
        ).with_columns(
            pl.Series(ELSEWHERE, _mark_cells(combined, elsewhere)),
            programme.mark_printed_totals(combined, SMALLEST_PUBLISHED_COUNT).alias(PRINTED),
            is_public=pl.col("was_published") | pl.col("is_published").fill_null(False),
        )
        blocks = ties.with_family(published).partition_by(ties.TIED, maintain_order=True)
        self._blocks = [_AssessedBlock(block, figures) for block in blocks]

    def assess_reader(self, reader: InformedReader) -> pl.DataFrame:
        """Return the withheld cells that are not the reader's own, with the `result` for each.

        A result is `protected`, or one of `RESULTS`.
        """
        return pl.concat([block.assess_reader(reader) for block in self._blocks])


def _mark_cells(combined: pl.DataFrame, keys: pl.DataFrame | None) -> Array:
    """Return a mask of the cells of now that have one of the keys."""
    if keys is None:
        return np.zeros(combined.height, dtype=bool)
    marked = combined.join(
        keys.select(codes.CELL_KEY).unique().with_columns(is_found=pl.lit(True)),
        on=codes.CELL_KEY,
        how="left",
        maintain_order="left",
    )
    mask: Array = (
        marked.select(pl.col("is_found").fill_null(False) & pl.col("_row").is_not_null()).to_series().to_numpy()
    )
    return mask


class _AssessedBlock:
    """One problem of a release, with the populations found so far, by what their reader knows besides releases."""

    def __init__(self, block: pl.DataFrame, figures: ReleasedRecordFigures | None) -> None:
        self._block, self._figures = block, figures
        self._name = " ".join(block.row(0, named=True)[column] for column in ties.TIED)
        self._witnesses: dict[str, Witnesses] = {}

    @cached_property
    def _problem(self) -> ProtectionProblem:
        return ProtectionProblem(self._block, self._name, self._figures)

    @cached_property
    def _truth(self) -> Array:
        return self._problem.find_true_population(self._name)

    def assess_reader(self, reader: InformedReader) -> pl.DataFrame:
        is_known = pl.col("is_public") | pl.col(reader.knows) if reader.knows else pl.col("is_public")
        is_shown: Array = self._block.select(is_known).to_series().to_numpy()
        if is_shown.all():
            nobody: Array = np.zeros(self._block.height, dtype=bool)
            return _describe(self._block, nobody, {}, nobody.astype(np.int64))
        view, is_in_problem = self._problem.views.margins, self._problem.kept
        hidden = ~is_shown[is_in_problem]
        own_columns = reader.find_own_columns(view) if reader.areas else None
        witnesses = self._witnesses.get(reader.knows)
        if witnesses is None:
            witnesses = Witnesses(view, self._truth, risk.find_published_rows(view, hidden))
            self._witnesses[reader.knows] = witnesses
        report = risk.assess_cells(
            view,
            hidden,
            name=self._name,
            width=WIDTH,
            witnesses=witnesses,
            own_figures=None if own_columns is None else (own_columns, self._truth),
        )
        witnesses.add_populations(report.witnesses)
        is_assessed = hidden if own_columns is None else hidden & view.mark_rows_with(~own_columns)[view.rows]
        failed = {result: getattr(report, result) for result in RESULTS}
        return _describe(self._block.filter(pl.Series(is_in_problem)), is_assessed, failed, view.rows)


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
