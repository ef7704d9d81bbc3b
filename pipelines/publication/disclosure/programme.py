"""The publication programme: the declared list of all public tables, and the rows of `mart_count` that they select.

Nothing is added up here: a row that the programme selects and `mart_count` lacks is not released.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, model_validator
from ruamel.yaml import YAML

from pipelines.core import codes
from pipelines.publication.disclosure.space import BLOCK
from pipelines.publication.disclosure.structure import DETAIL, NOT_APPLICABLE, TOTAL, find_unplaced

FILE = Path(__file__).with_name("programme.yml")


class ProgrammeError(Exception):
    """The counts cannot be published as declared; the text names the cells that cause it."""


class DeclaredTable(BaseModel):
    """One declared table. `where` restricts broken-down dimensions to some codes; `groups` are its offence groups."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str
    title: str
    areas: list[Literal["region", "territory", "jurisdiction"]]
    freqs: list[Literal["Q", "A", "P3", "P5"]]
    measures: list[str]
    dimensions: list[str]
    margins: bool = False
    where: dict[str, list[str]] = {}
    groups: list[str] | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _known(self) -> DeclaredTable:
        unknown = [m for m in self.measures if m not in codes.list_codes("measure")]
        unknown += [d for d in self.dimensions if d not in DETAIL]
        unknown += [d for d in self.where if d not in self.dimensions]
        unknown += [g for g in self.groups or () if g not in codes.list_codes("offence_group")]
        if unknown:
            raise ValueError(
                f"table {self.id} names {', '.join(unknown)}, which is not a measure, an offence group, a dimension or "
                "its own"
            )
        return self

    @cached_property
    def row_filter(self) -> pl.Expr:
        """The filter for the rows of `mart_count` that belong to this table."""
        chosen = (
            pl.col("area_kind").is_in(self.areas)
            & pl.col("freq").is_in(self.freqs)
            & pl.col("measure").is_in(self.measures)
        )
        if self.groups is not None:
            chosen &= pl.col("offence_group").is_in(self.groups)
        for dim in DETAIL:
            if dim not in self.dimensions:
                chosen &= pl.col(dim).is_in([TOTAL, NOT_APPLICABLE])
            elif dim in self.where:
                chosen &= pl.col(dim).is_in(self.where[dim])
            elif not self.margins:
                chosen &= ~pl.col(dim).is_in([TOTAL, NOT_APPLICABLE])
        return chosen


class Programme(BaseModel):
    """All tables. `stages`, `movements` and `stocks` are lists that the YAML file defines once and refers to.

    `regional_groups` are the offence groups whose annual totals of stages for the region are kept open first.
    `offices_print_annual_totals` is true if the annual totals of territories are known to everybody, unless small.
    `guards_against_offices` is true if small counts are also protected from insiders (`readers.py`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stages: list[str]
    movements: list[str]
    stocks: list[str] = []
    regional_groups: list[str]
    offices_print_annual_totals: bool = False
    guards_against_offices: bool = False
    tables: list[DeclaredTable]

    @model_validator(mode="after")
    def _distinct(self) -> Programme:
        ids = [table.id for table in self.tables]
        if len(set(ids)) < len(ids):
            raise ValueError(f"table ids repeat: {', '.join(sorted(i for i in ids if ids.count(i) > 1))}")
        if unknown := set(self.regional_groups) - set(codes.list_codes("offence_group")):
            raise ValueError(f"regional_groups names {', '.join(sorted(unknown))}, which is no offence group")
        return self


@cache
def load(path: Path = FILE) -> Programme:
    """Return the declared programme. Raises pydantic's ValidationError, which names the invalid table."""
    return Programme.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


def select_rows(counts: pl.DataFrame, programme: Programme | None = None) -> pl.DataFrame:
    """Return the rows of the programme with their `table_id`. `counts` has the columns of `mart_count`.

    A cell that two tables share appears in both. Rows are ordered by table, then as in `counts`.  Negative differences
    and figures that contain one are set to missing (`blank_negative_differences`).  Regional cells that contradict
    their reporters' own figures are left out (`structure.find_unplaced`).  Raises ProgrammeError if one table would
    contain a cell twice, as the total of a dimension and as not applicable: readers could not distinguish them, and the
    protection would treat them as two cells.
    """
    programme = programme or load()
    counts = blank_negative_differences(counts)
    # All filters in one query: with one query for each table, building and starting them took most of the time.
    belongs = counts.select(table.row_filter.alias(table.id) for table in programme.tables)
    chosen = pl.concat(
        [
            counts.filter(belongs[table.id]).with_columns(pl.lit(table.id).alias("table_id"))
            for table in programme.tables
        ]
    )
    _refuse_twins(chosen)
    return _drop_unplaced(chosen)


def read_rows(path: Path, areas: Sequence[str]) -> pl.DataFrame:
    """Return the rows of the programme (`select_rows`) for some areas, from the file of `mart_count`.

    Other rows, which are most of them, are left out while the file is read: after a long history they would take
    gigabytes of memory.
    """
    belongs = pl.any_horizontal(table.row_filter for table in load().tables)
    return select_rows(pl.scan_parquet(path).filter(pl.col("area").is_in(areas), belongs).collect(engine="streaming"))


def name_table() -> pl.Expr:
    """Return the id of the first table of the programme that has a cell, or an empty text."""
    name = pl.lit("")
    for table in reversed(load().tables):
        name = pl.when(table.row_filter).then(pl.lit(table.id)).otherwise(name)
    return name


def mark_printed_totals(cells: pl.DataFrame, threshold: int) -> pl.Series:
    """Return a mask of the annual totals of territories that offices print themselves, if they are not small.

    Stocks are not among them: most offices print what happened in a year, and not what was pending.
    """
    is_total = pl.all_horizontal(pl.col(dim).is_in([TOTAL, NOT_APPLICABLE]) for dim in DETAIL)
    return cells.select(
        pl.lit(load().offices_print_annual_totals)
        & is_total
        & (pl.col("area_kind") == "territory")
        & (pl.col("freq") == "A")
        & (pl.col("statistic") == "count")
        & (pl.col("value") >= threshold)
    ).to_series()


def _drop_unplaced(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the cells without the regional ones that contradict their reporters' own figures.

    One cell of each shape is examined, whatever its period: a longer history has more cells and hardly more shapes.
    """
    shape = [*BLOCK, "area_kind", "area", "territory", "reporters", *DETAIL]
    has_value = pl.col("value").is_not_null()
    shapes = cells.filter(has_value).unique(shape, keep="first", maintain_order=True)
    unplaced = [
        block.filter(pl.Series(find_unplaced(block), dtype=pl.Boolean)).select(shape)
        for block in shapes.partition_by(BLOCK, maintain_order=True)
    ]
    marked = pl.concat([shapes.clear().select(shape), *unplaced]).with_columns(_unplaced=pl.lit(True))
    return (
        cells.join(marked, on=shape, how="left", nulls_equal=True, maintain_order="left")
        .filter(~(has_value & pl.col("_unplaced").fill_null(False)))
        .drop("_unplaced")
    )


def blank_negative_differences(counts: pl.DataFrame) -> pl.DataFrame:
    """Set differences below zero, and figures computed from one, to missing.

    An office that counts from January and corrects an earlier quarter leaves such a difference until it sends the
    later quarter again.  The warehouse keeps it for the office to see; it is not a number of persons and must not delay
    a release.  `dbt_project/models/indicators/cell.sql` does the same for the offices' indicators, which are made from
    all counts and not from the programme; a test compares both.
    """
    below = pl.col("flags").fill_null("").str.split(",").list.contains("negative_difference")
    return counts.with_columns(
        pl.when(~below).then(pl.col("value")).alias("value"),
        pl.when(below).then(pl.lit("O")).otherwise(pl.col("obs_status")).alias("obs_status"),
    )


def _refuse_twins(chosen: pl.DataFrame) -> None:
    key = ["table_id", "area", "freq", "period", *BLOCK, *DETAIL]
    folded = chosen.select(*key[:4], *BLOCK, pl.col(DETAIL).replace(NOT_APPLICABLE, TOTAL))
    twins = folded.filter(folded.is_duplicated()).unique(maintain_order=True)
    if twins.is_empty():
        return
    words = []
    for row in twins.head(5).iter_rows(named=True):
        detail = " ".join(f"{dim}={row[dim]}" for dim in DETAIL if row[dim] != TOTAL)
        words.append(f"{row['table_id']}: {row['area']} {row['period']} {row['measure']} {detail}".strip())
    raise ProgrammeError(
        f"{twins.height} cells appear twice in one table, as {TOTAL} and as {NOT_APPLICABLE}, for instance "
        + "; ".join(words)
        + ". The count marts should hold one of them; correct the model that makes the other."
    )
