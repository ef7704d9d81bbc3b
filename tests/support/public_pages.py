"""Run a page of the public dashboard without a browser."""

from __future__ import annotations

import re
from functools import cache
from html import unescape

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

# Each AppTest searches all installed packages for components, which took 60 s of processor time of the whole suite.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

UNSCR = "United Nations Security Council resolution 1244"


def run_page(page: str, **address: str) -> AppTest:
    """Run one page with an address by its function alone, since AppTest does not support a router of functions."""
    script = f"from dashboards.public.pages import {page}\n{page}.render_page()\n"
    test = AppTest.from_string(script, default_timeout=60)
    for key, value in address.items():
        test.query_params[key] = value
    test.run()
    assert not test.exception, test.exception
    return test


def strip_marks(html: str) -> str:
    """Return HTML without marks of notes and coverage of single figures, and with the badge of few as ` few`."""
    plain = re.sub(r"<sup>.*?</sup>|<span class=\"rti-(?:base|separator)\"[^>]*>.*?</span>", "", html)
    return re.sub(r'<span class="rti-badge"[^>]*>(.*?)</span>', r" \1", plain)


def read_html(test: AppTest) -> str:
    """Return all HTML of the page as text."""
    return unescape("\n".join(str(element.proto.body) for element in test.get("html")))
