"""Sentences from case records: kinds, lengths, and where they lie in the frame of the law on the day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from pipelines.core import codes
from pipelines.declarations.law import Law
from pipelines.statistics.durations import behind, curve, named_quantile, quantile, quantile_schema
from pipelines.statistics.matters import in_matters
from pipelines.statistics.record_shares import counted, counted_schema, shared
from pipelines.statistics.stages import AREA

if TYPE_CHECKING:
    import polars as pl

QUARTILES: Mapping[str, float] = {"p25": 0.25, "median": 0.5, "p75": 0.75}
SENTENCED = {"first": "sentenced_first", "final": "sentenced_final"}
GRAVEST_FIRST = ("prison", "juvenile", "prison_suspended", "community", "fine", "other", "_U")
"""Which of several sanctions of one person on one day is the principal one; a choice of this project."""
BY = (*AREA, "period")


def imposed(events: pl.DataFrame, law: Mapping[str, Law], *, level: str = "first") -> pl.DataFrame:
    """One row a person, matter and period: the sentence imposed on the last such day of it, of several the gravest.

    A sentence after a retrial in a later period is one more: what is counted are sentences imposed.

    `BY`, `person`, `cluster`, `event_date`, `sentence_type`, `months`, `minimum`, `maximum` (months, null where the law
    table does not say or had no such article in force that day).  `law` by jurisdiction; the penalty is that of the
    article's basic form.  Raises KeyError for a level without sentences.
    """
    import polars as pl

    rank = pl.col("sentence_type").replace_strict(
        {code: place for place, code in enumerate(GRAVEST_FIRST)}, default=len(GRAVEST_FIRST), return_dtype=pl.Int64()
    )
    one = (
        in_matters(events)
        .filter(pl.col("event") == SENTENCED[level])
        .with_columns(sentence_type=pl.col("sentence_type").replace("_Z", "_U"))
        .sort(
            *AREA, "person", "matter", "period", "event_date", rank, "sentence_months", "offence",
            descending=[False] * 7 + [True, False, True, False], nulls_last=True,
        )
        .unique([*BY, "person", "matter"], keep="first", maintain_order=True)
    )  # fmt: skip
    frames = {row: _frame(law.get(row[0]), row[1], row[2]) for row in one.select(_OF_LAW).unique().rows()}
    found = [frames[row] for row in one.select(_OF_LAW).rows()]
    return one.with_columns(
        months=pl.col("sentence_months"),
        minimum=pl.Series([low for low, _ in found], dtype=pl.Float64()),
        maximum=pl.Series([high for _, high in found], dtype=pl.Float64()),
    ).select(*BY, "person", "cluster", "event_date", "sentence_type", "months", "minimum", "maximum")


_OF_LAW = ("jurisdiction", "law_article", "event_date")


def _frame(law: Law | None, article: str, day: date) -> tuple[float | None, float | None]:
    """Least and greatest imprisonment in months; None where it is not known."""
    row, in_force = law.find(article, day, day) if law else (None, False)
    if row is None or not in_force:
        return None, None
    low, high = row.row["penalty_min_months"], row.row["penalty_max_months"]
    return float(low) if low else None, float(high) if high else None


def statutory(law: Law, offences: Sequence[str], first: date, last: date) -> tuple[float | None, float | None]:
    """Least and greatest imprisonment in months in the articles of these offences in force on some of the days.

    None where the law table says none: not known, and not nought.
    """
    rows = [a.row for a in law.articles if a.offence in offences and a.in_force(first, last)]
    low = [float(row["penalty_min_months"]) for row in rows if row["penalty_min_months"]]
    high = [float(row["penalty_max_months"]) for row in rows if row["penalty_max_months"]]
    return min(low, default=None), max(high, default=None)


def kinds(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Persons by principal sanction, wide: `by`, a column each code of `sentence_type`, `BEHIND`."""
    wanted = [code for code in codes.codes("sentence_type") if code not in ("_T", "_Z")]
    return _counted(sentences, by, "sentence_type", wanted)


def lengths_by_band(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Persons sentenced to prison by common band of length (half open, as `sentence_band`), wide; `_U`: no length."""
    import polars as pl

    rows = codes.codelist("sentence_band")
    common = {code: row for code, row in rows.items() if row["common_band"] == code and row["lower_months"]}
    inside = pl.lit("_U")
    for code, row in common.items():
        within = pl.col("months") >= float(row["lower_months"])
        if row["upper_months"]:
            within &= pl.col("months") < float(row["upper_months"])
        inside = pl.when(within).then(pl.lit(code)).otherwise(inside)
    prison = sentences.filter(pl.col("sentence_type") == "prison").with_columns(band=inside)
    return _counted(prison, by, "band", [*common, "_U"])


def custody(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """`custodial_share`: to be served, `suspended_share`: suspended imprisonment, both of all sanctions that are known.

    Each as `record_shares.shared`; null where there is none of what it is a share of.  One whole for both: they stand
    side by side, and with the other sanctions they make 100 %.
    """
    import polars as pl

    def row(group: pl.DataFrame) -> dict[str, Any]:
        known = group.filter(pl.col("sentence_type") != "_U")
        return _share("custodial_share", known["sentence_type"] == "prison", known["cluster"]) | _share(
            "suspended_share", known["sentence_type"] == "prison_suspended", known["cluster"]
        )

    names = ("custodial_share", "suspended_share")
    return shared(_grouped(sentences, by, row, counted_schema(*names)), *names)


def lengths(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Quartiles of imprisonment to be served, in months: `p25 median p75` as `durations.named_quantile`, and `n`.

    Of those with a length; no mean, no least and no greatest.  `largest_share` is the larger of the part of the persons
    that one proceeding has and the part of all months that one person has.
    """
    import polars as pl

    def row(group: pl.DataFrame) -> dict[str, Any]:
        months, clusters = group["months"].to_numpy(), group["cluster"].to_numpy()
        all_known = np.ones(len(months), dtype=bool)
        found = curve(months, all_known, clusters)
        out: dict[str, Any] = {"n": len(months)}
        for name, p in QUARTILES.items():
            out |= named_quantile(name, quantile(found, p), months, all_known, clusters)
        total = float(months.sum())
        share = float(months.max()) / total if total > 0 else 1.0
        most = behind(group["person"].to_numpy(), clusters)["largest_share"]
        return out | {"largest_share": max(share, most)}

    served = sentences.filter(pl.col("sentence_type") == "prison", pl.col("months").is_not_null())
    return _grouped(served, by, row, {"n": pl.Int64()} | quantile_schema(list(QUARTILES)))


def against_law(sentences: pl.DataFrame, by: Sequence[str] = BY) -> pl.DataFrame:
    """Imprisonment to be served beside the article's frame on the day of the sentence.

    `below_minimum` of those whose article has a known minimum (`n_minimum`), `at_maximum` (at or above) of those with
    a known maximum (`n_maximum`), each as `record_shares.shared`.  `n_unknown`: the law table has neither.  Below
    the minimum is no mistake: attempts, complicity and mitigation allow it.  The law of the day of the deed, which
    courts apply, is not in records.
    """
    import polars as pl

    def row(group: pl.DataFrame) -> dict[str, Any]:
        low, high = group.drop_nulls("minimum"), group.drop_nulls("maximum")
        neither = pl.col("minimum").is_null() & pl.col("maximum").is_null()
        return (
            {"n_minimum": low.height, "n_maximum": high.height, "n_unknown": group.filter(neither).height}
            | _share("below_minimum", low["months"] < low["minimum"], low["cluster"])
            | _share("at_maximum", high["months"] >= high["maximum"], high["cluster"])
        )

    served = sentences.filter(pl.col("sentence_type") == "prison", pl.col("months").is_not_null())
    counts = dict.fromkeys(("n_minimum", "n_maximum", "n_unknown"), pl.Int64())
    names = ("below_minimum", "at_maximum")
    return shared(_grouped(served, by, row, counts | counted_schema(*names)), *names)


def _share(name: str, hit: pl.Series, clusters: pl.Series) -> dict[str, Any]:
    return counted(name, hit.to_numpy().astype(bool), clusters.to_numpy())


def _counted(frame: pl.DataFrame, by: Sequence[str], column: str, wanted: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    def row(group: pl.DataFrame) -> dict[str, Any]:
        return {code: int((group[column] == code).sum()) for code in wanted}

    return _grouped(frame, by, row, dict.fromkeys(wanted, pl.Int64()))


def _grouped(frame: pl.DataFrame, by: Sequence[str], row: Any, columns: Mapping[str, Any]) -> pl.DataFrame:
    """`by`, `BEHIND` and what `row` makes of each group, which may say `largest_share` anew."""
    import polars as pl

    rows = []
    for key, group in frame.group_by(list(by), maintain_order=True):
        found = behind(group["person"].to_numpy(), group["cluster"].to_numpy())
        rows.append(dict(zip(by, key, strict=True)) | found | row(group))
    schema: dict[str, Any] = {name: frame.schema[name] for name in by}
    schema |= {"n_persons": pl.Int64(), "n_proceedings": pl.Int64(), "largest_share": pl.Float64()}
    return pl.DataFrame(rows, schema=schema | dict(columns), orient="row").sort(by)
