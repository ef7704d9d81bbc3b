"""Balances in disclosure control: their equations, what they join, and what a withheld term needs next to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl
import pytest

from pipelines.publication.disclosure import balances, earlier, programme, protect, readers, risk, ties
from pipelines.publication.disclosure.balances import BalanceTerm
from pipelines.publication.disclosure.problem import Views
from tests.support.fakes.balance_books import (
    CLOSING,
    OPENING,
    REJECTED,
    REPORTED,
    SIGNS,
    Book,
    build_books,
    close_book,
)
from tests.support.fakes.disclosure_cells import build_cell, build_frame
from tests.support.protecting import list_hidden_terms


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
    hidden = list_hidden_terms(build_books({"2024": book}))
    assert ("rejected", "count", "2024") in hidden
    assert len(hidden) > 1


def test_release_that_ignores_balances_is_found_by_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Protect without the equations: the small exit alone is hidden, and an audit that knows them works it out."""
    frame = build_books({"2024": close_book(30, reported=20, indicted=8, rejected=3, discontinued=6)})
    with monkeypatch.context() as patch:
        patch.setattr(balances, "link_balances", lambda _: iter(()))
        assert list_hidden_terms(frame) == {("rejected", "count", "2024")}
    views = Views(frame)
    hidden = (frame["measure"] == "rejected").to_numpy()
    for view in (views.margins, views.leaves):
        assert risk.assess_cells(view, hidden, name="open", width=2).disclosed


def test_hidden_stock_is_hidden_as_the_next_opening_too() -> None:
    books = {
        "2024": close_book(30, reported=20, indicted=40, rejected=0, discontinued=7),
        "2025": close_book(3, reported=20, indicted=9, rejected=5, discontinued=0),
    }
    hidden = list_hidden_terms(build_books(books))
    assert {("pending_prosecution", "end", "2024"), ("pending_prosecution", "start", "2025")} <= hidden


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
    counted = protected.report.count_cells()
    assert (counted["revealed_before"], counted["open_to_guess"]) == (0, known)


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
