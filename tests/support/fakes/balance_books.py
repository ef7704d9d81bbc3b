"""Books of a prosecutor's balance, as cells of `mart_count`."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipelines.publication.disclosure.balances import BalanceTerm
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
