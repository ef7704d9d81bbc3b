"""Vintages on a small made-up world: dates of each figure, by hand, and builds as of a moment."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.core import clock, codes
from pipelines.core.home import Home, initialise_home, open_home
from pipelines.declarations.export import build_tables
from pipelines.declarations.registry import load
from pipelines.publication import measured_quality
from pipelines.publication.provenance.lineage import read_places
from pipelines.refresh import measuring
from pipelines.warehouse import dbt, exported_tables
from pipelines.warehouse.reference.gather import gather_reference
from tests.support.kept_builds import build_kept
from tests.support.warehouse.dbt_facts import World, parse_moment

NOW = "2025-12-01T00:00:00Z"
QUARTERS = ("2025-Q1", "2025-Q2", "2025-Q3")
BEFORE_REVISION = parse_moment("2025-07-10T09:59:59Z")


def build_row(measure: str, value: float, **more: Any) -> dict[str, Any]:
    return {"measure": measure, "value": value, **more}


def revised_world() -> World:
    """Build a world: AL corrects a quarter; XK counts from January and corrects one; ME withdraws; BA has parts.

    AL's newest return is accepted at this very second.
    """
    world = World()
    world.add_territory("AL")
    world.add_office("AL", "AL_PP", "justice", "Q", QUARTERS, final=75)
    world.add_submission(
        "AL1",
        "AL",
        "AL_PP",
        "2025-Q1",
        [build_row("reported", 20)],
        accepted="2025-05-02T10:00:00Z",
        superseded="2025-07-10T10:00:00Z",
    )
    world.add_submission("AL1B", "AL", "AL_PP", "2025-Q1", [build_row("reported", 26)], accepted="2025-07-10T10:00:00Z")
    world.add_submission("AL2", "AL", "AL_PP", "2025-Q2", [build_row("reported", 30)], accepted="2025-08-01T10:00:00Z")
    world.add_submission("AL3", "AL", "AL_PP", "2025-Q3", [build_row("reported", 40)], accepted=NOW)
    world.add_territory("XK")
    world.add_office("XK", "XK_KPC", "justice", "Q", QUARTERS, final=75)
    so_far = {"accumulation": "ytd"}
    world.add_submission(
        "XK1",
        "XK",
        "XK_KPC",
        "2025-Q1",
        [build_row("reported", 10, **so_far)],
        accepted="2025-05-02T10:00:00Z",
        superseded="2025-09-01T10:00:00Z",
    )
    world.add_submission(
        "XK2", "XK", "XK_KPC", "2025-Q2", [build_row("reported", 25, **so_far)], accepted="2025-08-01T10:00:00Z"
    )
    world.add_submission(
        "XK1B", "XK", "XK_KPC", "2025-Q1", [build_row("reported", 12, **so_far)], accepted="2025-09-01T10:00:00Z"
    )
    world.add_submission(
        "XK3",
        "XK",
        "XK_KPC",
        "2025-Q3",
        [build_row("reported", 31, **so_far)],
        accepted="2025-11-02T10:00:00Z",
        reason="provisional_final",
    )
    world.add_territory("ME")
    world.add_office("ME", "ME_STAT", "justice", "Q", QUARTERS, final=75)
    world.add_submission(
        "ME1",
        "ME",
        "ME_STAT",
        "2025-Q1",
        [build_row("reported", 5)],
        accepted="2025-05-02T10:00:00Z",
        superseded="2025-06-01T10:00:00Z",
    )
    world.add_submission(
        "ME2",
        "ME",
        "ME_STAT",
        "2025-Q2",
        [build_row("reported", 6)],
        accepted="2025-08-01T10:00:00Z",
        superseded="2025-08-20T10:00:00Z",
    )
    world.add_submission("ME2N", "ME", "ME_STAT", "2025-Q2", [], accepted="2025-08-20T10:00:00Z", nil=True)
    world.add_submission("ME3", "ME", "ME_STAT", "2025-Q3", [build_row("reported", 4)], accepted="2025-11-01T10:00:00Z")
    world.add_territory("BA", "BA_FED", "BA_SRP")
    for n, (part, first, then) in enumerate((("BA_FED", 3, None), ("BA_SRP", 4, 9)), 1):
        world.add_office(part, f"{part}_PO", "justice", "Q", QUARTERS[:1], final=75)
        superseded = "2025-07-01T10:00:00Z" if then else None
        world.add_submission(
            f"BA{n}",
            part,
            f"{part}_PO",
            "2025-Q1",
            [build_row("reported", first)],
            superseded=superseded,
            accepted=f"2025-05-0{n}T10:00:00Z",
        )
        if then:
            world.add_submission(
                f"BA{n}B", part, f"{part}_PO", "2025-Q1", [build_row("reported", then)], accepted="2025-07-01T10:00:00Z"
            )
    return world


def build_revised_world(root: Path) -> None:
    """Make a home with the counts of the revised world, and figures known in the last second before AL's revision."""
    with clock.freeze_time(parse_moment(NOW)):
        home = initialise_home(root / "data", "demonstration")
        revised_world().write_files(home)
        gather_reference(home)
        build_tables(load())["law_article"].write_parquet(home.gathered / "law_article.parquet")
        newest = dbt.build_counts(home)
        measuring.as_of(home, BEFORE_REVISION, root / "old")
        assert dbt.latest_counts(home) == newest, "the newest counts are unchanged"


@pytest.fixture(scope="module")
def revised_root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("vintages") / "copy"
    shutil.copytree(build_kept(request, "revised-world", build_revised_world), root, symlinks=True)
    return root


@pytest.fixture(scope="module")
def home(revised_root: Path) -> Iterator[Home]:
    with clock.freeze_time(parse_moment(NOW)):
        yield open_home(revised_root / "data")


@pytest.fixture(scope="module")
def before_revision(revised_root: Path) -> Path:
    """The figures known in the last second before AL's revision; read-only."""
    return revised_root / "old"


def read_table(home: Home, table: str) -> pl.DataFrame:
    counts = dbt.latest_counts(home)
    assert counts is not None
    return pl.read_parquet(dbt.tables_folder(counts) / f"{table}.parquet")


def list_vintages(triangle: pl.DataFrame, area: str, period: str) -> list[tuple[str, float | None]]:
    rows = triangle.filter((pl.col("area") == area) & (pl.col("period") == period)).sort("vintage")
    return [(f"{moment:%m-%d}", value) for moment, value in rows.select("known_from", "value").rows()]


def read_figure(folder: Path, area: str, period: str) -> dict[str, Any]:
    rows = pl.read_parquet(folder / "tables" / "mart_count.parquet")
    (row,) = rows.filter(
        (pl.col("area") == area) & (pl.col("period") == period) & (pl.col("measure") == "reported")
        & (pl.col("offence") == "_T")
    ).to_dicts()  # fmt: skip
    return row


# -- the triangle


def test_each_acceptance_that_changes_a_figure_is_a_vintage(home: Home) -> None:
    triangle = read_table(home, "mart_revision")
    assert list_vintages(triangle, "AL", "2025-Q1") == [("05-02", 20), ("07-10", 26)]
    assert list_vintages(triangle, "AL", "2025-Q2") == [("08-01", 30)]


def test_corrected_first_quarter_changes_the_second_where_counted_from_january(home: Home) -> None:
    triangle = read_table(home, "mart_revision")
    assert list_vintages(triangle, "XK", "2025-Q1") == [("05-02", 10), ("09-01", 12)]
    assert list_vintages(triangle, "XK", "2025-Q2") == [("08-01", 15), ("09-01", 13)]  # 25 - 10, then 25 - 12
    assert list_vintages(triangle, "XK", "2025-Q3") == [("11-02", 6)]


def test_withdrawal_leaves_no_figure_and_a_nil_return_zero(home: Home) -> None:
    triangle = read_table(home, "mart_revision")
    assert list_vintages(triangle, "ME", "2025-Q2") == [("08-01", 6), ("08-20", 0)]
    withdrawn = list_vintages(triangle, "ME", "2025-Q1")
    assert withdrawn == [("05-02", 5), ("06-01", None)]


def test_territory_has_a_vintage_once_all_its_parts_have(home: Home) -> None:
    triangle = read_table(home, "mart_revision")
    assert list_vintages(triangle, "BA", "2025-Q1") == [("05-02", 7), ("07-01", 12)]
    assert list_vintages(triangle, "BA_SRP", "2025-Q1") == [("05-02", 4), ("07-01", 9)]


def test_newest_vintage_equals_the_count(home: Home) -> None:
    newest = read_table(home, "mart_revision").filter(pl.col("is_newest"))
    key = ["area_kind", "area", "freq", "period", *codes.COUNT_TYPE]
    joined = newest.join(read_table(home, "mart_count"), on=key, how="inner", suffix="_counted")
    assert joined.height == newest.height > 0
    assert joined.filter(~pl.col("value").eq_missing(pl.col("value_counted"))).is_empty()


def test_provisional_figures_are_flagged_from_the_cell_to_the_region(home: Home) -> None:
    counts = read_table(home, "mart_count").filter((pl.col("measure") == "reported") & (pl.col("offence") == "_T"))
    flags = {(r["area"], r["period"]): r["flags"].split(",") for r in counts.to_dicts()}
    assert "provisional" in flags["AL", "2025-Q3"]  # final on 14 December 2025
    assert "provisional" not in flags["AL", "2025-Q2"] and "provisional" not in flags["XK", "2025-Q3"]  # sent as final
    assert "provisional" in flags["WB", "2025-Q3"] and "provisional" not in flags["WB", "2025-Q2"]


def test_measures_of_revision_by_hand(home: Home) -> None:
    tables = measured_quality.build_internal_tables(home, dbt.tables_folder(dbt.latest_counts(home)), parse_moment(NOW))  # type: ignore[arg-type]
    summary = {row["area"]: row for row in tables["mart_revision_summary"].to_dicts()}
    # AL: 20 -> 26 and 30; the third quarter is provisional. XK: 10 -> 12, 15 -> 13, 6 (final by its return).
    assert (summary["AL"]["periods"], summary["AL"]["revised"], summary["AL"]["mean_absolute"]) == (2, 1, 3)
    assert summary["AL"]["relative_to_later"] == pytest.approx(6 / 56)
    assert summary["AL"]["relative_to_earlier"] == pytest.approx(6 / 50)
    assert (summary["XK"]["mean"], summary["XK"]["mean_absolute"]) == (0, pytest.approx(4 / 3))
    quality = tables["mart_quality"].filter(
        (pl.col("indicator") == "DATA_REV_AVGSIZE") & (pl.col("instrument") == "_T")
    )
    revision_sizes = {(r["territory"], r["period"]): r["value"] for r in quality.to_dicts()}
    assert revision_sizes["AL", "2025-Q1"] == pytest.approx(6 / 26) and revision_sizes["AL", "_T"] == pytest.approx(
        6 / 56
    )
    assert revision_sizes["AL", "2025-Q3"] is None


# -- as of a moment


def test_as_of_the_second_before_a_revision_shows_the_old_figure(home: Home, before_revision: Path) -> None:
    assert read_figure(before_revision, "AL", "2025-Q1")["value"] == 20
    assert read_figure(before_revision, "BA", "2025-Q1")["value"] == 12, "the parts of 1 July were known"
    quarters = pl.read_parquet(before_revision / "tables" / "mart_count.parquet")["period"].to_list()
    assert "2025-Q2" not in [p for p, v in zip(quarters, _values(before_revision), strict=True) if v is not None]
    # The indicators are of the same moment.
    with duckdb.connect(str(before_revision / "indicators.duckdb"), read_only=True) as connection:
        values = connection.execute(
            "select distinct value from cell where area = 'AL' and period = '2025-Q1' and measure = 'reported'"
        ).fetchall()
    assert values == [(20.0,)]
    returns = pl.read_parquet(before_revision / "tables" / "mart_return.parquet")
    assert returns.row(by_predicate=pl.col("submission_id") == "AL1", named=True)["n_current_blocks"] == 1
    assert "AL1B" not in set(returns["submission_id"])
    places = read_places(before_revision / "counts.duckdb", read_figure(before_revision, "AL", "2025-Q1")["cell_id"])
    assert [(place.submission_id, place.factor, place.value) for place in places] == [("AL1", 1, 20)]
    assert not list(home.warehouse.glob("counts-as-of-*"))


@pytest.mark.sampled(turn=2)
def test_as_of_now_equals_the_present_build(home: Home) -> None:
    counts = dbt.latest_counts(home)
    folder = measuring.as_of(home, parse_moment(NOW))
    assert counts is not None and dbt.latest_counts(home) == counts, "the newest counts are unchanged"
    assert folder == home.restricted / "as_of" / "20251201T000000Z"
    assert read_figure(folder, "AL", "2025-Q1")["value"] == 26
    assert read_figure(folder, "AL", "2025-Q3")["value"] == 40, "a return accepted at that second is known"
    for name in (table.name for table in exported_tables.COUNTS):
        today = pl.read_parquet(dbt.tables_folder(counts) / f"{name}.parquet")
        then = pl.read_parquet(folder / "tables" / f"{name}.parquet")
        assert then.equals(today), name
        assert name != "mart_count" or then.height > 0
    for name, table in measured_quality.build_internal_tables(
        home, dbt.tables_folder(counts), parse_moment(NOW)
    ).items():
        assert pl.read_parquet(folder / "tables" / f"{name}.parquet").equals(table), name


def test_unprotected_figures_are_not_written_to_public_or_foreign_folders(home: Home, tmp_path: Path) -> None:
    with pytest.raises(measuring.AsOfError, match="not protected"):
        measuring.as_of(home, parse_moment("2025-07-09T00:00:00Z"), home.public / "old")
    with pytest.raises(measuring.AsOfError, match="has not come"):
        measuring.as_of(home, parse_moment("2025-12-02T00:00:00Z"), tmp_path / "later")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x", encoding="utf-8")
    with pytest.raises(measuring.AsOfError, match="something else"):
        measuring.as_of(home, parse_moment("2025-07-09T00:00:00Z"), tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").exists()


def test_failed_build_leaves_the_earlier_folder_unchanged(
    home: Home, before_revision: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "then"
    shutil.copytree(before_revision, folder)
    names_before = sorted(path.name for path in folder.rglob("*"))

    def copy_counts(*_: object, **__: object) -> Path:
        counts = home.warehouse / "counts-as-of-20250710T095959Z.duckdb"
        shutil.copyfile(before_revision / "counts.duckdb", counts)
        shutil.copytree(before_revision / "tables", dbt.tables_folder(counts))
        return counts

    def fail_to_build(*_: object, **__: object) -> Path:
        raise dbt.WarehouseError("planted")

    monkeypatch.setattr(dbt, "build_counts", copy_counts)
    monkeypatch.setattr(dbt, "build_indicators", fail_to_build)
    with pytest.raises(dbt.WarehouseError, match="planted"):
        measuring.as_of(home, BEFORE_REVISION, folder)
    assert sorted(path.name for path in folder.rglob("*")) == names_before
    assert [path.name for path in tmp_path.iterdir()] == ["then"]
    assert not list(home.warehouse.glob("counts-as-of-*"))


def test_measure_quality_does_nothing_without_new_returns(home: Home) -> None:
    assert measuring.measure_quality(home).new
    assert not measuring.measure_quality(home).new
    shutil.rmtree(measured_quality.quality_folder(home))
    assert measuring.measure_quality(home).new


def _values(folder: Path) -> list[float | None]:
    return pl.read_parquet(folder / "tables" / "mart_count.parquet")["value"].to_list()


def test_moment_is_the_end_of_a_day_or_a_time() -> None:
    from pipelines.cli.as_of import _moment
    from pipelines.cli.common import CommandError

    assert _moment("2026-06-30") == datetime.fromisoformat("2026-06-30T23:59:59+00:00")
    assert _moment("2026-06-30T12:00:00+02:00") == datetime.fromisoformat("2026-06-30T10:00:00+00:00")
    with pytest.raises(CommandError, match="not a day or a time"):
        _moment("30.6.2026")
