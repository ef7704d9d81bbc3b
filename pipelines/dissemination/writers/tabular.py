"""Write CSV, XLSX and Parquet files of observations with their labels, notes and source."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl
from polars.io.plugins import register_io_source

from pipelines.dissemination.structures import choose_text
from pipelines.dissemination.writers.extract import Extract, format_number
from pipelines.dissemination.writers.labelled import LABEL, lay_out, name_column

if TYPE_CHECKING:
    from collections.abc import Sequence

MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""First characters of a text that a spreadsheet program would read as a formula."""
WORKBOOK_OPTIONS: Final[dict[str, Any]] = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
"""Options of every workbook: a text stays a text."""
_ROWS_AT_ONCE: Final = 1 << 16
"""Rows of a part of a file. With labels, notes and source, a table is many times as large as with its codes."""
_SHEET_ROWS: Final = 1_048_570
_WIDEST: Final = 40
_LONGEST_SHEET_NAME: Final = 31


def write_csv(extract: Extract, language: str = "en") -> Iterator[bytes]:
    """Yield a CSV file: comma-separated, decimal point, UTF-8 with a byte order mark, one header row of ids."""
    yield b"\xef\xbb\xbf"
    for place, part in enumerate(_lay_out_parts(extract, language)):
        frame = _guard_formulas(part)
        numbers = [format_number(name) for name, dtype in frame.schema.items() if dtype.is_float()]
        text = frame.with_columns(numbers).write_csv(line_terminator="\r\n", null_value="", include_header=not place)
        yield text.encode()


def _lay_out_parts(extract: Extract, language: str, *, with_source: bool = True) -> Iterator[pl.DataFrame]:
    """Yield the table of `lay_out` some rows at a time, at least once."""
    rows = extract.observations
    for start in range(0, max(rows.height, 1), _ROWS_AT_ONCE):
        yield lay_out(
            replace(extract, observations=rows.slice(start, _ROWS_AT_ONCE)), language, with_source=with_source
        )


def _guard_formulas(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with an apostrophe before each text that a spreadsheet program would read as a formula."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        pl.when(pl.any_horizontal(pl.col(name).str.starts_with(sign) for sign in FORMULA))
        .then(pl.concat_str(pl.lit("'"), pl.col(name)))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )


def write_xlsx(extract: Extract, language: str = "en") -> bytes:
    """Return a workbook: a sheet with the title, the source and the notes on names, and a sheet with the observations.

    Rows are written one after another in constant memory. Raises ValueError for more rows than a sheet holds.
    """
    import xlsxwriter  # type: ignore[import-untyped]

    frame = _prefer_labels(lay_out(extract, language, with_source=False))
    if frame.height > _SHEET_ROWS:
        raise ValueError(f"{frame.height} observations are more than a sheet holds; select fewer")
    output = io.BytesIO()
    with xlsxwriter.Workbook(output, {**WORKBOOK_OPTIONS, "constant_memory": True}) as book:
        created = datetime.fromisoformat(extract.prepared).replace(tzinfo=None)
        title, source = extract.find_title(language), extract.describe_source(language)
        book.set_properties({"title": title, "comments": source, "created": created})
        bold = book.add_format({"bold": True})
        about = book.add_worksheet("README")
        about.set_column(0, 0, 100)
        for row, text in enumerate(_list_remarks(extract, language)):
            about.write_string(row, 0, text, bold if row == 0 else None)
        _write_sheet(book.add_worksheet(extract.name[:_LONGEST_SHEET_NAME]), frame, extract, language, bold)
    return output.getvalue()


def _prefer_labels(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame without the codes that have labels, and without columns that are empty."""
    coded = {name.removesuffix(LABEL) for name in frame.columns if name.endswith(LABEL)}
    empty = {name for name in frame.columns if frame.height and frame[name].null_count() == frame.height}
    return frame.select(name for name in frame.columns if name not in coded | empty)


def _list_remarks(extract: Extract, language: str) -> list[str]:
    edition = extract.structures.edition
    return [
        extract.find_title(language),
        choose_text(extract.dataflow.descriptions, language),
        choose_text(edition.citations, language),
        *extract.list_corrections(language),
        *extract.list_footnotes(language),
    ]


def _write_sheet(sheet: Any, frame: pl.DataFrame, extract: Extract, language: str, bold: Any) -> None:
    """Write the header in two rows, titles and ids, then the rows."""
    for column, name in enumerate(frame.columns):
        sheet.set_column(column, column, min(_WIDEST, max(12, len(name) + 2)))
    for column, name in enumerate(frame.columns):
        sheet.write_string(0, column, name_column(extract, name, language), bold)
    for column, name in enumerate(frame.columns):
        sheet.write_string(1, column, name, bold)
    sheet.freeze_panes(2, 0)
    sheet.autofilter(1, 0, frame.height + 1, frame.width - 1)
    for row, values in enumerate(frame.iter_rows(), start=2):
        _write_row(sheet, row, values)


def _write_row(sheet: Any, row: int, values: Sequence[object]) -> None:
    for column, value in enumerate(values):
        if isinstance(value, str):
            sheet.write_string(row, column, value)
        elif value is not None:
            _write_number(sheet, row, column, float(str(value)))


def _write_number(sheet: Any, row: int, column: int, number: float) -> None:
    if number in (float("inf"), float("-inf")):
        sheet.write_string(row, column, "INF")
    else:
        sheet.write_number(row, column, number)


def write_parquet(extract: Extract, language: str = "en") -> bytes:
    """Return a Parquet file with zstd compression; its metadata has the title and the source."""
    output = io.BytesIO()
    empty = replace(extract, observations=extract.observations.clear())
    frame = register_io_source(
        lambda *_: _lay_out_parts(extract, language, with_source=False),
        schema=lay_out(empty, language, with_source=False).schema,
        is_pure=True,
    )
    metadata = {
        "title": extract.find_title(language),
        "source": extract.describe_source(language),
        "release": extract.structures.edition.id,
        "language": language,
    }
    frame.sink_parquet(output, compression="zstd", statistics=True, row_group_size=2 * _ROWS_AT_ONCE, metadata=metadata)
    return output.getvalue()
