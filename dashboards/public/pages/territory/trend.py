"""Show the stages of one territory over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboards.public import charts, choices, layout, queries, tables
from dashboards.public.pages.reporting import Coverage
from dashboards.public.pages.territory.captions import describe_subject
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front.charts import from_rows
from pipelines.words import changes, indicators
from pipelines.words.coverage import STAGE_RETURNS
from pipelines.words.language import Texts, lower_first, many, tell

Row = Mapping[str, Any]
_FREQS: Mapping[str, str] = Texts({"Q": mark("Quarters"), "A": mark("Years")})
STAGES_CAVEAT = mark(
    "The stages of one period count different people: a case often takes years from one stage to the next. A later "
    "stage can therefore be larger than an earlier one."
)
ONE_SCALE = mark("All charts share one scale and the same periods.")
_NEWEST_PERIODS = 8
"""Periods in the table of the trend; older ones are collapsed."""


def _choose_series(
    frame: layout.Frame, area: str, crime: str, unit: str, measures: Sequence[str]
) -> tuple[str, queries.Rows, bool]:
    """Show the choice of quarters or years; return it, its rows, and False if the territory counts no quarters."""
    rows_by_freq = {freq: queries.read_series(frame.path, area, freq, crime, unit, measures) for freq in _FREQS}
    counted = tuple(freq for freq, rows in rows_by_freq.items() if any(row["obs_status"] != "L" for row in rows))
    if "Q" not in counted:
        name = frame.area_name(area)
        st.info(tell("{area} has no quarterly figures of this kind. A year is never divided into quarters.", area=name))
    if not counted:
        return "A", (), False
    of = "" if "Q" in counted else "yearly."
    freq = choices.choose_option(tell("Frequency"), "over", counted, say=lambda code: _FREQS[code], of=of)
    return freq, rows_by_freq[freq], "Q" in counted


def show_trend(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    """Show the stages over time: the table, then a chart of each stage on one common scale."""
    measures = queries.STAGES[track]
    freq, rows, has_quarters = _choose_series(frame, area, crime, unit, measures)
    if rows:
        _show_series(frame, area, crime, crime_name, track, unit, freq, has_quarters=has_quarters)


@layout.keep_part
def _show_series(
    frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str, freq: str, *, has_quarters: bool
) -> None:
    measures = queries.STAGES[track]
    rows = queries.read_series(frame.path, area, freq, crime, unit, measures)
    found_breaks = queries.find_breaks(frame.path, (area,), crime)
    caption = f"{describe_subject(frame, area, crime_name, words.TRACKS[track])}: {words.unit_name(unit)}"
    columns = [words.stage_name(m) for m in measures]
    corner = tell("Quarter") if freq == "Q" else tell("Year")
    periods = sorted({str(row["period"]) for row in rows}, reverse=True)
    breaks = _find_breaks_by_period(rows, measures, periods, found_breaks)
    missing = _find_missing_parts(Coverage(frame, STAGE_RETURNS, crime, unit), area, rows)
    newest, older = periods[:_NEWEST_PERIODS], periods[_NEWEST_PERIODS:]
    coverage = frame.marked_name(area)

    def show_periods(title: str, shown: Sequence[str], *, legend: bool) -> None:
        notes = words.Notes()
        lines = _build_series_lines(frame, area, rows, measures, shown, breaks, missing, notes)
        layout.show_table(frame, title, columns, lines, corner=corner, notes=notes, coverage=coverage, legend=legend)

    show_periods(caption, newest, legend=True)
    layout.put_html(f'<p class="rti-small">{escape(tell(STAGES_CAVEAT))}</p>')
    if older:
        with layout.open_fold(_count_older(freq, len(older))):
            show_periods(tell("Older. {caption}", caption=caption), older, legend=False)
    about = ", ".join((lower_first(crime_name), words.name_span(periods)))
    _show_charts(frame, area, measures, rows, found_breaks, about, words.unit_name(unit), is_joined=has_quarters)


def _count_older(freq: str, n: int) -> str:
    if freq == "Q":
        return many("{n} older quarter", "{n} older quarters", n)
    return many("{n} older year", "{n} older years", n)


def _find_breaks_by_period(
    rows: Sequence[Row], measures: Sequence[str], periods: Sequence[str], found_breaks: Sequence[Row]
) -> Mapping[str, list[Row]]:
    """Return the breaks of the stages by the period that each names."""
    at = {(row["measure"], row["period"]): row for row in rows}
    in_order = sorted(periods)
    by_period: dict[str, list[Row]] = {}
    for measure in measures:
        cells = [at.get((measure, period)) for period in in_order]
        level = next((str(cell["level"]) for cell in cells if cell is not None), "")
        of_measure = changes.select_breaks(found_breaks, measure, level)
        for place, placed in changes.place_breaks(in_order, from_rows.find_cuts(in_order, cells, of_measure)).items():
            by_period.setdefault(in_order[place], []).extend(placed)
    return by_period


def _find_missing_parts(coverage: Coverage, area: str, rows: Sequence[Row]) -> Mapping[str, list[str]]:
    """Return by period which parts of a territory its totals lack; totals of one period mostly lack the same ones."""
    by_period: dict[str, list[str]] = {}
    for row in rows:
        text, texts = coverage.explain_missing_parts(area, row), by_period.setdefault(str(row["period"]), [])
        if text and text not in texts:
            texts.append(text)
    return by_period


def _build_series_lines(
    frame: layout.Frame,
    area: str,
    rows: Sequence[Row],
    measures: Sequence[str],
    shown: Sequence[str],
    breaks: Mapping[str, Sequence[Row]],
    missing: Mapping[str, Sequence[str]],
    notes: words.Notes,
) -> list[tables.Line]:
    """Return one line per period shown; the period that a break names, and one without some parts, has its note."""
    at = {(row["measure"], row["period"]): row for row in rows}
    lines = []
    for period in shown:
        texts = [
            tell("Break in the series. {text}", text=text)
            for text in changes.describe_breaks(breaks.get(period, ()), lambda row: frame.name_owner(row, area))
        ]
        marks = tuple(notes.number_note(text) for text in (*texts, *missing.get(period, ())))
        name = words.period_short(period)
        cells = tuple(
            tables.figure_cell(frame.id, at.get((m, period)), notes, what=f"{name}, {words.stage_name(m)}")
            for m in measures
        )
        lines.append(tables.Line(tables.Cell(name, marks=marks), cells))
    return lines


def _show_charts(
    frame: layout.Frame,
    area: str,
    measures: Sequence[str],
    rows: Sequence[Row],
    found_breaks: Sequence[Row],
    about: str,
    unit: str,
    *,
    is_joined: bool,
) -> None:
    """Show one chart for each stage. All share their periods and their scale, and the page says so.

    `about` is the crime and the periods, for the titles.
    """
    by_measure = {m: [row for row in rows if row["measure"] == m] for m in measures}
    periods = sorted({str(row["period"]) for row in rows})
    top = max((row[end] for row in rows for end in ("value", "high") if row[end] is not None), default=0.0)
    layout.put_lower_heading(tell("Charts"))
    bases = {row["interval_basis"] for row in rows}
    basis_notes = " ".join(text for code, text in indicators.BASIS.items() if code in bases)
    pictures = [
        charts.draw_series(
            f"{frame.marked_name(area)}: {lower_first(words.stage_name(m))} ({unit}), {about}",
            by_measure[m],
            breaks=changes.select_breaks(found_breaks, m, str(by_measure[m][0]["level"])),
            name_owner=lambda row: frame.name_owner(row, area),
            under=frame.lines_under_chart(area),
            periods=periods,
            top=top,
            # An office that counts years only has no line over quarters.
            is_joined=is_joined,
        )
        for m in measures
        if by_measure[m]
    ]
    layout.put_small(f"{tell(ONE_SCALE)} {charts.explain_series(pictures)} {basis_notes}")
    layout.show_panels(frame, pictures, about="", key="series")
