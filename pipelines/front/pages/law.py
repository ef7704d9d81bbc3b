"""Compose the pages on the law on joint investigation teams: results by treaty, changes and treaties; articles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.design.components import Markup, Part
from pipelines.front import pages
from pipelines.front.pages import Page, Section
from pipelines.front.reader import Reader
from pipelines.front.tables import (
    FigureTable,
    format_figure,
    in_page_language,
    keep_state,
    translate_text,
)
from pipelines.words import Row
from pipelines.words.language import lower_first, tell

_UNKNOWN: Final = "unknown"
"""Result of an element that nobody has assessed; such elements have no row."""
_MADE_UP_ARTICLE: Final = re.compile(r"Demonstration article (\d+)")
_MADE_UP_CITATION: Final = mark("Invented for the demonstration. It does not describe the law.")
"""Article and citation of the assessments of the demonstration (`raw_samples/assessments.csv`)."""
_DAY: Final = len("2020-01-31")
_MONTH: Final = len("2020-01")
_STATE: Final = Markup('<span class="front-state front-state-{result}"><span class="front-word">{text}</span></span>')
_UPRIGHT: Final = Markup('<span class="front-upright">{}</span>')
_INVENTED_LAW: Final = mark("The assessments of the law, with their articles and dates, are invented too.")
_INVENTED_MEASURES: Final = mark("The corrective measures are invented too.")
_REAL_TREATIES: Final = mark("The treaties and their dates are not invented.")
_Key = tuple[str, str, str]
"""Jurisdiction, element and treaty of a result."""


def compose_law(reader: Reader) -> Page:
    """Return the page. A release of earlier software has no assessments and no treaties, and the page says so."""
    title = tell("Law on joint investigation teams")
    current, areas = _index_current(reader), _list_areas(reader)
    return Page(
        pages.name_file(pages.LAW),
        "law.html",
        pages.METHODOLOGY,
        title,
        title,
        lead=tell(
            "A joint team of several territories needs a law that allows it. This page shows what the law of each "
            "territory provides for, measured against four treaties."
        ),
        values={
            "how": [
                tell("One person assesses each element of the law, and a second person approves the result."),
                tell(
                    "The result describes the text of the law in force on {day}, when this release was prepared. It "
                    "does not describe how the law is applied.",
                    day=words.format_day(reader.edition.prepared_on),
                ),
            ],
            "states": [_format_state(reader, code) for code in reader.list_codes("law_status")],
            "tables": [_compose_matrix(reader, treaty, areas, current) for treaty in _list_standards(reader)],
            "changes": _compose_changes(reader),
            "articles": pages.name_file(pages.ARTICLES),
            "treaties": _compose_treaties(reader),
        },
        demonstration=describe_demonstration(),
    )


def describe_demonstration(*, has_measures: bool = False) -> str:
    """Return the notice of a demonstration where assessments of the law are shown: they are not figures, but invented.

    `has_measures` is true next to corrective measures, which are invented as well.
    """
    invented = [words.DEMONSTRATION, _INVENTED_LAW, *([_INVENTED_MEASURES] if has_measures else [])]
    return " ".join(tell(text) for text in (*invented, _REAL_TREATIES))  # marked above and in words.citations


def _format_state(reader: Reader, result: str) -> Markup:
    """Return a result with the class of its sign; narrow screens show the sign alone."""
    return _STATE.format(result=result.replace("_", "-"), text=reader.find_label("law_status", result))


def compose_articles(reader: Reader) -> Page:
    """Return the page with the articles and citations on which the results rest."""
    title = tell("Articles of the law")
    current = _index_current(reader)
    return Page(
        pages.name_file(pages.ARTICLES),
        "law_articles.html",
        pages.METHODOLOGY,
        title,
        title,
        lead=tell(
            "This page lists the articles of each law on which the results on joint investigation teams rest. Choose a "
            "territory or a jurisdiction to open its list."
        ),
        values={
            "law": pages.name_file(pages.LAW),
            "articles": [
                Section(
                    f"law-{area.lower()}", reader.marked_name(area), tables=[_compose_articles(reader, area, current)]
                )
                for area in _list_areas(reader)
                if any(place == area for place, _, _ in current)
            ],
        },
        demonstration=describe_demonstration(),
    )


def _index_current(reader: Reader) -> dict[_Key, Row]:
    """Return the results that apply, by jurisdiction, element and treaty."""
    rows = reader.edition.tables["legal_assessment"]
    return {(row["jurisdiction"], row["element"], row["treaty"]): row for row in rows if row["is_current"]}


def _list_areas(reader: Reader) -> list[str]:
    """Return the territories, and instead of one with parts its parts, in display order."""
    return [area for code in reader.edition.territories for area in (reader.edition.list_jurisdictions(code) or [code])]


def _list_standards(reader: Reader) -> list[str]:
    with_elements = {row["treaty"] for row in reader.edition.tables["treaty_element"]}
    return [code for code in reader.list_codes("treaty") if code in with_elements]


def _compose_matrix(reader: Reader, treaty: str, areas: list[str], current: Mapping[_Key, Row]) -> FigureTable:
    """Return the results of the elements that a treaty provides for, one column for each area."""
    provided = {row["element"]: row for row in reader.edition.tables["treaty_element"] if row["treaty"] == treaty}
    provision = next(str(row["provision"]) for row in provided.values())
    table = FigureTable(
        reader,
        tell("{treaty}, article {number}", treaty=reader.find_label("treaty", treaty), number=provision),
        tell("Element of the law"),
        [_name_column(reader, area) for area in areas],
        is_text=True,
        name=f"law-{treaty.lower().replace('_', '-')}",
    )
    for area in areas:
        table.name_area(area)
    for element in reader.list_codes("law_element"):
        if element not in provided:
            continue
        note = (
            "" if provided[element]["is_verified"] else tell("The provision of the treaty has not yet been verified.")
        )
        results = [current.get((area, element, treaty)) for area in areas]
        fields = [_format_state(reader, row["result"] if row else _UNKNOWN) for row in results]
        table.add_row(table.note_field(reader.find_label("law_element", element), note), fields)
    return table


def _name_column(reader: Reader, area: str) -> str:
    """Return the name of an area with the mark of its footnote, which stays upright where the name is turned."""
    mark = reader.footnote_mark(area)
    return Markup("{}{}").format(reader.area_name(area), _UPRIGHT.format(mark) if mark else "")


def _compose_articles(reader: Reader, area: str, current: Mapping[_Key, Row]) -> FigureTable:
    """Return the article and the citation on which the results of an area rest."""
    table = FigureTable(
        reader,
        tell("Articles of the law: {area}", area=reader.marked_name(area)),
        tell("Element of the law"),
        [tell("Article and law"), tell("Citation"), tell("Law applies from"), tell("Assessed by")],
        is_text=True,
        name=f"articles-{area.lower().replace('_', '-')}",
        is_quiet=True,
    )
    table.name_area(area)
    assessed = {element: row for (place, element, _), row in current.items() if place == area}
    for element in reader.list_codes("law_element"):
        if row := assessed.get(element):
            is_made_up = row["citation"] == _MADE_UP_CITATION
            table.add_row(
                reader.find_label("law_element", element),
                (
                    article_field(reader, row["article"]),
                    tell(_MADE_UP_CITATION) if is_made_up else in_page_language(reader, row["citation"]),
                    format_date(row["applies_from"]),
                    reader.find_label("reviewer_role", row["reviewer_role"]),
                ),
            )
    return table


def name_article(article: str) -> str:
    """Return the name of an article; that of a made-up one in the reader's language."""
    made_up = _MADE_UP_ARTICLE.fullmatch(article)
    return tell("Demonstration article {number}", number=made_up[1]) if made_up else article


def article_field(reader: Reader, article: str) -> Part:
    """Return the name of an article, marked as English if it is not translated."""
    name = name_article(article)
    return name if name != article else in_page_language(reader, article)


def _compose_changes(reader: Reader) -> FigureTable | None:
    """Return the changes of the law between two assessments, oldest first; None if there were none."""
    changed = [
        row for row in reader.edition.tables["legal_assessment"] if row["result_before"] not in ("", row["result"])
    ]
    if not changed:
        return None
    table = FigureTable(
        reader,
        tell("Changes to the law"),
        tell("Territory or jurisdiction"),
        [tell("Law applies from"), tell("Element of the law"), tell("Treaty"), tell("Before"), tell("Since then")],
        is_text=True,
        name="law-changes",
        is_quiet=True,
    )
    for row in sorted(changed, key=lambda row: str(row["applies_from"])):
        table.add_row(
            table.name_area(row["jurisdiction"]),
            (
                format_date(row["applies_from"]),
                reader.find_label("law_element", row["element"]),
                reader.find_label("treaty", row["treaty"]),
                *(keep_state(reader.find_label("law_status", row[name])) for name in ("result_before", "result")),
            ),
        )
    table.notes.add_remark(tell("Only changes of a result are listed, from all years."))
    return table


def _compose_treaties(reader: Reader) -> FigureTable | None:
    """Return how each territory is bound by each treaty; None in a release without treaties."""
    events = reader.edition.tables["treaty_event"]
    if not events:
        return None
    treaties = [code for code in reader.list_codes("treaty") if any(row["treaty"] == code for row in events)]
    table = FigureTable(
        reader,
        tell("Treaties and territories"),
        tell("Territory"),
        [reader.find_label("treaty", treaty) for treaty in treaties],
        is_text=True,
        name="treaties",
        is_quiet=True,
    )
    for code in reader.edition.territories:
        table.add_row(table.name_area(code), [_describe_events(table, code, treaty) for treaty in treaties])
    if reader.edition.is_demonstration:
        table.notes.add_remark(tell(_REAL_TREATIES))  # marked above
    table.notes.add_remark(
        tell("“Date not found”: we found no official date. The territory may still be bound by the treaty.")
    )
    return table


def _describe_events(table: FigureTable, territory: str, treaty: str) -> Part:
    """Return the events of a territory and a treaty with their dates, and a note on what is not verified."""
    reader = table.reader
    rows = [
        row for row in reader.edition.tables["treaty_event"] if (row["territory"], row["treaty"]) == (territory, treaty)
    ]
    if not rows:
        text = tell("date not found")
        return format_figure(words.FormattedFigure(text, text, "note"))
    parts = [
        ": ".join(filter(None, (_name_event(reader, row, is_first=place == 0), format_date(row["date"]))))
        for place, row in enumerate(rows)
    ]
    notes = [
        f"{reader.find_label('treaty', treaty)}: " + translate_text(reader, note)
        for note in dict.fromkeys(str(row["note"]) for row in rows if row["note"])
    ]
    if not all(row["is_verified"] for row in rows):
        notes.append(tell("Source not yet verified."))
    return table.phrases_field(parts, *notes)


def _name_event(reader: Reader, row: Row, *, is_first: bool) -> str:
    """Return an event of a treaty; it begins with a small letter after the first one of a field."""
    name = reader.find_label("treaty_event", row["event"])
    return name if is_first else lower_first(name)


def format_date(text: str) -> str:
    """Return a day or a month in the reader's language; a year as it is in the release."""
    if len(text) == _DAY:
        return words.format_day(date.fromisoformat(text))
    return words.format_month(date.fromisoformat(f"{text}-01")) if len(text) == _MONTH else text
