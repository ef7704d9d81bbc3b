"""Issue the tickets that a sign-in form carries, so that a post from any other page is refused.

Tickets live as long as the process: after a restart, an unfinished sign-in starts again.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.web.sign_in.authorization import AuthorizationRequest

if TYPE_CHECKING:
    from starlette.requests import Request

TICKET_SECONDS = 1800
TICKET_COOKIE = "rti_sign_in"
_MOST_PENDING = 10_000


@dataclass(frozen=True, slots=True)
class PendingPassword:
    """A person who has entered a first password and must choose a new one before anything else."""

    account: str
    old: str
    request: AuthorizationRequest
    until: float


class Tickets:
    """Tickets of one service."""

    def __init__(self) -> None:
        from itsdangerous import URLSafeTimedSerializer

        self._sealed = URLSafeTimedSerializer(secrets.token_bytes(32), salt="sign-in")
        self._pending: dict[str, PendingPassword] = {}
        self._lock = threading.Lock()

    def issue_ticket(self, asked: AuthorizationRequest | None, pending: str | None, bound: str) -> str:
        """Issue a ticket for a form, bound to one browser."""
        content = {"asked": asdict(asked) if asked else None, "pending": pending, "bound": _digest(bound)}
        return str(self._sealed.dumps(content))

    def open(self, request: Request, form: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the ticket of a form, if it is ours, fresh, and was issued to this very browser."""
        from itsdangerous import BadData

        try:
            ticket: dict[str, Any] = self._sealed.loads(form.get("ticket", ""), max_age=TICKET_SECONDS)
        except BadData:
            return None
        bound = request.cookies.get(TICKET_COOKIE, "")
        return ticket if compare_digest(ticket["bound"], _digest(bound)) else None

    def find_request(self, request: Request, form: Mapping[str, str]) -> AuthorizationRequest | None:
        """Return the request for which the form was shown."""
        ticket = self.open(request, form)
        return AuthorizationRequest(**ticket["asked"]) if ticket and ticket["asked"] else None

    def store_pending(self, pending: PendingPassword) -> str:
        """Store a person who must choose a new password; return the key that the form carries."""
        key = secrets.token_urlsafe(24)
        with self._lock:
            now = clock.read_wall_clock()
            self._pending = {k: p for k, p in self._pending.items() if p.until > now}
            if len(self._pending) < _MOST_PENDING:
                self._pending[key] = pending
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


def compute_expiry() -> float:
    """Return when an entry stored now expires."""
    return clock.read_wall_clock() + TICKET_SECONDS


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
