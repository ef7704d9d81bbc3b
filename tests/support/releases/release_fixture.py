"""A small hand-made release, written by the project's own formats, for tests of code that reads a release."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core import clock, codes
from pipelines.core import home as homes
from pipelines.declarations.registry import Registry, load
from pipelines.publication.disclosure import utility
from pipelines.publication.releases import (
    changes,
    draft_tables,
    formats,
    law,
    manifest_writing,
    notes,
    publications,
    publish,
)
from pipelines.submissions import provision_statements, treaty_statements
from pipelines.warehouse.metrics import cards_export, metrics
from pipelines.warehouse.reference.published import GLOTIP_FIGURES, read_invented, read_published
from pipelines.warehouse.reference.publishers import name_publishers
from tests.support.cells import with_key_and_total
from tests.support.releases import release_changes, release_quality, release_ratios, release_records

RELEASE = "2026-Q3"
TERRITORIES = ("AL", "BA", "HR", "XK", "MK", "ME", "RS")
QUARTERS = tuple(f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in (1, 2, 3, 4))[:7]
YEARS = ("2023", "2024", "2025")
POOL = ("P3", "2023-2025")
STAGES = (
    ("reported", "prosecution", 40), ("investigated", "prosecution", 31), ("indicted", "prosecution", 22),
    ("adjudicated_first", "first", 18), ("convicted_first", "first", 14), ("sentenced_first", "first", 13),
    ("adjudicated_final", "final", 12), ("convicted_final", "final", 9), ("sentenced_final", "final", 8),
)  # fmt: skip
PLANTED = {
    "withheld": ("AL", "2026-Q3", "indicted"),
    "missing": ("RS", "2026-Q3", "investigated"),
    "nil": ("ME", "2026-Q3", "investigated"),
    "partial": ("WB", "2026-Q3", "investigated"),
    "derived_ytd": ("XK", "2026-Q3", "investigated"),
    "annual_only": ("HR", "2026-Q3", "investigated"),
    "adults_only": ("HR", "2025", "convicted_first"),
    "non_additive": ("BA", "2025", "reported"),
    "zero": ("MK", "2026-Q3", "convicted_first"),
    "cases_only": ("RS", "2026-Q2", "reported"),
}
"""Area, period and measure of each planted situation; all in trafficking in persons, counted in persons."""
CELL_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(
        (
            "table_id", "area_kind", "area", "territory", "freq", "period", "measure", "level", "count_unit",
            "statistic", "offence_group", "offence", "person_type", "victim_status", "sex", "age", "exploitation",
            "citizenship", "sentence_type", "sentence_band",
        ),
        pl.String,
    ),
    "value": pl.Float64, "obs_status": pl.String, "conf_status": pl.String, "n_reported": pl.Int32,
    "n_expected": pl.Int32, "reporters": pl.String, "basis": pl.String, "is_additive": pl.Boolean, "flags": pl.String,
}  # fmt: skip
_KEY = ["cell_id", *codes.CELL_KEY]
_DIMENSIONS = {
    "offence": "_T", "person_type": "_T", "victim_status": "_Z", "sex": "_T", "age": "_T", "exploitation": "_Z",
    "citizenship": "_T", "sentence_type": "_Z", "sentence_band": "_Z",
}  # fmt: skip
_WEIGHT = {"AL": 1.4, "BA": 0.9, "HR": 1.1, "XK": 0.8, "MK": 0.7, "ME": 0.5, "RS": 1.9}
_POPULATION = {
    "AL": 2_390_000, "BA": 3_164_000, "HR": 3_866_000, "XK": 1_586_000, "MK": 1_826_000, "ME": 623_000, "RS": 6_587_000,
}  # fmt: skip


def make_home(root: Path) -> homes.Home:
    """Make a demonstration home below `root` with one published release, `RELEASE`; this takes about a second."""
    home = homes.initialise_home(root, "demonstration")
    write_draft(home, RELEASE)
    publish_draft(home, RELEASE)
    return home


def write_draft(home: homes.Home, release: str, /, **replaced: pl.DataFrame) -> Path:
    """Write the draft of a release without pages; `replaced` are tables that differ. Return its folder."""
    registry = load()
    tables = make_tables(registry) | replaced
    folder = home.drafts / release
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("data", "csv"):
        (folder / part).mkdir(parents=True)
    for name, table in tables.items():
        formats.write_parquet(table, folder / "data" / f"{name}.parquet")
        formats.write_csv(table, folder / "csv" / f"{name}.csv")
    formats.write_duckdb(tables, folder / "data", folder / "release.duckdb")
    (folder / "README.txt").write_text("Demonstration release of the tests.\n", encoding="utf-8")
    with clock.freeze_time(clock.parse_time("2026-11-20T09:00:00Z")):
        edition = manifest_writing.EditionVersion("1.0.0", None)
        frames = {name: table.lazy() for name, table in tables.items()}
        manifest_writing.write_manifest(folder, home, release, frames, registry, edition)
    return folder


def publish_draft(home: homes.Home, draft: str | None = None) -> Path:
    """Publish in the public folder as a publication does, without ledger and records; return the release's folder."""
    release = publish.select_draft(home, draft)
    publish.refuse_older_edition(home, release)
    publish.verify_files(home.drafts / release)
    publish.move_draft(home, release)
    publish.switch_current(home, release)
    number = len(publications.read_publications(home)) + 1
    now = clock.format_timestamp(clock.now())
    publications.append_journal(home, publications.Intent(publications.Publication(release, now), number))
    return home.releases / release


def make_tables(registry: Registry) -> dict[str, pl.DataFrame]:
    """Build all tables of the release, in the schemas of `pipelines/publication/releases/draft_tables.py`."""
    cells = _with_marks(pl.DataFrame(list(_cells()), schema=CELL_SCHEMA))
    return {
        "release": pl.DataFrame(
            {
                "release": [RELEASE], "home": ["demonstration"], "demonstration": [True],
                "drafted_at": ["2026-11-20T09:00:00Z"], "reference_period": ["2026-Q3"],
                "software_version": ["0.1.0"], "declarations": [registry.digest], "version": ["1.0.0"],
                "previous": pl.Series([None], dtype=pl.String),
                **{name: [count] for name, count in utility.count_withheld(cells.lazy()).items()},
            }
        ),
        "cell": cells,
        "change": changes.empty_comparison().figures,
        "schema_change": changes.empty_comparison().schema,
        "cell_submission": cells.filter(pl.col("value").is_not_null() & (pl.col("area_kind") == "territory")).select(
            "cell_id", pl.format("S{}", pl.col("area").str.pad_end(15, "0")).alias("submission_id")
        ),
        "area": _areas(registry),
        "area_name": notes.build_names(registry),
        "area_map": notes.build_map(registry),
        "legal_assessment": _assessments(),
        "treaty_event": law.build_treaty_events(registry, pl.DataFrame(schema=treaty_statements.EXPORTED)),
        "treaty_element": law.build_provisions(pl.DataFrame(schema=provision_statements.EXPORTED)),
        "population": _population(),
        "coverage": _coverage(registry),
        "submission": _submissions(registry),
        "note": notes.build_notes(registry),
        "counting_rule": notes.counting_rules(registry),
        **{name: frame for name, frame in _cards(registry).items() if name != "card_comparability"},
        "metadata": notes.build_metadata(),
        "codelist": draft_tables.list_codes(metrics.metric_table(metrics.load())),
        "codelist_label": draft_tables.list_code_labels(metrics.metric_table(metrics.load())),
        "metric": metrics.metric_table(metrics.load()),
        "metric_operand": metrics.operand_table(metrics.load()),
        "programme": draft_tables.describe_programme(),
        "reference_figure": name_publishers(
            pl.concat([read_published(), read_published(GLOTIP_FIGURES), _conflict(), read_invented()])
        ),
        "indicator": _indicators(cells),
        **release_ratios.build_tables(TERRITORIES),
        **release_changes.build_tables(),
        **release_records.build_tables(_cards(registry)["counting_card_of"]),
        **release_quality.build_tables(),
    }  # fmt: skip


def _cards(registry: Registry) -> dict[str, pl.DataFrame]:
    return cards_export.build_frames(registry, [*QUARTERS, *YEARS, POOL[1]])


def _conflict() -> pl.DataFrame:
    """Build a different figure of a second publisher for the first published figure that has a measure."""
    first = read_published().filter(pl.col("measure").is_not_null()).head(1)
    publisher = pl.lit("Another publisher (made up for the tests)")
    return first.with_columns(pl.col("value") + 7, source=publisher, source_title=publisher)


def _cell(
    table: str, area: str, freq: str, period: str, measure: str, level: str, value: float | None, **more: Any
) -> dict[str, Any]:
    kind = "region" if area == codes.REGION else "territory"
    cell = {
        "table_id": table, "area_kind": kind, "area": area, "territory": area, "freq": freq, "period": period,
        "measure": measure, "level": level, "count_unit": "person", "statistic": "count", "offence_group": "TIP",
        **_DIMENSIONS, "value": value, "obs_status": "A", "conf_status": "F", "n_reported": 1, "n_expected": 1,
        "reporters": area, "basis": "reported", "is_additive": True, "flags": "",
    } | more  # fmt: skip
    if cell["value"] is None and cell["obs_status"] == "A":
        cell |= {"obs_status": "O", "n_reported": 0, "reporters": ""}
    return cell


def _cells() -> Iterator[dict[str, Any]]:
    for group, scale in (("TIP", 1.0), ("SOM", 3.0)):
        for freq, period, table in _periods():
            for measure, level, size in STAGES:
                yield from _stage(table, freq, period, group, measure, level, size * scale)
    yield from _breakdowns()
    yield from _victims()
    for number, measure in enumerate(("investigated", "indicted", "convicted_first")):
        for place, code in enumerate(("BA_STATE", "BA_FED", "BA_SRP", "BA_BRC")):
            value = None if code == "BA_BRC" else 20.0 - 5 * place - number
            hidden = {"obs_status": "Q", "conf_status": "C"} if value is None else {}
            level = "first" if measure == "convicted_first" else "prosecution"
            yield _cell("jurisdiction_year", code, "A", "2025", measure, level, value, area_kind="jurisdiction",
                        territory="BA", **hidden)  # fmt: skip


def _with_marks(cells: pl.DataFrame) -> pl.DataFrame:
    """Add `cell_id`, `total_of` and `is_total`; only the planted office counts adults alone."""
    area, period, measure = PLANTED["adults_only"]
    counts_adults = (
        (pl.col("area") == area)
        & (pl.col("period") == period)
        & (pl.col("measure") == measure)
        & (pl.col("offence_group") == "TIP")
    )
    counted = pl.when(counts_adults).then(pl.lit("adults")).otherwise(pl.lit("all"))
    return with_key_and_total(cells).with_columns(is_total=pl.col("total_of") == counted)


def _periods() -> Iterator[tuple[str, str, str]]:
    yield from (("Q", period, "area_quarter") for period in QUARTERS)
    yield from (("A", period, "area_year") for period in YEARS)
    yield (*POOL, "area_pool")


def _stage(
    table: str, freq: str, period: str, group: str, measure: str, level: str, size: float
) -> Iterator[dict[str, Any]]:
    total, reporters = 0.0, []
    expected = [t for t in TERRITORIES if not (freq == "Q" and t == "HR")]
    for area in expected:
        cell = _planted(table, area, freq, period, group, measure, level, _size(area, freq, period, size))
        if cell["obs_status"] not in ("O", "L"):
            reporters.append(area)
            total += cell["value"] or 0.0
        yield cell
        if (area, period, measure) == PLANTED["cases_only"]:
            yield {**cell, "count_unit": "case", "value": 12.0, "obs_status": "A"}
    partial = len(reporters) < len(expected)
    yield _cell(
        table, codes.REGION, freq, period, measure, level, total, offence_group=group, n_reported=len(reporters),
        n_expected=len(expected), reporters=",".join(reporters), basis="derived_parts",
        flags="partial" if partial else "",
    )  # fmt: skip


def _size(area: str, freq: str, period: str, size: float) -> float:
    step = {"Q": 1.0, "A": 4.1, "P3": 12.6}[freq]
    wave = 1.0 + 0.13 * (sum(map(ord, period + area)) % 7 - 3) / 3
    return float(max(5, round(size * _WEIGHT[area] * step * wave)))


def _planted(
    table: str, area: str, freq: str, period: str, group: str, measure: str, level: str, value: float
) -> dict[str, Any]:
    cell = _cell(table, area, freq, period, measure, level, value, offence_group=group)
    situation = (area, period, measure)
    if area == "XK" and freq == "Q":
        cell["basis"] = "derived_ytd"
    if group != "TIP":
        return cell
    if situation == PLANTED["withheld"]:
        cell |= {"value": None, "obs_status": "Q", "conf_status": "C"}
    elif situation in (PLANTED["missing"], PLANTED["cases_only"]):
        cell |= {"value": None, "obs_status": "O", "n_reported": 0, "reporters": ""}
    elif area == "ME" and period == "2026-Q3":
        cell |= {"value": 0.0, "flags": "nil"}
    elif situation == PLANTED["zero"]:
        cell["value"] = 0.0
    elif situation == PLANTED["adults_only"]:
        cell |= {"value": None, "obs_status": "L", "n_reported": 0, "reporters": ""}
    elif situation == PLANTED["non_additive"]:
        cell |= {"is_additive": False, "flags": "transfer_deducted"}
    return cell


def _breakdowns() -> Iterator[dict[str, Any]]:
    yield _cell("territory_year_age", "HR", "A", "2025", "convicted_first", "first", 48.0, age="Y_GE18")
    for area in ("AL", "RS"):
        for measure, level, size in STAGES:
            whole = _size(area, "A", "2025", size)
            men = max(5.0, round(whole * 0.8))
            yield _cell("territory_year_sex", area, "A", "2025", measure, level, men, sex="M")
            hidden = area == "AL" and measure == "indicted"
            yield _cell(
                "territory_year_sex", area, "A", "2025", measure, level, None if hidden else max(5.0, whole - men),
                sex="F", **({"obs_status": "Q", "conf_status": "C"} if hidden else {}),
            )  # fmt: skip
            for age, part in (("Y_LT18", 0.1), ("Y_GE18", 0.9)):
                yield _cell(
                    "territory_year_age", area, "A", "2025", measure, level, max(5.0, round(whole * part)), age=age
                )
        for kind, value in (("prison", 31.0), ("prison_suspended", 9.0), ("fine", 0.0)):
            yield _cell(
                "area_year_sentence_type", area, "A", "2025", "sentenced_first", "first", value, sentence_type=kind
            )
        for band, value in (("M0T24", 6.0), ("M24T60", 14.0), ("M60T120", 11.0), ("M120T", 0.0)):
            yield _cell(
                "area_year_sentence_band", area, "A", "2025", "sentenced_first", "first", value,
                sentence_type="prison", sentence_band=band,
            )  # fmt: skip


def _victims() -> Iterator[dict[str, Any]]:
    base = {"count_unit": "victim", "person_type": "_Z", "victim_status": "_T", "exploitation": "_T"}
    for freq, period, table in (("Q", "2026-Q3", "victims_quarter"), *(("A", y, "victims_year") for y in YEARS)):
        for area in (*TERRITORIES, codes.REGION):
            whole = 300.0 if area == codes.REGION else _size(area, freq, period, 25)
            for status, part in (("_T", 1.0), ("presumed", 0.6), ("identified", 0.4)):
                value: float | None = round(whole * part)
                more: dict[str, Any] = {}
                if (area, status) == ("ME", "identified"):
                    value, more = None, {"obs_status": "Q", "conf_status": "C"}
                if area == codes.REGION:
                    more = {"n_reported": 6, "n_expected": 7, "reporters": "AL,BA,HR,XK,MK,ME", "flags": "partial"}
                yield _cell(
                    table,
                    area,
                    freq,
                    period,
                    "victims_detected",
                    "none",
                    value,
                    **base | {"victim_status": status},
                    **more,
                )
    for sex, value in (("F", 70.0), ("M", 33.0)):
        yield _cell("victims_year_sex", "AL", "A", "2025", "victims_detected", "none", value, **base, sex=sex)
    for age, value in (("Y_LT18", 54.0), ("Y_GE18", 49.0)):
        yield _cell("victims_year_age", "AL", "A", "2025", "victims_detected", "none", value, **base, age=age)
    for form, value in (("sexual", 51.0), ("labour", 22.0), ("begging", 18.0), ("multiple", 0.0)):
        yield _cell(
            "victims_year_form", "AL", "A", "2025", "victims_detected", "none", value, **base | {"exploitation": form}
        )


def _indicators(cells: pl.DataFrame) -> pl.DataFrame:
    rates = (
        cells.filter(
            pl.col("table_id").is_in(["area_quarter", "area_year", "victims_quarter", "victims_year"])
            & (pl.col("area_kind") != "jurisdiction")
        )
        .with_columns(
            pl.struct("area", "reporters").map_elements(_denominator, return_dtype=pl.Float64).alias("denominator")
        )
        .select(
            *_KEY,
            metric=pl.lit("rate"),
            indicator=pl.lit("rate"),
            dimension=pl.lit("_Z"),
            value=pl.col("value") * 100_000 / pl.col("denominator"),
            low=pl.col("value") * 90_000 / pl.col("denominator"),
            high=pl.col("value") * 110_000 / pl.col("denominator"),
            dispersion=pl.when(pl.col("value").is_not_null()).then(pl.lit(1.0)),
            interval_basis=pl.when(pl.col("value").is_null())
            .then(pl.lit(""))
            .when(pl.col("count_unit") == "case")
            .then(pl.lit("exact"))
            .otherwise(pl.lit("lower_bound")),
            numerator=pl.col("value"),
            denominator=pl.col("denominator"),
            unit_measure=pl.lit("P_HTHAB"),
            obs_status=pl.col("obs_status"),
            conf_status=pl.col("conf_status"),
            flags=pl.when(pl.col("period") >= "2025")
            .then(
                pl.concat_str(pl.col("flags"), pl.lit("population_carried_forward"), separator=",").str.strip_chars(",")
            )
            .otherwise(pl.col("flags")),
        )
    )
    whole = cells.filter((pl.col("table_id") == "area_year") & (pl.col("sex") == "_T"))
    key = ["area", "freq", "period", "measure", "level", "offence_group", "count_unit"]
    shares = (
        cells.filter(pl.col("table_id") == "territory_year_sex")
        .join(whole.select(*key, "value", "conf_status"), on=key, suffix="_whole")
        .select(
            *_KEY,
            metric=pl.lit("share"),
            indicator=pl.lit("share"),
            dimension=pl.lit("sex"),
            value=pl.col("value") * 100 / pl.col("value_whole"),
            low=pl.col("value") * 80 / pl.col("value_whole"),
            high=(pl.col("value") * 120 / pl.col("value_whole")).clip(upper_bound=100.0),
            dispersion=pl.when(pl.col("value").is_not_null()).then(pl.lit(1.0)),
            interval_basis=pl.when(pl.col("value").is_not_null()).then(pl.lit("lower_bound")).otherwise(pl.lit("")),
            state=pl.when(pl.col("conf_status") == "C")
            .then(pl.lit("withheld"))
            .when(pl.col("value").is_null())
            .then(pl.lit("missing"))
            .when(pl.min_horizontal("value", "value_whole") < 20)
            .then(pl.lit("too_few"))
            .otherwise(pl.lit("enough")),
            numerator=pl.col("value"),
            denominator=pl.col("value_whole"),
            unit_measure=pl.lit("PC"),
            obs_status=pl.col("obs_status"),
            conf_status=pl.col("conf_status"),
            flags=pl.col("flags"),
        )
    )
    return pl.concat([rates, shares, _numbers(cells)], how="diagonal")


def _numbers(cells: pl.DataFrame) -> pl.DataFrame:
    """Build counts with ranges of 50 % up and down and their state, without repeating arithmetic of the marts."""
    has_value = pl.col("value").is_not_null()
    few = pl.when(pl.col("value") < 20).then(pl.lit("too_few")).otherwise(pl.lit("enough"))
    hidden = pl.when(pl.col("conf_status") == "C").then(pl.lit("withheld")).otherwise(pl.lit("missing"))
    return cells.filter(pl.col("table_id").is_in(["area_quarter", "area_year"])).select(
        *_KEY,
        "value",
        "obs_status",
        "conf_status",
        "flags",
        metric=pl.lit("count"),
        indicator=pl.lit("count"),
        dimension=pl.lit("_Z"),
        unit_measure=pl.lit("NR"),
        low=pl.col("value") * 0.5,
        high=pl.col("value") * 1.5,
        dispersion=pl.when(pl.col("value").is_not_null()).then(pl.lit(1.0)),
        interval_basis=pl.when(has_value).then(pl.lit("lower_bound")).otherwise(pl.lit("")),
        state=pl.when(has_value).then(few).otherwise(hidden),
    )


def _denominator(row: dict[str, str]) -> float:
    if row["area"] == codes.REGION:
        return float(sum(_POPULATION[code] for code in row["reporters"].split(",") if code))
    return float(_POPULATION[row["area"]])


def _areas(registry: Registry) -> pl.DataFrame:
    names_by_area = {
        row["area"]: row for row in notes.build_names(registry).filter(pl.col("language") == "en").iter_rows(named=True)
    }
    rows = [{"area": codes.REGION, "area_kind": "region", "territory": codes.REGION, "kind": "national", "sort": 0,
             "name_en": "Western Balkans", "footnote_en": None}]  # fmt: skip
    for code, row in names_by_area.items():
        territory = code.partition("_")[0]
        rows.append(
            {
                "area": code, "area_kind": "territory" if code in TERRITORIES else "jurisdiction",
                "territory": territory, "kind": "national", "sort": registry.territories[territory].sort,
                "name_en": row["name"], "footnote_en": row["footnote"] or None,
            }
        )  # fmt: skip
    schema = {"area": pl.String, "area_kind": pl.String, "territory": pl.String, "kind": pl.String, "sort": pl.Int64,
              "name_en": pl.String, "footnote_en": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=schema).sort("sort", "area")


def _assessments() -> pl.DataFrame:
    """Two elements of the law of Serbia, one of them changed."""
    steps = (("DURATION", "2010", "not_met", ""), ("DURATION", "2021-05-01", "met", "not_met"),
             ("PURPOSE", "2010", "partly", ""))  # fmt: skip
    return pl.DataFrame(
        [
            {
                "assessment_id": f"L{number:015}", "territory": "RS", "jurisdiction": "RS", "element": element,
                "treaty": treaty, "result": result, "result_before": before, "article": f"Article {number}, test law",
                "citation": "Invented for the tests", "applies_from": since, "reviewer_role": "judge",
                "approved_at": "2026-05-01T09:00:00Z", "is_current": result != "not_met",
            }
            for number, (element, since, result, before) in enumerate(steps, start=1)
            for treaty in ("EU_MLA", "ETS182", "PCC_SEE")
        ]
    )  # fmt: skip


def _population() -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "area": code, "territory": code, "year": year, "population": population,
                "population_year": min(year, 2024),
                "is_carried_forward": year > 2024, "series": "World Bank SP.POP.TOTL", "vintage": "2025",
                "reference_date": "mid-year", "source_url": "https://data.worldbank.org/indicator/SP.POP.TOTL",
                "caveat": "",
            }
            for code, population in _POPULATION.items()
            for year in (2023, 2024, 2025, 2026)
        ]
    )  # fmt: skip


def _find_source(registry: Registry, territory: str) -> str:
    """Return the first declared office of a territory that sends justice returns."""
    calendar = registry.territories[territory].calendar
    return next(entry.source for entry in calendar if entry.instrument == "justice")


def _coverage(registry: Registry) -> pl.DataFrame:
    rows = []
    for code in TERRITORIES:
        for freq, periods in (("Q", () if code == "HR" else QUARTERS), ("A", YEARS)):
            for period in periods:
                late = (code, period) == ("RS", "2026-Q3")
                rows.append(
                    {
                        "territory": code, "jurisdiction": code, "instrument": "justice",
                        "source": _find_source(registry, code),
                        "freq": freq, "period": period, "deadline": date(int(period[:4]), 12, 31), "is_due": True,
                        "is_reported": not late, "is_nil": (code, period) == ("ME", "2026-Q3"),
                        "first_received_at": None if late else datetime(2026, 11, 2, 9),
                        "first_accepted_at": None if late else datetime(2026, 11, 4, 9),
                        "is_on_time": None if late else True,
                    }
                )  # fmt: skip
    return pl.DataFrame(rows)


def _submissions(registry: Registry) -> pl.DataFrame:
    rows = [
        {
            "submission_id": f"S{code:0<15}", "territory": code, "jurisdiction": code, "instrument": "justice",
            "source": _find_source(registry, code), "form": f"{code}.justice",
            "kind": "nil" if code == "ME" else "full",
            "received_at": datetime(2026, 11, 2, 9), "accepted_at": datetime(2026, 11, 4, 9),
            "corrects_submission_id": None, "first_period": "2025-Q1", "last_period": "2026-Q3", "n_blocks": 7,
            "is_nil": code == "ME",
        }
        for code in TERRITORIES
    ]  # fmt: skip
    corrected = {
        **rows[0],
        "submission_id": "SALCORRECTION000",
        "kind": "patch",
        "corrects_submission_id": "SAL0000000000000",
    }
    return pl.DataFrame([*rows, corrected], infer_schema_length=None).select(draft_tables.SUBMISSION_COLUMNS)
