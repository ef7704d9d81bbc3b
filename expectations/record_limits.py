"""Case events with the dates, lengths and limits that the contract of registers compares them with."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from expectations.reporting import MOST_LISTED
from expectations.tables import tabulate_days
from pipelines.core import codes

if TYPE_CHECKING:
    from pipelines.declarations.registry import Registry

LONGEST_TERM = 600.0
"""Months that no law exceeds, where a territory declares no `longest_sentences`: fifty years, for several offences."""
_WITH_LENGTH = ("prison", "prison_suspended", "juvenile", "community")
_OFTEN = 0.2


def tabulate_records(events: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Return all case events with the dates, lengths and limits that the contract compares them with.

    A sanction that several events of a person repeat is compared with the longest term of the law once.
    """
    # An acquittal or a transfer may come before or after other events; only stages have a fixed order.
    order = {
        code: int(row["stage_order"]) for code, row in codes.read_codelist("measure").items() if row["kind"] == "flow"
    }
    with_order = (
        events.join(tabulate_days(events), on="period", how="left", maintain_order="left")
        .with_columns(
            pl.col("event").replace_strict(order, default=None, return_dtype=pl.Int32).alias("_order"),
        )
        .sort("submission_id", "jurisdiction", "proceeding", "person", "_order", "event_date", nulls_last=True)
    )
    person = ["submission_id", "jurisdiction", "proceeding", "person", pl.col("_order").is_null()]
    return _add_lengths(with_order, registry).with_columns(
        pl.col("event_date").cum_max().shift(1).over(person).alias("date_of_earlier_stage"),
        pl.col("event").shift(1).over(person).alias("earlier_stage"),
        pl.when(~pl.col("sentence_type").is_in(_WITH_LENGTH))
        .then(pl.col("sentence_months"))
        .alias("months_without_prison"),
    )


@lru_cache(maxsize=2)
def list_longest_terms(registry: Registry) -> tuple[dict[str, float], dict[str, float]]:
    """Return the most months of articles and of sanctions, by jurisdiction and article or type."""
    articles: dict[str, float] = {}
    for article in registry.law:
        if months := article.row["penalty_max_months"]:
            key = f"{article.jurisdiction} {article.key}"
            articles[key] = max(articles.get(key, 0.0), float(months))
    terms = {
        f"{term.jurisdiction} {term.sentence_type}": float(term.months)
        for territory in registry.territories.values()
        for term in territory.longest_sentences
    }
    return articles, terms


def longest_months_by_law(registry: Registry) -> pl.Expr:
    """Return the most months that the law allows for an event: of its article, else of its sanction."""
    articles, terms = list_longest_terms(registry)
    by_article, by_sanction = (
        pl.concat_str("jurisdiction", pl.lit(" "), column) for column in ("law_article", "sentence_type")
    )
    return pl.coalesce(
        by_article.replace_strict(articles, default=None, return_dtype=pl.Float64),
        by_sanction.replace_strict(terms, default=LONGEST_TERM, return_dtype=pl.Float64),
    )


def _add_lengths(events: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Add the length of each sanction once for every limit that it is compared with.

    Of many sanctions of a return that break one limit, only the first has its length in that column, and `records_` is
    their number: they have one cause.
    """
    articles, _ = list_longest_terms(registry)
    sanction = ["submission_id", "jurisdiction", "form", "proceeding", "person", "sentence_type", "sentence_months"]
    by_article = pl.concat_str("jurisdiction", pl.lit(" "), "law_article")
    months = pl.col("months_of_sanction")
    with_limits = events.with_columns(
        by_article.replace_strict(articles, default=None, return_dtype=pl.Float64).alias("longest_months_of_article"),
        pl.when(pl.col("sentence_type").is_in(_WITH_LENGTH) & pl.struct(sanction).is_first_distinct())
        .then(pl.col("sentence_months"))
        .alias("months_of_sanction"),
    ).with_columns(
        months.round().alias("nearest_whole_months"),
        # A term above the maximum of its article is reported as such.
        pl.when(pl.col("longest_months_of_article").is_null())
        .then(longest_months_by_law(registry))
        .alias("longest_months_of_law"),
    )
    # A register that has many parts of months means them.
    parts = (months != pl.col("nearest_whole_months")).fill_null(False)
    is_rare = parts.sum().over("submission_id") <= _OFTEN * months.count().over("submission_id")
    return with_limits.with_columns(
        *_list_first("term", months > pl.col("longest_months_of_law")),
        *_list_first("zero", months <= 0),
        *_list_first("part", parts & is_rare),
    )


def _list_first(name: str, is_broken: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Return the lengths that break a limit, `months_<name>`, the first only if there are many, and their number."""
    is_broken = is_broken.fill_null(False)
    number = is_broken.sum().over("submission_id")
    is_first = is_broken.cum_sum().over("submission_id") == 1
    listed = is_broken & ((number <= MOST_LISTED) | is_first)
    return (
        pl.when(listed).then(pl.col("months_of_sanction")).alias(f"months_{name}"),
        pl.when(number <= MOST_LISTED).then(1).otherwise(number).cast(pl.Int64).alias(f"records_{name}"),
    )
