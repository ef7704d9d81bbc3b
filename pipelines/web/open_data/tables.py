"""Describe the tables of a release and select rows of them, in words of one language."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import polars as pl

from pipelines.core.i18n import mark
from pipelines.dissemination.notes import find_language
from pipelines.dissemination.observations import ObservationSelection, select_observations
from pipelines.dissemination.periods import parse_period
from pipelines.dissemination.release import load_structures
from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, Dataflow, Structures, choose_text
from pipelines.dissemination.writers.extract import INFINITE, Extract
from pipelines.dissemination.writers.labelled import lay_out
from pipelines.web.sdmx.errors import QueryError
from pipelines.words.language import read_in

FileType = Literal["json", "csv", "parquet"]
FILE_TYPES: Final[tuple[FileType, ...]] = ("json", "csv", "parquet")
PERIOD: Final = r"^[12][0-9]{3}(-Q[1-4]|-(0[1-9]|1[0-2]))?$"
"""A year, a quarter or a month."""
DEFAULT_LIMIT: Final = 1_000
LARGEST_LIMIT: Final = 10_000
LARGEST_OFFSET: Final = 1_000_000_000


@dataclass(frozen=True)
class RowsRequest:
    """Which rows are asked for, and how they are sent. Without a limit, all rows are."""

    table: str
    codes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    first_period: str | None = None
    last_period: str | None = None
    limit: int | None = None
    offset: int = 0
    language: str = "en"
    file_type: FileType = "json"


# ------------------------------------------------------------------------------------------------------------- requests


def read_parameters(query: str, allowed: Sequence[str]) -> dict[str, str]:
    """Return the parameters of a query string. Raises QueryError for an unknown, repeated or empty one."""
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in allowed:
            if not allowed:
                raise QueryError(400, mark("There is no parameter {name}: this address has none."), name=name)
            raise QueryError(
                400, mark("There is no parameter {name}. There are: {names}."), name=name, names=", ".join(allowed)
            )
        if name in parameters:
            raise QueryError(
                400, mark("The parameter {name} is there twice. Separate several codes by commas."), name=name
            )
        if not value:
            raise QueryError(400, mark("The parameter {name} has no value. Give it one or leave it out."), name=name)
        parameters[name] = value
    return parameters


def read_language(parameters: Mapping[str, str], languages: Sequence[str]) -> str:
    """Return the language of an answer, English if none is asked for. Raises QueryError for an unknown one."""
    language = parameters.get("language", "en")
    if language not in languages:
        raise QueryError(
            400,
            mark("There is no language {language}. There are: {names}."),
            language=language,
            names=", ".join(languages),
        )
    return language


def read_rows_request(flow: Dataflow, languages: Sequence[str], parameters: Mapping[str, str]) -> RowsRequest:
    """Return the request for rows that parameters make. Raises QueryError for a wrong value."""
    file_type = next((name for name in FILE_TYPES if name == parameters.get("format", "json")), None)
    if file_type is None:
        raise QueryError(
            400,
            mark("There is no format {format}. There are: {names}."),
            format=parameters["format"],
            names=", ".join(FILE_TYPES),
        )
    for name in ("from", "to"):
        if name in parameters and not re.fullmatch(PERIOD, parameters[name]):
            raise QueryError(
                400,
                mark("{value} is not a period. Write a year (2024), a quarter (2024-Q3) or a month (2024-05)."),
                value=f"{name}={parameters[name]}",
            )
    codes = tuple(
        (name, tuple(parameters[name].split(","))) for name in flow.structure.dimension_ids if name in parameters
    )
    limit = _read_number(parameters, "limit", 1, LARGEST_LIMIT)
    return RowsRequest(
        table=flow.id,
        codes=codes,
        first_period=parameters.get("from"),
        last_period=parameters.get("to"),
        limit=limit if limit is not None or file_type != "json" else DEFAULT_LIMIT,
        offset=_read_number(parameters, "offset", 0, LARGEST_OFFSET) or 0,
        language=read_language(parameters, languages),
        file_type=file_type,
    )


def _read_number(parameters: Mapping[str, str], name: str, lowest: int, highest: int) -> int | None:
    if name not in parameters:
        return None
    text = parameters[name]
    if not re.fullmatch(r"[0-9]{1,10}", text) or not lowest <= int(text) <= highest:
        raise QueryError(
            400,
            mark("{value} is not a whole number from {least} to {most}."),
            value=f"{name}={text}",
            least=lowest,
            most=highest,
        )
    return int(text)


def list_parameters(flow: Dataflow) -> tuple[str, ...]:
    """Return the parameters of a request for rows."""
    return (*flow.structure.dimension_ids, "from", "to", "limit", "offset", "language", "format", "release")


# -------------------------------------------------------------------------------------------------------------- answers


def list_tables(folder: Path, language: str) -> list[dict[str, Any]]:
    """Return the tables of a release: id, title and description."""
    structures = load_structures(folder)
    return [
        {
            "id": name,
            "title": choose_text(flow.names, language),
            "description": choose_text(flow.descriptions, language),
        }
        for name, flow in structures.dataflows.items()
    ]


def describe_table(folder: Path, name: str, language: str) -> dict[str, Any]:
    """Return a table of a release: its columns with their titles, and the codes that its dimensions have."""
    structures = load_structures(folder)
    flow = structures.dataflows[name]
    rows = select_observations(folder, name)
    return {
        "id": name,
        "title": choose_text(flow.names, language),
        "description": choose_text(flow.descriptions, language),
        "release": structures.edition.id,
        "rows": rows.height,
        "source": choose_text(structures.edition.citations, language),
        "columns": [_describe_column(structures, flow, rows, column, language) for column in rows.columns],
    }


def _describe_column(
    structures: Structures, flow: Dataflow, rows: pl.DataFrame, name: str, language: str
) -> dict[str, Any]:
    role = "attribute"
    if name in flow.structure.dimension_ids:
        role = "dimension"
    elif name in (TIME_PERIOD, OBS_VALUE):
        role = {TIME_PERIOD: "time", OBS_VALUE: "value"}[name]
    codes = []
    if name in flow.structure.codelists:
        codelist = flow.structure.codelists[name]
        codes = [
            {"code": str(code), "label": structures.find_label(codelist, str(code), language)}
            for code in rows[name].drop_nulls().unique().sort()
        ]
    title = choose_text(structures.concepts[name].names, language)
    return {"id": name, "title": title, "role": role, "codes": codes}


def select_extract(folder: Path, request: RowsRequest) -> tuple[Extract, int]:
    """Return the rows of a request, and how many match it without limit and offset."""
    structures = load_structures(folder)
    selection = ObservationSelection(
        dict(request.codes),
        None if request.first_period is None else parse_period(request.first_period).start.isoformat(),
        None if request.last_period is None else parse_period(request.last_period).end.isoformat(),
    )
    rows = select_observations(folder, request.table, selection)
    page = rows.slice(request.offset, request.limit)
    return Extract(structures, structures.dataflows[request.table], page), rows.height


def compose_rows(folder: Path, request: RowsRequest) -> dict[str, Any]:
    """Return rows with labels and notes, as data for JSON."""
    extract, total = select_extract(folder, request)
    with read_in(find_language(request.language)):
        rows = lay_out(extract, request.language, with_source=False).to_dicts() if extract.observations.height else []
    following = request.offset + extract.observations.height
    return {
        "table": request.table,
        "release": extract.structures.edition.id,
        "source": choose_text(extract.structures.edition.citations, request.language),
        "total": total,
        "offset": request.offset,
        "next_offset": following if extract.observations.height > 0 and following < total else None,
        "rows": [{name: _as_json(value) for name, value in row.items()} for row in rows],
    }


def _as_json(value: object) -> object:
    """Return a value as JSON has it: whole numbers without a point, an infinite one as the text INF."""
    if isinstance(value, float):
        if math.isinf(value):
            return INFINITE
        return int(value) if value.is_integer() else value
    return value
