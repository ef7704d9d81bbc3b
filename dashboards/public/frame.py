"""Hold what every public page needs of a release: its areas with their names and footnotes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

from dashboards.public import queries, tables
from dashboards.public.selection import read_selection
from dashboards.public.static_links import link_static_page
from pipelines import words
from pipelines.core import codes
from pipelines.front.build import FOLDER
from pipelines.front.glossary import Explainer
from pipelines.front.pages import METHODOLOGY
from pipelines.words import Row, figures
from pipelines.words.areas import assign_footnote_marks
from pipelines.words.language import tell
from pipelines.words.line_breaks import keep_part_whole

_is_folded: ContextVar[bool] = ContextVar("folded", default=False)
"""True while a part of the page is drawn that is closed at first."""


@contextmanager
def explain_in_fold() -> Iterator[None]:
    """Explain terms in what a `with` statement draws for those who open it, and elsewhere again."""
    token = _is_folded.set(True)
    try:
        yield
    finally:
        _is_folded.reset(token)


@dataclass(frozen=True)
class Frame:
    """Release, areas and paths that every page needs."""

    path: str
    release: Mapping[str, Any]
    areas: Mapping[str, Mapping[str, Any]]
    numbers: Iterator[int] = field(default_factory=itertools.count)
    """Numbers of the tables of the page, for the keys of their controls."""
    explained: dict[str, str] = field(default_factory=dict)
    """HTML of this run whose terms were explained: a part that is redrawn alone has the same explanations."""
    lacking: list[object] = field(default_factory=list)
    """Functions of the parts of this run that the release lacks something for, in the order of the page."""
    edition: queries.OpenedRelease | None = None
    """Status of the release, such as whether it is current; None if it was not opened by an address."""

    @property
    def id(self) -> str:
        return str(self.release["release"])

    @property
    def is_demonstration(self) -> bool:
        return bool(self.release["demonstration"])

    @property
    def front(self) -> str:
        """Return the beginning of the addresses of the static pages: of this release, or of the newest if it is that
        one or has no such pages."""
        is_newest = self.edition is None or self.edition.is_current
        return "" if is_newest or not (Path(self.path).parent / FOLDER).is_dir() else f"/releases/{self.id}"

    @property
    def territories(self) -> list[tuple[str, str]]:
        """Return the code and name of each territory of the region, in display order."""
        return [(code, row["name"]) for code, row in self.areas.items() if row["area_kind"] == "territory"]

    @property
    def region(self) -> str:
        """Return the code of the region."""
        return next(code for code, row in self.areas.items() if row["area_kind"] == "region")

    @cached_property
    def _explainers(self) -> tuple[Explainer, Explainer] | None:
        """Return what explains the terms of the glossary, which is on a static page: on the page, and in its folds.

        None for a release without static pages.
        """
        if not (Path(self.path).parent / FOLDER).is_dir():
            return None
        page = link_static_page(METHODOLOGY)
        return Explainer(page), Explainer(page, "about-folded")

    def explain_terms(self, text: str) -> str:
        """Return a text as HTML, in which the terms that the page has here first are explained, and figures whole."""
        return self.explain_html(escape(text))

    def explain_html(self, html: str) -> str:
        """Return HTML in which the terms that the page has here first are explained: captions, headings and notes of a
        table, and sentences. No line ends within a figure. The same HTML has the same explanations each time."""
        if self._explainers is None:
            return keep_part_whole(html)
        if html not in self.explained:
            on_page, folded = self._explainers
            explained = on_page.explain_part(html, folded, is_folded=_is_folded.get())
            self.explained[html] = keep_part_whole(explained)
        return self.explained[html]

    def list_jurisdictions(self, territory: str) -> list[str]:
        """Return the codes of the parts of a territory that report separately; empty if it has none."""
        return [
            c for c, row in self.areas.items() if row["area_kind"] == "jurisdiction" and row["territory"] == territory
        ]

    def find_territory(self, area: str) -> str:
        """Return the territory of a jurisdiction; other areas are their own."""
        return str(self.areas[area]["territory"] or area) if area in self.areas else area

    def name_owner(self, row: Mapping[str, Any], area: str) -> str:
        """Return the name of the part of an area that a break is of; empty if it is of the whole area."""
        owner = str(row["of_area"])
        return self.marked_name(owner) if owner != area else ""

    def area_name(self, area: str) -> str:
        return str(self.areas[area]["name"]) if area in self.areas else area

    def name_notes(self, codes: Sequence[str]) -> list[tuple[str, str]]:
        """Return the mark and footnote of each of these names that has one."""
        noted = [code for code in codes if code in self.areas and self.areas[code]["footnote"]]
        return [(self.footnote_mark(code), str(self.areas[code]["footnote"])) for code in noted]

    def lines_under_chart(self, *areas: str) -> list[str]:
        """Return the lines that every chart of some areas shows: the demonstration notice and the footnotes of their
        names."""
        lines = [tell(words.DEMONSTRATION)] if self.is_demonstration else []
        return lines + [f"{mark} {text}" for mark, text in self.name_notes(areas)]

    def footnote_mark(self, area: str) -> str:
        """Return the mark of a name's footnote, the same on every page; empty if it has none."""
        return assign_footnote_marks(code for code, row in self.areas.items() if row["footnote"]).get(area, "")

    def row_heading(self, area: str, href: str = "") -> tables.Cell:
        """Return the name of an area, with its mark, as a row heading. The reader's choices are added to `href`."""
        mark, href = self.footnote_mark(area), read_selection().link_to(href) if href else ""
        return tables.Cell(self.area_name(area), self.area_name(area), (mark,) if mark else (), href)

    def marked_name(self, area: str) -> str:
        """Return the name of an area with its mark, for titles and charts."""
        return self.area_name(area) + self.footnote_mark(area)

    def cite_source(self, *, is_ours: bool = True) -> str:
        """Return the source of the figures in words; `is_ours` is false if some of them are of other publishers."""
        return tell("Source: {source}", source=words.cite_release(self.release, is_ours=is_ours))


def find_revised(frame: Frame, cell: Row) -> Row | None:
    """Return the newest earlier release of a count that had another figure."""
    if not queries.has_table(frame.path, "revision"):
        return None
    rows = queries.read_rows(frame.path, "revisions", *(cell[name] for name in codes.CELL_KEY))
    earlier = [row for row in rows if row["release"] != frame.id and row["value"] is not None]
    changed = [row for row in earlier if cell["value"] is not None and row["value"] != cell["value"]]
    return changed[-1] if changed else None


def read_vocabulary(frame: Frame) -> figures.Vocabulary:
    """Return the names that the sentence of a figure needs."""
    return figures.Vocabulary(
        {name: queries.read_labels(frame.path, name) for name in figures.CODELISTS},
        {code: frame.marked_name(code) for code in frame.areas},
        [code for code, _ in frame.territories],
    )
