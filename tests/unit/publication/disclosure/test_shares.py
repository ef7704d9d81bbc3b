"""The table that insiders are assumed to know where no cell says how jurisdictions share their territory's persons."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from pipelines.publication.disclosure import earlier, margins, problem, protect, shares
from pipelines.publication.disclosure.space import Array
from tests.support.fakes.disclosure_cells import build_cell, build_frame

OWN = ("A1", "A2")


def _build_rows(period: str) -> list[dict[str, object]]:
    """Return a territory whose two jurisdictions share its women and men in a way that no cell shows."""
    parts = [build_cell(area, 6, kind="jurisdiction", territory="AA", period=period) for area in OWN]
    sexes = [build_cell("AA", 6, sex=sex, period=period, reporters="A1,A2") for sex in ("F", "M")]
    return [*parts, *sexes, build_cell("AA", 12, period=period, reporters="A1,A2")]


def _find_shares(frame: pl.DataFrame) -> Array:
    combined = earlier.combine_releases(frame.with_row_index("_row"), [], threshold=5)
    solved = problem.ProtectionProblem(combined, "shares")
    owners = solved.views.margins.owners
    return solved.find_true_population("shares")[np.isin(owners, OWN)]


def test_variables_have_the_same_weights_among_those_of_other_places() -> None:
    alone = margins.Margins(build_frame(*_build_rows("2024"))).weigh_variables()
    frame = build_frame(*_build_rows("2023"), build_cell("0A", 9), *_build_rows("2024"))
    assert set(alone) < set(margins.Margins(frame).weigh_variables())
    assert len(set(alone)) == len(alone)


def test_counts_of_an_earlier_release_have_the_weights_of_those_of_now() -> None:
    """Else an insider would know two tables of what has not changed, and find the others' part in their difference."""
    frame = build_frame(*_build_rows("2024"))
    before = margins.Margins(frame.with_columns(states=pl.lit("AA:2024:1")))
    assert {place.territory for place in before.places} == {"AA@1"}
    assert before.weigh_variables().tolist() == margins.Margins(frame).weigh_variables().tolist()


def test_insider_knows_the_same_shares_among_those_of_other_places() -> None:
    shares = _find_shares(build_frame(*_build_rows("2024")))
    frame = build_frame(build_cell("0A", 9), *_build_rows("2024"), build_cell("ZZ", 7, sex="F"), build_cell("ZZ", 9))
    assert _find_shares(frame).tolist() == shares.tolist()


def test_shares_are_those_of_the_least_weights() -> None:
    frame = build_frame(*_build_rows("2024"))
    combined = earlier.combine_releases(frame.with_row_index("_row"), [], threshold=5)
    solved = problem.ProtectionProblem(combined, "shares")
    weights = solved.views.weigh_variables()
    chosen = solved.find_true_population("shares")
    solved.raising.choose_population(-weights)
    opposite = solved.find_true_population("shares")
    assert not np.array_equal(chosen, opposite)
    assert chosen @ weights < opposite @ weights


def _sum_table(rows: int, columns: int) -> Array:
    """Return the matrix of the sums of the rows and of the columns of a table."""
    by_row = np.kron(np.eye(rows), np.ones(columns))
    return np.vstack([by_row, np.kron(np.ones(rows), np.eye(columns))])


def _list_tables(sums: Array) -> Iterator[Array]:
    """Yield all tables of 2 x 3 with these sums, as their cells."""
    for first, second in product(range(int(sums[0]) + 1), repeat=2):
        third = sums[0] - first - second
        table = np.array([first, second, third, *(sums[2:] - [first, second, third])])
        if (table >= 0).all():
            yield table


@pytest.mark.parametrize("change", range(-3, 4))
def test_tables_of_then_and_now_differ_as_little_as_any_two_tables(change: int) -> None:
    sum_both = sparse.block_diag([_sum_table(2, 3)] * 2, format="csr")
    random = np.random.default_rng(change + 3)
    for _ in range(6):
        then, now = random.integers(0, 6, 6), random.integers(0, 6, 6)
        now = then + np.where(np.arange(6) == random.integers(6), np.maximum(change, -then), 0)
        of_then, of_now = (list(_list_tables(_sum_table(2, 3) @ table)) for table in (then, now))
        population = np.concatenate([of_then[0], of_now[-1]]).astype(float)
        chosen = shares.choose_nearest_tables(sum_both, population, [(i, i + 6) for i in range(6)], random.random(12))
        assert (sum_both @ chosen).tolist() == (sum_both @ population).tolist()
        distances = {(sum(abs(a - b)), sum(abs(a - of_then[0]))) for a, b in product(of_then, of_now)}
        assert (sum(abs(chosen[:6] - chosen[6:])), sum(abs(chosen[:6] - of_then[0]))) == min(distances)


def test_states_of_a_count_are_those_of_then_and_of_now() -> None:
    """Let a jurisdiction report only now: it has no state of then, and the others have both."""
    rows = _build_rows("2024")
    now = pl.DataFrame([*rows, build_cell("A3", 4, kind="jurisdiction", territory="AA")], infer_schema_length=None)
    frame = pl.concat(
        [
            now.with_columns(pl.col("value").cast(pl.Float64), states=pl.lit("")),
            build_frame(*rows).with_columns(states=pl.lit("AA:2024:1")),
        ]
    )
    view = margins.Margins(frame)
    owners = view.space.owners
    states = view.list_states()
    assert sum(owners[members[-1]] == area for members in states for area in OWN) == 2 * 3
    for members in states:
        assert len(members) == 2
        assert owners[members[0]] == owners[members[1]] != "A3"


def _build_quarters(table: Array) -> pl.DataFrame:
    """Return a territory by quarter and by jurisdiction, of the persons of a table of both."""
    names = ("B1", "B2", "B3")
    total = build_cell("BB", int(table.sum()), reporters=",".join(names))
    quarters = [total | {"freq": "Q", "period": f"2024-Q{i + 1}", "value": int(n)} for i, n in enumerate(table.sum(0))]
    areas = zip(names, table.sum(1), strict=True)
    return build_frame(
        total, *quarters, *(build_cell(a, int(n), kind="jurisdiction", territory="BB") for a, n in areas)
    )


def _count_revealed(before: Array, now: Array) -> int:
    first = _build_quarters(before)
    released = earlier.record_release(first, protect.hide_small_counts(first).cells["conf_status"])
    return protect.hide_small_counts(_build_quarters(now), earlier=[released]).report.count_cells()["revealed_before"]


@pytest.mark.parametrize(
    ("before", "place", "change"),
    [([[2, 0, 5, 5], [3, 1, 1, 2], [9, 2, 0, 4]], (2, 0), -4), ([[0, 6, 0, 4], [4, 3, 4, 0], [0, 4, 5, 6]], (2, 1), 6)],
)
def test_shares_that_nobody_changed_reveal_nothing(
    before: list[list[int]], place: tuple[int, int], change: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Correct one quarter of one jurisdiction: tables that differ by more would show pairs of them two small counts."""
    then, now = np.array(before), np.array(before)
    now[place] += change
    assert _count_revealed(then, now) == 0
    monkeypatch.setattr(shares, "choose_nearest_tables", lambda _matrix, population, *_: population)
    assert _count_revealed(then, now) == 2
