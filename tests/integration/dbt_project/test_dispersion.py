"""Dispersion of the counts of the demonstration, cell by cell against an oracle, and where it is used."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import pytest

from pipelines.core.home import Home, open_home
from tests.oracles.persons_per_case import OF_PERSONS, compute_dispersions
from tests.support.demonstration import CLOCK, frozen_at


class Side(NamedTuple):
    """The marts of one side and its dispersions from records."""

    name: str
    path: Path
    records: Path

    def read_table(self, table: str) -> pl.DataFrame:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.sql(f"select * from {table}").pl()

    def compute_expected(self) -> pl.DataFrame:
        """Return the dispersions by the oracle."""
        rows = pl.read_parquet(self.records / "record_dispersion.parquet").filter(basis="quasi_exact")
        registers = {(r["area_kind"], r["area"], r["offence_group"]): r["phi"] for r in rows.rows(named=True)}
        expected = compute_dispersions(self.read_table("cell").iter_rows(named=True), registers)
        return pl.DataFrame(
            [(cell, float(phi), basis) for cell, (phi, basis) in expected.items()],
            schema=["cell_id", "expected", "expected_basis"],
            orient="row",
        )


@pytest.fixture(scope="module")
def home(built_home: Path) -> Home:
    with frozen_at(CLOCK, built_home):
        return open_home()


@pytest.fixture(scope="module", params=("restricted", "public"))
def side(request: pytest.FixtureRequest, home: Home) -> Side:
    records = max(
        (path for path in (home.restricted / "records").iterdir() if path.name != "released"),
        key=lambda path: path.stat().st_mtime,
    )
    if request.param == "restricted":
        return Side("restricted", home.warehouse / "indicators-restricted.duckdb", records / "restricted")
    (folder,) = (path for path in home.protected.iterdir() if path.is_dir() and not path.name.startswith("."))
    return Side("public", folder / "indicators.duckdb", records / "public")


@pytest.fixture(scope="module")
def expected(side: Side) -> pl.DataFrame:
    return side.compute_expected()


def test_dispersion_of_every_count_equals_that_of_the_oracle(side: Side, expected: pl.DataFrame) -> None:
    rows = side.read_table("int_dispersion").join(expected, on="cell_id", how="full", validate="1:1")
    assert rows.height == expected.height > 5_000
    assert rows.filter(pl.col("expected_basis").ne_missing(pl.col("interval_basis"))).is_empty()
    difference = (rows["dispersion"] - rows["expected"]).abs()
    assert difference.null_count() == 0 and float(difference.max()) < 1e-8  # type: ignore[arg-type]


def test_dispersion_is_known_where_persons_and_cases_are_counted(side: Side, expected: pl.DataFrame) -> None:
    """Find a count of persons at 1 although the same reporters have fewer cases: there is none."""
    cells = side.read_table("cell").filter(pl.col("value").is_not_null())
    whole = cells.filter(pl.all_horizontal(pl.col(name).is_in(["_T", "_Z"]) for name in OF_PERSONS))
    key = ["area", "freq", "period", "reporters", "measure", "level", "statistic", "offence_group", "offence"]
    cases = whole.filter(count_unit="case").select(*key, cases="value")
    twins = whole.filter(count_unit="person").join(cases, on=key).join(expected, on="cell_id")
    unregistered = twins.filter((pl.col("expected_basis") == "lower_bound") & (pl.col("area_kind") != "region"))
    assert unregistered.height >= 100
    unused = (pl.col("expected") == 1.0) & (pl.col("value") > pl.col("cases")) & (pl.col("cases") > 0)
    assert unregistered.filter(unused).is_empty()
    assert unregistered.filter(pl.col("expected") > 1.0).height > unregistered.height / 2
    regions = expected.join(cells.filter(area_kind="region", count_unit="person"), on="cell_id")
    assert regions.filter(pl.col("expected") > 1.0).height >= 100


def test_every_interval_uses_the_dispersion_of_its_count(side: Side, expected: pl.DataFrame) -> None:
    rows = side.read_table("mart_indicator").filter(pl.col("high").is_not_null() & (pl.col("indicator") != "share"))
    joined = rows.join(expected, on="cell_id", how="left", validate="m:1")
    assert joined.height > 1_000 and (joined["interval_basis"] == joined["expected_basis"]).all()
    assert float((joined["dispersion"] - joined["expected"]).abs().max()) < 1e-8  # type: ignore[arg-type]


RATIOS = {
    "convicted_first_per_indicted": ("convicted_first", "indicted"),
    "indicted_per_reported": ("indicted", "reported"),
    "convicted_first_per_adjudicated_first": ("convicted_first", "adjudicated_first"),
}


def test_limits_of_ratios_use_the_dispersions_of_both_sides(side: Side, expected: pl.DataFrame) -> None:
    """Look up both sides of each ratio, of the region over its members where the two have different reporters."""
    totals = side.read_table("cell").filter(
        pl.col("is_total") & pl.col("value").is_not_null(), statistic="count", victim_status="_Z"
    )
    joined = totals.join(expected, on="cell_id")
    counts = {
        (row["area"], row["period"], row["offence_group"], row["count_unit"], row["measure"]): row
        for row in joined.iter_rows(named=True)
    }
    n_dispersed = {"region": 0, "territory": 0, "jurisdiction": 0}
    for row in side.read_table("mart_stage_ratio").filter(
        pl.col("value").is_not_null(), pl.col("metric").is_in(list(RATIOS)), version="same_period"
    ).iter_rows(named=True):  # fmt: skip
        at = (row["period"], row["offence_group"], row["count_unit"])
        areas = row["reporters"].split(",") if "common_reporters" in row["flags"] else [row["area"]]
        phi, numbers = [], []
        for measure in RATIOS[row["metric"]]:
            members = [counts[area, *at, measure] for area in areas]
            numbers.append(sum(member["value"] for member in members))
            weighted = sum(member["expected"] * member["value"] for member in members)
            least = min(member["expected"] for member in members)
            phi.append(weighted / numbers[-1] if numbers[-1] else least)
        if row["metric"] == "convicted_first_per_adjudicated_first":
            assert row["dispersion"] == pytest.approx(phi[1])
        else:  # the variance of the logarithm, phi/count on each side
            (x, y), mixed = numbers, row["dispersion"]
            assert mixed * x + mixed * y == pytest.approx(phi[0] * y + phi[1] * x)
        n_dispersed[row["area_kind"]] += row["dispersion"] > 1
    assert n_dispersed["region"] > 20 and n_dispersed["territory"] > 20


def test_public_dispersion_follows_from_public_figures(side: Side) -> None:
    """Compute it from the released cells and the public registers alone: nothing else went into it."""
    if side.name != "public":
        pytest.skip("the restricted side has no public figures")
    cells = side.read_table("cell")
    assert cells.filter((pl.col("conf_status") != "F") & pl.col("value").is_not_null()).is_empty()
    hidden = set(cells.filter(pl.col("conf_status") != "F")["cell_id"])
    assert hidden and not hidden & set(side.read_table("int_dispersion")["cell_id"])


def test_oracle_finds_a_planted_fault(side: Side, expected: pl.DataFrame, tmp_path: Path) -> None:
    """Plant the old join, which required equal codes of persons and cases and so matched nothing."""
    planted = tmp_path / "planted.duckdb"
    shutil.copyfile(side.path, planted)
    with duckdb.connect(str(planted)) as connection:
        connection.execute("update int_dispersion set dispersion = 1.0 where interval_basis = 'lower_bound'")
    rows = Side(side.name, planted, side.records).read_table("int_dispersion").join(expected, on="cell_id")
    assert rows.filter((pl.col("dispersion") - pl.col("expected")).abs() > 1e-8).height > 100
