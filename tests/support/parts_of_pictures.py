"""Make bars, series and shaded cells for tests of pictures."""

from __future__ import annotations

from pipelines import words
from pipelines.front.charts.bars import Bar
from pipelines.front.charts.series import ChartSeries, PeriodPoint
from pipelines.front.charts.shades import ShadedCell
from pipelines.words import FormattedFigure


def make_bar(name: str, value: float, *, is_few: bool = False) -> Bar:
    """Return a bar with its number."""
    return Bar(name, FormattedFigure(f"{value:.0f}", f"{value:.0f}", "value", value), f"{value:.0f}", is_few)


def make_series(name: str, *values: float | None, territories: int = 0) -> ChartSeries:
    """Return a series of years from 2020 on, of five territories each; None is a withheld figure."""
    points = []
    for year, value in enumerate(values, start=2020):
        kind = "withheld" if value is None else "value"
        figure = FormattedFigure(str(value), str(value), kind, value, value and value * 0.8, value and value * 1.3)
        points.append(PeriodPoint(str(year), figure, reporters=5))
    return ChartSeries(name, points, territories=territories, digits=1)


def make_cell(share: float | None, *, is_few: bool = False) -> ShadedCell:
    """Return a field with a share in per cent; None is a withheld one."""
    if share is None:
        return ShadedCell(words.format_status("withheld"))
    return ShadedCell(FormattedFigure(f"{share:.0f}%", f"{share:.0f} per cent", "value", share), is_few)
