"""Show the table of the stages of proceedings, territory by territory, with what must be known about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dashboards.public import choices, layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.pages.breakdowns import regional_cell
from dashboards.public.pages.region_scope import Cells, StageScope
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import changes, regions
from pipelines.words.language import tell

_RATES = mark("The region's rates use the population of the territories included.")


@layout.keep_part
def show_headline(frame: layout.Frame, scope: StageScope, coverage: Coverage) -> None:
    """Show the sentences to quote on the stages of the region."""
    cells = scope.read_cells(frame)
    layout.quote_sentence(
        regions.describe_stages(
            frame.area_name(frame.region),
            scope.period,
            scope.crime_name,
            scope.track,
            [(measure, cells.get((frame.region, measure))) for measure in scope.measures],
            len(frame.territories),
            coverage.list_absences,
        ),
        frame,
    )


@layout.keep_part
def show_stages(frame: layout.Frame, scope: StageScope, coverage: Coverage) -> None:
    """Show the table of the stages, and how each territory counts."""
    cells, unit = scope.read_cells(frame), scope.unit
    notes = words.Notes()
    counted = tell("rates per 100,000 inhabitants in the period") if scope.is_rate else words.unit_name(unit)
    caption = f"{scope.name_subject()}, {scope.name_decisions()}: {counted}"
    general = _notes_of_areas(frame, scope)
    for code, text in _missing_parts(frame, scope, cells, coverage):
        general[code].append(text)
    for row in _read_other_units(frame, scope):
        cell = cells.get((row["area"], row["measure"]))
        if cell is None or words.format_count(cell).kind in ("unreceived", "unavailable", "not_collected"):
            general[row["area"]].append(
                tell(
                    "{stage} is known in {unit} only. Choose these under “Unit”.",
                    stage=words.stage_name(row["measure"]),
                    unit=words.unit_name(row["count_unit"]),
                )
            )
    lines = _table_lines(frame, scope, cells, notes, general, coverage)
    if scope.is_rate:
        notes.add_remark(f"{tell(words.RATES_OF_PERIOD)} {tell(_RATES)}")
    elif scope.freq not in choices.RATED:
        notes.add_remark(tell("Rates are shown for single quarters and years only."))
    of_stages = [(words.stage_name(measure), cells.get((frame.region, measure))) for measure in scope.measures]
    layout.show_table(
        frame, caption, [name for name, _ in of_stages], lines, corner=tell("Area"), notes=notes, legend=True,
        coverage=coverage.name_territories(of_stages),
    )  # fmt: skip
    cards.show_cards_of_levels(frame, frozenset(row["level"] for row in cells.values()), scope.freq, scope.period, unit)


def _read_other_units(frame: layout.Frame, scope: StageScope) -> queries.Rows:
    """Return the stages that a territory counts in another unit in the same period."""
    return queries.read_rows(
        frame.path, "other_units", scope.freq, scope.period, scope.crime, scope.unit, scope.measures
    )


def _table_lines(
    frame: layout.Frame,
    scope: StageScope,
    cells: Cells,
    notes: words.Notes,
    general: Mapping[str, Sequence[str]],
    coverage: Coverage,
) -> list[tables.Line]:
    """Return the line of the region, then how many territories are included, then one line per territory."""

    def build_figures(area: str) -> tuple[tables.Cell, ...]:
        return tuple(
            (regional_cell if area == frame.region else _territory_cell)(
                frame,
                cells.get((area, m)),
                notes,
                f"{frame.area_name(area)}, {words.stage_name(m)}",
                rate=scope.is_rate,
            )
            for m in scope.measures
        )

    lines = [tables.Line(frame.row_heading(frame.region), build_figures(frame.region), is_total=True)]
    covered = tuple(
        coverage.build_cell(cells.get((frame.region, m)), words.stage_name(m), notes) for m in scope.measures
    )
    lines.append(tables.Line(tables.Cell(tell("Territories included")), covered))
    for code, _ in frame.territories:
        heading = frame.row_heading(code, href=f"territory?territory={code}")
        # One note for all that concerns the territory as a whole, so that its name has one number.
        texts = " ".join(general.get(code, ()))
        marks = (*heading.marks, notes.number_note(texts)) if texts else heading.marks
        lines.append(tables.Line(replace(heading, marks=marks), build_figures(code)))
    return lines


def _territory_cell(
    frame: layout.Frame, cell: Mapping[str, Any] | None, notes: words.Notes, what: str, *, rate: bool
) -> tables.Cell:
    return tables.figure_cell(frame.id, cell, notes, what=what, rate=rate)


def _missing_parts(frame: layout.Frame, scope: StageScope, cells: Cells, coverage: Coverage) -> list[tuple[str, str]]:
    """Return code and note of each territory whose total needs all its parts when some are not in it."""
    notes_by_area = []
    for code, _ in frame.territories:
        texts = [coverage.explain_missing_parts(code, cells.get((code, measure))) for measure in scope.measures]
        notes_by_area += [(code, text) for text in dict.fromkeys(texts) if text]
    return notes_by_area


def _notes_of_areas(frame: layout.Frame, scope: StageScope) -> dict[str, list[str]]:
    """Return the notes on a territory as a whole: it reports yearly, its law changed."""
    codes = tuple(code for code, _ in frame.territories)
    levels = ("prosecution", scope.track)
    of: dict[str, list[str]] = {code: [] for code in codes}
    if scope.freq == "Q":
        for row in queries.read_rows(frame.path, "annual_only", "justice"):
            of.setdefault(row["territory"], []).append(tell("Reports once a year. Choose a year under “Period”."))
    for code in codes:
        breaks = queries.find_breaks(frame.path, (code,), scope.crime)
        inside = [
            row
            for row in breaks
            if changes.is_between(row, scope.period, scope.period) and row["level"] in ("", *levels)
        ]
        of[code] += [tell("Break in the series. {text}", text=text) for text in changes.describe_breaks(inside)]
    return of
