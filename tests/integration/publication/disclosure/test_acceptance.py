"""The released cells against an intruder that this project did not write.

The attacker lies beside the project and knows nothing of `pipelines/publication/disclosure`.  It gets the public
cells, how they add up, and the method's own words (a hidden cell may be zero).  What it is told of sums is the most a
reader could find out, taken from the true figures: each equation that holds is given to it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.core.codes import REGION
from pipelines.core.home import open_home
from pipelines.publication.disclosure import programme
from pipelines.publication.releases.publish import find_current_release
from pipelines.warehouse import dbt
from tests.support.paths import SHARED

ATTACK = SHARED / "acceptance" / "disclosure" / "attack.py"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not ATTACK.exists(), reason="the attacker does not lie beside the project"),
]
BLOCK = ["measure", "level", "count_unit", "statistic", "offence_group"]
DETAIL = [
    "offence", "person_type", "victim_status", "sex", "age", "exploitation", "citizenship", "sentence_type",
    "sentence_band",
]  # fmt: skip
NOT_HIDDEN = ["O", "L", "M", "K"]
"""Status of a cell that is empty for another reason than protection."""
APART = {"victim_status": {"injured_party"}}
"""Codes that are no part of their dimension's total: an injured party was presumed or identified before."""
REST = "rest"
DECISION = "decision"
"""A dimension that the attacker gets where the measures of a level are parts of one: its total is the whole."""
DECISIONS = {
    ("adjudicated_first", "first"): ("convicted_first", "acquitted", "rejected", "discontinued"),
    ("adjudicated_final", "final"): ("convicted_final", "acquitted", "rejected", "discontinued"),
    ("report_disposed", "prosecution"): ("indicted", "rejected", "discontinued", "requalified_out"),
}
"""What decisions are made of, by the words of the law and of the forms; not by the project's own list."""
MAIN_BLOCKS = [
    (measure, group) for measure in ("convicted_first", "sentenced_first", "indicted") for group in ("TIP", "SOM")
]
"""Blocks that are attacked every time. Victims take a minute by themselves and are among the slow ones."""
MIP_SECONDS = "120"
"""The attacker gives a cell up after two seconds unless told otherwise, and then calls it undecided: a busy machine is
not a finding."""


def _folded(cells: pl.DataFrame) -> pl.DataFrame:
    """One row a cell: a cell that two tables share stands once, and what does not apply is its total."""
    columns = [*BLOCK, "area_kind", "area", "territory", "freq", "period", *DETAIL]
    return cells.with_columns(pl.col(DETAIL).replace("_Z", "_T")).unique(subset=columns, maintain_order=True)


def _area(row: dict[str, Any]) -> str:
    """A code of the attacker's first dimension. A total that is no sum of its parts is an area of its own."""
    if row["area_kind"] == "region":
        return f"{REGION}[{row['reporters']}]"
    return str(row["area"]) if row["is_additive"] else f"{row['area']}*"


class Published:
    """The public table and its specification, as the attacker reads them."""

    def __init__(self, root: Path) -> None:
        home = open_home(root)
        folder, counts = find_current_release(home), dbt.latest_counts(home)
        assert folder is not None
        assert counts is not None
        public = pl.read_parquet(folder / "data" / "cell.parquet")
        self.cells = _folded(public.filter(~pl.col("obs_status").is_in(NOT_HIDDEN)))
        mart = pl.read_parquet(dbt.tables_folder(counts) / "mart_count.parquet")
        self.true = _folded(programme.select_rows(mart).filter(pl.col("value").is_not_null()))

    def write(self, folder: Path, blocks: list[tuple[str, str]] | None = None) -> tuple[Path, Path]:
        """`cells.parquet` and `spec.json`; with `blocks`, only those (measure, offence group)."""
        cells, true = self.cells, self.true
        if blocks is not None:
            wanted = pl.struct("measure", "offence_group").is_in(
                [{"measure": m, "offence_group": g} for m, g in blocks]
            )
            cells, true = cells.filter(wanted), true.filter(wanted)
        rows = [
            {
                **{name: row[name] for name in (*BLOCK, "period", *DETAIL)},
                "territory": _area(row),
                "value": row["value"],
                "flag": row["conf_status"],
            }
            for row in cells.iter_rows(named=True)
        ]
        hierarchies = self._hierarchies(cells)
        rows += self._nothing_left(true, hierarchies)
        return self._written(folder, rows, ["territory", "period", *DETAIL], hierarchies)

    @staticmethod
    def _written(
        folder: Path, rows: list[dict[str, Any]], dims: list[str], hierarchies: dict[str, dict[str, list[str]]]
    ) -> tuple[Path, Path]:
        table, spec = folder / "cells.parquet", folder / "spec.json"
        pl.DataFrame(rows, infer_schema_length=None).write_parquet(table)
        told = {"dims": dims, "by": BLOCK, "hierarchies": hierarchies}
        spec.write_text(json.dumps(told), encoding="ascii")
        return table, spec

    def write_decisions(self, folder: Path, whole: str, level: str, group: str) -> tuple[Path, Path]:
        """The cells of one kind of decision and of its parts as one block, with the parts as a dimension."""
        parts = DECISIONS[whole, level]
        wanted = (
            pl.col("measure").is_in([whole, *parts])
            & (pl.col("level") == level)
            & (pl.col("offence_group") == group)
            & (pl.col("count_unit") == "person")
        )
        of = pl.when(pl.col("measure") == whole).then(pl.lit("_T")).otherwise(pl.col("measure")).alias(DECISION)
        cells, true = (
            frame.filter(wanted).with_columns(of, pl.lit(whole).alias("measure")) for frame in (self.cells, self.true)
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
        hierarchies = self._hierarchies(cells)
        hierarchies[DECISION] = {"_T": [*parts, REST]}
        left = self._nothing_left(true.filter(pl.col(DECISION) == "_T"), hierarchies)
        rows += [{**row, DECISION: "_T"} for row in left]
        totals = true.filter(pl.all_horizontal(pl.col(dim) == "_T" for dim in DETAIL) & (pl.col("freq") == "A"))
        told: dict[Any, dict[str, float]] = defaultdict(dict)
        for row in totals.filter(pl.col("area_kind") != "region").iter_rows(named=True):
            told[tuple(row[name] for name in BLOCK), _area(row), row["period"]][row[DECISION]] = row["value"]
        for (block, area, year), values in sorted(told.items()):
            total = values.pop("_T", None)
            if len(values) > 1 and sum(values.values()) == total:
                rest = {**dict.fromkeys(DETAIL, "_T"), "period": year, "territory": area, DECISION: REST}
                rows.append({**dict(zip(BLOCK, block, strict=True)), **rest, "value": 0.0, "flag": "F"})
        return self._written(folder, rows, ["territory", *dims], hierarchies)

    def _hierarchies(self, cells: pl.DataFrame) -> dict[str, dict[str, list[str]]]:
        areas: dict[str, list[str]] = {}
        parts: dict[str, set[str]] = defaultdict(set)
        for row in cells.filter(pl.col("area_kind") == "jurisdiction").iter_rows(named=True):
            parts[row["territory"]].add(row["area"])
        areas |= {territory: sorted(members) for territory, members in parts.items()}
        whole = {
            (tuple(row[name] for name in BLOCK), row["area"]): _area(row)
            for row in cells.filter(pl.col("area_kind") == "territory").iter_rows(named=True)
        }
        for row in cells.filter(pl.col("area_kind") == "region").iter_rows(named=True):
            block = tuple(row[name] for name in BLOCK)
            members = [whole.get((block, one), one) for one in row["reporters"].split(",")]
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
    def _nothing_left(true: pl.DataFrame, hierarchies: dict[str, dict[str, list[str]]]) -> list[dict[str, Any]]:
        """Where the published categories always make their total, the attacker knows that nothing is left over."""
        total: dict[Any, float] = {}
        parts: dict[Any, float] = defaultdict(float)
        broken: dict[Any, set[str]] = defaultdict(set)
        for row in true.filter(pl.col("area_kind") != "region").iter_rows(named=True):
            place = (tuple(row[name] for name in BLOCK), _area(row))
            detail = tuple(row[dim] for dim in DETAIL)
            total[place, row["period"], detail] = row["value"]
            for i, dim in enumerate(DETAIL):
                if detail[i] in hierarchies[dim]["_T"]:
                    over = (*detail[:i], "_T", *detail[i + 1 :])
                    parts[place, row["period"], over, dim] += row["value"]
                    broken[place].add(dim)
        rest = {
            (place, dim)
            for (place, period, detail, dim), value in parts.items()
            if (place, period, detail) in total and total[place, period, detail] != value
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
            for (block, area), dims in sorted(broken.items())
            for dim in sorted(dims)
            if ((block, area), dim) not in rest
        ]


def _attack(table: Path, spec: Path, *options: str, timeout: float = 1500) -> dict[str, Any]:
    """The attacker's report, with its exit code; 0 passed, 1 disclosed or narrow, 2 contradictions, 3 undecided."""
    report = table.with_suffix(".report.json")
    done = subprocess.run(
        [sys.executable, str(ATTACK), "--spec", str(spec), str(table), "--json", str(report), *options,
         "--mip-seconds", MIP_SECONDS],
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    content: dict[str, Any] = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return {**content, "exit": done.returncode, "said": (done.stdout + done.stderr)[-3000:]}


@pytest.fixture(scope="module")
def published(built_home: Path) -> Published:
    return Published(built_home)


def _attack_each(published: Published, folder: Path, blocks: Iterable[tuple[str, str]]) -> None:
    """A run a block: the attacker audits blocks apart anyhow, and all at once would take it gigabytes of memory."""
    faults, hidden = [], 0
    there = set(published.cells.select("measure", "offence_group").iter_rows())
    for block in sorted(there.intersection(blocks)):
        report = _attack(*published.write(folder, [block]), "--zeros", "suppressible")
        hidden += report.get("suppressed", 0)
        found = {name: report.get(name) for name in ("disclosed", "narrow", "contradictions", "unknown")}
        if report["exit"] != 0 or any(found.values()):
            faults.append(f"{block}: {found}\n{report['said']}")
    assert not faults, "\n".join(faults[:5])
    assert hidden > 0


def test_the_main_blocks_give_nothing_away(published: Published, tmp_path: Path) -> None:
    _attack_each(published, tmp_path, MAIN_BLOCKS)


@pytest.mark.parametrize(("whole", "level"), [*DECISIONS])
@pytest.mark.parametrize("group", ["TIP", "SOM"])
def test_what_decisions_are_made_of_gives_nothing_away(
    published: Published, tmp_path: Path, whole: str, level: str, group: str
) -> None:
    """Decisions less all of their parts but one leave that one: with the measures looked at apart, nobody notices."""
    report = _attack(*published.write_decisions(tmp_path, whole, level, group), "--zeros", "suppressible")
    found = {name: report.get(name) for name in ("disclosed", "narrow", "contradictions", "unknown")}
    assert report["exit"] == 0 and not any(found.values()), f"{found}\n{report['said']}"
    assert report["suppressed"] > 0


@pytest.mark.slow
def test_nothing_released_gives_anything_away(published: Published, tmp_path: Path) -> None:
    everything = set(published.cells.select("measure", "offence_group").iter_rows())
    assert len(everything) > 100
    _attack_each(published, tmp_path, everything)


def test_the_attacker_sees_everything_that_is_hidden(published: Published, tmp_path: Path) -> None:
    """An attack on a table that lost its hidden cells would pass."""
    hidden = published.cells.filter(pl.col("conf_status") == "C")
    assert hidden.height > 500
    assert hidden["value"].null_count() == hidden.height
    free = published.cells.filter(pl.col("conf_status") == "F")
    assert free["value"].null_count() == 0
    assert free.filter(pl.col("value").is_between(1, 4)).is_empty()


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
def test_the_canary_sings(tmp_path: Path, fixture: str, options: tuple[str, ...], code: int) -> None:
    """The attacker's own fixtures: it must fail what leaks, or its silence about the release is worth nothing."""
    table = tmp_path / f"{fixture}.csv"
    table.write_bytes((ATTACK.parent / f"{fixture}.csv").read_bytes())
    given = [str(ATTACK.parent / one) if one.endswith(".csv") else one for one in options]
    report = _attack(table, ATTACK.parent / "spec.json", *given)
    assert report["exit"] == code, report["said"]


def test_one_hidden_cell_less_and_the_attacker_finds_another(published: Published, tmp_path: Path) -> None:
    """Give away the second hidden cell of an equation, and the first can be worked out: our own canary."""
    table, spec = published.write(tmp_path, [("indicted", "TIP")])
    cells = pl.read_parquet(table)
    values = {
        (*(row[name] for name in BLOCK), _area(row), row["period"], *(row[dim] for dim in DETAIL)): row["value"]
        for row in published.true.iter_rows(named=True)
    }
    key = [*BLOCK, "territory", "period", *DETAIL]
    shown = [
        values[tuple(row[name] for name in key)] if row["flag"] == "C" and row["sex"] != "F" else row["value"]
        for row in cells.iter_rows(named=True)
    ]
    cells.with_columns(pl.Series("value", shown, dtype=pl.Float64)).write_parquet(table)
    assert _attack(table, spec, "--zeros", "suppressible")["exit"] == 1
