"""Protect small frames of cells, and list the cells that are hidden."""

from __future__ import annotations

import polars as pl

from pipelines.publication.disclosure import earlier, protect


def list_hidden_terms(frame: pl.DataFrame) -> set[tuple[str, str, str]]:
    """Return measure, statistic and year of the cells that protection hides, after it has passed both audits."""
    protected = protect.hide_small_counts(frame, guards_against_offices=False)
    assert protected.report.passed
    hidden = protected.cells.filter(pl.col("conf_status") != "F")
    return set(hidden.select("measure", "statistic", "period").iter_rows())


def publish_all(*releases: pl.DataFrame) -> list[pl.DataFrame]:
    """Protect each release together with those before it; return the protected cells with their true values."""
    published: list[pl.DataFrame] = []
    recorded: list[pl.DataFrame] = []
    for cells in releases:
        protection = protect.hide_small_counts(cells, earlier=recorded)
        assert protection.report.passed
        recorded.append(earlier.record_release(cells, protection.cells["conf_status"]))
        published.append(protection.cells.with_columns(cells["value"].alias("true")))
    return published
