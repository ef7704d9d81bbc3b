"""Two published releases with different figures in each table, for tests of pages that open an earlier one."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.core.home import Home
from pipelines.declarations.registry import load
from tests.support.releases import release_fixture

EARLIER, NEWER = release_fixture.RELEASE, "2026-Q3.1"
DRAFT = "2026-Q4"
_MORE = 7000.0
"""Difference between each figure of the newer release and that of the earlier one."""
_CHANGED = (
    "cell", "indicator", "stage_ratio", "clearance", "exit", "duration", "pending", "cohort", "sentence", "quality",
    "reference_figure",
)  # fmt: skip


def make_home(root: Path) -> Home:
    """Make a home with two published releases, of which `NEWER` is the current one."""
    home = release_fixture.make_home(root)
    publish_newer(home)
    return home


def make_home_with_draft(root: Path) -> Home:
    """Make such a home with the draft of a third release, `DRAFT`."""
    home = make_home(root)
    write_newer_draft(home, DRAFT)
    return home


def publish_newer(home: Home) -> Path:
    """Publish a release in which each figure is larger, and return its folder."""
    write_newer_draft(home)
    return release_fixture.publish_draft(home, NEWER)


def write_newer_draft(home: Home, release: str = NEWER) -> Path:
    """Write the draft of a release in which each figure is larger."""
    tables = release_fixture.make_tables(load())
    changed = {name: tables[name].with_columns(pl.col("value") + _MORE) for name in _CHANGED}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(release_fixture, "RELEASE", release)
        return release_fixture.write_draft(home, release, **changed)
