"""Tests of the lookups in a release: the year that pages open in, figures of the region, breaks, ratios."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.support.editions import make_edition, make_ratio, make_total, make_window


def test_pages_open_in_the_newest_year_in_which_most_territories_can_be_compared() -> None:
    totals = [make_total("WB", period, 100.0) for period in ("2024", "2025", "2026-Q3")]
    windows = [
        make_window("2026-Q3", is_most=False, is_default=False),
        make_window("2024", is_most=True, is_default=True),
    ]
    edition = make_edition(total=totals, window=windows)
    assert edition.list_periods("TIP", "A") == ["2024", "2025"]
    assert edition.choose_year("TIP") == "2024"


def test_pages_open_in_the_newest_year_without_a_period_to_compare() -> None:
    edition = make_edition(total=[make_total("WB", period, 100.0) for period in ("2024", "2025")])
    assert edition.choose_year("TIP") == "2025"
    assert edition.has_crime("TIP") and not edition.has_crime("SOM")


def test_no_figure_of_the_region_is_found_from_three_territories() -> None:
    edition = make_edition(
        total=[make_total("WB", "2024", 100.0), make_total("WB", "2025", 100.0, reporters="AA,BB,CC")]
    )
    row = edition.find_regional("TIP", "convicted_first", "2024")
    assert row is not None and row["value"] == 100.0
    assert edition.find_regional("TIP", "convicted_first", "2025") is None
    assert edition.find_regional("TIP", "convicted_first", "2026") is None


def test_breaks_of_the_region_are_those_of_its_members_and_their_parts() -> None:
    def make_break(area: str, year: int, **changes: object) -> dict[str, object]:
        day = date(year, 7, 1)
        row = {
            "area": area,
            "first_day": day,
            "last_day": day,
            "offence_group": "",
            "measure": "",
            "level": "",
            "code": "x",
        }
        return row | changes

    cell = make_total("WB", "2025", 100.0, reporters="AA,BB,CC")
    rows = [
        make_break("AA_X", 2024),
        make_break("BB", 2019),
        make_break("DD", 2024),
        make_break("CC", 2024, offence_group="SOM"),
        make_break("CC", 2024, measure="indicted"),
    ]
    edition = make_edition(**{"break": rows})
    assert edition.find_breaks("WB", "TIP", "2024", "2025", cell) == rows[:1]
    assert edition.find_breaks("AA", "TIP", "2024", "2025", cell) == rows[:1]
    assert edition.find_breaks("WB", "TIP", "2024", "2025", None) == []


def test_recommended_version_of_a_ratio_is_found_or_that_of_the_same_period() -> None:
    def make_ratio(area: str, version: str, *, is_default: bool) -> dict[str, object]:
        return {
            "metric": "m",
            "offence_group": "TIP",
            "period": "2025",
            "area": area,
            "version": version,
            "is_default": is_default,
        }

    edition = make_edition(
        stage_ratio=[
            make_ratio("AA", "lagged", is_default=True),
            make_ratio("AA", "same_period", is_default=False),
            make_ratio("BB", "cohort", is_default=False),
            make_ratio("BB", "same_period", is_default=False),
        ]
    )
    versions = {area: row["version"] for area, row in edition.find_ratios("m", "TIP", "2025").items()}
    assert versions == {"AA": "lagged", "BB": "same_period"}
    assert edition.list_ratio_years("m", "TIP") == [], "a year that is not over for the region is not listed"


def test_withheld_ratio_of_the_region_is_found_as_it_was_released() -> None:
    """Check that counts with other territories change nothing: the release has compared them."""
    hidden = make_ratio("WB", "2025", value=None, obs_status="Q", conf_status="C", state="withheld", flags="partial")
    totals = [
        make_total("WB", "2025", None, obs_status="Q", conf_status="C", state="withheld"),
        make_total("WB", "2025", 90.0, measure="indicted", level="", reporters="AA,BB,DD"),
    ]
    operands = [
        {"metric": hidden["metric"], "measure": measure, "level": ""} for measure in ("convicted_first", "indicted")
    ]
    edition = make_edition(stage_ratio=[hidden], total=totals, metric_operand=operands)
    assert edition.find_ratios(hidden["metric"], "TIP", "2025")["WB"] == hidden


class CountedRow(dict[str, Any]):
    """Row that counts how often a field of any row is read."""

    reads = 0

    def __getitem__(self, name: str) -> Any:
        CountedRow.reads += 1
        return super().__getitem__(name)


def test_rows_of_a_year_are_selected_without_reading_those_of_other_years() -> None:
    def count_reads(n_years: int) -> int:
        rows: list[dict[str, Any]] = [
            CountedRow(offence_group=crime, year=year, territory=area)
            for year in range(2025 - n_years, 2025)
            for area in ("AA", "BB")
            for crime in ("TIP", "SOM")
        ]
        edition = make_edition(cooperation=rows)
        CountedRow.reads = 0
        for year in range(2025 - n_years, 2025):
            of_year = edition.list_rows_of_crime("cooperation", "TIP", year)
            assert of_year == [row for row in rows if row.items() >= {"offence_group": "TIP", "year": year}.items()]
            assert year in edition.list_years_of_crime("cooperation", "TIP")
        reads = CountedRow.reads
        assert edition.list_rows_of_crime("cooperation", "SOM") == [
            row for row in rows if row.get("offence_group") == "SOM"
        ]
        assert edition.list_rows_of_crime("cooperation", "SOM", 2025) == []
        return reads

    assert count_reads(100) <= 10 * count_reads(10)
