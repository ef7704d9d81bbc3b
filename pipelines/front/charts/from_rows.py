"""Turn rows of a release into the inputs of pictures, for the static pages and the explorer alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pipelines import words
from pipelines.front.charts.series import NOTHING, Break, Point, Series
from pipelines.words import Row, changes, indicators
from pipelines.words.language import lower_first


def make_series(
    title: str,
    cells: Sequence[Row],
    *,
    breaks: Sequence[Row] = (),
    periods: Sequence[str] = (),
    territories: int = 0,
    is_joined: bool = True,
) -> Series:
    """Return the series of some cells, which have their interval (`low`, `high`) and `state`, oldest first.

    `periods` are those that several pictures share, by default those of the cells. `breaks` are rows of the release.
    """
    by_period = {str(cell["period"]): cell for cell in cells}
    order = list(periods) or list(by_period)
    points = [
        make_point(by_period[period]) if period in by_period else Point(words.period_short(period), NOTHING)
        for period in order
    ]
    return Series(title, points, find_breaks(order, breaks), territories, is_joined=is_joined)


def make_point(cell: Row) -> Point:
    """Return the point of a cell with its states."""
    flags = str(cell.get("flags") or "").split(",")
    figure = indicators.format_figure(cell)
    if figure.kind != "value":
        figure = words.format_count(cell)
    return Point(
        words.period_short(str(cell["period"])),
        figure,
        is_few=cell.get("state") == "too_few",
        is_provisional="provisional" in flags,
        is_partial="partial" in flags,
        reporters=len([code for code in str(cell.get("reporters") or "").split(",") if code]),
    )


def find_breaks(periods: Sequence[str], rows: Sequence[Row]) -> list[Break]:
    """Return the breaks between the periods, adjacent ones together; none before the first period."""
    spans: list[tuple[int, int, list[str]]] = []
    for position, crossed in find_cuts(periods, rows).items():
        kinds = [lower_first(changes.BREAK_KINDS.get(row["kind"], row["kind"])) for row in crossed]
        if spans and spans[-1][1] == position - 1:
            start, _, earlier = spans.pop()
            spans.append((start, position, [*earlier, *kinds]))
        else:
            spans.append((position, position, kinds))
    return [Break(start, end, " / ".join(dict.fromkeys(kinds))) for start, end, kinds in spans]


def find_cuts(periods: Sequence[str], rows: Sequence[Row]) -> Mapping[int, list[Row]]:
    """Return the positions of the periods before which a line is cut, each with the breaks that cut it."""
    cuts = {}
    for position in range(1, len(periods)):
        crossed = [row for row in rows if changes.is_between(row, periods[position - 1], periods[position])]
        if crossed:
            cuts[position] = crossed
    return cuts
