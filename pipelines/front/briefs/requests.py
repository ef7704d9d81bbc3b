"""Make a brief when somebody asks for it, and keep the newest ones."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pipelines.front.briefs.compose import find_brief, list_briefs
from pipelines.front.briefs.meeting import render_slide
from pipelines.front.briefs.write import write_brief
from pipelines.front.build import FOLDER
from pipelines.front.edition import Edition
from pipelines.front.queries import read_tables
from pipelines.front.reader import open_reader
from pipelines.words.language import read_in

_KEPT = 64
"""Briefs that are kept, with about 100 kB each."""


@lru_cache(maxsize=_KEPT)
def make_brief(release: Path, language: str, file: str, site: str) -> bytes | None:
    """Return a brief of a released folder by the name of its file, or None if it has no such brief.

    `site` is the public address of the pages.
    """
    edition = _read_edition(release)
    with read_in(language):
        reader = open_reader(edition, language)
        brief = find_brief(reader, file)
        if brief is None:
            return None
        return write_brief(brief, reader, f"{site}/releases/{edition.id}/{reader.lang}/{brief.page.file}")


def typeset_briefs(release: Path, language: str) -> dict[str, bytes]:
    """Return all briefs of a release by the names of their files, without a public address; nothing is kept."""
    edition = Edition(read_tables(release))
    with read_in(language):
        reader = open_reader(edition, language)
        briefs = {file: find_brief(reader, file) for file in list_briefs(edition)}
        return {file: write_brief(brief, reader, "") for file, brief in briefs.items() if brief is not None}


@lru_cache(maxsize=_KEPT)
def make_slide(release: Path, language: str, file: str) -> bytes | None:
    """Return a slide of the meeting view by the name of its file, or None if the release has no such slide."""
    pages = release / FOLDER
    style, script = (next((path.name for path in pages.glob(pattern)), "") for pattern in ("style-*", "script-*"))
    with read_in(language):
        slide = render_slide(open_reader(_read_edition(release), language), file, style, script)
    return slide.encode() if slide is not None else None


@lru_cache(maxsize=1)
def _read_edition(release: Path) -> Edition:
    """Return the tables of a release, which are the same for all of its briefs."""
    return Edition(read_tables(release))
