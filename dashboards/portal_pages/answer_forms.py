"""What the forms of a submission's page share: an act tried, what it has done said once, a coded reason chosen.

Does not belong here: the forms (`answer_acts.py`, `answer_withdrawal.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboards import portal_layout as layout
from dashboards.portal_layout import Here

_SAID = "answer.said"


def say(text: str) -> None:
    """Keep a sentence for the next run of the page: what an act has done."""
    st.session_state[_SAID] = text


def said(here: Here) -> None:
    """What the act before has done, once."""
    text = st.session_state.pop(_SAID, None)
    if text:
        st.success(text, icon=None)


def attempt(here: Here, act: Callable[[], Any], done: str) -> None:
    """Do it; on success say so on the page drawn anew, else say here why not."""
    from pipelines import desk

    try:
        act()
    except (desk.NotAllowedError, desk.TransitionError, desk.SubmissionRefusedError) as error:
        layout.refused(here, error)
        return
    say(done)
    st.rerun()


def reasons(here: Here, label: str, key: str) -> str | None:
    """A code of `revision_reason`, chosen by its words; None as long as none is."""
    from pipelines import codes

    picked = st.selectbox(
        label,
        codes.codes("revision_reason"),
        index=None,
        placeholder=here.tell("Choose a reason"),
        format_func=lambda code: here.label("revision_reason", code),
        key=key,
    )
    return str(picked) if picked else None
