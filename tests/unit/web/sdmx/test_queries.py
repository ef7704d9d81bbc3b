"""Tests of parsing SDMX REST queries: keys, filters, versions, periods, parameters."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.web.sdmx.addresses import (
    parse_availability_query,
    parse_data_query,
    parse_metadata_query,
    parse_registration_query,
    parse_structure_query,
)
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.queries import Comparison, Reference, matches_version, parse_filter, parse_key

CODES = st.text("ABCXYZ019_", min_size=1, max_size=4).filter(lambda text: text != "all")
KEYS = st.lists(st.lists(CODES, max_size=3), min_size=2, max_size=6)
ANY_PATH = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="/"), max_size=8), max_size=7)


@settings(max_examples=20, deadline=None)
@given(KEYS)
def test_key_of_version_1_is_read_as_it_was_written(dimensions: list[list[str]]) -> None:
    text = ".".join("+".join(codes) for codes in dimensions)
    assert parse_key(text, "v1") == (tuple(map(tuple, dimensions)),)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(CODES | st.just("*"), min_size=2, max_size=5), min_size=1, max_size=3))
def test_keys_of_version_2_are_read_as_they_were_written(keys: list[list[str]]) -> None:
    text = ",".join(".".join(key) for key in keys)
    expected = tuple(tuple(() if code == "*" else (code,) for code in key) for key in keys)
    assert parse_key(text, "v2") == expected


@settings(max_examples=20, deadline=None)
@given(ANY_PATH, st.text(max_size=30))
def test_any_address_is_parsed_or_refused(parts: list[str], query: str) -> None:
    for parse in (parse_data_query, parse_availability_query, parse_metadata_query):
        for version in ("v1", "v2"):
            try:
                parse(version, parts, query)
            except QueryError as error:
                assert error.status in (400, 422)
    for parse_rest in (partial(parse_structure_query, "v2", "codelist"), parse_registration_query):
        try:
            parse_rest(parts, query)
        except QueryError as error:
            assert error.status == 400


def test_filter_has_alternatives_of_comparisons() -> None:
    assert parse_filter("X", "A,ge:B+le:C").alternatives == (
        (Comparison("eq", "A"),),
        (Comparison("ge", "B"), Comparison("le", "C")),
    )
    assert parse_filter("X", "sw:12:30").alternatives == ((Comparison("sw", "12:30"),),)
    assert parse_filter("X", "at:12").alternatives == ((Comparison("eq", "at:12"),),)
    with pytest.raises(QueryError, match="empty value"):
        parse_filter("X", "A,")


@pytest.mark.parametrize(("pattern", "version", "matches"), [
    ("latest", "1.0.0", True),
    ("*", "1.0.0", True),
    ("~", "1.0.0", True),
    ("+", "1.0.0", True),
    ("1.0.0", "1.0.0", True),
    ("1.0", "1.0.0", False),
    ("1.0+.0", "1.2.0", True),
    ("1.3+.0", "1.2.0", False),
    ("1+.0.0", "2.0.0", True),
    ("1.0.1+", "1.0.0", False),
    ("1.*.0", "1.4.0", True),
    ("2.0.0", "1.0.0", False),
    ("1.x+", "1.0.0", False),
])  # fmt: skip
def test_version_patterns(pattern: str, version: str, matches: bool) -> None:
    assert matches_version(pattern, version) is matches


def test_versions_mean_the_same_query() -> None:
    first = parse_data_query("v1", ["RTI,VICTIMS,latest", "A..", "RTI"], "detail=dataonly&lastNObservations=2")
    second = parse_data_query(
        "v2", ["dataflow", "RTI", "VICTIMS", "+", "A.*.*"], "attributes=none&lastNObservations=2&format=csv"
    )
    assert (first.keys, first.attributes, first.last_n) == (second.keys, ("none",), second.last_n)
    assert first.reference == Reference(("RTI",), ("VICTIMS",), ("latest",))
    assert second.format == "csv"


def test_plus_in_a_parameter_is_not_a_space() -> None:
    query = parse_data_query("v2", [], "c[TIME_PERIOD]=ge:2020+le:2022&c%5BSEX%5D=F%2CM")
    assert [item.component for item in query.filters] == ["SEX", "TIME_PERIOD"]
    assert len(query.filters[0].alternatives) == 2 and len(query.filters[1].alternatives[0]) == 2


@pytest.mark.parametrize(("version", "parts", "query", "status"), [
    ("v1", ["FLOW", "all", "all", "more"], "", 400),
    ("v1", [], "", 400),
    ("v1", ["A,B,C,D"], "", 400),
    ("v1", ["FLOW"], "detail=some", 400),
    ("v1", ["FLOW"], "c[X]=1", 400),
    ("v1", ["FLOW"], "firstNObservations=0", 400),
    ("v1", ["FLOW"], "firstNObservations=1&firstNObservations=2", 400),
    ("v2", ["cube"], "", 400),
    ("v2", [], "startPeriod=2024", 400),
    ("v2", [], "sort=SEX:up", 400),
    ("v2", [], "sort=SEX+SEX:desc", 400),
    ("v2", [], "sort=", 400),
    ("v1", ["FLOW"], "sort=SEX", 400),
    ("v1", ["FLOW"], "reportingYearStartDay=--07-01", 400),
    ("v2", [], "reportingYearStartDay=07-01", 400),
    ("v2", [], "reportingYearStartDay=--02-30", 400),
    ("v2", [], "updatedAfter=yesterday", 400),
    ("v2", [], "release=2024-Q1&asOf=2024-01-01", 400),
    ("v2", [], "updatedAfter=2025-01-01&asOf=2024-01-01", 422),
])  # fmt: skip
def test_queries_against_the_specification_are_refused(version: str, parts: list[str], query: str, status: int) -> None:
    with pytest.raises(QueryError) as raised:
        parse_data_query(version, parts, query)  # type: ignore[arg-type]
    assert raised.value.status == status


def test_metadata_queries_are_read_from_their_three_addresses() -> None:
    by_set = parse_metadata_query("v2", ["metadataset", "RTI", "A,B", "1.0.0"], "detail=allStubs")
    assert (by_set.scope, by_set.providers, by_set.reference.ids, by_set.is_stub) == (
        "metadataset", ("RTI",), ("A", "B"), True,
    )  # fmt: skip
    by_flow = parse_metadata_query("v2", ["metadataflow", "RTI", "NOTES", "*", "X,RTI+Y"], "")
    assert (by_flow.scope, by_flow.reference.ids, by_flow.providers) == ("metadataflow", ("NOTES",), ("X", "RTI", "Y"))
    by_structure = parse_metadata_query("v2", ["structure", "codelist", "RTI", "CL_AREA", "~", "RS,ME"], "")
    assert (by_structure.kind, by_structure.reference.versions, by_structure.items) == (
        "codelist",
        ("~",),
        ("RS", "ME"),
    )
    assert parse_metadata_query("v2", ["structure"], "").kind == "*"
    first = parse_metadata_query("v1", ["RTI,NOTES", "RS+ME", "RTI"], "updatedAfter=2026-01-01T00:00:00Z")
    assert (first.scope, first.reference.ids, first.items) == ("metadataflow", ("NOTES",), ("RS", "ME"))
    assert first.updated_after == datetime(2026, 1, 1, tzinfo=UTC)
    of_time = parse_metadata_query("v1", ["NOTES"], "startPeriod=2024-Q2&endPeriod=2025")
    assert (of_time.first_day, of_time.last_day) == (date(2024, 4, 1), date(2025, 12, 31))


@pytest.mark.parametrize(("parts", "query"), [
    ([""], ""), (["dataset"], ""), (["metadataset", "RTI", "A", "1.0.0", "more"], ""), (["structure"], "detail=some"),
    (["metadataset"], "startPeriod=2024"),
])  # fmt: skip
def test_metadata_address_outside_the_specification_is_refused(parts: list[str], query: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_metadata_query("v2", parts, query)
    assert caught.value.status == 400


def test_registration_queries_are_read_from_their_three_addresses() -> None:
    assert parse_registration_query(["id", "2026-Q3_VICTIMS"], "").ids == ("2026-Q3_VICTIMS",)
    by_provider = parse_registration_query(["provider", "RTI", "A,B"], "updatedBefore=2026-01-01")
    assert (by_provider.reference.agencies, by_provider.providers) == (("RTI",), ("A", "B"))
    assert by_provider.updated_before is not None and by_provider.updated_after is None
    by_flow = parse_registration_query(["dataflow", "RTI", "VICTIMS,RATES"], "")
    assert (by_flow.reference.ids, by_flow.ids) == (("VICTIMS", "RATES"), ())
    for parts in (["id"], ["codelist", "RTI"], ["dataflow", "RTI", "X", "1.0.0", "more"], [""]):
        if parts == [""]:
            assert parse_registration_query(parts, "").reference == Reference()
            continue
        with pytest.raises(QueryError):
            parse_registration_query(parts, "")
