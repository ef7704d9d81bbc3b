"""Read the structure of a tagged PDF: what a screen reader meets, in its order."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf

PDFUA = "{http://www.aiim.org/pdfua/ns/id/}part"


@dataclass(frozen=True)
class Tag:
    """One element of the structure: its role, alternative text and language, and the scope of a heading."""

    role: str
    alt: str
    lang: str
    scope: str = ""
    """Cells that a heading of a table is about: `/Column` or `/Row`."""


@dataclass(frozen=True)
class Structure:
    """The structure of a document, and its properties that a screen reader uses."""

    tags: list[Tag]
    content: list[tuple[int, int]]
    """Pieces of content in the order in which they are read: the number of the page, and that on the page."""
    bookmarks: list[str]
    lang: str
    title: str
    shows_title: bool
    is_marked: bool
    standard: str
    n_pages: int


def read_structure(document: bytes) -> Structure:
    """Read a PDF."""
    with pikepdf.open(io.BytesIO(document)) as pdf:
        pages = {page.objgen: number for number, page in enumerate(pdf.pages)}
        with pdf.open_metadata() as metadata:
            standard = str(metadata.get(PDFUA, ""))
        with pdf.open_outline() as outline:
            bookmarks = list(_list_titles(outline.root))
        root = pdf.Root
        return Structure(
            tags=list(_list_tags(root.StructTreeRoot.K)),
            content=list(_list_content(root.StructTreeRoot.K, None, pages)),
            bookmarks=bookmarks,
            lang=str(root.Lang),
            title=str(pdf.docinfo["/Title"]),
            shows_title=bool(root.ViewerPreferences.DisplayDocTitle),
            is_marked=bool(root.MarkInfo.Marked),
            standard=standard,
            n_pages=len(pages),
        )


def count_images(document: bytes) -> int:
    """Return the number of images of pixels in a PDF; drawings are paths and text, and no images."""
    with pikepdf.open(io.BytesIO(document)) as pdf:
        streams = (item for item in pdf.objects if isinstance(item, pikepdf.Stream))
        return sum(stream.get("/Subtype") == pikepdf.Name.Image for stream in streams)


def _list_titles(items: Any) -> Iterator[str]:
    for item in items:
        yield str(item.title)
        yield from _list_titles(item.children)


def _list_children(node: Any) -> list[Any]:
    return list(node) if isinstance(node, pikepdf.Array) else [node]


def _list_tags(node: Any) -> Iterator[Tag]:
    for element in _list_children(node):
        if isinstance(element, pikepdf.Dictionary) and "/S" in element:
            attributes = _list_children(element.get("/A", pikepdf.Array()))
            scope = next((str(each.Scope) for each in attributes if "/Scope" in each), "")
            yield Tag(str(element.S), str(element.get("/Alt", "")), str(element.get("/Lang", "")), scope)
            yield from _list_tags(element.get("/K", pikepdf.Array()))


def _list_content(node: Any, page: Any, pages: dict[Any, int]) -> Iterator[tuple[int, int]]:
    for child in _list_children(node):
        if not isinstance(child, pikepdf.Dictionary):
            yield pages[page.objgen], int(child)
        elif "/MCID" in child:
            yield pages[child.get("/Pg", page).objgen], int(child.MCID)
        elif "/S" in child:
            yield from _list_content(child.get("/K", pikepdf.Array()), child.get("/Pg", page), pages)
