"""Compose a picture from marks and text, with its name for screen readers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape

from pipelines.front.charts.measure import measure_text, wrap_text

BROAD, WIDE, NARROW = 960, 640, 288
"""Widths for which pictures are laid out: the explorer on a wide screen, a page, and a screen of 320 pixels with its
margins."""
SIZE, SMALL, TITLE = 12, 11, 15
LINE, SMALL_LINE, TITLE_LINE = 16, 14, 20
"""Font sizes and heights of lines; the sizes are repeated in `charts.css`."""
_ASCENT, _DESCENT = 0.8, 0.25
_BETWEEN = 3
"""Space between texts of one line, in pixels."""
_ROUNDING = 1e-6
"""A text that was moved to the edge may end beyond it by a rounding error."""


@dataclass(frozen=True)
class Drawing:
    """A picture: its SVG, and the title and description that a screen reader says."""

    svg: str
    title: str
    description: str
    width: int
    height: int

    @property
    def body(self) -> str:
        """The marks and text without the element that holds them."""
        return self.svg.partition("</desc>")[2].removesuffix("</svg>")


@dataclass(frozen=True)
class Box:
    """A rectangle that a text covers."""

    x_start: float
    top: float
    x_end: float
    bottom: float

    def is_touching(self, other: Box) -> bool:
        """Return True if two rectangles share more than an edge."""
        return (
            self.x_start < other.x_end
            and other.x_start < self.x_end
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Canvas:
    """A picture that grows downwards, in pixels from its top left corner; `y` of a text is its baseline.

    `texts` are the lines of text that it has so far. A text that is added only if there is room covers no text, and no
    rectangle in `kept_free`.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._parts: list[str] = []
        self._joined: dict[str, tuple[int, list[str]]] = {}
        self._texts: list[Box] = []
        self.texts: set[str] = set()
        self.kept_free: list[Box] = []

    def add_element(self, name: str, content: str = "", /, **attributes: str | float) -> None:
        """Add an element. `kind` is its class; `hint` is shown while the pointer is on it; `_` in names is `-`."""
        self._parts.append(render_element(name, content, **attributes))

    def add_raw(self, part: str) -> None:
        """Add a part of SVG as it is, such as the start or the end of a link."""
        self._parts.append(part)

    def add_line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        self.add_element("line", x1=x1, y1=y1, x2=x2, y2=y2, kind=kind)

    def join_path(self, path: str, kind: str) -> None:
        """Add a path to the others of its kind. They become one element, in the place of the first, since an element
        for each made the stages of a territory a third longer."""
        if kind not in self._joined:
            self._joined[kind] = (len(self._parts), [])
            self._parts.append("")
        self._joined[kind][1].append(path)

    def add_text(
        self, x: float, y: float, text: str, kind: str = "", *, anchor: str = "start", is_turned: bool = False
    ) -> None:
        """Add one line of text. `kind` may be `small`, `strong`, `quiet` or several of these."""
        if not text:
            return
        box = measure_box(x, y, text, kind, anchor=anchor, is_turned=is_turned)
        self._texts.append(box)
        self.texts.add(text)
        attributes: dict[str, str | float] = {"x": x, "y": y, "kind": kind}
        if anchor != "start":
            attributes["text_anchor"] = anchor
        if is_turned:
            attributes["transform"] = f"rotate(-90 {_format(x)} {_format(y)})"
        self.add_element("text", escape(text, quote=False), **attributes)

    def add_text_if_free(
        self, x: float, y: float, text: str, kind: str = "", *, anchor: str = "start", x_end: float | None = None
    ) -> bool:
        """Add a line of text unless it would cover what is kept free or leave the picture; return True if added.

        `x_end` is where the part of the picture ends that the text belongs to, by default that of the whole picture.
        """
        box = measure_box(x, y, text, kind, anchor=anchor)
        if box.x_start < -_ROUNDING or box.x_end > (x_end or self.width) + _ROUNDING:
            return False
        # Rounded, or the fourth of several pictures lacks a label of its axis that the others have.
        x_left, x_right = box.x_start - _BETWEEN + _ROUNDING, box.x_end + _BETWEEN - _ROUNDING
        top, bottom = box.top, box.bottom
        # Written out: pictures of several series ask for a quarter of a million pairs of texts.
        for taken_box in self._texts:
            overlaps = x_left < taken_box.x_end and taken_box.x_start < x_right
            if overlaps and top < taken_box.bottom and taken_box.top < bottom:
                return False
        if any(map(box.is_touching, self.kept_free)):
            return False
        self.add_text(x, y, text, kind, anchor=anchor)
        return True

    def add_lines(self, x: float, y: float, lines: Iterable[str], kind: str = "", *, anchor: str = "start") -> float:
        """Add lines of text below each other; return the baseline of the line after the last."""
        for line in lines:
            self.add_text(x, y, line, kind, anchor=anchor)
            y += {SMALL: SMALL_LINE, SIZE: LINE, TITLE: TITLE_LINE}[find_size(kind)]
        return y

    def finish_drawing(
        self, title: str, description: str, height: float, notes: Sequence[str] = (), *, is_group: bool = False
    ) -> Drawing:
        """Return the picture with its notes at the foot. `is_group`: it has links, so it is more than one image."""
        if notes:
            height += 4
        for note in notes:
            lines = wrap_text(note, self.width, SMALL)
            height = self.add_lines(0, height + SMALL_LINE - 3, lines, "small quiet") - SMALL_LINE + 3
        for kind, (place, paths) in self._joined.items():
            self._parts[place] = render_element("path", d="".join(paths), kind=kind)
        body, size = "".join(self._parts), round(height + 0.499)
        name = f"c{hashlib.sha256(f'{title}{description}{self.width}{body}'.encode()).hexdigest()[:10]}"
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="rti-chart" viewBox="0 0 {self.width} {size}" '
            f'width="{self.width}" height="{size}" role="{"group" if is_group else "img"}" '
            f'aria-labelledby="{name}t {name}d"><title id="{name}t">{escape(title, quote=False)}</title>'
            f'<desc id="{name}d">{escape(description, quote=False)}</desc>{body}</svg>'
        )
        return Drawing(svg, title, description, self.width, size)


def find_size(kind: str) -> int:
    """Return the font size of a kind of text."""
    return SMALL if "small" in kind else TITLE if "title" in kind else SIZE


def measure_box(
    x: float, y: float, text: str, kind: str = "", *, anchor: str = "start", is_turned: bool = False
) -> Box:
    """Return the rectangle that a line of text covers; a turned text reads upwards."""
    size = find_size(kind)
    width = measure_text(text, size, is_bold="strong" in kind)
    start = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
    if is_turned:
        return Box(x - _ASCENT * size, y + start - width, x + _DESCENT * size, y + start)
    return Box(x - start, y - _ASCENT * size, x - start + width, y + _DESCENT * size)


def render_element(name: str, content: str = "", /, **attributes: str | float) -> str:
    """Return an element of SVG; `content` is SVG already. Empty attributes are left out."""
    hint = attributes.pop("hint", "")
    if hint:
        content = f"<title>{escape(str(hint), quote=False)}</title>{content}"
    pairs = ""
    for key, value in attributes.items():
        if value != "":
            pairs += f' {_name_attribute(key)}="{escape(value) if isinstance(value, str) else _format(value)}"'
    return f"<{name}{pairs}>{content}</{name}>" if content else f"<{name}{pairs}/>"


@cache
def _name_attribute(key: str) -> str:
    return "class" if key == "kind" else key.replace("_", "-")


@lru_cache(maxsize=65536)
def _format(value: float) -> str:
    """Return a coordinate with one decimal. Pictures repeat most of theirs, and all of them have those of the axes."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def draw_path(points: Iterable[tuple[float, float]], *, is_closed: bool = False) -> str:
    """Return the path through some points."""
    path = "L".join(f"{_format(x)} {_format(y)}" for x, y in points)
    return f"M{path}{'Z' if is_closed else ''}"


def draw_box(left: float, top: float, right: float, bottom: float) -> str:
    """Return the path around a rectangle."""
    return f"M{_format(left)} {_format(top)}H{_format(right)}V{_format(bottom)}H{_format(left)}Z"
