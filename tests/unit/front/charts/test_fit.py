"""Pictures in a page: both layouts with ids of their own, and a style sheet that has all classes and tokens."""

from __future__ import annotations

import re

from pipelines import words
from pipelines.design.contrasts import read_tokens
from pipelines.front.charts.fit import CSS, read_page_style, render_picture
from pipelines.front.charts.series import ChartSeries, PeriodPoint, draw_series

SERIES = ChartSeries(
    "A <region>", [PeriodPoint("2024", words.format_status("withheld")), PeriodPoint("2025", words.format_absent())]
)


def test_render_picture_has_both_layouts_with_unique_ids_and_escaped_text() -> None:
    html = render_picture(lambda width: draw_series(SERIES, width=width))
    assert re.findall(r'class="rti-chart-(\w+)"', html) == ["fit", "wide", "narrow"]
    identities = re.findall(r' id="([^"]+)"', html)
    assert len(identities) == len(set(identities)) == 4
    assert "<region>" not in html and "A &lt;region&gt;" in html


def test_style_of_pictures_uses_declared_tokens_only() -> None:
    used = set(re.findall(r"var\(--rti-([\w-]+)\)", CSS.read_text(encoding="utf-8")))
    assert used <= set(read_tokens())
    assert "--rti-mark:" in read_page_style() and "forced-colors: active" in read_page_style()
