"""Read a publisher's flat table row by row, from the downloaded workbook or from the same table as CSV.

The readers of returns cannot be used: they keep every cell of a file in memory and refuse more cells than a return can
have, and this table has over 600,000.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from pipelines.model.content import ReadError, Where
from pipelines.reading.formats.common import column_letters

HEADINGS: dict[str, str] = {
    "iso3_code": "iso3",
    "iso3": "iso3",
    "country": "area",
    "indicator": "indicator",
    "dimension": "dimension",
    "category": "category",
    "sex": "sex",
    "age": "age",
    "year": "year",
    "unit of measurement": "unit",
    "txtvalue": "value",
    "value": "value",
    "source": "publisher_source",
}
REQUIRED = ("indicator", "dimension", "category", "sex", "age", "year", "value")
MAX_UNPACKED = 300 * 1024 * 1024
MAX_ROWS = 1_000_000
_PREAMBLE = 30
_DATE = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})|(\d{4})-(\d{2})-(\d{2})")


@dataclass
class PublishedTable:
    """The body of a table. `rows` gives (line number, fields by our name); `edition` is the date in the preamble."""

    edition: str | None
    columns: Mapping[str, int]
    sheet: str | None
    rows: Iterator[tuple[int, dict[str, object]]]

    def locate_field(self, line: int, column: str) -> Where:
        """Return the place of one field: sheet and cell, or line and column."""
        position = self.columns[column]
        if self.sheet is None:
            return Where(line=line, column=position + 1)
        return Where(sheet=self.sheet, cell=f"{column_letters(position + 1)}{line}")


def open_table(data: bytes) -> PublishedTable:
    """Return the table in a workbook (.xlsx) or CSV file.

    Raises ReadError: reference.no_table, reference.column_missing, reference.too_large,
    read.malformed, read.encoding_unknown.
    """
    if data[:4] == b"PK\x03\x04":
        return _from_sheets(_sheets(data))
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise ReadError("reference.no_table", expected=_expected())
    return _from_sheets([(None, _lines(data))])


def _expected() -> str:
    return "Country, Indicator, Dimension, Category, Sex, Age, Year, txtVALUE"


def _sheets(data: bytes) -> Iterator[tuple[str | None, Iterator[tuple[object, ...]]]]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            # zipfile never returns more bytes of a part than its directory entry states, so the entries bound the work.
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MAX_UNPACKED:
            raise ReadError("reference.too_large", megabytes=unpacked // (1024 * 1024), limit=MAX_ROWS)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise ReadError("read.malformed", format="xlsx", detail=type(error).__name__) from error
    for sheet in book.worksheets:
        sheet.reset_dimensions()
        yield sheet.title, sheet.iter_rows(values_only=True)


def _lines(data: bytes) -> Iterator[tuple[object, ...]]:
    from pipelines.reading.formats.delimited import propose_delimiter
    from pipelines.reading.formats.encoding import decode_text

    text = decode_text(data).text
    delimiter = propose_delimiter(text)
    if delimiter is None:
        raise ReadError("reference.no_table", expected=_expected())
    try:
        yield from map(tuple, csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise ReadError("read.malformed", format="csv", detail=type(error).__name__) from error


def _from_sheets(sheets: Iterable[tuple[str | None, Iterator[tuple[object, ...]]]]) -> PublishedTable:
    for sheet, lines in sheets:
        edition: str | None = None
        numbered = enumerate(lines, start=1)
        for line, fields in numbered:
            if line > _PREAMBLE:
                break
            columns = {
                HEADINGS[name]: position
                for position, value in enumerate(fields)
                if isinstance(value, str) and (name := value.strip().casefold()) in HEADINGS
            }
            if len(columns) < 5:
                edition = edition or _date_in(fields)
                continue
            missing = [name for name in REQUIRED if name not in columns]
            if not columns.keys() & {"area", "iso3"}:
                missing.append("area")
            if missing:
                words = {name: heading for heading, name in reversed(HEADINGS.items())}
                where = Where(sheet=sheet) if sheet else Where(line=line)
                raise ReadError("reference.column_missing", where, columns=", ".join(words[m] for m in missing))
            return PublishedTable(edition, columns, sheet, _body(numbered, columns))
    raise ReadError("reference.no_table", expected=_expected())


def _body(
    numbered: Iterator[tuple[int, tuple[object, ...]]], columns: Mapping[str, int]
) -> Iterator[tuple[int, dict[str, object]]]:
    for line, fields in numbered:
        if line > MAX_ROWS:
            raise ReadError("reference.too_large", megabytes=MAX_UNPACKED // (1024 * 1024), limit=MAX_ROWS)
        width = len(fields)
        row = {name: fields[position] if position < width else None for name, position in columns.items()}
        if any(value not in (None, "") for value in row.values()):
            yield line, row


def _date_in(fields: tuple[object, ...]) -> str | None:
    """Return the first date in a preamble line in ISO form; this publisher writes the day before the month."""
    for value in fields:
        if isinstance(value, datetime):
            return value.date().isoformat()
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, str) and (match := _DATE.fullmatch(value.strip())):
            day, month, year, *iso = match.groups()
            try:
                return (date(*map(int, iso)) if iso[0] else date(int(year), int(month), int(day))).isoformat()
            except ValueError:
                continue
    return None
