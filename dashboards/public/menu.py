"""List the pages of the public dashboard and show the menu of links to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

import streamlit as st

PAGES: Mapping[str, str] = {
    "": "Region",
    "territory": "Territory profile",
    "ratios": "Conviction and other ratios",
    "durations": "Durations and sentences",
    "victims": "Victims",
    "published": "Other publishers",
    "quality": "Data quality",
    "source": "Where a number comes from",
    "about": "About and downloads",
}
"""Titles of the pages by path, in the order of the menu."""
SITE = "Regional trafficking indicators"
_PAGE, _PLACE = "menu.page", "menu.place"


def compose_title(page: str) -> str:
    """Return the title of a browser window: the page, then the site."""
    return f"{PAGES[page]} – {SITE}"


def open_page(page: str) -> None:
    """Reserve the place of the menu above a page."""
    st.session_state[_PAGE], st.session_state[_PLACE] = page, st.empty()


def read_page() -> str:
    """Return the path of the page that is open; empty for the first one."""
    return str(st.session_state.get(_PAGE, ""))


def show_menu(link_to: Callable[[str], str]) -> None:
    """Show the menu, with the address that `link_to` returns for each page. A page run alone in a test has no menu."""
    place = st.session_state.get(_PLACE)
    if place is not None:
        place.html(render_menu(read_page(), link_to))


def render_menu(current: str, link_to: Callable[[str], str]) -> str:
    """Return the menu as HTML: a list of links, which a narrow screen folds under the word "Menu"."""
    items = ""
    for path, title in PAGES.items():
        mark = ' aria-current="page"' if path == current else ""
        address = escape(link_to(path or "./"), quote=True)
        items += f'<li><a href="{address}" target="_self"{mark}>{escape(title)}</a></li>'
    return (
        f'<nav class="rti-menu" aria-label="Pages"><span class="rti-site">{escape(SITE)}</span>'
        f"<details><summary>Menu</summary><ul>{items}</ul></details></nav>"
    )
