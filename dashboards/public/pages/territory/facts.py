"""Show population, notes and reference metadata of one territory."""

from __future__ import annotations

from html import escape

from dashboards.public import layout, queries, tables
from pipelines import words
from pipelines.core.i18n import SOURCE_LANGUAGE
from pipelines.words.language import tell
from pipelines.words.sources import Piece, has_statement, translate_note, translate_remark


@layout.keep_part
def show_facts(frame: layout.Frame, area: str) -> None:
    """Show the population for rates, the notes on the territory, and its reference metadata."""
    population = queries.read_rows(frame.path, "population", area)
    if population:
        # Folded, as the notes below are: the rules of an office of a long table are some 500 words already.
        with layout.open_fold(tell("Population for rates")):
            layout.put_html(tables.render_facts(list_population_facts(population[0])))
    rows = queries.read_rows(frame.path, "notes", area, ("territory", "office", "correction", *queries.BREAKS))
    rows = tuple(row for row in rows if has_statement(str(row["text"])))
    if rows:
        remarks = []
        for row in rows:
            where = f"{frame.area_name(row['area'])}:" if row["area"] != area else ""
            when = f"{words.period_short(row['period_from'])}:" if row["period_from"] else ""
            # A notice on corrected figures is as the secretariat wrote it.
            is_quoted = row["kind"] == "correction"
            text = [(str(row["text"]), SOURCE_LANGUAGE)] if is_quoted else translate_note(str(row["text"]))
            remarks.append([(where, ""), (when, ""), *text])
        with layout.open_fold(tell("Notes on the territory")):
            layout.put_html(tables.render_remarks(remarks, frame.name_notes([area])))
    _show_metadata(frame, area)


def list_population_facts(last: words.Row) -> list[tuple[str, str | list[Piece]]]:
    """Return the population of a row, its source and its caution with their titles. Declarations are in
    English, and so is a remark without a translation."""
    number = f"{words.format_number(last['population'])} ({last['year']})"
    if last["is_carried_forward"]:
        number = tell(
            "{population} ({year}, carried forward from {source_year})",
            population=words.format_number(last["population"]),
            year=last["year"],
            source_year=last["population_year"],
        )
    source = f"{last['series']}; {last['vintage']}; {last['reference_date']}"
    return [
        (tell("Population for rates"), number),
        (tell("Source of the population"), [(source, SOURCE_LANGUAGE)]),
        (tell("Caution"), translate_remark(last["caveat"] or "")),
    ]


def _show_metadata(frame: layout.Frame, area: str) -> None:
    """Show the notes on the territory, then the deviations of single instruments. Earlier releases have no
    instruments."""
    of: dict[str, list[tuple[str, str]]] = {}
    for row in queries.read_rows(frame.path, "metadata", area):
        entry = (row["concept"].replace("_", " ").capitalize(), f"{row['text']} [{row['status']}]")
        of.setdefault(str(row.get("instrument", "_T")), []).append(entry)
    if not of:
        return
    names = queries.read_labels(frame.path, "instrument")
    with layout.open_fold(tell("Reference metadata (SIMS concepts)")):
        english = tables.foreign_language()
        layout.put_html(tables.render_facts(of.pop("_T", ()), language=english))
        for instrument, pairs in sorted(of.items()):
            layout.put_html(
                f"<h3>{escape(str(names.get(instrument, instrument)))}</h3>",
                tables.render_facts(pairs, language=english),
            )
