"""Limits between the figures of a return: a part never exceeds its whole, whether or not the form declares the sum.

The code lists determine which codes are parts of others: intervals of ages and lengths, parents, and the measures that
include each other (`measure_part.csv`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import polars as pl

from expectations.tables import list_offence_groups
from pipelines.core import codes
from pipelines.model.long_tables import OBSERVATION_KEY

EXCLUSIVE_UNITS = ("person", "victim", "migrant")
"""Units of which each one is in one part of a breakdown only. A case may have women and men, under several articles."""
LIMIT = {
    "submission_id": pl.String(),
    "kind": pl.String(),  # part, parts, outcome or outcomes
    "dim": pl.String(),
    "whole": pl.UInt32(),  # row of the whole in the observations
    "parts": pl.List(pl.UInt32()),
    "total": pl.Float64(),
    "added": pl.Float64(),
    "exact": pl.Boolean(),  # the parts add up to the whole by definition
}
"""One row says that `added`, the sum of the parts, is at most `total` (equal to it if `exact`)."""
_INTERVALS = {
    "age": ("lower", "upper"),
    "sentence_band": ("lower_months", "upper_months"),
    "days_band": ("lower_days", "upper_days"),
}
_TOGETHER = {"law_article": ("offence",), "age": ("age_basis",)}
"""Columns that change with a dimension: an article determines its offence, and all ages together may have no basis."""
_OF_COOPERATION = tuple(name for name in codes.COOPERATION_DIMENSIONS if name != "direction")
_NOT_OF_STAGES = ("measure", "level", "age_basis", "date_basis")
_ROW = "_row"


def tabulate_limits(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the limits of all returns as rows of LIMIT; `whole` and `parts` are row numbers of `observations`."""
    rows = (
        observations.with_row_index(_ROW)
        .filter(pl.col("value") >= 0)
        .join(list_offence_groups(), on="offence", how="left", maintain_order="left")
        .with_columns(pl.col(codes.DIMENSIONS_WITH_TOTAL).replace("_Z", "_T"))
    )
    # Most of the key is the same in all rows; columns that do not vary need not be compared.
    varying = [c for c in (*OBSERVATION_KEY, "form", "submission_id") if c == "submission_id" or rows[c].n_unique() > 1]
    dims = [d for d in (*codes.DIMENSIONS_WITH_TOTAL, "law_article", "partner", *_OF_COOPERATION) if d in varying]
    limits = [_limit_breakdown(rows, dim, varying) for dim in dims]
    limits += [_limit_stages(rows, varying), _limit_outcomes(rows, varying)]
    return pl.concat([pl.DataFrame(schema=LIMIT), *(frame.select(list(LIMIT)) for frame in limits)])


def _limit_breakdown(rows: pl.DataFrame, dim: str, varying: Sequence[str]) -> pl.DataFrame:
    """Limit the parts of one dimension, all other coordinates being equal."""
    excluded = (dim, *_TOGETHER.get(dim, ()))
    key = [*(c for c in varying if c not in excluded), *(["offence_group"] if dim == "law_article" else [])]
    nested = _tabulate_covers(dim, frozenset(rows[dim].unique()))
    if nested.is_empty():
        return pl.DataFrame(schema=LIMIT)
    rows = rows.with_columns(_hash(key))
    parts = rows.select("_key", "count_unit", _ROW, "value", pl.col(dim).alias("_part"))
    wholes = rows.select(
        "submission_id", "_key", pl.col(dim).alias("_whole"), pl.col(_ROW).alias("whole"), total="value"
    )
    # A cover of several parts needs parts that exclude each other; each part by itself is limited by its whole.
    is_allowed = ~pl.col("_several") | pl.col("count_unit").is_in(EXCLUSIVE_UNITS)
    return (
        parts.join(nested, on="_part", how="inner")
        .filter(is_allowed)
        .join(wholes, on=["_key", "_whole"], how="inner")
        .group_by("_key", "_whole", "_cover", maintain_order=True)
        .agg(
            pl.col("submission_id", "whole", "total").first(),
            pl.col(_ROW).alias("parts"),
            pl.col("value").sum().alias("added"),
            pl.col("_several").first(),
        )
        .filter(~pl.col("_several") | (pl.col("parts").list.len() > 1))
        .unique(["whole", "parts"], keep="first", maintain_order=True)
        .with_columns(
            pl.when("_several").then(pl.lit("parts")).otherwise(pl.lit("part")).alias("kind"),
            pl.lit(dim).alias("dim"),
            pl.lit(False).alias("exact"),
        )
    )


def _limit_stages(rows: pl.DataFrame, varying: Sequence[str]) -> pl.DataFrame:
    """Limit each measure by the measure of the same persons that includes it, by article, sex and age."""
    pairs = pl.DataFrame(
        [(pair.whole, pair.part, pair.level) for pair in codes.measure_parts()],
        schema=["_whole", "_part", "level"],
        orient="row",
    )
    rows = rows.with_columns(_hash([c for c in varying if c not in _NOT_OF_STAGES]))
    parts = rows.join(pairs, left_on=["measure", "level"], right_on=["_part", "level"], how="inner")
    wholes = rows.select("_key", "level", pl.col("measure").alias("_whole"), pl.col(_ROW).alias("whole"), total="value")
    return parts.join(wholes, on=["_key", "level", "_whole"], how="inner").select(
        "submission_id",
        pl.lit("outcome").alias("kind"),
        pl.lit("measure").alias("dim"),
        "whole",
        pl.concat_list(_ROW).alias("parts"),
        "total",
        pl.col("value").alias("added"),
        pl.lit(False).alias("exact"),
    )


def _limit_outcomes(rows: pl.DataFrame, varying: Sequence[str]) -> pl.DataFrame:
    """Limit the outcomes that exclude each other together; they add up to the whole if all of them are given."""
    declared = pl.DataFrame(
        [(pair.whole, pair.part, pair.level) for pair in codes.measure_parts() if pair.makes_whole],
        schema=["_whole", "_part", "level"],
        orient="row",
    ).with_columns(pl.len().over("_whole", "level").alias("_all"))
    rows = rows.filter(pl.col("count_unit").is_in(EXCLUSIVE_UNITS)).with_columns(
        _hash([c for c in varying if c not in _NOT_OF_STAGES])
    )
    parts = rows.join(declared, left_on=["measure", "level"], right_on=["_part", "level"], how="inner")
    wholes = rows.select("_key", "level", pl.col("measure").alias("_whole"), pl.col(_ROW).alias("whole"), total="value")
    return (
        parts.join(wholes, on=["_key", "level", "_whole"], how="inner")
        .group_by("_key", "level", "_whole", maintain_order=True)
        .agg(
            pl.col("submission_id", "whole", "total", "_all").first(),
            pl.col(_ROW).alias("parts"),
            pl.col("value").sum().alias("added"),
        )
        .filter(pl.col("parts").list.len() > 1)
        .with_columns(
            pl.lit("outcomes").alias("kind"),
            pl.lit("measure").alias("dim"),
            (pl.col("parts").list.len() == pl.col("_all")).alias("exact"),
        )
    )


def _hash(columns: Iterable[str]) -> pl.Expr:
    return pl.struct(sorted(columns)).hash().alias("_key")


@cache
def _tabulate_covers(dim: str, present: frozenset[str]) -> pl.DataFrame:
    """Return the codes within each whole: each by itself, and each largest set of codes that exclude each other.

    A set of several parts has `_several`; within one key some of its codes may be absent.
    """
    rows: list[tuple[str, int, str, bool]] = []
    for whole in sorted(present):
        inside = sorted(code for code in present if _is_within(dim, code, whole))
        covers: list[tuple[str, ...]] = [(code,) for code in inside]
        covers += [cover for cover in _list_largest_covers(dim, inside) if len(cover) > 1]
        rows += [(whole, number, code, len(cover) > 1) for number, cover in enumerate(covers) for code in cover]
    return pl.DataFrame(
        rows,
        schema={"_whole": pl.String, "_cover": pl.Int64, "_part": pl.String, "_several": pl.Boolean},
        orient="row",
    )


def _list_largest_covers(dim: str, inside: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the sets of codes that exclude each other and to which no further code can be added.

    These are the maximal cliques of the graph of exclusion (Bron and Kerbosch 1973, with a pivot).
    """
    excludes = {a: {b for b in inside if b != a and _exclude_each_other(dim, a, b)} for a in inside}
    covers: list[tuple[str, ...]] = []

    def extend_clique(clique: tuple[str, ...], candidates: set[str], excluded: set[str]) -> None:
        if not candidates and not excluded:
            covers.append(tuple(sorted(clique)))
            return
        pivot = max(sorted(candidates | excluded), key=lambda code: len(excludes[code] & candidates))
        for code in sorted(candidates - excludes[pivot]):
            extend_clique((*clique, code), candidates & excludes[code], excluded & excludes[code])
            candidates = candidates - {code}
            excluded = excluded | {code}

    if inside:
        extend_clique((), set(inside), set())
    return covers


def _is_within(dim: str, code: str, whole: str) -> bool:
    """Return True if a code is a part of another code of its dimension."""
    if code == whole or code == "_T":
        return False
    if dim == "law_article":
        return (whole == "_T" and code != "_Z") or code.startswith(f"{whole}(")
    if dim == "victim_status":
        return whole == "_T" and codes.get_code_attribute(dim, code, "in_total") == "true"
    if whole == "_T":
        return True
    if dim in _INTERVALS:
        return _is_interval_within(_interval(dim, code), _interval(dim, whole))
    return whole in _list_ancestors(dim, code)


def _exclude_each_other(dim: str, code: str, other: str) -> bool:
    if dim == "partner":  # a joint investigation team has several partners
        return False
    if dim in _INTERVALS and "_U" not in (code, other):
        (low, high), (other_low, other_high) = _interval(dim, code), _interval(dim, other)
        return high <= other_low or other_high <= low
    return not _is_within(dim, code, other) and not _is_within(dim, other, code)


def _interval(dim: str, code: str) -> tuple[float, float]:
    lower, upper = _INTERVALS[dim]
    row = codes.read_codelist(dim)[code]
    return float(row[lower] or "inf"), float(row[upper] or "inf")


def _is_interval_within(inner: tuple[float, float], outer: tuple[float, float]) -> bool:
    return outer[0] <= inner[0] < float("inf") and inner[1] <= outer[1]


def _list_ancestors(dim: str, code: str) -> list[str]:
    """Return the parents of a code up to the root; none for a list without parents."""
    rows, ancestors = codes.read_codelist(dim), []
    while code in rows and (parent := rows[code].get("parent", "")):
        ancestors.append(parent)
        code = parent
    return ancestors
