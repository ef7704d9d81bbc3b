"""Compute control totals of a return, by which its sender can see whether the file was read correctly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.core import codes

if TYPE_CHECKING:
    import polars as pl

_BY = ("jurisdiction", "freq", "period", "measure", "level", "count_unit", "statistic", "offence_group")
_WHOLE = ("_T", "_Z")


def compute_totals(observations: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one dict per jurisdiction, period, measure, unit and offence group, in that order.

    `sum` adds all numbers, including parts of others: it is for comparison with the file and is not a count. `total`
    adds only cells in which no dimension is broken down (`_T` or `_Z`; if the office reports both single articles and
    all articles together, only the latter), and is None if there are none. `cells` and `missing` count the cells with
    and without a number.
    """
    import polars as pl

    if not observations.height:
        return []
    groups = {code: row["offence_group"] for code, row in codes.read_codelist("offence").items()}
    dimensions = [
        n
        for n in (*codes.DIMENSIONS_WITH_TOTAL, "partner", *codes.COOPERATION_DIMENSIONS)
        if n in observations.columns and n not in ("age", "sex")
    ]
    rows = observations.with_columns(
        offence_group=pl.col("offence").replace_strict(groups, default=pl.col("offence"), return_dtype=pl.String),
        _whole=pl.all_horizontal(pl.col(n).is_in(_WHOLE) for n in [*dimensions, "sex", "age"]),
        _all_articles=pl.col("law_article") == "_T",
    )
    any_all = (pl.col("_whole") & pl.col("_all_articles")).any().over(_BY)
    rows = rows.with_columns(_counts=pl.col("_whole") & (pl.col("_all_articles") | ~any_all))
    counted = pl.col("value").filter(pl.col("_counts"))
    sums = (
        rows.group_by(_BY)
        .agg(
            cells=pl.col("value").count(),
            missing=pl.col("value").null_count(),
            sum=pl.col("value").sum(),
            total=pl.when(counted.count() > 0).then(counted.sum()),
        )
        .sort(_BY)
    )
    return [{name: _as_plain_number(value) for name, value in row.items()} for row in sums.iter_rows(named=True)]


def _as_plain_number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
