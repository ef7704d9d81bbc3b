"""Compose the pages on the monitoring of the Guidelines: practice, law and outcome of each theme, by area and crime."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.core.rounding import round_half_up
from pipelines.design.components import Markup, Part
from pipelines.front import pages
from pipelines.front.pages import Page
from pipelines.front.pages.law import describe_demonstration, format_date
from pipelines.front.pages.monitoring_fields import (
    GAPS,
    REGION,
    date_field,
    describe_law_dates,
    find_gap,
    format_absent,
    format_delay,
    format_missing,
    format_moment,
    format_outcome,
    format_ratio,
    format_share,
    law_field,
    list_law_dates,
    name_figure,
    read_counts,
)
from pipelines.front.pages.practice import (
    Labels,
    explain_rate,
    explain_withheld,
    format_respondents,
    name_rate,
    read_labels,
)
from pipelines.front.queries import CRIMES
from pipelines.front.reader import Reader
from pipelines.front.tables import BRACKETS, FigureTable, attach_numbers, keep_together
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.survey.bank import load_bank
from pipelines.words import Row
from pipelines.words.language import Texts, lower_first, tell

_STATUSES: Final = Texts(
    {"planned": mark("planned"), "under_way": mark("under way"), "done": mark("done"), "dropped": mark("dropped")}
)
_OPEN: Final = ("planned", "under_way")
_DAY: Final = len("2026-11-20")
_LAW: Final = ("law",)
_OUTCOMES: Final = ("cooperation", "justice")
_LINK: Final = Markup('<a href="{}">{}</a>')


@dataclass(frozen=True)
class Theme:
    """The tables of one theme."""

    anchor: str
    title: str
    tables: Sequence[FigureTable]
    measures: FigureTable | None
    no_measures: str
    """Sentence that replaces an empty table of measures."""


def compose_all(reader: Reader) -> Iterator[Page]:
    """Yield the page of the region and of each territory for each crime; one page if the release has no monitoring."""
    has_rows = bool(reader.edition.tables["monitoring"])
    for area in (REGION, *reader.edition.territories) if has_rows else (REGION,):
        for crime in list_crimes(reader):
            yield compose_monitoring(reader, area, crime)


def compose_monitoring(reader: Reader, area: str, crime: str) -> Page:
    """Return the page of one area. Answers and the law are the same for both crimes, outcomes are of one."""
    rows = [
        row
        for row in reader.edition.tables["monitoring"]
        if row["area"] == area and row["offence_group"] in ("", crime) and _is_asked(row)
    ]
    labels = read_labels(reader)
    themes = list(dict.fromkeys(str(row["theme"]) for row in rows))
    name = _name_area(reader, area)
    title = tell("Monitoring of the Guidelines")
    files = {code: _name_file(area, code) for code in list_crimes(reader)}
    return Page(
        files[crime],
        "monitoring.html",
        pages.METHODOLOGY,
        f"{title}: {name}, {reader.name_crime(crime)}" if rows else title,
        title,
        lead=tell(
            "Are the regional Guidelines on international cooperation applied? For each theme this page shows what "
            "practitioners say, what the law provides for, and what the figures show."
        ),
        views=pages.list_views(reader, files, crime),
        values={
            "how": _explain(area),
            "areas": _list_areas(reader, area, crime),
            "sources": [
                (tell("Answers from practitioners"), pages.name_file(pages.PRACTICE)),
                (tell("Law on joint investigation teams"), pages.name_file(pages.LAW)),
                (tell("International cooperation"), pages.name_file(pages.COOPERATION, crime)),
            ],
            "overview": _compose_overview(reader, labels, area, crime, rows) if rows else None,
            "themes": [
                _compose_theme(reader, labels, area, crime, theme, [row for row in rows if row["theme"] == theme])
                for theme in themes
            ],
        },
        crime=crime if rows else "",
        area=area if area != REGION else "",
        demonstration=describe_demonstration(has_measures=True) if rows else "",
    )


def _is_asked(row: Row) -> bool:
    """Return False for a question that no round has asked yet."""
    return row["source"] not in ("practice", "delay") or bool(row["period"])


def list_crimes(reader: Reader) -> list[str]:
    """Return the crimes that have pages on the monitoring; the first one always has."""
    present = {row["offence_group"] for row in reader.edition.tables["monitoring"]}
    return [code for code in CRIMES if code in present or code == CRIMES[0]]


def _name_file(area: str, crime: str) -> str:
    return pages.name_file(pages.MONITORING if area == REGION else f"{pages.MONITORING}-{area}", crime)


def _list_areas(reader: Reader, area: str, crime: str) -> list[tuple[str, str]]:
    """Return the links to the pages of the other areas."""
    if not reader.edition.tables["monitoring"]:
        return []
    return [
        (_name_area(reader, code), _name_file(code, crime))
        for code in (REGION, *reader.edition.territories)
        if code != area
    ]


def _explain(area: str) -> list[str]:
    texts = [
        tell(
            "A share shows a gap if its whole 95% interval is below one half. An element of the law shows a gap if a "
            "treaty is not, or only partly, met. A gap is a reason to look, not a judgement."
        ),
        tell(
            "The sources measure different things at different times, so they are not combined into a score. Measured "
            "days, stocks and ratios of court proceedings are not judged, because nobody has agreed on a target for "
            "them."
        ),
        tell("Answers of up to {days} days count as favourable.", days=_find_favourable_days()),
        tell(
            "Not clear: neither a gap nor its absence is certain. No target: nobody has agreed on one, so the figure "
            "is not judged. Not known: there is no figure, or it is withheld. Not assessed: nobody has assessed this "
            "element of the law."
        ),
        tell(
            "Too few to judge: the share has the word “few”, because fewer than {enough} people or requests are in it, "
            "or in the rest. Chance alone can change it a lot, so it is not compared with one half.",
            enough=ENOUGH_EVENTS,
        ),
        tell(
            "Of the questions about a theme, a chosen part is judged here. Chosen questions that no round has asked "
            "yet are left out."
        ),
    ]
    if area == REGION:
        texts.append(
            tell(
                "On this page, requests are not added up across territories. For the region, figures on requests show "
                "how many territories are in each group."
            )
        )
    return texts


def _find_favourable_days() -> str:
    """Return the largest number of days in an answer that counts as favourable, from the code of its range."""
    return load_bank().lists.answer_lists["days"].favourable[-1].rpartition("_")[2]


def _compose_overview(reader: Reader, labels: Labels, area: str, crime: str, rows: Sequence[Row]) -> FigureTable:
    """Return what was found in each theme by source, with its newest date, and how many measures are open."""
    table = FigureTable(
        reader,
        f"{tell('Overview')}: {reader.name_crime(crime)}, {_name_area(reader, area)}",
        tell("Theme"),
        [tell("Practice (questionnaire)"), tell("Law"), tell("Outcome"), tell("Measures planned or under way")],
        word_columns=(0, 1, 2),
        name="overview",
    )
    for theme in dict.fromkeys(str(row["theme"]) for row in rows):
        listed = [row for row in rows if row["theme"] == theme]
        heading = _LINK.format(f"#{theme}", labels.get(("theme", theme), theme))
        areas = (area, *reader.edition.territories) if area == REGION else (area,)
        n_open = sum(row["status"] in _OPEN for code in areas for row in _find_measures(reader, code, theme))
        fields = [_summarise(reader, area, theme, listed, sources) for sources in (("practice",), _LAW, _OUTCOMES)]
        table.add_row(heading, [*fields, words.format_number(n_open)])
    table.notes.add_remark(
        tell(
            "The numbers count questions, elements of the law and indicators. Their newest date is in brackets. "
            "Where laws have different dates, the oldest is given too."
        )
    )
    table.notes.add_remark(tell("Answers and law are the same for both crimes."))
    if area == REGION:
        table.notes.add_remark(tell("The measures of territories are counted, too."))
    return table


def _summarise(reader: Reader, area: str, theme: str, rows: Sequence[Row], sources: Sequence[str]) -> Part:
    """Return how many items of some sources have each finding, the worst first, and their newest date.

    If laws have several dates, the oldest is given too. Without an item, the field is not applicable only if the theme
    has none from these sources in any area.
    """
    items = [row for row in rows if row["source"] in sources]
    if not items:
        is_monitored = any(
            row["theme"] == theme and row["source"] in sources for row in reader.edition.tables["monitoring"]
        )
        return format_absent("unavailable" if is_monitored else "not_applicable")
    counts = Counter(map(find_gap, items))
    text = keep_together(f"{word}: {counts[gap]}" for gap, word in GAPS.items() if counts[gap])
    if sources == _LAW:
        dates = list_law_dates(reader, area, items)
        return Markup("{} ({})").format(text, describe_law_dates(dates)) if dates else text
    newest = max(row["period"] for row in items)
    if not newest:
        return text
    return Markup("{} ({})").format(text, format_moment(newest))


def _compose_theme(reader: Reader, labels: Labels, area: str, crime: str, theme: str, rows: Sequence[Row]) -> Theme:
    """Return the tables of a theme that have rows: practice, law, outcome, delays."""
    by_source = {
        name: [row for row in rows if row["source"] in sources]
        for name, sources in (("practice", ("practice",)), ("law", _LAW), ("outcome", _OUTCOMES))
    }
    delays = [row for row in rows if row["source"] == "delay"]
    tables = []
    if by_source["practice"]:
        tables.append(_compose_practice(reader, labels, area, theme, by_source["practice"]))
    if by_source["law"]:
        tables.append(_compose_law(reader, labels, area, theme, by_source["law"]))
    if by_source["outcome"]:
        tables.append(_compose_outcomes(reader, labels, area, theme, by_source["outcome"]))
    if delays:
        tables.append(_compose_delays(reader, labels, area, crime, theme, delays, by_source["outcome"]))
    measures = _find_measures(reader, area, theme)
    table = _compose_measures(reader, labels, area, theme, measures) if measures else None
    return Theme(theme, labels.get(("theme", theme), theme), tables, table, _explain_no_measures(reader, area, theme))


def _compose_practice(reader: Reader, labels: Labels, area: str, theme: str, rows: Sequence[Row]) -> FigureTable:
    table = _start_table(
        reader,
        labels,
        area,
        theme,
        "practice",
        tell("Practice (questionnaire)"),
        tell("Question"),
        [
            f"{tell('Favourable answers')} (%)",
            tell("Respondents"),
            name_rate(),
            tell("Date"),
            tell("Finding"),
        ],
        word_columns=(3, 4),
    )
    for row in rows:
        rate = 100 * row["answered"] / row["invited"] if row["invited"] else None
        table.add_row(
            labels.get(("question", row["item"]), row["item"]),
            [
                format_share(table, row),
                format_missing(row) if row["n"] is None else format_respondents(row["n"]),
                format_missing(row) if rate is None else attach_numbers(words.format_number(rate), round_half_up(rate)),
                date_field(row["period"]),
                GAPS[find_gap(row)],
            ],
        )
    table.notes.add_remark(f"{tell(BRACKETS)} {explain_rate()}")  # the first one is marked in tables
    if others := _describe_not_monitored(reader, labels, theme, rows):
        table.notes.add_remark(others)
    if any(row["state"] == "withheld" for row in rows):
        table.notes.add_remark(explain_withheld())
    return table


def _describe_not_monitored(reader: Reader, labels: Labels, theme: str, rows: Sequence[Row]) -> str:
    """Name the questions of a theme that the newest round asked and that the monitoring does not judge, if any."""
    monitored = {row["item"] for row in rows}
    results = [row for row in reader.edition.tables["practice_result"] if row["theme"] == theme]
    others = dict.fromkeys(row["series"] for row in results if row["series"] not in monitored)
    if not others:
        return ""
    return tell(
        "Also asked in {period}, and not chosen for the monitoring: {questions}",
        period=words.period_short(results[0]["period"]),
        questions=" ".join(labels.get(("question", code), code) for code in others),
    )


def _compose_law(reader: Reader, labels: Labels, area: str, theme: str, rows: Sequence[Row]) -> FigureTable:
    table = _start_table(
        reader,
        labels,
        area,
        theme,
        "law",
        tell("Law"),
        tell("Element of the law"),
        [_name_treaties(reader, area), tell("Law applies from"), tell("Finding")],
        word_columns=(0, 1, 2),
    )
    for row in rows:
        counts = read_counts(row)
        results = [f"{reader.find_label('law_status', code)}: {n}" for code, n in counts.items()]
        finding = keep_together([*results[:1], *map(lower_first, results[1:])])
        table.add_row(
            reader.find_label("law_element", row["item"]),
            [
                finding or format_absent("unavailable"),
                law_field(list_law_dates(reader, area, [row]), is_assessed=find_gap(row) != "unassessed"),
                GAPS[find_gap(row)],
            ],
        )
    return table


def _name_treaties(reader: Reader, area: str) -> str:
    """Return the heading of the results of the law, which are of several jurisdictions unless the area has one law."""
    has_parts = area == REGION or bool(reader.edition.list_jurisdictions(area))
    return tell("Treaties, by jurisdiction") if has_parts else tell("Treaties")


def _compose_outcomes(reader: Reader, labels: Labels, area: str, theme: str, rows: Sequence[Row]) -> FigureTable:
    has_words = area == REGION and any(row["source"] != "justice" for row in rows)
    table = _start_table(
        reader,
        labels,
        area,
        theme,
        "outcome",
        f"{tell('Outcome')}, {reader.name_crime(rows[0]['offence_group'])}",
        tell("Indicator"),
        [tell("Figure"), tell("Year"), tell("Source"), tell("Finding")],
        # Figures on requests of the region are numbers of territories in words.
        word_columns=(0, 1, 2, 3) if has_words else (1, 2, 3),
    )
    for row in rows:
        if row["source"] == "justice":
            file = pages.name_indicator_file(row["item"], row["offence_group"])
            heading: Part = _LINK.format(file, reader.metric_name(row["item"]))
            finding, source = format_ratio(table, area, row), tell("Returns on proceedings")
        else:
            heading = name_figure(reader, row["item"])
            finding, source = format_outcome(table, row), tell("Returns on cooperation")
        table.add_row(heading, [finding, date_field(row["period"]), source, GAPS[find_gap(row)]])
    return table


def _compose_delays(
    reader: Reader, labels: Labels, area: str, crime: str, theme: str, rows: Sequence[Row], outcomes: Sequence[Row]
) -> FigureTable:
    """Return the usual delay in the middle of the answers next to the median of the requests."""
    table = _start_table(
        reader,
        labels,
        area,
        theme,
        "delay",
        f"{tell('Reported and measured delay')}, {reader.name_crime(crime)}",
        tell("Question"),
        [tell("Reported by practitioners (days)"), tell("Date"), tell("Measured in returns"), tell("Year")],
        word_columns=(0, 1, 2, 3),
    )
    measured: Row = next((row for row in outcomes if row["item"] == "days_executed_outgoing"), {})
    for row in rows:
        table.add_row(
            labels.get(("question", row["item"]), row["item"]),
            [
                format_delay(labels, row),
                date_field(row["period"]),
                format_outcome(table, measured) if measured else format_absent("unavailable"),
                date_field(measured.get("period") or ""),
            ],
        )
    table.notes.add_remark(
        tell(
            "Half of the respondents name this delay or a shorter one; half of the requests took this long or less. "
            "Respondents judge their usual case, and returns count all requests. Both have ranges of their own, so "
            "that a number of days can end one range and begin another."
        )
    )
    return table


def _compose_measures(reader: Reader, labels: Labels, area: str, theme: str, rows: Sequence[Row]) -> FigureTable:
    table = _start_table(
        reader, labels, area, theme, "measures", tell("Corrective measures"), tell("Corrective measure"),
        [tell("Deadline"), tell("Last change")], word_columns=(0, 1),
    )  # fmt: skip
    drafted = str(reader.edition.release["drafted_at"])[:_DAY]
    for number, row in enumerate(rows, start=1):
        is_late = row["status"] in _OPEN and row["deadline"] < drafted
        deadline = format_date(row["deadline"])
        table.add_row(
            tell("Measure {number}: {status}", number=number, status=_STATUSES[row["status"]]),
            [f"{deadline} ({tell('overdue')})" if is_late else deadline, format_date(row["changed_on"])],
        )
    table.notes.add_remark(tell("The text of a measure, who carries it out, and the evidence are not published."))
    if area == REGION and (of_territories := _count_measures_of_territories(reader, theme)):
        table.notes.add_remark(of_territories)
    return table


def _start_table(
    reader: Reader,
    labels: Labels,
    area: str,
    theme: str,
    kind: str,
    caption: str,
    corner: str,
    columns: Sequence[str],
    word_columns: Collection[int],
) -> FigureTable:
    """Return an empty table whose caption names its theme and area, so that it is complete when copied or saved."""
    title = f"{labels.get(('theme', theme), theme)}: {lower_first(caption)}, {_name_area(reader, area)}"
    name = f"{kind}-{theme.replace('_', '-')}"
    return FigureTable(reader, title, corner, columns, word_columns=word_columns, name=name)


def _name_area(reader: Reader, area: str) -> str:
    """Return the name of an area in a caption."""
    return reader.marked_name(reader.edition.region if area == REGION else area)


def _explain_no_measures(reader: Reader, area: str, theme: str) -> str:
    of_territories = _count_measures_of_territories(reader, theme) if area == REGION else ""
    if not of_territories:
        return f"{tell('There are no corrective measures')}."
    return f"{tell('There are no corrective measures for the region as a whole.')} {of_territories}"


def _count_measures_of_territories(reader: Reader, theme: str) -> str:
    """Return how many measures the territories have, which the overview of the region counts; empty without any."""
    statuses = [row["status"] for code in reader.edition.territories for row in _find_measures(reader, code, theme)]
    if not statuses:
        return ""
    n_open = sum(status in _OPEN for status in statuses)
    return tell(
        "Measures of territories are on their pages. Planned or under way: {open}; done or dropped: {closed}.",
        open=n_open,
        closed=len(statuses) - n_open,
    )


def _find_measures(reader: Reader, area: str, theme: str) -> list[Row]:
    return [row for row in reader.edition.tables["corrective_measure"] if (row["area"], row["theme"]) == (area, theme)]
