"""Statistical rules that compare a return with earlier figures: polars functions that return the rows to report.

Great Expectations is not used here: these are tests of a series, not contracts of a row.  `comparisons.py` computes the
figures, this module decides.
"""

from __future__ import annotations

import polars as pl

from expectations import comparisons, completeness, tables
from expectations.figures import Figures, PlausibilityRule
from expectations.reporting import FindingTemplate

P_SURPRISING = 0.001
"""A count whose p-value given the periods before is lower than this is reported."""
COPIED_FROM = 8
"""This many figures above zero, all equal to those of the period before, suggest a copied return."""


def find_jumps(figures: Figures) -> pl.DataFrame:
    """Return totals that are surprising given the periods before."""
    scored = comparisons.score_series_jumps(figures.totals, figures.earlier_totals)
    return scored.filter(pl.col("p") < P_SURPRISING)


def find_exchanged_sexes(figures: Figures) -> pl.DataFrame:
    """Return counts of women that seem to be those of men."""
    shares = comparisons.compare_sex_shares(
        tables.tabulate_by_sex(figures.observations), tables.tabulate_by_sex(figures.earlier_observations)
    )
    return shares.filter("suspect")


def find_falling_years(figures: Figures) -> pl.DataFrame:
    """Return year-to-date figures that are less than those of the quarter before."""
    compared = comparisons.compare_years_so_far(figures.observations, figures.earlier_observations)
    return compared.filter(pl.col("value") < pl.col("expected"))


def find_copies(figures: Figures) -> pl.DataFrame:
    """Return periods whose figures are all equal to those of the period before."""
    compared = comparisons.find_copied_periods(figures.observations, figures.earlier_observations)
    return compared.filter(pl.col("same") & (pl.col("n") >= COPIED_FROM))


def find_revisions(figures: Figures) -> pl.DataFrame:
    """Return figures that differ from the value known before."""
    compared = comparisons.find_revised_figures(figures.observations, figures.earlier_observations)
    return compared.filter(pl.col("value").fill_nan(None) != pl.col("expected"))


def find_broken_stocks(figures: Figures) -> pl.DataFrame:
    """Return stocks at the start of a period that differ from the end of the period before."""
    compared = comparisons.compare_stocks(figures.totals, figures.earlier_totals)
    return compared.filter(pl.col("value") != pl.col("expected"))


def find_excess_indictments(figures: Figures) -> pl.DataFrame:
    """Return counts of indicted persons that are more than all who were investigated recently."""
    compared = comparisons.compare_indictments(figures.totals, figures.earlier_totals)
    return compared.filter(pl.col("value") > pl.col("expected"))


_SERIES = {"measure": "measure", "offence_group": "offence_group", "period": "period"}
SHARED_RULES = (
    PlausibilityRule(
        find_jumps,
        FindingTemplate("plausible.jump", "value", params={**_SERIES, "n": "n", "mean": "mean", "p": "p"}),
    ),
    PlausibilityRule(
        find_exchanged_sexes,
        FindingTemplate(
            "plausible.exchanged", "value", params={**_SERIES, "n": "n", "share": "share", "periods": "periods"}
        ),
    ),
    PlausibilityRule(
        find_falling_years,
        FindingTemplate(
            "plausible.year_so_far",
            "value",
            "expected",
            params={"label": "label", "period": "period", "previous": "previous"},
        ),
    ),
    PlausibilityRule(
        find_copies,
        FindingTemplate("plausible.copied", params={"n": "n", "period": "period", "previous": "previous"}),
    ),
    *completeness.RULES,
    PlausibilityRule(
        find_revisions,
        FindingTemplate("revision.changed", "value", "expected", params={"label": "label", "period": "period"}),
    ),
)
"""Rules of every instrument that holds counts, in the order of their findings."""
STAGE_RULES = (
    PlausibilityRule(
        find_broken_stocks,
        FindingTemplate("plausible.stock", "value", "expected", params={"measure": "measure", "period": "period"}),
    ),
    PlausibilityRule(
        find_excess_indictments,
        FindingTemplate("plausible.lag", "value", "expected", params={"period": "period"}),
    ),
)
"""Rules between the stages of proceedings."""
