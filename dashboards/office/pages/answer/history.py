"""Show each value of a return with the periods before it, one measure at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dashboards.office import words
from dashboards.office.context import PageContext
from dashboards.office.pages.answer.answer import Answer
from dashboards.office.pages.answer.changes import format_value
from dashboards.office.pages.answer.places import render_place
from pipelines.design import components as ui

if TYPE_CHECKING:
    import polars as pl

    from pipelines.office.answers import EarlierValue, ValueHistory

LONGEST = 300
"""Rows shown; the downloads have all of them."""
PERIODS = 12
MEASURE = "measure"
"""Parameter of the address: the code of the measure to show."""


@dataclass(frozen=True)
class HistoryView:
    """Earlier periods. `sentence` replaces the table if there is nothing to show; `measures` are the options of the
    choice, if there is more than one measure."""

    sentence: str = ""
    table: ui.PageTable | None = None
    measures: Sequence[tuple[str, str]] = field(default_factory=list)
    chosen: str = ""
    is_cut: bool = False


def list_earlier_periods(answer: Answer) -> HistoryView:
    """Return the values of one measure with their last twelve periods, since a form may have hundreds of values."""
    from pipelines.office import answers
    from pipelines.submissions import service

    context, report = answer.context, answer.report
    if report.reading is None or report.reading.observations.is_empty():
        return HistoryView(context.tell("There are no figures to compare."))
    observations = report.reading.observations.sort("period", descending=True, maintain_order=True)
    # The periods of the return itself may be among those accepted before.
    n_periods = PERIODS + observations["period"].n_unique()
    history = service.read_history(context.desk, context.who, answer.submission_id, n_periods)
    if not (history["period"] < observations["period"][0]).any():
        return HistoryView(context.tell("No earlier return of this form has been accepted."))
    measures: list[str] = observations["measure"].unique(maintain_order=True).to_list()
    chosen = _choose_measure(answer, observations, measures)
    of_measure = observations.filter(measure=chosen)
    series_list = answers.find_earlier_values(
        of_measure.head(LONGEST), history.filter(measure=chosen), PERIODS, context.language
    )
    table = ui.PageTable(
        context.many(
            "Each value and the last {n} period before it", "Each value and the last {n} periods before it", PERIODS
        ),
        context.tell("What"),
        [
            context.tell("Place"),
            context.tell("Trend"),
            context.tell("Earlier values, oldest first"),
            context.tell("Now"),
        ],
        [_series_row(context, series) for series in series_list],
        numbers=frozenset({3}),
    )
    options = [(code, context.code_label("measure", code)) for code in measures] if len(measures) > 1 else []
    return HistoryView("", table, options, chosen, of_measure.height > LONGEST)


def _choose_measure(answer: Answer, observations: pl.DataFrame, measures: Sequence[str]) -> str:
    """Return the measure that the address asks for; else that of the first finding, else the form's first."""
    requested_measure = answer.context.request.query_params.get(MEASURE, "")
    if requested_measure in measures:
        return requested_measure
    measure_by_place = dict(zip(observations["place"], observations["measure"], strict=True))
    places = (str(finding.where) for group in answer.groups for finding in group.all_findings)
    return next((str(measure_by_place[place]) for place in places if place in measure_by_place), measures[0])


def _series_row(context: PageContext, series: ValueHistory) -> ui.PageRow:
    first_known = next((n for n, point in enumerate(series.points) if point.shown is not None), len(series.points))
    known_points = series.points[first_known:]
    values = [point.shown.value if point.shown is not None else None for point in known_points]
    points = ui.join_parts((_format_point(context, point) for point in known_points), "; ")
    return ui.PageRow(
        f"{series.words}, {words.format_period(series.period, context.language)}",
        (
            render_place(series.place or ""),
            ui.render_sparkline(
                [*values, series.now.value], context.tell("The trend of the values next to it, as a line")
            ),
            ui.Markup('<span class="rti-small">{}</span>').format(points),
            format_value(series.now),
        ),
    )


def _format_point(context: PageContext, point: EarlierValue) -> ui.Markup:
    """Return a period with its value, on one line."""
    value = point.shown.words if point.shown is not None else context.tell("no report")
    period = words.format_period(point.period, context.language)
    whole = ui.render_whole(f"{period}: {value}")
    return ui.Markup("{} ({})").format(whole, context.tell("revised")) if point.revised else whole
