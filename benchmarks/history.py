"""A home with many years of accepted returns: the demonstration's own, repeated for earlier and earlier years.

The demonstration covers sixteen quarters. Read once, without ledger and checks, and repeated four, eight …
years earlier they give a history without a gap in which every year holds as much as the newest: revised and missing
returns, registers with persons of their own, victims, years that are sent as years. The returns of earlier years that
the demonstration sends as one file are left out: their years have quarters here. What is expected of
whom, how it counts and which office counts are declared so many years earlier, and the population of the years before
the first known one is that of this year, so that no figure of an early year is empty for lack of it. Law and forms stay
where they are: they shape cards and breaks, not numbers of rows.
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


def build_history(home: Home, read: Path, years: int) -> dict[str, int]:
    """Fill an empty home from what `plain.read_returns` wrote to `read`; return rows of facts by table and submissions.

    The history ends with the demonstration's newest quarter and begins `years` years before.
    """
    from pipelines.declarations.registry import load
    from pipelines.submissions import law_export
    from pipelines.warehouse.metrics import cards_export, metrics
    from pipelines.warehouse.reference.gather import gather_reference

    begin = f"{int(LAST[:4]) - years}-Q4"
    block = _select_regular(pl.read_parquet(read / "gathered" / "block.parquet"))
    submission_ids = set(block["submission_id"])
    copies = range(-(-(int(FIRST[:4]) - int(begin[:4])) // CYCLE) + 1)
    gathered = {
        name: pl.concat(
            _move_rows(table.filter(pl.col("submission_id").is_in(submission_ids)), number, begin) for number in copies
        )
        for name, table in (
            ("block", block),
            *((name, pl.read_parquet(read / "gathered" / f"{name}.parquet")) for name in ("submission", "event")),
        )
    }
    copied_ids = set(gathered["block"]["submission_id"])
    sizes = {"submissions": len(copied_ids)}
    for name, table in gathered.items():
        table.filter(pl.col("submission_id").is_in(copied_ids)).write_parquet(home.gathered / f"{name}.parquet")
    for table in ("observation", "case_event"):
        (home.facts / table).mkdir(parents=True, exist_ok=True)
        sizes[table] = 0
        for path in sorted((read / "facts" / table).glob("*.parquet")):
            rows = pl.read_parquet(path) if path.stem in submission_ids else None
            for number in copies if rows is not None else ():
                moved = _move_rows(rows, number, begin)
                if _name_submission(path.stem, number) in copied_ids:
                    moved.write_parquet(home.facts / table / f"{_name_submission(path.stem, number)}.parquet")
                    sizes[table] += moved.height
    registry = _move_declarations(load().without_training(), int(FIRST[:4]) - int(begin[:4]))
    write_declarations(registry, home.gathered)
    cards_export.write_cards(registry, home.gathered)
    metrics.export_metrics(home.gathered)
    gather_reference(home)
    # A home without a ledger has neither assessments of the law on joint teams nor statements on treaties.
    law_export.write_empty(home.gathered)
    return sizes


def _select_regular(block: pl.DataFrame) -> pl.DataFrame:
    """Return the blocks of returns that cover one year at most and are within the sixteen quarters."""
    long = pl.col("freq").eq("A") & pl.col("period").n_unique().over("submission_id").gt(1)
    years = pl.col("period").str.len_chars().eq(4) & pl.col("period").is_between(
        pl.lit(FIRST[:4]), pl.lit(str(int(LAST[:4]) - 1))
    )
    quarters = pl.col("period").str.len_chars().eq(7) & pl.col("period").is_between(pl.lit(FIRST), pl.lit(LAST))
    return block.filter(~long, years | quarters)


def _move_rows(rows: pl.DataFrame, number: int, begin: str) -> pl.DataFrame:
    """Move rows `number` cycles earlier, to other submissions and persons, without those of periods before `begin`."""
    years = number * CYCLE
    columns: dict[str, pl.Expr] = {}
    for name, kind in rows.schema.items():
        column = pl.col(name)
        if name == "period":
            columns[name] = (column.str.head(4).cast(pl.Int32) - years).cast(pl.String) + column.str.slice(4)
        elif name in _DATES or (name in _MOMENTS and kind != pl.String):
            columns[name] = column.dt.offset_by(f"-{years}y")
        elif name == "event_id":
            columns[name] = column + number * _EVENTS
        elif number and name in ("submission_id", "origin_submission_id", "person", "proceeding"):
            columns[name] = column + f"-{number}"
    moved = rows.with_columns(**columns)
    if "period" not in moved.columns:
        return moved
    # A year is kept if its last quarter is.
    return moved.filter(
        pl.when(pl.col("period").str.len_chars() == 4)
        .then(pl.col("period") > begin[:4])
        .otherwise(pl.col("period") >= begin)
    )


def _name_submission(submission: str, number: int) -> str:
    return f"{submission}-{number}" if number else submission


def _move_declarations(registry: Registry, years: int) -> Registry:
    """Return the declarations, each valid from that many years earlier."""

    def move_range(text: str) -> str:
        return _YEAR.sub(lambda match: f"{int(match[0]) - years:04d}", text)

    def move_items(items: Any, key: str) -> tuple[Any, ...]:
        return tuple(
            item if getattr(item, key) is None else item.model_copy(update={key: move_range(getattr(item, key))})
            for item in items
        )

    territories = {
        code: t.model_copy(
            update={
                "calendar": move_items(t.calendar, "periods"),
                "counts_source": move_items(t.counts_source, "periods"),
                "counting_rules": move_items(t.counting_rules, "valid"),
            }
        )
        for code, t in registry.territories.items()
    }
    return replace(registry, territories=territories, population=_extend_population(registry.population, years))


def _extend_population(population: tuple[Mapping[str, str], ...], years: int) -> tuple[Mapping[str, str], ...]:
    first: dict[str, Mapping[str, str]] = {}
    for row in population:
        place = row["jurisdiction"]
        if place not in first or row["year"] < first[place]["year"]:
            first[place] = row
    earlier = ({**row, "year": str(int(row["year"]) - n)} for row in first.values() for n in range(1, years + 1))
    return (*population, *earlier)
