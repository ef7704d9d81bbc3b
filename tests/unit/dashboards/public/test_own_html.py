"""Tests of HTML of our own, which Streamlit shows as it is."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = """
import streamlit as st
from dashboards.public.own_html import put_own_html
st.html({text!r})
put_own_html({text!r})
"""


@pytest.mark.parametrize(
    "text", ["<p>ž &lt; 1</p>", "<div>\n  <p>a</p>\n</div>", "<style>p{color:red}</style><p>b</p>"]
)
def test_own_html_is_shown_as_streamlit_shows_a_text(text: str) -> None:
    test = AppTest.from_string(SCRIPT.format(text=text)).run()
    first, second = test.get("html")
    assert first.proto == second.proto and first.proto.body == text


def test_own_html_that_is_the_name_of_a_file_does_not_show_the_file() -> None:
    script = f"from dashboards.public.own_html import put_own_html\nput_own_html({__file__!r})\n"
    (element,) = AppTest.from_string(script).run().get("html")
    assert element.proto.body == __file__
