"""Write data sets as one message. A message of several data sets is put together from messages of one."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any, Final

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.dissemination.files import join_content
from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD
from pipelines.web.sdmx.data import DataSet
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.negotiation import (
    CSV_2,
    GENERIC,
    GENERIC_SERIES,
    JSON_2,
    ML_3,
    SPECIFIC,
    SPECIFIC_SERIES,
    ResponseFormat,
    Style,
)

_STRUCTURE: Final = re.compile(rb"<mes:Structure .*?</mes:Structure>", re.DOTALL)
_NAMESPACE: Final = re.compile(rb' xmlns:ns1="[^"]*"')
_OPENING: Final = b"<mes:DataSet "
_END: Final = b"</mes:DataSet>\n"
_VALIDITY: Final = ("VALID_FROM", "VALID_TO")
"""Columns of SDMX-CSV with the time in which a row was current."""


def write_message(data_sets: Sequence[DataSet], form: ResponseFormat, style: Style) -> bytes:
    """Return a message. Raises QueryError 406 for several data sets in a format that holds one."""
    assert form.write is not None
    messages = [join_content(form.write(item.extract, style)) for item in data_sets]
    if len(messages) == 1 and data_sets[0].action == "Information":
        return messages[0]
    if form in (SPECIFIC, GENERIC, ML_3, GENERIC_SERIES, SPECIFIC_SERIES):
        return _combine_xml(messages, data_sets)
    if form is JSON_2:
        return _combine_json(messages, data_sets)
    if form is CSV_2:
        return _combine_csv(messages, data_sets, style)
    raise QueryError(
        406,
        mark(
            "This query has several data sets, or data sets of changes, which {format} does not hold. Ask for one "
            "dataflow without updatedAfter and includeHistory, or for one of: {formats}."
        ),
        format=form.name,
        formats=f"{SPECIFIC.name}, {ML_3.name}, {JSON_2.name}, {CSV_2.name}",
    )


def _combine_xml(messages: Sequence[bytes], data_sets: Sequence[DataSet]) -> bytes:
    """Return one message with the structures and data sets of several; each data set declares its own namespace."""
    first = messages[0]
    structures: dict[bytes, bytes] = {}
    """Headers by their reference to a structure, of which each is needed once."""
    parts = []
    for message, item in zip(messages, data_sets, strict=True):
        structure = _STRUCTURE.search(message)
        assert structure is not None
        structures.setdefault(structure.group(), structure.group())
        namespace = _NAMESPACE.search(message)
        start = message.index(_OPENING)
        opening_end = message.index(b">", start)
        opening = message[start:opening_end].replace(b'action="Information"', f'action="{item.action}"'.encode())
        prefix = "ss:" if b"ss:action" in opening else ""
        for name, moment in (("validFromDate", item.valid_from), ("validToDate", item.valid_until)):
            if moment is not None:
                opening += f' {prefix}{name}="{clock.format_timestamp(moment)}"'.encode()
        if namespace is not None:
            opening = opening.replace(_OPENING, _OPENING[:-1] + namespace.group() + b" ", 1)
        parts.append(opening + message[opening_end : message.rindex(_END) + len(_END)])
    head = _NAMESPACE.sub(b"", first[: first.index(_OPENING)], count=1)
    head = _STRUCTURE.sub(lambda _match: b"".join(structures), head, count=1)
    return head + b"".join(parts) + first[first.rindex(_END) + len(_END) :]


def _combine_json(messages: Sequence[bytes], data_sets: Sequence[DataSet]) -> bytes:
    """Return one message of SDMX-JSON 2.0 with a structure for each data set."""
    documents: list[dict[str, Any]] = [json.loads(message) for message in messages]
    structures, written = [], []
    for place, (document, item) in enumerate(zip(documents, data_sets, strict=True)):
        (structure,), (data_set,) = document["data"]["structures"], document["data"]["dataSets"]
        structures.append(structure | {"dataSets": [place]})
        validity = {
            name: clock.format_timestamp(moment)
            for name, moment in (("validFrom", item.valid_from), ("validTo", item.valid_until))
            if moment is not None
        }
        written.append(data_set | {"structure": place, "action": item.action, **validity})
    combined = {"meta": documents[0]["meta"], "data": {"structures": structures, "dataSets": written}}
    return json.dumps(combined, ensure_ascii=False, separators=(",", ":")).encode()


def _combine_csv(messages: Sequence[bytes], data_sets: Sequence[DataSet], style: Style) -> bytes:
    """Return one table of SDMX-CSV 2.0 with the columns of all data sets: dimensions, then measures, then attributes.

    A column has the action of each row by its first letter. Two more, which the standard leaves to the sender, have the
    time in which the row was current, if the data sets have one.
    """
    tables = [list(csv.reader(io.StringIO(message.decode(), newline=""))) for message in messages]
    start = tables[0][0].index("ACTION") + 1
    width = 2 if style.labels == "name" else 1
    titles = _unite_titles([table[0][start:] for table in tables], data_sets, width)
    has_validity = any(item.valid_from or item.valid_until for item in data_sets)
    output = io.StringIO(newline="")
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(
        [*tables[0][0][:start], *(text for group in titles for text in group), *_VALIDITY[: 2 * has_validity]]
    )
    for (header, *rows), item in zip(tables, data_sets, strict=True):
        places = {header[place]: place for place in range(start, len(header), width)}
        moments = [
            clock.format_timestamp(moment) if moment is not None else ""
            for moment in (item.valid_from, item.valid_until)
        ]
        sources = [places.get(group[0]) for group in titles]
        for row in rows:
            parts = ([""] * width if place is None else row[place : place + width] for place in sources)
            cells = (cell for part in parts for cell in part)
            writer.writerow([*row[: start - 1], item.action[0], *cells, *moments[: 2 * has_validity]])
    return output.getvalue().encode()


def _unite_titles(headers: Sequence[list[str]], data_sets: Sequence[DataSet], width: int) -> list[list[str]]:
    """Return the titles of the columns of all components, `width` for each, in the order of the standard."""
    roles: tuple[dict[str, list[str]], ...] = ({}, {}, {})
    for header, item in zip(headers, data_sets, strict=True):
        dimensions = (*item.extract.dataflow.structure.dimension_ids, TIME_PERIOD)
        for place in range(0, len(header), width):
            title = header[place]
            component = title.partition(":")[0]
            role = 0 if component in dimensions else 1 if component == OBS_VALUE else 2
            if not any(title in columns for columns in roles):
                roles[role][title] = header[place : place + width]
    return [titles for columns in roles for titles in columns.values()]
