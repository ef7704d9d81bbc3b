"""Earlier releases: what they published and hid, corrections, late reporters, and an intruder who tries every table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.publication.disclosure import earlier, lp, protect, risk, ties
from pipelines.publication.disclosure.problem import Views
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region, build_release, hidden_of
from tests.support.protecting import publish_all

AREAS = ("AA", "BB", "CC")
QUARTERS = tuple(f"2024-Q{quarter}" for quarter in (1, 2, 3, 4))


def hidden_cells(protected: pl.DataFrame) -> set[tuple[str, str]]:
    hidden = protected.filter(pl.col("conf_status") != "F")
    return set(hidden.select("area", "period").iter_rows())


def test_same_cells_keep_their_pattern_without_any_program(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    first = protect.hide_small_counts(cells).cells
    monkeypatch.delattr(protect, "protect_block")
    again = protect.hide_small_counts(cells, earlier=[earlier.record_release(cells, first["conf_status"])])
    assert again.cells.equals(first)
    assert again.report.count_cells()["hidden"] == 2


def test_leak_of_an_earlier_release_is_found_although_nothing_is_new(tmp_path: Path) -> None:
    """Subtract BB and CC from the region, as older software allowed; the same values do not hide that."""
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    leaking = earlier.record_release(cells, pl.Series(["A", "F", "F", "F"]))
    for _ in range(2):  # audited, then read from what was kept
        again = protect.hide_small_counts(cells, earlier=[leaking], cache=tmp_path)
        assert again.cells["conf_status"].to_list() == ["A", "F", "F", "F"]
        assert again.report.passed and again.report.count_cells()["revealed_before"] == 1


def test_leak_to_an_office_is_found_although_nothing_is_new() -> None:
    """BB subtracts its own hidden figure from the region, and is left with AA."""
    cells = build_release({"AA": 3, "BB": 40})
    leaking = earlier.record_release(cells, pl.Series(["A", "D", "F"]))

    def count_revealed(*, guards: bool) -> int:
        again = protect.hide_small_counts(cells, earlier=[leaking], guards_against_offices=guards)
        return again.report.count_cells()["revealed_before"]

    assert (count_revealed(guards=False), count_revealed(guards=True)) == (0, 1)


def test_repeated_pattern_is_audited_once_by_each_version_of_the_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    first = protect.hide_small_counts(cells, cache=tmp_path)
    released = [earlier.record_release(cells, first.cells["conf_status"])]
    audited: list[str] = []
    audit = protect._audit_repeated

    def note_audit(block: pl.DataFrame, **terms: Any) -> risk.BlockRisk:
        audited.append(terms["name"])
        return audit(block, **terms)

    monkeypatch.setattr(protect, "_audit_repeated", note_audit)
    for version, n_audits in (("the same", 0), ("another", 1), ("another", 1), ("a third", 2)):
        if version != "the same":
            monkeypatch.setattr(protect, "digest_code", lambda version=version: version)
        again = protect.hide_small_counts(cells, earlier=released, cache=tmp_path)
        assert again.cells.equals(first.cells) and again.report.count_cells() == first.report.count_cells()
        assert len(audited) == n_audits, version


def test_pattern_of_the_earlier_release_prevails_over_a_cheaper_one() -> None:
    """Hide CC as the other cell of AA, as an earlier release did, although BB would be cheaper."""
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    statuses = pl.Series(["A", "F", "D", "F"])
    released = earlier.record_release(cells, statuses)
    further = build_frame(build_cell("AA", 6, period="2023"), build_region(6, "AA", period="2023"))
    protected = protect.hide_small_counts(pl.concat([cells, further]), earlier=[released]).cells
    assert protected["conf_status"].to_list() == ["A", "F", "D", "F", "F", "F"]


def test_corrected_total_is_hidden_if_it_differs_by_a_small_count() -> None:
    counts = [{"AA": corrected, "BB": 40, "CC": 50} for corrected in (30, 31, 35)]
    first, second, third = publish_all(*map(build_release, counts))
    assert hidden_cells(first) == set()
    assert hidden_cells(second) == {("AA", "2024"), ("WB", "2024")}
    assert hidden_cells(third) == set()


def test_large_correction_hides_nothing() -> None:
    _, second = publish_all(
        build_release({"AA": 30, "BB": 40, "CC": 50}), build_release({"AA": 36, "BB": 40, "CC": 50})
    )
    assert hidden_cells(second) == set()


def test_late_reporter_is_not_the_difference_of_two_regional_totals() -> None:
    """CC's 3 persons are the difference of the region without and with CC, so the second total is hidden."""
    punctual = build_release({"AA": 30, "BB": 40})
    first, second = publish_all(punctual, build_release({"AA": 30, "BB": 40, "CC": 3}))
    assert hidden_cells(first) == set()
    assert hidden_cells(second) == {("CC", "2024"), ("WB", "2024")}


def test_year_does_not_reveal_the_quarter_that_was_hidden_alone() -> None:
    """Q1 was hidden while no other quarter was there; the year may not be published with three open quarters."""
    counts = {"2024-Q1": 3, "2024-Q2": 20, "2024-Q3": 30, "2024-Q4": 40}

    def build_quarters(number: int) -> list[dict[str, object]]:
        return [build_cell("AA", value, period=period) for period, value in list(counts.items())[:number]]

    editions = [build_frame(*build_quarters(number)) for number in (1, 2, 3)]
    year = build_frame(*build_quarters(4), build_cell("AA", 93))
    *_, third, fourth = publish_all(*editions, year)
    assert hidden_cells(third) == {("AA", "2024-Q1")}
    assert len(hidden_cells(fourth)) == 2
    assert hidden_cells(fourth) <= {("AA", "2024-Q1"), ("AA", "2024-Q4"), ("AA", "2024")}


def test_correction_elsewhere_does_not_move_the_pattern() -> None:
    """Hide the same cells of 2023 after a correction of 2024, though the pools tie both years."""
    before = build_release({"AA": 3, "BB": 40, "CC": 50}, "2023")
    pool = [
        build_cell(area, value, period="2023-2024", freq="P3") for area, value in (("AA", 43), ("BB", 80), ("CC", 100))
    ]
    first, second = publish_all(
        pl.concat([before, build_release({"AA": 40, "BB": 40, "CC": 50}), build_frame(*pool)]),
        pl.concat(
            [
                before,
                build_release({"AA": 40, "BB": 49, "CC": 50}),
                build_frame(pool[0], pool[1] | {"value": 89}, pool[2]),
            ]
        ),
    )
    of_2023 = {cell for cell in hidden_cells(first) if cell[1] == "2023"}
    assert {cell for cell in hidden_cells(second) if cell[1] == "2023"} == of_2023


def test_cells_that_earlier_releases_reveal_are_reported_and_do_not_block_the_next_one() -> None:
    """Two releases from before this protection reveal AA; the next one can still be published."""
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    leaking = [
        earlier.record_release(cells, pl.Series(["A", "D", "F", "F"])),
        earlier.record_release(cells, pl.Series(["A", "F", "D", "F"])),
    ]
    further = build_frame(build_cell("AA", 2, period="2023"), build_region(2, "AA", period="2023"))
    protection = protect.hide_small_counts(pl.concat([cells, further]), earlier=leaking)
    assert protection.report.passed
    assert protection.report.count_cells()["revealed_before"] == 1
    assert hidden_of(protection.cells)[-2:] == [True, True]


def test_release_without_stored_counts_is_read_from_its_public_cells() -> None:
    """Read hidden cells of an old release as unknown: those of unchanged places stay hidden."""
    cells = build_release({"AA": 3, "BB": 40, "CC": 50})
    public = protect.hide_small_counts(cells).cells.with_columns(
        pl.when(pl.col("conf_status") == "F").then(pl.lit("F")).otherwise(pl.lit("C")).alias("conf_status")
    )
    missing = build_frame(build_cell("DD", None, obs_status="O")).with_columns(pl.lit("F").alias("conf_status"))
    released = earlier.read_release(pl.concat([public, missing.select(public.columns)]))
    assert released.height == cells.height
    changed = pl.concat([cells, build_release({"AA": 7, "BB": 8, "CC": 9}, "2023")])
    again = protect.hide_small_counts(changed, earlier=[released]).cells
    assert hidden_cells(again) == hidden_cells(protect.hide_small_counts(cells).cells)


def test_earlier_figures_that_contradict_each_other_are_left_out() -> None:
    """Change a regional total, though no territory changed: an old figure must not stop the release."""
    cells = build_release({"AA": 30, "BB": 40, "CC": 3})
    old = cells.with_columns(pl.when(pl.col("area") == "WB").then(90.0).otherwise(pl.col("value")).alias("value"))
    released = earlier.record_release(old, pl.Series(["F", "D", "A", "F"]))
    assert protect.hide_small_counts(cells, earlier=[released]).report.passed


def build_decisions(counts: dict[str, float]) -> pl.DataFrame:
    return build_frame(*(build_cell("AA", value, measure=measure) for measure, value in counts.items()))


def test_corrected_decisions_are_linked_with_the_part_that_did_not_change() -> None:
    """Publish 20 decisions and 12 convictions first: the hidden acquittals are at most 8 since then."""
    before = {"adjudicated_first": 20, "convicted_first": 12, "acquitted": 3, "rejected": 5}
    released = earlier.record_release(build_decisions(before), pl.Series(["F", "F", "A", "D"]))
    now = build_decisions({**before, "adjudicated_first": 40, "convicted_first": 32}).with_row_index("_row")
    combined = ties.with_family(earlier.combine_releases(now, [released], threshold=5))
    acquitted = (combined["measure"] == "acquitted").to_numpy()
    assert combined["releases"].to_list()[:4] == ["now", "now", "0,now", "0,now"]
    hidden = combined["measure"].is_in(["acquitted", "rejected"]).to_numpy()
    hidden |= ((combined["measure"] == "adjudicated_first") & combined["_row"].is_not_null()).to_numpy()
    for view in (Views(combined).margins, Views(combined).leaves):
        intruder_knows = risk.find_published_rows(view, hidden)
        lower, upper = np.where(intruder_knows, view.values, 0.0), np.where(intruder_knows, view.values, np.inf)
        intruder = lp.Intruder(view.matrix, lower, upper, 10.0)
        (row,) = set(view.rows[acquitted].tolist())
        assert (intruder.find_bound(row, 1).value, intruder.find_bound(row, -1).value) == (0.0, 8.0)
