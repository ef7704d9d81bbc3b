"""Issue the tickets that a form before the sign-in carries, so that a post from any other page is refused.

Tickets are signed with the secret of the home, so that a form may come from another process of the service, or from
before a restart. Only a first password that must be changed waits in the memory of the process that has compared it.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING

from pipelines.core import clock

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipelines.web.sign_in.cookies import Cookies

TICKET_SECONDS = 1800
TICKET_COOKIE = "rti_sign_in"
TICKET_FIELD = "ticket"
_MOST_PENDING = 10_000


@dataclass(frozen=True, slots=True)
class Ticket:
    """Content of a ticket: the page to show after the sign-in, and the key of a password that must be changed."""

    next_path: str
    pending: str | None = None


@dataclass(frozen=True, slots=True)
class PendingPassword:
    """A person who has entered a first password and must choose a new one before anything else."""

    account: str
    old: str
    until: float


class Tickets:
    """Tickets of one service; `secret` is that of the home, which signs its cookies."""

    def __init__(self, cookies: Cookies, secret: str) -> None:
        from itsdangerous import URLSafeTimedSerializer

        self._cookies = cookies
        self._serializer = URLSafeTimedSerializer(secret, salt="sign-in-ticket")
        self._pending: dict[str, PendingPassword] = {}
        self._lock = threading.Lock()

    def choose_binding(self, request: Request) -> str:
        """Return the random text that binds tickets to a browser: the one that it has, or a new one."""
        return self._cookies.read_cookie(request, TICKET_COOKIE) or secrets.token_urlsafe(24)

    def issue_ticket(self, ticket: Ticket, binding: str) -> str:
        """Issue a ticket for a form, bound to one browser."""
        return str(self._serializer.dumps([ticket.next_path, ticket.pending, _digest(binding)]))

    def open_ticket(self, request: Request, form: Mapping[str, str]) -> Ticket | None:
        """Return the ticket of a form, if it is ours, fresh, and was issued to this very browser."""
        from itsdangerous import BadData

        try:
            next_path, pending, bound = self._serializer.loads(form.get(TICKET_FIELD, ""), max_age=TICKET_SECONDS)
        except BadData:
            return None
        binding = self._cookies.read_cookie(request, TICKET_COOKIE)
        return Ticket(next_path, pending) if compare_digest(bound, _digest(binding)) else None

    def write_cookie(self, request: Request, response: Response, binding: str) -> None:
        """Give the browser the text to which its tickets are bound."""
        self._cookies.write_cookie(request, response, TICKET_COOKIE, binding, seconds=TICKET_SECONDS)

    def delete_cookie(self, request: Request, response: Response) -> None:
        """Let the browser forget the text, so that its earlier tickets are void."""
        self._cookies.delete_cookie(request, response, TICKET_COOKIE)

    def store_pending(self, account: str, old: str) -> str:
        """Store a person who must choose a new password; return the key that the form carries."""
        key, now = secrets.token_urlsafe(24), clock.read_wall_clock()
        with self._lock:
            self._pending = {k: p for k, p in self._pending.items() if p.until > now}
            if len(self._pending) < _MOST_PENDING:
                self._pending[key] = PendingPassword(account, old, now + TICKET_SECONDS)
        return key

    def find_pending(self, key: str | None) -> PendingPassword | None:
        """Return the person stored under a key, until it expires."""
        with self._lock:
            entry = self._pending.get(key or "")
        return entry if entry is not None and entry.until > clock.read_wall_clock() else None

    def forget_pending(self, key: str) -> None:
        """Remove the person after the password is changed."""
        with self._lock:
            self._pending.pop(key, None)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
