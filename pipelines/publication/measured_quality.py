"""The quality of what is known: revisions, punctuality and coherence, from a build of the counts, as Parquet.

Inside (`restricted/quality/`) they are made of unprotected counts and belong to the offices and the steward. For a
release they are made of published cells, of coverage, and of the releases before it, and of nothing else.
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
from pipelines.warehouse.quality import coherence_table, contract, quality_table, vintages
from pipelines.warehouse.quality.coherence_reasons import read_reasons
from pipelines.warehouse.reference.published import GLOTIP_FIGURES, read_published

INSIDE = ("mart_quality", "mart_revision_summary", "mart_coherence")
"""Tables inside, one Parquet file each."""
FROM_COUNTS = ("mart_count", "mart_delivery", "mart_revision", "mart_coherence_input")
"""Exports of the counts that they are made of."""


def folder(home: Home) -> Path:
    """Where the tables inside lie."""
    return home.restricted / "quality"


def inside(home: Home, tables: Path, moment: datetime) -> dict[str, pl.DataFrame]:
    """The tables of `INSIDE` as known at a moment, from the exports of a build of the counts for it."""
    count, delivery, revision, sides = (pl.read_parquet(tables / f"{name}.parquet") for name in FROM_COUNTS)
    reference, said = _with_collected(pl.read_parquet(home.gathered / "reference.parquet")), read_reasons()
    ends = vintages.ends(revision)
    offices = coherence_table.offices(sides, said, reference, home.kind)
    made = {
        "mart_quality": quality_table.table(
            delivery,
            publications(home, moment),
            quality_table.breaks_of(load_sims().values()),
            moment.date(),
            revisions=ends,
            pairs=offices,
        ),
        "mart_revision_summary": vintages.summary(ends),
        "mart_coherence": pl.concat(
            [
                coherence_table.references(reference, said),
                coherence_table.national(count, reference, said, home.kind),
                offices,
            ]
        ),
    }
    return {name: contract.hold(name.removeprefix("mart_"), table) for name, table in made.items()}


def for_release(
    home: Home, cells: pl.DataFrame, delivery: pl.DataFrame, reference: pl.DataFrame, release: str, now: datetime
) -> dict[str, pl.DataFrame]:
    """The tables `quality`, `revision`, `revision_summary` and `coherence` of the release that is being made.

    `cells` are its protected cells. What an office says of another is not told: cells are not published by office.
    """
    editions = [vintages.Edition(name, _cells(home, name)) for name, _ in published(home, now)]
    triangle, ends = vintages.published([*editions, vintages.Edition(release, cells)])
    national = delivery.filter(pl.col("territory").is_in(cells["territory"].unique().to_list()))
    breaks = quality_table.breaks_of(load_sims().values())
    made = {
        "quality": quality_table.table(national, publications(home, now), breaks, now.date(), revisions=ends),
        "revision": triangle,
        "revision_summary": vintages.summary(ends),
        "coherence": coherence_for_release(cells, reference, home.kind),
    }
    return {name: contract.hold(name, table) for name, table in made.items()}


def coherence_for_release(cells: pl.DataFrame, reference: pl.DataFrame, kind: HomeKind) -> pl.DataFrame:
    """Reference against reference, and published cells against references."""
    said, reference = read_reasons(), _with_collected(reference)
    once = cells.unique("cell_id", keep="first", maintain_order=True)
    made = [
        coherence_table.references(reference, said),
        coherence_table.national(once, reference, said, kind),
    ]
    return pl.concat(made)


def write(folder: Path, tables: Mapping[str, pl.DataFrame]) -> None:
    """Each table as Parquet, each file replaced whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        aside = folder / f".{name}.new"
        table.write_parquet(aside, compression="zstd", statistics=False)
        aside.replace(folder / f"{name}.parquet")


def _with_collected(reference: pl.DataFrame) -> pl.DataFrame:
    """The references, and UNODC's figures as collected by hand where its whole table was never imported."""
    if (reference["kind"] == "imported").any():
        return reference
    return pl.concat([reference, read_published(GLOTIP_FIGURES)])


# -- what was published


def published(home: Home, moment: datetime) -> list[tuple[str, date]]:
    """Releases that were public at a moment, with their days, oldest first.

    A release that was rolled back stays in the list: it was public, and was read.
    """
    first: dict[str, datetime] = {}
    for one in read_publications(home):
        first.setdefault(one.release, clock.parse(one.published_at))
    ordered = sorted(first.items(), key=lambda item: (item[1], edition_key(item[0])))
    return [(name, at.date()) for name, at in ordered if at <= moment]


def publications(home: Home, moment: datetime) -> pl.DataFrame:
    """Which returns counted in which release (schema PUBLICATION)."""
    found = [pl.DataFrame(schema=quality_table.PUBLICATION)]
    for name, day in published(home, moment):
        coverage = pl.read_parquet(home.releases / name / "data" / "coverage.parquet")
        rows = coverage.filter(pl.col("is_reported")).with_columns(
            pl.lit(name).alias("release"), pl.lit(day).alias("published_on")
        )
        found.append(rows.select(pl.col(n).cast(kind) for n, kind in quality_table.PUBLICATION.items()))
    return pl.concat(found)


def _cells(home: Home, release: str) -> pl.DataFrame:
    return pl.read_parquet(home.releases / release / "data" / "cell.parquet")
