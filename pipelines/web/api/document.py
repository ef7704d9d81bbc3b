"""Describe the API (OpenAPI): FastAPI's description, extended with what FastAPI does not know of this service.

That is: errors are problem details, whatever the successful answer is; every operation may be answered with the
statuses of `EVERYWHERE`; and the forms are the ones declared today.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from pipelines.web.api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from fastapi import FastAPI

    from pipelines.submissions.service import Desk

EVERYWHERE: Mapping[int, str] = {
    400: "The request cannot be read, or something is missing.",
    413: "The request is too large.",
    429: "Too many requests. `Retry-After` says when to come again.",
    500: "A fault of the service itself. `reference` names its entry in the log.",
    503: "The service is busy. `Retry-After` says when to come again.",
}
"""Statuses with which any operation may be answered, as a problem."""
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_METHODS = ("get", "put", "post", "delete", "patch")


def describe_api(app: FastAPI, desk: Desk) -> dict[str, Any]:
    """Return the OpenAPI document of the application, for the forms that the desk's registry declares."""
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, servers=app.servers
        )
    document = copy.deepcopy(app.openapi_schema)
    for operation in _operations(document):
        _document_problems(operation["responses"])
    _name_forms(document, sorted(desk.registry.forms))
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from (operation for method, operation in methods.items() if method in _METHODS)


def _document_problems(responses: dict[str, Any]) -> None:
    """Give each error its media type, and add the errors that every operation has."""
    for code, description in EVERYWHERE.items():
        responses.setdefault(str(code), {"description": description})
    for status, response in responses.items():
        if status >= "400":
            schemas = [body["schema"] for body in response.get("content", {}).values() if "schema" in body]
            response["content"] = {MEDIA_TYPE: {"schema": schemas[0] if schemas else _PROBLEM}}


def _name_forms(document: dict[str, Any], forms: list[str]) -> None:
    """List the declared forms wherever a request names one."""
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == "form":
                parameter["schema"]["enum"] = forms
    document["components"]["schemas"]["NilRequest"]["properties"]["form"]["enum"] = forms
