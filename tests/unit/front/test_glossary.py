"""Tests of the explanations of terms where a page uses them first."""

from __future__ import annotations

import pytest
from lxml import html
from markupsafe import Markup

from pipelines.core import i18n
from pipelines.front.glossary import TERMS, Explainer
from pipelines.words.language import read_in


def read_terms(part: str) -> list[tuple[str, str]]:
    """Return the explained words of a text with the anchors they lead to."""
    return [(str(link.text), link.get("href")) for link in html.fromstring(f"<p>{part}</p>").iter("a")]


def test_each_term_is_explained_once_per_page_with_a_link_and_a_described_text() -> None:
    explain = Explainer("methodology.html")
    first = html.fromstring(f"<p>{explain('Indicted or not, the indictment is final.')}</p>")
    link, about = first.find(".//a"), first.find(".//span[@role='tooltip']")
    assert link.text == "Indicted" and link.get("href") == "methodology.html#term-indicted"
    assert link.get("aria-describedby") == about.get("id") and about.text == TERMS["indicted"][1]
    assert first.text_content().replace(str(about.text), "") == "Indicted or not, the indictment is final."
    assert explain("The indictment.") == "The indictment.", "explained already"


def test_longest_term_wins_and_parts_of_words_are_no_terms() -> None:
    explain = Explainer("m.html")
    assert read_terms(explain("A nil return and a return.")) == [("nil return", "m.html#term-nil")]
    assert read_terms(explain("Two returns.")) == [("returns", "m.html#term-return")]
    assert explain("Unconvicted, reconvicted and non-convicted.") == "Unconvicted, reconvicted and non-convicted."


def test_text_is_escaped_and_html_is_left_alone() -> None:
    explain = Explainer("m.html")
    assert str(explain("<b> & convicted")).startswith("&lt;b&gt; &amp; <span")
    assert explain(Markup("<em>sentenced</em>")) == Markup("<em>sentenced</em>")
    assert explain("") == ""


@pytest.mark.parametrize("language", i18n.list_languages())
def test_forms_are_distinct_and_not_empty_in_every_language(language: str) -> None:
    with read_in(language):
        forms = [form.lower() for _, _, forms in TERMS.values() for form in forms.split("|")]
    assert all(form.strip() == form != "" for form in forms) and len(set(forms)) == len(forms)
