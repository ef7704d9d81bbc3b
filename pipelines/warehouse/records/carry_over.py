"""Compare public figures from records with the previous release: decide which may change, and derive the lags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.statistics import records_rule as rule
from pipelines.warehouse.records.declared_programme import RecordProgramme
from pipelines.warehouse.records.schema import ALL, AREA, table_schema
from pipelines.warehouse.records.wide_frames import GROUPS, name_cell

if TYPE_CHECKING:
    import polars as pl

_VALUE = {"record_dispersion": "phi"}


def select_public_members(tables: dict[str, pl.DataFrame], members: pl.DataFrame) -> pl.DataFrame:
    """Return the members of those cells that have a public figure."""
    import polars as pl

    cells = [
        frame.filter(pl.col(_VALUE.get(name, "value")).is_not_null())
        .rename({"area": "jurisdiction"})
        .select(pl.lit(name).alias("table"), name_cell(name).alias("cell"))
        .unique()
        for name, frame in tables.items()
        if name in GROUPS
    ]
    return members.join(pl.concat(cells), on=["table", "cell"], how="semi", maintain_order="left")


def carry_over_cells(
    tables: dict[str, pl.DataFrame],
    members: pl.DataFrame,
    released: dict[str, pl.DataFrame],
    released_members: pl.DataFrame,
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """Return tables and members in which a cell keeps its released rows if too few persons in it have changed.

    All rows of such a cell are kept, including the day up to which it was computed, so that readers cannot distinguish
    no change from a change of one person.  `tables` and `released` have the columns of the schema; the members are the
    persons behind public figures.  The result also has the released lags of the medians that are kept (`record_lag`).
    """
    import polars as pl

    unmoved = rule.find_updatable_cells(released_members, members).filter(~pl.col("moved")).select("table", "cell")
    merged = {}
    for name, frame in tables.items():
        cells = unmoved.filter(pl.col("table") == name).select("cell")
        changed_rows = _with_cell_names(frame, name).join(cells, on="cell", how="anti", maintain_order="left")
        released_rows = _with_cell_names(released[name], name).join(cells, on="cell", how="semi", maintain_order="left")
        merged[name] = pl.concat([changed_rows, released_rows]).drop("cell")
    kept_durations = unmoved.filter(pl.col("table") == "record_duration")
    merged["record_lag"] = _with_cell_of_median(released["record_lag"]).join(kept_durations, on="cell", how="semi")
    key = ["table", "cell"]
    unmoved_members = released_members.join(unmoved, on=key, how="semi", maintain_order="left")
    return merged, pl.concat([members.join(unmoved, on=key, how="anti", maintain_order="left"), unmoved_members])


def _with_cell_names(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """Add the names of a table's cells, in which the area appears under the column name `jurisdiction`."""
    names = table.rename({"area": "jurisdiction"}).select(name_cell(name).alias("cell"))
    return table.with_columns(names.to_series())


def _with_cell_of_median(lags: pl.DataFrame) -> pl.DataFrame:
    """Add the names of the cells with the medians from which the lags follow: those of all persons in the records."""
    import polars as pl

    medians = lags.with_columns(freq=pl.lit(ALL), entered=pl.lit(ALL))
    return lags.with_columns(_with_cell_names(medians, "record_duration")["cell"])


def find_lags(
    exact: pl.DataFrame,
    published: pl.DataFrame,
    sizes: pl.DataFrame,
    programme: RecordProgramme,
    kept: pl.DataFrame | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the restricted and the public lags of the ratios in the programme.

    `exact` and `published` are the tables of durations, unrounded and rounded; `sizes` has `AREA`, `stage` and
    `n_persons`.  A lag is computed once, from the exact median, and is public if the median is: so both sides divide by
    the same period.  A median that is kept as released keeps its released lag (`kept`), for both sides.  If an area has
    several registers, one with a public median is used, of these the largest.
    """
    import polars as pl

    from pipelines.statistics.durations import DAYS_OF_PERIOD, lag_periods

    by = [*AREA, "stage"]
    rounded = _select_medians(published).select(*by, rounded="value")
    largest = (
        _select_medians(exact)
        .join(rounded, on=by, how="left")
        .join(sizes.select(*by, "n_persons"), on=by, how="left")
        .sort(pl.col("rounded").is_null(), "n_persons", "source", descending=[False, True, False], nulls_last=True)
        .unique(["area_kind", "area", "offence_group", "stage"], keep="first", maintain_order=True)
    )
    rows = [
        {name: row[name] for name in by}
        | {"denominator": lag.denominator, "numerator": numerator, "freq": freq}
        | {"lag_periods": lag_periods(row["value"], freq), "median_days": row["value"]}
        | {"is_public": row["rounded"] is not None, "rounded": row["rounded"]}
        for lag in programme.lags
        for row in largest.filter(pl.col("stage") == lag.stage).iter_rows(named=True)
        for numerator in lag.numerators
        for freq in DAYS_OF_PERIOD
    ]
    schema = table_schema("record_lag") | {"rounded": pl.Float64()}
    lags = pl.DataFrame(rows, schema=schema, orient="row")
    if kept is not None:
        lags = _with_kept_lags(lags, kept)
    public = lags.filter("is_public").with_columns(median_days="rounded")
    return lags.drop("rounded"), public.drop("rounded")


def _select_medians(durations: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return durations.filter(pl.col("freq") == ALL, pl.col("statistic") == "median", pl.col("value").is_not_null())


def _with_kept_lags(lags: pl.DataFrame, kept: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    key = [*AREA, "stage", "denominator", "numerator", "freq"]
    kept_periods = kept.select(*key, kept_periods="lag_periods")
    return (
        lags.join(kept_periods, on=key, how="left", maintain_order="left")
        .with_columns(lag_periods=pl.coalesce("kept_periods", "lag_periods"))
        .drop("kept_periods")
    )
