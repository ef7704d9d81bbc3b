"""Draw counts or rates as horizontal bars, one row for each stage or category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.front.charts import marks
from pipelines.front.charts.canvas import LINE, SIZE, WIDE, Canvas, Drawing
from pipelines.front.charts.measure import measure_text, wrap_text
from pipelines.front.charts.scales import LinearScale
from pipelines.words import FormattedFigure
from pipelines.words.language import tell

_BAR = 14
_ROW = 6
"""Height of a bar, and space between rows."""
_NAME_SHARE = 0.42


@dataclass(frozen=True)
class Bar:
    """One row: its name, its figure or the word that says why there is none, and the text at the bar's end."""

    name: str
    figure: FormattedFigure
    label: str
    is_few: bool = False


@dataclass(frozen=True)
class Bars:
    """Rows on one scale, which starts at zero."""

    title: str
    bars: Sequence[Bar]


def draw_bars(picture: Bars, *, top: float = 0.0, width: int = WIDE, notes: Sequence[str] = ()) -> Drawing:
    """Return the bars; `top` is the end of a scale that several pictures share, by default the longest bar.

    A bar that is too few to compare is hollow, and a row without a figure has its word.
    """
    canvas = Canvas(width)
    top = top or max((bar.figure.value or 0.0 for bar in picture.bars), default=0.0) or 1.0
    name_width = min(max((measure_text(bar.name, SIZE) for bar in picture.bars), default=0.0), width * _NAME_SHARE)
    labels = max((measure_text(bar.label, SIZE) for bar in picture.bars), default=0.0)
    x = LinearScale(top, name_width + 8, max(width - labels - 6, name_width + 20))
    y = 0.0
    for bar in picture.bars:
        names = wrap_text(bar.name, name_width, SIZE)
        labels_of_bar = wrap_text(bar.label, width - x.start, SIZE)
        height = max(LINE * len(names), LINE * len(labels_of_bar), _BAR)
        middle = y + height / 2
        canvas.add_lines(0, middle - LINE * len(names) / 2 + 12, names)
        at = x.start
        if bar.figure.value is not None:
            at = x(bar.figure.value) + 5
            kind, hint = "hollow" if bar.is_few else "mark", f"{bar.name}: {bar.figure.spoken}"
            canvas.add_element(
                "rect", x=x.start, y=middle - _BAR / 2, width=at - 5 - x.start, height=_BAR, kind=kind, hint=hint
            )  # fmt: skip
        kind = "quiet" if bar.figure.value is None else ""
        canvas.add_lines(at, middle - LINE * len(labels_of_bar) / 2 + 12, labels_of_bar, kind)
        y += height + _ROW
    keys = [marks.Key(show_few_bar, marks.describe_few())] if any(bar.is_few for bar in picture.bars) else []
    y = marks.draw_key(canvas, y, keys)
    return canvas.finish_drawing(picture.title, describe_bars(picture), y, notes)


def show_few_bar(canvas: Canvas, x: float, y: float) -> None:
    """Draw the sign of a bar that is too few to compare."""
    canvas.add_element("rect", x=x - 8, y=y - 5, width=16, height=10, kind="hollow")


def describe_bars(picture: Bars) -> str:
    """Return the picture as it is read aloud: the longest and the shortest bar, then each row.

    Bars that are too few to compare are not called longest or shortest, and bars of one length have no longest.
    """
    rows = [f"{bar.name}: {_describe_bar(bar)}" for bar in picture.bars]
    return f"{_describe_ends(picture)} {'; '.join(rows)}."


def _describe_ends(picture: Bars) -> str:
    values = [bar.figure.value for bar in picture.bars if bar.figure.value is not None and not bar.is_few]
    if not values or min(values) == max(values):
        return f"{picture.title}."
    return tell(
        "{title}. Highest: {highest}. Lowest: {lowest}.",
        title=picture.title,
        highest=_name_bars(picture, max(values)),
        lowest=_name_bars(picture, min(values)),
    )


def _name_bars(picture: Bars, value: float) -> str:
    """Return the bars that have a value and are not too few to compare, each with its figure and interval."""
    bars = [bar for bar in picture.bars if bar.figure.value == value and not bar.is_few]
    return ", ".join(f"{bar.name} ({bar.figure.spoken})" for bar in bars)


def _describe_bar(bar: Bar) -> str:
    return f"{bar.figure.spoken}, {marks.name_few()}" if bar.is_few else bar.figure.spoken
