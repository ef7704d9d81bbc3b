"""Compose requests for legal assistance by type, quarter, legal basis and channel, and informal exchange by channel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pipelines import words
from pipelines.design.components import Part
from pipelines.front import pages, sentences
from pipelines.front.pages import Page, Section
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_count, format_figure, period_field
from pipelines.publication.cooperation.cells import SMALLEST_WITHOUT_PARTNERS
from pipelines.statistics.thresholds import SMALLEST_PUBLISHED_COUNT
from pipelines.words import Row, language
from pipelines.words.language import tell

_TOTAL: Final = "_T"
_FLOWS: Final = ("requests_registered", "requests_closed")
_EXCHANGED: Final = ("exchanges_registered", "exchanges_answered")
_DIRECTIONS: Final = ("incoming", "outgoing")
_QUARTERS: Final = 4


def name_directions() -> dict[str, str]:
    """Return the names of the directions of requests by code."""
    return {"incoming": tell("Incoming requests"), "outgoing": tell("Outgoing requests")}


def name_columns(columns: Sequence[str]) -> list[str]:
    """Return the headings of columns that each direction has, in a table whose caption says that it is of requests."""
    directions = (tell("Incoming"), tell("Outgoing"))
    return [f"{direction}: {language.lower_first(column)}" for direction in directions for column in columns]


def name_types() -> str:
    """Return the title of the page on types and quarters."""
    return tell("Requests by type and quarter")


def name_bases() -> str:
    """Return the title of the page on legal bases and channels."""
    return tell("Requests by legal basis and channel")


def list_basis_files(reader: Reader) -> dict[str, str]:
    """Return the file of the page on legal bases and channels for each crime that has figures by legal basis."""
    return list_crime_files(reader, "cooperation_basis", pages.BASES)


def list_type_files(reader: Reader) -> dict[str, str]:
    """Return the file of the page on types and quarters for each crime that has figures by type."""
    return list_crime_files(reader, "cooperation_type", pages.TYPES)


def list_crime_files(reader: Reader, table: str, page: str) -> dict[str, str]:
    """Return the file of a page for each crime that has rows in a table."""
    present = {row["offence_group"] for row in reader.edition.tables[table]}
    return {code: pages.name_file(page, code) for code in CRIMES if code in present}


def name_exchange() -> str:
    """Return the title of the page on informal exchange."""
    return tell("Informal exchange between police forces")


def list_exchange_files(reader: Reader) -> dict[str, str]:
    """Return the file of the page on informal exchange for each crime that has figures of it."""
    return list_crime_files(reader, "informal_exchange", pages.EXCHANGE)


def compose_types_pages(reader: Reader) -> Iterator[Page]:
    """Yield a page on requests by type and by quarter for each crime and year.

    A year may have quarters only: the newest, before anybody has reported the whole of it.
    """
    for crime in list_type_files(reader):
        tables = ("cooperation_type", "cooperation_quarter")
        yield from _compose_year_pages(reader, crime, tables, pages.TYPES, name_types(), _compose_type_sections)


def compose_bases_pages(reader: Reader) -> Iterator[Page]:
    """Yield a page on requests by legal basis and by channel for each crime and year."""
    for crime in list_basis_files(reader):
        yield from _compose_year_pages(
            reader, crime, ("cooperation_basis",), pages.BASES, name_bases(), _compose_basis_sections
        )


def compose_exchange_pages(reader: Reader) -> Iterator[Page]:
    """Yield a page on informal exchange for each crime and year."""
    for crime in list_exchange_files(reader):
        yield from _compose_year_pages(
            reader, crime, ("informal_exchange",), pages.EXCHANGE, name_exchange(), _compose_exchange_sections
        )


def _compose_year_pages(
    reader: Reader,
    crime: str,
    tables: Sequence[str],
    page: str,
    name: str,
    compose_sections: Callable[[Reader, str, int], list[Section]],
) -> Iterator[Page]:
    """Yield a page for each year with rows in one of the tables, the newest first.

    The page of the newest year of the first table has no year in its name, so that links stay.
    """
    years_by_crime = {code: _list_years(reader, code, tables) for code in list_crime_files(reader, tables[0], page)}

    def name_file(code: str, year: int) -> str:
        is_newest = year == _list_years(reader, code, tables[:1])[0]
        return pages.name_file(page if is_newest else f"{page}-{year}", code)

    for year in years_by_crime[crime]:
        files = {code: name_file(code, year) for code, years in years_by_crime.items() if year in years}
        links = [(str(number), name_file(crime, number), number == year) for number in years_by_crime[crime]]
        first, *others = compose_sections(reader, crime, year)
        # A page of quarters only is not called one of types.
        title = first.title if first.anchor == "quarters" else name
        first = replace(first, texts=[*list_absences(reader, year), *first.texts])
        yield make_page(reader, crime, files, title, [first, *others], links)


def list_absent_areas(reader: Reader, year: int) -> list[str]:
    """Return the territories without a return of the whole year; none if no territory has sent one so far."""
    whole = {
        row["territory"]
        for row in reader.edition.tables["cooperation_return"]
        if row["year"] == year and row["n_quarters"] == _QUARTERS
    }
    return [code for code in reader.edition.territories if code not in whole] if whole else []


def list_absences(reader: Reader, year: int) -> list[str]:
    """Name the territories without a return of the whole year; nothing if no territory has sent one so far."""
    absent = [reader.marked_name(code) for code in list_absent_areas(reader, year)]
    if not absent:
        return []
    return [tell("No return on cooperation for {year}: {areas}.", year=year, areas=words.join_words(absent))]


def format_lacking(reader: Reader, area: str, year: int) -> Part:
    """Return the word for a figure that a release does not have."""
    return format_figure(words.format_status(name_lacking(reader, area, year)))


def name_lacking(reader: Reader, area: str, year: int) -> str:
    """Return the status of a figure that a release does not have: not received if the area sent no return."""
    return "unreceived" if area in list_absent_areas(reader, year) else "unavailable"


def note_withheld(table: FigureTable) -> None:
    """Explain the word "withheld" in a table of requests that has it."""
    withheld = str(format_figure(words.format_status("withheld")))
    if any(withheld in str(field) for row in table.rows for field in row.fields):
        table.notes.add_remark(tell("Small figures are withheld so that nobody can tell whose requests they are."))
        table.notes.add_remark(tell(sentences.WITHHELD_WITH))  # marked there


def _list_years(reader: Reader, crime: str, tables: Sequence[str]) -> list[int]:
    years = {year for table in tables for year in reader.edition.list_years_of_crime(table, crime)}
    return sorted(years, reverse=True)


def _compose_type_sections(reader: Reader, crime: str, year: int) -> list[Section]:
    sections = []
    if types := compose_types(reader, crime, year):
        sections.append(Section("types", tell("What is asked for"), tables=types))
    if quarters := compose_quarters(reader, crime, year):
        texts = [tell("Only territories that report on cooperation every quarter have a table.")]
        if not types:
            texts.append(tell("Figures by type are published once the whole year has been reported."))
        sections.append(Section("quarters", tell("Requests by quarter"), texts, quarters))
    return sections


def _compose_basis_sections(reader: Reader, crime: str, year: int) -> list[Section]:
    return [
        Section("bases", tell("By legal basis"), tables=compose_bases(reader, crime, year)),
        Section("channels", tell("By channel"), tables=compose_channels(reader, crime, year)),
    ]


def _compose_exchange_sections(reader: Reader, crime: str, year: int) -> list[Section]:
    return [Section("exchange", tell("By channel"), tables=compose_exchange(reader, crime, year))]


def make_page(
    reader: Reader,
    crime: str,
    files: Mapping[str, str],
    name: str,
    sections: Sequence[Section],
    years: Sequence[tuple[str, str, bool]] = (),
    span: str = "",
    demonstration: str = "",
) -> Page:
    """Return a page of sections that belongs to the page on cooperation of the same crime.

    `years` are the pages of each year, with whether it is this page; without them the page has all years, and `span`
    names the first and the last one.
    `demonstration` is the notice of a demonstration if it is another one than that of figures.
    """
    title = f"{name}: {reader.name_crime(crime)}"
    title += "".join(f", {year}" for year in (*(year for year, _, is_current in years if is_current), span) if year)
    return Page(
        files[crime],
        "cooperation_types.html",
        pages.TERRITORIES,
        title,
        title,
        views=pages.list_views(reader, files, crime),
        values={
            "years": years,
            "sections": sections,
            "section_pictures": [picture for section in sections for picture in section.pictures],
            "cooperation": pages.name_file(pages.COOPERATION, crime),
        },
        crime=crime,
        demonstration=demonstration,
    )


def select_rows(reader: Reader, table: str, crime: str, year: int | None = None, **values: object) -> list[Row]:
    """Return the rows of a table of one crime, of one year or of all, with these values."""
    rows = reader.edition.list_rows_of_crime(table, crime, year)
    return [row for row in rows if all(row[k] == v for k, v in values.items())]


def compose_types(reader: Reader, crime: str, year: int) -> list[FigureTable]:
    """Return the requests of each direction by type, for each territory and the region; none without figures."""
    tables = _compose_parts(
        reader, crime, year, "assistance", "cooperation_type", tell("By type"), tell("Type of request")
    )
    for table in tables:
        note_withheld(table)
    return tables


def compose_bases(reader: Reader, crime: str, year: int) -> list[FigureTable]:
    """Return the requests of each direction by legal basis, likewise."""
    tables = _compose_parts(
        reader, crime, year, "legal_basis", "cooperation_basis", tell("By legal basis"), tell("Legal basis")
    )
    return _note_partners(tables)


def compose_channels(reader: Reader, crime: str, year: int) -> list[FigureTable]:
    """Return the requests of each direction by channel, likewise."""
    tables = _compose_parts(reader, crime, year, "channel", "cooperation_channel", tell("By channel"), tell("Channel"))
    return _note_partners(tables)


def _note_partners(tables: list[FigureTable]) -> list[FigureTable]:
    for table in tables:
        table.notes.add_remark(
            tell(
                "Returns do not say how a figure is divided among partners, and each partner knows its own requests. "
                "So a figure above 0 is shown only if, for every partner, at least {least} of its requests are certain "
                "to concern others.",
                least=SMALLEST_PUBLISHED_COUNT,
            )
        )
        table.notes.add_remark(tell(sentences.WITHHELD_WITH))  # marked there
    return tables


def _compose_parts(
    reader: Reader, crime: str, year: int, dimension: str, name: str, caption: str, corner: str
) -> list[FigureTable]:
    """Return the requests of each direction by one dimension, of the table `name`, with their total."""
    rows = select_rows(reader, name, crime, year=year)
    totals = select_rows(
        reader, "cooperation", crime, year=year, measure="requests_registered", statistic="count", partner=_TOTAL
    )
    totals += select_rows(reader, "cooperation_type", crime, year=year, assistance=_TOTAL)
    counts = {(row["direction"], row[dimension], row["territory"]): row for row in rows}
    counts |= {(row["direction"], _TOTAL, row["territory"]): row for row in totals}
    used = [code for code in reader.list_codes(dimension) if any(part == code for _, part, _ in counts)]
    anchor = {"assistance": "types", "legal_basis": "bases", "channel": "channels"}[dimension]
    tables = []
    for direction, title in name_directions().items() if rows else ():
        table = _start_table(
            reader, f"{title}: {language.lower_first(caption)}, {reader.name_crime(crime)}, {year}", corner
        )
        table.name = f"{anchor}-{direction}-{year}"
        for code in [*(code for code in used if code != _TOTAL), _TOTAL]:
            fields = [_field(reader, area, year, counts.get((direction, code, area))) for area in _list_areas(reader)]
            table.add_row(reader.find_label(dimension, code), fields, is_total=code == _TOTAL)
        _note_region(table, rows)
        tables.append(table)
    return tables


def _list_areas(reader: Reader) -> list[str]:
    return [*reader.edition.territories, reader.edition.region]


def _start_table(reader: Reader, caption: str, corner: str) -> FigureTable:
    areas = _list_areas(reader)
    table = FigureTable(reader, caption, corner, [reader.marked_name(area) for area in areas])
    for area in areas:
        table.name_area(area)
    return table


def _field(reader: Reader, area: str, year: int, row: Row | None) -> Part:
    return format_lacking(reader, area, year) if row is None else format_count(row)


def _note_region(table: FigureTable, rows: list[Row]) -> None:
    """Name the territories that are in the figures of the region."""
    reader = table.reader
    included = {
        code for row in rows if row["territory"] == reader.edition.region for code in row["reporters"].split(",")
    }
    if included and included != set(reader.edition.territories):
        names = [reader.marked_name(code) for code in reader.edition.territories if code in included]
        table.notes.add_remark(
            tell("Territories in the figures of the region: {areas}.", areas=words.join_words(names))
        )


def compose_quarters(reader: Reader, crime: str, year: int) -> list[FigureTable]:
    """Return the requests registered and closed in each quarter of a year, by territory that reports quarters."""
    rows = select_rows(reader, "cooperation_quarter", crime, year=year)
    counts = {
        (row["territory"], f"{row['year']}-Q{row['quarter']}", row["direction"], row["measure"]): row for row in rows
    }
    quarters = sorted({quarter for _, quarter, _, _ in counts}, reverse=True)
    flows = {"requests_registered": tell("Registered"), "requests_closed": tell("Closed")}
    tables = []
    for area in reader.edition.territories:
        reported = [quarter for quarter in quarters if any(key[:2] == (area, quarter) for key in counts)]
        if not reported:
            continue
        table = FigureTable(
            reader,
            f"{reader.marked_name(area)}: {language.lower_first(tell('Requests by quarter'))}, "
            f"{reader.name_crime(crime)}, {year}",
            tell("Quarter"),
            name_columns([flows[flow] for flow in _FLOWS]),
            name=f"quarters-{area.lower()}",
        )
        table.name_area(area)
        unavailable = format_figure(words.format_status("unavailable"))
        for quarter in reported:
            fields = [
                unavailable if (row := counts.get((area, quarter, direction, flow))) is None else format_count(row)
                for direction in _DIRECTIONS
                for flow in _FLOWS
            ]
            table.add_row(period_field(quarter), fields)
        note_withheld(table)
        tables.append(table)
    return tables


def compose_exchange(reader: Reader, crime: str, year: int) -> list[FigureTable]:
    """Return informal requests for information of each direction by channel, and how many were answered."""
    rows = select_rows(reader, "informal_exchange", crime, year=year)
    counts = {(row["direction"], row["measure"], row["channel"], row["territory"]): row for row in rows}
    registered, answered = _EXCHANGED
    used = [code for code in reader.list_codes("channel") if any(row["channel"] == code for row in rows)]
    captions: Mapping[str, str] = {
        "incoming": tell("Incoming informal requests by channel"),
        "outgoing": tell("Outgoing informal requests by channel"),
    }
    tables = []
    for direction, caption in captions.items() if rows else ():
        table = _start_table(reader, f"{caption}, {reader.name_crime(crime)}, {year}", tell("Channel"))
        table.name = f"exchange-{direction}-{year}"
        for code in [*(code for code in used if code != _TOTAL), _TOTAL]:
            fields = [
                _field(reader, area, year, counts.get((direction, registered, code, area)))
                for area in _list_areas(reader)
            ]
            table.add_row(reader.find_label("channel", code), fields, is_total=code == _TOTAL)
        fields = [
            _field(reader, area, year, counts.get((direction, answered, _TOTAL, area))) for area in _list_areas(reader)
        ]
        table.add_row(tell("Answered"), fields)
        table.notes.add_remark(
            tell(
                "Figures from 1 to {most} are withheld, because a small figure could concern a single partner.",
                most=SMALLEST_WITHOUT_PARTNERS - 1,
            )
        )
        table.notes.add_remark(tell(sentences.WITHHELD_WITH))  # marked there
        _note_region(table, rows)
        tables.append(table)
    return tables
