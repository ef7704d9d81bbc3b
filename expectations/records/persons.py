"""Rules on persons: two sexes or ages of one person, within a return or beyond it, and columns that are not given."""

from __future__ import annotations

import polars as pl

from expectations.event_tables import (
    NOT_KNOWN,
    PERSON,
    RETURN,
    list_age_limits,
    list_declared_fields,
    pool_records,
)
from expectations.figures import ReturnFigures, share_result
from pipelines.declarations.registry import Registry

YEARS_OF_OTHER_CASE = 7
"""Bands of age that are further apart than this cannot be of one person in two proceedings."""
CONFLICTS_BY_CHANCE = 5
NEARLY_ALL = 0.9
FEW_PERSONS = 10


def find_contradicting_persons(figures: ReturnFigures) -> pl.DataFrame:
    """Return persons with two sexes in one return, or two bands of age in one proceeding."""
    return pool_records(_list_contradicting_persons(figures), ["dim"])


@share_result
def _list_contradicting_persons(figures: ReturnFigures) -> pl.DataFrame:
    new = figures.known_events.filter("is_new")
    columns = [*PERSON, "proceeding", "sex", "age"]
    new = new.unique(columns, keep="first", maintain_order=True)
    pairs = new.join(new.select(*columns, "row"), on=PERSON, suffix="_first")
    return _list_differing(pairs.filter(pl.col("row_first") < pl.col("row")), figures.registry, in_return=True)


def find_changed_persons(figures: ReturnFigures) -> pl.DataFrame:
    """Return persons whose sex, or age in one proceeding, differs from an earlier return."""
    events = figures.known_events
    new = events.filter("is_new").unique([*PERSON, "proceeding", "sex", "age"], keep="first", maintain_order=True)
    earlier = events.filter(~pl.col("is_new")).select(*PERSON, "proceeding", "sex", "age", "row")
    earlier = earlier.unique([*PERSON, "proceeding", "sex", "age"], keep="first", maintain_order=True)
    pairs = new.join(earlier, on=PERSON, suffix="_first")
    differing = _list_differing(pairs, figures.registry, in_return=False)
    # Other rules report these persons.
    differing = differing.join(_list_contradicting_persons(figures), on=[*PERSON, "dim"], how="anti")
    differing = differing.join(figures.shifted_shares, on=[*RETURN, "dim"], how="anti")
    return pool_records(differing.sort("row"), ["dim"])


def _list_differing(pairs: pl.DataFrame, registry: Registry, *, in_return: bool) -> pl.DataFrame:
    """Return the pairs of records of one person that differ in sex, or too much in age: `dim, category, other`."""
    is_same_case = pl.col("proceeding") == pl.col("proceeding_first")
    known_sex = ~pl.col("sex").is_in(NOT_KNOWN) & ~pl.col("sex_first").is_in(NOT_KNOWN)
    sexes = pairs.filter(known_sex & (pl.col("sex") != pl.col("sex_first")))
    limits = list_age_limits()
    ages = pairs.filter(pl.col("age") != pl.col("age_first")).join(limits, on="age", maintain_order="left")
    ages = ages.join(
        limits.rename({name: f"{name}_first" for name in limits.columns}), on="age_first", maintain_order="left"
    )
    distance = pl.max_horizontal(pl.col("low") - pl.col("high_first"), pl.col("low_first") - pl.col("high"))
    ages = ages.filter((is_same_case & (distance >= 0)) | (distance >= YEARS_OF_OTHER_CASE))
    if in_return:
        # Reading has compared the ages in years.
        fields = list_declared_fields(registry)
        ages = ages.filter(~pl.col("form").is_in([form for form, names in fields.items() if "age_years" in names]))
    differences = pl.concat(
        [
            rows.select(
                *pairs.columns,
                pl.lit(dim).alias("dim"),
                pl.col(dim).alias("category"),
                pl.col(f"{dim}_first").alias("other"),
            )
            for dim, rows in (("sex", sexes), ("age", ages))
        ]
    )
    persons = _drop_numbers_within_cases(differences, pairs, is_same_case)
    return persons.sort("row", "row_first").unique([*PERSON, "dim"], keep="first", maintain_order=True)


def _drop_numbers_within_cases(differences: pl.DataFrame, pairs: pl.DataFrame, is_same_case: pl.Expr) -> pl.DataFrame:
    """Drop differences between proceedings if many persons differ: their codes are then numbers within a proceeding."""
    cases = pl.struct("proceeding", "person").n_unique()
    recurring = pairs.filter(~is_same_case).group_by(RETURN).agg(cases.alias("recurring"))
    differing = differences.filter(~is_same_case).group_by(RETURN).agg(cases.alias("differing"))
    numbered = recurring.join(differing, on=RETURN).filter(
        (pl.col("differing") > CONFLICTS_BY_CHANCE) & (pl.col("differing") > pl.col("recurring") / 5)
    )
    others = differences.filter(~is_same_case).join(numbered, on=RETURN, how="anti")
    return pl.concat([differences.filter(is_same_case), others])


@share_result
def find_unknown_columns(figures: ReturnFigures) -> pl.DataFrame:
    """Return returns in which the sex or age of nearly all persons is unknown, although the register has a column."""
    fields = list_declared_fields(figures.registry)
    rows = []
    for dim, names in (("sex", {"sex"}), ("age", {"age", "age_years"})):
        able = [form for form, declared in fields.items() if declared & names]
        persons = figures.known_events.filter(pl.col("is_new") & pl.col("form").is_in(able)).unique(
            PERSON, keep="first", maintain_order=True
        )
        rows.append(
            persons.group_by(RETURN, maintain_order=True)
            .agg(
                pl.lit(dim).alias("dim"),
                pl.col("place").first(),
                pl.len().cast(pl.Int64).alias("n"),
                (pl.col(dim) == "_U").sum().cast(pl.Int64).alias("unknown"),
            )
            .filter((pl.col("n") >= FEW_PERSONS) & (pl.col("unknown") >= NEARLY_ALL * pl.col("n")))
        )
    return pl.concat(rows)
