"""The second dbt phase: the same SQL over restricted and over protected counts."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from pipelines.core import clock, codes
from pipelines.core.home import Home, open_home
from pipelines.warehouse import dbt, fact_batches
from pipelines.warehouse.metrics import metrics
from tests.support.kept_builds import build_kept
from tests.support.warehouse.dbt_facts import parse_moment
from tests.support.warehouse.made_up_world import NOW, Counts


def read_table(path: Path, table: str) -> pl.DataFrame:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(f"select * from {table}").pl()


@pytest.fixture(scope="module")
def home(
    made_up_root: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Home]:
    """A home of the made-up world with its counts and their indicators as each side, under its frozen clock."""

    def build_both_sides(root: Path) -> None:
        shutil.copytree(made_up_root, root, symlinks=True)
        with clock.freeze_time(parse_moment(NOW)):
            _build_both_sides(open_home(root))

    root = tmp_path_factory.mktemp("home") / "data"
    shutil.copytree(build_kept(request, "made-up-indicators", build_both_sides), root, symlinks=True)
    with clock.freeze_time(parse_moment(NOW)):
        yield open_home(root)


def _build_both_sides(home: Home) -> None:
    """Build the restricted indicators, the protected ones of the same counts, and those with one withheld cell.

    The SQL of the first two is kept, since the next build overwrites it.
    """
    newest = dbt.latest_counts(home)
    assert newest is not None
    source = dbt.tables_folder(newest) / "mart_count.parquet"
    dbt.build_indicators(home, input="restricted", source=source, target=home.warehouse / "restricted.duckdb")
    shutil.copytree(_run_folder(home), home.restricted / "sql-of-restricted")
    dbt.build_indicators(home, input="protected", source=source, target=home.warehouse / "nothing-hidden.duckdb")
    shutil.copytree(_run_folder(home), home.restricted / "sql-of-protected")
    cells = pl.read_parquet(source)
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
    dbt.build_indicators(home, input="protected", source=source, target=home.warehouse / "protected.duckdb")


@pytest.fixture(scope="module")
def restricted(home: Home) -> Path:
    """The indicators of the restricted counts."""
    return home.warehouse / "restricted.duckdb"


@pytest.fixture(scope="module")
def protected(home: Home) -> Path:
    """The indicators of counts of which one cell of a table is withheld, as the disclosure step would."""
    return home.warehouse / "protected.duckdb"


def test_a_cell_has_one_id_in_counts_and_indicators(counts: Counts, restricted: Path, protected: Path) -> None:
    """Compute the id without dbt: it is the start of the MD5 of the key."""
    cells = pl.read_parquet(dbt.tables_folder(counts.path) / "mart_count.parquet")
    expected = {
        hashlib.md5("|".join(key).encode(), usedforsecurity=False).hexdigest()[:16]
        for key in cells.select(codes.CELL_KEY).iter_rows()
    }
    assert set(cells["cell_id"]) == expected and len(expected) == cells.height
    for built in (restricted, protected):
        assert set(read_table(built, "cell")["cell_id"]) == expected
        figures = read_table(built, "mart_indicator").join(
            read_table(built, "cell"), on="cell_id", how="left", suffix="_of_cell"
        )
        for name in codes.CELL_KEY:
            assert figures[name].equals(figures[f"{name}_of_cell"].alias(name)), name


def test_each_measure_has_one_total(restricted: Path) -> None:
    group = ["area", "freq", "period", "offence_group", "measure", "level", "count_unit", "statistic", "victim_status"]
    cells = read_table(restricted, "cell")
    totals = cells.filter(pl.col("is_total"))
    assert not totals.select(group).is_duplicated().any()
    assert (totals["total_of"] != "").all()
    assert totals.height == cells.filter(pl.col("total_of") != "").select(group).unique().height


def test_rate_is_per_period_and_population_of_its_reporters(restricted: Path) -> None:
    rates = read_table(restricted, "mart_indicator").filter(indicator="rate", measure="reported", offence_group="TIP")
    al = rates.filter(area="AL", period="2025-Q1").row(0, named=True)
    assert (al["value"], al["denominator"]) == (pytest.approx(7 / 25), 2_500_000)
    ba = rates.filter(area="BA", period="2025-Q1").row(0, named=True)
    assert "population_carried_forward" in ba["flags"]
    # HR, MK, RS and XK have no population here, and a regional rate by part of the population would be wrong.
    assert rates.filter(area="WB").is_empty()


def test_a_share_is_of_the_total_of_its_table(restricted: Path) -> None:
    shares = read_table(restricted, "mart_indicator").filter(
        indicator="share", dimension="sex", area="AL", period="2025-Q1"
    )
    row = shares.filter(sex="F", measure="reported", offence="_T", offence_group="TIP").row(0, named=True)
    assert (row["value"], row["numerator"], row["denominator"]) == (pytest.approx(200 / 7), 2, 7)


def test_result_of_a_withheld_operand_is_withheld(protected: Path) -> None:
    shares = read_table(protected, "mart_indicator").filter(
        indicator="share", dimension="sex", area="AL", period="2025-Q1"
    )
    row = shares.filter(sex="F", measure="reported", offence="_T", offence_group="TIP").row(0, named=True)
    assert (row["value"], row["obs_status"], row["conf_status"]) == (None, "Q", "C")


def test_stages_are_listed_together_and_adults_are_marked(restricted: Path) -> None:
    pipeline = read_table(restricted, "mart_pipeline").filter(offence_group="TIP")
    mk = pipeline.filter(area="MK", period="2025-Q1", track="final").row(0, named=True)
    assert (mk["reported"], mk["reported_age"]) == (2, "_T")
    assert (mk["convicted"], mk["convicted_obs_status"], mk["convicted_age"]) == (5, "D", "Y_GE18")
    hr = pipeline.filter(area="HR", period="2025-Q2", track="first").row(0, named=True)
    assert (hr["convicted"], hr["reported"]) == (2, 7)
    region = pipeline.filter(area="WB", period="2025-Q1", track="final").row(0, named=True)
    assert (region["reported"], region["reported_n_reported"], region["n_expected"]) == (35, 6, 7)


def test_cells_are_unique(protected: Path) -> None:
    cells = read_table(protected, "cell")
    assert cells.height == cells.unique(["area_kind", "area", "freq", "period", *cells.columns[5:19]]).height


def test_the_unit_tests_of_the_models_pass(home: Home, counts: Counts, restricted: Path) -> None:
    select = ["test_type:unit,path:models/indicators"]
    assert dbt.run_tests(home, counts.path, select, indicators=restricted) >= 3


# -------------------------------------------------------------------------------------------------- limits and states


def test_limits_equal_those_of_scipy(restricted: Path) -> None:
    """Compare with quantiles of the gamma and beta distributions, not with the functions that the model calls."""
    from scipy.stats import beta, gamma

    rows = read_table(restricted, "mart_indicator").filter(pl.col("high").is_not_null())
    phi, n = rows["dispersion"].to_numpy(), rows["numerator"].to_numpy()
    share = rows["metric"].to_numpy() == "share"
    whole = rows["denominator"].fill_null(1.0).to_numpy()
    per = rows["metric"].replace_strict({"count": 1.0, "rate": 100_000.0, "share": 100.0}).to_numpy()
    low, high = gamma.ppf(0.025, n / phi) * phi / whole, gamma.ppf(0.975, n / phi + 1) * phi / whole
    x, remainder = n / phi, (whole - n) / phi
    low[share], high[share] = beta.ppf(0.025, x, remainder + 1)[share], beta.ppf(0.975, x + 1, remainder)[share]
    low[n == 0] = 0.0
    high[share & (n == whole)] = 1.0
    np.testing.assert_allclose(rows["low"].to_numpy(), low * per, atol=1e-6)
    np.testing.assert_allclose(rows["high"].to_numpy(), high * per, atol=1e-6)
    assert {"count", "rate", "share"} == set(rows["metric"])


def test_each_figure_has_its_state(restricted: Path, protected: Path) -> None:
    for path in (restricted, protected):
        rows = read_table(path, "mart_indicator")
        remainder = pl.col("denominator") - pl.col("numerator")
        small = (pl.col("numerator") < 20) | ((pl.col("metric") == "share") & (remainder < 20))
        few_territories = (pl.col("area_kind") == "region") & (pl.col("n_reported") < 4)
        is_share = pl.col("metric") == "share"
        is_known = pl.col("numerator").is_not_null() & (~is_share | pl.col("denominator").is_not_null())
        has_operands = is_known & (~is_share | (pl.col("denominator") > 0)) & (pl.col("obs_status") == "M")
        # A figure from too few territories is hidden, even if a count is withheld. One that cannot exist is missing.
        is_hidden = (
            ~is_known & (pl.col("obs_status") == "M") & pl.col("state").is_in(["too_few_territories", "missing"])
        )
        expected_state = (
            pl.when(few_territories & has_operands)
            .then(pl.lit("too_few_territories"))
            .when(few_territories & is_hidden)
            .then(pl.col("state"))
            .when((pl.col("conf_status") != "F") | (pl.col("obs_status") == "Q"))
            .then(pl.lit("withheld"))
            .when(pl.col("value").is_null())
            .then(pl.lit("missing"))
            .when(small)
            .then(pl.lit("too_few"))
            .otherwise(pl.lit("enough"))
        )
        assert rows.filter(pl.col("state") != expected_state).is_empty()
        refused = rows.filter(pl.col("state") == "too_few_territories")
        assert refused.filter(~few_territories).is_empty()
        assert rows.filter(few_territories & (pl.col("state") == "withheld")).is_empty()
        assert set(refused["obs_status"]) <= {"M"} and set(refused["conf_status"]) <= {"F"}
        assert refused["value"].is_null().all()
        assert ((rows["obs_status"] == "Q") == (rows["conf_status"] != "F")).all()
        assert rows.filter(
            pl.col("value").is_null() & (pl.col("high").is_not_null() | (pl.col("interval_basis") != ""))
        ).is_empty()
    assert {"withheld", "missing", "too_few"} <= set(read_table(protected, "mart_indicator")["state"])


# ------------------------------------------------------------------------------------- one definition, two inputs


def test_both_inputs_use_the_same_sql_and_agree_where_nothing_is_hidden(home: Home, restricted: Path) -> None:
    protected = home.warehouse / "nothing-hidden.duckdb"
    restricted_sql = read_sql(home.restricted / "sql-of-restricted")
    assert len(restricted_sql) > 10 and read_sql(home.restricted / "sql-of-protected") == restricted_sql
    assert {"mart_indicator", "int_dispersion"} <= set(list_tables(restricted))
    assert list_tables(restricted) == list_tables(protected)
    for name in list_tables(restricted):
        restricted_rows, protected_rows = read_table(restricted, name), read_table(protected, name)
        assert restricted_rows.columns == protected_rows.columns
        assert restricted_rows.sort(restricted_rows.columns).equals(protected_rows.sort(restricted_rows.columns)), name


def _run_folder(home: Home) -> Path:
    """Return the folder of the SQL of the models of the second phase as dbt last ran it."""
    return home.restricted / "dbt" / "run" / "rti" / "models" / "indicators"


def read_sql(folder: Path) -> dict[str, str]:
    """Read the SQL files of a folder."""
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob("*.sql"))}


def list_tables(path: Path) -> list[str]:
    with duckdb.connect(str(path), read_only=True) as connection:
        names = connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
    return [str(row[0]) for row in names]


# -------------------------------------------------------------------------------- a further indicator is a declaration

MADE_UP = """\
id: per_million
name: Rate per million inhabitants
definition: Persons reported per million inhabitants of the area.
formula: count x 1,000,000 / population
kind: rate
unit_measure: RATIO
unit_of_pools: RATIO
per: 1000000.0
input: counts
numerator: {measures: [reported]}
denominator: population
interval: poisson
count_units: [person]
freqs: [Q]
model: mart_indicator
source: made up by a test
sdmx_concept: PER_MILLION
"""


@pytest.mark.sampled(turn=5)
def test_indicators_in_batches_are_those_of_one_statement(
    home: Home, restricted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = dbt.latest_counts(home)
    assert newest is not None
    monkeypatch.setattr(fact_batches, "count_batches", lambda _: 5)
    source = dbt.tables_folder(newest) / "mart_count.parquet"
    in_batches = dbt.build_indicators(home, input="restricted", source=source, target=tmp_path / "indicators.duckdb")
    for table in ("mart_indicator", "int_quotient", "mart_stage_ratio", "mart_region"):
        rows = read_table(in_batches, table)
        assert rows.height
        key = rows.columns
        assert_frame_equal(rows.sort(key), read_table(restricted, table).sort(key))
    sql = (next(_run_folder(home).rglob("mart_indicator.sql"))).read_text(encoding="utf-8")
    assert "% 5" in sql


@pytest.mark.sampled(turn=1)
def test_further_indicator_needs_only_a_declaration(
    home: Home,
    counts: Counts,
    restricted: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "per_million.yml").write_text(MADE_UP, encoding="utf-8")
    monkeypatch.setenv("RTI_METRICS", str(tmp_path))
    before = {path: path.read_bytes() for path in home.gathered.glob("metric*.parquet")}
    try:
        metrics.export_metrics(home.gathered)
        counts_again = dbt.build_counts(home, with_tests=False)  # those of the indicators see the further metric
    finally:
        for path, was in before.items():
            path.write_bytes(was)
    target = dbt.build_indicators(
        home, input="restricted", source=dbt.tables_folder(counts_again) / "mart_count.parquet",
        target=tmp_path / "indicators.duckdb", dimensions=dbt.tables_folder(counts_again),
    )  # fmt: skip
    rows = read_table(target, "mart_indicator")
    al = rows.filter(metric="per_million", area="AL", period="2025-Q1", offence_group="TIP").row(0, named=True)
    assert (al["indicator"], al["value"], al["unit_measure"]) == ("rate", pytest.approx(2.8), "RATIO")
    # Garwood's limits of 7 are 2.814 and 14.423; the people are 2.5 million.
    assert (al["low"], al["high"]) == (pytest.approx(2.814 / 2.5, abs=1e-3), pytest.approx(14.423 / 2.5, abs=1e-3))
    assert rows.filter(metric="per_million")["freq"].unique().to_list() == ["Q"]
    assert rows.filter(pl.col("metric") != "per_million").height == read_table(restricted, "mart_indicator").height
