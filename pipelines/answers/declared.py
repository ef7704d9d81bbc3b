"""The words that a form declares, as candidates for a suggestion.

Belongs here: which headings and labels a form knows, by table.  Does not belong here: choosing among them
(`suggesting.py`), reading.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Declared:
    """Headings and labels of a form as declared, and those that a return already has, folded, by sheet."""

    headings: tuple[str, ...]
    labels: tuple[str, ...]
    taken: frozenset[tuple[str | None, str]] = frozenset()
    missing: frozenset[tuple[str | None, str]] = frozenset()
