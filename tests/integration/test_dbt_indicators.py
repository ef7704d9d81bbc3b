"""The second dbt phase: the same SQL over restricted and over protected counts."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines import warehouse
from pipelines.home import Home
from tests.integration.test_dbt_counts import Counts, counts, home  # noqa: F401  (fixtures)


def read(path: Path, table: str) -> pl.DataFrame:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(f"select * from {table}").pl()


@pytest.fixture(scope="module")
def restricted(home: Home, counts: Counts) -> Path:  # noqa: F811
    source = warehouse.tables(counts.path) / "mart_count.parquet"
    return warehouse.build_indicators(
        home, input="restricted", source=source, target=home.warehouse / "restricted.duckdb"
    )


@pytest.fixture(scope="module")
def protected(home: Home, counts: Counts) -> Path:  # noqa: F811
    """One cell of a table withheld, as the disclosure step would."""
    cells = pl.read_parquet(warehouse.tables(counts.path) / "mart_count.parquet")
    hidden = (
        (pl.col("area") == "AL") & (pl.col("period") == "2025-Q1") & (pl.col("measure") == "reported")
        & (pl.col("sex") == "F") & (pl.col("offence") == "_T") & (pl.col("offence_group") == "TIP")
    )  # fmt: skip
    cells = cells.with_columns(
        value=pl.when(hidden).then(None).otherwise("value"),
        obs_status=pl.when(hidden).then(pl.lit("Q")).otherwise("obs_status"),
        conf_status=pl.when(hidden).then(pl.lit("C")).otherwise("conf_status"),
        table_id=pl.lit("one"),
    )
    source = home.protected / "cells.parquet"
    pl.concat([cells, cells.filter(pl.col("area") == "AL").with_columns(table_id=pl.lit("two"))]).write_parquet(source)
    return warehouse.build_indicators(
        home, input="protected", source=source, target=home.warehouse / "protected.duckdb"
    )


def test_a_rate_is_per_period_and_by_the_population_of_its_reporters(restricted: Path) -> None:
    rates = read(restricted, "mart_indicator").filter(indicator="rate", measure="reported", offence_group="TIP")
    al = rates.filter(area="AL", period="2025-Q1").row(0, named=True)
    assert (al["value"], al["denominator"]) == (pytest.approx(7 / 25), 2_500_000)
    ba = rates.filter(area="BA", period="2025-Q1").row(0, named=True)
    assert "population_carried_forward" in ba["flags"]
    # HR, MK, RS and XK have no population here: a rate of the region by a part of its people would be a wrong one.
    assert rates.filter(area="WB").is_empty()


def test_a_share_is_of_the_total_of_its_table(restricted: Path) -> None:
    shares = read(restricted, "mart_indicator").filter(indicator="share", dimension="sex", area="AL", period="2025-Q1")
    row = shares.filter(sex="F", measure="reported", offence="_T", offence_group="TIP").row(0, named=True)
    assert (row["value"], row["numerator"], row["denominator"]) == (pytest.approx(200 / 7), 2, 7)


def test_where_an_operand_is_withheld_so_is_the_result(protected: Path) -> None:
    shares = read(protected, "mart_indicator").filter(indicator="share", dimension="sex", area="AL", period="2025-Q1")
    row = shares.filter(sex="F", measure="reported", offence="_T", offence_group="TIP").row(0, named=True)
    assert (row["value"], row["obs_status"], row["conf_status"]) == (None, "Q", "C")


def test_stages_stand_side_by_side_and_adults_are_marked(restricted: Path) -> None:
    pipeline = read(restricted, "mart_pipeline").filter(offence_group="TIP")
    mk = pipeline.filter(area="MK", period="2025-Q1", track="final").row(0, named=True)
    assert (mk["reported"], mk["reported_age"]) == (2, "_T")
    assert (mk["convicted"], mk["convicted_obs_status"], mk["convicted_age"]) == (5, "D", "Y_GE18")
    hr = pipeline.filter(area="HR", period="2025-Q2", track="first").row(0, named=True)
    assert (hr["convicted"], hr["reported"]) == (2, 7)
    region = pipeline.filter(area="WB", period="2025-Q1", track="final").row(0, named=True)
    assert (region["reported"], region["reported_n_reported"], region["n_expected"]) == (35, 6, 7)


def test_each_cell_stands_once(protected: Path) -> None:
    cells = read(protected, "cell")
    assert cells.height == cells.unique(["area_kind", "area", "freq", "period", *cells.columns[5:19]]).height


def test_the_unit_tests_of_the_models_pass(home: Home, counts: Counts, restricted: Path) -> None:  # noqa: F811
    select = ["test_type:unit,path:models/indicators"]
    assert warehouse.run_tests(home, counts.path, select, indicators=restricted) >= 3
