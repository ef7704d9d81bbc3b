"""Draw the territories by their outlines: a schematic map whose areas are links, with a list of the names next to it.

A map selects and shows no figure by a colour, since the largest area would look like the largest number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise
from math import cos, dist, radians

from pipelines.front.charts.canvas import LINE, NARROW, SIZE, WIDE, Canvas, Drawing, draw_path
from pipelines.front.charts.measure import measure_text, wrap_text
from pipelines.words.language import tell

_MAP = 380
"""Widest map; the list of names is next to it where there is room, else below it."""
_LIST_GAP = 28
_ROW = 26
"""Height of a name in the list, so that it is large enough to be touched."""
_GRID = 24
"""Lines of the grid on which the place of a label is looked for."""

Point = tuple[float, float]
"""Longitude and latitude in degrees, or pixels."""
Ring = tuple[Point, ...]


@dataclass(frozen=True)
class Outline:
    """One territory: its rings, its name with the mark of its footnote, its address, and a word after its name.

    `is_chosen` is false for a territory that a selection leaves out; it is white then, and `text` says so.
    """

    code: str
    name: str
    mark: str
    rings: Sequence[Ring]
    href: str
    text: str = ""
    is_chosen: bool = True

    @property
    def label(self) -> str:
        """Return the name with its mark and its word."""
        return f"{self.name}{self.mark}{f': {self.text}' if self.text else ''}"


@dataclass(frozen=True)
class OutlineMap:
    """All territories, and the footnotes of their names, which are always drawn."""

    title: str
    outlines: Sequence[Outline]
    footnotes: Sequence[str] = ()


def read_rings(outline: str) -> list[Ring]:
    """Return the rings of an outline in WKT, as the release has it, without the last point that closes each."""
    rings = []
    for text in re.findall(r"\(([^()]+)\)", outline):
        points = [tuple(map(float, point.split())) for point in text.split(",")]
        rings.append(tuple((longitude, latitude) for longitude, latitude in points[:-1]))
    return rings


@dataclass(frozen=True)
class _Projection:
    """Map degrees to pixels: equal scales in both directions in the middle of the map."""

    west: float
    north: float
    narrowing: float
    scale: float

    def __call__(self, point: Point) -> Point:
        longitude, latitude = point
        return (longitude - self.west) * self.narrowing * self.scale + 2, (self.north - latitude) * self.scale + 2


def draw_outlines(
    picture: OutlineMap, *, width: int = WIDE, description: str = "", notes: Sequence[str] = ()
) -> Drawing:
    """Return the map. Each territory is one link: its outline, its code inside, and its full name in the list."""
    is_narrow = width <= (NARROW + WIDE) / 2
    map_width = min(width, _MAP)
    project, height = _fit_map(picture.outlines, map_width)
    canvas = Canvas(width)
    list_left, top = (0.0, height + 10) if is_narrow else (map_width + _LIST_GAP, 4.0)
    for outline in picture.outlines:
        canvas.add_raw(f'<a href="{escape(outline.href)}" aria-label="{escape(f"{outline.code} {outline.label}")}">')
        path = "".join(draw_path(map(project, ring), is_closed=True) for ring in outline.rings)
        canvas.add_element("path", d=path, kind="land" if outline.is_chosen else "land left-out")
        top = _draw_name(canvas, outline, list_left, top)
        canvas.add_raw("</a>")
    # The codes on the areas are outside of the links, which have each code in the list: a name has it only once.
    canvas.add_raw('<g class="codes" aria-hidden="true">')
    for outline in picture.outlines:
        x, y = project(find_label_point(max(outline.rings, key=len)))
        canvas.add_text(x, y + 4, f"{outline.code}{outline.mark}", "strong", anchor="middle")
    canvas.add_raw("</g>")
    bottom = top + 4 if is_narrow else max(height + 4, top)
    spoken = description or tell("Map of the territories. Choose one to see its profile.")
    schematic = tell("The outlines are schematic and imply no opinion on status or borders.")
    return canvas.finish_drawing(picture.title, spoken, bottom, [*picture.footnotes, schematic, *notes], is_group=True)


def _fit_map(outlines: Sequence[Outline], width: float) -> tuple[_Projection, float]:
    """Return the projection in which all outlines have a width, and their height."""
    points = [point for outline in outlines for ring in outline.rings for point in ring]
    (west, east), (south, north) = ((min(ends), max(ends)) for ends in zip(*points, strict=True))
    narrowing = cos(radians((south + north) / 2))
    scale = (width - 4) / ((east - west) * narrowing)
    return _Projection(west, north, narrowing, scale), (north - south) * scale + 4


def _draw_name(canvas: Canvas, outline: Outline, x_left: float, top: float) -> float:
    """Write code and name of a territory in the list; return where the next one is."""
    indent = measure_text("MM ", SIZE, is_bold=True)
    lines = wrap_text(outline.label, canvas.width - x_left - indent, SIZE)
    canvas.add_text(x_left, top + 16, outline.code, "strong")
    for number, line in enumerate(lines):
        # Blanks between the lines, so that their text is that of the link's name.
        canvas.add_raw(" ")
        canvas.add_text(x_left + indent, top + 16 + LINE * number, line)
    return top + _ROW + LINE * (len(lines) - 1)


@lru_cache(maxsize=64)
def find_label_point(ring: Ring) -> Point:
    """Return the point of a grid inside a ring that is farthest from its line, where a label has most room.

    Of several such points it is the one nearest to the middle.
    """
    narrowing = cos(radians(sum(latitude for _, latitude in ring) / len(ring)))
    plane = tuple((longitude * narrowing, latitude) for longitude, latitude in ring)
    inside = [point for point in _list_grid(plane) if _is_inside(point, plane)]
    middle = tuple((min(ends) + max(ends)) / 2 for ends in zip(*plane, strict=True))
    x, y = max(inside, key=lambda point: (round(_measure_room(point, plane), 3), -dist(point, middle)))
    return x / narrowing, y


def _list_grid(ring: Ring) -> Iterator[Point]:
    (west, east), (south, north) = ((min(ends), max(ends)) for ends in zip(*ring, strict=True))
    for row in range(1, _GRID):
        for column in range(1, _GRID):
            yield west + (east - west) * column / _GRID, south + (north - south) * row / _GRID


def _list_sides(ring: Ring) -> Iterator[tuple[Point, Point]]:
    return pairwise((*ring, ring[0]))


def _is_inside(point: Point, ring: Ring) -> bool:
    """Return True if a ray from the point to the right crosses the line an odd number of times."""
    x, y = point
    crossed = 0
    for (x1, y1), (x2, y2) in _list_sides(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossed += 1
    return crossed % 2 == 1


def _measure_room(point: Point, ring: Ring) -> float:
    """Return the distance of a point from the line of a ring."""
    return min(_measure_distance(point, first, second) for first, second in _list_sides(ring))


def _measure_distance(point: Point, first: Point, second: Point) -> float:
    (x1, y1), (x2, y2) = first, second
    length = dist(first, second) ** 2
    along = 0.0 if not length else ((point[0] - x1) * (x2 - x1) + (point[1] - y1) * (y2 - y1)) / length
    nearest = min(max(along, 0.0), 1.0)
    return dist(point, (x1 + nearest * (x2 - x1), y1 + nearest * (y2 - y1)))
