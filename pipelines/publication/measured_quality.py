"""Compute revisions, punctuality and coherence from a build of the counts, and write them as Parquet.

The internal tables (`restricted/quality/`) use unprotected counts and are for the offices and the steward. Those of a
release use only published cells, coverage, and earlier releases.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.core import clock
from pipelines.core.home import Home, HomeKind
from pipelines.declarations.sims import load_sims
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.publications import read_publications
from pipelines.warehouse import contracts
from pipelines.warehouse.quality import coherence_table, quality_table, vintages
from pipelines.warehouse.quality.coherence_reasons import read_reasons
from pipelines.warehouse.reference import glotip
from pipelines.warehouse.reference.published import GLOTIP_FIGURES, read_published

INSIDE = ("mart_quality", "mart_revision_summary", "mart_coherence")
"""Internal tables, one Parquet file each."""
FROM_COUNTS = ("mart_count", "mart_delivery", "mart_revision", "mart_coherence_input")
"""Exported tables of the counts that they are computed from."""


def quality_folder(home: Home) -> Path:
    """Return the folder of the internal tables."""
    return home.restricted / "quality"


def build_internal_tables(home: Home, tables: Path, moment: datetime) -> dict[str, pl.DataFrame]:
    """Return the tables `INSIDE` as known at a moment, from the exported tables of a build for that moment."""
    files = {name: pl.scan_parquet(tables / f"{name}.parquet") for name in FROM_COUNTS}
    delivery, sides = files["mart_delivery"].collect(), files["mart_coherence_input"].collect()
    # These two have a row for each figure, but few are compared. After a long history all rows would fill the memory.
    count = coherence_table.select_comparable(files["mart_count"]).collect(engine="streaming")
    revision = vintages.select_known(files["mart_revision"]).collect(engine="streaming")
    reference, declarations = with_collected(pl.read_parquet(home.gathered / "reference.parquet")), read_reasons()
    ends = vintages.select_ends(revision)
    offices = coherence_table.compare_offices(sides, declarations, reference, home.kind)
    tables_by_name = {
        "mart_quality": quality_table.build_quality_table(
            delivery,
            list_publications(home, moment),
            quality_table.breaks_of(load_sims().values()),
            moment.date(),
            revisions=ends,
            pairs=offices,
        ),
        "mart_revision_summary": vintages.summarise_revisions(ends),
        "mart_coherence": pl.concat(
            [
                coherence_table.compare_references(reference, declarations),
                coherence_table.compare_returns(count, reference, declarations, home.kind),
                offices,
            ]
        ),
    }
    return {
        name: contracts.enforce_contract(name.removeprefix("mart_"), table) for name, table in tables_by_name.items()
    }


def for_release(
    home: Home, cells: pl.LazyFrame, delivery: pl.DataFrame, reference: pl.DataFrame, release: str, now: datetime
) -> dict[str, pl.DataFrame]:
    """Return the tables `quality`, `revision`, `revision_summary` and `coherence` of the release being built.

    `cells` are its protected cells. Offices are not compared, because cells are not published by office.
    """
    editions = [vintages.PastRelease(name, _cells(home, name)) for name, _ in list_public_releases(home, now)]
    triangle, ends = vintages.build_public_triangle([*editions, vintages.PastRelease(release, cells)])
    territories = cells.select(pl.col("territory").unique()).collect()["territory"]
    national = delivery.filter(pl.col("territory").is_in(territories.to_list()))
    breaks = quality_table.breaks_of(load_sims().values())
    tables_by_name = {
        "quality": quality_table.build_quality_table(
            national, list_publications(home, now), breaks, now.date(), revisions=ends
        ),
        "revision": triangle,
        "revision_summary": vintages.summarise_revisions(ends),
        "coherence": coherence_for_release(cells, reference, home.kind),
    }
    return {name: contracts.enforce_contract(name, table) for name, table in tables_by_name.items()}


def coherence_for_release(cells: pl.LazyFrame, reference: pl.DataFrame, kind: HomeKind) -> pl.DataFrame:
    """Compare references with each other, and published cells with references.

    `reference` has the figures that were collected by hand (`with_collected`).
    """
    declarations = read_reasons()
    once = cells.unique("cell_id", keep="first", maintain_order=True)
    comparisons = [
        coherence_table.compare_references(reference, declarations),
        coherence_table.compare_returns(once, reference, declarations, kind),
    ]
    return pl.concat(comparisons)


def write_tables(folder: Path, tables: Mapping[str, pl.DataFrame]) -> None:
    """Write each table as Parquet; each file is replaced atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        temporary = folder / f".{name}.new"
        table.write_parquet(temporary, compression="zstd", statistics=False)
        temporary.replace(folder / f"{name}.parquet")


def with_collected(reference: pl.DataFrame) -> pl.DataFrame:
    """Return the references, with the GLOTIP figures collected by hand if the whole table was never imported."""
    if ((reference["kind"] == "imported") & (reference["source_title"] == glotip.TITLE)).any():
        return reference
    return pl.concat([reference, read_published(GLOTIP_FIGURES)])


# -- Published releases


def list_public_releases(home: Home, moment: datetime) -> list[tuple[str, date]]:
    """Return the releases that were public at a moment, with their dates, oldest first.

    A release that was rolled back stays in the list, because readers have seen it.
    """
    first: dict[str, datetime] = {}
    for publication in read_publications(home):
        first.setdefault(publication.release, clock.parse_time(publication.published_at))
    ordered = sorted(first.items(), key=lambda item: (item[1], edition_key(item[0])))
    return [(name, at.date()) for name, at in ordered if at <= moment]


def list_publications(home: Home, moment: datetime) -> pl.DataFrame:
    """Return the returns that counted in each release (schema PUBLICATION)."""
    frames = [pl.DataFrame(schema=quality_table.PUBLICATION)]
    for name, day in list_public_releases(home, moment):
        coverage = pl.read_parquet(home.releases / name / "data" / "coverage.parquet")
        rows = coverage.filter(pl.col("is_reported")).with_columns(
            pl.lit(name).alias("release"), pl.lit(day).alias("published_on")
        )
        frames.append(rows.select(pl.col(n).cast(kind) for n, kind in quality_table.PUBLICATION.items()))
    return pl.concat(frames)


def _cells(home: Home, release: str) -> pl.LazyFrame:
    return pl.scan_parquet(home.releases / release / "data" / "cell.parquet")
