"""Compare CSV files with their description, following the W3C's "Metadata Vocabulary for Tabular Data".

This module knows the part of the vocabulary that our descriptions use, and reports any other property.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CONTEXT = "http://www.w3.org/ns/csvw"
_NUMBERS: Mapping[str, re.Pattern[str]] = {
    "integer": re.compile(r"[+-]?\d+"),
    "double": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|-?INF|NaN"),
}
"""Lexical forms of the numeric types of XML Schema that are used."""
_OF_TABLE = frozenset({"url", "dialect", "tableSchema"})
_OF_SCHEMA = frozenset({"columns", "primaryKey"})
_OF_COLUMN = frozenset({"name", "titles", "datatype", "null", "required"})
_OF_DIALECT = frozenset({"delimiter", "encoding", "header", "lineTerminators"})


def list_problems(metadata: Path) -> list[str]:
    """Return where the files next to a description differ from it, in words; empty if they fit."""
    document = json.loads(metadata.read_text(encoding="utf-8"))
    context, *_local = document["@context"]
    problems = [] if context == CONTEXT else [f"the context is {context}"]
    for table in document["tables"]:
        url = table["url"]
        problems += [f"{url}: {problem}" for problem in _check_table(table, metadata.parent / url)]
    return problems


def _check_names(part: Mapping[str, Any], known: frozenset[str]) -> list[str]:
    """Return the properties that are neither of the vocabulary nor annotations with a prefix."""
    return [f"{name} is not a property that is checked" for name in part if name not in known and ":" not in name]


def _check_table(table: Mapping[str, Any], path: Path) -> Iterator[str]:
    dialect, schema = table["dialect"], table["tableSchema"]
    yield from _check_names(table, _OF_TABLE)
    yield from _check_names(dialect, _OF_DIALECT)
    yield from _check_names(schema, _OF_SCHEMA)
    # A byte order mark is not a part of the text.
    text = path.read_bytes().decode(dialect["encoding"]).removeprefix("\ufeff")
    if dialect["lineTerminators"] != ["\r\n"] or re.search(r"(?<!\r)\n", text):
        yield "lines do not end as the dialect says"
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=dialect["delimiter"], strict=True)
    columns = schema["columns"]
    for column in columns:
        yield from _check_names(column, _OF_COLUMN)
    if [[title] for title in header] != [column["titles"] for column in columns]:
        yield "the header has other columns"
        return
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            yield f"line {number} has {len(row)} fields"
            return
        for column, value in zip(columns, row, strict=True):
            yield from (f"line {number}, {column['name']}: {problem}" for problem in _check_value(column, value))
    places = [header.index(name) for name in schema["primaryKey"]]
    keys = {tuple(row[place] for place in places) for row in rows}
    if len(keys) < len(rows):
        yield "the primary key is not unique"


def _check_value(column: Mapping[str, Any], value: str) -> Iterator[str]:
    if value == column["null"]:
        if column.get("required"):
            yield "a required value is absent"
        return
    pattern = _NUMBERS.get(column["datatype"])
    if column["datatype"] != "string" and (pattern is None or not pattern.fullmatch(value)):
        yield f"{value!r} is not of the type {column['datatype']}"
