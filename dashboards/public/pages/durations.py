"""Show durations, ages, cohorts and sentences from records, and clearance from counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboards.public import charts, choices, layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.selection import read_selection
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import FormattedFigure, durations, indicators, regions
from pipelines.words.language import lower_first, many, tell

Row = Mapping[str, Any]
Group = Mapping[str, Row]
"""Rows of one register, by statistic."""
_LEAD = mark(
    "Durations, outcomes and sentences need case records, which not every territory sends. Clearance rates need "
    "counts only."
)


def render_page() -> None:
    """Render the page "Durations and sentences"."""
    frame = layout.begin_page(mark("Durations and sentences"), _LEAD)
    if not queries.has_table(frame.path, "duration"):
        st.info(tell("This release was made before durations were published. The next one has them."))
        layout.end_page(frame, is_linked=False)
        return
    headline = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        crime = choices.choose_crime(frame)
        ways = _read_ways(frame, crime)
        way = ""
        if ways:
            way = choices.choose_option(
                tell("Interval"),
                "way",
                tuple(ways),
                default="first",
                say=lambda code: tell(ways[code]["name"]),  # marked where declared
                boxed=True,
                width=420,
            )
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    with_records = tuple(row["area"] for row in queries.read_rows(frame.path, "record_areas"))
    if not ways:
        layout.put_text(tell("The release has no times from records of {crime}.", crime=lower_first(crime_name)))
    else:
        with headline:
            _show_headline(frame, way, crime, crime_name, with_records)
        _show_durations(frame, way, crime, crime_name, with_records)
        _show_pending(frame, way, crime, crime_name, with_records)
        _show_cohorts(frame, way, crime, crime_name, with_records)
    _show_sentences(frame, crime, crime_name, with_records)
    _show_clearance(frame, crime, crime_name)
    layout.put_html(tables.render_legend())
    layout.end_page(frame)


# ------------------------------------------------------------------------------------------------------ one of records


def _read_ways(frame: layout.Frame, crime: str) -> dict[str, Row]:
    """Return the declared durations that a crime has, by their code in an address."""
    return {row["stage"]: row for row in queries.read_rows(frame.path, "duration_ways", crime)}


def _group_rows(rows: Sequence[Row], *more: str) -> dict[tuple[str, ...], dict[str, Row]]:
    """Group rows by area, register and `more`, each by its statistic."""
    groups: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in rows:
        groups.setdefault((row["area"], row["source"], *(str(row[name]) for name in more)), {})[row["statistic"]] = row
    return groups


def _list_areas(frame: layout.Frame, with_records: Sequence[str]) -> list[str]:
    """Return the territories in display order, each followed by its jurisdictions that have records."""
    areas = []
    for code, _ in frame.territories:
        parts = [part for part in frame.list_jurisdictions(code) if part in with_records]
        areas += [*([code] if code in with_records or not parts else []), *parts]
    return areas


def _areas_without_records(frame: layout.Frame, with_records: Sequence[str]) -> list[str]:
    """Return the codes of the territories without any records."""
    return [code for code in _list_areas(frame, with_records) if code not in with_records]


def _table_lines(
    frame: layout.Frame,
    groups: Mapping[tuple[str, ...], Group],
    statistics: Mapping[str, str],
    with_records: Sequence[str],
    notes: words.Notes,
    table: str,
    last: Sequence[Callable[[Sequence[Row]], FormattedFigure]] = (durations.format_persons,),
) -> list[tables.Line]:
    """Return one line per register and group of a table of the release; a remark names the areas without records."""
    lines = []
    for area in _list_areas(frame, with_records):
        if area not in with_records:
            continue
        groups_of_area = {key: group for key, group in groups.items() if key[0] == area}
        several = len({key[1] for key in groups_of_area}) > 1
        lines += [
            _table_line(frame, key, group, statistics, notes, table, last, several=several)
            for key, group in groups_of_area.items() or [((area, ""), {})]
        ]
    if missing := _areas_without_records(frame, with_records):
        notes.add_remark(durations.name_without_records([frame.marked_name(code) for code in missing]))
    return lines


def _table_line(
    frame: layout.Frame,
    key: tuple[str, ...],
    group: Group,
    statistics: Mapping[str, str],
    notes: words.Notes,
    table: str,
    last: Sequence[Callable[[Sequence[Row]], FormattedFigure]],
    *,
    several: bool,
) -> tables.Line:
    area, source, *more = key
    name = ", ".join([frame.area_name(area), *([source] if several else []), *more])
    mark = frame.footnote_mark(area)
    href = f"territory?territory={area}" if frame.areas[area]["area_kind"] == "territory" else ""
    heading = tables.Cell(name, name, (mark,) if mark else (), read_selection().link_to(href) if href else "")
    cells = []
    for statistic, title in statistics.items():
        row = group.get(statistic)
        reasons = [durations.explain_figure(row)]
        reasons += [durations.explain_share_of_law(group)] if statistic == "below_minimum" else []
        marks = tuple(notes.number_note(reason) for reason in reasons if reason)
        is_few = durations.is_shown_few(row)
        link = "" if row is None else tables.indicator_address(frame.id, table, row)
        cells.append(tables.value_cell(durations.format_limits(row), f"{name}, {title}", marks, link, is_few=is_few))
    return tables.Line(
        heading, (*cells, *(tables.value_cell(format_last(list(group.values())), name) for format_last in last))
    )


def _show_table(
    frame: layout.Frame,
    title: str,
    columns: Sequence[str],
    lines: Sequence[tables.Line],
    corner: str,
    notes: words.Notes,
) -> None:
    layout.show_table(frame, title, columns, lines, corner=corner, notes=notes)


def _show_cards(frame: layout.Frame, groups: Mapping[tuple[str, ...], Group], about: str) -> None:
    """Show how the figures of some groups were counted."""
    cards.show_cards_of_figures(frame, [row for group in groups.values() for row in group.values()], about=about)


def _name_metric(about: Row) -> str:
    return tell(about["name"])  # marked where declared


# ---------------------------------------------------------------------------------------------------------- durations


@layout.keep_part
def _show_headline(frame: layout.Frame, way: str, crime: str, crime_name: str, with_records: tuple[str, ...]) -> None:
    about = _read_ways(frame, crime)[way]
    groups = _group_rows(queries.read_rows(frame.path, "durations", way, crime))
    medians = [(frame.marked_name(key[0]), group.get("median")) for key, group in groups.items()]
    missing = [frame.marked_name(code) for code in _areas_without_records(frame, with_records)]
    layout.quote_sentence(durations.compose_sentence(_name_metric(about), crime_name, medians, missing), frame)


@layout.keep_part
def _show_durations(frame: layout.Frame, way: str, crime: str, crime_name: str, with_records: tuple[str, ...]) -> None:
    about = _read_ways(frame, crime)[way]
    groups = _group_rows(queries.read_rows(frame.path, "durations", way, crime))
    notes = words.Notes()
    layout.put_heading(tell("How long it takes"))
    columns_by_statistic = {**durations.QUANTILES, "open_share": tell("Still open (%)")}
    columns = [
        *(tell("{title} (days)", title=title) for title in durations.QUANTILES.values()),
        columns_by_statistic["open_share"],
        tell("Persons"),
    ]
    lines = _table_lines(frame, groups, columns_by_statistic, with_records, notes, "duration")
    _show_table(frame, f"{_name_metric(about)}. {crime_name}", columns, lines, tell("Territory"), notes)
    layout.put_text(
        tell(
            "Half of the cases took no longer than the median. Brackets show the 95% confidence interval. Open cases "
            "are included as open. Days are rounded to tens, and people are shown in bands. Territories are in "
            "the order of their names. This is not a ranking."
        )
    )
    spans = [
        durations.describe_records_span(frame.marked_name(key[0]), list(group.values()))
        for key, group in groups.items()
    ]
    if spans:
        layout.put_text(tell("The records cover these periods. {spans}.", spans="; ".join(spans)))
    _show_cards(frame, groups, tell("durations"))
    drawn = [
        key
        for key, group in groups.items()
        if any(row["value"] is not None for code, row in group.items() if code in durations.QUANTILES)
    ]
    if drawn:
        title = f"{_name_metric(about)}, {lower_first(crime_name)}"
        groups_by_name = [(frame.marked_name(key[0]), groups[key]) for key in drawn]
        picture = charts.draw_durations(
            title, groups_by_name, under=frame.lines_under_chart(*(key[0] for key in drawn))
        )
        layout.show_panels(frame, [picture], about=crime_name, key="durations")


@layout.keep_part
def _show_pending(frame: layout.Frame, way: str, crime: str, crime_name: str, with_records: tuple[str, ...]) -> None:
    rows = queries.read_rows(frame.path, "pending", way, crime)
    layout.put_heading(tell("How old the open cases are"))
    if not rows:
        layout.put_text(tell("No ages are published for this interval. They are published for cases before one court."))
        return
    notes = words.Notes()
    days = [words.format_day(day) for day in sorted({row["as_at"] for row in rows})]
    about = queries.read_rows(frame.path, "metric", rows[0]["metric"])[0]
    columns = [*(tell("{title} (days)", title=title) for title in durations.QUANTILES.values()), tell("Persons")]
    groups = _group_rows(rows)
    lines = _table_lines(frame, groups, durations.QUANTILES, with_records, notes, "pending")
    _show_table(
        frame,
        tell("{name}, on {days}. {crime}", name=_name_metric(about), days=words.join_words(days), crime=crime_name),
        columns,
        lines,
        tell("Territory"),
        notes,
    )
    layout.put_text(
        tell(
            "Half of the open cases have waited no longer than the median. This is not how long cases take: long cases "
            "are over-represented among open ones."
        )
    )
    _show_cards(frame, groups, tell("age of open cases"))


@layout.keep_part
def _show_cohorts(frame: layout.Frame, way: str, crime: str, crime_name: str, with_records: tuple[str, ...]) -> None:
    rows = queries.read_rows(frame.path, "cohorts", way, crime)
    layout.put_heading(tell("Outcomes by year of entry"))
    if not rows:
        layout.put_text(tell("No outcomes by year of entry are published for this interval."))
        return
    notes = words.Notes()
    about = queries.read_rows(frame.path, "metric", rows[0]["metric"])[0]
    quarters = rows[0]["quarters"]
    titles = [f"{title} (%)" for title in durations.COHORT.values()]
    groups = _group_rows(rows, "cohort")
    lines = _table_lines(frame, groups, durations.COHORT, with_records, notes, "cohort")
    _show_table(
        frame,
        tell("{name}. {crime}, by year of entry", name=_name_metric(about), crime=crime_name),
        [*titles, tell("Persons")],
        lines,
        tell("Territory, year"),
        notes,
    )
    layout.put_text(durations.describe_following(quarters))
    _show_cards(frame, groups, tell("outcomes by year of entry"))


# ----------------------------------------------------------------------------------------------------------- sentences


def _show_sentences(frame: layout.Frame, crime: str, crime_name: str, with_records: tuple[str, ...]) -> None:
    layout.put_heading(tell("Sentences"))
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        track = choices.choose_track()
        years = queries.read_rows(frame.path, "sentence_years", crime, track)
        if years:
            first = next((row["period"] for row in years if row["n"]), years[0]["period"])
            options = tuple(row["period"] for row in years)
            year = choices.choose_option(tell("Year"), "sentenced_in", options, default=first, boxed=True, width=140)
    if not years:
        layout.put_text(tell("This release has no sentences from records of {crime}.", crime=lower_first(crime_name)))
        return
    _show_sentences_of_year(frame, crime, crime_name, track, year, with_records)


@layout.keep_part
def _show_sentences_of_year(
    frame: layout.Frame, crime: str, crime_name: str, track: str, year: str, with_records: tuple[str, ...]
) -> None:
    groups = _group_rows(queries.read_rows(frame.path, "sentences", crime, track, year))
    subject = f"{crime_name}, {year}, {lower_first(words.TRACKS[track])}"
    without = [frame.marked_name(code) for code in _areas_without_records(frame, with_records)]
    texts = [durations.describe_lengths(name, group) for name, group in _name_groups(frame, groups)]
    sentences = " ".join([*texts, durations.name_without_records(without)]).strip()
    layout.quote_sentence(f"{subject}. {sentences}", frame)
    notes = words.Notes()
    kinds = {key: _select_statistics(group, durations.SHARES) for key, group in groups.items()}
    columns = [*(f"{title} (%)" for title in durations.SHARES.values()), tell("Persons")]
    lines = _table_lines(frame, kinds, durations.SHARES, with_records, notes, "sentence")
    title = tell("Imprisonment as the principal sanction, share of all sentenced. {subject}", subject=subject)
    _show_table(frame, title, columns, lines, tell("Territory"), notes)
    notes = words.Notes()
    below = {"below_minimum": tell("Below legal minimum (%)")}
    lengths = {key: _select_statistics(group, {**durations.LENGTHS, **below}) for key, group in groups.items()}
    columns = [*durations.LENGTHS.values(), *below.values(), tell("Legal range (months)"), tell("Persons")]
    lines = _table_lines(
        frame, lengths, {**durations.LENGTHS, **below}, with_records, notes, "sentence",
        (durations.format_law, durations.format_persons),
    )  # fmt: skip
    title = tell("Imprisonment to be served, in months, as imposed. {subject}", subject=subject)
    _show_lengths(frame, title, groups)
    _show_table(frame, title, columns, lines, tell("Territory"), notes)
    layout.put_text(tell(durations.AS_IMPOSED))  # marked in words.durations
    _show_cards(frame, groups, tell("sentences"))


def _show_lengths(frame: layout.Frame, title: str, groups: Mapping[tuple[str, ...], Group]) -> None:
    """Show the quartiles of each register on the legal range, as a picture above its table."""
    under = frame.lines_under_chart(*(area for area, *_ in groups))
    picture = charts.draw_lengths(title, _name_groups(frame, groups), under=under)
    layout.show_panels(frame, [picture], about=title, key="lengths")


def _name_groups(frame: layout.Frame, groups: Mapping[tuple[str, ...], Group]) -> list[tuple[str, Group]]:
    """Return the figures of each register with the name of its area, and its own if the area has several."""
    several = {area for area, *_ in groups if sum(key[0] == area for key in groups) > 1}
    return [
        (", ".join([frame.marked_name(area), *([source] if area in several else [])]), group)
        for (area, source, *_), group in groups.items()
    ]


def _select_statistics(group: Group, statistics: Mapping[str, str]) -> dict[str, Row]:
    return {code: row for code, row in group.items() if code in statistics}


# ----------------------------------------------------------------------------------------------------------- clearance


def _show_clearance(frame: layout.Frame, crime: str, crime_name: str) -> None:
    layout.put_heading(tell("Clearance rate"))
    layout.put_text(
        tell(
            "This CEPEJ indicator is calculated from counts, not from case records. A rate above 100 means that more "
            "was resolved than came in."
        )
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        offered = [row["level"] for row in queries.read_rows(frame.path, "clearance_levels", crime)]
        levels = tuple(level for level in durations.LEVELS if level in offered)
        if levels:
            level = choices.choose_option(
                tell("Level"), "level", levels, default="first", say=lambda code: durations.LEVELS[code]
            )
            units = tuple(row["count_unit"] for row in queries.read_rows(frame.path, "clearance_units", crime, level))
            unit = (
                choices.choose_option(tell("Counted in"), "unit", units, say=words.unit_name)
                if len(units) > 1
                else units[0]
            )
            freq, period = choices.choose_period(frame, queries.clearance_periods(frame.path, crime, level, unit))
    if not levels:
        layout.put_text(tell("This release has no clearance rates for {crime}.", crime=lower_first(crime_name)))
        return
    _show_rates(frame, crime, crime_name, level, unit, freq, period)


@layout.keep_part
def _show_rates(
    frame: layout.Frame, crime: str, crime_name: str, level: str, unit: str, freq: str, period: str
) -> None:
    rows = queries.read_rows(frame.path, "clearance", crime, level, unit, freq, period)
    at = {(row["area"], row["unit_measure"]): row for row in rows}
    measured = {code: title for code, title in durations.MEASURED.items() if any(unit == code for _, unit in at)}
    notes = words.Notes()
    lines = []
    for area in (frame.region, *(code for code, _ in frame.territories)):
        cells = []
        for code, title in measured.items():
            row = at.get((area, code))
            marks = durations.measured_marks(row, notes)
            is_missing_region = row is None and area == frame.region
            figure = regions.refuse_figure() if is_missing_region else indicators.format_figure(row)
            is_few = row is not None and row["state"] == "too_few" and figure.kind == "value"
            link = "" if row is None else tables.indicator_address(frame.id, "clearance", row)
            cells.append(tables.value_cell(figure, f"{frame.area_name(area)}, {title}", marks, link, is_few=is_few))
        href = "" if area == frame.region else f"territory?territory={area}"
        lines.append(tables.Line(frame.row_heading(area, href), tuple(cells), is_total=area == frame.region))
    where = lower_first(durations.LEVELS[level])
    name = tell("Clearance and disposition") if "D" in measured else tell("Clearance rate")
    title = f"{name}, {where}. {crime_name}, {words.period_short(period)}, {words.unit_name(unit)}"
    _show_table(frame, title, list(measured.values()), lines, tell("Area"), notes)
    if "D" in measured:
        layout.put_text(tell(durations.DISPOSITION))
    elif freq != "A":
        layout.put_text(tell(durations.NO_STOCKS))
    days = next((row["days"] for row in rows if row["days"]), None)
    sentences = [many("The period has {n} day.", "The period has {n} days.", days)] if days else []
    if unit != "case":
        sentences.append(tell("The CEPEJ counts cases. Counted here: {unit}.", unit=words.unit_name(unit)))
    layout.put_text(" ".join(sentences))
    cards.show_cards_of_figures(frame, rows, about=tell("clearance rate"))
