"""Parse the addresses of SDMX REST: queries of data, availability, schemas and structures. Nothing is read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.web.sdmx.errors import NOT_OFFERED, QueryError
from pipelines.web.sdmx.queries import (
    ALL,
    FILTER,
    DataQuery,
    MetadataQuery,
    Reference,
    RegistrationQuery,
    RequestedEdition,
    SchemaQuery,
    StructureQuery,
    Version,
    parse_filter,
    parse_key,
    parse_parameters,
    parse_sort,
)
from pipelines.web.sdmx.time_spans import parse_span, parse_start_day

_DATA_V1: Final = frozenset({
    "startPeriod", "endPeriod", "updatedAfter", "firstNObservations", "lastNObservations", "dimensionAtObservation",
    "detail", "includeHistory",
})  # fmt: skip
_DATA_V2: Final = frozenset({
    "updatedAfter", "firstNObservations", "lastNObservations", "dimensionAtObservation", "attributes", "measures",
    "includeHistory", "limit", "offset", "sort", "reportingYearStartDay",
})  # fmt: skip
_DETAILS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "full": (("dsd",), ("all",)),
    "dataonly": (("none",), ("all",)),
    "serieskeysonly": (("none",), ("none",)),
    "nodata": (("dsd",), ("none",)),
}
"""Attributes and measures that a `detail` of version 1.5 means."""
_COMMON_STRUCTURE_DETAILS: Final = (
    "full", "allstubs", "referencestubs", "allcompletestubs", "referencecompletestubs", "referencepartial",
)  # fmt: skip
_STRUCTURE_DETAILS: Final[Mapping[Version, tuple[str, ...]]] = {
    "v1": _COMMON_STRUCTURE_DETAILS,
    "v2": (*_COMMON_STRUCTURE_DETAILS, "raw"),
}
_SCHEMA_CONTEXTS: Final[Mapping[str, str]] = {
    "datastructure": "datastructure",
    "dataflow": "datastructure",
    "provisionagreement": "datastructure",
    "metadatastructure": "metadatastructure",
    "metadataflow": "metadatastructure",
    "metadataprovisionagreement": "metadatastructure",
}
"""Types of structures that a schema can be about, and the structure that says what is valid: both have one id."""
_METADATA_DETAILS: Final = ("full", "allstubs")
_ID: Final = re.compile(r"[A-Za-z0-9_@$.\-]+")


def _split_values(text: str, version: Version) -> tuple[str, ...]:
    """Return the values of a part of a path; `all` of version 1.5 is `*`."""
    values = tuple(value for value in text.split("+" if version == "v1" else ",") if value) if text != "+" else ("+",)
    if version == "v1":
        values = tuple(ALL if value.lower() == "all" else value for value in values)
    return values or (ALL,)


def _check_ids(values: Sequence[str]) -> None:
    for value in values:
        if value != ALL and not _ID.fullmatch(value):
            raise QueryError(400, mark("{value} is not an id: it has characters that ids do not have."), value=value)


def _parse_reference(agency: str, name: str, versions: str, version: Version) -> Reference:
    reference = Reference(
        _split_values(agency, version), _split_values(name, version), _split_values(versions, version)
    )
    _check_ids(reference.agencies)
    _check_ids(reference.ids)
    return reference


def _parse_time(parameters: Mapping[str, str], name: str) -> datetime | None:
    if name not in parameters:
        return None
    try:
        return clock.parse_time(parameters[name])
    except (ValueError, OverflowError):
        raise QueryError(
            400,
            mark("{value} is not a time. Write it as {example}."),
            value=f"{name}={parameters[name]}",
            example="2026-11-20T09:00:00Z",
        ) from None


def _parse_number(parameters: Mapping[str, str], name: str, lowest: int = 1) -> int | None:
    if name not in parameters:
        return None
    text = parameters[name]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= lowest):
        raise QueryError(
            400, mark("{value} is not a whole number of {least} or more."), value=f"{name}={text}", least=lowest
        )
    return int(text)


def _parse_choice(parameters: Mapping[str, str], name: str, choices: Collection[str], default: str) -> str:
    value = parameters.get(name, default).lower()
    if value not in choices:
        raise QueryError(400, NOT_OFFERED, value=f"{name}={parameters[name]}", names=", ".join(choices))
    return value


def _parse_edition(parameters: Mapping[str, str]) -> RequestedEdition:
    if "asOf" in parameters and "release" in parameters:
        raise QueryError(400, mark("Give either release or asOf, not both."))
    return RequestedEdition(parameters.get("release"), _parse_time(parameters, "asOf"))


def _pad(parts: Sequence[str], least: int, most: int, address: str) -> list[str]:
    if not least <= len(parts) <= most:
        raise QueryError(
            400, mark("The address has the wrong number of parts. Write it as {address}."), address=address
        )
    return [*parts, *([""] * (most - len(parts)))]


def _parse_words(parameters: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    return tuple(word for word in parameters.get(name, default).split(",") if word) or (default,)


def parse_data_query(version: Version, parts: Sequence[str], query: str) -> DataQuery:
    """Return the query of an address below `/data`. Raises QueryError if it does not follow the specification."""
    if version == "v1":
        flow, key, provider = _pad(parts, 1, 3, "/data/{flow}/{key}/{provider}")
        parameters = parse_parameters(query, _DATA_V1)
        detail = _parse_choice(parameters, "detail", _DETAILS, "full")
        attributes, measures = _DETAILS[detail]
        return _complete_query(
            version, _parse_flow(flow), key, parameters, provider=provider, attributes=attributes, measures=measures
        )
    context, agency, name, versions, key = _pad(parts, 0, 5, "/data/{context}/{agency}/{id}/{version}/{key}")
    parameters = parse_parameters(query, _DATA_V2, has_filters=True)
    return _complete_query(
        version,
        _parse_reference(agency, name, versions, version),
        key,
        parameters,
        context=context,
        attributes=_parse_words(parameters, "attributes", "dsd"),
        measures=_parse_words(parameters, "measures", "all"),
        sort=parse_sort(parameters["sort"]) if "sort" in parameters else (),
    )


def parse_availability_query(version: Version, parts: Sequence[str], query: str) -> DataQuery:
    """Return the query of an address below `/availableconstraint` (1.5) or `/availability` (2.1)."""
    choices: tuple[str, ...] = (
        "codelist", "datastructure", "conceptscheme", "dataflow", "dataproviderscheme", "none", "all"
    )  # fmt: skip
    if version == "v1":
        allowed = {"startPeriod", "endPeriod", "updatedAfter", "references", "mode"}
        flow, key, provider, component = _pad(parts, 1, 4, "/availableconstraint/{flow}/{key}/{provider}/{component}")
        parameters = parse_parameters(query, allowed)
        reference, context = _parse_flow(flow), ""
    else:
        allowed, provider = {"updatedAfter", "references", "mode", "reportingYearStartDay"}, ""
        choices = (*choices, "valuelist")
        context, agency, name, versions, key, component = _pad(
            parts, 1, 6, "/availability/{context}/{agency}/{id}/{version}/{key}/{component}"
        )
        parameters = parse_parameters(query, allowed, has_filters=True)
        reference = _parse_reference(agency, name, versions, version)
    components = _split_values(component, version)
    return _complete_query(
        version,
        reference,
        key,
        parameters,
        provider=provider,
        context=context,
        components=() if ALL in components else components,
        mode=_parse_choice(parameters, "mode", ("exact", "available"), "exact"),
        references=_parse_references(parameters, choices, version),
    )


def _parse_flow(text: str) -> Reference:
    """Return the dataflow of version 1.5: `FLOW`, `AGENCY,FLOW` or `AGENCY,FLOW,VERSION`."""
    parts = text.split(",")
    if len(parts) > 3 or not all(parts):
        raise QueryError(
            400,
            mark("{value} is not a dataflow. Write FLOW, AGENCY,FLOW or AGENCY,FLOW,VERSION."),
            value=text,
        )
    agency, name, version = {1: ("all", parts[0], "latest"), 2: (*parts, "latest"), 3: tuple(parts)}[len(parts)]
    return _parse_reference(agency, name, version, "v1")


def _check_contexts(contexts: Sequence[str]) -> None:
    if unknown := set(contexts) - {"dataflow", "datastructure", "provisionagreement", ALL}:
        raise QueryError(400, NOT_OFFERED, value=min(unknown), names="dataflow, datastructure, provisionagreement, *")


def _complete_query(
    version: Version,
    reference: Reference,
    key: str,
    parameters: Mapping[str, str],
    *,
    provider: str = "",
    context: str = "",
    **more: object,
) -> DataQuery:
    contexts = _split_values(context, "v2")
    _check_contexts(contexts)
    filters = tuple(
        parse_filter(match[1], value)
        for name, value in sorted(parameters.items())
        if (match := FILTER.fullmatch(name)) is not None
    )
    updated_after, edition = _parse_time(parameters, "updatedAfter"), _parse_edition(parameters)
    if updated_after is not None and edition.as_of is not None and updated_after > edition.as_of:
        raise QueryError(422, mark("updatedAfter is later than asOf. Choose an earlier updatedAfter."))
    for name in ("startPeriod", "endPeriod"):
        if name in parameters:
            parse_span(parameters[name])
    return DataQuery(
        version=version,
        reference=reference,
        keys=parse_key(key, version),
        providers=_parse_providers(provider, "v1"),
        context=contexts,
        filters=filters,
        first_period=parameters.get("startPeriod"),
        last_period=parameters.get("endPeriod"),
        first_n=_parse_number(parameters, "firstNObservations"),
        last_n=_parse_number(parameters, "lastNObservations"),
        updated_after=updated_after,
        includes_history=_parse_choice(parameters, "includeHistory", ("true", "false"), "false") == "true",
        dimension_at_observation=parameters.get("dimensionAtObservation", "TIME_PERIOD"),
        limit=_parse_number(parameters, "limit"),
        offset=_parse_number(parameters, "offset", 0) or 0,
        year_start=parse_start_day(parameters),
        edition=edition,
        format=parameters.get("format"),
        **more,  # type: ignore[arg-type]
    )


def parse_metadata_query(version: Version, parts: Sequence[str], query: str) -> MetadataQuery:
    """Return the query of an address below `/metadata`. Raises QueryError if it does not follow the specification."""
    if version == "v1":
        flow, key, provider = _pad(parts, 1, 3, "/metadata/{flow}/{key}/{provider}")
        parameters = parse_parameters(query, {"startPeriod", "endPeriod", "updatedAfter", "detail"})
        _parse_choice(parameters, "detail", ("full", "dataonly"), "full")
        keys = parse_key(key, version)
        if keys and len(keys[0]) != 1:
            raise QueryError(422, mark("The key of reference metadata has one part: the code that they are about."))
        return MetadataQuery(
            version,
            "metadataflow",
            _parse_flow(flow),
            providers=_parse_providers(provider, version),
            items=keys[0][0] if keys else (),
            updated_after=_parse_time(parameters, "updatedAfter"),
            first_day=parse_span(parameters["startPeriod"])[0] if "startPeriod" in parameters else None,
            last_day=parse_span(parameters["endPeriod"])[1] if "endPeriod" in parameters else None,
            edition=_parse_edition(parameters),
            format=parameters.get("format"),
        )
    scope, *following = parts or [""]
    parameters = parse_parameters(query, {"detail"})
    more: dict[str, Any] = {
        "is_stub": _parse_choice(parameters, "detail", _METADATA_DETAILS, "full") == "allstubs",
        "edition": _parse_edition(parameters),
        "format": parameters.get("format"),
    }
    if scope == "metadataset":
        provider, name, versions = _pad(following, 0, 3, "/metadata/metadataset/{provider}/{id}/{version}")
        reference = _parse_reference("", name, versions, version)
        return MetadataQuery(version, "metadataset", reference, _parse_providers(provider, version), **more)
    if scope == "metadataflow":
        address = "/metadata/metadataflow/{agency}/{id}/{version}/{provider}"
        agency, name, versions, provider = _pad(following, 0, 4, address)
        reference = _parse_reference(agency, name, versions, version)
        return MetadataQuery(version, "metadataflow", reference, _parse_providers(provider, version), **more)
    if scope == "structure":
        address = "/metadata/structure/{type}/{agency}/{id}/{version}/{item}"
        kind, agency, name, versions, item = _pad(following, 0, 5, address)
        items = _split_values(item, version)
        return MetadataQuery(
            version,
            "structure",
            _parse_reference(agency, name, versions, version),
            kind=kind or ALL,
            items=() if ALL in items else items,
            **more,
        )
    raise QueryError(400, NOT_OFFERED, value=f"/metadata/{scope}", names="metadataset, metadataflow, structure")


def _parse_providers(text: str, version: Version) -> tuple[str, ...]:
    """Return the ids of providers: `PROVIDER` or `AGENCY,PROVIDER`.  Of several in version 2.1, `,` separates ids."""
    if version == "v1":
        return tuple(item.rpartition(",")[2] for item in _split_values(text, "v1"))
    return tuple(item for part in text.split("+") for item in _split_values(part, version))


def parse_registration_query(parts: Sequence[str], query: str) -> RegistrationQuery:
    """Return the query of an address below `/registration`, which only version 2.1 has. Raises QueryError."""
    scope, *following = parts or [""]
    parameters = parse_parameters(query, {"updatedBefore", "updatedAfter"} if scope != "id" else ())
    ids: tuple[str, ...] = ()
    providers: tuple[str, ...] = (ALL,)
    reference = Reference()
    if scope == "id":
        (name,) = _pad(following, 1, 1, "/registration/id/{id}")
        ids = _split_values(name, "v2")
        _check_ids(ids)
    elif scope == "provider":
        agency, provider = _pad(following, 0, 2, "/registration/provider/{agency}/{provider}")
        reference = Reference(_split_values(agency, "v2"))
        _check_ids(reference.agencies)
        providers = _split_values(provider, "v2")
    else:
        _check_contexts(_split_values(scope, "v2"))
        agency, name, versions = _pad(following, 0, 3, "/registration/{context}/{agency}/{id}/{version}")
        reference = _parse_reference(agency, name, versions, "v2")
    return RegistrationQuery(
        reference,
        ids,
        providers,
        _parse_time(parameters, "updatedBefore"),
        _parse_time(parameters, "updatedAfter"),
        _parse_edition(parameters),
        parameters.get("format"),
    )


def parse_structure_query(version: Version, kind: str, parts: Sequence[str], query: str) -> StructureQuery:
    """Return the query of an address of structures; `parts` follow the type of artefact."""
    agency, name, versions, item = _pad(parts, 0, 4, f"/{kind}/{{agency}}/{{id}}/{{version}}/{{item}}")
    parameters = parse_parameters(query, {"detail", "references"})
    items = _split_values(item, version)
    return StructureQuery(
        version=version,
        kind=kind,
        reference=_parse_reference(agency, name, versions, version),
        items=() if ALL in items else items,
        detail=_parse_choice(parameters, "detail", _STRUCTURE_DETAILS[version], "full"),
        references=_parse_references(parameters, None, version),
        edition=_parse_edition(parameters),
        format=parameters.get("format"),
    )


def parse_schema_query(version: Version, parts: Sequence[str], query: str) -> SchemaQuery:
    """Return the query of an address below `/schema`, as a query of the structure with the codes that have data."""
    context, agency, name, versions = _pad(parts, 3, 4, "/schema/{context}/{agency}/{id}/{version}")
    if context not in _SCHEMA_CONTEXTS:
        raise QueryError(404, NOT_OFFERED, value=context, names=", ".join(_SCHEMA_CONTEXTS))
    parameters = parse_parameters(
        query,
        {"dimensionAtObservation", "explicitMeasure"} if version == "v1" else {"dimensionAtObservation", "deletion"},
    )
    return SchemaQuery(
        version=version,
        kind=_SCHEMA_CONTEXTS[context],
        reference=_parse_reference(agency, name, versions, version),
        detail="referencepartial",
        references=("children",),
        edition=_parse_edition(parameters),
        format=parameters.get("format"),
        context="datastructure" if context == "datastructure" else "dataflow",
        dimension_at_observation=parameters.get("dimensionAtObservation", "TIME_PERIOD"),
    )


def _parse_references(
    parameters: Mapping[str, str], choices: Collection[str] | None, version: Version
) -> tuple[str, ...]:
    """Return the values of `references`. Without choices, `structures.py` knows which there are."""
    words = tuple(word.lower() for word in _split_values(parameters.get("references", "none"), "v2"))
    if version == "v1" and len(words) > 1:
        raise QueryError(400, mark("In version 1.5, references has one value."))
    for word in words:
        if choices is not None and word not in choices:
            raise QueryError(400, NOT_OFFERED, value=f"references={word}", names=", ".join(choices))
    return words
