"""Read pages whose figures, days and periods are kept on one line."""

from __future__ import annotations

import re

_WHOLE = re.compile(r'<span(?: class="rti-whole")?>([^<]*)</span>')


def allow_breaks(page: str) -> str:
    """Return a page as it was before its figures were kept on one line: with ordinary spaces and hyphens, and no
    elements."""
    return _WHOLE.sub(r"\1", page).replace("\u00a0", " ").replace("\u2011", "-")
