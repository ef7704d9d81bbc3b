"""Model SDMX REST queries, and parse their parameters, keys, filters and orders. Nothing is read.

Several values are separated by `+` in version 1.5 and by `,` in version 2.1. `+` is not a space in parameters:
`c[TIME_PERIOD]=ge:2020+le:2022` is a range.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal, get_args
from urllib.parse import unquote

from pipelines.core.i18n import mark
from pipelines.dissemination.observations import Operator
from pipelines.dissemination.structures import TIME_PERIOD
from pipelines.dissemination.writers.extract import Context
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.time_spans import CALENDAR_YEAR, StartDay

Version = Literal["v1", "v2"]
Mode = Literal["exact", "available"]
MetadataScope = Literal["metadataset", "metadataflow", "structure"]
OPERATORS: Final = frozenset(get_args(Operator))
ALL: Final = "*"
_OURS: Final = frozenset({"asOf", "release", "format"})
"""Parameters of every query: the release that is read, and the format for clients that cannot send `Accept`."""
SERIES_KEY: Final = "series_key"
FILTER: Final = re.compile(r"c\[([A-Za-z0-9_]+)\]")

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
class SortKey:
    """A component to sort by; `*` is all dimensions and `series_key` those above the observation, in their order."""

    component: str
    is_descending: bool = False


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
    sort: tuple[SortKey, ...] = ()
    components: tuple[str, ...] = ()
    mode: Mode = "exact"
    year_start: StartDay = CALENDAR_YEAR
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


@dataclass(frozen=True)
class SchemaQuery(StructureQuery):
    """A query of a data structure with the codes that have data, for the messages of a dataflow or data structure."""

    context: Context = "dataflow"
    dimension_at_observation: str = TIME_PERIOD


@dataclass(frozen=True)
class MetadataQuery:
    """A query of metadata sets: by themselves, by their metadataflow, or by what they are about.

    `kind` is the type of artefact that they are about, and `items` its codes, which are the key in version 1.5.
    Values about days before `first_day` or after `last_day` only are left out.
    """

    version: Version
    scope: MetadataScope
    reference: Reference
    providers: tuple[str, ...] = (ALL,)
    kind: str = ALL
    items: tuple[str, ...] = ()
    is_stub: bool = False
    updated_after: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    edition: RequestedEdition = RequestedEdition()
    format: str | None = None


@dataclass(frozen=True)
class RegistrationQuery:
    """A query of registered data sources: by id, by provider, or by what they have data of."""

    reference: Reference
    ids: tuple[str, ...] = ()
    providers: tuple[str, ...] = (ALL,)
    updated_before: datetime | None = None
    updated_after: datetime | None = None
    edition: RequestedEdition = RequestedEdition()
    format: str | None = None


Query = DataQuery | StructureQuery | MetadataQuery | RegistrationQuery


# --------------------------------------------------------------------------------------------------------- small parts


def parse_parameters(query: str, allowed: Collection[str], *, has_filters: bool = False) -> dict[str, str]:
    """Return the parameters of a query string. Raises QueryError for an unknown or repeated one."""
    parameters: dict[str, str] = {}
    for part in query.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        name, value = unquote(name), unquote(value)
        if name not in allowed and name not in _OURS and not (has_filters and FILTER.fullmatch(name)):
            names = ", ".join(sorted({*allowed, *_OURS}))
            raise QueryError(400, mark("There is no parameter {name}. There are: {names}."), name=name, names=names)
        if name in parameters:
            raise QueryError(
                400, mark("The parameter {name} is there twice. Give it once, with all its values."), name=name
            )
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
                raise QueryError(400, mark("The filter {filter} has an empty value."), filter=f"c[{component}]")
            tests.append(Comparison(operator, value))  # type: ignore[arg-type]
        alternatives.append(tuple(tests))
    return ComponentFilter(component, tuple(alternatives))


def parse_sort(text: str) -> tuple[SortKey, ...]:
    """Return the components of `sort=A:asc+B:desc`. Raises QueryError 400 for another direction or a repetition."""
    keys = []
    for part in text.split("+"):
        component, colon, direction = part.partition(":")
        if not component or (colon and direction not in ("asc", "desc")):
            raise QueryError(
                400,
                mark("{value} is not an order. Write ids of components such as {example}."),
                value=f"sort={text}",
                example="SEX+TIME_PERIOD:desc",
            )
        keys.append(SortKey(component, direction == "desc"))
    if len({key.component for key in keys}) < len(keys):
        raise QueryError(400, mark("{value} has a component twice."), value=f"sort={text}")
    return tuple(keys)
