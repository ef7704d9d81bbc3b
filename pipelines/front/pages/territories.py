"""Compose the comparison of all territories in one year, and the profile of each."""

from __future__ import annotations

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.design.components import Markup, Part
from pipelines.front import pages, pictures, sentences
from pipelines.front.edition import CONVICTED, CONVICTION_RATIO
from pipelines.front.pages import Page, Section, changes, joint_teams, others, sentencing, victims
from pipelines.front.pages.durations import compose_table
from pipelines.front.pages.fields import regional_field
from pipelines.front.pages.law import describe_demonstration
from pipelines.front.pages.periods import choose_ratio_period
from pipelines.front.queries import BEFORE_COURT, CRIMES, STAGES
from pipelines.front.reader import Reader
from pipelines.front.tables import (
    FEW_COUNTS,
    FigureTable,
    format_figure,
    in_page_language,
    join_pieces,
    mark_english,
    period_field,
)
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import changes as change_words
from pipelines.words import durations, figures, indicators, language, regions, trends
from pipelines.words.language import tell
from pipelines.words.sources import has_statement, translate_note, translate_statement

_STAGES_OF_TRACK = language.Texts(
    {"first": mark("stages with decisions at first instance"), "final": mark("stages with final decisions")}
)
"""Columns of a table of stages, by track: also those before the decisions, so it is not one of decisions."""
_IN_PART = mark("Reported by {n} of the {whole} parts of the territory. A total needs all of them.")
_ONLY_LENGTHS = mark("The returns of this territory do not count this. Its case records give the lengths of sentences.")
"""Note on those sentenced in a territory that the page on sentences has figures of."""

_YEARS = 6
"""Years in the table of a profile, the newest."""
_RETURNS = 10
"""Returns listed in a profile, the newest."""
_BREAKDOWNS = ("sex", "age")
_KEY_STAGE = "first"
"""Stage whose median a profile has in words: from indictment to the decision at first instance."""


def compose_comparison(reader: Reader, crime: str) -> Page:
    """Return the page with the stages of all territories in one year."""
    edition = reader.edition
    year = edition.choose_year(crime)
    crime_name = reader.find_label("offence_group", crime)
    title = tell("Territories compared: {crime}, {period}", crime=language.lower_first(crime_name), period=year)
    return Page(
        pages.name_file(pages.TERRITORIES, crime),
        "territories.html",
        pages.TERRITORIES,
        title,
        title,
        tell(words.COVERAGE_IN_TABLES),  # marked in words.citations
        tell("Choose a territory to see its profile."),
        pages.list_views(
            reader, {c: pages.name_file(pages.TERRITORIES, c) for c in CRIMES if edition.has_crime(c)}, crime
        ),
        {
            "tiles": pictures.draw_tiles(reader, crime),
            "multiples": pictures.draw_territories(reader, crime, CONVICTED),
            "multiples_table": _compose_convictions(reader, crime),
            "tables": [_compose_stages(reader, crime, year, track) for track in STAGES],
            "changes": _compose_changes(reader, crime, year),
            "no_funnel": tell(sentences.NO_FUNNEL),  # marked in sentences
            "no_ranking": tell(sentences.NO_RANKING),  # marked in sentences
            "explore": reader.link_to_explorer("region", crime=crime, freq="A", period=year),
            "cooperation": pages.name_file(pages.COOPERATION, crime),
        },
        crime,
    )


def _compose_stages(reader: Reader, crime: str, year: str, track: str) -> FigureTable:
    """Return the persons at each stage in one year, for the region and each territory."""
    edition = reader.edition
    measures = STAGES[track]
    table = FigureTable(
        reader,
        f"{reader.find_label('offence_group', crime)}, {year}, {_STAGES_OF_TRACK[track]}: {words.unit_name('person')}",
        tell("Area"),
        [words.stage_name(measure) for measure in measures],
        name=f"stages-{track}",
        few=tell(FEW_COUNTS, enough=ENOUGH_EVENTS),  # marked in tables
    )
    totals = [edition.find_total(crime, measure, edition.region, year) for measure in measures]
    table.add_row(table.name_area(edition.region), [regional_field(table, row) for row in totals], is_total=True)
    table.add_cover_row(totals)
    if len({str(row["reporters"]) for row in totals if row is not None and not regions.is_refused(row)}) > 1:
        table.notes.add_remark(
            tell(
                "The figures of the region in this table are not all of the same territories, so do not compare them "
                "with each other."
            )
        )
    for code in edition.territories:
        cells = [edition.find_total(crime, measure, code, year) for measure in measures]
        heading = table.name_area(code, pages.name_territory_file(code, crime))
        fields = [table.count_field(cell) for cell in cells]
        sentenced = cells[-1]
        if (sentenced is None or sentenced["obs_status"] == "L") and _has_lengths(reader, crime, code, track):
            fields[-1] = table.note_field(fields[-1], tell(_ONLY_LENGTHS))  # marked above
        table.add_row(heading, fields)
    return table


def _has_lengths(reader: Reader, crime: str, area: str, track: str) -> bool:
    """Return True if the case records of a territory give lengths of sentences."""
    codes = {area, *reader.edition.list_jurisdictions(area)}
    return any(code in codes for code, _, _ in reader.edition.find_sentences(crime, track))


def _compose_changes(reader: Reader, crime: str, year: str) -> FigureTable | None:
    """Return whether convictions changed since an earlier year, for the region and each territory; None without one."""
    years = reader.edition.list_periods(crime, "A")
    span = changes.choose_span(years, year)
    if span is None:
        return None
    crime_name = reader.name_crime(crime)
    caption = f"{reader.find_label('measure', CONVICTED)}, {crime_name}, {words.unit_name('person')}"
    table = changes.make_table(reader, caption, span)
    changes.add_lines(table, changes.judge_counts(table, crime, CONVICTED, span))
    return changes.add_remarks(table, changes.explain_span(years, span))


def _compose_convictions(reader: Reader, crime: str) -> FigureTable:
    """Return the persons convicted at first instance in each territory and year."""
    edition = reader.edition
    years = edition.list_periods(crime, "A")
    crime_name = reader.name_crime(crime)
    caption = f"{reader.find_label('measure', CONVICTED)}, {crime_name}: {words.unit_name('person')}"
    table = FigureTable(reader, caption, tell("Territory"), years, name="convictions")
    for code in edition.territories:
        cells = [edition.find_total(crime, CONVICTED, code, year) for year in years]
        table.add_row(table.name_area(code), [table.count_field(cell, has_interval=True) for cell in cells])
    add_corrections(table)
    return table


def add_corrections(table: FigureTable, area: str = "") -> None:
    """Add the notices on corrected figures to the remarks of a table, which its files have too."""
    for row in table.reader.edition.tables["note"]:
        if row["kind"] == "correction" and area in ("", row["territory"]):
            table.notes.add_remark(Markup(describe_correction(table.reader, row)).striptags())


def compose_profile(reader: Reader, crime: str, area: str) -> Page:
    """Return the profile of one territory."""
    edition = reader.edition
    crime_name = reader.find_label("offence_group", crime)
    year, name = edition.choose_year(crime), reader.marked_name(area)
    teams = joint_teams.compose_territory(reader, crime, area)
    sections = [
        _compose_own_changes(reader, crime, area, year),
        _compose_exits(reader, crime, area),
        _compose_breakdown(reader, crime, area),
        _compose_durations(reader, crime, area),
        sentencing.compose_section(reader, crime, area),
        victims.compose_section(reader, crime, area),
        teams,
        _compose_rules(reader, area),
        _compose_notes(reader, crime, area),
        _compose_returns(reader, area),
    ]
    headlines = _list_headlines(reader, crime, area, year)
    files = {c: pages.name_territory_file(area, c) for c in CRIMES if edition.has_crime(c)}
    return Page(
        files[crime],
        "territory.html",
        pages.TERRITORIES,
        f"{name}: {language.lower_first(crime_name)}",
        headlines[0][1],
        f"{words.name_years(edition.list_periods(crime, 'A')[-_YEARS:])}.",
        views=pages.list_views(reader, files, crime),
        values={
            "headlines": headlines,
            "notices": [
                describe_correction(reader, row)
                for row in edition.tables["note"]
                if row["kind"] == "correction" and row["territory"] == area
            ],
            "trend": pictures.draw_trend(reader, crime, CONVICTED, area),
            "why_change": tell(sentences.CLEAR),  # marked in sentences
            "why_interval": tell(sentences.WHY_INTERVAL),  # marked in sentences
            "why_compared": others.explain_family(
                reader, CONVICTION_RATIO, crime, choose_ratio_period(reader, crime, CONVICTION_RATIO)
            ),
            "flow": pictures.draw_stages(reader, crime, area),
            "flow_of_final": pictures.draw_stages(reader, crime, area, "final"),
            "stages": _compose_years(reader, crime, area),
            "stages_of_final": _compose_years(reader, crime, area, "final"),
            "no_funnel": tell(sentences.NO_FUNNEL),  # marked in sentences
            "sections": [section for section in sections if section is not None],
            "section_pictures": [picture for section in sections if section for picture in section.pictures],
            "brief": pages.name_brief_file(area, crime),
            "meeting": pages.name_meeting_file(area, crime),
            "explore": reader.link_to_explorer("territory", territory=area, crime=crime),
            "published": reader.link_to_explorer("published", territory=area, crime=crime),
            "cooperation": pages.name_file(pages.COOPERATION, crime),
            "others": [
                (reader.marked_name(code), pages.name_territory_file(code, crime))
                for code in edition.territories
                if code != area
            ],
        },
        crime=crime,
        area=area,
        demonstration=describe_demonstration() if teams is not None else "",
    )


def _list_headlines(reader: Reader, crime: str, area: str, year: str) -> list[tuple[str, str]]:
    edition = reader.edition
    earlier = [period for period in edition.list_periods(crime, "A") if period < year][-1:]
    convictions = sentences.describe_convictions(reader, crime, area, earlier[0] if earlier else year, year)
    period = choose_ratio_period(reader, crime, CONVICTION_RATIO)
    ratios = edition.find_ratios(CONVICTION_RATIO, crime, period)
    own_figure, regional_figure = (indicators.format_figure(ratios.get(code)) for code in (area, edition.region))
    ratio = tell(
        "{area}, {period}: {crime}, {name}: {own}. {region}: {regional}.",
        area=figures.name_counted_area(area, ratios.get(area), reader.vocabulary),
        period=words.period_words(period),
        crime=reader.name_crime(crime),
        name=language.lower_first(reader.metric_name(CONVICTION_RATIO)),
        own=own_figure.spoken,
        region=figures.name_counted_area(edition.region, ratios.get(edition.region), reader.vocabulary),
        regional=regional_figure.spoken,
    )
    difference = others.describe_difference(reader, CONVICTION_RATIO, crime, period, area)
    ratio = " ".join([ratio, *figures.list_later_states(ratios.get(area)), difference])
    quarter = (edition.list_board_periods("Q", 1) or [year])[0]
    newest = reader.describe_state(area, quarter)
    return [
        (tell("What changed"), convictions),
        (tell("Compared with the region"), ratio),
        (tell("Has it reported?"), newest),
    ]


def _compose_years(reader: Reader, crime: str, area: str, track: str = "first") -> FigureTable:
    """Return the persons at each stage in the newest years; the year that a break names has its note."""
    edition = reader.edition
    measures = STAGES[track]
    table = FigureTable(
        reader,
        f"{reader.marked_name(area)}, {reader.name_crime(crime)}, {_STAGES_OF_TRACK[track]}: "
        f"{words.unit_name('person')}",
        tell("Year"),
        [words.stage_name(measure) for measure in measures],
        name="stages" if track == "first" else f"stages-{track}",
        few=tell(FEW_COUNTS, enough=ENOUGH_EVENTS),  # marked in tables
    )
    years = edition.list_periods(crime, "A")
    stages = [[edition.find_total(crime, measure, area, year) for year in years] for measure in measures]
    breaks = [change_words.place_breaks(years, edition.find_cuts(area, crime, years, cells)) for cells in stages]
    oldest = max(0, len(years) - _YEARS)
    for place in reversed(range(oldest, len(years))):
        note = " ".join(reader.describe_breaks(area, [row for placed in breaks for row in placed.get(place, ())]))
        # The picture of convictions draws their intervals.
        fields = [
            table.count_field(cells[place], has_interval=measure == CONVICTED)
            for measure, cells in zip(measures, stages, strict=True)
        ]
        table.add_row(table.note_field(years[place], note), fields)
    add_corrections(table, area)
    return table


def _compose_own_changes(reader: Reader, crime: str, area: str, year: str) -> Section | None:
    """Return whether the persons at each stage changed since an earlier year; None without one."""
    edition = reader.edition
    years = edition.list_periods(crime, "A")
    span = changes.choose_span(years, year)
    if span is None:
        return None
    subject = f"{reader.marked_name(area)}, {reader.name_crime(crime)}"
    tables: list[FigureTable] = []
    for track, measures in (("first", STAGES["first"]), ("final", STAGES["final"][len(BEFORE_COURT) :])):
        caption = f"{subject}, {language.lower_first(words.TRACKS[track])}"
        table = changes.make_table(reader, caption, span, f"changes-{track}", tell("Stage"))
        lines = []
        for measure in measures:
            cells = [edition.find_total(crime, measure, area, period) for period in span]
            lines.append(changes.judge_count(table, crime, area, cells, span, words.stage_name(measure)))
        changes.add_lines(table, lines, "" if tables else trends.READ)
        tables.append(changes.add_remarks(table, "" if tables else changes.explain_span(years, span)))
    return Section("changes", tell("Is the change real?"), tables=tables)


def _compose_exits(reader: Reader, crime: str, area: str) -> Section | None:
    """Return how the proceedings of persons ended without a conviction in the newest year that has figures."""
    rows = [row for row in reader.edition.tables["exit"] if (row["area"], row["offence_group"]) == (area, crime)]
    if not rows:
        return None
    with_figures = [row["period"] for row in rows if row["value"] is not None] or [row["period"] for row in rows]
    year = max(with_figures)
    counts = [row for row in rows if row["period"] == year]
    table = FigureTable(
        reader,
        tell(
            "{area}, {crime}, {period}: people whose proceedings ended without a conviction",
            area=reader.marked_name(area),
            crime=reader.name_crime(crime),
            period=year,
        ),
        tell("Outcome"),
        [tell("Persons (95% confidence interval)")],
        name="outcomes",
    )
    for row in counts:
        figure = indicators.format_figure(row)
        level = language.lower_first(reader.find_label("level", row["level"]))
        label = f"{reader.find_label('measure', row['measure'])} ({level})"
        few = figure.kind == "value" and words.is_few(row)
        is_in_part = row["value"] is None and row["n_reported"] < row["n_expected"]
        why = tell(_IN_PART, n=row["n_reported"], whole=row["n_expected"]) if is_in_part else ""  # marked above
        table.add_row(label, (table.note_field(format_figure(figure, is_few=few), why),))
    return Section("outcomes", tell("People whose proceedings ended without a conviction"), tables=[table])


def _compose_breakdown(reader: Reader, crime: str, area: str) -> Section | None:
    """Return those convicted at first instance by sex and by age, in the newest year that has figures."""
    edition = reader.edition
    rows = [row for row in edition.tables["breakdown"] if (row["area"], row["offence_group"]) == (area, crime)]
    tables = []
    for dimension in _BREAKDOWNS:
        of_dimension = [row for row in rows if row["table_id"] == f"territory_year_{dimension}"]
        years = [row["period"] for row in of_dimension if row["value"] is not None]
        if not years:
            continue
        table = FigureTable(
            reader,
            tell(
                "{area}, {crime}, {period}: persons convicted at first instance, by {dimension}",
                area=reader.marked_name(area),
                crime=reader.name_crime(crime),
                period=max(years),
                dimension=tell("sex") if dimension == "sex" else tell("age"),
            ),
            tell("Sex") if dimension == "sex" else tell("Age"),
            [tell("Persons"), tell("Share, % (95% confidence interval)")],
            name=f"by-{dimension}",
        )
        order = reader.list_codes(dimension)
        at = {row[dimension]: row for row in of_dimension if row["period"] == max(years)}
        for code in (code for code in order if code in at):
            row = at[code]
            is_whole = code == "_T"
            field = victims.share_field(table, {"share_obs_status": None} if is_whole else row)
            table.add_row(reader.find_label(dimension, code), (table.count_field(row), field), is_total=is_whole)
        tables.append(table)
    return Section("breakdown", tell("By sex and age"), tables=tables) if tables else None


def _compose_durations(reader: Reader, crime: str, area: str) -> Section | None:
    """Return how long cases took, for a territory that sends case records."""
    edition = reader.edition
    by_metric = {metric: edition.find_durations(metric, crime).get(area, ()) for metric in edition.metrics}
    lines = [(reader.metric_name(metric), rows) for metric, rows in by_metric.items() if rows]
    if not lines:
        return None
    name = reader.marked_name(area)
    caption = tell(
        "{area}, {crime}: how long cases take, in days, with 95% confidence intervals",
        area=name,
        crime=reader.name_crime(crime),
    )
    table = compose_table(reader, caption, tell("Part of the proceedings"), lines, [area])
    rows = [row for _, rows in lines for row in rows]
    crime_name = reader.find_label("offence_group", crime)
    texts = [
        durations.compose_sentence(reader.metric_name(row["metric"]), crime_name, [(name, row)], ())
        for row in rows
        if (row["stage"], row["statistic"]) == (_KEY_STAGE, "median")
    ]
    # Each sentence has the dates of its records.
    texts = texts or [tell("Records: {span}.", span=durations.name_dates([(name, rows)]))]
    texts.append(tell(trends.NO_SERIES))  # marked in words.trends
    return Section("durations", tell("How long cases take"), texts, [table])


def _compose_rules(reader: Reader, area: str) -> Section | None:
    """Return what each office counts at each level, as it is declared."""
    edition = reader.edition
    codes = [area, *edition.list_jurisdictions(area)]
    rules = [row for row in edition.tables["counting_rule"] if row["jurisdiction"] in codes]
    if not rules:
        return None
    levels = reader.list_codes("level")
    tables = []
    for office in dict.fromkeys(row["jurisdiction"] for row in rules):
        table = FigureTable(
            reader,
            tell("Counting rules: {area}", area=reader.marked_name(office)),
            tell("Level"),
            [tell("Unit"), tell("What is counted")],
            is_text=True,
            name=f"rules-{office.replace('_', '-').lower()}",
        )
        for row in sorted(
            (row for row in rules if row["jurisdiction"] == office), key=lambda row: levels.index(row["level"])
        ):
            unit = words.unit_name(str(row["count_unit"]))
            definition = join_pieces(reader, translate_statement(str(row["stage_definition"] or "")))
            table.add_row(reader.find_label("level", row["level"]), (unit, definition))
        tables.append(table)
    return Section("rules", tell("Counting rules"), tables=tables)


def _compose_notes(reader: Reader, crime: str, area: str) -> Section | None:
    """Return the notes on the territory and the breaks of its series."""
    edition = reader.edition
    notes = [row for row in edition.tables["note"] if row["territory"] == area and has_statement(str(row["text"]))]
    texts: list[Part] = []
    for row in notes:
        if row["kind"] == "correction":
            texts.append(describe_correction(reader, row))
            continue
        where = reader.marked_name(row["area"]) if row["area"] != area else ""
        when = words.period_short(row["period_from"]) if row["period_from"] else ""
        about = ", ".join(filter(None, (where, when)))
        text = join_pieces(reader, translate_note(str(row["text"])))
        texts.append(Markup("{}: {}").format(about, text) if about else text)
    codes = {area, *edition.list_jurisdictions(area)}
    breaks = [
        row for row in edition.tables["break"] if row["area"] in codes and row["offence_group"] in ("", "_T", crime)
    ]
    # Most breaks have a note, which also says how sure they are.
    noted = " ".join(str(row["text"]) for row in notes)
    others = [row for row in breaks if not row["text"] or str(row["text"]).rstrip(".") not in noted]
    texts += [mark_english(reader, text) for text in reader.describe_breaks(area, others)]
    return Section("notes", tell("Notes and breaks in the series"), list(dict.fromkeys(texts))) if texts else None


def describe_correction(reader: Reader, row: words.Row) -> Part:
    """Return a notice on corrected figures of an area, whose text is as the secretariat wrote it."""
    period = words.period_short(row["period_from"]) if row["period_from"] else tell("all periods")
    start = tell("Correction, {area}, {period}:", area=reader.marked_name(row["area"]), period=period)
    return Markup("{} {}").format(start, in_page_language(reader, str(row["text"])))


def _compose_returns(reader: Reader, area: str) -> Section:
    """Return the newest returns of a territory."""
    rows = [row for row in reader.edition.tables["submission"] if row["territory"] == area][:_RETURNS]
    if not rows:
        return Section("data", tell("Data received"), [tell("This release uses no data from this territory.")])
    table = FigureTable(
        reader,
        tell("{area}: newest returns accepted for this release", area=reader.marked_name(area)),
        tell("Received"),
        [tell("From"), tell("About"), tell("Periods")],
        is_text=True,
        name="returns",
    )
    for row in rows:
        table.add_row(
            words.format_day(row["received_at"]),
            (
                reader.marked_name(row["jurisdiction"] or row["territory"]),
                reader.find_label("instrument", row["instrument"] or ""),
                period_field(*(row[end] for end in ("first_period", "last_period") if row[end])),
            ),
        )
    return Section("data", tell("Data received"), tables=[table])
