"""Serve the static pages of releases in front of the Streamlit application.

The pages of the current release are at `/<language>/…`, those of every public release at `/releases/<id>/<language>/…`.
Next to them are the data files of a release (`/releases/<id>/data/…`) and the addresses of its figures.
The current release is looked up for each request, so that a switch of the release is a switch of its pages.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from dashboards.public.data_files import DATA, FIGURES, send_data_file, send_figure
from dashboards.public.documents import render_not_found
from dashboards.public.page_files import DamagedPageError, has_page_file, read_page_file
from dashboards.public.page_parts import TYPES, complete_addresses, make_part
from dashboards.public.plain_page import link_contact
from pipelines.core import clock, i18n
from pipelines.front.build import FOLDER
from pipelines.front.pages import find_crime_of_file, name_file
from pipelines.web.downloads import CROSS_ORIGIN
from pipelines.web.security_headers import EMBEDDED_POLICY, STRICT_POLICY
from pipelines.words.language import read_in, tell

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pipelines.core.home import Home

REGION: Final = "/region"
"""Address of the first page of the Streamlit application."""
_FILE: Final = re.compile(r"[a-z0-9-]+\.html")
_BRIEF: Final = re.compile(r"brief[a-z0-9-]*\.pdf")
_PICTURE: Final = re.compile(r"([a-z0-9-]+)\.(svg|png)")
_PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Content policy of pictures, which have their style inside."""
_PART: Final = re.compile(r"([a-z0-9-]+)\.([a-z0-9-]+)\.(csv|xlsx|html)")
"""Address of a table or a picture of a page: `index.trend.csv`."""
_MEETING: Final = re.compile(r"meeting[a-z0-9-]*(\.\d+)?\.html")
_ASSET: Final = re.compile(r"style-[0-9a-f]+\.css|script-[0-9a-f]+\.js")
_ASSET_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_RELEASE: Final = re.compile(r"/releases/([0-9]{4}-Q[1-4](?:\.[0-9]+)?)(/.*)?")
_NOTICE_HIDDEN: Final = b'id="newer-release" hidden'
_NOTICE: Final = b'id="newer-release"'
_EDITION: Final = b'<div class="front-edition" id="newer-release"'
"""Start of the notice of a newer release, before which a notice on corrected figures is put."""
_CONTACT_HIDDEN: Final = b'<p id="contact" hidden>'
_CONTACT: Final = b'<p id="contact">'
_CONTACT_TEXT: Final = b'<span class="front-contact">'
"""Text before the contact of the secretariat at the foot of each page and in the accessibility statement."""
_NEXT_HIDDEN: Final = b'<p id="next-release" hidden>'
_NEXT: Final = b'<p id="next-release">'
"""Start of the line on the next release at the foot of each page."""
_FOREVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class _File:
    content: bytes
    compressed: bytes
    etag: str


@dataclass(frozen=True)
class _Notice:
    """A sentence on a release for its readers, with the address and the text of a link, if there is one."""

    text: str
    address: str = ""
    link: str = ""

    def as_html(self) -> str:
        link = f' <a href="{self.address}">{escape(self.link)}</a>' if self.address else ""
        return f'<div class="front-edition"><p>{escape(self.text)}{link}</p></div>'


class StaticPages:
    """Answer requests for static pages; pass all others to the application.

    `address` is the public one of the site; citations have it before the path of their page. `contact` is where the
    secretariat answers questions; the foot of each page and the accessibility statement have it.
    """

    def __init__(self, app: ASGIApp, open_home: Callable[[], Home], address: str = "", contact: str = "") -> None:
        self.app, self.open_home, self.address, self.contact = app, open_home, address.rstrip("/"), contact
        self.languages = {i18n.html_lang(code): code for code in i18n.list_languages()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._is_ours(str(scope["path"])):
            from starlette.concurrency import run_in_threadpool

            response = await run_in_threadpool(self._respond, scope)
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, path: str) -> bool:
        first = path.split("/")[1] if path.startswith("/") else ""
        names = (*self.languages, "releases", DATA, FIGURES)
        return path == "/" or first in names or bool(_ASSET.fullmatch(first))

    def _respond(self, scope: Scope) -> Response:
        path, query = str(scope["path"]), bytes(scope["query_string"]).decode("latin-1")
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        current = find_current_pages(self.open_home)
        if path == "/" and query:
            # Addresses of the Streamlit application from before it had a front.
            return _redirect(f"{REGION}?{query}", 307)
        if path == "/":
            return _redirect(f"/{self._prefer_language(headers)}/" if current is not None else REGION)
        if match := _RELEASE.fullmatch(path):
            folder = self._find_release(match[1])
            page_path = match[2] or "/"
            if folder is not None and (data := self._send_data(folder, page_path, scope, headers)) is not None:
                return data
            if folder is not None and page_path == "/":
                return _redirect(f"/releases/{match[1]}/{self._prefer_language(headers)}/")
            if _ASSET.fullmatch(page_path[1:]):
                return self._send_asset(folder, page_path[1:], headers)
            return self._send(folder, page_path, headers, path, is_newest=folder == current)
        if path.split("/")[1] in (DATA, FIGURES) and current is not None:
            # An address without a release leads to that of the newest one, which never changes.
            return _redirect(f"/releases/{current.name}{path}{f'?{query}' if query else ''}", 307, CROSS_ORIGIN)
        if path in ("/releases", "/releases/"):
            return _redirect(f"/{self._prefer_language(headers)}/releases.html")
        if _ASSET.fullmatch(path[1:]):
            return self._send_asset(current, path[1:], headers)
        return self._send(current, path, headers, path, is_newest=True)

    def _find_release(self, release: str) -> Path | None:
        """Return the folder of a public release if it has static pages, else None."""
        from pipelines.core.home import HomeError

        try:
            folder = (self.open_home().releases / release).resolve()
        except HomeError:
            return None
        return folder if (folder / FOLDER).is_dir() else None

    def _prefer_language(self, headers: dict[str, str]) -> str:
        return i18n.html_lang(i18n.prefer_language((), headers.get("accept-language", "")))

    def _send_data(self, release: Path, path: str, scope: Scope, headers: dict[str, str]) -> Response | None:
        """Return a data file or a figure of a release, or None if the path is not one of them."""
        _, section, name = (*path.split("/", 2), "", "")[:3]
        if section == DATA and name in ("", "/"):
            return _redirect(f"/releases/{release.name}/{self._prefer_language(headers)}/data.html")
        if section == DATA:
            return send_data_file(release, name, str(scope["method"]), headers, self._warn(release))
        if section == FIGURES:
            query = parse_qs(bytes(scope["query_string"]).decode("latin-1"))
            requested = [self.languages.get(tag) for tag in query.get("lang", [])]
            language = i18n.prefer_language(requested, headers.get("accept-language", ""))
            warning = self._warn(release)
            return send_figure(release, name, headers, language=language, site=self.address, warning=warning)
        return None

    def _send(
        self, release: Path | None, path: str, headers: dict[str, str], address: str, *, is_newest: bool
    ) -> Response:
        """Return a page of a release; `path` is `/<language>/<file>`."""
        from starlette.responses import Response

        _, lang, *names = path.split("/")
        if release is not None and lang in self.languages and not names:
            return _redirect(f"{address}/", 308)
        name = (names[0] or "index.html") if len(names) == 1 else ""
        file = None
        if release is not None and lang in self.languages:
            is_slide = bool(_MEETING.fullmatch(name))
            if is_slide or _FILE.fullmatch(name):
                page = f"{name.partition('.')[0]}.html"
                withdrawal, *others = self._list_notices(release.name, lang, page)
                notice = "".join(notice.as_html() for notice in (withdrawal, *others) if notice is not None)
                is_outdated = not is_newest and withdrawal is None
                if is_slide:
                    language = self.languages[lang]
                    file = _make_slide(release, language, name, self.address, is_outdated=is_outdated, notice=notice)
                elif has_page_file(release, path := f"{FOLDER}/{lang}/{name}"):
                    more = {"notice": notice, "contact": self.contact, "next_release": self._describe_next(lang)}
                    file = _load(release, path, self.address, is_outdated=is_outdated, **more)
            elif (answer := self._make(release, lang, name)) is not None:
                content, media_type, policy = answer
                more = {"Content-Language": lang, "Content-Security-Policy": policy, **self._warn(release)}
                if name.endswith((".csv", ".xlsx")):
                    more["Content-Disposition"] = f'attachment; filename="{release.name}.{lang}.{name}"'
                return _send_file(content, headers, media_type, "no-cache", more)
        if file is None:
            with read_in(self.languages.get(lang, i18n.SOURCE_LANGUAGE)):
                document = render_not_found(
                    is_demonstration=is_demonstration_home(self.open_home),
                    has_static_pages=find_current_pages(self.open_home) is not None,
                    contact=self.contact,
                )
                return Response(document, 404, {"Cache-Control": "no-store"}, "text/html; charset=utf-8")
        # A page changes with the current release: browsers ask each time and receive it only if it differs.
        more = {"Content-Language": lang, "Content-Security-Policy": STRICT_POLICY}
        return _send_file(file, headers, "text/html; charset=utf-8", "no-cache", more)

    def _describe_next(self, lang: str) -> str:
        """Return the sentence on the release that is announced next, in a language; empty without one."""
        from pipelines.front.pages.calendar import describe_next
        from pipelines.publication.releases.calendar import find_next_release
        from pipelines.publication.releases.public_records import read_unless_damaged

        with read_in(self.languages[lang]):
            return describe_next(read_unless_damaged(find_next_release, self.open_home(), None))

    def _list_notices(
        self, release: str, lang: str, page: str
    ) -> tuple[_Notice | None, _Notice | None, _Notice | None]:
        """Return what readers of a release must know: that it was withdrawn, that figures in it were wrong, and that
        neither can be checked. Each is None unless it is so.

        `page` is the file whose version in the current release the notice of a withdrawal leads to.
        """
        from pipelines.front.pages.calendar import CALENDAR, OPEN_CURRENT, UNCHECKED, describe_withdrawal
        from pipelines.publication.releases.public_records import read_edition_records

        records = read_edition_records(self.open_home())
        withdrawal = correction = damage = None
        with read_in(self.languages[lang]):
            if (rollback := records.withdrawals.get(release)) is not None:
                text = describe_withdrawal(release, rollback)
                withdrawal = _Notice(text, f"/{lang}/{page}", tell(OPEN_CURRENT))  # marked in front.pages.calendar
            if release in records.corrected:
                text = f"{tell('Figures in release {release} were wrong', release=release)}."
                address = f"/{lang}/{name_file(CALENDAR, find_crime_of_file(page))}"
                correction = _Notice(text, address, tell("Notices on corrected figures"))
            if records.is_damaged:
                damage = _Notice(tell(UNCHECKED))  # marked in front.pages.calendar
        return withdrawal, correction, damage

    def _list_remarks(self, release: str, lang: str) -> tuple[str, ...]:
        """Return what readers of a file of a release must know, as sentences in a language."""
        return tuple(notice.text for notice in self._list_notices(release, lang, "") if notice is not None)

    def _warn(self, release: Path) -> dict[str, str]:
        """Return the header of files with what readers of a release must know, in English; empty without anything."""
        source = i18n.html_lang(i18n.SOURCE_LANGUAGE)
        remarks = " ".join(self._list_remarks(release.name, source))
        text = re.sub(r"[^ !#-\[\]-~]", "?", remarks)
        return {"Warning": f'299 - "{text}"'} if text else {}

    def _make(self, release: Path, lang: str, name: str) -> tuple[_File, str, str] | None:
        """Return a file that is not a page, its type and its content policy, or None if the release lacks it.

        Only SVG files are part of a release; the others are made on request.
        """
        if match := _PICTURE.fullmatch(name):
            picture = f"{FOLDER}/{lang}/{match[1]}.svg"
            if not has_page_file(release, picture):
                return None
            file = _load(release, picture, "") if match[2] == "svg" else _draw(release, picture)
            return file, "image/svg+xml" if match[2] == "svg" else "image/png", _PICTURE_POLICY
        if _BRIEF.fullmatch(name):
            from pipelines.front.briefs.requests import make_brief

            content = make_brief(release, self.languages[lang], name, self.address)
            return (_hold(content), "application/pdf", _PICTURE_POLICY) if content is not None else None
        if (match := _PART.fullmatch(name)) and has_page_file(release, page := f"{FOLDER}/{lang}/{match[1]}.html"):
            today, remarks = clock.now().date(), self._list_remarks(release.name, lang)
            language = self.languages[lang]
            part = _extract(release, page, language, self.address, match[2], match[3], today, remarks)
            policy = EMBEDDED_POLICY if match[3] == "html" else STRICT_POLICY
            return (part, TYPES[match[3]], policy) if part is not None else None
        return None

    def _send_asset(self, current: Path | None, name: str, headers: dict[str, str]) -> Response:
        """Return a style sheet or script, also of a page that was opened before the current release was published.

        Raises DamagedPageError if no release has it whole.
        """
        from starlette.responses import PlainTextResponse

        damage: DamagedPageError | None = None
        for release in (current, *sorted(current.parent.iterdir(), reverse=True)) if current is not None else ():
            try:
                if has_page_file(release, path := f"{FOLDER}/{name}"):
                    return _send_file(_load(release, path, ""), headers, _ASSET_TYPES[Path(name).suffix], _FOREVER, {})
            except DamagedPageError as error:
                damage = error  # The name has the digest of the content, so that another release may have the same.
        if damage is not None:
            raise damage
        return PlainTextResponse("Not found\n", 404)


def is_demonstration_home(open_home: Callable[[], Home]) -> bool:
    """Return True if all figures of the home are invented; False without a home."""
    from pipelines.core.home import HomeError

    try:
        return open_home().kind == "demonstration"
    except HomeError:
        return False


def find_current_pages(open_home: Callable[[], Home]) -> Path | None:
    """Return the folder of the current release if it has static pages, else None."""
    from pipelines.core.home import HomeError
    from pipelines.publication.releases.publish import find_current_release

    try:
        folder = find_current_release(open_home())
    except HomeError:
        return None
    return folder if folder is not None and (folder / FOLDER).is_dir() else None


def _redirect(address: str, status: int = 302, more: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import Response

    sent = {"Location": address, "Cache-Control": "no-cache", "Vary": "Accept-Language", **(more or {})}
    return Response(b"", status, sent)


@lru_cache(maxsize=1024)
def _load(
    release: Path,
    name: str,
    address: str,
    is_outdated: bool = False,
    notice: str = "",
    contact: str = "",
    next_release: str = "",
) -> _File:
    """Read a file once: a published release never changes. A page of an outdated release says so.

    Raises DamagedPageError.
    """
    content = _complete_page(read_page_file(release, name), address, is_outdated=is_outdated, notice=notice)
    if contact:
        content = content.replace(_CONTACT_HIDDEN, _CONTACT)
        content = content.replace(_CONTACT_TEXT, _CONTACT_TEXT + link_contact(contact).encode())
    if next_release:
        content = content.replace(_NEXT_HIDDEN, _NEXT + escape(next_release).encode())
    return _hold(content)


def _complete_page(content: bytes, address: str, *, is_outdated: bool, notice: str) -> bytes:
    """Return a page with the public address in what is to be copied, its notices, and that of a newer release if it is
    outdated."""
    content = complete_addresses(content.decode(), address).encode()
    content = content.replace(_EDITION, notice.encode() + _EDITION, 1) if notice else content
    return content.replace(_NOTICE_HIDDEN, _NOTICE) if is_outdated else content


@lru_cache(maxsize=256)
def _make_slide(
    release: Path, language: str, name: str, address: str, *, is_outdated: bool, notice: str
) -> _File | None:
    """Return a slide of the meeting view, or None if the release has no such slide."""
    from pipelines.front.briefs.requests import make_slide

    content = make_slide(release, language, name)
    return (
        _hold(_complete_page(content, address, is_outdated=is_outdated, notice=notice)) if content is not None else None
    )


@lru_cache(maxsize=256)
def _draw(release: Path, name: str) -> _File:
    """Return a picture as PNG, drawn once."""
    from pipelines.front.charts.files import draw_png

    return _hold(draw_png(read_page_file(release, name).decode()))


@lru_cache(maxsize=512)
def _extract(
    release: Path, page: str, language: str, address: str, name: str, ending: str, day: date, remarks: tuple[str, ...]
) -> _File | None:
    """Return a table or a picture of a page, made once a day; None if the page has none with this name."""
    text = _load(release, page, address).content.decode()
    with read_in(language):
        content = make_part(release.resolve(), text, name, ending, day, remarks)
    return _hold(content) if content is not None else None


def _hold(content: bytes) -> _File:
    return _File(content, gzip.compress(content, 6, mtime=0), hashlib.sha256(content).hexdigest()[:32])


def _send_file(file: _File, headers: dict[str, str], media_type: str, cache: str, more: dict[str, str]) -> Response:
    """Return a file, compressed if the browser accepts that, or "not modified" if the browser has it."""
    from starlette.responses import Response

    is_compressed = "gzip" in headers.get("accept-encoding", "")
    etag = f'"{file.etag}{"-gz" if is_compressed else ""}"'
    sent = {"Cache-Control": cache, "ETag": etag, "Vary": "Accept-Encoding", **more}
    tags = {tag.strip().removeprefix("W/") for tag in headers.get("if-none-match", "").split(",")}
    if etag in tags or "*" in tags:
        return Response(b"", 304, sent)
    if is_compressed:
        return Response(file.compressed, 200, {**sent, "Content-Encoding": "gzip"}, media_type)
    return Response(file.content, 200, sent, media_type)
