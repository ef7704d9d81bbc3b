"""Check both targets on what protection may cost on the demonstration, from its cells and from its record."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.core.home import Home, open_home
from pipelines.publication.disclosure.structure import DETAIL
from pipelines.publication.releases import utility_targets
from pipelines.publication.releases.publish import find_current_release
from pipelines.publication.releases.utility_targets import ReleaseUtility
from pipelines.refresh import released_counts

ROOT = Path(__file__).parents[4]
_WITHHELD = pl.col("conf_status") != "F"


@pytest.fixture(scope="module")
def home(built_home: Path) -> Home:
    return open_home(built_home)


def read_true_cells(home: Home) -> pl.DataFrame:
    """Return the cells of the release with their true values, each once."""
    (folder,) = [path for path in home.protected.iterdir() if not path.name.startswith(".")]
    states = pl.read_parquet(folder / "cells_internal.parquet")
    (counts,) = home.warehouse.glob("counts-*/mart_count.parquet")
    key = ["area_kind", "area", "freq", "period", *codes.BLOCK, *DETAIL]
    true = pl.read_parquet(counts).select("cell_id", true="value")
    cells = states.join(true, on="cell_id", how="left", maintain_order="left").filter(pl.col("true").is_not_null())
    return cells.unique(key, maintain_order=True)


def test_demonstration_meets_both_targets(home: Home) -> None:
    """Count again, without the table of losses."""
    cells = read_true_cells(home)
    is_total = pl.all_horizontal(pl.col(name).is_in(["_T", "_Z"]) for name in DETAIL)
    totals = cells.filter(
        is_total & (pl.col("freq") == "A") & (pl.col("statistic") == "count") & (pl.col("area_kind") == "territory")
    ).filter(pl.col("true") >= 5)
    hidden = dict(totals.group_by("period").agg(_WITHHELD.sum()).iter_rows())
    assert len(hidden) >= 6 and totals.height > 1_000
    assert max(hidden.values()) <= utility_targets.MOST_ANNUAL_TOTALS, hidden
    above_zero = cells.filter(pl.col("true") > 0)
    hidden_share = above_zero.select(_WITHHELD.mean()).item()
    small_share = above_zero.select((pl.col("true") < 5).mean()).item()
    assert 100 * (hidden_share - small_share) <= utility_targets.MOST_POINTS
    (folder,) = [path for path in home.protected.iterdir() if not path.name.startswith(".")]
    measured = ReleaseUtility.read_losses(pl.read_parquet(folder / released_counts.LOSSES_FILE))
    assert measured.hidden_totals == {year: hidden[year] for year in measured.hidden_totals}
    assert (measured.hidden_percent, measured.small_percent) == pytest.approx((100 * hidden_share, 100 * small_share))
    assert measured.has_few_points and not measured.list_years_above()
    stocks = cells.filter(
        is_total & (pl.col("freq") == "A") & (pl.col("statistic") != "count") & (pl.col("area_kind") == "territory")
    ).filter(pl.col("true") >= 5)
    assert (measured.large_stocks, measured.hidden_stocks) == (stocks.height, stocks.select(_WITHHELD.sum()).item())


def test_methodology_has_the_numbers_of_the_demonstration(home: Home) -> None:
    """Compare the numbers in the text with the cells, so that no other search leaves old ones behind."""
    text = " ".join((ROOT / "docs" / "methodology" / "disclosure.md").read_text(encoding="utf-8").split())
    cells = read_true_cells(home)
    states = dict(cells["conf_status"].value_counts().iter_rows())
    (folder,) = [path for path in home.protected.iterdir() if not path.name.startswith(".")]
    losses = pl.read_parquet(folder / released_counts.LOSSES_FILE)
    utility = ReleaseUtility.read_losses(losses)
    is_stock = pl.col("is_total") & (pl.col("freq") == "A") & (pl.col("statistic") != "count")
    of_territories = losses.filter(is_stock, pl.col("area_kind") == "territory")
    hidden_stocks = of_territories.group_by("period").agg(pl.col("hidden_large").sum())["hidden_large"].to_list()
    large, hidden = sum(utility.large_totals.values()), sum(utility.hidden_totals.values())
    sentences = [
        f"the demonstration had {cells.height:,} distinct cells with a figure. Of these, {states['A']:,} were small or "
        f"showed a group, and {states['D']:,} were hidden with them: {states['A'] + states['D']:,} withheld counts.",
        f"{utility.hidden_percent:.1f}% of the cells above zero are withheld, {utility.small_percent:.1f}% because",
        f"{hidden:,} of {large:,} are withheld, between {min(utility.hidden_totals.values())} and "
        f"{max(utility.hidden_totals.values())} a year",
        f"which the target leaves out, {utility.hidden_stocks} of {utility.large_stocks} ",
        f"{utility.hidden_stocks} of {utility.large_stocks} such stocks of 5 or more are withheld, between "
        f"{min(hidden_stocks)} and {max(hidden_stocks)} a year",
    ]
    missing = [sentence for sentence in sentences if sentence not in text]
    assert not missing, "\n".join(missing)


def test_record_of_the_release_has_the_numbers_and_no_public_file_has_them(home: Home) -> None:
    release = find_current_release(home)
    assert release is not None
    utility = released_counts.read_utility(home, release)
    assert utility is not None and not utility.list_years_above() and utility.has_few_points
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["withheld"]) == {"figures", "figures_withheld", "annual_totals", "annual_totals_withheld"}
