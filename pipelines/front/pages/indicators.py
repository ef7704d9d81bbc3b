"""Compose the pages of indicators: definition, formula, source, notes, data and citation of each."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front import pages, pictures, sentences
from pipelines.front.edition import CONVICTED
from pipelines.front.pages import Page, changes
from pipelines.front.pages.clearance import compose_clearance
from pipelines.front.pages.durations import compose_duration
from pipelines.front.pages.facts import explain_formula, link_same_formula, list_facts
from pipelines.front.pages.fields import rate_field, ratio_field, regional_field
from pipelines.front.pages.home import compose_ratios, describe_pairs, explain_region_version
from pipelines.front.pages.periods import choose_ratio_period, explain_period
from pipelines.front.queries import CRIMES, STAGES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, describe_basis, translate_text
from pipelines.statistics.change import Kind
from pipelines.words import language, regions
from pipelines.words.language import tell

_YEARS = 6
"""Years in the tables, the newest."""
MEASURES = tuple(dict.fromkeys(stage for track in STAGES.values() for stage in track))
"""Stages that have a page of their own, with counts and rates."""
_LEVELS = ("investigation", "prosecution", "report_to_court", "first", "appeal", "proceedings")
"""Ends of the names of indicators of one level, in the course of proceedings."""
_NESTED = mark("Both counts are of the same period. Everyone in the first is also in the second.")
_NOT_NESTED = mark(
    "The two counts are of different people, so the ratio can be over 100. It does not follow anyone through the "
    "proceedings."
)
_COUNT = mark("Persons who reached this stage in the year, as the offices reported them.")
_RATE = mark(
    "Persons per 100,000 inhabitants in the year. The region's rate uses the population of the territories included."
)
_COUNTS_BY_YEAR = mark("Persons by year, those of the region with 95% confidence intervals")
_RATES_BY_YEAR = mark("Per 100,000 inhabitants by year, with 95% confidence intervals")
_RATIOS_BY_YEAR = mark("By year, per 100, with 95% confidence intervals")


def list_indicators(reader: Reader, crime: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the indicators of a crime in groups: title, and the name and file of each."""
    ratios = [
        (reader.metric_name(metric), pages.name_indicator_file(metric, crime))
        for metric in sorted(reader.edition.list_ratio_metrics(crime), key=_order_ratio)
    ]
    counts = [
        (reader.find_label("measure", measure), pages.name_indicator_file(measure, crime))
        for measure in MEASURES
        if reader.edition.counting.get((crime, measure))
    ]
    durations = [
        (reader.metric_name(metric), pages.name_indicator_file(metric, crime))
        for metric in sorted(reader.edition.list_duration_metrics(crime), key=_order_level)
    ]
    clearances = [
        (reader.metric_name(metric), pages.name_indicator_file(metric, crime))
        for metric in sorted(reader.edition.list_clearance_metrics(crime), key=_order_level)
    ]
    groups = [
        (tell("Persons at each stage"), counts),
        (tell("Ratios between stages, per 100"), ratios),
        (tell("Clearance rates: resolved per 100 incoming"), clearances),
        (tell("How long cases take"), durations),
    ]
    return [(title, entries) for title, entries in groups if entries]


def _order_ratio(metric: str) -> tuple[int, int]:
    """Return the place of a ratio such as `convicted_first_per_indicted`: by its later, then by its earlier stage."""
    later, _, earlier = metric.partition("_per_")
    return MEASURES.index(later), MEASURES.index(earlier)


def _order_level(metric: str) -> int:
    """Return the place of an indicator of one level, such as `clearance_rate_first`, in the course of proceedings."""
    return next(place for place, level in enumerate(_LEVELS) if metric.endswith(level))


def compose_index(reader: Reader, crime: str) -> Page:
    """Return the list of all indicators of one crime."""
    edition = reader.edition
    crime_name = reader.find_label("offence_group", crime)
    title = tell("Indicators: {crime}", crime=language.lower_first(crime_name))
    files = {code: pages.name_file(pages.INDICATORS, code) for code in CRIMES if edition.has_crime(code)}
    return Page(
        files[crime],
        "indicators.html",
        pages.INDICATORS,
        title,
        title,
        lead=tell("Each indicator has a page with its definition, formula, source, notes and figures."),
        views=pages.list_views(reader, files, crime),
        values={
            "groups": list_indicators(reader, crime),
            "others": [
                (tell("Durations and sentences"), reader.link_to_explorer("durations", crime=crime)),
                *([_link_victims(reader, crime)] if edition.list_victim_years(crime) else []),
            ],
        },
        crime=crime,
    )


def _link_victims(reader: Reader, crime: str) -> tuple[str, str]:
    return tell("Detected victims"), reader.link_to_explorer("victims", crime=crime)


def compose_indicators(reader: Reader, crime: str) -> list[Page]:
    """Return the page of each indicator of one crime."""
    edition = reader.edition
    counts = [_compose_count(reader, crime, m) for m in MEASURES if edition.counting.get((crime, m))]
    ratios = [_compose_ratio(reader, crime, metric) for metric in edition.list_ratio_metrics(crime)]
    clearances = [compose_clearance(reader, crime, metric) for metric in edition.list_clearance_metrics(crime)]
    durations = [compose_duration(reader, crime, metric) for metric in edition.list_duration_metrics(crime)]
    return [*counts, *ratios, *clearances, *durations]


def _compose_ratio(reader: Reader, crime: str, metric: str) -> Page:
    """Return the page of a ratio between two stages."""
    edition = reader.edition
    about = edition.metrics[metric]
    name, crime_name = reader.metric_name(metric), reader.find_label("offence_group", crime)
    period = choose_ratio_period(reader, crime, metric)
    row = edition.find_ratios(metric, crime, period).get(edition.region)
    files = {c: pages.name_indicator_file(metric, c) for c in CRIMES if metric in edition.list_ratio_metrics(c)}
    years = [*edition.list_ratio_years(metric, crime)[-_YEARS:], period]
    regional = {year: edition.find_ratios(metric, crime, year).get(edition.region) for year in years[:-1]}
    about_version = tell(_NESTED) if about["is_nested"] else tell(_NOT_NESTED)
    region = sentences.describe_region(reader, crime, period, row, name)
    return Page(
        files[crime],
        "indicator.html",
        pages.INDICATORS,
        f"{name}: {language.lower_first(crime_name)}",
        region.headline,
        pages.cite_regional(reader, regional),
        views=pages.list_views(reader, files, crime),
        values={
            "headline": region.headline,
            "cover": f"{region.note} {sentences.name_regional_years(row, regional)}".strip(),
            "why_period": explain_period(reader, metric, crime, period, is_covered=regions.is_refused(row)),
            "picture": pictures.draw_ratios(reader, crime, metric),
            "tables": [compose_ratios(reader, crime, metric), _compose_ratio_years(reader, crime, metric)],
            **_compose_ratio_changes(reader, crime, metric),
            "pairs": describe_pairs(reader, crime, metric),
            "cautions": [
                tell(sentences.NO_RANKING),
                "" if about["is_nested"] else tell(sentences.NO_FUNNEL),
                tell(sentences.WHY_INTERVAL),
            ],
            "facts": list_facts(
                reader,
                about,
                what=about_version,
                formula=explain_formula(reader, about, crime),
                others=link_same_formula(reader, about, crime),
                figures=[row for year in years for row in edition.find_ratios(metric, crime, year).values()],
            ),
            "explore": reader.link_to_explorer("compare", crime=crime, kind="ratio", indicator=metric),
        },
        crime=crime,
    )


def _compose_ratio_years(reader: Reader, crime: str, metric: str) -> FigureTable:
    """Return a ratio by year, for the region and each territory."""
    edition = reader.edition
    years = edition.list_ratio_years(metric, crime)[-_YEARS:]
    by_year = [edition.find_ratios(metric, crime, year) for year in years]
    caption = pages.name_table(reader, reader.metric_name(metric), crime, tell(_RATIOS_BY_YEAR))
    table = FigureTable(reader, caption, tell("Area"), years, name="years")
    for code in (edition.region, *edition.territories):
        caution = explain_region_version(reader, by_year) if code == edition.region else ""
        of_area = [ratios.get(code) for ratios in by_year]
        notes = [describe_basis(of_area), reader.describe_ratio_cuts(code, crime, of_area)]
        heading = table.name_area(code, notes=notes, caution=caution)
        fields = [ratio_field(table, row) for row in of_area]
        table.add_row(heading, fields, is_total=code == edition.region)
        if code == edition.region:
            table.add_cover_row(of_area)
    return table


def _compose_ratio_changes(reader: Reader, crime: str, metric: str) -> changes.TestedChanges:
    """Return whether a ratio changed, for the region and each territory."""
    edition = reader.edition
    span = changes.choose_span(edition.list_ratio_years(metric, crime))
    kind: Kind = "part" if edition.metrics[metric]["is_nested"] else "ratio"

    def judge_areas(table: FigureTable, span: changes.Span) -> list[changes.TestedLine]:
        return changes.judge_ratios(table, crime, [edition.find_ratios(metric, crime, year) for year in span], kind)

    name = reader.metric_name(metric)
    caption = f"{name}, {reader.name_crime(crime)}"
    return changes.compose_region(reader, crime, name, caption, span, judge_areas)


def _compose_count_changes(
    reader: Reader, crime: str, measure: str, years: Sequence[str], year: str
) -> changes.TestedChanges:
    """Return whether the persons at a stage and their rate changed, for the region and each territory."""
    span = changes.choose_span(years, year)
    name = reader.find_label("measure", measure)
    counts = changes.compose_region(
        reader,
        crime,
        _name_counted(name),
        pages.name_table(reader, name, crime, tell("Persons")),
        span,
        lambda table, span: changes.judge_counts(table, crime, measure, span),
        is_count=True,
    )
    if span is None:
        return counts
    if measure == CONVICTED:
        changes.add_remarks(counts["changes"][0], changes.explain_span(years, span))
    per = language.upper_first(tell("per 100,000 inhabitants"))
    caption = pages.name_table(reader, name, crime, per)
    rates = changes.make_table(reader, caption, span, "rate-changes")
    changes.add_lines(rates, changes.judge_rates(rates, crime, measure, span), "")
    return {**counts, "changes": [*counts["changes"], rates]}


def _name_counted(name: str) -> str:
    """Return the name of a stage with its unit."""
    return f"{name}, {words.unit_name('person')}"


def _compose_count(reader: Reader, crime: str, measure: str) -> Page:
    """Return the page of one stage: persons and rates by year."""
    edition = reader.edition
    name, crime_name = reader.find_label("measure", measure), reader.find_label("offence_group", crime)
    years = edition.list_periods(crime, "A")[-_YEARS:]
    year = edition.choose_year(crime)
    regional = {each: edition.find_total(crime, measure, edition.region, each) for each in years}
    row = edition.find_total(crime, measure, edition.region, year)
    files = {c: pages.name_indicator_file(measure, c) for c in CRIMES if edition.counting.get((c, measure))}
    counted = _name_counted(name)
    region = sentences.describe_region(reader, crime, year, row, counted)
    about_count = edition.metrics["count"]
    return Page(
        files[crime],
        "indicator.html",
        pages.INDICATORS,
        f"{name}: {language.lower_first(crime_name)}",
        region.headline,
        pages.cite_regional(reader, regional),
        views=pages.list_views(reader, files, crime),
        values={
            "headline": region.headline,
            "cover": f"{region.note} {sentences.name_regional_years(row, regional)}".strip(),
            "why_period": "",
            "picture": pictures.draw_trend(reader, crime, measure, edition.region),
            "tables": [
                _compose_count_years(reader, crime, measure, years),
                _compose_rate_years(reader, crime, measure, years),
            ],
            **_compose_count_changes(reader, crime, measure, years, year),
            "pairs": "",
            "cautions": [tell(sentences.NO_RANKING), tell(sentences.NO_FUNNEL), tell(sentences.WHY_INTERVAL)],
            "facts": list_facts(
                reader,
                about_count,
                what=tell(_COUNT),
                definition=translate_text(reader, reader.find_definition("measure", measure)),
                others=[(tell("Rate"), tell(_RATE))],
                method=str(edition.metrics["rate"]["source"]),
                figures=[
                    edition.find_total(crime, measure, code, year)
                    for code in (edition.region, *edition.territories)
                    for year in years
                ],
            ),
            "explore": reader.link_to_explorer("region", crime=crime),
        },
        crime=crime,
    )


def _compose_count_years(reader: Reader, crime: str, measure: str, years: Sequence[str]) -> FigureTable:
    edition = reader.edition
    caption = pages.name_table(reader, reader.find_label("measure", measure), crime, tell(_COUNTS_BY_YEAR))
    table = FigureTable(reader, caption, tell("Area"), years, name="counts")
    regional = [edition.find_total(crime, measure, edition.region, year) for year in years]
    fields = [regional_field(table, row, has_interval=True) for row in regional]
    note = reader.describe_cuts(edition.region, crime, years, regional)
    table.add_row(table.name_area(edition.region, notes=[note]), fields, is_total=True)
    table.add_cover_row(regional)
    for code in edition.territories:
        cells = [edition.find_total(crime, measure, code, year) for year in years]
        note = reader.describe_cuts(code, crime, years, cells)
        table.add_row(table.name_area(code, notes=[note]), [table.count_field(cell) for cell in cells])
    return table


def _compose_rate_years(reader: Reader, crime: str, measure: str, years: Sequence[str]) -> FigureTable:
    edition = reader.edition
    caption = pages.name_table(reader, reader.find_label("measure", measure), crime, tell(_RATES_BY_YEAR))
    table = FigureTable(reader, caption, tell("Area"), years, name="rates")
    for code in (edition.region, *edition.territories):
        cells = [edition.find_total(crime, measure, code, year) for year in years]
        note = reader.describe_cuts(code, crime, years, cells)
        heading = table.name_area(code, notes=[describe_basis(cells, "rate_basis"), note])
        if code == edition.region:
            table.record_regional(cells)
        fields = [rate_field(table, cell, is_region=code == edition.region) for cell in cells]
        table.add_row(heading, fields, is_total=code == edition.region)
    return table
