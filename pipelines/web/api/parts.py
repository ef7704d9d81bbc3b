"""Share among the API's endpoints: the identity, the desk, the file of a request, responses that are files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic.json_schema import SkipJsonSchema

from pipelines.core import codes, i18n
from pipelines.core.i18n import tell
from pipelines.ledger.identity import Identity
from pipelines.submissions.service import Desk
from pipelines.web.api import body, models
from pipelines.web.api.problems import ProblemError
from pipelines.web.check_queue import Queue

_BEARER = HTTPBearer(auto_error=False, description="A token of an account, as the portal or `rti token` issues it.")
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": models.Problem, "description": told}
    for code, told in (
        (401, "No valid token."),
        (403, "The role is missing."),
        (404, "It does not exist, or you do not have access to it."),
        (409, "The state of the submission does not allow it."),
        (422, "The request cannot be understood."),
    )
}


def _who(
    request: Request,
    _bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
    language: Annotated[
        str | SkipJsonSchema[None],
        Query(
            description="Language of words; by default the account's.",
            json_schema_extra={"enum": list(i18n.list_languages())},
        ),
    ] = None,
) -> Identity:
    """Return the identity of the token, as `token_check.TokenFirst` verified it, with the requested language."""
    who: Identity = request.state.who
    if language is not None and language not in i18n.list_languages():
        languages = ", ".join(i18n.list_languages())
        detail = tell("There are no texts in {asked}. Available: {known}.", "en", asked=language, known=languages)
        raise ProblemError(422, detail, language=who.language)
    who = replace(who, language=language or who.language)
    request.state.language = who.language
    return who


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk()
    return desk


Who = Annotated[Identity, Depends(_who)]
TheDesk = Annotated[Desk, Depends(_desk)]


async def _file(request: Request, who: Who) -> AsyncIterator[body.ReceivedFile]:
    queue: Queue = request.app.state.queue
    n_bytes = 0

    def count_bytes(size: int) -> None:
        nonlocal n_bytes
        queue.hold_bytes(who.account, size)
        n_bytes += size

    try:
        yield await body.file_of(request, who.language, count_bytes)
    finally:
        queue.release_bytes(who.account, n_bytes)


TheFile = Annotated[body.ReceivedFile, Depends(_file)]
Id = Annotated[str, Path(description="The submission's id.", examples=["S4105b7433556dd9"])]
Revision = Annotated[
    str | SkipJsonSchema[None],
    Query(
        description="A code of revision_reason, where it replaces a return.",
        json_schema_extra={"enum": list(codes.list_codes("revision_reason"))},
    ),
]


def _queue(request: Request) -> Queue:
    queue: Queue = request.app.state.queue
    return queue


TheQueue = Annotated[Queue, Depends(_queue)]
FILE: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
