"""Find on a PDF page the open sides of ruled tables, fillings that cut a word, and figures outside ruled tables."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from pipelines.reading.formats.pdf_letters import Char

SNAP = 3.0
"""Points within which two rules are one line (pdfplumber's own tolerance for snapping and joining)."""
_FIELD_GAP = 1.2
"""Share of the type size that separates two columns of a line; words of a sentence are a third of it apart."""
_LETTER_GAP = 0.15
"""Share of the type size up to which two letters of a line belong to one word."""
_THIN = 2.0
"""Points up to which a filled rectangle is a line."""
_FIGURE = re.compile(r"[-+(]?\d[\d.,\u00a0 ]*\)?%?")
_MIN_LINES = 2
"""Fewest lines that look like rows of a table: a single one may be a running head or a page number."""

Box = tuple[float, float, float, float]


def find_open_sides(edges: Sequence[Mapping[str, Any]], chars: Sequence[Char]) -> list[dict[str, Any]]:
    """Return the vertical lines that are missing at the left and right ends of ruled rows, as pdfplumber takes them.

    Office tables often have rules between their columns but none at the outer sides. Two horizontal rules with the same
    ends, and a vertical rule from one to the other between these ends, are such a row if there is text at its side.
    """
    rows_by_ends: dict[tuple[int, int], list[Mapping[str, Any]]] = defaultdict(list)
    for edge in edges:
        if edge["orientation"] == "h":
            rows_by_ends[round(edge["x0"] / SNAP), round(edge["x1"] / SNAP)].append(edge)
    columns = [edge for edge in edges if edge["orientation"] == "v"]
    sides: list[dict[str, Any]] = []
    for rules in rows_by_ends.values():
        for upper, lower in pairwise(sorted(rules, key=lambda rule: float(rule["top"]))):
            sides += _sides_of_row(upper, lower, columns, chars)
    return sides


def _sides_of_row(
    upper: Mapping[str, Any], lower: Mapping[str, Any], columns: Sequence[Mapping[str, Any]], chars: Sequence[Char]
) -> Iterator[dict[str, Any]]:
    left_end, right_end = min(upper["x0"], lower["x0"]), max(upper["x1"], lower["x1"])
    top, bottom = float(upper["top"]), float(lower["top"])
    crossing = [
        float(column["x0"])
        for column in columns
        if column["top"] <= top + SNAP
        and column["bottom"] >= bottom - SNAP
        and left_end - SNAP <= column["x0"] <= right_end + SNAP
    ]
    inner = [x for x in crossing if left_end + SNAP < x < right_end - SNAP]
    if not inner:
        return
    for side, nearest in ((left_end, min(inner)), (right_end, max(inner))):
        if any(abs(x - side) <= SNAP for x in crossing):
            continue
        field = (min(side, nearest), top, max(side, nearest), bottom)
        if any(char["text"].strip() and is_centre_in(char, field) for char in chars):
            yield {
                "object_type": "line",
                "orientation": "v",
                "x0": side,
                "x1": side,
                "top": top,
                "bottom": bottom,
                "width": 0,
                "height": bottom - top,
            }


def drop_cutting_fills(
    edges: Sequence[Mapping[str, Any]], rects: Sequence[Mapping[str, Any]], chars: Sequence[Char]
) -> list[Mapping[str, Any]] | None:
    """Return the vertical edges of a page without edges of fillings that cut a word, or None to keep all edges.

    The grey behind a column may end in the middle of the next one, where it split 0.15 into 0.1 and 5. Only an edge
    between two vertical rules is dropped: in a table without rules, the fillings are the cells.
    """
    sides = {
        (x, rect["top"], rect["bottom"])
        for rect in rects
        if rect["fill"] and not rect["stroke"] and rect["width"] > _THIN and rect["height"] > _THIN
        for x in (rect["x0"], rect["x1"])
    }
    columns = [edge for edge in edges if edge["orientation"] == "v" and edge["bottom"] - edge["top"] >= 1]
    fills = [edge for edge in columns if (edge["x0"], edge["top"], edge["bottom"]) in sides and not edge["stroke"]]
    if not fills:
        return None
    fill_ids = {id(fill) for fill in fills}
    rules = [edge for edge in columns if id(edge) not in fill_ids]
    joints = sorted(_iter_joints(chars))
    starts = [joint[0] for joint in joints]
    widest = max((end - start for start, end, _ in joints), default=0.0)
    cutting = {
        id(fill)
        for fill in fills
        if any(
            fill["x0"] < end and fill["top"] < height < fill["bottom"] and _is_between(fill["x0"], height, rules)
            for _, end, height in joints[bisect_left(starts, fill["x0"] - widest) : bisect_left(starts, fill["x0"])]
        )
    }
    return [edge for edge in columns if id(edge) not in cutting] if cutting else None


def _iter_joints(chars: Sequence[Char]) -> Iterator[tuple[float, float, float]]:
    """Yield for each two neighbouring letters of a word their centres and the height of their middle."""
    for line in _split_lines(chars):
        for before, char in pairwise(line):
            if char["x0"] - before["x1"] <= _LETTER_GAP * char["size"]:
                middle = (char["top"] + char["bottom"]) / 2
                yield (before["x0"] + before["x1"]) / 2, (char["x0"] + char["x1"]) / 2, middle


def _is_between(x: float, height: float, rules: Sequence[Mapping[str, Any]]) -> bool:
    """Return True if there are vertical rules on both sides of a position, and none at it."""
    distances = [rule["x0"] - x for rule in rules if rule["top"] <= height <= rule["bottom"]]
    return any(d < -SNAP for d in distances) and any(d > SNAP for d in distances) and min(map(abs, distances)) > SNAP


def find_unread_figures(chars: Sequence[Char], tables: Sequence[Box]) -> str | None:
    """Return the first line that looks like part of a table but is in none, None if there are not enough of them.

    These are lines next to a table (left or right of its rows), and lines of at least two figures in columns.
    `chars` are those outside the tables.
    """
    rows: list[str] = []
    beside: dict[Box, list[str]] = defaultdict(list)
    for line in _split_lines(chars):
        fields = _split_fields(line)
        text = "  ".join(fields)
        if len(fields) > 2 and sum(_FIGURE.fullmatch(field) is not None for field in fields) >= 2:
            rows.append(text)
        middle = (min(char["top"] for char in line) + max(char["bottom"] for char in line)) / 2
        for table in tables:
            if table[1] < middle < table[3] and any(character.isdigit() for character in text):
                beside[table].append(text)
    for lines in (rows, *beside.values()):
        if len(lines) >= _MIN_LINES:
            return lines[0]
    return None


def is_centre_in(char: Char, area: Box) -> bool:
    x, y = (char["x0"] + char["x1"]) / 2, (char["top"] + char["bottom"]) / 2
    return bool(area[0] <= x <= area[2] and area[1] <= y <= area[3])


def _split_lines(chars: Sequence[Char]) -> Iterator[list[Char]]:
    """Yield the upright letters line by line, each line from left to right."""
    line: list[Char] = []
    for char in sorted(
        (c for c in chars if c["text"].strip() and c.get("upright", True)), key=lambda c: float(c["bottom"])
    ):
        if line and char["bottom"] - line[0]["bottom"] > 0.4 * line[0]["size"]:
            yield sorted(line, key=lambda c: float(c["x0"]))
            line = []
        line.append(char)
    if line:
        yield sorted(line, key=lambda c: float(c["x0"]))


def _split_fields(line: Sequence[Char]) -> list[str]:
    """Return the texts of a line that wide gaps separate, each with one blank for a gap between words."""
    fields = [str(line[0]["text"])]
    for before, char in pairwise(line):
        gap = char["x0"] - before["x1"]
        if gap > _FIELD_GAP * char["size"]:
            fields.append("")
        elif gap > _LETTER_GAP * char["size"]:
            fields[-1] += " "
        fields[-1] += char["text"]
    return fields
