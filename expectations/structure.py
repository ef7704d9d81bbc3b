"""Compare how the figures of a return are distributed over each breakdown with earlier periods.

A line is everything that a figure says but its category in one breakdown: measure, article, other breakdowns.  Lines
with the same other breakdowns are compared together, by measure, by article, and each by itself, because two
categories may be exchanged everywhere, in one table, in one row, or in one pair of cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from expectations.figures import PlausibilityRule, ReturnFigures, share_result
from expectations.lines import RETURN
from expectations.plausibility import find_exchanged_sexes, find_jumps
from expectations.reporting import FindingTemplate
from pipelines.core import codes
from pipelines.statistics import structure
from pipelines.statistics.jumps import MINIMUM_DISPERSION, compute_surprise

LOG_CHANCE = 0.5
"""Logarithm of the evidence for an exchange that is reported, beyond the logarithm of the number of comparisons.

The bound of the statistics is loose for so little; on clean histories the rule then finds one exchange in about a
hundred returns (docs/methodology/plausibility.md).
"""
P_CHANGED = 0.01
"""A distribution is reported if its p-value, times the number of distributions of its period, is lower than this."""
P_WORTH_COMPARING = 0.01
"""Only a distribution with a p-value lower than this, by an assumed dispersion, is compared period by period."""
LEAST_PARAMETER = 0.5
"""Earlier persons assumed in a category that was never seen."""
FEWEST_PERSONS = 4
"""Comparisons of fewer persons in both categories, in each measure of a scope, are not made."""
ATTAINABLE = 4.0
"""Comparisons whose counts could not give this evidence in any arrangement are not made (Tarone's method)."""
CLUSTERED = frozenset({"law_article", "exploitation", "citizenship", "victim_status"})
"""Breakdowns that persons of one case usually share."""
P_OF_JUMP = 0.001
"""If both categories together have a p-value lower than this, they jumped, and were not exchanged."""
PRIOR = 1.0
"""Persons by which the share of a line is drawn towards that of all lines compared with it."""
SCOPES = ("line", "measure", "article", "all")
"""Sets of lines that are compared together; each has an equal part of the chance of a false finding."""


@share_result
def find_exchanged_categories(figures: ReturnFigures) -> pl.DataFrame:
    """Return one row for each exchange of two categories that explains a return better than what it says.

    An exchange of women and men that `plausibility.find_exchanged_sexes` finds in the same period is left to it.
    """
    present, past = figures.lines
    pairs = score_pairs(present)
    exchanges = confirm_suspects(select_suspects(pairs), pairs, past)
    if exchanges.is_empty():
        return exchanges
    sexes = find_exchanged_sexes(figures).select("submission_id", "period", pl.lit("sex").alias("dim")).unique()
    return exchanges.join(sexes, on=["submission_id", "period", "dim"], how="anti", maintain_order="left")


def find_changed_distributions(figures: ReturnFigures) -> pl.DataFrame:
    """Return the most surprising distribution of each period of a return, unless a simpler rule explains it.

    These are an exchange of two categories, and a jump of the measure that differs most.
    """
    present, past = figures.lines
    changes = confirm_changes(select_changes(present), past)
    if changes.is_empty():
        return changes
    period = ["submission_id", "period"]
    return (
        changes.join(find_exchanged_categories(figures), on=period, how="anti", maintain_order="left")
        .join(find_exchanged_sexes(figures), on=period, how="anti", maintain_order="left")
        .join(find_jumps(figures), on=[*period, "measure"], how="anti", maintain_order="left")
    )


# ------------------------------------------------------------------------------------------------------------ exchange


def score_pairs(present: pl.DataFrame) -> pl.DataFrame:
    """Return every pair of categories in every line, with the evidence that they were exchanged.

    Columns of the second category end in `_2`.
    """
    cells = present.filter(pl.col("past").sum().over("table") > 0)
    second = cells.select(
        "line",
        *(
            pl.col(name).alias(f"{name}_2")
            for name in ("category", "cell", "value", "seen", "past", "place", "repeated")
        ),
    )
    pairs = (
        cells.join(second, on="line", how="inner")
        .filter((pl.col("category") < pl.col("category_2")) & (pl.col("value") + pl.col("value_2") > 0))
        .filter(~(pl.col("repeated") & pl.col("repeated_2")))
        .join(_tabulate_nested(), on=["dim", "category", "category_2"], how="anti")
        .with_columns(pl.struct("table", "category", "category_2").hash().alias("pair"))
    )
    all_first, all_second = (pl.col(name).sum().over("pair") for name in ("past", "past_2"))
    pairs = pairs.with_columns(((all_first + 1) / (all_first + all_second + 2)).alias("pooled"))
    persons = pl.col("past") + pl.col("past_2")
    pairs = pairs.with_columns(
        (pl.col("value") + pl.col("value_2")).alias("counted"),
        ((pl.col("past") + PRIOR * pl.col("pooled")) / (persons + PRIOR)).alias("share"),
        pl.min_horizontal(persons + PRIOR, pl.lit(structure.CONCENTRATION)).alias("persons"),
    )
    first = pl.col("persons") * pl.col("share")
    least = pl.lit(LEAST_PARAMETER)
    numbers = pairs.select(
        "value",
        "value_2",
        pl.max_horizontal(first, least).alias("first"),
        pl.max_horizontal(pl.col("persons") - first, least).alias("second"),
    )
    x, y, a, b = (numbers[name].to_numpy() for name in ("value", "value_2", "first", "second"))
    none = np.zeros_like(x)
    most = np.maximum(
        structure.compute_exchange_evidence(none, x + y, a, b), structure.compute_exchange_evidence(x + y, none, a, b)
    )
    return pairs.with_columns(
        pl.Series("evidence", structure.compute_exchange_evidence(x, y, a, b)),
        pl.Series("attainable", most),
        _assume_dispersion("dim").alias("base"),
    )


def _assume_dispersion(column: str) -> pl.Expr:
    """Return the dispersion of one measure if the earlier periods show nothing about it."""
    is_shared = pl.col(column).is_in(list(CLUSTERED))
    return pl.when(is_shared).then(structure.SHARED_DISPERSION).otherwise(MINIMUM_DISPERSION)


@cache
def _tabulate_nested() -> pl.DataFrame:
    """Return pairs of categories that overlap, in both orders; the first `contains` the second or does not."""
    rows = []
    for dim, low, high in (("age", "lower", "upper"), ("sentence_band", "lower_months", "upper_months")):
        spans = {
            code: (float(row[low]), float(row[high] or "inf"))
            for code, row in codes.read_codelist(dim).items()
            if row[low]
        }
        rows += [
            (dim, code, code_2, start <= start_2 and end_2 <= end)
            for code, (start, end) in spans.items()
            for code_2, (start_2, end_2) in spans.items()
            if code != code_2 and start < end_2 and start_2 < end
        ]
    for code, row in codes.read_codelist("citizenship").items():
        rows += [("citizenship", row["parent"], code, True), ("citizenship", code, row["parent"], False)]
    schema = dict.fromkeys(("dim", "category", "category_2"), pl.String()) | {"contains": pl.Boolean()}
    return pl.DataFrame(rows, schema=schema, orient="row")


def select_suspects(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the lines of scopes whose evidence exceeds the number of comparisons, if the dispersion is least.

    Each row is a line of a suspected exchange: `scope` is the kind of scope, `key` which one it is.
    """
    suspects = []
    for scope in SCOPES:
        key = ["source", "pair", pl.col(scope).alias("key")]
        totals = (
            pairs.group_by(key)
            .agg(
                pl.col("evidence", "attainable").sum(),
                pl.col("counted").sum() / pl.col("measure").n_unique(),
                (pl.col("base").first() * pl.col("measure").n_unique().sqrt()).alias("prior_dispersion"),
                (pl.min_horizontal("past", "past_2").sum() / pl.col("measure").n_unique()).alias("minority"),
            )
            .filter(
                (pl.col("attainable") / pl.col("prior_dispersion") > ATTAINABLE) & (pl.col("counted") >= FEWEST_PERSONS)
            )
            .rename({"evidence": "total"})
            .drop("attainable", "counted")
            .with_columns((pl.len().over("source") * len(SCOPES)).log().alias("penalty"))
            .filter(pl.col("total") / MINIMUM_DISPERSION - pl.col("penalty") > LOG_CHANCE)
            .with_columns(pl.lit(scope).alias("scope"))
        )
        suspects.append(
            pairs.with_columns(pl.col(scope).alias("key")).join(totals, on=["source", "pair", "key"], how="inner")
        )
    return pl.concat(suspects)


def confirm_suspects(suspects: pl.DataFrame, pairs: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return the likeliest exchanges, given the earlier periods; no two share a cell or a breakdown.

    An exchange does not explain a jump of both categories together, which has a rule of its own.  `place` is the larger
    cell of the line that suggests the exchange most, `place_2` the other; `others` are further lines.
    """
    confirmed = []
    for lines, earlier in _group_suspects(suspects, past):
        first, second = _tabulate_earlier_counts(lines, earlier)
        observed = structure.compute_pair_dispersion(first, second, lines["share"].to_numpy())
        dispersion = structure.blend_dispersion(observed, lines["minority"][0], lines["prior_dispersion"][0])
        score = lines["total"][0] / dispersion - lines["penalty"][0]
        persons = (first + second).sum(axis=0, keepdims=True)
        jump = compute_surprise(persons, lines.select(_BOTH.sum()).to_numpy()[0])[0]
        if score > LOG_CHANCE and not jump < P_OF_JUMP:
            confirmed.append((score, lines.sort("evidence", descending=True, maintain_order=True)))
    rows: list[dict[str, Any]] = []
    used: set[tuple[Any, ...]] = set()
    for score, lines in sorted(confirmed, key=lambda item: item[0], reverse=True):
        best = lines.row(0, named=True)
        source = tuple(best[name] for name in RETURN)
        cells = {(*source, cell) for cell in (*lines["cell"], *lines["cell_2"])}
        if (*source, best["dim"]) in used or used & cells:
            continue
        # The same two categories in tables with other breakdowns have the same cause.
        same = pairs.join(lines.select(_SAME).unique(), on=_SAME, how="semi")
        used |= {(*source, best["dim"])} | {(*source, cell) for cell in (*same["cell"], *same["cell_2"])}
        others = int((lines["evidence"] > 0).sum()) - 1
        rows.append({**_put_larger_first(best), "score": score, "others": others})
    return pl.DataFrame(rows, schema=_EXCHANGE, orient="row") if rows else pl.DataFrame(schema=_EXCHANGE)


_SAME = [*RETURN, "dim", "category", "category_2"]
_BOTH = pl.col("value") + pl.col("value_2")
_EXCHANGE = {
    **dict.fromkeys(RETURN, pl.String()),
    **dict.fromkeys(("dim", "scope", "place", "place_2", "larger", "smaller", "seen", "seen_2"), pl.String()),
    **dict.fromkeys(("share", "score"), pl.Float64()),
    **dict.fromkeys(("n", "others"), pl.Int64()),
}


def _put_larger_first(pair: dict[str, Any]) -> dict[str, Any]:
    """Return a pair of cells with the larger first, and its earlier share of both in per cent."""
    larger, smaller = ("", "_2") if pair["value"] >= pair["value_2"] else ("_2", "")
    return {
        **{name: pair[name] for name in (*RETURN, "dim", "scope", "n")},
        "place": pair[f"place{larger}"],
        "place_2": pair[f"place{smaller}"],
        "larger": f"{pair['dim']}={pair[f'category{larger}']}",
        "smaller": f"{pair['dim']}={pair[f'category{smaller}']}",
        "seen": pair[f"seen{larger}"],
        "seen_2": pair[f"seen{smaller}"],
        "share": 100 * (pair["share"] if larger == "" else 1 - pair["share"]),
    }


def _group_suspects(suspects: pl.DataFrame, past: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield the lines of each suspected exchange with their earlier counts: `row, is_second, past_period, value`.

    All suspects are joined with the earlier counts at once, since these are many more.
    """
    exchange = ["pair", "scope", "key"]
    numbers = suspects.select(exchange).unique(maintain_order=True).with_row_index("suspect")
    numbered = suspects.join(numbers, on=exchange, how="left", maintain_order="left").with_columns(
        pl.int_range(pl.len()).over("suspect").alias("row")
    )
    cells = pl.concat(
        numbered.select(*RETURN, "suspect", "row", cell=cell, is_second=pl.lit(cell == "cell_2"))
        for cell in ("cell", "cell_2")
    )
    columns = ["suspect", "row", "is_second", "past_period", "value"]
    counts = past.join(cells, on=[*RETURN, "cell"], how="inner").select(columns)
    by_suspect = counts.partition_by("suspect", as_dict=True)
    none = counts.clear()
    for lines in numbered.partition_by("suspect"):
        yield lines, by_suspect.get((lines["suspect"][0],), none)


def _tabulate_earlier_counts(lines: pl.DataFrame, earlier: pl.DataFrame) -> tuple[structure.Array, structure.Array]:
    """Return the counts of both categories in earlier periods, one row for each line; 0 if unknown."""
    periods = {period: i for i, period in enumerate(sorted(earlier["past_period"].unique()))}
    counts = np.zeros((2, lines.height, len(periods)))
    columns = [periods[period] for period in earlier["past_period"]]
    counts[earlier["is_second"].cast(pl.Int64).to_numpy(), earlier["row"].to_numpy(), columns] = earlier[
        "value"
    ].to_numpy()
    return counts[0], counts[1]


# -------------------------------------------------------------------------------------------------------------- change


def select_changes(present: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of tables whose distribution seems to differ, by the dispersion that is assumed beforehand.

    `expected` is the count by the earlier shares, `term` the part of a cell in the likelihood ratio; `tests` is the
    number of tables of the period.
    """
    from scipy.special import chdtrc

    nested = _tabulate_nested().filter("contains").rename({"category_2": "inner"})
    inner = present.select("table", "dim", inner="category").unique()
    outer = (
        present.select("table", "dim", "category")
        .unique()
        .join(nested, on=["dim", "category"], how="inner")
        .join(inner, on=["table", "dim", "inner"], how="semi")
    )
    line = {name: pl.col(name).sum().over("line") for name in ("value", "past")}
    share = (pl.col("past") + structure.HALF) / (line["past"] + structure.HALF * pl.len().over("line"))
    cells = (
        present.join(outer, on=["table", "category"], how="anti")
        .filter(~pl.col("repeated").all().over("line"))
        .filter((line["value"] > 0) & (line["past"] > 0))
        .with_columns((line["value"] * share).alias("expected"))
        .with_columns(
            pl.when(pl.col("value") > 0)
            .then(2 * pl.col("value") * (pl.col("value") / pl.col("expected")).log())
            .otherwise(0.0)
            .alias("term")
        )
    )
    totals = (
        cells.group_by("source", "table")
        .agg(
            pl.col("term").sum().alias("ratio"),
            ((pl.col("past") > 0).sum().cast(pl.Int64) - pl.col("line").n_unique()).alias("freedom"),
            (_assume_dispersion("dim").first() * pl.col("measure").n_unique().sqrt()).alias("dispersion"),
        )
        .filter(pl.col("freedom") > 0)
        .with_columns(pl.len().over("source").alias("tests"))
    )
    p = chdtrc(totals["freedom"].to_numpy(), (totals["ratio"] / totals["dispersion"]).to_numpy())
    suspects = totals.filter(pl.Series(p) < P_WORTH_COMPARING).select("table", "tests")
    return cells.join(suspects, on="table", how="inner")


def confirm_changes(cells: pl.DataFrame, past: pl.DataFrame) -> pl.DataFrame:
    """Return the most surprising change of each period of a return, at the cell that differs most."""
    rows = []
    past = past.join(cells.select(*RETURN, "cell").unique(), on=[*RETURN, "cell"], how="semi")
    for table in cells.partition_by("table"):
        numbered = table.with_columns(
            (pl.col(name).rank("dense") - 1).cast(pl.Int64).alias(f"{name}_number") for name in ("line", "category")
        )
        earlier = past.join(
            numbered.select(*RETURN, "cell", "line_number", "category_number"), on=[*RETURN, "cell"], how="inner"
        ).with_columns((pl.col("past_period").rank("dense") - 1).cast(pl.Int64).alias("period_number"))
        shape = [table[name].n_unique() for name in ("line", "category")]
        counts = np.zeros(shape)
        counts[_index(numbered, "line", "category")] = table["value"].to_numpy()
        earlier_counts = np.zeros([earlier["past_period"].n_unique(), *shape])
        earlier_counts[_index(earlier, "period", "line", "category")] = earlier["value"].to_numpy()
        p = structure.compute_change(counts, earlier_counts) * table["tests"][0]
        if p < P_CHANGED:
            largest = table.sort("term", descending=True, maintain_order=True).row(0, named=True)
            category = f"{largest['dim']}={largest['category']}"
            rows.append({**largest, "category": category, "measure": largest["measure_code"], "p": p})
    changes = pl.DataFrame(rows, schema=_CHANGE, orient="row") if rows else pl.DataFrame(schema=_CHANGE)
    return changes.sort("p", maintain_order=True).unique(RETURN, keep="first", maintain_order=True)


def _index(table: pl.DataFrame, *names: str) -> tuple[structure.Array, ...]:
    return tuple(table[f"{name}_number"].to_numpy() for name in names)


_CHANGE = {
    **dict.fromkeys((*RETURN, "dim", "category", "measure", "place", "seen"), pl.String()),
    **dict.fromkeys(("expected", "p"), pl.Float64()),
    "n": pl.Int64(),
}


RULES = (
    PlausibilityRule(
        find_exchanged_categories,
        FindingTemplate(
            "structure.exchanged",
            "seen",
            params={
                "category": "larger",
                "other_category": "smaller",
                "period": "period",
                "other": "seen_2",
                "place": "place_2",
                "periods": "n",
                "share": "share",
                "others": "others",
            },
        ),
    ),
    PlausibilityRule(
        find_changed_distributions,
        FindingTemplate(
            "structure.changed",
            "seen",
            "expected",
            params={"dim": "dim", "category": "category", "period": "period", "periods": "n", "p": "p"},
        ),
    ),
)
"""Rules of every instrument that holds counts by breakdown."""
