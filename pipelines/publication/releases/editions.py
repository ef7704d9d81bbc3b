"""The order of editions: which release is older than which, decided by their names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EDITION = re.compile(r"(?P<year>\d{4})-Q(?P<quarter>[1-4])(?:\.(?P<number>[1-9]\d*))?")

EditionKey = tuple[int, int, int]
"""Year, quarter and number of the correction; the first edition of a quarter has number 0."""


def edition_key(release: str) -> EditionKey:
    """Return the key by which editions sort: 2026-Q2 < 2026-Q3 < 2026-Q3.1 < 2026-Q3.2 < 2026-Q3.10 < 2026-Q4.

    Raises ValueError for a name that is not that of an edition.
    """
    match = _EDITION.fullmatch(release)
    if match is None:
        raise ValueError(f"{release!r} is not a release; a release is named like 2026-Q3 or 2026-Q3.1")
    return int(match["year"]), int(match["quarter"]), int(match["number"] or 0)


def next_edition(period: str, published: Iterable[str]) -> str:
    """Return the name of the next edition of a quarter: the quarter itself, or the number after its newest edition."""
    quarter = edition_key(period)[:2]
    numbers = [key[2] for key in map(edition_key, published) if key[:2] == quarter]
    return f"{period}.{max(numbers) + 1}" if numbers else period
