"""Describe the JSON API (OpenAPI 3.1) for the tables of a release: each table has its own parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pipelines import __version__
from pipelines.dissemination.structures import Dataflow, Structures, choose_text
from pipelines.dissemination.writers import tabular
from pipelines.web.open_data.tables import DEFAULT_LIMIT, LARGEST_LIMIT, LARGEST_OFFSET, PERIOD

_DESCRIPTION: Final = (
    "Tables of the published figures, with labels and notes. A table has rows; a row has codes, their labels, a "
    "period, a value and attributes that say how the value came about. A value that is withheld or missing is null, "
    "and OBS_STATUS and CONF_STATUS say why.\n\n"
    f"A request for rows as JSON returns at most {LARGEST_LIMIT:,} rows; next_offset leads to the next ones. CSV and "
    "Parquet have no limit."
)


def _refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(description: str, members: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    return {"type": "object", "description": description, "properties": dict(members), "required": list(members)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT: Final[dict[str, Any]] = {"type": "string"}
_COUNT: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}
_SUMMARY: Final[Mapping[str, dict[str, Any]]] = {
    "id": _TEXT | {"description": "Name of the table in addresses."},
    "title": _TEXT,
    "description": _TEXT,
}
_SCHEMAS: Final[dict[str, Any]] = {
    "Table": _object("A table of figures.", _SUMMARY),
    "Tables": _object(
        "The tables of a release.", {"release": _TEXT, "source": _TEXT, "tables": _list(_refer("Table"))}
    ),
    "Code": _object("A code and its label.", {"code": _TEXT, "label": _TEXT}),
    "Column": _object(
        "A column of a table.",
        {
            "id": _TEXT,
            "title": _TEXT,
            "role": {"type": "string", "enum": ["dimension", "time", "value", "attribute"]},
            "codes": _list(_refer("Code")) | {"description": "Codes of the column; none if it is not coded."},
        },
    ),
    "TableDescription": _object(
        "A table with its columns.",
        {**_SUMMARY, "release": _TEXT, "source": _TEXT, "rows": _COUNT, "columns": _list(_refer("Column"))},
    ),
    "Rows": _object(
        "Rows of a table.",
        {
            "table": _TEXT,
            "release": _TEXT,
            "source": _TEXT | {"description": "How to cite the release."},
            "total": _COUNT | {"description": "Rows that match, on all pages."},
            "offset": _COUNT,
            "next_offset": {"type": ["integer", "null"], "description": "Offset of the next page; null on the last."},
            "rows": _list({"type": "object"}) | {"description": "Values by the ids of columns, with labels and notes."},
        },
    ),
    "Releases": _object(
        "The published releases, oldest first.",
        {"releases": _list(_object("A release.", {"id": _TEXT, "published_at": _TEXT, "until": {
            "type": ["string", "null"]}}))},
    ),
    "Error": _object("What is wrong with a request, and what to do.", {"error": _TEXT}),
}  # fmt: skip
_JSON: Final = "application/json"


def describe_api(structures: Structures, base: str) -> dict[str, Any]:
    """Return the OpenAPI document; addresses are below `base`."""
    common = [_language(structures.languages), _RELEASE]
    paths: dict[str, Any] = {
        "/releases": _operation("list_releases", "The published releases.", [], {_JSON: _refer("Releases")}),
        "/tables": _operation("list_tables", "The tables of a release.", common, {_JSON: _refer("Tables")}),
    }
    for name, flow in structures.dataflows.items():
        title = choose_text(flow.names, "en")
        paths[f"/tables/{name}"] = _operation(
            f"describe_{name}", f"{title}: columns and codes.", common, {_JSON: _refer("TableDescription")}
        )
        paths[f"/tables/{name}/rows"] = _operation(
            f"read_{name}",
            f"{title}: rows.",
            [*_list_filters(flow, structures), *_PAGING, *common],
            {
                _JSON: _refer("Rows"),
                tabular.MEDIA_TYPES["csv"].partition(";")[0]: _TEXT,
                tabular.MEDIA_TYPES["parquet"]: {"type": "string", "format": "binary"},
            },
        )
    return {
        "openapi": "3.1.0",
        "info": {"title": "Regional trafficking indicators: open data", "version": __version__,
                 "description": _DESCRIPTION},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS},
    }  # fmt: skip


def _operation(
    name: str, summary: str, parameters: Iterable[dict[str, Any]], contents: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    error = {_JSON: {"schema": _refer("Error")}}
    answers = {
        "200": {
            "description": "The answer.",
            "content": {media_type: {"schema": schema} for media_type, schema in contents.items()},
        },
        "304": {"description": "The client has the answer already."},
        "400": {"description": "A parameter is wrong.", "content": error},
        "404": {"description": "There is no such table or release.", "content": error},
        "405": {"description": "Only GET, HEAD and OPTIONS are accepted.", "content": error},
        "503": {"description": "The data are not available at the moment.", "content": error},
    }
    return {"get": {"operationId": name, "summary": summary, "parameters": list(parameters), "responses": answers}}


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _language(languages: Sequence[str]) -> dict[str, Any]:
    return _parameter("language", "Language of titles, labels and notes.", _TEXT | {"enum": list(languages)})


_RELEASE: Final = _parameter(
    "release", "A release, such as 2026-Q3; otherwise the current one.", _TEXT | {"minLength": 1, "maxLength": 20}
)
_PAGING: Final = (
    _parameter("from", "First period: a year (2024), a quarter (2024-Q3) or a month.", _TEXT | {"pattern": PERIOD}),
    _parameter("to", "Last period.", _TEXT | {"pattern": PERIOD}),
    _parameter(
        "limit",
        f"Most rows. JSON has {DEFAULT_LIMIT:,} if it is not given; CSV and Parquet have all.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT},
    ),
    _parameter("offset", "Rows to skip.", {"type": "integer", "minimum": 0, "maximum": LARGEST_OFFSET}),
    _parameter("format", "Format of the rows.", _TEXT | {"enum": ["json", "csv", "parquet"]}),
)


def _list_filters(flow: Dataflow, structures: Structures) -> Iterable[dict[str, Any]]:
    for name in flow.structure.dimension_ids:
        title = choose_text(structures.concepts[name].names, "en")
        yield _parameter(name, f"{title}: codes, separated by commas.", _TEXT | {"minLength": 1})
