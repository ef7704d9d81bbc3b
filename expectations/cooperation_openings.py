"""The rule that requests pending at the start of a period are those of the end of the period before.

It needs no Great Expectations, unlike the contracts of the suite in `cooperation.py`.
"""

from __future__ import annotations

import polars as pl

from expectations.cooperation_tables import find_changed_openings
from expectations.figures import PlausibilityRule, ReturnFigures
from expectations.reporting import FindingTemplate

CELL = {"label": "label", "period": "period", "direction": "direction"}
"""Parameters of a finding on one figure, by the column that each is read from."""


def find_openings(figures: ReturnFigures) -> pl.DataFrame:
    """Return the pending requests at the start of a period that differ from the end of the period before."""
    return find_changed_openings(figures.observations, figures.earlier_observations)


RULES = (
    PlausibilityRule(
        find_openings,
        FindingTemplate("cooperation.opening", "value", "expected", params=CELL),
    ),
)
