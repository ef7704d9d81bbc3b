"""Compose the page on sentences: imprisonment on the legal range from case records, and sanctions from counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.design.components import Markup, Part
from pipelines.front import pages, pictures, sentences
from pipelines.front.pages import Page, Section, changes
from pipelines.front.pages.fields import regional_field
from pipelines.front.queries import CRIMES, STAGES
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure
from pipelines.words import FormattedFigure, Row, durations, figures, language, trends
from pipelines.words.language import tell

_FROM_RECORDS = mark("From case records.")
_FROM_RETURNS = mark(
    "These are counts from the returns of offices, not from case records. A territory can send the one without the "
    "other."
)
_MEASURES = {"first": "sentenced_first", "final": "sentenced_final"}
Group = Mapping[str, Row]
"""Figures on the sentences of one register and year, by statistic."""


def list_files(reader: Reader) -> dict[str, str]:
    """Return the file of the page for each crime that has sentences."""
    return {code: pages.name_file(pages.SENTENCES, code) for code in CRIMES if _has_sentences(reader, code)}


def _has_sentences(reader: Reader, crime: str) -> bool:
    edition = reader.edition
    return any(edition.find_sentences(crime, track) for track in STAGES) or any(
        row["offence_group"] == crime for row in edition.tables["sanction"]
    )


def compose_sentences(reader: Reader, crime: str) -> Page:
    """Return the page on the sentences for one crime. First-instance and final decisions never share a table."""
    files = list_files(reader)
    crime_name = reader.name_crime(crime)
    parts = [part for part in (_compose_track(reader, crime, track) for track in STAGES) if part["tables"]]
    headline = next((part["texts"] for part in parts if part["texts"]), ())
    title = f"{tell('Sentences')}: {crime_name}"
    covers = "; ".join(part["cover"] for part in parts if part["cover"])
    return Page(
        files[crime],
        "sentences.html",
        pages.SENTENCES,
        title,
        " ".join(headline) or title,
        " ".join(
            [
                *([tell(words.RECORDS_COVER, cover=covers)] if covers else []),  # marked in words.citations
                tell(words.COVERAGE_IN_TABLES),  # marked in words.citations
            ]
        ),
        views=pages.list_views(reader, files, crime),
        values={
            "tracks": parts,
            "pictures": [part["picture"] for part in parts],
            "as_imposed": mark_emphasis(durations.explain_lengths(_list_groups(reader, crime))),
            "no_ranking": tell(sentences.NO_RANKING),  # marked in sentences
            "explore": reader.link_to_explorer("durations", crime=crime),
        },
        crime=crime,
    )


def _list_groups(reader: Reader, crime: str) -> list[Group]:
    return [group for track in STAGES for group in reader.edition.find_sentences(crime, track).values()]


def mark_emphasis(text: str) -> Markup:
    """Return a text with what is between two pairs of asterisks in bold."""
    parts = text.split("**")
    return Markup("").join(
        Markup("<strong>{}</strong>").format(part) if place % 2 else part for place, part in enumerate(parts)
    )


def _compose_track(reader: Reader, crime: str, track: str) -> dict[str, Any]:
    """Return what the page shows on the decisions of one instance: heading, sentences, picture and tables."""
    edition = reader.edition
    year = edition.choose_sentence_year(crime, track)
    groups = edition.find_sentences(crime, track)
    of_year = {key: group for key, group in groups.items() if key[2] == year}
    tables = []
    texts = []
    cover = ""
    if of_year:
        without = [code for code in edition.territories if not _covers(reader, code, groups)]
        subject = _name_subject(reader, crime, track, year)
        texts = _describe_groups(reader, subject, of_year)
        names = words.join_words(dict.fromkeys(reader.marked_name(area) for area, _, _ in of_year))
        cover = f"{year}, {language.lower_first(words.TRACKS[track])}: {names}"
        if without:
            texts.append(durations.name_without_records([reader.marked_name(code) for code in without]))
        tables = [
            _compose_lengths(reader, subject, f"lengths-{track}", _list_lines(reader, of_year), tell("Territory")),
            _compose_shares(reader, subject, f"shares-{track}", _list_lines(reader, of_year), tell("Territory")),
        ]
        by_year = {key: group for key, group in groups.items() if _has_figure(group) or _is_withheld(group)}
        if len({key[2] for key in by_year}) > 1:
            subject = _name_subject(reader, crime, track, words.name_years([key[2] for key in by_year]))
            lines = _list_lines(reader, by_year, with_year=True)
            tables.append(_compose_lengths(reader, subject, f"lengths-{track}-years", lines, tell("Territory, year")))
            tables += _compose_changes(reader, crime, track, by_year)
    sanctions = _compose_sanctions(reader, crime, track)
    return {
        "heading": words.TRACKS[track],
        "cover": cover,
        "texts": texts,
        "picture": pictures.draw_sentences(reader, crime, track) if of_year else None,
        "tables": [*tables, *([sanctions] if sanctions else [])],
    }


def _compose_changes(
    reader: Reader, crime: str, track: str, by_year: Mapping[tuple[str, str, str], Group]
) -> list[FigureTable]:
    """Return whether the median sentence of each register changed over the years of the figures."""
    medians = {key: row for key, group in by_year.items() if (row := group.get("median")) is not None}
    span = changes.choose_span(sorted({key[2] for key, row in medians.items() if row["value"] is not None}))
    if span is None:
        return []
    subject = f"{_name_subject(reader, crime, track, '')}, {language.lower_first(durations.LENGTHS['median'])}"
    caption = tell("Imprisonment to be served, in months, as imposed. {subject}", subject=subject)
    table = changes.make_table(reader, caption, span, f"changes-{track}", tell("Territory"))
    lines = []
    for area, source in dict.fromkeys(key[:2] for key in medians):
        table.name_area(area)
        breaks = reader.edition.find_record_breaks(area, crime, *span, _MEASURES[track], track)
        rows = [medians.get((area, source, year)) for year in span]
        lines.append(changes.judge_median(_name_group(reader, (area, source, span[1]), by_year), rows, breaks))
    return [changes.add_lines(table, lines, trends.READ_MEDIANS)]


def _covers(reader: Reader, territory: str, groups: Mapping[tuple[str, str, str], Group]) -> bool:
    codes = {territory, *reader.edition.list_jurisdictions(territory)}
    return any(area in codes for area, _, _ in groups)


def _name_subject(reader: Reader, crime: str, track: str, year: str) -> str:
    parts = [reader.find_label("offence_group", crime), year, language.lower_first(words.TRACKS[track])]
    return ", ".join(part for part in parts if part)


def _describe_groups(reader: Reader, subject: str, groups: Mapping[tuple[str, str, str], Group]) -> list[str]:
    """Return the sentences on each register, which name crime, year and instance, since they are quoted alone."""
    return [
        durations.describe_lengths(f"{subject}, {_name_group(reader, key, groups)}", group)
        for key, group in groups.items()
    ]


def _name_group(reader: Reader, key: tuple[str, str, str], groups: Mapping[tuple[str, str, str], Group]) -> str:
    """Return the name of an area, with its register if it has several."""
    area, source, _ = key
    has_several = len({register for code, register, _ in groups if code == area}) > 1
    return f"{reader.marked_name(area)}, {source}" if has_several else reader.marked_name(area)


def _list_lines(
    reader: Reader, groups: Mapping[tuple[str, str, str], Group], *, with_year: bool = False
) -> list[tuple[str, str, Group]]:
    """Return the lines of a table: area, heading and figures; of one area the newest year first."""
    order = sorted(groups, key=lambda key: key[2], reverse=True)
    areas = list(dict.fromkeys(key[0] for key in groups))
    lines = []
    for area in areas:
        for key in (key for key in order if key[0] == area):
            name = _name_group(reader, key, groups)
            lines.append((area, f"{name}, {key[2]}" if with_year else name, groups[key]))
    return lines


def _compose_lengths(
    reader: Reader, subject: str, name: str, lines: Sequence[tuple[str, str, Group]], corner: str
) -> FigureTable:
    """Return the quartiles of imprisonment, with the legal range if it is known."""
    has_law = durations.has_law(group for _, _, group in lines)
    statistics = {**durations.LENGTHS, **({"below_minimum": tell("Below legal minimum (%)")} if has_law else {})}
    last = {tell("Legal range (months)"): durations.format_law} if has_law else {}
    last[tell("Persons")] = durations.format_persons
    caption = tell("Imprisonment to be served, in months, as imposed. {subject}", subject=subject)
    return _compose_table(reader, caption, name, lines, corner, statistics, last)


def _compose_shares(
    reader: Reader, subject: str, name: str, lines: Sequence[tuple[str, str, Group]], corner: str
) -> FigureTable:
    """Return the shares of sentences to imprisonment that are to be served, and that are suspended."""
    statistics = {code: f"{title} (%)" for code, title in durations.SHARES.items()}
    caption = tell("Imprisonment as the principal sanction, share of all sentenced. {subject}", subject=subject)
    last = {tell("Persons"): durations.format_persons}
    return _compose_table(reader, caption, name, lines, corner, statistics, last)


def _compose_table(
    reader: Reader,
    caption: str,
    name: str,
    lines: Sequence[tuple[str, str, Group]],
    corner: str,
    statistics: Mapping[str, str],
    last: Mapping[str, Callable[[Sequence[Row]], FormattedFigure]],
) -> FigureTable:
    table = FigureTable(reader, caption, corner, [*statistics.values(), *last], name=name, few="")
    # A table of one territory names it in its caption.
    names = [reader.marked_name(area) for area, _, _ in lines]
    table.notes.add_remark(
        durations.name_records(names) if any(name not in caption for name in names) else tell(_FROM_RECORDS)
    )
    for area, heading, group in lines:
        table.name_area(area)
        fields: list[Part] = []
        for statistic in statistics:
            row = group.get(statistic)
            reasons = [durations.explain_figure(row), durations.explain_rounding(row)]
            reasons += [durations.explain_share_of_law(group)] if statistic == "below_minimum" else []
            marks = [table.notes.number_note(reason) for reason in reasons if reason]
            fields.append(format_figure(durations.format_limits(row), marks, is_few=durations.is_shown_few(row)))
        of_statistics = [group[statistic] for statistic in statistics if statistic in group]
        fields += [format_figure(describe(of_statistics)) for describe in last.values()]
        table.add_row(heading, fields)
    return table


def _compose_sanctions(reader: Reader, crime: str, track: str) -> FigureTable | None:
    """Return the persons sentenced by principal sanction, for the region and each territory; None without figures."""
    edition = reader.edition
    rows = [
        row
        for row in edition.tables["sanction"]
        if (row["offence_group"], row["measure"]) == (crime, _MEASURES[track]) and row["sentence_type"] != "_Z"
    ]
    years = [row["period"] for row in rows if row["area"] == edition.region and row["value"] is not None]
    if not years:
        return None
    year = max(years)
    at = {(row["area"], row["sentence_type"]): row for row in rows if row["period"] == year}
    codes = [code for code in reader.list_codes("sentence_type") if any(sanction == code for _, sanction in at)]
    table = FigureTable(
        reader,
        f"{figures.DIMENSIONS['sentence_type']}. {_name_subject(reader, crime, track, year)}: "
        f"{words.unit_name('person')}",
        tell("Area"),
        [reader.find_label("sentence_type", code) for code in codes],
        name=f"sanctions-{track}",
    )
    table.notes.add_remark(tell(_FROM_RETURNS))
    regional = [at.get((edition.region, code)) for code in codes]
    table.add_row(table.name_area(edition.region), [regional_field(table, row) for row in regional], is_total=True)
    table.add_cover_row(regional)
    for area in edition.territories:
        table.add_row(table.name_area(area), [table.count_field(at.get((area, code))) for code in codes])
    return table


def compose_section(reader: Reader, crime: str, area: str) -> Section | None:
    """Return the sentences of a territory that sends case records, for its profile.

    The picture is about the first decisions alone: with two, the page would be too large.
    """
    edition = reader.edition
    codes = {area, *edition.list_jurisdictions(area)}
    texts: list[Part] = []
    tables: list[FigureTable] = []
    drawn: list[pictures.PictureFile] = []
    drawn_groups: list[Group] = []
    for track in STAGES:
        groups = {key: group for key, group in edition.find_sentences(crime, track).items() if key[0] in codes}
        year = edition.choose_sentence_year(crime, track, codes)
        of_year = {key: group for key, group in groups.items() if key[2] == year}
        if any(map(_has_figure, of_year.values())):
            subject = _name_subject(reader, crime, track, year)
            texts += _describe_groups(reader, subject, of_year)
            drawn_groups += of_year.values()
            lines = _list_lines(reader, of_year)
            subject = f"{subject}, {reader.marked_name(area)}"
            tables.append(_compose_lengths(reader, subject, f"sentences-{track}", lines, tell("Territory")))
            drawn = drawn or [pictures.draw_sentences(reader, crime, track, area)]
    if not tables:
        return None
    as_imposed = mark_emphasis(durations.explain_lengths(drawn_groups))
    return Section("sentences", tell("Sentences"), [*texts, as_imposed], tables, drawn)


def _has_figure(group: Group) -> bool:
    return any(row["value"] is not None for row in group.values())


def _is_withheld(group: Group) -> bool:
    return any(row["conf_status"] != "F" for row in group.values())
