"""Rules on figures that should agree: the balance of each level, stocks by article, and sanctions of the convicted."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from expectations import tables
from expectations.figures import PlausibilityRule, ReturnFigures, share_result
from expectations.reporting import FindingTemplate
from expectations.series import COMPARED_PERIODS, list_discrete, make_discrete
from pipelines.core import codes
from pipelines.model.long_tables import OBSERVATION_KEY
from pipelines.model.periods import Period
from pipelines.statistics import balance_gaps, binomial_tails

STOCKS = {
    # stock -> its level, the flows into it and the flows out of it that every office counts
    "pending_prosecution": ("prosecution", ("reported",), ("indicted", "rejected", "discontinued")),
    "pending_first": ("first", ("indicted",), ("adjudicated_first",)),
    "pending_appeal": ("appeal", ("appealed",), ("decided_on_appeal",)),
}
"""The terms of the balances `pipelines/warehouse/metrics/declared/balance_*.yml`; a test compares the two."""
ENTRIES = ("transferred_in", "requalified_in", "reopened", "remitted", "severed")
EXITS = ("requalified_out", "transferred_out", "joined")
"""Entries and exits of every level. An office that does not count them has gaps in earlier periods too."""
SANCTIONS = {"sentenced_first": "convicted_first", "sentenced_final": "convicted_final"}
WITHOUT_SANCTION = 0.05
"""At most this share of the convicted is assumed to receive no sanction; in the demonstration it is 2 per cent."""
P_WITHOUT_SANCTION = 1e-5
"""So few sanctions are reported if their probability is lower than this; about 60 pairs of a return are compared."""
_BOOK = ("submission_id", "jurisdiction", "form", "freq", "count_unit", "stock")
"""Columns of one set of books, whose earlier gaps show how exactly they close."""
_NOT_OF_CELL = ("age_basis", "date_basis")
_PERIOD_COLUMNS = ("period", "period_start", "period_end")
_TERM = (
    "submission_id",
    "form",
    *(c for c in OBSERVATION_KEY if c not in (*_PERIOD_COLUMNS, "accumulation", *_NOT_OF_CELL, *tables.BREAKDOWNS)),
)
"""Columns that identify a term of a balance, but for its period."""


def find_broken_balances(figures: ReturnFigures) -> pl.DataFrame:
    """Return stocks at the end that do not follow from the start and the flows, in books that closed before.

    A gap is judged by those of all articles of its books, and by those of its own article: another article that never
    balances does not excuse it. Of each level and period only the article with the largest gap is returned. Exchanged
    articles, which `plausible.stocks` reports, break the balances of other levels too.

    Flows from January on are those of their own quarter, if that before is known.
    """
    terms, earlier_terms = _select_terms(figures.observations), _select_terms(figures.earlier_observations)
    now = tabulate_balances(make_discrete(terms, earlier_terms, _TERM, "value"))
    if now.is_empty():
        return now
    now = now.join(find_exchanged_stocks(figures), on=["submission_id", "period"], how="anti", maintain_order="left")
    past = tabulate_balances(list_discrete(earlier_terms, _TERM, "value"))
    return (
        now.with_columns(
            _score_gaps(now, past, _BOOK).alias("score_of_book"),
            _score_gaps(now, past, (*_BOOK, "offence", "law_article")).alias("score_of_article"),
        )
        .filter(pl.max_horizontal("score_of_book", "score_of_article") > balance_gaps.SURPRISING)
        .sort(pl.col("gap").abs(), descending=True, maintain_order=True)
        .unique([*_BOOK, "period"], keep="first", maintain_order=True)
    )


def _score_gaps(now: pl.DataFrame, past: pl.DataFrame, key: Sequence[str]) -> pl.Series:
    """Return the score of each gap by the earlier gaps with the same `key`; null if they are too few."""
    earlier = (
        now.select(*key, "period")
        .unique()
        .join(past.select(*key, past_period="period", past_gap="gap", past_flow="flow"), on=list(key), how="inner")
        .filter(pl.col("past_period") < pl.col("period"))
        .filter(pl.col("past_period").rank("dense", descending=True).over(*key, "period") <= COMPARED_PERIODS)
        .group_by(*key, "period")
        .agg(
            pl.col("past_period").n_unique().alias("periods"),
            (pl.col("past_gap") ** 2).sum().alias("squares"),
            pl.col("past_flow").sum(),
        )
        .filter(pl.col("periods") >= balance_gaps.FEWEST_PERIODS)
    )
    score = balance_gaps.score_gap(pl.col("gap"), pl.col("flow"), pl.col("squares"), pl.col("past_flow"))
    joined = now.join(earlier, on=[*key, "period"], how="left", maintain_order="left")
    return joined.select(score.alias("score")).to_series()


def _select_terms(observations: pl.DataFrame) -> pl.DataFrame:
    """Return the figures that are terms of a balance, without breakdowns."""
    measures = {*STOCKS, *ENTRIES, *EXITS}.union(*(entries + exits for _, entries, exits in STOCKS.values()))
    is_term = pl.col("measure").is_in(sorted(measures)) & pl.col("value").is_not_null()
    columns = [*_TERM, "period", "accumulation", "value", "place", "label"]
    return observations.lazy().filter(is_term).filter(_is_undivided()).select(columns).collect()


def tabulate_balances(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the balance of each stock by article and period, if all its terms are given.

    `value` is the stock at the end, `expected` what follows from the start and the flows, `gap` their difference, and
    `flow` the number of all entries and exits.
    """
    key = [*(c for c in _TERM if c not in ("measure", "level", "statistic")), "period", "accumulation"]
    measure, statistic, value = pl.col("measure"), pl.col("statistic"), pl.col("value")
    balances = []
    for stock, (level, entries, exits) in STOCKS.items():
        terms = [*entries, *exits]
        of_level = rows.filter((pl.col("level") == level) | measure.is_in(terms))
        balances.append(
            of_level.group_by(key, maintain_order=True)
            .agg(
                value.filter((measure == stock) & (statistic == "start")).first().alias("opening"),
                value.filter(measure.is_in([*entries, *ENTRIES])).sum().alias("entries"),
                value.filter(measure.is_in([*exits, *EXITS])).sum().alias("exits"),
                pl.col("value", "place", "label").filter((measure == stock) & (statistic == "end")).first(),
                measure.filter(measure.is_in(terms)).n_unique().alias("terms"),
            )
            .filter(pl.col("opening").is_not_null() & pl.col("value").is_not_null() & (pl.col("terms") == len(terms)))
            .with_columns(pl.lit(stock).alias("stock"))
        )
    return (
        pl.concat(balances)
        .with_columns((pl.col("opening") + pl.col("entries") - pl.col("exits")).alias("expected"))
        .with_columns(
            (pl.col("expected") - pl.col("value")).alias("gap"),
            (pl.col("entries") + pl.col("exits")).alias("flow"),
        )
    )


def _is_undivided() -> pl.Expr:
    return pl.all_horizontal(pl.col(name).is_in(codes.TOTAL_CODES) for name in tables.BREAKDOWNS)


@share_result
def find_exchanged_stocks(figures: ReturnFigures) -> pl.DataFrame:
    """Return stocks of articles that differ from the end of the period before although the whole group agrees.

    Of each stock and period only the figure with the largest difference is returned, with the number `n` of figures
    that differ. A group whose total differs is reported by `plausible.stock`.
    """
    same = ["submission_id", "form", *(c for c in OBSERVATION_KEY if c not in (*_PERIOD_COLUMNS, "statistic"))]
    is_known = pl.col("value").is_not_null()
    starts = figures.observations.filter(is_known & (pl.col("statistic") == "start"))
    ends = pl.concat([figures.earlier_observations, figures.observations]).filter(
        is_known & (pl.col("statistic") == "end")
    )
    next_periods = {code: Period.from_code(code).next_period().code for code in ends["period"].unique()}
    ends = ends.select(
        *same,
        pl.col("period").replace_strict(next_periods, return_dtype=pl.String),
        pl.col("value").alias("expected"),
    )
    group = ["submission_id", "jurisdiction", "measure", "level", "count_unit", "offence_group", "freq", "period"]
    difference = (pl.col("value") - pl.col("expected")).abs()
    return (
        starts.join(ends.unique([*same, "period"], keep="last", maintain_order=True), on=[*same, "period"])
        .filter(difference > 0)
        .join(tables.list_offence_groups(), on="offence", how="inner")
        .join(figures.broken_stocks.select(group).unique(), on=group, how="anti")
        .sort(difference, descending=True, maintain_order=True)
        .group_by("submission_id", "measure", "level", "count_unit", "freq", "period", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("value", "expected", "place", "label").first())
    )


def find_missing_sanctions(figures: ReturnFigures) -> pl.DataFrame:
    """Return sanctions that are far fewer than the convictions of the same article, sex and age.

    Of each article only the pair with the most convictions is returned.
    """
    left_out = ("measure", "level", *_NOT_OF_CELL)
    key = ["submission_id", "form", *(c for c in OBSERVATION_KEY if c not in left_out)]
    rows = figures.observations.filter((pl.col("value") >= 0) & (pl.col("count_unit") == "person")).with_columns(
        pl.col(codes.DIMENSIONS_WITH_TOTAL).replace("_Z", "_T")
    )
    convicted = rows.select(*key, whole="measure", expected="value")
    sanctions = rows.with_columns(
        pl.col("measure").replace_strict(SANCTIONS, default=None, return_dtype=pl.String).alias("whole")
    )
    pairs = sanctions.join(convicted, on=[*key, "whole"], how="inner").filter(pl.col("value") < pl.col("expected"))
    # Convictions above the decisions that include them are above the sanctions too.
    outcomes = figures.contradictions.filter(pl.col("kind") == "outcome")
    pairs = pairs.join(
        outcomes.select("submission_id", "period", "offence", whole="part"),
        on=["submission_id", "period", "offence", "whole"],
        how="anti",
        maintain_order="left",
    )
    missing = (pairs["expected"] - pairs["value"]).to_numpy()
    p = binomial_tails.compute_upper_tail(missing, pairs["expected"].to_numpy(), WITHOUT_SANCTION)
    return (
        pairs.filter(pl.Series(p, dtype=pl.Float64) < P_WITHOUT_SANCTION)
        .sort("expected", descending=True, maintain_order=True)
        .unique(["submission_id", "measure", "law_article", "period"], keep="first", maintain_order=True)
    )


RULES = (
    PlausibilityRule(
        find_missing_sanctions,
        FindingTemplate(
            "plausible.sanctions", "value", "expected", params={"part": "measure", "whole": "whole", "period": "period"}
        ),
    ),
    PlausibilityRule(
        find_exchanged_stocks,
        FindingTemplate(
            "plausible.stocks",
            "value",
            "expected",
            params={"label": "label", "measure": "measure", "period": "period", "n": "n"},
        ),
    ),
    PlausibilityRule(
        find_broken_balances,
        FindingTemplate(
            "plausible.balance",
            "value",
            "expected",
            params={
                "label": "label",
                "measure": "stock",
                "period": "period",
                "opening": "opening",
                "entries": "entries",
                "exits": "exits",
            },
        ),
    ),
)
"""Rules of the instrument `justice`, in the order of their findings."""
