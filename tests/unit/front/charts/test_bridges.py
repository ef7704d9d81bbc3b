"""Tests of pictures of what a change is made of."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from pipelines.front.charts.bridges import Bridge, BridgeStep, draw_bridge, list_levels
from pipelines.front.charts.canvas import NARROW, WIDE, Drawing
from tests.support.drawings import assert_legible

TAKEAWAY = "Convictions rose from 100 to 112."


def make_bridge(first: float = 30.0, second: float = -18.0, before: float = 100.0) -> Bridge:
    effects = [
        BridgeStep("Due to indictments", first, f"{first:+.0f}"),
        BridgeStep("Due to conviction ratio", second, f"{second:+.0f}"),
    ]
    return Bridge("Convictions", "2024", before, effects, "2025", before + first + second, "persons", TAKEAWAY)


def list_bars(drawing: Drawing) -> list[tuple[str, float, float]]:
    """Return class, start and end of each bar; those of the key are not as high."""
    bars = []
    for element in ElementTree.fromstring(drawing.svg).iter():
        is_bar = element.tag.endswith("rect") and element.get("height") == "14"
        if is_bar and element.get("class") in ("full", "part", "fall", "hollow"):
            start, width = float(element.get("x", "")), float(element.get("width", ""))
            bars.append((str(element.get("class")), start, start + width))
    return bars


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_each_bar_begins_where_the_one_before_ended(width: int) -> None:
    drawing = draw_bridge(make_bridge(), width=width)
    read = assert_legible(drawing)
    before, rise, fall, after = list_bars(drawing)
    assert [bar[0] for bar in (before, rise, fall, after)] == ["full", "part", "fall", "full"]
    assert rise[1] == pytest.approx(before[2], abs=0.11) and fall[2] == pytest.approx(rise[2], abs=0.11)
    assert fall[1] == pytest.approx(after[2], abs=0.11) and before[1] == after[1]
    assert "+30" in read.words and "-18" in read.words and "112" in read.words
    assert drawing.description == TAKEAWAY


def test_a_fall_does_not_look_like_a_figure_that_is_too_few_to_compare() -> None:
    drawing = draw_bridge(make_bridge(second=-19.0))
    assert "hollow" not in {kind for kind, _, _ in list_bars(drawing)}
    keys = ("Raises the number", "Lowers the number")
    assert all(text in drawing.svg for text in keys)
    assert drawing.svg.count('class="ground"') == 2, "an arrow in the bar of the fall, and one in the key"
    only_rises = draw_bridge(make_bridge(second=4.0)).svg
    assert keys[0] in only_rises and keys[1] not in only_rises


def test_effect_of_zero_is_still_seen() -> None:
    drawing = draw_bridge(make_bridge(0.0, 12.0))
    _, nothing, rise, _ = list_bars(drawing)
    assert nothing[2] - nothing[1] == pytest.approx(1.5, abs=0.11) and rise[0] == "part"


def test_scale_holds_a_level_that_is_higher_than_both_numbers() -> None:
    bridge = make_bridge(900.0, -850.0)
    assert list_levels(bridge) == [100.0, 1000.0, 150.0]
    drawing = draw_bridge(bridge)
    assert max(end for _, _, end in list_bars(drawing)) <= WIDE
    before, rise, fall, after = list_bars(drawing)
    assert rise[2] > before[2] + 100 and fall[1] == pytest.approx(after[2], abs=0.11)
