"""Make the one-time links by which experts confirm their entry; the ledger keeps only a digest of each."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

_SECRET_BYTES = 24
_SECRET_LETTERS = 32
_CHECK_LETTERS = 4
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


def make_token() -> str:
    """Return a new token: a random secret of 192 bits, and letters that show whether it was cut off in a mail."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    return secret + _digest("check", secret)[:_CHECK_LETTERS]


def is_whole(token: str) -> bool:
    """Return True unless a token was cut off or changed on its way."""
    if len(token) != _SECRET_LETTERS + _CHECK_LETTERS or not _TOKEN.fullmatch(token):
        return False
    secret, check = token[:_SECRET_LETTERS], token[_SECRET_LETTERS:]
    return hmac.compare_digest(_digest("check", secret)[:_CHECK_LETTERS], check)


def digest_token(token: str) -> str:
    """Return the digest by which the ledger knows a token."""
    return _digest("expert", token[:_SECRET_LETTERS])


def form_token(token: str) -> str:
    """Return the token that the forms of this link carry."""
    return _digest("form", token[:_SECRET_LETTERS])


def _digest(use: str, secret: str) -> str:
    return hashlib.sha256(f"{use}|{secret}".encode()).hexdigest()
