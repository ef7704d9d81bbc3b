"""Refuse forms that another site or another session submits.

The first line is a token in every form. The second is what the browser says about the origin of the request, which a
page of another site cannot forge.
"""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from pipelines.web.sign_in.sessions import Session

CSRF_FIELD = "csrf"
"""Name of the hidden field that holds the token."""


class CsrfError(Exception):
    """A form was not submitted from a page of this session, or not from this site at all."""


def check_csrf(session: Session, connection: HTTPConnection, submitted: str) -> None:
    """Raise CsrfError unless a form comes from this site and carries the token of the session."""
    check_origin(connection)
    if not compare_digest(submitted.encode("utf-8", "replace"), session.csrf_token.encode()):
        raise CsrfError("the token of the form is not that of the session")


def check_origin(connection: HTTPConnection) -> None:
    """Raise CsrfError if the browser says that a form comes from another site.

    A client that sends neither header (an old browser, a program) is not refused here. The header `Host`, with which
    `Origin` is compared, was checked before (`security_headers.py`). A proxy may take TLS off without saying so, so
    that an https origin is accepted for a request that arrives by http, but not the reverse.
    """
    if connection.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise CsrfError("the browser says that the form comes from another site")
    host = connection.url.netloc
    origin = connection.headers.get("origin")
    if origin is not None and origin not in (f"https://{host}", f"{connection.url.scheme}://{host}"):
        raise CsrfError("the origin of the form is another site")
