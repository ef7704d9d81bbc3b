"""Compose the pages on clearance rates: how much is resolved for each 100 that come in."""

from __future__ import annotations

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front import pages, pictures, sentences
from pipelines.front.pages import Page, changes
from pipelines.front.pages.facts import format_formula, link_same_formula, list_facts
from pipelines.front.pages.fields import ratio_field
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, describe_basis
from pipelines.words import language, regions
from pipelines.words.language import tell

_YEARS = 6
"""Years in the table, the newest."""
_ABOUT = mark(
    "A rate above 100 means that more were resolved than came in during the year. Below 100, more came in than were "
    "resolved."
)
_CAPTION = mark("By year, per cent, with 95% confidence intervals")
_NOT_FOLLOWED = mark(
    "Those whose cases were resolved in a year are often not those whose cases came in, so the rate does not follow "
    "anyone through the proceedings."
)


def compose_clearance(reader: Reader, crime: str, metric: str) -> Page:
    """Return the page of a clearance rate, which opens in the newest year with one."""
    edition = reader.edition
    about, rows = edition.metrics[metric], edition.find_clearance(metric, crime)
    name, crime_name = reader.metric_name(metric), reader.find_label("offence_group", crime)
    years = edition.list_clearance_years(metric, crime)[-_YEARS:]
    year = years[-1]
    regional = {each: rows.get((edition.region, each)) for each in years}
    region = sentences.describe_region(reader, crime, year, regional[year], _name_measured(name))
    files = {c: pages.name_indicator_file(metric, c) for c in CRIMES if edition.list_clearance_years(metric, c)}
    counted = tell("CEPEJ counts cases. This page counts {unit}.", unit=words.unit_name("person"))
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
            "cover": f"{region.note} {sentences.name_regional_years(regional[year], regional)}".strip(),
            "why_period": f"{tell(_ABOUT)} {counted}",
            "picture": pictures.draw_clearance(reader, crime, metric),
            "tables": [_compose_years(reader, crime, metric)],
            **_compose_changes(reader, crime, metric),
            "pairs": "",
            "cautions": [tell(sentences.NO_RANKING), tell(_NOT_FOLLOWED), tell(sentences.WHY_INTERVAL)],
            "facts": list_facts(
                reader,
                about,
                formula=format_formula(reader, about),
                others=link_same_formula(reader, about, crime),
                method_title=tell("Source of the definition"),
                figures=[row for (_, period), row in rows.items() if period in years],
            ),
            "explore": reader.link_to_explorer("compare", crime=crime, kind="clearance", indicator=metric),
        },
        crime=crime,
    )


def _compose_changes(reader: Reader, crime: str, metric: str) -> changes.TestedChanges:
    """Return whether the rate changed, for the region and each territory."""
    edition = reader.edition
    span = changes.choose_span(edition.list_clearance_years(metric, crime))
    rows = edition.find_clearance(metric, crime)

    def judge_areas(table: FigureTable, span: changes.Span) -> list[changes.TestedLine]:
        by_year = [{area: row for (area, period), row in rows.items() if period == year} for year in span]
        return changes.judge_ratios(table, crime, by_year, "ratio")

    name = reader.metric_name(metric)
    caption = f"{name}, {reader.name_crime(crime)}, {tell('per cent')}"
    return changes.compose_region(reader, crime, _name_measured(name), caption, span, judge_areas)


def _name_measured(name: str) -> str:
    """Return the name of a rate with its unit."""
    return f"{name}, {tell('per cent')}"


def _compose_years(reader: Reader, crime: str, metric: str) -> FigureTable:
    """Return the rate by year, for the region and each territory."""
    edition = reader.edition
    years, rows = edition.list_clearance_years(metric, crime)[-_YEARS:], edition.find_clearance(metric, crime)
    caption = pages.name_table(reader, reader.metric_name(metric), crime, tell(_CAPTION))
    table = FigureTable(reader, caption, tell("Area"), years, name="years")
    for code in (edition.region, *edition.territories):
        of_area = [rows.get((code, year)) for year in years]
        heading = table.name_area(
            code, notes=[describe_basis(of_area), reader.describe_ratio_cuts(code, crime, of_area)]
        )
        fields = [ratio_field(table, row) for row in of_area]
        table.add_row(heading, fields, is_total=code == edition.region)
        # A rate whose counts are from different territories has none that are in all of them.
        if code == edition.region and not all(regions.is_mixed(row) for row in of_area):
            table.add_cover_row(of_area)
    return table
