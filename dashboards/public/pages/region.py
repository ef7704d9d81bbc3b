"""Show the stages of proceedings of the region side by side for one period, territory by territory.

Each page has one crime, one kind of decision and one unit; figures of different kinds never share a table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboards import words
from dashboards.public import charts, layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.pages.breakdowns import show_cross_table
from dashboards.public.pages.changes import show_splits
from dashboards.words import changes, indicators, regions
from pipelines.statistics.thresholds import ENOUGH_EVENTS

Cells = Mapping[tuple[str, str], Mapping[str, Any]]
_RATES = (
    "Rates are for the period itself and never annualised. The region's rates use the population of the territories "
    "whose figures are included."
)
_STAGES = {"main": "Main stages", "all": "All stages"}


def render_page() -> None:
    """Render the page "Region"."""
    frame = layout.begin_page(
        "The region side by side",
        "From investigation to sentence, for each territory and for the region as a whole.",
    )
    # The sentence is above the choices, although it depends on them, because it is the first thing seen on a telephone.
    headline = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        crime = layout.choose_crime(frame)
        track = layout.choose_track()
        freq, period = layout.choose_period(frame, queries.list_periods(frame.path, crime))
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
    with headline:
        layout.quote_sentence(
            words.compose_sentence(name, period, crime_name, track, of_region, frame.territories), frame
        )

    notes = words.Notes()
    counted = f"{'rates per 100,000 inhabitants in the period' if is_rate else words.unit_name(unit)}"
    caption = f"{crime_name}, {words.period_short(period)}, {words.TRACKS[track].lower()}: {counted}"
    general = _notes_of_areas(frame, crime, track, freq, period, unit)
    for code, text in _missing_parts(frame, cells, measures):
        general[code].append(text)
    for row in queries.read_rows(frame.path, "other_units", freq, period, crime, unit, measures):
        cell = cells.get((row["area"], row["measure"]))
        if cell is None or words.format_count(cell).kind in ("unreceived", "unavailable", "not_collected"):
            general[row["area"]].append(
                f"{words.stage_name(row['measure'])} is known in {words.unit_name(row['count_unit'])} only: "
                "choose these under “Counted in”."
            )
    lines = _table_lines(frame, cells, measures, notes, general, is_rate=is_rate)
    if is_rate:
        notes.add_remark(_RATES)
    elif freq not in layout.RATED:
        notes.add_remark("There are no rates for several years together.")
    headings = [words.stage_name(measure) for measure in measures]
    of_stages = [(words.stage_name(measure), cell) for measure, cell in of_region]
    coverage = words.describe_columns_coverage(name, of_stages, frame.territories)
    layout.show_table(frame, caption, headings, lines, corner="Area", notes=notes, coverage=coverage, legend=True)
    cards.show_cards_of_levels(frame, {row["level"] for row in rows}, freq, period, unit)
    _show_spread(frame, cells, crime, crime_name, freq, period, unit, measures)
    if freq == "A":
        with st.expander("The region by sex and age"):
            show_cross_table(
                frame, "region_year_sex_age", crime, unit, period, list(zip(measures, headings, strict=True)),
                f"{name}, {crime_name.lower()}, {words.TRACKS[track].lower()}",
            )  # fmt: skip
    _show_charts(frame, cells, measures, f"{crime_name}, {words.period_short(period)}", is_rate=is_rate)
    show_splits(frame, frame.region, crime, crime_name, unit)
    layout.end_page(frame)


def _table_lines(
    frame: layout.Frame,
    cells: Cells,
    measures: Sequence[str],
    notes: words.Notes,
    general: Mapping[str, Sequence[str]],
    *,
    is_rate: bool,
) -> list[tables.Line]:
    """Return the line of the region, then who is included, then one line per territory."""

    def build_figures(area: str) -> tuple[tables.Cell, ...]:
        return tuple(
            tables.figure_cell(
                frame.id,
                cells.get((area, m)),
                notes,
                what=f"{frame.area_name(area)}, {words.stage_name(m)}",
                rate=is_rate,
            )
            for m in measures
        )

    lines = [tables.Line(frame.row_heading(frame.region), build_figures(frame.region), is_total=True)]
    covered = tuple(_coverage_cell(frame, cells.get((frame.region, measure)), measure, notes) for measure in measures)
    lines.append(tables.Line(tables.Cell("Territories that reported"), covered))
    for code, _ in frame.territories:
        heading = frame.row_heading(code, href=f"territory?territory={code}")
        # One note for all that concerns the territory as a whole, so that its name has one number.
        texts = " ".join(general.get(code, ()))
        marks = (*heading.marks, notes.number_note(texts)) if texts else heading.marks
        lines.append(tables.Line(replace(heading, marks=marks), build_figures(code)))
    return lines


def _missing_parts(frame: layout.Frame, cells: Cells, measures: Sequence[str]) -> list[tuple[str, str]]:
    """Return code and note of each territory whose total needs all its jurisdictions when some have not reported."""
    notes_by_area = []
    for code, _ in frame.territories:
        parts = [(part, frame.area_name(part)) for part in frame.list_jurisdictions(code)]
        texts = []
        for measure in measures if parts else ():
            cell = cells.get((code, measure))
            if cell is not None and cell["value"] is None and 0 < cell["n_reported"] < cell["n_expected"]:
                n_reporters, missing = words.describe_coverage(cell["reporters"] or "", parts)
                texts.append(
                    f"{n_reporters} jurisdictions reported; the total needs them all. "
                    f"Missing: {words.join_words(missing)}."
                )
        notes_by_area += [(code, text) for text in dict.fromkeys(texts)]
    return notes_by_area


def _coverage_cell(
    frame: layout.Frame, cell: Mapping[str, Any] | None, measure: str, notes: words.Notes
) -> tables.Cell:
    """Return '5 of 7' for one stage, with a note that names the territories that are missing."""
    if cell is None:
        return tables.Cell(words.NOT_COLLECTED, f"{words.stage_name(measure)}: {words.NOT_COLLECTED}", kind="note")
    text, missing = words.describe_coverage(cell["reporters"] or "", frame.territories)
    marks = (notes.number_note(f"Not in the region's figure: {words.join_words(missing)}."),) if missing else ()
    return tables.Cell(text, f"{words.stage_name(measure)}: {text} territories reported", marks, kind="note")


def _notes_of_areas(
    frame: layout.Frame, crime: str, track: str, freq: str, period: str, unit: str
) -> dict[str, list[str]]:
    """Return the notes on a territory as a whole: it reports yearly, counts another unit, its law changed."""
    codes = tuple(code for code, _ in frame.territories)
    levels = ("prosecution", track)
    of: dict[str, list[str]] = {code: [] for code in codes}
    if freq == "Q":
        for row in queries.read_rows(frame.path, "annual_only", "justice"):
            of.setdefault(row["territory"], []).append(
                "Reports once a year: see the figures by year. Annual figures are never divided by four."
            )
    labels = queries.read_labels(frame.path, "level")
    other_units: dict[tuple[str, str], dict[str, list[str]]] = {}
    for rule in queries.read_rows(frame.path, "counting_rules", codes):
        if rule["level"] in levels and rule["count_unit"] != unit:
            by_office = other_units.setdefault((rule["territory"], rule["count_unit"]), {})
            by_office.setdefault(rule["jurisdiction"], []).append(labels.get(str(rule["level"]), "").lower())
    for (code, other_unit), by_office in other_units.items():
        offices = words.join_words(
            f"{frame.area_name(office)} ({words.join_words(names)})" for office, names in by_office.items()
        )
        of[code].append(
            f"Counted in {words.unit_name(other_unit)} by the rules of {offices}: {words.unit_name(unit)} are not "
            "comparable without that."
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
) -> None:
    """Show the region's rate with who is included, median and range of the territories, and the comparison window."""
    st.header("How territories compare", anchor=False)
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
    counted = f"{words.unit_name(unit)} {words.stage_name(stage).lower()} {per}"
    of_region = indicators.format_figure(_with_range(quoted_range, cells.get((frame.region, stage))), 2)
    n_reporters, _ = words.describe_coverage(quoted_range["reporters"] or "", frame.territories)
    few = f" ({words.TOO_FEW})" if quoted_range["state"] == "too_few" and of_region.kind == "value" else ""
    layout.quote_sentence(
        f"{frame.area_name(frame.region)}, {words.period_words(period)}, {crime_name.lower()}, {counted}: "
        f"{of_region.spoken}{few}, from {n_reporters} territories. "
        f"{regions.describe_range(quoted_range, 'this rate', 2)}",
        frame,
    )
    notes = words.Notes()
    lines = []
    for measure, row in stage_ranges:
        cell = cells.get((frame.region, measure))
        figure = indicators.format_figure(_with_range(row, cell), 2)
        basis = indicators.BASIS.get(str(cell["rate_basis"])) if cell is not None and figure.kind == "value" else ""
        marks = (notes.number_note(basis),) if basis else ()
        is_few = row["state"] == "too_few" and figure.kind == "value"
        n_reporters, missing = words.describe_coverage(row["reporters"] or "", frame.territories)
        absent = (notes.number_note(f"Not in the region's figure: {words.join_words(missing)}."),) if missing else ()
        hidden = f"{row['n_enough']} of {row['n']}" if row["n"] else "none"
        lines.append(
            tables.Line(
                tables.Cell(words.stage_name(measure)),
                (
                    tables.value_cell(figure, f"{words.stage_name(measure)}, region", marks, is_few=is_few),
                    tables.Cell(n_reporters, f"{n_reporters} territories in the region's figure", absent, kind="note"),
                    tables.Cell(regions.format_range(row, 2)),
                    tables.Cell(hidden, f"{hidden} of these reach {ENOUGH_EVENTS}", kind="note"),
                ),
            )
        )
    subject = f"{crime_name}, {words.period_short(period)}, {words.unit_name(unit)}: rates {per}"
    caption = f"{subject}, with 95% confidence intervals"
    columns = ["Region", "From", "Territories: median, range", f"Of these with {ENOUGH_EVENTS} or more"]
    layout.show_table(frame, caption, columns, lines, corner="Stage", text=True, notes=notes, notes_title="")
    by_stage = [(words.stage_name(measure), windows.get(measure, [])) for measure, _ in stage_ranges]
    sentences = (regions.describe_windows(by_stage), f"No median of fewer than three. {regions.NOT_BORROWED}")
    layout.put_html(f'<p class="rti-small">{escape(" ".join(filter(None, sentences)))}</p>')


def _with_range(row: Mapping[str, Any], cell: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Format the region's rate with the range of that same rate; without a range if the two are different figures."""
    same = cell is not None and cell["rate"] == row["value"]
    return {**row, "low": cell["rate_low"], "high": cell["rate_high"]} if same and cell is not None else row


def _show_charts(frame: layout.Frame, cells: Cells, measures: Sequence[str], title: str, *, is_rate: bool) -> None:
    st.header("Show as a chart", anchor=False)
    st.markdown(
        "All territories share one scale; the region has its own."
        if not is_rate
        else "All panels share one scale: rates per 100,000 inhabitants in the period."
    )
    column = "rate" if is_rate else "value"

    def find_highest(areas: Sequence[str]) -> float:
        return max((cells[a, m][column] or 0.0 for a in areas for m in measures if (a, m) in cells), default=0.0)

    codes = [code for code, _ in frame.territories]
    of_region = find_highest([frame.region, *codes]) if is_rate else find_highest([frame.region])
    of_territories = of_region if is_rate else find_highest(codes)
    layout.show_panels(
        [
            charts.draw_stages(
                f"{frame.marked_name(area)}",
                [(measure, cells.get((area, measure))) for measure in measures],
                rate=is_rate,
                top=of_region if area == frame.region else of_territories,
                under=frame.lines_under_chart(area),
            )
            for area in (frame.region, *codes)
        ],
        key="stages",
    )
    st.html(f'<p class="rti-small">{title}. Release {frame.id}.</p>')
