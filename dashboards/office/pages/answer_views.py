"""Show the context of an answer: the sender's sheet and the values read, changes, and the last twelve periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.office import html, layout, words
from dashboards.office.layout import PageContext

if TYPE_CHECKING:
    import polars as pl

    from pipelines.office.answers import Change, EventCount, FormattedValue, Group, Point, ReadRow, Series, TableView
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import Entry

LONGEST = 300
"""Rows shown of one table; the downloads have all of them."""
PERIODS = 12


# --------------------------------------------------------------------------------------- the sheet, and as it was read


def show_side_by_side(context: PageContext, entry: Entry, report: Report, groups: Sequence[Group]) -> None:
    """Show the sender's own sheet on the left and the values read from it on the right, with findings of every kind
    framed."""
    from pipelines.model.content import ReadError
    from pipelines.office import answers
    from pipelines.submissions import service

    filename, data = service.read_original(context.desk, context.who, entry.submission_id)
    try:
        sides = answers.preview_side_by_side(
            data, filename, report.form, context.language, demonstration=context.is_demonstration
        )
    except ReadError:
        layout.put_html(
            html.Markup("<p>{}</p>").format(context.tell("This file cannot be read, so there is nothing to show."))
        )
        return
    tables = [table for table in sides.tables if table.cells]
    marked: dict[str, str] = {}
    for finding in (finding for group in groups for finding in group.all_findings):
        marked.setdefault(finding.place, finding.severity)
    chosen = _sheet(context, tables, marked)
    rows = _of_sheet(sides.rows, chosen)
    sheet_views = (
        _drawn(context, chosen, marked)
        if chosen is not None
        else html.render_note(context.tell("This format has no sheet to draw."))
    )
    right = _show_read_rows(context, rows, marked) if rows else _show_register_counts(context, report)
    layout.put_html(
        html.render_note(
            context.tell(
                "Green fields are numbers that we read. A frame marks a finding. These numbers will be published "
                "once they are approved and protected."
            )
        ),
        html.Markup('<div class="rti-two"><div>{}</div><div>{}</div></div>').format(sheet_views, right),
    )
    if sides.cut or len(rows) > LONGEST:
        layout.put_html(
            html.render_note(context.tell("Not every row is shown here. The downloads contain all of them."))
        )


def _sheet(context: PageContext, tables: list[TableView], marked: Mapping[str, str]) -> TableView | None:
    if len(tables) < 2:
        return tables[0] if tables else None
    # The sheet of the worst finding comes first: its place is the first one marked.
    first = next((i for p in marked for i, table in enumerate(tables) if any(c.place == p for c in table.cells)), 0)
    number = st.selectbox(
        context.tell("Sheet or table"),
        range(len(tables)),
        index=first,
        format_func=lambda i: tables[i].name or str(i + 1),
        key="beside.sheet",
    )
    return tables[int(number or 0)]


def _of_sheet(rows: tuple[ReadRow, ...], chosen: TableView | None) -> list[ReadRow]:
    if chosen is None:
        return list(rows)
    places = {cell.place for cell in chosen.cells}
    return [row for row in rows if row.place in places] or list(rows)


def _drawn(context: PageContext, table: TableView, marked: Mapping[str, str]) -> html.Markup:
    lines: dict[int, dict[int, html.Markup]] = defaultdict(dict)
    for cell in table.cells:
        if cell.row > LONGEST:
            continue
        severity = marked.get(cell.place)
        kinds = [f"rti-cell-{_kind(cell.role)}"] + ([f"rti-cell-{severity}"] if severity else [])
        sign = (
            ""
            if not severity
            else html.Markup(' <sup title="{0}">{0}</sup>').format(
                words.describe_severity(severity, context.language)[2]
            )
        )
        tip = ", ".join(part for part in (cell.place, cell.role_words, cell.said) if part)
        lines[cell.row][cell.column] = html.Markup('<td class="{}" title="{}">{}{}</td>').format(
            " ".join(kinds), tip, cell.text, sign
        )
    width = max((column for line in lines.values() for column in line), default=0)
    head = html.join_parts(html.Markup('<th scope="col">{}</th>').format(_letters(n)) for n in range(1, width + 1))
    body = html.join_parts(
        html.Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            row, html.join_parts(line.get(n, html.Markup("<td></td>")) for n in range(1, width + 1))
        )
        for row, line in sorted(lines.items())
    )
    caption = context.tell("Your sheet: {name}", name=table.name)
    return html.Markup(
        '<div class="rti-caption" aria-hidden="true">{0}</div>'
        '<div class="rti-sheet" role="region" tabindex="0" aria-label="{0}"><table><caption class="rti-hidden">{0}'
        "</caption><thead><tr><td></td>{1}</tr></thead><tbody>{2}</tbody></table></div>"
    ).format(caption, head, body)


def _kind(role: str | None) -> str:
    if role in ("value", "pseudonym", "check"):
        return "value"
    return "label" if role in ("heading", "label", "section", "title", "corner", "sheet", "dimension") else "none"


def _letters(number: int) -> str:
    from pipelines.reading.formats.common import column_letters

    return column_letters(number)


def _show_read_rows(context: PageContext, rows: list[ReadRow], marked: Mapping[str, str]) -> html.Markup:
    table_rows = [
        html.Row(
            row.place,
            (row.label, row.read_as, format_value(row.shown)),
            kind=marked.get(row.place, ""),
        )
        for row in rows[:LONGEST]
    ]
    return html.render_table(
        html.Table(
            context.tell("Values we read"),
            context.tell("Place"),
            [context.tell("Your words"), context.tell("Read as"), context.tell("Value")],
            table_rows,
            numbers=frozenset({2}),
        )
    )


def _show_register_counts(context: PageContext, report: Report) -> html.Markup:
    """Show the records read from a register as counts only, since a register is not a list of figures; no record is
    repeated."""
    if report.reading is None or report.reading.events.is_empty():
        return html.render_note(context.tell("No figure was read."))
    counts = report.reading.events.group_by("event").len().sort("event").iter_rows()
    rows = [html.Row(context.code_label("measure", str(event)), (str(count),)) for event, count in counts]
    return html.render_table(
        html.Table(
            context.tell("Values we read"),
            context.tell("Event"),
            [context.tell("Number")],
            rows,
            numbers=frozenset({0}),
        )
    )


def format_value(one: FormattedValue | None) -> html.Part:
    """Format one value, keeping zero, missing, not applicable and withheld distinct."""
    return "" if one is None else one.words


# -------------------------------------------------------------------------------------------- changes, earlier periods


def show_changes(context: PageContext, entry: Entry, report: Report) -> None:
    """Show, figure by figure, the value accepted before and the value in this return."""
    from pipelines.office import answers
    from pipelines.submissions import service

    if report.reading is None:
        _nothing(context)
        return
    if report.instrument == "register":
        _register_changes(context, entry, report.reading.events)
        return
    old = service.read_previous_figures(context.desk, context.who, entry.submission_id)
    if old.is_empty():
        _all_new(context)
        return
    comparison = answers.compare_versions(
        report.reading.observations, old, context.language, kind=report.kind or "full"
    )
    layout.put_html(
        html.Markup("<p>{}</p>").format(
            " ".join(
                [
                    context.many("{n} figure changed.", "{n} figures changed.", comparison.count_changes("changed")),
                    context.many("{n} figure is new.", "{n} figures are new.", comparison.count_changes("added")),
                    context.many(
                        "{n} figure is withdrawn.", "{n} figures are withdrawn.", comparison.count_changes("withdrawn")
                    ),
                    context.many("{n} figure stays as it was.", "{n} figures stay as they were.", comparison.unchanged),
                ]
            )
        )
    )
    if comparison.changes:
        layout.put_html(
            html.Table(
                context.tell("Changes from the last accepted return, largest first"),
                context.tell("Place"),
                [context.tell("What"), context.tell("Before"), context.tell("Now"), context.tell("Difference")],
                [_change_row(context, change) for change in comparison.changes[:LONGEST]],
                numbers=frozenset({1, 2, 3}),
            )
        )
    if len(comparison.changes) > LONGEST:
        layout.put_html(html.render_note(context.tell("Only the {n} biggest are shown.", n=LONGEST)))


def _register_changes(context: PageContext, entry: Entry, new: pl.DataFrame) -> None:
    """Compare a register with its last accepted version in counts, without listing persons or cases."""
    from pipelines.office import answers
    from pipelines.submissions import service

    old = service.previous_events(context.desk, context.who, entry.submission_id)
    if old.is_empty():
        _all_new(context)
        return
    comparison = answers.register_changes(new, old, context.language)
    sums = [
        context.many("{n} case is new.", "{n} cases are new.", comparison.proceedings_added),
        context.many("{n} case is gone.", "{n} cases are gone.", comparison.proceedings_withdrawn),
        context.many("{n} person is new.", "{n} persons are new.", comparison.persons_added),
        context.many("{n} person is gone.", "{n} persons are gone.", comparison.persons_withdrawn),
        context.many(
            "Something changed for {n} person.", "Something changed for {n} persons.", comparison.persons_changed
        ),
        context.many("{n} event is new.", "{n} events are new.", comparison.events_added),
        context.many("{n} event is gone.", "{n} events are gone.", comparison.events_withdrawn),
        context.many("{n} event stays as it was.", "{n} events stay as they were.", comparison.events_unchanged),
    ]
    rows = [
        html.Row(count.words, (count.period, str(count.old), str(count.new), _format_step(count)))
        for count in comparison.by_event
    ]
    layout.put_html(
        html.render_note(context.tell("A register is compared in counts: no person and no case is listed.")),
        html.render_list(sums),
        html.Table(
            context.tell("Events now and in the last accepted return"),
            context.tell("Event"),
            [context.tell("Period"), context.tell("Before"), context.tell("Now"), context.tell("Difference")],
            rows,
            numbers=frozenset({1, 2, 3}),
        ),
    )


def _format_step(count: EventCount) -> str:
    return f"{count.new - count.old:+d}" if count.new != count.old else "0"


def _all_new(context: PageContext) -> None:
    layout.put_html(
        html.Markup("<p>{}</p>").format(
            context.tell("Nothing was accepted before for these periods: all of it is new.")
        )
    )


def _change_row(context: PageContext, change: Change) -> html.Row:
    descriptions = {
        "added": html.render_badge("sent", "+", context.tell("new")),
        "changed": html.render_badge("warning", "≠", context.tell("changed")),
        "withdrawn": html.render_badge("off", "−", context.tell("withdrawn")),
    }[change.kind]
    difference = "" if change.difference is None else f"{change.difference:+g}"
    return html.Row(
        change.place or "–",
        (
            html.Markup("{} {}, {}").format(descriptions, change.words, change.key["period"]),
            format_value(change.old),
            format_value(change.new),
            difference,
        ),
    )


def show_earlier_periods(context: PageContext, entry: Entry, report: Report) -> None:
    """Show each value with its last twelve periods, one measure at a time, since a form may have hundreds of values."""
    from pipelines.office import answers
    from pipelines.submissions import service

    if report.reading is None or report.reading.observations.is_empty():
        _nothing(context)
        return
    history = service.read_history(context.desk, context.who, entry.submission_id)
    series_list = answers.find_earlier_values(report.reading.observations, history, PERIODS, context.language)
    if not any(series.points for series in series_list):
        layout.put_html(
            html.Markup("<p>{}</p>").format(context.tell("No earlier return of this form has been accepted."))
        )
        return
    series_list = _series_of_measure(
        context, report, sorted(series_list, key=lambda series: series.period, reverse=True)
    )
    layout.put_html(
        html.Table(
            context.many(
                "Each value and the last {n} period before it", "Each value and the last {n} periods before it", PERIODS
            ),
            context.tell("What"),
            [
                context.tell("Place"),
                context.tell("Course"),
                context.tell("Earlier values, oldest first"),
                context.tell("Now"),
            ],
            [_series_row(context, series) for series in series_list[:LONGEST]],
            numbers=frozenset({3}),
        )
    )
    if len(series_list) > LONGEST:
        layout.put_html(
            html.render_note(context.tell("Not every row is shown here. The downloads contain all of them."))
        )


def _series_of_measure(context: PageContext, report: Report, series_list: Sequence[Series]) -> list[Series]:
    """Return the series of the chosen measure; initially that of the first finding, else the form's first."""
    measures = list(dict.fromkeys(series.key["measure"] for series in series_list))
    if len(measures) < 2:
        return list(series_list)
    finding_places = {str(finding.where) for finding in report.findings}
    first = next((series.key["measure"] for series in series_list if series.place in finding_places), measures[0])
    chosen = st.selectbox(
        context.tell("What"),
        measures,
        index=measures.index(first),
        format_func=lambda code: context.code_label("measure", code),
        key="quarters.measure",
    )
    return [series for series in series_list if series.key["measure"] == chosen]


def _series_row(context: PageContext, series: Series) -> html.Row:
    first_known = next((n for n, point in enumerate(series.points) if point.shown is not None), len(series.points))
    values = [point.shown.value if point.shown is not None else None for point in series.points[first_known:]]
    points = "; ".join(_format_point(context, point) for point in series.points[first_known:])
    drawing = html.render_sparkline(
        [*values, series.now.value], context.tell("The trend of the values next to it, as a line")
    )
    return html.Row(
        f"{series.words}, {series.period}",
        (
            series.place or "",
            drawing,
            html.Markup('<span class="rti-small">{}</span>').format(points),
            format_value(series.now),
        ),
    )


def _format_point(context: PageContext, point: Point) -> str:
    value = point.shown.words if point.shown is not None else context.tell("no report")
    return f"{point.period}: {value}" + (f" ({context.tell('revised')})" if point.revised else "")


def _nothing(context: PageContext) -> None:
    layout.put_html(html.Markup("<p>{}</p>").format(context.tell("There are no figures to compare.")))
