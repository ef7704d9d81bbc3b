"""Show figures that others published, with citations, conflicts side by side, and a comparison with our own.

Real figures are never shown next to demonstration ones: a demonstration release compares with invented references
only. A difference is shown only if both sides are public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboards.public import choices, layout, queries, selection, tables
from dashboards.public.pages.agreement import head_line, list_periods, name_corner, place_territory, show_pairs
from dashboards.public.pages.differences import show_differences
from pipelines import words
from pipelines.core.i18n import SOURCE_LANGUAGE, mark
from pipelines.words import agreement, quality
from pipelines.words.changes import format_signed
from pipelines.words.language import Texts, lower_first, tell
from pipelines.words.sources import (
    describe_breakdown,
    explain_publisher_abbreviations,
    split_remark,
    translate_remark,
    translate_words,
)

Row = Mapping[str, Any]
_LIMIT = 200
_MAPPINGS: Mapping[str, str] = Texts(
    {"same": mark("same as ours"), "near": mark("differs from ours"), "none": mark("no counterpart here")}
)
_NOT_SHOWN = mark("not shown")
_ORDER = mark("In the order of publishers, territories and years, the newest year first.")
_DERIVED = mark("Calculated from the text of the source.")
_ABOUT: Mapping[str, str] = Texts(
    {"figures": mark("Figures of other publishers"), "beside": mark("Compared with this release")}
)
_PAIRS: Mapping[str, tuple[str, str]] = {
    "published": (mark("Do two sources agree?"), mark("Figures of two sources on the same subject")),
    "within": (mark("Is each source consistent?"), mark("Two figures of one source on the same subject")),
}
"""Heading and title of the table of pairs of figures, by kind."""


def render_page() -> None:
    """Render the page "Other publishers"."""
    frame = layout.begin_page(
        mark("Other publishers"),
        mark("Figures of other publishers, each with its source. Where two of them differ, both are shown."),
        banner=words.OWN_DEMONSTRATION,
    )
    view = choices.choose_option(tell("View"), "view", tuple(_ABOUT), say=lambda code: _ABOUT[code])
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        codes = (*(code for code, _ in frame.territories), selection.ALL)
        area = choices.choose_option(
            tell("Territory"), "territory", codes,
            say=lambda code: tell("All territories") if code == selection.ALL else frame.marked_name(code),
            boxed=True, width=260,
        )  # fmt: skip
        crime = choices.choose_crime(frame)
        of = "" if area == selection.ALL else area
        publisher, year = _choose_publication(_read_figures(frame, view, of, crime))
    show = _show_comparison if view == "beside" else _show_figures
    show(frame, of, crime, publisher, year)
    has_own_figures = view == "beside"
    layout.end_page(frame, is_linked=has_own_figures, is_ours=has_own_figures)


def _read_figures(frame: layout.Frame, view: str, of: str, crime: str) -> queries.Rows:
    """Return the figures of other publishers; next to our own only those of the same kind, real or invented."""
    if view == "beside":
        kind = "invented" if frame.is_demonstration else "published"
        return queries.read_rows(frame.path, "references_beside", kind, of, of, crime)
    return queries.read_rows(frame.path, "references", of, of, crime, crime, ("published", "imported"))


def _choose_publication(rows: queries.Rows) -> tuple[str, str]:
    """Show the choices of a publisher and a year, and return both; either may be `selection.ALL`."""
    publishers = (selection.ALL, *sorted({str(row["publisher"]) for row in rows}))
    publisher = choices.choose_option(
        tell("Publisher"), "publisher", publishers, boxed=True, width=300,
        say=lambda code: tell("All publishers") if code == selection.ALL else code,
    )  # fmt: skip
    years = (selection.ALL, *sorted({year for row in rows for year in _list_years(row)}, reverse=True))
    year = choices.choose_option(
        tell("Year"),
        "published_year",
        years,
        boxed=True,
        width=140,
        say=lambda code: tell("All years") if code == selection.ALL else code,
    )
    return publisher, year


def _select_figures(frame: layout.Frame, view: str, of: str, crime: str, publisher: str, year: str) -> queries.Rows:
    """Return the figures of a publisher and a year."""
    return tuple(
        row
        for row in _read_figures(frame, view, of, crime)
        if publisher in (selection.ALL, row["publisher"]) and (year == selection.ALL or year in _list_years(row))
    )


def _list_years(row: Row) -> list[str]:
    """Return the years that a figure covers."""
    end = row["period_end"] or row["period_start"]
    return [str(year) for year in range(row["period_start"].year, end.year + 1)]


def _sort_figures(frame: layout.Frame, rows: queries.Rows) -> list[Row]:
    """Return figures in the order of `_ORDER`; those of one year stay as they are, by part and measure."""
    newest_first = sorted(rows, key=lambda row: row["period_start"], reverse=True)
    return sorted(
        newest_first, key=lambda row: (str(row["publisher"]).casefold(), place_territory(frame, row["territory"]))
    )


@layout.keep_part
def _show_figures(frame: layout.Frame, of: str, crime: str, publisher: str, year: str) -> None:
    rows = _select_figures(frame, "figures", of, crime, publisher, year)
    if frame.is_demonstration:
        layout.put_small(
            tell(
                "These are real figures of other publishers. This demonstration is compared with invented figures of "
                "others, never with these."
            )
        )
    layout.put_small(tell(words.OF_OTHERS))  # marked in words.citations
    if not rows:
        layout.put_text(tell("No figures of this kind were collected."))
        return
    if len(rows) > _LIMIT:
        layout.put_text(
            tell(
                "The first {shown} of {all} figures. Choose a territory, a publisher or a year, or download the whole "
                "table.",
                shown=_LIMIT,
                all=len(rows),
            )
        )
    conflicts = _find_conflicts(rows)
    first_rows = _sort_figures(frame, rows)[:_LIMIT]
    layout.put_small(tell(_ORDER))  # marked above
    notes = words.Notes()
    lines = [_figure_line(frame, row, of, _figure_key(row) in conflicts, notes) for row in first_rows]
    for meaning in explain_publisher_abbreviations(cell.text for line in lines for cell in line.cells):
        notes.add_remark(meaning)
    headings = [
        *([] if of else [tell("Period")]),
        tell("Figure"),
        tell("Unit"),
        tell("What they count"),
        tell("Definition"),
        tell("Source"),
        tell("Remarks"),
    ]
    coverage = frame.marked_name(of) if of else ""
    # Figures without a single crime are listed under both crimes.
    of_crime = crime if all(row["offence_group"] for row in rows) else ""
    title = _name_table(frame, tell("Figures published by others"), coverage, of_crime)
    layout.show_table(
        frame, title, headings, lines, corner=name_corner(of), text=True, notes=notes, coverage=coverage, is_ours=False
    )
    _show_agreement(frame, of, crime)


def _name_table(frame: layout.Frame, title: str, area: str, crime: str) -> str:
    """Return the title of a table with the territory and the crime that all of its lines are of, if it is one."""
    if crime:
        title = f"{title}, {lower_first(queries.read_labels(frame.path, 'offence_group')[crime])}"
    return f"{area}: {lower_first(title)}" if area else title


def _show_agreement(frame: layout.Frame, of: str, crime: str) -> None:
    """Show whether two sources of the same figure agree, what explains a difference, and checks within one source."""
    rows = queries.read_rows(frame.path, "coherence") if queries.has_table(frame.path, "coherence") else ()
    pairs = [
        row
        for row in rows
        if row["world"] == "published" and row["offence_group"] == crime and of in ("", row["territory"])
    ]
    coverage = frame.marked_name(of) if of else ""
    for kind, rows_of_kind in quality.group_pairs(pairs).items():
        heading, title = _PAIRS[kind]
        layout.put_heading(tell(heading))  # marked above
        layout.put_text(quality.describe_world(kind, rows_of_kind))
        show_pairs(frame, _name_table(frame, tell(title), coverage, crime), rows_of_kind, of=of)


def _figure_key(row: Row) -> tuple[Any, ...]:
    """Return the key of a published figure. If the publisher's words have a code of ours, the code is used instead of
    the words."""
    names = [
        "territory",
        "jurisdiction",
        "period",
        "measure",
        "count_unit",
        "offence_group",
        "person_type",
        "victim_status",
    ]
    names += ["sex", "age", "exploitation", "citizenship", "breakdown"] + ([] if row["measure"] else ["measure_words"])
    return tuple(row[name] for name in names)


def _find_conflicts(rows: queries.Rows) -> set[tuple[Any, ...]]:
    """Return the keys for which different figures were published."""
    values: dict[tuple[Any, ...], set[Any]] = {}
    for row in rows:
        values.setdefault(_figure_key(row), set()).add(row["value"])
    return {key for key, distinct_values in values.items() if len(distinct_values) > 1}


def _figure_line(frame: layout.Frame, row: Row, of: str, conflicts: bool, notes: words.Notes) -> tables.Line:
    figure = words.format_value(
        row["value"], row["obs_status"], row["conf_status"], 0 if float(row["value"] or 0).is_integer() else 1
    )
    # The publisher's own words for a breakdown if there are any, else the codes' labels.
    details = describe_breakdown(row["breakdown"] or "")
    if not details and (labels := _describe_breakdown(frame, row)):
        details = [(f"({'; '.join(labels)})", "")]
    cautions = [
        (tell("Published figures conflict.") if conflicts else "", ""),
        (tell(_DERIVED) if row["status"] == "derived" else "", ""),
        *translate_remark(row["caveat"] or ""),
    ]
    return tables.Line(
        head_line(frame, row, of),
        (
            *list_periods(row, of),
            tables.Cell(figure.text, figure.spoken, kind="number", value=figure.value),
            _unit_cell(row),
            tables.compose_cell([*translate_words(row["measure_words"]), *details], kind="wide"),
            tables.Cell(_MAPPINGS.get(row["mapping"], row["mapping"] or "")),
            _source_cell(row, notes),
            tables.compose_cell(cautions),
        ),
    )


def _unit_cell(row: Row) -> tables.Cell:
    """Return the unit of a figure, in the publisher's words if it is none of ours."""
    if row["count_unit"]:
        return tables.Cell(words.unit_name(row["count_unit"]))
    return tables.compose_cell(translate_words(row["unit_words"] or ""))


def _describe_breakdown(frame: layout.Frame, row: Row) -> list[str]:
    """Describe the breakdown of a figure in words, since two cells of one table must not look alike."""
    return [
        lower_first(str(queries.read_labels(frame.path, name).get(row[name], row[name])))
        for name in ("sex", "age", "exploitation", "citizenship", "person_type")
        if row[name] not in (None, "", "_T", "_Z", "_U")
    ]


def _source_cell(row: Row, notes: words.Notes) -> tables.Cell:
    """Return the title of a source, with its publisher if the title does not name it.

    What we did not read in the original has a note, which all lines share. In earlier releases all titles were English.
    """
    title, publisher = _describe_source(row), str(row["publisher"])
    language = row.get("source_language") or SOURCE_LANGUAGE
    of_publisher = [] if publisher in title else [(f"{publisher}:", SOURCE_LANGUAGE)]
    remark = split_remark(row["source_title"])[1] or ("" if row["source_url"] else tell(agreement.NOT_LINKED))
    marks = (notes.number_note(remark),) if remark else ()
    return replace(
        tables.compose_cell([*of_publisher, (title, language)], kind="wide"), href=row["source_url"] or "", marks=marks
    )


def _describe_source(row: Row) -> str:
    date = f" ({row['source_date']})" if row["source_date"] and row["source_date"] not in row["source_title"] else ""
    return f"{split_remark(row['source_title'])[0]}{date}"


@layout.keep_part
def _show_comparison(frame: layout.Frame, of: str, crime: str, publisher: str, year: str) -> None:
    rows = _select_figures(frame, "beside", of, crime, publisher, year)
    if frame.is_demonstration:
        layout.put_small(tell("In a demonstration both sides are invented."))
    if not rows:
        layout.put_text(tell("No annual figure of another publisher has a counterpart in this release."))
        return
    measures = queries.read_labels(frame.path, "measure")
    notes = words.Notes()
    reasons = _read_reasons(frame, crime)
    lines = [_comparison_line(frame, row, of, measures, notes, reasons) for row in _sort_figures(frame, rows)]
    coverage = frame.marked_name(of) if of else ""
    title = _name_table(frame, tell("Annual figures of others, compared with this release"), coverage, crime)
    show_differences(frame, title, rows, of)
    layout.put_small(tell(_ORDER))  # marked above
    layout.show_table(
        frame,
        title,
        [
            *([] if of else [tell("Period")]),
            tell("Measure"),
            tell("Others"),
            tell("This release"),
            tell("Difference"),
            tell("Why they differ"),
            tell("Source"),
        ],
        lines,
        corner=name_corner(of),
        text=True,
        notes=notes,
        coverage=coverage,
        legend=True,
        extra_symbols=[
            (tell(_NOT_SHOWN), tell("No difference is shown, because one side is not public or not available."))
        ],
    )


def _read_reasons(frame: layout.Frame, crime: str) -> Mapping[tuple[Any, ...], str]:
    """Return the declared reasons for differences between this release and others, by figure."""
    rows = queries.read_rows(frame.path, "coherence") if queries.has_table(frame.path, "coherence") else ()
    return {
        (row["jurisdiction"], row["period"], row["measure"], row["right_source"]): row["reason_text"]
        for row in rows
        if row["left_source"] == agreement.OURS and row["offence_group"] == crime and row["reason_text"]
    }


def _comparison_line(
    frame: layout.Frame,
    row: Row,
    of: str,
    measures: Mapping[str, str],
    notes: words.Notes,
    reasons: Mapping[tuple[Any, ...], str],
) -> tables.Line:
    others = words.format_value(row["value"], row["obs_status"], row["conf_status"])
    if row["own_cell_id"] is None:
        own_field = tables.Cell(tell(words.NOT_COLLECTED), tell(words.NOT_COLLECTED), kind="number")
    else:
        own_figure = words.format_value(row["own_value"], row["own_obs_status"], row["own_conf_status"])
        own_field = tables.Cell(
            own_figure.text,
            own_figure.spoken,
            href=tables.source_address(frame.id, row),
            kind="number",
            value=own_figure.value,
        )
    marks = (notes.number_note(tell(agreement.DEFINITION_DIFFERS)),) if row["mapping"] == "near" else ()
    difference = tell(_NOT_SHOWN) if row["difference"] is None else format_signed(row["difference"])
    title, remark = split_remark(row["source_title"])
    cited = f"{title.removesuffix('.')}." if remark else title
    declared = reasons.get((row["jurisdiction"], row["period"], row["measure"], row["source"]), "")
    return tables.Line(
        head_line(frame, row, of),
        (
            *list_periods(row, of),
            tables.Cell(
                f"{measures.get(row['measure'], row['measure'])}, {words.unit_name(row['count_unit'])}", marks=marks
            ),
            tables.Cell(others.text, others.spoken, kind="number", value=others.value),
            own_field,
            tables.Cell(difference, kind="number", value=row["difference"]),
            tables.compose_cell(agreement.explain_difference(row, declared)),
            tables.compose_cell([(cited, row.get("source_language") or SOURCE_LANGUAGE), (remark, "")]),
        ),
    )
