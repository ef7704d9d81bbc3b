"""Tests of ids of figures and of the explanation of a figure; `test_lineage.py` tests the numbers behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.core import codes
from pipelines.core.home import Home
from pipelines.ledger import facts
from pipelines.ledger.acts import Act
from pipelines.model import long_tables
from pipelines.publication.provenance.explain import explain_figure, in_words
from pipelines.publication.provenance.figure_ids import ExplainError, figure_id, parse_id
from pipelines.submissions import decisions, intake
from tests.support.fakes.ledger_fakes import (
    home_and_ledger,
    make_arrival,
    make_block,
    make_check_result,
    make_observations,
    time_at,
)

CELL: dict[str, Any] = {
    **dict.fromkeys(codes.CELL_KEY, "_T"),
    "table_id": "area_quarter",
    "territory": "QQ",
    "area_kind": "territory",
    "area": "QQ",
    "freq": "Q",
    "period": "2025-Q4",
    "measure": "reported",
    "level": "prosecution",
    "count_unit": "person",
    "statistic": "count",
    "offence_group": "TIP",
    "victim_status": "_Z",
    "value": 7.0,
    "conf_status": "F",
    "obs_status": "A",
    "basis": "reported",
    "reporters": "QQ",
}


# ------------------------------------------------------------------------------------------------------------------ ids


def test_figure_id_names_only_non_totals_and_can_be_parsed() -> None:
    text = figure_id("2025-Q4", {**CELL, "sex": "F"})
    assert text == (
        "2025-Q4/area_quarter/area=QQ;period=2025-Q4;measure=reported;level=prosecution;count_unit=person;"
        "statistic=count;offence_group=TIP;sex=F"
    )
    release, table, terms = parse_id(text)
    assert (release, table, terms["sex"], "age" in terms) == ("2025-Q4", "area_quarter", "F", False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("area=QQ;period=2025", ("current", None)),
        ("area_quarter/area=QQ", ("current", "area_quarter")),
        ("2025-Q4//area=QQ", ("2025-Q4", None)),
    ],
)
def test_parse_id_accepts_missing_release_and_table(text: str, expected: tuple[str, str | None]) -> None:
    assert parse_id(text)[:2] == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "name a figure"),
        ("QQ", "not a term"),
        ("colour=red", "not a term"),
        ("a/b/c/area=QQ", "RELEASE/TABLE/TERMS"),
    ],
)
def test_parse_id_rejects_a_malformed_id(text: str, words: str) -> None:
    with pytest.raises(ExplainError, match=words):
        parse_id(text)


# ---------------------------------------------------------------------------------------------------------- explanation


def _released(tmp_path: Path, *cells: dict[str, Any]) -> tuple[Home, str]:
    home, engine = home_and_ledger(tmp_path)
    identity = intake.record_arrival(engine, make_arrival("one.xlsx")).submission_id
    facts.keep_reading(home, identity, _observations(identity), long_tables.empty_table(long_tables.CASE_EVENT), [])
    intake.record_check(engine, make_check_result(identity, make_block("2025-Q4")))
    decisions.send_submission(engine, Act(identity, "office", time_at(0.2)))
    decisions.approve_submission(engine, home, Act(identity, "secretariat", time_at(1)))
    folder = home.releases / "2025-Q4"
    folder.mkdir()
    rows = [{**cell, "cell_id": f"cell-{n}"} for n, cell in enumerate(cells or (CELL,))]
    with duckdb.connect(str(folder / "release.duckdb")) as connection:
        connection.register("cells", pl.DataFrame(rows).to_arrow())
        connection.execute("create table cell as select * from cells")
        connection.execute("create table cell_submission as select cell_id, ? as submission_id from cell", [identity])
    home.current.symlink_to("releases/2025-Q4")
    return home, identity


def _observations(identity: str) -> pl.DataFrame:
    """Return 3 women and 4 men, in two cells of a sheet."""
    frame = pl.concat([make_observations(identity, {("2025-Q4", "reported"): value}) for value in (3.0, 4.0)])
    return frame.with_columns(sex=pl.Series(["F", "M"]), place=pl.Series(["Sheet!B2", "Sheet!B3"]), label=pl.lit(None))


def _count(home: Home, identity: str, *, lineage: bool = True, **cell: Any) -> None:
    """Write the newest restricted counts: one figure, which is the sum of both observations."""
    tables: dict[str, Any] = {
        "mart_lineage": [{"cell_id": "cell-0", "block_id": "b", "count_type_id": "t", "factor": 1}],
        "int_submission_count": [
            {"block_id": "b", "count_type_id": "t", "submission_id": identity, "basis": "derived_parts",
             "fact_ids": ["f", "m"]}
        ],
        "fct_observation": _observations(identity).with_columns(fact_id=pl.Series(["f", "m"])),
        "fct_case_event": pl.DataFrame(schema={**long_tables.CASE_EVENT, "fact_id": pl.String()}),
        "int_age_row": pl.DataFrame(
            schema={"submission_id": pl.String(), "fact_ids": pl.List(pl.String()), "age": pl.String(),
                    "sentence_type": pl.String(), "sentence_band": pl.String()}
        ),
    }  # fmt: skip
    counts = home.warehouse / "counts-000001.duckdb"
    with duckdb.connect(str(counts)) as connection:
        for name, rows in tables.items():
            if lineage or name != "mart_lineage":
                connection.register("rows", pl.DataFrame(rows).to_arrow())
                connection.execute(f"create table {name} as select * from rows")
    folder = counts.with_suffix("")
    folder.mkdir()
    figure = {**CELL, "cell_id": "cell-0", "submission_ids": identity, **cell}
    pl.DataFrame([figure]).write_parquet(folder / "mart_count.parquet")


def test_explain_figure_leads_to_sheet_and_cell(tmp_path: Path) -> None:
    home, identity = _released(tmp_path)
    _count(home, identity)
    way = explain_figure(home, "area=QQ;period=2025-Q4;measure=reported")
    assert (way.release, way.sum, way.adds_up, way.withheld) == ("2025-Q4", 7, True, False)
    assert [s["submission_id"] for s in way.submissions] == [identity]
    assert [b["period"] for b in way.blocks] == ["2025-Q4"]
    assert explain_figure(home, way.id).id == way.id
    text = "\n".join(in_words(way))
    assert "one.xlsx" in text
    assert "Sheet!B2: 3" in text
    assert "add up to 7, which is the figure" in text
    assert way.as_json()["places"][1]["place"] == "Sheet!B3"
    assert way.notes == ()


def test_explain_figure_without_restricted_counts_names_only_submissions(tmp_path: Path) -> None:
    home, identity = _released(tmp_path)
    way = explain_figure(home, "area=QQ;period=2025-Q4;measure=reported")
    assert [s["submission_id"] for s in way.submissions] == [identity]
    assert (way.places, way.sum, way.adds_up) == ((), None, None)
    assert len(way.notes) == 1
    assert "no restricted counts" in way.notes[0]


def test_explain_figure_notes_counts_that_changed_since_the_release(tmp_path: Path) -> None:
    home, identity = _released(tmp_path, {**CELL, "value": 6.0})
    _count(home, identity)
    way = explain_figure(home, "area=QQ;period=2025-Q4;measure=reported")
    assert (way.cell["value"], way.sum, way.adds_up) == (6, 7, True)
    assert "have changed since this release" in way.notes[0]


def test_explain_figure_asks_for_a_refresh_of_older_counts(tmp_path: Path) -> None:
    home, identity = _released(tmp_path)
    _count(home, identity, lineage=False)
    with pytest.raises(ExplainError, match="run `rti refresh`"):
        explain_figure(home, "area=QQ;period=2025-Q4;measure=reported")


def test_explain_figure_marks_a_withheld_figure(tmp_path: Path) -> None:
    home, identity = _released(tmp_path, {**CELL, "value": None, "conf_status": "C", "obs_status": "Q"})
    _count(home, identity)
    way = explain_figure(home, "area=QQ;period=2025-Q4")
    assert way.withheld
    assert in_words(way)[1].startswith("value withheld")
    assert (way.sum, way.adds_up) == (7, True)


def test_explain_figure_rejects_ambiguous_and_unknown_ids(tmp_path: Path) -> None:
    home, _ = _released(tmp_path, CELL, {**CELL, "measure": "indicted"})
    with pytest.raises(ExplainError, match="2 figures fit; say more"):
        explain_figure(home, "area=QQ;period=2025-Q4")
    with pytest.raises(ExplainError, match="no figure area=ZZ"):
        explain_figure(home, "area=ZZ")
    with pytest.raises(ExplainError, match="no table other"):
        explain_figure(home, "other/area=QQ")
    with pytest.raises(ExplainError, match="there are: 2025-Q4"):
        explain_figure(home, "2020-Q1//area=QQ")
    with pytest.raises(ExplainError, match="not the name of a release"):
        explain_figure(home, "..//area=QQ")
