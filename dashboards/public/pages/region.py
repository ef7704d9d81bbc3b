"""Show the stages of proceedings of the region for one period, territory by territory.

Each page has one crime, one kind of decision and one unit; figures of different kinds never share a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboards.public import charts, choices, layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.pages.breakdowns import regional_cell, show_cross_table
from dashboards.public.pages.changes import show_splits
from dashboards.public.pages.flow import show_flow
from dashboards.public.pages.reporting import Coverage
from dashboards.public.pages.trends import show_trends
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import changes, indicators, regions
from pipelines.words.coverage import STAGE_RETURNS
from pipelines.words.language import Texts, lower_first, tell

Cells = Mapping[tuple[str, str], Mapping[str, Any]]
_RATES = mark("The region's rates use the population of the territories included.")
_STAGES: Mapping[str, str] = Texts({"main": mark("Main stages"), "all": mark("All stages")})


def render_page() -> None:
    """Render the page "From investigation to sentence"."""
    frame = layout.begin_page(
        mark("From investigation to sentence"),
        mark(
            "From investigation to sentence, for each territory and for the region. Each stage counts different "
            "people: convictions of a period can exceed its investigations. The order of territories is not a ranking."
        ),
    )
    # The sentence is above the choices, although it depends on them, because it is the first thing seen on a telephone.
    headline = st.container()
    controls = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
    with controls:
        crime = choices.choose_crime(frame)
        track = choices.choose_track()
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    periods = queries.list_periods(frame.path, crime)
    if not periods:
        layout.put_text(tell("The release has no figures of {crime} to compare.", crime=lower_first(crime_name)))
        layout.end_page(frame, is_linked=False)
        return
    with controls:
        freq, period = choices.choose_period(
            frame, periods, default=regions.choose_opening(_read_windows(frame, crime, track), periods)
        )
        is_rate = choices.choose_rate(freq)
        selection = choices.choose_option(tell("Stages"), "stages", tuple(_STAGES), say=lambda code: _STAGES[code])
        measures = queries.STAGES[track] if selection == "all" else queries.MAIN_STAGES[track]
        rows = queries.read_rows(frame.path, "units", queries.STAGE_TABLES, crime, measures)
        units = tuple(row["count_unit"] for row in rows)
        unit = units[0]
        if len(units) > 1:
            unit = choices.choose_option(tell("Counted in"), "unit", units, say=words.unit_name)
    coverage = Coverage(frame, STAGE_RETURNS, crime, unit)
    with headline:
        _show_headline(frame, crime, track, freq, period, unit, measures, coverage)
    _show_stages(frame, crime, track, freq, period, unit, measures, coverage, is_rate=is_rate)
    layout.show_section(lambda: show_flow(frame, crime, track, freq, period, unit))
    _show_spread(frame, crime, crime_name, freq, period, unit, measures, coverage)
    if freq == "A":
        _show_by_sex(frame, crime, track, period, unit, measures, coverage)
    _show_charts(
        frame, crime, freq, period, unit, measures, f"{crime_name}, {words.period_short(period)}", is_rate=is_rate
    )
    show_splits(frame, frame.region, crime, crime_name, unit, coverage)
    show_trends(frame, crime, crime_name, unit, measures, tuple(periods.get("A", ())), coverage)
    layout.link_brief(frame, "", crime)
    layout.end_page(frame, has_brief=True)


def _read_cells(frame: layout.Frame, crime: str, freq: str, period: str, unit: str, measures: Sequence[str]) -> Cells:
    """Return the figures of the region and of its territories, by area and stage."""
    rows = queries.read_stages(frame.path, freq, period, crime, unit, measures)
    return {(row["area"], row["measure"]): row for row in rows}


@layout.keep_part
def _show_headline(
    frame: layout.Frame,
    crime: str,
    track: str,
    freq: str,
    period: str,
    unit: str,
    measures: tuple[str, ...],
    coverage: Coverage,
) -> None:
    cells = _read_cells(frame, crime, freq, period, unit, measures)
    layout.quote_sentence(
        regions.describe_stages(
            frame.area_name(frame.region),
            period,
            queries.read_labels(frame.path, "offence_group")[crime],
            track,
            [(measure, cells.get((frame.region, measure))) for measure in measures],
            len(frame.territories),
            coverage.list_absences,
        ),
        frame,
    )


@layout.keep_part
def _show_stages(
    frame: layout.Frame,
    crime: str,
    track: str,
    freq: str,
    period: str,
    unit: str,
    measures: tuple[str, ...],
    coverage: Coverage,
    *,
    is_rate: bool,
) -> None:
    """Show the table of the stages, and how each territory counts."""
    cells = _read_cells(frame, crime, freq, period, unit, measures)
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    notes = words.Notes()
    counted = tell("rates per 100,000 inhabitants in the period") if is_rate else words.unit_name(unit)
    caption = f"{crime_name}, {words.period_short(period)}, {lower_first(words.TRACKS[track])}: {counted}"
    general = _notes_of_areas(frame, crime, track, freq, period, unit)
    for code, text in _missing_parts(frame, cells, measures, coverage):
        general[code].append(text)
    for row in queries.read_rows(frame.path, "other_units", freq, period, crime, unit, measures):
        cell = cells.get((row["area"], row["measure"]))
        if cell is None or words.format_count(cell).kind in ("unreceived", "unavailable", "not_collected"):
            general[row["area"]].append(
                tell(
                    "{stage} is known in {unit} only. Choose these under “Counted in”.",
                    stage=words.stage_name(row["measure"]),
                    unit=words.unit_name(row["count_unit"]),
                )
            )
    lines = _table_lines(frame, cells, measures, notes, general, coverage, is_rate=is_rate)
    if is_rate:
        notes.add_remark(f"{tell(words.RATES_OF_PERIOD)} {tell(_RATES)}")
    elif freq not in choices.RATED:
        notes.add_remark(tell("Rates are shown for single quarters and years only."))
    of_stages = [(words.stage_name(measure), cells.get((frame.region, measure))) for measure in measures]
    layout.show_table(
        frame, caption, [name for name, _ in of_stages], lines, corner=tell("Area"), notes=notes, legend=True,
        coverage=coverage.name_territories(of_stages),
    )  # fmt: skip
    cards.show_cards_of_levels(frame, frozenset(row["level"] for row in cells.values()), freq, period, unit)


@layout.keep_part
def _show_by_sex(
    frame: layout.Frame,
    crime: str,
    track: str,
    year: str,
    unit: str,
    measures: tuple[str, ...],
    coverage: Coverage,
) -> None:
    crime_name = lower_first(queries.read_labels(frame.path, "offence_group")[crime])
    title = f"{frame.area_name(frame.region)}, {crime_name}, {lower_first(words.TRACKS[track])}"
    columns = tuple((measure, words.stage_name(measure)) for measure in measures)
    with layout.open_fold(tell("The region by sex")):
        show_cross_table(frame, "region_year_sex", crime, unit, year, columns, title, coverage)


def _table_lines(
    frame: layout.Frame,
    cells: Cells,
    measures: Sequence[str],
    notes: words.Notes,
    general: Mapping[str, Sequence[str]],
    coverage: Coverage,
    *,
    is_rate: bool,
) -> list[tables.Line]:
    """Return the line of the region, then how many territories are included, then one line per territory."""

    def build_figures(area: str) -> tuple[tables.Cell, ...]:
        return tuple(
            (regional_cell if area == frame.region else _territory_cell)(
                frame, cells.get((area, m)), notes, f"{frame.area_name(area)}, {words.stage_name(m)}", rate=is_rate
            )
            for m in measures
        )

    lines = [tables.Line(frame.row_heading(frame.region), build_figures(frame.region), is_total=True)]
    covered = tuple(coverage.build_cell(cells.get((frame.region, m)), words.stage_name(m), notes) for m in measures)
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


def _read_windows(frame: layout.Frame, crime: str, track: str) -> list[Mapping[str, Any]]:
    """Return the periods in which rates of persons convicted can be compared; empty for a release without them."""
    if not queries.has_table(frame.path, "window"):
        return []
    rows = queries.read_rows(frame.path, "windows", "rate", crime, "person")
    return [row for row in rows if row["measure"] == f"convicted_{track}"]


def _missing_parts(
    frame: layout.Frame, cells: Cells, measures: Sequence[str], coverage: Coverage
) -> list[tuple[str, str]]:
    """Return code and note of each territory whose total needs all its parts when some are not in it."""
    notes_by_area = []
    for code, _ in frame.territories:
        parts = frame.list_jurisdictions(code)
        texts = []
        for measure in measures if parts else ():
            cell = cells.get((code, measure))
            if cell is not None and cell["value"] is None and 0 < cell["n_reported"] < cell["n_expected"]:
                needed = tell("The total needs all {n} parts.", n=len(parts))
                texts.append(f"{needed} {coverage.list_absent_parts(code, cell)}")
        notes_by_area += [(code, text) for text in dict.fromkeys(texts)]
    return notes_by_area


def _notes_of_areas(
    frame: layout.Frame, crime: str, track: str, freq: str, period: str, unit: str
) -> dict[str, list[str]]:
    """Return the notes on a territory as a whole: it reports yearly, counts another unit, its law changed."""
    codes = tuple(code for code, _ in frame.territories)
    levels = ("prosecution", track)
    of: dict[str, list[str]] = {code: [] for code in codes}
    if freq == "Q":
        for row in queries.read_rows(frame.path, "annual_only", "justice"):
            of.setdefault(row["territory"], []).append(tell("Reports once a year. Choose a year under “Period”."))
    labels = queries.read_labels(frame.path, "level")
    other_units: dict[tuple[str, str, str], list[str]] = {}
    for rule in queries.read_rows(frame.path, "counting_rules", codes):
        if rule["level"] in levels and rule["count_unit"] != unit:
            key = (rule["territory"], rule["jurisdiction"], rule["count_unit"])
            other_units.setdefault(key, []).append(lower_first(labels.get(str(rule["level"]), "")))
    for (code, office, other_unit), names in other_units.items():
        of[code].append(
            tell(
                "{area} counts {other_unit} by its own rules ({levels}). Its {unit} may not be comparable.",
                area=frame.area_name(office),
                other_unit=words.unit_name(other_unit),
                levels=words.join_words(names),
                unit=words.unit_name(unit),
            )
        )
    for code in codes:
        breaks = queries.find_breaks(frame.path, (code,), crime)
        inside = [row for row in breaks if changes.is_between(row, period, period) and row["level"] in ("", *levels)]
        of[code] += [tell("Break in the series. {text}", text=text) for text in changes.describe_breaks(inside)]
    return of


@layout.keep_part
def _show_spread(
    frame: layout.Frame,
    crime: str,
    crime_name: str,
    freq: str,
    period: str,
    unit: str,
    measures: tuple[str, ...],
    coverage: Coverage,
) -> None:
    """Show the region's rates with their coverage, and the median and spread of the territories."""
    layout.put_heading(tell("How much rates differ between territories"))
    cells = _read_cells(frame, crime, freq, period, unit, measures)
    ranges = {
        row["measure"]: row for row in queries.read_rows(frame.path, "region_range", "rate", freq, period, crime, unit)
    }
    windows: dict[str, list[Mapping[str, Any]]] = {}
    for row in (
        queries.read_rows(frame.path, "windows", "rate", crime, unit) if queries.has_table(frame.path, "window") else ()
    ):
        windows.setdefault(row["measure"], []).append(row)
    stage_ranges = [(measure, ranges[measure]) for measure in measures if measure in ranges]
    if not stage_ranges:
        layout.put_text(tell("The release has no rates of this kind and period to compare."))
        return
    per = tell("per 100,000 inhabitants") if freq in choices.RATED else tell("per 100,000 inhabitants a year")
    stage, quoted_range = next((entry for entry in stage_ranges if entry[0].startswith("convicted")), stage_ranges[-1])
    layout.quote_sentence(
        _describe_rate(frame, quoted_range, cells.get((frame.region, stage)), coverage, crime_name, stage, unit, per),
        frame,
    )
    notes = words.Notes()
    lines = []
    for measure, row in stage_ranges:
        cell = cells.get((frame.region, measure))
        figure = indicators.format_figure(_with_range(row, cell), 2)
        marks: tuple[str, ...] = ()
        if figure.kind == "note":
            marks = (notes.number_note(regions.explain_too_few()),)
        elif cell is not None and figure.kind == "value" and str(cell["rate_basis"]) in indicators.BASIS:
            marks = (notes.number_note(indicators.BASIS[str(cell["rate_basis"])]),)
        is_few = row["state"] == "too_few" and figure.kind == "value"
        enough = tell("{n} of {whole}", n=row["n_enough"], whole=row["n"]) if row["n"] else tell("none")
        lines.append(
            tables.Line(
                tables.Cell(words.stage_name(measure)),
                (
                    tables.value_cell(
                        figure, tell("{stage}, region", stage=words.stage_name(measure)), marks, is_few=is_few
                    ),
                    coverage.build_cell(row, words.stage_name(measure), notes),
                    tables.Cell(regions.format_range(row, 2)),
                    tables.Cell(
                        enough, tell("{count} of these reach {enough}", count=enough, enough=ENOUGH_EVENTS), kind="note"
                    ),
                ),
            )
        )
    caption = tell(
        "{crime}, {period}, {unit}: rates {per}, with 95% confidence intervals",
        crime=crime_name,
        period=words.period_short(period),
        unit=words.unit_name(unit),
        per=per,
    )
    columns = [
        tell("Region"),
        tell("Territories"),
        tell("Median, lowest to highest"),
        tell("Of these with {enough} or more", enough=ENOUGH_EVENTS),
    ]
    layout.show_table(
        frame, caption, columns, lines, corner=tell("Stage"), text=True, notes=notes, notes_title="",
        coverage=coverage.name_territories([(words.stage_name(measure), row) for measure, row in stage_ranges]),
    )  # fmt: skip
    by_stage = [(words.stage_name(measure), windows.get(measure, [])) for measure, _ in stage_ranges]
    sentences = [regions.describe_windows(by_stage)]
    if any(row["median"] is None for _, row in stage_ranges):
        sentences.append(tell("A median needs three territories."))
    if any(regions.count_reporters(row) < len(frame.territories) for _, row in stage_ranges):
        sentences.append(tell(regions.NOT_BORROWED))
    layout.put_html(f'<p class="rti-small">{escape(" ".join(filter(None, sentences)))}</p>')


_RATE = mark("{area}, {period}, {crime}, {unit} {stage} {per}: {figure}. {coverage} {spread}")


def _describe_rate(
    frame: layout.Frame,
    row: Mapping[str, Any],
    cell: Mapping[str, Any] | None,
    coverage: Coverage,
    crime_name: str,
    stage: str,
    unit: str,
    per: str,
) -> str:
    """Return the sentences to quote on one rate of the region: the figure, its coverage, and the territories."""
    return tell(
        _RATE,
        area=frame.area_name(frame.region),
        period=words.period_words(row["period"]),
        crime=lower_first(crime_name),
        unit=words.unit_name(unit),
        stage=lower_first(words.stage_name(stage)),
        per=per,
        figure=regions.quote_figure(_with_range(row, cell), 2),
        coverage=coverage.describe_figure(row),
        spread=regions.describe_range(row, 2),
    )


def _with_range(row: Mapping[str, Any], cell: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the region's rate with its own interval; without an interval if the two are different figures."""
    same = cell is not None and cell["rate"] == row["value"]
    return {**row, "low": cell["rate_low"], "high": cell["rate_high"]} if same and cell is not None else row


@layout.keep_part
def _show_charts(
    frame: layout.Frame,
    crime: str,
    freq: str,
    period: str,
    unit: str,
    measures: tuple[str, ...],
    title: str,
    *,
    is_rate: bool,
) -> None:
    cells = _read_cells(frame, crime, freq, period, unit, measures)
    layout.put_heading(tell("Stages in each territory"))
    layout.put_text(
        tell("All territories share one scale. The region has its own.")
        if not is_rate
        else tell("All charts share one scale: rates per 100,000 inhabitants in the period.")
    )
    column = "rate" if is_rate else "value"

    def find_highest(areas: Sequence[str]) -> float:
        return max((cells[a, m][column] or 0.0 for a in areas for m in measures if (a, m) in cells), default=0.0)

    def is_drawn(area: str, measure: str) -> bool:
        """Return False for a figure of the region from too few territories, which the table does not show either."""
        cell = cells.get((area, measure))
        return area != frame.region or cell is None or regions.is_regional(cell)

    codes = [code for code, _ in frame.territories]
    of_region = find_highest([frame.region, *codes]) if is_rate else find_highest([frame.region])
    of_territories = of_region if is_rate else find_highest(codes)
    layout.show_panels(
        frame,
        [
            charts.draw_stages(
                f"{frame.marked_name(area)}",
                [(measure, cells.get((area, measure))) for measure in measures if is_drawn(area, measure)],
                rate=is_rate,
                top=of_region if area == frame.region else of_territories,
                under=frame.lines_under_chart(area),
            )
            for area in (frame.region, *codes)
        ],
        about=title,
        key="stages",
    )
    layout.put_small(tell("{title}. Release {release}.", title=title, release=frame.id))
