"""Answer requests for static pages, files and documents that fail: a page in the reader's language, without the error.

Pages of the Streamlit application explain their own failures (`problems.py`).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from dashboards.public.menu import SITE
from dashboards.public.plain_page import render_foot, render_plain_page
from dashboards.public.problems import NOT_SHOWN, UNFORESEEN
from dashboards.public.selection import LANGUAGE
from pipelines.core import i18n
from pipelines.web.fault_log import log_fault
from pipelines.words.language import read_in, tell

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope


def answer_failure(scope: Scope, error: Exception, contact: str = "") -> Response:
    """Return the answer to a request that failed: a page for a browser, else a line of text.

    The log has the error without its words, which may name paths of the server, and a reference that the answer has.
    `contact` is where the secretariat answers questions.
    """
    from starlette.responses import PlainTextResponse, Response

    reference = log_fault(error)
    headers = dict(scope["headers"])
    language = _find_language(scope, headers)
    sent = {"Cache-Control": "no-store", "Content-Language": i18n.html_lang(language), "Vary": "Accept-Language"}
    with read_in(language):
        title, advice = tell(NOT_SHOWN), tell(UNFORESEEN)  # marked in problems
        if b"text/html" not in headers.get(b"accept", b""):
            return PlainTextResponse(f"{title}. {advice} ({reference})\n", 500, sent)
        body = f"<p>{escape(advice)}</p><p>{escape(tell('Reference: {reference}', reference=reference))}</p>"
        document = render_plain_page(
            i18n.html_lang(language), f"{title} – {tell(SITE)}", body, heading=title, foot=render_foot(contact)
        )
    return Response(document, 500, sent, "text/html; charset=utf-8")


def _find_language(scope: Scope, headers: dict[bytes, bytes]) -> str:
    """Return the language of an address: of its path or of its query, else the one that the browser prefers."""
    codes = {i18n.html_lang(code): code for code in i18n.list_languages()}
    in_path = [codes[part] for part in str(scope["path"]).split("/") if part in codes]
    in_query = parse_qs(scope["query_string"].decode("latin-1")).get(LANGUAGE, [])
    return i18n.prefer_language([*in_path, *in_query], headers.get(b"accept-language", b"").decode("latin-1"))
