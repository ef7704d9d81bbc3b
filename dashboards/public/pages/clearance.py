"""Show clearance rates and disposition times, which are calculated from counts."""

from __future__ import annotations

import streamlit as st

from dashboards.public import choices, layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.words import durations, indicators, regions
from pipelines.words.coverage import STAGE_RETURNS
from pipelines.words.language import lower_first, many, tell


def show_clearance(frame: layout.Frame, crime: str, crime_name: str) -> None:
    """Show the choices of a level, a unit and a period, and their rates."""
    layout.put_heading(tell("Clearance rate"))
    layout.put_text(
        tell(
            "This CEPEJ indicator is calculated from counts, not from case records. A rate above 100 means that more "
            "were resolved than came in."
        )
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        offered = [row["level"] for row in queries.read_rows(frame.path, "clearance_levels", crime)]
        levels = tuple(level for level in durations.LEVELS if level in offered)
        if levels:
            level = choices.choose_option(
                tell("Level"), "level", levels, default="first", say=lambda code: durations.LEVELS[code]
            )
            units = tuple(row["count_unit"] for row in queries.read_rows(frame.path, "clearance_units", crime, level))
            unit = (
                choices.choose_option(tell("Unit"), "unit", units, say=words.unit_name) if len(units) > 1 else units[0]
            )
            freq, period = choices.choose_period(frame, queries.clearance_periods(frame.path, crime, level, unit))
    if not levels:
        layout.put_text(tell("This release has no clearance rates for {crime}.", crime=lower_first(crime_name)))
        return
    _show_rates(frame, crime, crime_name, level, unit, freq, period)


@layout.keep_part
def _show_rates(
    frame: layout.Frame, crime: str, crime_name: str, level: str, unit: str, freq: str, period: str
) -> None:
    rows = queries.read_rows(frame.path, "clearance", crime, level, unit, freq, period)
    at = {(row["area"], row["unit_measure"]): row for row in rows}
    measured = {code: title for code, title in durations.MEASURED.items() if any(unit == code for _, unit in at)}
    notes = words.Notes()
    lines = []
    for area in (frame.region, *(code for code, _ in frame.territories)):
        cells = []
        for code, title in measured.items():
            row = at.get((area, code))
            marks = durations.measured_marks(row, notes)
            is_missing_region = row is None and area == frame.region
            figure = regions.refuse_figure() if is_missing_region else indicators.format_figure(row)
            is_few = row is not None and row["state"] == "too_few" and figure.kind == "value"
            link = "" if row is None else tables.indicator_address(frame.id, "clearance", row)
            cells.append(tables.value_cell(figure, f"{frame.area_name(area)}, {title}", marks, link, is_few=is_few))
        href = "" if area == frame.region else f"territory?territory={area}"
        lines.append(tables.Line(frame.row_heading(area, href), tuple(cells), is_total=area == frame.region))
    coverage = Coverage(frame, STAGE_RETURNS, crime, unit)
    regional = {code: at.get((frame.region, code)) for code in measured}
    if any(row is not None for row in regional.values()):
        refused = tables.Cell(regions.refuse_figure().text, regions.refuse_figure().spoken, kind="note")
        covered = tuple(
            coverage.build_cell(row, measured[code], notes) if row is not None else refused
            for code, row in regional.items()
        )
        lines.insert(1, tables.Line(tables.Cell(tell("Territories included")), covered))
    where = lower_first(durations.LEVELS[level])
    name = tell("Clearance and disposition") if "D" in measured else tell("Clearance rate")
    title = f"{name}, {where}. {crime_name}, {words.period_short(period)}, {words.unit_name(unit)}"
    layout.show_table(
        frame,
        title,
        list(measured.values()),
        lines,
        corner=tell("Area"),
        notes=notes,
        coverage=coverage.name_territories(
            [(measured[code], row) for code, row in regional.items() if row is not None and regions.has_members(row)]
        ),
    )
    if "D" in measured:
        layout.put_text(tell(durations.DISPOSITION))
    elif freq != "A":
        layout.put_text(tell(durations.NO_STOCKS))
    days = next((row["days"] for row in rows if row["days"]), None)
    sentences = [many("The period has {n} day.", "The period has {n} days.", days)] if days else []
    if unit != "case":
        sentences.append(tell("The CEPEJ counts cases. Counted here: {unit}.", unit=words.unit_name(unit)))
    layout.put_text(" ".join(sentences))
    cards.show_cards_of_figures(frame, rows, about=tell("clearance rate"))
