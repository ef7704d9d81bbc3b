"""Outcomes, days and mirror pairs of a release, from published cells alone."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from pipelines.publication.cooperation import cells, figures, protect
from tests.support.fakes.cooperation_world import ENDS, SCHEMA, make_row

_RETURNS = {"territory": pl.String, "year": pl.Int32, "n_quarters": pl.Int32, "is_nil": pl.Boolean}


def _publish(rows: list[dict[str, Any]], hidden: tuple[str, ...] = ()) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the published cells, where those of some territories and measures are withheld, and what was reported."""
    reported = pl.DataFrame(rows, schema=SCHEMA)
    place = pl.concat_str("territory", pl.lit(" "), "measure")
    state = pl.when(place.is_in(hidden)).then(pl.lit("D")).otherwise(pl.lit("F"))
    public = protect.read_public(cells.select_cells(reported).with_columns(conf_status=state))
    return public, figures.read_reported(reported.lazy())


def _compare(
    rows: list[dict[str, Any]], hidden: tuple[str, ...] = (), nil: tuple[str, ...] = ()
) -> dict[tuple[str, str, int], dict[str, Any]]:
    public, reported = _publish(rows, hidden)
    returns = pl.DataFrame([(code, 2025, 4, True) for code in nil], schema=_RETURNS, orient="row")
    mirror = figures.build_mirror(public, reported, returns, ["AA", "BB"])
    return {(row["sent_by"], row["received_by"], row["year"]): row for row in mirror.iter_rows(named=True)}


def _pair(sent: float, received: float, year: int = 2025, **more: str) -> list[dict[str, Any]]:
    return [
        make_row("AA", year, "outgoing", "BB", cells.REGISTERED, sent),
        make_row("BB", year, "incoming", "AA", cells.REGISTERED, received, **more),
    ]


def _find_share(count: int, total: int, *, is_low: bool) -> float:
    """Return the share at which so few or so many of a total are as rare as 2.5 %, by halving."""
    low, high = 0.0, 1.0
    for _ in range(80):
        share = (low + high) / 2
        numbers = range(count, total + 1) if is_low else range(count + 1)
        tail = sum(math.comb(total, n) * share**n * (1 - share) ** (total - n) for n in numbers)
        if (tail < 0.025) == is_low:
            low = share
        else:
            high = share
    return (low + high) / 2


def test_pair_has_difference_ratio_and_state() -> None:
    pair = _compare(_pair(10, 8))["AA", "BB", 2025]
    assert (pair["difference"], pair["ratio"], pair["state"], pair["reasons"]) == (
        -2,
        0.8,
        "differs",
        "unexplained",
    )
    assert pair["low"] < 0.8 < pair["high"]
    # Of 18 requests, 8 are on one side: an exact interval of that share gives the limits of the difference.
    shares = [_find_share(8, 18, is_low=is_low) for is_low in (True, False)]
    assert [pair["difference_low"], pair["difference_high"]] == pytest.approx(
        [18 * (2 * p - 1) for p in shares], abs=1e-6
    )
    assert pair["difference_low"] < -2 < pair["difference_high"]
    assert _compare(_pair(10, 9))["AA", "BB", 2025]["state"] == "agrees"
    assert _compare(_pair(9, 9))["AA", "BB", 2025]["state"] == "equal"


def test_pair_with_a_withheld_figure_shows_neither() -> None:
    pair = _compare(_pair(10, 8), hidden=(f"BB {cells.REGISTERED}",))["AA", "BB", 2025]
    withheld = ("sent", "received", "difference", "ratio", "low", "high", "difference_low", "difference_high")
    assert [pair[name] for name in withheld] == [None] * 8
    assert (pair["state"], pair["reasons"], pair["conf_status"]) == ("withheld", "", "C")


def test_pair_without_a_return_is_missing_and_with_a_nil_return_is_zero() -> None:
    rows = _pair(10, 8)[:1]
    pair = _compare(rows)["AA", "BB", 2025]
    assert (pair["sent"], pair["state"], pair["reasons"]) == (10, "missing", "missing_return")
    pair = _compare(rows, nil=("BB",))["AA", "BB", 2025]
    assert (pair["received"], pair["state"]) == (0, "differs")


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        (_pair(10, 5, obs_status="D"), "definition"),
        (_pair(10, 5, date_basis="event"), "timing"),
        ([*_pair(10, 5), *_pair(5, 10, year=2024)], "timing"),
        ([*_pair(10, 5), make_row("AA", 2025, "outgoing", "_T", cells.REGISTERED, 4, channel="direct")], "channel"),
        ([*_pair(5, 10), make_row("AA", 2025, "outgoing", "_T", cells.REGISTERED, 4, channel="direct")], "unexplained"),
    ],
)
def test_difference_has_its_likely_reasons(rows: list[dict[str, Any]], reasons: str) -> None:
    assert _compare(rows)["AA", "BB", 2025]["reasons"] == reasons


def test_reason_of_the_channel_says_nothing_about_withheld_figures() -> None:
    direct = [
        make_row(place, 2025, direction, "_T", cells.REGISTERED, value, channel="direct")
        for place, direction, value in (("AA", "outgoing", 6), ("BB", "incoming", 0))
    ]
    public, reported = _publish([*_pair(20, 10), *direct])

    def find_reasons(withheld: str) -> str:
        is_withheld = (pl.col("channel") == "direct") & (pl.col("territory") == withheld)
        public_figures = public.with_columns(value=pl.when(~is_withheld).then("value"))
        mirror = figures.build_mirror(public_figures, reported, pl.DataFrame(schema=_RETURNS), ["AA", "BB"])
        return str(mirror.filter(sent_by="AA")["reasons"].item())

    assert find_reasons("AA") == find_reasons("") == "channel", "whether the sender's figure is 0 does not matter"
    assert find_reasons("BB") == "unexplained"


def test_summary_counts_only_the_pairs_that_are_shown() -> None:
    public, reported = _publish(_pair(10, 10))
    mirror = figures.build_mirror(public, reported, pl.DataFrame(schema=_RETURNS), ["AA", "BB", "CC"])
    (row,) = figures.summarise_mirror(mirror).iter_rows(named=True)
    assert (row["n_pairs"], row["n_compared"], row["n_shown"], row["n_reconciled"]) == (6, 1, 1, 1)
    assert (row["share"], row["sent"], row["n_missing_return"]) == (100, 10, 5)


def _list_books(executed: float = 15, refused: float = 5) -> list[dict[str, Any]]:
    values: dict[tuple[str, str], float] = {
        ("pending_requests", "start"): 10,
        (cells.REGISTERED, "count"): 20,
        ("pending_requests", "end"): 10,
    }
    values |= {(name, "count"): 0 for name in ENDS} | {
        (ENDS[0], "count"): executed, (ENDS[2], "count"): refused,
    }  # fmt: skip
    return [
        make_row("AA", 2025, "incoming", "_T", measure, value, statistic=statistic)
        for (measure, statistic), value in values.items()
    ]


def test_outcome_has_the_share_executed_and_the_balance() -> None:
    (row,) = figures.build_outcomes(*_publish(_list_books())).iter_rows(named=True)
    assert (row["closed"], row["share"], row["gap"], row["state"], row["conf_status"]) == (20, 75, 0, "holds", "F")
    assert row["low"] < 75 < row["high"]
    (row,) = figures.build_outcomes(*_publish(_list_books(refused=7))).iter_rows(named=True)
    assert (row["gap"], row["state"]) == (2, "gap")


@pytest.mark.parametrize("measure", [cells.CLOSED, ENDS[0]])
def test_share_of_a_withheld_figure_is_withheld(measure: str) -> None:
    (row,) = figures.build_outcomes(*_publish(_list_books(), (f"AA {measure}",))).iter_rows(named=True)
    assert (row["share"], row["low"], row["obs_status"], row["conf_status"]) == (None, None, "Q", "C")
    assert (row["state"] == "withheld") is (measure == cells.CLOSED)


@pytest.mark.parametrize(
    ("bands", "partners", "expected"),
    [
        ({"D0T30": 4.0, "D30T90": 2.0, "D90T180": 6.0}, [6.0, 6.0], "D30T90"),
        ({"D0T30": 4.0, "D30T90": 1.0, "D90T180": 6.0}, [5.0, 5.0, 1.0], "D90T180"),
        ({"D0T30": 9.0}, [4.0, 5.0], ""),
        ({"D0T30": 12.0}, [7.0, 5.0], ""),
        ({"D0T30": 12.0}, [], ""),
    ],
)
def test_median_band_needs_enough_requests_of_several_partners(
    bands: dict[str, float], partners: list[float], expected: str
) -> None:
    assert figures.find_median_band(bands, partners) == expected


def test_median_band_is_withheld_with_its_total() -> None:
    rows = [make_row("AA", 2025, "incoming", code, ENDS[0], 8) for code in ("BB", "CC")]
    rows.append(make_row("AA", 2025, "incoming", "_T", ENDS[0], 16))
    rows += [make_row("AA", 2025, "incoming", "_T", ENDS[0], 8, days_band=band) for band in ("D0T30", "D365T")]
    (row,) = figures.build_outcomes(*_publish(rows)).iter_rows(named=True)
    assert row["days_executed"] == "D0T30"
    (row,) = figures.build_outcomes(*_publish(rows, (f"AA {ENDS[0]}",))).iter_rows(named=True)
    assert row["days_executed"] == ""
