"""Keep the sessions of people who have signed in to the offices' pages.

The browser holds a random token of 256 bits, signed with the home's cookie secret; the ledger holds its SHA-256. The
account is looked up at every request, so that a disabled account or a changed password ends a session at once. Times
are those of the system clock, because `RTI_NOW` may be frozen.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger import audit_log
from pipelines.ledger.database import open_read_transaction, open_write_transaction
from pipelines.ledger.identity import Identity
from pipelines.ledger.schema import AUDIT, WEB_SESSION
from pipelines.submissions.accounts import accounts
from pipelines.web.sign_in.cookies import Cookies

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection
    from starlette.responses import Response

    from pipelines.web.settings import WebSettings

LONGEST_HOURS = 12
"""A sign-in older than a working day must be repeated: machines are shared, and cookies are kept for weeks."""
IDLE_HOURS = 4
"""A session without a request for half a working day is over."""
SEEN_EVERY = timedelta(minutes=5)
"""Resolution of the last request: a write for every request would make readers wait for writers."""
KEPT_DAYS = 7
"""Days for which the row of a session is kept after its end or expiry; the sign-in itself is in the audit log."""
SESSION_COOKIE = "rti_session"
LONGEST_USER_AGENT = 160
_CREDENTIAL_ACTS = ("account.password", "account.reset_password", "account.link")
"""Acts after which a person must sign in again."""


@dataclass(frozen=True, slots=True)
class Session:
    """The session of a request: who has signed in, and the token that the forms of its pages carry.

    `since` is text in the format of `clock.format_timestamp()`.
    """

    session_id: str
    identity: Identity
    since: str
    csrf_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it in a list; times are text in the format of `clock.format_timestamp()`."""

    session_id: str
    account_id: str
    issuer: str
    created_at: str
    seen_at: str
    expires_at: str
    user_agent: str


class Sessions:
    """The sessions of one service.

    `provider` is the address of the identity provider's document, empty where accounts sign in with a password here.
    It is part of the key, so that a service that is given another provider accepts no earlier session.
    """

    def __init__(self, engine: sa.Engine, secret: str, *, provider: str = "", is_https: bool = False) -> None:
        from itsdangerous import Signer

        self.engine = engine
        self.cookies = Cookies(is_https)
        self._signer = Signer(secret, salt=f"session {provider}", digest_method=hashlib.sha256)
        self._csrf_key = hashlib.sha256(f"csrf {secret}".encode()).digest()

    # ------------------------------------------------------------------------------------------------------- one's own

    def find_session(self, connection: HTTPConnection) -> Session | None:
        """Return the session of a request or handshake; None without a valid cookie or if the session is over."""
        token = self._read_token(connection)
        if token is None:
            return None
        now = _wall_time()
        with open_read_transaction(self.engine) as transaction:
            row = transaction.execute(
                sa.select(WEB_SESSION).where(WEB_SESSION.c.hash == _hash(token), *_open_conditions(now))
            ).one_or_none()
            if row is None or row.signed_in_seq < _read_credential_seq(transaction, row.account_id):
                return None
            identity = accounts.select_linked(transaction, row.issuer, row.subject)
        if identity is None or identity.account != row.account_id:
            return None
        self._record_request(row, now)
        return Session(row.session_id, identity, row.created_at, self._make_csrf_token(token))

    def was_presented(self, connection: HTTPConnection) -> bool:
        """Return True if the browser sent a token of ours, even if its session is over."""
        return self._read_token(connection) is not None

    def begin_session(
        self,
        connection: HTTPConnection,
        account_id: str,
        *,
        issuer: str,
        subject: str,
        seq: int | None = None,
        since: float | None = None,
    ) -> str:
        """Begin a session and return the value of its cookie. A session that the browser presents is ended.

        `seq` is the audit entry of the sign-in: the session is over once the account's password is changed after it,
        even before the session begins. The default is the newest entry. `since` is when the person signed in at the
        provider, in seconds since 1970; the default is now.
        """
        now = _wall_time()
        begun = now if since is None else min(now, datetime.fromtimestamp(since, UTC))
        token, presented = secrets.token_urlsafe(32), self._read_token(connection)
        with open_write_transaction(self.engine) as transaction:
            if presented is not None:
                _end(transaction, now, WEB_SESSION.c.hash == _hash(presented))
            _purge(transaction, now)
            transaction.execute(
                sa.insert(WEB_SESSION).values(
                    session_id=secrets.token_hex(8),
                    hash=_hash(token),
                    account_id=account_id,
                    issuer=issuer,
                    subject=subject,
                    signed_in_seq=audit_log.read_head(transaction)[0] if seq is None else seq,
                    created_at=clock.format_timestamp(now),
                    seen_at=clock.format_timestamp(now),
                    expires_at=clock.format_timestamp(begun + timedelta(hours=LONGEST_HOURS)),
                    user_agent=_shorten_user_agent(connection.headers.get("user-agent", "")),
                )
            )
        return self._signer.sign(token).decode("ascii")

    def end_session(self, connection: HTTPConnection) -> None:
        """End the session that the browser presents, if there is one."""
        token = self._read_token(connection)
        if token is not None:
            with open_write_transaction(self.engine) as transaction:
                _end(transaction, _wall_time(), WEB_SESSION.c.hash == _hash(token))

    def write_cookie(self, connection: HTTPConnection, response: Response, value: str) -> None:
        """Give the browser the cookie of a session that `begin_session` has begun."""
        self.cookies.write_cookie(connection, response, SESSION_COOKIE, value, seconds=LONGEST_HOURS * 3600)

    def delete_cookie(self, connection: HTTPConnection, response: Response) -> None:
        """Let the browser forget its session."""
        self.cookies.delete_cookie(connection, response, SESSION_COOKIE)

    # ------------------------------------------------------------------------------------------------ all of an account

    def list_sessions(self, account_id: str) -> list[OpenSession]:
        """Return the open sessions of an account, the newest first."""
        names = list(OpenSession.__dataclass_fields__)
        with open_read_transaction(self.engine) as transaction:
            rows = transaction.execute(
                sa.select(WEB_SESSION)
                .where(
                    WEB_SESSION.c.account_id == account_id,
                    WEB_SESSION.c.signed_in_seq >= _read_credential_seq(transaction, account_id),
                    *_open_conditions(_wall_time()),
                )
                .order_by(WEB_SESSION.c.created_at.desc(), WEB_SESSION.c.session_id)
            ).all()
        return [OpenSession(**{name: getattr(row, name) for name in names}) for row in rows]

    def revoke_session(self, account_id: str, session_id: str) -> bool:
        """End one session of an account by its owner's choice; return False if the account has no such open session."""
        return bool(self._revoke(account_id, WEB_SESSION.c.session_id == session_id))

    def revoke_others(self, session: Session) -> int:
        """End all other sessions of the account of a session; return how many were open."""
        return self._revoke(session.identity.account, WEB_SESSION.c.session_id != session.session_id)

    def revoke_all(self, account_id: str, *, by: str) -> int:
        """End all sessions of an account by a steward's choice; return how many were open. Raises NotAllowedError."""
        return self._revoke(account_id, by=by)

    # --------------------------------------------------------------------------------------------------------- helpers

    def _read_token(self, connection: HTTPConnection) -> str | None:
        """Return the token of the cookie, or None if it is missing or its signature is not ours."""
        from itsdangerous import BadSignature

        try:
            return self._signer.unsign(self.cookies.read_cookie(connection, SESSION_COOKIE)).decode("ascii")
        except (BadSignature, UnicodeError):
            return None

    def _make_csrf_token(self, token: str) -> str:
        return hmac.new(self._csrf_key, token.encode(), hashlib.sha256).hexdigest()

    def _record_request(self, row: sa.Row[Any], now: datetime) -> None:
        if now - clock.parse_time(row.seen_at) < SEEN_EVERY:
            return
        with open_write_transaction(self.engine) as transaction:
            transaction.execute(
                sa.update(WEB_SESSION)
                .where(WEB_SESSION.c.session_id == row.session_id)
                .values(seen_at=clock.format_timestamp(now))
            )

    def _revoke(self, account_id: str, *conditions: sa.ColumnElement[bool], by: str | None = None) -> int:
        """End open sessions of an account, by its owner's choice (`by` is None) or that of a steward."""
        now = _wall_time()
        with open_write_transaction(self.engine) as transaction:
            if by is not None:
                accounts.require_changeable(transaction, account_id, by)
            ended = _end(transaction, now, WEB_SESSION.c.account_id == account_id, *_open_conditions(now), *conditions)
            if ended:
                accounts.record_change(
                    transaction, by or account_id, "end_sessions", [account_id], sessions=sorted(ended)
                )
        return len(ended)


def open_sessions(engine: sa.Engine, settings: WebSettings) -> Sessions:
    """Return the sessions of a service with these settings."""
    provider = settings.provider.metadata_url if settings.provider else ""
    return Sessions(engine, settings.cookie_secret, provider=provider, is_https=settings.site.is_https)


def _wall_time() -> datetime:
    return datetime.fromtimestamp(clock.read_wall_clock(), UTC)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _open_conditions(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of a session that was not ended and has not expired, whatever became of its account."""
    return (
        WEB_SESSION.c.ended_at.is_(None),
        WEB_SESSION.c.expires_at > clock.format_timestamp(now),
        WEB_SESSION.c.seen_at > clock.format_timestamp(now - timedelta(hours=IDLE_HOURS)),
    )


def _end(transaction: sa.Connection, now: datetime, *conditions: sa.ColumnElement[bool]) -> list[str]:
    """End the sessions that meet the conditions and were not ended before; return their ids."""
    open_rows = sa.select(WEB_SESSION.c.session_id).where(WEB_SESSION.c.ended_at.is_(None), *conditions)
    ids = list(transaction.execute(open_rows).scalars())
    transaction.execute(
        sa.update(WEB_SESSION).where(WEB_SESSION.c.session_id.in_(ids)).values(ended_at=clock.format_timestamp(now))
    )
    return ids


def _purge(transaction: sa.Connection, now: datetime) -> int:
    oldest = clock.format_timestamp(now - timedelta(days=KEPT_DAYS))
    old = sa.or_(WEB_SESSION.c.expires_at < oldest, WEB_SESSION.c.ended_at < oldest)
    return transaction.execute(sa.delete(WEB_SESSION).where(old)).rowcount


def _read_credential_seq(transaction: sa.Connection, account_id: str) -> int:
    """Return the audit entry of the last change of an account's credentials, 0 if there was none.

    A number is compared and not a time: entries have the time of `RTI_NOW`, sessions that of the system clock.
    """
    query = sa.select(sa.func.max(AUDIT.c.seq)).where(
        AUDIT.c.subject == account_id, AUDIT.c.action.in_(_CREDENTIAL_ACTS)
    )
    return transaction.execute(query).scalar_one_or_none() or 0


def _shorten_user_agent(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:LONGEST_USER_AGENT]
