"""Write the title and the sentence of a notice about the round of a quarter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.core.i18n import many, mark, tell
from pipelines.core.i18n.periods import format_period

PAGES = {
    "open_collection": "/board",
    "close_collection": "/board",
    "open_queries": "/returns",
    "ask_signatures": "/release-desk",
}
_TITLE = {
    "open_collection": mark("You can send your returns for {quarter}"),
    "open_queries": mark("Your returns for {quarter} need an answer"),
    "ask_signatures": mark("Release {release}: please read and sign the draft"),
}
_TEXT = {
    "open_collection": mark("The quarter has ended. These returns of your office can be sent from now on:"),
    "open_queries": mark(
        "The deadline has passed. These returns have open findings, or wait for the approval of a second person. "
        "Please answer by the day that is named:"
    ),
    "ask_signatures": mark(
        "The questions on the returns are closed, and the draft of the release is ready. If you approve returns of a "
        "territory, read its sheet on the release desk and sign it by {until}. If you are a steward, the release desk "
        "shows what is still open."
    ),
}

_CORRECTION = mark(
    "Returns were corrected or withdrawn after the release, and the draft of the corrected release is ready. If you "
    "approve returns of a territory, read its sheet on the release desk and sign it by {until}. If you are a steward, "
    "the release desk shows what is still open."
)


def write_title(content: Mapping[str, Any], language: str) -> str:
    """Return the title of the notice."""
    quarter = format_period(content["quarter"], language)
    if content["what"] == "close_collection":
        if not content["items"]:
            return tell("The deadline for {quarter} has passed: all returns are in", language, quarter=quarter)
        return many(
            "The deadline for {quarter} has passed: {n} return is missing",
            "The deadline for {quarter} has passed: {n} returns are missing",
            len(content["items"]),
            language,
            quarter=quarter,
        )
    return tell(_TITLE[content["what"]], language, quarter=quarter, release=content.get("release", ""))


def write_text(content: Mapping[str, Any], language: str) -> str:
    """Return the sentence that says what happened and what to do."""
    if content["what"] == "close_collection":
        if not content["items"]:
            return tell("You do not need to do anything. Open questions are sent to the offices.", language)
        return tell(
            "The offices have been reminded. Please call those whose return you need for the release. Missing:",
            language,
        )
    # Notices that were entered before corrections were asked about do not say what they are about.
    text = _CORRECTION if content.get("is_correction") else _TEXT[content["what"]]
    return tell(text, language, until=content.get("until", ""))
