"""Tests of the list of changes between two releases, on small tables."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest

from pipelines.core import codes
from pipelines.publication.releases.changes import (
    ReleaseComparison,
    compare_tables,
    empty_comparison,
    next_version,
)

State = tuple[float | None, str]
SHOWN, HIDDEN, MISSING = (7.0, "F"), (None, "C"), (None, "F")
_KEY: dict[str, str] = dict.fromkeys(codes.CELL_KEY, "_T") | {"area": "QQ", "freq": "Q", "offence_group": "TIP"}


def make_cells(states: dict[str, State], **changes: str) -> pl.DataFrame:
    """Return one cell for each measure with its value and its confidentiality."""
    rows: list[dict[str, Any]] = [
        {**_KEY, "period": "2026-Q3", **changes, "measure": measure, "value": value, "conf_status": status}
        for measure, (value, status) in states.items()
    ]
    schema: dict[str, Any] = {**dict.fromkeys(_KEY, pl.String), "value": pl.Float64, "conf_status": pl.String}
    return pl.DataFrame(rows, schema=schema).with_columns(is_total=pl.lit(True))


def compare_cells(
    before: dict[str, tuple[float | None, str]], after: dict[str, tuple[float | None, str]]
) -> ReleaseComparison:
    return compare_frames({"cell": make_cells(before)}, {"cell": make_cells(after)})


def compare_frames(older: dict[str, pl.DataFrame], newer: dict[str, pl.DataFrame]) -> ReleaseComparison:
    before, after = ({name: table.lazy() for name, table in tables.items()} for tables in (older, newer))
    return compare_tables(before, after)


@pytest.mark.parametrize(
    ("before", "after", "change", "values"),
    [
        (SHOWN, (9.0, "F"), "revised", (7.0, 9.0, 2.0)),
        (SHOWN, SHOWN, None, None),
        (SHOWN, MISSING, "withdrawn", (7.0, None, None)),
        (SHOWN, None, "withdrawn", (7.0, None, None)),
        (None, SHOWN, "added", (None, 7.0, None)),
        (MISSING, SHOWN, "added", (None, 7.0, None)),
        (SHOWN, HIDDEN, "newly_hidden", (None, None, None)),
        (None, HIDDEN, "newly_hidden", (None, None, None)),
        (HIDDEN, SHOWN, "newly_shown", (None, None, None)),
        (HIDDEN, None, "withdrawn", (None, None, None)),
        (HIDDEN, HIDDEN, None, None),
        (MISSING, None, None, None),
    ],
)
def test_compare_tables_names_each_change_and_gives_no_value_of_a_withheld_cell(
    before: Any, after: Any, change: str | None, values: Any
) -> None:
    figures = compare_cells(
        {} if before is None else {"indicted": before}, {} if after is None else {"indicted": after}
    )
    rows = figures.figures.select("change", "before", "after", "difference").rows()
    assert rows == ([] if change is None else [(change, *values)])


def test_compare_tables_of_cells_in_several_tables_lists_each_once() -> None:
    twice = pl.concat([make_cells({"indicted": SHOWN})] * 2)
    assert compare_frames({"cell": twice.clear()}, {"cell": twice}).count_changes()["added"] == 1


def test_compare_tables_lists_figures_from_records() -> None:
    record = make_cells({"indicted": SHOWN}).select(
        "area_kind", "area", "offence_group", "freq", "value", "conf_status"
    )
    record = record.with_columns(metric=pl.lit("time_to_end"), stage=pl.lit("first"), statistic=pl.lit("median"))
    older = {"cell": make_cells({}), "duration": record}
    newer = {"cell": make_cells({}), "duration": record.with_columns(value=pl.lit(9.0))}
    (row,) = compare_frames(older, newer).figures.to_dicts()
    assert (row["table"], row["metric"], row["stage"], row["before"], row["after"]) == (
        "duration", "time_to_end", "first", 7.0, 9.0,
    )  # fmt: skip


def test_comparison_as_json_has_only_terms_that_apply() -> None:
    content = compare_cells({"indicted": SHOWN}, {"indicted": (9.0, "F")}).as_json()
    (figure,) = json.loads(json.dumps(content))["figures"]
    assert "sex" not in figure and (figure["area"], figure["measure"], figure["after"]) == ("QQ", "indicted", 9.0)
    assert content["counts"] == {
        "added": 0, "revised": 1, "withdrawn": 0, "newly_hidden": 0, "newly_shown": 0, "schema": 0,
    }  # fmt: skip


CODES = pl.DataFrame({"codelist": ["sex"], "code": ["F"], "definition": ["Women and girls"]})


@pytest.mark.parametrize(
    ("older", "newer", "step", "schema"),
    [
        ({}, {}, "patch", []),
        ({}, {"cell": make_cells({"indicted": SHOWN}, period="2026-Q4")}, "minor", []),
        ({}, {"cell": make_cells({"indicted": SHOWN}, area="RR")}, "minor", []),
        ({"codelist": CODES}, {"codelist": pl.concat([CODES, CODES.with_columns(code=pl.lit("M"))])}, "minor",
         [("code_added", "codelist", "sex M")]),
        ({"codelist": CODES}, {"codelist": CODES.clear()}, "major", [("code_removed", "codelist", "sex F")]),
        ({"codelist": CODES}, {"codelist": CODES.with_columns(definition=pl.lit("Female persons"))}, "major",
         [("definition_changed", "codelist", "sex F definition")]),
        ({}, {"note": CODES}, "major", [("table_added", "note", "")]),
        ({"note": CODES}, {"note": CODES.rename({"code": "key"})}, "major",
         [("column_added", "note", "key"), ("column_removed", "note", "code")]),
        ({"note": CODES}, {"note": CODES.with_columns(code=pl.lit(1))}, "major", [("type_changed", "note", "code")]),
    ],
)  # fmt: skip
def test_step_is_that_of_the_largest_change(
    older: dict[str, pl.DataFrame], newer: dict[str, pl.DataFrame], step: str, schema: list[Any]
) -> None:
    cells = {"cell": make_cells({"indicted": SHOWN})}
    comparison = compare_frames(cells | older, cells | newer)
    assert comparison.step == step
    assert comparison.schema.select("change", "table", "name").rows() == schema


def test_next_version_counts_up_the_part_of_the_step() -> None:
    assert next_version(None, "major") == "1.0.0"
    assert [next_version("1.2.3", step) for step in ("major", "minor", "patch")] == ["2.0.0", "1.3.0", "1.2.4"]


def test_first_release_has_nothing_to_compare() -> None:
    assert set(empty_comparison().count_changes().values()) == {0}
