"""Build the draft of a release: a complete folder that contains only public data.

Inputs are the folder of the disclosure step (`protected/<id>/`: cells, dimensions, coverage, submissions, all without
unprotected counts), the public indicators, figures that others published, and the declarations.

The draft stays in `restricted/drafts/<release>/` until a person publishes it.  Its bytes depend only on the inputs, the
code and the clock.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from pipelines import __version__
from pipelines.core import clock, codes, i18n
from pipelines.core.home import Home
from pipelines.declarations.registry import Registry
from pipelines.publication import measured_quality
from pipelines.publication.cooperation.cells import PUBLISHED, find_least
from pipelines.publication.cooperation.figures import COOPERATION_TABLES
from pipelines.publication.disclosure import programme, utility
from pipelines.publication.releases import changes, formats, law, monitoring, notes, public_texts
from pipelines.publication.releases.correction_notices import read_notices
from pipelines.publication.releases.editions import next_edition
from pipelines.publication.releases.errors import ReleaseError
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
from pipelines.survey import public_measures
from pipelines.survey.public_results import read_exported
from pipelines.warehouse.exported_tables import COUNTS, INDICATORS, ExportedTable
from pipelines.warehouse.reference.publishers import name_publishers

# Order of the rows in the files.
_CELL_ORDER = ("table_id", "area_kind", "area", "freq", "period", "measure", "level", "count_unit", "offence_group")
SUBMISSION_COLUMNS = (
    "submission_id", "territory", "jurisdiction", "instrument", "source", "form", "kind", "received_at", "accepted_at",
    "corrects_submission_id", "first_period", "last_period", "n_blocks", "is_nil",
)  # fmt: skip
"""Public columns of a submission: enough to trace a figure back, but no file name and no findings."""
_INTERNAL_FLAGS = ("A", "D")
_LEAST = pl.lit(SMALLEST_PUBLISHED_COUNT)


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
    now = clock.now()
    cells = pl.read_parquet(protected / "cells.parquet")
    _refuse_internal(cells)
    release = next_release(home, reference_period(cells))
    refuse_older_edition(home, release)
    tables = _collect_tables(home, cells, protected, indicators, registry, release, now)
    edition, comparison = _compare_with_previous(home, release, tables)
    tables["release"] = tables["release"].with_columns(
        version=pl.lit(edition.version), previous=pl.lit(edition.previous, pl.String)
    )
    tables |= dict(zip(changes.OWN_TABLES, (comparison.figures, comparison.schema), strict=True))
    temporary = home.drafts / f".{release}.new"
    shutil.rmtree(temporary, ignore_errors=True)
    (temporary / "data").mkdir(parents=True)
    (temporary / "csv").mkdir()
    for name, table in tables.items():
        formats.write_parquet(table, temporary / "data" / f"{name}.parquet")
        formats.write_csv(table, temporary / "csv" / f"{name}.csv")
    formats.write_duckdb(tables, temporary / "data", temporary / "release.duckdb")
    (temporary / "README.txt").write_text(_readme(home, release, now), encoding="utf-8")
    changes_file = {"release": release, **asdict(edition), **comparison.as_json()}
    text = json.dumps(changes_file, indent=1, ensure_ascii=False) + "\n"
    (temporary / "changes.json").write_text(text, encoding="utf-8")
    if add_pages is not None:
        add_pages(temporary)
    write_manifest(temporary, home, release, tables, registry, edition)
    target = home.drafts / release
    shutil.rmtree(target, ignore_errors=True)
    temporary.rename(target)
    return Draft(release, target, {name: table.height for name, table in tables.items()})


def _compare_with_previous(
    home: Home, release: str, tables: dict[str, pl.DataFrame]
) -> tuple[EditionVersion, changes.ReleaseComparison]:
    """Return the version of a release, and its differences from the newest edition published before it."""
    previous = find_previous_edition(home, release)
    if previous is None:
        return EditionVersion(changes.next_version(None, "major"), None), changes.empty_comparison()
    folder = home.releases / previous
    release_row = tables["release"].with_columns(version=pl.lit(""), previous=pl.lit(""))
    comparison = changes.compare_tables(changes.read_folder(folder), {**tables, "release": release_row})
    version = changes.next_version(read_manifest(folder).get("version"), comparison.step)
    return EditionVersion(version, previous), comparison


def reference_period(cells: pl.DataFrame) -> str:
    """Return the latest quarter that any office has reported. Raises ReleaseError if there is none."""
    reported = cells.filter((pl.col("freq") == "Q") & (pl.col("n_reported") > 0))
    if reported.is_empty():
        raise ReleaseError("no quarter has been reported by anyone; approve returns first (`rti status` lists them)")
    return str(reported["period"].max())


def next_release(home: Home, period: str) -> str:
    """Return the id of the next release: `2026-Q3`, or `2026-Q3.1` and so on after that has been published."""
    return next_edition(period, (path.name for path in home.releases.iterdir() if path.is_dir()))


def _refuse_internal(cells: pl.DataFrame, least: pl.Expr = _LEAST) -> None:
    """Raise ReleaseError if a cell has a hidden value, a count below `least`, or a flag that says why it is hidden.

    This is the last check before the files are written.
    """
    flagged = cells.filter(pl.col("conf_status").is_in(_INTERNAL_FLAGS)).height
    leaking = cells.filter((pl.col("conf_status") == "C") & pl.col("value").is_not_null()).height
    small = cells.filter((pl.col("value") > 0) & (pl.col("value") < least)).height
    if flagged or leaking or small:
        raise ReleaseError(
            f"{flagged} cells say why they are hidden, {leaking} hidden cells carry their value and {small} small "
            "counts stand open; the protected cells are not fit for release: run `rti refresh` again and report this"
        )


def _with_card_ids(cells: pl.DataFrame, cards: pl.DataFrame) -> pl.DataFrame:
    """Add `card_id`, the counting card of each cell; empty if its area has no rule for its unit."""
    key = ["area", "level", "freq", "period", "count_unit"]
    card = cards.select(*key, "card_id")
    return cells.join(card, on=key, how="left", maintain_order="left", validate="m:1").with_columns(
        pl.col("card_id").fill_null("")
    )


def _collect_tables(
    home: Home,
    cells: pl.DataFrame,
    protected: Path,
    indicators: Path,
    registry: Registry,
    release: str,
    now: datetime,
) -> dict[str, pl.DataFrame]:
    cards = pl.read_parquet(protected / "dim_counting_card_of.parquet")
    totals = pl.read_parquet(indicators / "cell.parquet", columns=["cell_id", "is_total"])
    sorted_cells = cells.drop("submission_ids").sort(_CELL_ORDER, maintain_order=True)
    public_cells = _with_card_ids(sorted_cells, cards).join(
        totals, on="cell_id", how="left", maintain_order="left", validate="m:1"
    )
    provisions = law.build_provisions(law.read_statements(home.gathered / "provision_statement.parquet", now))
    tables = {
        "release": pl.DataFrame(
            {
                "release": [release],
                "home": [home.kind],
                "demonstration": [home.kind == "demonstration"],
                "drafted_at": [clock.format_timestamp(now)],
                "reference_period": [reference_period(cells)],
                "software_version": [__version__],
                "declarations": [registry.digest],
            }
        ),
        "cell": public_cells,
        "cell_submission": _cell_submissions(cells.sort(_CELL_ORDER, maintain_order=True)),
        "area_name": notes.build_names(registry),
        "area_map": notes.build_map(registry),
        **_warehouse_tables(protected, COUNTS),
        "note": notes.build_notes(registry, read_notices(home)),
        "counting_rule": notes.counting_rules(registry),
        "metadata": notes.build_metadata(),
        "programme": _programme(),
        "reference_figure": _reference(home),
        "legal_assessment": law.build_assessments(
            home.gathered / "legal_assessment.parquet", registry, now, provisions
        ),
        "treaty_event": law.build_treaty_events(
            registry, law.read_statements(home.gathered / "treaty_statement.parquet", now)
        ),
        "treaty_element": provisions,
        **read_exported(home.gathered),
        public_measures.TABLE: public_measures.read_exported(home.gathered),
    }
    tables |= {name: pl.read_parquet(protected / f"{name}.parquet") for name in COOPERATION_TABLES}
    for name in PUBLISHED:
        _refuse_internal(tables[name], find_least())
    tables |= measured_quality.for_release(
        home, cells, pl.read_parquet(protected / "mart_delivery.parquet"), tables["reference_figure"], release, now
    )
    tables["reference_figure"] = name_publishers(tables["reference_figure"])
    tables["submission"] = _public_submissions(tables["submission"])
    tables["codelist"] = _codelists(tables["metric"])
    tables["codelist_label"] = _codelist_labels(tables["metric"])
    tables |= _warehouse_tables(indicators, INDICATORS)
    tables[monitoring.TABLE] = monitoring.build_monitoring(tables, registry)
    tables["release"] = _with_number_of_tests(tables["release"], tables["pair"]).with_columns(
        **{name: pl.lit(count, dtype=pl.Int64) for name, count in utility.count_withheld(public_cells).items()}
    )
    return public_texts.clean_tables(tables, registry)


def _public_submissions(returns: pl.DataFrame) -> pl.DataFrame:
    """Return the accepted returns without saying which of those on cooperation are nil.

    All counts of a nil quarter are 0, and the protection of cooperation assumes that no reader knows its zeros. Of a
    whole year, `cooperation_return` says it.
    """
    is_secret = pl.col("instrument").eq_missing(pl.lit("cooperation"))
    return (
        returns.filter(pl.col("accepted_at").is_not_null())
        .select(SUBMISSION_COLUMNS)
        .with_columns(pl.when(~is_secret).then(pl.col(name)).alias(name) for name in ("kind", "is_nil"))
    )


def _with_number_of_tests(release: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Add the number of pairs tested and of the comparisons that they belong to.

    The intervals allow for all pairs of one comparison. Nothing allows for the number of comparisons, so it is stated.
    """
    tested = pairs.filter(pl.col("p").is_not_null())
    return release.with_columns(pairs_tested=tested.height, comparisons_tested=tested["family_id"].n_unique())


def _warehouse_tables(folder: Path, declared: Sequence[ExportedTable]) -> dict[str, pl.DataFrame]:
    """Read the exported tables that belong to a release, by their names in the release."""
    tables = {}
    for table in declared:
        if table.released_as:
            frame = pl.read_parquet(folder / f"{table.name}.parquet")
            tables[table.released_as] = frame.sort(table.order) if table.order else frame
    return tables


def _cell_submissions(cells: pl.DataFrame) -> pl.DataFrame:
    """Return the submissions behind each cell: `cell_id, submission_id`."""
    return (
        cells.unique("cell_id", keep="first", maintain_order=True)
        .select("cell_id", pl.col("submission_ids").str.split(",").alias("submission_id"))
        .explode("submission_id")
        .filter(pl.col("submission_id").is_not_null() & (pl.col("submission_id") != ""))
    )


def _codelists(metrics: pl.DataFrame) -> pl.DataFrame:
    """Return all code lists, with the declared indicators as one of them."""
    rows = [
        {
            "codelist": name,
            "position": position,
            "code": code,
            "label": codes.get_code_label(name, code),
            "definition": row.get("definition", ""),
        }
        for name in codes.codelist_names()
        for position, (code, row) in enumerate(codes.read_codelist(name).items())
    ]
    indicators = metrics.select(
        codelist=pl.lit("metric"), position=pl.col("position").cast(pl.Int64), code="metric", label="name",
        definition="definition",
    )  # fmt: skip
    return pl.concat([pl.DataFrame(rows), indicators])


def _codelist_labels(metrics: pl.DataFrame) -> pl.DataFrame:
    """Return the labels of all codes in each language of the pages but English, which `codelist` has."""
    labels = [
        (name, code, language, codes.get_code_label(name, code, language))
        for name in codes.codelist_names()
        for code in codes.read_codelist(name)
        for language in i18n.list_languages()
    ]
    labels += [
        ("metric", code, language, i18n.gettext(label, language))
        for code, label in metrics.select("metric", "name").iter_rows()
        for language in i18n.list_languages()
    ]
    rows = [
        (name, code, i18n.html_lang(language), label)
        for name, code, language, label in labels
        if language != i18n.SOURCE_LANGUAGE
    ]
    return pl.DataFrame(rows, schema=["codelist", "code", "language", "label"], orient="row")


def _programme() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "table_id": table.id,
                "position": position,
                "title": table.title,
                "areas": ",".join(table.areas),
                "freqs": ",".join(table.freqs),
                "dimensions": ",".join(table.dimensions),
                "note": table.note or "",
            }
            for position, table in enumerate(programme.load().tables)
        ]
    )


def _reference(home: Home) -> pl.DataFrame:
    path = home.gathered / "reference.parquet"
    if not path.exists():
        raise ReleaseError(f"{path.name} is missing from the gathered tables; run `rti refresh`")
    return measured_quality.with_collected(pl.read_parquet(path))


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
