"""List the pages of the public dashboard and show the menu of links to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape

import streamlit as st

from pipelines.core.i18n import html_lang, language_names, mark
from pipelines.words.language import Texts, current_language, tell

PAGES: Mapping[str, str] = Texts(
    {
        "region": mark("From investigation to sentence"),
        "compare": mark("Compare"),
        "territory": mark("Territory profile"),
        "durations": mark("Durations and sentences"),
        "victims": mark("Victims"),
        "published": mark("Other publishers"),
        "quality": mark("Data quality"),
        "source": mark("Where a number comes from"),
        "about": mark("About and downloads"),
    }
)
"""Titles of the pages by path, in the order of the menu."""
FORMER_PAGES: Mapping[str, str] = {"ratios": "compare"}
"""Pages of earlier versions, whose addresses may have been quoted, and the page that has their content now."""
FIRST = "region"
"""The first of these pages. The address "/" belongs to the static pages."""
SITE = mark("Regional trafficking indicators")
_PAGE, _PLACE = "menu.page", "menu.place"


def compose_title(page: str) -> str:
    """Return the title of a browser window: the page, then the site."""
    return f"{PAGES[page]} – {tell(SITE)}"


def open_page(page: str) -> None:
    """Reserve the place of the menu above a page."""
    st.session_state[_PAGE], st.session_state[_PLACE] = page, st.empty()


def read_page() -> str:
    """Return the path of the page that is open."""
    return str(st.session_state.get(_PAGE, FIRST))


def show_menu(link_to: Callable[[str], str], home: str) -> None:
    """Show the menu, with the address that `link_to` returns for each page, and `home`, that of the static pages.

    A page run alone in a test has no menu.
    """
    place = st.session_state.get(_PLACE)
    if place is not None:
        place.html(render_menu(read_page(), link_to, home))


def render_menu(current: str, link_to: Callable[[str], str], home: str) -> str:
    """Return the menu as HTML: a link to the static pages, and a list of links that a narrow screen folds as "Menu"."""
    items, tag = "", html_lang(current_language())
    for path, title in PAGES.items():
        mark = ' aria-current="page"' if path == current else ""
        address = escape(link_to(path), quote=True)
        items += f'<li><a href="{address}" target="_self"{mark}>{escape(title)}</a></li>'
    return (
        f'<nav class="rti-menu" aria-label="{escape(tell("Pages"), quote=True)}">'
        f'<a class="rti-site" href="{escape(home, quote=True)}" target="_self" hreflang="{tag}">'
        f"{escape(tell(SITE))}</a>"
        f"<details><summary>{escape(tell('Menu'))}</summary><ul>{items}</ul>{_render_languages(current, link_to)}"
        "</details></nav>"
    )


def _render_languages(current: str, link_to: Callable[[str], str]) -> str:
    """Return links to the open page in each language. They load the page, whose document is in that language."""
    items = ""
    for language, name in language_names().items():
        address = escape(link_to(f"{current}?lang={language}"), quote=True)
        chosen = ' aria-current="true"' if language == current_language() else ""
        tag = html_lang(language)
        items += f'<li><a href="{address}" target="_self" lang="{tag}" hreflang="{tag}"{chosen}>{escape(name)}</a></li>'
    return f'<ul class="rti-languages" aria-label="{escape(tell("Language"), quote=True)}">{items}</ul>'
