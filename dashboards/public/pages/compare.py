"""Compare any territories by any indicator: in one period, with tests of their differences, and over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboards.public import choices, comparison, layout, queries, tables
from dashboards.public.comparison import Choice
from dashboards.public.pages import cards, sentence_lengths, versions
from dashboards.public.pages.compared import Compared
from dashboards.public.pages.compared_changes import show_changes
from dashboards.public.pages.compared_map import show_map
from dashboards.public.pages.compared_pairs import show_pairs
from dashboards.public.pages.compared_period import show_dots, show_sentence, show_table
from dashboards.public.pages.compared_times import show_medians, show_times
from dashboards.public.pages.compared_trends import show_time
from dashboards.public.pages.record_tables import read_scope
from dashboards.public.selection import read_selection
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import Row, indicators, regions
from pipelines.words.language import lower_first, tell


def render_page() -> None:
    """Render the page "Compare"."""
    frame = layout.begin_page(
        mark("Compare territories"),
        mark(
            "Any indicator, for any territories and period, with its 95% confidence interval. The order of territories "
            "is not a ranking."
        ),
    )
    headline = st.container()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        crime = choices.choose_crime(frame)
        kinds = comparison.list_kinds(frame.path, crime)
        if kinds:
            choice = _choose_indicator(frame, crime, kinds)
    if not kinds:
        crime_name = lower_first(queries.read_labels(frame.path, "offence_group")[crime])
        layout.put_text(tell("The release has no figures of {crime} to compare.", crime=crime_name))
        layout.end_page(frame, is_linked=False)
        return
    areas = choices.choose_options(
        tell("Territories"), "areas", [code for code, _ in frame.territories], say=frame.marked_name
    )
    place_of_map = st.container()
    if choice.kind == "duration":
        with headline:
            show_medians(frame, crime, choice, tuple(areas))
        show_times(frame, crime, choice, tuple(areas))
    elif choice.kind == "sentence":
        _show_sentences(frame, crime, choice.code, areas, headline)
    else:
        _show_figures(frame, crime, choice, tuple(areas), headline)
    with place_of_map:
        # Filled last, since its links have all choices of this run.
        show_map(frame, areas)
    layout.end_page(frame)


def _choose_indicator(frame: layout.Frame, crime: str, kinds: Sequence[str]) -> Choice:
    """Show the choices of one indicator: kind, indicator, count unit if there are several, and the part of a share."""
    kind = choices.choose_option(
        tell("Kind"), "kind", kinds, default=comparison.DEFAULT_KIND, say=lambda code: comparison.KINDS[code]
    )
    units = comparison.list_codes(frame.path, kind, crime)
    if kind == "sentence":
        # Remembered with the decisions of the other pages.
        track = choices.choose_option(tell("Decisions"), "decisions", tuple(units), say=lambda code: words.TRACKS[code])
        return Choice(kind, track)
    metrics = comparison.read_metrics(frame.path)

    def name_code(code: str) -> str:
        is_measure = kind in ("count", "rate", "share")
        return comparison.name_measure(frame.path, code) if is_measure else tell(metrics[code]["name"])  # marked there

    code = choices.choose_option(
        tell("Indicator"), "indicator", tuple(units), default=comparison.FIRST_CHOICES.get(kind), say=name_code,
        boxed=True, width=520, of=f"{kind}.",
    )  # fmt: skip
    unit = units[code][0]
    if len(units[code]) > 1:
        unit = choices.choose_option(tell("Unit"), "unit", units[code], say=words.unit_name)
    part = ""
    if kind == "share":
        parts = comparison.list_parts(frame.path, crime, code, unit)
        part = choices.choose_option(
            tell("Share of"), "part", parts, default="sex.F",
            say=lambda part: comparison.name_part(frame.path, part), boxed=True, width=300,
        )  # fmt: skip
    return Choice(kind, code, unit, part)


def _choose_version(rows: Sequence[Row], freq: str) -> str:
    """Show the choice of the version of a ratio, if it has several; their names are those in the table of `freq`."""
    offered = comparison.list_versions(rows)
    if not offered:
        return comparison.RECOMMENDED
    return choices.choose_option(
        tell("Version"), "version", offered, say=lambda code: comparison.name_version(code, freq)
    )


def _show_sentences(
    frame: layout.Frame,
    crime: str,
    track: str,
    areas: Sequence[str],
    headline: st.delta_generator.DeltaGenerator,
) -> None:
    """Show the quartiles of sentences on the legal range of each chosen territory, and of its parts with records."""
    scope = read_scope(frame, crime, areas)
    year = sentence_lengths.choose_year(frame, crime, track)
    with headline:
        sentence_lengths.quote_lengths(frame, scope, track, year)
    sentence_lengths.show_lengths(frame, scope, track, year)


def _show_figures(
    frame: layout.Frame,
    crime: str,
    choice: Choice,
    areas: tuple[str, ...],
    headline: st.delta_generator.DeltaGenerator,
) -> None:
    """Show an indicator that has periods."""
    all_rows = comparison.read_figures(frame.path, choice, crime)
    windows, of = _read_windows(frame, crime, choice), f"{choice.kind}.{choice.code}.{crime}."
    all_periods = comparison.group_periods(all_rows)
    first_freq, _ = _choose_opening(windows, all_periods) or (next(iter(all_periods), "A"), "")
    version = _choose_version(all_rows, read_selection().foresee_option("freq", first_freq, of=of))
    compared = Compared(frame, crime, choice, areas, version, comparison.select_version(all_rows, version))
    periods = comparison.group_periods(compared.rows)
    if not periods:
        layout.put_text(tell("The release has no figures of this version to compare."))
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        freq, period = choices.choose_period(frame, periods, default=_choose_opening(windows, periods), of=of)
    with headline:
        show_sentence(frame, compared, freq, period)
    if choice.kind in ("ratio", "rate") and version == comparison.RECOMMENDED:
        is_share = choice.kind == "ratio" and compared.basis == "share"
        why = (regions.explain_window(windows, is_share=is_share), regions.explain_other_window(windows, freq, period))
        if any(why):
            layout.put_small(" ".join(filter(None, why)))
    # Drawn after the table: a browser takes longer for the picture, and a reader waits for the figures.
    place_of_dots = st.container()
    show_table(frame, compared, freq, period)
    with place_of_dots:
        show_dots(frame, compared, freq, period)
    show_pairs(frame, compared, freq, period)
    by_year = "A" if freq in ("P3", "P5") and "A" in periods else freq
    if len(periods[by_year]) > 1:
        in_order = tuple(sorted(periods[by_year]))
        layout.show_section(lambda: show_time(compared, by_year, in_order))
        layout.show_section(lambda: show_changes(compared, by_year, in_order))
    if choice.kind == "ratio":
        versions.show_versions(frame, choice.code, crime, choice.unit, freq, period)
    _show_definition(frame, compared, freq, period)


def _choose_opening(windows: Sequence[Row], periods: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return the frequency and the period in which the page opens; None without periods that can be compared."""
    return regions.choose_opening(windows, periods) if windows else None


def _read_windows(frame: layout.Frame, crime: str, choice: Choice) -> list[Row]:
    """Return the periods in which the indicator can be compared. Those of a count are those of its rate."""
    if choice.kind not in ("count", "rate", "ratio") or not queries.has_table(frame.path, "window"):
        return []
    metric = choice.code if choice.kind == "ratio" else "rate"
    rows = queries.read_rows(frame.path, "windows", metric, crime, choice.unit)
    return [row for row in rows if choice.kind == "ratio" or row["measure"] == choice.measure]


@layout.keep_part
def _show_definition(frame: layout.Frame, compared: Compared, freq: str, period: str) -> None:
    """Show what the indicator is, and how each territory counts what is in it."""
    choice = compared.choice
    if choice.measure:
        cards.show_cards_of_levels(frame, frozenset({choice.level}), freq, period, choice.unit)
        return
    about = comparison.read_metrics(frame.path)[choice.code]
    formula = indicators.format_formula(str(about["formula"]), queries.read_labels(frame.path, "measure"))
    facts = [(tell("What it is"), tell(about["definition"])), (tell("Formula"), formula)]  # marked where declared
    layout.put_html(tables.render_facts(facts))
    cards.show_cards_of_metric(frame, choice.code, freq, period, choice.unit)
