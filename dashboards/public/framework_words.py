"""Translate the few words that Streamlit itself shows on public pages; the script of the pages puts them in place."""

from __future__ import annotations

import json

from pipelines.core import i18n
from pipelines.core.i18n import mark
from pipelines.words.language import current_language, tell

WORDS = (
    mark("Skip to main content"),
    mark("Choose an option"),
    mark("Choose options"),
    mark("Open"),
    mark("No results"),
    mark("Copy to clipboard"),
    mark("Copied"),
    mark("Running..."),
    mark("Connecting"),
    mark("Connection error"),
)
"""Words of Streamlit, as it writes them."""


def write_words() -> str:
    """Return the words with their translations into the reader's language as JSON; an empty object in English."""
    if current_language() == i18n.SOURCE_LANGUAGE:
        return "{}"
    return json.dumps({word: tell(word) for word in WORDS}, ensure_ascii=False)  # marked above
