"""Set the language, style and script of the document around every page of the portal.

Streamlit would resend the style sheets and the script with every run of every page, and the browser would sanitise and
parse them again (12 kB, twice per upload).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core import i18n
from pipelines.web.settings import IDENTITY_PATH

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HERE = Path(__file__).parent
_PARTS = {
    "portal.css": ("../style.css", "style.css"),
    "portal.js": ("scripts/connection.js", "scripts/widget_names.js", "scripts/summary_links.js"),
}
"""File that the browser loads -> source files that it is made of, in this order."""
_MADE = {name: b"\n".join((_HERE / part).read_bytes() for part in parts) for name, parts in _PARTS.items()}
_KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
# The address changes with the content, so that a browser may cache it for ever without showing an outdated style.
_ADDRESS = {name: f"/shell/{hashlib.sha256(made).hexdigest()[:16]}/{name}" for name, made in _MADE.items()}
_BODY_ENDS = b"</body>"
_SHELL = b'<div id="root">'
"""Marker in Streamlit's response to every address that it does not know."""
# At the end, after the styles that Streamlit adds at run time: of two rules with equal weight the later one wins.
_LOADED = (
    f'<link rel="stylesheet" href="{_ADDRESS["portal.css"]}"><script src="{_ADDRESS["portal.js"]}"></script>'
).encode()
INLINE_SCRIPTS = ("'unsafe-inline'",)
"""Sources of inline scripts for the content policy: the pages' own (`layout.script`) have no hashes to list."""
_HTML_LANG = re.compile(rb'<html lang="[^"]*"')
_NOT_PASSED_ON = frozenset((b"accept-encoding", b"if-none-match", b"if-modified-since", b"range", b"if-range"))
_NOT_ITS_OWN = frozenset((b"content-length", b"etag", b"last-modified", b"accept-ranges", b"vary"))


def asset_routes() -> list[BaseRoute]:
    """Return the routes of the style sheet and the script. They contain no personal data and need no sign-in."""
    from starlette.responses import Response
    from starlette.routing import Route

    def serve_asset(name: str) -> Callable[[Any], Response]:
        def return_asset(_request: Any) -> Response:
            cache_headers = {"Cache-Control": "public, max-age=31536000, immutable"}
            return Response(_MADE[name], media_type=_KINDS[Path(name).suffix], headers=cache_headers)

        return return_asset

    return [Route(address, serve_asset(name)) for name, address in _ADDRESS.items()]


class DocumentShell:
    """Set the language, style and script of the document; redirect an unknown address to the first page.

    Streamlit would show a dialog in English over such a page. Security headers come from `web/security_headers.py`.

    `pages` are the paths of the pages, without a slash; the path of the first page is empty.
    """

    def __init__(self, app: ASGIApp, pages: Collection[str]) -> None:
        self.app = app
        self.paths = frozenset(f"/{page}" for page in pages)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from starlette.requests import Request

        from pipelines.web.sign_in.language import language_of

        lang = i18n.html_lang(language_of(Request(scope))).encode()
        document = b"text/html" in dict(scope["headers"]).get(b"accept", b"")
        document = document and not scope["path"].startswith((IDENTITY_PATH, "/api"))
        if document:
            # Streamlit would compress its shell, which then cannot be rewritten, or answer that the browser's copy is
            # current, which may be in another language.
            scope = {**scope, "headers": [(n, v) for n, v in scope["headers"] if n not in _NOT_PASSED_ON]}
        is_known = scope["path"].rstrip("/") in self.paths or scope["path"] == "/"
        await self.app(scope, receive, _rewrite_document(send, lang, rewrite=document, known=is_known))


def _rewrite_document(send: Send, lang: bytes, *, rewrite: bool, known: bool) -> Callable[[Message], Any]:
    start: dict[str, Any] = {}

    async def send_rewritten(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            # Only Streamlit's own small shell is HTML here; it arrives in one piece and, unless rewritten, always in
            # English.
            kind = dict(headers).get(b"content-type", b"")
            if rewrite and kind.startswith(b"text/html"):
                start.update(message, headers=headers)
                return
            await send({**message, "headers": headers})
            return
        if start and message["type"] == "http.response.body":
            body = message.get("body", b"")
            if not message.get("more_body"):
                body = _HTML_LANG.sub(b'<html lang="' + lang + b'"', body, count=1)
                body = body.replace(_BODY_ENDS, _LOADED + _BODY_ENDS, 1)
                if not known and _SHELL in body:
                    start["status"], body = 303, b""
                    start["headers"].append((b"location", b"/"))
                kept_headers = [(n, v) for n, v in start["headers"] if n.lower() not in _NOT_ITS_OWN]
                vary = (b"vary", b"Accept, Accept-Language, Cookie")
                start["headers"] = [*kept_headers, vary, (b"content-length", str(len(body)).encode())]
            await send(dict(start))
            start.clear()
            await send({**message, "body": body})
            return
        await send(message)

    return send_rewritten
