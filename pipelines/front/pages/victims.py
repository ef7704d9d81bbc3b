"""Compose the page on victims: the region and each territory, by status, year, form of exploitation, age and sex."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipelines import words
from pipelines.core.codes import TOTAL_CODES
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.design.components import Part
from pipelines.front import pages, pictures, sentences
from pipelines.front.pages import Page, Section, changes
from pipelines.front.pages.fields import area_field, regional_field
from pipelines.front.queries import CRIMES, VICTIM_TABLES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure
from pipelines.words import Row, figures, indicators, language, victims
from pipelines.words.language import tell

_Find = Callable[[str, str], Row | None]
"""Look up the victims of an area in a column."""
_SHARED: Mapping[str, Sequence[str]] = {"age": ("Y_LT18", "Y_GE18"), "sex": ("M", "F")}
"""Categories of which the page shows the share of the total, by dimension, in the order of their code list."""
_CHANGED = mark("{area}: {crime}, presumed and identified victims: {after} in {last}, {before} in {first}.")
_OTHER_PEOPLE = mark("Victims are counted separately from suspects and defendants.")
_ROUNDED = mark("Shares are rounded, so those of one row may add up to 99 or 101.")
_OTHER_BASES = mark(
    "The rows cover different territories, so they do not add up to everyone and shares must not be calculated from "
    "them."
)


def list_files(reader: Reader) -> dict[str, str]:
    """Return the file of the page for each crime that has victims."""
    return {code: pages.name_file(pages.VICTIMS, code) for code in CRIMES if reader.edition.list_victim_years(code)}


def compose_victims(reader: Reader, crime: str) -> Page:
    """Return the page on the victims of one crime."""
    edition = reader.edition
    year, years = edition.choose_victim_year(crime), edition.list_victim_years(crime)
    crime_name = reader.name_crime(crime)
    whole = edition.find_victims(crime, edition.region, year)
    files = list_files(reader)
    headline = _describe_region(reader, crime, whole)
    return Page(
        files[crime],
        "victims.html",
        pages.VICTIMS,
        f"{tell('Victims')}: {crime_name}, {year}",
        headline,
        tell(words.COVERAGE_IN_TABLES),  # marked in words.citations
        tell(
            "Detected victims are those presumed and those identified, as counted by the authorities that register "
            "them."
        ),
        pages.list_views(reader, files, crime),
        {
            "headline": headline,
            **_compose_changes(reader, crime, year),
            "cautions": [
                tell(_OTHER_PEOPLE),
                tell(sentences.NO_RANKING),  # marked in sentences
                tell(sentences.WHY_INTERVAL),  # marked in sentences
            ],
            "trend": pictures.draw_victims(reader, crime, edition.region),
            "status_heading": reader.find_label("victim_status", "_T"),
            "statuses": _compose_statuses(reader, crime, year),
            "years": _compose_years(reader, crime, years),
            "breakdowns": [
                (figures.DIMENSIONS[dimension], _compose_parts(reader, crime, dimension, year))
                for dimension in VICTIM_TABLES
                if any(
                    edition.find_victim_parts(VICTIM_TABLES[dimension], crime, area, year)
                    for area in (edition.region, *edition.territories)
                )
            ],
            "crossed": _compose_crossed(reader, crime, year),
            "explore": reader.link_to_explorer("victims", crime=crime, freq="A", period=year),
        },
        crime,
    )


def _describe_region(reader: Reader, crime: str, whole: Row | None) -> str:
    if whole is None:
        subject = _name_subject(reader, reader.edition.region, crime)
        return tell("{area}: {figure}.", area=subject, figure=tell(words.NOT_COLLECTED))
    territories, earlier = len(reader.edition.territories), reader.edition.find_earlier(whole)
    return victims.describe_victims(whole, reader.vocabulary, territories, reader.list_absences(whole), earlier)


def _describe_change(reader: Reader, crime: str, span: changes.Span, line: changes.TestedLine) -> str:
    """Return whether the victims of the region changed between two years."""
    ends = sentences.name_ends(reader, reader.edition.region, span, line.figures, line.rows)
    numbers = tell(_CHANGED, crime=reader.name_crime(crime), **ends)
    return f"{numbers} {sentences.describe_change(line.trend)}"


def _compose_changes(reader: Reader, crime: str, year: str) -> changes.TestedChanges:
    """Return whether the victims changed, for the region and each territory; nothing without two years."""
    span = changes.choose_span(reader.edition.list_victim_years(crime), year)
    if span is None:
        return {"changed": "", "changes": []}
    table = changes.make_table(reader, pictures.name_victims(reader, crime), span)
    lines = changes.judge_victims(table, crime, span)
    return {"changed": _describe_change(reader, crime, span, lines[0]), "changes": [changes.add_lines(table, lines)]}


def _compose_statuses(reader: Reader, crime: str, year: str) -> FigureTable:
    """Return the victims of one year by status, for the region and each territory."""
    edition = reader.edition
    codes = [
        code
        for code in reader.list_codes("victim_status")
        if any(edition.find_victims(crime, area, year, code) for area in (edition.region, *edition.territories))
    ]
    crime_name = reader.name_crime(crime)
    table = FigureTable(
        reader,
        tell("Victims of {crime}, {period}", crime=crime_name, period=year),
        tell("Area"),
        [reader.find_label("victim_status", code) for code in codes],
        name="statuses",
    )
    _add_areas(table, lambda area, code: edition.find_victims(crime, area, year, code), codes, crime)
    return table


def _compose_years(reader: Reader, crime: str, years: Sequence[str]) -> FigureTable:
    """Return the presumed and identified victims by year, for the region and each territory."""
    edition = reader.edition
    table = FigureTable(
        reader,
        f"{pictures.name_victims(reader, crime)}, {words.name_years(years)}",
        tell("Area"),
        years,
        name="years",
    )
    _add_areas(table, lambda area, year: edition.find_victims(crime, area, year), years, crime, has_interval=True)
    return table


def _compose_parts(reader: Reader, crime: str, dimension: str, year: str) -> FigureTable:
    """Return the victims of one year by a dimension, with the shares of its main categories."""
    edition = reader.edition
    by_area = {
        area: {row[dimension]: row for row in edition.find_victim_parts(VICTIM_TABLES[dimension], crime, area, year)}
        for area in (edition.region, *edition.territories)
    }
    codes = [code for code in reader.list_codes(dimension) if any(code in rows for rows in by_area.values())]
    shared = [code for code in _SHARED.get(dimension, ()) if code in codes]
    share = language.lower_first(tell("Share, % (95% confidence interval)"))
    labels = {code: _name_category(reader, dimension, code) for code in codes}
    table = FigureTable(
        reader,
        _name_breakdown(pictures.name_victims(reader, crime), year, dimension),
        tell("Area"),
        [*labels.values(), *(f"{labels[code]}: {share}" for code in shared)],
        name=dimension,
    )
    for area, rows in by_area.items():
        is_region = area == edition.region
        fields = [area_field(table, rows.get(code), is_region=is_region) for code in codes]
        rounded = tell(_ROUNDED) if _is_sum_rounded([rows.get(code) for code in shared]) else ""
        fields += [share_field(table, rows.get(code), rounded) for code in shared]
        table.add_row(table.name_area(area, _link_profile(reader, area, crime)), fields, is_total=is_region)
        if is_region:
            table.add_cover_row([rows.get(code) for code in (*codes, *shared)])
    return table


def _name_category(reader: Reader, dimension: str, code: str) -> str:
    """Return the name of a category. The total has one name in all tables of the page, since it is the same number."""
    return tell("Total") if code in TOTAL_CODES else reader.find_label(dimension, code)


def _is_sum_rounded(rows: Sequence[Row | None]) -> bool:
    """Return True if shares of one row add up to 100, and their rounded numbers do not."""
    shares = [row.get("share_value") if row is not None else None for row in rows]
    values = [share for share in shares if share is not None]
    is_whole = bool(values) and len(values) == len(rows) and abs(sum(values) - 100) < 0.5
    return is_whole and sum(map(round_half_up, values)) != 100


def _add_areas(
    table: FigureTable, find: _Find, columns: Sequence[str], crime: str, *, has_interval: bool = False
) -> None:
    """Add a row for the region, one for the territories that are in it, and one for each territory.

    With `has_interval`, figures of the region have their intervals, which a picture draws.
    """
    edition = table.reader.edition
    regional = [find(edition.region, column) for column in columns]
    fields = [regional_field(table, row, has_interval=has_interval) for row in regional]
    table.add_row(table.name_area(edition.region), fields, is_total=True)
    table.add_cover_row(regional)
    for code in edition.territories:
        heading = table.name_area(code, _link_profile(table.reader, code, crime))
        table.add_row(heading, [table.count_field(find(code, column)) for column in columns])


def _link_profile(reader: Reader, area: str, crime: str) -> str:
    """Return the profile of a territory; empty for the region, and for a crime that has no profiles."""
    is_territory = area in reader.edition.territories
    return pages.name_territory_file(area, crime) if is_territory and reader.edition.has_crime(crime) else ""


def share_field(table: FigureTable, row: Row | None, note: str = "") -> Part:
    """Return the share of a category with its interval and a note; not applicable to a total, or without one to divide
    by."""
    if row is None:
        return format_figure(words.format_absent())
    if row["share_obs_status"] is None:
        return format_figure(words.format_status("not_applicable"))
    share = {name.removeprefix("share_"): value for name, value in row.items() if name.startswith("share_")}
    figure = indicators.format_figure(share)
    if figure.kind == "value" and share["interval_basis"] in indicators.BASIS:
        table.notes.add_remark(indicators.BASIS[share["interval_basis"]])
    marks = [table.notes.number_note(note)] if note and figure.kind == "value" else []
    return format_figure(figure, marks, is_few=share["state"] == "too_few" and figure.kind == "value")


def _compose_crossed(reader: Reader, crime: str, year: str) -> FigureTable | None:
    """Return the victims of the region by sex and age together; None if the release has none.

    Everyone is a total of the rows only if the same territories are in all of them; otherwise it is the last row.
    """
    rows = {
        (row["sex"], row["age"]): row
        for row in reader.edition.tables["victim_crossed"]
        if (row["offence_group"], row["period"]) == (crime, year)
    }
    if not rows:
        return None
    table = FigureTable(
        reader,
        tell(
            "{subject}, {year}, by {dimension}",
            subject=_name_subject(reader, reader.edition.region, crime),
            year=year,
            dimension=language.lower_first(tell("Sex and age")),
        ),
        tell("Sex and age"),
        [reader.find_label("victim_status", "_T"), tell("Territories included")],
        name="sex-age",
    )
    is_one_base = len({row["reporters"] for row in rows.values()}) == 1
    order = [(sex, age) for sex in reader.list_codes("sex") for age in reader.list_codes("age") if (sex, age) in rows]
    everyone = ("_T", "_T")
    for key in order if is_one_base else sorted(order, key=lambda pair: pair == everyone):
        sex = tell("Everyone") if key[0] == "_T" else reader.find_label("sex", key[0])
        age = language.lower_first(reader.find_label("age", key[1]))
        heading = tell("Total") if key == everyone else f"{sex}, {age}"
        fields = (regional_field(table, rows[key]), table.cover_field(rows[key], heading))
        table.add_row(heading, fields, is_total=key == everyone and is_one_base)
    if not is_one_base:
        table.notes.add_remark(tell(_OTHER_BASES))
    return table


def compose_section(reader: Reader, crime: str, area: str) -> Section | None:
    """Return the victims of one territory for its profile, in the newest year with figures by category."""
    edition = reader.edition
    tables = []
    for dimension, name in VICTIM_TABLES.items():
        all_years = edition.list_victim_years(crime)
        by_year = {year: edition.find_victim_parts(name, crime, area, year) for year in all_years}
        years = [year for year, rows in by_year.items() if any(row["value"] is not None for row in rows)]
        if years:
            tables.append(_compose_territory_parts(reader, crime, area, dimension, max(years), by_year[max(years)]))
    if not tables:
        return None
    return Section("victims", tell("Victims"), [tell(_OTHER_PEOPLE)], tables)


def _name_subject(reader: Reader, area: str, crime: str) -> str:
    crime_name = reader.name_crime(crime)
    return tell("{area}, victims of {crime}", area=reader.marked_name(area), crime=crime_name)


def _name_breakdown(subject: str, year: str, dimension: str) -> str:
    return tell(
        "{subject}, {year}, by {dimension}",
        subject=subject,
        year=year,
        dimension=language.lower_first(figures.DIMENSIONS[dimension]),
    )


def _compose_territory_parts(
    reader: Reader, crime: str, area: str, dimension: str, year: str, rows: Sequence[Row]
) -> FigureTable:
    table = FigureTable(
        reader,
        _name_breakdown(_name_subject(reader, area, crime), year, dimension),
        figures.DIMENSIONS[dimension],
        [reader.find_label("victim_status", "_T"), tell("Share, % (95% confidence interval)")],
        name=f"victims-{dimension}",
    )
    at = {row[dimension]: row for row in rows}
    for code in (code for code in reader.list_codes(dimension) if code in at):
        is_whole = code in TOTAL_CODES
        share = share_field(table, {"share_obs_status": None} if is_whole else at[code])
        name = _name_category(reader, dimension, code)
        table.add_row(name, (table.count_field(at[code]), share), is_total=is_whole)
    return table
