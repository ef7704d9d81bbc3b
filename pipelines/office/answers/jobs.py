"""Define the jobs for the child processes that write workbooks and previews, in shapes that can be pickled.

Every text that a child writes is part of its job, so that children need no catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipelines.model.content import Where

Kind = Literal["own", "read", "bare"]


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in words. `columns` are its cells in the table of findings; `comment` is for its own cell."""

    severity: Literal["error", "warning", "information"]
    where: Where
    place: str
    columns: tuple[str, ...]
    comment: str


@dataclass(frozen=True, slots=True)
class FindingsSheet:
    """The first sheet: title, facts about the file, legend, and the table."""

    title: str
    demonstration: str | None
    facts: tuple[tuple[str, str], ...]
    legend_title: str
    legend: tuple[tuple[Literal["error", "warning", "information"], str], ...]
    headings: tuple[str, ...]
    place_column: int
    lines: tuple[FindingLine, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BookJob:
    """A workbook to write. `own`: the office's with comments; `read`: the findings and the tables as read; `bare`:
    findings only.

    `words` are further texts by name; `modified` is the time to write into the file.
    """

    kind: Kind
    data: bytes
    filename: str
    form: str | None
    sheet: FindingsSheet
    words: Mapping[str, str]
    modified: str


@dataclass(frozen=True, slots=True)
class MendJob:
    """Cells to correct in a copy of the office's workbook: (sheet, cell, text seen, new text, comment)."""

    data: bytes
    cells: tuple[tuple[str, str, str, str, str], ...]
    modified: str


@dataclass(frozen=True, slots=True)
class BesideJob:
    """A preview of a file as a page if `draws_page`, and its tables as plain cells, at most `limit` cells."""

    data: bytes
    filename: str
    form: str | None
    language: str
    demonstration: bool
    limit: int
    draws_page: bool = True
    words: Mapping[str, str] = field(default_factory=dict)


Job = BookJob | MendJob | BesideJob
