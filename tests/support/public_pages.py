"""Run a page of the public dashboard without a browser."""

from __future__ import annotations

from html import unescape

from streamlit.testing.v1 import AppTest

UNSCR = "United Nations Security Council resolution 1244"


def run(page: str, **address: str) -> AppTest:
    """Run one page with an address, as its function alone: AppTest has no router of functions."""
    script = f"from dashboards.public.pages import {page}\n{page}.render_page()\n"
    test = AppTest.from_string(script, default_timeout=60)
    for key, value in address.items():
        test.query_params[key] = value
    test.run()
    assert not test.exception, test.exception
    return test


def page_html(test: AppTest) -> str:
    """Return all HTML of the page as text."""
    return unescape("\n".join(str(element.proto.body) for element in test.get("html")))
