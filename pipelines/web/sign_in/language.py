"""Choose the language of the sign-in pages: the one requested, the one stored in the browser, or the browser's own.

Refusals before a sign-in (`pipelines/web/guards.py`) use the same language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pipelines.core import i18n
from pipelines.web.sign_in.addresses import CALLBACK, PASSWORD, SIGN_IN

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response

LANGUAGE_COOKIE = "rti_language"


def language_of(request: HTTPConnection) -> str:
    """Return the language of a page: as requested, as chosen before, or as the browser prefers."""
    requested = (request.query_params.get("lang"), request.cookies.get(LANGUAGE_COOKIE))
    return i18n.prefer_language(requested, request.headers.get("accept-language", ""))


def remember_language(response: Response, language: str, *, secure: bool) -> None:
    """Store the language in the browser for every page of this host."""
    response.set_cookie(LANGUAGE_COOKIE, language, path="/", max_age=31_536_000, samesite="lax", secure=secure)


def list_choices(request: Request, language: str) -> list[tuple[str, str, str]]:
    """Return code, name and address of each language in which a page is available."""
    others = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    # Most posted forms have no page at their address, and the address to which a provider redirects has a code in it
    # that is valid once: the choice is then not offered.
    has_page = request.method == "GET" or request.url.path in (SIGN_IN, PASSWORD)
    if not has_page or request.url.path == CALLBACK:
        return [(language, i18n.language_name(language), "")]
    return [
        (code, i18n.language_name(code), f"{request.url.path}?{urlencode([*others, ('lang', code)])}")
        for code in i18n.list_languages()
    ]
