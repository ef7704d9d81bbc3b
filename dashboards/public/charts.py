"""Build the charts of the public dashboard in Altair: readable in grey, with direct labels and a text alternative.

Colours are from the Okabe-Ito palette, which people with any common colour blindness can distinguish; no meaning
depends on colour alone. Nothing is fetched: fonts are those of the page. Altair is imported late, so that a page shows
its sentence and table before it has loaded.
"""

from __future__ import annotations

import json
import textwrap
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import changes, indicators
from pipelines.words.language import current_language, lower_first, tell

if TYPE_CHECKING:
    import altair as alt

INK, GREY, RULE = "#1f2a37", "#5b6573", "#d5dae1"
BLUE, FADED, BAND, WHITE = "#0072b2", "#4d8dbb", "#e3eef6", "#ffffff"
"""Marks, marks of series of few, the inside of a band (its edges are marks), the inside of a mark of few.

Marks have a contrast of at least 3:1 to the page and to the band."""
_LINE = 14
_REMEMBERED = 1000
"""Charts that are kept, with about 20 kB each."""
_P = ParamSpec("_P")


class Drawing(tuple["alt.LayerChart", str]):
    """A chart and the chart in words."""

    @cached_property
    def specification(self) -> str:
        """The chart in Vega-Lite as JSON. It was validated when it was built, so it is not validated again."""
        import altair as alt

        alt.theme.enable("none")
        return json.dumps(self[0].to_dict(validate=False), ensure_ascii=False)


def _remember_drawings(draw: Callable[_P, tuple[alt.LayerChart, str]]) -> Callable[_P, Drawing]:
    """Return a function that draws the same chart once: Altair needs 60 ms for each, and a page has up to eight."""
    drawings: OrderedDict[str, Drawing] = OrderedDict()

    @wraps(draw)
    def draw_or_reuse(*args: _P.args, **kwargs: _P.kwargs) -> Drawing:
        key = json.dumps((current_language(), args, kwargs), default=str, sort_keys=True)
        drawing = drawings.pop(key, None) or Drawing(draw(*args, **kwargs))
        drawings[key] = drawing
        while len(drawings) > _REMEMBERED:
            drawings.popitem(last=False)
        return drawing

    return draw_or_reuse


@_remember_drawings
def draw_stages(
    title: str,
    cells: Sequence[tuple[str, Mapping[str, Any] | None]],
    *,
    rate: bool,
    top: float,
    under: Sequence[str] = (),
) -> tuple[alt.LayerChart, str]:
    """Return horizontal bars of one area, one per stage, and the chart in words. `top` is the common end of the scale.

    A bar that is too few to compare is hollow.
    """
    import altair as alt

    data = [_bar_row(measure, cell, rate=rate) for measure, cell in cells]
    order = [row["stage"] for row in data]
    y = alt.Y("stage:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=110))
    base = _chart_data(data).encode(y=y)
    scale = alt.Scale(domain=[0, top * 1.22 or 1], nice=False)
    bars = base.mark_bar(stroke=BLUE, strokeWidth=1.2, height={"band": 0.62}).encode(
        x=alt.X("value:Q", axis=None, scale=scale), fill=alt.Fill("fill:N", scale=None, legend=None)
    )
    text = base.mark_text(align="left", dx=4, color=INK, fontSize=12).encode(
        x=alt.X("at:Q", scale=scale, axis=None), text="label:N"
    )
    chart = alt.layer(bars, text).properties(title=_chart_title(title, under), height=_chart_height(data, under))
    spoken = f"{title}. " + "; ".join(f"{row['stage']}: {row['spoken']}" for row in data) + "."
    return _apply_style(chart), _spoken_text(spoken, under)


def _bar_row(measure: str, cell: Mapping[str, Any] | None, *, rate: bool) -> dict[str, Any]:
    figure = words.format_absent() if cell is None else words.format_rate(cell) if rate else words.format_count(cell)
    value = None if cell is None or figure.kind != "value" else cell["rate"] if rate else cell["value"]
    # A range next to the bar would not fit; it is in the table and in the text alternative.
    bare = words.format_number(value, 2 if rate else 0) if value is not None else ""
    label = bare if figure.kind == "value" else figure.text
    few = cell is not None and figure.kind == "value" and words.is_few(cell)
    return {
        "stage": words.stage_name(measure), "value": value, "at": value or 0, "label": label,
        "fill": WHITE if few else BLUE, "spoken": f"{figure.spoken}, {tell(words.TOO_FEW)}" if few else figure.spoken,
    }  # fmt: skip


SERIES_READ = mark(
    "Blue band: 95% confidence interval. Hollow point: fewer than {enough}; the line is paler where most are. "
    "Diamond: provisional. Dashed line or grey band: change of law or counting. The word at the foot shows why a "
    "period has no point."
)


def explain_series() -> str:
    """Return the sentences on how to read the charts of a series."""
    return tell(SERIES_READ, enough=ENOUGH_EVENTS)


@_remember_drawings
def draw_series(
    title: str,
    cells: Sequence[Mapping[str, Any]],
    *,
    under: Sequence[str] = (),
    breaks: Sequence[Mapping[str, Any]] = (),
    periods: Sequence[str] = (),
    top: float = 0.0,
    is_joined: bool = True,
) -> tuple[alt.LayerChart, str]:
    """Return one stage over time in the band of its 95% confidence intervals; both break where a figure is missing.

    `cells` have `low`, `high`, `state` and `flags` in addition to their count. `breaks` are rows of the release's
    breaks: where one falls between two periods (or in one of them), the line is cut and a labelled rule drawn.
    `periods` and `top` are the periods and the end of the scale that several charts share; by default those of `cells`.
    Points are not joined if `is_joined` is false.
    """
    import altair as alt

    cuts = _find_cuts([cell["period"] for cell in cells], breaks)
    part, data = 0, []
    color = FADED if _is_mostly_few(cells) else BLUE
    for place, cell in enumerate(cells):
        # A missing figure ends a part too, so that a band is not drawn over it.
        part += place in cuts or not is_joined or (place > 0 and None in (cell["value"], cells[place - 1]["value"]))
        data.append({**_point_row(cell, color), "part": part})
    own_periods = [row["period"] for row in data]
    order = [words.period_short(period) for period in periods] or own_periods
    step = max(1, -(-len(order) // 6))
    ticks = [period for number, period in enumerate(order) if (len(order) - 1 - number) % step == 0]
    axis = alt.Axis(values=ticks, labelAngle=0, labelOverlap="greedy")
    x = alt.X("period:O", sort=order, title=None, axis=axis, scale=alt.Scale(domain=order))
    # The data is added once, to all layers: Altair copies a layer's data at every step.
    base = alt.Chart().encode(x=x)
    ends = [row[end] for row in data for end in ("value", "high") if row[end] is not None]
    top = top or max(ends, default=0) or 1
    y = alt.Y(
        "value:Q",
        title=None,
        scale=alt.Scale(domain=[0, top * 1.3], nice=False),
        axis=alt.Axis(tickCount=3, format=",d", domain=False, ticks=False, tickMinStep=1),
    )
    with_value = base.transform_filter("datum.value !== null")
    line = with_value.mark_line(color=color, strokeWidth=1.6).encode(y=y, detail="part:N")
    low = alt.Y("low:Q", title=None)
    ranged = with_value.transform_filter("datum.high !== null")
    # The stroke makes the edges of the band; of a part of one point, which has no width, it is all that is seen.
    band = ranged.mark_area(fill=BAND, stroke=color, strokeWidth=1, opacity=1).encode(
        y=low, y2="high:Q", detail="part:N"
    )
    points = with_value.mark_point(color=color, filled=True, size=40, opacity=1, strokeWidth=1.4, stroke=color).encode(
        y=y,
        fill=alt.Fill("fill:N", scale=None),
        shape=alt.Shape("shape:N", scale=None),
        tooltip=[alt.Tooltip("period:N", title=tell("Period")), alt.Tooltip("spoken:N", title=tell("Figure"))],
    )
    # Upright, so that the words of neighbouring quarters do not overlap.
    foot = base.transform_filter("datum.value === null").mark_text(
        color=GREY, fontSize=11, angle=270, align="left", dx=4
    )
    symbols = foot.encode(y=alt.datum(0, type="quantitative"), text="label:N")
    layers: list[Any] = [band, line, points, symbols]
    spans = _merge_cuts(own_periods, cuts)
    if spans:
        marked = _chart_data(spans).encode(x=x)
        unknown_days = marked.transform_filter("datum.end !== datum.period").mark_rect(color=RULE, opacity=0.5)
        rules = marked.mark_rule(color=GREY, strokeDash=[4, 3], xOffset=-8)
        labels = marked.mark_text(
            color=GREY, fontSize=10, align="left", baseline="top", xOffset=-5, lineBreak="/"
        ).encode(y=alt.value(0), text="kind:N")
        layers = [unknown_days.encode(x2="end:O"), rules, *layers, labels]
    last = next((row for row in reversed(data) if row["value"] is not None), None)
    if last is not None:
        labels = base.transform_filter(alt.datum.period == last["period"])
        # Above the point if a word at the foot of the next period is in the way.
        is_newest = last["period"] == order[-1]
        position: dict[str, Any] = {"dx": 8, "align": "left"} if is_newest else {"dy": -12}
        number = labels.mark_text(color=INK, fontWeight="bold", fontSize=12, **position)
        layers.append(number.encode(y=y, text="label:N"))
    chart = alt.layer(*layers, data=alt.InlineData(values=data)).properties(
        title=_chart_title(title, under), height=190 + _LINE * len(_wrap_lines(under))
    )
    spoken = f"{title}. " + "; ".join(f"{row['period']}: {row['spoken']}" for row in data) + "."
    for text in changes.describe_breaks([one for found in cuts.values() for one in found]):
        spoken += " " + tell("Break in the series. {text}", text=text if text.endswith(".") else f"{text}.")
    return _apply_style(chart), _spoken_text(spoken, under)


def _find_cuts(periods: Sequence[str], breaks: Sequence[Mapping[str, Any]]) -> dict[int, list[Mapping[str, Any]]]:
    """Return the positions of the periods before which the line is cut, with the breaks that cut it; never the first
    period."""
    cuts: dict[int, list[Mapping[str, Any]]] = {}
    for place in range(1, len(periods)):
        crossed = [row for row in breaks if changes.is_between(row, periods[place - 1], periods[place])]
        if crossed:
            cuts[place] = crossed
    return cuts


def _merge_cuts(order: Sequence[str], lies: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return each stretch of adjacent cuts: the first period after its start, the last one, and the kinds in words."""
    spans: list[dict[str, Any]] = []
    for place in sorted(lies):
        kinds = [lower_first(changes.BREAK_KINDS.get(span["kind"], span["kind"])) for span in lies[place]]
        if spans and spans[-1]["place"] == place - 1:
            spans[-1] |= {"place": place, "end": order[place], "kinds": [*spans[-1]["kinds"], *kinds]}
        else:
            spans.append({"place": place, "period": order[place], "end": order[place], "kinds": kinds})
    return [
        {"period": span["period"], "end": span["end"], "kind": "/".join(dict.fromkeys(span["kinds"]))} for span in spans
    ]


def _is_mostly_few(cells: Sequence[Mapping[str, Any]]) -> bool:
    """Return True if more than half of the points of a series are too few to compare."""
    known_cells = [cell for cell in cells if cell["value"] is not None]
    return sum(1 for cell in known_cells if cell.get("state") == "too_few") > len(known_cells) / 2


def _point_row(cell: Mapping[str, Any], color: str) -> dict[str, Any]:
    figure = indicators.format_figure(cell)
    few, early = cell.get("state") == "too_few", "provisional" in str(cell.get("flags") or "").split(",")
    is_known = figure.kind == "value"
    spoken = figure.spoken
    spoken += f", {tell(words.TOO_FEW)}" if is_known and few else ""
    spoken += f", {tell('provisional')}" if is_known and early else ""
    return {
        "period": words.period_short(cell["period"]), "value": cell["value"], "label": words.format_count(cell).text,
        "spoken": spoken, "low": cell.get("low"), "high": cell.get("high"), "fill": WHITE if few else color,
        "shape": "diamond" if early else "circle",
    }  # fmt: skip


@_remember_drawings
def draw_parts(
    title: str, cells: Sequence[tuple[str, Mapping[str, Any]]], *, under: Sequence[str] = ()
) -> tuple[alt.LayerChart, str]:
    """Return horizontal bars, one per category; withheld and missing ones have a word instead of a bar.

    A bar that is too few to compare is hollow.
    """
    import altair as alt

    data = []
    for label, cell in cells:
        count = words.format_count(cell)
        few = count.kind == "value" and words.is_few(cell)
        spoken = f"{count.spoken}, {tell(words.TOO_FEW)}" if few else count.spoken
        data.append(
            {
                "part": label,
                "value": cell["value"],
                "at": cell["value"] or 0,
                "label": count.text,
                "fill": WHITE if few else BLUE,
                "spoken": spoken,
            }
        )
    top = max((row["at"] for row in data), default=0) or 1
    scale = alt.Scale(domain=[0, top * 1.3], nice=False)
    order = [row["part"] for row in data]
    y = alt.Y("part:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=170))
    base = _chart_data(data).encode(y=y)
    bars = base.mark_bar(stroke=BLUE, strokeWidth=1.2, height={"band": 0.62}).encode(
        x=alt.X("value:Q", axis=None, scale=scale), fill=alt.Fill("fill:N", scale=None, legend=None)
    )
    text_layer = base.mark_text(align="left", dx=4, color=INK, fontSize=12).encode(
        x=alt.X("at:Q", scale=scale, axis=None), text="label:N"
    )
    chart = alt.layer(bars, text_layer).properties(title=_chart_title(title, under), height=_chart_height(data, under))
    spoken = f"{title}. " + "; ".join(f"{row['part']}: {row['spoken']}" for row in data) + "."
    return _apply_style(chart), _spoken_text(spoken, under)


@_remember_drawings
def draw_ranges(
    title: str, rows: Sequence[Mapping[str, Any]], *, top: float, unit: str, under: Sequence[str] = ()
) -> tuple[alt.LayerChart, str]:
    """Return a dot and its range per row (`part`, `value`, `low`, `high`, `label`, `spoken`), with the label on the
    right.

    A row with `few` has a hollow dot: it is too few to compare.

    A range without an upper end runs to `top`, the common end of the scale, and has an arrow there. A row without a
    value has its label alone.
    """
    import altair as alt

    data = [
        {
            **row,
            "fill": WHITE if row.get("few") else BLUE,
            "at": top * 1.06,
            "end": top if row["high"] is None else row["high"],
            "open": row["high"] is None,
        }
        for row in rows
    ]
    order = [row["part"] for row in data]
    step = next((size for size in (10, 20, 50, 100, 200, 500, 1000, 2000) if top / size <= 4), 5000)
    scale = alt.Scale(domain=[0, top * 1.75], nice=False)
    axis = alt.Axis(values=list(range(0, int(top) + 1, step)), title=unit, titleAnchor="start", domain=False)
    y = alt.Y("part:N", sort=order, title=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=110))
    base = _chart_data(data).encode(y=y)
    with_value = base.transform_filter("datum.value !== null")
    ranged = with_value.transform_filter("datum.low !== null")
    rules = ranged.mark_rule(color=BLUE, strokeWidth=2).encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="end:Q")
    arrows = ranged.transform_filter("datum.open").mark_point(color=BLUE, filled=True, shape="triangle-right", size=60)
    dots = with_value.mark_point(stroke=BLUE, filled=True, size=70, strokeWidth=2, opacity=1).encode(
        x=alt.X("value:Q", scale=scale, axis=axis), fill=alt.Fill("fill:N", scale=None, legend=None)
    )
    text = base.mark_text(align="left", color=INK, fontSize=12).encode(
        x=alt.X("at:Q", scale=scale, axis=axis), text="label:N"
    )
    layers = (rules, arrows.encode(x=alt.X("end:Q", scale=scale, axis=axis)), dots, text)
    chart = alt.layer(*layers).properties(title=_chart_title(title, under), height=_chart_height(data, under) + 40)
    spoken = f"{title}. " + "; ".join(f"{row['part']}: {row['spoken']}" for row in data) + "."
    return _apply_style(chart), _spoken_text(spoken, under)


def _chart_data(rows: list[dict[str, Any]]) -> alt.Chart:
    import altair as alt

    return alt.Chart(alt.InlineData(values=rows))


def _chart_height(data: Sequence[Mapping[str, Any]], under: Sequence[str]) -> int:
    """Return the height of bars with their title, since Vega fits both into it."""
    return 24 * len(data) + 30 + _LINE * len(_wrap_lines(under))


def _wrap_lines(under: Sequence[str]) -> list[str]:
    """Return, in short lines, the text that must be in the chart itself so that a copied picture still carries it."""
    return [line for text in under for line in textwrap.wrap(text, 46)]


def _chart_title(title: str, under: Sequence[str]) -> alt.TitleParams:
    import altair as alt

    return alt.TitleParams(title, subtitle=_wrap_lines(under))


def _spoken_text(text: str, under: Sequence[str]) -> str:
    return " ".join([text, *(part if part.endswith(".") else f"{part}." for part in under)])


def _apply_style(chart: alt.LayerChart | alt.FacetChart) -> alt.LayerChart:
    import altair as alt

    # One call, because each copies the whole chart (measured: 20 ms of 60). The text alternative is of the whole chart;
    # Vega's own names for groups of marks fail `svg-img-alt` of axe.
    styled_chart = chart.configure(
        font='"Source Sans", sans-serif',
        mark=alt.MarkConfig(aria=False),
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(labelColor=INK, labelFontSize=12, gridColor=RULE, labelPadding=6),
        title=alt.TitleConfig(
            anchor="start", color=INK, fontSize=14, fontWeight="bold", subtitleColor=GREY, subtitleFontSize=11, offset=6
        ),
    )
    return cast("alt.LayerChart", styled_chart)
