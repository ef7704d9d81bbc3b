"""Typeset a brief as tagged PDF/UA-1 with typst; the same brief gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import words
from pipelines.front import pages
from pipelines.front.briefs.compose import Brief, Chapter
from pipelines.front.briefs.richtext import read_runs
from pipelines.front.briefs.row_headings import tag_row_headings
from pipelines.front.charts import files, typeset
from pipelines.front.charts.canvas import WIDE
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, in_page_language
from pipelines.words.language import current_language, tell

_TEMPLATE = Path(__file__).with_name("brief.typ")
_LONG_NAME, _MANY_COLUMNS = 25, 6
"""Letters of a name at the start of a row that is on two lines, so that many columns have room for their words."""


def write_brief(brief: Brief, reader: Reader, address: str) -> bytes:
    """Return a brief as PDF; `address` is that of the page on which it is based.

    Optional chapters are left out from the last as long as the brief is longer than it may be.
    """
    chapters = list(brief.chapters)
    source = _TEMPLATE.read_text(encoding="utf-8")
    created = datetime.fromisoformat(str(reader.edition.release["drafted_at"]))
    while True:
        inputs = {"data": json.dumps(_describe(brief, chapters, reader, address), ensure_ascii=False)}
        optional = [chapter for chapter in chapters if chapter.is_optional]
        if not optional or typeset.count_pages(source, inputs) <= brief.most_pages:
            return tag_row_headings(typeset.write_document(source, inputs, created))
        chapters.remove(optional[-1])


def _describe(brief: Brief, chapters: Sequence[Chapter], reader: Reader, address: str) -> Mapping[str, Any]:
    """Return what the template shows, as JSON can hold it."""
    edition = reader.edition
    return {
        "lang": current_language().partition("-")[0],
        "title": brief.page.title,
        "kind": brief.kind,
        "publisher": tell("Regional trafficking indicators"),
        "release": tell("Release {release}", release=edition.id),
        "notice": tell("Demonstration data: all our own figures are invented.") if edition.is_demonstration else "",
        "page": tell("Page {n} of {whole}", n="{n}", whole="{whole}"),
        "source": words.cite_release(edition.release),
        "citation": pages.cite_page(reader, brief.page, tell(words.DEMONSTRATION) if edition.is_demonstration else ""),
        "address": address if "://" in address else "",
        "path": words.describe_path(address) if address.startswith("/") else "",
        "footnotes": [read_runs(in_page_language(reader, text)) for text in _list_footnotes(reader)],
        "chapters": [_describe_chapter(chapter) for chapter in chapters],
    }


def _list_footnotes(reader: Reader) -> list[str]:
    return [f"{mark} {text}" for mark, text in reader.list_footnotes(reader.edition.areas)]


def _describe_chapter(chapter: Chapter) -> Mapping[str, Any]:
    drawing = chapter.picture.draw(WIDE) if chapter.picture is not None else None
    return {
        "heading": chapter.heading,
        "texts": [read_runs(text) for text in chapter.texts if text],
        "starts_page": chapter.starts_page,
        "pictures": []
        if drawing is None
        else [{"svg": files.embed_style(drawing.svg), "alt": drawing.description, "caption": drawing.title}],
        "tables": [_describe_table(table) for table in chapter.tables],
    }


def _describe_table(figures: FigureTable) -> Mapping[str, Any]:
    table = figures.table
    longest = max((sum(len(run["text"]) for run in read_runs(row.heading)) for row in table.rows), default=0)
    return {
        "has_long_names": longest > _LONG_NAME and len(table.columns) >= _MANY_COLUMNS,
        "caption": table.caption,
        "header": [table.corner, *table.columns],
        "is_text": figures.is_text,
        "rows": [
            {"cells": [read_runs(cell) for cell in (row.heading, *row.fields)], "is_total": row.kind == "total"}
            for row in table.rows
        ],
        "notes": [
            [{"kind": "mark", "text": mark}, *read_runs(text)] if mark else read_runs(text)
            for mark, text in figures.all_notes
        ],
    }
