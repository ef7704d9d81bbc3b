"""Audits of cooperation as its readers see it: the public, partners of requests, and offices without any."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.publication.cooperation import cells, earlier, equations, protect, reader_risk
from pipelines.publication.disclosure.reader_risk import count_results
from tests.support.fakes import cooperation_world as world


def _record(hidden: str, **values: int) -> pl.DataFrame:
    """Return a release with requests of AA by partner, some of them withheld; `TOTAL` are those of all partners."""
    rows = [
        world.make_row("AA", 2025, "outgoing", "_T" if name == "TOTAL" else name, cells.REGISTERED, value)
        for name, value in values.items()
    ]
    chosen = cells.select_cells(pl.DataFrame(rows, schema=world.SCHEMA))
    is_hidden = pl.col("partner").is_in(hidden.split())
    return earlier.record_release(
        chosen.with_columns(conf_status=pl.when(is_hidden).then(pl.lit("A")).otherwise(pl.lit("F")))
    )


LEAK = _record("BB OTHER", BB=9, OTHER=3, TOTAL=12)
"""The total is published, so each of the two partners can subtract its own requests from it."""


def _find_results(release: pl.DataFrame, name: str, *before: pl.DataFrame) -> dict[str, str]:
    results = reader_risk.assess_release(release, before, equations.find_partner(release, name))
    return dict(results.select("partner", "result").iter_rows())


@pytest.mark.parametrize(
    ("reader", "results"),
    [
        ("public", {"BB": "protected", "OTHER": "protected"}),
        ("CC_STATE", {"BB": "protected", "OTHER": "protected"}),
        ("BB", {"OTHER": "disclosed"}),
        ("OTHER", {"BB": "disclosed"}),
        ("AA", {}),
        ("BB+OTHER", {}),
    ],
)
def test_partner_subtracts_its_own_requests_from_the_total(reader: str, results: dict[str, str]) -> None:
    assert _find_results(LEAK, reader) == results


def test_populations_found_for_one_reader_do_not_protect_from_another() -> None:
    assessment = reader_risk.CooperationAssessment(LEAK, [])
    for name in ("public", "BB", "CC_STATE", "OTHER", "AA", "public"):
        results = assessment.assess_reader(equations.find_partner(LEAK, name))
        assert dict(results.select("partner", "result").iter_rows()) == _find_results(LEAK, name)


def test_earlier_release_is_subtracted_too() -> None:
    """Withhold a total that an earlier release published; readers have kept it."""
    now = _record("BB OTHER _T", BB=9, OTHER=3, TOTAL=12)
    assert _find_results(now, "BB") == {"OTHER": "protected", "_T": "protected"}
    assert _find_results(now, "BB", LEAK) == {"OTHER": "disclosed"}


def test_results_are_counted_by_year_with_small_counts() -> None:
    results = reader_risk.assess_release(LEAK, [], equations.find_partner(LEAK, "BB"))
    assert count_results(results).to_dicts() == [
        {"year": "2025", "hidden": 1, "disclosed": 1, "narrow": 0, "unknown": 0, "small": 1}
    ]
    assert count_results(results, "table")["table"].to_list() == [cells.PARTNERS]


def test_small_outcomes_by_partner_are_assessed_although_no_release_shows_them() -> None:
    release = earlier.record_release(protect.protect_cooperation(cells.select_cells(world.draw_figures(1))).cells)
    results = reader_risk.assess_release(release, [], equations.find_partner(release, "AA"))
    outcomes = results.filter(table=reader_risk.NOT_PUBLISHED)
    assert outcomes.height > 0 and outcomes["value"].is_between(1, 4).all()
    assert results.filter(pl.col("result") != "protected", pl.col("value").is_between(1, 4)).is_empty()
