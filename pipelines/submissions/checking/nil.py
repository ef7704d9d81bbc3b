"""Write and parse nil documents: nil returns that are declared without a file of the office."""

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


def write_nil_document(nil: NilReturn) -> bytes:
    """Return the document as bytes; the same nil return gives the same bytes."""
    content = {"document": _TITLE, "form": nil.form, "periods": sorted(nil.periods), "comment": nil.comment}
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def parse_nil_document(data: bytes) -> NilReturn | None:
    """Return the nil return in a document, or None for bytes that are not exactly such a document.

    A document is parsed in this process and stored unchanged, so a file with any other content is treated as a normal
    upload.
    """
    if not data.startswith(b"{") or len(data) > 65_536:
        return None
    try:
        content: Any = json.loads(data)
        nil_return = NilReturn(str(content["form"]), tuple(str(p) for p in content["periods"]), content["comment"])
        return nil_return if nil_return.periods and write_nil_document(nil_return) == data else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
