"""Comparisons: every figure in one kind, four kinds of nothing apart, no person named."""

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


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**BASE, **row} for row in rows], schema=OBSERVATION)


def nothing(state: str, **more: Any) -> dict[str, Any]:
    status, conf = NOTHINGS[state]
    return {"value": None, "obs_status": status, "conf_status": conf, **more}


def test_kinds_and_differences() -> None:
    old = frame({"sex": "M", "value": 3.0}, {"sex": "F", "value": 5.0, "place": "Т-02!C1"}, {"sex": "_T", "value": 8.0})
    new = frame(
        {"sex": "M", "value": 13.0}, {"sex": "_T", "value": 8.0}, {"sex": "_U", "value": 2.0, "place": "Т-02!D1"}
    )
    made = answers.list_changes(new, old)
    assert [(c.kind, c.key["sex"], c.difference) for c in made] == [
        ("changed", "M", 10.0), ("withdrawn", "F", None), ("added", "_U", None),
    ]  # fmt: skip
    assert made[0].place == "sheet Т-02, cell B10"
    assert made[1].place is None
    assert made[0].words.startswith("Convicted, first instance \u00b7 First instance")
    assert "Persons" in made[0].words and "article 418-a" in made[0].words
    assert answers.compare_versions(new, old).unchanged == 1


def test_what_a_patch_leaves_out_is_unchanged() -> None:
    old, new = frame({"sex": "M"}, {"sex": "F"}), frame({"sex": "M"})
    assert answers.compare_versions(new, old, kind="patch") == answers.Comparison((), 2)
    assert [c.kind for c in answers.list_changes(new, old)] == ["withdrawn"]


def test_zero_missing_not_applicable_and_withheld_are_four_things() -> None:
    states: dict[str, dict[str, Any]] = {"zero": {"value": 0.0}, **{name: nothing(name) for name in NOTHINGS}}
    for was, old in states.items():
        for now, new in states.items():
            made = answers.list_changes(frame(new), frame(old))
            if was == now:
                assert made == []
                continue
            (change,) = made
            assert (change.kind, change.old and change.old.state, change.new and change.new.state) == (
                "changed",
                was,
                now,
            )
            assert change.difference is None
    words = {answers.list_changes(frame(new), frame())[0].new.words for new in states.values()}  # type: ignore[union-attr]
    assert words == {"0", "Missing", "Not applicable", "Withheld"}


CELL = st.one_of(
    st.integers(0, 50).map(lambda v: {"value": float(v)}),
    st.sampled_from(sorted(NOTHINGS)).map(lambda name: nothing(name)),
)
VERSION = st.dictionaries(st.tuples(st.sampled_from(SEXES), st.sampled_from(("2026-Q2", "2026-Q3"))), CELL)


def rows_of(version: dict[tuple[str, str], dict[str, Any]]) -> pl.DataFrame:
    return frame(*({"sex": sex, "period": period, **cell} for (sex, period), cell in version.items()))


@given(VERSION, VERSION)
def test_every_figure_is_in_one_kind(new: dict[Any, Any], old: dict[Any, Any]) -> None:
    made = answers.compare_versions(rows_of(new), rows_of(old))
    kinds = {(c.key["sex"], c.key["period"]): c.kind for c in made.changes}
    assert len(kinds) == len(made.changes)
    for key in new.keys() | old.keys():
        expected = "added" if key not in old else "withdrawn" if key not in new else None
        if expected is None:
            expected = "changed" if new[key] != old[key] else None
        assert kinds.get(key) == expected
    assert made.unchanged == sum(new[k] == old[k] for k in new.keys() & old.keys())
    sizes = [abs(c.difference) for c in made.changes if c.difference is not None]
    assert sizes == sorted(sizes, reverse=True)


@given(VERSION, VERSION)
def test_backwards_it_is_the_other_way_round(new: dict[Any, Any], old: dict[Any, Any]) -> None:
    other = {"added": "withdrawn", "withdrawn": "added", "changed": "changed"}
    there = answers.compare_versions(rows_of(new), rows_of(old))
    back = answers.compare_versions(rows_of(old), rows_of(new))

    def told(made: answers.Comparison, turned: bool) -> set[tuple[Any, ...]]:
        sign = -1 if turned else 1
        return {
            (c.key["sex"], c.key["period"], other[c.kind] if turned else c.kind,
             None if c.difference is None else sign * c.difference)
            for c in made.changes
        }  # fmt: skip

    assert told(there, turned=False) == told(back, turned=True)


# ------------------------------------------------------------------------------------------------------------ quarters


def test_periods_before() -> None:
    assert list_periods_before("2026-Q2", 4) == ["2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1"]
    assert list_periods_before("2026", 3) == ["2023", "2024", "2025"]


@given(st.integers(2000, 2030), st.integers(1, 4), st.integers(1, 40))
def test_periods_before_run_without_a_gap(year: int, quarter: int, count: int) -> None:
    made = [*list_periods_before(f"{year}-Q{quarter}", count), f"{year}-Q{quarter}"]
    numbers = [int(p[:4]) * 4 + int(p[-1]) - 1 for p in made]
    assert numbers == list(range(numbers[-1] - count, numbers[-1] + 1))


def test_twelve_quarters_with_gaps_and_revisions() -> None:
    history = frame(
        {"period": "2025-Q3", "value": 4.0, "submission_id": "S0"},
        {"period": "2025-Q3", "value": 6.0, "submission_id": "S2"},
        {"period": "2026-Q1", "value": 0.0},
        nothing("withheld", period="2026-Q2"),
        {"period": "2026-Q2", "sex": "M", "value": 99.0},
    )
    (series,) = answers.find_earlier_values(frame({"value": 7.0}), history)
    assert [p.period for p in series.points] == list_periods_before("2026-Q3", 12)
    shown = {p.period: p.shown.state for p in series.points if p.shown is not None}
    assert shown == {"2025-Q3": "number", "2026-Q1": "zero", "2026-Q2": "withheld"}
    assert series.gaps == ("2025-Q4",)
    revised = next(p for p in series.points if p.period == "2025-Q3")
    assert revised.revised
    assert (revised.shown and revised.shown.value, [s.value for s in revised.before]) == (6.0, [4.0])
    assert series.now.words == "7"


def test_the_last_accepted_vintage_counts() -> None:
    history = frame({"period": "2026-Q2", "value": 2.0}, {"period": "2026-Q2", "value": 1.0})
    history = history.with_columns(accepted_at=pl.Series(["2026-08-02", "2026-08-01"]))
    (series,) = answers.find_earlier_values(frame({"value": 7.0}), history, periods=1)
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


def events(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{**EVENT, **row} for row in rows], schema=CASE_EVENT)


def test_registers_are_compared_in_counts() -> None:
    old = events({}, {"person": "X-2"}, {"proceeding": "P-2", "person": "X-3"})
    new = events(
        {}, {"event": "convicted_first", "level": "first", "event_date": dt.date(2026, 9, 1)},
        {"person": "X-2", "sex": "F"}, {"proceeding": "P-9", "person": "X-9"},
    )  # fmt: skip
    made = answers.register_changes(new, old)
    assert (made.proceedings_added, made.proceedings_withdrawn) == (1, 1)
    assert (made.persons_added, made.persons_withdrawn, made.persons_changed) == (1, 1, 2)
    assert (made.events_added, made.events_withdrawn, made.events_unchanged) == (2, 1, 2)
    assert [(e.event, e.old, e.new) for e in made.by_event] == [("convicted_first", 0, 1), ("indicted", 3, 3)]


def test_no_pseudonym_leaves_a_comparison_of_registers() -> None:
    old = events({"person": "SECRET-1", "proceeding": "SECRET-2"})
    new = events({"person": "SECRET-3", "proceeding": "SECRET-4"})
    assert "SECRET" not in repr(answers.register_changes(new, old))


def test_the_same_register_is_unchanged() -> None:
    same = events({}, {"person": "X-2"})
    made = answers.register_changes(same, same)
    assert (made.persons_changed, made.events_added, made.events_withdrawn, made.events_unchanged) == (0, 0, 0, 2)
