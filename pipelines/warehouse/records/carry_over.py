"""Public figures from records beside those of the release before: what may be told anew, and the lags made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.statistics import records_rule as rule
from pipelines.warehouse.records.declared_programme import RecordProgramme
from pipelines.warehouse.records.schema import AREA, schema
from pipelines.warehouse.records.wide_frames import GROUPS, cell

if TYPE_CHECKING:
    import polars as pl

_VALUE = {"record_dispersion": "phi"}


def shown(tables: dict[str, pl.DataFrame], members: pl.DataFrame) -> pl.DataFrame:
    """Of the members those of cells in which the public sees a figure."""
    import polars as pl

    cells = [
        frame.filter(pl.col(_VALUE.get(name, "value")).is_not_null())
        .rename({"area": "jurisdiction"})
        .select(pl.lit(name).alias("table"), cell(name).alias("cell"))
        .unique()
        for name, frame in tables.items()
        if name in GROUPS
    ]
    return members.join(pl.concat(cells), on=["table", "cell"], how="semi", maintain_order="left")


def hold(
    tables: dict[str, pl.DataFrame],
    members: pl.DataFrame,
    released: dict[str, pl.DataFrame],
    released_members: pl.DataFrame,
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The tables and their members, with each cell of the release kept as it was where too few persons have moved.

    A kept cell is kept whole, with the day up to which it was made: that nothing and that one person has changed look
    alike.  `tables` and `released` have the columns of the schema; the members are those behind what is shown.
    """
    import polars as pl

    kept = rule.moved(released_members, members).filter(~pl.col("moved")).select("table", "cell")
    out = {}
    for name, frame in tables.items():
        cells = kept.filter(pl.col("table") == name).select("cell")
        fresh = _named(frame, name).join(cells, on="cell", how="anti", maintain_order="left")
        old = _named(released[name], name).join(cells, on="cell", how="semi", maintain_order="left")
        out[name] = pl.concat([fresh, old]).drop("cell")
    key = ["table", "cell"]
    held = released_members.join(kept, on=key, how="semi", maintain_order="left")
    return out, pl.concat([members.join(kept, on=key, how="anti", maintain_order="left"), held])


def _named(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """A table with the names of its cells, in which the area is called by its jurisdiction."""
    names = table.rename({"area": "jurisdiction"}).select(cell(name).alias("cell"))
    return table.with_columns(names.to_series())


def lags(durations: pl.DataFrame, sizes: pl.DataFrame, programme: RecordProgramme) -> pl.DataFrame:
    """The lag of each ratio that the programme names, from the median as it stands in the table of durations.

    `sizes`: `AREA`, `stage`, `n_persons`: of several registers of one area that of the most persons is taken.
    """
    import polars as pl

    from pipelines.statistics.durations import DAYS_OF_PERIOD, lag_periods

    medians = durations.filter(pl.col("freq") == "_T", pl.col("statistic") == "median", pl.col("value").is_not_null())
    by = [*AREA, "stage"]
    largest = (
        medians.join(sizes.select(*by, "n_persons"), on=by, how="left")
        .sort("n_persons", "source", descending=[True, False], nulls_last=True)
        .unique(["area_kind", "area", "offence_group", "stage"], keep="first", maintain_order=True)
    )
    rows = [
        {name: row[name] for name in by}
        | {"denominator": lag.denominator, "numerator": numerator, "freq": freq}
        | {"lag_periods": lag_periods(row["value"], freq), "median_days": row["value"], "is_public": True}
        for lag in programme.lags
        for row in largest.filter(pl.col("stage") == lag.stage).iter_rows(named=True)
        for numerator in lag.numerators
        for freq in DAYS_OF_PERIOD
    ]
    return pl.DataFrame(rows, schema=schema("record_lag"), orient="row")
