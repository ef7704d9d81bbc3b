"""The marts of ratios of the demonstration home, recomputed from its cells with polars and SciPy, without the
project's statistics.
"""

from __future__ import annotations

import calendar
from pathlib import Path

import duckdb
import polars as pl
import pytest
from scipy import stats

from pipelines.core.home import Home, open_home
from pipelines.warehouse import count_builds
from tests.support.demonstration import CLOCK, frozen_at

KEY = ["area_kind", "area", "freq", "period", "offence_group", "count_unit"]
EXITS_OF_ALL_LEVELS = ("requalified_out", "transferred_out", "joined")
ENTRIES_OF_ALL_LEVELS = ("transferred_in", "requalified_in", "reopened", "remitted", "severed")

UNCLEAR = "depends_on_persons_per_case"


@pytest.fixture(scope="module")
def home(built_home: Path) -> Home:
    with frozen_at(CLOCK, built_home):
        return open_home()


@pytest.fixture(scope="module", params=("restricted", "protected"))
def world(request: pytest.FixtureRequest, home: Home) -> tuple[pl.DataFrame, Path]:
    """Totals of persons and cases, selected independently, and the file of the marts built from the same cells."""
    if request.param == "restricted":
        counts = count_builds.latest_counts(home)
        assert counts is not None
        cells = pl.read_parquet(count_builds.tables_folder(counts) / "mart_count.parquet").with_columns(
            conf_status=pl.lit("F")
        )
        return select_totals(cells), home.warehouse / "indicators-restricted.duckdb"
    (folder,) = (path for path in home.protected.iterdir() if path.is_dir() and not path.name.startswith("."))
    return select_totals(pl.read_parquet(folder / "cells.parquet")), folder / "indicators.duckdb"


def select_totals(cells: pl.DataFrame) -> pl.DataFrame:
    """Select one row per measure: everyone before adults, and a figure or a withheld one before a missing one."""
    whole = pl.all_horizontal(
        pl.col(name).is_in(["_T", "_Z"])
        for name in ("sex", "exploitation", "citizenship", "sentence_type", "sentence_band")
    )
    return (
        cells.filter(whole & (pl.col("offence") == "_T") & pl.col("age").is_in(["_T", "_Z", "Y_GE18"]))
        .filter(pl.col("victim_status") == "_Z")
        .sort(
            pl.col("value").is_null() & (pl.col("conf_status") == "F"),
            pl.col("age") == "Y_GE18",
            pl.col("person_type").replace_strict({"_T": 0, "natural": 1}, default=2, return_dtype=pl.Int32()),
            pl.col("value").is_null(),
        )
        .unique([*KEY, "measure", "level", "statistic"], keep="first", maintain_order=True)
    )


def read_mart(path: Path, name: str) -> pl.DataFrame:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(f"select * from {name}").pl()


def select_side(
    cells: pl.DataFrame, measure: str, name: str, statistic: str = "count", level: str | None = None
) -> pl.DataFrame:
    chosen = cells.filter(measure=measure, statistic=statistic)
    if level is not None:
        chosen = chosen.filter(level=level)
    return chosen.select(
        *KEY, pl.col("value").alias(name), pl.col("reporters").alias(f"{name}_reporters"),
        pl.col("conf_status").alias(f"{name}_conf"), pl.concat_str("age", "person_type").alias(f"{name}_of"),
    )  # fmt: skip


def over_common_reporters(both: pl.DataFrame) -> pl.DataFrame:
    """Return both sides of each area; for regions with different reporters, sums over those who have both."""
    at = [name for name in KEY if not name.startswith("area")]
    differs = (
        (pl.col("area_kind") == "region") & (pl.col("x_reporters") != pl.col("y_reporters"))
        & pl.col("x").is_not_null() & pl.col("y").is_not_null()
    )  # fmt: skip
    regions = both.filter(differs)
    members = (
        both.filter(pl.col("area_kind") == "territory")
        .drop_nulls(["x", "y"])
        .filter(pl.col("x_reporters") == pl.col("y_reporters"))
        .join(regions.select(*at, "x_of", "y_of"), on=[*at, "x_of", "y_of"])
        .group_by(at)
        .agg(pl.col("x", "y").sum(), x_reporters=pl.col("area").sort().str.join(","))
        .with_columns(y_reporters="x_reporters")
    )
    summed = regions.drop("x", "y", "x_reporters", "y_reporters").join(members, on=at).select(both.columns)
    return pl.concat([both.join(summed, on=KEY, how="anti"), summed])


@pytest.mark.parametrize(
    ("metric", "upper", "lower", "nested"),
    [
        ("convicted_first_per_indicted", "convicted_first", "indicted", False),
        ("indicted_per_reported", "indicted", "reported", False),
        ("convicted_final_per_convicted_first", "convicted_final", "convicted_first", False),
        ("convicted_first_per_adjudicated_first", "convicted_first", "adjudicated_first", True),
    ],
)
def test_ratio_of_one_period_divides_its_cells(
    world: tuple[pl.DataFrame, Path], metric: str, upper: str, lower: str, nested: bool
) -> None:
    cells, path = world
    expected = over_common_reporters(select_side(cells, upper, "x").join(select_side(cells, lower, "y"), on=KEY))
    rows = (
        read_mart(path, "mart_stage_ratio")
        .filter(metric=metric, version="same_period")
        .join(expected, on=KEY, how="left", validate="1:1")
    )
    assert rows.height >= 300
    with_value = rows.filter(pl.col("value").is_not_null())
    assert with_value.height >= 100
    assert with_value.select((pl.col("value") - 100 * pl.col("x") / pl.col("y")).abs().max()).item() < 1e-9
    # Rows with both numbers of the same reporters and a positive denominator have a ratio, and no others. A ratio of
    # the region needs four territories.
    of_four = (pl.col("area_kind") != "region") | (pl.col("n_reported") >= 4)
    divisible = (
        pl.col("x").is_not_null() & (pl.col("y") > 0) & (pl.col("x_reporters") == pl.col("y_reporters")) & of_four
    )
    silent = rows.filter(pl.col("value").is_null() & divisible)
    assert silent.filter(~pl.col("reasons").str.contains("count_unit_differs")).is_empty()
    assert with_value.filter(~divisible).is_empty()
    common = rows.filter(pl.col("flags").str.contains("common_reporters"))
    assert set(common["area_kind"]) <= {"region"}
    is_summed = pl.col("x").is_not_null() & pl.col("y").is_not_null()
    summed = common.filter(is_summed)
    assert (summed["reporters"] == summed["x_reporters"]).all()
    # A withheld total is not summed, but its members are known.
    for row in common.filter(~is_summed).iter_rows(named=True):
        assert set(row["reporters"].split(",")) == set(row["x_reporters"].split(",")) & set(
            row["y_reporters"].split(",")
        )
    # Indictments and convictions at first instance are of the same territories in every period here.
    assert common.height >= 3 or metric == "convicted_first_per_indicted"
    # Where the dispersion is that of cases, the limits are SciPy's.
    exact = with_value.filter((pl.col("dispersion") == 1) & (pl.col("x") <= pl.col("y"))).sort(KEY).head(60)
    for x, y, low, high in exact.select("x", "y", "low", "high").rows():
        if nested:
            interval = stats.binomtest(int(x), int(y)).proportion_ci(0.95, method="exact")
            limits = 100 * interval.low, 100 * interval.high
        else:
            p = stats.binomtest(int(x), int(x + y)).proportion_ci(0.95, method="exact")
            limits = 100 * p.low / (1 - p.low), 100 * p.high / (1 - p.high)
        assert (low, high) == pytest.approx(limits, rel=1e-6, abs=1e-6)
    remainder = pl.col("y") - pl.col("x") if nested else pl.col("y")
    few = with_value.filter((pl.col("x") < 20) | (pl.col("y") < 20) | ((remainder >= 0) & (remainder < 20)))
    assert set(few["state"]) == {"too_few"} and set(with_value.join(few, on=KEY, how="anti")["state"]) == {"enough"}
    over = with_value.filter(pl.col("x") > pl.col("y"))
    assert over["flags"].str.contains("over_100").all()


def test_a_lagged_ratio_divides_by_an_earlier_period(world: tuple[pl.DataFrame, Path]) -> None:
    cells, path = world
    rows = read_mart(path, "mart_stage_ratio").filter(version="lagged", metric="convicted_first_per_indicted", freq="A")
    assert rows.height > 0
    before = select_side(cells, "indicted", "y").with_columns(denominator_period=pl.col("period")).drop("period")
    joined = rows.join(select_side(cells, "convicted_first", "x"), on=KEY, how="left").join(
        before, on=["area_kind", "area", "freq", "offence_group", "count_unit", "denominator_period"], how="left"
    )
    assert joined.filter(
        pl.col("denominator_period").cast(pl.Int32()) != pl.col("period").cast(pl.Int32()) - pl.col("lag")
    ).is_empty()
    with_value = joined.filter(pl.col("value").is_not_null())
    assert with_value.height > 0
    assert with_value.select((pl.col("value") - 100 * pl.col("x") / pl.col("y")).abs().max()).item() < 1e-9


def test_figures_from_withheld_cells_are_withheld(world: tuple[pl.DataFrame, Path]) -> None:
    _, path = world
    for name, value in (
        ("mart_stage_ratio", "value"), ("mart_exit", "value"), ("mart_clearance", "value"), ("mart_balance", "gap"),
        ("mart_decomposition", "change"),
    ):  # fmt: skip
        rows = read_mart(path, name)
        assert rows.filter((pl.col("conf_status") != "F") & pl.col(value).is_not_null()).is_empty()
        assert rows.filter((pl.col("obs_status") == "Q") != (pl.col("conf_status") != "F")).is_empty()


def _has_no_stocks(cells: pl.DataFrame) -> bool:
    """Return True if the cells are those of the public programme, which has no stocks of pending cases."""
    return cells.filter(pl.col("measure").str.starts_with("pending_")).is_empty()


def test_disposition_time_uses_calendar_days(world: tuple[pl.DataFrame, Path]) -> None:
    cells, path = world
    sides = select_side(cells, "pending_first", "x", "end").join(select_side(cells, "adjudicated_first", "y"), on=KEY)
    rows = (
        read_mart(path, "mart_clearance")
        .filter(metric="disposition_time_first")
        .join(over_common_reporters(sides), on=KEY, how="left", validate="1:1")
    )
    with_value = rows.filter(pl.col("value").is_not_null())
    if _has_no_stocks(cells):
        assert with_value.is_empty()
        return
    assert with_value.height >= 50
    for row in with_value.iter_rows(named=True):
        year = int(row["period"][:4])
        quarter = range(3 * int(row["period"][6]) - 2, 3 * int(row["period"][6]) + 1) if row["freq"] == "Q" else None
        days = sum(calendar.monthrange(year, month)[1] for month in quarter or range(1, 13))
        assert row["days"] == days and row["value"] == pytest.approx(row["x"] * days / row["y"])
    assert rows.filter((pl.col("y") == 0) & pl.col("x").is_not_null() & pl.col("value").is_not_null()).is_empty()


def test_balance_of_the_prosecution_adds_up(world: tuple[pl.DataFrame, Path]) -> None:
    cells, path = world
    rows = read_mart(path, "mart_balance").filter(metric="balance_prosecution")
    came = ["reported", *ENTRIES_OF_ALL_LEVELS]
    went = ["indicted", "rejected", "discontinued", *EXITS_OF_ALL_LEVELS]
    rows = rows.join(select_side(cells, "pending_prosecution", "o", "start"), on=KEY, how="left")
    rows = rows.join(select_side(cells, "pending_prosecution", "c", "end"), on=KEY, how="left")
    for measure in (*came, *went):
        rows = rows.join(select_side(cells, measure, measure, level="prosecution"), on=KEY, how="left")
    judged = rows.filter(pl.col("status").is_in(["holds", "broken"]))
    if _has_no_stocks(cells):
        assert judged.is_empty()
        return
    assert set(judged["status"]) == {"holds", "broken"}
    gap = (
        pl.col("o") + pl.sum_horizontal(pl.col(name).fill_null(0) for name in came)
        - pl.sum_horizontal(pl.col(name).fill_null(0) for name in went) - pl.col("c")
    )  # fmt: skip
    assert judged.filter(pl.col("gap") != gap).is_empty()
    assert judged.filter((pl.col("status") == "holds") != (gap.abs() <= 1)).is_empty()
    # An evaluated balance has every figure that all prosecutors report.
    assert (
        judged.select(
            pl.any_horizontal(pl.col("o", "c", "reported", "indicted", "rejected", "discontinued").is_null()).sum()
        ).item()
        == 0
    )


def test_a_change_of_convictions_is_the_sum_of_its_parts(world: tuple[pl.DataFrame, Path]) -> None:
    cells, path = world
    years = select_side(cells, "convicted_first", "x").join(select_side(cells, "indicted", "y"), on=KEY)
    years = years.filter((pl.col("freq") == "A") & (pl.col("count_unit") == "person"))
    before = years.with_columns((pl.col("period").cast(pl.Int32()) + 1).cast(pl.String()).alias("period"))
    consecutive = years.join(before, on=KEY, suffix="_before")
    rows = read_mart(path, "mart_decomposition")
    single = rows.filter(pl.col("area_kind") == "territory").join(consecutive, on=KEY, how="left")
    split = single.filter(pl.col("volume_effect").is_not_null())
    assert split.height >= 10
    r1, r0 = pl.col("x") / pl.col("y"), pl.col("x_before") / pl.col("y_before")
    volume = (pl.col("y") - pl.col("y_before")) * (r0 + r1) / 2
    assert split.select((pl.col("volume_effect") - volume).abs().max()).item() < 1e-9
    parts = rows.filter(pl.col("volume_effect").is_not_null())
    assert parts.select((pl.col("volume_effect") + pl.col("ratio_effect") - pl.col("change")).abs().max()).item() < 1e-9
    of_region = rows.filter((pl.col("area_kind") == "region") & pl.col("change").is_not_null())
    assert of_region.height >= 10
    totals = of_region.join(consecutive, on=KEY, how="left")
    for row in totals.iter_rows(named=True):
        assert (row["count_before"], row["count_after"], row["volume_before"], row["volume_after"]) == (
            row["x_before"], row["x"], row["y_before"], row["y"],
        ), "the change of the region is that of its own published totals"  # fmt: skip


def test_exits_of_a_level_sum_to_100(world: tuple[pl.DataFrame, Path]) -> None:
    _, path = world
    parts = read_mart(path, "mart_exit").filter(pl.col("value").is_not_null())
    shares = parts.filter(metric="exit_share")
    assert shares.height >= 50
    # Where every exit of a level has its share, they sum to 100.
    sums = shares.group_by(*KEY, "level", "kinds").agg(pl.col("value").sum(), pl.len())
    whole = sums.filter(pl.col("len") == pl.col("kinds").str.split(",").list.len())
    assert whole.height >= 20
    assert whole.select((pl.col("value") - 100).abs().max()).item() < 1e-9


def test_compared_figures_equal_those_of_their_mart(world: tuple[pl.DataFrame, Path]) -> None:
    """Pairs and the regional range have only figures of these marts, so that a figure has one definition."""
    _, path = world
    pairs = read_mart(path, "mart_pair")
    ratios = read_mart(path, "mart_stage_ratio").filter(pl.col("area_kind") != "jurisdiction")
    shown_ratios = ratios.filter("is_default").rename({"value": "own"})
    at = ["metric", "freq", "period", "offence_group", "count_unit"]
    versions = set()
    for end in ("a", "b"):
        of_ratios = pairs.filter(pl.col(f"version_{end}") != "").filter(pl.col(f"value_{end}").is_not_null())
        joined_pairs = of_ratios.join(
            shown_ratios, left_on=[*at, f"area_{end}"], right_on=[*at, "area"], how="left", validate="m:1"
        )
        assert joined_pairs.height > 500 and (joined_pairs[f"value_{end}"] == joined_pairs["own"]).all()
        assert (joined_pairs[f"version_{end}"] == joined_pairs["version"]).all()
        versions |= set(joined_pairs["version"])
    assert versions >= {"same_period", "lagged"}
    mixed_versions = pairs.filter(pl.col("version_a") != pl.col("version_b"))
    assert mixed_versions.height > 10 and mixed_versions["p"].is_null().all()
    assert mixed_versions["reasons"].str.contains("version_differs").all() and mixed_versions["score"].max() <= 1
    figures = read_mart(path, "mart_indicator").filter(pl.col("indicator").is_in(["rate", "share"]))
    known_figures = set(figures.select("indicator", "area", "period", "measure", "numerator", "value").rows())
    of_clearance = pairs.filter(pl.col("metric").str.starts_with("clearance_rate"))
    for end in ("a", "b"):
        rows = pairs.join(of_clearance, on=["metric"], how="anti")
        rows = rows.filter((pl.col(f"version_{end}") == "") & pl.col(f"value_{end}").is_not_null())
        assert {"rate", "share"} == set(rows["metric"]) and {"sex", "age"} <= set(rows["dimension"])
        numbers = {
            (indicator, area, period, measure, value) for indicator, area, period, measure, _, value in known_figures
        }
        assert set(rows.select("metric", f"area_{end}", "period", "measure", f"value_{end}").rows()) <= numbers
    clearance = read_mart(path, "mart_clearance").select(*at, "area", "value", "numerator", "denominator")
    for end in ("a", "b"):
        own_figures = clearance.rename({name: f"{name}_{end}_own" for name in ("value", "numerator", "denominator")})
        of_clearance = of_clearance.join(
            own_figures, left_on=[*at, f"area_{end}"], right_on=[*at, "area"], how="left", validate="m:1"
        )
        assert (of_clearance[f"value_{end}"].eq_missing(of_clearance[f"value_{end}_own"])).all()
    tested = of_clearance.filter(pl.col("low").is_not_null())
    assert tested.height > 100 and set(tested["verdict"]) <= {"higher", "lower", "no_difference", UNCLEAR}
    upper = pl.col("numerator_a_own") * pl.col("denominator_b_own")
    lower = pl.col("denominator_a_own") * pl.col("numerator_b_own")
    assert tested.select((pl.col("ratio") - upper / lower).abs().max()).item() < 1e-9
    ranges = read_mart(path, "mart_region").filter(pl.col("version") != "")
    around = (
        ratios.filter((pl.col("area_kind") == "territory") & pl.col("is_allowed")).drop_nulls("value")
        .group_by([*at, "version"]).agg(n_own=pl.len(), median_own=pl.col("value").median())
    )  # fmt: skip
    joined_ranges = ranges.filter(pl.col("n") > 0).join(around, on=[*at, "version"], how="left", validate="m:1")
    assert joined_ranges.height > 100 and (joined_ranges["n"] == joined_ranges["n_own"]).all()
    three = joined_ranges.filter(pl.col("n") >= 3)
    assert three.height > 10 and (three["median"] - three["median_own"]).abs().max() < 1e-9  # type: ignore[operator]
