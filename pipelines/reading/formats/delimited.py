"""Delimited text (CSV, TSV, Excel's "Unicode Text"): every field as text, with its physical line.

Nothing is interpreted: `NA` and `1.234,5` stay the words they are. The encoding is decided in `encoding.py`, fields
are split by the standard library.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice

from pipelines.model.content import Cell, Grid, ReadError, Remark, Scalar, Table, Where
from pipelines.reading.formats.common import MAX_COLUMN, MAX_ROW, Gate
from pipelines.reading.formats.encoding import decode

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
_SEP_LINE = re.compile(r'^"?sep=(.)"?[;,\t]*\r?\n?', re.IGNORECASE)


def looks_like(text: str) -> bool:
    """Whether a delimiter splits the lines of this text consistently."""
    return _SEP_LINE.match(text) is not None or propose_delimiter(text) is not None


def propose_delimiter(text: str) -> str | None:
    """The delimiter that splits most of the first 200 lines into the same number (at least 2) of fields.

    Semicolon and tab go before comma: where both occur, the comma is the decimal sign.
    """
    best: tuple[float, int] | None = None
    lines = [line for line in text[:200_000].splitlines()[:200] if line.strip()]
    for rank, delimiter in enumerate(DELIMITERS):
        try:
            widths = [len(fields) for fields in csv.reader(lines, delimiter=delimiter) if len(fields) > 1]
        except csv.Error:
            continue
        if not widths:
            continue
        common = max(widths.count(width) for width in set(widths))
        share = common / len(lines)
        if best is None or share > best[0] + 0.2:
            best = (share, rank)
    if best is None or best[0] < 0.3:
        return None
    return DELIMITERS[best[1]]


def read(
    data: bytes,
    *,
    encodings: tuple[str, ...] = (),
    alphabets: tuple[str, ...] = (),
    delimiter: str | None = None,
    quotechar: str = '"',
    known: Grid | None = None,
    records: int | None = None,
) -> Grid:
    """One table named `text`; row = record, `where.line` = the physical line on which the record begins.

    `known` is what was read of the same bytes with other encodings, and else with the same arguments: its cells are
    taken where the text is the same.
    With `records` the rest is left out after so many; encoding and separator are still those of the whole.
    Raises ReadError: read.encoding_unknown, read.encoding_ambiguous, read.csv.no_delimiter, read.csv.quote,
    read.too_many_cells, read.far_cell.
    """
    decoded = decode(data, encodings, alphabets)
    text = decoded.text
    offset = 0
    declared = _SEP_LINE.match(text)
    if declared:
        # Excel writes and obeys this first line; it is no record, but it is a physical line.
        delimiter = delimiter or declared[1]
        text = text[declared.end() :]
        offset = 1
    delimiter = delimiter or propose_delimiter(text)
    if delimiter is None:
        raise ReadError("read.csv.no_delimiter")
    properties: dict[str, Scalar] = {"encoding": decoded.encoding, "delimiter": delimiter}
    remarks = (Remark("read.encoding_guessed", Where(), {"encoding": decoded.encoding}),) if decoded.guessed else ()
    if known is not None and known.properties == properties:
        return Grid("csv", known.tables, properties, remarks)
    cells = _cells(text, delimiter, quotechar, offset, records)
    return Grid("csv", (Table("text", tuple(cells)),), properties, remarks)


def _cells(text: str, delimiter: str, quotechar: str, offset: int, records: int | None) -> list[Cell]:
    gate = Gate()
    out = []
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
                gate.fill(where)
                if row > MAX_ROW or column > MAX_COLUMN:
                    raise ReadError("read.far_cell", where, row=row, column=column)
                out.append(Cell(row, column, field, field, where, "text", (row, column)))
            line = reader.line_num + 1 + offset
    except csv.Error as error:
        raise ReadError("read.csv.quote", Where(line=line), line=line) from error
    return out
