"""Read a table or a picture out of a static page, to send it alone: as CSV, as XLSX, or to be embedded elsewhere.

The page of a release is the record of what was published, so that a file has the figures, labels and notes of the page
whatever the software became since. Only public pages are read: those of releases, the calendar, and lists of changes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dashboards.public import exports
from dashboards.public.tables import Cell, Line, Table
from pipelines import words
from pipelines.front.glossary import strip_explanations
from pipelines.words.language import tell

if TYPE_CHECKING:
    from lxml.html import HtmlElement

TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html; charset=utf-8",
}
"""Media types of the parts of a page, by the ending of their address."""
_THOUSANDS = re.compile(r"(?<=\d)[,\u202f](?=\d{3}(?!\d))")
"""Signs between thousands, in any language. No field of a page has three decimals without its number in `data`."""
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_STYLE: Final = re.compile(r'<link rel="stylesheet" href="[^"]+">')
_CAPTION: Final = re.compile(r'<div class="rti-caption".*?</div>', re.DOTALL)
_CITED: Final = ('<span class="front-address">', ' data-address="')
"""Texts before the path of a page: in its citation, and for the foot of printed sheets."""
_END: Final = '<p class="front-save">'
"""Start of the links to the files of a picture or a table, which follow it and its notes."""


def complete_addresses(text: str, address: str) -> str:
    """Return a page with the public address of the site before the paths that are to be copied or printed."""
    for before in _CITED:
        text = text.replace(before, before + escape(address))
    return text


def make_part(release: Path, text: str, name: str, ending: str, day: date, remarks: Sequence[str] = ()) -> bytes | None:
    """Return a part of a page by its name, or None if the page has no such table or picture.

    `text` is the page as it is sent, with the public address in its citation, and `day` the one on which it is sent.
    `release` is the folder of the release whose frame the page has, and not the link to the current one.
    `remarks` are sentences on the release that come before all notes: that it was withdrawn, or cannot be checked.
    The reader's language must be that of the page, because the titles of added columns are in it.
    """
    if ending == "html":
        document = embed_picture(text, name, remarks) or embed_table(text, name, remarks)
        return document.encode() if document is not None else None
    result = read_table(text, name, day)
    if result is None:
        return None
    table, citation = result
    table.notes.remarks[:0] = remarks
    if ending == "csv":
        return exports.write_csv(table, citation)
    return exports.write_xlsx(table, citation, _read_draft_time(release))


@lru_cache(maxsize=100)
def _read_draft_time(release: Path) -> datetime:
    """Return when a release was drafted, so that a file is the same each time.

    A release never changes, and reading its manifest takes as long as writing a small workbook.
    """
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return datetime.fromisoformat(manifest["drafted_at"]).replace(tzinfo=None)


# ------------------------------------------------------------------------------------------------------------- tables


def read_table(text: str, name: str, day: date | None = None) -> tuple[Table, str] | None:
    """Return a table with its notes and its citation, or None if the page has no such table.

    The citation ends with the address, and with the day of access if one is passed.
    """
    document = _parse_page(text)
    part = document.get_element_by_id(f"table-{name}", None)
    if part is None:
        return None
    element = part.find(".//table")
    header = [_join_text(cell) for cell in element.iterfind("thead/tr/th")]
    lines = tuple(_read_line(row) for row in element.iterfind("tbody/tr"))
    names, notes = _read_notes(part)
    caption = _join_text(element.find("caption"))
    table = Table(caption, tuple(header[1:]), lines, corner=header[0], notes=notes, names=tuple(names))
    return table, _cite_table(document, part, table, day)


def _cite_table(document: HtmlElement, part: HtmlElement, table: Table, day: date | None) -> str:
    """Return the citation of a table, with the day of access if one is passed.

    A path alone, without the public address of the site, is introduced in words.
    """
    address = _split_citation(document)[1]
    place = words.describe_path(address) if address.startswith("/") else address
    return f"{_state_source(document, part, table)} {words.cite_address(place, day) if day else place}"


def _state_source(document: HtmlElement, part: HtmlElement, table: Table) -> str:
    """Return the citation of a table without its address: that of its page with the title, the years and the
    territories of the table."""
    citation = document.find_class("front-citation")[0]
    title, statement = _name_table(table), citation.get("data-table")
    if statement is None:  # The page is not part of a release, or of one from before tables had a citation.
        return f"{title}. {_split_citation(document)[0]}"
    covered = part.get("data-covers") or citation.get("data-covers", "")
    return str(statement).replace("@1", title).replace("@2", covered)


def _split_citation(document: HtmlElement) -> tuple[str, str]:
    """Return the citation of a page without its address, and the address."""
    citation = document.find_class("front-citation")[0]
    address = _join_text(citation.find_class("front-address")[0])
    return _join_text(citation).removesuffix(address).strip(), address


def _name_table(table: Table) -> str:
    """Return the caption of a table, with the first and the last year of its rows and columns if it names no year."""
    caption = table.caption.removesuffix(".")
    headings = [*table.columns, *(line.heading.text for line in table.lines)]
    years = sorted({year for heading in headings for year in _YEAR.findall(heading)})
    if not years or _YEAR.search(caption):
        return caption
    return f"{caption}, {'–'.join(dict.fromkeys((years[0], years[-1])))}"


def _parse_page(text: str) -> HtmlElement:
    """Parse a page, without the explanations of terms, which do not belong to its tables and titles."""
    from lxml import html

    document: HtmlElement = html.document_fromstring(strip_explanations(text))
    return document


def _join_text(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _read_line(row: HtmlElement) -> Line:
    heading, *fields = row
    return Line(_read_cell(heading), tuple(map(_read_cell, fields)), is_total="rti-row-total" in row.get("class", ""))


def _read_cell(field: HtmlElement) -> Cell:
    """Return a field with the number and interval that it states, the marks of its notes, and its state."""
    marks = [mark for element in field.iter("sup") for mark in str(element.text).split(",")]
    is_few = bool(field.find_class("front-badge"))
    # Not `split`, which would take the thin space between thousands as well.
    text = re.sub("[ \n\u00a0]+", " ", "".join(_list_texts(field))).strip()
    numbers = next(field.iter("data"), None)
    value, low, high = (
        float(number) if numbers is not None and (number := numbers.get(key)) else None
        for key in ("value", "data-low", "data-high")
    )
    digits = _THOUSANDS.sub("", text)
    if numbers is None and field.tag == "td" and digits.isdecimal():
        value = float(digits)
    kinds = {symbol: kind for kind, (symbol, _) in words.LEGEND.items()}
    kind = "few" if is_few else kinds.get(text, "value") if value is None else "value"
    return Cell(text, text, tuple(marks), kind=kind, value=value, low=low, high=high)


def _list_texts(element: HtmlElement) -> Iterator[str]:
    """Yield the text of a field without marks, the word for few and what only screen readers say."""
    classes = (element.get("class") or "").split()
    if element.tag == "sup" or "front-badge" in classes or "rti-hidden" in classes:
        return
    yield element.text or ""
    for child in element:
        yield from _list_texts(child)
        yield child.tail or ""


def _read_notes(part: HtmlElement) -> tuple[list[tuple[str, str]], words.Notes]:
    """Return the footnotes of names with their marks, and the other notes of a table."""
    names, notes = [], words.Notes()
    for item in (item for notes_list in part.find_class("front-notes") for item in notes_list):
        marks = item.find_class("front-note-mark")
        mark = _join_text(marks[0]) if marks else ""
        text = _join_text(item).removeprefix(mark).strip()
        if mark.isdecimal():
            notes.texts.append(text)
        elif mark:
            names.append((mark, text))
        else:
            notes.remarks.append(text)
    return names, notes


# ------------------------------------------------------------------------------------------------------------- frames


def embed_picture(text: str, name: str, remarks: Sequence[str] = ()) -> str | None:
    """Return a picture of a page as a document for a frame on another site: both layouts, its title and its source.

    None if the page has no such picture.
    """
    start = text.find(f'<figure class="front-picture" id="picture-{name}"')
    end = text.find(_END, start)
    if start < 0 or end < 0:
        return None
    document = _parse_page(text)
    title = _join_text(document.get_element_by_id(f"picture-{name}").find("figcaption"))
    part = strip_explanations(text[start:end].strip())
    return _compose_frame(text, document, title, f"{part}</figure>", _split_citation(document)[0], remarks)


def embed_table(text: str, name: str, remarks: Sequence[str] = ()) -> str | None:
    """Return a table of a page as a document for a frame on another site: with its notes and its source.

    None if the page has no such table. Without a script, the table stays one on a narrow screen, and scrolls.
    """
    result, start = read_table(text, name), text.find(f'<div class="front-table" id="table-{name}"')
    end = text.find(_END, start)
    if result is None or start < 0 or end < 0:
        return None
    document, (table, _) = _parse_page(text), result
    source = _state_source(document, document.get_element_by_id(f"table-{name}"), table)
    # A caption with an explained term is read by screen readers, which have it in the table as well.
    caption = f'<div class="rti-caption" aria-hidden="true">{escape(table.caption, quote=False)}</div>'
    part = _CAPTION.sub(lambda _: caption, strip_explanations(text[start:end].strip()), count=1)
    return _compose_frame(text, document, table.caption, f"{part}</div>", source, remarks)


def _compose_frame(text: str, document: HtmlElement, title: str, part: str, source: str, remarks: Sequence[str]) -> str:
    """Return a document with a part of a page, as HTML, its source, and remarks on its release above.

    Every link opens a new window: no other page of ours may be shown in a frame.
    """
    style = _STYLE.search(text)
    above = "".join(f'<p class="front-edition">{escape(remark)}</p>\n' for remark in remarks)
    return (
        f'<!doctype html>\n<html lang="{escape(document.get("lang", ""))}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="robots" content="noindex">\n<title>{escape(title)}</title>\n<base target="_blank">\n'
        f"{style[0] if style else ''}\n</head>\n"
        f'<body class="front-embedded">\n<main>\n{above}{part}\n'
        f'<p>{escape(tell("Source"))}: <a href="{escape(_split_citation(document)[1])}" rel="noopener">{escape(source)}'
        "</a></p>\n</main>\n</body>\n</html>\n"
    )
