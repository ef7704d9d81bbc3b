"""Tabulate the figures that an office sent before and that a full return leaves out."""

from __future__ import annotations

import polars as pl

from expectations import comparisons
from expectations.tables import BREAKDOWNS
from pipelines.core import codes
from pipelines.model.long_tables import OBSERVATION_KEY

STABLE = 0.95
"""The two newest earlier periods share at least this part of their figures; others leave figures out as a habit."""
MOST_CATEGORIES = 2
"""If more breakdowns than this lose figures, or half of all figures are gone, they are reported together."""
MOST_LINES = 5
"""If more lines than this are gone, they are reported together: one wrong date or sheet once gave 188 findings."""
_BLOCK = ("submission_id", "jurisdiction", "form", "freq")
_CELL = tuple(
    column
    for column in OBSERVATION_KEY
    if column not in ("period", "period_start", "period_end", "age_basis", "date_basis", "source", "territory")
)
_DIMS = (
    *("victim_status", "person_type", "sentence_type", "sentence_band", "exploitation", "citizenship", "partner"),
    *codes.COOPERATION_DIMENSIONS,
)
_LAST_DIMS = ("age", "sex")
"""Figures are ascribed to the first dimension whose code is gone: women of a status that is gone, to the status."""


def tabulate_gone_figures(
    observations: pl.DataFrame, before: pl.DataFrame, blocks: pl.DataFrame, gone_lines: pl.DataFrame
) -> pl.DataFrame:
    """Return the figures that a full return leaves out: by dimension and period, or together with `dim` null.

    A figure is left out if the same period had it before, or both newest earlier periods of an office that always
    sends the same figures. Figures of a few lines that are gone have their own findings.
    """
    due = blocks.filter("owes_all").select(*_BLOCK, "period")
    known_figures = _select_known_figures(before, due)
    if known_figures.is_empty():
        return _empty_table()
    rows = pl.concat([known_figures.select(_CELL), observations.select(_CELL)])
    varying = [c for c in _CELL if rows[c].n_unique() > 1] or ["measure"]
    expected = _list_expected_cells(known_figures, varying)
    present = observations.select(*_BLOCK, "period", _hash(varying))
    totals = expected.group_by(*_BLOCK, "period").agg(pl.len().alias("total"))
    missing = expected.join(present, on=[*_BLOCK, "period", "_cell"], how="anti", maintain_order="left")
    missing = missing.join(
        select_few_lines(gone_lines), on=["submission_id", "form", "period", *comparisons.LINE], how="anti"
    )
    if missing.is_empty():
        return _empty_table()
    ascribed = _ascribe_to_dimensions(missing, observations)
    by = [*_BLOCK, "period"]
    groups = ascribed.group_by(*by, "dim", maintain_order=True).agg(
        pl.col("categories").unique(maintain_order=True).drop_nulls().str.join(", "),
        pl.len().alias("n"),
        pl.col("label", "previous").first(),
    )
    groups = groups.join(totals, on=by, how="left", maintain_order="left")
    is_widespread = (pl.len().over(by) > MOST_CATEGORIES) | (pl.col("n").sum().over(by) * 2 >= pl.col("total"))
    together = (
        groups.filter(is_widespread)
        .group_by(by, maintain_order=True)
        .agg(
            pl.lit(None, pl.String).alias("dim"),
            pl.lit("").alias("categories"),
            pl.col("n").sum(),
            pl.col("label", "previous", "total").first(),
        )
    )
    columns = _empty_table().columns
    return (
        pl.concat(
            [groups.filter(~is_widespread).with_columns(pl.col("n").cast(pl.UInt32)), together], how="diagonal_relaxed"
        )
        .with_columns(pl.lit("").alias("place"))
        .select(columns)
    )


def select_few_lines(gone_lines: pl.DataFrame) -> pl.DataFrame:
    """Select the lines that are gone from a period together with few others, and so have a finding of their own."""
    return gone_lines.filter(pl.len().over("submission_id", "period") <= MOST_LINES)


def _empty_table() -> pl.DataFrame:
    text = ("submission_id", "period", "previous", "dim", "categories", "label", "place")
    return pl.DataFrame(schema=dict.fromkeys(text, pl.String()) | {"n": pl.UInt32(), "total": pl.UInt32()})


def _hash(columns: list[str]) -> pl.Expr:
    return pl.struct(columns).hash().alias("_cell")


def _select_known_figures(before: pl.DataFrame, due: pl.DataFrame) -> pl.DataFrame:
    """Return the figures of the same period before, and those of both newest earlier ones, for each due period."""
    by = [*_BLOCK, "period"]
    periods = (
        before.select(*_BLOCK, pl.col("period").alias("previous"))
        .unique()
        .join(due, on=list(_BLOCK), how="inner")
        .filter(pl.col("previous") <= pl.col("period"))
        .with_columns((pl.col("previous") == pl.col("period")).alias("again"))
        .with_columns(pl.col("previous").rank("ordinal", descending=True).over(*by, "again").alias("age"))
        .filter(pl.col("again") | (pl.col("age") <= comparisons.STEADY))
    )
    return (
        before.lazy()
        .filter(pl.col("value").is_not_null())
        .rename({"period": "previous"})
        .join(periods.lazy(), on=[*_BLOCK, "previous"], how="inner", maintain_order="left")
        .collect()
    )


def _list_expected_cells(known: pl.DataFrame, varying: list[str]) -> pl.DataFrame:
    """Return the figures that each due period should have, with the `previous` period that had them last."""
    by = [*_BLOCK, "period"]
    cells = (
        known.with_columns(_hash(varying))
        .sort("previous", descending=True, maintain_order=True)
        .group_by(*by, "_cell", maintain_order=True)
        .agg(
            pl.col(
                "previous", "label", *comparisons.LINE, *(c for c in BREAKDOWNS if c not in comparisons.LINE)
            ).first(),
            pl.col("again").any(),
            (~pl.col("again")).sum().alias("steady"),
        )
    )
    was_sent_before = pl.col("again").any().over(by)
    is_in_both = pl.col("steady") == comparisons.STEADY
    has_habit = is_in_both.sum().over(by) >= STABLE * (pl.col("steady") > 0).sum().over(by)
    return cells.filter(pl.when(was_sent_before).then("again").otherwise(is_in_both & has_habit))


def _ascribe_to_dimensions(missing: pl.DataFrame, observations: pl.DataFrame) -> pl.DataFrame:
    """Add to each missing figure the first dimension `dim` whose code, in `categories`, no figure of the period has."""
    ascribed = missing.with_columns(pl.lit(None, pl.String).alias("dim"), pl.lit(None, pl.String).alias("categories"))
    block = ["submission_id", "form", "period"]
    for dim in (*_DIMS, *_LAST_DIMS):
        used = observations.select(*block, dim, pl.lit(True).alias("_used")).unique()
        is_gone = pl.col("_used").is_null() & pl.col("dim").is_null() & ~pl.col(dim).is_in(codes.TOTAL_CODES)
        ascribed = (
            ascribed.join(used, on=[*block, dim], how="left", maintain_order="left")
            .with_columns(
                pl.when(is_gone).then(pl.lit(dim)).otherwise("dim").alias("dim"),
                pl.when(is_gone).then(dim).otherwise("categories").alias("categories"),
            )
            .drop("_used")
        )
    return ascribed
