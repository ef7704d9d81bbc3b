"""Versions of a page for a crime: links and permalinks are their own, and what is cited has one address."""

from __future__ import annotations

from pipelines.front.crime_links import CrimeLinks
from pipelines.front.pages import Page

ADDRESS = "/releases/R/en/practice.html"
PAGE = (
    '<html><head></head><body><a href="law.html">Law</a>'
    f'<p class="front-citation" data-table="@1">Answers. <span class="front-address">{ADDRESS}</span></p>'
    f'<p>Link: <a href="{ADDRESS}"><span class="front-address">{ADDRESS}</span></a></p></body></html>'
)


def test_version_for_a_crime_keeps_it_in_links_and_cites_the_page_itself() -> None:
    links = CrimeLinks(("TIP", "SOM"), ("practice.html", "law.html"), {})
    page = Page("practice.html", "practice.html", "methodology", "Answers", "Answers")
    version = links.write_version(PAGE, page, "SOM")
    assert 'href="law-som.html"' in version and 'href="/releases/R/en/practice-som.html"' in version
    citation = version.partition('<p class="front-citation"')[2].partition("</p>")[0]
    assert ADDRESS in citation and "-som" not in citation
    assert '<link rel="canonical" href="practice.html">' in version
