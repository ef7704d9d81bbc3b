"""Guard Streamlit's upload address: who may upload to which session, and how much.

Streamlit takes files for any session, signed in or not, even on pages without a drop area, and keeps them until the
session ends. This guard takes a file only from a signed-in person, for that person's own live session, within limits.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from pipelines.core import clock
from pipelines.core.i18n import mark
from pipelines.web.guards import refuse_request
from pipelines.web.sign_in.claims import identity_of_claims

if TYPE_CHECKING:
    import sqlalchemy as sa
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from pipelines.ledger.identity import Identity

PATH = "/_stcore/upload_file/"
METHODS = ("PUT", "DELETE")
LARGEST = 50 * 1024 * 1024
"""Bytes of one file, as documented and as `pages/upload.py` says on the page."""
_FRAME = 64 * 1024
"""Bytes of a multipart body beyond its file: boundaries, part headers, the name."""
MOST_FILES = 40
"""Files held in one session; a quarter of all forms of one territory is under 20."""
MOST_BYTES = 300 * 1024 * 1024
"""Bytes held for one person in all sessions, files on their way included; the API's queue holds as much."""
SECONDS_SILENT = 60
"""Seconds for which an upload may send nothing before it is given up and its bytes are released."""
SECONDS_SWEEP = 60

SIGN_IN = mark("Sign in before you upload a file.")
NOT_YOURS = mark("This page is no longer open. Reload the page and choose the file again.")
TOO_BIG = mark("The file is larger than {limit} MB. Split the return by periods and upload the parts.")
TOO_MUCH = mark("Too many files wait on your pages. Remove files from the list, or close other pages, and try again.")
TOO_SLOW = mark("The upload was interrupted. Choose the file again.")

Person = tuple[str, Mapping[str, Any]]
"""A signed-in account and the claims that its session must have."""


class UploadGuard:
    """Pass an upload on only from a signed-in person to his or her own live session, within limits.

    `person` returns the sender of a request by its cookie; None if nobody has signed in.
    """

    def __init__(self, app: ASGIApp, person: Callable[[Scope], Person | None], sessions: Sessions) -> None:
        self.app, self.person, self.sessions = app, person, sessions
        self._arriving: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PATH) or scope["method"] not in METHODS:
            await self.app(scope, receive, send)
            return
        from anyio import to_thread

        person = await to_thread.run_sync(self.person, scope)
        if person is None:
            await refuse_request(scope, receive, send, 401, SIGN_IN)
            return
        account, claims = person
        session = scope["path"].removeprefix(PATH).partition("/")[0]
        if not self.sessions.is_live(session, claims):
            await refuse_request(scope, receive, send, 403, NOT_YOURS)
            return
        if scope["method"] == "DELETE":
            await self.app(scope, receive, send)
            return
        size = _stated_length(scope)
        if size > LARGEST + _FRAME:
            await refuse_request(scope, receive, send, 413, TOO_BIG, limit=LARGEST // 1024 // 1024)
            return
        if self._held(account, claims) + size > MOST_BYTES:
            self.sessions.release_closed(claims)
        if self.sessions.count_files(session) >= MOST_FILES or self._held(account, claims) + size > MOST_BYTES:
            await refuse_request(scope, receive, send, 429, TOO_MUCH, seconds=SECONDS_SILENT)
            return
        await self._pass_on(scope, receive, send, account, claims)

    def _held(self, account: str, claims: Mapping[str, Any]) -> int:
        return self.sessions.bytes_of(claims) + self._arriving[account]

    async def _pass_on(
        self, scope: Scope, receive: Receive, send: Send, account: str, claims: Mapping[str, Any]
    ) -> None:
        """Pass the body on and count it as it arrives, because the length that a request states may be missing or
        wrong."""
        arrived = 0
        refusal: tuple[int, str] | None = None

        async def receive_counted() -> Message:
            nonlocal arrived, refusal
            try:
                async with asyncio.timeout(SECONDS_SILENT):
                    message = await receive()
            except TimeoutError:
                refusal = 408, TOO_SLOW
                return {"type": "http.disconnect"}
            size = len(message.get("body", b"")) if message["type"] == "http.request" else 0
            arrived += size
            self._arriving[account] += size
            if arrived > LARGEST + _FRAME:
                refusal = 413, TOO_BIG
            elif self._held(account, claims) > MOST_BYTES:
                refusal = 429, TOO_MUCH
            return {"type": "http.disconnect"} if refusal else message

        async def send_answer(message: Message) -> None:
            if refusal is None:
                await send(message)

        try:
            with suppress(_disconnect_error()):
                await self.app(scope, receive_counted, send_answer)
            if refusal is not None:
                await refuse_request(scope, receive, send, *refusal, limit=LARGEST // 1024 // 1024)
        finally:
            self._arriving[account] -= arrived
            if self._arriving[account] <= 0:
                del self._arriving[account]


def _stated_length(scope: Scope) -> int:
    """Return the length that a request states, 0 if it states none; the bytes that arrive are counted in any case."""
    stated = dict(scope["headers"]).get(b"content-length", b"")
    return int(stated) if stated.isdigit() else 0


def _disconnect_error() -> type[Exception]:
    from starlette.requests import ClientDisconnect

    return ClientDisconnect


class Sessions:
    """Streamlit's sessions and the files that they hold."""

    def is_live(self, session: str, claims: Mapping[str, Any]) -> bool:
        """Return True if a page with this session is open and was opened by the person of these claims."""
        from streamlit import runtime

        app_session = runtime.get_instance().get_app_session(session)
        return app_session is not None and _belongs_to(app_session, claims)

    def count_files(self, session: str) -> int:
        """Return how many files are held in a session."""
        return len(_stored_files().get(session, ()))

    def bytes_of(self, claims: Mapping[str, Any]) -> int:
        """Return the bytes of all files held for a person, including pages that have lost their connection."""
        return sum(
            len(file.data)
            for session, files in list(_stored_files().items())
            if (info := _session_manager().get_session_info(session)) is not None and _belongs_to(info.session, claims)
            for file in list(files.values())
        )

    def release_closed(self, claims: Mapping[str, Any]) -> None:
        """Release the files of a person's pages that are closed, or have lost their connection."""
        for session in list(_stored_files()):
            info = _session_manager().get_session_info(session)
            if info is not None and not self.is_live(session, claims) and _belongs_to(info.session, claims):
                _upload_manager().remove_session_files(session)

    def release_abandoned(self) -> int:
        """Release the files of sessions that are over; return how many sessions.

        Streamlit keeps a session that lost its connection for `server.disconnectedSessionTTL` seconds, and its files
        until another session replaces it, which on a quiet evening never happens.
        """
        over = [session for session in list(_stored_files()) if _session_manager().get_session_info(session) is None]
        for session in over:
            _upload_manager().remove_session_files(session)
        return len(over)


def release_unclaimed(present: Collection[str], seen: dict[str, float]) -> None:
    """Release the files of the running page's session that no drop area has shown for a minute.

    `present` are the files that the page shows; `seen` maps each other file to the time when it was first seen, and is
    kept by the page. A file arrives a moment before the page learns of it, so a file that was not seen before is left
    alone.
    """
    from streamlit import runtime
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    if not runtime.exists() or context is None:
        return
    session_files, now = set(_stored_files().get(context.session_id, ())), clock.read_wall_clock()
    for file in list(seen):
        if file in present or file not in session_files:
            del seen[file]
    for file in session_files.difference(present):
        if now - seen.setdefault(file, now) > SECONDS_SILENT:
            _upload_manager().remove_file(context.session_id, file)


def _belongs_to(session: Any, claims: Mapping[str, Any]) -> bool:
    """Return True if the person of these claims opened the session. Signing out clears the identity of a session."""
    owner = session._user_info
    return bool(claims.get("sub")) and all(owner.get(name) == claims.get(name) for name in ("iss", "sub"))


def _session_manager() -> Any:
    from streamlit import runtime

    return runtime.get_instance()._session_mgr


def _upload_manager() -> Any:
    from streamlit import runtime

    return runtime.get_instance().uploaded_file_mgr


def _stored_files() -> Mapping[str, Mapping[str, Any]]:
    files: Mapping[str, Mapping[str, Any]] = _upload_manager().file_storage
    return files


@asynccontextmanager
async def sweep_abandoned_files(sessions: Sessions) -> AsyncIterator[None]:
    """Release the files of ended sessions once a minute, as long as the application runs."""

    async def sweep_repeatedly() -> None:
        while True:
            await asyncio.sleep(SECONDS_SWEEP)
            sessions.release_abandoned()

    task = asyncio.create_task(sweep_repeatedly(), name="release-abandoned-uploads")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def person_of_cookie(engine: sa.Engine, issuer: str) -> Callable[[Scope], Person | None]:
    """Return a function that identifies the person of a request by Streamlit's signed cookie; it looks the account up
    each time."""

    def find_person(scope: Scope) -> Person | None:
        claims = signed_claims(scope)
        identity: Identity | None = identity_of_claims(engine, claims, issuer) if claims else None
        return (identity.account, claims) if identity is not None else None

    return find_person


def signed_claims(scope: Scope) -> dict[str, Any]:
    """Return the claims in the sign-in cookie of a request or handshake; nothing if there is none or it was altered."""
    from starlette.requests import HTTPConnection
    from streamlit.web.server.starlette import starlette_websocket as streamlit_cookies
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    connection = HTTPConnection(scope)
    raw = streamlit_cookies._get_signed_cookie_with_chunks(dict(connection.cookies), USER_COOKIE_NAME)
    if not raw:
        return {}
    # The cookie names the origin for which it was made; the browser sends an Origin with each upload.
    origin = connection.headers.get("origin", "")
    claims = streamlit_cookies._parse_decoded_user_cookie(raw, origin)
    return claims if claims.get("is_logged_in") else {}
