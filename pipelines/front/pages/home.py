"""Compose the home page: what changed, who has reported, how sure, each with its picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.design.components import Part
from pipelines.front import board_pictures, pages, pictures, sentences
from pipelines.front.edition import CONVICTED, CONVICTION_RATIO
from pipelines.front.pages import Page, changes
from pipelines.front.pages.board import compose_board
from pipelines.front.pages.fields import ratio_field, regional_field
from pipelines.front.pages.periods import choose_ratio_period, explain_period
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, attach_numbers, describe_basis
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import indicators, regions
from pipelines.words.language import tell

_FEW_OF_RATIO = mark(
    "Where one of the two counts is under {enough}, chance alone can change the ratio a lot, so it is not compared "
    "with others."
)
_FEW_OF_SHARE = mark(
    "Where the part or the rest is under {enough}, chance alone can change the share a lot, so it is not compared with "
    "others."
)


def compose_home(reader: Reader, crime: str) -> Page:
    """Return the home page of one crime."""
    edition = reader.edition
    year = edition.choose_year(crime)
    years = edition.list_periods(crime, "A")
    newest = edition.list_periods(crime, "Q")[-1:] or [year]
    earlier = [period for period in years if period < year][-1:]
    of_year = edition.find_regional(crime, CONVICTED, year)
    crime_name = reader.find_label("offence_group", crime)
    changed = (
        sentences.describe_convictions(reader, crime, edition.region, earlier[0], year)
        if earlier
        else sentences.describe_certainty(reader, crime, of_year, year)
    )
    sure = [
        sentences.describe_certainty(reader, crime, of_year, year),
        explain_period(reader, "rate", crime, year, CONVICTED),
    ]
    headlines: list[tuple[str, str]] = [
        (tell("What changed"), f"{changed} {_describe_absences(reader, crime, (*earlier, year))}".strip()),
        (tell("Who has reported"), _describe_reporting(reader, crime, newest[0])),
        (tell("How certain the figures are"), " ".join(filter(None, sure))),
    ]
    region_name = reader.area_name(edition.region)
    # The convicted are among the adjudicated, so that the caution on stages would be wrong next to their ratio.
    is_nested = edition.metrics[CONVICTION_RATIO]["is_nested"]
    return Page(
        pages.name_file(pages.HOME, crime),
        "home.html",
        pages.HOME,
        tell("{crime}: {area}, {period}", crime=crime_name, area=region_name, period=year),
        changed,
        views=pages.list_views(
            reader, {code: pages.name_file(pages.HOME, code) for code in CRIMES if edition.has_crime(code)}, crime
        ),
        coverage=reader.describe_cover(of_year) if of_year is not None else "",
        values={
            "headlines": headlines,
            "why_interval": tell(sentences.WHY_INTERVAL),  # marked in sentences
            "no_funnel": "" if is_nested else tell(sentences.NO_FUNNEL),  # marked in sentences
            "no_ranking": tell(sentences.NO_RANKING),  # marked in sentences
            "why_change": [
                tell(sentences.CLEAR),  # marked in sentences
                changes.explain_span(years, changes.choose_span(years, year)),
            ],
            "count_page": pages.name_indicator_file(CONVICTED, crime),
            "trend": pictures.draw_trend(reader, crime, CONVICTED, edition.region),
            "trend_table": compose_trend(reader, crime, years),
            "ratio": pictures.draw_ratios(reader, crime, CONVICTION_RATIO),
            "ratio_table": compose_ratios(reader, crime, CONVICTION_RATIO),
            "ratio_title": reader.metric_name(CONVICTION_RATIO),
            "pairs": describe_pairs(reader, crime, CONVICTION_RATIO),
            "ratio_page": pages.name_indicator_file(CONVICTION_RATIO, crime),
            "board": board_pictures.draw_board(reader),
            "board_table": compose_board(reader, "Q"),
            "map": pictures.draw_map(reader, crime),
            "profiles": [
                (reader.marked_name(code), pages.name_territory_file(code, crime)) for code in edition.territories
            ],
            "brief": pages.name_brief_file("", crime),
            "meeting": pages.name_meeting_file("", crime),
            "explore": reader.link_to_explorer("region", crime=crime),
        },
        crime=crime,
    )


def _describe_absences(reader: Reader, crime: str, years: Sequence[str]) -> str:
    """Return which territories are not in the convictions of the region, for each year apart where they differ."""
    rows = {year: reader.edition.find_regional(crime, CONVICTED, year) for year in years}
    absences = {year: reader.list_absences(row) for year, row in rows.items() if row is not None}
    if len(set(absences.values())) > 1:
        return " ".join(f"{year}: {words.language.lower_first(text)}" for year, text in absences.items() if text)
    return next(iter(absences.values()), "")


def _describe_reporting(reader: Reader, crime: str, period: str) -> str:
    """Return who is in the newest figures of the region, and why the others are not."""
    row = reader.edition.find_total(crime, CONVICTED, reader.edition.region, period)
    cover = reader.describe_cover(row) if row is not None else ""
    return tell(
        "{area}, {crime}: {period} is the newest period. {coverage}",
        area=reader.area_name(reader.edition.region),
        crime=reader.name_crime(crime),
        period=words.period_short(period),
        coverage=cover,
    )


def compose_trend(reader: Reader, crime: str, years: list[str]) -> FigureTable:
    """Return the convictions of the region by year, with intervals and coverage."""
    edition = reader.edition
    table = FigureTable(
        reader,
        tell(
            "{area}: persons convicted at first instance, {crime}",
            area=reader.area_name(edition.region),
            crime=reader.name_crime(crime),
        ),
        tell("Year"),
        [tell("Persons"), tell("95% confidence interval"), tell("Territories included")],
        name="trend",
    )
    for year in reversed(years):
        row = edition.find_total(crime, CONVICTED, edition.region, year)
        table.add_row(year, (regional_field(table, row), format_interval(row), table.cover_field(row, year)))
    return table


def format_interval(row: words.Row | None) -> Part:
    """Return the interval of a count of the region; empty where there is none."""
    if row is None or row["value"] is None or row["low"] is None or not regions.is_regional(row):
        return ""
    text = f"{words.format_number(row['low'])}–{words.format_number(row['high'])}"
    return attach_numbers(text, low=round_half_up(row["low"]), high=round_half_up(row["high"]))


def compose_ratios(reader: Reader, crime: str, metric: str, *, has_cover: bool = True) -> FigureTable:
    """Return a ratio of the region and of each territory, in the period in which it can be compared best.

    Without `has_cover` the row on the territories included is left out, for a brief, whose picture has their number.
    """
    edition = reader.edition
    period = choose_ratio_period(reader, crime, metric)
    rows = edition.find_ratios(metric, crime, period)
    few = _FEW_OF_SHARE if edition.metrics[metric]["is_nested"] else _FEW_OF_RATIO
    table = FigureTable(
        reader,
        f"{reader.metric_name(metric)}. {reader.find_label('offence_group', crime)}, {words.period_short(period)}",
        tell("Area"),
        [tell("Per 100 (95% confidence interval)")],
        name="ratios",
        few=tell(few, enough=ENOUGH_EVENTS),  # marked above
    )
    for code in (edition.region, *edition.territories):
        caution = explain_region_version(reader, [rows]) if code == edition.region else ""
        heading = table.name_area(code, notes=[describe_basis([rows.get(code)])], caution=caution)
        table.add_row(heading, (ratio_field(table, rows.get(code)),), is_total=code == edition.region)
        if has_cover and code == edition.region:
            table.add_cover_row([rows.get(code)])
    return table


def explain_region_version(reader: Reader, by_period: Iterable[Mapping[str, words.Row]]) -> str:
    """Return the note on ratios of the region of one period next to territories whose ratios are of two, if any are."""
    edition = reader.edition
    for ratios in by_period:
        others = [ratios[code] for code in edition.territories if code in ratios]
        if note := indicators.explain_region_version(ratios.get(edition.region), others):
            return note
    return ""


def describe_pairs(reader: Reader, crime: str, metric: str) -> str:
    """Return how many pairs of territories could be compared, and how many differ clearly."""
    period = choose_ratio_period(reader, crime, metric)
    pairs = reader.edition.find_pairs(metric, crime, period)
    return indicators.describe_pairs(pairs, len(reader.edition.territories)) if pairs else ""
