"""Separate our own remarks from texts of others: from titles of publishers, and from English texts of a release."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.core.i18n import mark
from pipelines.words.language import Texts

_OF_TITLES: Mapping[str, str] = Texts(
    {
        ", seen second-hand": mark("Seen second-hand: others quote the source."),
        ", as reported in the press": mark("As reported in the press."),
    }
)
"""Remarks in the reader's language, by their wording within the titles of a release."""
_AT_THE_END: Mapping[str, str] = Texts(
    {
        text: text
        for text in (
            mark("Source not yet verified."),
            mark("Invented for the demonstration. It does not describe the law."),
            mark("Invented for the demonstration."),
        )
    }
)
"""Remarks at the end of texts of a release, which are in English there."""


def split_remark(title: str) -> tuple[str, str]:
    """Return the title without our remark, and the remark as a sentence; empty if there is none."""
    for wording, remark in _OF_TITLES.items():
        if wording in title:
            return title.replace(wording, "", 1), remark
    return title, ""


def split_ending(text: str) -> tuple[str, str]:
    """Return a text without the remark that a release has at its end, and the remark in the reader's language."""
    for wording, remark in _AT_THE_END.items():
        if text.endswith(wording):
            return text.removesuffix(wording).rstrip(), remark
    return text, ""


def has_statement(text: str) -> bool:
    """Return False for a text of a release that only names an office and says that its source is not verified."""
    statement, remark = split_ending(text)
    return not (remark and statement.endswith(":"))
