"""Serve the built-in sign-in of local accounts: its pages, and the whole as one ASGI application.

Every failed sign-in has the same answer, whether the account exists or not; so has every one that is attempted too
soon (`people/throttle.py`). No script runs on these pages and nothing is fetched from elsewhere; the policy in
`_HEADERS` makes the browser enforce it.
"""

from __future__ import annotations

import secrets
from asyncio import sleep
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pipelines.core import i18n
from pipelines.core.i18n import tell
from pipelines.ledger.identity import NotAllowedError
from pipelines.submissions.accounts import password_sign_in
from pipelines.submissions.accounts.passwords import PasswordError
from pipelines.submissions.accounts.throttle import Attempt, Origin, Throttle, ThrottledError
from pipelines.web.guards import client_network
from pipelines.web.sign_in.authorization import AuthorizationRequest, Client, RequestError, authorization_request
from pipelines.web.sign_in.devices import Devices
from pipelines.web.sign_in.language import language_of, list_choices, remember_language
from pipelines.web.sign_in.protocol import Protocol, in_thread
from pipelines.web.sign_in.tickets import TICKET_COOKIE, TICKET_SECONDS, PendingPassword, Tickets, compute_expiry

if TYPE_CHECKING:
    import sqlalchemy as sa
    from jinja2 import Environment
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

PAGES = Path(__file__).with_name("pages")
MOST_BYTES = 64 * 1024
"""Bytes of a form; its longest field is the ticket, of less than one thousand."""


class SignIn:
    """Pages of one service. `root` is their address."""

    def __init__(self, protocol: Protocol, *, demonstration: bool, secret: str) -> None:
        self.engine = protocol.engine
        self.client = protocol.client
        self.codes = protocol.codes
        self.issuer = protocol.issuer
        self.demonstration = demonstration
        self.root = urlsplit(protocol.issuer).path
        self.tickets = Tickets()
        self.throttle = Throttle()
        self.devices = Devices(secret)
        self._environment = _environment()

    # -------------------------------------------------------------------------------------------------------- pages

    async def serve_authorize(self, request: Request) -> Response:
        """Serve `/authorize`: the sign-in form."""
        try:
            authorization = authorization_request(dict(request.query_params), self.client)
        except RequestError as error:
            return self._said(request, 400, fault=str(error))
        return self._form(request, authorization)

    async def sign_in(self, request: Request) -> Response:
        """Serve `/sign-in`: process the submitted form."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        authorization = self.tickets.find_request(request, form)
        language = language_of(request)
        if authorization is None:
            return self._said(request, 400, fault=_stale(language))
        name = form.get("account", "").strip().lower()
        try:
            attempt = await self._admit(request, name)
        except ThrottledError as error:
            return self._wait(self._form(request, authorization, account=name, fault=_too_many(error, language)), error)
        outcome = await in_thread(password_sign_in.sign_in, self.engine, name, form.get("password", ""))
        if outcome.outcome != "wrong":
            self.throttle.forgive_attempt(attempt)
        if outcome.outcome == "ok":
            return self._back(request, authorization, name)
        if outcome.outcome == "must_change":
            return self._change_form(
                request,
                self.tickets.store_pending(PendingPassword(name, form["password"], authorization, compute_expiry())),
                name,
            )
        return self._form(request, authorization, account=name, fault=_wrong_sign_in_message(language), status=401)

    async def password_form(self, request: Request) -> Response:
        """Serve `/password`: the form for changing a password."""
        return self._change_form(request, None, "")

    async def serve_password(self, request: Request) -> Response:
        """Serve `/password`: set a new password, by choice or because it is required."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        language = language_of(request)
        ticket = self.tickets.open(request, form)
        if ticket is None:
            return self._said(request, 400, fault=_stale(language))
        pending = self.tickets.find_pending(ticket.get("pending"))
        if ticket.get("pending") and pending is None:
            return self._said(request, 400, fault=_stale(language))
        name = pending.account if pending else form.get("account", "").strip().lower()
        again = partial(self._change_form, request, ticket.get("pending"), name, status=400)
        if form.get("new", "") != form.get("again", ""):
            return again(fault=tell("The two new passwords do not match.", language))
        old = pending.old if pending else form.get("old", "")
        try:
            # With a ticket, the present password was verified and counted a moment ago.
            attempt = None if pending else await self._admit(request, name)
        except ThrottledError as error:
            return self._wait(again(fault=_too_many(error, language)), error)
        try:
            await in_thread(password_sign_in.change_password, self.engine, name, old, form.get("new", ""))
        except (PasswordError, NotAllowedError) as error:
            if attempt is not None and isinstance(error, PasswordError):
                self.throttle.forgive_attempt(attempt)
            return again(fault=error.localize_message(language))
        if attempt is not None:
            self.throttle.forgive_attempt(attempt)
        if pending is None:
            changed = self._said(request, 200, said=tell("Your password is changed.", language))
            self._remember(request, changed, name)
            return changed
        self.tickets.forget_pending(ticket["pending"])
        return self._back(request, pending.request, name)

    def serve_style(self, _: Request) -> Response:
        """Serve `/style.css`."""
        from starlette.responses import FileResponse

        return FileResponse(PAGES / "style.css", media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    # ----------------------------------------------------------------------------------------------------- attempts

    async def _admit(self, request: Request, account: str) -> Attempt:
        """Count an attempt and wait for its turn. Raises ThrottledError."""
        origin = Origin(client_network(request.scope), self.devices.recognise_browser(request, account))
        attempt = self.throttle.count_attempt(origin, account)
        if attempt.delay:
            with self.throttle.occupy_slot(account):
                await sleep(attempt.delay)
        return attempt

    def _remember(self, request: Request, response: Response, account: str) -> None:
        secure = request.url.scheme == "https"
        self.devices.remember_browser(request, response, account, path=self.root, secure=secure)

    def _wait(self, page: Response, error: ThrottledError) -> Response:
        page.status_code = 429
        page.headers["Retry-After"] = str(error.seconds)
        return page

    # ------------------------------------------------------------------------------------------------------ drawing

    def _form(
        self, request: Request, asked: AuthorizationRequest, *, account: str = "", fault: str = "", status: int = 200
    ) -> Response:
        title = tell("Sign in", language_of(request))
        return self._page(request, "sign_in.html", status, asked, title=title, account=account, fault=fault)

    def _change_form(
        self, request: Request, pending: str | None, account: str, *, fault: str = "", status: int = 200
    ) -> Response:
        language = language_of(request)
        lead = (
            tell("You have signed in with a first password. Choose a new one that only you know.", language)
            if pending
            else tell("Choose a new password.", language)
        )
        return self._page(
            request,
            "password.html",
            status,
            None,
            title=tell("A new password", language),
            pending=pending,
            account=account,
            ask_old=pending is None,
            lead=lead,
            fault=fault,
        )

    def _said(self, request: Request, status: int, *, said: str = "", fault: str = "") -> Response:
        return self._page(
            request, "said.html", status, None, title=tell("Sign in", language_of(request)), said=said, fault=fault
        )

    def _page(
        self,
        request: Request,
        template: str,
        status: int,
        asked: AuthorizationRequest | None,
        *,
        pending: str | None = None,
        **values: Any,
    ) -> Response:
        from starlette.responses import HTMLResponse

        language = language_of(request)
        bound = request.cookies.get(TICKET_COOKIE) or secrets.token_urlsafe(24)
        html = self._environment.get_template(template).render(
            tell=partial(tell, language=language),
            language=language,
            lang=i18n.html_lang(language),
            tag=i18n.html_lang,
            languages=list_choices(request, language),
            root=self.root,
            back=self.client.redirect_uri.removesuffix("/oauth2callback") + "/",
            demonstration=self.demonstration,
            ticket=self.tickets.issue_ticket(asked, pending, bound),
            **values,
        )
        response = HTMLResponse(html, status_code=status, headers=_headers(self.client.redirect_uri))
        secure = request.url.scheme == "https"
        response.set_cookie(
            TICKET_COOKIE, bound, path=self.root, max_age=TICKET_SECONDS, httponly=True, samesite="lax", secure=secure
        )
        if "lang" in request.query_params:
            remember_language(response, language, secure=secure)
        return response

    def _back(self, request: Request, authorization: AuthorizationRequest, account: str) -> Response:
        from starlette.responses import RedirectResponse

        code = self.codes.issue_code(account, authorization)
        query = urlencode({"code": code, "state": authorization.state, "iss": self.issuer})
        address = f"{authorization.redirect_uri}?{query}"
        response = RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
        response.delete_cookie(TICKET_COOKIE, path=self.root)
        self._remember(request, response, account)
        return response


def create_provider(
    engine: sa.Engine, client: Client, issuer: str, *, demonstration: bool, secret: str = ""
) -> Starlette:
    """Return the application, to be mounted at the path of `issuer`; `secret` signs device cookies across restarts."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from pipelines.web.request_limits import BodyLimit

    too_much = PlainTextResponse("The form is too big.", 413)
    protocol = Protocol(engine, client, issuer)
    served = SignIn(protocol, demonstration=demonstration, secret=secret or secrets.token_urlsafe(32))
    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", protocol.serve_discovery),
            Route("/jwks", protocol.serve_keys),
            Route("/authorize", served.serve_authorize),
            Route("/sign-in", served.sign_in, methods=["POST"]),
            Route("/password", served.password_form, methods=["GET"]),
            Route("/password", served.serve_password, methods=["POST"]),
            Route("/token", protocol.serve_token, methods=["POST"]),
            Route("/style.css", served.serve_style),
        ],
        # The person is not signed in yet.
        middleware=[Middleware(BodyLimit, limit=MOST_BYTES, refusal=too_much)],
    )


def _wrong_sign_in_message(language: str) -> str:
    """Return the same sentence for every reason, so that nobody learns which accounts exist."""
    return tell(
        "Account or password is wrong. Look at the keyboard's language and capital letters. If you are sure of both, "
        "ask the steward.",
        language,
    )


def _too_many(error: ThrottledError, language: str) -> str:
    minutes = -(-error.seconds // 60)
    return tell("There were too many wrong passwords. Minutes to wait before you try again: {n}.", language, n=minutes)


def _stale(language: str) -> str:
    return tell(
        "This page was open for too long, or in another window. Go back to the offices' pages and sign in again.",
        language,
    )


def _headers(redirect_uri: str) -> dict[str, str]:
    parts = urlsplit(redirect_uri)
    policy = (
        f"default-src 'none'; style-src 'self'; form-action 'self' {parts.scheme}://{parts.netloc}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
