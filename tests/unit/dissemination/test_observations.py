"""Tests of selecting observations by codes, periods, conditions and number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from pipelines.dissemination.observations import (
    Condition,
    ObservationSelection,
    PeriodCondition,
    filter_observations,
)
from pipelines.dissemination.periods import join_quarters, label_period, parse_period
from pipelines.dissemination.release import arrange_observations
from pipelines.dissemination.structures import Dimension, StructureError
from tests.support.open_data import make_frame, make_structures

STRUCTURES = make_structures()
FLOW = STRUCTURES.dataflows["SMALL"]
FRAME = make_frame(STRUCTURES)


def select_periods(selection: ObservationSelection) -> list[str]:
    return filter_observations(FRAME, FLOW, selection)["TIME_PERIOD"].to_list()


def test_observations_are_in_the_order_of_code_lists_and_time() -> None:
    assert select_periods(ObservationSelection()) == ["2024-Q1", "2024-Q2", "2024-Q3", "2024", "2024", "2022-01-01/P3Y"]


@pytest.mark.parametrize(("selection", "periods"), [
    (ObservationSelection({"FREQ": ["A"]}), ["2024", "2024"]),
    (ObservationSelection({"FREQ": ["A"], "REF_AREA": ["BB"]}), ["2024"]),
    (ObservationSelection({"REF_AREA": ["BB", "AA"], "FREQ": ["Q", "P3"]}),
     ["2024-Q1", "2024-Q2", "2024-Q3", "2022-01-01/P3Y"]),
    (ObservationSelection({"REF_AREA": ["ZZ"]}), []),
    (ObservationSelection(first_period="2024-Q2"), ["2024-Q2", "2024-Q3"]),
    (ObservationSelection(first_period="2024", last_period="2024-Q2"), ["2024-Q1", "2024-Q2"]),
    (ObservationSelection({"FREQ": ["Q"]}, last_n=1), ["2024-Q3"]),
    (ObservationSelection({"FREQ": ["Q"]}, first_n=1), ["2024-Q1"]),
    (ObservationSelection({"FREQ": ["Q"]}, first_n=1, last_n=1), ["2024-Q1", "2024-Q3"]),
    (ObservationSelection(conditions=(Condition("OBS_VALUE", "ge", ("7",)),)), ["2024-Q2", "2024"]),
    (ObservationSelection(conditions=(Condition("FLAGS", "co", ("part",)),)), ["2024-Q2"]),
    (ObservationSelection(conditions=(Condition("CONF_STATUS", "ne", ("F",)),)), ["2024-Q3"]),
    (ObservationSelection(conditions=(Condition("REF_AREA", "sw", ("B",)),)), ["2024", "2022-01-01/P3Y"]),
    (ObservationSelection(periods=(PeriodCondition("lt", date(2024, 4, 1), date(2024, 6, 30)),)), ["2024-Q1"]),
])  # fmt: skip
def test_selection_returns_matching_observations(selection: ObservationSelection, periods: list[str]) -> None:
    assert select_periods(selection) == periods


def test_codes_that_the_dataflow_lacks_select_nothing_from_a_long_frame() -> None:
    """Four literals cannot filter more than some thousand rows in polars 2.1; the flow has as many dimensions."""
    statuses = pl.col("OBS_STATUS", "CONF_STATUS").cast(pl.Enum(sorted("AQMOFC")))
    long = pl.concat([FRAME] * 5_000, rechunk=True).with_columns(statuses)
    more = (Dimension("OBS_STATUS", "CL_OBS_STATUS"), Dimension("CONF_STATUS", "CL_CONF_STATUS"))
    flow = replace(FLOW, structure=replace(FLOW.structure, dimensions=(*FLOW.structure.dimensions, *more)))
    dimensions = flow.structure.dimension_ids
    for n_unknown in range(1, len(dimensions) + 1):
        codes = {name: ["ZZ"] for name in dimensions[:n_unknown]}
        codes |= {name: [str(FRAME[name][0])] for name in dimensions[n_unknown:]}
        assert filter_observations(long, flow, ObservationSelection(codes)).is_empty(), codes


def test_unknown_dimension_is_refused() -> None:
    with pytest.raises(StructureError, match="no dimension SEX"):
        select_periods(ObservationSelection({"SEX": ["F"]}))
    with pytest.raises(StructureError, match="no component X"):
        select_periods(ObservationSelection(conditions=(Condition("X", "eq", ("1",)),)))


def test_code_without_a_label_and_repeated_key_are_refused() -> None:
    raw = FRAME.drop("_start", "_end").with_columns(pl.col("FREQ", "REF_AREA").cast(pl.String))
    with pytest.raises(StructureError, match="codes without a label"):
        arrange_observations(raw.with_columns(REF_AREA=pl.lit("ZZ")), STRUCTURES, FLOW)
    with pytest.raises(StructureError, match="same key and period"):
        arrange_observations(pl.concat([raw, raw]), STRUCTURES, FLOW)


@pytest.mark.parametrize(("text", "code", "start", "end", "label"), [
    ("2024-Q3", "2024-Q3", "2024-07-01", "2024-09-30", "2024 Q3"),
    ("2024", "2024", "2024-01-01", "2024-12-31", "2024"),
    ("2020-2022", "2020-01-01/P3Y", "2020-01-01", "2022-12-31", "2020–2022"),
    ("2022-10-01/P48M", "2022-10-01/P48M", "2022-10-01", "2026-09-30", "2022-10-01–2026-09-30"),
    ("2026-09-30", "2026-09-30", "2026-09-30", "2026-09-30", "2026-09-30"),
])  # fmt: skip
def test_period_is_parsed_and_labelled(text: str, code: str, start: str, end: str, label: str) -> None:
    span = parse_period(text)
    assert (span.code, span.start.isoformat(), span.end.isoformat()) == (code, start, end)
    assert label_period(code) == label
    assert parse_period(code).end == span.end


def test_quarters_are_joined_and_other_texts_refused() -> None:
    assert join_quarters("2022-Q4", "2023-Q1") == "2022-10-01/P6M"
    with pytest.raises(ValueError, match="not a period"):
        parse_period("2024-Q5")
