"""SDMX-ML data messages: bytes to a labelled cube.

Read here: StructureSpecificData (2.1 and 3.0), GenericData (2.0 and 2.1), their time-series forms, and CompactData
(2.0), in series, flat and cross-sectional shape, with group and dataset attributes.
Does not belong here: structure messages and the labels they hold, SDMX-CSV (`sdmx_csv`), what a code means.

Generic data say which values are the key and which are attributes.  Structure-specific data do not: both are attributes
of one XML element, and only the structure definition, which a return does not bring, tells them apart.  The rule:

1. OBS_VALUE is the measure.
2. In series shape the observation's dimension is what the header calls `dimensionAtObservation` (TIME_PERIOD if it says
   nothing; the `xsi:type` of the observation where the dimension is a measure given by type); everything else written
   on an observation is an attribute.
3. What is written on each and every series (flat: on each and every observation) is a dimension, unless its name is one
   of `ATTRIBUTES`, the names that the common structure definitions use for attributes.
4. What is missing on some of them is an attribute, since a dimension may never be missing.
5. A Group names part of a key: what it shares with the series by name is the key (and so a dimension, whatever its
   name), the rest are attributes of the observations it covers.

Attributes of all levels come with each observation, so that a form can still name one of them as a dimension.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from pipelines.readers.model import Cube, CubeObservation, Dimension, Member, ReadError, Remark, Scalar, Where

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

RULES: dict[str, tuple[str, str]] = {
    "read.empty": ("The file is empty.", "Save the file again and send it once more."),
    "read.xml.doctype": (
        "The XML declares a document type (DOCTYPE), which can be used to attack a reader; it was not read.",
        "Save the file again without a DOCTYPE. SDMX never needs one.",
    ),
    "read.xml.syntax": (
        "The XML is broken at line {line}, column {column}: {detail}.",
        "Save the file again from the program that made it; do not edit it by hand.",
    ),
    "read.sdmx.not_data": (
        "This is an SDMX or XML file of kind {root}, not a data message that can be read.",
        "Send StructureSpecificData, GenericData or CompactData.",
    ),
    "read.sdmx.no_dataset": (
        "The message holds no observations.{footer}",
        "Send the message with its DataSet. If the service answered with a note instead of data, ask it again.",
    ),
    "read.sdmx.no_key": (
        "The observation has no dimension {dimension}.",
        "Write {dimension} on each observation, or correct dimensionAtObservation in the header.",
    ),
    "read.sdmx.dimensions": (
        "The key here has the dimensions {seen}, but before it had {expected}.",
        "Send one message for each structure.",
    ),
    "read.sdmx.repeated_key": (
        "The observation {key} stands in the file twice; the first time on line {first}.",
        "Keep one of the two, unless an attribute tells them apart; the form must then name it as a dimension.",
    ),
    "read.sdmx.no_value": ("No observation in the file has a value.", "Check that OBS_VALUE is written."),
}

_KINDS: dict[str, Literal["specific", "generic"]] = {
    "StructureSpecificData": "specific",
    "StructureSpecificTimeSeriesData": "specific",
    "CompactData": "specific",
    "GenericData": "generic",
    "GenericTimeSeriesData": "generic",
}
_TIME = "TIME_PERIOD"
_GEO = frozenset({"REF_AREA", "GEO", "geo", "COUNTRY", "TERRITORY"})
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_WATCHED = ("{*}Header", "{*}DataSet", "{*}Group", "{*}Atts", "{*}Series", "{*}Obs", "{*}Footer")
_ENCODINGS = ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp037", "utf-7")
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}\.?\d{0,300}|\.\d{1,300})(?:[eE][+-]?\d{1,3})?", re.ASCII)

Named = dict[str, str]


def looks_like(head: bytes) -> bool:
    """Whether the first bytes (up to 4096) open an SDMX-ML message of any kind."""
    text = head[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    roots = "|".join([*_KINDS, "Structure", "CrossSectionalData", "UtilityData", "MessageGroup"])
    return text.startswith(b"<") and bool(re.search(rf"<(?:[\w.-]+:)?(?:{roots})[\s>]".encode(), text))


def read(data: bytes, *, encodings: tuple[str, ...] = ()) -> Cube:
    """Read an SDMX-ML data message. `encodings` is not used: XML states its own.

    A missing value comes as None with the OBS_STATUS (or the word in place of the number, such as `NaN`) as `status`.
    There are no labels in data messages. Raises ReadError (`RULES`) with the line.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise ReadError("read.empty")
    refuse_doctype(data)
    try:
        root = _root(data)
        kind = _KINDS.get(root)
        if kind is None:
            raise ReadError("read.sdmx.not_data", Where(line=1), root=root[:60])
        message = _Message(kind)
        message.read(data)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        detail = str(error.msg).rsplit(", line ", 1)[0]
        raise ReadError(
            "read.xml.syntax", Where(line=line, column=column), line=line, column=column, detail=detail
        ) from error
    return _cube(message)


def refuse_doctype(data: bytes) -> None:
    """Raise `read.xml.doctype` if a DOCTYPE stands anywhere in the bytes, in any encoding a parser would follow."""
    for encoding in _ENCODINGS:
        at = data.find("<!DOCTYPE".encode(encoding))
        if at >= 0:
            raise ReadError("read.xml.doctype", Where(line=data.count(b"\n", 0, at) + 1))


def _parser(data: bytes, events: tuple[str, ...], tags: tuple[str, ...] | None) -> etree.iterparse:
    return etree.iterparse(
        io.BytesIO(data), events=events, tag=tags, resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip


def _root(data: bytes) -> str:
    for _, element in _parser(data, ("start",), None):
        info = element.getroottree().docinfo
        if info.internalDTD is not None or info.doctype:
            raise ReadError("read.xml.doctype", Where(line=1))
        return _local(element)
    raise ReadError("read.empty")


@dataclass(slots=True)
class _Observation:
    """One observation as written: key parts known to be key, other names, value text, line."""

    series: int
    own: Named
    value: str | None
    line: int


@dataclass(slots=True)
class _Series:
    """Key (generic) or everything written on it (structure-specific, where `attributes` stays empty)."""

    key: Named
    attributes: Named


@dataclass(slots=True)
class _Message:
    """What stands in the message, before key and attributes are told apart."""

    kind: Literal["specific", "generic"]
    properties: dict[str, Scalar] = field(default_factory=dict)
    at_observation: dict[str, str] = field(default_factory=dict)
    series: list[_Series] = field(default_factory=list)
    observations: list[_Observation] = field(default_factory=list)
    own_attributes: list[Named] = field(default_factory=list)
    groups: list[tuple[Named, Named]] = field(default_factory=list)
    dataset_attributes: Named = field(default_factory=dict)
    footer: str = ""
    dataset: etree._Element | None = None
    dimension: str = _TIME
    flat: bool = False

    def read(self, data: bytes) -> None:
        holder: etree._Element | None = None  # the Series or DataSet the last observation stood in
        series = -1
        for _, element in _parser(data, ("end",), _WATCHED):
            name = _local(element)
            if name == "Obs":
                parent = element.getparent()
                if parent is not holder:
                    holder = parent
                    series = self._enter(parent)
                (self._specific_obs if self.kind == "specific" else self._generic_obs)(element, series)
                _forget(element)
            elif name == "Series":
                holder = None
                _forget(element)
            elif name in ("Group", "Atts"):
                self._group(element)
                _forget(element)
            elif name == "Header":
                self._header(element)
            elif name == "Footer":
                self.footer = " ".join(t.strip() for t in element.itertext() if t.strip())[:300]
            elif name == "DataSet":
                if self.kind == "generic":
                    self.dataset_attributes |= _pairs(element, "Attributes")
                holder = self.dataset = None
                element.clear()

    def _enter(self, holder: etree._Element | None) -> int:
        """Note the series an observation stands in, and its data set if that is new; -1 for flat data."""
        dataset = holder
        while dataset is not None and _local(dataset) != "DataSet":
            dataset = dataset.getparent()
        if dataset is not None and dataset is not self.dataset:
            self.dataset = dataset
            self._open_dataset(dataset)
        if holder is None or _local(holder) != "Series":
            return -1
        if self.kind == "specific":
            self.series.append(_Series(_plain(holder) | _components(holder), {}))
        else:
            self.series.append(_Series(_pairs(holder, "SeriesKey"), _pairs(holder, "Attributes")))
        return len(self.series) - 1

    def _open_dataset(self, element: etree._Element) -> None:
        reference = ""
        for name, value in element.attrib.items():
            local = etree.QName(name).localname
            if local == "structureRef":
                reference = str(value)
            elif str(name).startswith("{") or self.kind == "generic" or local in _DATASET_WORDS:
                self.properties[f"dataset.{local}"] = str(value)
            else:
                self.dataset_attributes[local] = str(value)
        self.dimension = self.at_observation.get(reference) or next(iter(self.at_observation.values()), _TIME)

    def _specific_obs(self, element: etree._Element, series: int) -> None:
        own = _plain(element) | _components(element)
        value = own.pop("OBS_VALUE", None)
        if series < 0:
            self.flat = True
            self.series.append(_Series(own, {}))
            self.observations.append(_Observation(len(self.series) - 1, {}, value, _line(element)))
            self.own_attributes.append({})
            return
        place = own.pop(self.dimension, None)
        if place is None:
            typed = element.get(_TYPE)  # a measure dimension given by type: xsi:type="ns:LBIRTHST"
            place = str(typed).rsplit(":", 1)[-1] if typed else None
        if place is None:
            raise self._without(element)
        self.observations.append(_Observation(series, {self.dimension: place}, value, _line(element)))
        self.own_attributes.append(own)

    def _generic_obs(self, element: etree._Element, series: int) -> None:
        key = _pairs(element, "ObsKey")
        value = None
        for child in element:
            local = _local(child)
            if local == "ObsDimension":
                key[str(child.get("id") or self.dimension)] = str(child.get("value", ""))
            elif local == "Time":  # 2.0
                key[_TIME] = (child.text or "").strip()
            elif local == "ObsValue":
                value = child.get("value")
        if not key:
            raise self._without(element)
        if series < 0:
            self.series.append(_Series({}, {}))
            series = len(self.series) - 1
        self.observations.append(_Observation(series, key, None if value is None else str(value), _line(element)))
        self.own_attributes.append(_pairs(element, "Attributes"))

    def _group(self, element: etree._Element) -> None:
        if self.kind == "generic":
            self.groups.append((_pairs(element, "GroupKey"), _pairs(element, "Attributes")))
        else:
            self.groups.append(({}, _plain(element) | _components(element)))

    def _header(self, element: etree._Element) -> None:
        for child in element:
            local = _local(child)
            if local == "Structure":
                reference = str(child.get("structureID", ""))
                if child.get("dimensionAtObservation"):
                    self.at_observation[reference] = str(child.get("dimensionAtObservation"))
                    self.properties["dimensionAtObservation"] = str(child.get("dimensionAtObservation"))
                self.properties["structure"] = _structure(child)
            elif local in ("Sender", "Receiver", "DataProvider"):
                self.properties[local] = str(child.get("id", ""))
            elif len(child) == 0 and child.text and child.text.strip():
                self.properties[local] = child.text.strip()

    def _without(self, element: etree._Element) -> ReadError:
        return ReadError("read.sdmx.no_key", Where(line=_line(element)), dimension=self.dimension)


_DATASET_WORDS = frozenset(
    {
        "action",
        "setID",
        "validFromDate",
        "validToDate",
        "publicationYear",
        "publicationPeriod",
        "datasetID",
        "dataScope",
    }
    | {"keyFamilyURI", "reportingBeginDate", "reportingEndDate", "setId", "isPartialLanguage", "namespace"}
)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _line(element: etree._Element) -> int:
    line: object = element.sourceline
    return line if isinstance(line, int) else 0


def _plain(element: etree._Element) -> Named:
    """XML attributes without a namespace: components of the structure."""
    return {str(name): str(value) for name, value in element.items() if not str(name).startswith("{")}


def _components(element: etree._Element) -> Named:
    """3.0 writes components with several values or languages as `<Comp id="X"><Value>…</Value></Comp>`."""
    out: Named = {}
    for child in element:
        if _local(child) == "Comp" and child.get("id"):
            texts = [(value.text or "").strip() for value in child]
            out[str(child.get("id"))] = ";".join(t for t in texts if t)
    return out


def _pairs(element: etree._Element, holder: str) -> Named:
    """The Values of a child such as SeriesKey; 2.0 names them `concept`, 2.1 `id`."""
    out: Named = {}
    for child in element:
        if _local(child) == holder:
            for value in child:
                name = value.get("id") or value.get("concept")
                if name:
                    out[str(name)] = str(value.get("value", ""))
    return out


def _structure(element: etree._Element) -> str:
    for part in element.iter("{*}Ref", "{*}URN"):
        if part.text and part.text.strip():
            return part.text.strip()
        agency, name, version = part.get("agencyID", ""), part.get("id", ""), part.get("version", "1.0")
        return f"{agency}:{name}({version})"
    for child in element:
        if child.text and child.text.strip():  # 3.0: the URN is the text of Structure or StructureUsage
            return child.text.strip()
    return ""


def _forget(element: etree._Element) -> None:
    """Free what was read, and the emptied sibling before it, so that memory does not grow with the file.

    Only siblings of the same name are dropped: the SeriesKey before the first observation is still needed.
    """
    element.clear()
    before = element.getprevious()
    parent = element.getparent()
    if before is not None and parent is not None and before.tag == element.tag:
        parent.remove(before)


def _cube(message: _Message) -> Cube:
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
        Dimension(name, {}, tuple(Member(code) for code in dict.fromkeys(o.key[i] for o in observations)), _role(name))
        for i, name in enumerate(names)
    )
    return Cube("sdmx-ml", dimensions, observations, properties=message.properties, remarks=tuple(remarks))


def _tell_apart(message: _Message) -> None:
    """Apply rules 3 to 5 of the module's description to structure-specific data."""
    everywhere = set(message.series[0].key)
    for one in message.series:
        everywhere &= one.key.keys()
    in_groups = {name for _, written in message.groups for name in written}
    dimensions = {n for n in everywhere if n not in ATTRIBUTES or (n in in_groups and not message.flat)}
    if message.flat:
        dimensions |= {_TIME} & everywhere
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


def _dimension_names(message: _Message) -> tuple[str, ...]:
    first = message.observations[0]
    return tuple(dict.fromkeys([*message.series[first.series].key, *first.own]))


def _observations(message: _Message, names: tuple[str, ...], remarks: list[Remark]) -> Iterator[CubeObservation]:
    expected = set(names)
    seen: dict[tuple[str, ...], int] = {}
    shared: dict[int, Named] = {}
    whole = {n for n in expected if all(n in one.key for one in message.series)}
    groups = _by_names(message.groups)
    complete = {mask: codes for mask, codes in groups.items() if whole.issuperset(mask)}
    partial = {mask: codes for mask, codes in groups.items() if not whole.issuperset(mask)}
    for one, own in zip(message.observations, message.own_attributes, strict=True):
        series = message.series[one.series]
        parts = series.key | one.own
        if parts.keys() != expected:
            place, listed = Where(line=one.line), ", ".join(parts)
            raise ReadError("read.sdmx.dimensions", place, seen=listed, expected=", ".join(names))
        key = tuple(parts[name] for name in names)
        if key in seen and not any(r.rule == "read.sdmx.repeated_key" for r in remarks):
            params: dict[str, Scalar] = {"key": ".".join(key), "first": seen[key]}
            remarks.append(Remark("read.sdmx.repeated_key", Where(line=one.line), params))
        seen.setdefault(key, one.line)
        # groups that fix only dimensions of the series cover all its observations, so look once
        if one.series not in shared:
            covered = _covering(complete, series.key)
            shared[one.series] = message.dataset_attributes | covered | series.attributes
        attributes = shared[one.series] | own
        if partial:
            attributes = shared[one.series] | _covering(partial, parts) | own
        value, status = number(one.value, attributes)
        yield CubeObservation(key, value, status, Where(line=one.line), (), attributes)


def number(text: str | None, attributes: Named) -> tuple[int | float | None, str | None]:
    """(value, status) of an OBS_VALUE. Where there is no number: OBS_STATUS, else the text itself, else None."""
    written = (text or "").strip()
    if _NUMBER.fullmatch(written):
        value = int(written) if written.lstrip("+-").isdigit() else float(written)
        if math.isfinite(value):
            return value, None
    return None, attributes.get("OBS_STATUS") or written or None


_Groups = dict[tuple[str, ...], dict[tuple[str, ...], Named]]


def _by_names(groups: list[tuple[Named, Named]]) -> _Groups:
    """Groups by the dimensions they fix, then by the codes; a later group adds to an earlier one of the same key."""
    out: _Groups = {}
    for key, attributes in groups:
        mask = tuple(sorted(key))
        codes = tuple(key[name] for name in mask)
        out.setdefault(mask, {}).setdefault(codes, {}).update(attributes)
    return out


def _covering(groups: _Groups, parts: Named) -> Named:
    """Attributes of the groups that cover an observation with these key parts."""
    out: Named = {}
    for mask, by_codes in groups.items():
        if all(name in parts for name in mask):
            out |= by_codes.get(tuple(parts[name] for name in mask), {})
    return out


def _role(name: str) -> Literal["time", "geo"] | None:
    if name in (_TIME, "TIME"):
        return "time"
    return "geo" if name in _GEO else None
