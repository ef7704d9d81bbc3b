"""Show the way of one area from investigation to sentence: its stages as boxes, and the ratios between them."""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.public import charts, choices, comparison, layout, queries, tables
from dashboards.public.pages import versions
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front import sentences
from pipelines.front.charts import from_rows
from pipelines.words import Row, indicators
from pipelines.words.coverage import STAGE_RETURNS
from pipelines.words.language import lower_first, tell

_BY_YEAR = mark("Other outcomes are published by year only. Choose a year under “Period”.")
_SEPARATOR = "_per_"
"""Between the later and the earlier stage in the code of a ratio."""


def show_flow(frame: layout.Frame, crime: str, track: str, freq: str, period: str, unit: str) -> None:
    """Show the stages of the region or of one territory."""
    layout.put_heading(tell("Stages, pending cases and other outcomes"))
    areas = (frame.region, *(code for code, _ in frame.territories))
    area = choices.choose_option(tell("Area"), "flow", areas, say=frame.marked_name, boxed=True, width=260)
    _show_boxes(frame, area, crime, track, freq, period, unit)
    _show_ratios(frame, area, crime, track, freq, period, unit)


@layout.keep_part
def _show_boxes(frame: layout.Frame, area: str, crime: str, track: str, freq: str, period: str, unit: str) -> None:
    crime_name = lower_first(queries.read_labels(frame.path, "offence_group")[crime])
    about = ", ".join(
        [frame.marked_name(area), crime_name, words.period_short(period), lower_first(words.TRACKS[track])]
    )
    title = f"{about}: {words.unit_name(unit)}"
    measures = queries.read_labels(frame.path, "measure")
    cells = queries.read_stages(frame.path, freq, period, crime, unit, queries.STAGES[track])
    at = {cell["measure"]: cell for cell in cells if cell["area"] == area}
    of_track = {measure: at.get(measure) for measure in queries.STAGES[track]}
    drawn = from_rows.make_stages(
        title,
        of_track,
        track,
        _read_exits(frame, area, crime, freq, period, unit),
        queries.read_rows(frame.path, "pending_of_area", area, crime)
        if queries.has_table(frame.path, "pending")
        else (),
        queries.read_rows(frame.path, "stocks_of_area", area, crime, unit, period) if freq == "A" else None,
        lambda measure: measures.get(measure, measure),
        period,
        frame.territories if area == frame.region else (),
    )
    # They concern the figures, so that a saved picture has them too.
    notes = [*from_rows.list_interval_notes(of_track), *from_rows.list_pending_notes(drawn)]
    layout.show_panels(
        frame,
        [charts.draw_flow(drawn, under=[*frame.lines_under_chart(area), *notes])],
        about="",
        key="flow",
    )
    layout.put_small(" ".join([tell(sentences.NO_FUNNEL), *([tell(_BY_YEAR)] if freq != "A" else [])]))  # marked there


def _read_exits(frame: layout.Frame, area: str, crime: str, freq: str, period: str, unit: str) -> Sequence[Row] | None:
    """Return how many cases ended in each other way; None for a period for which this is not published."""
    if freq != "A" or not queries.has_table(frame.path, "exit"):
        return None
    rows = queries.read_rows(frame.path, "exits", area, crime, unit, period)
    return [row for row in rows if row["metric"] == "exit"]


def _show_ratios(frame: layout.Frame, area: str, crime: str, track: str, freq: str, period: str, unit: str) -> None:
    """Show the ratios between the stages of a track in the version that the reader chooses."""
    if not queries.has_table(frame.path, "stage_ratio"):
        return
    if not _read_ratios(frame, area, crime, track, freq, period, unit):
        return
    layout.put_lower_heading(tell("Ratios between stages"))
    version = choices.choose_option(
        tell("Version"), "version", tuple(comparison.VERSIONS), say=lambda code: comparison.name_version(code, freq)
    )
    _show_ratios_of_version(frame, area, crime, track, freq, period, unit, version)


def _read_ratios(
    frame: layout.Frame, area: str, crime: str, track: str, freq: str, period: str, unit: str
) -> list[Row]:
    rows = queries.read_rows(frame.path, "ratios_of_area", area, crime, unit, freq, period)
    metrics = _list_metrics(frame, crime, track)
    return [row for row in rows if row["metric"] in metrics]


def _list_metrics(frame: layout.Frame, crime: str, track: str) -> dict[str, Row]:
    """Return the ratios between stages of a track by code."""
    rows = queries.read_rows(frame.path, "ratio_metrics", crime)
    return {row["metric"]: row for row in rows if _is_between(row["metric"], queries.STAGES[track])}


@layout.keep_part
def _show_ratios_of_version(
    frame: layout.Frame, area: str, crime: str, track: str, freq: str, period: str, unit: str, version: str
) -> None:
    of_track = _read_ratios(frame, area, crime, track, freq, period, unit)
    notes = words.Notes()
    lines = []
    coverage = Coverage(frame, STAGE_RETURNS, crime, unit) if area == frame.region else None
    for metric, about in _list_metrics(frame, crime, track).items():
        of_metric = [row for row in of_track if row["metric"] == metric]
        row = next(iter(comparison.select_version(of_metric, version)), None)
        name = tell(about["name"])  # marked where declared
        heading = layout.link_heading(name, f"compare?kind=ratio&indicator={metric}")
        covered = (coverage.build_cell(row, name, notes),) if coverage is not None else ()
        lines.append(tables.Line(heading, (_build_cell(frame.id, row, name, version, notes), *covered)))
    columns = [tell("Per 100 (95% confidence interval)"), *([tell("Territories included")] if coverage else [])]
    crime_name = lower_first(queries.read_labels(frame.path, "offence_group")[crime])
    title = f"{frame.marked_name(area)}, {crime_name}, {words.period_short(period)}"
    version_name = comparison.name_version(version, freq)
    title = f"{title}: {lower_first(tell('Ratios between stages'))}, {lower_first(version_name)}"
    layout.show_table(
        frame, title, columns, lines, corner=tell("Ratio"), text=True, notes=notes, coverage=frame.marked_name(area)
    )
    if version != comparison.RECOMMENDED:
        layout.put_small(f"{version_name}: {indicators.describe_version(version, is_nested=False)}")


def _is_between(metric: str, stages: Sequence[str]) -> bool:
    """Return True for a ratio whose both counts are stages of one track."""
    later, _, earlier = metric.partition(_SEPARATOR)
    return later in stages and earlier in stages


def _build_cell(release: str, row: Row | None, name: str, version: str, notes: words.Notes) -> tables.Cell:
    if row is None:
        return tables.value_cell(versions.format_missing(version), name)
    figure = versions.add_lag(comparison.format_compared(row, "ratio"), row)
    marks = indicators.mark_notes(row, notes)
    if row["is_default"] and row["value"] is not None:
        marks = (*marks, notes.number_note(indicators.explain_rule(str(row["default_rule"]), str(row["freq"]))))
    address = tables.indicator_address(release, "stage_ratio", row)
    return tables.value_cell(figure, name, marks, address, is_few=comparison.is_few(row))
