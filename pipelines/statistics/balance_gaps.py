"""Judge the gap of a balance of stocks and flows by the gaps that the same books had before.

Books that always close have gaps of zero; others have gaps because some ways in and out are not counted. Uncounted
cases are rare events, so that the variance of a gap grows with the number of cases that move: its scale is the mean
square of earlier gaps for each moved case (a ratio estimate; Cochran 1977, *Sampling Techniques*, chapter 6).
"""

from __future__ import annotations

import polars as pl

FEWEST_PERIODS = 4
"""Fewer earlier periods do not show how exactly the books close."""
TOLERANCE = 1.0
"""A case may be entered in different quarters by two clerks, as in `mart_balance`."""
SURPRISING = 6.0
"""Number of standard deviations above which a gap is reported. Gaps have heavy tails: of 696 balances of the
demonstration, two are above 4 and none above 6, and so it is with the gaps of single articles."""


def score_gap(gap: pl.Expr, flow: pl.Expr, squares: pl.Expr, past_flow: pl.Expr) -> pl.Expr:
    """Return by how many standard deviations a gap exceeds the tolerance.

    `flow` is the number of cases that moved; `squares` the sum of squares of earlier gaps, and `past_flow` the number
    of cases that moved then. Five moved cases with one gap of one are added, so that books without gaps have a scale.
    """
    variance_per_case = (squares + 1) / (past_flow + 5)
    return (gap.abs() - TOLERANCE) / (variance_per_case * (flow + 2)).sqrt()
