"""Tests of filters, changes between releases, pages and chosen components, on a small made-up dataflow."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD
from pipelines.web.sdmx import data
from pipelines.web.sdmx.addresses import parse_data_query
from pipelines.web.sdmx.data import (
    DataSet,
    check_dimension,
    choose_components,
    find_detail,
    keep_series,
    list_changes,
    select_rows,
)
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.messages import write_message
from pipelines.web.sdmx.negotiation import CSV_2, JSON_1, Style
from pipelines.web.sdmx.ordering import sort_extract
from pipelines.web.sdmx.queries import DataQuery
from pipelines.web.sdmx.releases import PublishedRelease, Releases
from tests.support.open_data import make_frame, make_small_extract, make_structures

STRUCTURES = make_structures()
FLOW = STRUCTURES.dataflows["SMALL"]
FRAME = make_frame(STRUCTURES)


def parse_query(key: str = "*", query: str = "") -> DataQuery:
    return parse_data_query("v2", ["dataflow", "RTI", "SMALL", "+", key], query)


@pytest.mark.parametrize(("key", "query", "periods"), [
    ("*", "", ["2024-Q1", "2024-Q2", "2024-Q3", "2024", "2024", "2022-01-01/P3Y"]),
    ("Q", "", ["2024-Q1", "2024-Q2", "2024-Q3"]),
    ("A.AA,P3.BB", "", ["2024", "2022-01-01/P3Y"]),
    ("*", "c[OBS_VALUE]=ge:7+lt:10,eq:0", ["2024-Q1", "2024"]),
    ("*", "c[CONF_STATUS]=ne:F", ["2024-Q3"]),
    ("*", "c[TIME_PERIOD]=ge:2024-Q2+le:2024-Q3", ["2024-Q2", "2024-Q3"]),
    ("*", "c[TIME_PERIOD]=gt:2024-Q2&c[FREQ]=Q", ["2024-Q3"]),
    # Operators of periods, and reporting years, as in the technical notes of SDMX, "Time in query messages".
    ("*", "c[TIME_PERIOD]=2024", ["2024-Q1", "2024-Q2", "2024-Q3", "2024", "2024"]),
    ("*", "c[TIME_PERIOD]=ne:2024", ["2022-01-01/P3Y"]),
    ("*", "c[TIME_PERIOD]=2024-S1,2022-01-01/P3Y", ["2024-Q1", "2024-Q2", "2024-Q3", "2024", "2024", "2022-01-01/P3Y"]),
    ("*", "c[TIME_PERIOD]=2024-S1", ["2024-Q1", "2024-Q2"]),
    ("*", "c[TIME_PERIOD]=lt:2024-Q2", ["2024-Q1"]),
    ("*", "c[TIME_PERIOD]=gt:2023", ["2024-Q1", "2024-Q2", "2024-Q3", "2024", "2024"]),
    ("*", "c[TIME_PERIOD]=ge:2023-Q4&reportingYearStartDay=--07-01", ["2024-Q2", "2024-Q3"]),
    ("*", "c[TIME_PERIOD]=2023-S2&reportingYearStartDay=--07-01", ["2024-Q1", "2024-Q2"]),
    ("*", "c[FLAGS]=co:part", ["2024-Q2"]),
    ("X", "", []),
])  # fmt: skip
def test_keys_and_filters_select_rows(key: str, query: str, periods: list[str]) -> None:
    assert select_rows(FRAME, FLOW, parse_query(key, query))[TIME_PERIOD].to_list() == periods


@pytest.mark.parametrize(("key", "query", "status"), [
    ("A.B.C", "", 422),
    ("*", "c[NOTHING]=1", 422),
    ("*", "c[OBS_VALUE]=sw:1", 422),
    ("*", "c[OBS_VALUE]=many", 400),
    ("*", "c[TIME_PERIOD]=soon", 400),
    ("*", "c[TIME_PERIOD]=sw:2024", 422),
])  # fmt: skip
def test_filters_that_do_not_fit_are_refused(key: str, query: str, status: int) -> None:
    with pytest.raises(QueryError) as raised:
        select_rows(FRAME, FLOW, parse_query(key, query))
    assert raised.value.status == status


def test_changes_are_added_revised_and_deleted_observations() -> None:
    after = make_small_extract()
    rows = after.observations
    revised = rows.with_columns(pl.when(pl.col(OBS_VALUE) == 12).then(13).otherwise(pl.col(OBS_VALUE)).alias(OBS_VALUE))
    before = replace(after, observations=revised[1:])
    changed, *others = list_changes(before, after)
    assert changed.action == "Replace" and others == []
    assert changed.extract.observations[TIME_PERIOD].to_list() == ["2024-Q1", "2024-Q2"]
    (deleted,) = list_changes(after, replace(after, observations=rows[1:]))
    assert deleted.action == "Delete" and deleted.extract.observations[TIME_PERIOD].to_list() == ["2024-Q1"]
    assert list_changes(after, after) == []
    lines = write_message([changed, deleted], CSV_2, Style()).decode().splitlines()
    assert [line.split(",")[2] for line in lines] == ["ACTION", "R", "R", "D"]
    with pytest.raises(QueryError, match="several data sets"):
        write_message([changed, deleted], JSON_1, Style())


@pytest.mark.parametrize(("query", "detail", "columns"), [
    ("", "full", ["UNIT_MEASURE", "DECIMALS", "OBS_STATUS", "CONF_STATUS", "UPPER_LIMIT", "FLAGS"]),
    ("attributes=none", "dataonly", []),
    ("attributes=none&measures=none", "serieskeysonly", []),
    ("attributes=series&measures=none", "nodata", ["UNIT_MEASURE", "DECIMALS"]),
    ("attributes=obs,DECIMALS", "full", ["DECIMALS", "OBS_STATUS", "CONF_STATUS", "UPPER_LIMIT", "FLAGS"]),
    ("attributes=FLAGS&measures=none", "full", ["FLAGS"]),
])  # fmt: skip
def test_attributes_and_measures_choose_components(query: str, detail: str, columns: list[str]) -> None:
    request = parse_query(query=query)
    chosen = choose_components(make_small_extract(), request)
    assert find_detail(request) == detail
    assert chosen.observations.columns == ["FREQ", "REF_AREA", "TIME_PERIOD", "OBS_VALUE", *columns]
    assert [item.id for item in chosen.dataflow.structure.attributes] == columns
    has_values = chosen.observations[OBS_VALUE].drop_nulls().len() > 0
    assert has_values is (query != "attributes=FLAGS&measures=none")


def test_unknown_components_are_refused() -> None:
    extract = make_small_extract()
    for query in ("attributes=NOTHING", "measures=NOTHING"):
        with pytest.raises(QueryError, match="has no"):
            choose_components(extract, parse_query(query=query))
    with pytest.raises(QueryError, match="has no dimension"):
        check_dimension([DataSet(extract)], "NOTHING")


def test_table_of_series_keys_has_a_row_for_each_series() -> None:
    rows = keep_series(choose_components(make_small_extract(), parse_query()), "serieskeysonly").observations
    assert rows.rows() == [("Q", "AA"), ("A", "AA"), ("A", "BB"), ("P3", "BB")]


@pytest.mark.parametrize(("query", "expected"), [
    ("sort=TIME_PERIOD", ["2022-01-01/P3Y", "2024-Q1", "2024", "2024", "2024-Q2", "2024-Q3"]),
    ("sort=FREQ+TIME_PERIOD:desc", ["2024", "2024", "2022-01-01/P3Y", "2024-Q3", "2024-Q2", "2024-Q1"]),
    ("sort=REF_AREA:desc+FREQ", ["2024", "2022-01-01/P3Y", "2024", "2024-Q1", "2024-Q2", "2024-Q3"]),
    ("sort=*", ["2024", "2024", "2022-01-01/P3Y", "2024-Q1", "2024-Q2", "2024-Q3"]),
    ("sort=series_key", ["2024-Q1", "2024-Q2", "2024-Q3", "2024", "2024", "2022-01-01/P3Y"]),
])  # fmt: skip
def test_sort_orders_observations_of_a_table(query: str, expected: list[str]) -> None:
    request = parse_query(query=f"{query}&dimensionAtObservation=AllDimensions")
    assert sort_extract(make_small_extract(), request).observations[TIME_PERIOD].to_list() == expected


@pytest.mark.parametrize(("query", "expected"), [
    ("sort=TIME_PERIOD:desc", ["2024-Q3", "2024-Q2", "2024-Q1", "2024", "2024", "2022-01-01/P3Y"]),
    ("sort=series_key:desc", ["2024-Q1", "2024-Q2", "2024-Q3", "2022-01-01/P3Y", "2024", "2024"]),
])  # fmt: skip
def test_sort_keeps_series_together_in_a_message_of_series(query: str, expected: list[str]) -> None:
    rows = sort_extract(make_small_extract(), parse_query(query=query)).observations
    assert rows[TIME_PERIOD].to_list() == expected
    series = rows.select("FREQ", "REF_AREA").rows()
    assert len([row for place, row in enumerate(series) if place == 0 or series[place - 1] != row]) == len(set(series))


def test_sort_by_an_unknown_component_is_refused() -> None:
    with pytest.raises(QueryError) as raised:
        sort_extract(make_small_extract(), parse_query(query="sort=NOTHING"))
    assert raised.value.status == 422


def test_table_of_several_dataflows_has_the_columns_of_all_and_the_time_of_each_row() -> None:
    small = make_small_extract()
    attributes = tuple(item for item in small.dataflow.structure.attributes if item.id != "FLAGS")
    structure = replace(
        small.dataflow.structure, attributes=attributes, dimensions=small.dataflow.structure.dimensions[1:]
    )
    narrower = replace(
        small,
        dataflow=replace(small.dataflow, id="OTHER", structure=structure),
        observations=small.observations.drop("FREQ", "FLAGS")[3:5],
    )
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    text = write_message([DataSet(narrower, "Append", start, end), DataSet(small)], CSV_2, Style()).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == [
        "STRUCTURE", "STRUCTURE_ID", "ACTION", "REF_AREA", "TIME_PERIOD", "FREQ", "OBS_VALUE", "UNIT_MEASURE",
        "DECIMALS", "OBS_STATUS", "CONF_STATUS", "UPPER_LIMIT", "FLAGS", "VALID_FROM", "VALID_TO",
    ]  # fmt: skip
    assert [
        (row["STRUCTURE_ID"], row["ACTION"], row["FREQ"], row["TIME_PERIOD"], row["VALID_TO"]) for row in rows[:3]
    ] == [
        ("RTI:OTHER(1.0.0)", "A", "", "2024", "2026-04-01T00:00:00Z"),
        ("RTI:OTHER(1.0.0)", "A", "", "2024", "2026-04-01T00:00:00Z"),
        ("RTI:SMALL(1.0.0)", "I", "Q", "2024-Q1", ""),
    ]
    assert [row["OBS_VALUE"] for row in rows] == ["7.25", "", "0", "12", "", "7.25", "", ""]
    labelled = write_message([DataSet(narrower), DataSet(small)], CSV_2, Style(labels="name")).decode()
    header, *lines = csv.reader(io.StringIO(labelled, newline=""))
    assert (
        header[4:6] == ["REF_AREA", header[5]]
        and header[8] == "FREQ"
        and {len(line) for line in lines} == {len(header)}
    )
    assert [line[8:10] for line in lines[1:3]] == [["", ""], ["Q", "Quarter"]]


def test_history_of_changes_has_what_each_release_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = make_small_extract()
    middle = replace(newest, observations=newest.observations[1:])
    times = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 7)]
    extracts = dict(zip(("first", "second", "third"), (middle, middle, newest), strict=True))
    history = [
        PublishedRelease(Path(name), start, end)
        for name, start, end in zip(extracts, times, [*times[1:], None], strict=True)
    ]
    monkeypatch.setattr(data, "_select_data_sets", lambda folder, _: [DataSet(extracts[folder.name])])
    monkeypatch.setattr(Releases, "list_until", lambda *_: history)
    releases = Releases(lambda: pytest.fail("no home is needed"))

    def list_data_sets(since: str) -> list[tuple[str, int, datetime | None, datetime | None]]:
        request = parse_query(query=f"includeHistory=true&updatedAfter={since}")
        return [
            (item.action, item.extract.observations.height, item.valid_from, item.valid_until)
            for item in data.make_data_sets(releases, history[-1], request)
        ]

    assert list_data_sets("2026-02-01T00:00:00Z") == [("Replace", 1, times[2], None)]
    assert list_data_sets("2025-01-01T00:00:00Z") == [
        ("Append", middle.observations.height, times[0], times[1]), ("Replace", 1, times[2], None),
    ]  # fmt: skip
    with pytest.raises(QueryError, match="Nothing has changed"):
        list_data_sets("2026-08-01T00:00:00Z")


def test_updated_observations_are_those_that_a_later_release_added_revised_or_deleted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest = make_small_extract()
    rows = newest.observations
    # The second was revised, the last was added, and another was deleted since.
    former = rows[:-1].with_columns(
        pl.when(pl.int_range(pl.len()) == 1).then(99).otherwise(pl.col(OBS_VALUE)).alias(OBS_VALUE)
    )
    # The code list of the later release does not have its area.
    deleted = former[:1].with_columns(
        pl.lit("1999").alias(TIME_PERIOD), REF_AREA=pl.lit("CC", pl.Enum(["CC", "AA", "BB"]))
    )
    former = former.with_columns(pl.col("REF_AREA").cast(deleted.schema["REF_AREA"]))
    by_release = {"first": pl.concat([former, deleted]), "second": rows}
    history = [
        PublishedRelease(Path("first"), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)),
        PublishedRelease(Path("second"), datetime(2026, 4, 1, tzinfo=UTC), None),
    ]
    monkeypatch.setattr(data, "load_observations", lambda folder, _: by_release[folder.name])
    monkeypatch.setattr(data, "load_structures", lambda _: newest.structures)
    monkeypatch.setattr(Releases, "list_until", lambda *_: history)
    releases = Releases(lambda: pytest.fail("no home is needed"))

    def load_since(since: datetime | None) -> list[tuple[object, ...]]:
        return data.load_updated(releases, history[-1], newest.dataflow, since).rows()

    assert load_since(datetime(2026, 2, 1, tzinfo=UTC)) == [rows.row(1), rows.row(-1), deleted.row(0)]
    assert load_since(None) == load_since(datetime(2025, 1, 1, tzinfo=UTC)) == rows.rows()
    assert load_since(datetime(2026, 5, 1, tzinfo=UTC)) == []
