"""Rules on sanctions: their kind, their length, and the age of the person."""

from __future__ import annotations

import polars as pl

from expectations import event_comparisons, record_limits
from expectations.event_tables import (
    BLOCK,
    CASE,
    NOT_KNOWN,
    list_age_limits,
    list_declared_fields,
    pool_records,
)
from expectations.figures import ReturnFigures

P_SHIFT = 0.001
"""Probability that a family of tests reports anything of a sound return; each of its tests gets a part of it."""
LENGTHS_KNOWN, LONGER_THAN_ANY, P_LENGTH = 8, 1.5, 0.01
"""For the sentences of one article."""
LENGTHS_KNOWN_OVERALL, LONGER_THAN_ANY_OVERALL = 100, 1.3
"""For the sentences of all articles."""


def find_differing_sanctions(figures: ReturnFigures) -> pl.DataFrame:
    """Return a sanction that two events of one person on one day and level describe differently."""
    sanctions = figures.known_events.filter(pl.col("is_new") & ~pl.col("sentence_type").is_in(NOT_KNOWN))
    same = [*CASE, "level", "event_date", "law_article"]
    pairs = sanctions.join(sanctions.select(*same, "row", "sentence_type", "sentence_months"), on=same, suffix="_first")
    is_other_type = pl.col("sentence_type") != pl.col("sentence_type_first")
    # A length that cannot be right is reported as such.
    months, other_months = pl.col("sentence_months"), pl.col("sentence_months_first")
    by_law = record_limits.longest_months_by_law(figures.registry)
    is_sound = [(n > 0) & (n <= by_law) & (n == n.round()) for n in (months, other_months)]
    is_other_length = (months != other_months) & is_sound[0] & is_sound[1]
    differing = pairs.filter((pl.col("row_first") < pl.col("row")) & (is_other_type | is_other_length.fill_null(False)))
    differing = differing.sort("row").unique([*CASE, "level"], keep="first", maintain_order=True)
    return pool_records(
        differing.with_columns(
            category="sentence_type",
            other="sentence_type_first",
            given=_describe_months("sentence_months"),
            expected=_describe_months("sentence_months_first"),
        )
    )


def _describe_months(column: str) -> pl.Expr:
    return pl.col(column).round(1).cast(pl.String).str.strip_suffix(".0").fill_null("\N{EN DASH}")


def find_missing_lengths(figures: ReturnFigures) -> pl.DataFrame:
    """Return prison sentences without a length, in a register that has a column for it."""
    fields = list_declared_fields(figures.registry)
    able = [form for form, names in fields.items() if names & {"sentence_months", "sentence_years"}]
    prison = figures.known_events.filter(
        pl.col("is_new") & pl.col("sentence_type").is_in(["prison", "prison_suspended"]) & pl.col("form").is_in(able)
    )
    sentence = [*CASE, "level", "event_date", "sentence_type"]
    has_length = pl.col("sentence_months").is_not_null().any().over(sentence)
    rows = prison.filter(~has_length).unique([*CASE, "sentence_type"], keep="first", maintain_order=True)
    return pool_records(rows)


def find_sanctions_of_other_ages(figures: ReturnFigures) -> pl.DataFrame:
    """Return juvenile sanctions of adults over 21, and prison of children: by the code list they exclude each other."""
    rows = figures.known_events.filter("is_new").join(list_age_limits(), on="age", maintain_order="left")
    is_grown = (pl.col("sentence_type") == "juvenile") & (pl.col("low") >= 21)
    is_child = pl.col("sentence_type").is_in(["prison", "prison_suspended"]) & (pl.col("high") <= 18)
    rows = rows.filter(is_grown | is_child).unique(CASE, keep="first", maintain_order=True)
    return pool_records(rows)


def find_unusual_lengths(figures: ReturnFigures) -> pl.DataFrame:
    """Return sentences that are far longer than any known before, of their article or of all articles.

    Of an article, a sentence is more than half as long again as the longest of at least eight, and its p-value, times
    the number of sentences in the return, is below 0.01.  Of all articles, it is 30 per cent longer than the longest of
    at least a hundred.  A term that exceeds the law is reported as such.
    """
    scored = event_comparisons.score_lengths(figures.known_events).with_columns(
        by_law=record_limits.longest_months_by_law(figures.registry)
    )
    months = pl.col("sentence_months")
    is_far = (pl.col("known") >= LENGTHS_KNOWN) & (months > LONGER_THAN_ANY * pl.col("longest"))
    is_far = (is_far & (pl.col("p") < P_LENGTH)).fill_null(False)
    is_longest = (pl.col("known_overall") >= LENGTHS_KNOWN_OVERALL) & (
        months > LONGER_THAN_ANY_OVERALL * pl.col("longest_overall")
    )
    lengths = scored.filter((is_far | is_longest.fill_null(False)) & (months <= pl.col("by_law")))
    return pool_records(
        lengths.with_columns(
            known=pl.when(is_far).then("known").otherwise("known_overall"),
            longest=pl.when(is_far).then("longest").otherwise("longest_overall"),
        )
    )


def find_shifted_lengths(figures: ReturnFigures) -> pl.DataFrame:
    """Return periods whose sentences are longer or shorter as a whole than before, as lengths in years would be."""
    shifts = event_comparisons.score_shift_of_lengths(figures.known_events, LENGTHS_KNOWN)
    return shifts.filter(pl.col("p") < P_SHIFT).unique(BLOCK, keep="first", maintain_order=True)
