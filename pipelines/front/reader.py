"""Hold what a page needs in the reader's language: names, labels, footnotes, and who has reported.

The language itself is the one that `pipelines.words.language.read_in` has set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from pipelines import words
from pipelines.core import i18n
from pipelines.front.edition import Edition
from pipelines.front.queries import RETURNS
from pipelines.words import Row, changes, figures, language, reporting
from pipelines.words.areas import assign_footnote_marks, name_areas
from pipelines.words.coverage import DEFAULT_MEASURE, RegionCoverage, list_returns


def open_reader(edition: Edition, language: str) -> Reader:
    """Return a reader whose territories are in the order of their names in its language, which `read_in` has set."""
    areas = name_areas(edition.tables["area"], edition.tables["area_name"])
    return Reader(edition.order_areas(list(areas)), language)


@dataclass
class Reader:
    """A language and the release that is read in it."""

    edition: Edition
    language: str
    drawn: dict[Any, Any] = field(default_factory=dict)
    """Pictures that were drawn, by what they show."""

    @property
    def lang(self) -> str:
        """Return the tag of the language for HTML and addresses."""
        return i18n.html_lang(self.language)

    @cached_property
    def areas(self) -> Mapping[str, Row]:
        """Return the areas by code, with `name` and `footnote` in the reader's language."""
        return name_areas(self.edition.tables["area"], self.edition.tables["area_name"])

    def area_name(self, code: str) -> str:
        """Return the name of an area."""
        return str(self.areas[code]["name"]) if code in self.areas else code

    def marked_name(self, code: str) -> str:
        """Return the name of an area with the mark of its footnote."""
        return self.area_name(code) + self.footnote_mark(code)

    @cached_property
    def _footnotes(self) -> Mapping[str, str]:
        return {code: str(row["footnote"]) for code, row in self.areas.items() if row["footnote"]}

    @cached_property
    def _footnote_marks(self) -> Mapping[str, str]:
        return assign_footnote_marks(self._footnotes)

    def footnote_mark(self, code: str) -> str:
        """Return the mark of a name's footnote, the same on every page; empty if it has none."""
        return self._footnote_marks.get(code, "")

    def list_footnotes(self, codes: Iterable[str]) -> list[tuple[str, str]]:
        """Return the mark and footnote of each of these names that has one."""
        return [(self.footnote_mark(code), self._footnotes[code]) for code in codes if code in self._footnotes]

    @cached_property
    def _labels(self) -> Mapping[tuple[str, str], Row]:
        return {(row["codelist"], row["code"]): row for row in self.edition.tables["codelist"]}

    def find_label(self, codelist: str, code: str) -> str:
        """Return the label of a code; the code itself if the release lacks it."""
        row = self._labels.get((codelist, code))
        return language.find_label(codelist, code, str(row["label"])) if row is not None else code

    def name_crime(self, crime: str) -> str:
        """Return the name of a crime for the inside of a sentence or a caption."""
        return language.lower_first(self.find_label("offence_group", crime))

    def list_codes(self, codelist: str) -> list[str]:
        """Return the codes of a list, in its order."""
        return [code for name, code in self._labels if name == codelist]

    def describe_state(self, area: str, period: str) -> str:
        """Describe whether the returns of a territory for a period have arrived, and which have not."""
        judged, name = self.coverage.judge_area(area, period, RETURNS), self.marked_name(area)
        state = language.tell(
            "{area}, {period}: {state}.",
            area=name,
            period=words.period_short(period),
            state=reporting.explain_state(judged),
        )
        if judged.state not in reporting.RECEIVED:
            return state
        return f"{state} {reporting.note_state(name, period, judged, is_reporting=True)}".strip()

    def metric_name(self, metric: str) -> str:
        """Return the name of an indicator."""
        return language.translate_message(str(self.edition.metrics[metric]["name"]), self.language)

    def link_to_explorer(self, page: str, **choices: str) -> str:
        """Return the address of a page where readers choose what to see, with choices and this release."""
        query = {**choices, "release": self.edition.id, "lang": self.language}
        return f"/{page}?{urlencode(query)}"

    def find_definition(self, codelist: str, code: str) -> str:
        """Return the definition of a code, which is in English."""
        row = self._labels.get((codelist, code))
        return str(row["definition"] or "") if row is not None else ""

    def describe_breaks(self, area: str, rows: Sequence[Row]) -> list[str]:
        """Describe breaks in the series of an area, each with the name of the part of the area that it is of."""
        return changes.describe_breaks(rows, lambda row: self.name_owner(row, area))

    def describe_cuts(self, area: str, crime: str, periods: Sequence[str], cells: Sequence[Row | None]) -> str:
        """Describe the breaks that cut a series of counts, as the note of its row; empty if nothing cuts it."""
        cuts = self.edition.find_cuts(area, crime, periods, cells)
        return " ".join(self.describe_breaks(area, [row for crossed in cuts.values() for row in crossed]))

    def describe_ratio_cuts(self, area: str, crime: str, ratios: Sequence[Row | None]) -> str:
        """Describe the breaks between the figures of a ratio or a clearance rate, which are in the order of time."""
        with_figure = [row for row in ratios if row is not None and row["value"] is not None]
        crossed = [row for pair in pairwise(with_figure) for row in self.edition.find_ratio_breaks(area, crime, *pair)]
        return " ".join(self.describe_breaks(area, list({id(row): row for row in crossed}.values())))

    def name_owner(self, row: Row, area: str) -> str:
        """Return the name of the part of an area that a break is of; empty if it is of the whole area."""
        owner = str(row["of_area"])
        return self.area_name(owner) if owner != area else ""

    @cached_property
    def english_causes(self) -> re.Pattern[str]:
        """Return a pattern of the causes of breaks that have no translation, so that pages show them in English."""
        rows = [row for row in self.edition.tables["break"] if row["words"] not in ("law_changed", "shape_changed")]
        untranslated = (row for row in rows if i18n.gettext(row["text"], self.language) == row["text"])
        causes = sorted({changes.describe_cause(row) for row in untranslated}, key=len, reverse=True)
        return re.compile(f"({'|'.join(map(re.escape, filter(None, causes))) or '(?!)'})")

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """Return the names by which outstanding returns are listed: instruments and areas, by code."""
        instruments = {code: self.find_label("instrument", code) for code in RETURNS}
        return {**instruments, **{code: self.marked_name(code) for code in self.edition.areas}}

    @cached_property
    def vocabulary(self) -> figures.Vocabulary:
        """Return the names that the sentence of a figure needs."""
        labels: dict[str, dict[str, str]] = {}
        for codelist, code in self._labels:
            if codelist in figures.CODELISTS:
                labels.setdefault(codelist, {})[code] = self.find_label(codelist, code)
        names = {code: self.marked_name(code) for code in self.edition.areas}
        return figures.Vocabulary(labels, names, self.edition.territories)

    @cached_property
    def coverage(self) -> RegionCoverage:
        """Return the reporting of all territories."""
        territories = [(code, self.marked_name(code)) for code in self.edition.territories]
        return RegionCoverage(self.edition.coverage, self.parts, territories)

    def list_absences(self, row: Row) -> str:
        """Name the territories that are not in a figure of the region, and why; empty text if all are in it."""
        measure = str(row.get("measure") or DEFAULT_MEASURE)
        return self.coverage.describe_absences(row, list_returns(measure), self.edition.find_own_rows(row))

    def describe_cover(self, row: Row) -> str:
        """Describe which territories are in a figure of the region and why the others are not."""
        return self.coverage.describe_cover(row, self.list_absences(row))
