"""Begin the captions of the tables of a territory."""

from __future__ import annotations

from dashboards.public import layout
from pipelines.words.language import lower_first


def describe_subject(frame: layout.Frame, area: str, crime_name: str, *more: str) -> str:
    """Return the beginning of a caption: the territory, the crime and more names, which begin with a small letter."""
    return ", ".join([frame.marked_name(area), *map(lower_first, (crime_name, *more))])
