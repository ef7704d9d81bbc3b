"""Write errors as SDMX messages or plain text: what is wrong with the query, and what to do."""

from __future__ import annotations

import json
from typing import Final, Literal
from xml.sax.saxutils import escape

Syntax = Literal["xml", "json", "text"]
_CODES: Final = {400: 140, 404: 100, 406: 1006, 413: 130, 422: 150, 500: 500, 501: 501, 503: 503}
"""Codes of SDMX errors by HTTP status; codes from 1000 are our own."""
_MESSAGE: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
_COMMON: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
MEDIA_TYPES: Final = {
    "xml": "application/vnd.sdmx.error+xml; version=2.1",
    "json": "application/vnd.sdmx.error+json; version=2.0.0",
    "text": "text/plain; charset=utf-8",
}


class QueryError(Exception):
    """A query that is answered with an HTTP status of 400 or more."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


def write_error(error: QueryError, syntax: Syntax) -> bytes:
    """Return the body of an error."""
    code = _CODES[error.status]
    if syntax == "xml":
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:Error xmlns:mes="{_MESSAGE}" xmlns:com="{_COMMON}">'
            f'<mes:ErrorMessage code="{code}"><com:Text xml:lang="en">{escape(error.text)}</com:Text>'
            "</mes:ErrorMessage></mes:Error>\n"
        ).encode()
    if syntax == "json":
        return (json.dumps({"errors": [{"code": code, "title": error.text}]}, ensure_ascii=False) + "\n").encode()
    return f"{error.text}\n".encode()
