"""Assess the figures of cooperation of a release as one reader sees them: the public, or partners of requests.

Each partner knows both halves of its pairs, and all earlier releases.  The protection keeps small counts of others from
partners.  This assessment examines all withheld figures, and so measures what else partners can find (decision 30).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.publication.cooperation import cells as programme
from pipelines.publication.cooperation import earlier, equations
from pipelines.publication.disclosure import risk
from pipelines.publication.disclosure.problem import WIDTH
from pipelines.publication.disclosure.reader_risk import RESULTS
from pipelines.publication.disclosure.readers import InformedReader
from pipelines.publication.disclosure.space import Array
from pipelines.publication.disclosure.witnesses import Witnesses

NOT_PUBLISHED = "cooperation_outcome_partner"
"""Name in the results of the figures outside the programme, such as outcomes by partner."""


def assess_release(cells: pl.DataFrame, releases: Sequence[pl.DataFrame], reader: InformedReader) -> pl.DataFrame:
    """Return what one reader finds in the figures of cooperation of a release (`CooperationAssessment`)."""
    return CooperationAssessment(cells, releases).assess_reader(reader)


class CooperationAssessment:
    """The assessment of one release as several readers: populations found for one often protect figures from others.

    `cells` and the earlier `releases` have the columns `earlier.STORED`.
    """

    def __init__(self, cells: pl.DataFrame, releases: Sequence[pl.DataFrame]) -> None:
        combined = earlier.combine_releases(cells, releases)
        published_now = cells.filter("is_published").select(*programme.KEY, is_now=pl.lit(True), is_shown=pl.lit(True))
        marked = combined.join(
            published_now, on=[*programme.KEY, "is_now"], how="left", maintain_order="left"
        ).with_columns(is_public=pl.col("was_published") | pl.col("is_shown").fill_null(False))
        # An empty frame would have no columns of results.
        blocks = marked.partition_by("offence_group", "subject", maintain_order=True) or [marked]
        self._problems = [_AssessedProblem(block) for block in blocks]

    def assess_reader(self, reader: InformedReader) -> pl.DataFrame:
        """Return the withheld figures that are not the reader's own, with the `result` for each.

        Of the figures outside the programme only small ones are assessed, because nothing publishes the others.  A
        result is `protected`, or one of `RESULTS`.
        """
        return pl.concat([problem.assess_reader(reader) for problem in self._problems])


class _AssessedProblem:
    """One problem of a release, with the populations found so far."""

    def __init__(self, block: pl.DataFrame) -> None:
        self._block = block
        self._space = equations.build_space_of_releases(block)
        self._truth = equations.find_true_population(self._space)
        self._hidden: Array = ~block["is_public"].to_numpy()
        published = risk.find_published_rows(self._space, self._hidden)
        self._witnesses = Witnesses(self._space, self._truth, published)

    def assess_reader(self, reader: InformedReader) -> pl.DataFrame:
        is_small = pl.col("value").is_between(1, pl.col("least") - 1)
        is_assessed = self._block.select(
            pl.col("is_now") & ~pl.col("is_public") & ((pl.col("table_id") != "") | is_small)
        ).to_series()
        own_columns = reader.find_own_columns(self._space)
        chosen = is_assessed.to_numpy() & ~own_columns[: self._space.cells]
        report = risk.assess_cells(
            self._space,
            self._hidden,
            name="cooperation",
            width=WIDTH,
            witnesses=self._witnesses,
            own_figures=(own_columns, self._truth) if own_columns.any() else None,
            assessed=chosen,
        )
        self._witnesses.add_populations(report.witnesses)
        result: Array = np.full(self._space.cells, "protected", dtype=object)
        for name in RESULTS:
            result[list(getattr(report, name))] = name
        table = pl.when(pl.col("table_id") == "").then(pl.lit(NOT_PUBLISHED)).otherwise(pl.col("table_id"))
        return self._block.select(
            *(name for name in programme.KEY if name != "year"),
            pl.col("year").cast(pl.String),
            "value",
            table.alias("table"),
            pl.Series("result", result, dtype=pl.String),
        ).filter(pl.Series(chosen, dtype=pl.Boolean))
