"""Refuse forms that another site or another session submits.

The first line is a token in every form. The second is what the browser says about the origin of the request, which a
page of another site cannot forge.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from pipelines.web.sign_in.sessions import Session

CSRF_FIELD = "csrf"
"""Name of the hidden field that holds the token."""
STALE = mark("This page was open for too long, or in another window. Go back to the offices' pages and sign in again.")


class ForeignFormError(UserFacingError):
    """A form was not submitted from a page of this session."""


def check_csrf(session: Session, submitted: str) -> None:
    """Raise ForeignFormError unless a form carries the token of the session."""
    if not compare_digest(submitted.encode(), session.csrf_token.encode()):
        raise ForeignFormError(STALE)


def check_origin(connection: HTTPConnection, address: str) -> None:
    """Raise ForeignFormError if the browser says that a form comes from elsewhere than the site at `address`.

    A client that sends neither header (an old browser) is not refused here.
    """
    site = connection.headers.get("sec-fetch-site", "same-origin")
    origin = connection.headers.get("origin")
    here = (address, f"{connection.url.scheme}://{connection.url.netloc}")
    if site not in ("same-origin", "none") or (origin is not None and origin not in here):
        raise ForeignFormError(STALE)
