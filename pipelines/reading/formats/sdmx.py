"""Read SDMX-ML data messages into a labelled cube.

Supported: StructureSpecificData (2.1 and 3.0), GenericData (2.0 and 2.1), their time-series forms, and CompactData
(2.0), in series, flat and cross-sectional shape, with group and dataset attributes.

`sdmx_cube` decides which of the values are the key.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from pipelines.model.content import Cube, ReadError, Where
from pipelines.reading.formats.common import MAX_CELLS
from pipelines.reading.formats.sdmx_cube import (
    ATTRIBUTES,
    TIME,
    Message,
    Named,
    SdmxSeries,
    WrittenObservation,
    build_cube,
)
from pipelines.reading.formats.sdmx_elements import (
    find_line,
    free_element,
    read_attributes,
    read_complex_components,
    read_local_name,
    read_pairs,
    read_structure_reference,
    strip_namespace,
)

RULES: dict[str, tuple[str, str]] = {
    "read.empty": ("The file is empty.", "Save the file again and send the new copy."),
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
    "read.sdmx.no_time": (
        "The observation has no time: none of its attributes is a period.",
        "Write the period on each observation, as TIME_PERIOD.",
    ),
    "read.sdmx.dimensions": (
        "The key here has the dimensions {seen}, but before it had {expected}.",
        "Send one message for each structure.",
    ),
    "read.sdmx.repeated_key": (
        "The observation {key} appears twice in the file; the first time on line {first}.",
        "Keep one of the two. If an attribute distinguishes them, ask for it to be declared as a dimension of the "
        "form.",
    ),
    "read.sdmx.delete": (
        "The data set asks to delete data (action Delete).",
        "Send the figures as they are now. What is withdrawn is left out of a full return.",
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
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_DELETIONS = frozenset({"D", "DELETE"})
_ROW_ACTION = re.compile(rb"<(?:[\w.-]+:)?(?:Obs|Series)\s[^<>]*\baction\s*=")
_WATCHED = ("{*}Header", "{*}DataSet", "{*}Group", "{*}Atts", "{*}Series", "{*}Obs", "{*}Footer")
_ENCODINGS = ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp037", "utf-7")


def looks_like(head: bytes) -> bool:
    """Return True if the first bytes (up to 4096) open an SDMX-ML message of any kind."""
    text = head[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    roots = "|".join([*_KINDS, "Structure", "CrossSectionalData", "UtilityData", "MessageGroup"])
    return text.startswith(b"<") and bool(re.search(rf"<(?:[\w.-]+:)?(?:{roots})[\s>]".encode(), text))


def read_file(data: bytes, *, encodings: tuple[str, ...] = ()) -> Cube:
    """Read an SDMX-ML data message. `encodings` is not used: XML states its own.

    A missing value is None with the OBS_STATUS (or the word instead of the number, such as `NaN`) as `status`. Data
    messages have no labels. Raises ReadError (`RULES`) with the line.
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise ReadError("read.empty")
    refuse_doctype(data)
    try:
        root = _root_name(data)
        kind = _KINDS.get(root)
        if kind is None:
            raise ReadError("read.sdmx.not_data", Where(line=1), root=root[:60])
        message = Message(kind, version="2.0" if root == "CompactData" else "2.1")
        _Walker(message).read_message(data)
        _correct_lines(message, data)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        detail = str(error.msg).rsplit(", line ", 1)[0]
        raise ReadError(
            "read.xml.syntax", Where(line=line, column=column), line=line, column=column, detail=detail
        ) from error
    return build_cube(message)


def refuse_doctype(data: bytes) -> None:
    """Raise `read.xml.doctype` if there is a DOCTYPE anywhere in the bytes, in any encoding a parser would follow."""
    for encoding in _ENCODINGS:
        at = data.find("<!DOCTYPE".encode(encoding))
        if at >= 0:
            raise ReadError("read.xml.doctype", Where(line=data.count(b"\n", 0, at) + 1))


def _make_parser(data: bytes, events: tuple[str, ...], tags: tuple[str, ...] | None) -> etree.iterparse:
    return etree.iterparse(
        io.BytesIO(data), events=events, tag=tags, resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip


def _root_name(data: bytes) -> str:
    for _, element in _make_parser(data, ("start",), None):
        info = element.getroottree().docinfo
        if info.internalDTD is not None or info.doctype:
            raise ReadError("read.xml.doctype", Where(line=1))
        return read_local_name(element)
    raise ReadError("read.empty")


@dataclass(slots=True)
class _Walker:
    """Walk through a message once and collect its content."""

    content: Message
    at_observation: dict[str, str] = field(default_factory=dict)
    dataset: etree._Element | None = None
    dimension: str = TIME

    def read_message(self, data: bytes) -> None:
        """Read all observations, groups and header fields, freeing elements on the way."""
        holder: etree._Element | None = None  # the Series or DataSet that contained the last observation
        series = -1
        has_row_actions = _ROW_ACTION.search(data) is not None
        for _, element in _make_parser(data, ("end",), _WATCHED):
            name = read_local_name(element)
            if name == "Obs":
                if len(self.content.observations) == MAX_CELLS:
                    raise ReadError("read.too_many_cells", Where(line=find_line(element)), limit=MAX_CELLS)
                parent = element.getparent()
                if parent is not holder:
                    holder = parent
                    series = self._enter_series(parent)
                if has_row_actions:
                    self._take_row_action(element)
                (self._read_specific_obs if self.content.kind == "specific" else self._read_generic_obs)(
                    element, series
                )
                free_element(element)
            elif name == "Series":
                if has_row_actions:
                    self._take_row_action(element)
                holder = None
                free_element(element)
            elif name in ("Group", "Atts"):
                self._read_group(element)
                free_element(element)
            elif name == "Header":
                self._read_header(element)
            elif name == "Footer":
                self.content.footer = " ".join(t.strip() for t in element.itertext() if t.strip())[:300]
            elif name == "DataSet":
                self._refuse_deletion(element)  # it may have no observations, only the keys of series
                if self.content.kind == "generic":
                    self.content.dataset_attributes |= read_pairs(element, "Attributes")
                holder = self.dataset = None
                element.clear()

    def _enter_series(self, holder: etree._Element | None) -> int:
        """Record the series of an observation, and its data set if that is new; return -1 for flat data."""
        dataset = holder
        while dataset is not None and read_local_name(dataset) != "DataSet":
            dataset = dataset.getparent()
        if dataset is not None and dataset is not self.dataset:
            self.dataset = dataset
            self._open_dataset(dataset)
        if holder is None or read_local_name(holder) != "Series":
            return -1
        if self.content.kind == "specific":
            self.content.series.append(SdmxSeries(read_attributes(holder) | read_complex_components(holder), {}))
        else:
            self.content.series.append(SdmxSeries(read_pairs(holder, "SeriesKey"), read_pairs(holder, "Attributes")))
        return len(self.content.series) - 1

    def _open_dataset(self, element: etree._Element) -> None:
        reference = ""
        for name, value in element.attrib.items():
            local = strip_namespace(name)
            if local == "structureRef":
                reference = str(value)
            elif local == "action":
                self._add_action(str(value))
            elif str(name).startswith("{") or self.content.kind == "generic" or local in _DATASET_WORDS:
                self.content.properties[f"dataset.{local}"] = str(value)
            else:
                self.content.dataset_attributes[local] = str(value)
        self._refuse_deletion(element)
        self.dimension = self.at_observation.get(reference) or next(iter(self.at_observation.values()), TIME)

    def _add_action(self, action: str) -> None:
        """Add an action to those of the message."""
        before = str(self.content.properties.get("dataset.action", ""))
        if action not in before.split(", "):
            self.content.properties["dataset.action"] = f"{before}, {action}" if before else action

    def _take_row_action(self, element: etree._Element) -> None:
        """Take the action of a series or observation, which 3.0 may have; raise `read.sdmx.delete` for a deletion."""
        for name, value in element.attrib.items():
            if strip_namespace(name) == "action":
                if str(value).upper() in _DELETIONS:
                    raise ReadError("read.sdmx.delete", Where(line=find_line(element)))
                self._add_action(str(value))

    def _refuse_deletion(self, element: etree._Element) -> None:
        """Raise `read.sdmx.delete` for a data set whose action, or else the header's, is to delete."""
        own_actions = [str(value) for name, value in element.attrib.items() if strip_namespace(name) == "action"]
        action = own_actions[0] if own_actions else str(self.content.properties.get("DataSetAction", ""))
        if action.upper() in _DELETIONS:
            raise ReadError("read.sdmx.delete", Where(line=find_line(element)))

    def _read_specific_obs(self, element: etree._Element, series: int) -> None:
        """Read an observation of structure-specific data, whose components are XML attributes."""
        components = read_attributes(element) | read_complex_components(element)
        value = components.pop("OBS_VALUE", None)
        if series < 0:
            self.content.flat = True
            self.content.series.append(SdmxSeries(components, {}))
            self.content.observations.append(
                WrittenObservation(len(self.content.series) - 1, {}, value, find_line(element))
            )
            self.content.attributes.append({})
            return
        if self.content.version == "2.0" and self.dimension == TIME and TIME not in components:
            self.dimension = self.content.time = _find_time_name(components, element)
        place = components.pop(self.dimension, None)
        if place is None:
            typed = element.get(_TYPE)  # a measure dimension set by type: xsi:type="ns:LBIRTHST"
            place = str(typed).rsplit(":", 1)[-1] if typed else None
        if place is None:
            raise self._missing_key_error(element)
        self.content.observations.append(WrittenObservation(series, {self.dimension: place}, value, find_line(element)))
        self.content.attributes.append(components)

    def _read_generic_obs(self, element: etree._Element, series: int) -> None:
        """Read an observation of generic data, whose components are elements."""
        key = read_pairs(element, "ObsKey")
        value = None
        for child in element:
            local = read_local_name(child)
            if local == "ObsDimension":
                key[str(child.get("id") or self.dimension)] = str(child.get("value", ""))
            elif local == "Time":  # 2.0
                key[TIME] = (child.text or "").strip()
            elif local == "ObsValue":
                value = child.get("value")
        if not key:
            raise self._missing_key_error(element)
        if series < 0:
            self.content.series.append(SdmxSeries({}, {}))
            series = len(self.content.series) - 1
        self.content.observations.append(
            WrittenObservation(series, key, None if value is None else str(value), find_line(element))
        )
        self.content.attributes.append(read_pairs(element, "Attributes"))

    def _read_group(self, element: etree._Element) -> None:
        if self.content.kind == "generic":
            self.content.groups.append((read_pairs(element, "GroupKey"), read_pairs(element, "Attributes")))
        else:
            self.content.groups.append(({}, read_attributes(element) | read_complex_components(element)))

    def _read_header(self, element: etree._Element) -> None:
        for child in element:
            local = read_local_name(child)
            if local == "Structure":
                reference = str(child.get("structureID", ""))
                if child.get("dimensionAtObservation"):
                    self.at_observation[reference] = str(child.get("dimensionAtObservation"))
                    self.content.properties["dimensionAtObservation"] = str(child.get("dimensionAtObservation"))
                self.content.properties["structure"] = read_structure_reference(child)
            elif local in ("Sender", "Receiver", "DataProvider"):
                self.content.properties[local] = str(child.get("id", ""))
            elif len(child) == 0 and child.text and child.text.strip():
                self.content.properties[local] = child.text.strip()

    def _missing_key_error(self, element: etree._Element) -> ReadError:
        return ReadError("read.sdmx.no_key", Where(line=find_line(element)), dimension=self.dimension)


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


_PERIOD = re.compile(r"(?:1[5-9]|2[01])\d\d(?:-?[A-Z]?\d{1,3}(?:-\d\d)?|-?[A-Z]\d?)?(?:T[\d:.]+)?(?:/P\w+)?")


def _find_time_name(components: Named, element: etree._Element) -> str:
    """Return the attribute with the period of an observation of 2.0, whose header does not name it (`TIME`, `YEAR`)."""
    candidates = [
        name
        for name, value in components.items()
        if name != "OBS_VALUE" and name not in ATTRIBUTES and _PERIOD.fullmatch(value.strip())
    ]
    if not candidates:
        raise ReadError("read.sdmx.no_time", Where(line=find_line(element)))
    return next((name for name in candidates if "TIME" in name.upper()), candidates[0])


def _correct_lines(message: Message, data: bytes) -> None:
    """Count lines in the bytes, since the parser has them up to 65,535 and guesses after that (seen: one too many)."""
    if data.count(b"\n") < 65_535:
        return
    starts = [match.start() for match in re.finditer(rb"<(?:[\w.-]+:)?Obs(?=[\s/>])", data)]
    if len(starts) != len(message.observations):
        return  # a comment contains an Obs, or the text is UTF-16: keep the parser's line
    line, before = 1, 0
    for observation, at in zip(message.observations, starts, strict=True):
        line += data.count(b"\n", before, at)
        before = at
        observation.line = line
