"""A register of 2 MB: the lines of a sample repeated, each time with other persons in other proceedings."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from itertools import cycle, islice

import xlsxwriter  # type: ignore[import-untyped]

from benchmarks.measuring import ROOT

FILE = ROOT / "raw_samples" / "HR" / "register" / "registar_2026_3tr.csv"
BYTES = 2_000_000
FORM = "HR-REGISTER-1"
_PREAMBLE = 3
"""Lines up to the headings."""
RECORDS = 26_000
"""Records of the workbook: as many as 2 MB of the CSV hold with short pseudonyms; 220,000 cells."""
FIRST_ROW = 7
"""Row of the workbook's first record: above it are title, mark, office, notice and headings, as in its template."""
_AGE, _DATES, _MONTHS = 5, range(6, 16), 17


def build_register(salt: int = 0, *, short: bool = False, size: int = BYTES) -> tuple[bytes, int]:
    """Return a file of at least `size` bytes and how many records it holds.

    Files of another `salt` have other bytes and the same events.
    With `short` pseudonyms are plain numbers, as an office may give them: a third more records fit in.
    """
    lines = FILE.read_bytes().split(b"\r\n")
    head, body = lines[:_PREAMBLE], [line for line in lines[_PREAMBLE:] if line]
    written, lines_written = sum(map(len, head)) + 2 * len(head), list(head)
    for number, line in enumerate(cycle(body)):
        if written >= size:
            break
        fields = line.split(b";")
        if short:
            fields[1], fields[2] = b"K%d" % (number // 2), b"%d" % (number + salt)
        else:
            fields[1] = b"K%05dx%s" % (number // 2, fields[1][1:])
            fields[2] = b"O%05dx%s" % ((number + salt) % 100_000, fields[2][1:])
        lines_written.append(b";".join(fields))
        written += len(lines_written[-1]) + 2
    return b"\r\n".join([*lines_written, b""]), len(lines_written) - len(head)


def count_events(records: int) -> int:
    """Return how many events that many records hold, counted in the ten date columns of the sample."""
    lines = [line for line in FILE.read_bytes().split(b"\r\n")[_PREAMBLE:] if line]
    dates = [sum(bool(field) for field in line.split(b";")[6:16]) for line in lines]
    return sum(islice(cycle(dates), records))


def build_workbook(
    salt: int = 0, *, dates: bool = True, records: int = RECORDS, changes: Mapping[tuple[int, int], str] | None = None
) -> tuple[bytes, int]:
    """Return the same records as a workbook of the form, and how many cells they fill.

    Dates are stored as dates, as in a spreadsheet program, or as texts without `dates`. `changes` replaces cells: texts
    by row and column (both from 1).
    """
    lines = [line.decode("cp1250").split(";") for line in build_register(salt, short=True)[0].split(b"\r\n") if line]
    title, notice, headings = lines[0][0], lines[1][0], lines[2]
    body = lines[_PREAMBLE : _PREAMBLE + records]
    if len(body) != records:
        raise ValueError(f"2 MB hold {len(body)} records, not {records}")
    buffer, cells = io.BytesIO(), 0
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": datetime(2026, 10, 1)})
    date = book.add_format({"num_format": "dd.mm.yyyy."})
    sheet = book.add_worksheet(f"{FORM}-XLSX")
    for row, text in enumerate((title, f"{FORM}-XLSX / 2026-Q3", "Ministarstvo pravosuđa, upisnik sudova", notice)):
        sheet.write_string(row, 0, text)
    sheet.write_row(FIRST_ROW - 2, 0, headings)
    for row, fields in enumerate(body, start=FIRST_ROW - 1):
        for column, text in enumerate(fields):
            if not text:
                continue
            cells += 1
            if column in _DATES and dates:
                day, month, year = map(int, text.rstrip(".").split("."))
                sheet.write_datetime(row, column, datetime(year, month, day), date)
            elif column in (_AGE, _MONTHS):
                sheet.write_number(row, column, float(text.replace(",", ".")))
            else:
                sheet.write_string(row, column, text)
    for (row, column), text in (changes or {}).items():
        sheet.write_string(row - 1, column - 1, text)
    book.close()
    return buffer.getvalue(), cells
