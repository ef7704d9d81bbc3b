"""Let the project's own audit judge the tables that the outside attacker comes with, and compare it cell by cell.

The tables are three territories by sex, with the totals of both: one is cut open by subtraction, one only by readers
who know that no hidden cell is zero, one contradicts itself, and one is safe alone but not after the release before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from pipelines.publication.disclosure import earlier, reader_risk, readers, risk
from pipelines.publication.disclosure.problem import WIDTH
from pipelines.publication.disclosure.space import Array, Space
from tests.support.attacker import ATTACK, NEEDS_ATTACKER, attack_cells
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region

pytestmark = NEEDS_ATTACKER
MEMBERS = {"WB": "ABC", "_T": "MF"}
LEAVES = list(product("ABC", "MF"))
PASSED, FAILED, CONTRADICTED = 0, 1, 2


def read_table(name: str) -> pl.DataFrame:
    return pl.read_csv(ATTACK.with_name(f"{name}.csv"))


def build_space(tables: Sequence[pl.DataFrame], least: int) -> tuple[Space, Array]:
    """Return the space of tables of six counts, and a mask of its hidden rows.

    Counts are those above `least`: with 1, readers know that no hidden cell is zero.
    """
    rows = pl.concat([table.select("terr", "sex", "value") for table in tables])
    members = [(MEMBERS.get(row[0], row[0]), MEMBERS.get(row[1], row[1])) for row in rows.iter_rows()]
    matrix = np.array(
        [[territory in areas and sex in sexes for territory, sex in LEAVES] for areas, sexes in members], dtype=float
    )
    values = rows["value"].fill_null(0).to_numpy() - least * matrix.sum(axis=1)
    space = Space(np.arange(len(values)), sparse.csr_matrix(matrix), values, np.full(len(LEAVES), "", dtype=object))
    return space, rows["value"].is_null().to_numpy()


def assess_tables(tables: Sequence[pl.DataFrame], least: int) -> dict[tuple[str, str], str]:
    """Return what the project's audit says of each hidden cell of the first table."""
    space, hidden = build_space(tables, least)
    # A cell that an earlier table shows is a row of the same counts, so only those of the first table are judged.
    of_first = np.arange(len(hidden)) < tables[0].height
    report = risk.assess_block(space, hidden, name="fixture", width=WIDTH, assessed=hidden & of_first)
    verdicts = {row: word for word in ("disclosed", "narrow", "unknown") for row in getattr(report, word)}
    cells = tables[0].select("terr", "sex").rows()
    return {cells[row]: verdicts.get(row, "safe") for row in np.flatnonzero(hidden & of_first).tolist()}


def attack_table(folder: Path, name: str, *options: str) -> tuple[int, dict[tuple[str, str], str]]:
    """Return the attacker's exit code, and what it says of each hidden cell."""
    table, intervals = folder / f"{name}.csv", folder / "found.csv"
    table.write_bytes(ATTACK.with_name(f"{name}.csv").read_bytes())
    report = attack_cells(table, ATTACK.with_name("spec.json"), "--exact", "--out", str(intervals), *options)
    cells = pl.read_csv(intervals).filter(pl.col("value").is_null())
    return report["exit"], {(row["terr"], row["sex"]): row["status"] for row in cells.iter_rows(named=True)}


@pytest.mark.parametrize(
    ("name", "before", "least", "code"),
    [
        ("leak", None, 0, FAILED),
        ("ones", None, 0, PASSED),
        ("ones", None, 1, FAILED),
        ("v1", None, 0, FAILED),
        ("v2", None, 0, PASSED),
        ("v2", "v1", 0, FAILED),
    ],
)
def test_own_audit_agrees_with_the_attacker_on_each_cell(
    tmp_path: Path, name: str, before: str | None, least: int, code: int
) -> None:
    zeros = "published" if least else "suppressible"
    previous = ("--previous", str(ATTACK.with_name(f"{before}.csv"))) if before else ()
    exit_code, verdicts = attack_table(tmp_path, name, "--zeros", zeros, *previous)
    assert exit_code == code
    assert verdicts
    expected = assess_tables([read_table(name), *([read_table(before)] if before else [])], least)
    assert {cell: word if word in ("disclosed", "narrow") else "safe" for cell, word in verdicts.items()} == expected
    assert (set(expected.values()) == {"safe"}) is (code == PASSED)


def test_own_audit_passes_no_table_that_contradicts_itself(tmp_path: Path) -> None:
    exit_code, verdicts = attack_table(tmp_path, "bad", "--zeros", "suppressible")
    assert exit_code == CONTRADICTED
    assert set(verdicts.values()) == {"unknown"}
    assert set(assess_tables([read_table("bad")], 0).values()) == {"unknown"}


def make_release(table: pl.DataFrame, truth: dict[tuple[str, str], int]) -> pl.DataFrame:
    """Return a table as a release of the project, with true values behind its hidden cells."""
    rows = []
    for territory, sex, value, _ in table.iter_rows():
        count = float(value if value is not None else truth[territory, sex])
        build = build_region(count, "A,B,C", sex=sex) if territory == "WB" else build_cell(territory, count, sex=sex)
        rows.append(build)
    status = pl.Series(["F" if value is not None else "D" for value in table["value"]])
    return earlier.record_release(build_frame(*rows), status)


def test_audit_of_releases_finds_what_the_second_table_gives_away_after_the_first() -> None:
    truth = {(territory, sex): value for territory, sex, value, _ in read_table("v1").iter_rows() if value is not None}
    truth |= {("C", "M"): 3, ("C", "F"): 13, ("C", "_T"): 16, ("WB", "M"): 16, ("WB", "F"): 30}
    first, second = (make_release(read_table(name), truth) for name in ("v1", "v2"))
    public = readers.find_reader(second, readers.PUBLIC)
    alone = reader_risk.assess_release(second, [], public)
    assert set(alone["result"]) == {"protected"}
    after = reader_risk.assess_release(second, [first], public)
    assert set(after.filter(pl.col("area").is_in(["C"]))["result"]) == {"disclosed"}
