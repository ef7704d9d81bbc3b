"""Draw joint investigation teams over the years with the changes of the law on them."""

from __future__ import annotations

from typing import Final

from pipelines import words
from pipelines.design.components import Part
from pipelines.front import pages
from pipelines.front.charts import series
from pipelines.front.pages.law import describe_demonstration
from pipelines.front.pages.law_events import list_law_events, mark_events
from pipelines.front.pictures import PictureFile, draw_once, list_notes
from pipelines.front.reader import Reader
from pipelines.front.tables import format_count, format_figure
from pipelines.words import Row, language, regions
from pipelines.words.language import tell

SET_UP: Final = "jits_set_up"
RUNNING: Final = "jits_running"
MEASURES: Final = (SET_UP, RUNNING, "jits_extended", "jits_closed", "jits_evaluated")
_TOTAL: Final = "_T"


class TeamFigures:
    """The figures of joint teams of one crime in a release, by area, year and part."""

    def __init__(self, reader: Reader, crime: str) -> None:
        self.reader, self.crime = reader, crime
        rows = [row for row in reader.edition.tables["joint_team"] if row["offence_group"] == crime]
        self.years = sorted({row["year"] for row in rows if row["since"] == row["year"]})
        self._rows = {
            (
                row["territory"],
                row["year"] if row["since"] == row["year"] else 0,
                row["measure"],
                row["legal_basis"],
                row["partner"],
            ): row
            for row in rows
        }

    def find_row(
        self, area: str, year: int, measure: str, *, legal_basis: str = _TOTAL, partner: str = _TOTAL
    ) -> Row | None:
        """Return the figure of a year; year 0 is all years together."""
        return self._rows.get((area, year, measure, legal_basis, partner))

    def has_part(self, area: str, dimension: str, code: str) -> bool:
        """Return True if an area has a figure of a legal basis or partner."""
        part = {dimension: code}
        return code != _TOTAL and any(self.find_row(area, year, SET_UP, **part) for year in (*self.years, 0))

    def has_value(self, area: str, year: int) -> bool:
        """Return True if a release publishes the teams at work at the end of a year, and there were some."""
        row = self.find_row(area, year, RUNNING)
        return row is not None and bool(row["value"])

    def format_field(self, area: str, year: int, measure: str, **part: str) -> Part:
        """Return a figure as the content of a field, or the word for a missing one."""
        row = self.find_row(area, year, measure, **part)
        return format_figure(words.format_status("unavailable")) if row is None else format_count(row)

    def format_span(self) -> str:
        """Return the first and the last year."""
        first, last = self.years[0], self.years[-1]
        return f"{first}–{last}" if first < last else str(first)

    def list_absent(self, year: int) -> list[str]:
        """Return the territories that have no figure of a year."""
        territories = self.reader.edition.territories
        return [code for code in territories if all(self.find_row(code, year, measure) is None for measure in MEASURES)]


def describe_absences(figures: TeamFigures, year: int) -> str:
    """Name the territories without a return of a year; empty text if all sent one."""
    absent = figures.list_absent(year)
    if not absent:
        return ""
    names = words.join_words([figures.reader.marked_name(code) for code in absent])
    return tell("No return on cooperation for {year}: {areas}.", year=year, areas=names)


def name_measure(reader: Reader, measure: str) -> str:
    """Return the name of a figure; a stock is that of the last day of the year."""
    name = reader.find_label("measure", measure)
    return _name_stock(name) if measure == RUNNING else name


def _name_stock(name: str) -> str:
    return tell("{stock}, at the end of the year", stock=name)


@draw_once
def draw_teams(reader: Reader, crime: str, area: str) -> PictureFile:
    """Return the teams at work at the end of each year, with a mark at each change of the law.

    The region counts a team once for each territory in it, and years of other territories are not joined by a line.
    """
    figures = TeamFigures(reader, crime)
    is_region = area == reader.edition.region
    areas = reader.edition.territories if is_region else [area]
    crime_name = reader.name_crime(crime)
    name = _name_stock(tell("Participations in joint teams")) if is_region else name_measure(reader, RUNNING)
    title = f"{reader.marked_name(area)}: {language.lower_first(name)}, {crime_name}"
    rows = [figures.find_row(area, year, RUNNING) for year in figures.years]
    whole = len(reader.edition.territories) if is_region else 0
    reporters = [regions.count_reporters(row) if is_region and row is not None else None for row in rows]
    events = list_law_events(reader, areas, figures.years)
    drawn = series.ChartSeries(
        title,
        [
            series.PeriodPoint(
                str(year),
                words.format_count(row) if row is not None else words.format_absent(),
                is_few=row is not None and words.is_few(row),
                is_partial=n is not None and n < whole,
                reporters=n,
                covered=str(row["reporters"] or "") if row is not None else "",
            )
            for year, row, n in zip(figures.years, rows, reporters, strict=True)
        ],
        territories=whole,
        events=mark_events(reader, events, figures.years, is_region=is_region),
    )
    notes = list_notes(reader, [area, *areas] if is_region else [area], describe_demonstration() if events else "")
    if is_region:
        notes += [text for year in figures.years if (text := describe_absences(figures, year))]
    file = pages.name_picture(f"teams-{area}", crime)
    return PictureFile(file, title, lambda width: series.draw_series(drawn, width=width, notes=notes))
