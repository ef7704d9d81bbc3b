"""The rules of the first dbt phase, on a small made-up world with sums worked out by hand."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.core.home import Home
from pipelines.warehouse import count_builds, dbt, dbt_runner
from tests.support.warehouse.made_up_world import QUARTERS, Counts, Row


def test_total_that_was_not_sent_is_the_sum_of_its_parts(counts: Counts) -> None:
    total = counts.find_cell("AL", "2025-Q1", "reported")
    assert (total["value"], total["basis"], total["submission_ids"]) == (7, "derived_parts", "AL1")
    assert counts.find_cell("AL", "2025-Q1", "reported", sex="M")["value"] == 5
    assert counts.find_cell("AL", "2025-Q1", "reported", offence="ICCS0204_CHILD")["value"] == 1
    assert counts.find_cell("AL", "2025-Q1", "reported", offence="ICCS0204")["value"] == 6
    assert counts.find_cell("AL", "2025-Q1", "reported", offence_group="SOM")["value"] == 12


def test_groups_of_offences_are_never_summed(counts: Counts) -> None:
    assert set(counts.frame["offence_group"]) == {"TIP", "SOM"}


def test_empty_cell_makes_only_its_sums_missing(counts: Counts) -> None:
    total = counts.find_cell("AL", "2025-Q2", "reported")
    assert (total["value"], total["obs_status"]) == (None, "O")
    assert counts.find_cell("AL", "2025-Q2", "reported", sex="M")["value"] == 4
    assert counts.find_cell("AL", "2025", "reported")["obs_status"] == "O"
    assert counts.find_cell("AL", "2025", "reported")["flags"] == "quarter_missing"
    assert counts.find_cell("AL", "2025", "reported", sex="M")["value"] == 5 + 4 + 5 + 2


def test_ages_are_combined_to_groups_that_they_cover(counts: Counts) -> None:
    ages = {
        age: counts.find_cell("AL", "2025-Q1", "indicted", age=age)["value"] for age in ("Y_LT18", "Y_GE18", "_U", "_T")
    }
    assert ages == {"Y_LT18": 3, "Y_GE18": 8, "_U": 1, "_T": 12}
    assert counts.find_cell("AL", "2025-Q1", "indicted")["basis"] == "reported"


def test_ages_that_leave_a_gap_are_not_summed(counts: Counts) -> None:
    assert counts.find_cell("AL", "2025-Q1", "convicted_first", level="first", age="Y_LT18")["value"] == 1
    assert not counts.has_cell("AL", "2025-Q1", "convicted_first", level="first", age="Y_GE18")
    assert not counts.has_cell("AL", "2025-Q1", "convicted_first", level="first")  # nor a total, which the adults lack


def test_bands_are_combined_to_common_ones_only_if_nested(counts: Counts) -> None:
    def find_band(code: str) -> Row:
        return counts.find_cell("AL", "2025-Q1", "sentenced_final", sentence_type="prison", sentence_band=code)

    assert (find_band("M0T24")["value"], find_band("M0T24")["flags"]) == (3, "")
    assert (find_band("_U")["value"], find_band("_U")["flags"]) == (5, "band_not_nested")
    assert counts.frame.filter(sentence_band="M24T60").is_empty()  # 2 to 3 years alone do not cover it
    everything = {"sentence_type": "_T", "sentence_band": "_T"}
    assert counts.find_cell("AL", "2025-Q1", "sentenced_final", **everything)["value"] == 9


def test_a_stock_is_never_summed(counts: Counts) -> None:
    stock = {"level": "first", "statistic": "start"}
    assert counts.find_cell("AL", "2025", "pending_first", **stock)["value"] == 30
    assert counts.find_cell("AL", "2025", "pending_first", **{**stock, "statistic": "end"})["value"] == 45


def test_year_so_far_is_differenced_and_never_clipped(counts: Counts) -> None:
    cells = [counts.find_cell("XK", q, "reported") for q in QUARTERS]
    assert [c["value"] for c in cells] == [3, 2, 4, -1]
    assert [c["basis"] for c in cells] == ["reported", "derived_ytd", "derived_ytd", "derived_ytd"]
    assert cells[1]["submission_ids"] == "XK1,XK2"
    assert cells[3]["flags"] == "negative_difference"
    assert counts.find_cell("XK", "2025", "reported")["value"] == 8


def test_discrete_figure_needs_the_quarter_before(counts: Counts) -> None:
    cells = [counts.find_cell("XK", q, "indicted") for q in QUARTERS]
    assert [c["value"] for c in cells] == [1, None, None, 2]
    assert (cells[2]["obs_status"], cells[2]["flags"]) == ("O", "ytd_gap")
    assert counts.find_cell("XK", "2025", "indicted")["value"] is None


def test_one_source_counts_and_the_other_is_compared(counts: Counts) -> None:
    first = {"level": "first"}
    assert counts.find_cell("HR", "2025-Q1", "convicted_first", **first)["value"] == 4
    cell = counts.find_cell("HR", "2025-Q2", "convicted_first", **first)
    assert (cell["value"], cell["basis"], cell["submission_ids"]) == (2, "records", "HRR2")
    differences = counts.read_table("mart_source_difference").filter(
        offence="_T", sex="_T", age="_T", offence_group="TIP"
    )
    assert set(differences.select("period", "counting_value", "other_value").iter_rows()) == {
        ("2025-Q1", 4.0, 2.0), ("2025-Q2", 2.0, 4.0), ("2025-Q3", 2.0, 4.0), ("2025-Q4", 0.0, 4.0),
    }  # fmt: skip


def test_a_register_counts_a_person_once_in_an_offence_group(counts: Counts) -> None:
    first = {"level": "first"}
    assert counts.find_cell("HR", "2025-Q3", "convicted_first", sex="F", **first)["value"] == 2
    assert counts.find_cell("HR", "2025-Q3", "convicted_first", age="_U", **first)["value"] == 1
    assert counts.find_cell("HR", "2025-Q3", "convicted_first", offence_group="SOM", **first)["value"] == 1
    none = counts.find_cell("HR", "2025-Q4", "convicted_first", **first)
    assert (none["value"], none["obs_status"], none["basis"]) == (0, "A", "records")


def test_adults_are_never_labelled_as_all_ages(counts: Counts) -> None:
    final = {"level": "final"}
    adults = counts.find_cell("MK", "2025-Q1", "convicted_final", age="Y_GE18", **final)
    assert (adults["value"], adults["basis"]) == (5, "reported")
    assert counts.find_cell("MK", "2025-Q1", "convicted_final", age="Y_GE18", sex="F", **final)["value"] == 1
    assert not counts.frame.filter(area="MK", measure="convicted_final", age="_T").height


def test_missing_not_collected_nil_and_zero_are_distinct(counts: Counts) -> None:
    final = {"level": "final", "age": "Y_GE18"}
    assert (
        counts.find_cell("MK", "2025-Q3", "convicted_final", **final)["obs_status"] == "L"
    )  # came without the measure
    assert counts.find_cell("MK", "2025-Q4", "convicted_final", **final)["obs_status"] == "O"  # did not come
    assert counts.find_cell("MK", "2025-Q4", "reported")["obs_status"] == "O"
    assert counts.find_cell("MK", "2025-Q1", "indicted")["obs_status"] == "L"  # others count it, this office never
    nil = counts.find_cell("RS", "2025-Q2", "reported")
    assert (nil["value"], nil["obs_status"], nil["flags"], nil["submission_ids"]) == (0, "A", "nil", "RS2")
    assert counts.find_cell("ME", "2024", "reported")["value"] == 0
    assert not counts.has_cell("ME", "2025-Q1", "reported")  # a year is never divided, and a quarter was not expected


def test_year_of_the_office_is_preferred_and_a_difference_is_kept(counts: Counts) -> None:
    year = counts.find_cell("RS", "2025", "reported")
    assert (year["value"], year["basis"], year["submission_ids"]) == (21, "reported", "RSA")
    quarters = counts.find_cell("RS", "2025", "indicted")
    assert (quarters["value"], quarters["basis"], quarters["flags"]) == (6, "derived_quarters", "nil")
    difference = counts.read_table("mart_annual_difference").filter(offence="_T").row(0, named=True)
    assert (difference["own_value"], difference["quarters_value"], difference["difference"]) == (21, 20, 1)


def test_the_newest_block_counts(counts: Counts) -> None:
    assert counts.find_cell("RS", "2025-Q1", "reported")["value"] == 8


def test_a_territory_of_parts_needs_all_of_them(counts: Counts) -> None:
    whole = counts.find_cell("BA", "2025-Q1", "indicted")
    assert (whole["value"], whole["n_reported"], whole["n_expected"]) == (3, 3, 3)
    assert whole["reporters"] == "BA_BRC,BA_FED,BA_STATE"
    lacking = counts.find_cell("BA", "2025-Q4", "indicted")
    assert (lacking["value"], lacking["obs_status"], lacking["n_reported"]) == (None, "O", 2)
    assert counts.find_cell("BA", "2025", "indicted")["value"] is None
    assert counts.find_cell("BA_STATE", "2025", "indicted")["value"] == 4


def test_person_taken_over_and_counted_again_counts_once(counts: Counts) -> None:
    quiet, busy = (counts.find_cell("BA", q, "reported") for q in QUARTERS[:2])
    assert (quiet["value"], quiet["flags"], quiet["is_additive"]) == (8, "", False)
    assert (busy["value"], busy["flags"], busy["is_additive"]) == (6, "transfer_deducted", False)
    assert counts.find_cell("BA", "2025-Q2", "indicted")["is_additive"]


def test_return_for_the_whole_is_used_as_its_figure(counts: Counts) -> None:
    victims = {"level": "none", "victim_status": "identified", "exploitation": "_T"}
    total = counts.find_cell("BA", "2025", "victims_detected", **victims)
    assert (total["value"], total["reporters"], total["n_expected"]) == (13, "BA", 1)
    assert counts.find_cell("BA", "2025", "victims_detected", **{**victims, "exploitation": "multiple"})["value"] == 2
    assert counts.find_cell("BA", "2025", "victims_detected", **victims, sex="F")["value"] == 8


def test_region_lists_its_members(counts: Counts) -> None:
    region = counts.find_cell("WB", "2025-Q1", "reported")
    # AL 7, BA 8, HR 7, MK 2, RS 8, XK 3; ME counts years only, TT is for training
    assert region["value"] == 35
    assert region["reporters"] == "AL,BA,HR,MK,RS,XK"
    assert (region["n_reported"], region["n_expected"], region["flags"]) == (6, 7, "partial")


def test_pools_are_of_complete_years(counts: Counts) -> None:
    pool = counts.find_cell("ME", "2023-2025", "reported")
    assert (pool["value"], pool["freq"], pool["basis"]) == (15, "P3", "derived_years")
    assert counts.find_cell("WB", "2023-2025", "reported")["reporters"] == "ME"
    assert counts.frame.filter(freq="P5").is_empty()


def test_coverage_lists_returns_with_their_dates(counts: Counts) -> None:
    coverage = counts.read_table("mart_coverage")
    row = coverage.filter(source="MK_SSO", period="2025-Q4").row(0, named=True)
    assert (row["is_due"], row["is_reported"], row["is_on_time"]) == (True, False, None)
    assert coverage.filter(source="RS_SORS", period="2025-Q2").row(0, named=True)["is_nil"]


def test_population_is_carried_forward_with_a_flag(counts: Counts) -> None:
    population = counts.read_table("dim_population")
    row = population.filter(area="AL", year=2024).row(0, named=True)
    assert (row["population"], row["population_year"], row["is_carried_forward"]) == (2_400_000, 2023, True)
    assert not population.filter(area="AL", year=2025).row(0, named=True)["is_carried_forward"]


def test_the_unit_tests_of_the_models_pass(home: Home, counts: Counts) -> None:
    folders = ("facts", "intermediate", "marts")
    assert dbt.run_tests(home, counts.path, [f"test_type:unit,path:models/{f}" for f in folders]) >= 40


def test_build_with_a_column_of_another_type_fails_and_names_the_column(home: Home, counts: Counts) -> None:
    path = home.gathered / "territory.parquet"
    original = path.read_bytes()
    pl.read_parquet(path).with_columns(kind=pl.lit(1, dtype=pl.Int64)).write_parquet(path)
    try:
        with pytest.raises(dbt_runner.WarehouseError, match=r"stg_territory.*\| kind +\| BIGINT +\| VARCHAR"):
            dbt.build_counts(home)
    finally:
        path.write_bytes(original)
    assert count_builds.latest_counts(home) == counts.path
