"""Serve the document and the static files of the public pages in front of Streamlit.

Streamlit answers every unknown address with its document and status 200, and sends its scripts uncompressed. Here an
unknown address is "not found" with a page that leads on, the document has the title of its page and our script, and
static files are compressed once per process. `pipelines/web/compression.py` compresses the documents.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable
from functools import cache, lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, parse_qsl, urlencode

from dashboards.public.framework_words import write_words
from dashboards.public.menu import FORMER_PAGES, PAGES, SITE, compose_title
from dashboards.public.plain_page import render_foot, render_plain_page
from dashboards.public.selection import LANGUAGE
from pipelines.core import i18n
from pipelines.core.settings import CommandSettings, read_settings
from pipelines.front.assets import COPYING_SCRIPT
from pipelines.front.build import list_common_links, list_main_links
from pipelines.words import DEMONSTRATION
from pipelines.words.language import current_language, read_in, tell

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

_SCRIPT: Final = Path(__file__).with_name("browser.js")
_SCRIPT_ADDRESS: Final = re.compile(r"/rti/browser-([0-9a-f]{16})\.js")
_COMPRESSED: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
_FOREVER: Final = "public, max-age=31536000, immutable"
_APPLICATION: Final = ("/_stcore/", "/media/", "/component/", "/static/", "/health", "/live", "/ready")
"""Beginnings of the addresses that are not documents: Streamlit decides about them, and our health checks."""
_FILES: Final = ("/favicon.png", "/manifest.json")
_PARTS: Final = (
    '<html lang="en">', "<title>Streamlit</title>", '<meta charset="UTF-8" />', "<noscript>", "</noscript>",
)  # fmt: skip
"""Parts of Streamlit's document that are replaced."""
_FORMER_CHOICES: Final = {"ratios": {"ratio": "indicator"}}
"""Names of choices in the addresses of former pages, and their names now."""
_FORMER_KINDS: Final = {"ratios": ("kind", "ratio")}
"""Choice that says what a former page was about."""
_NOT_SERVED: Final = ("/_stcore/upload_file", "/_stcore/metrics", "/_stcore/agent", "/auth/", "/oauth2callback")
"""Streamlit's addresses that no public page uses."""


class Documents:
    """Answer requests for documents and static files; pass all others to Streamlit.

    `is_demonstration` says whether the figures of the home are invented, and `has_static_pages` whether a release with
    static pages is current. Raises ValueError if Streamlit's document is not as expected, so that an update of it is
    noticed at the start.
    """

    def __init__(
        self,
        app: ASGIApp,
        folder: Path,
        is_demonstration: Callable[[], bool] = lambda: False,
        has_static_pages: Callable[[], bool] = lambda: False,
    ) -> None:
        self.app, self.is_demonstration, self.has_static_pages = app, is_demonstration, has_static_pages
        paths = (folder / "static").rglob("*.*")
        self.files = {f"/{path.relative_to(folder).as_posix()}": path for path in paths if path.suffix in _COMPRESSED}
        self.index = (folder / "index.html").read_text(encoding="utf-8")
        self.documents: dict[str, dict[str, str]] = {}
        self.read_documents(i18n.SOURCE_LANGUAGE)

    def read_documents(self, language: str) -> dict[str, str]:
        """Return the documents in a language by the path of their page, made when the first is asked for."""
        if language not in self.documents:
            with read_in(language):
                documents = {page: _adapt_document(self.index, page) for page in PAGES}
            self.documents[language] = documents
        return self.documents[language]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (response := await self._respond(scope)):
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _respond(self, scope: Scope) -> Response | None:
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import PlainTextResponse, RedirectResponse, Response

        path, headers = str(scope["path"]), dict(scope["headers"])
        if path.startswith(_NOT_SERVED):
            return PlainTextResponse("Not found\n", 404)
        is_compressed = b"gzip" in headers.get(b"accept-encoding", b"")
        if match := _SCRIPT_ADDRESS.fullmatch(path):
            # A page that was opened before an update asks for the former script, and gets the one of today.
            sent = {"Cache-Control": _FOREVER if match[1] == _digest_script() else "no-cache"}
            return Response(read_script(), 200, sent, "text/javascript; charset=utf-8")
        if is_compressed and (file := self.files.get(path)):
            sent = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "Cache-Control": _FOREVER}
            return Response(await run_in_threadpool(_compress_file, file), 200, sent, _COMPRESSED[file.suffix])
        if path.startswith(_APPLICATION) or path in _FILES or "/_stcore/" in path:
            return None
        page, language = path.removeprefix("/"), _find_language(scope, headers)
        if page in FORMER_PAGES:
            return RedirectResponse(find_new_address(page, scope["query_string"].decode("latin-1")), 308)
        documents = await run_in_threadpool(self.read_documents, language)
        if page.endswith("/") and page.rstrip("/") in documents:
            return None  # Streamlit redirects to the address without the slash.
        sent = {"Cache-Control": "no-cache", "Content-Language": i18n.html_lang(language), "Vary": "Accept-Language"}
        if page in documents:
            return Response(documents[page], 200, sent, "text/html; charset=utf-8")
        if b"text/html" in headers.get(b"accept", b""):
            sent["Cache-Control"] = "no-store"
            with read_in(language):
                content = render_not_found(
                    is_demonstration=self.is_demonstration(),
                    has_static_pages=self.has_static_pages(),
                    contact=read_settings(CommandSettings).contact or "",
                )
                return Response(content, 404, sent, "text/html; charset=utf-8")
        return PlainTextResponse("Not found\n", 404)


@cache
def read_script() -> bytes:
    """Return our script, with the part that the static pages have too."""
    return COPYING_SCRIPT.read_bytes() + _SCRIPT.read_bytes()


def _digest_script() -> str:
    """Return what the address of our script has, so that a browser keeps it until it changes."""
    return hashlib.sha256(read_script()).hexdigest()[:16]


def find_new_address(page: str, query: str) -> str:
    """Return the address of what a former page showed, with all its choices."""
    names = _FORMER_CHOICES[page]
    choices = [_FORMER_KINDS[page], *((names.get(name, name), value) for name, value in parse_qsl(query))]
    return f"/{FORMER_PAGES[page]}?{urlencode(choices)}"


@lru_cache(maxsize=512)
def _compress_file(file: Path) -> bytes:
    """Return a compressed static file. Streamlit has about 300 files; a page needs about 100."""
    return gzip.compress(file.read_bytes(), 9, mtime=0)


def _find_language(scope: Scope, headers: dict[bytes, bytes]) -> str:
    """Return the language of a document: that of its address, else the one that the browser prefers."""
    requested = parse_qs(scope["query_string"].decode("latin-1")).get(LANGUAGE, [])
    return i18n.prefer_language(requested, headers.get(b"accept-language", b"").decode("latin-1"))


def _adapt_document(index: str, page: str) -> str:
    """Return Streamlit's document in the reader's language, with the title of its page, our script and our text without
    scripts."""
    for part in _PARTS:
        if index.count(part) != 1:
            raise ValueError(f"Streamlit's document has {index.count(part)} times {part}: adapt documents.py")
    before, _, after = index.partition("<noscript>")
    advice = tell("These pages need JavaScript. Please turn it on, then load the page again.")
    without_scripts = f"<noscript><p>{escape(advice)}</p>"
    document = before + without_scripts + after[after.index("</noscript>") :]
    document = document.replace("<title>Streamlit</title>", f"<title>{escape(compose_title(page))}</title>")
    # Before Streamlit's script, which adds to the browser's history.
    updated, table_updated = tell("Page updated."), tell("Table updated: {caption}")
    address = f"./rti/browser-{_digest_script()}.js"
    script = (
        f'<meta charset="UTF-8" />\n    <script src="{address}" data-updated="{escape(updated)}" '
        f'data-table-updated="{escape(table_updated)}" data-words="{escape(write_words())}"></script>'
    )
    document = document.replace('<html lang="en">', f'<html lang="{i18n.html_lang(current_language())}">')
    return document.replace('<meta charset="UTF-8" />', script)


def render_not_found(*, is_demonstration: bool, has_static_pages: bool, contact: str = "") -> str:
    """Return the page for an unknown address, with the menu of the static pages, a way to each page of the explorer,
    and the foot of all pages.

    The menu and the links of the foot are left out without static pages, and the list of pages begins with the first
    address. `contact` is where the secretariat answers questions.
    """
    language, tag = current_language(), i18n.html_lang(current_language())
    listed_name, navigation = tell("Pages"), []
    addresses = {f"/{path}?{LANGUAGE}={language}": title for path, title in PAGES.items()}
    if has_static_pages:
        listed_name = tell("Explore the data")
        navigation = [(title, f"/{tag}/{file}") for _, title, file in list_main_links()]
        navigation.append((listed_name, next(iter(addresses))))
    else:
        addresses = {f"/{tag}/": tell("Home"), **addresses}
    items = "".join(f'<li><a href="{href}">{escape(title)}</a></li>' for href, title in addresses.items())
    title = tell("Page not found")
    advice = escape(tell("There is no page at this address. Check the address, or choose a page."))
    heading = f"<h2>{escape(listed_name)}</h2>" if has_static_pages else ""
    label = escape(listed_name, quote=True)
    body = f'<p>{advice}</p>{heading}<nav aria-label="{label}"><ul>{items}</ul></nav>'
    note = tell(DEMONSTRATION) if is_demonstration else ""
    links = [(text, f"/{tag}/{file}") for text, file in list_common_links()] if has_static_pages else []
    foot = render_foot(contact, links)
    return render_plain_page(
        tag, f"{title} – {tell(SITE)}", body, heading=title, note=note, navigation=navigation, foot=foot
    )
