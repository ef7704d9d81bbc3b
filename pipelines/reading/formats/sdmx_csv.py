"""Read SDMX-CSV 1.0 and 2.0 data into a labelled cube.

Supported: the first column DATAFLOW (1.0) or STRUCTURE, STRUCTURE_ID and ACTION (2.0); headers `ID` or `ID: Name`,
values `code` or `code: label`, or names in columns of their own (STRUCTURE_NAME); any delimiter, and the decimal
comma of the sender's locale.

A CSV does not say which columns are dimensions. The rule:

1. OBS_VALUE is the measure. The columns to its left are the dimensions, as services write them, unless the name is one
   that structures use for attributes (`sdmx_cube.ATTRIBUTES`) or not an SDMX identifier (Eurostat's `LAST UPDATE`).
2. TIME_PERIOD is always a dimension.
3. If these columns do not distinguish the rows (hand-made files may have any order), the columns to the right of
   OBS_VALUE that are filled on every row and are not attributes by name are dimensions too.
4. Everything else is an attribute of the observation.

A row without OBS_VALUE and without some dimension has attributes for all observations it covers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pipelines.model.content import Cube, CubeObservation, Member, ReadError, Remark, Scalar, SourceDimension, Where
from pipelines.reading.formats.common import MAX_CELLS
from pipelines.reading.formats.encoding import decode_text
from pipelines.reading.formats.sdmx_cube import ATTRIBUTES, attributes_covering, index_groups, parse_number, role_of

LANGUAGE = "und"

RULES: dict[str, tuple[str, str]] = {
    "read.empty": ("The file is empty.", "Save the file again and send the new copy."),
    "read.sdmx_csv.header": (
        "The first line is not that of an SDMX-CSV file: {seen}",
        "It must begin with DATAFLOW, or with STRUCTURE, STRUCTURE_ID and ACTION, and name each column once.",
    ),
    "read.sdmx_csv.measure": (
        "There is no column OBS_VALUE.",
        "Send a file with one measure, in a column named OBS_VALUE.",
    ),
    "read.sdmx_csv.quote": ("Line {line} cannot be divided into fields: {detail}.", "Close each quotation mark."),
    "read.sdmx_csv.width": (
        "Line {line} has {seen} fields; the first line has {expected}.",
        "Give each line the same number of fields; put fields that hold the delimiter in quotation marks.",
    ),
    "read.sdmx_csv.delete": (
        "Line {line} asks to delete data (ACTION D).",
        "Send the figures as they are now. What is withdrawn is left out of a full return.",
    ),
    "read.sdmx_csv.action": (
        "Line {line} has the ACTION {seen}, which SDMX-CSV does not know.",
        "Write I, A, R or M, or leave the column out.",
    ),
    "read.sdmx_csv.key": (
        "Line {line} has a value but nothing in {dimension}.",
        "Fill in every dimension. Send figures of different structures as files of their own.",
    ),
    "read.sdmx_csv.decimal": (
        "Line {line} writes {seen}, but line {first} uses the other decimal sign.",
        "Use one decimal sign throughout.",
    ),
    "read.sdmx_csv.no_rows": ("The file has a heading but no observations.", "Send the file with its figures."),
    "read.sdmx_csv.repeated_key": (
        "The observation {key} appears twice in the file; the first time on line {first}.",
        "Keep one of the two. If an attribute distinguishes them, ask for it to be declared as a dimension of the "
        "form.",
    ),
    "read.sdmx_csv.several_structures": (
        "The rows belong to several structures: {names}.",
        "Send one file for each structure.",
    ),
    "read.sdmx_csv.several_actions": (
        "The rows have different actions: {names}. All were read as figures of this return.",
        "Use one action throughout.",
    ),
}

_FIRST = re.compile(r'"?(DATAFLOW|STRUCTURE(?:\[[^\]\r\n]*\])?)(?:: [^,;\t|"\r\n]*)?"?([,;\t|])')
_ID = re.compile(r"[A-Za-z_@$][A-Za-z0-9_@$.-]*")
_CODE = re.compile(r"[A-Za-z0-9_@$.*+-]+")
_DECIMAL = re.compile(r"[+-]?\d*([.,])\d+(?:[eE][+-]?\d+)?", re.ASCII)
_ACTIONS = {"I": "I", "A": "A", "R": "R", "M": "M", "INFORMATION": "I", "APPEND": "A", "REPLACE": "R", "MERGE": "M"}
_FRAME = ("DATAFLOW", "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "ACTION", "SERIES_KEY", "OBS_KEY")


def looks_like(head: bytes) -> bool:
    """Return True if the first bytes (up to 4096) open an SDMX-CSV file."""
    text = head[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe").decode("latin-1")
    first = _FIRST.match(text)
    if first is None:
        return False
    return first[1] == "DATAFLOW" or text[first.end() :].lstrip('"').startswith("STRUCTURE_ID")


def read_file(data: bytes, *, encodings: tuple[str, ...] = ()) -> Cube:
    """Read an SDMX-CSV file. `encodings` are tried if the text is neither marked nor UTF-8.

    Labels are under `und`, as the file does not name its language. The place of an observation is the line on which its
    row begins and the column of its value. Raises ReadError (`RULES`, and those of `encoding`).
    """
    if not data.strip(b"\x00 \t\r\n"):
        raise ReadError("read.empty")
    decoded = decode_text(data, encodings)
    text = decoded.text.lstrip("\ufeff")
    first = _FIRST.match(text)
    if first is None:
        raise ReadError("read.sdmx_csv.header", Where(line=1), seen=text[:60].split("\n")[0])
    rows = _split_rows(text, first[2])
    sheet = _Sheet.from_rows(rows[0].fields, rows[1:])
    remarks = [Remark("read.encoding_guessed", Where(), {"encoding": decoded.encoding})] if decoded.guessed else []
    return _build_cube(sheet, first[2], decoded.encoding, remarks)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    fields: list[str]


@dataclass(frozen=True, slots=True)
class _Column:
    """One component: its position, its identifier and name, and the position of its labels (`labels=name`)."""

    at: int
    id: str
    name: str | None
    labels_at: int | None = None


@dataclass(slots=True)
class _Sheet:
    """Rows with their columns by role."""

    rows: list[_Row]
    frame: dict[str, int]
    value: _Column
    columns: list[_Column]
    inline_labels: bool
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, header: Sequence[str], rows: list[_Row]) -> _Sheet:
        frame, columns = _split_header(header)
        value = next((c for c in columns if c.id == "OBS_VALUE"), None)
        if value is None:
            raise ReadError("read.sdmx_csv.measure", Where(line=1))
        if not rows:
            raise ReadError("read.sdmx_csv.no_rows", Where(line=1))
        has_inline_labels = any(c.name is not None and c.labels_at is None for c in columns)
        return cls(rows, frame, value, [c for c in columns if c is not value], has_inline_labels)

    def read_code(self, row: _Row, column: _Column, *, dimension: bool) -> str:
        """Return the code in a cell; store its label, if the file has one, in `codes`."""
        text = row.fields[column.at]
        if column.labels_at is not None:
            self.codes.setdefault(column.id, {})[text] = row.fields[column.labels_at]
            return text
        if self.inline_labels and ": " in text:
            code, label = text.split(": ", 1)
            # a free text may contain ": " too, so split an attribute only if the first part can be a code
            if dimension or _CODE.fullmatch(code):
                self.codes.setdefault(column.id, {})[code] = label
                return code
        return text

    def frame_value(self, row: _Row, *names: str) -> str:
        for name in names:
            if name in self.frame:
                return row.fields[self.frame[name]]
        return ""


def _split_rows(text: str, delimiter: str) -> list[_Row]:
    """Split the text into rows with the line on which each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[_Row] = []
    line = 1
    try:
        for fields in reader:
            if any(fields):
                if len(rows) > MAX_CELLS:
                    raise ReadError("read.too_many_cells", Where(line=line), limit=MAX_CELLS)
                rows.append(_Row(line, fields))
                if len(fields) != len(rows[0].fields):
                    params: dict[str, Scalar] = {"line": line, "seen": len(fields), "expected": len(rows[0].fields)}
                    raise ReadError("read.sdmx_csv.width", Where(line=line), **params)
            line = reader.line_num + 1
    except csv.Error as error:
        raise ReadError("read.sdmx_csv.quote", Where(line=line), line=line, detail=str(error)) from error
    return rows


def _split_header(header: Sequence[str]) -> tuple[dict[str, int], list[_Column]]:
    """Separate the columns of the frame from the components, and find the label column of each component."""
    frame: dict[str, int] = {}
    columns: list[_Column] = []
    has_name_columns = "STRUCTURE_NAME" in header
    at = 0
    while at < len(header):
        identifier, _, name = header[at].partition(": ")
        identifier = identifier.split("[", 1)[0]
        if identifier in _FRAME and (at < len(_FRAME)):
            frame[identifier] = at
            at += 1
            continue
        # with labels=name each component is followed by the column of its names; a custom column at the end is not
        follows = has_name_columns and at + 1 < len(header) and bool(_ID.fullmatch(identifier))
        columns.append(
            _Column(at, identifier, header[at + 1] if follows else name or None, at + 1 if follows else None)
        )
        at += 2 if follows else 1
    ids = [c.id for c in columns]
    for identifier_text in ids:
        if not identifier_text or ids.count(identifier_text) > 1:
            raise ReadError("read.sdmx_csv.header", Where(line=1), seen=f"column {identifier_text!r}")
    return frame, columns


def _build_cube(sheet: _Sheet, delimiter: str, encoding: str, remarks: list[Remark]) -> Cube:
    """Build the cube: complete rows become observations, incomplete ones attributes of those they cover."""
    actions = _find_actions(sheet)
    has_decimal_comma = delimiter != "," and _has_decimal_comma(sheet)
    dimensions = _find_dimensions(sheet)
    names = tuple(c.id for c in dimensions)
    attributes = [c for c in sheet.columns if c not in dimensions]
    incomplete_rows: list[tuple[dict[str, str], dict[str, str]]] = []
    complete_rows: list[tuple[_Row, tuple[str, ...], dict[str, str]]] = []
    for row in sheet.rows:
        key = tuple(sheet.read_code(row, c, dimension=True) for c in dimensions)
        own_attributes = {c.id: sheet.read_code(row, c, dimension=False) for c in attributes if row.fields[c.at] != ""}
        if all(key):
            complete_rows.append((row, key, own_attributes))
        elif row.fields[sheet.value.at].strip():
            missing = names[key.index("")]
            raise ReadError("read.sdmx_csv.key", Where(line=row.line), line=row.line, dimension=missing)
        else:
            incomplete_rows.append(({n: k for n, k in zip(names, key, strict=True) if k}, own_attributes))
    if not complete_rows:
        raise ReadError("read.sdmx_csv.no_rows", Where(line=1))
    groups = index_groups(incomplete_rows)
    observations = []
    first_lines: dict[tuple[str, ...], int] = {}
    for row, key, own_attributes in complete_rows:
        if key in first_lines:
            if not any(r.rule == "read.sdmx_csv.repeated_key" for r in remarks):
                params: dict[str, Scalar] = {"key": ".".join(key), "first": first_lines[key]}
                remarks.append(Remark("read.sdmx_csv.repeated_key", Where(line=row.line), params))
        else:
            first_lines[key] = row.line
        if groups:
            own_attributes = attributes_covering(groups, dict(zip(names, key, strict=True))) | own_attributes
        text = row.fields[sheet.value.at]
        value, status = parse_number(
            text.replace(",", ".") if has_decimal_comma and _DECIMAL.fullmatch(text.strip()) else text, own_attributes
        )
        where = Where(line=row.line, column=sheet.value.at + 1)
        observations.append(CubeObservation(key, value, status, where, (), own_attributes))
    structures = list(dict.fromkeys(sheet.frame_value(r, "DATAFLOW", "STRUCTURE_ID") for r in sheet.rows))
    if len(structures) > 1:
        remarks.append(Remark("read.sdmx_csv.several_structures", Where(), {"names": ", ".join(structures)[:200]}))
    if len(actions) > 1:
        remarks.append(Remark("read.sdmx_csv.several_actions", Where(), {"names": ", ".join(actions)}))
    properties: dict[str, Scalar] = {
        "encoding": encoding,
        "delimiter": delimiter,
        "decimal": "," if has_decimal_comma else ".",
        "structure": ", ".join(structures),
        "version": "1.0" if "DATAFLOW" in sheet.frame else "2.0",
    }
    if actions:
        properties["action"] = ", ".join(actions)
    return Cube(
        format="sdmx-csv",
        dimensions=tuple(_make_dimension(sheet, c, [o.key[i] for o in observations]) for i, c in enumerate(dimensions)),
        observations=tuple(observations),
        default_language=LANGUAGE,
        languages=(LANGUAGE,),
        properties=properties,
        remarks=tuple(remarks),
    )


def _find_actions(sheet: _Sheet) -> list[str]:
    if "ACTION" not in sheet.frame:
        return []
    actions: dict[str, None] = {}
    for row in sheet.rows:
        written = row.fields[sheet.frame["ACTION"]].strip()
        action = _ACTIONS.get(written.upper())
        if written.upper() in ("D", "DELETE"):
            raise ReadError("read.sdmx_csv.delete", Where(line=row.line), line=row.line)
        if action is None and written:
            raise ReadError("read.sdmx_csv.action", Where(line=row.line), line=row.line, seen=written[:20])
        actions[action or "I"] = None
    return list(actions)


def _has_decimal_comma(sheet: _Sheet) -> bool:
    """Return True if values have a decimal comma; refuse a file with both signs: one may separate thousands."""
    first: dict[str, int] = {}
    for row in sheet.rows:
        text = row.fields[sheet.value.at].strip()
        match = _DECIMAL.fullmatch(text)
        if match:
            first.setdefault(match[1], row.line)
            if len(first) == 2:
                first_other_line = min(first.values())
                raise ReadError(
                    "read.sdmx_csv.decimal", Where(line=row.line), line=row.line, seen=text[:40], first=first_other_line
                )
    return "," in first


def _find_dimensions(sheet: _Sheet) -> list[_Column]:
    """Return the dimensions by rules 1 to 3 of the module's description."""

    def may_be_dimension(column: _Column) -> bool:
        return column.id not in ATTRIBUTES and bool(_ID.fullmatch(column.id))

    chosen = [c for c in sheet.columns if may_be_dimension(c) and (c.at < sheet.value.at or c.id == "TIME_PERIOD")]
    full = [r for r in sheet.rows if r.fields[sheet.value.at].strip()] or sheet.rows
    keys = {tuple(r.fields[c.at] for c in chosen) for r in full}
    if len(keys) == len(full) and chosen:
        return chosen
    more = [
        c for c in sheet.columns if c not in chosen and may_be_dimension(c) and all(r.fields[c.at] != "" for r in full)
    ]
    return sorted([*chosen, *more], key=lambda c: c.at)


def _make_dimension(sheet: _Sheet, column: _Column, codes: list[str]) -> SourceDimension:
    labels = sheet.codes.get(column.id, {})
    members = tuple(Member(c, {LANGUAGE: labels[c]} if labels.get(c) else {}) for c in dict.fromkeys(codes))
    role: Literal["time", "geo"] | None = role_of(column.id)
    return SourceDimension(column.id, {LANGUAGE: column.name} if column.name else {}, members, role)
