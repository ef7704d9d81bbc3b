"""Turn every published figure that is computed from cells back into counts: no withheld cell may be among them.

Each test states from which cells a figure is computed, without the statements of the marts, and checks that with the
published cells.  A figure of a withheld cell would be a fact that the audits of the cells do not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.core.home import open_home
from pipelines.publication.disclosure.structure import DETAIL
from pipelines.publication.releases.publish import find_current_release
from tests.support.releases.released_tables import PLACE, ReleasedTables, check_counts, total_detail

NUMBERS = ("value", "low", "high", "change", "volume_effect", "ratio_effect", "ratio", "p", "numerator", "denominator")


@pytest.fixture(scope="module")
def release(built_home: Path) -> ReleasedTables:
    folder = find_current_release(open_home(built_home))
    assert folder is not None
    return ReleasedTables(folder)


def test_rates_and_shares_give_no_withheld_count(release: ReleasedTables) -> None:
    """Multiply rates by the population, and shares by their denominator, which is a count itself."""
    figures = release.read_table("indicator").with_columns(
        pl.col(DETAIL).replace("_Z", "_T"), statistic=pl.lit("count")
    )
    per = release.read_table("metric").select("metric", "per")
    figures = figures.join(per, on="metric").with_row_index("fact")
    from_value = figures.with_columns(
        count=pl.when(pl.col("indicator") == "count")
        .then(pl.col("value"))
        .otherwise(pl.col("value") * pl.col("denominator") / pl.col("per"))
    )
    numerators = figures.filter(pl.col("value").is_not_null()).with_columns(count=pl.col("numerator"))
    check_counts(release, from_value, at_least=10_000)
    check_counts(release, numerators, at_least=10_000)
    is_share = pl.col("indicator") == "share"
    totals = figures.filter(is_share & pl.col("denominator").is_not_null()).with_columns(
        pl.when(pl.col("dimension") == name).then(pl.lit("_T")).otherwise(pl.col(name)).alias(name) for name in DETAIL
    )
    check_counts(release, totals.with_columns(count=pl.col("denominator")), at_least=1_000)
    half = figures.filter(pl.col("value").is_null() & pl.col("numerator").is_not_null())
    check_counts(release, half.with_columns(count=pl.col("numerator")), at_least=100)


def list_sides(release: ReleasedTables, figures: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Yield numerators and denominators of figures with declared operands: one row for each measure in the sum."""
    for number, side in enumerate(("numerator", "denominator")):
        sides = figures.with_row_index("fact").join(
            release.operands.filter(side=side).drop("side"), on="metric", maintain_order="left"
        )
        age = pl.col("ages").str.split("/").list.get(number) if "ages" in figures.columns else pl.lit("_T")
        yield side, total_detail(sides, age=age.replace("_Z", "_T")).with_columns(count=pl.col(side))


def test_ratios_of_stages_give_no_withheld_count(release: ReleasedTables) -> None:
    """Multiply ratios by one side; each side must be published with the cells behind it."""
    ratios = release.read_table("stage_ratio").filter(pl.col("version") != "cohort")
    for side, counts in list_sides(release, ratios):
        if side == "denominator":
            counts = counts.with_columns(period=pl.col("denominator_period"))
        check_counts(release, counts, at_least=2_000)
    inverted = ratios.select(
        "numerator", inverted=pl.col("value") * pl.col("denominator") / 100, is_open=pl.col("value").is_not_null()
    ).filter("is_open")
    assert ((inverted["numerator"] - inverted["inverted"]).abs() < 1e-6).all()


def test_clearance_gives_no_withheld_count(release: ReleasedTables) -> None:
    figures = release.read_table("clearance").drop("level")
    for side, counts in list_sides(release, figures):
        check_counts(release, counts, at_least=200 if side == "numerator" else 300)


def test_balances_give_no_withheld_count(release: ReleasedTables) -> None:
    """Add up what a balance shows: stocks are cells, entries and exits sums of cells, and the gap follows from both."""
    balances = release.read_table("balance")
    terms = total_detail(
        balances.with_row_index("fact").join(release.operands, on="metric", suffix="_of_term"),
        age=pl.lit("_T"),
    ).with_columns(level="level_of_term", reporters=pl.lit(""))
    opening, closing = pl.col("statistic") == "start", pl.col("statistic") == "end"
    for role, is_term in (("opening", opening), ("closing", closing)):
        check_counts(release, terms.filter(is_term).with_columns(count=pl.col(role)), at_least=100)
    is_counted = ~pl.col("not_counted").str.split(",").list.contains(pl.col("measure"))
    flows = terms.filter(~opening & ~closing & is_counted)
    for role, side in (("entries", "numerator"), ("exits", "denominator")):
        check_counts(release, flows.filter(side=side).with_columns(count=pl.col(role)), at_least=100)
    gaps = balances.filter(pl.col("gap").is_not_null())
    assert gaps.height > 50
    assert (gaps["opening"] + gaps["entries"] - gaps["exits"] - gaps["closing"] == gaps["gap"]).all()


def test_ways_out_give_no_withheld_count(release: ReleasedTables) -> None:
    """Multiply shares of exits by all exits, which are the sum of the kinds that are named."""
    exits = release.read_table("exit").with_row_index("fact")
    ways = total_detail(exits.drop("age")).with_columns(count=pl.col("numerator"))
    check_counts(release, ways, at_least=300)
    sums = ways.filter(pl.col("denominator").is_not_null()).with_columns(
        measure=pl.col("kinds").str.split(","), count=pl.col("denominator")
    )
    check_counts(release, sums.explode("measure"), at_least=50)


def test_changes_of_convictions_give_no_withheld_count(release: ReleasedTables) -> None:
    changes = release.read_table("decomposition").with_row_index("fact")
    for name, measure, level in (
        ("volume", "indicted", "prosecution"), ("count", "convicted_first", "first")
    ):  # fmt: skip
        for when, period in (("before", "previous_period"), ("after", "period")):
            counts = total_detail(changes).with_columns(
                measure=pl.lit(measure), level=pl.lit(level), period=pl.col(period), count=pl.col(f"{name}_{when}")
            )
            check_counts(release, counts, at_least=100)


def test_stages_next_to_each_other_give_no_withheld_count(release: ReleasedTables) -> None:
    pipeline = release.read_table("pipeline").with_row_index("fact").with_columns(count_unit=pl.lit("person"))
    for stage in ("reported", "investigated", "indicted", "adjudicated", "convicted", "sentenced"):
        is_court = stage in ("adjudicated", "convicted", "sentenced")
        counts = total_detail(pipeline, age=pl.col(f"{stage}_age").replace("_Z", "_T")).with_columns(
            measure=pl.lit(stage) + pl.concat_str(pl.lit("_"), "track") if is_court else pl.lit(stage),
            level=pl.col("track") if is_court else pl.lit("prosecution"),
            reporters=pl.col(f"{stage}_reporters"),
            count=pl.col(stage),
        )
        check_counts(release, counts, at_least=200)


def test_compared_figures_are_published_ones(release: ReleasedTables) -> None:
    """Find the figures of both territories of a pair among the published ratios and rates."""
    ratios = release.read_table("stage_ratio").select("metric", *PLACE, "version", "value", dimension=pl.lit("_Z"))
    pairs = release.read_table("pair")
    for side in "ab":
        compared = pairs.filter(pl.col(f"value_{side}").is_not_null() & (pl.col(f"version_{side}") != "")).select(
            "metric", *PLACE[1:], "dimension", area=f"area_{side}", version=f"version_{side}", shown=f"value_{side}"
        )
        joined = compared.join(ratios, on=["metric", *PLACE, "version", "dimension"], how="left")
        assert compared.height > 500
        assert (joined["shown"] == joined["value"]).all()
    rates = (
        release.read_table("indicator")
        .filter(indicator="rate")
        .with_columns(pl.col("victim_status").replace("_Z", "_T"))
    )
    key = [*PLACE, "measure", "victim_status"]
    for side in "ab":
        compared = pairs.filter((pl.col("metric") == "rate") & pl.col(f"value_{side}").is_not_null()).select(
            *PLACE[1:],
            "measure",
            pl.col("victim_status").replace("_Z", "_T"),
            area=f"area_{side}",
            shown=f"value_{side}",
        )
        joined = compared.join(rates.select(*key, "value"), on=key, how="left")
        assert compared.height > 500
        assert (joined["shown"] == joined["value"]).all()


def test_withheld_figure_has_no_number_and_no_word_about_it(release: ReleasedTables) -> None:
    """Look for values, limits and words on a withheld figure, such as a flag of a ratio above 100."""
    for table in (
        "indicator", "stage_ratio", "clearance", "exit", "decomposition", "pair", "region", "balance", "cell"
    ):  # fmt: skip
        frame = release.read_table(table)
        withheld = frame.filter(conf_status="C")
        numbers = [name for name in NUMBERS if name in frame.columns and name not in ("numerator", "denominator")]
        assert all(withheld[name].null_count() == withheld.height for name in numbers), table
        for column, word in (("state", "withheld"), ("undefined", "withheld"), ("verdict", "withheld")):
            if column in frame.columns:
                assert set(withheld[column]) <= {word}, (table, column)
        flags = set(withheld["flags"].drop_nulls().str.split(",").explode()) if "flags" in frame.columns else set()
        if table != "pair":
            assert "over_100" not in flags, table
    pairs = release.read_table("pair").filter((pl.col("conf_status") == "C") & pl.col("flags").str.contains("over_100"))
    assert (pairs.select(pl.max_horizontal("value_a", "value_b")).to_series() > 100).all()


def test_rows_and_returns_behind_cells_do_not_depend_on_what_is_withheld(release: ReleasedTables) -> None:
    """Compare the returns behind withheld cells with those behind published cells of the same place."""
    cells = release.read_table("cell")
    returns = release.read_table("cell_submission").group_by("cell_id").agg(pl.col("submission_id").sort())
    place = ["table_id", "area", "period", "measure", "level", "statistic", "count_unit", "offence_group", "reporters"]
    behind = (
        cells.filter((pl.col("area_kind") != "region") & (pl.col("obs_status") != "O"))
        .join(returns, on="cell_id", how="left")
        .with_columns(is_withheld=pl.col("conf_status") == "C")
    )
    mixed = behind.filter(pl.col("is_withheld").n_unique().over(place) > 1)
    assert mixed.height > 500
    returns_of_withheld = pl.col("submission_id").filter("is_withheld").list.join(",").sort()
    returns_of_shown = pl.col("submission_id").filter(~pl.col("is_withheld")).list.join(",").sort()
    lists = mixed.group_by(place).agg(returns_of_withheld.unique().alias("w"), returns_of_shown.unique().alias("s"))
    differing = lists.filter(pl.col("w").list.set_intersection("s").list.len() == 0)
    assert differing.is_empty(), differing


def test_revisions_show_published_cells_only(release: ReleasedTables) -> None:
    revisions = release.read_table("revision").filter("is_newest").with_columns(pl.col(DETAIL).replace("_Z", "_T"))
    counts = revisions.with_row_index("fact").with_columns(
        count=pl.col("value"), reporters=pl.lit(None, dtype=pl.String)
    )
    check_counts(release, counts, at_least=1_000)


def check_coherence(release: ReleasedTables, coherence: pl.DataFrame) -> int:
    """Compare the figures of returns that are next to those of others with the cells; return their number."""
    of_returns = coherence.filter(pl.col("left_source") == "returns").with_row_index("fact")
    counts = total_detail(of_returns.drop("victim_status", strict=False)).with_columns(
        *(
            of_returns[name].replace("_Z", "_T")
            for name in ("person_type", "sex", "age", "exploitation", "citizenship")
        ),
        # Victims are not counted by offence: those of an offence group are the group's total.
        offence=pl.when(pl.col("measure") == "victims_detected").then(pl.lit("_T")).otherwise("offence"),
        victim_status=of_returns["left_victim_status"].fill_null("_T").replace("_Z", "_T"),
        area="territory",
        freq=pl.when(pl.col("period").str.contains("-Q")).then(pl.lit("Q")).otherwise(pl.lit("A")),
        reporters=pl.lit(""),
        count=pl.col("left_value"),
    )
    check_counts(release, counts, at_least=50)
    return counts.height


def test_coherence_with_others_shows_published_cells_only(release: ReleasedTables) -> None:
    coherence = release.read_table("coherence")
    assert check_coherence(release, coherence) > 50
    withheld = release.cells.filter(
        pl.col("is_withheld")
        & (pl.col("area_kind") == "territory")
        & (pl.col("freq") == "A")
        & (pl.col("statistic") == "count")
    )
    keys = ["offence_group", "measure", "level", "count_unit", "period"]
    planted = (
        coherence.filter(left_source="returns")
        .drop(keys)
        .head(1)
        .join(
            withheld.filter(pl.all_horizontal(pl.col(DETAIL) == "_T")).head(1).select(*keys, area="area"), how="cross"
        )
        .with_columns(territory="area", left_value=pl.lit(3.0), left_victim_status=pl.lit("_T"))
    )
    with pytest.raises(AssertionError):
        check_coherence(release, pl.concat([coherence, planted.select(coherence.columns)]))


def check_quality(quality: pl.DataFrame) -> None:
    """Look for measures of quality that count or weigh persons instead of returns, periods and days."""
    assert set(quality["unit"]) <= {"periods", "fraction", "days"}
    of_returns = {
        "COMPAR_LENGTH", "COMPLETENESS_RATE", "PUNCTUALITY_DAYS", "PUNCTUALITY_RATE", "TIMELAG_FINAL", "TIMELAG_FIRST"
    }  # fmt: skip
    of_counts = quality.filter(~pl.col("indicator").is_in(of_returns))
    assert set(of_counts["indicator"]) <= {"DATA_REV_AVGSIZE"}
    assert of_counts["value"].null_count() == of_counts.height


def test_measures_of_quality_are_of_returns(release: ReleasedTables) -> None:
    quality = release.read_table("quality")
    check_quality(quality)
    planted = quality.head(1).with_columns(indicator=pl.lit("DATA_REV_AVGSIZE"), value=pl.lit(0.25))
    with pytest.raises(AssertionError):
        check_quality(pl.concat([quality, planted]))


def check_ranges(release: ReleasedTables, regional: pl.DataFrame) -> int:
    """Compute the range and the quartiles of territories from published rates; return the number of ranges."""
    place = ["measure", "freq", "period", "offence_group", "count_unit", "victim_status"]
    rates = release.read_table("indicator").filter(
        (pl.col("indicator") == "rate") & (pl.col("area_kind") == "territory")
    )
    is_total = pl.all_horizontal(pl.col(name).is_in(["_T", "_Z"]) for name in DETAIL if name != "victim_status")
    values: dict[tuple[str, ...], dict[str, float]] = {}
    for *key, area, value in (
        rates.filter(is_total & pl.col("value").is_not_null()).select(*place, "area", "value").iter_rows()
    ):
        values.setdefault(tuple(key), {})[area] = value
    rows = regional.filter((pl.col("metric") == "rate") & (pl.col("dimension") == "_Z") & (pl.col("n") > 0))
    for row in rows.iter_rows(named=True):
        published = values[tuple(row[name] for name in place)]
        of_members = np.array([published[area] for area in row["members"].split(",")])
        assert row["n"] == len(of_members)
        quantiles = [row[name] for name in ("minimum", "lower_quartile", "median", "upper_quartile", "maximum")]
        expected = np.quantile(of_members, [0, 0.25, 0.5, 0.75, 1])
        for figure, number in zip(quantiles, expected, strict=True):
            assert figure is None or abs(figure - number) < 1e-9
    return rows.height


def test_ranges_and_quartiles_of_territories_are_of_published_rates(release: ReleasedTables) -> None:
    regional = release.read_table("region")
    assert check_ranges(release, regional) > 300
    is_range = (pl.col("metric") == "rate") & (pl.col("median") > 0)
    planted = regional.filter(is_range).head(1).with_columns(median=pl.col("median") * 1.001)
    with pytest.raises(AssertionError):
        check_ranges(release, pl.concat([regional, planted]))


def test_planted_count_of_a_withheld_cell_is_found(release: ReleasedTables) -> None:
    """Plant the count behind one withheld cell, so that the tests above cannot pass without comparing anything."""
    withheld = release.cells.filter(pl.col("is_withheld") & (pl.col("area_kind") == "territory")).head(1)
    planted = withheld.with_row_index("fact").with_columns(count=pl.lit(3.0))
    with pytest.raises(AssertionError):
        check_counts(release, planted, at_least=1)
