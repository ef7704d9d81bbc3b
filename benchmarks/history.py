"""A home with many years of accepted returns: the demonstration's own, and again and again so many years earlier.

The demonstration covers sixteen quarters. Read once, without ledger and judgement, and laid down again four, eight …
years earlier they give a history without a gap in which every year holds as much as the newest: revised and missing
returns, registers with persons of their own, victims, years that are sent as years. The returns of earlier years that
the demonstration sends as one file are left out: their years have quarters here. What is expected of
whom, how it counts and which office counts are declared so many years earlier, and the population of the years before
the first known one is that of this year, so that no figure of an early year is empty for want of it. Law and forms stay
where they are: they shape cards and breaks, and no number of rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core.home import Home
from pipelines.declarations.export import write_declarations
from pipelines.declarations.registry import Registry

CYCLE = 4
"""Years by which the demonstration is moved: its sixteen quarters."""
FIRST, LAST = "2022-Q4", "2026-Q3"
_DATES = ("period_start", "period_end", "event_date", "cutoff_date")
_MOMENTS = ("accepted_at", "superseded_at", "received_at", "at")
_EVENTS = 1_000_000
"""More than there are events of the ledger in one cycle."""
_YEAR = re.compile(r"\d{4}")


def make(home: Home, read: Path, years: int) -> dict[str, int]:
    """Fill an empty home from what `plain.returns` wrote to `read`; returns rows of facts by table and submissions.

    The history ends with the demonstration's newest quarter and begins `years` years before.
    """
    from pipelines.declarations.registry import load
    from pipelines.warehouse.metrics import cards_export, metrics
    from pipelines.warehouse.reference.gather import gather_reference

    begin = f"{int(LAST[:4]) - years}-Q4"
    block = _regular(pl.read_parquet(read / "gathered" / "block.parquet"))
    kept = set(block["submission_id"])
    copies = range(-(-(int(FIRST[:4]) - int(begin[:4])) // CYCLE) + 1)
    gathered = {
        name: pl.concat(_moved(table.filter(pl.col("submission_id").is_in(kept)), number, begin) for number in copies)
        for name, table in (
            ("block", block),
            *((name, pl.read_parquet(read / "gathered" / f"{name}.parquet")) for name in ("submission", "event")),
        )
    }
    wanted = set(gathered["block"]["submission_id"])
    sizes = {"submissions": len(wanted)}
    for name, table in gathered.items():
        table.filter(pl.col("submission_id").is_in(wanted)).write_parquet(home.gathered / f"{name}.parquet")
    for table in ("observation", "case_event"):
        (home.facts / table).mkdir(parents=True, exist_ok=True)
        sizes[table] = 0
        for path in sorted((read / "facts" / table).glob("*.parquet")):
            rows = pl.read_parquet(path) if path.stem in kept else None
            for number in copies if rows is not None else ():
                moved = _moved(rows, number, begin)
                if _named(path.stem, number) in wanted:
                    moved.write_parquet(home.facts / table / f"{_named(path.stem, number)}.parquet")
                    sizes[table] += moved.height
    registry = _earlier(load().without_training(), int(FIRST[:4]) - int(begin[:4]))
    write_declarations(registry, home.gathered)
    cards_export.write_cards(registry, home.gathered)
    metrics.export_metrics(home.gathered)
    gather_reference(home)
    return sizes


def _regular(block: pl.DataFrame) -> pl.DataFrame:
    """The blocks of returns that cover one year at most and lie within the sixteen quarters."""
    long = pl.col("freq").eq("A") & pl.col("period").n_unique().over("submission_id").gt(1)
    years = pl.col("period").str.len_chars().eq(4) & pl.col("period").is_between(
        pl.lit(FIRST[:4]), pl.lit(str(int(LAST[:4]) - 1))
    )
    quarters = pl.col("period").str.len_chars().eq(7) & pl.col("period").is_between(pl.lit(FIRST), pl.lit(LAST))
    return block.filter(~long, years | quarters)


def _moved(rows: pl.DataFrame, number: int, begin: str) -> pl.DataFrame:
    """Rows `number` cycles earlier, of other submissions and persons, without those of periods before `begin`."""
    years = number * CYCLE
    made: dict[str, pl.Expr] = {}
    for name, kind in rows.schema.items():
        column = pl.col(name)
        if name == "period":
            made[name] = (column.str.head(4).cast(pl.Int32) - years).cast(pl.String) + column.str.slice(4)
        elif name in _DATES or (name in _MOMENTS and kind != pl.String):
            made[name] = column.dt.offset_by(f"-{years}y")
        elif name == "event_id":
            made[name] = column + number * _EVENTS
        elif number and name in ("submission_id", "origin_submission_id", "person", "proceeding"):
            made[name] = column + f"-{number}"
    moved = rows.with_columns(**made)
    if "period" not in moved.columns:
        return moved
    # A year is there where its last quarter is.
    return moved.filter(
        pl.when(pl.col("period").str.len_chars() == 4)
        .then(pl.col("period") > begin[:4])
        .otherwise(pl.col("period") >= begin)
    )


def _named(submission: str, number: int) -> str:
    return f"{submission}-{number}" if number else submission


def _earlier(registry: Registry, years: int) -> Registry:
    """The declarations, each from so many years earlier on."""

    def ranges(text: str) -> str:
        return _YEAR.sub(lambda found: f"{int(found[0]) - years:04d}", text)

    def moved(items: Any, key: str) -> tuple[Any, ...]:
        return tuple(
            one if getattr(one, key) is None else one.model_copy(update={key: ranges(getattr(one, key))})
            for one in items
        )

    territories = {
        code: t.model_copy(
            update={
                "calendar": moved(t.calendar, "periods"),
                "counts_source": moved(t.counts_source, "periods"),
                "counting_rules": moved(t.counting_rules, "valid"),
            }
        )
        for code, t in registry.territories.items()
    }
    return replace(registry, territories=territories, population=_longer(registry.population, years))


def _longer(population: tuple[Mapping[str, str], ...], years: int) -> tuple[Mapping[str, str], ...]:
    first: dict[str, Mapping[str, str]] = {}
    for row in population:
        place = row["jurisdiction"]
        if place not in first or row["year"] < first[place]["year"]:
            first[place] = row
    earlier = ({**row, "year": str(int(row["year"]) - n)} for row in first.values() for n in range(1, years + 1))
    return (*population, *earlier)
