"""Put HTML of our own into a page."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st


@dataclass(frozen=True)
class OwnHtml:
    """HTML that Streamlit takes as it is.

    Of a text, it would first look for a file of that name on the disk, and remove the indentation of its lines, which
    took a tenth of the processor time of a page.
    """

    text: str

    def _repr_html_(self) -> str:
        return self.text


def put_own_html(html: str) -> None:
    """Show HTML, which the browser sanitises as that of any `st.html`."""
    st.html(OwnHtml(html))
