"""Run a page of the public dashboard without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import unescape
from xml.etree import ElementTree

from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

# Each AppTest searches all installed packages for components, which took 60 s of processor time of the whole suite.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)

PICTURE = '<div class="rti-picture">'
"""Beginning of the Markdown of a picture."""
_TERM = re.compile(r'<span class="front-term"><a [^>]*>(.*?)</a><span class="front-about"[^>]*>.*?</span></span>')
_WHOLE = re.compile(r'<span class="rti-whole">(.*?)</span>')
"""Numbers that are read as one, such as "3 of 4"; they may be in a `span` of another language."""
SVG = "{http://www.w3.org/2000/svg}"
UNSCR = "United Nations Security Council resolution 1244"


def run_page(page: str, **address: str) -> AppTest:
    """Run one page with an address by its function alone, since AppTest does not support a router of functions."""
    script = f"from dashboards.public.pages import {page}\n{page}.render_page()\n"
    test = AppTest.from_string(script, default_timeout=60)
    for key, value in address.items():
        test.query_params[key] = value
    test.run()
    assert not test.exception, test.exception
    # A section says so itself; the page around it goes on.
    assert not any("cannot be shown at the moment" in paragraph.value for paragraph in test.markdown)
    return test


def strip_marks(html: str) -> str:
    """Return HTML without marks of notes and coverage of single figures, and with the badge of few as ` few`."""
    plain = re.sub(r"<sup>.*?</sup>|<span class=\"rti-(?:base|separator)\"[^>]*>.*?</span>", "", html)
    return re.sub(r'<span class="rti-badge"[^>]*>(.*?)</span>', r" \1", plain)


def read_html(test: AppTest) -> str:
    """Return all HTML of the page as text, without the explanations of terms, which are not seen at first, and without
    what keeps numbers in one line."""
    html = "\n".join(str(element.proto.body) for element in test.get("html"))
    return unescape(strip_spans(_TERM.sub(r"\1", html)))


def strip_spans(html: str) -> str:
    """Return HTML without the elements that keep numbers on one line."""
    return _WHOLE.sub(r"\1", html)


def read_paragraphs(test: AppTest) -> str:
    """Return the text of the page outside of tables and lists, with ordinary spaces and hyphens within its figures."""
    return " ".join(paragraph.value for paragraph in test.markdown).replace("\u00a0", " ").replace("\u2011", "-")


@dataclass(frozen=True)
class ShownPicture:
    """A picture of a page: its description for screen readers, and all text that is drawn."""

    spoken: str
    text: str
    ticks: tuple[str, ...]
    """Labels of the axes."""


def read_pictures(test: AppTest) -> list[ShownPicture]:
    """Return the pictures of the page in order, the wide layout of those that have two."""
    pictures = []
    for element in test.markdown:
        if not element.value.startswith(PICTURE):
            continue
        svg = next(ElementTree.fromstring(element.value).iter(f"{SVG}svg"))
        assert svg.get("role") == "img"
        texts = list(svg.iter(f"{SVG}text"))
        ticks = tuple(str(text.text) for text in texts if text.get("class") == "quiet")
        spoken = str(svg.findtext(f"{SVG}desc"))
        pictures.append(ShownPicture(spoken, " ".join(str(text.text) for text in texts), ticks))
    return pictures
