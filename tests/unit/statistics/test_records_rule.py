"""The publication rule for figures from records: each part violated once, and tables published under it."""

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
def test_rule_withholds_a_figure_that_fails_any_part(
    persons: int | None, proceedings: int, share: float | None, reasons: tuple[str, ...]
) -> None:
    ruling = decide_publication(persons, proceedings, share)
    assert (ruling.published, ruling.reasons) == (not reasons, reasons)


def build_figures(**changes: object) -> pl.DataFrame:
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


def publish_figures(**changes: object) -> dict[str, object]:
    return public_quantiles(build_figures(**changes), ["territory"], ["median"], step=10, limit_step=30).row(
        0, named=True
    )


def test_published_figure_is_rounded_and_has_no_count() -> None:
    assert publish_figures() == {
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
def test_withheld_figure_keeps_its_row(fault: dict[str, object]) -> None:
    row = publish_figures(**fault)
    assert (row["median"], row["median_low"], row["median_high"]) == (None, None, None)
    assert (row["median_obs_status"], row["median_conf_status"]) == ("Q", "C")
    assert (row["n_band"] is None) == ("median_side" not in "".join(fault))


def test_quantile_not_reached_is_not_marked_as_withheld() -> None:
    row = publish_figures(median=None, median_high=None)
    assert (row["median"], row["median_low"], row["median_obs_status"], row["median_conf_status"]) == (
        None,
        None,
        "M",
        "F",
    )
    assert publish_figures(median_high=None)["median_high"] is None


def test_further_columns_of_a_withheld_row_are_withheld() -> None:
    for persons, expected in ((40, 365), (9, None)):
        frame = build_figures(n_persons=persons, oldest_over=365)
        published = public_quantiles(frame, ["territory"], ["median"], step=10, limit_step=30, also=["oldest_over"])
        assert published["oldest_over"].to_list() == [expected]


def test_internal_table_states_the_reason() -> None:
    assert apply_rule(build_figures(n_persons=9)).select("published", "withheld_because").row(0) == (
        False,
        "few_persons",
    )


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
def test_hidden_parts_cannot_be_derived(parts: list[int]) -> None:
    hidden = hidden_parts(parts)
    visible = [n for n, is_hidden in zip(parts, hidden, strict=True) if not is_hidden]
    assert not any(0 < n < 5 for n in visible)
    remainder = sum(parts) - sum(visible)
    if any(hidden):
        # The total of the hidden parts is not a small count, unless the whole is small itself.
        assert remainder >= 5 or remainder == sum(parts)
        assert sum(hidden) >= 2 or remainder == sum(parts)


def test_hidden_parts_by_hand() -> None:
    assert hidden_parts([10, 0, 20]) == [False, False, False]
    assert hidden_parts([3, 0, 20, 7]) == [True, False, False, True]
    assert hidden_parts([2, 3, 20]) == [True, True, False]
    assert hidden_parts([3, 0]) == [True, False]


def test_public_parts_by_hand() -> None:
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
    published = public_parts(frame, ["cohort"], ["convicted", "acquitted", "open"])
    assert published.select("cohort", "part", "share", "obs_status", "conf_status").rows() == [
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
    frame = build_figures(
        share=value,
        share_low=None if value is None else max(0.0, value - 0.11),
        share_high=None if value is None else min(1.0, value + 0.11),
        share_n=part,
        share_of=whole,
    )
    row = public_shares(frame, ["territory"], ["share"]).row(0, named=True)
    assert row["share_obs_status"] == status
    assert (row["n_band"] is None) == (status == "O"), "the size of a group without figures bounds its count"
    assert (row["share"] is None) == (status != "A")
    if part == 20:
        assert (row["share"], row["share_low"], row["share_high"]) == (0.5, 0.35, 0.65)


def test_no_published_quantile_is_an_extreme_of_few() -> None:
    """Published quarterly quantiles of a simulated register have five persons of two cases on each side."""
    frame = find_stays(simulate_events(1, "HR"), FIRST).frame
    cut = frame.with_columns(period=pl.col("start").dt.truncate("1q").cast(pl.String))
    by = [*AREA, "period"]
    inside = summarise_durations(cut, by)
    outside = public_quantiles(inside, by, ["median", "p75", "p90"], step=10, limit_step=30)
    assert outside.height == inside.height, "withheld, not dropped"
    compared = inside.join(outside, on=by, suffix="_public")
    for name in ("median", "p75", "p90"):
        published = compared.filter(pl.col(f"{name}_public").is_not_null())
        assert (published[f"{name}_side"] >= 5).all() and (published[f"{name}_side_proceedings"] >= 2).all()
        assert (published["n_persons"] >= 10).all() and (published["largest_share"] <= 0.5).all()
    assert 0 < compared["median_public"].count() < compared.height, "some pass and some do not"
    assert compared["p90_public"].count() < compared["median_public"].count()


def build_cell(*persons: tuple[str, str]) -> pl.DataFrame:
    """Build one cell from (person, token); a person has a case of their own unless written as `person/case`."""
    rows = [("t", "c", who, who.split("/")[-1], token) for who, token in persons]
    return pl.DataFrame(rows, schema=["table", "cell", "person", "cluster", "token"], orient="row")


def test_figure_is_updated_from_five_persons_of_two_proceedings_on() -> None:
    ten = [(f"P{i}", "open") for i in range(10)]
    before = build_cell(*ten)

    def is_updated(*rows: tuple[str, str]) -> bool:
        return bool(find_updatable_cells(before, build_cell(*rows))["moved"].item())

    assert not is_updated(*ten)
    assert not is_updated(*ten, *[(f"N{i}", "open") for i in range(4)])
    assert is_updated(*ten, *[(f"N{i}", "open") for i in range(5)])
    assert not is_updated(*ten, *[(f"N{i}/one", "open") for i in range(9)]), "all in one proceeding"
    assert is_updated(*[(f"P{i}", "ended") for i in range(5)], *ten[5:]), "the same persons with other tokens"
    assert not is_updated(*ten[3:], ("N", "open")), "three have left and one was added"
    assert is_updated(*ten[3:], ("N", "open"), ("M", "open"))


def test_new_and_removed_cells_are_not_compared() -> None:
    other_cell = build_cell(("P", "x")).with_columns(cell=pl.lit("d"))
    assert find_updatable_cells(build_cell(("P", "x")), other_cell).is_empty()


def test_parts_are_published_together_where_none_is_small() -> None:
    assert none_small(0, 5, 17) and none_small()
    assert not none_small(20, 4) and not none_small(1, 40)
