"""Withheld terms of balances, bounded by intruders who know nothing but the definition of a balance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import optimize

from pipelines.publication.disclosure import balances, earlier, protect
from pipelines.publication.disclosure.balances import BalanceTerm
from tests.support.fakes.balance_books import (
    CLOSING,
    DISCONTINUED,
    INDICTED,
    OPENING,
    REJECTED,
    SIGNS,
    Book,
    build_books,
    close_book,
)
from tests.support.protecting import list_hidden_terms
from tests.support.sampling import count_examples


def bound_terms(books: Mapping[str, Book], hidden: set[tuple[str, str, str]]) -> Iterator[tuple[float, float]]:
    """Yield the range of each hidden term over whole numbers, from the definition of a balance alone."""
    keys = [(year, term) for year, book in books.items() for term in book]
    values = np.array([books[year][term] for year, term in keys], dtype=float)
    is_hidden = np.array([(term.measure, term.statistic, year) in hidden for year, term in keys])
    equations = [[float(SIGNS[term]) if y == year else 0.0 for y, term in keys] for year in books]
    for year in books:
        following = str(int(year) + 1)
        if following in books:
            signs = {(year, CLOSING): 1.0, (following, OPENING): -1.0}
            equations.append([signs.get(key, 0.0) for key in keys])
    matrix = np.array(equations)
    agreement = optimize.LinearConstraint(matrix, matrix @ values, matrix @ values)
    bounds = optimize.Bounds(np.where(is_hidden, 0.0, values), np.where(is_hidden, 1000.0, values))
    for number in np.flatnonzero(is_hidden):
        costs = np.zeros(len(keys))
        costs[number] = 1.0
        least, most = (
            optimize.milp(sign * costs, constraints=agreement, bounds=bounds, integrality=np.ones(len(keys)))
            for sign in (1.0, -1.0)
        )
        yield least.fun, -most.fun


@st.composite
def draw_books(draw: st.DrawFn) -> dict[str, Book]:
    opening, books = draw(st.integers(0, 12)), {}
    flow = st.one_of(st.integers(0, 5), st.integers(5, 30))
    for year in ("2023", "2024", "2025"):
        flows = {name: draw(flow) for name in ("indicted", "rejected", "discontinued", "joined")}
        reported = max(0, sum(flows.values()) - opening) + draw(flow)
        books[year] = close_book(opening, reported=reported, **flows)
        opening = books[year][CLOSING]
    return books


@settings(max_examples=count_examples(15), deadline=None)
@given(draw_books())
def test_intruder_with_the_definition_of_a_balance_finds_three_values_of_each_hidden_term(
    books: dict[str, Book],
) -> None:
    hidden = list_hidden_terms(build_books(books))
    for low, high in bound_terms(books, hidden):
        assert high - low >= 2, (low, high)


def test_intruder_of_these_tests_finds_a_lone_hidden_term() -> None:
    books = {"2024": close_book(30, reported=20, indicted=8, rejected=3, discontinued=6)}
    assert list(bound_terms(books, {("rejected", "count", "2024")})) == [(3.0, 3.0)]


def test_stocks_can_follow_a_release_without_them() -> None:
    """Publish the flows of two years first, as releases did before stocks were public, then the stocks with them."""
    books = {
        "2024": close_book(30, reported=20, indicted=8, rejected=3, discontinued=6),
        "2025": close_book(33, reported=14, indicted=9, rejected=7, discontinued=2),
    }
    frame = build_books(books)
    flows = frame.filter(pl.col("statistic") == "count")
    first = protect.hide_small_counts(flows, guards_against_offices=False).cells
    assert (first["conf_status"] != "F").sum() == 2
    released = earlier.record_release(flows, first["conf_status"])
    second = protect.hide_small_counts(frame, earlier=[released], guards_against_offices=False)
    assert second.report.passed and not second.report.count_cells()["revealed_before"]
    hidden = set(second.cells.filter(pl.col("conf_status") != "F").select("measure", "statistic", "period").iter_rows())
    assert {key for key in hidden if key[1] == "count"} == {
        ("rejected", "count", "2024"), ("discontinued", "count", "2025")
    }, "what was published before stays published"  # fmt: skip
    assert len(hidden) > 2
    for low, high in bound_terms(books, hidden):
        assert high - low >= 2


def list_corrected(
    before: Book, after: Book, hidden: set[BalanceTerm], known_gaps: Sequence[int], *, limit: int, top: int
) -> set[int]:
    """Return the values of the rejected in `after` that agree with two releases, by trying all small hidden terms.

    `hidden` are withheld in both releases and have not changed.  The reader knows the gap of the releases in
    `known_gaps` (0, 1), and of the other that it is at most `limit`.
    """
    unknown = sorted(hidden)
    possible = set()
    for values in product(range(top), repeat=len(unknown)):
        for rejected in range(top):
            books = [{**book, **dict(zip(unknown, values, strict=True))} for book in (before, after)]
            books[1][REJECTED] = rejected
            gaps = [sum(SIGNS[term] * value for term, value in book.items()) for book in books]
            true_gaps = [sum(SIGNS[term] * value for term, value in book.items()) for book in (before, after)]
            if all(gaps[i] == true_gaps[i] if i in known_gaps else abs(gaps[i]) <= limit for i in (0, 1)):
                possible.add(rejected)
    return possible


@pytest.mark.parametrize("correction", [1, 2, 4])
def test_gap_that_no_release_shows_does_not_give_away_the_correction_that_closes_it(correction: int) -> None:
    """Withhold both stocks in both releases: the correction is the difference of two gaps, and nobody knows both."""
    after = close_book(3, reported=30, indicted=14, rejected=9, discontinued=6)
    before = {**after, REJECTED: after[REJECTED] - correction}
    frames = [build_books({"2024": book}) for book in (before, after)]
    first = protect.hide_small_counts(frames[0], guards_against_offices=False)
    released = earlier.record_release(frames[0], first.cells["conf_status"])
    second = protect.hide_small_counts(frames[1], earlier=[released], guards_against_offices=False)
    assert second.report.passed and second.report.count_cells()["revealed_before"] == 0
    hidden = {term for term in after if (first.cells["conf_status"] != "F")[list(after).index(term)]}
    assert hidden == {OPENING, CLOSING}
    withheld = second.cells.filter(pl.col("conf_status") != "F")["measure"].to_list()
    assert sorted(withheld) == ["pending_prosecution", "pending_prosecution", "rejected"]
    limit = int(balances.KNOWN_SIZE) * correction
    assert list_corrected(before, after, hidden, [0, 1], limit=limit, top=20) == {9}
    for known_gap in (0, 1):
        possible = list_corrected(before, after, hidden, [known_gap], limit=limit, top=20)
        assert max(possible) - min(possible) >= 2


def bound_two_releases(
    books: Sequence[Book], hidden: Sequence[set[BalanceTerm]], known_gap: int, limit: float
) -> Iterator[tuple[float, float]]:
    """Yield the range of each hidden term of two releases over whole numbers, from the definition of a balance alone.

    Terms that have not changed are one unknown.  The reader knows the gap of one release, and that the other is at most
    `limit`.
    """
    columns: dict[tuple[int, BalanceTerm], int] = {}
    for term in books[0]:
        columns[0, term] = len(set(columns.values()))
        columns[1, term] = columns[0, term] if books[0][term] == books[1][term] else len(set(columns.values()))
    size = len(set(columns.values()))
    lower, upper = np.zeros(size), np.full(size, 1000.0)
    matrix = np.zeros((2, size))
    gaps = [sum(SIGNS[term] * value for term, value in book.items()) for book in books]
    for (release, term), column in columns.items():
        matrix[release, column] += SIGNS[term]
        if term not in hidden[release]:
            lower[column] = upper[column] = books[release][term]
    least, most = np.full(2, -limit), np.full(2, limit)
    least[known_gap] = most[known_gap] = gaps[known_gap]
    agreement = optimize.LinearConstraint(matrix, least, most)
    for column in np.flatnonzero(lower < upper):
        costs = np.zeros(size)
        costs[column] = 1.0
        low, high = (
            optimize.milp(sign * costs, constraints=agreement, bounds=optimize.Bounds(lower, upper), integrality=1)
            for sign in (1.0, -1.0)
        )
        yield low.fun, -high.fun


@settings(max_examples=count_examples(15), deadline=None)
@given(draw_books(), st.integers(1, 8), st.sampled_from([INDICTED, REJECTED, DISCONTINUED]), st.booleans())
@example({"2023": close_book(0, reported=6, indicted=0, rejected=0, discontinued=0, joined=0)}, 1, INDICTED, True)
def test_reader_of_two_releases_finds_three_values_of_each_hidden_term(
    drawn: dict[str, Book], correction: int, corrected: BalanceTerm, closes_now: bool
) -> None:
    """Correct one exit, so that the balance closes, or does not close any more."""
    book = drawn["2023"]
    books = [book, {**book, corrected: book[corrected] + correction}]
    if closes_now:
        books = [{**counted, CLOSING: max(0, book[CLOSING] - correction)} for counted in books]
    frames = [build_books({"2024": counted}) for counted in books]
    first = protect.hide_small_counts(frames[0], guards_against_offices=False)
    released = earlier.record_release(frames[0], first.cells["conf_status"])
    second = protect.hide_small_counts(frames[1], earlier=[released], guards_against_offices=False)
    assert second.report.passed
    counted = second.report.count_cells()
    if counted["revealed_before"]:
        return
    hidden = [
        {term for term, status in zip(book, cells["conf_status"], strict=True) if status != "F"}
        for cells in (first.cells, second.cells)
    ]
    gaps = [sum(SIGNS[term] * value for term, value in terms.items()) for terms in books]
    # A reader who guesses that the correction closes the balance is counted apart; any other knows the first gap.
    known_gap = gaps.index(0) if 0 in gaps and not counted["open_to_guess"] else 0
    for low, high in bound_two_releases(books, hidden, known_gap, balances.KNOWN_SIZE * max(map(abs, gaps))):
        assert high - low >= 2, (low, high)
