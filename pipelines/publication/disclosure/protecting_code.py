"""Identify the code that decides what is withheld: with other code, nothing that was decided before is used again."""

from __future__ import annotations

from functools import cache
from typing import Final

from pipelines.warehouse import build_cache

CODE: Final = (
    "publication/disclosure", "publication/cooperation", "statistics", "model/periods.py", "core/codes.py",
)  # fmt: skip
"""Packages and modules that decide. What they read from declarations and code lists is compared by content."""


@cache
def digest_code() -> str:
    """Return the SHA-256 of the code and of the programme."""
    return build_cache.code_digest(*CODE)
