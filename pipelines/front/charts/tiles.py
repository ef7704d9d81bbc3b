"""Draw the territories as tiles in their rough places: a selector without borders, whose tiles are links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from pipelines.front.charts.canvas import LINE, SMALL, SMALL_LINE, WIDE, Canvas, Drawing
from pipelines.front.charts.measure import wrap_text
from pipelines.words.language import tell

_GAP = 4
_WIDEST = 116


@dataclass(frozen=True)
class Tile:
    """One territory: its place in the grid, its name with the mark of its footnote, its address, and a short text."""

    code: str
    name: str
    column: int
    row: int
    href: str
    text: str = ""


@dataclass(frozen=True)
class TileMap:
    """All territories, and the footnotes of their names, which are always drawn."""

    title: str
    tiles: Sequence[Tile]
    footnotes: Sequence[str] = ()


def draw_tiles(picture: TileMap, *, width: int = WIDE, description: str = "", notes: Sequence[str] = ()) -> Drawing:
    """Return the map. Each tile is a link of at least 24 pixels with the full name of its territory."""
    canvas = Canvas(width)
    columns = max(tile.column for tile in picture.tiles) + 1
    rows = max(tile.row for tile in picture.tiles) + 1
    side = min((width - _GAP * (columns - 1)) / columns, _WIDEST)
    texts = {tile.code: _wrap_tile(tile, side - 8) for tile in picture.tiles}
    height = max(LINE + SMALL_LINE * sum(map(len, parts)) + 12 for parts in texts.values())
    for tile in sorted(picture.tiles, key=lambda tile: (tile.row, tile.column)):
        x_left, top = tile.column * (side + _GAP) + 1, tile.row * (height + _GAP) + 1
        canvas.add_raw(f'<a href="{escape(tile.href)}" aria-label="{escape(_name_tile(tile))}">')
        canvas.add_element("rect", x=x_left, y=top, width=side - 2, height=height, rx=3, kind="box")
        names, extras = texts[tile.code]
        y = canvas.add_lines(x_left + 5, top + 16, [tile.code], "strong") - 1
        for line in (*names, *extras):
            # Without a space, the name of the link would lack one between its lines.
            canvas.add_raw(" ")
            y = canvas.add_lines(x_left + 5, y, [line], "small")
        canvas.add_raw("</a>")
    bottom = rows * (height + _GAP) + 2
    spoken = description or tell("Map of the territories. Choose one to see its profile.")
    return canvas.finish_drawing(picture.title, spoken, bottom, [*picture.footnotes, *notes], is_group=True)


def _name_tile(tile: Tile) -> str:
    """Return the text of a tile on one line, as its link is read aloud."""
    return f"{tile.code} {tile.name} {tile.text}".strip()


def _wrap_tile(tile: Tile, width: float) -> tuple[list[str], list[str]]:
    return wrap_text(tile.name, width, SMALL), wrap_text(tile.text, width, SMALL) if tile.text else []
