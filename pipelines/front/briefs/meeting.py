"""Show a brief on a screen in a meeting: one message on each slide, in large type, with links to the neighbours.

Each slide fits a projector of 1280 × 720 without scrolling: it has texts, a picture, a table, or the notes of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.design.components import Part
from pipelines.front.briefs.compose import Brief, Chapter, find_brief
from pipelines.front.build import list_footnotes, make_front_environment
from pipelines.front.pictures import PictureFile
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable
from pipelines.words.language import tell
from pipelines.words.line_breaks import keep_page_whole, unbroken_fields, unbroken_phrases

ADDRESS = re.compile(r"(meeting[a-z0-9-]*)(?:\.([1-9]\d?))?\.html")
"""Address of a slide: `meeting-xk.html` is the first, `meeting-xk.2.html` the second."""


@dataclass(frozen=True)
class Slide:
    """One slide: its title, and texts, a picture with its figures as tables, a table, or the notes of one."""

    title: str
    texts: Sequence[Part] = ()
    picture: PictureFile | None = None
    figures: Sequence[FigureTable] = ()
    table: FigureTable | None = None
    notes: FigureTable | None = None


def list_slides(brief: Brief) -> list[Slide]:
    """Return the slides of a brief, in the order of its chapters: the texts of each, its picture, its tables."""
    return [slide for chapter in brief.chapters for slide in _split_chapter(chapter)]


def _split_chapter(chapter: Chapter) -> Iterator[Slide]:
    if chapter.texts:
        yield Slide(chapter.heading, chapter.texts)
    if chapter.picture:
        yield Slide(chapter.heading, picture=chapter.picture, figures=chapter.tables)
        return
    for table in chapter.tables:
        yield Slide(chapter.heading, table=table)
        if table.visible_notes:
            yield Slide(tell("{title}: notes", title=chapter.heading), notes=table)


def _name_subject(reader: Reader, brief: Brief) -> str:
    """Return what all slides are about: the crime and the area, without the year, which is not that of every slide."""
    if brief.page.area:
        return brief.page.title
    return f"{reader.find_label('offence_group', brief.page.crime)}: {reader.area_name(reader.edition.region)}"


def render_slide(reader: Reader, file: str, style: str, script: str) -> str | None:
    """Return a slide by the name of its file, or None if the release has no such slide.

    `style` and `script` are the files of the release.
    """
    match = ADDRESS.fullmatch(file)
    brief = find_brief(reader, match[1].replace("meeting", "brief", 1) + ".pdf") if match else None
    if match is None or brief is None:
        return None
    slides, number = list_slides(brief), int(match[2] or 1)
    if number > len(slides) or file != name_slide(match[1], number):
        return None
    slide = slides[number - 1]
    edition = reader.edition
    text = make_front_environment().get_template("meeting.html").render(
        lang=reader.lang,
        title=slide.title,
        place=tell("{n} of {whole}", n=number, whole=len(slides)),
        page_file=brief.page.file,
        page_title=_name_subject(reader, brief),
        previous=name_slide(match[1], number - 1) if number > 1 else "",
        next=name_slide(match[1], number + 1) if number < len(slides) else "",
        first=name_slide(match[1], 1),
        slide=slide,
        style=style,
        script=script,
        release=edition.release,
        demonstration=edition.is_demonstration,
        source=words.cite_release(edition.release),
        frozen=f"/releases/{edition.id}/{reader.lang}/{brief.page.file}",
        footnotes=list_footnotes(reader),
    )  # fmt: skip
    lines = "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"
    names = map(reader.area_name, edition.territories)
    fields = unbroken_fields()
    return keep_page_whole(lines, unbroken_phrases(), has_spaces=True, in_tables=fields, names=names)


def name_slide(meeting: str, number: int) -> str:
    """Return the file of a slide of a meeting, which is named without its ending."""
    return f"{meeting}.{number}.html" if number > 1 else f"{meeting}.html"
