"""The way back: ids, the release, and the numbers behind a figure."""

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
from pipelines.publication.provenance.explain import ExplainError, explain, figure_id, find_places, in_words, parse_id
from pipelines.publication.provenance.return_places import periods_of
from pipelines.submissions import decisions, intake
from tests.support.fakes.ledger_fakes import arrival, at, block, home_and_ledger, observations, result

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


def _rows(*rows: dict[str, Any]) -> pl.DataFrame:
    """Observations of the cell's meaning, each with what differs."""
    frames = []
    for number, row in enumerate(rows):
        same = {"level": "prosecution", "count_unit": "person", "statistic": "count", "offence": "ICCS0204",
                "victim_status": "_Z", "unit_measure": "NR", "source": "QQ_PP", "accumulation": "discrete",
                "place": f"Sheet!B{number + 2}"}  # fmt: skip
        frame = observations("S", {(row.get("period", "2025-Q4"), "reported"): float(row["value"])})
        told = {k: v for k, v in {**same, **row}.items() if k not in ("value", "period")}
        frames.append(frame.with_columns(pl.lit(v).alias(k) for k, v in told.items()))
    return pl.concat(frames).select(list(long_tables.OBSERVATION))


def _behind(home: Home, frame: pl.DataFrame, **cell: Any) -> list[tuple[str, int, float | None]]:
    accepted = {s: f"2026-01-0{n + 1}T00:00:00Z" for n, s in enumerate(sorted(frame["submission_id"].unique()))}
    for identity in accepted:
        facts.write_parquet(
            frame.filter(pl.col("submission_id") == identity), facts.path_of(home, "observation", identity)
        )
    return [(p.place or "", p.factor, p.value) for p in find_places(home, accepted, {**CELL, **cell})]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return home_and_ledger(tmp_path)[0]


# ------------------------------------------------------------------------------------------------------------------ ids


def test_an_id_names_what_is_not_a_total_and_reads_back() -> None:
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
def test_release_and_table_may_be_left_out(text: str, expected: tuple[str, str | None]) -> None:
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
def test_a_bad_id_is_said(text: str, words: str) -> None:
    with pytest.raises(ExplainError, match=words):
        parse_id(text)


# --------------------------------------------------------------------------------------------------------------- places


def test_totals_are_taken_where_the_office_gives_them_else_their_parts(home: Home) -> None:
    parts = _rows({"value": 3, "sex": "F"}, {"value": 4, "sex": "M"})
    assert [v for *_, v in _behind(home, parts)] == [3, 4]
    both = _rows({"value": 3, "sex": "F"}, {"value": 4, "sex": "M"}, {"value": 7})
    assert [v for *_, v in _behind(home, both)] == [7]
    assert [v for *_, v in _behind(home, both, sex="F")] == [3]


def test_of_a_group_its_own_row_or_its_articles(home: Home) -> None:
    articles = _rows({"value": 3, "law_article": "388"}, {"value": 4, "law_article": "389"})
    assert [v for *_, v in _behind(home, articles)] == [3, 4]
    own = pl.concat([articles, _rows({"value": 7, "law_article": "_T", "place": "Sheet!B9"})])
    assert _behind(home, own) == [("Sheet!B9", 1, 7)]
    assert [v for *_, v in _behind(home, own, offence="ICCS0204")] == [3, 4]
    beside = pl.concat([articles, _rows({"value": 8, "law_article": "_Z", "place": "Sheet!B9"})])
    assert [v for *_, v in _behind(home, beside)] == [3, 4, 8]
    assert [v for *_, v in _behind(home, _rows({"value": 8, "law_article": "_Z"}))] == [8]
    assert _behind(home, own, offence_group="SOM") == []


def test_what_was_counted_from_january_is_taken_off(home: Home) -> None:
    counted = _rows(
        {"value": 9, "accumulation": "ytd"}, {"value": 2, "accumulation": "ytd", "period": "2025-Q3", "place": "P!C3"}
    )
    assert _behind(home, counted) == [("P!C3", -1, 2), ("Sheet!B2", 1, 9)]
    assert _behind(home, counted, freq="A", period="2025") == [("Sheet!B2", 1, 9)]


def test_a_year_is_the_own_annual_figure_else_its_quarters(home: Home) -> None:
    quarters = _rows(*({"value": n, "period": f"2025-Q{n}"} for n in (1, 2, 3, 4)))
    assert [v for *_, v in _behind(home, quarters, freq="A", period="2025")] == [1, 2, 3, 4]
    annual = _rows({"value": 11}).with_columns(freq=pl.lit("A"), period=pl.lit("2025"))
    assert [v for *_, v in _behind(home, pl.concat([quarters, annual]), freq="A", period="2025")] == [11]
    assert periods_of({"freq": "P3", "period": "2023-2025"})[:2] == ["2023", "2023-Q1"]


def test_ages_and_lengths_of_sentence_are_mapped(home: Home) -> None:
    ages = _rows({"value": 1, "age": "Y_LT14"}, {"value": 5, "age": "Y_GE18"})
    assert [v for *_, v in _behind(home, ages, age="Y_LT18")] == [1]
    bands = _rows({"value": 2, "sentence_band": "M0T12"}, {"value": 3, "sentence_band": "M12T24"}, {"value": 9})
    assert [v for *_, v in _behind(home, bands, sentence_band="M0T24")] == [2, 3]
    gap = _rows({"value": 2, "sentence_band": "M0T12"}, {"value": 3, "sentence_band": "M12T36"})
    assert _behind(home, gap, sentence_band="M0T24") == []
    assert [v for *_, v in _behind(home, gap, sentence_band="_U")] == [2, 3]
    assert [v for *_, v in _behind(home, bands)] == [9]


def test_of_two_submissions_the_later_accepted_counts(home: Home) -> None:
    frame = pl.concat([_rows({"value": 3}), _rows({"value": 5}).with_columns(submission_id=pl.lit("T"))])
    assert [v for *_, v in _behind(home, frame)] == [5]


# --------------------------------------------------------------------------------------------------------- the way back


def _released(tmp_path: Path, *cells: dict[str, Any]) -> tuple[Home, str]:
    home, engine = home_and_ledger(tmp_path)
    identity = intake.record_arrival(engine, arrival("one.xlsx")).submission_id
    frame = _rows({"value": 3, "sex": "F"}, {"value": 4, "sex": "M"})
    frame = frame.with_columns(submission_id=pl.lit(identity), origin_submission_id=pl.lit(identity))
    facts.keep_reading(home, identity, frame, long_tables.empty_table(long_tables.CASE_EVENT), [])
    intake.record_check(engine, result(identity, block("2025-Q4")))
    decisions.send_submission(engine, Act(identity, "office", at(0.2)))
    decisions.approve_submission(engine, home, Act(identity, "secretariat", at(1)))
    folder = home.releases / "2025-Q4"
    folder.mkdir()
    rows = [{**cell, "cell_id": n} for n, cell in enumerate(cells or (CELL,))]
    with duckdb.connect(str(folder / "release.duckdb")) as connection:
        connection.register("cells", pl.DataFrame(rows).to_arrow())
        connection.execute("create table cell as select * from cells")
        connection.execute("create table cell_submission as select cell_id, ? as submission_id from cell", [identity])
    home.current.symlink_to("releases/2025-Q4")
    return home, identity


def test_from_a_figure_to_sheet_and_cell(tmp_path: Path) -> None:
    home, identity = _released(tmp_path)
    way = explain(home, "area=QQ;period=2025-Q4;measure=reported")
    assert (way.release, way.sum, way.adds_up, way.withheld) == ("2025-Q4", 7, True, False)
    assert [s["submission_id"] for s in way.submissions] == [identity]
    assert [b["period"] for b in way.blocks] == ["2025-Q4"]
    assert explain(home, way.id).id == way.id
    text = "\n".join(in_words(way))
    assert "one.xlsx" in text
    assert "Sheet!B2: 3" in text
    assert "add up to 7, which is the figure" in text
    assert "no restricted counts" in text
    assert way.as_json()["places"][1]["place"] == "Sheet!B3"


def test_a_withheld_figure_says_so(tmp_path: Path) -> None:
    home, _ = _released(tmp_path, {**CELL, "value": None, "conf_status": "C", "obs_status": "Q"})
    way = explain(home, "area=QQ;period=2025-Q4")
    assert way.withheld
    assert in_words(way)[1].startswith("value withheld")


def test_several_figures_none_and_no_release_are_said(tmp_path: Path) -> None:
    home, _ = _released(tmp_path, CELL, {**CELL, "measure": "indicted"})
    with pytest.raises(ExplainError, match="2 figures fit; say more"):
        explain(home, "area=QQ;period=2025-Q4")
    with pytest.raises(ExplainError, match="no figure area=ZZ"):
        explain(home, "area=ZZ")
    with pytest.raises(ExplainError, match="no table other"):
        explain(home, "other/area=QQ")
    with pytest.raises(ExplainError, match="there are: 2025-Q4"):
        explain(home, "2020-Q1//area=QQ")
    with pytest.raises(ExplainError, match="not the name of a release"):
        explain(home, "..//area=QQ")
