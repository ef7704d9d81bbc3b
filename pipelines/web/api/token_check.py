"""Verify the token of an API request before a byte of the body is read; limit wrong tokens per address.

FastAPI reads a JSON body before it calls any dependency, so the token is verified in front of it.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from limits import RateLimitItemPerMinute

from pipelines.core import i18n
from pipelines.core.i18n import tell
from pipelines.ledger.identity import Identity, NotAllowedError
from pipelines.submissions.accounts import tokens
from pipelines.submissions.service import Desk
from pipelines.web.api.problems import ProblemError
from pipelines.web.guards import Rates, client_network

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

WRONG_PER_MINUTE = 20
"""Wrong tokens per minute of one address; a token of 256 bits cannot be guessed, but each try costs a ledger lookup."""
_REMEMBERED = 1_000


class TokenFirst:
    """Put the identity of the token into the request's state as `who`, or answer 401 (429 after too many).

    A token that was valid before in this process is still looked up when its address has sent too many wrong ones, so
    that one broken script does not stop the other programs of an office.
    """

    def __init__(self, app: ASGIApp, desk: Callable[[], Desk], rates: Rates) -> None:
        self.app, self.desk, self.rates = app, desk, rates
        self.wrong = RateLimitItemPerMinute(WRONG_PER_MINUTE, namespace="wrong tokens")
        self._right: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or not path.startswith("/v1/"):
            await self.app(scope, receive, send)
            return
        from anyio import to_thread

        text = _token(scope)
        digest = hashlib.sha256(text.encode()).digest()
        network, language = client_network(scope), _language(scope)
        # A request without a token costs no ledger lookup and is not counted.
        if text and digest not in self._right and (seconds := self.rates.check_wait(self.wrong, network)):
            detail = tell("Too many wrong tokens came from your network.", language)
            headers = {"Retry-After": str(seconds), "Connection": "close"}
            await ProblemError(429, detail, language=language, headers=headers).make_response()(scope, receive, send)
            return
        try:
            who: Identity = await to_thread.run_sync(tokens.verify_token, self.desk().engine, text)
        except NotAllowedError as error:
            self._right.pop(digest, None)
            if text:
                self.rates.count_request(self.wrong, network)
            headers = {"WWW-Authenticate": "Bearer", "Connection": "close"}
            problem = ProblemError(401, error.localize_message(language), language=language, headers=headers)
            await problem.make_response()(scope, receive, send)
            return
        self._right[digest] = None
        if len(self._right) > _REMEMBERED:
            self._right.popitem(last=False)
        scope.setdefault("state", {})["who"] = who
        await self.app(scope, receive, send)


def _token(scope: Scope) -> str:
    scheme, _, value = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1").partition(" ")
    return value if scheme.lower() == "bearer" else ""


def _language(scope: Scope) -> str:
    requested = parse_qs(scope["query_string"].decode("latin-1")).get("language", [""])[0]
    return requested if requested in i18n.list_languages() else i18n.SOURCE_LANGUAGE
