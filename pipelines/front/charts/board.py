"""Draw boards with a cell for each territory and period, which has a sign or a number, such as the reporting board."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipelines import words
from pipelines.front.charts import marks
from pipelines.front.charts.canvas import (
    NARROW,
    SIZE,
    SMALL,
    SMALL_LINE,
    WIDE,
    Canvas,
    Drawing,
    draw_box,
    draw_path,
)
from pipelines.front.charts.measure import measure_text
from pipelines.front.charts.rows import write_row_name
from pipelines.front.charts.scales import BandScale
from pipelines.words.language import tell, upper_first

_NAME = 190
_LEAST, _LEAST_OF_NUMBERS, _MOST = 24, 34, 64
"""Width of a column, and the least of one whose cells have numbers."""
_CELL = 24


@dataclass(frozen=True)
class TerritoryState:
    """The state of one territory in one period: a key of the states of its board.

    `count` is shown instead of the sign, for example "3/4" if 3 of 4 returns arrived. `spoken` is the state in words.
    """

    state: str
    spoken: str
    count: str = ""


@dataclass(frozen=True)
class TerritoryStates:
    """The states of one territory, one for each period of the board."""

    name: str
    cells: Sequence[TerritoryState]


@dataclass(frozen=True)
class StateBoard:
    """Territories and periods (codes, oldest first), and the name of each state, in the order of the key.

    `has_numbers`: most cells have a number of their own, which their state does not explain.
    """

    title: str
    periods: Sequence[str]
    lines: Sequence[TerritoryStates]
    states: Mapping[str, str]
    has_numbers: bool = False


_KINDS = {
    "on_time": "full", "late": "part", "in_part": "part", "not_received": "overdue",
    "all": "full", "most": "part", "less": "overdue",
}  # fmt: skip
"""Class of a cell by its state; all others are open."""


def draw_board(board: StateBoard, *, width: int = WIDE, description: str = "", notes: Sequence[str] = ()) -> Drawing:
    """Return the board. If the periods do not all fit, the oldest are left out and the description names the rest."""
    is_narrow = width <= (NARROW + WIDE) / 2
    start = 0.0 if is_narrow else min(max(measure_text(line.name, SIZE) for line in board.lines) + 8, _NAME) + 4
    least = _LEAST_OF_NUMBERS if board.has_numbers else _LEAST
    n_shown = min(int((width - start) // least), len(board.periods))
    periods = list(board.periods)[len(board.periods) - n_shown :]
    end = min(width, start + _MOST * n_shown)
    x = BandScale(n_shown, start, end)
    canvas = Canvas(width)
    y = _draw_heads(canvas, periods, x)
    cells: list[_Cell] = []
    for line in board.lines:
        y, height = write_row_name(canvas, line.name, y, start, _CELL)
        for position, cell in enumerate(list(line.cells)[len(line.cells) - n_shown :]):
            # A telephone has no pointer to show a hint; numbers are in their cells.
            is_hinted = not is_narrow and not board.has_numbers
            hint = f"{line.name}, {words.period_short(periods[position])}: {cell.spoken}" if is_hinted else ""
            x_left, x_right = x.find_edge(position) + 1, x.find_edge(position + 1) - 1
            cells.append(_Cell(cell, x_left, x_right, y + (height - _CELL) / 2, hint))
        y += height + (6 if is_narrow else 4)
    _draw_cells(canvas, cells)
    counts = {cell.state: cell.count for line in board.lines for cell in list(line.cells)[len(line.cells) - n_shown :]}
    keys = [
        marks.Key(_show_state(state, counts[state], board.has_numbers), name)
        for state, name in board.states.items()
        if state in counts
    ]
    y = marks.draw_key(canvas, y + 2, keys)
    return canvas.finish_drawing(board.title, description or describe_board(board), y, notes)


def _draw_heads(canvas: Canvas, periods: Sequence[str], x: BandScale) -> float:
    """Draw the periods above their columns: the year where it changes, and the quarter below it."""
    year_before = ""
    for position, period in enumerate(periods):
        year, _, quarter = period.partition("-Q")
        if year != year_before:
            canvas.add_text_if_free(x.find_edge(position) + 3, 12, year, "small")
        if quarter:
            name = tell("Q{quarter}", quarter=quarter)
            canvas.add_text_if_free(x.find_center(position), 12 + SMALL_LINE, name, "small", anchor="middle")
        year_before = year
    return SMALL_LINE * (2 if any("-Q" in period for period in periods) else 1) + 6.0


@dataclass(frozen=True)
class _Cell:
    """A cell with its state, its place and its hint."""

    state: TerritoryState
    x_left: float
    x_right: float
    top: float
    hint: str

    @property
    def kind(self) -> str:
        return _KINDS.get(self.state.state, "open")


def _draw_cells(canvas: Canvas, cells: Sequence[_Cell]) -> None:
    """Draw cells. Those of one kind without a hint are one path: a page has hundreds of them."""
    for kind in dict.fromkeys(cell.kind for cell in cells if not cell.hint):
        outlines = [draw_box(c.x_left, c.top, c.x_right, c.top + _CELL) for c in cells if c.kind == kind and not c.hint]
        canvas.add_element("path", d="".join(outlines), kind=kind)
    for cell in cells:
        if cell.hint:
            canvas.add_element(
                "rect", x=cell.x_left, y=cell.top, width=cell.x_right - cell.x_left, height=_CELL, kind=cell.kind,
                hint=cell.hint,
            )  # fmt: skip
        middle = (cell.x_left + cell.x_right) / 2
        if cell.state.count and measure_text(cell.state.count, SMALL) <= cell.x_right - cell.x_left:
            canvas.add_text(middle, cell.top + 16, cell.state.count, _name_text(cell.kind), anchor="middle")
        else:
            _draw_sign(canvas, cell.state.state, middle, cell.top + _CELL / 2)


def _name_text(kind: str) -> str:
    """Return the kind of the text in a cell, which is white on the dark ones."""
    return "small inverse" if kind == "full" else "small"


def _draw_sign(canvas: Canvas, state: str, x: float, y: float) -> None:
    """Draw a sign for a state: tick, clock, half, cross, dash or dot."""
    if state == "on_time":
        canvas.add_element("path", d=draw_path([(x - 5, y), (x - 1, y + 4), (x + 6, y - 4)]), kind="sign-inverse")
    elif state == "late":
        # With its line within the box of the key, which is 16 pixels high.
        canvas.add_element("circle", cx=x, cy=y, r=5.5, kind="sign")
        canvas.add_element("path", d=draw_path([(x, y - 3), (x, y), (x + 2, y + 1.5)]), kind="sign")
    elif state == "in_part":
        canvas.add_element("circle", cx=x, cy=y, r=6, kind="sign")
        canvas.add_element("path", d=f"M{x:.1f} {y - 6:.1f}A6 6 0 0 0 {x:.1f} {y + 6:.1f}Z", kind="ink")
    elif state == "not_received":
        marks.draw_cross(canvas, x, y, 4.5, "sign")
    elif state == "not_due":
        canvas.add_line(x - 4, y, x + 4, y, "sign")
    else:
        canvas.add_element("circle", cx=x, cy=y, r=1.5, kind="ink")


def _show_state(state: str, count: str, has_numbers: bool) -> Callable[[Canvas, float, float], None]:
    """Return the function that draws a cell with the sign of a state, with a count, or empty instead of a number."""

    def draw_state(canvas: Canvas, x: float, y: float) -> None:
        half = 10 if count and not has_numbers else 8
        canvas.add_element("rect", x=x - half, y=y - 8, width=2 * half, height=16, rx=2, kind=_KINDS.get(state, "open"))
        if not count:
            _draw_sign(canvas, state, x, y)
        elif not has_numbers:
            canvas.add_text(x, y + 4, count, "small", anchor="middle")

    return draw_state


def describe_board(board: StateBoard) -> str:
    """Return the newest period in sentences: which territories are in which state, or the number of each."""
    newest = {line.name: line.cells[-1] for line in board.lines if line.cells}
    if board.has_numbers:
        numbers = "; ".join(f"{name}: {cell.spoken}" for name, cell in newest.items())
        return f"{board.title}. {words.period_short(board.periods[-1])}: {numbers}."
    groups = [
        f"{upper_first(name)}: {', '.join(area for area, cell in newest.items() if cell.state == state)}"
        for state, name in board.states.items()
        if any(cell.state == state for cell in newest.values())
    ]
    states = ". ".join(groups)
    return f"{board.title}. {words.period_short(board.periods[-1])}: {states}."
