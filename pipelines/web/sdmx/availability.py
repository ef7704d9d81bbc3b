"""Find which codes and periods have data, for a query of availability."""

from __future__ import annotations

import polars as pl

from pipelines.core.i18n import mark
from pipelines.dissemination.artefacts import DATA_PROVIDERS, Artefacts, Constraint, Kind
from pipelines.dissemination.release import END, START, load_structures
from pipelines.dissemination.structures import TIME_PERIOD, Dataflow
from pipelines.web.sdmx.data import UNCHANGED, load_updated, select_rows
from pipelines.web.sdmx.errors import NO_DIMENSION, QueryError
from pipelines.web.sdmx.queries import DataQuery
from pipelines.web.sdmx.references import Name, find_dataflows, resolve_references
from pipelines.web.sdmx.releases import PublishedRelease, Releases
from pipelines.web.sdmx.structures import StructureMessage, keep_used_items

_ALL_REFERENCES = ("dataflow", "datastructure", "conceptscheme", "codelist", "dataproviderscheme")


def find_availability(releases: Releases, release: PublishedRelease, query: DataQuery) -> StructureMessage:
    """Return the constraints of the dataflows that a query refers to, with the artefacts that `references` adds.

    With `updatedAfter`, they are about the observations that were added, revised or deleted since then.  Raises
    QueryError 404 if no observation matches.
    """
    structures = load_structures(release.folder)
    is_changed = False
    flows = find_dataflows(structures, query)
    constraints: dict[str, Constraint] = {}
    for flow in flows:
        frame = load_updated(releases, release, flow, query.updated_after)
        is_changed |= not frame.is_empty()
        try:
            constraint = _find_constraint(frame, flow, query)
        except QueryError:
            # A query of several dataflows is about those that have its components.
            if len(flows) == 1:
                raise
            continue
        if constraint is not None:
            constraints[flow.id] = constraint
    if not constraints and query.updated_after is not None and not is_changed:
        raise QueryError(404, UNCHANGED)
    if not constraints:
        raise QueryError(404, mark("No observations match. Ask for other codes or another period."))
    names: list[Name] = [("dataconstraint", name) for name in constraints]
    words = _ALL_REFERENCES if "all" in query.references else query.references
    words = tuple(word for word in words if word != "valuelist")
    added = resolve_references(structures, names, words, query.version)
    if "dataproviderscheme" in words:
        added |= {("dataproviderscheme", DATA_PROVIDERS)}
    reduced, partial = keep_used_items(release.folder, structures, constraints, constraints)
    ids: dict[Kind, tuple[str, ...]] = {"dataconstraint": tuple(constraints)}
    for kind, name in sorted(added):
        if kind in words:
            ids[kind] = (*ids.get(kind, ()), name)
    return StructureMessage(reduced, Artefacts(ids, constraints, partial=frozenset(partial & added)))


def _find_constraint(frame: pl.DataFrame, flow: Dataflow, query: DataQuery) -> Constraint | None:
    """Return the codes and days of some observations of a dataflow; None if none of them matches.

    In mode `available`, the codes of a dimension are those that have data with the filters of all other dimensions.
    """
    names = [*flow.structure.dimension_ids, TIME_PERIOD]
    if unknown := set(query.components) - set(names):
        raise QueryError(422, NO_DIMENSION, dataflow=flow.id, name=min(unknown), names=", ".join(names))
    matching = select_rows(frame, flow, query)
    chosen = [name for name in names if not query.components or name in query.components]
    codes = {}
    first = last = None
    for name in chosen:
        rows = select_rows(frame, flow, query, without_dimension=name) if query.mode == "available" else matching
        if name == TIME_PERIOD:
            first, last = rows.select(pl.col(START).min(), pl.col(END).max()).row(0)
        else:
            codes[name] = tuple(str(code) for code in rows[name].unique().sort())
    if not any(codes.values()) and first is None:
        return None
    n_series = matching.select(pl.struct(flow.structure.dimension_ids).n_unique()).item()
    return Constraint({name: items for name, items in codes.items() if items}, first, last, (n_series, matching.height))
