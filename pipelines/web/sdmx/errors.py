"""Write errors as SDMX messages or plain text: what is wrong with the query, and what to do, in the reader's language.

The message is translated when it is written. Codes, ids, names of parameters and HTTP statuses are the same in every
language.
"""

from __future__ import annotations

import json
from typing import Final, Literal
from xml.sax.saxutils import escape

from pipelines.core import i18n
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark

Syntax = Literal["xml", "json", "text"]
_CODES: Final = {400: 140, 404: 100, 406: 1006, 413: 130, 422: 150, 500: 500, 503: 503}
"""Codes of SDMX errors by HTTP status; codes from 1000 are our own."""
_MESSAGE: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
_COMMON: Final = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
MEDIA_TYPES: Final = {
    "xml": "application/vnd.sdmx.error+xml; version=2.1",
    "json": "application/vnd.sdmx.error+json; version=2.0.0",
    "text": "text/plain; charset=utf-8",
}


NO_COMPONENT: Final = mark("{dataflow} has no component {name}. There are: {names}.")
NO_DIMENSION: Final = mark("{dataflow} has no dimension {name}. There are: {names}.")
NOT_OFFERED: Final = mark("{value} is not offered. Choose one of: {names}.")


class QueryError(UserFacingError):
    """A query that is answered with an HTTP status of 400 or more, of this service or of the JSON API."""

    def __init__(self, status: int, text: str, /, **params: object) -> None:
        super().__init__(text, **params)
        self.status = status


def write_error(error: QueryError, syntax: Syntax, language: str = i18n.SOURCE_LANGUAGE) -> bytes:
    """Return the body of an error with its message in a language of the software."""
    code, text = _CODES[error.status], error.localize_message(language)
    if syntax == "xml":
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<mes:Error xmlns:mes="{_MESSAGE}" xmlns:com="{_COMMON}">'
            f'<mes:ErrorMessage code="{code}">'
            f'<com:Text xml:lang="{i18n.html_lang(language)}">{escape(text)}</com:Text>'
            "</mes:ErrorMessage></mes:Error>\n"
        ).encode()
    if syntax == "json":
        return (json.dumps({"errors": [{"code": code, "title": text}]}, ensure_ascii=False) + "\n").encode()
    return f"{text}\n".encode()
