"""Show one territory: its stages over time, breakdowns, jurisdictions, counting card, and the returns it sent.

The comparison of territories is on the region's page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboards import words
from dashboards.public import charts, layout, queries, tables
from dashboards.public.pages.breakdowns import show_breakdown, show_movements, show_significant_pairs
from dashboards.public.pages.changes import show_splits
from dashboards.words import changes, indicators

Row = Mapping[str, Any]
_BREAKDOWNS = {
    "sex": "Sex",
    "age": "Age",
    "offence": "Offence",
    "sentence_type": "Principal sanction",
    "sentence_band": "Length of imprisonment",
}
_FREQS = {"Q": "Quarters", "A": "Years"}
_RULES = {
    "several_offences": "Several offences of one person",
    "attempts": "Attempts",
    "unknown_perpetrators": "Unknown perpetrators",
}
_STANDING = {"demonstration": "Assumed for the demonstration."}
_NEWEST = 10
"""Number of returns shown on the page; older ones are collapsed."""


def render_page() -> None:
    """Render the page "Territory"."""
    frame = layout.begin_page(
        "One territory", "Its figures over time, how they are counted, and the returns behind them."
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        area = layout.choose_territory(frame)
        crime = layout.choose_crime(frame)
        track = layout.choose_track()
        freq = layout.choose_option("Over time by", "over", tuple(_FREQS), default="Q", say=lambda code: _FREQS[code])
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    measures = queries.STAGES[track]
    units = tuple(
        r["count_unit"] for r in queries.read_rows(frame.path, "units", queries.STAGE_TABLES, crime, measures)
    )
    unit = "person" if "person" in units else units[0]
    st.header(f"{frame.marked_name(area)}: {crime_name.lower()}", anchor=False)
    _show_over_time(frame, area, crime, crime_name, track, freq, unit)
    show_splits(frame, area, crime, crime_name, unit)
    _show_exits(frame, area, crime, crime_name, unit)
    _show_breakdown(frame, area, crime, crime_name, track, unit)
    _show_jurisdictions(frame, area, crime, crime_name, track, unit)
    st.header("Entries, exits, appeals and pending", anchor=False)
    show_movements(frame, area, crime, unit, f"{frame.marked_name(area)}, {crime_name.lower()}")
    _show_counting_card(frame, area)
    _show_facts(frame, area)
    _show_returns(frame, area)
    layout.end_page(frame)


def _show_over_time(
    frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, freq: str, unit: str
) -> None:
    measures = queries.STAGES[track]
    rows = queries.read_rows(frame.path, "series", area, (freq,), crime, unit, measures)
    is_joined = True
    if not any(row["obs_status"] != "L" for row in rows):
        kind = "quarterly" if freq == "Q" else "annual"
        st.info(f"{frame.area_name(area)} has no {kind} figures of this kind. A year is never divided into quarters.")
        years = queries.read_rows(frame.path, "series", area, ("A",), crime, unit, measures) if freq == "Q" else ()
        if not any(row["obs_status"] != "L" for row in years):
            return
        # A yearly figure stays one point per year: no line is drawn over quarters that nobody counted.
        rows, freq, is_joined = years, "A", False
    found_breaks = queries.find_breaks(frame.path, (area,), crime)
    by_measure = {m: [row for row in rows if row["measure"] == m] for m in measures}
    layout.show_panels(
        [
            charts.draw_series(
                f"{frame.marked_name(area)}: {words.stage_name(m).lower()}",
                by_measure[m],
                breaks=changes.select_breaks(found_breaks, m, str(by_measure[m][0]["level"])),
                under=frame.lines_under_chart(area),
                is_joined=is_joined,
            )
            for m in measures
            if by_measure[m]
        ],
        key="series",
    )
    bases = [row["interval_basis"] for row in rows]
    basis_notes = " ".join(text for code, text in indicators.BASIS.items() if code in bases)
    st.html(f'<p class="rti-small">{charts.SERIES_READ} {basis_notes}</p>')
    notes = words.Notes()
    periods = sorted({row["period"] for row in rows}, reverse=True)
    at = {(row["measure"], row["period"]): row for row in rows}
    lines = [
        tables.Line(
            tables.Cell(words.period_short(period)),
            tuple(
                tables.figure_cell(
                    frame.id, at.get((m, period)), notes, what=f"{words.period_short(period)}, {words.stage_name(m)}"
                )
                for m in measures
            ),
        )
        for period in periods
    ]
    shown_breaks = [row for row in found_breaks if periods and changes.is_between(row, periods[-1], periods[0])]
    for text in changes.describe_breaks([row for row in shown_breaks if row["measure"] in ("", *measures)]):
        notes.add_remark(f"Break in the series. {text}")
    caption = f"{frame.marked_name(area)}, {crime_name.lower()}, {words.TRACKS[track].lower()}: {words.unit_name(unit)}"
    headings = [words.stage_name(m) for m in measures]
    layout.show_table(
        frame, caption, headings, lines, corner=_FREQS[freq][:-1], notes=notes, legend=True,
        coverage=frame.marked_name(area),
    )  # fmt: skip


def _show_exits(frame: layout.Frame, area: str, crime: str, crime_name: str, unit: str) -> None:
    """Show who left without a conviction, by exit and level, in one year; requalification is listed separately."""
    st.header("How cases ended before conviction", anchor=False)
    has_exits = queries.has_table(frame.path, "exit")
    years = queries.read_rows(frame.path, "exit_years", area, crime, unit) if has_exits else ()
    if not years:
        st.markdown(f"The release has no ways out of {crime_name.lower()} for {frame.area_name(area)}.")
        return
    year = layout.choose_option(
        "Year of leaving", "left_in", tuple(row["period"] for row in years), boxed=True, width=140
    )
    rows = queries.read_rows(frame.path, "exits", area, crime, unit, year)
    measures, levels = queries.read_labels(frame.path, "measure"), queries.read_labels(frame.path, "level")
    counts = [row for row in rows if row["metric"] == "exit"]
    layout.quote_sentence(changes.describe_exits(frame.marked_name(area), year, crime_name, counts, measures), frame)
    shares = {(row["measure"], row["level"]): row for row in rows if row["metric"] == "exit_share"}
    notes = words.Notes()
    lines = []
    for row in counts:
        share = shares.get((row["measure"], row["level"]))
        name = f"{measures.get(row['measure'], row['measure'])} ({str(levels.get(row['level'])).lower()})"
        marks = indicators.mark_notes(row, notes) if row["value"] is not None else ()
        if row["measure"] == changes.REQUALIFIED:
            marks = (*marks, notes.number_note(changes.REQUALIFIED_READ))
        number = indicators.format_figure(row)
        of_all = changes.format_exit_share(share)
        is_few = share is not None and share["state"] == "too_few" and of_all.kind == "value"
        lines.append(
            tables.Line(
                tables.Cell(name),
                (
                    tables.value_cell(
                        number,
                        name,
                        marks,
                        tables.indicator_address("exit", row),
                        is_few=number.kind == "value" and words.is_few(row),
                    ),
                    tables.value_cell(
                        of_all,
                        f"{name}, share",
                        (),
                        tables.indicator_address("exit", share) if share else "",
                        is_few=is_few,
                    ),
                ),
            )
        )
    if not any(row["measure"] == changes.REQUALIFIED for row in counts):
        notes.add_remark(changes.REQUALIFIED_NOT_COUNTED)
    caption = (
        f"{frame.marked_name(area)}, {crime_name.lower()}, {year}: {words.unit_name(unit)} who left, "
        "with 95% confidence intervals"
    )
    columns = ["Number (range)", "Of all who left at that level"]
    layout.show_table(frame, caption, columns, lines, corner="Way out", notes=notes, coverage=frame.marked_name(area))


def _show_breakdown(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    st.header("Broken down", anchor=False)
    names = tuple(queries.BREAKDOWN_TABLES.values())
    years = tuple(row["period"] for row in queries.read_rows(frame.path, "years", area, crime, names))
    if not years:
        st.markdown(f"The release has no breakdown of {crime_name.lower()} for {frame.area_name(area)}.")
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        dimension = layout.choose_option("By", "by", tuple(_BREAKDOWNS), say=lambda code: _BREAKDOWNS[code])
        year = layout.choose_option("Year", "year", years, boxed=True, width=140)
    measures = queries.STAGES[track] if dimension in ("sex", "age", "offence") else (f"sentenced_{track}",)
    rows = queries.read_rows(
        frame.path, "breakdown", dimension=dimension, table_id=queries.BREAKDOWN_TABLES[dimension], area=area,
        period=year, offence_group=crime, count_unit=unit, measures=measures,
    )  # fmt: skip
    if not rows:
        st.markdown(f"The release has no figures by {_BREAKDOWNS[dimension].lower()} for {year}.")
        return
    codes = [code for code in queries.read_labels(frame.path, dimension) if any(r[dimension] == code for r in rows)]
    show_breakdown(
        frame, rows, dimension, codes, [(m, words.stage_name(m)) for m in measures],
        f"{frame.marked_name(area)}, {crime_name.lower()}, {year}, {words.TRACKS[track].lower()}: "
        f"{words.unit_name(unit)} by {_BREAKDOWNS[dimension].lower()}",
        area=area,
    )  # fmt: skip
    if dimension == "age" and rows:
        st.html('<p class="rti-small">Ages at the date that the office\'s own form states; see its counting card.</p>')
    with st.expander("Which differences between shares are statistically significant"):
        for measure in measures:
            pairs = queries.read_rows(frame.path, "share_pairs", dimension, measure, year, crime, unit, "_Z")
            st.markdown(f"**{words.stage_name(measure)}, {year}, all territories**")
            show_significant_pairs(frame, pairs, dimension, codes, _BREAKDOWNS[dimension].lower())


def _show_jurisdictions(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    parts = frame.list_jurisdictions(area)
    if not parts:
        return
    st.header("Jurisdictions", anchor=False)
    years = tuple(
        row["period"] for row in queries.read_rows(frame.path, "years", parts[0], crime, ("jurisdiction_year",))
    )
    if not years:
        st.markdown(f"The release has no figures of {crime_name.lower()} by jurisdiction.")
        return
    year = layout.choose_option("Year of the jurisdictions", "jurisdictions", years, boxed=True, width=140)
    measures = queries.STAGES[track]
    rows = queries.read_rows(frame.path, "jurisdictions", area, year, crime, unit, measures)
    whole = queries.read_rows(frame.path, "stages", "A", year, crime, unit, measures, ("territory",))
    at = {(row["area"], row["measure"]): row for row in (*rows, *whole)}
    notes = words.Notes()
    lines = [
        tables.Line(
            frame.row_heading(code),
            tuple(
                tables.figure_cell(
                    frame.id, at.get((code, m)), notes, what=f"{frame.area_name(code)}, {words.stage_name(m)}"
                )
                for m in measures
            ),
            is_total=code == area,
        )
        for code in (area, *parts)
    ]
    caption = (
        f"{frame.marked_name(area)} by jurisdiction, {crime_name.lower()}, {year}, {words.TRACKS[track].lower()}: "
        f"{words.unit_name(unit)}"
    )
    headings = [words.stage_name(m) for m in measures]
    layout.show_table(
        frame, caption, headings, lines, corner="Jurisdiction", notes=notes, coverage=frame.marked_name(area)
    )


def _show_counting_card(frame: layout.Frame, area: str) -> None:
    st.header("How it is counted", anchor=False)
    rules = queries.read_rows(frame.path, "counting_rules", (area,))
    if not rules:
        st.markdown("The release holds no counting card for this territory.")
        return
    offices = list(dict.fromkeys(rule["jurisdiction"] for rule in rules))
    for office in offices:
        name = frame.marked_name(office)
        of_office = [rule for rule in rules if rule["jurisdiction"] == office]
        with st.container() if len(offices) == 1 else st.expander(name):
            _show_card(frame, f"Counting card of {name}", of_office, name)


def _show_card(frame: layout.Frame, caption: str, rules: Sequence[Row], office: str) -> None:
    levels = queries.read_labels(frame.path, "level")
    order = list(levels)
    lines = [
        tables.Line(
            tables.Cell(str(levels.get(rule["level"], rule["level"]))),
            (
                tables.Cell(words.unit_name(str(rule["count_unit"]))),
                tables.Cell(rule["stage_definition"] or "", kind="wide"),
                tables.Cell(_rules_in_words(rule), kind="wide"),
                tables.Cell(
                    " ".join(part for part in (_STANDING.get(rule["status"], rule["status"]), rule["source"]) if part)
                ),
            ),
        )
        for rule in sorted(rules, key=lambda rule: order.index(rule["level"]) if rule["level"] in order else 0)
    ]
    columns = ["Unit", "What is counted", "Rules", "Status"]
    layout.show_table(frame, caption, columns, lines, corner="Level", text=True, coverage=office)


def _rules_in_words(rule: Row) -> str:
    rules_as_text = {key: str(rule[key] or "not stated").replace("_", " ") for key in _RULES}
    again = "yes" if rule["transferred_counted_again"] else "no"
    parts = [f"{title}: {rules_as_text[key]}." for key, title in _RULES.items()]
    return " ".join([*parts, f"Handed-over persons counted again by the receiver: {again}."])


def _show_facts(frame: layout.Frame, area: str) -> None:
    population = queries.read_rows(frame.path, "population", area)
    if population:
        last = population[0]
        carried = f", of {last['population_year']}, carried forward" if last["is_carried_forward"] else ""
        st.html(
            tables.render_facts(
                [
                    ("Population for rates", f"{words.format_number(last['population'])} ({last['year']}{carried})"),
                    ("Its source", f"{last['series']}; {last['vintage']}; {last['reference_date']}"),
                    ("Caution", last["caveat"] or ""),
                ]
            )
        )
    rows = queries.read_rows(frame.path, "notes", area, ("territory", "office", *queries.BREAKS))
    if rows:
        st.subheader("Notes of the territory", anchor=False)
        notes = words.Notes()
        for row in rows:
            where = f"{frame.area_name(row['area'])}: " if row["area"] != area else ""
            when = f"{words.period_short(row['period_from'])}: " if row["period_from"] else ""
            notes.add_remark(f"{where}{when}{row['text']}")
        layout.put_html(tables.render_notes(notes, frame.name_notes([area]), title=""))
    _show_metadata(frame, area)


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
    with st.expander("Reference metadata (SIMS concepts)"):
        layout.put_html(tables.render_facts(of.pop("_T", ())))
        for instrument, pairs in sorted(of.items()):
            layout.put_html(f"<h3>{escape(str(names.get(instrument, instrument)))}</h3>", tables.render_facts(pairs))


def _show_returns(frame: layout.Frame, area: str) -> None:
    st.header("Its returns", anchor=False)
    rows = queries.read_rows(frame.path, "submissions", area)
    if not rows:
        st.markdown("This release does not use any return of this territory.")
        return
    title = "Returns accepted for this release, the newest first"
    newest, older = rows[:_NEWEST], rows[_NEWEST:]
    name = frame.marked_name(area)
    layout.show_table(frame, title, *submission_table(frame, newest), corner="Return", text=True, coverage=name)
    if older:
        with st.expander(f"{len(older)} older return{'s' if len(older) > 1 else ''}"):
            title = "Older returns accepted for this release"
            layout.show_table(frame, title, *submission_table(frame, older), corner="Return", text=True, coverage=name)


def submission_table(frame: layout.Frame, returns: Sequence[Row]) -> tuple[list[str], list[tables.Line]]:
    """Return headings and lines of a table of returns. File names are left out because they belong to the office."""
    instruments = queries.read_labels(frame.path, "instrument")
    headings = ["From", "About", "Periods", "Kind", "Received", "Accepted", "Corrects"]
    lines = [
        tables.Line(
            tables.Cell(row["submission_id"]),
            (
                tables.Cell(frame.area_name(row["jurisdiction"] or row["territory"])),
                tables.Cell(instruments.get(row["instrument"], row["instrument"] or "")),
                tables.Cell(_periods(row)),
                tables.Cell("nil return" if row["is_nil"] else str(row["kind"])),
                tables.Cell(_day(row["received_at"])),
                tables.Cell(_day(row["accepted_at"])),
                tables.Cell(row["corrects_submission_id"] or ""),
            ),
        )
        for row in returns
    ]
    return headings, lines


def _periods(row: Row) -> str:
    first, last = row["first_period"], row["last_period"]
    if not first:
        return ""
    return words.period_short(first) if first == last else f"{words.period_short(first)} to {words.period_short(last)}"


def _day(value: Any) -> str:
    return str(value)[:10] if value else ""
