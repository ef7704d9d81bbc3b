"""Serve static files under addresses that contain their digest, so that browsers keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

CSS = Path(__file__).with_name("css")
_FORMS = "forms.css"
STYLE = tuple(CSS / name for name in ("tokens.css", "base.css", "components.css", _FORMS, "print.css"))
"""The style sheet of the design system; later files refine earlier ones."""
READING_STYLE = tuple(path for path in STYLE if path.name != _FORMS)
"""The style sheet of pages without forms."""
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_PREFIX = "/static"


@dataclass(frozen=True)
class _Asset:
    content: bytes
    compressed: bytes
    media_type: str


class Assets:
    """The static files of one service, each made of one or more source files joined in order."""

    def __init__(self, sources: Mapping[str, Iterable[Path]]) -> None:
        self._addresses: dict[str, str] = {}
        self._served: dict[str, _Asset] = {}
        for name, paths in sources.items():
            content = b"\n".join(path.read_bytes() for path in paths)
            digest = hashlib.sha256(content).hexdigest()[:16]
            self._addresses[name] = f"{_PREFIX}/{digest}/{name}"
            compressed = gzip.compress(content, mtime=0)
            self._served[f"{digest}/{name}"] = _Asset(content, compressed, _TYPES[Path(name).suffix])

    def find_address(self, name: str) -> str:
        """Return the address of a file. Raises KeyError if it is unknown."""
        return self._addresses[name]

    def create_route(self) -> Route:
        """Return the route that serves all files."""
        from starlette.routing import Route

        return Route(f"{_PREFIX}/{{path:path}}", self._serve, methods=["GET", "HEAD"])

    def _serve(self, request: Request) -> Response:
        from starlette.responses import PlainTextResponse, Response

        asset = self._served.get(request.path_params["path"])
        if asset is None:
            return PlainTextResponse("Not found\n", 404)
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(asset.compressed, media_type=asset.media_type, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)
