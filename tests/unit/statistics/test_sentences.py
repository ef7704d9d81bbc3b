"""Sentences: kinds, bands, quartiles and the statutory range, by hand; and the law in force on the day."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipelines.declarations.law import LAW_COLUMNS, Law, LawArticle
from pipelines.statistics.sentences import (
    against_law,
    compute_custody_shares,
    count_sentence_kinds,
    find_imposed_sentences,
    lengths_by_band,
    summarise_lengths,
)
from tests.records import build_events

BY = ("territory", "offence_group")


def build_article(name: str, since: str, until: str, low: str, high: str) -> LawArticle:
    row = dict.fromkeys(LAW_COLUMNS, "") | {"article": name, "in_force_from": since, "in_force_until": until}
    return LawArticle(row | {"penalty_min_months": low, "penalty_max_months": high})


LAW = {
    "HR": Law(
        [
            build_article("106", "2013-01-01", "2024-06-30", "12", "120"),
            build_article("106", "2024-07-01", "", "36", "144"),
            build_article("999", "2020", "", "", ""),
        ]
    )
}


def build_sentences(rows: list[tuple[str, str, str, str, float | None]], article_: str = "106") -> pl.DataFrame:
    """Build events from (case, person, day, kind, months)."""
    parts = [
        build_events(
            [(case, person, "sentenced_first", "first", day)],
            sentence_type=kind,
            sentence_months=months,
            law_article=article_,
        )
        for case, person, day, kind, months in rows
    ]
    return pl.concat(parts)


def test_kinds_and_shares_by_hand() -> None:
    events = build_sentences(
        [
            ("K1", "A", "2024-01-10", "prison", 24.0),
            ("K1", "B", "2024-01-10", "prison_suspended", 12.0),
            ("K2", "C", "2024-02-10", "prison", 60.0),
            ("K3", "D", "2024-03-10", "fine", None),
            ("K4", "E", "2024-03-11", "_U", None),
        ]
    )
    sentences = find_imposed_sentences(events, LAW)
    row = count_sentence_kinds(sentences, BY).row(0, named=True)
    assert (row["prison"], row["prison_suspended"], row["fine"], row["juvenile"], row["_U"]) == (2, 1, 1, 0, 1)
    assert (row["n_persons"], row["n_proceedings"], row["largest_share"]) == (5, 4, 0.4)
    shares = compute_custody_shares(sentences, BY).row(0, named=True)
    assert shares["custodial_share"] == 2 / 4, "the unknown kind is in neither share"
    assert shares["suspended_share"] == 1 / 4, "same denominator as the custodial share, as declared"
    assert (shares["custodial_share_n"], shares["custodial_share_of"]) == (2, 4)
    assert (shares["suspended_share_n"], shares["suspended_share_of"]) == (1, 4)


def test_bands_are_half_open() -> None:
    months = (23.9, 24.0, 59.0, 60.0, 120.0, None)
    events = build_sentences([(f"K{i}", f"P{i}", "2024-01-10", "prison", m) for i, m in enumerate(months)])
    row = lengths_by_band(find_imposed_sentences(events, LAW), BY).row(0, named=True)
    assert {k: row[k] for k in ("M0T24", "M24T60", "M60T120", "M120T", "_U")} == {
        "M0T24": 1,
        "M24T60": 2,
        "M60T120": 1,
        "M120T": 1,
        "_U": 1,
    }


def test_bands_of_all_lengths_sum_to_all() -> None:
    events = build_sentences([(f"K{m}", f"P{m}", "2024-01-10", "prison", float(m)) for m in range(1, 200)])
    row = lengths_by_band(find_imposed_sentences(events, LAW), BY)
    assert row.select(pl.sum_horizontal("M0T24", "M24T60", "M60T120", "M120T")).item() == 199
    assert row["_U"].item() == 0


def test_quartiles_by_hand() -> None:
    """Take the 2nd, 4th and 6th of eight lengths: the least that a quarter, half or three quarters do not exceed."""
    months = (6, 12, 18, 24, 30, 36, 42, 120)
    events = build_sentences(
        [
            *((f"K{i}", f"P{i}", "2024-01-10", "prison", float(m)) for i, m in enumerate(months)),
            ("K9", "P9", "2024-01-10", "prison_suspended", 200.0),
            ("K8", "P8", "2024-01-10", "prison", None),
        ]
    )
    row = summarise_lengths(find_imposed_sentences(events, LAW), BY).row(0, named=True)
    assert (row["p25"], row["median"], row["p75"], row["n"]) == (12, 24, 36, 8)
    assert (row["median_side"], row["p75_side"]) == (4, 3)
    assert row["largest_share"] == pytest.approx(120 / sum(months)), "share of all months of the person with the most"


def test_sentences_are_compared_with_the_law_in_force_on_their_day() -> None:
    """12 to 120 months until June 2024, 36 to 144 from July on: 24 months are within the first and below the second."""
    rows = [
        ("K1", "A", "2024-06-30", "prison", 24.0),
        ("K2", "B", "2024-07-01", "prison", 24.0),
        ("K3", "C", "2024-07-01", "prison", 144.0),
        ("K4", "D", "2024-06-30", "prison", 120.0),
        ("K5", "E", "2024-06-30", "prison_suspended", 6.0),
        ("K6", "G", "2024-06-30", "prison", 12.0),  # the minimum penalty itself is not below the minimum
    ]
    sentences = find_imposed_sentences(build_sentences(rows), LAW)
    assert dict(sentences.select("person", "minimum").rows()) == {"A": 12, "B": 36, "C": 36, "D": 12, "E": 12, "G": 12}
    row = against_law(sentences, BY).row(0, named=True)
    assert (row["n_minimum"], row["n_maximum"], row["n_unknown"]) == (5, 5, 0)
    assert row["below_minimum"] == 1 / 5
    assert row["at_maximum"] == 2 / 5


def test_article_without_a_range_is_unknown_and_not_zero() -> None:
    for name in ("999", "000"):  # one without penalties, one that is in no table
        row = against_law(
            find_imposed_sentences(build_sentences([("K1", "A", "2024-01-10", "prison", 24.0)], name), LAW), BY
        )
        assert row.select("n_minimum", "n_unknown", "below_minimum", "at_maximum").row(0) == (0, 1, None, None)
    before = find_imposed_sentences(build_sentences([("K1", "A", "2012-01-10", "prison", 24.0)]), LAW)
    assert before["minimum"].to_list() == [None], "the article was not in force that day"
    assert find_imposed_sentences(build_sentences([("K1", "A", "2024-01-10", "prison", 24.0)]), {})[
        "minimum"
    ].to_list() == [None]


def test_find_imposed_sentences_takes_the_gravest_of_a_day_and_the_last_of_several_days() -> None:
    rows = [
        ("K1", "A", "2024-01-10", "fine", None),
        ("K1", "A", "2024-01-10", "prison", 12.0),
        ("K1", "A", "2024-01-10", "prison", 36.0),
        ("K1", "B", "2024-01-10", "prison", 36.0),
        ("K1", "B", "2024-03-10", "prison", 12.0),
        ("K1", "C", "2024-01-10", "prison", 36.0),
        ("K1", "C", "2024-06-10", "prison", 12.0),
    ]
    sentences = (
        find_imposed_sentences(build_sentences(rows), LAW)
        .select("person", "period", "sentence_type", "months")
        .sort("person", "period")
    )
    assert sentences.rows() == [
        ("A", "2024-Q1", "prison", 36.0),
        ("B", "2024-Q1", "prison", 12.0),
        ("C", "2024-Q1", "prison", 36.0),
        ("C", "2024-Q2", "prison", 12.0),
    ]


def test_find_imposed_sentences_separates_levels() -> None:
    first = build_sentences([("K1", "A", "2024-01-10", "prison", 24.0)])
    final = first.with_columns(event=pl.lit("sentenced_final"), level=pl.lit("final"), event_date=date(2024, 2, 10))
    events = pl.concat([first, final])
    assert find_imposed_sentences(events, LAW).height == 1
    assert find_imposed_sentences(events, LAW, level="final")["event_date"].to_list() == [date(2024, 2, 10)]
    with pytest.raises(KeyError):
        find_imposed_sentences(events, LAW, level="appeal")


def test_functions_return_no_rows_without_sentences() -> None:
    none = find_imposed_sentences(build_sentences([("K1", "A", "2024-01-10", "prison", 24.0)]).clear(), LAW)
    for make in (count_sentence_kinds, lengths_by_band, compute_custody_shares, summarise_lengths, against_law):
        assert make(none, BY).is_empty()
