"""A nil return without a file of the office: a small document that says that there was nothing to count."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

FORMAT = "nil"
_TITLE = "Nil return: nothing to count"


@dataclass(frozen=True, slots=True)
class NilReturn:
    """A declared form and the periods in which it had nothing to count."""

    form: str
    periods: tuple[str, ...]
    comment: str | None = None


def document(nil: NilReturn) -> bytes:
    """The document as bytes; the same statement gives the same bytes."""
    content = {"document": _TITLE, "form": nil.form, "periods": sorted(nil.periods), "comment": nil.comment}
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def parse(data: bytes) -> NilReturn | None:
    """What a document says; None for bytes that are not, byte for byte, such a document.

    It is read in this process and kept as it is: whatever else somebody writes into one makes it a file like any other.
    """
    if not data.startswith(b"{") or len(data) > 65_536:
        return None
    try:
        content: Any = json.loads(data)
        found = NilReturn(str(content["form"]), tuple(str(p) for p in content["periods"]), content["comment"])
        return found if found.periods and document(found) == data else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
