"""Balances in disclosure control: their equations, what they join, and what a withheld term needs next to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from pipelines.publication.disclosure import balances, earlier, programme, protect, readers, risk, ties
from pipelines.publication.disclosure.balances import BalanceTerm
from pipelines.publication.disclosure.problem import Views
from tests.support.fakes.disclosure_cells import build_cell, build_frame

OPENING = BalanceTerm("pending_prosecution", "prosecution", "start")
CLOSING = BalanceTerm("pending_prosecution", "prosecution", "end")
REPORTED, INDICTED, REJECTED, DISCONTINUED, JOINED = (
    BalanceTerm(measure, "prosecution", "count")
    for measure in ("reported", "indicted", "rejected", "discontinued", "joined")
)
SIGNS = {OPENING: 1, REPORTED: 1, INDICTED: -1, REJECTED: -1, DISCONTINUED: -1, JOINED: -1, CLOSING: -1}
"""Sign of each term of a prosecutor's balance, by the definition of a balance."""
Book = Mapping[BalanceTerm, int]


def build_books(books: Mapping[str, Book], area: str = "AA") -> pl.DataFrame:
    """Return the cells of the terms of one area by year."""
    return build_frame(
        *(
            build_cell(area, value, period=year, **term._asdict())
            for year, book in books.items()
            for term, value in book.items()
        )
    )


def close_book(opening: int, **flows: int) -> dict[BalanceTerm, int]:
    """Return a book that closes: flows by measure, and the closing stock that follows from them."""
    terms = {term.measure: term for term in SIGNS if term.statistic == "count"}
    book = {terms[measure]: value for measure, value in flows.items()}
    closing = opening + sum(SIGNS[term] * value for term, value in book.items())
    return {OPENING: opening, **book, CLOSING: closing}


def list_hidden(frame: pl.DataFrame) -> set[tuple[str, str, str]]:
    """Return measure, statistic and year of the cells that protection hides, after it has passed both audits."""
    protected = protect.hide_small_counts(frame, guards_against_offices=False)
    assert protected.report.passed
    hidden = protected.cells.filter(pl.col("conf_status") != "F")
    return set(hidden.select("measure", "statistic", "period").iter_rows())


def test_declared_balances_have_their_required_flows() -> None:
    by_stock = {balance.closing.measure: balance for balance in balances.list_balances()}
    assert set(by_stock) == {"pending_prosecution", "pending_first", "pending_appeal"}
    assert {term.measure for term in by_stock["pending_prosecution"].required} == {
        "reported", "indicted", "rejected", "discontinued"
    }  # fmt: skip
    assert {term.measure for term in by_stock["pending_first"].required} == {"indicted", "adjudicated_first"}
    assert all(term.level == "appeal" for term in by_stock["pending_appeal"].exits)


def test_stocks_are_published_only_with_all_flows_of_their_balance() -> None:
    """Look for areas and frequencies whose balance would lack entries and exits, and so show a gap that is none."""
    tables = [table for table in programme.load().tables if not table.dimensions]

    def list_places(measure: str) -> set[tuple[str, str]]:
        return {(area, freq) for t in tables if measure in t.measures for area in t.areas for freq in t.freqs}

    for balance in balances.list_balances():
        places = list_places(balance.closing.measure)
        assert places == {("territory", "A")}
        assert all(places <= list_places(term.measure) for term in (*balance.entries, *balance.exits))


def link_rows(books: Mapping[str, Book]) -> list[tuple[dict[tuple[str, BalanceTerm], int], float, bool]]:
    """Return the links of some books as coefficients of terms by year, constant, and whether a rest is left."""
    rows = {(year, term): number for number, (year, term) in enumerate((y, t) for y, b in books.items() for t in b)}
    names = {number: key for key, number in rows.items()}
    cells = {
        year: {term: (rows[year, term], float(value)) for term, value in book.items()} for year, book in books.items()
    }
    return [
        (
            {**{names[row]: 1 for row in link.plus}, **{names[row]: -1 for row in link.minus}},
            link.constant,
            link.has_rest,
        )
        for link in balances.link_balances(cells)
    ]


def test_balance_is_an_equation_with_its_gap() -> None:
    book = {**close_book(30, reported=20, indicted=8, rejected=3, discontinued=1), CLOSING: 36}
    assert link_rows({"2024": book}) == [({("2024", term): SIGNS[term] for term in book}, 2.0, False)]


def test_closing_is_the_opening_of_the_next_year() -> None:
    books = {"2024": {CLOSING: 7}, "2025": {OPENING: 9}, "2027": {OPENING: 4}}
    assert link_rows(books) == [({("2025", OPENING): 1, ("2024", CLOSING): -1}, 2.0, False)]


def test_missing_opening_is_the_closing_before() -> None:
    book = close_book(7, reported=20, indicted=8, rejected=3, discontinued=1)
    (link,) = link_rows({"2024": {CLOSING: 7}, "2025": {term: book[term] for term in book if term != OPENING}})
    assert link[0]["2024", CLOSING] == 1 and link[1:] == (0.0, False)


def test_missing_required_exit_leaves_a_rest() -> None:
    book = close_book(30, reported=20, indicted=8, rejected=3, discontinued=6)
    del book[REJECTED]
    assert link_rows({"2024": book}) == [({("2024", term): SIGNS[term] for term in book}, 0.0, True)]
    del book[REPORTED]
    assert link_rows({"2024": book}) == []


def test_stocks_join_the_levels_of_their_offence_group() -> None:
    def build_group(group: str, *, with_stock: bool) -> list[dict[str, object]]:
        cells = [
            build_cell("AA", 30, measure="reported", level="prosecution", offence_group=group),
            build_cell("AA", 30, measure="indicted", level="prosecution", offence_group=group),
            build_cell("AA", 30, measure="adjudicated_first", level="first", offence_group=group),
            build_cell("AA", 30, measure="convicted_first", level="first", offence_group=group),
            build_cell("AA", 30, measure="convicted_final", level="final", offence_group=group),
        ]
        stock = {"level": "first", "offence_group": group}
        cells += [build_cell("AA", 9, measure="pending_first", statistic=s, **stock) for s in ("start", "end")]
        return cells if with_stock else cells[:5]

    rows = ties.with_family(build_frame(*build_group("TIP", with_stock=True), *build_group("SOM", with_stock=False)))
    tied = [frame["measure"].to_list() for frame in rows.partition_by(ties.TIED, maintain_order=True)]
    assert tied == [
        ["reported"],
        ["indicted", "adjudicated_first", "convicted_first", "pending_first", "pending_first"],
        ["convicted_final"],
        ["reported"],
        ["indicted"],
        ["adjudicated_first", "convicted_first"],
        ["convicted_final"],
    ]


def test_small_exit_needs_another_hidden_term() -> None:
    book = close_book(30, reported=20, indicted=8, rejected=3, discontinued=6, joined=0)
    hidden = list_hidden(build_books({"2024": book}))
    assert ("rejected", "count", "2024") in hidden
    assert len(hidden) > 1


def test_release_that_ignores_balances_is_found_by_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protect without the equations: the small exit alone is hidden, and an audit that knows them works it out."""
    frame = build_books({"2024": close_book(30, reported=20, indicted=8, rejected=3, discontinued=6)})
    with monkeypatch.context() as patch:
        patch.setattr(balances, "link_balances", lambda _: iter(()))
        assert list_hidden(frame) == {("rejected", "count", "2024")}
    views = Views(frame)
    hidden = (frame["measure"] == "rejected").to_numpy()
    for view in (views.margins, views.leaves):
        assert risk.assess_cells(view, hidden, name="open", width=2).disclosed


def test_hidden_stock_is_hidden_as_the_next_opening_too() -> None:
    books = {
        "2024": close_book(30, reported=20, indicted=40, rejected=0, discontinued=7),
        "2025": close_book(3, reported=20, indicted=9, rejected=5, discontinued=0),
    }
    hidden = list_hidden(build_books(books))
    assert {("pending_prosecution", "end", "2024"), ("pending_prosecution", "start", "2025")} <= hidden


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


@settings(max_examples=15, deadline=None)
@given(draw_books())
def test_intruder_with_the_definition_of_a_balance_finds_three_values_of_each_hidden_term(
    books: dict[str, Book],
) -> None:
    hidden = list_hidden(build_books(books))
    for low, high in bound_terms(books, hidden):
        assert high - low >= 2, (low, high)


def test_intruder_of_these_tests_finds_a_lone_hidden_term() -> None:
    books = {"2024": close_book(30, reported=20, indicted=8, rejected=3, discontinued=6)}
    assert list(bound_terms(books, {("rejected", "count", "2024")})) == [(3.0, 3.0)]


def test_insider_does_not_work_out_terms_of_another_territory() -> None:
    """Publish the exits of the region, from which each of two territories subtracts its own."""

    def build_exits(values: Sequence[int]) -> list[dict[str, object]]:
        term = REJECTED._asdict()
        region = build_cell("WB", sum(values), kind="region", reporters="AA,BB", **term)
        return [build_cell(area, value, **term) for area, value in zip(("AA", "BB"), values, strict=True)] + [region]

    frame = pl.concat(
        [
            build_books(
                {"2024": close_book(30, reported=20, indicted=8, rejected=3, discontinued=6)}
            ).filter(pl.col("measure") != "rejected"),
            build_books(
                {"2024": close_book(25, reported=20, indicted=9, rejected=9, discontinued=6)}, area="BB"
            ).filter(pl.col("measure") != "rejected"),
            build_frame(*build_exits((3, 9))),
        ]
    )  # fmt: skip
    protected = protect.hide_small_counts(frame, guards_against_offices=True)
    assert protected.report.passed
    assert [reader.name for reader in readers.list_readers(frame)] == ["public", "AA", "BB"]


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


@pytest.mark.parametrize(("gap", "known"), [(3, 0), (1, 1)])
def test_gap_after_a_correction_is_known_only_if_the_balance_closes(gap: int, known: int) -> None:
    """Correct one exit by one person: all other terms were published, so the gap gives away the exit."""
    book = close_book(30, reported=20, indicted=8, rejected=7, discontinued=6)
    before = build_books({"2024": {**book, CLOSING: book[CLOSING] - gap}})
    released = earlier.record_release(before, pl.Series(["F"] * before.height))
    after = before.with_columns(value=pl.col("value") + (pl.col("measure") == "indicted"))
    protected = protect.hide_small_counts(after, earlier=[released], guards_against_offices=False)
    hidden = protected.cells.filter(pl.col("conf_status") != "F")
    assert hidden["measure"].to_list() == ["indicted"]
    assert protected.report.passed
    assert protected.report.count_cells()["revealed_before"] == known


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


@settings(max_examples=15, deadline=None)
@given(draw_books(), st.integers(1, 8), st.sampled_from([INDICTED, REJECTED, DISCONTINUED]), st.booleans())
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
    if second.report.count_cells()["revealed_before"]:
        return
    hidden = [
        {term for term, status in zip(book, cells["conf_status"], strict=True) if status != "F"}
        for cells in (first.cells, second.cells)
    ]
    gaps = [sum(SIGNS[term] * value for term, value in counted.items()) for counted in books]
    known_gap = gaps.index(0) if 0 in gaps else 0
    for low, high in bound_two_releases(books, hidden, known_gap, balances.KNOWN_SIZE * max(map(abs, gaps))):
        assert high - low >= 2, (low, high)


@pytest.mark.parametrize(
    ("gaps", "known"),
    [((2, 0), 0), ((0, 2), 0), ((2, 3), 2), ((2, 3, 2), 2), ((3, 2, 0), 0), ((2, 2), 2), ((0, 0), 0)],
)
def test_one_gap_of_a_balance_is_known_and_the_others_are_limited(gaps: Sequence[int], known: int) -> None:
    """Correct an exit in each release, which changes the gap."""
    book = close_book(30, reported=20, indicted=8, rejected=7, discontinued=6)
    frames = [build_books({"2024": {**book, REJECTED: 7 - gap}}) for gap in gaps]
    recorded = [earlier.record_release(frame, pl.Series(["F"] * frame.height)) for frame in frames[:-1]]
    combined = ties.with_family(earlier.combine_releases(frames[-1].with_row_index("_row"), recorded, threshold=5))
    (problem,) = combined.partition_by(ties.TIED)
    view = Views(problem).margins
    constants = view.values[view.cells :]
    expected = {float(gap) for gap in gaps if gap == known}
    if len(set(gaps)) > 1:
        expected.add(-balances.KNOWN_SIZE * max(gaps))
    assert set(constants.tolist()) - {0.0} == expected - {0.0}


def test_gap_of_a_balance_is_not_a_small_count() -> None:
    book = close_book(30, reported=20, indicted=8, rejected=7, discontinued=6)
    frame = build_books({"2024": {**book, CLOSING: book[CLOSING] - 2}})
    protected = protect.hide_small_counts(frame, guards_against_offices=False)
    assert (protected.cells["conf_status"] == "F").all()


def test_limited_gap_leaves_both_signs() -> None:
    link = balances.BalanceLink((1,), (2,), 3.0)
    assert link.limit_gap(6.0) == (
        balances.BalanceLink((1,), (2,), -6.0, True),
        balances.BalanceLink((2,), (1,), -6.0, True),
    )
