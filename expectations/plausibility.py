"""Statistical rules that compare a return with earlier figures: polars functions that return the rows to report.

Great Expectations is not used here: these are tests of a series, not contracts of a row.  `comparisons.py`,
`series.py` and `copies.py` compute the figures, this module decides.
"""

from __future__ import annotations

import polars as pl

from expectations import comparisons, completeness, copies, tables
from expectations.figures import PlausibilityRule, ReturnFigures, share_result
from expectations.reporting import FindingTemplate


def find_jumps(figures: ReturnFigures) -> pl.DataFrame:
    """Return totals that are surprising given the periods before."""
    return figures.surprising_series.filter(pl.col("breakdown") == "")


def find_jumps_of_parts(figures: ReturnFigures) -> pl.DataFrame:
    """Return articles and other parts of totals that are surprising given the periods before."""
    return figures.surprising_series.filter(pl.col("breakdown") != "")


@share_result
def find_exchanged_sexes(figures: ReturnFigures) -> pl.DataFrame:
    """Return counts of women that seem to be those of men."""
    shares = comparisons.compare_sex_shares(
        tables.tabulate_by_sex(figures.observations), tables.tabulate_by_sex(figures.earlier_observations)
    )
    return shares.filter("suspect")


def find_falling_years(figures: ReturnFigures) -> pl.DataFrame:
    """Return year-to-date figures that are less than those of the quarter before."""
    compared = comparisons.compare_years_so_far(figures.observations, figures.earlier_observations)
    return compared.filter(pl.col("value") < pl.col("expected"))


def find_copies(figures: ReturnFigures) -> pl.DataFrame:
    """Return periods whose figures are all equal to those of another period."""
    return figures.copied_periods.filter(pl.col("kind") == "all")


def find_near_copies(figures: ReturnFigures) -> pl.DataFrame:
    """Return periods whose figures are nearly all equal to those of another period."""
    return figures.copied_periods.filter(pl.col("kind") == "nearly")


def find_copied_tables(figures: ReturnFigures) -> pl.DataFrame:
    """Return tables whose figures are nearly all equal to those of another period, in a return with others."""
    return figures.copied_periods.filter(pl.col("kind") == "table")


def find_rewritten_periods(figures: ReturnFigures) -> pl.DataFrame:
    """Return accepted periods for which a return changes most figures."""
    return copies.find_rewritten_periods(figures.known_periods, figures.earlier_observations)


def find_revisions(figures: ReturnFigures) -> pl.DataFrame:
    """Return figures that differ from the value known before."""
    compared = comparisons.find_revised_figures(figures.observations, figures.earlier_observations)
    return compared.filter(pl.col("value").fill_nan(None) != pl.col("expected"))


def find_broken_stocks(figures: ReturnFigures) -> pl.DataFrame:
    """Return stocks at the start of a period that differ from the end of the period before."""
    return figures.broken_stocks


def find_excess_indictments(figures: ReturnFigures) -> pl.DataFrame:
    """Return counts of indicted persons that are more than all who were investigated recently."""
    compared = comparisons.compare_indictments(figures.totals, figures.earlier_totals)
    key = ["submission_id", "jurisdiction", "offence_group", "period"]
    is_indicted = (pl.col("measure") == "indicted") & (pl.col("count_unit") == "person") & (pl.col("depth") == 0)
    places = figures.scored_series.filter(is_indicted & pl.col("is_widest")).unique(key).select(*key, "place")
    excess = compared.filter(pl.col("value") > pl.col("expected")).drop("place")
    return excess.join(places, on=key, how="left", maintain_order="left")


_SERIES = {"measure": "measure", "offence_group": "offence_group", "period": "period"}
_PERIODS = {"period": "period", "previous": "previous"}
_NEARLY_COPIED = {**_PERIODS, "same": "agreeing", "n": "compared", "p": "p"}
_JUMP = {**_SERIES, "n": "n", "mean": "mean", "p": "p"}
SHARED_RULES = (
    PlausibilityRule(find_jumps, FindingTemplate("plausible.jump", "seen", params=_JUMP)),
    PlausibilityRule(
        find_jumps_of_parts,
        FindingTemplate(
            "plausible.jump_of_part", "seen", params={**_JUMP, "breakdown": "breakdown", "others": "others"}
        ),
    ),
    PlausibilityRule(
        find_exchanged_sexes,
        FindingTemplate(
            "plausible.exchanged", "seen", params={**_SERIES, "n": "n", "share": "share", "periods": "periods"}
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
        FindingTemplate("plausible.copied", params={**_PERIODS, "n": "n", "not_zero": "compared"}),
    ),
    PlausibilityRule(find_near_copies, FindingTemplate("plausible.nearly_copied", params=_NEARLY_COPIED)),
    PlausibilityRule(
        find_copied_tables, FindingTemplate("plausible.table_copied", params={**_NEARLY_COPIED, "others": "others"})
    ),
    PlausibilityRule(
        find_rewritten_periods,
        FindingTemplate("plausible.rewritten", params={"period": "period", "changed": "changed", "n": "n"}),
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
        FindingTemplate("plausible.lag", "seen", "expected", params={"period": "period"}),
    ),
)
"""Rules between the stages of proceedings."""
