"""Tables of the figures of a return by itself, which the suites check with Great Expectations.

Every table has `submission_id` and `place`, so that a failing row points back to its return and cell.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import polars as pl

from expectations.reporting import EMPTY
from pipelines.core import codes
from pipelines.model.periods import Period

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry

CODED: dict[str, str] = {
    # column of an observation -> code list
    "instrument": "instrument",
    "freq": "freq",
    "accumulation": "accumulation",
    "date_basis": "date_basis",
    "measure": "measure",
    "level": "level",
    "count_unit": "count_unit",
    "statistic": "statistic",
    "unit_measure": "unit_measure",
    "offence": "offence",
    "person_type": "person_type",
    "victim_status": "victim_status",
    "sex": "sex",
    "age": "age",
    "age_basis": "age_basis",
    "exploitation": "exploitation",
    "citizenship": "citizenship",
    "sentence_type": "sentence_type",
    "sentence_band": "sentence_band",
    "partner": "partner",
    **{name: name for name in codes.COOPERATION_DIMENSIONS},
    "obs_status": "obs_status",
    "conf_status": "conf_status",
}
EVENT_CODED: dict[str, str] = {
    # column of a case event -> code list
    "event": "measure",
    "level": "level",
    "offence": "offence",
    "sex": "sex",
    "age": "age",
    "sentence_type": "sentence_type",
}
REQUEST_CODED: dict[str, str] = {
    # column of an event of a request -> code list
    "event": "measure",
    "level": "level",
    "offence": "offence",
    "partner": "partner",
    "direction": "direction",
    "assistance": "assistance",
}
BREAKDOWNS = (*codes.DIMENSIONS_WITH_TOTAL, "partner", *codes.COOPERATION_DIMENSIONS)
SERIES = ("jurisdiction", "measure", "level", "count_unit", "statistic", "offence_group", "victim_status", "freq")

BY_SEX = ("submission_id", *dict.fromkeys((*SERIES, *(name for name in BREAKDOWNS if name != "sex"))))
"""Key of a series in the table of women and men."""
_NO_DEPTH = ("victim_status", "sex")
"""Dimensions that do not make a figure by sex a part of a wider one."""


@cache
def list_offence_groups() -> pl.DataFrame:
    """Return the columns `offence, offence_group` of the code list of offences."""
    return pl.DataFrame(
        [(code, row["offence_group"]) for code, row in codes.read_codelist("offence").items()],
        schema=["offence", "offence_group"],
        orient="row",
    )


def mark_empty_codes(rows: pl.DataFrame, key: Iterable[str], coded: Iterable[str]) -> pl.DataFrame:
    """Write EMPTY where a part of the key that has a code is empty."""
    return rows.with_columns(pl.col(set(key).intersection(coded)).fill_null(EMPTY))


def tabulate_figures(observations: pl.DataFrame) -> pl.DataFrame:
    """Return all observations with `nearest_whole_number` of a count, and what value and status say about each other.

    `value_is` and `status_says` are `given` or `missing`.
    """
    is_missing = pl.col("obs_status").is_in(["O", "L", "M", "Q"])
    return observations.with_columns(
        pl.when(pl.col("unit_measure") == "NR").then(pl.col("value").round()).alias("nearest_whole_number"),
        _given_or_missing(pl.col("value").is_null()).alias("value_is"),
        _given_or_missing(is_missing).alias("status_says"),
    )


def _given_or_missing(is_missing: pl.Expr) -> pl.Expr:
    return pl.when(is_missing).then(pl.lit("missing")).when(~is_missing).then(pl.lit("given"))


def tabulate_totals(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the total of each series and period by offence group, over all breakdowns.

    Only figures that are totals in every breakdown are used.  If an office reports all articles of a group together,
    that figure is the total; else its articles are added.  `place` and `label` are those of the first figure used.
    """
    at_total = pl.all_horizontal(pl.col(name).is_in(["_T", "_Z"]) for name in BREAKDOWNS if name != "victim_status")
    rows = (
        observations.lazy()
        .filter(at_total & pl.col("value").is_not_null())
        .join(list_offence_groups().lazy(), on="offence", how="inner", maintain_order="left")
    )
    by = ["submission_id", "territory", "period", "accumulation", *SERIES]
    return (
        _each_person_once(rows, by)
        .group_by(by, maintain_order=True)
        .agg(pl.col("value").sum(), pl.col("place").first(), pl.col("label").first(), pl.len().alias("figures"))
        .sort(by)
        .collect()
    )


def count_persons_of_observations(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the persons of each stage by offence group that the counts of a period have, with their first place."""
    is_comparable = (pl.col("count_unit") == "person") & (pl.col("statistic") == "count")
    is_comparable &= (pl.col("instrument") == "justice") & (pl.col("accumulation") == "discrete")
    totals = tabulate_totals(observations.filter(is_comparable))
    return totals.select(*_STAGE, "value", "place", is_of_records=pl.lit(False))


def count_persons_of_events(events: pl.DataFrame) -> pl.DataFrame:
    """Return the persons of each stage by offence group that a register has in a period, likewise."""
    persons = events.join(list_offence_groups(), on="offence", maintain_order="left").unique(
        ["submission_id", "form", "proceeding", "person", "event", "level", "freq", "period", "offence_group"],
        keep="first",
        maintain_order=True,
    )
    counted = (
        persons.rename({"event": "measure"})
        .group_by(_STAGE, maintain_order=True)
        .agg(pl.len().cast(pl.Float64).alias("value"), pl.col("place").first())
    )
    return counted.with_columns(is_of_records=pl.lit(True))


_STAGE = ["submission_id", "jurisdiction", "freq", "period", "measure", "level", "offence_group"]


def tabulate_by_sex(observations: pl.DataFrame) -> pl.DataFrame:
    """Return one row per series and period with counts of both sexes: `value` women of `n`, and their first place.

    Each series has as few other breakdowns as its measure has, and BY_SEX as its key; articles as in `tabulate_totals`.
    """
    depth = pl.sum_horizontal(~pl.col(name).is_in(codes.TOTAL_CODES) for name in BREAKDOWNS if name not in _NO_DEPTH)
    is_counted = (pl.col("value") >= 0) & pl.col("sex").is_in(["F", "M"]) & (pl.col("statistic") == "count")
    rows = (
        observations.lazy()
        .filter(is_counted)
        .join(list_offence_groups().lazy(), on="offence", how="inner", maintain_order="left")
        .with_columns(depth.alias("depth"))
        .filter(pl.col("depth") == pl.col("depth").min().over("submission_id", "period", *SERIES))
    )
    by = [*BY_SEX, "territory", "period", "accumulation"]
    women = pl.col("sex") == "F"
    return (
        _each_person_once(rows, by)
        .group_by(by, maintain_order=True)
        .agg(
            pl.col("value").filter(women).sum(),
            pl.col("value").sum().alias("n"),
            pl.col("place", "label").filter(women).first(),
            pl.col("sex").n_unique().alias("sexes"),
        )
        .filter(pl.col("sexes") == 2)
        .drop("sexes")
        .sort(by)
        .collect()
    )


def _each_person_once(rows: pl.LazyFrame, by: list[str]) -> pl.LazyFrame:
    """Select rows that add up without double counting: the row for all articles together if there is one, else each.

    Rows are by article, and several articles may have the same code: within a group all of them are added.
    """
    is_together = pl.col("law_article") == "_T"
    return rows.filter(is_together | ~is_together.any().over(by))


def join_bounds(table: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Return the figures of persons, victims or migrants that have declared bounds, with these as `low` and `high`.

    `table` is that of `series.select_largest`.  A part has the upper bound of its total, and a year so far whose last
    quarter alone is not known has that of all its quarters.
    """
    declared = _tabulate_bounds(registry)
    is_flow = pl.col("count_unit").is_in(["person", "victim", "migrant"]) & (pl.col("statistic") == "count")
    quarters = (
        pl.when(pl.col("accumulation") == "ytd").then(pl.col("period").str.slice(6, 1).cast(pl.Int32)).otherwise(1)
    )
    return (
        table.filter(is_flow)
        .join(declared, on=["jurisdiction", "measure", "offence_group", "freq"], how="inner", maintain_order="left")
        .with_columns(
            pl.when(pl.col("is_widest") & (pl.col("depth") == 0)).then("low").otherwise(0.0).alias("low"),
            pl.col("high") * quarters,
        )
    )


@lru_cache(maxsize=2)
def _tabulate_bounds(registry: Registry) -> pl.DataFrame:
    return pl.DataFrame(
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


OUTCOMES = tuple(
    (pair.part, pair.whole)
    for pair in codes.measure_parts()
    if pair.level != "prosecution" and codes.get_code_attribute("measure", pair.part, "level_rule") == pair.level
)
"""(part, whole) of court decisions in one period, level and unit: the part cannot exceed the whole."""


def pair_outcomes(table: pl.DataFrame) -> pl.DataFrame:
    """Return pairs of totals whose first is part of the second: `part, whole, value_of_part, value_of_whole`."""
    keys = [
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
        parts = table.filter(pl.col("measure") == part).rename({"value": "value_of_part"})
        wholes = table.filter(pl.col("measure") == whole).select(*keys, pl.col("value").alias("value_of_whole"))
        pairs.append(
            parts.join(wholes, on=keys, how="inner").with_columns(
                pl.lit(part).alias("part"), pl.lit(whole).alias("whole")
            )
        )
    return pl.concat(pairs)


def tabulate_days(table: pl.DataFrame) -> pl.DataFrame:
    """Return the first and last day of each period in a table: `period, period_start, period_end`."""
    rows = [(code, Period.from_code(code).start, Period.from_code(code).end) for code in table["period"].unique()]
    return pl.DataFrame(
        rows, schema={"period": pl.String, "period_start": pl.Date, "period_end": pl.Date}, orient="row"
    )
