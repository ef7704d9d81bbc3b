"""Read bytes into content, in this process: size guard, format detection, the reader of the format.

Uploads go through `child.py`, which calls this in a separate process.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pipelines.model.content import Content, ReadError
from pipelines.reading.formats import budget
from pipelines.reading.formats.common import MAX_BYTES
from pipelines.reading.formats.sniff import FORMATS, sniff_format

RULES: dict[str, tuple[str, str]] = {
    "read.too_big": (
        "The file has {megabytes} MB; at most {limit} MB are taken.",
        "Send the tables of the return only, without pictures.",
    ),
    "read.other_format": (
        "The file is {found}, but {expected} was expected.",
        "Send the file in the expected format.",
    ),
    "read.no_reader": (
        "We cannot find a statistical table in this file ({found}).",
        "Send a workbook (.xlsx, .xls, .ods), PX, JSON-stat 2.0, SDMX, CSV, PDF with a ruled table, Word document "
        "(.docx) or HTML table.",
    ),
    "read.out_of_memory": (
        "The file needs more memory than is allowed for a return.",
        "Send the tables of the return only; save the file again with an office program.",
    ),
    "read.reader_failed": (
        "The {format} reader failed on this file ({detail}).",
        "Open the file in the program that made it, save it again and send that. If that fails too, contact the "
        "secretariat: the fault is in this system.",
    ),
}

MODULES: dict[str, str] = {
    "xlsx": "pipelines.reading.formats.xlsx",
    "xls": "pipelines.reading.formats.xls",
    "ods": "pipelines.reading.formats.ods",
    "px": "pipelines.reading.formats.px",
    "jsonstat": "pipelines.reading.formats.jsonstat",
    "sdmx-ml": "pipelines.reading.formats.sdmx",
    "sdmx-csv": "pipelines.reading.formats.sdmx_csv",
    "csv": "pipelines.reading.formats.delimited",
    "pdf": "pipelines.reading.formats.pdf",
    "docx": "pipelines.reading.formats.docx",
    "html": "pipelines.reading.formats.html",
}
_TEXTS = frozenset({"csv", "sdmx-csv", "text", "px"})
"""Formats that `sniff_format` may mistake for one another; a declared format decides between them."""


def read_content(
    data: bytes,
    filename: str | None = None,
    *,
    encodings: tuple[str, ...] = (),
    format: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Content:
    """Return the content of a file.

    `filename` is a hint for format detection and never reaches a library. `encodings` are codec names the sender uses;
    `format` is what a form declares, and a file of another format is refused. `options` go to the readers that have
    them and are ignored by others: `alphabets` (csv, html), `delimiter`, `quotechar`, `known`, `records` (csv),
    `lines_x`, `pages` (pdf).
    Raises ReadError.
    """
    if format is not None and format not in FORMATS:
        raise ValueError(f"unknown format {format!r}")
    if (refusal := too_big(len(data))) is not None:
        raise refusal
    detected = sniff_format(data, filename)
    budget.raise_for_file(detected, len(data))
    if format is not None and format != detected:
        if not {format, detected} <= _TEXTS:
            raise ReadError("read.other_format", found=_name_format(detected), expected=_name_format(format))
        detected = format
    reader = _load_reader(detected)
    try:
        return reader(data, encodings=encodings, **_select_options(reader, options or {}))
    except ReadError:
        raise
    except MemoryError:
        raise ReadError("read.out_of_memory") from None
    except Exception as error:
        # The message of an unforeseen error may quote the file, which must not be logged: keep only kind and place.
        raise ReadError("read.reader_failed", format=detected, detail=_describe_origin(error)) from error


def too_big(size: int) -> ReadError | None:
    """Return the refusal of a file of so many bytes, None if it may be read."""
    if size <= MAX_BYTES:
        return None
    return ReadError("read.too_big", megabytes=-(-size // (1024 * 1024)), limit=MAX_BYTES // (1024 * 1024))


def _name_format(format_name: str) -> str:
    """Return the name of a format for a message: `text` alone is an English word."""
    return "plain text" if format_name == "text" else format_name


def _load_reader(format_name: str) -> Callable[..., Content]:
    module = MODULES.get(format_name)
    if module is None:
        raise ReadError("read.no_reader", found=_name_format(format_name))
    reader: Callable[..., Content] = importlib.import_module(module).read_file
    return reader


def _select_options(reader: Callable[..., Content], options: Mapping[str, object]) -> dict[str, Any]:
    if not options:
        return {}
    parameters = inspect.signature(reader).parameters
    return {name: value for name, value in options.items() if name in parameters and name not in ("data", "encodings")}


def _describe_origin(error: Exception) -> str:
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}"
