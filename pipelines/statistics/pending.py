"""Age of pending matters: stays that are open on the last day of the records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.statistics.durations import QUANTILES, count_contributors
from pipelines.statistics.records_rule import has_enough_on_each_side
from pipelines.statistics.stages import AREA, UNIT

if TYPE_CHECKING:
    import polars as pl

AGE_BANDS: tuple[tuple[str, int], ...] = (
    ("under_6_months", 0),
    ("6_to_12_months", 183),
    ("1_to_2_years", 365),
    ("2_to_3_years", 730),
    ("3_to_5_years", 1096),
    ("5_years_and_over", 1826),
)
"""Code and lower bound in days; each band ends where the next one starts."""


def find_pending_stays(stays: pl.DataFrame) -> pl.DataFrame:
    """Return the stays that are open at the end of the records of each source, with their ages in days.

    `age` counts from the start of this stay, `age_of_matter` from that of the first stay of the unit; the second is
    longer after a retrial was ordered.
    """
    import polars as pl

    return (
        stays.with_columns(began=pl.col("start").min().over(UNIT))
        .filter(pl.col("closed_by").is_null(), pl.col("run_until") == pl.col("known_until"))
        .with_columns(age=pl.col("days"), age_of_matter=(pl.col("until") - pl.col("began")).dt.total_days())
    )


def summarise_ages(stays: pl.DataFrame, by: Sequence[str] = AREA, *, of: str = "age") -> pl.DataFrame:
    """Summarise the ages of pending stays by group.

    Columns: `by`, `as_at`, `seen_from`, `n_persons`, `n_proceedings`, `largest_share`, quantiles, `oldest_over`,
    `oldest_n`, `n_unknown`.  `median p75 p90` are in days, the smallest age that this share of stays does not exceed,
    each with `_side` and `_side_proceedings`; they have no interval, because all pending stays are counted.
    `oldest_over` is the highest bound of an age band that at least five persons of two proceedings have passed, and
    `oldest_n` the number of these persons; the single oldest stay is never shown.  Stays that began before `seen_from`
    are not in the records.  `n_unknown` stays were open when the records broke off earlier (a missing return); whether
    they still are is unknown.  `of`: `age` or `age_of_matter`.
    """
    import polars as pl

    broken_off = stays.filter(pl.col("closed_by").is_null(), pl.col("run_until") < pl.col("known_until"))
    unknown = broken_off.group_by(list(by)).agg(n_unknown=pl.len())
    rows = []
    for key, group in find_pending_stays(stays).group_by(list(by), maintain_order=True):
        values, clusters = np.sort(group[of].to_numpy()), group.sort(of)["cluster"].to_numpy()
        row: dict[str, Any] = dict(zip(by, key, strict=True))
        row |= {"as_at": group["until"].max(), "seen_from": group["run_from"].min()}
        row |= count_contributors(group["person"].to_numpy(), group["cluster"].to_numpy())
        for name, p in QUANTILES.items():
            value = int(values[math.ceil(p * len(values) - 1e-9) - 1])
            near, far = values <= value, values >= value
            n_files = min(len(np.unique(clusters[near])), len(np.unique(clusters[far])))
            row |= {
                name: value,
                f"{name}_side": int(min(near.sum(), far.sum())),
                f"{name}_side_proceedings": n_files,
            }
        for _, bound in AGE_BANDS:
            older = group.filter(pl.col(of) >= bound)
            if has_enough_on_each_side(older["person"].n_unique(), older["cluster"].n_unique()):
                row |= {"oldest_over": bound, "oldest_n": older["person"].n_unique()}
        rows.append(row)
    summary = pl.DataFrame(rows, schema=_schema(stays, by), orient="row")
    return (
        summary.join(unknown, on=list(by), how="left", nulls_equal=True)
        .with_columns(pl.col("n_unknown").fill_null(0).cast(pl.Int64))
        .sort(by)
    )


def count_age_bands(stays: pl.DataFrame, by: Sequence[str] = AREA, *, of: str = "age") -> pl.DataFrame:
    """Count pending stays by age band, wide: `by`, the codes of `AGE_BANDS`, the columns of `count_contributors`."""
    import polars as pl

    codes = [code for code, _ in AGE_BANDS]
    bounds = [bound for _, bound in AGE_BANDS]
    rows = []
    for key, group in find_pending_stays(stays).group_by(list(by), maintain_order=True):
        places = np.searchsorted(bounds, group[of].to_numpy(), side="right") - 1
        row: dict[str, Any] = dict(zip(by, key, strict=True))
        row |= count_contributors(group["person"].to_numpy(), group["cluster"].to_numpy())
        rows.append(row | {code: int((places == place).sum()) for place, code in enumerate(codes)})
    schema = {name: stays.schema[name] for name in by} | _behind() | dict.fromkeys(codes, pl.Int64())
    return pl.DataFrame(rows, schema=schema, orient="row").sort(by)


def _behind() -> dict[str, Any]:
    import polars as pl

    return {"n_persons": pl.Int64(), "n_proceedings": pl.Int64(), "largest_share": pl.Float64()}


def _schema(stays: pl.DataFrame, by: Sequence[str]) -> dict[str, Any]:
    import polars as pl

    schema: dict[str, Any] = {name: stays.schema[name] for name in by}
    schema |= {"as_at": pl.Date(), "seen_from": pl.Date()} | _behind()
    for name in QUANTILES:
        schema |= {name: pl.Float64(), f"{name}_side": pl.Int64(), f"{name}_side_proceedings": pl.Int64()}
    return schema | {"oldest_over": pl.Int64(), "oldest_n": pl.Int64()}
