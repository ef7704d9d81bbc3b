"""Send the data files of a release, and the permanent addresses of its figures.

Files are at `/releases/<id>/data/<name>`, figures at `/releases/<id>/figures/<cell id>` and
`/releases/<id>/figures/<dataflow>/<key>/<period>`. The same addresses without `/releases/<id>` lead to the newest one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from dashboards.public.plain_page import STYLE, render_plain_page
from pipelines.core import i18n
from pipelines.core.result_cache import ResultCache
from pipelines.dissemination.figures import ReleasedFigure, UnknownFigureError, find_figure_by_cell, find_figure_by_key
from pipelines.dissemination.files import UnknownFileError, find_file, find_stored_file, join_content
from pipelines.dissemination.release import identify_release
from pipelines.web.downloads import CROSS_ORIGIN, Download, hold_download, send_download
from pipelines.words.language import read_in, tell

if TYPE_CHECKING:
    from starlette.responses import Response

DATA: Final = "data"
FIGURES: Final = "figures"
_HEAVIEST: Final = 64 << 20
"""Bytes of files that are kept in memory."""
_UNCHANGING: Final = {"Cache-Control": "public, max-age=86400"}
"""A release never changes, but a newer version of the software may write a label in better words, and a notice on
corrected figures is added to the notes."""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"
_downloads: ResultCache[Download] = ResultCache(256, lambda file: len(file.stored), _HEAVIEST)


def send_data_file(
    release: Path, name: str, method: str, headers: Mapping[str, str], warning: Mapping[str, str]
) -> Response | None:
    """Return a data file of a release, or None if there is none of this name.

    `warning` is the header on a release that was withdrawn or corrected, or cannot be checked. No cache keeps
    an answer that has it.
    """
    from starlette.responses import FileResponse, Response

    if method == "OPTIONS":
        return Response(b"", 204, dict(CROSS_ORIGIN))
    more = {**_UNCHANGING, "Content-Disposition": f'attachment; filename="{release.name}.{name}"'}
    if warning:
        more |= {"Cache-Control": "no-cache", **warning}
    stored = find_stored_file(release, name)
    if stored is not None:
        return FileResponse(stored, headers={**CROSS_ORIGIN, **more}, media_type="application/octet-stream")
    try:
        file = find_file(release, name)
    except UnknownFileError:
        return None
    key = (*identify_release(release), name)
    download = _downloads.get_or_make(key, lambda: hold_download(join_content(file.make()), file.media_type))
    return send_download(download, headers, more)


def send_figure(
    release: Path, path: str, headers: Mapping[str, str], *, language: str, site: str, warning: Mapping[str, str]
) -> Response | None:
    """Return the page of a figure, or its JSON document for an address in `.json` and for a client of JSON.

    `path` is the cell id, or the dataflow, the key and the period, `warning` as for a data file. Returns None for an
    unknown figure.
    """
    from starlette.responses import Response

    wants_json = path.endswith(".json") or headers.get("accept", "").startswith("application/json")
    parts = [unquote(part) for part in path.removesuffix(".json").split("/")]
    try:
        if len(parts) == 1:
            figure = find_figure_by_cell(release, parts[0])
        elif len(parts) == 3:
            figure = find_figure_by_key(release, *parts)
        else:
            return None
    except UnknownFigureError:
        return None
    tag = i18n.html_lang(language)
    sent = {"Cache-Control": "no-cache", "Content-Language": tag, "Vary": "Accept, Accept-Language", **warning}
    sent["Link"] = f'<{site}{figure.address}>; rel="canonical"'
    if wants_json:
        content = json.dumps(figure.as_json(tag, site), ensure_ascii=False, indent=1).encode()
        return Response(content, 200, {**CROSS_ORIGIN, **sent}, "application/json")
    with read_in(language):
        document = _compose_page(figure, tag, site)
    return Response(document, 200, {**sent, "Content-Security-Policy": _POLICY}, "text/html; charset=utf-8")


def _compose_page(figure: ReleasedFigure, tag: str, site: str) -> str:
    """Return the page of one figure: what it is, its notes, its citation, and the files that it is in."""
    edition = figure.extract.structures.edition
    title = figure.extract.find_title(tag)
    facts = [(tell("Release"), edition.id), *figure.list_facts(tag)]
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in facts)
    notes = figure.describe_notes(tag)
    flow = figure.extract.dataflow.id
    base = f"/releases/{edition.id}"
    links = {
        f"{figure.address}.json": "JSON",
        f"{base}/{DATA}/{flow}.{tag}.csv" if tag != "en" else f"{base}/{DATA}/{flow}.csv": "CSV",
        f"{base}/{DATA}/{flow}.sdmx-2.1.xml": "SDMX-ML 2.1",
        f"{base}/{tag}/": tell("Home"),
    }
    listed_links = "".join(f'<li><a href="{escape(href)}">{escape(text)}</a></li>' for href, text in links.items())
    remarks = f"<h2>{escape(tell('Notes'))}</h2><p>{escape(notes)}</p>" if notes else ""
    body = (
        f"<dl>{listed}</dl>{remarks}"
        f"<h2>{escape(tell('How to cite'))}</h2><p>{escape(figure.cite_figure(tag, site))}</p>"
        f'<nav aria-label="{escape(tell("Pages"), quote=True)}"><ul>{listed_links}</ul></nav>'
    )
    note = tell("Demonstration data: all our own figures are invented.") if edition.is_demonstration else ""
    return render_plain_page(
        tag,
        f"{title}: {figure.format_value(tag)}",
        body,
        heading=title,
        note=note,
        find_address=lambda other: f"{figure.address}?lang={other}",
    )
