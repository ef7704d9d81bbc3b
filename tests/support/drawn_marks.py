"""Find marks of pictures that nobody can see in a browser with forced colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator

AREAS_BEHIND = ("ground", "shade", "sign-inverse")
"""Classes of areas behind marks, and of signs on a cell of the other colour, which have the colour of the page."""
_READ_COLOURS = """all => all.map(e => {
    const style = getComputedStyle(e), body = getComputedStyle(document.body);
    return [e.getAttribute("class"), style.fill, style.stroke, body.backgroundColor];
})"""


def find_unseen_marks(pictures: Locator) -> tuple[list[str], int]:
    """Return the classes of marks in the colour of the page, and the number of all marks."""
    colours = pictures.locator(":is(circle, rect, path, line):visible").evaluate_all(_READ_COLOURS)
    unseen = [
        kind
        for kind, fill, stroke, ground in colours
        if {fill, stroke} <= {ground, "none"} and kind not in AREAS_BEHIND
    ]
    return unseen, len(colours)
