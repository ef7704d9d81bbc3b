"""Fixtures: the release of the demonstration home, and its figures of victims as its own table has them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from pipelines.core.home import open_home

VICTIM_KEY = (
    "freq", "area", "measure", "count_unit", "offence_group", "victim_status", "sex", "age", "exploitation",
    "citizenship",
)  # fmt: skip
"""Columns of the table `cell` in the order of the key of the dataflow VICTIMS."""
Figures = Mapping[tuple[str, ...], Mapping[str, object]]


@pytest.fixture(scope="session")
def release(built_home: Path) -> Path:
    """Return the folder of the current release of the demonstration."""
    return open_home(built_home).current.resolve()


@pytest.fixture(scope="session")
def victims(release: Path) -> Figures:
    """Return the counts of victims by key and period, read by SQL from the release."""
    period = (
        "case when length(period) = 9 then left(period, 4) || '-01-01/P' || "
        "(right(period, 4)::int - left(period, 4)::int + 1) || 'Y' else period end"
    )
    columns = ["value", "obs_status", "conf_status", "flags", "cell_id"]
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        selected = ", ".join((*VICTIM_KEY, period, *columns))
        rows = connection.execute(f"select distinct {selected} from cell where victim_status <> '_Z'").fetchall()
    width = len(VICTIM_KEY) + 1
    return {tuple(row[:width]): dict(zip(columns, row[width:], strict=True)) for row in rows}
