"""A cumulative return that falls leaves a difference below zero, which must not stop the offices' indicators."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.home import open_home
from pipelines.warehouse import dbt
from pipelines.warehouse.records import schema
from tests.support.kept_builds import build_kept
from tests.support.warehouse.dbt_facts import parse_moment
from tests.support.warehouse.made_up_world import NOW, Counts

FELL = ("XK", "2025-Q4")
INDICATORS = "indicators.duckdb"


def write_dispersion_of_xk(folder: Path) -> Path:
    """Write records from which persons of XK come in clusters, so that a count below zero lowers that of a sum."""
    schema.empty_folder(folder)
    row = {
        "area_kind": "territory", "area": "XK", "territory": "XK", "source": "C", "offence_group": "TIP", "phi": 4.0,
        "basis": "quasi_exact", "cases_band": "50-99", "is_public": True,
    }  # fmt: skip
    pl.DataFrame([row], schema=schema.table_schema("record_dispersion")).write_parquet(
        folder / "record_dispersion.parquet"
    )
    return folder


@pytest.fixture(scope="module")
def indicators(made_up_root: Path, request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    """The restricted indicators of the made-up world, whose XK has a difference below zero."""

    def build_restricted_indicators(root: Path) -> None:
        shutil.copytree(made_up_root, root, symlinks=True)
        with clock.freeze_time(parse_moment(NOW)):
            home = open_home(root)
            counts = dbt.latest_counts(home)
            assert counts is not None
            dbt.build_indicators(
                home,
                input="restricted",
                source=dbt.tables_folder(counts) / "mart_count.parquet",
                target=root / INDICATORS,
                records=write_dispersion_of_xk(root / "records-of-xk"),
                with_tests=False,
            )

    folder = build_kept(request, "indicators-below-zero", build_restricted_indicators)
    return duckdb.connect(str(folder / INDICATORS), read_only=True)


def test_counts_keep_the_difference_for_the_office(counts: Counts) -> None:
    fallen = counts.frame.filter(pl.col("value") < 0)
    assert {FELL, ("WB", "2025-Q4")} >= set(zip(fallen["area"], fallen["period"], strict=True)) >= {FELL}
    assert fallen["flags"].str.contains("negative_difference").all()


def test_figures_with_a_difference_below_zero_are_missing(indicators: duckdb.DuckDBPyConnection) -> None:
    flagged = indicators.sql("select * from cell where flags like '%negative_difference%'").pl()
    assert {FELL, ("WB", "2025-Q4")} <= set(zip(flagged["area"], flagged["period"], strict=True))
    assert flagged["value"].is_null().all()
    assert set(flagged["obs_status"]) == {"O"}


def test_no_dispersion_is_below_one_and_other_figures_stay(indicators: duckdb.DuckDBPyConnection) -> None:
    (smallest,) = indicators.sql("select min(dispersion) from int_dispersion").fetchall()[0]
    assert smallest == 1.0
    totals = indicators.sql("select value from cell where area = 'XK' and period = '2025-Q3' and is_total").fetchall()
    assert (4.0,) in totals
