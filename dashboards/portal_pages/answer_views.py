"""Show the context of an answer: the sender's sheet and the values read, changes, and the last twelve periods."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboards import portal_html as html
from dashboards import portal_layout as layout
from dashboards import portal_words as words
from dashboards.portal_layout import Here

if TYPE_CHECKING:
    import polars as pl

    from pipelines.office.answers import Change, EventCount, Group, Point, ReadRow, Series, Shown, TableView
    from pipelines.submissions.checking.report import Report
    from pipelines.submissions.service import Entry

LONGEST = 300
"""Rows shown of one table; the downloads have all of them."""
PERIODS = 12


# --------------------------------------------------------------------------------------- the sheet, and as it was read


def beside(here: Here, entry: Entry, report: Report, groups: Sequence[Group]) -> None:
    """Show the sender's own sheet on the left and the values read from it on the right, with findings of every kind
    framed."""
    from pipelines.model.content import ReadError
    from pipelines.office import answers
    from pipelines.submissions import service

    filename, data = service.original(here.desk, here.who, entry.submission_id)
    try:
        made = answers.beside(data, filename, report.form, here.language, demonstration=here.is_demonstration)
    except ReadError:
        layout.put(
            html.Markup("<p>{}</p>").format(here.tell("This file cannot be read, so that there is nothing to show."))
        )
        return
    tables = [table for table in made.tables if table.cells]
    marked: dict[str, str] = {}
    for told in (told for group in groups for told in group.all_findings):
        marked.setdefault(told.place, told.severity)
    chosen = _sheet(here, tables, marked)
    rows = _of_sheet(made.rows, chosen)
    left = (
        _drawn(here, chosen, marked)
        if chosen is not None
        else html.note(here.tell("This format has no sheet to draw."))
    )
    right = _read(here, rows, marked) if rows else _events(here, report)
    layout.put(
        html.note(
            here.tell(
                "Green fields are numbers taken over. A frame marks a finding. What was read is what will be "
                "published, once approved and protected."
            )
        ),
        html.Markup('<div class="rti-two"><div>{}</div><div>{}</div></div>').format(left, right),
    )
    if made.cut or len(rows) > LONGEST:
        layout.put(html.note(here.tell("Not every row is shown here; all of them stand in the downloads.")))


def _sheet(here: Here, tables: list[TableView], marked: Mapping[str, str]) -> TableView | None:
    if len(tables) < 2:
        return tables[0] if tables else None
    # The sheet of the worst finding comes first: its place is the first one marked.
    first = next((i for p in marked for i, table in enumerate(tables) if any(c.place == p for c in table.cells)), 0)
    number = st.selectbox(
        here.tell("Sheet or table"),
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


def _drawn(here: Here, table: TableView, marked: Mapping[str, str]) -> html.Markup:
    lines: dict[int, dict[int, html.Markup]] = defaultdict(dict)
    for cell in table.cells:
        if cell.row > LONGEST:
            continue
        severity = marked.get(cell.place)
        kinds = [f"rti-cell-{_kind(cell.role)}"] + ([f"rti-cell-{severity}"] if severity else [])
        sign = (
            ""
            if not severity
            else html.Markup(' <sup title="{0}">{0}</sup>').format(words.severity(severity, here.language)[2])
        )
        tip = ", ".join(part for part in (cell.place, cell.role_words, cell.said) if part)
        lines[cell.row][cell.column] = html.Markup('<td class="{}" title="{}">{}{}</td>').format(
            " ".join(kinds), tip, cell.text, sign
        )
    width = max((column for line in lines.values() for column in line), default=0)
    head = html.join(html.Markup('<th scope="col">{}</th>').format(_letters(n)) for n in range(1, width + 1))
    body = html.join(
        html.Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            row, html.join(line.get(n, html.Markup("<td></td>")) for n in range(1, width + 1))
        )
        for row, line in sorted(lines.items())
    )
    caption = here.tell("Your sheet: {name}", name=table.name)
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


def _read(here: Here, rows: list[ReadRow], marked: Mapping[str, str]) -> html.Markup:
    made = [
        html.Row(
            row.place,
            (row.label, row.read_as, shown(row.shown)),
            kind=marked.get(row.place, ""),
        )
        for row in rows[:LONGEST]
    ]
    return html.table(
        html.Table(
            here.tell("What we read"),
            here.tell("Place"),
            [here.tell("Your words"), here.tell("Read as"), here.tell("Value")],
            made,
            numbers=frozenset({2}),
        )
    )


def _events(here: Here, report: Report) -> html.Markup:
    """Show the records read from a register as counts only, since a register is not a list of figures; no record is
    repeated."""
    if report.reading is None or report.reading.events.is_empty():
        return html.note(here.tell("No figure was read."))
    counts = report.reading.events.group_by("event").len().sort("event").iter_rows()
    rows = [html.Row(here.label("measure", str(event)), (str(count),)) for event, count in counts]
    return html.table(
        html.Table(here.tell("What we read"), here.tell("Event"), [here.tell("Number")], rows, numbers=frozenset({0}))
    )


def shown(one: Shown | None) -> html.Part:
    """Format one value, keeping zero, missing, not applicable and withheld distinct."""
    return "" if one is None else one.words


# -------------------------------------------------------------------------------------------- changes, earlier periods


def changes(here: Here, entry: Entry, report: Report) -> None:
    """Show, figure by figure, the value accepted before and the value in this return."""
    from pipelines.office import answers
    from pipelines.submissions import service

    if report.reading is None:
        _nothing(here)
        return
    if report.instrument == "register":
        _register_changes(here, entry, report.reading.events)
        return
    old = service.previous(here.desk, here.who, entry.submission_id)
    if old.is_empty():
        _all_new(here)
        return
    made = answers.compare(report.reading.observations, old, here.language, kind=report.kind or "full")
    layout.put(
        html.Markup("<p>{}</p>").format(
            " ".join(
                [
                    here.many("{n} figure changed.", "{n} figures changed.", made.count("changed")),
                    here.many("{n} figure is new.", "{n} figures are new.", made.count("added")),
                    here.many("{n} figure is withdrawn.", "{n} figures are withdrawn.", made.count("withdrawn")),
                    here.many("{n} figure stays as it was.", "{n} figures stay as they were.", made.unchanged),
                ]
            )
        )
    )
    if made.changes:
        layout.put(
            html.Table(
                here.tell("Changes from the last accepted return, the biggest first"),
                here.tell("Place"),
                [here.tell("What"), here.tell("Before"), here.tell("Now"), here.tell("Difference")],
                [_change(here, one) for one in made.changes[:LONGEST]],
                numbers=frozenset({1, 2, 3}),
            )
        )
    if len(made.changes) > LONGEST:
        layout.put(html.note(here.tell("Only the {n} biggest are shown.", n=LONGEST)))


def _register_changes(here: Here, entry: Entry, new: pl.DataFrame) -> None:
    """Compare a register with its last accepted version in counts, without listing persons or cases."""
    from pipelines.office import answers
    from pipelines.submissions import service

    old = service.previous_events(here.desk, here.who, entry.submission_id)
    if old.is_empty():
        _all_new(here)
        return
    made = answers.register_changes(new, old, here.language)
    sums = [
        here.many("{n} case is new.", "{n} cases are new.", made.proceedings_added),
        here.many("{n} case is gone.", "{n} cases are gone.", made.proceedings_withdrawn),
        here.many("{n} person is new.", "{n} persons are new.", made.persons_added),
        here.many("{n} person is gone.", "{n} persons are gone.", made.persons_withdrawn),
        here.many("Of {n} person something changed.", "Of {n} persons something changed.", made.persons_changed),
        here.many("{n} event is new.", "{n} events are new.", made.events_added),
        here.many("{n} event is gone.", "{n} events are gone.", made.events_withdrawn),
        here.many("{n} event stays as it was.", "{n} events stay as they were.", made.events_unchanged),
    ]
    rows = [html.Row(one.words, (one.period, str(one.old), str(one.new), _step(one))) for one in made.by_event]
    layout.put(
        html.note(here.tell("A register is compared in counts: no person and no case is listed.")),
        html.items(sums),
        html.Table(
            here.tell("Events now and in the last accepted return"),
            here.tell("Event"),
            [here.tell("Period"), here.tell("Before"), here.tell("Now"), here.tell("Difference")],
            rows,
            numbers=frozenset({1, 2, 3}),
        ),
    )


def _step(one: EventCount) -> str:
    return f"{one.new - one.old:+d}" if one.new != one.old else "0"


def _all_new(here: Here) -> None:
    layout.put(
        html.Markup("<p>{}</p>").format(here.tell("Nothing was accepted before for these periods: all of it is new."))
    )


def _change(here: Here, one: Change) -> html.Row:
    said = {
        "added": html.badge("sent", "+", here.tell("new")),
        "changed": html.badge("warning", "≠", here.tell("changed")),
        "withdrawn": html.badge("off", "−", here.tell("withdrawn")),
    }[one.kind]
    difference = "" if one.difference is None else f"{one.difference:+g}"
    return html.Row(
        one.place or "–",
        (
            html.Markup("{} {}, {}").format(said, one.words, one.key["period"]),
            shown(one.old),
            shown(one.new),
            difference,
        ),
    )


def quarters(here: Here, entry: Entry, report: Report) -> None:
    """Show each value with its last twelve periods, one measure at a time, since a form may have hundreds of values."""
    from pipelines.office import answers
    from pipelines.submissions import service

    if report.reading is None or report.reading.observations.is_empty():
        _nothing(here)
        return
    history = service.history(here.desk, here.who, entry.submission_id)
    made = answers.quarters(report.reading.observations, history, PERIODS, here.language)
    if not any(one.points for one in made):
        layout.put(html.Markup("<p>{}</p>").format(here.tell("Nothing of this series was accepted before.")))
        return
    made = _of_measure(here, report, sorted(made, key=lambda one: one.period, reverse=True))
    layout.put(
        html.Table(
            here.many(
                "Each value and the last {n} period before it", "Each value and the last {n} periods before it", PERIODS
            ),
            here.tell("What"),
            [here.tell("Place"), here.tell("Course"), here.tell("Earlier values, oldest first"), here.tell("Now")],
            [_series(here, one) for one in made[:LONGEST]],
            numbers=frozenset({3}),
        )
    )
    if len(made) > LONGEST:
        layout.put(html.note(here.tell("Not every row is shown here; all of them stand in the downloads.")))


def _of_measure(here: Here, report: Report, made: Sequence[Series]) -> list[Series]:
    """Return the series of the chosen measure; initially that of the first finding, else the form's first."""
    measures = list(dict.fromkeys(one.key["measure"] for one in made))
    if len(measures) < 2:
        return list(made)
    found = {str(finding.where) for finding in report.findings}
    first = next((one.key["measure"] for one in made if one.place in found), measures[0])
    chosen = st.selectbox(
        here.tell("What"),
        measures,
        index=measures.index(first),
        format_func=lambda code: here.label("measure", code),
        key="quarters.measure",
    )
    return [one for one in made if one.key["measure"] == chosen]


def _series(here: Here, one: Series) -> html.Row:
    known = next((n for n, point in enumerate(one.points) if point.shown is not None), len(one.points))
    values = [point.shown.value if point.shown is not None else None for point in one.points[known:]]
    said = "; ".join(_point(here, point) for point in one.points[known:])
    drawing = html.spark([*values, one.now.value], here.tell("The course of the values beside, in a line"))
    return html.Row(
        f"{one.words}, {one.period}",
        (one.place or "", drawing, html.Markup('<span class="rti-small">{}</span>').format(said), shown(one.now)),
    )


def _point(here: Here, point: Point) -> str:
    value = point.shown.words if point.shown is not None else here.tell("no report")
    return f"{point.period}: {value}" + (f" ({here.tell('revised')})" if point.revised else "")


def _nothing(here: Here) -> None:
    layout.put(html.Markup("<p>{}</p>").format(here.tell("There are no figures to compare.")))
