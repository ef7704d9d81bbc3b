"""Read a picture back: its marks by class, and the place that each of its texts covers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from xml.etree import ElementTree

from pipelines.front.charts.canvas import Box, Drawing, measure_box

_SPACE = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class PlacedText:
    """A line of text and the rectangle that it covers."""

    text: str
    box: Box


@dataclass(frozen=True)
class ReadDrawing:
    """A picture as its readers get it."""

    root: Any
    drawing: Drawing

    @property
    def texts(self) -> list[PlacedText]:
        return list(_place_texts(self.root, 0.0, 0.0))

    @property
    def words(self) -> str:
        """All text in reading order, with one space between lines."""
        return " ".join(text.text for text in self.texts)

    def count_marks(self, name: str, kind: str) -> int:
        """Return how many elements of a name have all classes in `kind`."""
        return sum(set(kind.split()) <= set(e.get("class", "").split()) for e in self.root.iter(f"{_SPACE}{name}"))

    def count_segments(self, kind: str) -> int:
        """Return how many straight lines the paths with all classes in `kind` draw."""
        paths = [e for e in self.root.iter(f"{_SPACE}path") if set(kind.split()) <= set(e.get("class", "").split())]
        return sum(path.get("d", "").count("L") for path in paths)

    def list_hints(self) -> list[str]:
        """Return what is shown while the pointer is on a mark."""
        return [str(hint.text) for e in self.root.iter() if e is not self.root for hint in e.findall(f"{_SPACE}title")]


def read_drawing(drawing: Drawing) -> ReadDrawing:
    """Parse a picture."""
    return ReadDrawing(ElementTree.fromstring(drawing.svg), drawing)


def _place_texts(parent: Any, left: float, top: float) -> Iterator[PlacedText]:
    """Yield the texts of an element; a picture in a frame is shifted."""
    for element in parent:
        if element.tag == f"{_SPACE}text":
            yield _place_text(element, left, top)
        elif shift := re.fullmatch(r"translate\((\S+) (\S+)\)", element.get("transform", "")):
            yield from _place_texts(element, left + float(shift[1]), top + float(shift[2]))
        else:
            yield from _place_texts(element, left, top)


def _place_text(element: Any, left: float, top: float) -> PlacedText:
    assert not re.search(r"\bwidth\b", element.get("transform", "")), "a text is only turned"
    box = measure_box(
        left + float(element.get("x")),
        top + float(element.get("y")),
        str(element.text),
        element.get("class", ""),
        anchor=element.get("text-anchor", "start"),
        is_turned="rotate" in element.get("transform", ""),
    )
    return PlacedText(str(element.text), box)


def assert_legible(drawing: Drawing) -> ReadDrawing:
    """Assert that no text leaves the picture or covers another one, and that the picture has its name; return it."""
    read = read_drawing(drawing)
    title, description = (read.root.find(f"{_SPACE}{name}") for name in ("title", "desc"))
    assert read.root.get("role") in ("img", "group")
    assert read.root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert (title.text, description.text) == (drawing.title, drawing.description) and drawing.description
    for text in read.texts:
        box = text.box
        assert box.x_start >= -1 and box.top >= -1, text
        assert box.x_end <= drawing.width + 1 and box.bottom <= drawing.height + 1, text
    for first, second in combinations(read.texts, 2):
        assert not _shrink(first.box).is_touching(_shrink(second.box)), (first, second)
    return read


def list_covered_marks(read: ReadDrawing) -> list[tuple[str, str]]:
    """Return each text that covers a point, the axis or the rule of a break of a series, with the mark's element."""
    marks = [
        (element, box)
        for element in read.root.iter()
        if set(element.get("class", "").split()) & {"mark", "hollow", "axis", "rule"}
        if (box := _measure_mark(element)) is not None
    ]
    return [
        (text.text, element.tag.removeprefix(_SPACE))
        for text in read.texts
        for element, box in marks
        if _shrink(text.box).is_touching(box)
    ]


def _measure_mark(element: Any) -> Box | None:
    """Return the rectangle of a point or of a straight line; None for other marks, such as diamonds."""
    if element.tag == f"{_SPACE}circle":
        x, y, r = (float(element.get(name)) for name in ("cx", "cy", "r"))
        return Box(x - r, y - r, x + r, y + r)
    if element.tag == f"{_SPACE}line":
        x_start, x_end, top, bottom = (float(element.get(name)) for name in ("x1", "x2", "y1", "y2"))
        return Box(x_start, top, x_end + 0.1, bottom + 0.1)
    return None


def _shrink(box: Box) -> Box:
    """Return a rectangle without the rounding of its coordinates."""
    return Box(box.x_start + 0.2, box.top + 0.2, box.x_end - 0.2, box.bottom - 0.2)
