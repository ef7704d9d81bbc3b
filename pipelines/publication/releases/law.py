"""The law on joint investigation teams in a release: approved assessments, and the treaties that bind a territory."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.core import clock, codes
from pipelines.declarations.registry import Registry
from pipelines.declarations.treaties import (
    VERIFIED,
    ReadProvision,
    TreatyEvent,
    apply_readings,
    apply_statements,
    list_declared_provisions,
)
from pipelines.publication.releases.errors import ReleaseError

_ELEMENT = ("jurisdiction", "element")


def build_assessments(path: Path, registry: Registry, now: datetime, provisions: pl.DataFrame) -> pl.DataFrame:
    """Return the approved assessments, one row for each treaty that provides for the element (`build_provisions`).

    Columns: `assessment_id, territory, jurisdiction, element, treaty, result, result_before, article, citation,
    applies_from, reviewer_role, approved_at, is_current`. `result_before` is the result of the assessment before, empty
    for the first one; `is_current` marks the assessment of the law that applies at `now`. What was approved later is
    left out, so that a release can be built again. `path` is the exported table; raises ReleaseError if it is missing.
    """
    _require_table(path)
    territories = {place.code: code for code, item in registry.territories.items() for place in item.jurisdictions}
    approved = pl.read_parquet(path).filter(
        pl.col("jurisdiction").is_in(list(territories)), pl.col("approved_at") <= clock.format_timestamp(now)
    )
    ordered = approved.sort(*_ELEMENT, "treaty", "first_day", "sequence")
    applying = ordered.filter(pl.col("first_day") <= now.date()).group_by(_ELEMENT, maintain_order=True)
    current = applying.agg(pl.col("assessment_id").sort_by("first_day", "sequence").last().alias("current"))
    return (
        ordered.join(current, on=_ELEMENT, how="left", maintain_order="left")
        .with_columns(
            pl.col("jurisdiction").replace_strict(territories, return_dtype=pl.String).alias("territory"),
            pl.col("result").shift(1).over(*_ELEMENT, "treaty").fill_null("").alias("result_before"),
            (pl.col("assessment_id") == pl.col("current")).fill_null(False).alias("is_current"),
        )
        .join(provisions, on=["treaty", "element"], how="semi", maintain_order="left")
        .select(
            "assessment_id", "territory", "jurisdiction", "element", "treaty", "result", "result_before", "article",
            "citation", "applies_from", "reviewer_role", "approved_at", "is_current",
        )
    )  # fmt: skip


def read_statements(path: Path, now: datetime) -> pl.DataFrame:
    """Return the statements of the exported table at `path` that were approved by `now`, oldest first.

    Raises ReleaseError if the table is missing.
    """
    _require_table(path)
    return pl.read_parquet(path).filter(pl.col("approved_at") <= clock.format_timestamp(now)).sort("sequence")


def build_treaty_events(registry: Registry, statements: pl.DataFrame) -> pl.DataFrame:
    """Return how treaties bind territories: `territory, treaty, event, date, is_verified, source, note`.

    `statements` are the approved ones (`read_statements`), which are laid over the declared events.
    """
    approved = [
        TreatyEvent(row["territory"], row["treaty"], row["event"], row["date"], VERIFIED, row["source"], "")
        for row in statements.filter(pl.col("territory").is_in(list(registry.territories))).iter_rows(named=True)
    ]
    rows = [
        (event.territory, event.treaty, event.event, event.date, event.status == VERIFIED, event.source, event.note)
        for event in apply_statements(registry.treaties, approved)
    ]
    names = ["territory", "treaty", "event", "date", "is_verified", "source", "note"]
    types = [pl.String, pl.String, pl.String, pl.String, pl.Boolean, pl.String, pl.String]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def _require_table(path: Path) -> None:
    if not path.exists():
        raise ReleaseError(f"{path.name} is missing from the gathered tables; run `rti refresh`")


def build_provisions(statements: pl.DataFrame) -> pl.DataFrame:
    """Return which treaty provides for which element: `treaty, provision, element, is_verified, source`.

    `statements` are the approved ones (`read_statements`), which are laid over the declared provisions.
    """
    approved = [
        ReadProvision(row["treaty"], row["element"], row["is_provided"], row["source"])
        for row in statements.iter_rows(named=True)
    ]
    rows = [
        (
            item.treaty,
            codes.get_code_attribute("treaty", item.treaty, "provision"),
            item.element,
            item.status == VERIFIED,
            item.source,
        )
        for item in apply_readings(list_declared_provisions(), approved)
    ]
    names = ["treaty", "provision", "element", "is_verified", "source"]
    types = [pl.String, pl.String, pl.String, pl.Boolean, pl.String]
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
