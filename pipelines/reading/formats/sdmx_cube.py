"""The cube of an SDMX-ML message: which of the values written are the key, and one observation for each key.

Generic data say which values are the key and which are attributes.  Structure-specific data do not: both are attributes
of one XML element, and only the structure definition, which a return does not bring, tells them apart.  The rule:

1. OBS_VALUE is the measure.
2. In series shape the observation's dimension is what the header calls `dimensionAtObservation` (TIME_PERIOD if it says
   nothing; the `xsi:type` of the observation where the dimension is a measure given by type); everything else written
   on an observation is an attribute.
3. What is written on each and every series (flat: on each and every observation) is a dimension, unless its name is one
   of `ATTRIBUTES`, the names that the common structure definitions use for attributes.
4. What is missing on some of them is an attribute, since a dimension may never be missing.
5. A Group names part of a key: its dimensions are the key, the rest are attributes of the observations it covers.

Attributes of all levels come with each observation, so that a form can still name one of them as a dimension.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from pipelines.model.content import Cube, CubeObservation, Dimension, Member, ReadError, Remark, Scalar, Where

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
class Written:
    """One observation as written: key parts known to be key, other names, value text, line."""

    series: int
    own: Named
    value: str | None
    line: int


@dataclass(slots=True)
class Series:
    """Key (generic) or everything written on it (structure-specific, where `attributes` stays empty)."""

    key: Named
    attributes: Named


@dataclass(slots=True)
class Message:
    """What stands in a message, before key and attributes are told apart.

    `attributes` runs beside `observations`; a group is (key, attributes), with an empty key where they are still one.
    """

    kind: Literal["specific", "generic"]
    properties: dict[str, Scalar] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    observations: list[Written] = field(default_factory=list)
    attributes: list[Named] = field(default_factory=list)
    groups: list[tuple[Named, Named]] = field(default_factory=list)
    dataset_attributes: Named = field(default_factory=dict)
    footer: str = ""
    flat: bool = False


def build(message: Message) -> Cube:
    if not message.observations:
        footer = f" It says: {message.footer}" if message.footer else ""
        raise ReadError("read.sdmx.no_dataset", footer=footer)
    if message.kind == "specific":
        _tell_apart(message)
    names = _dimension_names(message)
    remarks: list[Remark] = []
    observations = tuple(_observations(message, names, remarks))
    if all(o.value is None for o in observations):
        remarks.append(Remark("read.sdmx.no_value", Where()))
    dimensions = tuple(
        Dimension(
            name, {}, tuple(Member(code) for code in dict.fromkeys(o.key[i] for o in observations)), role_of(name)
        )
        for i, name in enumerate(names)
    )
    return Cube("sdmx-ml", dimensions, observations, properties=message.properties, remarks=tuple(remarks))


def _tell_apart(message: Message) -> None:
    """Apply rules 3 to 5 of the module's description to structure-specific data."""
    everywhere = set(message.series[0].key)
    for one in message.series:
        everywhere &= one.key.keys()
    dimensions = everywhere - ATTRIBUTES
    for one in message.series:
        one.attributes = {n: v for n, v in one.key.items() if n not in dimensions} | one.attributes
        one.key = {n: v for n, v in one.key.items() if n in dimensions}
    message.groups = [
        (
            {n: v for n, v in written.items() if n in dimensions},
            {n: v for n, v in written.items() if n not in dimensions},
        )
        for _, written in message.groups
    ]


def _dimension_names(message: Message) -> tuple[str, ...]:
    first = message.observations[0]
    return tuple(dict.fromkeys([*message.series[first.series].key, *first.own]))


def _observations(message: Message, names: tuple[str, ...], remarks: list[Remark]) -> Iterator[CubeObservation]:
    seen: dict[tuple[str, ...], int] = {}
    whole = {n for n in names if all(n in one.key for one in message.series)}
    groups = by_names(message.groups)
    complete = {mask: codes for mask, codes in groups.items() if whole.issuperset(mask)}
    partial = {mask: codes for mask, codes in groups.items() if not whole.issuperset(mask)}
    reported = False
    current, ordered = -1, False
    prefix: tuple[str, ...] = ()
    base: Named = {}
    for one, own in zip(message.observations, message.attributes, strict=True):
        series = message.series[one.series]
        if one.series != current:
            current, prefix = one.series, tuple(series.key.values())
            ordered = names[: len(prefix)] == tuple(series.key)
            # groups that fix only dimensions of the series cover all its observations, so look once
            base = message.dataset_attributes | covering(complete, series.key) | series.attributes
        if ordered and names[len(prefix) :] == tuple(one.own):
            key = (*prefix, *one.own.values())
        else:
            key = _key(series.key | one.own, names, one.line)
        if key not in seen:
            seen[key] = one.line
        elif not reported:
            reported = True
            params: dict[str, Scalar] = {"key": ".".join(key), "first": seen[key]}
            remarks.append(Remark("read.sdmx.repeated_key", Where(line=one.line), params))
        attributes = (base | covering(partial, series.key | one.own) | own) if partial else base | own
        value, status = number(one.value, attributes)
        yield CubeObservation(key, value, status, Where(line=one.line), (), attributes)


def _key(parts: Named, names: tuple[str, ...], line: int) -> tuple[str, ...]:
    if len(parts) != len(names) or any(name not in parts for name in names):
        place = Where(line=line)
        raise ReadError("read.sdmx.dimensions", place, seen=", ".join(parts), expected=", ".join(names))
    return tuple(parts[name] for name in names)


def number(text: str | None, attributes: Named) -> tuple[int | float | None, str | None]:
    """(value, status) of an OBS_VALUE. Where there is no number: OBS_STATUS, else the text itself, else None."""
    written = (text or "").strip()
    if written.isascii() and written.isdigit() and len(written) < 300:
        return int(written), None
    if _NUMBER.fullmatch(written):
        value = int(written) if written.lstrip("+-").isdigit() else float(written)
        if math.isfinite(value):
            return value, None
    return None, attributes.get("OBS_STATUS") or written or None


Groups = dict[tuple[str, ...], dict[tuple[str, ...], Named]]


def by_names(groups: list[tuple[Named, Named]]) -> Groups:
    """Groups by the dimensions they fix, then by the codes; a later group adds to an earlier one of the same key."""
    out: Groups = {}
    for key, attributes in groups:
        mask = tuple(sorted(key))
        codes = tuple(key[name] for name in mask)
        out.setdefault(mask, {}).setdefault(codes, {}).update(attributes)
    return out


def covering(groups: Groups, parts: Named) -> Named:
    """Attributes of the groups that cover an observation with these key parts."""
    out: Named = {}
    for mask, by_codes in groups.items():
        if all(name in parts for name in mask):
            out |= by_codes.get(tuple(parts[name] for name in mask), {})
    return out


def role_of(name: str) -> Literal["time", "geo"] | None:
    """The role of a dimension by the identifiers in common use."""
    if name in (TIME, "TIME"):
        return "time"
    return "geo" if name in _GEO else None
