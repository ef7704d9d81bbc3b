"""Read and write the cookies of the offices' pages: not readable by scripts, not sent with foreign forms, `__Host-`
over TLS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response


@dataclass(frozen=True, slots=True)
class Cookies:
    """How the cookies of one site are set. `is_https` is True if its public address is https.

    Over TLS a name begins with `__Host-`: a browser accepts such a cookie only from this very host, so that another
    name of the same domain cannot set it (RFC 6265bis, section 4.1.3.2).
    """

    is_https: bool = False

    def is_secure(self, connection: HTTPConnection) -> bool:
        """Return True if the browser reached the site over TLS."""
        return self.is_https or connection.url.scheme in ("https", "wss")

    def full_name(self, connection: HTTPConnection, name: str) -> str:
        """Return the name under which the browser keeps a cookie."""
        return f"__Host-{name}" if self.is_secure(connection) else name

    def read_cookie(self, connection: HTTPConnection, name: str) -> str:
        """Return the value of a cookie; empty if the browser sent none."""
        return connection.cookies.get(self.full_name(connection, name), "")

    def write_cookie(
        self, connection: HTTPConnection, response: Response, name: str, value: str, *, seconds: int
    ) -> None:
        """Let the browser keep a cookie for some seconds."""
        response.set_cookie(
            self.full_name(connection, name),
            value,
            max_age=seconds,
            path="/",
            secure=self.is_secure(connection),
            httponly=True,
            samesite="lax",
        )

    def delete_cookie(self, connection: HTTPConnection, response: Response, name: str) -> None:
        """Let the browser forget a cookie."""
        response.delete_cookie(
            self.full_name(connection, name),
            path="/",
            secure=self.is_secure(connection),
            httponly=True,
            samesite="lax",
        )
