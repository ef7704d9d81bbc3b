"""Read delimited text (CSV, TSV, Excel's "Unicode Text"): every field as text, with its physical line.

Nothing is interpreted: `NA` and `1.234,5` stay the texts they are. `encoding.py` determines the encoding; the standard
library splits the fields.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from pipelines.model.content import Grid, ReadError, Remark, Scalar, SourceCell, SourceTable, Where
from pipelines.reading.formats.common import MAX_COLUMN, MAX_ROW, CellCounter
from pipelines.reading.formats.encoding import decode_text

RULES: dict[str, tuple[str, str]] = {
    "read.csv.no_delimiter": (
        "No separator (semicolon, tab, comma or bar) splits the lines into columns.",
        "Save the table as CSV from the spreadsheet program, or name the separator in the form.",
    ),
    "read.csv.quote": (
        "A quotation mark is not closed, or text follows a closed one, near line {line}.",
        "Look at the quotation marks in that line; a quotation mark inside a field is written twice.",
    ),
}

DELIMITERS = (";", "\t", ",", "|")
_TIGHT_COMMA = re.compile(r",\S|,$")
_DECIMAL = re.compile(r"[-+]?[\d.\u00a0 ]*,\d+ ?%?")
_SEP_LINE = re.compile(r'^"?sep=(.)"?[;,\t]*\r?\n?', re.IGNORECASE)


def looks_like(text: str) -> bool:
    """Return True if a delimiter splits the lines of this text consistently."""
    return _SEP_LINE.match(text) is not None or propose_delimiter(text) is not None


@dataclass(frozen=True, slots=True)
class _Split:
    """Result of splitting lines at a delimiter: the most frequent number of fields, and the share of lines with it."""

    delimiter: str
    width: int
    share: float
    fields: list[list[str]]


def propose_delimiter(text: str) -> str | None:
    """Return the delimiter that splits most of the first 200 lines into the same number (at least 2) of fields.

    Semicolon and tab take precedence over comma: where both occur, the comma is the decimal sign. They do not if they
    only occur inside texts (`_is_inside_fields`).
    """
    best: _Split | None = None
    lines = [line for line in text[:200_000].splitlines()[:200] if line.strip()]
    for delimiter in DELIMITERS:
        split = _split_lines(lines, delimiter)
        if split is not None and (best is None or split.share > best.share + 0.2 or _is_inside_fields(best, split)):
            best = split
    return best.delimiter if best is not None and best.share >= 0.3 else None


def _split_lines(lines: list[str], delimiter: str) -> _Split | None:
    """Split lines at a delimiter; return None if it is in none of them, or quotation marks are in its way."""
    try:
        fields = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return None
    widths = Counter(len(record) for record in fields if len(record) > 1)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    return _Split(delimiter, width, count / len(lines), fields)


def _is_inside_fields(first: _Split, other: _Split) -> bool:
    """Return True if the first delimiter is part of the texts that the other one separates.

    `400-a,Article 400; paragraph 1,0,1` has a semicolon on each line and is still separated by commas: they split the
    heading and the lines alike, and between semicolons they are neither decimal signs nor followed by
    a blank.
    """
    if other.share < first.share or len(other.fields[0]) != other.width:
        return False
    if other.width < first.width or (other.width == first.width and len(first.fields[0]) == first.width):
        return False
    records = [record for record in first.fields if len(record) > 1]
    separating = sum(any(_separates(other.delimiter, text) for text in record) for record in records)
    return 2 * separating > len(records)


def _separates(delimiter: str, text: str) -> bool:
    """Return True if the delimiter is in the text otherwise than as a decimal sign or in a sentence."""
    if delimiter != ",":
        return delimiter in text
    return _TIGHT_COMMA.search(text) is not None and _DECIMAL.fullmatch(text.strip()) is None


def read_file(
    data: bytes,
    *,
    encodings: tuple[str, ...] = (),
    alphabets: tuple[str, ...] = (),
    delimiter: str | None = None,
    quotechar: str = '"',
    known: Grid | None = None,
    records: int | None = None,
) -> Grid:
    """Return one table named `text`; row = record, `where.line` = the physical line on which the record begins.

    `known` is the result of reading the same bytes with other encodings but otherwise the same arguments: its cells are
    reused if the text is the same. With `records` only that many records are read; encoding and separator are still
    those of the whole file.
    Raises ReadError: read.encoding_unknown, read.encoding_ambiguous, read.csv.no_delimiter, read.csv.quote,
    read.too_many_cells, read.far_cell.
    """
    decoded = decode_text(data, encodings, alphabets)
    text = decoded.text
    offset = 0
    declared = _SEP_LINE.match(text)
    if declared:
        # Excel writes and obeys this first line; it is a physical line but not a record.
        delimiter = delimiter or declared[1]
        text = text[declared.end() :]
        offset = 1
    if delimiter is None:
        delimiter = propose_delimiter(text)
        if (line := _find_unclosed_quote(text, quotechar, delimiter)) is not None:
            raise ReadError("read.csv.quote", Where(line=line + offset), line=line + offset)
        if delimiter is None:
            raise ReadError("read.csv.no_delimiter")
    properties: dict[str, Scalar] = {"encoding": decoded.encoding, "delimiter": delimiter}
    remarks = (Remark("read.encoding_guessed", Where(), {"encoding": decoded.encoding}),) if decoded.guessed else ()
    if known is not None and known.properties == properties:
        return Grid("csv", known.tables, properties, remarks)
    cells = _read_cells(text, delimiter, quotechar, offset, records)
    return Grid("csv", (SourceTable("text", tuple(cells)),), properties, remarks)


def _find_unclosed_quote(text: str, quotechar: str, proposed: str | None) -> int | None:
    """Return the line of a quotation mark that is never closed, if it is the reason why a delimiter was not proposed.

    All lines after it are one field, so that no delimiter, or only a decimal comma, seems to divide them.
    """
    frequent = max(DELIMITERS, key=text.count)
    if quotechar not in text or frequent == proposed or frequent not in text:
        return None
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=frequent, quotechar=quotechar, strict=True)
    line = 1
    try:
        for _ in reader:
            line = reader.line_num + 1
    except csv.Error as error:
        return line if "unexpected end" in str(error) else None
    return None


def _read_cells(text: str, delimiter: str, quotechar: str, offset: int, records: int | None) -> list[SourceCell]:
    gate = CellCounter()
    cells = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quotechar, strict=True)
    row = 0
    line = 1 + offset
    try:
        for record in islice(reader, records):
            row += 1
            for column, field in enumerate(record, start=1):
                if field == "":
                    continue
                where = Where(line=line, column=column)
                gate.count_filled(where)
                if row > MAX_ROW or column > MAX_COLUMN:
                    raise ReadError("read.far_cell", where, row=row, column=column)
                cells.append(SourceCell(row, column, field, field, where, "text", (row, column)))
            line = reader.line_num + 1 + offset
    except csv.Error as error:
        raise ReadError("read.csv.quote", Where(line=line), line=line) from error
    return cells
