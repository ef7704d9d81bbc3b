"""Show an indicator of the chosen territories over time: in one picture, on one scale each, and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dashboards.public import charts, choices, comparison, layout, queries, tables
from dashboards.public.pages.compared import Compared
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front.charts import from_rows, series
from pipelines.words import Row, changes
from pipelines.words.language import lower_first, tell

_LINES_READ = mark(
    "The highlighted area has its 95% confidence interval, breaks and coverage. The other lines are for comparison. A "
    "line stops at a break in the series, at a missing figure, and where the territories included change."
)


def show_time(compared: Compared, freq: str, periods: tuple[str, ...]) -> None:
    """Show the chosen territories over time; one of them, or the region, is highlighted."""
    layout.put_heading(tell("Over time"))
    frame = compared.frame
    by_area = _group_rows(compared, freq)
    with_figures = [area for area, of_area in by_area.items() if any(row["value"] is not None for row in of_area)]
    if not with_figures:
        layout.put_text(tell("None of the chosen territories has a figure over time."))
        return
    area = choices.choose_option(
        tell("Highlight"), "trend", with_figures, default=_choose_highlighted(compared, with_figures),
        say=frame.marked_name, boxed=True, width=260,
    )  # fmt: skip
    _show_pictures(frame, compared, freq, periods, area)
    with layout.open_fold(tell("All periods as a table")):
        show_periods(frame, compared, freq, periods)


def _group_rows(compared: Compared, freq: str) -> dict[str, list[Row]]:
    """Return the figures over time of the region and of each chosen territory."""
    of_freq = [row for row in compared.rows if row["freq"] == freq]
    return {area: [row for row in of_freq if row["area"] == area] for area in (compared.frame.region, *compared.areas)}


@layout.keep_part
def _show_pictures(frame: layout.Frame, compared: Compared, freq: str, periods: tuple[str, ...], area: str) -> None:
    by_area = _group_rows(compared, freq)
    under = frame.lines_under_chart(*compared.areas)
    title = compared.compose_title(freq, words.name_span(periods))
    panels = {code: _make_series(compared, frame.marked_name(code), by_area, code, periods) for code in compared.areas}
    pictures = [
        _draw_trend(compared, title, panels, by_area, area, periods, under),
        charts.draw_multiples(tell("{title}: all on one scale", title=title), list(panels.values()), under=under),
    ]
    layout.show_panels(frame, pictures, about=comparison.name_column(compared.choice, freq), key="time")
    layout.put_small(f"{tell(_LINES_READ)} {charts.explain_series(pictures)}")


def _choose_highlighted(compared: Compared, with_figures: Sequence[str]) -> str:
    """Return the area that is highlighted at first: the region, unless it is a sum that dwarfs its territories."""
    territories = [area for area in with_figures if area != compared.frame.region]
    return territories[0] if compared.choice.kind == "count" and territories else with_figures[0]


def _draw_trend(
    compared: Compared,
    title: str,
    panels: Mapping[str, series.ChartSeries],
    by_area: Mapping[str, Sequence[Row]],
    area: str,
    periods: Sequence[str],
    under: Sequence[str],
) -> charts.Picture:
    """Return the picture of one area with the others behind it; a count of the region is shown without its parts."""
    frame, others = compared.frame, [code for code in panels if code != area]
    if area == frame.region and compared.choice.kind == "count":
        others = []
    if not others:
        alone = f"{frame.marked_name(area)}: {lower_first(title)}"
        return charts.draw_trend(_make_series(compared, alone, by_area, area, periods), under=under)
    drawn = dict(panels)
    if area not in drawn:
        drawn = {area: _make_series(compared, frame.marked_name(area), by_area, area, periods), **panels}
    return charts.draw_lines(title, list(drawn.values()), list(drawn).index(area), under=under)


def _make_series(
    compared: Compared, title: str, by_area: Mapping[str, Sequence[Row]], area: str, periods: Sequence[str]
) -> series.ChartSeries:
    is_region = area == compared.frame.region
    rows = list(by_area[area])
    if compared.version == comparison.RECOMMENDED:
        present = {row["period"] for row in rows}
        rows += [comparison.make_absent(area, period) for period in periods if period not in present]
    drawn = from_rows.make_series(
        title,
        rows,
        breaks=find_breaks(compared, area, by_area[area]),
        periods=periods,
        territories=len(compared.frame.territories) if is_region else 0,
        digits=compared.digits,
        find_territory=lambda row: compared.frame.find_territory(str(row["area"])),
        name_owner=lambda row: compared.frame.name_owner(row, area),
    )
    return replace(drawn, is_share=compared.basis == "share")


def find_breaks(compared: Compared, area: str, rows: Sequence[Row]) -> list[Row]:
    """Return the breaks of an indicator: of its measure, or of both counts of a ratio. Those of the region are the
    breaks of the territories in it."""
    frame, choice = compared.frame, compared.choice
    members = {code for row in rows for code in str(row["reporters"] or "").split(",") if code}
    territories = members if area == frame.region else {area}
    codes = [code for territory in territories for code in (territory, *frame.list_jurisdictions(territory))]
    all_breaks = queries.find_breaks(frame.path, sorted(codes), compared.crime)
    if choice.measure:
        return changes.select_breaks(all_breaks, choice.measure, choice.level)
    operands = queries.read_rows(frame.path, "metric_operands", choice.code)
    sides = {(row["measure"], row["level"]) for row in operands}
    by_row = {id(row): row for side in sides for row in changes.select_breaks(all_breaks, *side)}
    return list(by_row.values())


@layout.keep_part
def show_periods(frame: layout.Frame, compared: Compared, freq: str, periods: tuple[str, ...]) -> None:
    """Show the figures of all periods, the newest first, one column for each area."""
    by_area, notes = _group_rows(compared, freq), words.Notes()
    at = {(row["area"], row["period"]): row for of_area in by_area.values() for row in of_area}
    rows = []
    for period in reversed(periods):
        name = words.period_short(period)
        cells = tuple(compared.build_cell(at.get((area, period)), notes, area, name) for area in by_area)
        rows.append(tables.Line(tables.Cell(name), cells))
    columns = [frame.marked_name(area) for area in by_area]
    corner = tell("Quarter") if freq == "Q" else tell("Year")
    title = tell("{title}, with 95% confidence intervals", title=compared.compose_title(freq))
    coverage = words.join_words(map(frame.marked_name, by_area))
    is_share = compared.basis == "share"
    layout.show_table(frame, title, columns, rows, corner=corner, notes=notes, coverage=coverage, is_share=is_share)
