"""Sentences from case records: kinds, lengths, and their position within the statutory range on the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.core import codes
from pipelines.declarations.law import Law
from pipelines.statistics.durations import (
    QUARTILES,
    count_contributors,
    estimate_curve,
    find_quantile,
    named_quantile,
    quantile_schema,
)
from pipelines.statistics.matters import in_matters
from pipelines.statistics.record_shares import count_share, counted_schema, insert_shares
from pipelines.statistics.stages import AREA

if TYPE_CHECKING:
    import polars as pl

SENTENCED = {"first": "sentenced_first", "final": "sentenced_final"}
GRAVEST_FIRST = ("prison", "juvenile", "prison_suspended", "community", "fine", "other", "_U")
"""Of several sanctions of a person on one day, the first in this order is the principal one (a project choice)."""
BY = (*AREA, "period")


def find_imposed_sentences(events: pl.DataFrame, law: Mapping[str, Law], *, level: str = "first") -> pl.DataFrame:
    """Return the last sentence imposed on each person in each matter and period; of several on that day the gravest.

    A sentence after a retrial in a later period is counted again: the unit is a sentence imposed.

    Columns: `BY`, `person`, `cluster`, `event_date`, `sentence_type`, `months`, `minimum`, `maximum` (months, null if
    the law table does not state them or the article was not in force that day).  `law` is by jurisdiction; the penalty
    is that of the basic form of the article.  Raises KeyError for a level without sentences.
    """
    import polars as pl

    rank = pl.col("sentence_type").replace_strict(
        {code: place for place, code in enumerate(GRAVEST_FIRST)}, default=len(GRAVEST_FIRST), return_dtype=pl.Int64()
    )
    principal = (
        in_matters(events)
        .filter(pl.col("event") == SENTENCED[level])
        .with_columns(sentence_type=pl.col("sentence_type").replace("_Z", "_U"))
        .sort(
            *AREA, "person", "matter", "period", "event_date", rank, "sentence_months", "offence",
            descending=[False] * 7 + [True, False, True, False], nulls_last=True,
        )
        .unique([*BY, "person", "matter"], keep="first", maintain_order=True)
    )  # fmt: skip
    range_by_key = {
        row: _find_statutory_range(law.get(row[0]), row[1], row[2])
        for row in principal.select(_LAW_KEY).unique().rows()
    }
    ranges = [range_by_key[row] for row in principal.select(_LAW_KEY).rows()]
    return principal.with_columns(
        months=pl.col("sentence_months"),
        minimum=pl.Series([low for low, _ in ranges], dtype=pl.Float64()),
        maximum=pl.Series([high for _, high in ranges], dtype=pl.Float64()),
    ).select(*BY, "person", "cluster", "event_date", "sentence_type", "months", "minimum", "maximum")


_LAW_KEY = ("jurisdiction", "law_article", "event_date")


def _find_statutory_range(law: Law | None, article: str, day: date) -> tuple[float | None, float | None]:
    """Return the minimum and maximum imprisonment of an article in months; None if unknown."""
    row, in_force = law.find_article(article, day, day) if law else (None, False)
    if row is None or not in_force:
        return None, None
    low, high = row.row["penalty_min_months"], row.row["penalty_max_months"]
    return float(low) if low else None, float(high) if high else None


def find_statutory_range(
    law: Law, offences: Sequence[str], first: date, last: date
) -> tuple[float | None, float | None]:
    """Return the lowest minimum and highest maximum imprisonment in months of the articles in force for these offences.

    An article counts if it was in force on any of the days.  None means unknown, not zero.
    """
    rows = [a.row for a in law.articles if a.offence in offences and a.in_force(first, last)]
    low = [float(row["penalty_min_months"]) for row in rows if row["penalty_min_months"]]
    high = [float(row["penalty_max_months"]) for row in rows if row["penalty_max_months"]]
    return min(low, default=None), max(high, default=None)


def count_sentence_kinds(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Count persons by principal sanction, wide: `by`, a column for each code of `sentence_type`, `BEHIND`."""
    sanction_codes = [code for code in codes.list_codes("sentence_type") if code not in ("_T", "_Z")]
    return _count_codes(sentences, by, "sentence_type", sanction_codes)


def lengths_by_band(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Count persons sentenced to prison by length band (half open, as `sentence_band`), wide; `_U`: no length."""
    import polars as pl

    rows = codes.read_codelist("sentence_band")
    common = {code: row for code, row in rows.items() if row["common_band"] == code and row["lower_months"]}
    inside = pl.lit("_U")
    for code, row in common.items():
        within = pl.col("months") >= float(row["lower_months"])
        if row["upper_months"]:
            within &= pl.col("months") < float(row["upper_months"])
        inside = pl.when(within).then(pl.lit(code)).otherwise(inside)
    prison = sentences.filter(pl.col("sentence_type") == "prison").with_columns(band=inside)
    return _count_codes(prison, by, "band", [*common, "_U"])


def compute_custody_shares(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Compute `custodial_share` (served imprisonment) and `suspended_share` (suspended) of all known sanctions.

    Each as `record_shares.insert_shares`; null without known sanctions.  Both have the same denominator, so that with
    the other sanctions they add up to 100 %.
    """
    import polars as pl

    def summarise_group(group: pl.DataFrame) -> dict[str, Any]:
        known_sanctions = group.filter(pl.col("sentence_type") != "_U")
        kind, clusters = known_sanctions["sentence_type"], known_sanctions["cluster"]
        custodial = _count_share("custodial_share", kind == "prison", clusters)
        return custodial | _count_share("suspended_share", kind == "prison_suspended", clusters)

    names = ("custodial_share", "suspended_share")
    return insert_shares(_summarise_groups(sentences, by, summarise_group, counted_schema(*names)), *names)


def summarise_lengths(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Compute the quartiles of served imprisonment in months: `p25 median p75` as `durations.named_quantile`, and `n`.

    Only sentences with a length are used; mean, minimum and maximum are not computed.  `largest_share` is the largest
    share of the persons in one proceeding or of all months in one person, whichever is larger.
    """
    import polars as pl

    def summarise_group(group: pl.DataFrame) -> dict[str, Any]:
        months, clusters = group["months"].to_numpy(), group["cluster"].to_numpy()
        all_known = np.ones(len(months), dtype=bool)
        length_curve = estimate_curve(months, all_known, clusters)
        summary: dict[str, Any] = {"n": len(months)}
        for name, p in QUARTILES.items():
            summary |= named_quantile(name, find_quantile(length_curve, p), months, all_known, clusters)
        total = float(months.sum())
        share = float(months.max()) / total if total > 0 else 1.0
        largest = count_contributors(group["person"].to_numpy(), clusters)["largest_share"]
        return summary | {"largest_share": max(share, largest)}

    served = sentences.filter(pl.col("sentence_type") == "prison", pl.col("months").is_not_null())
    return _summarise_groups(served, by, summarise_group, {"n": pl.Int64()} | quantile_schema(list(QUARTILES)))


def against_law(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Compare served imprisonment with the statutory range of the article on the day of the sentence.

    `below_minimum`: share of those whose article has a known minimum (`n_minimum`); `at_maximum` (at or above): share
    of those with a known maximum (`n_maximum`); each as `record_shares.insert_shares`.  `n_unknown`: the law table has
    neither.  A sentence below the minimum is not an error: attempts, complicity and mitigation allow it.  Courts apply
    the law of the day of the offence, but the records do not contain that day.
    """
    import polars as pl

    def summarise_group(group: pl.DataFrame) -> dict[str, Any]:
        low, high = group.drop_nulls("minimum"), group.drop_nulls("maximum")
        neither = pl.col("minimum").is_null() & pl.col("maximum").is_null()
        return (
            {"n_minimum": low.height, "n_maximum": high.height, "n_unknown": group.filter(neither).height}
            | _count_share("below_minimum", low["months"] < low["minimum"], low["cluster"])
            | _count_share("at_maximum", high["months"] >= high["maximum"], high["cluster"])
        )

    served = sentences.filter(pl.col("sentence_type") == "prison", pl.col("months").is_not_null())
    counts = dict.fromkeys(("n_minimum", "n_maximum", "n_unknown"), pl.Int64())
    names = ("below_minimum", "at_maximum")
    return insert_shares(_summarise_groups(served, by, summarise_group, counts | counted_schema(*names)), *names)


def _count_share(name: str, hit: pl.Series, clusters: pl.Series) -> dict[str, Any]:
    return count_share(name, hit.to_numpy().astype(bool), clusters.to_numpy())


def _count_codes(frame: pl.DataFrame, by: Sequence[str], column: str, code_names: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    def summarise_group(group: pl.DataFrame) -> dict[str, Any]:
        return {code: int((group[column] == code).sum()) for code in code_names}

    return _summarise_groups(frame, by, summarise_group, dict.fromkeys(code_names, pl.Int64()))


def _summarise_groups(
    frame: pl.DataFrame, by: Sequence[str], summarise_group: Any, columns: Mapping[str, Any]
) -> pl.DataFrame:
    """Return `by`, `BEHIND` and the result of `summarise_group` for each group, which may override `largest_share`."""
    import polars as pl

    rows = []
    for key, group in frame.group_by(list(by), maintain_order=True):
        counts = count_contributors(group["person"].to_numpy(), group["cluster"].to_numpy())
        rows.append(dict(zip(by, key, strict=True)) | counts | summarise_group(group))
    schema: dict[str, Any] = {name: frame.schema[name] for name in by}
    schema |= {"n_persons": pl.Int64(), "n_proceedings": pl.Int64(), "largest_share": pl.Float64()}
    return pl.DataFrame(rows, schema=schema | dict(columns), orient="row").sort(by)
