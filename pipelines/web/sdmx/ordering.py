"""Sort the observations of a data set as the parameter `sort` of SDMX REST asks."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from pipelines.dissemination.periods import parse_period
from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, Dataflow
from pipelines.dissemination.writers.extract import Extract
from pipelines.dissemination.writers.sdmx_ml import ALL_DIMENSIONS
from pipelines.web.sdmx.errors import NO_COMPONENT, QueryError
from pipelines.web.sdmx.queries import ALL, SERIES_KEY, DataQuery

_ROW: Final = "_row"


def sort_extract(extract: Extract, query: DataQuery) -> Extract:
    """Return observations in the order that a query asks for, in which the rows of a series stay together.

    Codes and values are compared as they are written, periods by their days. In a message of series, a series is placed
    by its first row. Raises QueryError 422 for a component that the dataflow lacks.
    """
    flow = extract.dataflow
    at_observation = query.dimension_at_observation
    above = [name for name in (*flow.structure.dimension_ids, TIME_PERIOD) if name != at_observation]
    if at_observation == ALL_DIMENSIONS:
        above = []
    directions: dict[str, bool] = {}
    for key in query.sort:
        names = {ALL: [*flow.structure.dimension_ids, TIME_PERIOD], SERIES_KEY: above}.get(key.component)
        if names is None and key.component not in list_components(flow):
            raise QueryError(
                422, NO_COMPONENT, dataflow=flow.id, name=key.component, names=", ".join(list_components(flow))
            )
        for name in names if names is not None else [key.component]:
            directions.setdefault(name, key.is_descending)
    rows = extract.observations
    if directions:
        order = [_order_by(rows, name).alias(f"_{name}") for name in directions]
        rows = rows.with_columns(order).sort(
            [f"_{name}" for name in directions], descending=list(directions.values()), nulls_last=True,
            maintain_order=True,
        ).drop(f"_{name}" for name in directions)  # fmt: skip
    if above:
        numbered = rows.with_row_index(_ROW)
        rows = numbered.sort(pl.col(_ROW).min().over(above), maintain_order=True).drop(_ROW)
    return replace(extract, observations=rows)


def _order_by(rows: pl.DataFrame, name: str) -> pl.Expr:
    """Return what a component is sorted by: days of a period, the number of a value, the text of a code."""
    if name == TIME_PERIOD:
        texts = rows[TIME_PERIOD].unique().to_list()
        days = {text: f"{span.start} {span.end}" for text in texts for span in [parse_period(text)]}
        return pl.col(TIME_PERIOD).replace_strict(days, return_dtype=pl.String)
    return pl.col(name) if rows.schema[name].is_numeric() else pl.col(name).cast(pl.String)


def list_components(flow: Dataflow) -> list[str]:
    """Return the ids of all components of a dataflow."""
    structure = flow.structure
    return [*structure.dimension_ids, TIME_PERIOD, OBS_VALUE, *(item.id for item in structure.attributes)]
