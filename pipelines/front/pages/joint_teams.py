"""Compose figures of joint investigation teams, with the changes of the law on them."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines import words
from pipelines.design.components import Markup, Part
from pipelines.front import pages, sentences, team_pictures
from pipelines.front.pages import Page, Section
from pipelines.front.pages.cooperation_breakdowns import list_crime_files, make_page
from pipelines.front.pages.law import describe_demonstration, format_date
from pipelines.front.pages.law_events import LawEvent, list_law_events
from pipelines.front.pictures import PictureFile
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure, in_page_language, keep_phrases
from pipelines.front.team_pictures import MEASURES, TeamFigures
from pipelines.publication.cooperation.cells import SMALLEST_WITHOUT_PARTNERS
from pipelines.words import language
from pipelines.words.language import tell


def name_teams() -> str:
    """Return the title of the page on joint teams."""
    return tell("Joint investigation teams")


def list_team_files(reader: Reader) -> dict[str, str]:
    """Return the file of the page on joint teams for each crime that has figures of them."""
    return list_crime_files(reader, "joint_team", pages.TEAMS)


def compose_teams_page(reader: Reader, crime: str) -> Page:
    """Return the page on joint teams of the region and of its territories."""
    section = compose_region(reader, crime)
    sections = [section] if section is not None else []
    return make_page(
        reader,
        crime,
        list_team_files(reader),
        name_teams(),
        sections,
        span=TeamFigures(reader, crime).format_span() if sections else "",
        demonstration=describe_demonstration(),
    )


def compose_region(reader: Reader, crime: str) -> Section | None:
    """Return the teams of the region and of the territories; None in a release without figures of teams."""
    figures = TeamFigures(reader, crime)
    if not figures.years:
        return None
    area = reader.edition.region
    events = list_law_events(reader, reader.edition.territories, figures.years)
    pictures = _list_pictures(figures, area)
    tables = [
        _compose_area(reader, figures, area),
        _compose_parts(reader, figures, "legal_basis"),
        _compose_parts(reader, figures, "partner"),
        _compose_territories(reader, figures),
        _compose_events(reader, events, f"{tell('Changes to the law on joint teams')}, {figures.format_span()}"),
    ]
    return Section(
        "joint-teams",
        tell("Joint investigation teams"),
        _list_texts(figures, events, pictures),
        [table for table in tables if table is not None],
        pictures,
    )


def compose_territory(reader: Reader, crime: str, area: str) -> Section | None:
    """Return the teams of one territory, and the changes of its law; None without figures of it."""
    figures = TeamFigures(reader, crime)
    if not any(figures.find_row(area, year, measure) for year in figures.years for measure in MEASURES):
        return None
    events = list_law_events(reader, [area], figures.years)
    title = language.lower_first(tell("Changes to the law on joint teams"))
    caption = f"{reader.marked_name(area)}: {title}, {figures.format_span()}"
    table = _compose_events(reader, events, caption)
    pictures = _list_pictures(figures, area)
    return Section(
        "joint-teams",
        tell("Joint investigation teams"),
        _list_texts(figures, events, pictures),
        [_compose_area(reader, figures, area), *([table] if table else [])],
        pictures,
    )


def _list_pictures(figures: TeamFigures, area: str) -> list[PictureFile]:
    """Return the picture of an area, if it has a figure."""
    # A series of withheld figures has nothing to draw: its table has the words, and the changes of the law follow.
    is_drawn = any(figures.has_value(area, year) for year in figures.years)
    return [team_pictures.draw_teams(figures.reader, figures.crime, area)] if is_drawn else []


def _list_texts(figures: TeamFigures, events: Sequence[LawEvent], pictures: Sequence[PictureFile]) -> list[str]:
    return [_explain_counts(), *([_describe_events(figures, events)] if pictures or not events else [])]


def _explain_counts() -> str:
    sizes = tell(
        "A team is counted by each territory in it. Figures from 1 to {most} are withheld, because partners know their "
        "own teams.",
        most=SMALLEST_WITHOUT_PARTNERS - 1,
    )
    return f"{sizes} {tell(sentences.WITHHELD_WITH)}"  # marked there


def _describe_events(figures: TeamFigures, events: Sequence[LawEvent]) -> str:
    if events:
        return tell(
            "A dashed line marks a change to the law. It does not show that the law was the cause. Each dot is in the "
            "middle of its year and shows the participations in teams at the end of that year."
        )
    return tell("No change to the law on joint teams is known for {years}.", years=figures.format_span())


def _start_table(
    reader: Reader, figures: TeamFigures, caption: str, corner: str, name: str, *, has_sum: bool
) -> FigureTable:
    columns = [str(year) for year in figures.years]
    if has_sum:
        columns.append(_name_sum(figures))
    return FigureTable(reader, f"{caption}, {reader.name_crime(figures.crime)}", corner, columns, name=name)


def _compose_area(reader: Reader, figures: TeamFigures, area: str) -> FigureTable:
    """Return all figures of an area, one column for each year and, of the region, one for all years together.

    Figures of the region add a team up once for each territory in it, so they are called participations.
    """
    is_region = area == reader.edition.region
    counted = tell("Participations in joint investigation teams") if is_region else tell("Joint investigation teams")
    caption = f"{reader.marked_name(area)}: {language.lower_first(counted)}"
    table = _start_table(reader, figures, caption, tell("Figure"), "teams", has_sum=_has_sum(figures, area))
    table.name_area(area)
    for measure in MEASURES:
        name = team_pictures.name_measure(reader, measure)
        heading = tell("Participations: {figure}", figure=language.lower_first(name)) if is_region else name
        table.add_row(heading, _list_fields(figures, area, measure))
    if is_region:
        _note_absences(table, figures)
    return table


def _name_sum(figures: TeamFigures) -> str:
    return tell("{years}, added up", years=figures.format_span())


def _has_sum(figures: TeamFigures, area: str) -> bool:
    """Return True if an area has figures of all years together: only the region has."""
    return len(figures.years) > 1 and area == figures.reader.edition.region


def _list_fields(figures: TeamFigures, area: str, measure: str, **part: str) -> list[Part]:
    """Return the figures of the years, and those of all years together, which a stock does not have."""
    fields = [figures.format_field(area, year, measure, **part) for year in figures.years]
    if _has_sum(figures, area):
        missing = format_figure(words.format_status("not_applicable"))
        is_stock = measure == team_pictures.RUNNING
        fields.append(missing if is_stock else figures.format_field(area, 0, measure, **part))
    return fields


def _note_absences(table: FigureTable, figures: TeamFigures) -> None:
    """Name the territories that are not in the figures of a year, and so not in those of all years together."""
    absences = [text for year in figures.years if (text := team_pictures.describe_absences(figures, year))]
    for text in absences:
        table.notes.add_remark(text)
    if absences and len(figures.years) > 1:
        table.notes.add_remark(
            tell(
                "{column}: each territory is included only for the years for which it sent a return.",
                column=_name_sum(figures),
            )
        )


def _compose_parts(reader: Reader, figures: TeamFigures, dimension: str) -> FigureTable | None:
    """Return the teams of the region by legal basis when they were set up, or with partners outside the region."""
    area = reader.edition.region
    codes = [code for code in reader.list_codes(dimension) if figures.has_part(area, dimension, code)]
    if not codes:
        return None
    headings = {
        "legal_basis": (tell("Participations in joint teams set up, by legal basis"), tell("Legal basis")),
        "partner": (tell("Participations in joint teams set up with partners outside the region"), tell("Partner")),
    }
    name = f"teams-{dimension.replace('_', '-')}"
    table = _start_table(reader, figures, *headings[dimension], name, has_sum=_has_sum(figures, area))
    for code in codes:
        fields = _list_fields(figures, area, team_pictures.SET_UP, **{dimension: code})
        table.add_row(reader.find_label(dimension, code), fields)
    _note_absences(table, figures)
    return table


def _compose_territories(reader: Reader, figures: TeamFigures) -> FigureTable:
    """Return the newest year of each territory."""
    year = figures.years[-1]
    table = FigureTable(
        reader,
        f"{tell('Joint investigation teams')}, {reader.name_crime(figures.crime)}, {year}",
        tell("Territory"),
        [team_pictures.name_measure(reader, measure) for measure in MEASURES],
        name="teams-territories",
    )
    for code in reader.edition.territories:
        fields = [figures.format_field(code, year, measure) for measure in MEASURES]
        table.add_row(table.name_area(code), fields)
    return table


def _compose_events(reader: Reader, events: Sequence[LawEvent], caption: str) -> FigureTable | None:
    """Return the changes of the law with their articles; None without any."""
    if not events:
        return None
    columns = [tell("Law applies from"), tell("Article or treaty"), tell("What changed"), tell("Source or approval")]
    corner = tell("Territory or jurisdiction")
    table = FigureTable(reader, caption, corner, columns, is_text=True, name="teams-law")
    for event in events:
        source = event.source or tell("Assessed by one person, approved by a second")
        source = source if event.is_verified else tell("Source not yet verified.")
        article = in_page_language(reader, event.article) if event.is_in_english else event.article
        changes = Markup(" ").join(map(_keep_results, "; ".join(event.changes).replace("; ", ";\n").splitlines()))
        table.add_row(table.name_area(event.area), (format_date(event.day), article, changes, source))
    return table


def _keep_results(change: str) -> Part:
    """Return a change of the law with its two results on one line if the column has room, and else one on each."""
    subject, colon, results = change.rpartition(": ")
    if "→" not in results:
        return change
    before, now = (result.replace(" ", "\u00a0") for result in results.split(" → "))
    return Markup("{}{}{}").format(subject, colon, keep_phrases([f"{before}\u00a0→ {now}"]))
