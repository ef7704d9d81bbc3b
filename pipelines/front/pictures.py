"""Draw the pictures of the static pages from a release."""

from __future__ import annotations

from pipelines.design.components import Markup
from pipelines.front.reader import Reader


def draw_trend(reader: Reader, crime: str, measure: str, area: str) -> Markup | None:
    """Return the course of a count with its interval and, for the region, who is in it."""
    return None


def draw_ratios(reader: Reader, crime: str, metric: str) -> Markup | None:
    """Return a ratio of all territories as dots with intervals, and that of the region as a line."""
    return None


def draw_board(reader: Reader) -> Markup | None:
    """Return the reporting board of the newest quarters."""
    return None
