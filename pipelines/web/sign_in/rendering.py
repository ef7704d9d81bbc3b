"""Render the pages of the sign-in.

No script runs on these pages and nothing is fetched from elsewhere; the policy in `_HEADERS` makes the browser enforce
it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import i18n
from pipelines.core.i18n import tell
from pipelines.core.settings import CommandSettings, read_settings
from pipelines.web.settings import public_site
from pipelines.web.sign_in.addresses import FIRST_PAGE
from pipelines.web.sign_in.language import language_of, list_choices, remember_language
from pipelines.web.sign_in.tickets import Ticket, Tickets

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipelines.web.sign_in.cookies import Cookies
    from pipelines.web.sign_in.openid_connect import ProviderError

PAGES = Path(__file__).with_name("pages")
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_LOG = logging.getLogger("rti.portal")


class SignInPages:
    """The pages of the sign-in of one service; each form gets a ticket."""

    def __init__(
        self,
        tickets: Tickets,
        cookies: Cookies,
        asset: Callable[[str], str],
        *,
        has_provider: bool,
        is_demonstration: bool,
    ) -> None:
        from pipelines.design.environment import make_environment

        self.tickets, self.cookies, self.asset = tickets, cookies, asset
        self.has_provider, self.is_demonstration = has_provider, is_demonstration
        self._environment = make_environment(PAGES)

    def render_sign_in(
        self,
        request: Request,
        next_path: str,
        *,
        account: str = "",
        fault: str = "",
        has_ended: bool = False,
        status: int = 200,
    ) -> Response:
        """Return the form for signing in, or the way to the provider."""
        return self._render(
            request,
            "sign_in.html",
            status,
            Ticket(next_path),
            title=tell("Sign in", language_of(request)),
            account=account,
            errors=[(fault, "account")] if fault else [],
            field_errors={"account": fault},
            has_ended=has_ended,
            has_provider=self.has_provider,
            public_address=public_site().address,
        )

    def render_password(
        self, request: Request, ticket: Ticket, account: str, *, fault: str = "", field: str = "", status: int = 200
    ) -> Response:
        """Return the form for a new password."""
        language = language_of(request)
        lead = (
            tell("You have signed in with a first password. Choose a new one that only you know.", language)
            if ticket.pending
            else tell("Choose a new password.", language)
        )
        return self._render(
            request,
            "password.html",
            status,
            ticket,
            title=tell("A new password", language),
            account=account,
            ask_old=ticket.pending is None,
            lead=lead,
            errors=[(fault, field)] if fault else [],
            field_errors={field: fault},
        )

    def render_stale(self, request: Request, status: int = 400) -> Response:
        """Return the page for a form that is foreign, stale or another browser's."""
        fault = tell(
            "This page was open for too long, or in another window. Go back to the offices' pages and sign in again.",
            language_of(request),
        )
        return self.render_message(request, fault=fault, status=status)

    def render_provider_fault(self, request: Request, error: ProviderError, status: int) -> Response:
        """Log why the provider failed, and return a page that says so."""
        _LOG.warning("a sign-in with the provider failed: %s", str(error))
        message = tell(
            "Signing in with your organisation's provider did not succeed. Try again; if it happens again, ask the "
            "steward.",
            language_of(request),
        )
        return self.render_message(request, fault=message, status=status)

    def render_message(
        self, request: Request, *, title: str = "", message: str = "", fault: str = "", status: int = 200
    ) -> Response:
        """Return a page with one message, or with what went wrong."""
        title = title or tell("Sign in", language_of(request))
        errors = [(fault, "")] if fault else []
        return self._render(request, "message.html", status, title=title, errors=errors, message=message)

    def render_unknown_person(self, request: Request, claims: dict[str, Any]) -> Response:
        """Show a person without an account what the steward needs to know."""
        language = language_of(request)
        called = (claims.get("email") or claims.get("name"), claims.get("sub"))
        facts = [
            # The steward links the account to the subject; the other claims only show who the person is.
            (tell("Signed in as", language), " · ".join(dict.fromkeys(str(part) for part in called if part))),
            (tell("By", language), str(claims.get("iss") or "")),
        ]
        title = tell("You need an account or must sign in again", language)
        return self._render(request, "unknown_person.html", 403, title=title, facts=facts)

    def render_way_out(self, request: Request, title: str, address: str) -> Response:
        """Return a page that leads the browser to the provider.

        It is not a redirect, because Chromium applies `form-action` to every redirect after a form, and a provider may
        redirect further to hosts that nobody here knows.
        """
        return self._render(request, "leave.html", title=title, address=address)

    def _render(
        self, request: Request, template: str, status: int = 200, ticket: Ticket | None = None, **values: Any
    ) -> Response:
        from starlette.responses import HTMLResponse

        language = language_of(request)
        binding = self.tickets.choose_binding(request)
        html = self._environment.get_template(template).render(
            tell=partial(tell, language=language),
            language=language,
            lang=i18n.html_lang(language),
            tag=i18n.html_lang,
            languages=list_choices(request, language),
            asset=self.asset,
            demonstration=self.is_demonstration,
            contact=read_settings(CommandSettings).contact or "",
            ticket=self.tickets.issue_ticket(ticket or Ticket(FIRST_PAGE), binding),
            **{"errors": [], "field_errors": {}, **values},
        )
        response = HTMLResponse(html, status_code=status, headers=_HEADERS)
        self.tickets.write_cookie(request, response, binding)
        if "lang" in request.query_params:
            remember_language(response, language, secure=self.cookies.is_secure(request))
        return response
