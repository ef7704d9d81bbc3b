"""The programme: the declared list of tables that the public may ever see, and the rows of `mart_count` they select.

Belongs here: reading `programme.yml` and selecting rows.  Nothing is added up here: a row that the programme wants
and `mart_count` lacks is simply not released.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, model_validator
from ruamel.yaml import YAML

from pipelines import codes
from pipelines.disclosure.space import DETAIL, NOT_APPLICABLE, TOTAL

FILE = Path(__file__).with_name("programme.yml")


class Table(BaseModel):
    """One declared table. `where` restricts broken-down dimensions to some codes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str
    title: str
    areas: list[Literal["region", "territory", "jurisdiction"]]
    freqs: list[Literal["Q", "A", "P3", "P5"]]
    measures: list[str]
    dimensions: list[str]
    margins: bool = False
    where: dict[str, list[str]] = {}
    note: str | None = None

    @model_validator(mode="after")
    def _known(self) -> Table:
        unknown = [m for m in self.measures if m not in codes.codes("measure")]
        unknown += [d for d in self.dimensions if d not in DETAIL]
        unknown += [d for d in self.where if d not in self.dimensions]
        if unknown:
            raise ValueError(f"table {self.id} names {', '.join(unknown)}, which is no measure, dimension or its own")
        return self

    def rows(self) -> pl.Expr:
        """The rows of `mart_count` that belong to this table."""
        chosen = (
            pl.col("area_kind").is_in(self.areas)
            & pl.col("freq").is_in(self.freqs)
            & pl.col("measure").is_in(self.measures)
        )
        for dim in DETAIL:
            if dim not in self.dimensions:
                chosen &= pl.col(dim).is_in([TOTAL, NOT_APPLICABLE])
            elif dim in self.where:
                chosen &= pl.col(dim).is_in(self.where[dim])
            elif not self.margins:
                chosen &= ~pl.col(dim).is_in([TOTAL, NOT_APPLICABLE])
        return chosen


class Programme(BaseModel):
    """All tables. `stages` and `movements` are lists that the file names once and uses often."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    stages: list[str]
    movements: list[str]
    tables: list[Table]

    @model_validator(mode="after")
    def _distinct(self) -> Programme:
        ids = [table.id for table in self.tables]
        if len(set(ids)) < len(ids):
            raise ValueError(f"table ids repeat: {', '.join(sorted(i for i in ids if ids.count(i) > 1))}")
        return self


@cache
def load(path: Path = FILE) -> Programme:
    """The declared programme. Raises pydantic's ValidationError naming the table at fault."""
    return Programme.model_validate(YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8")))


def select(counts: pl.DataFrame, programme: Programme | None = None) -> pl.DataFrame:
    """Rows of the programme with their `table_id`. `counts` has the columns of `mart_count`.

    A cell that two tables share stands in both. Order: table, then as in `counts`.
    """
    programme = programme or load()
    return pl.concat(
        [counts.filter(table.rows()).with_columns(pl.lit(table.id).alias("table_id")) for table in programme.tables]
    )
