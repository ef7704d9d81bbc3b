"""Serve the JSON API below `/api/data` in front of another application: tables, columns, rows and its description."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote

from pipelines.core import clock, i18n
from pipelines.core.i18n import mark
from pipelines.dissemination.files import join_content
from pipelines.dissemination.release import identify_release, load_structures
from pipelines.dissemination.structures import choose_text
from pipelines.dissemination.writers import tabular
from pipelines.web.api.reference_page import render_reference
from pipelines.web.downloads import CROSS_ORIGIN, Download, hold_download, send_download
from pipelines.web.mounted_service import MountedService
from pipelines.web.open_data.document import describe_api
from pipelines.web.open_data.tables import (
    RowsRequest,
    compose_rows,
    describe_table,
    list_parameters,
    list_tables,
    read_language,
    read_parameters,
    read_rows_request,
    select_extract,
)
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.queries import RequestedEdition
from pipelines.web.sdmx.releases import PublishedRelease, find_time_of_change

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope


ADDRESS: Final = "/api/data"
_METHODS: Final = "GET, HEAD, OPTIONS"
_JSON: Final = "application/json"
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)


class OpenDataService(MountedService):
    """Answer requests below `/api/data`; pass all others to the application."""

    address = ADDRESS

    def _respond(self, scope: Scope) -> Response:
        from starlette.responses import Response

        method = scope["method"]
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        query = bytes(scope["query_string"]).decode("latin-1")
        language = _choose_language(query, headers)
        if method == "OPTIONS":
            return Response(b"", 204, {**CROSS_ORIGIN, "Allow": _METHODS})
        if method not in ("GET", "HEAD"):
            return _refuse(
                QueryError(405, mark("Only {methods} are accepted."), methods=_METHODS), language, {"Allow": _METHODS}
            )
        raw = scope.get("raw_path")
        path = bytes(raw).decode("latin-1").partition("?")[0] if raw else str(scope["path"])
        parts = [unquote(part) for part in path.removeprefix(ADDRESS).strip("/").split("/")]
        try:
            return self._answer(parts, query, headers)
        except QueryError as error:
            return _refuse(error, language)

    def _answer(self, parts: list[str], query: str, headers: Mapping[str, str]) -> Response:
        """Return the answer to a request. Raises QueryError."""
        from starlette.responses import Response

        match parts:
            case [""] | ["openapi.json"]:
                read_parameters(query, ())
                document = describe_api(load_structures(self.releases.find_release(RequestedEdition()).folder), ADDRESS)
                if parts == ["openapi.json"]:
                    return Response(_dump(document), 200, {**CROSS_ORIGIN, "Cache-Control": "no-cache"}, _JSON)
                return _send_reference(render_reference(document, ADDRESS))
            case ["releases"]:
                read_parameters(query, ())
                content = _dump({"releases": [_describe_release(item) for item in self.releases.list_history()]})
                return Response(content, 200, {**CROSS_ORIGIN, "Cache-Control": "no-cache"}, _JSON)
            case ["tables"] | ["tables", _]:
                parameters = read_parameters(query, ("language", "release"))
                release = self._find_release(parameters)
                structures = load_structures(release.folder)
                language = read_language(parameters, structures.languages)
                if len(parts) == 2:
                    self._check_table(release, parts[1])

                def make_answer() -> Download:
                    return hold_download(_dump(_describe(release.folder, parts[1:], language)), _JSON)

                return self._send(release, parameters, headers, (tuple(parts), language), make_answer)
            case ["tables", name, "rows"]:
                release = self._find_release(dict(_pick_release(query)))
                self._check_table(release, name)
                structures = load_structures(release.folder)
                flow = structures.dataflows[name]
                parameters = read_parameters(query, list_parameters(flow))
                request = read_rows_request(flow, structures.languages, parameters)
                return self._send(release, parameters, headers, request, lambda: _make_rows(release.folder, request))
            case _:
                raise QueryError(
                    404, mark("There is nothing at this address. {address} describes all addresses."), address=ADDRESS
                )

    def _find_release(self, parameters: Mapping[str, str]) -> PublishedRelease:
        return self.releases.find_release(RequestedEdition(parameters.get("release")))

    def _check_table(self, release: PublishedRelease, name: str) -> None:
        tables = load_structures(release.folder).dataflows
        if name not in tables:
            raise QueryError(
                404, mark("There is no table {name}. There are: {names}."), name=name, names=", ".join(tables)
            )

    def _send(
        self,
        release: PublishedRelease,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        request: RowsRequest | tuple[tuple[str, ...], str],
        make: Callable[[], Download],
    ) -> Response:
        """Return an answer that is made once for a release and a request."""
        more = {
            "Cache-Control": "public, max-age=86400" if "release" in parameters else "no-cache",
            "Last-Modified": format_datetime(find_time_of_change(release).astimezone(UTC), usegmt=True),
        }
        key = (*identify_release(release.folder), request)
        return send_download(self.answers.get_or_make(key, make), headers, more)


def _pick_release(query: str) -> list[tuple[str, str]]:
    """Return the parameter that names the release, on which the other parameters depend."""
    return [(name, value) for name, value in parse_qsl(query) if name == "release"]


def _describe(folder: Path, names: list[str], language: str) -> dict[str, Any]:
    if names:
        return describe_table(folder, names[0], language)
    edition = load_structures(folder).edition
    return {
        "release": edition.id,
        "source": choose_text(edition.citations, language),
        "tables": list_tables(folder, language),
    }


def _make_rows(folder: Path, request: RowsRequest) -> Download:
    if request.file_type == "json":
        return hold_download(_dump(compose_rows(folder, request)), _JSON)
    extract, _ = select_extract(folder, request)
    write = tabular.write_csv if request.file_type == "csv" else tabular.write_parquet
    return hold_download(join_content(write(extract, request.language)), tabular.MEDIA_TYPES[request.file_type])


def _describe_release(release: PublishedRelease) -> dict[str, Any]:
    until = release.valid_until
    return {
        "id": release.folder.name,
        "published_at": clock.format_timestamp(release.valid_from),
        "until": clock.format_timestamp(until) if until is not None else None,
    }


def _dump(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _choose_language(query: str, headers: Mapping[str, str]) -> str:
    """Return the language of an error: that of the address, else the one that the client prefers, else English."""
    tags = [value for name, value in parse_qsl(query) if name == "language"]
    codes = [code for code in i18n.list_languages() if i18n.html_lang(code) in tags]
    return i18n.prefer_language(codes, headers.get("accept-language", ""))


def _refuse(error: QueryError, language: str, more: Mapping[str, str] | None = None) -> Response:
    from starlette.responses import Response

    sent = {
        **CROSS_ORIGIN,
        "Cache-Control": "no-store",
        "Content-Language": i18n.html_lang(language),
        "Vary": "Accept-Language",
        **(more or {}),
    }
    return Response(_dump({"error": error.localize_message(language)}), error.status, sent, _JSON)


def _send_reference(page: str) -> Response:
    """Return the page for people; its content policy allows its one inline style and nothing else."""
    from starlette.responses import Response

    digests = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in _STYLE.findall(page)]
    styles = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = f"default-src 'none'; style-src {styles}; base-uri 'none'; frame-ancestors 'none'"
    sent = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
    return Response(page.encode(), 200, sent, "text/html; charset=utf-8")
