"""Build the cube of an SDMX-ML message: decide which values are the key, and make one observation for each key.

Generic data state which values are the key and which are attributes. Structure-specific data do not: both are
attributes of one XML element, and only the structure definition, which a return does not include, distinguishes them.
The rule:

1. OBS_VALUE is the measure.
2. In series shape the observation's dimension is the header's `dimensionAtObservation` (TIME_PERIOD if there is none,
   in 2.0 without TIME_PERIOD the attribute of the observation that is a period;
   the `xsi:type` of the observation where the dimension is a measure set by type); everything else written on an
   observation is an attribute.
3. What is written on each and every series (flat: on each and every observation) is a dimension, unless its name is
   one of `ATTRIBUTES`, the names that the common structure definitions use for attributes.
4. What is missing on some of them is an attribute, since a dimension may never be missing.
5. A Group names part of a key: its dimensions are the key, the rest are attributes of the observations it covers.

Attributes of all levels are on each observation, so that a form can still name one of them as a dimension.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pipelines.model.content import Cube, CubeObservation, Member, ReadError, Remark, Scalar, SourceDimension, Where

ATTRIBUTES = frozenset(
    {
        "ACTION", "AVAILABILITY", "BASE_PER", "BREAKS", "COLLECTION", "COLLECTION_DETAIL", "COLL_METHOD", "COLL_PERIOD",
        "COMMENT", "COMMENT_DSET", "COMMENT_OBS", "COMMENT_TS", "COMPILATION", "COMPILING_ORG", "CONF_STATUS",
        "CONF_STATUS_OBS", "CONF_STATUS_TS", "COVERAGE", "CURRENCY_SOURCE", "CUST_BREAKDOWN_LB", "DATA_COMP",
        "DATA_PROVIDER", "DECIMALS", "DISS_ORG", "DOM_SER_IDS", "EMBARGO_DATE", "EMBARGO_TIME", "LAST_UPDATE",
        "METADATA_LINK", "METHODOLOGY", "NAT_TITLE", "NATURE", "NOTE", "NOTES", "OBS_COM", "OBS_CONF", "OBS_FLAG",
        "OBS_NOTE", "OBS_PRE_BREAK", "OBS_STATUS", "PRE_BREAK_VALUE", "PUBL_ECB", "PUBL_MU", "PUBL_PUBLIC",
        "REF_PERIOD", "REF_PERIOD_DETAIL", "REF_YEAR_PRICE", "REPORTING_YEAR_START_DAY", "REPYEARSTART", "SERIES_KEY",
        "OBS_KEY", "SOURCE", "SOURCE_AGENCY", "SOURCE_DETAIL", "SOURCE_PUB", "TABLE_IDENTIFIER", "TIME_FORMAT",
        "TIME_PER_COLLECT", "TITLE", "TITLE_COMPL", "UNIT", "UNIT_INDEX_BASE", "UNIT_MEASURE", "UNIT_MULT",
        "VALID_FROM", "VALID_TO", "VAL_COLLECTION",
    }
)  # fmt: skip
"""Names used for attributes, not dimensions, by the cross-domain concepts and the widely used structure definitions."""

TIME = "TIME_PERIOD"
_GEO = frozenset({"REF_AREA", "GEO", "geo", "COUNTRY", "TERRITORY"})
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,3})?", re.ASCII)

Named = dict[str, str]


@dataclass(slots=True)
class WrittenObservation:
    """One observation as written: known key parts, index of its series, value text, line."""

    series: int
    own: Named
    value: str | None
    line: int


@dataclass(slots=True)
class SdmxSeries:
    """Key (generic) or everything written on it (structure-specific, where `attributes` stays empty)."""

    key: Named
    attributes: Named


@dataclass(slots=True)
class Message:
    """Content of a message, before key and attributes are separated.

    `attributes` is parallel to `observations`; a group is (key, attributes), with an empty key while the two are not
    yet separated.
    """

    kind: Literal["specific", "generic"]
    version: Literal["2.0", "2.1"] = "2.1"
    """2.0 for CompactData; 2.1 also for 3.0 and generic data, which name the dimension of their observations."""
    time: str = TIME
    """Name of the time dimension."""
    properties: dict[str, Scalar] = field(default_factory=dict)
    series: list[SdmxSeries] = field(default_factory=list)
    observations: list[WrittenObservation] = field(default_factory=list)
    attributes: list[Named] = field(default_factory=list)
    groups: list[tuple[Named, Named]] = field(default_factory=list)
    dataset_attributes: Named = field(default_factory=dict)
    footer: str = ""
    flat: bool = False


def build_cube(message: Message) -> Cube:
    """Build the cube of a message that has been read completely."""
    if not message.observations:
        footer = f" It says: {message.footer}" if message.footer else ""
        raise ReadError("read.sdmx.no_dataset", footer=footer)
    if message.kind == "specific":
        _separate_key_and_attributes(message)
    names = _find_dimension_names(message)
    remarks: list[Remark] = []
    observations = tuple(_build_observations(message, names, remarks))
    if all(o.value is None for o in observations):
        remarks.append(Remark("read.sdmx.no_value", Where()))
    dimensions = tuple(
        SourceDimension(
            name,
            {},
            tuple(Member(code) for code in dict.fromkeys(o.key[i] for o in observations)),
            "time" if name == message.time else role_of(name),
        )
        for i, name in enumerate(names)
    )
    return Cube("sdmx-ml", dimensions, observations, properties=message.properties, remarks=tuple(remarks))


def _separate_key_and_attributes(message: Message) -> None:
    """Apply rules 3 to 5 of the module's description to structure-specific data."""
    everywhere = set(message.series[0].key)
    for series in message.series:
        everywhere &= series.key.keys()
    dimensions = everywhere - ATTRIBUTES
    for series in message.series:
        series.attributes = {n: v for n, v in series.key.items() if n not in dimensions} | series.attributes
        series.key = {n: v for n, v in series.key.items() if n in dimensions}
    message.groups = [
        (
            {n: v for n, v in written.items() if n in dimensions},
            {n: v for n, v in written.items() if n not in dimensions},
        )
        for _, written in message.groups
    ]


def _find_dimension_names(message: Message) -> tuple[str, ...]:
    first = message.observations[0]
    return tuple(dict.fromkeys([*message.series[first.series].key, *first.own]))


def _build_observations(message: Message, names: tuple[str, ...], remarks: list[Remark]) -> Iterator[CubeObservation]:
    """Yield one observation per written one, with the attributes of all levels; remark the first repeated key."""
    first_lines: dict[tuple[str, ...], int] = {}
    names_on_all_series = {n for n in names if all(n in observation.key for observation in message.series)}
    groups = index_groups(message.groups)
    complete = {mask: codes for mask, codes in groups.items() if names_on_all_series.issuperset(mask)}
    partial = {mask: codes for mask, codes in groups.items() if not names_on_all_series.issuperset(mask)}
    reported = False
    current, ordered = -1, False
    prefix: tuple[str, ...] = ()
    base: Named = {}
    for observation, own_attributes in zip(message.observations, message.attributes, strict=True):
        series = message.series[observation.series]
        if observation.series != current:
            current, prefix = observation.series, tuple(series.key.values())
            ordered = names[: len(prefix)] == tuple(series.key)
            # groups that fix only dimensions of the series cover all its observations, so look only once
            base = message.dataset_attributes | attributes_covering(complete, series.key) | series.attributes
        if ordered and names[len(prefix) :] == tuple(observation.own):
            key = (*prefix, *observation.own.values())
        else:
            key = _make_key(series.key | observation.own, names, observation.line)
        if key not in first_lines:
            first_lines[key] = observation.line
        elif not reported:
            reported = True
            params: dict[str, Scalar] = {"key": ".".join(key), "first": first_lines[key]}
            remarks.append(Remark("read.sdmx.repeated_key", Where(line=observation.line), params))
        attributes = (
            (base | attributes_covering(partial, series.key | observation.own) | own_attributes)
            if partial
            else base | own_attributes
        )
        value, status = parse_number(observation.value, attributes)
        yield CubeObservation(key, value, status, Where(line=observation.line), (), attributes)


def _make_key(parts: Named, names: tuple[str, ...], line: int) -> tuple[str, ...]:
    if len(parts) != len(names) or any(name not in parts for name in names):
        place = Where(line=line)
        raise ReadError("read.sdmx.dimensions", place, seen=", ".join(parts), expected=", ".join(names))
    return tuple(parts[name] for name in names)


def parse_number(text: str | None, attributes: Named) -> tuple[int | float | None, str | None]:
    """Return (value, status) of an OBS_VALUE. If it is not a number: OBS_STATUS, else the text itself, else None."""
    number_text = (text or "").strip()
    if number_text.isascii() and number_text.isdigit() and len(number_text) < 300:
        return int(number_text), None
    if _NUMBER.fullmatch(number_text):
        value = int(number_text) if number_text.lstrip("+-").isdigit() else float(number_text)
        if math.isfinite(value):
            return value, None
    return None, attributes.get("OBS_STATUS") or number_text or None


Groups = dict[tuple[str, ...], dict[tuple[str, ...], Named]]


def index_groups(groups: list[tuple[Named, Named]]) -> Groups:
    """Index groups by the dimensions they fix, then by codes; a later group adds to an earlier one of the same key."""
    groups_by_mask: Groups = {}
    for key, attributes in groups:
        mask = tuple(sorted(key))
        codes = tuple(key[name] for name in mask)
        groups_by_mask.setdefault(mask, {}).setdefault(codes, {}).update(attributes)
    return groups_by_mask


def attributes_covering(groups: Groups, parts: Named) -> Named:
    """Return the attributes of the groups that cover an observation with these key parts."""
    attributes: Named = {}
    for mask, by_codes in groups.items():
        if all(name in parts for name in mask):
            attributes |= by_codes.get(tuple(parts[name] for name in mask), {})
    return attributes


def role_of(name: str) -> Literal["time", "geo"] | None:
    """Return the role of a dimension by the identifiers in common use."""
    if name in (TIME, "TIME"):
        return "time"
    return "geo" if name in _GEO else None
