"""Build the draft of a release: a complete folder that contains only public data.

Inputs are the folder of the disclosure step (`protected/<id>/`: cells, dimensions, coverage, submissions, all without
unprotected counts), the public indicators, figures that others published, and the declarations.

The draft stays in `restricted/drafts/<release>/` until a person publishes it.  Its bytes depend only on the inputs, the
code and the clock.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.declarations.registry import Registry
from pipelines.publication.releases import changes, formats, notes
from pipelines.publication.releases.draft_tables import DraftInputs, reference_period, write_tables
from pipelines.publication.releases.editions import next_edition
from pipelines.publication.releases.listing import find_previous_edition
from pipelines.publication.releases.manifest import read_manifest
from pipelines.publication.releases.manifest_writing import EditionVersion, write_manifest
from pipelines.publication.releases.publish import refuse_older_edition
from pipelines.statistics.records_rule import MINIMUM_PERSONS, MINIMUM_SIDE
from pipelines.statistics.thresholds import (
    ENOUGH_EVENTS,
    FEWEST_TERRITORIES_IN_REGION,
    LARGEST_HIDDEN_COUNT,
    SMALLEST_PUBLISHED_COUNT,
)


@dataclass(frozen=True)
class Draft:
    """A built draft: its id, its folder, and rows by table."""

    release: str
    folder: Path
    rows: dict[str, int]


def build_draft(
    home: Home,
    protected: Path,
    indicators: Path,
    registry: Registry,
    *,
    add_pages: Callable[[Path], object] | None = None,
) -> Draft:
    """Build the next release from `protected` and `indicators` (folders of Parquet files). Replaces an older draft.

    `add_pages` writes pages to the folder of the draft, once its tables are there; the manifest covers them.
    Raises ReleaseError if an input contains data that must not be public, or if there is nothing to release.
    """
    release = next_release(home, reference_period(pl.scan_parquet(protected / "cells.parquet")))
    refuse_older_edition(home, release)
    inputs = DraftInputs(home, protected, indicators, registry, release, clock.now())
    temporary = home.drafts / f".{release}.new"
    try:
        rows = _write_files(inputs, temporary, add_pages)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)  # it may have what must not be public
        raise
    target = home.drafts / release
    remove_draft(target)
    temporary.rename(target)
    return Draft(release, target, rows)


def remove_draft(folder: Path) -> None:
    """Remove a draft, if there is one: first its name, so that a removal that is killed leaves no half draft listed.

    What it leaves begins with a dot, and goes with the next draft.
    """
    aside = folder.with_name(f".{folder.name.removeprefix('.')}.old")
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def _write_files(inputs: DraftInputs, folder: Path, add_pages: Callable[[Path], object] | None) -> dict[str, int]:
    """Write all files of a draft into a new folder; return the rows of its tables."""
    home, release = inputs.home, inputs.release
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    (folder / "csv").mkdir()
    tables = write_tables(inputs, folder / "data")
    edition, comparison = _compare_with_previous(home, release, tables)
    tables |= _write_comparison(tables["release"].collect(), edition, comparison, folder / "data")
    for name, table in tables.items():
        formats.write_csv(table, folder / "csv" / f"{name}.csv")
    formats.write_duckdb(tables, folder / "data", folder / "release.duckdb")
    (folder / "README.txt").write_text(_readme(home, release, inputs.now), encoding="utf-8")
    changes_file = {"release": release, **asdict(edition), **comparison.as_json()}
    text = json.dumps(changes_file, indent=1, ensure_ascii=False) + "\n"
    (folder / "changes.json").write_text(text, encoding="utf-8")
    if add_pages is not None:
        add_pages(folder)
    write_manifest(folder, home, release, tables, inputs.registry, edition)
    return formats.count_rows(tables)


def _compare_with_previous(
    home: Home, release: str, tables: changes.Tables
) -> tuple[EditionVersion, changes.ReleaseComparison]:
    """Return the version of a release, and its differences from the newest edition published before it."""
    previous = find_previous_edition(home, release)
    if previous is None:
        return EditionVersion(changes.next_version(None, "major"), None), changes.empty_comparison()
    folder = home.releases / previous
    release_row = tables["release"].with_columns(version=pl.lit(""), previous=pl.lit(""))
    comparison = changes.compare_tables(changes.scan_folder(folder), {**tables, "release": release_row})
    version = changes.next_version(read_manifest(folder).get("version"), comparison.step)
    return EditionVersion(version, previous), comparison


def _write_comparison(
    release: pl.DataFrame, edition: EditionVersion, comparison: changes.ReleaseComparison, folder: Path
) -> dict[str, pl.LazyFrame]:
    """Write the tables of a comparison, and the table `release` with the version that follows from it."""
    numbered = release.with_columns(version=pl.lit(edition.version), previous=pl.lit(edition.previous, pl.String))
    written = {}
    for name, table in zip(
        ("release", *changes.OWN_TABLES), (numbered, comparison.figures, comparison.schema), strict=True
    ):
        formats.write_parquet(table, folder / f"{name}.parquet")
        written[name] = pl.scan_parquet(folder / f"{name}.parquet")
    return written


def next_release(home: Home, period: str) -> str:
    """Return the id of the next release: `2026-Q3`, or `2026-Q3.1` and so on after that has been published."""
    return next_edition(period, (path.name for path in home.releases.iterdir() if path.is_dir()))


def _readme(home: Home, release: str, now: datetime) -> str:
    banner = (
        "DEMONSTRATION DATA. All our own figures are invented. Not invented are the rows of the table\n"
        "reference_figure whose kind is not `invented`, which others published and which carry their citation,\n"
        "the population, and the dates of treaties.\n\n"
        if home.kind == "demonstration"
        else ""
    )
    return (
        f"{banner}Regional trafficking indicators, release {release}, drafted {clock.format_timestamp(now)}\n\n"
        "data/*.parquet and csv/*.csv hold the same tables; release.duckdb holds them all, read-only.\n"
        "pages/<language>/index.html opens the pages of the release in a browser.\n"
        "cell        the published programme: one row a cell; an empty value has its reason in obs_status\n"
        "            (O not available, L not collected, M not applicable, Q withheld with conf_status C);\n"
        "            card_id is its counting card, is_total marks the total of its measure, and cell_id names the\n"
        "            same cell in every release\n"
        "indicator   counts, rates and shares with 95 % limits, of published cells alone: interval_basis says how\n"
        "            sure they are (lower_bound: the true uncertainty is at least this), state whether a figure may\n"
        f"            be compared (too_few: under {ENOUGH_EVENTS} events on a side or in the rest of a share;\n"
        f"            too_few_territories: a region of under {FEWEST_TERRITORIES_IN_REGION} territories, not shown)\n"
        "metric      what each indicator is: name, definition, formula, unit, source, caveats, SDMX concept\n"
        "pipeline    the stages of proceedings side by side\n"
        "stage_ratio ratios of two stages in their versions; is_default says which to show, reasons what to tell\n"
        "exit        who left the proceedings, by way out and level, and the share of each way out\n"
        "clearance   clearance rate, case turnover, disposition time, with the days of the period\n"
        "balance     whether a level's books agree: opening, entries, exits, closing, gap\n"
        "decomposition   the change of convictions from year to year, by volume and by ratio\n"
        "duration, pending, cohort, sentence   from case records of territories that send them: time to an end with\n"
        "            open cases counted, age of what is open, what became of a year's cases, sentences and law;\n"
        f"            rounded, of at least {MINIMUM_PERSONS} persons, and kept as released until {MINIMUM_SIDE} more "
        "persons have moved\n"
        "coverage    who was expected to report, and who did\n"
        "cooperation, cooperation_outcome, mirror, mirror_year, cooperation_return   requests for legal assistance by\n"
        "            direction and partner, their outcome and days, what one territory sent next to what the other\n"
        "            received, and who has reported\n"
        "cooperation_type, cooperation_quarter   the same requests by type, also of the region, and by quarter where\n"
        "            an office reports each quarter\n"
        "cooperation_basis, cooperation_channel   the same requests by legal basis and by channel; a figure has at\n"
        f"            least {SMALLEST_PUBLISHED_COUNT} requests more than any one partner may know\n"
        "informal_exchange, joint_team   requests for information by channel, and participations in joint teams, of\n"
        "            at least 10 each; since is the first year that is counted\n"
        "legal_assessment, treaty_event, treaty_element   results of the assessment of the law on joint teams, how\n"
        "            treaties bind each territory, and what each treaty provides for\n"
        "practice_result, practice_label   what practitioners answered to the questionnaire, by territory and by\n"
        "            role, from at least five people each, and the texts of questions and answers\n"
        "monitoring, corrective_measure   themes of the Guidelines: practice from practice_result, law from\n"
        "            legal_assessment, outcome from cooperation_outcome and stage_ratio, each with its own date and\n"
        "            gap; and the measures against gaps, without their text\n"
        "note        what must be known about a figure: names, breaks, ways of counting\n"
        "metadata    reference metadata of each territory in SIMS concepts\n"
        "quality     completeness, timeliness, punctuality and revision of each territory, in the terms of the ESS\n"
        "change      figures added, revised, withdrawn, newly hidden or newly shown since the release before this\n"
        "            one (column previous of the table release)\n"
        "schema_change   what changed in tables and definitions; changes.json has both lists. The version is\n"
        "            MAJOR.MINOR.PATCH: tables or definitions, new period or territory, corrections\n"
        "revision    published totals that changed from release to release; revision_summary measures it\n"
        "coherence   two sources on one thing, their difference, and the declared reasons of it\n"
        "counting_card, counting_card_of   how each area counts at each level and period, with its status\n"
        "card_pair   which two levels of an area may be divided, and what must be said with it\n"
        "break       law, counting, recording and source: where figures do not compare with those before\n"
        "pair        territories side by side: comparability, ratio, simultaneous limits, verdict; family_id names\n"
        "            the comparison, and the table release has the number of comparisons and of pairs tested\n"
        "window      the period in which a comparison opens\n"
        "region      the region with who is in it, and the range of its territories\n"
        "codelist    what every code means; codelist_label has its labels in the other languages of the pages\n"
        "manifest.json lists every file with its SHA-256 and number of rows, and the versions of code, rules, code\n"
        "lists and denominators. manifest.sig signs it and the SHA-256 of release.duckdb (Ed25519):\n"
        "`rti release verify FOLDER --key PUBLIC.pem`.\n\n"
        "A withheld cell (conf_status C) may be a zero. "
        f"Counts of 1 to {LARGEST_HIDDEN_COUNT} are never shown, and further cells are\n"
        "withheld so that none can be worked out from totals.\n\n" + "\n".join(_footnotes())
    )


def _footnotes() -> list[str]:
    from pipelines.declarations.registry import load

    table = notes.build_notes(load()).filter(pl.col("kind") == "name")
    return [f"{row['area']}: {row['text']}" for row in table.iter_rows(named=True)]
