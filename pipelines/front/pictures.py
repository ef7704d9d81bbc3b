"""Draw the pictures of the static pages from a release. Each is laid out for a page and for a telephone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, wraps
from typing import Concatenate, Final, ParamSpec, TypeVar

from pipelines import words
from pipelines.design.components import Markup
from pipelines.front import pages
from pipelines.front.charts import files, from_rows, intervals, lengths, outlines, series, stages, tiles
from pipelines.front.charts.canvas import NARROW, WIDE, Drawing
from pipelines.front.charts.fit import render_picture
from pipelines.front.pages.periods import choose_ratio_period
from pipelines.front.queries import STAGES
from pipelines.front.reader import Reader
from pipelines.words import FormattedFigure, Row, durations, figures, indicators, language, regions
from pipelines.words.language import tell

_SLIDE_SPACE: Final = (1240, 350)
"""Width and height in pixels that a slide leaves for a picture on a projector of 1280 × 720."""
_SLIDE_LAYOUTS: Final = (1000, 1200)


@dataclass(frozen=True)
class PictureFile:
    """A picture, the name of its files and its caption; `draw` returns it for a width."""

    name: str
    caption: str
    draw: Callable[[int], Drawing]

    @cached_property
    def _wide(self) -> Drawing:
        return self.draw(WIDE)

    @cached_property
    def _narrow(self) -> Drawing:
        return self.draw(NARROW)

    @property
    def height(self) -> int:
        """The height of the higher layout, in pixels."""
        return max(self._wide.height, self._narrow.height)

    @property
    def svg(self) -> Markup:
        """The picture for a page, in both layouts."""
        return render_picture(lambda width: self._wide if width == WIDE else self._narrow)

    def render_for_slide(self) -> Markup:
        """Return the picture for a slide: its wide layout is the one that a projector shows in the largest type."""
        width, height = _SLIDE_SPACE
        drawings = [self.draw(layout) for layout in _SLIDE_LAYOUTS]
        largest = max(drawings, key=lambda drawn: min(width / drawn.width, height / drawn.height))
        return render_picture(lambda layout: largest if layout == WIDE else self._narrow)

    def write_file(self, reader: Reader) -> bytes:
        """Return the picture as an SVG file that is complete without its page."""
        source = tell("Source: {source}", source=words.cite_release(reader.edition.release))
        return files.write_svg(self._wide, files.Caption(self.caption, source), reader.lang)


_Arguments = ParamSpec("_Arguments")
_Drawn = TypeVar("_Drawn")


def draw_once(
    draw: Callable[Concatenate[Reader, _Arguments], _Drawn],
) -> Callable[Concatenate[Reader, _Arguments], _Drawn]:
    """Return a function that draws the same picture once for each reader, since several pages show it."""

    @wraps(draw)
    def draw_or_recall(reader: Reader, /, *arguments: _Arguments.args, **options: _Arguments.kwargs) -> _Drawn:
        key = (draw.__name__, arguments, tuple(options.items()))
        if key not in reader.drawn:
            reader.drawn[key] = draw(reader, *arguments, **options)
        drawn: _Drawn = reader.drawn[key]
        return drawn

    return draw_or_recall


@draw_once
def draw_trend(reader: Reader, crime: str, measure: str, area: str) -> PictureFile | None:
    """Return the course of a count over the years with its interval and, for the region, how many are in it.

    None if no year has a figure: the table next to it gives the words for that, and an empty plot looks like zeros.
    """
    drawn = _make_series(reader, crime, measure, area)
    if not any(point.has_value for point in drawn.points):
        return None
    return _draw_series(reader, drawn, f"trend-{area}-{measure}", crime, area)


def name_victims(reader: Reader, crime: str) -> str:
    """Return the title of figures of presumed and identified victims."""
    status = language.lower_first(reader.find_label("victim_status", "_T"))
    return f"{tell('Victims')} ({status}), {reader.name_crime(crime)}"


@draw_once
def draw_victims(reader: Reader, crime: str, area: str) -> PictureFile:
    """Return the course of presumed and identified victims over the years, as `draw_trend` does for a stage."""
    years = reader.edition.list_victim_years(crime)
    rows = [reader.edition.find_victims(crime, area, year) for year in years]
    about = ", ".join(filter(None, (language.lower_first(name_victims(reader, crime)), words.name_span(years))))
    title = f"{reader.marked_name(area)}: {about}"
    drawn = _make_series_of_rows(reader, crime, area, title, years, rows)
    return _draw_series(reader, drawn, f"victims-{area}", crime, area)


def _draw_series(reader: Reader, drawn: series.ChartSeries, name: str, crime: str, area: str) -> PictureFile:
    notes = list_notes(reader, [area])
    file = pages.name_picture(name, crime)
    return PictureFile(file, drawn.title, lambda width: series.draw_series(drawn, width=width, notes=notes))


def _make_series(reader: Reader, crime: str, measure: str, area: str) -> series.ChartSeries:
    periods = reader.edition.list_periods(crime, "A")
    rows = [reader.edition.find_total(crime, measure, area, period) for period in periods]
    counted = f"{language.lower_first(reader.find_label('measure', measure))} ({_name_unit(rows)})"
    about = ", ".join(filter(None, (counted, reader.name_crime(crime), words.name_span(periods))))
    title = f"{reader.marked_name(area)}: {about}"
    return _make_series_of_rows(reader, crime, area, title, periods, rows)


def _name_unit(rows: Sequence[Row | None]) -> str:
    """Return what counts are of: persons, unless their rows say otherwise."""
    return words.unit_name(next((str(row["count_unit"]) for row in rows if row is not None), "person"))


def _make_series_of_rows(
    reader: Reader, crime: str, area: str, title: str, periods: Sequence[str], rows: Sequence[Row | None]
) -> series.ChartSeries:
    is_region = area == reader.edition.region
    points = [
        series.PeriodPoint(
            period,
            _format_count(row, is_region=is_region),
            is_few=row is not None and words.is_few(row),
            is_provisional="provisional" in _list_flags(row),
            is_partial="partial" in _list_flags(row),
            reporters=regions.count_reporters(row) if is_region and row is not None else None,
            covered=str(row["reporters"] or "") if row is not None else "",
        )
        for period, row in zip(periods, rows, strict=True)
    ]
    return series.ChartSeries(
        title,
        points,
        _list_breaks(reader, crime, area, periods, rows),
        territories=len(reader.edition.territories) if is_region else 0,
    )


def draw_territories(reader: Reader, crime: str, measure: str) -> PictureFile:
    """Return the course of a count in each territory, on one scale."""
    rows = [
        reader.edition.find_total(crime, measure, area, period)
        for area in reader.edition.territories
        for period in reader.edition.list_periods(crime, "A")
    ]
    counted = f"{language.upper_first(reader.find_label('measure', measure))} ({_name_unit(rows)})"
    years = words.name_span(reader.edition.list_periods(crime, "A"))
    title = ", ".join(filter(None, (counted, reader.name_crime(crime), years)))
    panels = [
        replace(_make_series(reader, crime, measure, area), title=reader.marked_name(area))
        for area in reader.edition.territories
    ]
    notes = list_notes(reader, reader.edition.territories)
    name = pages.name_picture(f"territories-{measure}", crime)
    return PictureFile(name, title, lambda width: series.draw_multiples(title, panels, width=width, notes=notes))


def _format_count(row: Row | None, *, is_region: bool) -> FormattedFigure:
    if row is None:
        return words.format_absent()
    if is_region and regions.is_refused(row):
        return regions.refuse_figure()
    return indicators.format_figure(row) if row["value"] is not None else words.format_count(row)


def _list_flags(row: Row | None) -> list[str]:
    return [] if row is None else str(row["flags"] or "").split(",")


def _list_breaks(
    reader: Reader, crime: str, area: str, periods: Sequence[str], rows: Sequence[Row | None]
) -> list[series.BreakMark]:
    """Return the breaks of a series; one of a member of the region, or of a part of a territory, has the name of that
    area."""
    cuts = reader.edition.find_cuts(area, crime, periods, rows)
    return from_rows.mark_breaks(periods, cuts, lambda row: reader.name_owner(row, area))


@draw_once
def draw_ratios(reader: Reader, crime: str, metric: str) -> PictureFile:
    """Return a ratio of all territories as dots with intervals, and that of the region as a line."""
    edition = reader.edition
    period = choose_ratio_period(reader, crime, metric)
    ratios = edition.find_ratios(metric, crime, period)
    rows = {
        code: intervals.TerritoryRow(
            _name_in_comparison(reader, code, ratios.get(code)),
            indicators.format_figure(ratios.get(code)),
            is_few=code in ratios and ratios[code]["state"] == "too_few",
        )
        for code in (edition.region, *edition.territories)
    }
    comparison = intervals.RegionComparison(
        f"{reader.metric_name(metric)}, {reader.name_crime(crime)}, {words.period_short(period)}",
        [rows[code] for code in edition.territories],
        tell("per 100"),
        rows[edition.region],
        is_share=bool(edition.metrics[metric]["is_nested"]),
    )
    notes = [*_list_differences(reader, ratios), *list_notes(reader, edition.territories)]
    name = pages.name_picture(f"ratios-{metric}", crime)
    return PictureFile(
        name, comparison.title, lambda width: intervals.draw_comparison(comparison, width=width, notes=notes)
    )


def _name_in_comparison(reader: Reader, area: str, row: Row | None) -> str:
    """Return the name of an area; that of the region has how many territories are in its figure."""
    if area != reader.edition.region:
        return reader.marked_name(area)
    return figures.name_counted_area(area, row, reader.vocabulary)


def _list_differences(reader: Reader, ratios: Mapping[str, Row]) -> list[str]:
    """Return the notes on ratios whose counts are not both of the year of the picture, or are of adults, by area."""
    names: dict[str, list[str]] = {}
    for code in (reader.edition.region, *reader.edition.territories):
        if code not in ratios:
            continue
        for text in filter(None, (indicators.explain_version(ratios[code]), indicators.explain_ages(ratios[code]))):
            names.setdefault(text, []).append(reader.marked_name(code))
    edition = reader.edition
    others = [ratios[code] for code in edition.territories if code in ratios]
    if text := indicators.explain_region_version(ratios.get(edition.region), others):
        names[text] = [reader.area_name(edition.region)]
    return [f"{', '.join(areas)}: {language.lower_first(text)}" for text, areas in names.items()]


@draw_once
def draw_clearance(reader: Reader, crime: str, metric: str) -> PictureFile:
    """Return the clearance rates of all territories as dots with intervals in the newest year, the region as a line."""
    edition = reader.edition
    rates, year = edition.find_clearance(metric, crime), edition.list_clearance_years(metric, crime)[-1]
    rows = {
        code: intervals.TerritoryRow(
            _name_in_comparison(reader, code, row := rates.get((code, year))),
            indicators.format_figure(row),
            is_few=row is not None and row["state"] == "too_few",
        )
        for code in (edition.region, *edition.territories)
    }
    title = f"{reader.metric_name(metric)}, {reader.name_crime(crime)}, {year}"
    comparison = intervals.RegionComparison(
        title, [rows[code] for code in edition.territories], tell("per cent"), rows[edition.region]
    )
    notes = list_notes(reader, edition.territories)
    return PictureFile(
        pages.name_picture(metric, crime),
        title,
        lambda width: intervals.draw_comparison(comparison, width=width, notes=notes),
    )


def draw_stages(reader: Reader, crime: str, area: str, track: str = "first") -> PictureFile:
    """Return the stages of a territory in one year, with pending cases and other outcomes at their side."""
    edition = reader.edition
    year = edition.choose_year(crime)
    exits = [
        row
        for row in edition.tables["exit"]
        if (row["area"], row["offence_group"], row["period"]) == (area, crime, year)
    ]
    pending = [row for row in edition.tables["pending"] if (row["area"], row["offence_group"]) == (area, crime)]
    stocks = [
        row
        for row in edition.tables["stock"]
        if (row["area"], row["offence_group"], row["period"]) == (area, crime, year)
    ]
    cells = {measure: edition.find_total(crime, measure, area, year) for measure in STAGES[track]}
    parts = [reader.find_label("offence_group", crime), year, words.TRACKS[track]]
    about = ", ".join([reader.marked_name(area), *map(language.lower_first, parts)])
    title = f"{about}: {words.unit_name('person')}"
    drawn = from_rows.make_stages(
        title, cells, track, exits, pending, stocks, lambda measure: reader.find_label("measure", measure), year
    )
    notes = [
        *list_notes(reader, [area]), *from_rows.list_interval_notes(cells), *from_rows.list_pending_notes(drawn),
    ]  # fmt: skip
    name = pages.name_picture(f"stages-{area}" if track == "first" else f"stages-{area}-{track}", crime)
    return PictureFile(name, title, lambda width: stages.draw_stages(drawn, width=width, notes=notes))


def draw_map(reader: Reader, crime: str) -> Markup | None:
    """Return the territories on a map, each a link to its profile: outlines, or tiles where one has no outline.

    None if one of them has neither.
    """
    areas, places = reader.edition.territories, _read_places(reader)
    if not areas or not all(code in places and places[code]["outline"] for code in areas):
        return draw_tiles(reader, crime)
    shapes = [
        outlines.Outline(
            code,
            reader.area_name(code),
            reader.footnote_mark(code),
            outlines.read_rings(places[code]["outline"]),
            pages.name_territory_file(code, crime),
        )
        for code in areas
    ]
    drawn = outlines.OutlineMap(tell("Territory profiles"), shapes, _list_map_footnotes(reader))
    return render_picture(lambda width: outlines.draw_outlines(drawn, width=width))


def draw_tiles(reader: Reader, crime: str) -> Markup | None:
    """Return the territories as tiles in their rough places, each a link to its profile.

    None if one of them has no declared place. All tiles are of one size, so a small territory is as easy to choose.
    """
    areas, places = reader.edition.territories, _read_places(reader)
    if not areas or any(code not in places or places[code]["tile_column"] is None for code in areas):
        return None
    map_tiles = [
        tiles.Tile(
            code,
            reader.marked_name(code),
            places[code]["tile_column"],
            places[code]["tile_row"],
            pages.name_territory_file(code, crime),
        )
        for code in areas
    ]
    picture = tiles.TileMap(tell("Territory profiles"), map_tiles, _list_map_footnotes(reader))
    return render_picture(lambda width: tiles.draw_tiles(picture, width=width))


def _read_places(reader: Reader) -> dict[str, Row]:
    """Return the declared place and outline of each area on maps."""
    return {str(row["area"]): row for row in reader.edition.tables["area_map"]}


def _list_map_footnotes(reader: Reader) -> list[str]:
    return [f"{mark} {text}" for mark, text in reader.list_footnotes(reader.edition.territories)]


def draw_durations(reader: Reader, crime: str, metric: str) -> PictureFile:
    """Return the median and the times of 75% and 90% of the people of each territory that sends records."""
    by_area = reader.edition.find_durations(metric, crime)
    rows = []
    for area, quantiles in by_area.items():
        at = {row["statistic"]: row for row in quantiles}
        median, three_quarters, nine_tenths = (durations.format_limits(at.get(name)) for name in durations.QUANTILES)
        is_few = any(durations.is_shown_few(row) for row in quantiles)
        name = reader.marked_name(area)
        rows.append(intervals.DurationRow(name, median, three_quarters, nine_tenths, is_few=is_few))
    title = f"{reader.metric_name(metric)}, {reader.name_crime(crime)}"
    drawn = intervals.TerritoryDurations(title, rows, tell("days"))
    records = durations.describe_records((reader.marked_name(area), rows) for area, rows in by_area.items())
    notes = [*list_notes(reader, list(by_area)), records]
    name = pages.name_picture(metric, crime)
    return PictureFile(name, title, lambda width: intervals.draw_durations(drawn, width=width, notes=notes))


def draw_sentences(reader: Reader, crime: str, track: str, territory: str = "") -> PictureFile:
    """Return the quartiles of imprisonment of each territory with records on the legal range, in the newest year.

    With `territory`, it is about that territory and its parts alone.
    """
    edition = reader.edition
    codes = {territory, *edition.list_jurisdictions(territory)} if territory else set()
    year = edition.choose_sentence_year(crime, track, codes)
    rows = []
    areas = []
    for (area, _, period), group in edition.find_sentences(crime, track).items():
        if period != year or (codes and area not in codes):
            continue
        rows.append(from_rows.make_length_row(reader.marked_name(area), group))
        areas.append(area)
    parts = [reader.find_label("offence_group", crime), year, language.lower_first(words.TRACKS[track])]
    parts += [reader.marked_name(territory)] if territory else []
    title = tell("Imprisonment to be served, in months, as imposed. {subject}", subject=", ".join(parts))
    drawn = lengths.Lengths(title, rows, tell("months"))
    # The title of a picture of one territory names it.
    notes = [
        *list_notes(reader, areas),
        *([] if territory else [durations.name_records(map(reader.marked_name, areas))]),
    ]
    name = pages.name_picture("-".join(filter(None, ("sentences", territory, track))), crime)
    return PictureFile(name, title, lambda width: lengths.draw_lengths(drawn, width=width, notes=notes))


def list_notes(reader: Reader, areas: Sequence[str], demonstration: str = "") -> list[str]:
    """Return what must be read with a picture wherever it is shown: invented data, and footnotes of names.

    `demonstration` is the notice of invented data if it is another one than that of figures.
    """
    notes = [f"{mark} {text}" for mark, text in reader.list_footnotes(areas)]
    notice = demonstration or tell(words.DEMONSTRATION)  # marked in words.citations
    return [notice, *notes] if reader.edition.is_demonstration else notes
