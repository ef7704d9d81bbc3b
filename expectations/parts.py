"""Rules of a return by itself: no part above its whole, no outcomes above the decisions that include them."""

from __future__ import annotations

import polars as pl

from expectations.figures import PlausibilityRule, ReturnFigures
from expectations.reporting import FindingTemplate


def find_excess_parts(figures: ReturnFigures) -> pl.DataFrame:
    """Return single parts that are more than their whole."""
    return figures.contradictions.filter(pl.col("kind") == "part")


def find_excess_sums(figures: ReturnFigures) -> pl.DataFrame:
    """Return wholes that are less than parts that exclude each other, if the form declares no sum of them."""
    return figures.contradictions.filter(pl.col("kind") == "parts")


def find_excess_outcomes(figures: ReturnFigures) -> pl.DataFrame:
    """Return outcomes of one article, sex and age that are more than the decisions that include them."""
    return figures.contradictions.filter(pl.col("kind") == "outcome")


def find_unequal_outcomes(figures: ReturnFigures) -> pl.DataFrame:
    """Return decisions that are less than their outcomes together, or differ from all of their outcomes."""
    return figures.contradictions.filter(pl.col("kind") == "outcomes")


def find_repairs(figures: ReturnFigures) -> pl.DataFrame:
    """Return the only cells whose correction settles all contradictions around them."""
    return figures.contradictions.filter(pl.col("kind") == "repair")


RULES = (
    PlausibilityRule(
        find_excess_parts,
        FindingTemplate(
            "parts.exceeded",
            "value",
            "expected",
            params={"dim": "dim", "label": "label", "total": "whole_label"},
            severity="severity",
        ),
    ),
    PlausibilityRule(
        find_excess_sums,
        FindingTemplate(
            "sum.exceeded",
            "expected",
            "value",
            params={"dim": "dim", "label": "whole_label"},
            constants={"parts": ""},
            severity="severity",
        ),
    ),
    PlausibilityRule(
        find_repairs, FindingTemplate("sum.repair", "value", "expected", params={"label": "label", "n": "n"})
    ),
)
"""Rules of every instrument that holds counts, in the order of their findings."""
STAGE_RULES = (
    PlausibilityRule(
        find_excess_outcomes,
        FindingTemplate(
            "plausible.outcome", "value", "expected", params={"part": "part", "whole": "whole", "period": "period"}
        ),
    ),
    PlausibilityRule(
        find_unequal_outcomes,
        FindingTemplate(
            "plausible.outcomes", "value", "expected", params={"whole": "whole", "period": "period", "label": "label"}
        ),
    ),
)
"""Rules between the stages of proceedings."""
