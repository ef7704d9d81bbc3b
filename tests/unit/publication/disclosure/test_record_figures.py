"""Counts of sentences next to quartiles from case records: what a reader of both finds, with planted leaks."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from pipelines.publication.disclosure import earlier, protect, reader_risk, readers, record_figures
from pipelines.publication.disclosure.record_figures import (
    Inequality,
    ReleasedRecordFigures,
    limit_stocks,
    list_inequalities,
)
from tests.support.fakes.disclosure_cells import build_cell, build_frame

BANDS = ("M0T24", "M24T60", "M60T120")
PLACE = ("AA", "2024", "sentenced_first", "TIP")
ROWS = {(*PLACE, "_T", "_T"): 0, (*PLACE, "prison", "_T"): 1} | {
    (*PLACE, "prison", band): number for number, band in enumerate(BANDS, start=2)
}


NOTHING_PENDING = pl.DataFrame(
    schema=dict.fromkeys(("area", "stage", "offence_group", "statistic", "n_band"), pl.String) | {"as_at": pl.Date}
)


def build_sentences(*figures: tuple[str, float | None, str]) -> pl.DataFrame:
    rows: list[dict[str, Any]] = [
        {"area": "AA", "offence_group": "TIP", "level": "first", "period": "2024"}
        | {"statistic": statistic, "value": value, "n_band": band}
        for statistic, value, band in figures
    ]
    return pl.DataFrame(rows, schema_overrides={"value": pl.Float64})


def find_results(lengths: tuple[int, int, int], sentences: pl.DataFrame | None) -> dict[str, str]:
    """Return what the public finds of lengths that are all withheld, next to their published total."""
    of_sentences = {"measure": "sentenced_first", "table_id": "t"}
    cells = build_frame(
        build_cell("AA", sum(lengths) + 20, **of_sentences),
        build_cell("AA", sum(lengths), sentence_type="prison", **of_sentences),
        *(
            build_cell("AA", value, sentence_type="prison", sentence_band=band, **of_sentences)
            for band, value in zip(BANDS, lengths, strict=True)
        ),
    )
    release = earlier.record_release(cells, pl.Series(["F", "F", "D", "D", "A"]))
    figures = None if sentences is None else ReleasedRecordFigures(sentences, NOTHING_PENDING)
    results = reader_risk.assess_release(release, [], readers.find_reader(release, "public"), figures)
    return dict(results.select("sentence_band", "result").iter_rows())


def test_quartile_bounds_the_bands_below_and_above_it() -> None:
    inequalities = list(list_inequalities(ROWS, build_sentences(("p75", 36.0, "10-19"))))
    assert inequalities == [
        Inequality({1: 1}, 10),
        Inequality({1: 3, 2: -4}, 0),
        Inequality({1: 1, 2: -1}, 5),
        Inequality({1: 1, 4: -4}, 0),
        Inequality({1: 1, 4: -1}, 5),
    ]


def test_open_cases_at_the_end_of_a_year_bound_its_closing_stock() -> None:
    rows = {("AA", "2024", "pending_first", "TIP", "_T", "_T"): 7}
    pending = pl.DataFrame(
        [("AA", "first", "TIP", "p75", "10-19", day) for day in (date(2024, 12, 31), date(2025, 9, 30))],
        schema=NOTHING_PENDING.schema, orient="row",
    )  # fmt: skip
    assert list(limit_stocks(rows, pending)) == [Inequality({7: 1}, 10), Inequality({7: -1}, -19)]


def test_size_of_a_share_bounds_the_total_on_both_sides() -> None:
    figures = build_sentences(("custodial_share", None, "20-49"), ("below_minimum", 10.0, "10-19"))
    assert list(list_inequalities(ROWS, figures)) == [Inequality({0: 1}, 20), Inequality({0: -1}, -49)]
    assert list(list_inequalities(ROWS, build_sentences(("custodial_share", None, "500+")))) == [
        Inequality({0: 1}, 500)
    ]


def test_quartiles_within_the_rule_leave_three_values_of_each_length() -> None:
    sentences = build_sentences(("p25", 18.0, "10-19"), ("median", 24.0, "10-19"), ("p75", 36.0, "10-19"))
    assert set(find_results((6, 4, 2), sentences).values()) == {"protected"}


def test_audit_finds_a_count_that_a_quartile_of_too_few_persons_narrows() -> None:
    """Plant a quartile that the rule forbids: at most one of six sentences is longer than it."""
    lengths = (3, 2, 1)
    assert find_results(lengths, None)["M60T120"] == "protected"
    results = find_results(lengths, build_sentences(("p75", 36.0, "1-9")))
    assert results["M60T120"] == "narrow"


def test_figure_of_other_persons_is_left_out() -> None:
    """Leave out a quartile that the counts contradict, instead of reporting that they contradict each other."""
    sentences = build_sentences(("p25", 130.0, "100-199"))
    assert set(find_results((6, 4, 2), sentences).values()) == {"protected"}


def test_protection_leaves_three_values_next_to_a_quartile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protect lengths next to a quartile that narrows one of them, with it and without it."""
    of_sentences = {"measure": "sentenced_first", "table_id": "t"}
    cells = build_frame(
        build_cell("AA", 40, **of_sentences),
        build_cell("AA", 6, sentence_type="prison", **of_sentences),
        *(
            build_cell("AA", value, sentence_type="prison", sentence_band=band, **of_sentences)
            for band, value in zip(BANDS, (3, 2, 1), strict=True)
        ),
    )
    monkeypatch.setattr(record_figures, "MINIMUM_SIDE", 0)
    figures = ReleasedRecordFigures(build_sentences(("p75", 36.0, "1-9")), NOTHING_PENDING)
    for protected_with, results in ((None, {"narrow", "protected"}), (figures, {"protected"})):
        protected = protect.hide_small_counts(cells, figures=protected_with, guards_against_offices=False)
        assert protected.report.passed
        release = earlier.record_release(cells, protected.cells["conf_status"])
        audited = reader_risk.assess_release(release, [], readers.find_reader(release, "public"), figures)
        assert set(audited["result"]) == results
