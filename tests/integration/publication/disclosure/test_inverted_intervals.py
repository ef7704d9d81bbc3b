"""Turn published limits and p-values back into the counts behind them: no withheld count may be among them.

An interval is a function of the count, so its limits state the count as exactly as the figure itself.  The formulas are
written here from their sources (Garwood 1936, Clopper and Pearson 1934), without `pipelines/statistics`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.special import betainc, betaincinv, gammainccinv, gammaincinv

from pipelines.core.home import open_home
from pipelines.publication.disclosure.structure import DETAIL
from pipelines.publication.releases.publish import find_current_release
from tests.support.releases.released_tables import PLACE, ReleasedTables, check_counts, total_detail

HALF = 0.025
"""Chance beyond one limit of a 95% interval."""
DEFAULT_DISPERSION = 2.0
"""Assumed ratio of the variance to that of a Poisson count if it is not measured (docs/methodology/uncertainty.md)."""
_NEAR = 0.02
"""How far an inverted count may be from a whole number: limits are rounded by floating point."""
_ROUNDING = 1e-5
"""Largest error of a limit: rates have six decimals."""
Array = np.ndarray[Any, np.dtype[np.float64]]


@pytest.fixture(scope="module")
def release(built_home: Path) -> ReleasedTables:
    folder = find_current_release(open_home(built_home))
    assert folder is not None
    return ReleasedTables(folder)


def find_counts(target: Array, rising: Callable[[Array], Array], top: Array | float) -> Array:
    """Return the whole counts at which a rising function of the count has the target values, by halving."""
    low, high = np.zeros_like(target), np.broadcast_to(np.asarray(top, dtype=float), target.shape).copy()
    for _ in range(60):
        middle = (low + high) / 2
        is_above = rising(middle) > target
        low, high = np.where(is_above, low, middle), np.where(is_above, middle, high)
    counts: Array = np.round((low + high) / 2)
    assert np.abs((low + high) / 2 - counts).max() < _NEAR, "the limits are not those of a count"
    return counts


def invert_poisson(limits: pl.DataFrame, exposure: Array) -> pl.DataFrame:
    """Add the counts whose upper limits are `high` times the exposure; `dispersion` is that of the interval."""
    phi, high = limits["dispersion"].fill_null(1.0).to_numpy(), limits["high"].to_numpy() * exposure
    counts = find_counts(high, lambda n: phi * gammainccinv(n / phi + 1, HALF), 1e5)
    low = np.where(counts > 0, phi * gammaincinv(np.maximum(counts / phi, 1e-300), HALF), 0.0)
    gaps = np.abs(low - limits["low"].to_numpy() * exposure)
    assert (gaps <= _ROUNDING * np.maximum(exposure, 1.0)).all(), "the lower limit is that of another count"
    return limits.with_columns(count=pl.Series(counts))


def invert_parts(limits: pl.DataFrame, per: float) -> pl.DataFrame:
    """Add the parts of `denominator` whose lower limits are `low`, in units of one in `per`."""
    phi, whole = limits["dispersion"].fill_null(1.0).to_numpy(), limits["denominator"].to_numpy()
    low = limits["low"].to_numpy() / per
    counts = find_counts(low, lambda x: betaincinv(np.maximum(x / phi, 1e-300), (whole - x) / phi + 1, HALF), whole)
    return limits.with_columns(count=pl.Series(counts))


def invert_ratios(limits: pl.DataFrame, per: float) -> pl.DataFrame:
    """Add the numerators whose lower limits are `low`: given the sum, one of two Poisson counts is binomial."""
    phi, lower = limits["dispersion"].fill_null(1.0).to_numpy(), limits["denominator"].to_numpy()
    ratio = limits["low"].to_numpy() / per
    share = ratio / (1 + ratio)
    counts = find_counts(share, lambda x: betaincinv(np.maximum(x / phi, 1e-300), lower / phi + 1, HALF), 1e5)
    return limits.with_columns(count=pl.Series(counts))


def read_indicators(release: ReleasedTables, indicator: str) -> pl.DataFrame:
    """Return the rows of an indicator that have a limit, also those without a value."""
    figures = release.read_table("indicator").filter(indicator=indicator)
    has_limit = pl.col("low").is_not_null() | pl.col("high").is_not_null()
    per = release.read_table("metric").select("metric", "per")
    limits = figures.filter(has_limit).with_columns(pl.col(DETAIL).replace("_Z", "_T"), statistic=pl.lit("count"))
    return limits.join(per, on="metric").with_row_index("fact")


def check_indicator_limits(release: ReleasedTables, indicator: str, limits: pl.DataFrame, *, at_least: int) -> None:
    if indicator == "share":
        inverted = invert_parts(limits.filter(pl.col("low") > 0), 100)
    else:
        is_rate = indicator == "rate"
        exposure = (limits["denominator"] / limits["per"]).to_numpy() if is_rate else np.ones(limits.height)
        inverted = invert_poisson(limits, exposure)
    check_counts(release, inverted, at_least=at_least)


@pytest.mark.parametrize(("indicator", "at_least"), [("count", 5_000), ("rate", 3_000), ("share", 2_000)])
def test_limits_of_counts_rates_and_shares_give_no_withheld_count(
    release: ReleasedTables, indicator: str, at_least: int
) -> None:
    check_indicator_limits(release, indicator, read_indicators(release, indicator), at_least=at_least)


def test_limits_of_a_withheld_count_are_found(release: ReleasedTables) -> None:
    """Give a withheld row the interval of three persons, and leave its value empty."""
    withheld = release.read_table("indicator").filter(
        (pl.col("indicator") == "count") & (pl.col("conf_status") == "C") & (pl.col("area_kind") == "territory")
    )
    planted = withheld.head(1).with_columns(
        pl.col(DETAIL).replace("_Z", "_T"), statistic=pl.lit("count"), dispersion=pl.lit(1.0),
        low=pl.lit(float(gammaincinv(3.0, HALF))), high=pl.lit(float(gammainccinv(4.0, HALF))),
    )  # fmt: skip
    assert planted["value"].null_count() == planted.height == 1
    with pytest.raises(AssertionError, match="is_withheld"):
        check_indicator_limits(release, "count", planted.with_row_index("fact"), at_least=1)


def read_ratios(release: ReleasedTables, table: str) -> pl.DataFrame:
    """Return the rows of a table of ratios that have a limit, with the measure of each numerator and its method."""
    figures = release.read_table(table).drop("level", strict=False)
    if "version" in figures.columns:
        figures = figures.filter(pl.col("version") != "cohort")
    metrics = release.read_table("metric").select("metric", "per", "is_nested")
    return figures.filter(pl.col("low").is_not_null()).join(metrics, on="metric").with_row_index("fact")


@pytest.mark.parametrize(("table", "at_least"), [("stage_ratio", 1_500), ("clearance", 150)])
def test_limits_of_ratios_give_no_withheld_count(release: ReleasedTables, table: str, at_least: int) -> None:
    figures = read_ratios(release, table)
    assert figures["denominator"].null_count() == 0
    (per,) = figures["per"].unique()
    sides = [
        invert(figures.filter(is_nested=is_nested), per)
        for is_nested, invert in ((True, invert_parts), (False, invert_ratios))
        if figures.filter(is_nested=is_nested).height
    ]
    inverted = pl.concat(sides).filter(pl.col("low") > 0)
    assert (inverted["count"] == inverted["numerator"]).all()
    numerators = inverted.join(
        release.operands.filter(side="numerator").drop("side"), on="metric", maintain_order="left"
    )
    age = pl.col("ages").str.split("/").list.get(0).replace("_Z", "_T") if table == "stage_ratio" else pl.lit("_T")
    check_counts(release, total_detail(numerators, age=age), at_least=at_least)


def test_limits_of_ways_out_give_no_withheld_count(release: ReleasedTables) -> None:
    """Take the dispersions from other figures of the same records, because the table of ways out has none."""
    exits = release.read_table("exit").filter(pl.col("low").is_not_null()).with_row_index("fact")
    shares = exits.filter(metric="exit_share")
    assert shares["denominator"].null_count() == 0
    whole, low = shares["denominator"].to_numpy(), shares["low"].to_numpy() / 100
    counts = shares["numerator"].to_numpy()
    measured = pl.concat(
        [release.read_table(table)["dispersion"].drop_nulls() for table in ("indicator", "stage_ratio", "clearance")]
    ).unique()
    gaps = [
        np.abs(betaincinv(np.maximum(counts / phi, 1e-300), (whole - counts) / phi + 1, HALF) - low)
        for phi in (1.0, DEFAULT_DISPERSION, *measured)
    ]
    assert shares.height > 50 and np.min(gaps, axis=0).max() < 1e-7
    check_counts(release, total_detail(exits.drop("age")).with_columns(count=pl.col("numerator")), at_least=100)


# -- tests of differences


def compute_p(counts: Array, exposures: Array, dispersions: Array) -> Array:
    """Return central p-values of the equality of two rates, from counts, exposures and dispersions of both sides."""
    (x, y), (tx, ty), (phi_x, phi_y) = counts, exposures, dispersions
    a, b = x / phi_x, y / phi_y
    null = 1 / (1 + phi_x / phi_y * ty / tx)
    above = np.where(x > 0, betainc(np.maximum(a, 1e-300), b + 1, null), 1.0)
    below = np.where(y > 0, betainc(np.maximum(b, 1e-300), a + 1, 1 - null), 1.0)
    return np.minimum(1.0, 2 * np.minimum(above, below))


def check_tests_of_rates(release: ReleasedTables, pairs: pl.DataFrame) -> int:
    """Compute the p-values and ratios of pairs of rates from published counts; return their number."""
    rates = release.read_table("indicator").filter((pl.col("indicator") == "rate") & pl.col("value").is_not_null())
    is_total = pl.all_horizontal(pl.col(name).is_in(["_T", "_Z"]) for name in DETAIL if name != "victim_status")
    key = [*PLACE[1:], "measure", "victim_status"]
    published = rates.filter(is_total).select(*key, "area", "value", "numerator", "denominator", "dispersion").unique()
    tested = pairs.filter((pl.col("metric") == "rate") & (pl.col("dimension") == "_Z"))
    tested = tested.filter(pl.any_horizontal(pl.col("p", "low", "high", "ratio").is_not_null()))
    for side in "ab":
        columns = {name: f"{name}_{side}" for name in ("area", "value", "numerator", "denominator", "dispersion")}
        of_side = published.rename(columns).rename({f"value_{side}": f"shown_{side}"})
        tested = tested.join(of_side, on=[*key, f"area_{side}"], how="left", maintain_order="left")
    without = tested.filter(pl.any_horizontal(pl.col("numerator_a", "numerator_b").is_null()))
    assert without.is_empty(), without
    with_p = tested.filter(pl.col("p").is_not_null())
    counts, exposures, dispersions = (
        with_p.select(pl.col(f"{name}_a", f"{name}_b").fill_null(1.0)).to_numpy().T
        for name in ("numerator", "denominator", "dispersion")
    )
    expected = np.minimum(1.0, compute_p(counts, exposures, dispersions) * with_p["n_tested"].to_numpy())
    assert np.abs(expected - with_p["p"].to_numpy()).max() < 1e-9
    return with_p.height


def test_p_values_of_rates_are_functions_of_published_counts(release: ReleasedTables) -> None:
    pairs = release.read_table("pair")
    assert check_tests_of_rates(release, pairs) > 200
    withheld = pairs.filter(
        (pl.col("metric") == "rate") & (pl.col("dimension") == "_Z") & (pl.col("conf_status") == "C")
    )
    planted = withheld.head(1).with_columns(p=pl.lit(0.25))
    with pytest.raises(AssertionError):
        check_tests_of_rates(release, pl.concat([pairs, planted]))


def test_only_pairs_of_two_published_figures_have_a_test(release: ReleasedTables) -> None:
    """Look for a ratio, limit, p-value or verdict next to a withheld figure, about which it would say something."""
    pairs = release.read_table("pair")
    has_test = pl.any_horizontal(
        pl.col("ratio", "low", "high", "low_at_default", "high_at_default", "p").is_not_null()
    ) | pl.col("verdict").is_in(["higher", "lower", "no_difference", "depends_on_persons_per_case"])
    tested = pairs.filter(has_test)
    assert tested.height > 2_000
    assert tested.select(pl.col("value_a", "value_b").null_count()).row(0) == (0, 0)
    assert set(tested["conf_status"]) == {"F"}
