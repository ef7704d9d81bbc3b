"""Device cookies: which browsers have signed in to an account before.

The cookie gives no access; it only exempts the browser from limits that strangers can use up
(`pipelines/submissions/accounts/throttle.py`). It is signed with a key derived from the home's cookie secret, so that
deleting `portal.json` ends it too.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from pipelines.web.sign_in.cookies import Cookies

DEVICE_COOKIE = "rti_device"
DEVICE_SECONDS = 180 * 24 * 3600
_MOST_ACCOUNTS = 5
"""Accounts for which one browser is remembered; a shared machine in an office has a few."""


class Devices:
    """The device cookies of one service."""

    def __init__(self, secret: str, cookies: Cookies) -> None:
        from itsdangerous import URLSafeTimedSerializer

        self._serializer = URLSafeTimedSerializer(secret, salt="device")
        self._cookies = cookies

    def recognise_browser(self, request: Request, account: str) -> str:
        """Return the id of the browser if it has signed in to this account before, else an empty text."""
        content = self._content(request)
        return str(content["device"]) if _digest(account) in content["accounts"] else ""

    def remember_browser(self, request: Request, response: Response, account: str) -> None:
        """Remember in the browser that it has signed in to this account."""
        content = self._content(request)
        accounts = [_digest(account), *(digest for digest in content["accounts"] if digest != _digest(account))]
        signed = self._serializer.dumps({"device": content["device"], "accounts": accounts[:_MOST_ACCOUNTS]})
        self._cookies.write_cookie(request, response, DEVICE_COOKIE, str(signed), seconds=DEVICE_SECONDS)

    def _content(self, request: Request) -> dict[str, Any]:
        from itsdangerous import BadData

        try:
            content: dict[str, Any] = self._serializer.loads(
                self._cookies.read_cookie(request, DEVICE_COOKIE), max_age=DEVICE_SECONDS
            )
        except BadData:
            return {"device": secrets.token_urlsafe(16), "accounts": []}
        return content


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:16]
