"""Find marks of pictures that differ by colour alone: in greyscale, or to a colour-blind reader."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import combinations, zip_longest

import pytest

from pipelines.design.contrasts import VISIONS, compute_contrast, read_tokens
from pipelines.front.charts import fit, marks
from pipelines.front.charts.canvas import Canvas
from pipelines.front.charts.marks import Key
from tests.support.drawings import read_drawing

LEAST_CONTRAST = 3.0
"""Least contrast between two marks of one shape, and between a mark and the page (WCAG 2.2, 1.4.11)."""
_RULE = re.compile(r"\.rti-chart \.([\w-]+) \{([^}]*)\}")
_PAINTS = ("fill", "stroke")
_SHAPE = ("d", "x", "y", "width", "height", "cx", "cy", "r", "rx", "x1", "x2", "y1", "y2")
_FILLS = {"text": "currentColor", "line": "none"}
"""Colours that elements have without a class; a line cannot be filled."""
_THICK = 2.0
"""Pixels of a line that looks thick: most have one."""
_VISIONS = ("", *VISIONS)


@dataclass(frozen=True)
class _Part:
    """An element of a mark: its shape, and the colours of its fill and its line, `None` without one."""

    shape: tuple[str, ...]
    colours: tuple[str | None, str | None]


def find_look_alikes(keys: Sequence[Key]) -> list[tuple[str, str]]:
    """Return the pairs of entries of a key whose marks have one shape and differ by colour alone, or not at all."""
    read = {key.text: _read_mark(key) for key in keys}
    return [pair for pair in combinations(read, 2) if _look_alike(read[pair[0]], read[pair[1]])]


def find_pale_marks(keys: Sequence[Key]) -> list[str]:
    """Return the entries of a key whose marks have no part with enough contrast to the page."""
    ground = read_tokens()["surface"]
    return [
        key.text
        for key in keys
        if not any(_differ(colour, ground) for part in _read_mark(key) for colour in part.colours if colour)
    ]


def _look_alike(first: Sequence[_Part], second: Sequence[_Part]) -> bool:
    if [part.shape for part in first] != [part.shape for part in second]:
        return False
    pairs = zip_longest((c for part in first for c in part.colours), (c for part in second for c in part.colours))
    ground = read_tokens()["surface"]
    return not any(_differ(colour or ground, of_second or ground) for colour, of_second in pairs)


def _differ(first: str, second: str) -> bool:
    """Return True if two colours have enough contrast for every reader."""
    return min(compute_contrast(first, second, vision) for vision in _VISIONS) >= LEAST_CONTRAST


def _read_mark(key: Key) -> list[_Part]:
    """Return the parts of a mark as they are drawn in a key; the words of a text are its shape."""
    canvas = Canvas(100)
    key.show(canvas, 50, 50)
    root = read_drawing(canvas.finish_drawing("Title", "Description", 100)).root
    return list(_read_parts(root))


def _read_parts(root: object) -> Iterator[_Part]:
    for element in root.iter():  # type: ignore[attr-defined]
        name = element.tag.rpartition("}")[2]
        if name in ("svg", "g", "title", "desc"):
            continue
        style = {"fill": _FILLS.get(name, "#000"), "stroke": "none"}
        for kind in element.get("class", "").split():
            style |= _read_style().get(kind, {})
        dash = element.get("stroke-dasharray") or style.get("stroke-dasharray", "")
        is_thick = float(style.get("stroke-width", "1")) >= _THICK
        shape = (name, element.text or "", dash, str(is_thick), *(element.get(attribute, "") for attribute in _SHAPE))
        fill, stroke = (_find_colour(style[paint], style.get(f"{paint}-opacity", "1")) for paint in _PAINTS)
        yield _Part(shape, (fill, stroke))


def _find_colour(value: str, opacity: str) -> str | None:
    """Return the colour of a value of the style sheet on the page, `None` for none."""
    tokens = read_tokens()
    value = tokens["text"] if value == "currentColor" else value
    token = re.fullmatch(r"var\(--rti-([\w-]+)\)", value)
    colour = tokens[token[1]] if token else value
    if colour == "none":
        return None
    share = float(opacity)
    mixed = [round(share * c + (1 - share) * g) for c, g in zip(*map(_split, (colour, tokens["surface"])), strict=True)]
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _split(colour: str) -> list[int]:
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    return [int(digits[place : place + 2], 16) for place in (0, 2, 4)]


@cache
def _read_style() -> Mapping[str, Mapping[str, str]]:
    """Return the declarations of each class of marks."""
    rules = _RULE.findall(fit.CSS.read_text(encoding="utf-8"))
    return {
        name: {part.partition(":")[0].strip(): part.partition(":")[2].strip() for part in body.split(";") if part}
        for name, body in rules
    }


@contextmanager
def collect_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[Key]]]:
    """Collect the entries of the key of each picture that is drawn within a `with` statement."""
    collected: list[list[Key]] = []
    draw_key = marks.draw_key

    def draw_and_collect(canvas: Canvas, top: float, keys: Sequence[Key], left: float = 0) -> float:
        collected.append(list(keys))
        return draw_key(canvas, top, keys, left)

    with monkeypatch.context() as patch:
        patch.setattr(marks, "draw_key", draw_and_collect)
        yield collected
