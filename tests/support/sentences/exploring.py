"""Run the pages of the explorer for every selection that they offer, without Streamlit and without drawing.

A page is run once for each combination of its choices. A part of a page whose choices concern nothing else is explored
by itself, once for each set of arguments, since the product of all choices of a page would be a hundred times as many.

The page "Compare" has a choice that is not explored in full: the territories, which have 127 sets. Every indicator is
shown in every period and version with all of them, and with some of the other sets (`sample_sets`): the indicators that
the page opens with, one of each kind, with a set of each size, in their recommended version and their first kind of
period; each other indicator but shares with two sets, in the period in which it opens. Which sets these are depends on
the indicator. A slow test explores all sets for the indicators that the page opens with (`has_all_sets`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from inspect import signature
from itertools import combinations
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest

from dashboards.public import (
    charts,
    choices,
    comparison,
    downloads,
    drawing,
    edition_notes,
    layout,
    menu,
    own_html,
    queries,
    selection,
    tables,
)
from dashboards.public.pages import (
    about,
    cards,
    clearance,
    compare,
    compared,
    compared_trends,
    durations,
    flow,
    published,
    quality,
    record_tables,
    region,
    region_scope,
    reporting,
    source,
    trends,
    versions,
    victims,
)
from dashboards.public.pages.territory import breakdown, page, trend
from pipelines import words
from pipelines.front.charts.canvas import NARROW
from tests.support.sentences.recording import Recorder, Selection

MODULES = (
    about, breakdown, choices, clearance, compare, downloads, drawing, durations, edition_notes, layout, menu, own_html,
    page, published, quality, region, selection, source, trend, trends, victims,
)  # fmt: skip
PAGES: Mapping[str, Callable[[], None]] = {
    "region": region.render_page,
    "territory": page.render_page,
    "compare": compare.render_page,
    "durations": durations.render_page,
    "victims": victims.render_page,
    "published": published.render_page,
    "quality": quality.render_page,
    "about": about.render_page,
}
SECTIONS = (
    (region, "show_trends"),
    (region, "show_splits"),
    (region, "show_spread"),
    (region, "show_charts"),
    (region, "show_cross_table"),
    (cards, "show_cards_of_levels"),
    (cards, "show_cards_of_metric"),
    (region, "show_flow"),
    (flow, "_show_ratios"),
    (page, "show_trend"),
    (page, "show_exits"),
    (page, "show_movements"),
    (page, "show_splits"),
    (page, "show_breakdown_of_year"),
    (page, "show_jurisdictions"),
    (page, "show_counting_rules"),
    (page, "show_facts"),
    (page, "show_returns"),
    (compare, "show_map"),
    (compare, "show_time"),
    (compare, "show_changes"),
    (compared_trends, "show_periods"),
    (versions, "show_versions"),
    (durations, "_show_sentences"),
    (durations, "show_clearance"),
    (durations, "show_pending"),
    (durations, "show_cohorts"),
    (victims, "_show_headline"),
    (victims, "_show_comparison"),
    (victims, "show_cross_table"),
    (victims, "_show_territory"),
    (published, "_show_agreement"),
)
"""Parts of pages that depend on nothing but the codes and numbers among their arguments."""
_NAMES_OF_CHOICES = {"part": "share_of"}
"""Names of choices in a selection that differ from those in the address: `part` is the part of a page."""


def list_all_sets(codes: Sequence[str]) -> list[Sequence[str]]:
    """Return every set of territories, each in the order of the codes; the set of all comes first."""
    return [members for size in range(len(codes), 0, -1) for members in combinations(codes, size)]


def sample_sets(codes: Sequence[str], of: str, *, has_each_size: bool) -> list[Sequence[str]]:
    """Return the set of all territories, then pairs of sets that depend on the text `of`: a set and all others.

    So each territory is in one set of each pair. With `has_each_size` there is a set of each size, else one pair.
    """
    digest = crc32(of.encode())
    halves = range(1, len(codes) // 2 + 1)
    sets: list[Sequence[str]] = [tuple(codes)]
    for size in halves if has_each_size else [halves[digest % len(halves)]]:
        possible = list(combinations(codes, size))
        chosen = possible[crc32(f"{of}{size}".encode()) % len(possible)]
        sets += [chosen, tuple(code for code in codes if code not in chosen)]
    return [members for members in sets if members]


@dataclass(frozen=True)
class Field:
    """A field of a table: its text, the text that is read aloud, the address of its source, and the headings of its row
    and column."""

    text: str
    spoken: str
    href: str
    headings: tuple[str, str] = ("", "")


@dataclass
class Shown:
    """A text or a table that a page shows, with the selection that was open."""

    text: str
    selection: Selection
    fields: Sequence[Field] = ()


_OF_FIGURE = {
    "figure_cell": "cell_id", "figure_metric": "metric", "figure_version": "version", "figure_left_out": "left_out",
}  # fmt: skip
"""Keys of a selection that identify a figure, with the column of its row."""


class _PageEndError(Exception):
    """Ends a page early, as `st.stop` does."""


class _Block:
    """A part of a page: everything may be shown in it, and nothing is."""

    open = False

    def __enter__(self) -> _Block:
        return self

    def __exit__(self, *args: object) -> None:
        return None


class _Address(dict[str, str]):
    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def get_all(self, name: str) -> list[str]:
        return [self[name]] if name in self else []

    def from_dict(self, query: Mapping[str, str]) -> None:
        self.clear()
        self.update(query)


class _Streamlit:
    """Replacement for the parts of Streamlit that pages use; passes texts to `show`."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self.query_params, self.session_state = _Address(), {}
        self.context = SimpleNamespace(url="https://example.org/page", headers={})
        self._show, self._block = show, _Block()
        self.markdown = self.title = self.header = self.subheader = self.info = self.warning = self._show_text
        self.html = self._ignore
        self.download_button = self._ignore

    def _show_text(self, text: str, **options: object) -> None:
        self._show(text)

    def _ignore(self, *args: object, **options: object) -> None:
        return None

    def container(self, **options: object) -> _Block:
        return self._block

    def expander(self, label: str, **options: object) -> _Block:
        self._show(label)
        return self._block

    def code(self, text: str, **options: object) -> None:
        self._show(text)

    def fragment(self, function: Callable[[], None]) -> Callable[[], None]:
        return function

    def stop(self) -> None:
        raise _PageEndError


@dataclass
class Explorer:
    """Runs pages with every combination of choices, and collects what they show."""

    recorder: Recorder
    frame: layout.Frame
    has_all_sets: bool = False
    """Every set of territories is explored for the indicators that the page "Compare" opens with, and no other."""
    views: list[Shown] = field(default_factory=list)
    n_selections: int = 0
    _prefix: Sequence[str] = ()
    _choices: list[tuple[str, Sequence[str]]] = field(default_factory=list)
    _explored: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    _shown_texts: set[tuple[str, int]] = field(default_factory=set)
    _all_areas: str = ""

    def install_patches(self, patch: pytest.MonkeyPatch) -> None:
        """Replace Streamlit and the choices of the pages."""
        streamlit = _Streamlit(self._show_text)
        for module in MODULES:
            patch.setattr(module, "st", streamlit)
        patch.setattr(comparison, "list_codes", cache(comparison.list_codes))
        patch.setattr(comparison, "read_figures", cache(comparison.read_figures))
        patch.setattr(choices, "choose_option", self._choose)
        patch.setattr(choices, "choose_options", self._choose_several)
        patch.setattr(charts, "_fit", lambda draw, under: charts._frame(draw(NARROW), under))
        patch.setattr(charts, "render_map", lambda *arguments: "")
        patch.setattr(layout, "open_frame", lambda: self.frame)
        patch.setattr(layout, "open_language", lambda: None)
        # Each part is composed for each selection, since what is kept has no messages to record.
        patch.setattr(drawing, "kept_parts", SimpleNamespace(get_or_make=lambda key, compose: compose()))
        patch.setattr(layout, "show_table", self._show_table)
        patch.setattr(layout, "show_panels", self._show_panels)
        patch.setattr(layout, "quote_sentence", lambda text, frame: self._show_text(text))
        patch.setattr(layout, "put_small", self._show_text)
        patch.setattr(layout, "put_html", lambda *parts: None)
        patch.setattr(layout, "link_brief", lambda *arguments: None)
        patch.setattr(tables, "render_notes", lambda *arguments, **options: "")
        patch.setattr(tables, "render_legend", lambda *arguments, **options: "")
        for module, name in SECTIONS:
            patch.setattr(module, name, self._separate(getattr(module, name)))
        patch.setattr(compared_trends, "_make_series", self._make_once(compared_trends._make_series))
        patch.setattr(charts, "draw_multiples", self._draw_once(charts.draw_multiples))
        patch.setattr(charts, "draw_series", self._of_measure(charts.draw_series))
        patch.setattr(reporting.Coverage, "list_absences", self._of_figure(reporting.Coverage.list_absences))

    def explore_page(self, page: str, render: Callable[[], None]) -> None:
        """Run a page for every selection."""
        with self.recorder.open_selection(page=page):
            self._explore(render)

    def _explore(self, run: Callable[[], Any]) -> None:
        """Run a function with every combination of the choices that it offers."""
        outer = self._prefix, self._choices, self.recorder.selection
        pending: list[tuple[str, ...]] = [()]
        while pending:
            self._prefix, self._choices = pending.pop(), []
            self.n_selections += 1
            with suppress(_PageEndError):
                run()
            for place in range(len(self._prefix), len(self._choices)):
                before = tuple(choice for choice, _ in self._choices[:place])
                pending += [(*before, option) for option in self._choices[place][1][1:]]
            self.recorder.selection = outer[2]
        self._prefix, self._choices, self.recorder.selection = outer

    def _choose(self, label: str, key: str, options: Sequence[str], **more: object) -> str:
        """Take the next choice of this run: the one to explore, else the first."""
        if self.recorder.selection.get("areas", self._all_areas) != self._all_areas and (
            key in ("version", "freq") or (key == "period" and not self._is_opening())
        ):
            options = options[:1]
        if key == "from" and not self._is_opening():
            options = options[1:2] or options[:1]
        place = len(self._choices)
        choice = str(self._prefix[place]) if place < len(self._prefix) else str(options[0])
        assert choice in options, (key, choice, options)
        self._choices.append((choice, tuple(map(str, options))))
        self.recorder.selection = {**self.recorder.selection, _NAMES_OF_CHOICES.get(key, key): choice}
        return choice

    def _choose_several(self, label: str, key: str, options: Sequence[str], **more: object) -> list[str]:
        """Take the next set of codes: all of them, or another one."""
        chosen, is_opening = self.recorder.selection, self._is_opening()
        of = ".".join(chosen.get(name, "") for name in ("crime", "kind", "indicator", "unit", "share_of"))
        if self.has_all_sets:
            sets = list_all_sets(options) if is_opening else [options]
        elif "share_of" in chosen and not is_opening:
            # The shares of another stage are shown like those of the first, which have a set of each size.
            sets = [options]
        else:
            sets = sample_sets(options, of, has_each_size=is_opening)
        self._all_areas = ",".join(options)
        return self._choose(label, key, [",".join(codes) for codes in sets]).split(",")

    def _is_opening(self) -> bool:
        """Return True for an indicator that the page "Compare" opens with."""
        chosen = self.recorder.selection
        return comparison.FIRST_CHOICES.get(chosen.get("kind", "")) == chosen.get("indicator")

    def _separate(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that explores another one by itself, once for each set of arguments, which become part of
        the selection."""
        names = signature(function)

        def explore_once(*arguments: Any, **options: Any) -> None:
            bound = names.bind(*arguments, **options).arguments
            if function.__module__ == cards.__name__:
                # The rules of a territory have no numbers, and hardly ever change from one period to the next.
                bound = {name: value for name, value in bound.items() if name not in ("freq", "period", "unit")}
            key = (function.__module__, function.__name__, *_reduce_arguments(bound.values()))
            if key not in self._explored:
                self._explored[key] = True
                scopes = [vars(value) for value in bound.values() if isinstance(value, region_scope.StageScope)]
                values = dict(bound) | {name: value for scope in scopes for name, value in scope.items()}
                codes = {name: value for name, value in values.items() if isinstance(value, str)}
                with self.recorder.open_selection(part=function.__name__, **codes):
                    self._explore(lambda: function(*arguments, **options))

        return explore_once

    def _make_once(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that makes the same series once, since it is drawn for each choice of another one."""

        def make_series(page: compared.Compared, title: str, by_area: object, area: str, periods: Sequence[str]) -> Any:
            key = ("series", *_reduce_arguments((page, title, area, periods)))
            if key not in self._explored:
                self._explored[key] = function(page, title, by_area, area, periods)
            return self._explored[key]

        return make_series

    def _draw_once(self, function: Callable[..., charts.Picture]) -> Callable[..., charts.Picture]:
        """Return a function that draws the same series once; `_make_once` makes them only once, too."""

        def draw_multiples(title: str, panels: Sequence[Any], **options: Any) -> charts.Picture:
            key = ("multiples", title, *map(id, panels))
            if key not in self._explored:
                self._explored[key] = function(title, panels, **options)
            picture: charts.Picture = self._explored[key]
            return picture

        return draw_multiples

    def _of_measure(self, function: Callable[..., charts.Picture]) -> Callable[..., charts.Picture]:
        """Return a function that states the stage of a series as part of the selection."""

        def draw_series(title: str, cells: Sequence[Mapping[str, Any]], **options: Any) -> charts.Picture:
            with self.recorder.open_selection(measure=str(cells[0]["measure"])):
                return function(title, cells, **options)

        return draw_series

    def _of_figure(self, function: Callable[..., str]) -> Callable[..., str]:
        """Return a function that states the figure of a row as part of the selection."""

        def list_absences(coverage: reporting.Coverage, row: Mapping[str, Any]) -> str:
            key = (
                id(coverage.instruments), coverage.instruments, coverage.crime, coverage.unit, row["period"],
                row["reporters"], str(row.get("measure") or "convicted_first"),
                *(str(row.get(name) or "") for name in _OF_FIGURE.values()),
            )[1:]  # fmt: skip
            if key not in self._explored:
                with self.recorder.open_selection(
                    figure_period=row["period"], figure_reporters=row["reporters"] or "",
                    figure_measure=str(row.get("measure") or "convicted_first"),
                    figure_instruments=",".join(coverage.instruments), figure_crime=coverage.crime,
                    figure_unit=coverage.unit,
                    **{name: str(row.get(column) or "") for name, column in _OF_FIGURE.items()},
                ):  # fmt: skip
                    self._explored[key] = function(coverage, row)
            return str(self._explored[key])

        return list_absences

    def _show_text(self, text: str, fields: Sequence[Field] = ()) -> None:
        key = (text, id(self.recorder.selection))
        if fields or key not in self._shown_texts:
            self._shown_texts.add(key)
            self.views.append(Shown(text, self.recorder.selection, fields))

    def _show_panels(self, frame: layout.Frame, pictures: Iterable[charts.Picture], **options: str) -> None:
        for picture in pictures:
            self._show_text(picture.drawing.description)

    def _show_table(
        self, frame: layout.Frame, title: str, columns: Sequence[str], lines: Iterable[tables.Line], *,
        notes: words.Notes | None = None, coverage: str = "", **options: object,
    ) -> None:  # fmt: skip
        arranged, arranged_notes = tables.arrange_notes(tuple(lines), notes or words.Notes())
        caption = layout._compose_caption(frame, title)
        fields = []
        for line in arranged:
            for column, cell in zip(columns, line.cells, strict=True):
                if cell.href.startswith("source?"):
                    fields.append(Field(cell.text, cell.spoken, cell.href, (line.heading.text, column)))
        self._show_text(caption, fields)
        for text in (*arranged_notes.texts, *arranged_notes.remarks, coverage):
            self._show_text(text)


def _reduce_arguments(arguments: Iterable[Any]) -> list[Any]:
    """Return the codes, words and numbers among some arguments, for the key of a section."""
    reduced: list[Any] = []
    for argument in arguments:
        if isinstance(argument, str | bool | int):
            reduced.append(argument)
        elif isinstance(argument, set | frozenset):
            reduced.append(tuple(sorted(argument)))
        elif isinstance(argument, list | tuple) and all(isinstance(item, str | tuple) for item in argument):
            reduced.append(tuple(map(str, argument)))
        elif isinstance(argument, reporting.Coverage):
            reduced.append((argument.instruments, argument.crime, argument.unit))
        elif isinstance(argument, record_tables.RecordScope | region_scope.StageScope):
            reduced.append(argument)
        elif isinstance(argument, compared.Compared):
            reduced.append((argument.crime, argument.choice, argument.version, tuple(argument.areas)))
        elif isinstance(argument, Mapping) and "formula" in argument:
            reduced.append(argument["metric"])
    return reduced


def open_frame() -> layout.Frame:
    """Return the frame of the current release."""
    path = queries.current_release()
    return layout.Frame(path, queries.read_rows(path, "release")[0], queries.area_names(path))
