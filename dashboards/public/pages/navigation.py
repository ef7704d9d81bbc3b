"""Route the pages of the public dashboard, behind `app.py`.

The pages read only the current release of the home under RTI_HOME: no warehouse and no ledger.
"""

from __future__ import annotations

import streamlit as st

from dashboards.public import layout, queries
from dashboards.public.pages import about, durations, published, quality, ratios, region, source, territory, victims

st.set_page_config(page_title="Regional trafficking indicators", layout="wide")
page = st.navigation(
    {
        "Regional trafficking indicators": [
            st.Page(region.render_page, title="Region", default=True),
            # Streamlit serves the first page at "/" only; readers who type or follow /region get it too.
            st.Page(region.render_page, title="Region", url_path="region", visibility="hidden"),
            st.Page(territory.render_page, title="Territory", url_path="territory"),
            st.Page(ratios.render_page, title="From stage to stage", url_path="ratios"),
            st.Page(durations.render_page, title="How long, and what sentence", url_path="durations"),
            st.Page(victims.render_page, title="Victims", url_path="victims"),
            st.Page(published.render_page, title="What others published", url_path="published"),
            st.Page(quality.render_page, title="How good the figures are", url_path="quality"),
            st.Page(source.render_page, title="Where a number comes from", url_path="source"),
            st.Page(about.render_page, title="About and downloads", url_path="about"),
        ]
    },
)
try:
    page.run()
except queries.DamagedReleaseError as error:
    layout.show_damaged(error)
except queries.OutdatedReleaseError as error:
    layout.show_outdated(error)
