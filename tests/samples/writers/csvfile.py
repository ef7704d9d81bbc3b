"""Lists as text: separators, encodings and ends of line as programs of offices save them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Sequence

from tests.samples.writers.layout import Value, format_value

_MARKS = {"utf-8-sig": b"", "utf-16-le": codecs.BOM_UTF16_LE, "utf-8": b"", "cp1250": b"", "cp1251": b"", "cp1252": b""}


def write_csv(
    rows: Iterable[Sequence[Value]],
    *,
    encoding: str,
    delimiter: str = ";",
    decimal: str = ",",
    newline: str = "\r\n",
    quote_all: bool = False,
) -> bytes:
    """Return the rows as text. `utf-16-le` begins with its byte order mark; raises UnicodeEncodeError and KeyError."""
    buffer = io.StringIO()
    writer = csv.writer(
        buffer, quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL, delimiter=delimiter, lineterminator=newline
    )
    writer.writerows([[format_value(value, decimal=decimal) for value in row] for row in rows])
    return _MARKS[encoding] + buffer.getvalue().encode(encoding)
