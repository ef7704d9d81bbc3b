"""Show one ratio between stages in all its versions next to each other, with what each version divides by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dashboards.public import layout, queries, tables
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import FormattedFigure, Row, durations, indicators
from pipelines.words.coverage import STAGE_RETURNS
from pipelines.words.language import many, tell

_READ = mark(
    "Brackets show the 95% confidence interval. Where one of the two counts is under {enough}, chance alone can change "
    "the ratio a lot, so the ratio is not compared with others."
)


@layout.keep_part
def show_versions(frame: layout.Frame, metric: str, crime: str, unit: str, freq: str, period: str) -> None:
    """Show the table of all versions of a ratio in one period, folded, and what each version is."""
    about = next(row for row in queries.read_rows(frame.path, "metrics") if row["metric"] == metric)
    by_area: dict[str, dict[str, Row]] = {}
    for row in queries.read_rows(frame.path, "ratios", metric, freq, period, crime, unit):
        by_area.setdefault(row["area"], {})[row["version"]] = row
    versions = [code for code in indicators.VERSIONS if any(code in those for those in by_area.values())]
    if len(versions) > 1:
        with layout.open_fold(tell("All versions of the ratio")):
            _show_table(frame, about, by_area, versions, crime, unit, freq, period)
    sentences = [
        (indicators.name_version(code, freq), indicators.describe_version(code, is_nested=about["is_nested"]))
        for code in versions
    ]
    layout.put_html(tables.render_facts(sentences))


def _show_table(
    frame: layout.Frame,
    about: Row,
    by_area: Mapping[str, Mapping[str, Row]],
    versions: Sequence[str],
    crime: str,
    unit: str,
    freq: str,
    period: str,
) -> None:
    names = {code: indicators.name_version(code, freq) for code in versions}
    name = tell(about["name"])  # marked where declared
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    coverage = Coverage(frame, STAGE_RETURNS, crime, unit)
    notes = words.Notes()
    codes = [frame.region, *(code for code, _ in frame.territories)]
    lines = [_build_line(frame, code, by_area.get(code, {}), names, notes) for code in codes]
    region_rows = by_area.get(frame.region, {})
    covered = tuple(
        coverage.build_cell(region_rows.get(code), names[code], notes)
        if code in region_rows
        else tables.Cell("", tell("{subject}: none", subject=names[code]), kind="note")
        for code in versions
    )
    lines.insert(1, tables.Line(tables.Cell(tell("Territories included")), covered))
    layout.show_table(
        frame, f"{name}. {crime_name}, {words.period_short(period)}, {words.unit_name(unit)}",
        list(names.values()), lines, corner=tell("Area"), notes=notes, legend=True,
        coverage=coverage.name_territories([(names[code], region_rows.get(code)) for code in versions]),
    )  # fmt: skip
    layout.put_text(tell(_READ, enough=ENOUGH_EVENTS))


def _build_line(
    frame: layout.Frame, area: str, those: Mapping[str, Row], names: Mapping[str, str], notes: words.Notes
) -> tables.Line:
    """Return the figures of an area in all versions; `names` are their names by code."""
    heading = frame.row_heading(area, href="" if area == frame.region else f"territory?territory={area}")
    cells = []
    for version, name in names.items():
        row = those.get(version)
        figure = format_missing(version) if row is None else indicators.format_figure(row)
        marks = () if row is None else indicators.mark_notes(row, notes)
        is_few = row is not None and row["state"] == "too_few" and figure.kind == "value"
        if row is not None and figure.kind == "value":
            figure = add_lag(figure, row)
            if row["is_default"]:
                marks = (*marks, notes.number_note(indicators.explain_rule(str(row["default_rule"]), str(row["freq"]))))
        label = f"{frame.area_name(area)}, {name}"
        href = "" if row is None else tables.indicator_address(frame.id, "stage_ratio", row)
        cells.append(tables.value_cell(figure, label, marks, href, is_few=is_few))
    return tables.Line(heading, tuple(cells), is_total=area == frame.region)


def format_missing(version: str) -> FormattedFigure:
    """Return the word for a version that an area does not have."""
    if version in ("lagged", "cohort"):
        # Nothing was requested and nothing is missing: without records the figure cannot be calculated.
        return replace(durations.format_no_records(), kind="note")
    return words.format_absent()


def add_lag(figure: FormattedFigure, row: Row | None) -> FormattedFigure:
    """Add to a lagged ratio how many periods earlier its denominator is; return other figures as they are."""
    if row is None or row.get("version") != "lagged" or not row["lag"] or figure.kind != "value":
        return figure
    text, spoken = (_name_lag(part, row["lag"], row["freq"]) for part in (figure.text, figure.spoken))
    return replace(figure, text=text, spoken=spoken)


def _name_lag(figure: str, lag: float, freq: str) -> str:
    if freq == "Q":
        return many("{figure}, over {n} quarter before", "{figure}, over {n} quarters before", lag, figure=figure)
    return many("{figure}, over {n} year before", "{figure}, over {n} years before", lag, figure=figure)
