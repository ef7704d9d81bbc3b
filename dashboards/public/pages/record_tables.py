"""Arrange figures from case records as tables: one line per area, register and group, and areas without any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.public import layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.selection import read_selection
from pipelines import words
from pipelines.words import FormattedFigure, durations
from pipelines.words.language import tell

Row = Mapping[str, Any]
Group = Mapping[str, Row]
"""Rows of one register, by statistic."""
Groups = Mapping[tuple[str, ...], Group]
"""Groups by area, register and, for example, year."""


@dataclass(frozen=True)
class RecordScope:
    """A crime, in some territories and in their parts that send case records."""

    crime: str
    crime_name: str
    territories: tuple[str, ...]
    with_records: tuple[str, ...]
    """Areas of the release that send case records."""

    def list_areas(self, frame: layout.Frame) -> list[str]:
        """Return the territories in display order, each followed by its jurisdictions that have records."""
        areas = []
        for code in self.territories:
            parts = [part for part in frame.list_jurisdictions(code) if part in self.with_records]
            areas += [*([code] if code in self.with_records or not parts else []), *parts]
        return areas

    def name_without_records(self, frame: layout.Frame) -> list[str]:
        """Return the names of the areas without any records."""
        return [frame.marked_name(code) for code in self.list_areas(frame) if code not in self.with_records]


def read_scope(frame: layout.Frame, crime: str, territories: Sequence[str] | None = None) -> RecordScope:
    """Return the scope of a crime in some territories, by default in all."""
    with_records = tuple(row["area"] for row in queries.read_rows(frame.path, "record_areas"))
    codes = tuple(code for code, _ in frame.territories) if territories is None else tuple(territories)
    return RecordScope(crime, queries.read_labels(frame.path, "offence_group")[crime], codes, with_records)


def group_rows(frame: layout.Frame, rows: Sequence[Row], *more: str) -> dict[tuple[str, ...], dict[str, Row]]:
    """Group rows by area in display order, register and `more`, each by its statistic."""
    groups: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        groups.setdefault((row["area"], row["source"], *(str(row[name]) for name in more)), {})[row["statistic"]] = row
    return {key: groups[key] for area in frame.areas for key in groups if key[0] == area}


@dataclass(frozen=True)
class RecordTable:
    """A table of figures from records: its statistics with their column names, and the columns after them.

    `name` is the table of the release that has the figures.
    """

    name: str
    statistics: Mapping[str, str]
    last: Sequence[Callable[[Sequence[Row]], FormattedFigure]] = (durations.format_persons,)

    def show_lines(
        self,
        frame: layout.Frame,
        scope: RecordScope,
        title: str,
        columns: Sequence[str],
        groups: Groups,
        corner: str = "",
    ) -> None:
        """Show one line per register and group; a remark names the areas without records."""
        notes = words.Notes()
        lines = []
        for area in scope.list_areas(frame):
            if area not in scope.with_records:
                continue
            groups_of_area = {key: group for key, group in groups.items() if key[0] == area}
            has_several = len({key[1] for key in groups_of_area}) > 1
            lines += [
                self._build_line(frame, key, group, notes, has_several=has_several)
                for key, group in groups_of_area.items() or [((area, ""), {})]
            ]
        if missing := scope.name_without_records(frame):
            notes.add_remark(durations.name_without_records(missing))
        layout.show_table(
            frame,
            title,
            columns,
            lines,
            corner=corner or tell("Territory"),
            notes=notes,
            coverage=self._name_covered(frame, groups),
        )

    def _name_covered(self, frame: layout.Frame, groups: Groups) -> str:
        """Return the areas of the figures for the citation, with the dates of records if the title has no period."""
        by_name = [(frame.marked_name(key[0]), list(group.values())) for key, group in groups.items()]
        if self.name != "duration":
            return "; ".join(dict(by_name))
        return durations.name_dates(by_name)

    def _build_line(
        self, frame: layout.Frame, key: tuple[str, ...], group: Group, notes: words.Notes, *, has_several: bool
    ) -> tables.Line:
        area, source, *more = key
        others = [*([source] if has_several else []), *more]
        # With a register or a year after it, the name has its mark itself: a mark after a year would be of the year.
        name = ", ".join([frame.marked_name(area) if others else frame.area_name(area), *others])
        mark = "" if others else frame.footnote_mark(area)
        href = f"territory?territory={area}" if frame.areas[area]["area_kind"] == "territory" else ""
        heading = tables.Cell(name, name, (mark,) if mark else (), read_selection().link_to(href) if href else "")
        cells = []
        for statistic, title in self.statistics.items():
            row = group.get(statistic)
            reasons = [durations.explain_figure(row), durations.explain_rounding(row)]
            reasons += [durations.explain_share_of_law(group)] if statistic == "below_minimum" else []
            marks = tuple(notes.number_note(reason) for reason in reasons if reason)
            is_few = durations.is_shown_few(row)
            link = "" if row is None else tables.indicator_address(frame.id, self.name, row)
            cells.append(
                tables.value_cell(durations.format_limits(row), f"{name}, {title}", marks, link, is_few=is_few)
            )
        last = (tables.value_cell(format_last(list(group.values())), name) for format_last in self.last)
        return tables.Line(heading, (*cells, *last))


def show_cards(frame: layout.Frame, groups: Groups, about: str) -> None:
    """Show how the figures of some groups were counted."""
    cards.show_cards_of_figures(frame, [row for group in groups.values() for row in group.values()], about=about)


def name_metric(about: Row) -> str:
    """Return the name of a declared indicator."""
    return tell(about["name"])  # marked where declared
