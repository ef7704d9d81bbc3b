"""Compare how the figures of a return are distributed over each breakdown with earlier periods.

A line is everything that a figure says but its category in one breakdown: measure, article, other breakdowns.  Lines
with the same other breakdowns are compared together, by measure, by article, and each by itself, because two
categories may be exchanged everywhere, in one table, in one row, or in one pair of cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from expectations.comparisons import COMPARED_PERIODS
from expectations.figures import Figures, PlausibilityRule
from expectations.plausibility import find_exchanged_sexes
from expectations.reporting import FindingTemplate
from pipelines.core import codes
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.statistics import structure
from pipelines.statistics.jumps import MINIMUM_DISPERSION, MINIMUM_HISTORY, compute_surprise

DIMENSIONS = (*codes.DIMENSIONS_WITH_TOTAL, "law_article")
"""Breakdowns that are compared, each by itself."""
LOG_CHANCE = 0.5
"""Logarithm of the evidence for an exchange that is reported, beyond the logarithm of the number of comparisons.

The bound of the statistics is loose for so little; on clean histories the rule then finds one exchange in about a
hundred returns (docs/methodology/plausibility.md).
"""
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
_CELL = [c for c in OBSERVATION_KEY if c not in ("territory", "source", "period", "period_start", "period_end")]
_RETURN = ["submission_id", "form", "freq", "period"]
_CARRIED = ["place", *(name for name in _CELL if name not in ("freq", "accumulation"))]
_OF_CATEGORY = ("category", "cell", "value", "seen", "past", "place", "repeated")


def find_exchanged_categories(figures: Figures) -> pl.DataFrame:
    """Return one row for each exchange of two categories that explains a return better than what it says.

    An exchange of women and men that `plausibility.find_exchanged_sexes` finds in the same period is left to it.
    """
    present, past = tabulate_lines(figures.observations, figures.earlier_observations)
    pairs = score_pairs(present)
    exchanges = confirm_suspects(select_suspects(pairs), pairs, past)
    if exchanges.is_empty():
        return exchanges
    sexes = find_exchanged_sexes(figures).select("submission_id", "period", pl.lit("sex").alias("dim")).unique()
    return exchanges.join(sexes, on=["submission_id", "period", "dim"], how="anti", maintain_order="left")


# ------------------------------------------------------------------------------------------------------ cells, lines


def tabulate_lines(observations: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return present and past cells by breakdown.

    Present cells have their `value`, the sum `past` of up to twelve earlier periods, and the number `n` of these; only
    cells with at least four are compared.  A figure that repeats the accepted one of its period was judged before.
    `dim` and `category` are the breakdown and the code in it, `line` is a hash of all else that the figure says.  Lines
    of one `table` have the same other breakdowns.
    """
    key = [*_RETURN, "cell"]
    reported, accepted = _select_counts(observations, _CARRIED), _select_counts(before, [])
    now, earlier = _select_single_periods(reported, accepted), _select_single_periods(accepted, accepted.clear())
    repeated = earlier.select(*key, "value", pl.lit(value=True).alias("repeated"))
    compared = _list_compared_periods(now, earlier)
    past = earlier.rename({"period": "past_period"}).join(
        compared, on=["submission_id", "form", "freq", "past_period"], how="inner"
    )
    sums = past.group_by(key).agg(pl.col("value").sum().alias("past"), pl.len().alias("n"))
    cells = (
        now.join(sums.filter(pl.col("n") >= MINIMUM_HISTORY), on=key, how="inner", maintain_order="left")
        .join(repeated, on=[*key, "value"], how="left", maintain_order="left")
        .with_columns(pl.col("repeated").fill_null(value=False))
    )
    return _stack_breakdowns(cells), past


def _select_counts(rows: pl.DataFrame, carried: Sequence[str]) -> pl.DataFrame:
    """Return the counts, with a hash of each cell's meaning."""
    is_counted = (pl.col("value") >= 0) & (pl.col("unit_measure") == "NR")
    return (
        rows.lazy()
        .filter(is_counted)
        .select(
            *_RETURN,
            "accumulation",
            "value",
            _write_count("value").alias("seen"),
            *carried,
            pl.sum_horizontal(_hash_column(name) for name in _CELL).alias("cell"),
        )
        .collect()
    )


def _hash_column(name: str) -> pl.Expr:
    """Return a hash of a part of a cell's meaning; their sum is one of all parts, and a part can be subtracted."""
    return pl.col(name).hash(seed=_CELL.index(name))


def _write_count(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Int64, strict=False).cast(pl.String)


def _select_single_periods(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Return the counts of single periods; years so far as what they add to the quarter before, if that is known.

    `seen` shows the subtraction.
    """
    is_so_far = pl.col("accumulation") == "ytd"
    discrete = now.filter(pl.col("accumulation") == "discrete")
    so_far = now.filter(is_so_far & (pl.col("freq") == "Q"))
    if so_far.is_empty():
        return discrete
    key = ["submission_id", "form", "cell", "previous"]
    subtrahend = [*key[:-1], pl.col("period").alias("previous"), pl.col("value").alias("subtrahend")]
    earlier = pl.concat([before.filter(is_so_far).select(subtrahend), so_far.select(subtrahend)]).unique(
        key, keep="last", maintain_order=True
    )
    year, quarter = pl.col("period").str.slice(0, 6), pl.col("period").str.slice(6, 1).cast(pl.Int32)
    added = (
        so_far.with_columns(pl.concat_str(year, (quarter - 1).cast(pl.String)).alias("previous"))
        .join(earlier, on=key, how="left", maintain_order="left")
        .with_columns(pl.when(quarter == 1).then(0.0).otherwise("subtrahend").alias("subtrahend"))
        .with_columns((pl.col("value") - pl.col("subtrahend")).alias("added"))
        .filter(pl.col("added") >= 0)
        .with_columns(
            pl.when(pl.col("subtrahend") == 0)
            .then("seen")
            .otherwise(
                pl.format("{} ({} \N{MINUS SIGN} {})", _write_count("added"), "seen", _write_count("subtrahend"))
            )
            .alias("seen"),
            pl.col("added").alias("value"),
        )
    )
    return pl.concat([discrete, added.select(now.columns)])


def _list_compared_periods(now: pl.DataFrame, earlier: pl.DataFrame) -> pl.DataFrame:
    """Return the twelve newest earlier periods of each period of a return."""
    series = ["submission_id", "form", "freq"]
    return (
        now.select(_RETURN)
        .unique()
        .join(earlier.select(*series, pl.col("period").alias("past_period")).unique(), on=series, how="inner")
        .filter(pl.col("past_period") < pl.col("period"))
        .filter(pl.col("past_period").rank("ordinal", descending=True).over(_RETURN) <= COMPARED_PERIODS)
    )


def _stack_breakdowns(cells: pl.DataFrame) -> pl.DataFrame:
    """Return each cell once for every breakdown it has."""
    flags = cells.lazy().with_columns(
        *((~pl.col(name).is_in(codes.TOTAL_CODES)).alias(f"by_{name}") for name in DIMENSIONS),
        pl.struct(_RETURN).hash().alias("source"),
        pl.struct("measure", "level", "statistic").hash().alias("measure_key"),
        pl.struct("law_article", "offence").hash().alias("article_key"),
    )
    flags = flags.with_columns(
        pl.sum_horizontal(pl.col(f"by_{name}").cast(pl.UInt64) * 2**i for i, name in enumerate(DIMENSIONS)).alias(
            "bits"
        ),
    )
    used = cells.select(~pl.col(name).is_in(codes.TOTAL_CODES).all() for name in DIMENSIONS).row(0)
    stacked = []
    for number, dim in enumerate(DIMENSIONS):
        # The first stays, so that there is a table. A branch of the query costs more than its few rows.
        if number > 0 and not used[number]:
            continue
        omitted = (dim, "offence") if dim == "law_article" else (dim,)
        line = pl.col("cell") - pl.sum_horizontal(_hash_column(name) for name in omitted)
        stacked.append(
            flags.filter(f"by_{dim}").select(
                *_RETURN,
                "source",
                "cell",
                pl.lit(dim).alias("dim"),
                pl.col(dim).alias("category"),
                pl.struct("source", pl.lit(number), line).hash().alias("line"),
                pl.struct("source", pl.lit(number), "bits", "count_unit").hash().alias("table"),
                pl.col("measure_key").alias("measure"),
                pl.lit(0, pl.UInt64).alias("article")
                if dim == "law_article"
                else pl.col("article_key").alias("article"),
                pl.lit(0, pl.UInt64).alias("all"),
                "value",
                "past",
                "n",
                "repeated",
                "place",
                "seen",
            )
        )
    return pl.concat(stacked).collect()


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
        pl.when(pl.col("dim").is_in(list(CLUSTERED)))
        .then(structure.SHARED_DISPERSION)
        .otherwise(MINIMUM_DISPERSION)
        .alias("base"),
    )


@cache
def _tabulate_nested() -> pl.DataFrame:
    """Return pairs of categories, in both orders, of which one contains the other or overlaps it."""
    rows = []
    for dim, low, high in (("age", "lower", "upper"), ("sentence_band", "lower_months", "upper_months")):
        spans = {
            code: (float(row[low]), float(row[high] or "inf"))
            for code, row in codes.read_codelist(dim).items()
            if row[low]
        }
        rows += [
            (dim, code, code_2)
            for code, (start, end) in spans.items()
            for code_2, (start_2, end_2) in spans.items()
            if start < end_2 and start_2 < end
        ]
    for code, row in codes.read_codelist("citizenship").items():
        rows += [("citizenship", code, row["parent"]), ("citizenship", row["parent"], code)]
    return pl.DataFrame(rows, schema={"dim": pl.String, "category": pl.String, "category_2": pl.String}, orient="row")


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
    for lines in suspects.partition_by("pair", "scope", "key"):
        first, second = _list_earlier_counts(lines, past)
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
        source = tuple(best[name] for name in _RETURN)
        cells = {(*source, cell) for cell in (*lines["cell"], *lines["cell_2"])}
        if (*source, best["dim"]) in used or used & cells:
            continue
        # The same two categories in tables with other breakdowns have the same cause.
        same = pairs.join(lines.select(_SAME).unique(), on=_SAME, how="semi")
        used |= {(*source, best["dim"])} | {(*source, cell) for cell in (*same["cell"], *same["cell_2"])}
        others = int((lines["evidence"] > 0).sum()) - 1
        rows.append({**_put_larger_first(best), "score": score, "others": others})
    return pl.DataFrame(rows, schema=_EXCHANGE, orient="row") if rows else pl.DataFrame(schema=_EXCHANGE)


_SAME = [*_RETURN, "dim", "category", "category_2"]
_BOTH = pl.col("value") + pl.col("value_2")
_EXCHANGE = {
    **dict.fromkeys(_RETURN, pl.String()),
    **dict.fromkeys(("dim", "scope", "place", "place_2", "larger", "smaller", "seen", "seen_2"), pl.String()),
    **dict.fromkeys(("share", "score"), pl.Float64()),
    **dict.fromkeys(("n", "others"), pl.Int64()),
}


def _put_larger_first(pair: dict[str, Any]) -> dict[str, Any]:
    """Return a pair of cells with the larger first, and its earlier share of both in per cent."""
    larger, smaller = ("", "_2") if pair["value"] >= pair["value_2"] else ("_2", "")
    return {
        **{name: pair[name] for name in (*_RETURN, "dim", "scope", "n")},
        "place": pair[f"place{larger}"],
        "place_2": pair[f"place{smaller}"],
        "larger": f"{pair['dim']}={pair[f'category{larger}']}",
        "smaller": f"{pair['dim']}={pair[f'category{smaller}']}",
        "seen": pair[f"seen{larger}"],
        "seen_2": pair[f"seen{smaller}"],
        "share": 100 * (pair["share"] if larger == "" else 1 - pair["share"]),
    }


def _list_earlier_counts(lines: pl.DataFrame, past: pl.DataFrame) -> tuple[structure.Array, structure.Array]:
    """Return the counts of both categories in earlier periods, one row for each line; 0 if unknown."""
    key = [*_RETURN, "cell"]
    tables = [
        past.join(
            lines.select(*_RETURN, pl.col(cell).alias("cell"), pl.int_range(pl.len()).alias("row")), on=key, how="inner"
        )
        for cell in ("cell", "cell_2")
    ]
    periods = {period: i for i, period in enumerate(sorted({*tables[0]["past_period"], *tables[1]["past_period"]}))}
    first, second = np.zeros((2, lines.height, len(periods)))
    for array, table in zip((first, second), tables, strict=True):
        array[table["row"].to_numpy(), [periods[period] for period in table["past_period"]]] = table["value"].to_numpy()
    return first, second


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
)
"""Rules of every instrument that holds counts by breakdown."""
