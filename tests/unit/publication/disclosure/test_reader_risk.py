"""Audits of a release as its readers see it: the public, territories, and offices of one territory."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from pipelines.core import codes
from pipelines.publication.disclosure import earlier, protect, reader_risk, readers, risk, space, witnesses
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region


def record_release(rows: pl.DataFrame, hidden: str) -> pl.DataFrame:
    """Return a release that withholds the cells of some areas; `rows` have the true counts."""
    statuses = pl.Series(["D" if area in hidden.split() else "F" for area in rows["area"]])
    return earlier.record_release(rows, statuses)


REGION = record_release(
    build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC")), "AA BB"
)


def find_results(release: pl.DataFrame, name: str, *before: pl.DataFrame) -> dict[str, str]:
    results = reader_risk.assess_release(release, before, readers.find_reader(release, name))
    return dict(results.select("area", "result").iter_rows())


@pytest.mark.parametrize(
    ("reader", "results"),
    [
        ("public", {"AA": "protected", "BB": "protected"}),
        ("CC", {"AA": "protected", "BB": "protected"}),
        ("AA", {"BB": "disclosed"}),
        ("BB", {"AA": "disclosed"}),
    ],
)
def test_territory_subtracts_its_own_figure_from_the_region(reader: str, results: dict[str, str]) -> None:
    assert find_results(REGION, reader) == results


def test_reader_of_printed_annual_totals_subtracts_them_from_the_region() -> None:
    assert find_results(REGION, "printed") == {"AA": "disclosed"}
    assert find_results(record_release(REGION.drop("is_published"), "AA WB"), "printed") == {
        "AA": "protected", "WB": "protected"
    }  # fmt: skip


@pytest.mark.parametrize("names", [("public", "CC", "printed", "AA", "BB", "public"), ("BB", "printed", "AA", "CC")])
def test_populations_found_for_one_reader_do_not_protect_from_another(names: tuple[str, ...]) -> None:
    assessment = reader_risk.ReleaseAssessment(REGION, [])
    for name in names:
        results = assessment.assess_reader(readers.find_reader(REGION, name))
        assert dict(results.select("area", "result").iter_rows()) == find_results(REGION, name)


def test_reader_of_other_publishers_subtracts_what_they_state() -> None:
    of_bb = REGION.filter(pl.col("area") == "BB").select(codes.CELL_KEY)
    assessment = reader_risk.ReleaseAssessment(REGION, [], elsewhere=of_bb)
    for name, expected in (("elsewhere", {"AA": "disclosed"}), ("public", {"AA": "protected", "BB": "protected"})):
        results = assessment.assess_reader(readers.find_reader(REGION, name))
        assert dict(results.select("area", "result").iter_rows()) == expected


def test_three_withheld_territories_protect_each_from_the_others() -> None:
    rows = build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC"))
    release = record_release(rows, "AA BB CC")
    assert find_results(release, "BB") == {"AA": "protected", "CC": "protected"}


def test_offices_of_one_territory_know_their_own_figures_together() -> None:
    """Subtract two of three jurisdictions from the total of their territory."""
    parts = [build_cell(f"A{i}", value, kind="jurisdiction", territory="AA") for i, value in enumerate((3, 6, 9))]
    release = record_release(build_frame(*parts, build_cell("AA", 18)), "A0 A1 A2")
    assert find_results(release, "A1") == {"A0": "protected", "A2": "protected"}
    assert find_results(release, "A1+A2") == {"A0": "disclosed"}
    assert find_results(release, "AA") == {}


def test_earlier_release_is_known_to_every_reader() -> None:
    rows = build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC"))
    assert find_results(record_release(rows, "AA CC"), "public", REGION) == {"AA": "disclosed"}


@pytest.mark.parametrize("reader", ["public", "AA", "BB", "CC", "DD"])
def test_small_counts_can_be_protected_from_each_territory(reader: str) -> None:
    """Protect quarters, which no office prints."""
    counts = {"AA": 3, "BB": 40, "CC": 50, "DD": 2}
    quarter = "2024-Q1"
    cells = build_frame(
        *(build_cell(area, value, period=quarter) for area, value in counts.items()),
        build_region(95, "AA,BB,CC,DD", period=quarter),
    )
    protected = protect.hide_small_counts(cells, guards_against_offices=True).cells
    assert protected["conf_status"].to_list() == ["A", "D", "F", "A", "F"]
    assert set(find_results(earlier.record_release(cells, protected["conf_status"]), reader).values()) <= {"protected"}
    without = protect.hide_small_counts(cells, guards_against_offices=False).cells
    assert without["conf_status"].to_list() == ["A", "F", "F", "A", "F"]


def test_small_counts_can_be_protected_from_two_offices_of_one_territory() -> None:
    parts = [build_cell(f"A{i}", value, kind="jurisdiction", territory="AA") for i, value in enumerate((3, 6, 9, 12))]
    cells = build_frame(*parts, build_cell("AA", 30))
    protected = protect.hide_small_counts(cells, guards_against_offices=True).cells
    release = earlier.record_release(cells, protected["conf_status"])
    for pair in combinations(("A1", "A2", "A3"), 2):
        assert find_results(release, "+".join(pair))["A0"] == "protected"
    without = protect.hide_small_counts(cells, guards_against_offices=False).cells
    alone = earlier.record_release(cells, without["conf_status"])
    assert any(find_results(alone, f"A{i}").get("A0") == "disclosed" for i in (1, 2, 3))


def test_reader_without_figures_is_rejected_with_those_that_have_some() -> None:
    with pytest.raises(readers.UnknownReaderError, match="ZZ reports nothing; reporters are AA, BB, CC"):
        readers.find_reader(REGION, "AA+ZZ")


def test_results_are_counted_by_year_with_small_counts() -> None:
    results = reader_risk.assess_release(REGION, [], readers.find_reader(REGION, "BB"))
    assert reader_risk.count_results(results).to_dicts() == [
        {"year": "2024", "hidden": 1, "disclosed": 1, "narrow": 0, "unknown": 0, "small": 1}
    ]


def test_results_are_counted_by_table() -> None:
    results = reader_risk.assess_release(REGION, [], readers.find_reader(REGION, "BB"))
    assert reader_risk.count_results(results, "table").select("table", "disclosed").rows() == [("area_year", 1)]


def test_refresh_audits_every_insider_and_reports_what_fails() -> None:
    """Hide two of three territories: each can subtract its own figure, and the public cannot."""
    cells = build_frame(build_cell("AA", 3), build_cell("BB", 2), build_cell("CC", 50), build_region(55, "AA,BB,CC"))
    view = space.build_space(cells)
    hidden = np.array([True, True, False, False])
    populations = witnesses.Witnesses(view, risk.find_population(view), risk.find_published_rows(view, hidden))
    report = risk.assess_readers(
        view, hidden, hidden, readers.list_readers(cells), populations, name="three territories", width=2
    )
    assert report.failed_rows == ()
    assert report.to_insiders == (("AA", int(view.rows[1])), ("BB", int(view.rows[0])))
    assert not report.passed
