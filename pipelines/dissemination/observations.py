"""Select observations of a dataflow: by codes, by period, by value of an attribute, and the first or last of a series.

The order is that of the key, each dimension in the order of its code list, then of time: the same for the same request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final, Literal

import polars as pl

from pipelines.dissemination.periods import parse_period
from pipelines.dissemination.release import END, START, load_observations, load_structures
from pipelines.dissemination.structures import TIME_PERIOD, Dataflow, StructureError

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "co", "nc", "sw", "ew"]
"""Operators of SDMX 3: equal, not equal, less, less or equal, greater, greater or equal, contains, does not contain,
starts with, ends with."""
_DAYS: Final = (START, END)
_SERIES: Final = "_series"


@dataclass(frozen=True)
class Condition:
    """A condition on one component. Several values are alternatives; for `ne` and `nc` none of them may match."""

    component: str
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True)
class PeriodCondition:
    """A condition on the period of an observation, compared with the days from `first` to `last`.

    Operators mean what the technical notes of SDMX say: `eq` is true of every period within these days, `lt` and `gt`
    of those that end before the first or begin after the last of them.
    """

    operator: Operator
    first: date
    last: date


@dataclass(frozen=True)
class ObservationSelection:
    """A selection of the observations of a dataflow.

    `codes` has the allowed codes of some dimensions; `first_period` and `last_period` are periods or days: an
    observation is selected if its period begins in or after the first, and ends in or before the last.
    `first_n` and `last_n` limit the observations of each series.
    """

    codes: Mapping[str, Collection[str]] = field(default_factory=dict)
    first_period: str | None = None
    last_period: str | None = None
    first_n: int | None = None
    last_n: int | None = None
    conditions: tuple[Condition, ...] = ()
    periods: tuple[PeriodCondition, ...] = ()


EVERYTHING: Final = ObservationSelection()


def select_observations(release: Path, dataflow: str, selection: ObservationSelection = EVERYTHING) -> pl.DataFrame:
    """Return the selected observations: dimensions, `TIME_PERIOD`, `OBS_VALUE`, attributes.

    Raises StructureError for a dimension or component that the dataflow lacks, ValueError for a wrong period. A code
    that the dataflow lacks selects nothing.
    """
    flow = load_structures(release).find_dataflow(dataflow)
    return filter_observations(load_observations(release, dataflow), flow, selection).drop(_DAYS)


def filter_observations(frame: pl.DataFrame, flow: Dataflow, selection: ObservationSelection) -> pl.DataFrame:
    """Return the selected rows of the frame of a dataflow."""
    codes = [_allow_codes(frame, flow, name, allowed) for name, allowed in selection.codes.items()]
    conditions = [condition for condition in codes if condition is not None]
    conditions += [_compare(frame, condition) for condition in selection.conditions]
    conditions += [_compare_period(condition) for condition in selection.periods]
    if selection.first_period is not None:
        conditions.append(pl.col(START) >= parse_period(selection.first_period).start)
    if selection.last_period is not None:
        conditions.append(pl.col(END) <= parse_period(selection.last_period).end)
    if any(condition is None for condition in codes):
        frame = frame.clear()
    if conditions:
        frame = frame.filter(conditions)
    key = flow.structure.dimension_ids
    if selection.first_n is None and selection.last_n is None:
        return frame
    # Rows of a series follow each other, so that both ends of a series are selected by position.
    frame = frame.with_columns(pl.struct(key).rle_id().alias(_SERIES))
    place, size = pl.int_range(pl.len()).over(_SERIES), pl.len().over(_SERIES)
    selected = pl.lit(False)
    if selection.first_n is not None:
        selected = selected | (place < selection.first_n)
    if selection.last_n is not None:
        selected = selected | (place >= size.cast(pl.Int64) - selection.last_n)
    return frame.filter(selected).drop(_SERIES)


def _allow_codes(frame: pl.DataFrame, flow: Dataflow, name: str, allowed: Collection[str]) -> pl.Expr | None:
    """Return the condition that selects codes of a dimension, or None without a code of the dataflow.

    A literal false would not do: polars 2.1 raises a ShapeError for four of them and more than some thousand rows.
    """
    if name not in flow.structure.dimension_ids:
        raise StructureError(f"{flow.id} has no dimension {name}; it has {', '.join(flow.structure.dimension_ids)}")
    dtype = frame.schema[name]
    present = [code for code in allowed if not isinstance(dtype, pl.Enum) or code in dtype.categories]
    if not present:
        return None
    if len(present) == 1:
        return pl.col(name) == present[0]
    return pl.any_horizontal(pl.col(name) == code for code in present)


def _compare(frame: pl.DataFrame, condition: Condition) -> pl.Expr:
    name = condition.component
    if name not in frame.columns:
        raise StructureError(f"There is no component {name}; there are {', '.join(frame.columns[: -len(_DAYS)])}")
    tests = [_compare_value(frame, name, condition.operator, value) for value in condition.values]
    if condition.operator in ("ne", "nc"):
        return pl.all_horizontal(tests)
    return pl.any_horizontal(tests)


def _compare_value(frame: pl.DataFrame, name: str, operator: Operator, value: str) -> pl.Expr:
    dtype = frame[name].dtype
    column = pl.col(name)
    if dtype.is_numeric():
        number = float(value)
        match operator:
            case "eq":
                return column == number
            case "ne":
                return column.ne_missing(number)
            case "lt":
                return column < number
            case "le":
                return column <= number
            case "gt":
                return column > number
            case "ge":
                return column >= number
            case _:
                raise StructureError(f"{name} is a number: {operator} is not an operator of numbers")
    column = column.cast(pl.String)
    match operator:
        case "eq":
            return column == value
        case "ne":
            return column.ne_missing(value)
        case "lt":
            return column < value
        case "le":
            return column <= value
        case "gt":
            return column > value
        case "ge":
            return column >= value
        case "co":
            return column.str.contains(value, literal=True)
        case "nc":
            return column.str.contains(value, literal=True).not_().fill_null(True)
        case "sw":
            return column.str.starts_with(value)
        case "ew":
            return column.str.ends_with(value)


def _compare_period(condition: PeriodCondition) -> pl.Expr:
    first, last = condition.first, condition.last
    is_within = (pl.col(START) >= first) & (pl.col(END) <= last)
    match condition.operator:
        case "eq":
            return is_within
        case "ne":
            return ~is_within
        case "lt":
            return pl.col(END) < first
        case "le":
            return pl.col(END) <= last
        case "gt":
            return pl.col(START) > last
        case "ge":
            return pl.col(START) >= first
        case _:
            raise StructureError(f"{TIME_PERIOD}: {condition.operator} is not an operator of periods")


# ------------------------------------------------------------------------------------------------- what there is


def list_used_codes(
    release: Path, dataflow: str, selection: ObservationSelection = EVERYTHING
) -> dict[str, tuple[str, ...]]:
    """Return the codes of each dimension that selected observations have, in the order of the code list."""
    frame = select_observations(release, dataflow, selection)
    flow = load_structures(release).find_dataflow(dataflow)
    return {
        name: tuple(str(code) for code in frame[name].unique().sort().to_list())
        for name in flow.structure.dimension_ids
    }


def find_period_range(
    release: Path, dataflow: str, selection: ObservationSelection = EVERYTHING
) -> tuple[date, date] | None:
    """Return the first and the last day of the periods of selected observations, None if there are none."""
    flow = load_structures(release).find_dataflow(dataflow)
    frame = filter_observations(load_observations(release, dataflow), flow, selection)
    if frame.is_empty():
        return None
    first, last = frame.select(pl.col(START).min(), pl.col(END).max()).row(0)
    return first, last


def count_observations(release: Path, dataflow: str, selection: ObservationSelection = EVERYTHING) -> tuple[int, int]:
    """Return the numbers of series and of observations that are selected."""
    frame = select_observations(release, dataflow, selection)
    flow = load_structures(release).find_dataflow(dataflow)
    return frame.select(pl.struct(*flow.structure.dimension_ids).n_unique()).item(), frame.height


def join_key(row: Mapping[str, object], flow: Dataflow) -> str:
    """Return the key of the series of an observation, as SDMX writes it: codes joined by dots."""
    return ".".join(str(row[name]) for name in flow.structure.dimension_ids)
