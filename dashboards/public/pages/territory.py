"""Show one territory in five sections: trend, outcomes, breakdown, counting rules, and the data received.

The comparison of territories is on the region's page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import streamlit as st

from dashboards.public import charts, layout, queries, tables
from dashboards.public.pages.breakdowns import show_breakdown, show_movements, show_significant_pairs
from dashboards.public.pages.cards import describe_rule
from dashboards.public.pages.changes import show_splits
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import changes, figures, indicators
from pipelines.words.language import Texts, lower_first, many, tell

Row = Mapping[str, Any]
_BREAKDOWNS = ("sex", "age", "offence", "sentence_type", "sentence_band")
_FREQS: Mapping[str, str] = Texts({"Q": mark("Quarters"), "A": mark("Years")})
_ALL = "all"
_SECTIONS: Mapping[str, str] = Texts(
    {
        "trend": mark("Trend"),
        "outcomes": mark("Outcomes"),
        "breakdown": mark("Breakdown"),
        "rules": mark("Rules"),
        "data": mark("Data received"),
        "all": mark("All"),
    }
)
_SECTION_OF_CHOICE = {"left_in": "outcomes", "by": "breakdown", "year": "breakdown", "jurisdictions": "breakdown"}
"""Section of a choice that an address may name without its section."""
_RULES: Mapping[str, str] = Texts(
    {
        "several_offences": mark("Several offences of one person"),
        "attempts": mark("Attempts"),
        "unknown_perpetrators": mark("Unknown perpetrators"),
    }
)
STAGES_CAVEAT = mark(
    "The stages of one period are different people: a case often takes years from one stage to the next. A later stage "
    "can therefore be larger than an earlier one."
)
ONE_SCALE = mark("All charts share one scale and the same periods.")
_STATUSES: Mapping[str, str] = Texts({"demonstration": mark("Assumed for the demonstration.")})
_KINDS: Mapping[str, str] = Texts({"full": mark("whole return"), "patch": mark("corrections only")})
_NEWEST_PERIODS = 8
"""Periods in the table of the trend; older ones are collapsed."""
_NEWEST = 10
"""Number of returns shown on the page; older ones are collapsed."""


def render_page() -> None:
    """Render the page "Territory profile"."""
    frame = layout.begin_page(
        mark("Territory profile"),
        mark("Figures over time, outcomes, breakdowns, counting rules, and the data received."),
    )
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        area = layout.choose_territory(frame)
        crime = layout.choose_crime(frame)
        track = layout.choose_track()
    # All sections together can be printed; one alone is short and quick.
    section = layout.choose_section(tell("Section"), "section", _SECTIONS, _SECTION_OF_CHOICE)
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    measures = queries.STAGES[track]
    units = tuple(
        r["count_unit"] for r in queries.read_rows(frame.path, "units", queries.STAGE_TABLES, crime, measures)
    )
    unit = "person" if "person" in units else units[0]
    st.header(f"{frame.marked_name(area)}: {lower_first(crime_name)}", anchor=False)
    layout.link_brief(frame, area, crime)
    if section in ("trend", _ALL):
        layout.show_section(lambda: _show_over_time(frame, area, crime, crime_name, track, unit))
    if section in ("outcomes", _ALL):
        layout.show_section(lambda: _show_exits(frame, area, crime, crime_name, unit))
        title = f"{frame.marked_name(area)}, {lower_first(crime_name)}"
        with st.expander(tell("Appeals, reopened, rejected and discontinued cases, year by year")):
            show_movements(frame, area, crime, unit, title)
        show_splits(frame, area, crime, crime_name, unit)
    if section in ("breakdown", _ALL):
        layout.show_section(lambda: _show_breakdown(frame, area, crime, crime_name, track, unit))
        layout.show_section(lambda: _show_jurisdictions(frame, area, crime, crime_name, track, unit))
    if section in ("rules", _ALL):
        _show_counting_card(frame, area)
        _show_facts(frame, area)
    if section in ("data", _ALL):
        _show_returns(frame, area)
    layout.end_page(frame)


def _choose_series(
    frame: layout.Frame, area: str, crime: str, unit: str, measures: Sequence[str]
) -> tuple[str, queries.Rows, bool]:
    """Show the choice of quarters or years; return it, its rows, and False if the territory counts no quarters."""
    rows_by_freq = {
        freq: queries.read_rows(frame.path, "series", area, (freq,), crime, unit, measures) for freq in _FREQS
    }
    counted = tuple(freq for freq, rows in rows_by_freq.items() if any(row["obs_status"] != "L" for row in rows))
    if "Q" not in counted:
        name = frame.area_name(area)
        st.info(tell("{area} has no quarterly figures of this kind. A year is never divided into quarters.", area=name))
    if not counted:
        return "A", (), False
    of = "" if "Q" in counted else "yearly."
    freq = layout.choose_option(tell("Over time by"), "over", counted, say=lambda code: _FREQS[code], of=of)
    return freq, rows_by_freq[freq], "Q" in counted


def _show_over_time(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    """Show the stages over time: the table, then a chart of each stage on one common scale."""
    measures = queries.STAGES[track]
    freq, rows, has_quarters = _choose_series(frame, area, crime, unit, measures)
    if not rows:
        return
    found_breaks = queries.find_breaks(frame.path, (area,), crime)
    caption = f"{_describe_subject(frame, area, crime_name, words.TRACKS[track])}: {words.unit_name(unit)}"
    columns = [words.stage_name(m) for m in measures]
    corner = tell("Quarter") if freq == "Q" else tell("Year")
    breaks = [row for row in found_breaks if row["measure"] in ("", *measures)]
    periods = sorted({str(row["period"]) for row in rows}, reverse=True)
    newest, older = periods[:_NEWEST_PERIODS], periods[_NEWEST_PERIODS:]
    coverage = frame.marked_name(area)

    def show_periods(title: str, shown: Sequence[str], *, legend: bool) -> None:
        notes = words.Notes()
        lines = _series_lines(frame, rows, measures, periods, shown, breaks, notes)
        layout.show_table(frame, title, columns, lines, corner=corner, notes=notes, coverage=coverage, legend=legend)

    show_periods(caption, newest, legend=True)
    layout.put_html(f'<p class="rti-small">{escape(tell(STAGES_CAVEAT))}</p>')
    if older:
        with st.expander(_count_older(freq, len(older))):
            show_periods(tell("Older. {caption}", caption=caption), older, legend=False)
    _show_charts(frame, area, measures, rows, found_breaks, caption, is_joined=has_quarters)


def _count_older(freq: str, n: int) -> str:
    if freq == "Q":
        return many("{n} older quarter", "{n} older quarters", n)
    return many("{n} older year", "{n} older years", n)


def _describe_subject(frame: layout.Frame, area: str, crime_name: str, *more: str) -> str:
    """Return the beginning of a caption: the territory, the crime and more names, which begin with a small letter."""
    return ", ".join([frame.marked_name(area), *map(lower_first, (crime_name, *more))])


def _series_lines(
    frame: layout.Frame,
    rows: Sequence[Row],
    measures: Sequence[str],
    periods: Sequence[str],
    shown: Sequence[str],
    breaks: Sequence[Row],
    notes: words.Notes,
) -> list[tables.Line]:
    """Return one line per period shown; the first period after a break has its note.

    `periods` are all periods of the series, the newest first.
    """
    at = {(row["measure"], row["period"]): row for row in rows}
    before_period = dict(zip(periods, [*periods[1:], *periods[-1:]], strict=True))
    lines = []
    for period in shown:
        before = before_period[period]
        crossed = [row for row in breaks if changes.is_between(row, before, period)]
        marks = tuple(
            notes.number_note(tell("Break in the series. {text}", text=text))
            for text in changes.describe_breaks(crossed)
        )
        name = words.period_short(period)
        cells = tuple(
            tables.figure_cell(frame.id, at.get((m, period)), notes, what=f"{name}, {words.stage_name(m)}")
            for m in measures
        )
        lines.append(tables.Line(tables.Cell(name, marks=marks), cells))
    return lines


def _show_charts(
    frame: layout.Frame,
    area: str,
    measures: Sequence[str],
    rows: Sequence[Row],
    found_breaks: Sequence[Row],
    about: str,
    *,
    is_joined: bool,
) -> None:
    """Show one chart for each stage. All share their periods and their scale, and the page says so."""
    by_measure = {m: [row for row in rows if row["measure"] == m] for m in measures}
    periods = sorted({str(row["period"]) for row in rows})
    top = max((row[end] for row in rows for end in ("value", "high") if row[end] is not None), default=0.0)
    st.subheader(tell("Charts"), anchor=False)
    bases = {row["interval_basis"] for row in rows}
    basis_notes = " ".join(text for code, text in indicators.BASIS.items() if code in bases)
    layout.put_small(f"{tell(ONE_SCALE)} {charts.explain_series()} {basis_notes}")
    layout.show_panels(
        frame,
        [
            charts.draw_series(
                f"{frame.marked_name(area)}: {lower_first(words.stage_name(m))}",
                by_measure[m],
                breaks=changes.select_breaks(found_breaks, m, str(by_measure[m][0]["level"])),
                under=frame.lines_under_chart(area),
                periods=periods,
                top=top,
                # Where only years are counted, no line is drawn over quarters that nobody counted.
                is_joined=is_joined,
            )
            for m in measures
            if by_measure[m]
        ],
        about=about,
        key="series",
    )


def _show_exits(frame: layout.Frame, area: str, crime: str, crime_name: str, unit: str) -> None:
    """Show who left without a conviction, by exit and level, in one year; requalification is listed separately."""
    st.header(tell("Cases that ended without a conviction"), anchor=False)
    has_exits = queries.has_table(frame.path, "exit")
    years = queries.read_rows(frame.path, "exit_years", area, crime, unit) if has_exits else ()
    if not years:
        st.markdown(
            tell(
                "This release has no outcomes for {crime} in {area}.",
                crime=lower_first(crime_name),
                area=frame.area_name(area),
            )
        )
        return
    year = layout.choose_option(tell("Year"), "left_in", tuple(row["period"] for row in years), boxed=True, width=140)
    rows = queries.read_rows(frame.path, "exits", area, crime, unit, year)
    measures, levels = queries.read_labels(frame.path, "measure"), queries.read_labels(frame.path, "level")
    counts = [row for row in rows if row["metric"] == "exit"]
    layout.quote_sentence(changes.describe_exits(frame.marked_name(area), year, crime_name, counts, measures), frame)
    shares = {(row["measure"], row["level"]): row for row in rows if row["metric"] == "exit_share"}
    notes = words.Notes()
    lines = []
    for row in counts:
        share = shares.get((row["measure"], row["level"]))
        name = f"{measures.get(row['measure'], row['measure'])} ({lower_first(str(levels.get(row['level'])))})"
        marks = indicators.mark_notes(row, notes) if row["value"] is not None else ()
        if row["measure"] == changes.REQUALIFIED:
            marks = (*marks, notes.number_note(tell(changes.REQUALIFIED_READ)))
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
                        tell("{subject}, share", subject=name),
                        (),
                        tables.indicator_address("exit", share) if share else "",
                        is_few=is_few,
                    ),
                ),
            )
        )
    if not any(row["measure"] == changes.REQUALIFIED for row in counts):
        notes.add_remark(tell(changes.REQUALIFIED_NOT_COUNTED))
    caption = tell(
        "{subject}, {year}: {unit} whose case ended without a conviction, with 95% confidence intervals",
        subject=_describe_subject(frame, area, crime_name),
        year=year,
        unit=words.unit_name(unit),
    )
    columns = [tell("Number (95% confidence interval)"), tell("Share of all at that level")]
    layout.show_table(
        frame, caption, columns, lines, corner=tell("Outcome"), notes=notes, coverage=frame.marked_name(area)
    )


def _show_breakdown(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    st.header(tell("By sex, age and offence"), anchor=False)
    names = tuple(queries.BREAKDOWN_TABLES.values())
    years = tuple(row["period"] for row in queries.read_rows(frame.path, "years", area, crime, names))
    if not years:
        st.markdown(
            tell(
                "This release has no breakdown of {crime} for {area}.",
                crime=lower_first(crime_name),
                area=frame.area_name(area),
            )
        )
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        dimension = layout.choose_option(tell("By"), "by", _BREAKDOWNS, say=lambda code: figures.DIMENSIONS[code])
        year = layout.choose_option(tell("Year"), "year", years, boxed=True, width=140)
    title = figures.DIMENSIONS[dimension]
    measures = queries.STAGES[track] if dimension in ("sex", "age", "offence") else (f"sentenced_{track}",)
    rows = queries.read_rows(
        frame.path, "breakdown", dimension=dimension, table_id=queries.BREAKDOWN_TABLES[dimension], area=area,
        period=year, offence_group=crime, count_unit=unit, measures=measures,
    )  # fmt: skip
    if not rows:
        st.markdown(
            tell("This release has no figures by {dimension} for {year}.", dimension=lower_first(title), year=year)
        )
        return
    codes = [code for code in queries.read_labels(frame.path, dimension) if any(r[dimension] == code for r in rows)]
    show_breakdown(
        frame, rows, dimension, codes, [(m, words.stage_name(m)) for m in measures],
        tell(
            "{subject}: {unit} by {dimension}",
            subject=_describe_subject(frame, area, crime_name, year, words.TRACKS[track]),
            unit=words.unit_name(unit),
            dimension=lower_first(title),
        ),
        area=area,
    )  # fmt: skip
    if dimension == "age" and rows:
        layout.put_small(tell("Age at the date that the form of the office names. See its counting rules."))
    with st.expander(tell("Which differences between shares are statistically significant")):
        for measure in measures:
            pairs = queries.read_rows(frame.path, "share_pairs", dimension, measure, year, crime, unit, "_Z")
            st.markdown(tell("**{stage}, {year}, all territories**", stage=words.stage_name(measure), year=year))
            show_significant_pairs(frame, pairs, dimension, codes)


def _show_jurisdictions(frame: layout.Frame, area: str, crime: str, crime_name: str, track: str, unit: str) -> None:
    parts = frame.list_jurisdictions(area)
    if not parts:
        return
    st.header(tell("Jurisdictions"), anchor=False)
    years = tuple(
        row["period"] for row in queries.read_rows(frame.path, "years", parts[0], crime, ("jurisdiction_year",))
    )
    if not years:
        st.markdown(tell("This release has no figures of {crime} by jurisdiction.", crime=lower_first(crime_name)))
        return
    year = layout.choose_option(tell("Year of the jurisdictions"), "jurisdictions", years, boxed=True, width=140)
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
    caption = tell(
        "{subject}: {unit} by jurisdiction",
        subject=_describe_subject(frame, area, crime_name, year, words.TRACKS[track]),
        unit=words.unit_name(unit),
    )
    headings = [words.stage_name(m) for m in measures]
    layout.show_table(
        frame, caption, headings, lines, corner=tell("Jurisdiction"), notes=notes, coverage=frame.marked_name(area)
    )


def _show_counting_card(frame: layout.Frame, area: str) -> None:
    st.header(tell("Counting rules"), anchor=False)
    rules = queries.read_rows(frame.path, "counting_rules", (area,))
    if not rules:
        st.markdown(tell("This release has no counting rules for this territory."))
        return
    offices = list(dict.fromkeys(rule["jurisdiction"] for rule in rules))
    for office in offices:
        name = frame.marked_name(office)
        of_office = [rule for rule in rules if rule["jurisdiction"] == office]
        with st.container() if len(offices) == 1 else st.expander(name):
            _show_card(frame, tell("Counting rules of {area}", area=name), of_office, name)


def _show_card(frame: layout.Frame, caption: str, rules: Sequence[Row], office: str) -> None:
    levels = queries.read_labels(frame.path, "level")
    order = list(levels)
    lines = [
        tables.Line(
            tables.Cell(str(levels.get(rule["level"], rule["level"]))),
            (
                tables.Cell(words.unit_name(str(rule["count_unit"]))),
                tables.Cell(rule["stage_definition"] or "", kind="wide", language=tables.foreign_language()),
                tables.Cell(_rules_in_words(rule), kind="wide"),
                tables.Cell(
                    " ".join(part for part in (_STATUSES.get(rule["status"], rule["status"]), rule["source"]) if part),
                    language=tables.foreign_language() if rule["source"] else "",
                ),
            ),
        )
        for rule in sorted(rules, key=lambda rule: order.index(rule["level"]) if rule["level"] in order else 0)
    ]
    columns = [tell("Unit"), tell("What is counted"), tell("Rules"), tell("Status")]
    layout.show_table(frame, caption, columns, lines, corner=tell("Level"), text=True, coverage=office)


def _rules_in_words(rule: Row) -> str:
    parts = [f"{title}: {describe_rule(rule[key])}." for key, title in _RULES.items()]
    again = tell("People handed over are counted again by the receiver: no.")
    if rule["transferred_counted_again"]:
        again = tell("People handed over are counted again by the receiver: yes.")
    return " ".join([*parts, again])


def _show_facts(frame: layout.Frame, area: str) -> None:
    population = queries.read_rows(frame.path, "population", area)
    if population:
        last = population[0]
        number = f"{words.format_number(last['population'])} ({last['year']})"
        if last["is_carried_forward"]:
            number = tell(
                "{population} ({year}, carried forward from {source_year})",
                population=words.format_number(last["population"]),
                year=last["year"],
                source_year=last["population_year"],
            )
        st.html(
            tables.render_facts(
                [
                    (tell("Population for rates"), number),
                    (
                        tell("Source of the population"),
                        f"{last['series']}; {last['vintage']}; {last['reference_date']}",
                    ),
                    (tell("Caution"), last["caveat"] or ""),
                ]
            )
        )
    rows = queries.read_rows(frame.path, "notes", area, ("territory", "office", *queries.BREAKS))
    if rows:
        st.subheader(tell("Notes on the territory"), anchor=False)
        notes = words.Notes()
        for row in rows:
            where = f"{frame.area_name(row['area'])}: " if row["area"] != area else ""
            when = f"{words.period_short(row['period_from'])}: " if row["period_from"] else ""
            notes.add_remark(f"{where}{when}{row['text']}")
        layout.put_html(
            tables.render_notes(notes, frame.name_notes([area]), title="", language=tables.foreign_language())
        )
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
    with st.expander(tell("Reference metadata (SIMS concepts)")):
        english = tables.foreign_language()
        layout.put_html(tables.render_facts(of.pop("_T", ()), language=english))
        for instrument, pairs in sorted(of.items()):
            layout.put_html(
                f"<h3>{escape(str(names.get(instrument, instrument)))}</h3>",
                tables.render_facts(pairs, language=english),
            )


def _show_returns(frame: layout.Frame, area: str) -> None:
    st.header(tell("Data received"), anchor=False)
    rows = queries.read_rows(frame.path, "submissions", area)
    if not rows:
        st.markdown(tell("This release uses no data from this territory."))
        return
    title = tell("Returns accepted for this release, newest first")
    newest, older = rows[:_NEWEST], rows[_NEWEST:]
    name = frame.marked_name(area)
    layout.show_table(frame, title, *submission_table(frame, newest), corner=tell("Received"), text=True, coverage=name)
    if older:
        with st.expander(many("{n} older return", "{n} older returns", len(older))):
            title = tell("Older returns accepted for this release")
            layout.show_table(
                frame, title, *submission_table(frame, older), corner=tell("Received"), text=True, coverage=name
            )


def submission_table(frame: layout.Frame, returns: Sequence[Row]) -> tuple[list[str], list[tables.Line]]:
    """Return headings and lines of a table of returns. File names are left out because they belong to the office."""
    instruments = queries.read_labels(frame.path, "instrument")
    received_by_id = {row["submission_id"]: _day(row["received_at"]) for row in returns}
    headings = [tell("From"), tell("About"), tell("Periods"), tell("Kind"), tell("Accepted"), tell("Replaces")]
    lines = []
    for row in returns:
        replaced = row["corrects_submission_id"]
        lines.append(
            tables.Line(
                tables.Cell(_day(row["received_at"])),
                (
                    tables.Cell(frame.area_name(row["jurisdiction"] or row["territory"])),
                    tables.Cell(instruments.get(row["instrument"], row["instrument"] or "")),
                    tables.Cell(_periods(row)),
                    tables.Cell(tell("nil return") if row["is_nil"] else _KINDS.get(row["kind"], str(row["kind"]))),
                    tables.Cell(_day(row["accepted_at"])),
                    tables.Cell(received_by_id.get(replaced, tell("an earlier return")) if replaced else ""),
                ),
            )
        )
    return headings, lines


def _periods(row: Row) -> str:
    first, last = row["first_period"], row["last_period"]
    if not first:
        return ""
    if first == last:
        return words.period_short(first)
    return tell("{first} to {last}", first=words.period_short(first), last=words.period_short(last))


def _day(value: Any) -> str:
    return str(value)[:10] if value else ""
