"""Show unprotected indicators of the reader's own offices, newest year and quarter; they are never published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter
from starlette.responses import Response

from dashboards.office import figure_words, words
from dashboards.office.context import PageContext
from dashboards.office.figure_words import Row
from dashboards.office.requests import Page
from dashboards.office.responses import render_page
from pipelines.core.i18n import mark
from pipelines.design import components as ui
from pipelines.words.indicators import VERSIONS

if TYPE_CHECKING:
    from pipelines.submissions.service.figures import OfficeFigures, RecordAccess

router = APIRouter()
_DIGITS = {"RATIO": 2, "PC": 0, "D": 0}
_NO_RECORDS: Mapping[RecordAccess, str] = {
    "not_sent": mark("No office here sends case records."),
    "no_access": mark(
        "You do not have access to the case records of this area. Ask the steward of the secretariat for it."
    ),
    "visible": mark("The case records of this area have no proceedings of these offences."),
}
"""Sentences for a page without tables of case records, by the reason."""
_AREA, _PERIOD, _OFFENCE = "area", "period", "offence"
"""Parameters of the page's address."""


@dataclass(frozen=True)
class _Selection:
    """The figures of one area, and the period and the group of offences that the page shows."""

    figures: OfficeFigures
    period: str
    offence: str

    def select_rows(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows of the period and the offences."""
        return [row for row in rows if row["period"] == self.period and row["offence_group"] == self.offence]


@router.get("/figures")
def show_figures(context: Page) -> Response:
    """Render the page "Reported figures". Raises NotAllowedError for an area whose figures the person may not see."""
    from pipelines.submissions.service import figures

    title = context.tell("Reported figures")
    lead = context.tell(
        "What the offices reported, before small numbers are protected. Check that the figures are right."
    )
    own_areas = figures.list_areas(context.desk, context.who)
    area = context.request.query_params.get(_AREA) or next(iter(own_areas), None)
    try:
        area_figures = figures.read_figures(context.desk, context.who, area) if area is not None else None
    except figures.FiguresBusyError as error:
        return render_page(context, "figures_none.html", title=title, reason=context.localize_error(error), advice="")
    if area_figures is None or not area_figures.periods:
        return render_page(
            context,
            "figures_none.html",
            title=title,
            lead=lead,
            reason=context.tell("You have no figures here yet"),
            advice=context.tell(
                "You can see the figures of an area only if you have access to every office that reports a part of "
                "them. Ask the secretariat for access."
            ),
        )
    periods = [area_figures.periods[freq] for freq in ("Q", "A") if freq in area_figures.periods]
    offences = _list_offence_groups(area_figures)
    selection = _Selection(area_figures, _choose(context, _PERIOD, periods), _choose(context, _OFFENCE, offences))
    return render_page(
        context,
        "figures.html",
        title=title,
        lead=lead,
        chosen={_AREA: area_figures.area, _PERIOD: selection.period, _OFFENCE: selection.offence},
        areas=[(code, context.area_name(code)) for code in own_areas],
        periods=[(code, words.format_period(code, context.language)) for code in periods],
        offences=[(code, context.code_label("offence_group", code)) for code in offences],
        counts=_make_counts_table(context, selection),
        ratios=_make_ratios_table(context, selection),
        breaks=_describe_breaks(context, selection),
        flow=_make_flow_table(context, selection),
        records=_list_record_tables(context, selection),
        no_records=context.tell(_NO_RECORDS[figures.find_records(context.desk, context.who, area_figures.area)]),
    )


def _choose(context: PageContext, name: str, options: Sequence[str]) -> str:
    """Return the option that the address asks for, else the first; empty if there is none."""
    chosen = context.request.query_params.get(name, "")
    return chosen if chosen in options else next(iter(options), "")


def _list_offence_groups(area_figures: OfficeFigures) -> list[str]:
    """Return the groups of offences with any figures, in the order of the code list."""
    from pipelines.core import codes

    codes_present = {
        row["offence_group"]
        for rows in (area_figures.counts, area_figures.ratios, area_figures.durations)
        for row in rows
    }
    return [code for code in codes.list_codes("offence_group") if code in codes_present]


# -------------------------------------------------------------------------------------------------------------- tables


def _make_counts_table(context: PageContext, selection: _Selection) -> ui.PageTable | None:
    from pipelines.core import codes

    keys = ("measure", "level", "count_unit", "victim_status")
    counts, rates = (selection.select_rows(rows) for rows in (selection.figures.counts, selection.figures.rates))
    by_key = {tuple(row[key] for key in keys): row for row in rates}
    adults = {tuple(row[key] for key in keys): row for row in selection.select_rows(selection.figures.adults)}
    order = {code: place for place, code in enumerate(codes.list_codes("measure"))}
    lines = []
    for row in sorted(counts, key=lambda row: order[row["measure"]]):
        rate = by_key.get(tuple(row[key] for key in keys))
        fields = (
            _format_count(context, row, adults.get(tuple(row[key] for key in keys))),
            figure_words.format_figure(context, rate, 2),
            context.tell("too few to compare") if row["state"] == "too_few" else "",
            figure_words.compose_note(context, [row]),
        )
        lines.append(ui.PageRow(_describe_count(context, row), fields))
    columns = [
        context.tell("Number (95% confidence interval)"),
        context.tell("Per 100,000 inhabitants (95% confidence interval)"),
        context.tell("State"),
        context.tell("Note"),
    ]
    title = context.tell("Numbers and rates")
    return _make_table(context, selection, title, context.tell("What is counted"), columns, lines)


def _format_count(context: PageContext, row: Row, adults: Row | None) -> str:
    """Format a count; where an office reports adults only, their number follows the reason why there is none of all."""
    figure = figure_words.format_figure(context, row)
    if row["value"] is not None or adults is None or adults["value"] is None:
        return figure
    return context.tell(
        "{reason}; adults only: {figure}", reason=figure, figure=figure_words.format_figure(context, adults)
    )


def _describe_count(context: PageContext, row: Row) -> str:
    """Name a count; a status of victims says whether it is part of the number above it, as injured parties are not."""
    unit = context.code_label("count_unit", row["count_unit"]).lower()
    measure = context.code_label("measure", row["measure"])
    # "Detected victims" names its unit already.
    name = measure if measure.lower().endswith(unit) else f"{measure}, {unit}"
    status = row["victim_status"]
    return name if status in ("_T", "_Z") else figure_words.name_status(context, name, status)


def _make_ratios_table(context: PageContext, selection: _Selection) -> ui.PageTable | None:
    names = _indicator_names(context)
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in selection.select_rows(selection.figures.ratios):
        lines.setdefault((row["metric"], row["count_unit"]), {})[row["version"]] = row
    table_rows = []
    for (metric, unit), versions in lines.items():
        rule = next(iter(versions.values()))["default_rule"]
        has_value = any(row["value"] is not None for row in versions.values())
        notes = (
            context.tell(figure_words.RULES[rule]) if rule in figure_words.RULES and has_value else "",
            figure_words.compose_note(context, list(versions.values())),
        )
        fields = [figure_words.describe_version(context, versions.get(code)) for code in VERSIONS]
        heading = f"{names.get(metric, metric)}, {context.code_label('count_unit', unit).lower()}"
        table_rows.append(ui.PageRow(heading, (*fields, " ".join(filter(None, notes)))))
    columns = [*(context.tell(text) for text in VERSIONS.values()), context.tell("Note")]
    title = context.tell("Ratios between stages, per 100 (95% confidence interval)")
    return _make_table(context, selection, title, context.tell("Ratio"), columns, table_rows)


def _describe_breaks(context: PageContext, selection: _Selection) -> list[tuple[str, list[str]]]:
    """Return the balances that do not close, as pairs of a heading and sentences."""
    names = _indicator_names(context)
    advice = context.tell(
        "Look for events that are in the wrong period or missing, and upload a corrected return. If the figures "
        "are right, let the secretariat know."
    )
    breaks = []
    for row in selection.select_rows(selection.figures.breaks):
        title, account = figure_words.describe_broken_balance(context, row)
        sentences = filter(None, (account, figure_words.list_uncounted(context, row), advice))
        breaks.append((f"{names.get(row['metric'], row['metric'])}: {title}", list(sentences)))
    return breaks


def _make_flow_table(context: PageContext, selection: _Selection) -> ui.PageTable | None:
    names = _indicator_names(context)
    lines = [
        ui.PageRow(
            f"{names.get(row['metric'], row['metric'])}, {context.code_label('count_unit', row['count_unit']).lower()}",
            (
                figure_words.format_figure(context, row, _DIGITS.get(row["unit_measure"], 1)),
                context.code_label("unit_measure", row["unit_measure"]),
                context.tell("too few to compare") if row["state"] == "too_few" else "",
                figure_words.compose_note(context, [row]),
            ),
        )
        for row in selection.select_rows(selection.figures.flow)
    ]
    columns = [
        context.tell("Value (95% confidence interval, if there is one)"),
        context.tell("Unit"),
        context.tell("State"),
        context.tell("Note"),
    ]
    title = context.tell("Clearance and disposition")
    return _make_table(context, selection, title, context.tell("Indicator"), columns, lines)


def _list_record_tables(context: PageContext, selection: _Selection) -> list[ui.PageTable]:
    """Return how long proceedings take and how old open ones are, if the reader may see case records."""
    durations, pending = (
        [row for row in rows if row["offence_group"] == selection.offence]
        for rows in (selection.figures.durations, selection.figures.pending)
    )
    restricted = context.tell("Restricted: not for publication")
    tables = []
    if durations:
        period_observed = context.tell(
            "Records from {first} to {last}",
            first=min(row["seen_from"] for row in durations).isoformat(),
            last=max(row["seen_until"] for row in durations).isoformat(),
        )
        caption = f"{period_observed}. {restricted}"
        tables.append(_make_records_table(context, durations, figure_words.DURATIONS, caption))
    if pending:
        day = context.tell("Pending on {day}", day=pending[0]["as_at"].isoformat())
        tables.append(_make_records_table(context, pending, figure_words.AGES, f"{day}. {restricted}"))
    return tables


def _make_records_table(
    context: PageContext, rows: Sequence[Row], statistics: Mapping[str, str], caption: str
) -> ui.PageTable:
    names = _indicator_names(context)
    lines: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        lines.setdefault((row["metric"], row["source"]), {})[row["statistic"]] = row
    table_rows = []
    for (metric, source), by_statistic in lines.items():
        fields = [_format_with_state(context, by_statistic.get(code)) for code in statistics]
        number = str(next(iter(by_statistic.values()))["n_band"])
        heading = f"{names.get(metric, metric)}, {context.office_name(source, source.partition('_')[0])}"
        table_rows.append(ui.PageRow(context.mark_names(heading), (*fields, number)))
    columns = [*(context.tell(text) for text in statistics.values()), context.tell("Cases in the records")]
    return ui.PageTable(caption, context.tell("Indicator"), columns, table_rows)


def _format_with_state(context: PageContext, row: Row | None) -> str:
    """Format a figure from records, with a note if it is too few to compare."""
    text = figure_words.format_figure(context, row)
    return f"{text}; {context.tell('too few to compare')}" if row is not None and row["state"] == "too_few" else text


def _make_table(
    context: PageContext,
    selection: _Selection,
    title: str,
    corner: str,
    columns: Sequence[str],
    rows: Sequence[ui.PageRow],
) -> ui.PageTable | None:
    """Return a table whose caption says what it shows, wherever it is copied to; None without rows."""
    if not rows:
        return None
    caption = context.tell(
        "{area}, {period}, {offence}. Restricted: not for publication",
        area=context.area_name(selection.figures.area),
        period=words.format_period(selection.period, context.language),
        offence=context.code_label("offence_group", selection.offence),
    )
    return ui.drop_empty_columns(ui.PageTable(f"{title}. {caption}", corner, columns, rows))


def _indicator_names(context: PageContext) -> dict[str, str]:
    """Return the everyday name of each indicator."""
    from pipelines.warehouse.metrics import metrics

    return {metric.id: context.tell(metric.name) for metric in metrics.load()}  # marked in warehouse.metrics
