"""Route the pages of the public dashboard, behind `app.py`.

The pages read only published releases of the home under RTI_HOME: no warehouse and no ledger.
"""

from __future__ import annotations

import streamlit as st

from dashboards.public import layout, menu, selection
from dashboards.public.pages import about, compare, durations, published, quality, region, source, territory, victims
from dashboards.public.problems import explain_problems
from dashboards.public.turns import take_turn

_MODULES = {
    "region": region,
    "compare": compare,
    "territory": territory,
    "durations": durations,
    "victims": victims,
    "published": published,
    "quality": quality,
    "source": source,
    "about": about,
}
selection.open_language()
# Streamlit serves its default page at "/" only, which belongs to the static pages (`static_pages.py`). Readers come to
# the first page by its name.
_DEFAULT = st.Page(region.render_page, title=menu.PAGES[menu.FIRST], default=True, visibility="hidden")

page = st.navigation(
    [
        _DEFAULT,
        *(st.Page(_MODULES[path].render_page, title=title, url_path=path) for path, title in menu.PAGES.items()),
    ],
    # The menu is our own: Streamlit's has no place for the reader's choices in its links, and fails WCAG 1.3.1.
    position="hidden",
)
path = page.url_path or menu.FIRST
st.set_page_config(page_title=menu.compose_title(path), layout="wide")
menu.open_page(path)
layout.show_menu()
with explain_problems(), take_turn():
    page.run()
