"""Render parts of static pages for tests."""

from __future__ import annotations

from pipelines.front.build import make_front_environment
from pipelines.front.tables import FigureTable


def render_table(table: FigureTable, file: str = "index.html") -> str:
    """Return a table with its notes and links as it is on a page."""
    module = make_front_environment().get_template("parts.html").make_module({"file": file, "frozen": f"/{file}"})
    return str(module.figure_table(table))
