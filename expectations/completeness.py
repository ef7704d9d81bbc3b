"""Rules on figures that the office sent before and that a full return leaves out: lines, categories, single figures."""

from __future__ import annotations

import polars as pl

from expectations import gone_figures
from expectations.figures import PlausibilityRule, ReturnFigures
from expectations.reporting import FindingTemplate


def find_gone_lines(figures: ReturnFigures) -> pl.DataFrame:
    """Return lines of earlier periods that a full return no longer has, unless `coverage.figures` reports them."""
    few = gone_figures.select_few_lines(figures.gone_lines)
    block = ["submission_id", "form", "period"]
    together = figures.gone_lines.join(few, on=block, how="anti", maintain_order="left")
    unreported = together.join(figures.gone_figures, on=["submission_id", "period"], how="anti", maintain_order="left")
    return pl.concat([few, unreported])


def find_gone_categories(figures: ReturnFigures) -> pl.DataFrame:
    """Return one row for each dimension that lost codes, with the number of figures that had them."""
    return figures.gone_figures.filter(pl.col("dim").is_not_null())


def find_gone_figures(figures: ReturnFigures) -> pl.DataFrame:
    """Return periods in which figures are gone without a code that explains them, or too many to name the codes."""
    return figures.gone_figures.filter(pl.col("dim").is_null())


RULES = (
    PlausibilityRule(
        find_gone_lines,
        FindingTemplate(
            "coverage.gone",
            "label",
            params={"period": "period", "previous": "previous", "measure": "measure", "article": "law_article"},
        ),
    ),
    PlausibilityRule(
        find_gone_categories,
        FindingTemplate(
            "coverage.categories",
            "label",
            params={"dim": "dim", "categories": "categories", "n": "n", "period": "period", "previous": "previous"},
        ),
    ),
    PlausibilityRule(
        find_gone_figures,
        FindingTemplate(
            "coverage.figures",
            "label",
            params={"n": "n", "total": "total", "period": "period", "previous": "previous"},
        ),
    ),
)
"""Rules of every instrument that holds counts, in the order of their findings."""
