"""Show the rates of the region with their coverage, and the median and spread of the territories."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from dashboards.public import choices, layout, queries, tables
from dashboards.public.pages.region_scope import StageScope
from dashboards.public.pages.reporting import Coverage
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import figures, indicators, regions
from pipelines.words.language import lower_first, tell


@layout.keep_part
def show_spread(frame: layout.Frame, scope: StageScope, coverage: Coverage) -> None:
    """Show the region's rates with their coverage, and the median and spread of the territories."""
    layout.put_heading(tell("How much rates differ between territories"))
    cells, unit = scope.read_cells(frame), scope.unit
    ranges = {
        row["measure"]: row
        for row in queries.read_rows(frame.path, "region_range", "rate", scope.freq, scope.period, scope.crime, unit)
    }
    windows: dict[str, list[Mapping[str, Any]]] = {}
    for row in (
        queries.read_rows(frame.path, "windows", "rate", scope.crime, unit)
        if queries.has_table(frame.path, "window")
        else ()
    ):
        windows.setdefault(row["measure"], []).append(row)
    stage_ranges = [(measure, ranges[measure]) for measure in scope.measures if measure in ranges]
    if not stage_ranges:
        layout.put_text(tell("The release has no rates of this kind and period to compare."))
        return
    per = tell("per 100,000 inhabitants") if scope.freq in choices.RATED else tell("per 100,000 inhabitants a year")
    stage, quoted_range = next((entry for entry in stage_ranges if entry[0].startswith("convicted")), stage_ranges[-1])
    layout.quote_sentence(
        _describe_rate(frame, quoted_range, cells.get((frame.region, stage)), coverage, scope, stage, per),
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
        crime=f"{scope.crime_name}, {scope.name_decisions()}",
        period=words.period_short(scope.period),
        unit=words.unit_name(unit),
        per=per,
    )
    columns = [
        tell("Region"),
        tell("Territories"),
        tell("Median, lowest to highest"),
        tell("Territories with {enough} or more", enough=ENOUGH_EVENTS),
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


_RATE = mark("{area}, {period}, {crime}, {stage} ({unit}) {per}: {figure}. {coverage} {spread}")


def _describe_rate(
    frame: layout.Frame,
    row: Mapping[str, Any],
    cell: Mapping[str, Any] | None,
    coverage: Coverage,
    scope: StageScope,
    stage: str,
    per: str,
) -> str:
    """Return the sentences to quote on one rate of the region: the figure, its coverage, and the territories."""
    cover = [figures.explain_regional_few(row), coverage.describe_figure(row)]
    return tell(
        _RATE,
        area=frame.area_name(frame.region),
        period=words.period_words(row["period"]),
        crime=lower_first(scope.crime_name),
        unit=words.unit_name(scope.unit),
        stage=lower_first(layout.read_vocabulary(frame).find_label("measure", stage)),
        per=per,
        figure=regions.quote_figure(_with_range(row, cell), 2),
        coverage=" ".join(filter(None, cover)),
        spread=regions.describe_range(row, 2),
    )


def _with_range(row: Mapping[str, Any], cell: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the region's rate with its own interval; without an interval if the two are different figures."""
    same = cell is not None and cell["rate"] == row["value"]
    return {**row, "low": cell["rate_low"], "high": cell["rate_high"]} if same and cell is not None else row
