"""Collected and invented references, and how a home gathers them."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.core.home import Home, initialise_home
from pipelines.warehouse.reference import gather
from pipelines.warehouse.reference.areas import Areas
from pipelines.warehouse.reference.model import KINDS, MAPPINGS, REFERENCE, REFERENCE_KEY
from pipelines.warehouse.reference.published import INVENTOR, read_invented, read_published
from tests.support.paths import SHARED

PUBLISHED = SHARED / "reference" / "published_figures.csv"
AREAS = Areas({"albania": "AL"}, {"AL": "Albania"})
CODED = (
    "measure", "level", "count_unit", "statistic", "unit_measure", "offence", "offence_group", "person_type",
    "victim_status", "sex", "age", "exploitation", "citizenship", "obs_status", "conf_status", "accumulation",
)  # fmt: skip


def _glotip(value: int, head: str = "30/05/2023") -> bytes:
    return (
        f"{head};;;;;;;\nCountry;Indicator;Dimension;Category;Sex;Age;Year;txtVALUE\n"
        f"Albania;Persons convicted;Total;Total;Total;Total;2019;{value}\n"
    ).encode()


@pytest.mark.parametrize("table", [read_published(), read_invented()], ids=["published", "invented"])
def test_collected_figures_are_in_the_schema_and_in_the_code_lists(table: pl.DataFrame) -> None:
    assert table.schema == pl.Schema(REFERENCE)
    for name in CODED:
        assert set(table[name].drop_nulls()) <= set(codes.list_codes(name)), name
    assert set(table["mapping"]) <= set(MAPPINGS) and set(table["kind"]) <= set(KINDS)
    assert not table.select(REFERENCE_KEY).is_duplicated().any()
    assert table.filter(pl.col("measure").is_null() != (pl.col("mapping") == "none")).is_empty()
    for row in table.filter(pl.col("measure").is_not_null()).to_dicts():
        rule = codes.get_code_attribute("measure", row["measure"], "level_rule")
        assert row["level"] == rule or rule == "free", row


def test_every_published_figure_has_its_citation() -> None:
    rows = read_published()
    for name in ("source_title", "source_date", "measure_words", "offence_words", "status"):
        assert rows[name].null_count() == 0, name
    assert rows.filter(pl.col("source_url").is_null()).is_empty()


def test_conflicting_figures_are_both_kept() -> None:
    """Victims of 2017 in Kosovo under UNSCR 1244: 32 by the police, 16 by a ministry whose period is doubtful."""
    rows = read_published().filter(
        (pl.col("territory") == "XK")
        & pl.col("period").str.starts_with("2017")
        & (pl.col("measure") == "victims_detected")
        & (pl.col("breakdown") == "")
    )
    assert Counter(zip(rows["period"], rows["value"], strict=True)) == {
        ("2017", 32.0): 1,
        ("2017 Jan-Jun", 16.0): 1,
        ("2017 Jan-Sep", 22.0): 1,
        ("2017 probably Jan-Jun", 16.0): 1,
    }


def test_part_of_a_year_is_never_read_as_a_year() -> None:
    rows = read_published()
    assert rows.filter((pl.col("freq") == "A") != (pl.col("accumulation") == "discrete")).is_empty()
    september = rows.filter(pl.col("period") == "2017 Jan-Sep")
    assert {str(day) for day in september["period_end"]} == {"2017-09-30"}
    assert rows.filter(pl.col("period").str.contains("mid Oct|probably"))["period_end"].null_count() > 0


def test_instance_is_mapped_only_where_the_source_states_it() -> None:
    rows = read_published()
    stated = rows.filter(pl.col("measure").is_in(["convicted_first", "convicted_final"]))["measure_words"].unique()
    assert all("first instance" in words or "final" in words for words in stated)
    unstated = rows.filter(pl.col("measure_words") == "persons convicted")
    assert unstated.height and unstated["measure"].null_count() == unstated.height


def test_figure_derived_from_the_text_is_an_estimate() -> None:
    rows = read_published()
    assert set(rows.filter(pl.col("status") == "derived")["obs_status"]) == {"E"}


def test_kosovo_and_north_macedonia_have_their_present_names() -> None:
    text = " ".join(read_published()["breakdown"].to_list())
    assert "citizenship: Kosovo under UNSCR 1244" in text
    assert "Republic of Macedonia" not in " ".join(read_published()["source_title"].to_list())


@pytest.mark.shared
@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the reference files are not next to the project")
def test_every_figure_of_the_reference_is_collected_once() -> None:
    with PUBLISHED.open(encoding="utf-8", newline="") as handle:
        reference_rows = list(csv.DictReader(handle))
    collected = read_published()
    assert len(reference_rows) == collected.height == 173
    reference_counts = Counter(
        (r["territory"], r["year"], r["indicator"], float(r["value"]), r["source_url"]) for r in reference_rows
    )
    assert reference_counts == Counter(
        (r["territory"], str(r["period"]).split(" ")[0], r["measure_words"], r["value"], r["source_url"])
        for r in collected.to_dicts()
    )
    assert Counter(r["status"] for r in reference_rows) == Counter(collected["status"])


def test_invented_references_are_marked_in_every_row() -> None:
    rows = read_invented()
    assert set(rows["source_title"]) == {INVENTOR}
    assert set(rows["status"]) == {"invented"}
    assert all("nvented" in caveat for caveat in rows["caveat"])
    assert sorted(rows["territory"].unique()) == ["AL", "BA", "HR", "ME", "MK", "RS", "XK"]
    assert sorted(rows["period"].unique()) == [str(year) for year in range(2020, 2026)]
    assert rows.height == 7 * 6 * 3
    assert rows["value"].min() == 5.0  # as a publisher would, it withholds what is below


# -- gathering


def _gathered(home: Home) -> pl.DataFrame:
    return pl.read_parquet(home.gathered / "reference.parquet")


def test_only_a_demonstration_gathers_invented_references(tmp_path: Path) -> None:
    demonstration, real = initialise_home(tmp_path / "d", "demonstration"), initialise_home(tmp_path / "r", "real")
    for home in (demonstration, real):
        gather.gather_reference(home)
    assert set(_gathered(demonstration)["kind"]) == {"published", "invented"}
    assert set(_gathered(real)["kind"]) == {"published"}


def test_an_import_is_kept_under_its_hash_and_gathered(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "h", "real")
    data = _glotip(7)
    imported = gather.import_reference(home, data, areas=AREAS)
    digest = hashlib.sha256(data).hexdigest()
    stored = gather.reference_folder(home) / f"{digest}.parquet"
    assert pl.read_parquet(stored).equals(imported.rows)
    assert (gather.reference_folder(home) / f"{digest}.json").is_file()
    gather.gather_reference(home)
    (row,) = _gathered(home).filter(pl.col("kind") == "imported").to_dicts()
    assert (row["territory"], row["value"], row["source"]) == ("AL", 7.0, "UNODC GLOTIP 2023-05-30")


def test_gathering_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "h", "demonstration")
    gather.import_reference(home, _glotip(7), areas=AREAS)
    gather.gather_reference(home)
    first = (home.gathered / "reference.parquet").read_bytes()
    gather.import_reference(home, _glotip(7), areas=AREAS)
    gather.gather_reference(home)
    assert (home.gathered / "reference.parquet").read_bytes() == first


def test_two_files_of_one_edition_count_once_and_a_contradiction_is_reported(tmp_path: Path) -> None:
    home = initialise_home(tmp_path / "h", "real")
    gather.import_reference(home, _glotip(7), areas=AREAS)
    gather.import_reference(home, _glotip(7, head="UNODC;;;;;;;\n30/05/2023"), areas=AREAS)
    gather.gather_reference(home)
    assert _gathered(home).filter(pl.col("kind") == "imported").height == 1
    gather.import_reference(home, _glotip(8), areas=AREAS)
    with pytest.raises(gather.ReferenceConflictError, match="UNODC GLOTIP 2023-05-30"):
        gather.gather_reference(home)


def test_unreadable_file_leaves_nothing(tmp_path: Path) -> None:
    from pipelines.model.content import ReadError

    home = initialise_home(tmp_path / "h", "real")
    with pytest.raises(ReadError):
        gather.import_reference(home, b"no;table\n1;2\n", areas=AREAS)
    assert not gather.reference_folder(home).exists()
