"""Answer requests below one address from published releases, in front of another application."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final

from pipelines.core.result_cache import ResultCache
from pipelines.web.downloads import Download
from pipelines.web.sdmx.releases import Releases

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pipelines.core.home import Home

_HEAVIEST: Final = 64 << 20
"""Bytes of answers that are kept in memory."""


class MountedService(ABC):
    """Answer requests at and below `address`; pass all others to the application.

    A release never changes, so `answers` keeps what was made for a query.
    """

    address: ClassVar[str]

    def __init__(self, app: ASGIApp, open_home: Callable[[], Home]) -> None:
        self.app, self.releases = app, Releases(open_home)
        self.answers: ResultCache[Download] = ResultCache(512, lambda file: len(file.stored), _HEAVIEST)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and (path == self.address or path.startswith(f"{self.address}/")):
            from starlette.concurrency import run_in_threadpool

            response = await run_in_threadpool(self._respond, scope)
            if scope["method"] == "HEAD":
                response.body = b""
            await response(scope, receive, send)
            return
        await self.app(scope, receive, send)

    @abstractmethod
    def _respond(self, scope: Scope) -> Response:
        """Return the answer to a request. Runs in a thread."""
