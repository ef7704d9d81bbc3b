"""Counts of registers whose persons are all in one proceeding are found by their lineage, and hidden."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl
import pytest

from pipelines.core.home import Home, initialise_home
from pipelines.publication.disclosure import protect
from pipelines.refresh import single_cases
from pipelines.warehouse import count_builds
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region


class Part(NamedTuple):
    """A figure of one return: its value, and the proceeding of each person if it is made from records."""

    value: float
    proceedings: Sequence[str] | None = None
    factor: int = 1
    territory: str = "AA"


def write_counts(path: Path, cells: dict[str, list[Part]]) -> None:
    """Write the tables of a build that lead from the figures to their records."""
    tables: dict[str, list[dict[str, object]]] = {
        name: [] for name in ("mart_count", "mart_lineage", "int_submission_count", "fct_case_event")
    }
    for cell, parts in cells.items():
        value = sum(part.factor * part.value for part in parts)
        tables["mart_count"].append({"cell_id": cell, "value": value})
        for number, part in enumerate(parts):
            block = {"block_id": f"{cell}-{number}", "count_type_id": "t"}
            facts = [f"{place}" for place, _ in enumerate(part.proceedings or ())]
            basis = "reported" if part.proceedings is None else "records"
            tables["mart_lineage"].append({**block, "cell_id": cell, "factor": part.factor})
            tables["int_submission_count"].append(
                {**block, "submission_id": block["block_id"], "basis": basis, "value": part.value, "fact_ids": facts}
            )
            tables["fct_case_event"] += [
                {"submission_id": block["block_id"], "fact_id": fact, "territory": part.territory, "proceeding": name}
                for fact, name in zip(facts, part.proceedings or (), strict=True)
            ]
    schemas = {"int_submission_count": {"fact_ids": pl.List(pl.String)}}
    with duckdb.connect(str(path)) as connection:
        for name, rows in tables.items():
            frame = pl.DataFrame(rows, schema_overrides=schemas.get(name), infer_schema_length=None)
            connection.register("rows", frame.to_arrow())
            connection.execute(f"create table {name} as select * from rows")


SEVEN = Part(7.0, ["p"] * 7)


@pytest.mark.parametrize(
    ("parts", "is_found"),
    [
        ([SEVEN], True),
        ([Part(3.0, ["p"] * 3), Part(4.0, ["p"] * 4)], True),
        ([SEVEN, Part(0.0), Part(0.0, [])], True),
        ([Part(4.0, ["p"] * 4)], False),
        ([Part(7.0, [*["p"] * 6, "q"])], False),
        ([Part(3.0, ["p"] * 3), Part(4.0, ["q"] * 4)], False),
        ([SEVEN, Part(2.0)], False),
        ([SEVEN, Part(1.0, ["p"], factor=-1)], False),
        ([SEVEN, Part(7.0, ["p"] * 7, territory="BB")], False),
        ([Part(7.0)], False),
    ],
    ids=[
        "one proceeding", "in two quarters", "others have none", "small", "two proceedings", "one in each quarter",
        "with an aggregated return", "a difference", "of two territories", "aggregated return",
    ],
)  # fmt: skip
def test_counts_of_one_proceeding_are_found(tmp_path: Path, parts: list[Part], is_found: bool) -> None:
    write_counts(tmp_path / "counts.duckdb", {"cell": parts, "other": [Part(5.0, list("abcde"))]})
    assert single_cases.read_single_cases(tmp_path / "counts.duckdb") == (["cell"] if is_found else [])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = initialise_home(tmp_path / "home", "demonstration")
    for number, parts in ((1, [SEVEN]), (2, [Part(7.0, list("abcdefg"))])):
        counts = home.warehouse / f"counts-00000{number}.duckdb"
        write_counts(counts, {"cell": parts})
        count_builds.tables_folder(counts).mkdir()
        (count_builds.tables_folder(counts) / "build.json").write_text(f"{{{number}}}", encoding="utf-8")
    return home


def test_result_of_a_build_is_kept_until_the_next_build(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = (home.warehouse / f"counts-00000{number}.duckdb" for number in (1, 2))
    read: list[Path] = []
    read_file = single_cases.read_single_cases

    def note_file(path: Path) -> list[str]:
        read.append(path)
        return read_file(path)

    monkeypatch.setattr(single_cases, "read_single_cases", note_file)
    assert [single_cases.list_single_cases(home, path) for path in (first, first, second)] == [["cell"], ["cell"], []]
    assert read == [first, second]


def test_persons_of_one_proceeding_are_hidden_with_another_count() -> None:
    rows = [build_cell("AA", 7), build_cell("BB", 9), build_cell("CC", 12), build_region(28, "AA,BB,CC")]
    cells = build_frame(*rows).with_columns(cell_id=pl.Series(["a", "b", "c", "r"]))
    assert (protect.hide_small_counts(cells).cells["conf_status"] == "F").all()
    protected = protect.hide_small_counts(cells, single_cases=["a"])
    states = dict(protected.cells.select("cell_id", "conf_status").iter_rows())
    assert states["a"] == "A" and protected.report.passed
    assert "D" in states.values()
    # A reader who knows that a case has at least one person tries every table that agrees with the published cells.
    published = dict(protected.cells.filter(conf_status="F").select("cell_id", "value").iter_rows())
    tables = ({"a": a, "b": b, "c": c, "r": a + b + c} for a in range(1, 31) for b in range(31) for c in range(31))
    possible = {table["a"] for table in tables if all(table[cell] == value for cell, value in published.items())}
    assert len(possible) >= 3


def test_persons_of_one_proceeding_stay_published_if_an_earlier_release_showed_them() -> None:
    from pipelines.publication.disclosure import earlier

    cells = build_frame(build_cell("AA", 7), build_cell("BB", 9)).with_columns(cell_id=pl.Series(["a", "b"]))
    released = earlier.record_release(cells, pl.Series(["F", "F"]))
    protected = protect.hide_small_counts(cells, earlier=[released], single_cases=["a"])
    assert protected.cells["conf_status"].to_list() == ["F", "F"]
