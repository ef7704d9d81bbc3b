"""Attack the released cells with an attacker that this project did not write.

The attacker is outside the project and knows nothing of `pipelines/publication/disclosure`. It gets the public cells,
how they add up, and the published description of the method (a hidden cell may be zero). It also gets every equation
that holds for the true figures, which is the most that a reader could find out.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core.codes import REGION
from pipelines.core.home import open_home
from pipelines.publication.disclosure import protect
from tests.support.attacker import ATTACK, BLOCK, DETAIL, NEEDS_ATTACKER, attack_cells, read_cells
from tests.support.corrections import GROUP, correct_one_person

pytestmark = NEEDS_ATTACKER
APART = {"victim_status": {"injured_party"}}
"""Codes outside their dimension's total: an injured party was presumed or identified before."""
REST = "rest"
DECISION = "decision"
"""A dimension for the attacker where the measures of a level are parts of another measure, which is its total."""
DECISIONS = {
    ("adjudicated_first", "first"): ("convicted_first", "acquitted", "rejected", "discontinued"),
    ("adjudicated_final", "final"): ("convicted_final", "acquitted", "rejected", "discontinued"),
    ("report_disposed", "prosecution"): ("indicted", "rejected", "discontinued", "requalified_out"),
}
"""The parts of decisions by the law and the forms, independent of the project's own list."""
MAIN_BLOCKS = [
    (measure, group) for measure in ("convicted_first", "sentenced_first", "indicted") for group in ("TIP", "SOM")
]
"""Blocks that are attacked every time, persons convicted and indicted with the decisions that they are parts of.

Victims take a minute and are attacked only in the slow test.
"""


def _folded(cells: pl.DataFrame) -> pl.DataFrame:
    """Return one row per cell: a cell shared by two tables appears once, and "not applicable" counts as the total."""
    columns = [*BLOCK, "area_kind", "area", "territory", "freq", "period", *DETAIL]
    return cells.with_columns(pl.col(DETAIL).replace("_Z", "_T")).unique(subset=columns, maintain_order=True)


def _area(row: dict[str, Any]) -> str:
    """Return a code of the attacker's first dimension; a total that is not the sum of its parts is a separate area."""
    if row["area_kind"] == "region":
        return f"{REGION}[{row['reporters']}]"
    return str(row["area"]) if row["is_additive"] else f"{row['area']}*"


def _is_decision(whole: str, level: str) -> pl.Expr:
    """Return the condition for persons of one kind of decision and of its parts."""
    is_measure = pl.col("measure").is_in([whole, *DECISIONS[whole, level]])
    return is_measure & (pl.col("level") == level) & (pl.col("count_unit") == "person")


class Published:
    """The public table and its specification for the attacker."""

    def __init__(self, cells: pl.DataFrame, true: pl.DataFrame) -> None:
        self.cells, self.true = _folded(cells), _folded(true)

    @classmethod
    def read_current(cls, root: Path) -> Published:
        """Return the current release of a home."""
        return cls(*read_cells(root))

    def write_blocks(self, folder: Path, blocks: list[tuple[str, str]] | None = None) -> tuple[Path, Path]:
        """Write `cells.parquet` and `spec.json`; with `blocks`, only those (measure, offence group)."""
        cells, true = self.cells, self.true
        if blocks is not None:
            is_in_blocks = pl.struct("measure", "offence_group").is_in(
                [{"measure": m, "offence_group": g} for m, g in blocks]
            )
            cells, true = cells.filter(is_in_blocks), true.filter(is_in_blocks)
        rows = [
            {
                **{name: row[name] for name in (*BLOCK, "period", *DETAIL)},
                "territory": _area(row),
                "value": row["value"],
                "flag": row["conf_status"],
            }
            for row in cells.iter_rows(named=True)
        ]
        hierarchies = self._make_hierarchies(cells)
        rows += self._list_empty_rests(true, hierarchies)
        return self._write_files(folder, rows, ["territory", "period", *DETAIL], hierarchies)

    @staticmethod
    def _write_files(
        folder: Path, rows: list[dict[str, Any]], dims: list[str], hierarchies: dict[str, dict[str, list[str]]]
    ) -> tuple[Path, Path]:
        table, spec = folder / "cells.parquet", folder / "spec.json"
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(table)
        specification = {"dims": dims, "by": BLOCK, "hierarchies": hierarchies}
        spec.write_text(json.dumps(specification), encoding="ascii")
        return table, spec

    def drop_decisions(self) -> Published:
        """Return the table without the cells that `write_decisions` writes."""
        is_decision = pl.any_horizontal(_is_decision(whole, level) for whole, level in DECISIONS)
        return Published(self.cells.filter(~is_decision), self.true.filter(~is_decision))

    def write_decisions(self, folder: Path, whole: str, level: str, group: str) -> tuple[Path, Path]:
        """Write the cells of one kind of decision and its parts as one block, with the parts as a dimension."""
        parts = DECISIONS[whole, level]
        is_decision = _is_decision(whole, level) & (pl.col("offence_group") == group)
        decision_code = (
            pl.when(pl.col("measure") == whole).then(pl.lit("_T")).otherwise(pl.col("measure")).alias(DECISION)
        )
        cells, true = (
            frame.filter(is_decision).with_columns(decision_code, pl.lit(whole).alias("measure"))
            for frame in (self.cells, self.true)
        )
        dims = ["period", *DETAIL, DECISION]
        rows = [
            {
                **{name: row[name] for name in (*BLOCK, *dims)},
                "territory": _area(row),
                "value": row["value"],
                "flag": row["conf_status"],
            }
            for row in cells.iter_rows(named=True)
        ]
        hierarchies = self._make_hierarchies(cells)
        hierarchies[DECISION] = {"_T": [*parts, REST]}
        for code in ("_T", *parts):
            empty_rests = self._list_empty_rests(true.filter(pl.col(DECISION) == code), hierarchies)
            rows += [{**row, DECISION: code} for row in empty_rests]
        totals = true.filter(pl.all_horizontal(pl.col(dim) == "_T" for dim in DETAIL) & (pl.col("freq") == "A"))
        values_by_place: dict[Any, dict[str, float]] = defaultdict(dict)
        for row in totals.filter(pl.col("area_kind") != "region").iter_rows(named=True):
            values_by_place[tuple(row[name] for name in BLOCK), _area(row), row["period"]][row[DECISION]] = row["value"]
        for (block, area, year), values in sorted(values_by_place.items()):
            total = values.pop("_T", None)
            if len(values) > 1 and sum(values.values()) == total:
                rest_cell = {**dict.fromkeys(DETAIL, "_T"), "period": year, "territory": area, DECISION: REST}
                rows.append({**dict(zip(BLOCK, block, strict=True)), **rest_cell, "value": 0.0, "flag": "F"})
        return self._write_files(folder, rows, ["territory", *dims], hierarchies)

    def _make_hierarchies(self, cells: pl.DataFrame) -> dict[str, dict[str, list[str]]]:
        areas: dict[str, list[str]] = {}
        parts: dict[str, set[str]] = defaultdict(set)
        for row in cells.filter(pl.col("area_kind") == "jurisdiction").iter_rows(named=True):
            parts[row["territory"]].add(row["area"])
        areas |= {territory: sorted(members) for territory, members in parts.items()}
        area_codes = {
            (tuple(row[name] for name in BLOCK), row["area"]): _area(row)
            for row in cells.filter(pl.col("area_kind") == "territory").iter_rows(named=True)
        }
        for row in cells.filter(pl.col("area_kind") == "region").iter_rows(named=True):
            block = tuple(row[name] for name in BLOCK)
            members = [area_codes.get((block, reporter), reporter) for reporter in row["reporters"].split(",")]
            if areas.setdefault(_area(row), members) != members:
                raise AssertionError(f"{_area(row)} is made of {areas[_area(row)]} and of {members}")
        periods: dict[str, list[str]] = {}
        for first, last in cells.filter(pl.col("freq").is_in(["P3", "P5"])).select(
            pl.col("period").str.split("-").list.get(0).cast(pl.Int64).alias("first"),
            pl.col("period").str.split("-").list.get(1).cast(pl.Int64).alias("last"),
        ).unique().iter_rows():  # fmt: skip
            periods[f"{first}-{last}"] = [str(year) for year in range(first, last + 1)]
        years = sorted({period[:4] for period in cells["period"]} | {y for pool in periods.values() for y in pool})
        periods |= {year: [f"{year}-Q{number}" for number in (1, 2, 3, 4)] for year in years}
        periods["always"] = years
        details = {
            dim: {"_T": [*sorted(set(cells[dim].unique()) - {"_T"} - APART.get(dim, set())), REST]} for dim in DETAIL
        }
        return {"territory": areas, "period": periods, **details}

    @staticmethod
    def _list_empty_rests(true: pl.DataFrame, hierarchies: dict[str, dict[str, list[str]]]) -> list[dict[str, Any]]:
        """Return empty rest cells for dimensions whose published categories always add up to their total."""
        total: dict[Any, float] = {}
        parts: dict[Any, float] = defaultdict(float)
        broken_down: dict[Any, set[str]] = defaultdict(set)
        for row in true.filter(pl.col("area_kind") != "region").iter_rows(named=True):
            block_and_area = (tuple(row[name] for name in BLOCK), _area(row))
            detail = tuple(row[dim] for dim in DETAIL)
            total[block_and_area, row["period"], detail] = row["value"]
            for i, dim in enumerate(DETAIL):
                if detail[i] in hierarchies[dim]["_T"]:
                    total_detail = (*detail[:i], "_T", *detail[i + 1 :])
                    parts[block_and_area, row["period"], total_detail, dim] += row["value"]
                    broken_down[block_and_area].add(dim)
        dimensions_with_rest = {
            (block_and_area, dim)
            for (block_and_area, period, detail, dim), value in parts.items()
            if (block_and_area, period, detail) in total and total[block_and_area, period, detail] != value
        }
        return [
            {
                **dict(zip(BLOCK, block, strict=True)),
                **dict.fromkeys(DETAIL, "_T"),
                "period": "always",
                "territory": area,
                dim: REST,
                "value": 0.0,
                "flag": "F",
            }
            for (block, area), dims in sorted(broken_down.items())
            for dim in sorted(dims)
            if ((block, area), dim) not in dimensions_with_rest
        ]


@pytest.fixture(scope="module")
def published(built_home: Path) -> Published:
    return Published.read_current(built_home)


def _attack_each(published: Published, folder: Path, blocks: Iterable[tuple[str, str]]) -> None:
    """Attack block by block: the attacker audits blocks separately, and all at once would take gigabytes of memory."""
    faults, hidden = [], 0
    published_blocks = set(published.cells.select("measure", "offence_group").iter_rows())
    for block in sorted(published_blocks.intersection(blocks)):
        report = attack_cells(*published.write_blocks(folder, [block]), "--zeros", "suppressible")
        hidden += report.get("suppressed", 0)
        results = {name: report.get(name) for name in ("disclosed", "narrow", "contradictions", "unknown")}
        if report["exit"] != 0 or any(results.values()):
            faults.append(f"{block}: {results}\n{report['output']}")
    assert not faults, "\n".join(faults[:5])
    assert hidden > 0


def test_attack_on_main_blocks_finds_no_disclosure(published: Published, tmp_path: Path) -> None:
    _attack_each(published.drop_decisions(), tmp_path, MAIN_BLOCKS)


@pytest.mark.parametrize(("whole", "level"), [*DECISIONS])
@pytest.mark.parametrize("group", ["TIP", "SOM"])
def test_attack_on_parts_of_decisions_finds_no_disclosure(
    published: Published, tmp_path: Path, whole: str, level: str, group: str
) -> None:
    """Attack decisions with their parts and what adds up in each: a total minus all parts but one reveals that one."""
    report = attack_cells(*published.write_decisions(tmp_path, whole, level, group), "--zeros", "suppressible")
    results = {name: report.get(name) for name in ("disclosed", "narrow", "contradictions", "unknown")}
    assert report["exit"] == 0 and not any(results.values()), f"{results}\n{report['output']}"
    assert report["suppressed"] > 0


CORRECTED = ("report_disposed", "prosecution")
"""The kind of decisions to which the corrected indictments belong."""


def test_attack_on_a_correction_with_the_release_before_it_finds_no_disclosure(
    built_home: Path, tmp_path: Path
) -> None:
    """Correct one quarter by one man, and attack each block of these decisions, and the decisions with their parts.

    The release before is the published one. The attacker knows it, as far as it is still true.
    """
    home = open_home(built_home)
    (path,) = home.released.glob("*.parquet")
    measures = (CORRECTED[0], *DECISIONS[CORRECTED])
    before = pl.read_parquet(path).filter(
        pl.col("measure").is_in(measures), pl.col("level") == CORRECTED[1], offence_group=GROUP
    )
    after = correct_one_person(before.drop("is_published")).with_columns(pl.lit("A").alias("obs_status"))
    protected = protect.hide_small_counts(after, earlier=[before]).cells
    published = Published(protected.with_columns(pl.col("conf_status").replace({"A": "C", "D": "C"})), after)
    is_known = before["is_published"] & (before["value"] == after["value"])
    assert is_known.sum() < before["is_published"].sum(), "the correction changed published figures"
    facts = Published(after.filter(is_known).with_columns(pl.lit("F").alias("conf_status")), after)

    def write_problem(release: Published, folder: Path, measure: str | None) -> tuple[Path, Path]:
        folder.mkdir(parents=True)
        if measure is None:
            return release.write_decisions(folder, *CORRECTED, GROUP)
        return release.write_blocks(folder, [(measure, GROUP)])

    for measure in (*measures, None):
        place = tmp_path / (measure or "parts")
        table, spec = write_problem(published, place / "now", measure)
        previous, _ = write_problem(facts, place / "before", measure)
        report = attack_cells(table, spec, "--previous", str(previous), "--zeros", "suppressible")
        results = {name: report.get(name) for name in ("disclosed", "narrow", "contradictions", "unknown")}
        assert report["exit"] == 0 and not any(results.values()), f"{measure}: {results}\n{report['output']}"
        assert report["suppressed"] > 0, measure


@pytest.mark.slow
def test_attack_on_every_block_finds_no_disclosure(published: Published, tmp_path: Path) -> None:
    all_blocks = set(published.cells.select("measure", "offence_group").iter_rows())
    assert len(all_blocks) > 100
    _attack_each(published, tmp_path, all_blocks)


def test_attacker_input_has_every_hidden_cell(published: Published, tmp_path: Path) -> None:
    """Check the attacker's input: an attack on a table without its hidden cells would pass."""
    hidden = published.cells.filter(pl.col("conf_status") == "C")
    assert hidden.height > 500
    assert hidden["value"].null_count() == hidden.height
    public_cells = published.cells.filter(pl.col("conf_status") == "F")
    assert public_cells["value"].null_count() == 0
    assert public_cells.filter(pl.col("value").is_between(1, 4)).is_empty()


@pytest.mark.parametrize(
    ("fixture", "options", "code"),
    [
        ("leak", (), 1),
        ("ones", ("--zeros", "published"), 1),
        ("bad", (), 2),
        ("v2", (), 0),
        ("v2", ("--previous", "v1.csv"), 1),
    ],
)
def test_attacker_finds_leaks_in_its_fixtures(
    tmp_path: Path, fixture: str, options: tuple[str, ...], code: int
) -> None:
    """Run the attacker's own fixtures: it must find their leaks, or its result on the release means nothing."""
    table = tmp_path / f"{fixture}.csv"
    table.write_bytes((ATTACK.parent / f"{fixture}.csv").read_bytes())
    fixture_options = [str(ATTACK.parent / option) if option.endswith(".csv") else option for option in options]
    report = attack_cells(table, ATTACK.parent / "spec.json", *fixture_options)
    assert report["exit"] == code, report["output"]


def test_attacker_finds_a_cell_next_to_a_revealed_one(published: Published, tmp_path: Path) -> None:
    """Reveal the second hidden cell of an equation, so that the first can be computed."""
    table, spec = published.write_blocks(tmp_path, [("indicted", "TIP")])
    cells = pl.read_parquet(table)
    values = {
        (*(row[name] for name in BLOCK), _area(row), row["period"], *(row[dim] for dim in DETAIL)): row["value"]
        for row in published.true.iter_rows(named=True)
    }
    key = [*BLOCK, "territory", "period", *DETAIL]
    values_with_leak = [
        values[tuple(row[name] for name in key)] if row["flag"] == "C" and row["sex"] != "F" else row["value"]
        for row in cells.iter_rows(named=True)
    ]
    cells.with_columns(pl.Series("value", values_with_leak, dtype=pl.Float64)).write_parquet(table)
    assert attack_cells(table, spec, "--zeros", "suppressible")["exit"] == 1
