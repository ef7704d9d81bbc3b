"""A correction of one number, carried through all cells of the programme that contain it."""

from __future__ import annotations

import polars as pl

TERRITORY, MEASURE, GROUP, QUARTER = "AL", "indicted", "TIP", "2025-Q2"


def correct_one_person(
    cells: pl.DataFrame, by: float = 1.0, *, territory: str = TERRITORY, quarter: str = QUARTER
) -> pl.DataFrame:
    """Return the cells with further men in a quarter of one territory; `cells` have the programme's true counts.

    The men are adults, and are accused of the first offence that the territory reports in that year.
    """
    is_of_measure = (pl.col("measure") == MEASURE) & (pl.col("offence_group") == GROUP)
    year = quarter[:4]
    offences = cells.filter(is_of_measure & (pl.col("area") == territory) & (pl.col("period") == year))["offence"]
    offence = offences.filter(offences != "_T").sort()[0]
    first, last = (pl.col("period").str.split("-").list.get(i).cast(pl.Int64, strict=False) for i in (0, -1))
    has_quarter = (pl.col("period") == quarter) | (
        ~pl.col("period").str.contains("Q") & (first <= int(year)) & (last >= int(year))
    )
    has_territory = pl.col("reporters").str.split(",").list.contains(territory)
    is_of_men = (
        pl.col("sex").is_in(["_T", "_Z", "M"])
        & pl.col("age").is_in(["_T", "_Z", "Y_GE18"])
        & pl.col("offence").is_in(["_T", "_Z", offence])
    )
    is_corrected = is_of_measure & has_quarter & has_territory & is_of_men
    return cells.with_columns(
        pl.when(is_corrected).then(pl.col("value") + by).otherwise(pl.col("value")).alias("value")
    )
