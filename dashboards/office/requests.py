"""Read requests: who makes them, and what a submitted form holds.

A form is read only after its sender is known and only in memory: nothing of it is written to a temporary file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile

from dashboards.office.context import PageContext
from dashboards.office.services import get_services
from pipelines.core import i18n
from pipelines.ledger.identity import Identity
from pipelines.web.sign_in.addresses import FIRST_PAGE, sign_in_address
from pipelines.web.sign_in.csrf import CSRF_FIELD, check_csrf, check_origin

MOST_FIELDS = 200
LONGEST_FIELD = 256 * 1024
"""Bytes of one field of a form; an explanation in words has at most a few thousand."""


class NotSignedInError(Exception):
    """Nobody has signed in, or the sign-in has expired; `address` leads to the sign-in and back."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


def enter_page(request: Request) -> PageContext:
    """Return the context of a request. Raises NotSignedInError."""
    services = get_services(request)
    session = services.sessions.find_session(request)
    if session is None:
        raise NotSignedInError(_sign_in_address(request))
    who = session.identity
    language = who.language if who.language in i18n.list_languages() else i18n.SOURCE_LANGUAGE
    return PageContext(services.desk, who, language, request, session)


def _sign_in_address(request: Request) -> str:
    """Return the address of the sign-in, from which people return to the page that they asked for."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return sign_in_address(path if request.method == "GET" else FIRST_PAGE)


Page = Annotated[PageContext, Depends(enter_page)]
"""The context of a page that is shown."""


@dataclass(frozen=True)
class SubmittedForm:
    """A form submitted by the person of `context`, from a page of this person's session."""

    context: PageContext
    fields: FormData

    def read_text(self, name: str) -> str:
        """Return a field without blanks at its ends; empty if it is missing."""
        value = self.fields.get(name)
        return value.strip() if isinstance(value, str) else ""

    def read_texts(self, name: str) -> list[str]:
        """Return all values of a field."""
        return [value for value in self.fields.getlist(name) if isinstance(value, str)]

    def read_choice(self, name: str, options: list[str] | tuple[str, ...]) -> str | None:
        """Return a field if it is one of these options, else None."""
        value = self.read_text(name)
        return value if value in options else None

    def has_field(self, name: str) -> bool:
        """Return True if a checkbox or button of this name was used."""
        return name in self.fields

    def list_files(self, name: str) -> list[UploadFile]:
        """Return the files of a field; browsers send a nameless empty one if none was chosen."""
        return [value for value in self.fields.getlist(name) if isinstance(value, UploadFile) and value.filename]


async def enter_form(request: Request, context: Page) -> SubmittedForm:
    """Return a submitted form. Raises NotSignedInError, CsrfError."""
    check_origin(request)
    fields = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD)
    check_form(context, fields)
    return SubmittedForm(context, fields)


def check_form(context: PageContext, fields: FormData) -> None:
    """Raise CsrfError unless a form comes from this site and carries the token of the person's session."""
    token = fields.get(CSRF_FIELD)
    check_csrf(context.session, context.request, token if isinstance(token, str) else "")


Form = Annotated[SubmittedForm, Depends(enter_form)]
"""A form that was submitted on one of the pages."""


class NoRoleError(Exception):
    """The person has none of the roles that use a page."""


def require_role(is_offered: Callable[[Identity], bool]) -> Callable[[PageContext], None]:
    """Return a dependency that refuses people to whom a page is not offered. It raises NoRoleError."""

    def check_role(context: Page) -> None:
        if not is_offered(context.who):
            raise NoRoleError

    return check_role
