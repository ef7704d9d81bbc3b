"""Keys and marks of cells that tests make up, by the rule as the documentation states it."""

from __future__ import annotations

import polars as pl

from pipelines.core import codes

AGES_OF_TOTALS = {"_T": "all", "_Z": "all", "Y_GE18": "adults"}


def with_key_and_total(cells: pl.DataFrame) -> pl.DataFrame:
    """Return cells with `total_of` and `cell_id`, as `mart_count` has them; the id is not the warehouse's hash."""
    others = ["sex", "exploitation", "citizenship", "sentence_type", "sentence_band"]
    is_total = (pl.col("offence") == "_T") & pl.all_horizontal(pl.col(others).is_in(["_T", "_Z"]))
    age = pl.col("age").replace_strict(AGES_OF_TOTALS, default="")
    return cells.with_columns(
        total_of=pl.when(is_total).then(age).otherwise(pl.lit("")),
        cell_id=pl.concat_str(codes.CELL_KEY, separator="|"),
    )


def split_codes(text: str | None) -> set[str]:
    """Return the codes of a list in a field of a release, such as its reporters."""
    return {code for code in (text or "").split(",") if code}
