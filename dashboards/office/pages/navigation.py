"""Route the pages of the portal, behind `app.py`.

The pages on offer depend on the roles of the signed-in person; the address of any other page answers that the person
has no access. `pipelines/submissions/service/` decides what may be seen and done on them. If nobody has signed in,
nothing below `enter_page()` runs.
"""

from __future__ import annotations

import streamlit as st

from dashboards.office import access, layout
from dashboards.office.pages import PAGES

st.set_page_config(page_title="Regional trafficking indicators", layout="wide")
try:
    context = access.enter_page()
    offered = {
        page.path: st.Page(
            page.show if page.is_offered_to(context.who) else access.refuse_page,
            title=context.tell(page.title),
            url_path=page.path,
            default=page.default,
            visibility="visible" if page.listed and page.is_offered_to(context.who) else "hidden",
        )
        for page in PAGES
    }
    layout.register_pages(offered)
    current = st.navigation(list(offered.values()))
    layout.show_header(context)
    current.run()
except Exception as error:
    if not layout.show_fault(error):
        raise
