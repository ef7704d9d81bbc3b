"""Read the HTML of a field or sentence as runs of text, for documents that are not HTML."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TypedDict

from pipelines.design.components import Markup, Part

_BADGE = "front-badge"
"""Class of the word "few" before a number."""
_MISSING = "front-missing"
"""Class of the words that are shown instead of a figure."""
_VOID = ("br", "wbr")
"""Elements that have no end."""


class Run(TypedDict):
    """Text of one kind: `text`, `mark` (of a note), `badge`, `missing` (words instead of a figure), or `en` for English
    inside another language."""

    kind: str
    text: str


class _Reader(HTMLParser):
    """Collect runs; what only screen readers say is left out, because the note or badge next to it is read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[Run] = []
        self._kinds: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        attributes = dict(attrs)
        classes = str(attributes.get("class") or "").split()
        kind = self._kinds[-1] if self._kinds else "text"
        if tag == "sup":
            kind = "mark"
        elif _BADGE in classes:
            kind = "badge"
        elif _MISSING in classes:
            kind = "missing"
        elif "rti-hidden" in classes:
            kind = "hidden"
        elif attributes.get("lang") == "en":
            kind = "en"
        self._kinds.append(kind)

    def handle_endtag(self, tag: str) -> None:
        self._kinds.pop()

    def handle_data(self, data: str) -> None:
        kind = self._kinds[-1] if self._kinds else "text"
        if kind == "hidden":
            return
        if self.runs and self.runs[-1]["kind"] == kind:
            self.runs[-1]["text"] += data
        else:
            self.runs.append({"kind": kind, "text": data})


def read_runs(part: Part) -> list[Run]:
    """Return the runs of a text, or of the HTML of a field."""
    if not isinstance(part, Markup):
        return [{"kind": "text", "text": str(part)}] if part else []
    reader = _Reader()
    reader.feed(str(part))
    reader.close()
    return reader.runs
