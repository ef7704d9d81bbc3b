"""Comparisons: one kind of change for every figure, four kinds of empty figures, and no pseudonyms."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.model.long_tables import CASE_EVENT, OBSERVATION
from pipelines.office import answers
from pipelines.office.answers.series import list_periods_before

BASE: dict[str, Any] = {
    "territory": "MK", "jurisdiction": "MK", "instrument": "justice", "source": "MK_SSO", "freq": "Q",
    "period": "2026-Q3",
    "period_start": dt.date(2026, 7, 1), "period_end": dt.date(2026, 9, 30), "accumulation": "discrete",
    "date_basis": "decision", "measure": "convicted_first", "level": "first", "count_unit": "person",
    "statistic": "count", "unit_measure": "NR", "offence": "ICCS0204", "law_article": "418-a", "person_type": "_T",
    "victim_status": "_Z", "sex": "_T", "age": "_T", "age_basis": "offence", "exploitation": "_Z", "citizenship": "_T",
    "sentence_type": "_Z", "sentence_band": "_Z", "partner": "_Z", "value": 1.0, "obs_status": "A", "conf_status": "F",
    "notes": None, "place": "Т-02!B10", "label": "words | more", "form": "MK-JUSTICE", "submission_id": "S1",
    "origin_submission_id": "S1",
}  # fmt: skip
NOTHINGS = {"missing": ("O", "F"), "not_applicable": ("M", "F"), "withheld": ("Q", "C")}
SEXES = ("M", "F", "_T", "_U")


def build_figures(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**BASE, **row} for row in rows], schema=OBSERVATION)


def build_empty(state: str, **more: Any) -> dict[str, Any]:
    status, conf = NOTHINGS[state]
    return {"value": None, "obs_status": status, "conf_status": conf, **more}


def test_kinds_and_differences() -> None:
    old = build_figures(
        {"sex": "M", "value": 3.0}, {"sex": "F", "value": 5.0, "place": "Т-02!C1"}, {"sex": "_T", "value": 8.0}
    )
    new = build_figures(
        {"sex": "M", "value": 13.0}, {"sex": "_T", "value": 8.0}, {"sex": "_U", "value": 2.0, "place": "Т-02!D1"}
    )
    changes = answers.list_changes(new, old)
    assert [(c.kind, c.key["sex"], c.difference) for c in changes] == [
        ("changed", "M", 10.0), ("withdrawn", "F", None), ("added", "_U", None),
    ]  # fmt: skip
    assert changes[0].place == "sheet Т-02, cell B10"
    assert changes[1].place is None
    assert changes[0].words.startswith("Convicted at first instance \u00b7 First instance")
    assert "Persons" in changes[0].words and "article 418-a" in changes[0].words
    assert answers.compare_versions(new, old).unchanged == 1


def test_figures_omitted_by_a_patch_are_unchanged() -> None:
    old, new = build_figures({"sex": "M"}, {"sex": "F"}), build_figures({"sex": "M"})
    assert answers.compare_versions(new, old, kind="patch") == answers.VersionComparison((), 2)
    assert [c.kind for c in answers.list_changes(new, old)] == ["withdrawn"]


def test_zero_missing_not_applicable_and_withheld_are_distinct() -> None:
    states: dict[str, dict[str, Any]] = {"zero": {"value": 0.0}, **{name: build_empty(name) for name in NOTHINGS}}
    for was, old in states.items():
        for now, new in states.items():
            changes = answers.list_changes(build_figures(new), build_figures(old))
            if was == now:
                assert changes == []
                continue
            (change,) = changes
            assert (change.kind, change.old and change.old.state, change.new and change.new.state) == (
                "changed",
                was,
                now,
            )
            assert change.difference is None
    words = {answers.list_changes(build_figures(new), build_figures())[0].new.words for new in states.values()}  # type: ignore[union-attr]
    assert words == {"0", "Missing", "Not applicable", "Withheld"}


CELL = st.one_of(
    st.integers(0, 50).map(lambda v: {"value": float(v)}),
    st.sampled_from(sorted(NOTHINGS)).map(lambda name: build_empty(name)),
)
VERSION = st.dictionaries(st.tuples(st.sampled_from(SEXES), st.sampled_from(("2026-Q2", "2026-Q3"))), CELL)


def rows_of(version: dict[tuple[str, str], dict[str, Any]]) -> pl.DataFrame:
    return build_figures(*({"sex": sex, "period": period, **cell} for (sex, period), cell in version.items()))


@given(VERSION, VERSION)
def test_every_figure_has_one_kind_of_change(new: dict[Any, Any], old: dict[Any, Any]) -> None:
    comparison = answers.compare_versions(rows_of(new), rows_of(old))
    kinds = {(c.key["sex"], c.key["period"]): c.kind for c in comparison.changes}
    assert len(kinds) == len(comparison.changes)
    for key in new.keys() | old.keys():
        expected = "added" if key not in old else "withdrawn" if key not in new else None
        if expected is None:
            expected = "changed" if new[key] != old[key] else None
        assert kinds.get(key) == expected
    assert comparison.unchanged == sum(new[k] == old[k] for k in new.keys() & old.keys())
    sizes = [abs(c.difference) for c in comparison.changes if c.difference is not None]
    assert sizes == sorted(sizes, reverse=True)


@given(VERSION, VERSION)
def test_swapped_versions_give_the_opposite_changes(new: dict[Any, Any], old: dict[Any, Any]) -> None:
    opposite_kinds = {"added": "withdrawn", "withdrawn": "added", "changed": "changed"}
    forward = answers.compare_versions(rows_of(new), rows_of(old))
    backward = answers.compare_versions(rows_of(old), rows_of(new))

    def list_changes(comparison: answers.VersionComparison, turned: bool) -> set[tuple[Any, ...]]:
        sign = -1 if turned else 1
        return {
            (c.key["sex"], c.key["period"], opposite_kinds[c.kind] if turned else c.kind,
             None if c.difference is None else sign * c.difference)
            for c in comparison.changes
        }  # fmt: skip

    assert list_changes(forward, turned=False) == list_changes(backward, turned=True)


# ------------------------------------------------------------------------------------------------------------ quarters


def test_periods_before() -> None:
    assert list_periods_before("2026-Q2", 4) == ["2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1"]
    assert list_periods_before("2026", 3) == ["2023", "2024", "2025"]


@given(st.integers(2000, 2030), st.integers(1, 4), st.integers(1, 40))
def test_periods_before_run_without_a_gap(year: int, quarter: int, count: int) -> None:
    periods = [*list_periods_before(f"{year}-Q{quarter}", count), f"{year}-Q{quarter}"]
    numbers = [int(p[:4]) * 4 + int(p[-1]) - 1 for p in periods]
    assert numbers == list(range(numbers[-1] - count, numbers[-1] + 1))


def test_twelve_quarters_with_gaps_and_revisions() -> None:
    history = build_figures(
        {"period": "2025-Q3", "value": 4.0, "submission_id": "S0"},
        {"period": "2025-Q3", "value": 6.0, "submission_id": "S2"},
        {"period": "2026-Q1", "value": 0.0},
        build_empty("withheld", period="2026-Q2"),
        {"period": "2026-Q2", "sex": "M", "value": 99.0},
    )
    (series,) = answers.find_earlier_values(build_figures({"value": 7.0}), history)
    assert [p.period for p in series.points] == list_periods_before("2026-Q3", 12)
    states = {p.period: p.shown.state for p in series.points if p.shown is not None}
    assert states == {"2025-Q3": "number", "2026-Q1": "zero", "2026-Q2": "withheld"}
    assert series.gaps == ("2025-Q4",)
    revised = next(p for p in series.points if p.period == "2025-Q3")
    assert revised.revised
    assert (revised.shown and revised.shown.value, [s.value for s in revised.before]) == (6.0, [4.0])
    assert series.now.words == "7"


def test_last_accepted_vintage_is_used() -> None:
    history = build_figures({"period": "2026-Q2", "value": 2.0}, {"period": "2026-Q2", "value": 1.0})
    history = history.with_columns(accepted_at=pl.Series(["2026-08-02", "2026-08-01"]))
    (series,) = answers.find_earlier_values(build_figures({"value": 7.0}), history, periods=1)
    assert series.points[0].shown is not None
    assert series.points[0].shown.value == 2.0


# ----------------------------------------------------------------------------------------------------------- registers

EVENT: dict[str, Any] = {
    "territory": "HR", "jurisdiction": "HR", "source": "HR_MPU", "freq": "Q", "period": "2026-Q3", "proceeding": "P-1",
    "person": "X-1", "event": "indicted", "level": "_Z", "event_date": dt.date(2026, 8, 1),
    "cutoff_date": dt.date(2026, 9, 30), "offence": "ICCS0204", "law_article": "106", "sex": "M", "age": "Y_GE18",
    "sentence_type": None, "sentence_months": None, "place": "line 4 column 8", "form": "HR-REGISTER",
    "submission_id": "S1", "origin_submission_id": "S1",
}  # fmt: skip


def build_events(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**EVENT, **row} for row in rows], schema=CASE_EVENT)


def test_registers_are_compared_in_counts() -> None:
    old = build_events({}, {"person": "X-2"}, {"proceeding": "P-2", "person": "X-3"})
    new = build_events(
        {}, {"event": "convicted_first", "level": "first", "event_date": dt.date(2026, 9, 1)},
        {"person": "X-2", "sex": "F"}, {"proceeding": "P-9", "person": "X-9"},
    )  # fmt: skip
    changes = answers.register_changes(new, old)
    assert (changes.proceedings_added, changes.proceedings_withdrawn) == (1, 1)
    assert (changes.persons_added, changes.persons_withdrawn, changes.persons_changed) == (1, 1, 2)
    assert (changes.events_added, changes.events_withdrawn, changes.events_unchanged) == (2, 1, 2)
    assert [(e.event, e.old, e.new) for e in changes.by_event] == [("convicted_first", 0, 1), ("indicted", 3, 3)]


def test_comparison_of_registers_has_no_pseudonyms() -> None:
    old = build_events({"person": "SECRET-1", "proceeding": "SECRET-2"})
    new = build_events({"person": "SECRET-3", "proceeding": "SECRET-4"})
    assert "SECRET" not in repr(answers.register_changes(new, old))


def test_the_same_register_is_unchanged() -> None:
    same = build_events({}, {"person": "X-2"})
    changes = answers.register_changes(same, same)
    assert (changes.persons_changed, changes.events_added, changes.events_withdrawn, changes.events_unchanged) == (
        0,
        0,
        0,
        2,
    )
