"""Show what a reader can do about a page that cannot be shown; no stack trace, path or command reaches a page.

What the operator can do is in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dashboards.public import edition_notes, queries
from dashboards.public.own_html import put_own_html
from pipelines.core.i18n import mark
from pipelines.words.language import tell

_logger = logging.getLogger(__name__)
NOT_SHOWN = mark("These figures cannot be shown at the moment")

_LATER = mark("Please try again later, or contact the regional secretariat.")
UNFORESEEN = mark(
    "This is an error of this service. Please load the page again. If it happens again, send the address of this page "
    "to the regional secretariat."
)


@contextmanager
def explain_problems(*, is_section: bool = False) -> Iterator[None]:
    """Show a page or a section of one; if it cannot be shown, show the reason and what to do instead."""
    try:
        yield
    except queries.DamagedReleaseError as error:
        _show_problem(_describe_damage(error), is_section=is_section)
    except queries.OutdatedReleaseError as error:
        _show_problem(_describe_age(error), is_section=is_section)
    except Exception:
        # Streamlit's own message is in English. Its signals to stop or run again are not of this class.
        _logger.exception("a public page failed")
        _show_problem(tell(UNFORESEEN), is_section=is_section)


def _show_problem(text: str, *, is_section: bool) -> None:
    heading = tell(NOT_SHOWN)
    if is_section:
        st.markdown(f"**{heading}**\n\n{text}")
        return
    st.title(heading)
    st.markdown(text)
    if edition_notes.is_older_requested():
        put_own_html(f"<p>{edition_notes.render_way_on()}</p>")


def _describe_damage(error: queries.DamagedReleaseError) -> str:
    _logger.error("release %s is damaged: `rti audit verify` names the files to restore from a backup", error)
    return tell(
        "The file of release {release} is damaged on this service's disk, so none of its figures can be shown. The "
        "figures themselves are not lost. Please try again later, or contact the regional secretariat.",
        release=error,
    )


def _describe_age(error: queries.OutdatedReleaseError) -> str:
    _logger.error("release %s is of an older version: `rti refresh --publish` makes a new edition", error)
    text = tell(
        "Release {release} was made by an older version of this software and lacks some of what this page shows. "
        "Its files are unchanged.",
        release=error,
    )
    return text if edition_notes.is_older_requested() else f"{text} {tell(_LATER)}"


def show_outdated_part(error: queries.OutdatedReleaseError, *, is_first: bool) -> None:
    """Show that a part of a page cannot be composed from an older release, and the reason at the first such part."""
    if is_first:
        _show_problem(_describe_age(error), is_section=True)
    else:
        st.markdown(tell("Not shown, for the reason given above."))
