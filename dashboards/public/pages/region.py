"""Show the stages of proceedings of the region for one period, territory by territory.

Each page has one crime, one kind of decision and one unit; figures of different kinds never share a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboards.public import charts, layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.pages.breakdowns import regional_cell, show_cross_table
from dashboards.public.pages.changes import show_splits
from dashboards.public.pages.reporting import STAGES, Coverage
from dashboards.public.pages.trends import show_trends
from pipelines import words
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import changes, indicators, regions

Cells = Mapping[tuple[str, str], Mapping[str, Any]]
_RATES = f"{words.RATES_OF_PERIOD} The region's rates use the population of the territories included."
_STAGES = {"main": "Main stages", "all": "All stages"}


def render_page() -> None:
    """Render the page "Region"."""
    frame = layout.begin_page(
        "Region: territories compared",
        "From investigation to sentence, for each territory and for the region. Each stage counts different people: "
        "convictions of a period can exceed its investigations. The order of territories is not a ranking.",
    )
    # The sentence is above the choices, although it depends on them, because it is the first thing seen on a telephone.
    headline = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        crime = layout.choose_crime(frame)
        track = layout.choose_track()
        periods = queries.list_periods(frame.path, crime)
        freq, period = layout.choose_period(
            frame, periods, default=regions.choose_opening(_read_windows(frame, crime, track), periods)
        )
        is_rate = layout.choose_rate(freq)
        selection = layout.choose_option("Stages", "stages", tuple(_STAGES), say=lambda code: _STAGES[code])
        measures = queries.STAGES[track] if selection == "all" else queries.MAIN_STAGES[track]
        units = tuple(
            r["count_unit"] for r in queries.read_rows(frame.path, "units", queries.STAGE_TABLES, crime, measures)
        )
        unit = layout.choose_option("Counted in", "unit", units, say=words.unit_name) if len(units) > 1 else units[0]
    rows = queries.read_rows(frame.path, "stages", freq, period, crime, unit, measures, ("region", "territory"))
    cells: Cells = {(row["area"], row["measure"]): row for row in rows}
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    of_region = [(measure, cells.get((frame.region, measure))) for measure in measures]
    name = frame.area_name(frame.region)
    coverage = Coverage(frame, STAGES, crime, unit)
    with headline:
        layout.quote_sentence(
            regions.describe_stages(
                name, period, crime_name, track, of_region, len(frame.territories), coverage.list_absences
            ),
            frame,
        )

    notes = words.Notes()
    counted = f"{'rates per 100,000 inhabitants in the period' if is_rate else words.unit_name(unit)}"
    caption = f"{crime_name}, {words.period_short(period)}, {words.TRACKS[track].lower()}: {counted}"
    general = _notes_of_areas(frame, crime, track, freq, period, unit)
    for code, text in _missing_parts(frame, cells, measures, coverage):
        general[code].append(text)
    for row in queries.read_rows(frame.path, "other_units", freq, period, crime, unit, measures):
        cell = cells.get((row["area"], row["measure"]))
        if cell is None or words.format_count(cell).kind in ("unreceived", "unavailable", "not_collected"):
            general[row["area"]].append(
                f"{words.stage_name(row['measure'])} is known in {words.unit_name(row['count_unit'])} only. "
                "Choose these under “Counted in”."
            )
    lines = _table_lines(frame, cells, measures, notes, general, coverage, is_rate=is_rate)
    if is_rate:
        notes.add_remark(_RATES)
    elif freq not in layout.RATED:
        notes.add_remark("There are no rates for several years together.")
    headings = [words.stage_name(measure) for measure in measures]
    of_stages = [(words.stage_name(measure), cell) for measure, cell in of_region]
    layout.show_table(
        frame, caption, headings, lines, corner="Area", notes=notes, coverage=coverage.name_territories(of_stages),
        legend=True,
    )  # fmt: skip
    cards.show_cards_of_levels(frame, {row["level"] for row in rows}, freq, period, unit)
    _show_spread(frame, cells, crime, crime_name, freq, period, unit, measures, coverage)
    if freq == "A":
        with st.expander("The region by sex and age"):
            show_cross_table(
                frame, "region_year_sex_age", crime, unit, period, list(zip(measures, headings, strict=True)),
                f"{name}, {crime_name.lower()}, {words.TRACKS[track].lower()}", coverage,
            )  # fmt: skip
    _show_charts(frame, cells, measures, f"{crime_name}, {words.period_short(period)}", is_rate=is_rate)
    show_splits(frame, frame.region, crime, crime_name, unit, coverage)
    show_trends(frame, crime, crime_name, unit, measures, periods.get("A", []), coverage)
    layout.end_page(frame)


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
    lines.append(tables.Line(tables.Cell("Territories included"), covered))
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
                texts.append(f"The total needs all {len(parts)} parts. {coverage.list_absent_parts(code, cell)}")
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
            of.setdefault(row["territory"], []).append("Reports once a year. Choose a year under “Period”.")
    labels = queries.read_labels(frame.path, "level")
    other_units: dict[tuple[str, str, str], list[str]] = {}
    for rule in queries.read_rows(frame.path, "counting_rules", codes):
        if rule["level"] in levels and rule["count_unit"] != unit:
            key = (rule["territory"], rule["jurisdiction"], rule["count_unit"])
            other_units.setdefault(key, []).append(labels.get(str(rule["level"]), "").lower())
    for (code, office, other_unit), names in other_units.items():
        of[code].append(
            f"{frame.area_name(office)} counts {words.unit_name(other_unit)} by its own rules "
            f"({words.join_words(names)}). Its {words.unit_name(unit)} may not be comparable."
        )
    for code in codes:
        breaks = queries.find_breaks(frame.path, (code,), crime)
        inside = [row for row in breaks if changes.is_between(row, period, period) and row["level"] in ("", *levels)]
        of[code] += [f"Break in the series. {text}" for text in changes.describe_breaks(inside)]
    return of


def _show_spread(
    frame: layout.Frame,
    cells: Cells,
    crime: str,
    crime_name: str,
    freq: str,
    period: str,
    unit: str,
    measures: Sequence[str],
    coverage: Coverage,
) -> None:
    """Show the region's rates with their coverage, and the median and spread of the territories."""
    st.header("How much rates differ between territories", anchor=False)
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
        st.markdown("The release has no rates of this kind and period to compare.")
        return
    a_year = " a year" if freq not in layout.RATED else ""
    per = f"per 100,000 inhabitants{a_year}"
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
            marks = (notes.number_note(regions.TOO_FEW_TERRITORIES),)
        elif cell is not None and figure.kind == "value" and str(cell["rate_basis"]) in indicators.BASIS:
            marks = (notes.number_note(indicators.BASIS[str(cell["rate_basis"])]),)
        is_few = row["state"] == "too_few" and figure.kind == "value"
        enough = f"{row['n_enough']} of {row['n']}" if row["n"] else "none"
        lines.append(
            tables.Line(
                tables.Cell(words.stage_name(measure)),
                (
                    tables.value_cell(figure, f"{words.stage_name(measure)}, region", marks, is_few=is_few),
                    coverage.build_cell(row, words.stage_name(measure), notes),
                    tables.Cell(regions.format_range(row, 2)),
                    tables.Cell(enough, f"{enough} of these reach {ENOUGH_EVENTS}", kind="note"),
                ),
            )
        )
    subject = f"{crime_name}, {words.period_short(period)}, {words.unit_name(unit)}: rates {per}"
    caption = f"{subject}, with 95% confidence intervals"
    columns = ["Region", "Territories", "Median, lowest to highest", f"Of these with {ENOUGH_EVENTS} or more"]
    layout.show_table(
        frame, caption, columns, lines, corner="Stage", text=True, notes=notes, notes_title="",
        coverage=coverage.name_territories([(words.stage_name(measure), row) for measure, row in stage_ranges]),
    )  # fmt: skip
    by_stage = [(words.stage_name(measure), windows.get(measure, [])) for measure, _ in stage_ranges]
    sentences = (regions.describe_windows(by_stage), f"A median needs three territories. {regions.NOT_BORROWED}")
    layout.put_html(f'<p class="rti-small">{escape(" ".join(filter(None, sentences)))}</p>')


_RATE = "{area}, {period}, {crime}, {unit} {stage} {per}: {figure}. {coverage} {spread}"


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
    return _RATE.format(
        area=frame.area_name(frame.region),
        period=words.period_words(row["period"]),
        crime=crime_name.lower(),
        unit=words.unit_name(unit),
        stage=words.stage_name(stage).lower(),
        per=per,
        figure=regions.quote_figure(_with_range(row, cell), 2),
        coverage=coverage.describe_figure(row),
        spread=regions.describe_range(row, "this rate", 2),
    )


def _with_range(row: Mapping[str, Any], cell: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the region's rate with its own interval; without an interval if the two are different figures."""
    same = cell is not None and cell["rate"] == row["value"]
    return {**row, "low": cell["rate_low"], "high": cell["rate_high"]} if same and cell is not None else row


def _show_charts(frame: layout.Frame, cells: Cells, measures: Sequence[str], title: str, *, is_rate: bool) -> None:
    st.header("Stages in each territory", anchor=False)
    st.markdown(
        "All territories share one scale. The region has its own."
        if not is_rate
        else "All charts share one scale: rates per 100,000 inhabitants in the period."
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
        key="stages",
    )
    st.html(f'<p class="rti-small">{title}. Release {frame.id}.</p>')
