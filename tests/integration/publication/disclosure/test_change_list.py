"""Read the list of changes between two releases as an intruder who looks for the values of withheld figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl

from pipelines.core import codes
from pipelines.publication.releases.changes import compare_tables
from tests.support.fakes.disclosure_cells import build_release
from tests.support.protecting import publish_all

AREAS = ("AA", "BB", "CC", "DD")
SEEDS = 25


def publish_tables(*counts: Mapping[str, float]) -> list[pl.DataFrame]:
    """Return the table `cell` of releases of some counts, as readers have it."""
    columns = [*codes.CELL_KEY, "value", "conf_status", "is_total"]
    return [
        cells.with_columns(
            is_total=pl.lit(True),
            conf_status=pl.when(pl.col("conf_status") == "F").then(pl.lit("F")).otherwise(pl.lit("C")),
        ).select(columns)
        for cells in publish_all(*(build_release(dict(values)) for values in counts))
    ]


def list_told_values(content: Mapping[str, Any], older: pl.DataFrame, newer: pl.DataFrame) -> Iterator[str]:
    """Yield the entries of `changes.json` that state more than what both releases publish of the same figure."""
    published = [dict(cells.select("area", "value").iter_rows()) for cells in (older, newer)]
    hidden = [set(cells.filter(conf_status="C")["area"]) for cells in (older, newer)]
    for figure in content["figures"]:
        area, values = figure["area"], {name: figure.get(name) for name in ("before", "after", "difference")}
        for name, values_of, hidden_of in zip(("before", "after"), published, hidden, strict=True):
            if values[name] is not None and (values[name] != values_of.get(area) or area in hidden_of):
                yield f"{area}: {name} is {values[name]}"
        if values["difference"] is not None and abs(values["difference"]) < 5:
            yield f"{area}: changed by {values['difference']}"
        if area in hidden[0] & hidden[1]:
            yield f"{area}: listed although it is withheld in both"
        if area in hidden[0] | hidden[1] and any(value is not None for value in values.values()):
            yield f"{area}: a figure that one release withholds has a value"
    expected = {"added", "revised", "withdrawn", "newly_hidden", "newly_shown", "schema"}
    yield from (f"unknown count {name}" for name in content["counts"].keys() - expected)
    listed = [figure["change"] for figure in content["figures"]]
    yield from (f"{n} {name}" for name, n in content["counts"].items() if name != "schema" and n != listed.count(name))


def make_counts(seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return random counts of areas, some of them small, and the same after corrections, one area late."""
    random = np.random.default_rng(seed)
    before = {area: float(random.integers(0, 12)) for area in AREAS}
    corrected = {area: max(0.0, value + float(random.choice([0, 0, 0, -2, 1, 4, 7]))) for area, value in before.items()}
    late = str(random.choice(AREAS))
    return {area: value for area, value in before.items() if area != late}, corrected


def test_list_of_changes_states_no_value_of_a_withheld_figure() -> None:
    kinds: set[str] = set()
    for seed in range(SEEDS):
        older, newer = publish_tables(*make_counts(seed))
        comparison = compare_tables({"cell": older.lazy()}, {"cell": newer.lazy()})
        content = json.loads(json.dumps(comparison.as_json()))
        assert list(list_told_values(content, older, newer)) == [], seed
        rows = comparison.figures.select("area", "before", "after", "difference").rows()
        as_table = [
            (row["area"], *(row.get(name) for name in ("before", "after", "difference"))) for row in content["figures"]
        ]
        assert rows == as_table, "the table `change` and `changes.json` have the same figures"
        kinds |= {figure["change"] for figure in content["figures"]}
    assert {"added", "revised", "newly_hidden"} <= kinds, "the random releases have changes to look at"


def test_told_values_are_found() -> None:
    """State what the list leaves out: the value that was published before a figure was withheld, and a small change."""
    older, newer = publish_tables({"AA": 6.0, "BB": 20.0, "CC": 30.0}, {"AA": 8.0, "BB": 20.0, "CC": 30.0})
    assert newer.filter(area="AA")["conf_status"].item() == "C", "a change of two persons is withheld"
    content = compare_tables({"cell": older.lazy()}, {"cell": newer.lazy()}).as_json()
    assert list(list_told_values(content, older, newer)) == []
    (entry,) = [figure for figure in content["figures"] if figure["area"] == "AA"]
    with_before = {**content, "figures": [*(f for f in content["figures"] if f is not entry), {**entry, "before": 6.0}]}
    assert "AA: a figure that one release withholds has a value" in list_told_values(with_before, older, newer)
    small = {**entry, "area": "BB", "change": "revised", "before": 20.0, "after": 20.0, "difference": 2.0}
    with_change = {**content, "figures": [*content["figures"], small]}
    assert "BB: changed by 2.0" in list_told_values(with_change, older, newer)
    with_count = {**content, "counts": {**content["counts"], "unchanged_hidden": 1}}
    assert "unknown count unchanged_hidden" in list_told_values(with_count, older, newer)
