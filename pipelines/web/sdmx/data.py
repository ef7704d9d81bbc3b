"""Select the observations that a query of data asks for, as data sets that can be written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import polars as pl

from pipelines.core.i18n import mark
from pipelines.dissemination.observations import (
    Condition,
    ObservationSelection,
    PeriodCondition,
    filter_observations,
)
from pipelines.dissemination.release import END, START, load_observations, load_structures
from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, Dataflow, StructureError
from pipelines.dissemination.writers.extract import Context, Extract, to_text
from pipelines.dissemination.writers.sdmx_ml import ALL_DIMENSIONS
from pipelines.web.sdmx.errors import NO_COMPONENT, NO_DIMENSION, QueryError
from pipelines.web.sdmx.negotiation import Detail
from pipelines.web.sdmx.ordering import list_components, sort_extract
from pipelines.web.sdmx.queries import ComponentFilter, DataQuery, Key
from pipelines.web.sdmx.references import find_dataflows
from pipelines.web.sdmx.releases import PublishedRelease, Releases
from pipelines.web.sdmx.time_spans import StartDay, parse_span

Action = Literal["Information", "Append", "Replace", "Delete"]
_ROW: Final = "_row"
_NO_DATA: Final = mark(
    "No observations match. Ask for fewer codes at once or another period; an availability query lists the codes "
    "that have data."
)
UNCHANGED: Final = mark("Nothing has changed since then.")


@dataclass(frozen=True)
class DataSet:
    """Observations of one dataflow, what a client is to do with them, and when they were current."""

    extract: Extract
    action: Action = "Information"
    valid_from: datetime | None = None
    valid_until: datetime | None = None


# ------------------------------------------------------------------------------------------------------------- filters


def list_allowed_codes(key: Key, flow: Dataflow, query: DataQuery) -> dict[str, tuple[str, ...]]:
    """Return the allowed codes of the dimensions that a key restricts.

    Raises QueryError 422 for a key that has the wrong number of parts; the last ones may be left out in version 2.1.
    """
    names = flow.structure.dimension_ids
    if len(key) > len(names) or (query.version == "v1" and len(key) < len(names)):
        raise QueryError(
            422,
            mark("The key has the wrong number of parts: {n}. {dataflow} has these dimensions: {names}."),
            n=len(key),
            dataflow=flow.id,
            names=".".join(names),
        )
    return {name: codes for name, codes in zip(names, key, strict=False) if codes}


def select_rows(
    frame: pl.DataFrame, flow: Dataflow, query: DataQuery, *, without_dimension: str | None = None
) -> pl.DataFrame:
    """Return the rows that match keys, filters and periods. `without_dimension` is a component that is not filtered.

    Raises QueryError for a key or filter that does not fit the dataflow.
    """
    selections = []
    for key in query.keys:
        codes = list_allowed_codes(key, flow, query)
        codes.pop(without_dimension or "", None)
        selections.append(ObservationSelection(codes))
    if selections:
        frame = _unite(frame, [_filter_with(flow, selection) for selection in selections])
    for item in query.filters:
        if item.component != without_dimension:
            frame = _apply_filter(frame, flow, item, query.year_start)
    if without_dimension == TIME_PERIOD:
        return frame
    first = parse_span(query.first_period)[0].isoformat() if query.first_period is not None else None
    last = parse_span(query.last_period)[1].isoformat() if query.last_period is not None else None
    return filter_observations(frame, flow, ObservationSelection(first_period=first, last_period=last))


def _filter_with(flow: Dataflow, selection: ObservationSelection) -> Callable[[pl.DataFrame], pl.DataFrame]:
    return lambda frame: filter_observations(frame, flow, selection)


def _unite(frame: pl.DataFrame, choices: Sequence[Callable[[pl.DataFrame], pl.DataFrame]]) -> pl.DataFrame:
    """Return the rows that any of some filters chooses, in their order."""
    if len(choices) == 1:
        return choices[0](frame)
    numbered = frame.with_row_index(_ROW)
    rows = pl.concat([choose(numbered)[_ROW] for choose in choices]).unique()
    return numbered.filter(pl.col(_ROW).is_in(rows.implode())).drop(_ROW)


def _apply_filter(frame: pl.DataFrame, flow: Dataflow, item: ComponentFilter, year_start: StartDay) -> pl.DataFrame:
    if item.component not in frame.columns or item.component in (START, END):
        raise QueryError(
            422, NO_COMPONENT, dataflow=flow.id, name=item.component, names=", ".join(list_components(flow))
        )
    selections = []
    for tests in item.alternatives:
        if item.component == TIME_PERIOD:
            periods = (PeriodCondition(test.operator, *parse_span(test.value, year_start)) for test in tests)
            selections.append(ObservationSelection(periods=tuple(periods)))
        else:
            conditions = (Condition(item.component, test.operator, (test.value,)) for test in tests)
            selections.append(ObservationSelection(conditions=tuple(conditions)))
    choices = [_filter_with(flow, selection) for selection in selections]
    try:
        return _unite(frame, choices)
    except StructureError:
        # The component is one of the dataflow's, so that an operator does not fit it.
        raise QueryError(
            422,
            mark("The operators {operators} of the filter {filter} are for texts only."),
            operators="co, nc, sw, ew",
            filter=f"c[{item.component}]",
        ) from None
    except ValueError:
        raise QueryError(
            400, mark("The filter {filter} has a value that is not a number."), filter=f"c[{item.component}]"
        ) from None


# ----------------------------------------------------------------------------------------------------------- data sets


def make_data_sets(releases: Releases, release: PublishedRelease, query: DataQuery) -> list[DataSet]:
    """Return the data sets that a query asks for. Raises QueryError 404 if no observation matches."""
    current = _select_data_sets(release.folder, query)
    if query.includes_history and query.updated_after is not None:
        data_sets = _select_history_of_changes(releases, release, query, query.updated_after)
    elif query.includes_history:
        data_sets = [
            replace(item, action="Replace", valid_from=past.valid_from, valid_until=past.valid_until)
            for past in releases.list_until(release)
            for item in (current if past.folder == release.folder else _select_former(past.folder, query))
        ]
    elif query.updated_after is not None:
        data_sets = _select_changes(releases, release, query, current, query.updated_after)
    else:
        data_sets = current
    data_sets = _take_page([_sort(_limit_series(item, query), query) for item in data_sets], query)
    if not data_sets:
        raise QueryError(404, _NO_DATA)
    return data_sets


def _select_data_sets(folder: Path, query: DataQuery) -> list[DataSet]:
    """Return a data set for each dataflow with matching observations."""
    structures = load_structures(folder)
    flows = find_dataflows(structures, query)
    data_sets = []
    for flow in flows:
        try:
            rows = select_rows(load_observations(folder, flow.id), flow, query)
        except QueryError:
            # A query of several dataflows is about those that have its components.
            if len(flows) == 1:
                raise
            continue
        if rows.height:
            context: Context = "datastructure" if query.context == ("datastructure",) else "dataflow"
            data_sets.append(DataSet(Extract(structures, flow, rows.drop(START, END), context=context)))
    return data_sets


def _select_former(folder: Path, query: DataQuery) -> list[DataSet]:
    """Return the data sets of an earlier release; none if it lacks the dataflow or component of a valid query."""
    try:
        return _select_data_sets(folder, query)
    except QueryError:
        return []


def _limit_series(item: DataSet, query: DataQuery) -> DataSet:
    """Return a data set with the first or last observations of each series."""
    extract = item.extract
    limits = ObservationSelection(first_n=query.first_n, last_n=query.last_n)
    rows = filter_observations(extract.observations, extract.dataflow, limits)
    return replace(item, extract=replace(extract, observations=rows))


def _sort(item: DataSet, query: DataQuery) -> DataSet:
    return replace(item, extract=sort_extract(item.extract, query)) if query.sort else item


def _take_page(data_sets: Sequence[DataSet], query: DataQuery) -> list[DataSet]:
    """Return the page of observations that `limit` and `offset` mean, or of series for a query without measures."""
    if query.limit is None and query.offset == 0:
        return list(data_sets)
    page = []
    passed = 0
    for item in data_sets:
        rows = item.extract.observations
        numbers = pl.int_range(pl.len())
        if query.measures == ("none",):
            numbers = pl.struct(item.extract.dataflow.structure.dimension_ids).rle_id().cast(pl.Int64)
        numbered = rows.with_columns((numbers + passed).alias(_ROW))
        passed = int(numbered.select(pl.col(_ROW).max()).item()) + 1
        page_rows = numbered.filter(pl.col(_ROW) >= query.offset)
        if query.limit is not None:
            page_rows = page_rows.filter(pl.col(_ROW) < query.offset + query.limit)
        if page_rows.height:
            page.append(replace(item, extract=replace(item.extract, observations=page_rows.drop(_ROW))))
    return page


def _select_changes(
    releases: Releases, release: PublishedRelease, query: DataQuery, current: Sequence[DataSet], since: datetime
) -> list[DataSet]:
    """Return what was added, revised and deleted since a time, by the release that was current then."""
    earlier = _find_current_at(releases, release, since)
    if earlier is None:
        return [replace(item, action="Append", valid_from=release.valid_from) for item in current]
    if earlier.folder == release.folder:
        raise QueryError(404, UNCHANGED)
    changes = _compare(_select_former(earlier.folder, query), current)
    if not changes:
        raise QueryError(404, UNCHANGED)
    return [replace(item, valid_from=release.valid_from) for item in changes]


def _find_current_at(releases: Releases, release: PublishedRelease, when: datetime) -> PublishedRelease | None:
    """Return which release up to this one was current at a time; None before the first."""
    return next((item for item in reversed(releases.list_until(release)) if item.valid_from <= when), None)


def load_updated(releases: Releases, release: PublishedRelease, flow: Dataflow, since: datetime | None) -> pl.DataFrame:
    """Return the observations of a dataflow that were added, revised or deleted since a time, or all without a time."""
    rows = load_observations(release.folder, flow.id)
    earlier = _find_current_at(releases, release, since) if since is not None else None
    if earlier is None or flow.id not in load_structures(earlier.folder).dataflows:
        return rows
    former_rows = load_observations(earlier.folder, flow.id)
    if former_rows.columns != rows.columns:
        # A release with other columns revises every observation, as in a query of data (`list_changes`).
        return rows
    key = [*flow.structure.dimension_ids, TIME_PERIOD]
    return _append_rows(_subtract(rows, former_rows, rows.columns), _subtract(former_rows, rows, key))


def _append_rows(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of two releases, whose code lists may differ."""
    enums = {
        name: pl.Enum(list(dict.fromkeys((*dtype.categories, *others.schema[name].categories))))  # type: ignore[attr-defined]
        for name, dtype in rows.schema.items()
        if isinstance(dtype, pl.Enum) and dtype != others.schema[name]
    }
    return pl.concat([rows.cast(enums), others.cast(enums)], how="vertical_relaxed")  # type: ignore[arg-type]


def _select_history_of_changes(
    releases: Releases, release: PublishedRelease, query: DataQuery, since: datetime
) -> list[DataSet]:
    """Return what each release after a time added, revised and deleted, with the time in which it was current."""
    history = releases.list_until(release)
    data_sets = []
    for place, item in enumerate(history):
        if item.valid_from <= since:
            continue
        rows = _select_former(item.folder, query)
        if place == 0:
            changes = [replace(data_set, action="Append") for data_set in rows]
        else:
            changes = _compare(_select_former(history[place - 1].folder, query), rows)
        data_sets += [replace(change, valid_from=item.valid_from, valid_until=item.valid_until) for change in changes]
    if not data_sets:
        raise QueryError(404, UNCHANGED)
    return data_sets


def _compare(former: Sequence[DataSet], current: Sequence[DataSet]) -> list[DataSet]:
    """Return the changes between two releases as data sets."""
    before_by_flow = {item.extract.dataflow.id: item.extract for item in former}
    changes: list[DataSet] = []
    for item in current:
        before = before_by_flow.pop(item.extract.dataflow.id, None)
        changes += list_changes(before, item.extract) if before is not None else [replace(item, action="Append")]
    return changes + [DataSet(extract, "Delete") for extract in before_by_flow.values()]


def list_changes(before: Extract, after: Extract) -> list[DataSet]:
    """Return the observations that were added or revised, and those that were deleted, as data sets."""
    rows, former = after.observations, before.observations
    if former.columns != rows.columns:
        return [DataSet(after, "Replace")]
    key = [*after.dataflow.structure.dimension_ids, TIME_PERIOD]
    changed, deleted = _subtract(rows, former, rows.columns), _subtract(former, rows, key)
    changes = [
        DataSet(replace(after, observations=changed), "Replace"),
        DataSet(replace(before, observations=deleted), "Delete"),
    ]
    return [item for item in changes if item.extract.observations.height]


def _subtract(rows: pl.DataFrame, others: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Return the rows that another frame has not, compared by some columns as text."""
    remaining = (
        to_text(rows).select(names).with_row_index(_ROW).join(
            to_text(others).select(names), on=list(names), how="anti", nulls_equal=True
        )
    )  # fmt: skip
    return rows.with_row_index(_ROW).filter(pl.col(_ROW).is_in(remaining[_ROW].implode())).drop(_ROW)


# ---------------------------------------------------------------------------------------------- attributes and measures


def check_dimension(data_sets: Sequence[DataSet], name: str) -> None:
    """Raise QueryError 422 if a dataflow has no dimension of this name."""
    for item in data_sets:
        flow = item.extract.dataflow
        names = (*flow.structure.dimension_ids, TIME_PERIOD, ALL_DIMENSIONS)
        if name not in names:
            raise QueryError(422, NO_DIMENSION, dataflow=flow.id, name=name, names=", ".join(names))


def find_detail(query: DataQuery) -> Detail:
    """Return the detail of version 1.5 that attributes and measures mean."""
    if _names_observation_attributes(query):
        return "full"
    if query.measures == ("none",):
        return "serieskeysonly" if query.attributes in (("none",), ("msd",), ("dataset",)) else "nodata"
    return "dataonly" if query.attributes in (("none",), ("msd",), ("dataset",)) else "full"


def _names_observation_attributes(query: DataQuery) -> bool:
    """Return True if attributes of observations are asked for by name although no measure is."""
    general = {"dsd", "all", "none", "msd", "dataset", "series"}
    return query.measures == ("none",) and bool(set(query.attributes) - general)


def choose_components(extract: Extract, query: DataQuery) -> Extract:
    """Return an extract with the attributes and measures that a query asks for.

    Raises QueryError 422 for an attribute or measure that the dataflow lacks.
    """
    flow = extract.dataflow
    if unknown := set(query.measures) - {"all", "none", OBS_VALUE}:
        raise QueryError(
            422,
            mark("{dataflow} has no measure {name}. Its measure is {measure}."),
            dataflow=flow.id,
            name=min(unknown),
            measure=OBS_VALUE,
        )
    chosen = []
    for attribute in flow.structure.attributes:
        level = {"observation": "obs"}.get(attribute.attachment, attribute.attachment)
        if {"dsd", "all", level, attribute.id} & set(query.attributes):
            chosen.append(attribute)
    attribute_ids = {attribute.id for attribute in flow.structure.attributes}
    if unknown := set(query.attributes) - attribute_ids - {"dsd", "all", "none", "msd", "dataset", "series", "obs"}:
        raise QueryError(
            422,
            mark("{dataflow} has no attribute {name}. There are: {names}."),
            dataflow=flow.id,
            name=min(unknown),
            names=", ".join(sorted(attribute_ids)),
        )
    rows = extract.observations.drop(attribute_ids - {attribute.id for attribute in chosen})
    if _names_observation_attributes(query):
        rows = rows.with_columns(pl.lit(None, pl.Float64).alias(OBS_VALUE))
    structure = replace(flow.structure, attributes=tuple(chosen))
    return replace(extract, dataflow=replace(flow, structure=structure), observations=rows)


def keep_series(extract: Extract, detail: Detail) -> Extract:
    """Return an extract for a table: one row for each series, with its attributes for `nodata`."""
    if detail not in ("serieskeysonly", "nodata"):
        return extract
    structure = extract.dataflow.structure
    attributes = [item.id for item in structure.list_attributes("series")] if detail == "nodata" else []
    rows = extract.observations.select(*structure.dimension_ids, *attributes).unique(maintain_order=True)
    return replace(extract, observations=rows)
