"""Tests of filters, changes between releases, pages and chosen components, on a small made-up dataflow."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD
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
from pipelines.web.sdmx.queries import DataQuery, parse_data_query
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
