"""Show one ratio between stages in its three versions, with ranges, for each territory and the region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

import streamlit as st

from dashboards.public import layout, queries, tables
from dashboards.public.pages import cards
from dashboards.public.pages.reporting import STAGES, Coverage
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import durations, indicators, regions
from pipelines.words.language import lower_first, many, tell

Row = Mapping[str, Any]
_READ = mark(
    "Brackets show the 95% confidence interval. Where one of the two counts is under {enough}, chance alone can change "
    "the ratio a lot, so the ratio is not compared with others."
)


def render_page() -> None:
    """Render the page "Conviction and other ratios"."""
    frame = layout.begin_page(
        mark("Conviction and other ratios"),
        mark("How many people at one stage there are for each 100 at an earlier one, and how certain that is."),
    )
    if not queries.has_table(frame.path, "stage_ratio"):
        st.info(tell("This release was made before ratios were published; the next one has them."))
        layout.end_page(frame, is_linked=False)
        return
    headline = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        crime = layout.choose_crime(frame)
        metrics = {row["metric"]: row for row in queries.read_rows(frame.path, "ratio_metrics", crime)}
        if not metrics:
            crime_name = queries.read_labels(frame.path, "offence_group")[crime]
            st.markdown(tell("This release has no ratios for {crime}.", crime=lower_first(crime_name)))
            layout.end_page(frame, is_linked=False)
            return
        first = "convicted_first_per_adjudicated_first"
        metric = layout.choose_option(
            tell("Ratio"),
            "ratio",
            tuple(metrics),
            default=first,
            say=lambda code: tell(metrics[code]["name"]),  # marked where declared
            boxed=True,
            width=340,
        )
        units = tuple(r["count_unit"] for r in queries.read_rows(frame.path, "ratio_units", metric, crime))
        unit = (
            layout.choose_option(tell("Counted in"), "unit", units, say=words.unit_name) if len(units) > 1 else units[0]
        )
        windows = (
            queries.read_rows(frame.path, "windows", metric, crime, unit)
            if queries.has_table(frame.path, "window")
            else ()
        )
        opens = regions.default_window(windows)
        freq, period = layout.choose_period(
            frame,
            queries.ratio_periods(frame.path, metric, crime),
            default=(opens["freq"], opens["period"]) if opens else None,
            of=f"{metric}.{crime}.",
        )
    about = metrics[metric]
    name = tell(about["name"])  # marked where declared
    rows = queries.read_rows(frame.path, "ratios", metric, freq, period, crime, unit)
    by_area: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_area.setdefault(row["area"], {})[row["version"]] = row
    crime_name = queries.read_labels(frame.path, "offence_group")[crime]
    coverage = Coverage(frame, STAGES, crime, unit)
    with headline:
        layout.quote_sentence(_compose_sentence(frame, by_area, name, period, crime_name, coverage), frame)
    why = " ".join(filter(None, (regions.explain_window(windows), regions.explain_other_window(windows, freq, period))))
    layout.put_html(f'<p class="rti-small">{escape(why)}</p>' if why else "")
    notes = words.Notes()
    versions = [code for code in indicators.VERSIONS if any(code in those for those in by_area.values())]
    caption = f"{name}. {crime_name}, {words.period_short(period)}, {words.unit_name(unit)}"
    codes = [frame.region, *(code for code, _ in frame.territories)]
    lines = [_ratio_line(frame, code, by_area.get(code, {}), versions, notes) for code in codes]
    region_rows = by_area.get(frame.region, {})
    covered = tuple(
        coverage.build_cell(region_rows.get(code), indicators.VERSIONS[code], notes)
        if code in region_rows
        else tables.Cell("", tell("{subject}: none", subject=indicators.VERSIONS[code]), kind="note")
        for code in versions
    )
    lines.insert(1, tables.Line(tables.Cell(tell("Territories included")), covered))
    headings = [indicators.VERSIONS[code] for code in versions]
    layout.show_table(
        frame, caption, headings, lines, corner=tell("Area"), notes=notes, legend=True,
        coverage=coverage.name_territories([(indicators.VERSIONS[code], region_rows.get(code)) for code in versions]),
    )  # fmt: skip
    st.markdown(tell(_READ, enough=ENOUGH_EVENTS))
    sentences = [
        (indicators.VERSIONS[code], indicators.describe_version(code, is_nested=about["is_nested"]))
        for code in versions
    ]
    layout.put_html(
        tables.render_facts(
            [
                (tell("What it is"), tell(about["definition"])),  # marked where declared
                (
                    tell("Formula"),
                    indicators.format_formula(str(about["formula"]), queries.read_labels(frame.path, "measure")),
                ),
                *sentences,
            ]
        ),
    )
    _show_comparison(frame, metric, freq, period, crime, unit)
    cards.show_cards_of_metric(frame, about["metric"], freq, period, unit)
    layout.end_page(frame)


_SENTENCE = mark("{area}, {period}, {crime}. {name}: {figure}. {coverage} {enough}")
_ENOUGH = mark("{n} of {whole} territories have enough to be compared.")


def _compose_sentence(
    frame: layout.Frame,
    by_area: Mapping[str, Mapping[str, Row]],
    name: str,
    period: str,
    crime: str,
    coverage: Coverage,
) -> str:
    """Return the sentences to quote: the region's ratio, its coverage, and how many territories have enough."""
    territories = [_default_version(by_area.get(code, {})) for code, _ in frame.territories]
    enough = sum(row is not None and row["state"] == "enough" for row in territories)
    region_row = _default_version(by_area.get(frame.region, {}))
    sentences = tell(
        _SENTENCE,
        name=name,
        period=words.period_words(period),
        crime=lower_first(crime),
        area=frame.area_name(frame.region),
        figure=regions.quote_figure(region_row),
        # A figure that is withheld has no coverage.
        coverage=coverage.describe_figure(region_row) if region_row and region_row["state"] != "withheld" else "",
        enough=tell(_ENOUGH, n=enough, whole=len(territories)),
    )
    return sentences.replace("  ", " ").strip()


def _default_version(versions: Mapping[str, Row]) -> Row | None:
    """Return the default version for the area; if there is none, that of the same period."""
    return next((row for row in versions.values() if row["is_default"]), versions.get("same_period"))


def _ratio_line(
    frame: layout.Frame, area: str, those: Mapping[str, Row], versions: Sequence[str], notes: words.Notes
) -> tables.Line:
    heading = frame.row_heading(area, href="" if area == frame.region else f"territory?territory={area}")
    cells = []
    for version in versions:
        row = those.get(version)
        figure = indicators.format_figure(row)
        if row is None and version != "same_period":
            # Nothing was requested and nothing is missing: without records the figure cannot be calculated.
            figure = replace(durations.format_no_records(), kind="note")
        marks = () if row is None else indicators.mark_notes(row, notes)
        is_few = row is not None and row["state"] == "too_few" and figure.kind == "value"
        if row is not None and figure.kind == "value":
            if version == "lagged" and row["lag"]:
                figure = replace(
                    figure,
                    text=_describe_lag(figure.text, row["lag"], row["freq"]),
                    spoken=_describe_lag(figure.spoken, row["lag"], row["freq"]),
                )
            if row["is_default"]:
                marks = (*marks, notes.number_note(indicators.RULES[str(row["default_rule"])]))
        label = f"{frame.area_name(area)}, {indicators.VERSIONS[version]}"
        href = "" if row is None else tables.indicator_address("stage_ratio", row)
        cells.append(tables.value_cell(figure, label, marks, href, is_few=is_few))
    return tables.Line(heading, tuple(cells), is_total=area == frame.region)


def _describe_lag(figure: str, lag: float, freq: str) -> str:
    """Add to a figure how many periods earlier its denominator is."""
    if freq == "Q":
        return many("{figure}, over {n} quarter before", "{figure}, over {n} quarters before", lag, figure=figure)
    return many("{figure}, over {n} year before", "{figure}, over {n} years before", lag, figure=figure)


def _show_comparison(frame: layout.Frame, metric: str, freq: str, period: str, crime: str, unit: str) -> None:
    """Show which territories differ significantly, and the range over those that have a figure."""
    pairs = queries.read_rows(frame.path, "pairs", metric, freq, period, crime, unit)
    st.header(tell("Which differences are statistically clear"), anchor=False)
    if not pairs:
        st.markdown(tell("No two territories have figures of this kind."))
        return
    names = {code: frame.marked_name(code) for code, _ in frame.territories}
    st.markdown(indicators.describe_pairs(pairs))
    apart = [row for row in pairs if row["verdict"] in ("higher", "lower")]
    layout.put_html(_listed(apart, names))
    with st.expander(tell("Every pair in words")):
        layout.put_html(_listed(pairs, names))
    for row in queries.read_rows(frame.path, "region_range", metric, freq, period, crime, unit):
        subject = tell("this ratio")
        if row.get("version") == "same_period":
            subject = tell("this ratio, both counts of the same period")
        range_sentence = regions.describe_range(row, subject)
        st.markdown(f"{range_sentence} {tell(regions.NOT_BORROWED)}" if row["n"] < len(names) else range_sentence)


def _listed(rows: Sequence[Row], names: Mapping[str, str]) -> str:
    items = "".join(f"<li>{escape(indicators.describe_pair(row, names))}</li>" for row in rows)
    return f"<ul>{items}</ul>" if items else ""
