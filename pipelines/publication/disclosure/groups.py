"""Find totals with a single category, which reveal the category of all their persons, and counts of a single case.

If seven persons are published and all seven are women, everyone who knows one of the seven knows her sex.  The cell of
the women and the zeros of the others reveal the same, so all categories of the total are hidden together.
"""

from __future__ import annotations

import polars as pl

from pipelines.core import codes
from pipelines.publication.disclosure.structure import NOT_APPLICABLE, OUTSIDE, TOTAL

SENSITIVE = ("victim_status", "sex", "age", "exploitation", "citizenship")
"""Dimensions that are properties of a person.

The offence is not among them, because most groups have a single one, nor the sanction of those who were sentenced.
"""
ADULTS = ("age", "Y_GE18")
"""The category that is not hidden if all persons have it: most defendants are adults."""


def mark_uniform_groups(cells: pl.DataFrame, *, threshold: int) -> pl.Series:
    """Return a mask of the categories of totals that are at least `threshold` and fall into one category.

    `cells` have the columns of `codes.CELL_KEY`, `reporters` and `value`.  A total of which only one category is
    published is that category itself, and reveals nothing more.
    """
    numbered = cells.with_row_index("_number").lazy()
    uniform = [
        _find_uniform(numbered, dimension, threshold)
        for dimension in SENSITIVE
        if not cells[dimension].is_in(_list_others(dimension)).all()
    ]
    numbers = pl.concat(uniform).collect()["_number"].to_list() if uniform else []
    return pl.Series(range(cells.height)).is_in(numbers)


def _list_others(dimension: str) -> list[str]:
    """Return the codes of a dimension that are not categories, such as that of its total."""
    return [TOTAL, NOT_APPLICABLE, *OUTSIDE.get(dimension, ())]


def _find_uniform(numbered: pl.LazyFrame, dimension: str, threshold: int) -> pl.LazyFrame:
    """Return the column `_number` of the cells in a group of one dimension whose total falls into one category."""
    place = [*(column for column in codes.CELL_KEY if column != dimension), "reporters"]
    categories = numbered.filter(~pl.col(dimension).is_in(_list_others(dimension)))
    totals = numbered.filter(pl.col(dimension) == TOTAL).select(*place, pl.col("value").alias("_total")).unique(place)
    is_whole = pl.col("value") == pl.col("_total")
    if dimension == ADULTS[0]:
        is_whole &= pl.col(dimension) != ADULTS[1]
    return (
        categories.join(totals, on=place, nulls_equal=True)
        .filter(
            (pl.col("_total") >= threshold)
            & is_whole.any().over(place)
            & (pl.col(dimension).n_unique().over(place) > 1)
        )
        .select("_number")
    )


def mark_single_cases(cells: pl.DataFrame) -> pl.Series:
    """Return a mask of the counts of persons that all belong to one case, where the same cell counts cases, too."""
    unit = [column for column in codes.CELL_KEY if column != "count_unit"]
    folded = (
        cells.lazy().with_columns(pl.col(codes.BREAKDOWNS).replace(NOT_APPLICABLE, TOTAL)).with_row_index("_number")
    )
    is_case = pl.col("count_unit") == "case"
    single = folded.filter(is_case & (pl.col("value") == 1)).select(*unit, "reporters").unique()
    persons = folded.filter(~is_case & (pl.col("value") > 0)).join(
        single, on=[*unit, "reporters"], how="semi", nulls_equal=True
    )
    return pl.Series(range(cells.height)).is_in(persons.select("_number").collect()["_number"].to_list())
