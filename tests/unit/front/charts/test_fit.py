"""Pictures in a page: both layouts with ids of their own, and a style sheet that has all classes and tokens."""

from __future__ import annotations

import re

from pipelines import words
from pipelines.design.contrasts import read_tokens
from pipelines.front.charts.fit import CSS, read_page_style, render_picture, share_description, shorten_marks
from pipelines.front.charts.series import ChartSeries, PeriodPoint, draw_series

SERIES = ChartSeries(
    "A <region>", [PeriodPoint("2024", words.format_status("withheld")), PeriodPoint("2025", words.format_absent())]
)


def test_render_picture_has_both_layouts_with_unique_ids_and_escaped_text() -> None:
    html = render_picture(lambda width: draw_series(SERIES, width=width))
    assert re.findall(r'class="rti-chart-(\w+)"', html) == ["fit", "wide", "narrow"]
    identities = re.findall(r' id="([^"]+)"', html)
    assert len(identities) == len(set(identities)) == 2
    names = re.findall(r'aria-labelledby="([^"]+)"', html)
    assert names == [" ".join(identities)] * 2, "the layouts share their name and description, which are in a page once"
    assert "<region>" not in html and "A &lt;region&gt;" in html


def test_picture_of_a_broad_page_has_a_third_layout_with_the_same_description() -> None:
    html = render_picture(lambda width: draw_series(SERIES, width=width), has_broad=True)
    assert re.findall(r'class="rti-chart-(\w+)"', html) == ["fit", "broad", "wide", "narrow"]
    assert re.findall(r'viewBox="0 0 (\d+)', html) == ["960", "640", "288"]
    identities = re.findall(r' id="([^"]+)"', html)
    assert re.findall(r'aria-labelledby="([^"]+)"', html) == [" ".join(identities)] * 3 and len(identities) == 2


def test_style_of_pictures_uses_declared_tokens_only() -> None:
    used = set(re.findall(r"var\(--rti-([\w-]+)\)", CSS.read_text(encoding="utf-8")))
    assert used <= set(read_tokens())
    assert "--rti-mark:" in read_page_style() and "forced-colors: active" in read_page_style()


def test_marks_of_a_picture_are_shortened_and_hints_are_in_the_wide_layout_alone() -> None:
    points = [
        PeriodPoint(str(year), words.FormattedFigure(str(n), str(n), "value", float(n)))
        for year, n in ((2021, 30), (2022, 40), (2023, 50), (2024, 45))
    ]
    svg = draw_series(ChartSeries("Persons", points)).svg
    (route,) = re.findall(r'<path d="([^"]+)" class="curve"/>', svg)
    assert (route.count("M"), route.count("L")) == (1, 3), "each point is named once"
    parts = (
        '<path d="M1 2L3 4" class="curve"/><path d="M5 6L7 8" class="curve"/><path d="M9 1L2 3" class="curve faded"/>'
    )
    assert shorten_marks(parts) == (
        '<path d="M1 2L3 4M5 6L7 8" class="curve"/><path d="M9 1L2 3" class="curve faded"/>'
    )
    straight = (
        '<line x1="4.5" y1="1" x2="4.5" y2="9" class="axis"/><line x1="1" y1="2" x2="30" y2="2" class="axis"/>'
        '<line x1="1" y1="2" x2="3" y2="4" class="axis"/><path d="M1 2L3 2M5 6L5 8L7 8.5L9 8M1 2L30 20" class="side"/>'
    )
    assert shorten_marks(straight) == (
        '<path d="M4.5 1V9" class="axis"/><path d="M1 2H30" class="axis"/>'
        '<line x1="1" y1="2" x2="3" y2="4" class="axis"/><path d="M1 2H3M5 6V8L7 8.5L9 8M1 2L30 20" class="side"/>'
    )
    hinted = '<rect x="1"><title>A: 5</title></rect><circle cx="2"><title>A: 5</title></circle>'
    last = '<circle cx="3"><title>B: 5</title></circle>'
    assert shorten_marks(hinted + last) == f'<g><title>A: 5</title><rect x="1"/><circle cx="2"/></g>{last}'
    html = render_picture(lambda width: draw_series(ChartSeries("Persons", points), width=width))
    wide, _, narrow = html.partition("rti-chart-narrow")
    assert wide.count("<title>") == 4 and narrow.count("<title>") == 0


def test_pictures_with_other_descriptions_keep_their_own() -> None:
    drawn = [draw_series(ChartSeries(name, SERIES.points)).svg for name in ("A", "B")]
    assert share_description(drawn[0], drawn[1]) == drawn[0]
