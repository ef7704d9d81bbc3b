"""The addresses of the sign-in, and which addresses people may return to afterwards."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

SIGN_IN, SIGN_OUT, PASSWORD, CALLBACK = "/sign-in", "/sign-out", "/password", "/oauth2callback"
FIRST_PAGE = "/"
LONGEST_PATH = 2000
"""Characters of an address to return to; it is part of a cookie, and a browser keeps 4 kB of one."""


def local_path(text: str) -> str:
    """Return an address within this site, or that of the first page if the text is anything else.

    Browsers take `\\` for `/` and drop tabs and line breaks, so that `/\\host` and `/<tab>/host` lead elsewhere.
    """
    is_plain = text.isprintable() and " " not in text and "\\" not in text and len(text) <= LONGEST_PATH
    if not is_plain or not text.startswith("/") or text.startswith("//"):
        return FIRST_PAGE
    try:
        parts = urlsplit(text)
    except ValueError:
        return FIRST_PAGE
    return text if not parts.scheme and not parts.netloc else FIRST_PAGE


def sign_in_address(next_path: str = FIRST_PAGE) -> str:
    """Return the address of the sign-in, from which people go on to a page of this site."""
    path = local_path(next_path)
    return SIGN_IN if path == FIRST_PAGE else f"{SIGN_IN}?next={quote(path, safe='')}"
