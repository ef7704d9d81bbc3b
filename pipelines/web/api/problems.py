"""Answer requests that fail with problem details (RFC 9457).

What the account may not see and what does not exist have the same answer: 404, in the same words.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import gettext, mark
from pipelines.core.storage_faults import DAMAGED_REMEDY, DAMAGED_TITLE, find_fault
from pipelines.ledger.identity import NotAllowedError
from pipelines.ledger.transitions import TransitionError
from pipelines.office.templates import TemplateError
from pipelines.submissions.admission import SubmissionRefusedError
from pipelines.submissions.checking.check import UnknownFormError
from pipelines.submissions.checking.read_task import DeclarationsChangedError
from pipelines.submissions.service.rights import NotThereError
from pipelines.submissions.service.stored import DamagedFileError
from pipelines.web import fault_log
from pipelines.web.check_queue import RETRY_SECONDS, QueueFullError

MEDIA_TYPE = "application/problem+json"

_TITLES: dict[int, tuple[str, str]] = {
    400: (mark("The request is not complete"), mark("Read the description of this address and send it again.")),
    401: (mark("Who are you?"), mark("Send a valid token as `Authorization: Bearer rti_...`.")),
    403: (mark("Your role does not allow this"), mark("Ask the steward of the secretariat for the role.")),
    404: (mark("Not there"), mark("Look at the list of your submissions.")),
    405: (mark("Not possible at this address"), mark("Read the description of the API.")),
    409: (mark("Its state does not allow this"), mark("Look at the submission and do what is missing.")),
    413: (mark("The file is too big"), mark("Send at most {limit} MB; split the return by periods.")),
    415: (mark("This address does not accept this form"), mark("Send the bytes of the file, or multipart/form-data.")),
    422: (mark("The request cannot be understood"), mark("Correct what is named and send it again.")),
    429: (mark("Too many requests"), mark("Wait as many seconds as `Retry-After` says and send a right token.")),
    500: (mark("A fault of the service itself"), mark("Try again later; if it stays, report the time of the request.")),
    503: (mark("The service is busy"), mark("Try again in a minute; nothing was lost.")),
}


class ProblemError(Exception):
    """End a request with a problem. `detail` is already translated; `extra` are further members of the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        language: str = "en",
        title: str | None = None,
        remedy: str | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
        **params: object,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.language = status, detail, language
        self.title, self.remedy = title, remedy
        self.headers, self.extra, self.params = headers, extra or {}, params

    def make_response(self) -> JSONResponse:
        """Return the response."""
        title, remedy = _TITLES.get(self.status, _TITLES[500])
        remedy = gettext(remedy, self.language)
        content = {
            "type": "about:blank",
            "title": self.title or gettext(title, self.language),
            "status": self.status,
            "detail": self.detail,
            "remedy": self.remedy or (remedy.format_map(self.params) if self.params else remedy),
            **self.extra,
        }
        return JSONResponse(content, self.status, self.headers, MEDIA_TYPE)


def problem_of(error: Exception, language: str = "en") -> ProblemError:
    """Return the problem that describes an error of the desk."""
    detail = error.localize_message(language) if isinstance(error, UserFacingError) else str(error)
    if isinstance(error, NotThereError):
        return ProblemError(404, detail, language=language)
    if isinstance(error, NotAllowedError):
        return ProblemError(403, detail, language=language)
    if isinstance(error, TransitionError):
        return ProblemError(409, detail, language=language)
    if isinstance(error, SubmissionRefusedError | UnknownFormError | TemplateError):
        return ProblemError(422, detail, language=language)
    if isinstance(error, QueueFullError):
        return ProblemError(503, detail, language=language, headers={"Retry-After": str(RETRY_SECONDS)})
    if isinstance(error, DeclarationsChangedError):
        return ProblemError(503, detail, language=language, headers={"Retry-After": "60"})
    if isinstance(error, DamagedFileError):
        title, remedy = gettext(DAMAGED_TITLE, language), gettext(DAMAGED_REMEDY, language)
        reference = {"reference": fault_log.log_fault(error)}
        return ProblemError(500, detail, language=language, title=title, remedy=remedy, extra=reference)
    if (fault := find_fault(error)) is not None:
        title, detail, remedy = fault.localize_message(language)
        status, headers = (503, {"Retry-After": "300"}) if fault.is_passing else (500, None)
        words = {"language": language, "title": title, "remedy": remedy}
        return ProblemError(status, detail, headers=headers, extra={"reference": fault_log.log_fault(error)}, **words)
    # Its words may name paths of the server, or quote the file.
    sentence = gettext(mark("The request could not be carried out. What was receipted before is safe."), language)
    return ProblemError(500, sentence, language=language, extra={"reference": fault_log.log_fault(error)})


def _allowed_methods(request: Request) -> list[str]:
    """Return every method of the requested address; the router itself names those of the first route that fits."""
    from starlette.routing import Match

    methods: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches({**request.scope, "type": "http"})
        if match is not Match.NONE:
            methods |= getattr(route, "methods", None) or set()
    return sorted(methods)


def install_handlers(app: FastAPI) -> None:
    """Answer every failure of an application with a problem."""

    def answer_problem(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)
        return error.make_response()

    def answer_known_error(request: Request, error: Exception) -> JSONResponse:
        return problem_of(error, getattr(request.state, "language", "en")).make_response()

    def answer_http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        language = getattr(request.state, "language", "en")
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(_allowed_methods(request))
        return ProblemError(error.status_code, str(error.detail), language=language, headers=headers).make_response()

    def answer_invalid_request(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        language = getattr(request.state, "language", "en")
        faults = [{"where": ".".join(str(p) for p in e["loc"]), "what": str(e["msg"])} for e in error.errors()]
        detail = "; ".join(f"{fault['where']}: {fault['what']}" for fault in faults)
        return ProblemError(422, detail, language=language, extra={"faults": faults}).make_response()

    app.add_exception_handler(ProblemError, answer_problem)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(RequestValidationError, answer_invalid_request)
    for handled in (
        NotAllowedError,
        TransitionError,
        SubmissionRefusedError,
        UnknownFormError,
        TemplateError,
        DeclarationsChangedError,
        QueueFullError,
    ):
        app.add_exception_handler(handled, answer_known_error)

    def answer_unforeseen(scope: Scope, error: Exception) -> Response:
        return problem_of(error, scope.get("state", {}).get("language", "en")).make_response()

    app.add_middleware(fault_log.UnhandledErrorGuard, answer=answer_unforeseen)
