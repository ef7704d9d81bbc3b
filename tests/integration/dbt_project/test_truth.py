"""Every number of the count marts against the truth of the generator, cell by cell.

What is meant comes from `tests/golden/` and, for registers, from the generator's events; `truth_counts.py` adds them
up without any reader, form or SQL.  What is found comes from `mart_count` of the session's home.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core.codes import REGION
from pipelines.core.home import open_home
from pipelines.warehouse import count_builds
from tests.samples import plan
from tests.samples.truth import draw_truth
from tests.support.warehouse import truth_counts as truth

HEAD = ("measure", "level", "count_unit", "statistic", "offence_group")
ABSENT = "no such row"


def _registers() -> Iterable[str]:
    """Territories whose register counts for some measure."""
    for territory in plan.list_territories():
        if any(rule["shape"] == "register" for rule in truth.read_declaration(territory)["counts_source"]):
            yield territory


@cache
def _expected_areas() -> truth.Areas:
    nil = truth.nil_returns(truth.ROOT / "raw_samples" / "arrivals.csv")
    offices = {
        territory: truth.office_counts(
            truth.read_golden_rows(truth.ROOT / "tests" / "golden" / f"{territory}.csv"), nil
        )
        for territory in plan.list_territories()
    }
    for territory in _registers():
        newest: dict[Any, Any] = {}
        for generated in plan.make_registers(draw_truth(), territory):
            newest[generated.series, generated.periods] = generated.events
        offices[territory] |= truth.register_counts(event for events in newest.values() for event in events)
    return truth.build_areas(offices)


@cache
def _mart(root: Path) -> pl.DataFrame:
    counts = count_builds.latest_counts(open_home(root))
    assert counts is not None
    return pl.read_parquet(count_builds.tables_folder(counts) / "mart_count.parquet")


def _read_values(mart: pl.DataFrame) -> tuple[dict[tuple[Any, ...], truth.Value], list[str]]:
    """Read values by (freq, period, cell), and list cells that exist twice, as `_T` and as `_Z`."""
    values: dict[tuple[Any, ...], truth.Value] = {}
    twice = []
    for row in mart.iter_rows(named=True):
        detail = ("_T" if row[dim] == "_Z" else row[dim] for dim in truth.DETAIL)
        key = (row["freq"], row["period"], (*(row[name] for name in HEAD), *detail))
        if key in values:
            twice.append(f"{row['area']} {key}")
        values[key] = row["value"]
    return values, twice


def _differences(
    area: str, values: dict[tuple[Any, ...], truth.Value], expected: dict[tuple[Any, ...], truth.Value]
) -> list[str]:
    messages = []
    for key in sorted(values.keys() | expected.keys(), key=repr):
        value, expected_value = values.get(key), expected.get(key)
        if value != expected_value:
            message = f"{value if key in values else ABSENT}, meant {expected_value if key in expected else ABSENT}"
            messages.append(f"{area} {' '.join(key[:2])} {' '.join(c for c in key[2] if c != '_T')}: {message}")
    return messages


@pytest.mark.parametrize("kind", ["territory", "jurisdiction"])
@pytest.mark.parametrize("territory", plan.list_territories())
def test_each_figure_equals_the_generated_one(built_home: Path, territory: str, kind: str) -> None:
    mart = _mart(built_home).filter((pl.col("territory") == territory) & (pl.col("area_kind") == kind))
    by_area = _expected_areas().territories if kind == "territory" else _expected_areas().jurisdictions
    areas = {territory} if kind == "territory" else {
        jurisdiction["code"] for jurisdiction in truth.read_declaration(territory)["jurisdictions"]
        if jurisdiction["code"] != territory
    }  # fmt: skip
    assert set(mart["area"]) == areas
    faults = []
    for area in sorted(areas):
        values, twice = _read_values(mart.filter(pl.col("area") == area))
        expected = {(*period, cell): value for period, cells in by_area[area].items() for cell, value in cells.items()}
        faults += [f"{key} exists twice" for key in twice]
        faults += _differences(area, values, expected)
        assert sum(value is not None for value in expected.values()) > 1000, f"{area}: hardly anything was compared"
    assert not faults, f"{len(faults)} differ:\n" + "\n".join(faults[:30])


def test_region_is_the_sum_of_its_reporters_and_names_them(built_home: Path) -> None:
    mart = _mart(built_home).filter(pl.col("area_kind") == "region")
    values, twice = _read_values(mart)
    members: dict[tuple[Any, ...], dict[str, float]] = defaultdict(dict)
    for territory, counts in _expected_areas().territories.items():
        for period, cells in counts.items():
            for cell, value in cells.items():
                if value is not None:
                    members[(*period, cell)][territory] = value
    expected: dict[tuple[Any, ...], truth.Value] = {key: sum(values.values()) for key, values in members.items()}
    faults = twice + _differences(REGION, values, expected)
    for row in mart.filter(pl.col("value").is_not_null()).iter_rows(named=True):
        detail = ("_T" if row[dim] == "_Z" else row[dim] for dim in truth.DETAIL)
        reporters = sorted(members.get((row["freq"], row["period"], (*(row[name] for name in HEAD), *detail)), ()))
        if (sorted(row["reporters"].split(",")), row["n_reported"], row["n_expected"]) != (
            reporters,
            len(reporters),
            len(plan.list_territories()),
        ):
            faults.append(f"{row['period']} {row['measure']}: reporters {row['reporters']}, meant {reporters}")
    assert not faults, f"{len(faults)} differ:\n" + "\n".join(faults[:30])


def test_transfers_between_parts_are_counted_once(built_home: Path) -> None:
    """Three generated persons are transferred between jurisdictions in 2024-Q2.

    By the declared rule the receiver does not count them again as reported, so the whole is the plain sum of its four.
    """
    quarter = _mart(built_home).filter(
        (pl.col("period") == "2024-Q2")
        & (pl.col("count_unit") == "person")
        & (pl.col("offence_group") == "TIP")
        & pl.all_horizontal(pl.col(dim).is_in(truth.ALL) for dim in truth.DETAIL)
    )
    parts = quarter.filter(pl.col("area_kind") == "jurisdiction")
    assert parts.filter(pl.col("measure") == "transferred_in")["value"].sum() == 3
    assert parts.filter(pl.col("measure") == "transferred_out")["value"].sum() == 3
    territory = parts["territory"][0]
    rules = truth.read_declaration(territory)["counting_rules"]
    assert not any(rule["transferred_counted_again"] for rule in rules)
    whole = quarter.filter((pl.col("area") == territory) & (pl.col("measure") == "reported")).row(0, named=True)
    reported = parts.filter(pl.col("measure") == "reported")
    assert reported.height == whole["n_reported"] == whole["n_expected"] == 4
    assert whole["value"] == reported["value"].sum()
    assert whole["is_additive"]


def test_every_territory_and_stage_was_compared() -> None:
    """Require figures of justice and of victims in every territory, since comparing nothing would pass."""
    for territory, counts in _expected_areas().territories.items():
        measures = {cell[0] for cells in counts.values() for cell in cells}
        assert {"reported", "indicted", "convicted_final", "victims_detected"} & measures, territory
        assert len(measures) > 4, territory
