"""Parse the paths and parameters of SDMX REST queries. Pure functions: nothing is read.

Several values are separated by `+` in version 1.5 and by `,` in version 2.1. `+` is not a space in parameters:
`c[TIME_PERIOD]=ge:2020+le:2022` is a range.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args
from urllib.parse import unquote

from pipelines.core import clock
from pipelines.dissemination.observations import Operator
from pipelines.dissemination.periods import parse_period
from pipelines.web.sdmx.errors import QueryError

Version = Literal["v1", "v2"]
Mode = Literal["exact", "available"]
OPERATORS: Final = frozenset(get_args(Operator))
ALL: Final = "*"
_DATA_V1: Final = frozenset({
    "startPeriod", "endPeriod", "updatedAfter", "firstNObservations", "lastNObservations", "dimensionAtObservation",
    "detail", "includeHistory",
})  # fmt: skip
_DATA_V2: Final = frozenset({
    "updatedAfter", "firstNObservations", "lastNObservations", "dimensionAtObservation", "attributes", "measures",
    "includeHistory", "limit", "offset",
})  # fmt: skip
_OURS: Final = frozenset({"asOf", "release", "format"})
"""Parameters of every query: the release that is read, and the format for clients that cannot send `Accept`."""
_NOT_OFFERED: Final = frozenset({"sort", "reportingYearStartDay"})
"""Parameters of version 2.2 that are not offered."""
_DETAILS: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "full": (("dsd",), ("all",)),
    "dataonly": (("none",), ("all",)),
    "serieskeysonly": (("none",), ("none",)),
    "nodata": (("dsd",), ("none",)),
}
"""Attributes and measures that a `detail` of version 1.5 means."""
STRUCTURE_DETAILS: Final = (
    "full", "allstubs", "referencestubs", "allcompletestubs", "referencecompletestubs", "referencepartial", "raw",
)  # fmt: skip
_ID: Final = re.compile(r"[A-Za-z0-9_@$.\-]+")
_FILTER: Final = re.compile(r"c\[([A-Za-z0-9_]+)\]")
_REPORTING: Final = re.compile(r"(\d{4})-([ASTQMWD])(\d{1,3})")
_MONTHS: Final = {"A": 12, "S": 6, "T": 4, "Q": 3, "M": 1}

Key = tuple[tuple[str, ...], ...]
"""Allowed codes of each dimension; an empty tuple allows all."""


@dataclass(frozen=True)
class Reference:
    """Agencies, ids and versions of artefacts; `*` means all."""

    agencies: tuple[str, ...] = (ALL,)
    ids: tuple[str, ...] = (ALL,)
    versions: tuple[str, ...] = (ALL,)

    def matches_artefact(self, agency: str, name: str, version: str) -> bool:
        """Return True if an artefact is one of those that are meant."""
        return (
            (ALL in self.agencies or agency in self.agencies)
            and (ALL in self.ids or name in self.ids)
            and any(matches_version(pattern, version) for pattern in self.versions)
        )


@dataclass(frozen=True)
class Comparison:
    """One comparison of a component with a value."""

    operator: Operator
    value: str


@dataclass(frozen=True)
class ComponentFilter:
    """A filter of one component: alternatives, of each of which all tests must be true."""

    component: str
    alternatives: tuple[tuple[Comparison, ...], ...]


@dataclass(frozen=True)
class RequestedEdition:
    """Which release is read: the current one, one by its id, or the one that was current at a time."""

    release: str | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class DataQuery:
    """A query of data or of availability, the same in both versions.

    `components` are the dimensions that a query of availability asks about; all if it is empty.
    """

    version: Version
    reference: Reference
    keys: tuple[Key, ...] = ()
    providers: tuple[str, ...] = (ALL,)
    context: tuple[str, ...] = (ALL,)
    filters: tuple[ComponentFilter, ...] = ()
    first_period: str | None = None
    last_period: str | None = None
    first_n: int | None = None
    last_n: int | None = None
    updated_after: datetime | None = None
    includes_history: bool = False
    dimension_at_observation: str = "TIME_PERIOD"
    attributes: tuple[str, ...] = ("dsd",)
    measures: tuple[str, ...] = ("all",)
    limit: int | None = None
    offset: int = 0
    components: tuple[str, ...] = ()
    mode: Mode = "exact"
    references: tuple[str, ...] = ("none",)
    edition: RequestedEdition = RequestedEdition()
    format: str | None = None


@dataclass(frozen=True)
class StructureQuery:
    """A query of structures; `kind` is the type of artefact as in the address."""

    version: Version
    kind: str
    reference: Reference
    items: tuple[str, ...] = ()
    detail: str = "full"
    references: tuple[str, ...] = ("none",)
    edition: RequestedEdition = RequestedEdition()
    format: str | None = None


# --------------------------------------------------------------------------------------------------------- small parts


def parse_parameters(query: str, allowed: Collection[str], *, has_filters: bool = False) -> dict[str, str]:
    """Return the parameters of a query string. Raises QueryError for an unknown or repeated one."""
    parameters: dict[str, str] = {}
    for part in query.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        name, value = unquote(name), unquote(value)
        if name in _NOT_OFFERED:
            raise QueryError(501, f"The parameter {name} is not offered. Leave it out and sort or shift the answer.")
        if name not in allowed and name not in _OURS and not (has_filters and _FILTER.fullmatch(name)):
            names = ", ".join(sorted({*allowed, *_OURS}))
            raise QueryError(400, f"There is no parameter {name} in this query. There are: {names}.")
        if name in parameters:
            raise QueryError(400, f"The parameter {name} is there twice. Give it once, with all its values.")
        parameters[name] = value
    return parameters


def matches_version(pattern: str, version: str) -> bool:
    """Return True if a version is meant: `latest`, `all`, `~`, `+`, `*`, exactly, or as in `1.0+.0` and `1+`."""
    if pattern in ("latest", "all", "~", "+", ALL):
        return True
    expected, actual = pattern.split("."), version.split(".")
    for place, part in enumerate(expected):
        if part == ALL:
            continue
        if place >= len(actual):
            return False
        if part.endswith("+"):
            lowest = [part[:-1], *(item.rstrip("+") for item in expected[place + 1 :])]
            if not all(item.isdigit() for item in (*lowest, *actual[place:])):
                return False
            return list(map(int, actual[place:])) >= list(map(int, lowest))
        if part != actual[place]:
            return False
    return len(expected) == len(actual)


def parse_key(text: str, version: Version) -> tuple[Key, ...]:
    """Return the keys that a path names: none for everything.

    Version 1.5 has one key with several codes of a dimension (`Q.A+B..`); version 2.1 has several keys (`Q.A,Q.B.*`).
    """
    if text.lower() in ("", "all", ALL):
        return ()
    if version == "v1":
        return (tuple(tuple(code for code in part.split("+") if code) for part in text.split(".")),)
    return tuple(tuple(() if part in ("", ALL) else (part,) for part in key.split(".")) for key in text.split(","))


def parse_filter(component: str, text: str) -> ComponentFilter:
    """Return the filter of `c[component]=text`: `,` separates alternatives, `+` tests that must all be true."""
    alternatives = []
    for alternative in text.split(","):
        tests = []
        for part in alternative.split("+"):
            prefix, colon, text_after = part.partition(":")
            operator, value = (prefix, text_after) if colon and prefix in OPERATORS else ("eq", part)
            if not value:
                raise QueryError(400, f"The filter c[{component}] has an empty value.")
            tests.append(Comparison(operator, value))  # type: ignore[arg-type]
        alternatives.append(tuple(tests))
    return ComponentFilter(component, tuple(alternatives))


def parse_span(text: str) -> tuple[date, date]:
    """Return the first and last day of a period, of a reporting period such as `2024-S1`, or of a time.

    Raises QueryError for any other text.
    """
    try:
        if "T" in text and not re.fullmatch(_REPORTING, text):
            day = datetime.fromisoformat(text.partition("/")[0]).date()
            return day, day
        if match := _REPORTING.fullmatch(text):
            return _parse_reporting_period(int(match[1]), match[2], int(match[3]))
        span = parse_period(text)
    except (ValueError, OverflowError):
        raise QueryError(
            400, f"{text} is not a period. Write a year (2024), a quarter (2024-Q3), a month (2024-05) or a day."
        ) from None
    return span.start, span.end


def _parse_reporting_period(year: int, unit: str, number: int) -> tuple[date, date]:
    if unit == "W":
        monday = date.fromisocalendar(year, number, 1)
        return monday, monday + timedelta(days=6)
    if unit == "D":
        day = date(year, 1, 1) + timedelta(days=number - 1)
        if number < 1 or day.year != year:
            raise ValueError(f"{year} has no day {number}")
        return day, day
    months = _MONTHS[unit]
    start = date(year, (number - 1) * months + 1, 1)
    following = 12 * year + number * months
    return start, date(following // 12, following % 12 + 1, 1) - timedelta(days=1)


def _split_values(text: str, version: Version) -> tuple[str, ...]:
    """Return the values of a part of a path; `all` of version 1.5 is `*`."""
    values = tuple(value for value in text.split("+" if version == "v1" else ",") if value) if text != "+" else ("+",)
    if version == "v1":
        values = tuple(ALL if value.lower() == "all" else value for value in values)
    return values or (ALL,)


def _check_ids(values: Sequence[str], name: str) -> None:
    for value in values:
        if value != ALL and not _ID.fullmatch(value):
            raise QueryError(400, f"{value} is not an {name}: it has characters that ids do not have.")


def _parse_reference(agency: str, name: str, versions: str, version: Version) -> Reference:
    reference = Reference(
        _split_values(agency, version), _split_values(name, version), _split_values(versions, version)
    )
    _check_ids(reference.agencies, "agency")
    _check_ids(reference.ids, "id")
    return reference


def _parse_time(parameters: Mapping[str, str], name: str) -> datetime | None:
    if name not in parameters:
        return None
    try:
        return clock.parse_time(parameters[name])
    except (ValueError, OverflowError):
        raise QueryError(400, f"{name}={parameters[name]} is not a time. Write it as 2026-11-20T09:00:00Z.") from None


def _parse_number(parameters: Mapping[str, str], name: str, lowest: int = 1) -> int | None:
    if name not in parameters:
        return None
    text = parameters[name]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= lowest):
        raise QueryError(400, f"{name}={text} is not a whole number of {lowest} or more.")
    return int(text)


def _parse_choice(parameters: Mapping[str, str], name: str, choices: Collection[str], default: str) -> str:
    value = parameters.get(name, default).lower()
    if value not in choices:
        raise QueryError(400, f"{name}={parameters[name]} is not offered. Choose one of: {', '.join(choices)}.")
    return value


def _parse_edition(parameters: Mapping[str, str]) -> RequestedEdition:
    if "asOf" in parameters and "release" in parameters:
        raise QueryError(400, "Give either release or asOf, not both.")
    return RequestedEdition(parameters.get("release"), _parse_time(parameters, "asOf"))


def _pad(parts: Sequence[str], least: int, most: int, address: str) -> list[str]:
    if not least <= len(parts) <= most:
        raise QueryError(400, f"The address has the wrong number of parts. Write it as {address}.")
    return [*parts, *([""] * (most - len(parts)))]


def _parse_words(parameters: Mapping[str, str], name: str, default: str) -> tuple[str, ...]:
    return tuple(word for word in parameters.get(name, default).split(",") if word) or (default,)


# ------------------------------------------------------------------------------------------------------------- queries


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
        allowed, provider = {"updatedAfter", "references", "mode"}, ""
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
        raise QueryError(400, f"{text} is not a dataflow. Write FLOW, AGENCY,FLOW or AGENCY,FLOW,VERSION.")
    agency, name, version = {1: ("all", parts[0], "latest"), 2: (*parts, "latest"), 3: tuple(parts)}[len(parts)]
    return _parse_reference(agency, name, version, "v1")


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
    if unknown := set(contexts) - {"dataflow", "datastructure", "provisionagreement", ALL}:
        raise QueryError(
            400, f"{min(unknown)} is not a context. Choose dataflow, datastructure, provisionagreement or *."
        )
    filters = tuple(
        parse_filter(match[1], value)
        for name, value in sorted(parameters.items())
        if (match := _FILTER.fullmatch(name)) is not None
    )
    updated_after, edition = _parse_time(parameters, "updatedAfter"), _parse_edition(parameters)
    if updated_after is not None and edition.as_of is not None and updated_after > edition.as_of:
        raise QueryError(422, "updatedAfter is later than asOf. Choose an earlier updatedAfter.")
    for name in ("startPeriod", "endPeriod"):
        if name in parameters:
            parse_span(parameters[name])
    return DataQuery(
        version=version,
        reference=reference,
        keys=parse_key(key, version),
        providers=tuple(item.rpartition(",")[2] for item in _split_values(provider, "v1")),
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
        edition=edition,
        format=parameters.get("format"),
        **more,  # type: ignore[arg-type]
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
        detail=_parse_choice(parameters, "detail", STRUCTURE_DETAILS, "full"),
        references=_parse_references(parameters, None, version),
        edition=_parse_edition(parameters),
        format=parameters.get("format"),
    )


def _parse_references(
    parameters: Mapping[str, str], choices: Collection[str] | None, version: Version
) -> tuple[str, ...]:
    """Return the values of `references`. Without choices, `structures.py` knows which there are."""
    words = tuple(word.lower() for word in _split_values(parameters.get("references", "none"), "v2"))
    if version == "v1" and len(words) > 1:
        raise QueryError(400, "In version 1.5, references has one value.")
    for word in words:
        if choices is not None and word not in choices:
            raise QueryError(400, f"references={word} is not offered. Choose from: {', '.join(choices)}.")
    return words
