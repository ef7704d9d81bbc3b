"""Serve the sign-in of the offices' pages: with a password of the ledger, or with an OpenID Connect provider.

Every failed sign-in has the same answer, whether the account exists or not; so has every one that is attempted too
soon (`pipelines/submissions/accounts/throttle.py`). `rendering.py` renders the pages.
"""

from __future__ import annotations

import logging
from asyncio import sleep
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pipelines.core.i18n import tell
from pipelines.ledger.identity import NotAllowedError
from pipelines.submissions.accounts import password_sign_in
from pipelines.submissions.accounts.accounts import LOCAL
from pipelines.submissions.accounts.passwords import PasswordError
from pipelines.submissions.accounts.throttle import Attempt, Origin, Throttle, ThrottledError
from pipelines.web.guards import client_network
from pipelines.web.sign_in import addresses, demonstration
from pipelines.web.sign_in.addresses import FIRST_PAGE, local_path
from pipelines.web.sign_in.claims import sign_in_with_claims, time_of_sign_in
from pipelines.web.sign_in.csrf import CSRF_FIELD, CsrfError, check_csrf, check_origin
from pipelines.web.sign_in.devices import Devices
from pipelines.web.sign_in.language import language_of
from pipelines.web.sign_in.openid_connect import STATE_COOKIE, STATE_SECONDS, ProviderError, StaleStateError
from pipelines.web.sign_in.rendering import SignInPages
from pipelines.web.sign_in.tickets import Ticket, Tickets

if TYPE_CHECKING:
    import sqlalchemy as sa
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from pipelines.core.home import Home
    from pipelines.web.settings import WebSettings
    from pipelines.web.sign_in.openid_connect import OpenIdConnect
    from pipelines.web.sign_in.sessions import Sessions

MOST_BYTES = 64 * 1024
"""Bytes of a form; its longest field is the ticket, of a few thousand."""
_LOG = logging.getLogger("rti.portal")


def create_sign_in(
    engine: sa.Engine, settings: WebSettings, home: Home, sessions: Sessions, asset: Callable[[str], str]
) -> list[Route]:
    """Return the routes of the sign-in of a home; `asset` returns the address of a style sheet.

    Accounts of a demonstration home get their password here, unless a provider identifies people.
    """
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from pipelines.web.request_limits import BodyLimit
    from pipelines.web.sign_in.openid_connect import OpenIdConnect

    is_demonstration = home.kind == "demonstration"
    provider = OpenIdConnect(settings) if settings.provider is not None else None
    pages = SignInRoutes(engine, sessions, settings.cookie_secret, provider, asset, is_demonstration=is_demonstration)
    # The person is not signed in yet.
    limited = [Middleware(BodyLimit, limit=MOST_BYTES, refusal=PlainTextResponse("The form is too big.", 413))]
    routes = [
        Route(addresses.SIGN_IN, pages.show_sign_in, methods=["GET"]),
        Route(addresses.SIGN_OUT, pages.sign_out, methods=["POST"], middleware=limited),
    ]
    if provider is not None:
        return [
            *routes,
            Route(addresses.SIGN_IN, pages.go_to_provider, methods=["POST"], middleware=limited),
            Route(addresses.CALLBACK, pages.return_from_provider, methods=["GET"]),
        ]
    demonstration.give_passwords(home, engine)
    return [
        *routes,
        Route(addresses.SIGN_IN, pages.sign_in, methods=["POST"], middleware=limited),
        Route(addresses.PASSWORD, pages.show_password_form, methods=["GET"]),
        Route(addresses.PASSWORD, pages.change_password, methods=["POST"], middleware=limited),
    ]


class SignInRoutes:
    """The pages of one service."""

    def __init__(
        self,
        engine: sa.Engine,
        sessions: Sessions,
        secret: str,
        provider: OpenIdConnect | None,
        asset: Callable[[str], str],
        *,
        is_demonstration: bool,
    ) -> None:
        self.engine = engine
        self.sessions = sessions
        self.cookies = sessions.cookies
        self.provider = provider
        self.tickets = Tickets(self.cookies, secret)
        self.pages = SignInPages(
            self.tickets, self.cookies, asset, has_provider=provider is not None, is_demonstration=is_demonstration
        )
        self.throttle = Throttle()
        self.devices = Devices(secret, self.cookies)

    # ------------------------------------------------------------------------------------------------------- passwords

    async def show_sign_in(self, request: Request) -> Response:
        """Serve `GET /sign-in`: the form, or the page that was asked for if somebody has signed in already."""
        next_path = local_path(request.query_params.get("next", ""))
        if await in_thread(self.sessions.find_session, request) is not None:
            return _redirect(next_path)
        return self.pages.render_sign_in(request, next_path, has_ended=self.sessions.was_presented(request))

    async def sign_in(self, request: Request) -> Response:
        """Serve `POST /sign-in`: process the submitted form."""
        form, ticket = await self._read_form(request)
        if ticket is None:
            return self.pages.render_stale(request)
        language = language_of(request)
        name = form.get("account", "").strip().lower()
        again = partial(self.pages.render_sign_in, request, ticket.next_path, account=name)
        try:
            attempt = await self._admit(request, name)
        except ThrottledError as error:
            return _wait(again(fault=_too_many(error, language)), error)
        outcome = await in_thread(password_sign_in.sign_in, self.engine, name, form.get("password", ""))
        if outcome.outcome != "wrong":
            self.throttle.forgive_attempt(attempt)
        if outcome.outcome == "ok":
            return await self._enter(request, name, outcome.seq, ticket.next_path)
        if outcome.outcome == "must_change":
            pending = self.tickets.store_pending(name, form["password"])
            return self.pages.render_password(request, Ticket(ticket.next_path, pending), name)
        return again(fault=_wrong_sign_in_message(language), status=401)

    async def show_password_form(self, request: Request) -> Response:
        """Serve `GET /password`: the form for changing a password."""
        session = await in_thread(self.sessions.find_session, request)
        return self.pages.render_password(request, Ticket(FIRST_PAGE), session.identity.account if session else "")

    async def change_password(self, request: Request) -> Response:
        """Serve `POST /password`: set a new password, by choice or because it is required."""
        form, ticket = await self._read_form(request)
        pending = self.tickets.find_pending(ticket.pending) if ticket is not None else None
        if ticket is None or (ticket.pending and pending is None):
            return self.pages.render_stale(request)
        language = language_of(request)
        name = pending.account if pending else form.get("account", "").strip().lower()
        again = partial(self.pages.render_password, request, ticket, name, status=400)
        if form.get("new", "") != form.get("again", ""):
            return again(fault=tell("The two new passwords do not match.", language), field="again")
        old = pending.old if pending else form.get("old", "")
        try:
            # With a ticket, the present password was verified and counted a moment ago.
            attempt = None if pending else await self._admit(request, name)
        except ThrottledError as error:
            return _wait(again(fault=_too_many(error, language)), error)
        # A person who changes the password by choice stays signed in; every other session of the account is over.
        session = await in_thread(self.sessions.find_session, request)
        try:
            seq = await in_thread(password_sign_in.change_password, self.engine, name, old, form.get("new", ""))
        except (PasswordError, NotAllowedError) as error:
            is_new_refused = isinstance(error, PasswordError)
            if attempt is not None and is_new_refused:
                self.throttle.forgive_attempt(attempt)
            return again(fault=error.localize_message(language), field="new" if is_new_refused else "old")
        if attempt is not None:
            self.throttle.forgive_attempt(attempt)
        if pending is not None:
            self.tickets.forget_pending(str(ticket.pending))
            return await self._enter(request, name, seq, ticket.next_path)
        title = tell("A new password", language)
        page = self.pages.render_message(request, title=title, message=tell("Your password is changed.", language))
        self.devices.remember_browser(request, page, name)
        if session is not None and session.identity.account == name:
            await self._begin_session(request, page, name, seq)
        return page

    # -------------------------------------------------------------------------------------------------------- provider

    async def go_to_provider(self, request: Request) -> Response:
        """Serve `POST /sign-in` where a provider identifies people: lead the browser to it."""
        _, ticket = await self._read_form(request)
        if ticket is None:
            return self.pages.render_stale(request)
        assert self.provider is not None
        try:
            address, state = await self.provider.begin_sign_in(ticket.next_path)
        except ProviderError as error:
            return self.pages.render_provider_fault(request, error, 503)
        response = self.pages.render_way_out(request, tell("Sign in", language_of(request)), address)
        self.cookies.write_cookie(request, response, STATE_COOKIE, state, seconds=STATE_SECONDS)
        return response

    async def return_from_provider(self, request: Request) -> Response:
        """Serve `GET /oauth2callback`: the person returns from signing in at the provider, or from signing out."""
        assert self.provider is not None
        answer = dict(request.query_params)
        if not answer.keys() & {"code", "error"}:
            return _redirect(addresses.SIGN_IN)
        try:
            pending = self.provider.read_pending(self.cookies.read_cookie(request, STATE_COOKIE), answer)
            claims = await self.provider.fetch_claims(pending, answer)
        except StaleStateError:
            response = self.pages.render_stale(request)
        except ProviderError as error:
            response = self.pages.render_provider_fault(request, error, 400)
        else:
            accepted = await in_thread(sign_in_with_claims, self.engine, claims)
            if accepted is None:
                response = self.pages.render_unknown_person(request, claims)
            else:
                response = _redirect(local_path(pending.next_path))
                identity, seq = accepted
                await self._begin_session(request, response, identity.account, seq, claims)
        self.cookies.delete_cookie(request, response, STATE_COOKIE)
        return response

    # -------------------------------------------------------------------------------------------------------- sign-out

    async def sign_out(self, request: Request) -> Response:
        """Serve `POST /sign-out`: end the session here, and at a provider that can end its own."""
        form, ticket = await self._read_form(request)
        session = await in_thread(self.sessions.find_session, request)
        if session is not None:
            try:
                check_csrf(session, request, form.get(CSRF_FIELD, ""))
            except CsrfError:
                return self.pages.render_stale(request, status=403)
            await in_thread(self.sessions.end_session, request)
        # Somebody whom the provider knows and the ledger does not has a ticket and no session.
        response = await self._leave(request) if session is not None or ticket is not None else None
        response = response or _redirect(addresses.SIGN_IN)
        self.sessions.delete_cookie(request, response)
        return response

    async def _leave(self, request: Request) -> Response | None:
        """Return the page that leads to the provider's sign-out, None if the provider has none or cannot be reached."""
        try:
            address = await self.provider.make_sign_out_address() if self.provider is not None else None
        except ProviderError as error:
            # The session here is ended already, which must not depend on the provider.
            _LOG.warning("the provider could not be asked to sign somebody out: %s", str(error))
            return None
        return self.pages.render_way_out(request, tell("Sign out", language_of(request)), address) if address else None

    # ----------------------------------------------------------------------------------------------------- the sessions

    async def _enter(self, request: Request, account: str, seq: int, next_path: str) -> Response:
        """Begin a session after a right password, and go on to the page that was asked for."""
        response = _redirect(local_path(next_path))
        await self._begin_session(request, response, account, seq)
        self.tickets.delete_cookie(request, response)
        self.devices.remember_browser(request, response, account)
        return response

    async def _begin_session(
        self,
        request: Request,
        response: Response,
        account: str,
        seq: int,
        claims: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin a session and give it to the browser; without claims, the person has entered a password."""
        issuer, subject = (str(claims["iss"]), str(claims["sub"])) if claims else (LOCAL, account)
        since = time_of_sign_in(claims) if claims else None
        begin = partial(
            self.sessions.begin_session, request, account, issuer=issuer, subject=subject, seq=seq, since=since
        )
        self.sessions.write_cookie(request, response, await in_thread(begin))

    async def _admit(self, request: Request, account: str) -> Attempt:
        """Count an attempt and wait for its turn. Raises ThrottledError."""
        origin = Origin(client_network(request.scope), self.devices.recognise_browser(request, account))
        attempt = self.throttle.count_attempt(origin, account)
        if attempt.delay:
            with self.throttle.occupy_slot(account):
                await sleep(attempt.delay)
        return attempt

    async def _read_form(self, request: Request) -> tuple[dict[str, str], Ticket | None]:
        """Return the fields of a form and its ticket; no ticket if the form is foreign, stale or another browser's."""
        form = {name: str(value) for name, value in (await request.form(max_files=0)).items()}
        try:
            check_origin(request)
        except CsrfError:
            return form, None
        return form, self.tickets.open_ticket(request, form)


async def in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run a call of the ledger or of Argon2, which is slow, in a thread next to the event loop."""
    from anyio import to_thread

    return await to_thread.run_sync(partial(function, *arguments))


def _redirect(path: str) -> Response:
    from starlette.responses import RedirectResponse

    return RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})


def _wait(page: Response, error: ThrottledError) -> Response:
    page.status_code = 429
    page.headers["Retry-After"] = str(error.seconds)
    return page


def _wrong_sign_in_message(language: str) -> str:
    """Return the same sentence for every reason, so that nobody learns which accounts exist."""
    return tell(
        "Account or password is wrong. Check the keyboard language and Caps Lock. If it still does not work, "
        "ask the steward.",
        language,
    )


def _too_many(error: ThrottledError, language: str) -> str:
    minutes = -(-error.seconds // 60)
    return tell("There were too many wrong passwords. Minutes to wait before you try again: {n}.", language, n=minutes)
