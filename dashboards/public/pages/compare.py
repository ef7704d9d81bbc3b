"""Compare any territories by any indicator: in one period, with tests of their differences, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from dashboards.public import charts, comparison, layout, queries, tables
from dashboards.public.comparison import Choice
from dashboards.public.pages import cards, versions
from dashboards.public.pages.compared_times import NO_TEST, show_times
from dashboards.public.pages.reporting import Coverage
from dashboards.public.selection import join_options
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front import sentences
from pipelines.front.charts import from_rows, intervals, outlines, series
from pipelines.words import FormattedFigure, Row, changes, indicators, regions
from pipelines.words.coverage import list_returns
from pipelines.words.language import lower_first, tell

_NO_TEST_OF_COUNTS = mark(
    "Counts are not tested against each other, because territories differ in population. Choose rates, ratios or "
    "shares to see which differences are statistically clear."
)
_OTHER_VERSION = mark(
    "Only the recommended versions are tested against each other. Choose “Recommended” to see the tests."
)
_SENTENCE = mark("{area}, {period}, {crime}. {name}: {figure}. {coverage} {enough}")
_ENOUGH = mark("{n} of {whole} territories have enough to be compared.")
_FEW_PAIRS = 3
"""Pairs of three territories, which are listed in full."""


def render_page() -> None:
    """Render the page "Compare"."""
    frame = layout.begin_page(
        mark("Compare territories"),
        mark(
            "Any indicator, in any territories and period, with its 95% confidence interval. The order of territories "
            "is not a ranking."
        ),
    )
    headline = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        crime = layout.choose_crime(frame)
        kinds = comparison.list_kinds(frame.path, crime)
        if kinds:
            choice = _choose_indicator(frame, crime, kinds)
    if not kinds:
        crime_name = lower_first(queries.read_labels(frame.path, "offence_group")[crime])
        st.markdown(tell("The release has no figures of {crime} to compare.", crime=crime_name))
        layout.end_page(frame, is_linked=False)
        return
    areas = layout.choose_options(
        tell("Territories"), "areas", [code for code, _ in frame.territories], say=frame.marked_name
    )
    place_of_map = st.container()
    if choice.kind == "duration":
        show_times(frame, crime, choice, areas, headline)
    else:
        _Page(frame, crime, choice, areas).show_figures(headline)
    with place_of_map:
        # Filled last, since its links have all choices of this run.
        _show_map(frame, areas)
    layout.end_page(frame)


def _choose_indicator(frame: layout.Frame, crime: str, kinds: Sequence[str]) -> Choice:
    """Show the choices of one indicator: kind, indicator, count unit if there are several, and the part of a share."""
    kind = layout.choose_option(
        tell("Kind"), "kind", kinds, default=comparison.DEFAULT_KIND, say=lambda code: comparison.KINDS[code]
    )
    units = comparison.list_codes(frame.path, kind, crime)
    metrics = _read_metrics(frame)

    def name_code(code: str) -> str:
        is_measure = kind in ("count", "rate", "share")
        return comparison.name_measure(frame.path, code) if is_measure else tell(metrics[code]["name"])  # marked there

    code = layout.choose_option(
        tell("Indicator"), "indicator", tuple(units), default=comparison.FIRST_CHOICES.get(kind), say=name_code,
        boxed=True, width=360, of=f"{kind}.",
    )  # fmt: skip
    unit = units[code][0]
    if len(units[code]) > 1:
        unit = layout.choose_option(tell("Counted in"), "unit", units[code], say=words.unit_name)
    part = ""
    if kind == "share":
        parts = comparison.list_parts(frame.path, crime, code, unit)
        part = layout.choose_option(
            tell("Share of"), "part", parts, default="sex.F",
            say=lambda part: comparison.name_part(frame.path, part), boxed=True, width=300,
        )  # fmt: skip
    return Choice(kind, code, unit, part)


def _read_metrics(frame: layout.Frame) -> dict[str, Row]:
    return {row["metric"]: row for row in queries.read_rows(frame.path, "metrics")}


def _show_map(frame: layout.Frame, areas: Sequence[str]) -> None:
    """Show the territories on a map, folded: each is a link that puts it into the comparison or takes it out.

    A release of earlier software has no outlines.
    """
    rows = queries.read_rows(frame.path, "area_map") if queries.has_table(frame.path, "area_map") else ()
    shapes = {row["area"]: row["outline"] for row in rows if row["outline"]}
    codes = [code for code, _ in frame.territories]
    if not codes or any(code not in shapes for code in codes):
        return
    drawn = []
    for code in codes:
        after_click = [area for area in codes if (area in areas) != (area == code)]
        drawn.append(
            outlines.Outline(
                code,
                frame.area_name(code),
                frame.footnote_mark(code),
                outlines.read_rings(shapes[code]),
                layout.link_with_choices("compare", areas=join_options(after_click or codes)),
                tell("chosen") if code in areas else tell("not chosen"),
                code in areas,
            )
        )
    footnotes = [f"{sign} {text}" for sign, text in frame.name_notes(codes)]
    title = tell("Choose territories on a map")
    spoken = tell("Map of the territories. Choose one to compare it or to leave it out.")
    with st.expander(title):
        picture = charts.render_map(outlines.OutlineMap(title, drawn, footnotes), spoken)
        st.markdown(picture, unsafe_allow_html=True)


def _choose_version(rows: Sequence[Row]) -> str:
    """Show the choice of the version of a ratio, if it has several."""
    offered = comparison.list_versions(rows)
    if not offered:
        return comparison.RECOMMENDED
    return layout.choose_option(tell("Version"), "version", offered, say=lambda code: comparison.VERSIONS[code])


class _Page:
    """The parts of the page, for one indicator and the territories that were chosen."""

    def __init__(self, frame: layout.Frame, crime: str, choice: Choice, areas: Sequence[str]) -> None:
        self.frame, self.crime, self.choice, self.areas = frame, crime, choice, areas
        self.version = comparison.RECOMMENDED
        self.metrics = _read_metrics(frame)
        self.name = comparison.name_indicator(frame.path, choice, self.metrics)
        self.crime_name = queries.read_labels(frame.path, "offence_group")[crime]
        self.coverage = Coverage(frame, list_returns(choice.measure), crime, choice.unit)

    def show_figures(self, headline: st.delta_generator.DeltaGenerator) -> None:
        """Show an indicator that has periods."""
        all_rows = comparison.read_figures(self.frame.path, self.choice, self.crime)
        self.version = _choose_version(all_rows)
        rows = comparison.select_version(all_rows, self.version)
        periods = comparison.group_periods(rows)
        if not periods:
            st.markdown(tell("The release has no figures of this version to compare."))
            return
        windows = self._read_windows()
        opening = regions.choose_opening(windows, periods) if windows else None
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            freq, period = layout.choose_period(
                self.frame, periods, default=opening, of=f"{self.choice.kind}.{self.choice.code}.{self.crime}."
            )
        in_period = comparison.select_period(rows, period)
        with headline:
            layout.quote_sentence(self._compose_sentence(in_period, freq, period), self.frame)
        if self.choice.kind in ("ratio", "rate") and self.version == comparison.RECOMMENDED:
            why = (regions.explain_window(windows), regions.explain_other_window(windows, freq, period))
            if any(why):
                layout.put_small(" ".join(filter(None, why)))
        self._show_dots(in_period, freq, period)
        self._show_table(in_period, freq, period)
        self._show_pairs(freq, period)
        by_year = "A" if freq in ("P3", "P5") and "A" in periods else freq
        if len(periods[by_year]) > 1:
            layout.show_section(lambda: self._show_time(rows, by_year, sorted(periods[by_year])))
        if self.choice.kind == "ratio":
            versions.show_versions(
                self.frame, self.metrics[self.choice.code], self.crime, self.choice.unit, freq, period
            )
        self._show_definition(freq, period)

    # ------------------------------------------------------------------------------------------------- choices

    def _read_windows(self) -> list[Row]:
        """Return the periods in which the indicator can be compared. Those of a count are those of its rate."""
        choice = self.choice
        if choice.kind not in ("count", "rate", "ratio") or not queries.has_table(self.frame.path, "window"):
            return []
        metric = choice.code if choice.kind == "ratio" else "rate"
        rows = queries.read_rows(self.frame.path, "windows", metric, self.crime, choice.unit)
        return [row for row in rows if choice.kind == "ratio" or row["measure"] == choice.measure]

    # ---------------------------------------------------------------------------------------------- one period

    def _compose_sentence(self, in_period: Mapping[str, Row], freq: str, period: str) -> str:
        """Return the sentences to quote: the figure of the region, its coverage, and how many can be compared."""
        frame, row = self.frame, in_period.get(self.frame.region)
        own_rows = [in_period.get(code) for code, _ in frame.territories]
        enough = sum(row is not None and row["value"] is not None and not comparison.is_few(row) for row in own_rows)
        is_covered = row is not None and row["state"] != "withheld"
        digits = comparison.count_digits(self.choice.kind)
        # Counts are not compared, because territories differ in population.
        is_compared = self.choice.kind != "count"
        figure = regions.quote_figure(row, digits) if row is not None else tell(regions.NO_REGION)
        text = tell(
            _SENTENCE,
            name=comparison.name_with_scale(self.name, self.choice, freq),
            period=words.period_words(period),
            crime=lower_first(self.crime_name),
            area=frame.area_name(frame.region),
            figure=figure,
            # A figure that is withheld has no coverage.
            coverage=self.coverage.describe_figure(row) if row is not None and is_covered else "",
            enough=tell(_ENOUGH, n=enough, whole=len(own_rows)) if is_compared else "",
        )
        return text.replace("  ", " ").strip()

    def _title(self, freq: str, *more: str) -> str:
        name = comparison.name_with_scale(self.name, self.choice, freq)
        return ", ".join((name, lower_first(self.crime_name), *more))

    def _show_dots(self, in_period: Mapping[str, Row], freq: str, period: str) -> None:
        # A count of the region is the sum of those of the territories, not a level to compare them with.
        region = in_period.get(self.frame.region) if self.choice.kind != "count" else None
        drawn = intervals.Comparison(
            self._title(freq, words.period_short(period)),
            [self._make_row(code, in_period.get(code)) for code in self.areas],
            comparison.name_scale(self.choice, freq),
            self._make_row(self.frame.region, region) if region is not None else None,
            comparison.count_digits(self.choice.kind),
        )
        picture = charts.draw_comparison(drawn, under=self.frame.lines_under_chart(*self.areas))
        layout.show_panels(self.frame, [picture], about=comparison.name_column(self.choice, freq), key="dots")
        layout.put_small(tell(sentences.WHY_INTERVAL))  # marked in front.sentences

    def _make_row(self, area: str, row: Row | None) -> intervals.Row:
        figure = self._format(row)
        return intervals.Row(self.frame.marked_name(area), figure, is_few=comparison.is_few(row))

    def _format(self, row: Row | None) -> FormattedFigure:
        if row is None and self.version != comparison.RECOMMENDED:
            return versions.format_missing(self.version)
        return versions.add_lag(comparison.format_compared(row, self.choice.kind), row)

    def _show_table(self, in_period: Mapping[str, Row], freq: str, period: str) -> None:
        notes = words.Notes()
        region = in_period.get(self.frame.region)
        lines = []
        if region is not None:
            heading = self.frame.row_heading(self.frame.region)
            lines.append(tables.Line(heading, (self._build_cell(region, notes, self.frame.region),), is_total=True))
            covered = self.coverage.build_cell(region, self.name, notes)
            lines.append(tables.Line(tables.Cell(tell("Territories included")), (covered,)))
        for code in self.areas:
            heading = self.frame.row_heading(code, href=f"territory?territory={code}")
            lines.append(tables.Line(heading, (self._build_cell(in_period.get(code), notes, code),)))
        columns = [comparison.name_column(self.choice, freq)]
        layout.show_table(
            self.frame, self._title(freq, words.period_short(period)), columns, lines, corner=tell("Area"), notes=notes,
            legend=True, coverage=words.join_words(map(self.frame.marked_name, self.areas)),
        )  # fmt: skip

    def _build_cell(self, row: Row | None, notes: words.Notes, area: str, period: str = "") -> tables.Cell:
        """Return a figure as a field, with its notes and the link to its source."""
        figure = self._format(row)
        subject = ", ".join(filter(None, (self.frame.area_name(area), period)))
        if row is None:
            return tables.value_cell(figure, subject)
        marks = indicators.mark_notes(row, notes)
        if rule := row.get("default_rule") if row.get("is_default") and row["value"] is not None else None:
            marks = (*marks, notes.number_note(indicators.RULES[str(rule)]))
        address = comparison.find_address(self.frame.id, self.choice, row)
        return tables.value_cell(figure, subject, marks, address, is_few=comparison.is_few(row))

    # --------------------------------------------------------------------------------------------- differences

    def _show_pairs(self, freq: str, period: str) -> None:
        """Show which of the chosen territories differ clearly, by the simultaneous tests of the release."""
        st.header(tell("Is the difference real?"), anchor=False)
        choice = self.choice
        if choice.kind not in comparison.TESTED_KINDS:
            st.markdown(tell(_NO_TEST_OF_COUNTS if choice.kind == "count" else NO_TEST))  # marked above and there
            return
        if self.version != comparison.RECOMMENDED:
            st.markdown(tell(_OTHER_VERSION))
            return
        if len(self.areas) < 2:
            st.markdown(tell("Choose at least two territories."))
            return
        metric = choice.code if choice.kind == "ratio" else choice.kind
        family = queries.read_rows(self.frame.path, "pairs", metric, freq, period, self.crime, choice.unit)
        pairs = comparison.select_pairs(family, choice, self.areas)
        if not pairs:
            st.markdown(tell("No two territories have figures of this kind."))
            return
        names = {code: self.frame.marked_name(code) for code, _ in self.frame.territories}
        st.markdown(indicators.describe_pairs(pairs))
        if len(pairs) <= _FEW_PAIRS:
            layout.put_html(_list_pairs(pairs, names))
        else:
            layout.put_html(_list_pairs([row for row in pairs if row["verdict"] in indicators.APART], names))
            with st.expander(tell("Every pair in words")):
                layout.put_html(_list_pairs(pairs, names))
        if choice.kind != "share":
            self._show_spread(metric, freq, period)

    def _show_spread(self, metric: str, freq: str, period: str) -> None:
        """Show the median and the range of all territories that have a figure."""
        rows = queries.read_rows(self.frame.path, "region_range", metric, freq, period, self.crime, self.choice.unit)
        for row in rows:
            if self.choice.kind == "rate" and row["measure"] != self.choice.measure:
                continue
            subject = tell("this rate") if self.choice.kind == "rate" else tell("this ratio")
            if row.get("version") == "same_period":
                subject = tell("this ratio, both counts of the same period")
            text = regions.describe_range(row, subject, comparison.count_digits(self.choice.kind))
            is_whole = row["n"] >= len(self.frame.territories)
            st.markdown(text if is_whole else f"{text} {tell(regions.NOT_BORROWED)}")

    # ------------------------------------------------------------------------------------------------ over time

    def _show_time(self, rows: Sequence[Row], freq: str, periods: Sequence[str]) -> None:
        """Show one area over time with its breaks, the chosen territories on one scale, and all of it as a table."""
        st.header(tell("Over time"), anchor=False)
        frame = self.frame
        of_freq = [row for row in rows if row["freq"] == freq]
        by_area = {area: [row for row in of_freq if row["area"] == area] for area in (frame.region, *self.areas)}
        with_figures = [area for area, of_area in by_area.items() if any(row["value"] is not None for row in of_area)]
        if not with_figures:
            st.markdown(tell("None of the chosen territories has a figure over time."))
            return
        area = layout.choose_option(
            tell("Trend of"),
            "trend",
            with_figures,
            default=with_figures[0],
            say=frame.marked_name,
            boxed=True,
            width=260,
        )
        under = self.frame.lines_under_chart(*self.areas)
        trend = charts.draw_trend(
            self._make_series(f"{frame.marked_name(area)}: {lower_first(self._title(freq))}", by_area, area, periods),
            under=under,
        )
        panels = [self._make_series(frame.marked_name(code), by_area, code, periods) for code in self.areas]
        multiples = charts.draw_multiples(
            tell("{title}: all on one scale", title=self._title(freq)), panels, under=under
        )
        layout.show_panels(frame, [trend, multiples], about=comparison.name_column(self.choice, freq), key="time")
        layout.put_small(charts.explain_series())
        with st.expander(tell("All periods as a table")):
            self._show_periods(by_area, freq, periods)

    def _make_series(
        self, title: str, by_area: Mapping[str, Sequence[Row]], area: str, periods: Sequence[str]
    ) -> series.Series:
        is_region = area == self.frame.region
        rows = list(by_area[area])
        if self.version == comparison.RECOMMENDED:
            present = {row["period"] for row in rows}
            rows += [comparison.make_absent(area, period) for period in periods if period not in present]
        return from_rows.make_series(
            title,
            rows,
            breaks=self._find_breaks(area, by_area[area]),
            periods=periods,
            territories=len(self.frame.territories) if is_region else 0,
            digits=comparison.count_digits(self.choice.kind),
        )

    def _find_breaks(self, area: str, rows: Sequence[Row]) -> list[Row]:
        """Return the breaks of an indicator: of its measure, or of both counts of a ratio. Those of the region are the
        breaks of the territories in it."""
        members = {code for row in rows for code in str(row["reporters"] or "").split(",") if code}
        territories = members if area == self.frame.region else {area}
        codes = [code for territory in territories for code in (territory, *self.frame.list_jurisdictions(territory))]
        all_breaks = queries.find_breaks(self.frame.path, sorted(codes), self.crime)
        if self.choice.measure:
            return changes.select_breaks(all_breaks, self.choice.measure, self.choice.level)
        operands = queries.read_rows(self.frame.path, "metric_operands", self.choice.code)
        sides = {(row["measure"], row["level"]) for row in operands}
        by_row = {id(row): row for side in sides for row in changes.select_breaks(all_breaks, *side)}
        return list(by_row.values())

    def _show_periods(self, by_area: Mapping[str, Sequence[Row]], freq: str, periods: Sequence[str]) -> None:
        """Show the figures of all periods, the newest first, one column for each area."""
        notes = words.Notes()
        at = {(row["area"], row["period"]): row for of_area in by_area.values() for row in of_area}
        lines = []
        for period in reversed(periods):
            name = words.period_short(period)
            cells = tuple(self._build_cell(at.get((area, period)), notes, area, name) for area in by_area)
            lines.append(tables.Line(tables.Cell(name), cells))
        columns = [self.frame.marked_name(area) for area in by_area]
        corner = tell("Quarter") if freq == "Q" else tell("Year")
        title = tell("{title}, with 95% confidence intervals", title=self._title(freq))
        coverage = words.join_words(map(self.frame.marked_name, by_area))
        layout.show_table(self.frame, title, columns, lines, corner=corner, notes=notes, coverage=coverage)

    # ---------------------------------------------------------------------------------------------- definition

    def _show_definition(self, freq: str, period: str) -> None:
        """Show what the indicator is, and how each territory counts what is in it."""
        choice, frame = self.choice, self.frame
        if choice.measure:
            cards.show_cards_of_levels(frame, {choice.level}, freq, period, choice.unit)
            return
        about = self.metrics[choice.code]
        formula = indicators.format_formula(str(about["formula"]), queries.read_labels(frame.path, "measure"))
        facts = [(tell("What it is"), tell(about["definition"])), (tell("Formula"), formula)]  # marked where declared
        layout.put_html(tables.render_facts(facts))
        cards.show_cards_of_metric(frame, choice.code, freq, period, choice.unit)


def _list_pairs(rows: Sequence[Row], names: Mapping[str, str]) -> str:
    """Return pairs in words as a list."""
    items = "".join(f"<li>{escape(indicators.describe_pair(row, names))}</li>" for row in rows)
    return f"<ul>{items}</ul>" if items else ""
