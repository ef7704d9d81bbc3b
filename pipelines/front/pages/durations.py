"""Compose the pages on how long cases take, from the territories that send case records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipelines import words
from pipelines.design.components import Part
from pipelines.front import pages, pictures, sentences
from pipelines.front.pages import Page
from pipelines.front.pages.facts import list_facts
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure, translate_text
from pipelines.words import Row, durations, language, trends
from pipelines.words.language import tell


def compose_table(
    reader: Reader, caption: str, corner: str, lines: Iterable[tuple[Part, Sequence[Row]]], codes: Sequence[str]
) -> FigureTable:
    """Return median, 75% and 90% as a table; each line has a heading and its rows, one for each of the three.

    `codes` are the areas of the table, whose names may have footnotes.
    """
    table = FigureTable(reader, caption, corner, list(durations.QUANTILES.values()), name="durations")
    for code in codes:
        table.name_area(code)
    lines = list(lines)
    table.covers = durations.name_dates(
        (reader.marked_name(code), [row for _, rows in lines for row in rows if row["area"] == code]) for code in codes
    )
    for heading, rows in lines:
        at = {row["statistic"]: row for row in rows}
        quantiles = [at.get(statistic) for statistic in durations.QUANTILES]
        fields = [format_figure(durations.format_limits(row), is_few=durations.is_shown_few(row)) for row in quantiles]
        table.add_row(heading, fields)
    return table


def compose_duration(reader: Reader, crime: str, metric: str) -> Page:
    """Return the page of the time between two events."""
    edition = reader.edition
    about, by_area = edition.metrics[metric], edition.find_durations(metric, crime)
    name, crime_name = reader.metric_name(metric), reader.find_label("offence_group", crime)
    medians = [
        (reader.marked_name(area), next((row for row in rows if row["statistic"] == "median"), None))
        for area, rows in by_area.items()
    ]
    without = [reader.marked_name(code) for code in edition.territories if code not in by_area]
    headline = durations.compose_sentence(name, crime_name, medians, ())
    files = {c: pages.name_indicator_file(metric, c) for c in CRIMES if edition.find_durations(metric, c)}
    records = durations.describe_records((reader.marked_name(area), rows) for area, rows in by_area.items())
    without_records = durations.name_without_records(without)
    caption = f"{name}, {language.lower_first(crime_name)}: {tell('days, with 95% confidence intervals')}"
    lines = [(reader.marked_name(area), rows) for area, rows in by_area.items()]
    return Page(
        files[crime],
        "indicator.html",
        pages.INDICATORS,
        f"{name}: {language.lower_first(crime_name)}",
        headline,
        f"{records} {without_records}".strip(),
        views=pages.list_views(reader, files, crime),
        values={
            "headline": headline,
            "cover": "",
            "why_period": without_records,
            "picture": pictures.draw_durations(reader, crime, metric),
            "tables": [compose_table(reader, caption, tell("Territory"), lines, list(by_area))],
            "pairs": "",
            "cautions": [
                tell("Open cases are counted with the time they have taken so far."),
                tell("Days are rounded to tens, and so are the ends of the intervals."),
                *([tell(sentences.NO_RANKING)] if len(by_area) > 1 else []),  # marked in sentences
            ],
            "changed": tell(trends.NO_SERIES),  # marked in words.trends
            "changes": [],
            "facts": list_facts(
                reader,
                about,
                formula=language.upper_first(translate_text(reader, str(about["formula"]))),
                source=_describe_source(reader, list(by_area)),
            ),
            "explore": reader.link_to_explorer("durations", crime=crime),
        },
        crime=crime,
    )


def _describe_source(reader: Reader, areas: Sequence[str]) -> str:
    names = words.join_words(reader.marked_name(area) for area in areas)
    return tell("Case records of {areas}, release {release}.", areas=names, release=reader.edition.id)
