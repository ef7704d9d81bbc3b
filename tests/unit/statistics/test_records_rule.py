"""The rule of publication for figures from records: each part of it broken once, and tables made public by it."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.statistics.durations import summarise_durations
from pipelines.statistics.records_rule import (
    BANDS,
    apply_rule,
    decide_publication,
    find_updatable_cells,
    format_size_band,
    hidden_parts,
    none_small,
    public_parts,
    public_quantiles,
    public_shares,
)
from pipelines.statistics.stages import AREA, FIRST
from pipelines.statistics.stays import find_stays
from tests.records import simulate_events


@pytest.mark.parametrize(
    ("persons", "proceedings", "share", "reasons"),
    [
        (10, 2, 0.5, ()),
        (9, 5, 0.3, ("few_persons",)),
        (30, 1, 1.0, ("few_proceedings", "one_over_half")),
        (11, 3, 6 / 11, ("one_over_half",)),
        (0, 0, None, ("not_known",)),
        (20, 5, float("nan"), ("not_known",)),
        (None, 5, 0.2, ("not_known",)),
    ],
)
def test_each_part_of_the_rule(
    persons: int | None, proceedings: int, share: float | None, reasons: tuple[str, ...]
) -> None:
    ruling = decide_publication(persons, proceedings, share)
    assert (ruling.published, ruling.reasons) == (not reasons, reasons)


def figures(**changes: object) -> pl.DataFrame:
    row: dict[str, object] = {
        "territory": "HR",
        "n_persons": 40,
        "n_proceedings": 20,
        "largest_share": 0.1,
        "median": 223.0,
        "median_low": 196.0,
        "median_high": 241.0,
        "median_side": 20,
        "median_side_proceedings": 10,
    }
    return pl.DataFrame([row | changes], schema_overrides={"median": pl.Float64, "median_high": pl.Float64})


def public(**changes: object) -> dict[str, object]:
    return public_quantiles(figures(**changes), ["territory"], ["median"], step=10, limit_step=30).row(0, named=True)


def test_a_figure_that_passes_is_rounded_and_has_no_count() -> None:
    assert public() == {
        "territory": "HR",
        "n_band": "20-49",
        "median": 220.0,
        "median_low": 180.0,
        "median_high": 270.0,
        "median_obs_status": "A",
        "median_conf_status": "F",
    }


@pytest.mark.parametrize(
    "fault",
    [
        {"n_persons": 9},
        {"n_proceedings": 1},
        {"largest_share": 0.51},
        {"median_side": 4},
        {"median_side_proceedings": 1},
    ],
)
def test_a_figure_that_fails_is_withheld_and_still_there(fault: dict[str, object]) -> None:
    row = public(**fault)
    assert (row["median"], row["median_low"], row["median_high"]) == (None, None, None)
    assert (row["median_obs_status"], row["median_conf_status"]) == ("Q", "C")
    assert (row["n_band"] is None) == ("median_side" not in "".join(fault))


def test_not_reached_is_not_withheld() -> None:
    row = public(median=None, median_high=None)
    assert (row["median"], row["median_low"], row["median_obs_status"], row["median_conf_status"]) == (
        None,
        None,
        "M",
        "F",
    )
    assert public(median_high=None)["median_high"] is None


def test_what_goes_with_a_row_is_withheld_with_it() -> None:
    for persons, told in ((40, 365), (9, None)):
        frame = figures(n_persons=persons, oldest_over=365)
        found = public_quantiles(frame, ["territory"], ["median"], step=10, limit_step=30, also=["oldest_over"])
        assert found["oldest_over"].to_list() == [told]


def test_insiders_see_why() -> None:
    assert apply_rule(figures(n_persons=9)).select("published", "withheld_because").row(0) == (False, "few_persons")


def test_bands_of_size() -> None:
    assert [format_size_band(n) for n in (9, 10, 19, 20, 499, 500, 7000)] == [
        None,
        "10-19",
        "10-19",
        "20-49",
        "200-499",
        "500+",
        "500+",
    ]
    assert BANDS[0] == 10


@given(st.lists(st.integers(0, 40), min_size=1, max_size=10))
def test_no_small_part_can_be_worked_out(parts: list[int]) -> None:
    hidden = hidden_parts(parts)
    shown = [n for n, is_hidden in zip(parts, hidden, strict=True) if not is_hidden]
    assert not any(0 < n < 5 for n in shown)
    rest = sum(parts) - sum(shown)
    if any(hidden):
        # What the whole leaves for the hidden ones is no small count, unless the whole itself is one.
        assert rest >= 5 or rest == sum(parts)
        assert sum(hidden) >= 2 or rest == sum(parts)


def test_hidden_parts_by_hand() -> None:
    assert hidden_parts([10, 0, 20]) == [False, False, False]
    assert hidden_parts([3, 0, 20, 7]) == [True, False, False, True]
    assert hidden_parts([2, 3, 20]) == [True, True, False]
    assert hidden_parts([3, 0]) == [True, False]


def test_parts_of_a_whole_made_public() -> None:
    frame = pl.DataFrame(
        {
            "cohort": ["a", "b", "c"],
            "n_persons": [40, 8, 40],
            "n_proceedings": [20, 5, 20],
            "largest_share": [0.1, 0.2, 0.1],
            "convicted": [27, 6, None],
            "acquitted": [3, 2, None],
            "open": [10, 0, None],
        }
    )
    found = public_parts(frame, ["cohort"], ["convicted", "acquitted", "open"])
    assert found.select("cohort", "part", "share", "obs_status", "conf_status").rows() == [
        ("a", "convicted", 0.7, "A", "F"),
        ("a", "acquitted", None, "Q", "C"),
        ("a", "open", None, "Q", "C"),
        ("b", "convicted", None, "Q", "C"),
        ("b", "acquitted", None, "Q", "C"),
        ("b", "open", None, "Q", "C"),
        ("c", "convicted", None, "O", "F"),
        ("c", "acquitted", None, "O", "F"),
        ("c", "open", None, "O", "F"),
    ]


@pytest.mark.parametrize(
    ("part", "whole", "status"),
    [(20, 40, "A"), (0, 40, "A"), (3, 40, "Q"), (37, 40, "Q"), (5, 9, "Q"), (0, 0, "M"), (None, None, "O")],
)
def test_shares_made_public(part: int | None, whole: int | None, status: str) -> None:
    value = part / whole if part is not None and whole else None
    frame = figures(
        share=value,
        share_low=None if value is None else max(0.0, value - 0.11),
        share_high=None if value is None else min(1.0, value + 0.11),
        share_n=part,
        share_of=whole,
    )
    row = public_shares(frame, ["territory"], ["share"]).row(0, named=True)
    assert row["share_obs_status"] == status
    assert (row["share"] is None) == (status != "A")
    if part == 20:
        assert (row["share"], row["share_low"], row["share_high"]) == (0.5, 0.35, 0.65)


def test_no_published_quantile_is_an_extreme_of_few() -> None:
    """Over a simulated register, cut by quarters: whatever is published has five on either side, of two cases."""
    frame = find_stays(simulate_events(1, "HR"), FIRST).frame
    cut = frame.with_columns(period=pl.col("start").dt.truncate("1q").cast(pl.String))
    by = [*AREA, "period"]
    inside = summarise_durations(cut, by)
    outside = public_quantiles(inside, by, ["median", "p75", "p90"], step=10, limit_step=30)
    assert outside.height == inside.height, "withheld, not dropped"
    both = inside.join(outside, on=by, suffix="_public")
    for name in ("median", "p75", "p90"):
        told = both.filter(pl.col(f"{name}_public").is_not_null())
        assert (told[f"{name}_side"] >= 5).all() and (told[f"{name}_side_proceedings"] >= 2).all()
        assert (told["n_persons"] >= 10).all() and (told["largest_share"] <= 0.5).all()
    assert 0 < both["median_public"].count() < both.height, "some pass and some do not"
    assert both["p90_public"].count() < both["median_public"].count()


def members(*rows: tuple[str, str]) -> pl.DataFrame:
    """Of one cell: persons, each with what is told of him and in a case of his own unless it says otherwise."""
    made = [("t", "c", who, who.split("/")[-1], told) for who, told in rows]
    return pl.DataFrame(made, schema=["table", "cell", "person", "cluster", "token"], orient="row")


def test_a_figure_is_told_anew_from_five_persons_of_two_proceedings_on() -> None:
    ten = [(f"P{i}", "open") for i in range(10)]
    before = members(*ten)

    def told(*rows: tuple[str, str]) -> bool:
        return bool(find_updatable_cells(before, members(*rows))["moved"].item())

    assert not told(*ten)
    assert not told(*ten, *[(f"N{i}", "open") for i in range(4)])
    assert told(*ten, *[(f"N{i}", "open") for i in range(5)])
    assert not told(*ten, *[(f"N{i}/one", "open") for i in range(9)]), "all in one proceeding"
    assert told(*[(f"P{i}", "ended") for i in range(5)], *ten[5:]), "the same persons, told otherwise"
    assert not told(*ten[3:], ("N", "open")), "three have gone and one has come"
    assert told(*ten[3:], ("N", "open"), ("M", "open"))


def test_a_cell_that_is_new_or_gone_is_not_compared() -> None:
    other = members(("P", "x")).with_columns(cell=pl.lit("d"))
    assert find_updatable_cells(members(("P", "x")), other).is_empty()


def test_parts_stand_together_where_none_is_small() -> None:
    assert none_small(0, 5, 17) and none_small()
    assert not none_small(20, 4) and not none_small(1, 40)
