"""Turn the letters of a PDF cell into its text, with raised small type separated as marks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

_CID = re.compile(r"\(cid:\d+\)")
SMALL = 0.82
"""Share of the cell's ordinary size below which a letter is small; word processors raise marks at 58 to 65 %."""
_THIN = 2.0
"""Points up to which a shape is a line."""
Stroke = tuple[float, float, float]
"""Left and right end and height of a horizontal line."""
Char = dict[str, Any]
"""One letter as pdfplumber gives it: text, box, size, direction."""


def keep_letters_plain(page: Any) -> None:
    """Let pdfplumber make only the parts of a letter that are used here, which takes a fifth of the time.

    It otherwise resolves 17 attributes of each letter, colours among them; lines and areas keep all of theirs.
    """
    from pdfminer.layout import LTChar

    make_whole = page.process_object
    x_offset, y_offset = page.mediabox[:2]
    height, start, form = page.height, page.initial_doctop, page.pdf.unicode_norm

    def make_object(item: Any) -> Char:
        if item.__class__ is not LTChar or form is not None:
            return make_whole(item)  # type: ignore[no-any-return]
        char_top = (height - item.y1) + y_offset
        return {
            "object_type": "char",
            "page_number": page.page_number,
            "text": item.get_text(),
            "upright": item.upright,
            "matrix": item.matrix,
            "size": item.size,
            "width": item.width,
            "height": item.height,
            "x0": item.x0 + x_offset,
            "x1": item.x1 + x_offset,
            "top": char_top,
            "bottom": (height - item.y0) + y_offset,
            "doctop": start + char_top,
        }

    page.process_object = make_object


def read_words(chars: list[Char]) -> tuple[str, str | None]:
    """Return the text of a cell, with its lines, and its raised small type as marks.

    `42` with a raised `1)` would otherwise read `421)`: only size and height of the letters distinguish the two.
    """
    if not chars:
        return "", None
    # The size of turned letters is that of their width, so next to upright ones they would look small and raised.
    upright = [char for char in chars if char.get("upright", True)]
    turned = [char for char in chars if not char.get("upright", True)] if upright else []
    plain, raised = _split_raised(upright or chars)
    text = _extract_text([*plain, *turned])
    return text, (_extract_text(raised).replace("\n", " ") or None) if raised else None


def find_strokes(page: Any) -> list[Stroke]:
    """Return the thin horizontal lines of a page as (left, right, height of the middle)."""
    return [
        (shape["x0"], shape["x1"], (shape["top"] + shape["bottom"]) / 2)
        for shape in (*page.lines, *page.rects)
        if shape["bottom"] - shape["top"] < _THIN < shape["x1"] - shape["x0"]
    ]


def read_cell_words(
    chars: list[Char], strokes: Sequence[Stroke], box: tuple[float, float, float, float]
) -> tuple[str, str | None, str | None]:
    """Return the text of a cell, its raised small type as marks, and what is struck through by a line in its box."""
    box_x0, top, box_x1, bottom = box
    inside = [
        stroke
        for stroke in strokes
        if box_x0 - _THIN < stroke[0] and stroke[1] < box_x1 + _THIN and top + _THIN < stroke[2] < bottom - _THIN
    ]
    struck_chars = [char for char in chars if any(_strikes(stroke, char) for stroke in inside)] if inside else []
    if not struck_chars:
        return *read_words(chars), None
    struck = _extract_text(struck_chars).strip() or None
    text, marks = read_words([char for char in chars if not any(char is struck_char for struck_char in struck_chars)])
    return (text or struck or ""), marks, struck


def _strikes(stroke: Stroke, char: Char) -> bool:
    """Return True if a line crosses the middle of a letter, where neither an underline nor a table rule is."""
    x0, x1, middle = stroke
    height = char["bottom"] - char["top"]
    return bool(
        x0 <= (char["x0"] + char["x1"]) / 2 <= x1 and char["top"] + 0.3 * height < middle < char["top"] + 0.75 * height
    )


def mark_unknown_letters(chars: list[Char]) -> int:
    """Replace letters without a Unicode value by U+FFFD and return their number.

    pdfminer writes such a letter as `(cid:23)`, whose digits would be taken for a figure.
    """
    unknown = [char for char in chars if _CID.fullmatch(char["text"])]
    for char in unknown:
        char["text"] = "\ufffd"
    return len(unknown)


def drop_overprints(chars: list[Char]) -> list[Char]:
    """Return the letters without those that repeat an equal letter at nearly the same position.

    Programs print bold type, shadows and outlines as the same text twice or more, mostly less than a point apart (seen:
    0.3), which would double every digit. Two neighbouring equal letters of one word are a whole letter apart.
    """
    retained: list[Char] = []
    by_place: dict[tuple[str, int, int], list[Char]] = {}
    for char in chars:
        column, row = int(char["x0"] // _OVERPRINT_GRID), int(char["top"] // _OVERPRINT_GRID)
        neighbours = (
            neighbour
            for x in (column - 1, column, column + 1)
            for y in (row - 1, row, row + 1)
            for neighbour in by_place.get((char["text"], x, y), ())
        )
        if not any(_covers(neighbour, char) for neighbour in neighbours):
            retained.append(char)
        by_place.setdefault((char["text"], column, row), []).append(char)  # a third print may be next to the second
    return retained


_OVERPRINT_GRID = 4.0
"""Points: overprinted letters are looked for in this field and the next, so they may be at most this far apart."""
_OVERPRINT_SHARE = 0.5
"""Share of a letter's width and height by which an overprinted letter may be shifted."""


def _covers(first: Char, second: Char) -> bool:
    if abs(first["size"] - second["size"]) > 0.1 * first["size"]:
        return False
    across = min(_OVERPRINT_SHARE * (first["x1"] - first["x0"]), _OVERPRINT_GRID)
    down = min(_OVERPRINT_SHARE * (first["bottom"] - first["top"]), _OVERPRINT_GRID)
    return bool(abs(first["x0"] - second["x0"]) <= across and abs(first["top"] - second["top"]) <= down)


def _extract_text(chars: list[Char]) -> str:
    from pdfplumber.utils.text import extract_text

    chars = _without_overprinted_blanks(chars)
    if not chars:
        return ""
    turned = [char for char in chars if not char.get("upright", True)]
    if turned and len(turned) < len(chars):
        # Labels of a chart, next to upright text: each direction is a text of its own.
        upright = [char for char in chars if char.get("upright", True)]
        return "\n".join(text for text in (_extract_text(upright), _extract_text(turned)) if text)
    if turned:
        # Headings turned by 90 degrees: the text matrix shows that lines run upwards (or downwards).
        upwards = sum(1 for char in chars if char.get("matrix", (0, 0, 0, 0))[1] > 0) * 2 >= len(chars)
        char_dir, line_dir = ("btt", "ltr") if upwards else ("ttb", "rtl")
        words = extract_text(
            chars, line_dir_rotated=line_dir, char_dir_rotated=char_dir, line_dir_render="ttb", char_dir_render="ltr"
        )
    else:
        words = extract_text(chars, x_tolerance=_word_gap(chars), y_tolerance=3)
    return str(words).replace("\r", "").strip()


def _without_overprinted_blanks(chars: list[Char]) -> list[Char]:
    """Drop blanks that are under a letter.

    A register of 16 pages was seen to print each date over a row of blanks, so that its digits read `0 3 / 2 5`.
    """
    visible_chars = [char for char in chars if char["text"] != " "]
    if len(visible_chars) == len(chars):
        return chars
    visible_chars.sort(key=lambda char: float(char["x0"]))
    starts = [float(char["x0"]) for char in visible_chars]
    widest = max((float(char["x1"]) - float(char["x0"]) for char in visible_chars), default=0.0)

    def is_under(blank: Char) -> bool:
        middle, height = (blank["x0"] + blank["x1"]) / 2, (blank["top"] + blank["bottom"]) / 2
        for at in range(bisect_right(starts, middle) - 1, -1, -1):
            if starts[at] < middle - widest:
                return False
            if visible_chars[at]["x1"] > middle and visible_chars[at]["top"] < height < visible_chars[at]["bottom"]:
                return True
        return False

    return [char for char in chars if char["text"] != " " or not is_under(char)]


def _word_gap(chars: list[Char]) -> float:
    """Return the gap (points) that separates words: a fifth of the type size, at least a point and a half."""
    return max(1.5, 0.2 * max(float(char["size"]) for char in chars))


def _split_raised(chars: list[Char]) -> tuple[list[Char], list[Char]]:
    """Separate raised small type from the other letters of a cell."""
    sizes = Counter(round(char["size"], 1) for char in chars if char["text"].strip())
    if len(sizes) < 2:
        return chars, []
    largest = max(sizes)
    ordinary = max((size for size in sizes if size >= SMALL * largest), key=lambda size: sizes[size])
    plain = [char for char in chars if char["size"] >= SMALL * ordinary]
    raised: list[Char] = []
    lines = {_line_of(char) for char in plain}
    for char in chars:
        if char["size"] >= SMALL * ordinary:
            continue
        if _is_raised(char, lines):
            raised.append(char)
        else:
            plain.append(char)
            lines.add(_line_of(char))
    if not any(char["text"].strip() for char in raised):
        return chars, []
    return plain, raised


def _line_of(char: Char) -> tuple[float, float, float]:
    """Return top, foot and size of a letter, which the letters of a line share."""
    return char["top"], char["bottom"], char["size"]


def _is_raised(char: Char, lines: Iterable[tuple[float, float, float]]) -> bool:
    """Return True for small type next to larger type of the same line, with its foot above the foot of that line."""
    char_top, char_bottom, _ = _line_of(char)
    return any(
        top < char_bottom and char_top < bottom and bottom - char_bottom > 0.12 * size for top, bottom, size in lines
    )
