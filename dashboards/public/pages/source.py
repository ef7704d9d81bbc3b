"""Show where a number comes from: a sentence to quote, the table of the programme, and the returns behind a count, or
the counts behind an indicator.

Sheet and cell belong to the office and are not shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards.public import layout, queries, tables
from dashboards.public.frame import find_revised
from dashboards.public.pages.territory.returns import build_submission_table
from dashboards.public.selection import read_selection
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.publication.provenance.figure_ids import ExplainError, figure_id, parse_id
from pipelines.words import durations, figures, indicators
from pipelines.words.language import tell

Row = Mapping[str, Any]
_RATE = "rate"


def render_page() -> None:
    """Render the page "Where a number comes from"."""
    frame = layout.begin_page(mark("Where a number comes from"))
    cell_text, indicator_text = st.query_params.get("cell") or "", st.query_params.get("indicator") or ""
    if indicator_text:
        _explain_indicator(frame, indicator_text)
        layout.end_page(frame)
        return
    if not cell_text:
        layout.put_text(
            tell(
                "Figures in the tables are links to this page. It shows the data behind a figure. Choose a figure on "
                "another page, or enter the identifier that the data files have for it, and press Enter."
            )
        )
        typed = st.text_input(tell("Identifier of a figure"))
        if not typed:
            layout.end_page(frame, is_linked=False)
            return
        cell_text = typed
    _explain_figure(frame, cell_text, st.query_params.get("made") or "")
    layout.end_page(frame)


# -------------------------------------------------------------------------------------------------------------- counts


def _explain_figure(frame: layout.Frame, cell_text: str, made: str) -> None:
    try:
        release, table, terms = parse_id(cell_text)
    except ExplainError:
        st.warning(
            tell("This is not the id of a figure. Follow a figure from a table, or copy its id as a page shows it.")
        )
        return
    cells = queries.find_cells(frame.path, table, terms)
    if release not in ("current", frame.id):
        st.info(
            tell(
                "The id is of release {requested}; this page shows release {shown}.",
                requested=release,
                shown=frame.id,
            )
        )
    distinct = {figure_id(frame.id, row).split("/", 2)[2]: row for row in reversed(cells)}
    if not distinct:
        st.warning(
            tell(
                "Release {release} has no figure {figure}. Check its codes, or follow a figure from a table.",
                release=frame.id,
                figure=cell_text,
            )
        )
        return
    if len(distinct) > 1:
        ids = [figure_id(frame.id, row) for row in distinct.values()]
        st.warning(
            tell("Several figures fit. Use one of these ids:") + "\n\n" + "\n".join(f"- `{i}`" for i in sorted(ids)[:6])
        )
        return
    _show_source(frame, cells[0], made)


def _show_source(frame: layout.Frame, cell: Row, made: str) -> None:
    # The address of a figure names its crime within the figure's id.
    read_selection().carry_crime(str(cell["offence_group"]))
    vocabulary = layout.read_vocabulary(frame)
    notes = words.Notes()
    figure = words.format_count(cell)
    made_of_it = _find_made(frame, cell, made)
    if made_of_it is None:
        sentence = figures.describe_count(cell, vocabulary, find_revised(frame, cell))
        words.mark_notes(cell, notes)
    elif made == _RATE:
        sentence = figures.describe_rate(cell, made_of_it, vocabulary)
        of_rate = {"rate": made_of_it["value"], "rate_flags": made_of_it["flags"]}
        words.mark_notes({**cell, **of_rate}, notes, of_rate=True)
    else:
        sentence = figures.describe_share(cell, made_of_it, vocabulary)
        words.mark_notes(cell, notes)
        indicators.mark_notes(made_of_it, notes, of="share")
    layout.quote_sentence(sentence, frame)
    if made_of_it is not None:
        layout.put_heading(tell("How it is calculated"))
        _show_made(frame, cell, made_of_it, made)
    programme = {row["table_id"]: row for row in queries.read_rows(frame.path, "programme")}
    table = programme.get(cell["table_id"])
    territories = [code for code in (cell["reporters"] or "").split(",") if code]
    layout.put_heading(tell("The count in the release"))
    facts = [
        (tell("Release"), frame.id),
        (tell("Published table"), tell(table["title"]) if table else cell["table_id"]),
        (tell("Area"), frame.marked_name(cell["area"])),
        (tell("Period"), words.period_short(cell["period"])),
        (tell("Crime"), vocabulary.find_label("offence_group", cell["offence_group"])),
        (tell("Measure"), vocabulary.find_label("measure", cell["measure"])),
        (tell("Unit"), words.unit_name(cell["count_unit"])),
        *figures.list_details(cell, vocabulary),
        (tell("Value"), figure.text),
        (
            tell("Includes"),
            words.join_words(frame.marked_name(code) for code in territories) or tell("no territory has reported"),
        ),
    ]
    remarks = words.Notes(remarks=notes.texts)
    layout.put_html(
        tables.render_facts(facts),
        tables.render_notes(remarks, frame.name_notes([cell["area"], *territories]), title=tell("Notes")),
    )
    layout.put_heading(tell("The data behind it"))
    _show_returns(frame, cell)
    layout.put_text(tell("The sheet and cell in an office's file belong to the office and are not public."))


def _find_made(frame: layout.Frame, cell: Row, made: str) -> Row | None:
    """Return the rate of a count, or its share by a dimension; None for the count itself."""
    if made != _RATE and made not in figures.DIMENSIONS:
        return None
    metric, dimension = (_RATE, "_Z") if made == _RATE else ("share", made)
    return next(iter(queries.read_rows(frame.path, "cell_indicator", cell["cell_id"], metric, dimension)), None)


def _show_made(frame: layout.Frame, cell: Row, indicator: Row, made: str) -> None:
    """Show the numerator and denominator of a rate or share, with a link to the total of a share."""
    denominator = words.format_value(
        indicator["denominator"], "A" if indicator["denominator"] is not None else "O", "F"
    )
    href = ""
    if made != _RATE:
        _, _, terms = parse_id(figure_id(frame.id, cell))
        totals = queries.find_cells(frame.path, None, {name: code for name, code in terms.items() if name != made})
        same = [row for row in totals if row["value"] == indicator["denominator"]]
        href = tables.source_address(frame.id, same[0]) if same else ""
    count = words.format_count(cell)
    name = tell("Population") if made == _RATE else tell("Total")
    lines = [
        tables.Line(tables.Cell(tell("Count")), (tables.value_cell(count, tell("Count")),)),
        tables.Line(tables.Cell(name), (tables.value_cell(denominator, name, href=href),)),
    ]
    title = tell("Counts behind the rate") if made == _RATE else tell("Counts behind the share")
    layout.show_table(
        frame, title, [tell("Number")], lines, corner=tell("Part"), coverage=frame.marked_name(cell["area"])
    )


def _show_returns(frame: layout.Frame, cell: Row) -> None:
    rows = queries.read_rows(frame.path, "cell_submissions", cell["cell_id"])
    if not rows:
        layout.put_text(
            tell("There is no return behind this figure: nothing was received for it, or the office did not count it.")
            if cell["conf_status"] == "F"
            else tell("The release does not name the returns behind a withheld figure.")
        )
        return
    _show_submissions(frame, tell("Returns behind the figure"), rows, frame.marked_name(cell["area"]))


def _show_submissions(frame: layout.Frame, title: str, rows: Sequence[Row], coverage: str) -> None:
    headings, lines = build_submission_table(frame, rows)
    layout.show_table(frame, title, headings, lines, corner=tell("Received"), text=True, coverage=coverage)


# ---------------------------------------------------------------------------------------------------------- indicators


def _explain_indicator(frame: layout.Frame, text: str) -> None:
    """Show the counts or case records behind an indicator; its id is `<table>/<key=value;...>`."""
    table, _, terms = text.partition("/")
    values = dict(part.split("=", 1) for part in terms.split(";") if "=" in part)
    row = queries.find_indicator(frame.path, table, values)
    if row is None:
        st.warning(tell("Release {release} has no such figure. Follow a figure from a table.", release=frame.id))
        return
    read_selection().carry_crime(str(row["offence_group"]))
    metric = queries.read_rows(frame.path, "metric", row["metric"])[0]
    if table in queries.RECORD_TABLES:
        _show_records(frame, table, row, metric)
        return
    vocabulary = layout.read_vocabulary(frame)
    layout.quote_sentence(figures.describe_indicator(row, _name_metric(metric), vocabulary), frame)
    notes = words.Notes()
    indicators.mark_notes(row, notes)
    names = queries.read_labels(frame.path, "measure")
    layout.put_html(
        tables.render_facts(
            [
                (tell("Release"), frame.id),
                (tell("What it is"), tell(metric["definition"])),  # marked where declared
                (tell("Formula"), indicators.format_formula(str(metric["formula"]), names)),
                (tell("Area"), frame.marked_name(row["area"])),
                (tell("Period"), words.period_short(row["period"])),
                (tell("Unit"), words.unit_name(row["count_unit"])),
            ]
        ),
        tables.render_notes(
            words.Notes(remarks=notes.texts),
            frame.name_notes([row["area"], *_split(row["reporters"])]),
            title=tell("Notes"),
        ),
    )
    layout.put_heading(tell("The counts behind it"))
    if row.get("version") == "cohort":
        layout.put_text(tell("Calculated from case records. The counts behind followed cases are not published."))
        return
    _show_operands(frame, row)


def _name_metric(metric: Row) -> str:
    return tell(metric["name"])  # marked where declared


def _split(text: str | None) -> list[str]:
    return [part for part in (text or "").split(",") if part]


def _show_operands(frame: layout.Frame, row: Row) -> None:
    """Show the counts on both sides of an indicator, area by area; each links to its own source."""
    operands = queries.read_rows(frame.path, "metric_operands", row["metric"])
    kinds = _split(row.get("kinds"))
    levels = [row["level"]] if kinds else []
    sides: dict[str, str] = {}
    for operand in operands:
        # The exits of a level are those that the release lists with it; other indicators name their measures.
        if not kinds or operand["measure"] in kinds:
            sides.setdefault(operand["measure"], operand["side"])
            levels.append(operand["level"] or row["level"])
    periods = {"numerator": row["period"], "denominator": row.get("denominator_period") or row["period"]}
    reporters = _split(row["reporters"])
    areas = (
        [code for code, _ in frame.territories if code in reporters] if row["area_kind"] == "region" else [row["area"]]
    )
    cells = queries.read_rows(
        frame.path, "operands", tuple(areas), tuple(sorted(set(periods.values()))), row["offence_group"],
        row["count_unit"], tuple(sides), tuple(sorted(set(levels))),
    )  # fmt: skip
    at = {(cell["area"], cell["period"], cell["measure"]): cell for cell in cells}
    labels = queries.read_labels(frame.path, "measure")
    notes = words.Notes()
    lines = [
        tables.Line(
            frame.row_heading(area),
            tuple(
                tables.figure_cell(
                    frame.id, at.get((area, periods[side], measure)), notes, what=f"{frame.area_name(area)}, {measure}"
                )
                for measure, side in sides.items()
            ),
        )
        for area in areas
    ]
    headings = [
        f"{labels.get(measure, measure)}, {words.period_short(periods[side])}" for measure, side in sides.items()
    ]
    totals = [(tell("Numerator"), row.get("numerator")), (tell("Denominator"), row.get("denominator"))]
    coverage = words.join_words(frame.marked_name(area) for area in areas)
    layout.show_table(
        frame, tell("Counts behind the indicator"), headings, lines, corner=tell("Area"), notes=notes, coverage=coverage
    )
    layout.put_html(
        tables.render_facts([(name, words.format_number(value)) for name, value in totals if value is not None])
    )


def _show_records(frame: layout.Frame, table: str, row: Row, metric: Row) -> None:
    """Show what is public about a figure from case records: its definition, its register, and the returns with it."""
    figure = durations.format_figure(row)
    vocabulary = layout.read_vocabulary(frame)
    layout.quote_sentence(figures.describe_record(table, row, _name_metric(metric), vocabulary), frame)
    layout.put_html(
        tables.render_facts(
            [
                (tell("Release"), frame.id),
                (tell("What it is"), tell(metric["definition"])),  # marked where declared
                (tell("Area"), frame.marked_name(row["area"])),
                (tell("Crime"), vocabulary.find_label("offence_group", row["offence_group"])),
                (tell("Value"), figure.spoken),
                (tell("People"), durations.format_persons([row]).text),
            ]
        ),
        tables.render_notes(words.Notes(), frame.name_notes([row["area"]]), title=tell("Notes")),
    )
    layout.put_heading(tell("The data behind it"))
    layout.put_text(
        tell(
            "Made from case records without names. The records stay with the office and the secretariat; only the "
            "number of people is published, in bands."
        )
    )
    rows = queries.read_rows(frame.path, "register_submissions", row["territory"], row["source"])
    if rows:
        _show_submissions(frame, tell("Returns of the case register"), rows, frame.marked_name(row["area"]))
