"""Three published releases. Each change of the last one since the first one is planted and known.

All figures of the release between them are larger, so that no two of the lists of changes are alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import clock, codes
from pipelines.core.home import Home
from pipelines.declarations.registry import load
from tests.support.releases import release_fixture, two_editions
from tests.support.releases.two_editions import EARLIER, NEWER

LATEST = "2026-Q4"
PUBLISHED: Mapping[str, str] = {
    EARLIER: "2026-11-20T09:00:00Z",
    NEWER: "2026-12-01T09:00:00Z",
    LATEST: "2026-12-10T09:00:00Z",
}
"""When each release became current."""
REVISED, HIDDEN, WITHDRAWN, SHOWN = "reported", "investigated", "adjudicated_first", "indicted"
"""Measures of the planted changes, all of persons in Albania for trafficking."""
YEAR, QUARTER, ADDED = "2025", "2026-Q3", "2022"
DIFFERENCE = 11.0
"""Difference between the revised figure and that of the first release."""
SHOWN_VALUE = 8.0
"""The figure that the earlier releases withheld."""
CHANGES: Mapping[tuple[str, str], str] = {
    (YEAR, REVISED): "revised",
    (YEAR, HIDDEN): "newly_hidden",
    (YEAR, WITHDRAWN): "withdrawn",
    (QUARTER, SHOWN): "newly_shown",
    (ADDED, REVISED): "added",
}
"""The planted changes by period and measure."""


_REVISIONS = pl.DataFrame(
    schema={
        **dict.fromkeys((*codes.CELL_KEY, "territory", "release"), pl.String),
        "vintage": pl.Int32,
        "value": pl.Float64,
        "is_newest": pl.Boolean,
    }
)


def make_home(root: Path) -> Home:
    """Make a home with the three releases below `root`, the last of which is current."""
    make_tables = release_fixture.make_tables
    # Pages read the table of revisions, which is empty here.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release_fixture, "make_tables", lambda registry: make_tables(registry) | {"revision": _REVISIONS})
        with clock.freeze_time(clock.parse_time(PUBLISHED[EARLIER])):
            home = release_fixture.make_home(root)
        with clock.freeze_time(clock.parse_time(PUBLISHED[NEWER])):
            two_editions.publish_newer(home)
        patch.setattr(release_fixture, "RELEASE", LATEST)
        with clock.freeze_time(clock.parse_time(PUBLISHED[LATEST])):
            release_fixture.write_draft(home, LATEST, cell=_plant_changes(make_tables(load())["cell"]))
            release_fixture.publish_draft(home, LATEST)
    return home


def is_total(period: str, measure: str) -> pl.Expr:
    """Return which counts of the table `cell` are the one of Albania that a planted change is about."""
    terms = {"area": "AL", "period": period, "measure": measure, "offence_group": "TIP", "count_unit": "person"}
    tables = pl.col("table_id").is_in(["area_year", "area_quarter"])
    return tables & pl.all_horizontal(pl.col(name) == value for name, value in terms.items())


def _plant_changes(cells: pl.DataFrame) -> pl.DataFrame:
    """Return counts with one of each kind of change."""
    is_revised, is_hidden, is_shown = is_total(YEAR, REVISED), is_total(YEAR, HIDDEN), is_total(QUARTER, SHOWN)
    added = cells.filter(is_revised).with_columns(period=pl.lit(ADDED), cell_id=pl.lit("0" * 16))
    changed = cells.with_columns(
        value=pl.when(is_revised).then(pl.col("value") + DIFFERENCE)
        .when(is_shown).then(SHOWN_VALUE)
        .when(is_hidden).then(None)
        .otherwise(pl.col("value")),
        obs_status=pl.when(is_shown).then(pl.lit("A")).when(is_hidden).then(pl.lit("Q")).otherwise(pl.col("obs_status")),
        conf_status=pl.when(is_shown).then(pl.lit("F")).when(is_hidden).then(pl.lit("C"))
        .otherwise(pl.col("conf_status")),
    )  # fmt: skip
    return pl.concat([changed.filter(~is_total(YEAR, WITHDRAWN)), added])
