"""The built-in sign-in of local accounts: its pages and its protocol, as one ASGI application.

Belongs here: the routes below `/identity`, what each page says, the guard against forged posts.
Does not belong here: the protocol's rules (`authorization.py`), passwords and lock-out (`pipelines/people/`).

Every failed sign-in says the same, whether the account exists or not.  No script runs on these pages and nothing is
fetched from elsewhere; the policy in `_HEADERS` holds the browser to it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode, urlsplit

from pipelines import clock, locales
from pipelines.locales import tell
from pipelines.people import accounts, signin
from pipelines.people.identity import NotAllowedError
from pipelines.people.passwords import PasswordError
from pipelines.service.authorization import (
    AuthorizationRequest,
    Client,
    Codes,
    RequestError,
    Signer,
    authorization_request,
    metadata,
)

if TYPE_CHECKING:
    import sqlalchemy as sa
    from jinja2 import Environment
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

PAGES = Path(__file__).with_name("sign_in_pages")
TICKET_SECONDS = 1800
LANGUAGE_COOKIE = "rti_language"
_TICKET_COOKIE = "rti_sign_in"
_MOST_PENDING = 10_000
MOST_BYTES = 64 * 1024
"""Bytes of a form; its longest field is the ticket, of less than one thousand."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """Somebody who has given a first password and must choose a new one before anything else."""

    account: str
    old: str
    request: AuthorizationRequest
    until: float


class SignIn:
    """The sign-in of one service: one client, one ledger, one signing key. `root` is the address of its pages."""

    def __init__(self, engine: sa.Engine, client: Client, issuer: str, *, demonstration: bool) -> None:
        from itsdangerous import URLSafeTimedSerializer

        self.engine = engine
        self.client = client
        self.issuer = issuer
        self.demonstration = demonstration
        self.root = urlsplit(issuer).path
        self.codes = Codes()
        self.signer = Signer()
        # Tickets live as long as the process: after a restart a half-done sign-in begins anew.
        self._tickets = URLSafeTimedSerializer(secrets.token_bytes(32), salt="sign-in")
        self._pending: dict[str, _Pending] = {}
        self._lock = threading.Lock()
        self._environment = _environment()

    # ----------------------------------------------------------------------------------------------------- protocol

    def discovery(self, _: Request) -> Response:
        """`/.well-known/openid-configuration`"""
        return _json(metadata(self.issuer))

    def jwks(self, _: Request) -> Response:
        """`/jwks`"""
        return _json(self.signer.jwks())

    async def token(self, request: Request) -> Response:
        """`/token`: a code for an identity token."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        try:
            self._authenticate_client(request, form)
            if form.get("grant_type") != "authorization_code":
                raise RequestError("unsupported_grant_type", "grant_type must be authorization_code")
            if form.get("redirect_uri") != self.client.redirect_uri:
                raise RequestError("invalid_grant", "redirect_uri is not that of the request")
            grant = self.codes.take(form.get("code", ""), form.get("code_verifier", ""))
        except RequestError as error:
            status = 401 if error.code == "invalid_client" else 400
            return _json({"error": error.code, "error_description": str(error)}, status)
        found = await _in_thread(accounts.find, self.engine, grant.account)
        if found is None or found.disabled:
            return _json({"error": "invalid_grant", "error_description": "the account is not open"}, 400)
        claims = {"name": found.display_name, "locale": found.language}
        token = self.signer.identity_token(self.issuer, self.client.client_id, grant, claims)
        # The access token opens nothing: there is no resource behind it. The protocol asks for one.
        content = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "expires_in": 60}
        return _json({**content, "id_token": token})

    def _authenticate_client(self, request: Request, form: Mapping[str, str]) -> None:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(value, validate=True).decode("ascii").partition(":")
            except ValueError:
                raise RequestError("invalid_client", "the authorization header cannot be read") from None
            name, secret = unquote(name), unquote(secret)
        known = compare_digest(name.encode(), self.client.client_id.encode())
        if not (compare_digest(secret.encode(), self.client.client_secret.encode()) and known):
            raise RequestError("invalid_client", "the client or its secret is wrong")

    # -------------------------------------------------------------------------------------------------------- pages

    async def authorize(self, request: Request) -> Response:
        """`/authorize`: the form."""
        try:
            asked = authorization_request(dict(request.query_params), self.client)
        except RequestError as error:
            return self._said(request, 400, fault=str(error))
        return self._form(request, asked)

    async def sign_in(self, request: Request) -> Response:
        """`/sign-in`: what was typed into the form."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked = self._asked(request, form)
        language = language_of(request)
        if asked is None:
            return self._said(request, 400, fault=_stale(language))
        name = form.get("account", "").strip().lower()
        outcome = await _in_thread(signin.sign_in, self.engine, name, form.get("password", ""))
        if outcome.outcome == "ok":
            return self._back(asked, self.codes.issue(name, asked))
        if outcome.outcome == "must_change":
            return self._change_form(request, self._keep(_Pending(name, form["password"], asked, _until())), name)
        return self._form(request, asked, account=name, fault=_wrong(language), status=401)

    async def password_form(self, request: Request) -> Response:
        """`/password`: the form for somebody who wants another password."""
        return self._change_form(request, None, "")

    async def password(self, request: Request) -> Response:
        """`/password`: a new password, wanted or demanded."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        language = language_of(request)
        ticket = self._open(request, form)
        if ticket is None:
            return self._said(request, 400, fault=_stale(language))
        kept = self._kept(ticket.get("pending"))
        if ticket.get("pending") and kept is None:
            return self._said(request, 400, fault=_stale(language))
        name = kept.account if kept else form.get("account", "").strip().lower()
        again = partial(self._change_form, request, ticket.get("pending"), name, status=400)
        if form.get("new", "") != form.get("again", ""):
            return again(fault=tell("The new password was not typed the same twice.", language))
        old = kept.old if kept else form.get("old", "")
        try:
            await _in_thread(signin.change_password, self.engine, name, old, form.get("new", ""))
        except (PasswordError, NotAllowedError) as error:
            return again(fault=error.told(language))
        if kept is None:
            return self._said(request, 200, said=tell("Your password is changed.", language))
        self._forget(ticket["pending"])
        return self._back(kept.request, self.codes.issue(name, kept.request))

    def style(self, _: Request) -> Response:
        """`/style.css`"""
        from starlette.responses import FileResponse

        return FileResponse(PAGES / "style.css", media_type="text/css", headers={"Cache-Control": "max-age=3600"})

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
            tell("You have signed in with a first password. Choose one that nobody but you knows.", language)
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
        bound = request.cookies.get(_TICKET_COOKIE) or secrets.token_urlsafe(24)
        ticket = self._tickets.dumps(
            {"asked": asdict(asked) if asked else None, "pending": pending, "bound": _digest(bound)}
        )
        html = self._environment.get_template(template).render(
            tell=partial(tell, language=language),
            language=language,
            lang=locales.html_lang(language),
            tag=locales.html_lang,
            languages=_choices(request, language),
            root=self.root,
            back=self.client.redirect_uri.removesuffix("/oauth2callback") + "/",
            demonstration=self.demonstration,
            ticket=ticket,
            **values,
        )
        response = HTMLResponse(html, status_code=status, headers=_headers(self.client.redirect_uri))
        secure = request.url.scheme == "https"
        response.set_cookie(
            _TICKET_COOKIE, bound, path=self.root, max_age=TICKET_SECONDS, httponly=True, samesite="lax", secure=secure
        )
        if "lang" in request.query_params:
            remember(response, language, secure=secure)
        return response

    # ------------------------------------------------------------------------------------------------------ tickets

    def _open(self, request: Request, form: Mapping[str, str]) -> dict[str, Any] | None:
        """The ticket of a form, if it is ours, fresh, and was given to this very browser."""
        from itsdangerous import BadData

        try:
            ticket: dict[str, Any] = self._tickets.loads(form.get("ticket", ""), max_age=TICKET_SECONDS)
        except BadData:
            return None
        bound = request.cookies.get(_TICKET_COOKIE, "")
        return ticket if compare_digest(ticket["bound"], _digest(bound)) else None

    def _asked(self, request: Request, form: Mapping[str, str]) -> AuthorizationRequest | None:
        ticket = self._open(request, form)
        return AuthorizationRequest(**ticket["asked"]) if ticket and ticket["asked"] else None

    def _keep(self, pending: _Pending) -> str:
        key = secrets.token_urlsafe(24)
        with self._lock:
            now = clock.wall()
            self._pending = {k: p for k, p in self._pending.items() if p.until > now}
            if len(self._pending) < _MOST_PENDING:
                self._pending[key] = pending
        return key

    def _kept(self, key: str | None) -> _Pending | None:
        with self._lock:
            found = self._pending.get(key or "")
        return found if found is not None and found.until > clock.wall() else None

    def _forget(self, key: str) -> None:
        with self._lock:
            self._pending.pop(key, None)

    def _back(self, asked: AuthorizationRequest, code: str) -> Response:
        from starlette.responses import RedirectResponse

        address = f"{asked.redirect_uri}?{urlencode({'code': code, 'state': asked.state, 'iss': self.issuer})}"
        response = RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})
        response.delete_cookie(_TICKET_COOKIE, path=self.root)
        return response


def create(engine: sa.Engine, client: Client, issuer: str, *, demonstration: bool) -> Starlette:
    """The application, to be mounted at the path of `issuer`."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from pipelines.service.bounded import Bounded

    too_much = PlainTextResponse("The form is too big.", 413)
    served = SignIn(engine, client, issuer, demonstration=demonstration)
    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", served.discovery),
            Route("/jwks", served.jwks),
            Route("/authorize", served.authorize),
            Route("/sign-in", served.sign_in, methods=["POST"]),
            Route("/password", served.password_form, methods=["GET"]),
            Route("/password", served.password, methods=["POST"]),
            Route("/token", served.token, methods=["POST"]),
            Route("/style.css", served.style),
        ],
        # Whoever asks here is not signed in yet.
        middleware=[Middleware(Bounded, limit=MOST_BYTES, refusal=too_much)],
    )


def language_of(request: Request) -> str:
    """The language of a page: as asked for, as chosen before, or as the browser prefers."""
    known = locales.languages()
    for asked in (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
        if asked in known:
            return asked
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip()
        for candidate in (tag, tag.partition("-")[0]):
            if candidate in known:
                return candidate
    return locales.SOURCE_LANGUAGE


def remember(response: Response, language: str, *, secure: bool) -> None:
    """Let the browser keep the language for every page of this host."""
    response.set_cookie(LANGUAGE_COOKIE, language, path="/", max_age=31_536_000, samesite="lax", secure=secure)


def _choices(request: Request, language: str) -> list[tuple[str, str, str]]:
    others = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    # A form that was posted has no address of its own to come back to: then the choice is not offered.
    if request.method != "GET":
        return [(language, locales.language_name(language), "")]
    return [
        (code, locales.language_name(code), f"{request.url.path}?{urlencode([*others, ('lang', code)])}")
        for code in locales.languages()
    ]


def _wrong(language: str) -> str:
    """One sentence for every reason: only an account that is there can be locked. Its mail says that it is."""
    return tell(
        "Account or password is wrong, or the account is locked for a while after several wrong passwords. Look at the "
        "keyboard's language and capital letters. If you are sure of both, wait a quarter of an hour or ask the "
        "steward.",
        language,
    )


def _stale(language: str) -> str:
    return tell(
        "This page was open for too long, or in another window. Go back to the offices' pages and sign in anew.",
        language,
    )


def _until() -> float:
    return clock.wall() + TICKET_SECONDS


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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


def _json(content: Any, status: int = 200) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse(content, status_code=status, headers={"Cache-Control": "no-store"})


async def _in_thread(function: Any, *arguments: Any) -> Any:
    """A call of the ledger or of Argon2, which take their time, beside the loop that serves everybody."""
    from anyio import to_thread

    return await to_thread.run_sync(partial(function, *arguments))


__all__ = ["LANGUAGE_COOKIE", "SignIn", "create", "language_of", "remember"]
