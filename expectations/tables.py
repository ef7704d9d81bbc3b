"""What the suites judge, as tables: polars computes here, Great Expectations decides elsewhere.

Belongs here: bringing many returns, and what was known before each, into a few long tables, one row a thing that can be
right or wrong.  Does not belong here: what is allowed (the suites) and what is said about it (`rules.py`).

Every table has `submission_id` and `place`, so that a failing row leads back to its return and its cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from pipelines import codes
from pipelines.returns.model import CASE_EVENT_KEY, OBSERVATION_KEY
from pipelines.returns.periods import Period
from pipelines.statistics import jumps

if TYPE_CHECKING:
    from pipelines.returns.registry import Registry

BREAKDOWNS = (*codes.DIMENSIONS_WITH_TOTAL, "partner")
SERIES = ("jurisdiction", "measure", "level", "count_unit", "statistic", "offence_group", "victim_status", "freq")
COMPARED_PERIODS = 12
"""How many periods before the present one a count is compared with: three years of quarters."""
LAG = 4
"""Quarters before the present one whose investigations may lead to an indictment now."""


def offence_groups() -> pl.DataFrame:
    """`offence, offence_group`."""
    return pl.DataFrame(
        [(code, row["offence_group"]) for code, row in codes.codelist("offence").items()],
        schema=["offence", "offence_group"],
        orient="row",
    )


def figures(observations: pl.DataFrame) -> pl.DataFrame:
    """Every observation, with `whole` (the distance from a whole number), `status_fits` and `repeated` (0 or 1).

    Whether a key repeats is computed here and decided in the suite: a return may hold it once a block.
    """
    key = [*OBSERVATION_KEY, "form", "submission_id"]
    has_value = pl.col("value").is_not_null()
    missing = pl.col("obs_status").is_in(["O", "L", "M", "Q"])
    return observations.with_columns(
        pl.when(pl.col("unit_measure") == "NR").then((pl.col("value") - pl.col("value").round()).abs()).alias("whole"),
        (has_value ^ missing).cast(pl.Int8).alias("status_fits"),
        pl.struct(key).is_duplicated().cast(pl.Int8).alias("repeated"),
    )


def codings(rows: pl.DataFrame, columns: Iterable[str]) -> pl.DataFrame:
    """Every code that a return uses, once: `submission_id, column, code, coding, place`.

    `coding` is `column=code`, so that one expectation holds all lists; `code` is null where a part of the key is empty.
    `place` is where the code was first met.
    """
    used = [
        rows.group_by("submission_id", pl.col(column).alias("code"), maintain_order=True)
        .agg(pl.col("place").first())
        .select("submission_id", pl.lit(column).alias("column"), pl.col("code").cast(pl.String), "place")
        for column in columns
    ]
    return pl.concat(used).with_columns(pl.concat_str("column", pl.lit("="), "code").alias("coding"))


def totals(observations: pl.DataFrame) -> pl.DataFrame:
    """One row a series and period: the count over all breakdowns, per offence group.

    Only figures with every breakdown at its total count.  Where an office gives all articles of a group together, that
    figure counts alone; else its articles are added.  `place` and `label` are of the first figure behind a total.
    """
    at_total = pl.all_horizontal(pl.col(name).is_in(["_T", "_Z"]) for name in BREAKDOWNS if name != "victim_status")
    rows = observations.filter(at_total & pl.col("value").is_not_null()).join(
        offence_groups(), on="offence", how="inner"
    )
    by = ["submission_id", "territory", "period", "accumulation", *SERIES]
    together = pl.col("law_article") == "_T"
    rows = rows.filter(together | ~together.any().over(by))
    # Rows are by article, and several articles may have one code: within a group all of them are added.
    return (
        rows.group_by(by, maintain_order=True)
        .agg(pl.col("value").sum(), pl.col("place").first(), pl.col("label").first(), pl.len().alias("figures"))
        .sort(by)
    )


def bounds(table: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Totals of persons, victims or cases with the bounds `low` and `high` that their territory declares."""
    declared = pl.DataFrame(
        [
            (bound.jurisdiction, bound.measure, bound.offence_group, bound.freq, bound.low, bound.high)
            for territory in registry.territories.values()
            for bound in territory.plausibility
        ],
        schema={
            "jurisdiction": pl.String,
            "measure": pl.String,
            "offence_group": pl.String,
            "freq": pl.String,
            "low": pl.Float64,
            "high": pl.Float64,
        },
        orient="row",
    )
    units = pl.col("count_unit").is_in(["person", "victim", "migrant"]) & (pl.col("accumulation") == "discrete")
    return table.filter(units).join(declared, on=["jurisdiction", "measure", "offence_group", "freq"], how="inner")


OUTCOMES = (
    ("convicted_first", "adjudicated_first"),
    ("convicted_final", "adjudicated_final"),
    ("sentenced_first", "convicted_first"),
    ("sentenced_final", "convicted_final"),
)
"""(part, whole) of one period, level and unit: the part cannot exceed the whole, whatever the lag between stages."""


def outcomes(table: pl.DataFrame) -> pl.DataFrame:
    """Pairs of totals of which the first is part of the second: `part, whole, value, expected`."""
    same = [
        "submission_id",
        "territory",
        "jurisdiction",
        "period",
        "accumulation",
        "freq",
        "count_unit",
        "offence_group",
    ]
    pairs = []
    for part, whole in OUTCOMES:
        left = table.filter(pl.col("measure") == part)
        right = table.filter(pl.col("measure") == whole).select(*same, pl.col("value").alias("expected"))
        pairs.append(
            left.join(right, on=same, how="inner").with_columns(
                pl.lit(part).alias("part"), pl.lit(whole).alias("whole")
            )
        )
    return pl.concat(pairs)


def coverage(blocks: pl.DataFrame, before: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """One row a block with its `period_end`, `deadline` (null: not expected), `received`, `days_late`, `days_open`.

    A period that was reported before is not late when it is told again: `days_late` is then null.
    """
    same = ["submission_id", "jurisdiction", "form", "freq", "period"]
    calendar = pl.DataFrame(
        registry.calendar(),
        schema={
            "jurisdiction": pl.String,
            "territory": pl.String,
            "instrument": pl.String,
            "source": pl.String,
            "freq": pl.String,
            "period": pl.String,
            "deadline": pl.Date,
        },
    ).drop("territory")
    return (
        blocks.join(_days(blocks), on="period", how="left", maintain_order="left")
        .join(before.select(*same, pl.lit(1).alias("known")).unique(), on=same, how="left", maintain_order="left")
        .join(
            calendar, on=["jurisdiction", "instrument", "source", "freq", "period"], how="left", maintain_order="left"
        )
        .with_columns(
            pl.when(pl.col("known").is_null())
            .then((pl.col("received") - pl.col("deadline")).dt.total_days())
            .alias("days_late"),
            (pl.col("period_end") - pl.col("received")).dt.total_days().alias("days_open"),
            pl.col("deadline").is_not_null().cast(pl.Int8).alias("is_expected"),
        )
    )


def series_jumps(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Totals with the mean of up to twelve periods before them, their number `n`, and the probability `p`.

    `before` are totals of what was known before each judged return, under that return's `submission_id`.
    """
    key = ["submission_id", *SERIES]
    now = table.filter(pl.col("accumulation") == "discrete")
    past = before.filter(pl.col("accumulation") == "discrete").select(
        *key, pl.col("period").alias("past_period"), pl.col("value").alias("past")
    )
    joined = (
        now.join(past, on=key, how="inner")
        .filter(pl.col("past_period") < pl.col("period"))
        .sort(*key, "period", "past_period", descending=[False] * len(key) + [False, True])
        .group_by([*key, "period"], maintain_order=True)
        .agg(
            pl.col("past").head(COMPARED_PERIODS),
            pl.col("value").first(),
            pl.col("place").first(),
            pl.col("label").first(),
            pl.col("territory").first(),
        )
    )
    if joined.is_empty():
        return joined.with_columns(pl.lit(0).alias("n"), pl.lit(0.0).alias("mean"), pl.lit(1.0).alias("p")).clear()
    width = max(joined["past"].list.len().to_list())
    past_matrix = joined.select(
        pl.col("past").list.get(i, null_on_oob=True).alias(f"p{i}") for i in range(width)
    ).to_numpy()
    return joined.with_columns(
        pl.col("past").list.len().alias("n"),
        pl.col("past").list.mean().alias("mean"),
        pl.Series("p", jumps.surprise(past_matrix, joined["value"].to_numpy())),
    ).drop("past")


def stocks(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Stocks at the start of a period beside the stock known at the end of the period before: `value, expected`."""
    same = ["submission_id", "jurisdiction", "measure", "level", "count_unit", "offence_group", "freq"]
    start = table.filter(pl.col("statistic") == "start").with_columns(
        pl.struct("period", "freq")
        .map_elements(lambda p: _previous(p["period"]), return_dtype=pl.String)
        .alias("previous")
    )
    ends = pl.concat([before, table]).filter(pl.col("statistic") == "end")
    ends = ends.select(*same, pl.col("period").alias("previous"), pl.col("value").alias("expected"))
    return start.join(
        ends.unique([*same, "previous"], keep="last", maintain_order=True), on=[*same, "previous"], how="inner"
    )


def lags(table: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Persons indicted in a quarter beside those investigated in it and the four quarters before: `value, expected`."""
    same = ["submission_id", "jurisdiction", "offence_group"]
    person = (pl.col("count_unit") == "person") & (pl.col("freq") == "Q") & (pl.col("accumulation") == "discrete")
    indicted = table.filter(person & (pl.col("measure") == "indicted"))
    investigated = pl.concat([before, table]).filter(person & (pl.col("measure") == "investigated"))
    investigated = investigated.unique([*same, "period"], keep="last", maintain_order=True).select(
        *same, pl.col("period").alias("earlier"), pl.col("value").alias("expected")
    )
    return (
        indicted.join(investigated, on=same, how="inner")
        .with_columns((_quarter_number("period") - _quarter_number("earlier")).alias("gap"))
        .filter(pl.col("gap").is_between(0, LAG))
        .group_by([*same, "territory", "period"], maintain_order=True)
        .agg(
            pl.col("value").first(),
            pl.col("place").first(),
            pl.col("label").first(),
            pl.col("expected").sum(),
            pl.len().alias("n"),
        )
        .filter(pl.col("n") == LAG + 1)
    )


def years_so_far(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Figures from January on beside those of the quarter before in the same year: `value, expected, previous`."""
    same = ["submission_id", "form", *(c for c in OBSERVATION_KEY if c not in ("period", "period_end"))]
    so_far = (pl.col("accumulation") == "ytd") & (pl.col("freq") == "Q") & pl.col("value").is_not_null()
    flows = (pl.col("statistic") == "count") & so_far
    now = observations.filter(flows).with_columns(
        pl.col("period").map_elements(_previous, return_dtype=pl.String).alias("previous")
    )
    past = pl.concat([before, observations]).filter(flows).unique([*same, "period"], keep="last", maintain_order=True)
    past = past.select(*same, pl.col("period").alias("previous"), pl.col("value").alias("expected"))
    # `period_start` is 1 January of the year, and part of the key: another year's figure is never met.
    return now.join(past, on=[*same, "previous"], how="inner", maintain_order="left")


def copies(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Periods of a return beside the period before: `n` figures above zero, `same` (1: every figure is equal)."""
    dims = [c for c in OBSERVATION_KEY if c not in ("period", "period_start", "period_end")]
    now = observations.filter(pl.col("value").is_not_null()).with_columns(
        pl.col("period").map_elements(_previous, return_dtype=pl.String).alias("previous")
    )
    past = before.filter(pl.col("value").is_not_null()).select(
        "submission_id", *dims, pl.col("period").alias("previous"), pl.col("value").alias("past")
    )
    return (
        now.join(past, on=["submission_id", *dims, "previous"], how="left")
        .group_by(["submission_id", "jurisdiction", "form", "period", "previous"], maintain_order=True)
        .agg(
            pl.col("place").first(),
            (pl.col("value") > 0).sum().alias("n"),
            (pl.col("value") == pl.col("past")).fill_null(False).all().cast(pl.Int8).alias("same"),
        )
    )


LINE = ("measure", "level", "count_unit", "statistic", "offence", "law_article")
"""What a line of a return counts, whatever it is broken down by."""
STEADY = 2
"""Newest periods before that must all have a line for its absence to be told: what comes and goes is no surprise."""


def gone(observations: pl.DataFrame, before: pl.DataFrame, blocks: pl.DataFrame) -> pl.DataFrame:
    """Lines known of the same period, or of both newest periods before it, with `absent` (1: not in this return).

    Only whole returns owe every line: a patch leaves out what does not change, a nil return counts nothing. A line
    with a sign for missing is there. `label` and `previous` are of the newest figure known.
    """
    same = ["submission_id", "jurisdiction", "form", "freq"]
    due = blocks.filter("owes_all").select(*same, "period")
    told = observations.select(*same, "period", *LINE, pl.lit(1).alias("told")).unique()
    known = (
        before.filter(pl.col("value").is_not_null())
        .sort("place", maintain_order=True)
        .group_by(*same, *LINE, pl.col("period").alias("previous"), maintain_order=True)
        .agg(pl.col("label").first())
    )
    periods = known.select(*same, "previous").unique().join(due, on=same, how="inner")
    periods = periods.filter(pl.col("previous") <= pl.col("period")).with_columns(
        pl.col("previous")
        .rank("ordinal", descending=True)
        .over(*same, "period", pl.col("previous") < pl.col("period"))
        .alias("age"),
        (pl.col("previous") == pl.col("period")).alias("again"),
    )
    held = known.join(periods, on=[*same, "previous"], how="inner")
    by = [*same, "period", *LINE]
    return (
        held.sort("previous", descending=True)
        .group_by(by, maintain_order=True)
        .agg(
            pl.col("label").first(),
            pl.col("previous").first(),
            pl.col("again").any(),
            (~pl.col("again") & (pl.col("age") <= STEADY)).sum().alias("steady"),
        )
        .filter(pl.col("again") | (pl.col("steady") == STEADY))
        .join(told, on=by, how="left")
        .with_columns(pl.col("told").is_null().cast(pl.Int8).alias("absent"), pl.lit("").alias("place"))
        .sort(by)
    )


def revisions(observations: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Figures known before under the same key with another value: `value, expected, changed`."""
    key = [*OBSERVATION_KEY, "form", "submission_id"]
    past = before.select(*key, pl.col("value").alias("expected"))
    return observations.join(past, on=key, how="inner").with_columns(
        (pl.col("value") - pl.col("expected")).abs().alias("changed")
    )


def records(events: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Every case event with what its dates, its sanction and its article say of it; see the columns below."""
    # An acquittal or a transfer may come before or after other events; only the stages have an order of their own.
    order = {code: int(row["stage_order"]) for code, row in codes.codelist("measure").items() if row["kind"] == "flow"}
    longest: dict[str, float] = {}
    for article in registry.law:
        if months := article.row["penalty_max_months"]:
            key = f"{article.jurisdiction} {article.key}"
            longest[key] = max(longest.get(key, 0.0), float(months))
    with_order = (
        events.join(_days(events), on="period", how="left", maintain_order="left")
        .with_columns(
            pl.col("event").replace_strict(order, default=None, return_dtype=pl.Int32).alias("_order"),
            pl.concat_str("jurisdiction", pl.lit(" "), "law_article").alias("_article"),
        )
        .sort("submission_id", "jurisdiction", "proceeding", "person", "_order", "event_date", nulls_last=True)
    )
    person = ["submission_id", "jurisdiction", "proceeding", "person", pl.col("_order").is_null()]
    return with_order.with_columns(
        pl.col("event_date").cum_max().shift(1).over(person).alias("earlier_date"),
        pl.col("event").shift(1).over(person).alias("earlier"),
        (pl.col("period_end") - pl.col("event_date")).dt.total_days().alias("days_before_end"),
        (pl.col("event_date") - pl.col("period_start")).dt.total_days().alias("days_after_start"),
        (pl.col("cutoff_date") - pl.col("event_date")).dt.total_days().alias("days_before_cutoff"),
        pl.struct([*CASE_EVENT_KEY, "submission_id"]).is_duplicated().cast(pl.Int8).alias("repeated"),
        (
            pl.col("sentence_months").is_not_null()
            & ~pl.col("sentence_type").is_in(["prison", "prison_suspended", "juvenile", "community"])
        )
        .cast(pl.Int8)
        .alias("length_without_prison"),
        pl.col("_article").replace_strict(longest, default=None, return_dtype=pl.Float64).alias("longest"),
    ).with_columns(
        (pl.col("event_date") - pl.col("earlier_date")).dt.total_days().alias("days_after_earlier"),
        (pl.col("longest") - pl.col("sentence_months")).alias("months_below_longest"),
    )


def _days(table: pl.DataFrame) -> pl.DataFrame:
    """First and last day of each period in a table: `period, period_start, period_end`."""
    rows = [(code, Period.of(code).start, Period.of(code).end) for code in table["period"].unique()]
    return pl.DataFrame(
        rows, schema={"period": pl.String, "period_start": pl.Date, "period_end": pl.Date}, orient="row"
    )


def _previous(code: str) -> str:
    """The period before: 2026-Q1 -> 2025-Q4, 2026 -> 2025."""
    year, dash, quarter = code.partition("-Q")
    if not dash:
        return str(int(year) - 1)
    return f"{year}-Q{int(quarter) - 1}" if quarter != "1" else f"{int(year) - 1}-Q4"


def _quarter_number(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 4).cast(pl.Int32) * 4 + pl.col(column).str.slice(6, 1).cast(pl.Int32)
