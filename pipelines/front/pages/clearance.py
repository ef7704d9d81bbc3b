"""Compose the pages on clearance rates: how much is resolved for each 100 that come in."""

from __future__ import annotations

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.design.components import Part
from pipelines.front import pages, pictures, sentences
from pipelines.front.pages import Page
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import (
    FigureTable,
    describe_basis,
    format_figure,
    in_page_language,
    translate_lines,
    translate_text,
)
from pipelines.words import Row, durations, indicators, language
from pipelines.words.language import tell

_YEARS = 6
"""Years in the table, the newest."""
_ABOUT = mark(
    "A rate above 100 means that more was resolved than came in during the year. Below 100, the number of pending "
    "cases grew."
)
_NOT_FOLLOWED = mark("Those resolved in a year are often not those who came in, so the rate follows no one.")


def compose_clearance(reader: Reader, crime: str, metric: str) -> Page:
    """Return the page of a clearance rate, which opens in the newest year with one."""
    edition = reader.edition
    about, rows = edition.metrics[metric], edition.find_clearance(metric, crime)
    name, crime_name = reader.metric_name(metric), reader.find_label("offence_group", crime)
    year = edition.list_clearance_years(metric, crime)[-1]
    headline, cover = sentences.describe_region(reader, year, rows.get((edition.region, year)))
    files = {c: pages.name_indicator_file(metric, c) for c in CRIMES if edition.list_clearance_years(metric, c)}
    counted = tell("The CEPEJ counts cases. Counted here: {unit}.", unit=words.unit_name("person"))
    labels = {code: reader.find_label("measure", code) for code in reader.list_codes("measure")}
    return Page(
        files[crime],
        "indicator.html",
        pages.INDICATORS,
        f"{name}: {language.lower_first(crime_name)}",
        f"{name}. {headline}",
        cover,
        views=pages.list_views(reader, files, crime),
        values={
            "headline": headline,
            "cover": cover,
            "why_period": f"{tell(_ABOUT)} {counted}",
            "picture": pictures.draw_clearance(reader, crime, metric),
            "tables": [_compose_years(reader, crime, metric)],
            "pairs": "",
            "cautions": [tell(sentences.NO_RANKING), tell(_NOT_FOLLOWED), tell(sentences.WHY_INTERVAL)],
            "facts": [
                (tell("Formula"), indicators.format_formula(str(about["formula"]), labels)),
                (tell("Definition"), translate_text(reader, str(about["definition"]))),
                (tell("Caution"), translate_lines(reader, str(about["caveats"]))),
                (tell("Source of the definition"), in_page_language(reader, str(about["source"]))),
                (tell("Source of the counts"), sentences.describe_source(reader)),
            ],
            "explore": reader.link_to_explorer("compare", crime=crime, kind="clearance", indicator=metric),
        },
    )


def _compose_years(reader: Reader, crime: str, metric: str) -> FigureTable:
    """Return the rate by year, for the region and each territory."""
    edition = reader.edition
    years, rows = edition.list_clearance_years(metric, crime)[-_YEARS:], edition.find_clearance(metric, crime)
    caption = tell("By year, per cent, with 95% confidence intervals")
    table = FigureTable(reader, caption, tell("Area"), years, name="years")
    for code in (edition.region, *edition.territories):
        of_area = [rows.get((code, year)) for year in years]
        heading = table.name_area(code, note=describe_basis(of_area))
        fields = [_format_rate(table, row) for row in of_area]
        table.add_row(heading, fields, is_total=code == edition.region)
    return table


def _format_rate(table: FigureTable, row: Row | None) -> Part:
    """Return a rate with its interval, and with the reason where there is none."""
    figure = indicators.format_figure(row)
    undefined = durations.explain_undefined(row)
    marks = [table.notes.number_note(undefined)] if undefined else []
    if row is not None and row["value"] is not None:
        flags = [flag for flag in str(row["flags"] or "").split(",") if flag in indicators.FLAGS]
        marks += [table.notes.number_note(indicators.FLAGS[flag]) for flag in flags]
    return format_figure(figure, marks, is_few=row is not None and row["state"] == "too_few" and figure.kind == "value")
