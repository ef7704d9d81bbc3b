"""What the forms of a submission's page share: an act tried, what it has done said once, a coded reason chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboards import portal_layout as layout
from dashboards.portal_layout import Here

_SAID, _LED = "answer.said", "answer.led"
_MESSAGE = "said"


def say(text: str, then: str = _MESSAGE) -> None:
    """Keep a sentence for the next run of the page: what an act has done; and to which part it leads (an anchor)."""
    st.session_state[_SAID] = text, then


def said(here: Here) -> None:
    """What the act before has done, once. Whoever calls this ends the page with `lead`."""
    text, then = st.session_state.pop(_SAID, (None, ""))
    if text:
        with st.container(key=_MESSAGE):
            st.success(text, icon=None)
        st.session_state[_LED] = then


def lead() -> None:
    """Move the focus to what was said, or to where it leads: the button that was pressed is gone, and a keyboard would
    begin at the top of the page again. Called last, as each script of a page."""
    if anchor := led():
        number = st.session_state["answer.leads"] = st.session_state.get("answer.leads", 0) + 1
        layout.focus(anchor, f"{anchor}-{number}")


def led() -> str:
    """Where the act before leads, once; empty text where it leads nowhere."""
    return str(st.session_state.pop(_LED, ""))


def attempt(here: Here, act: Callable[[], Any], done: str) -> None:
    """Do it; on success say so on the page drawn anew, else say here why not."""
    from pipelines.submissions import service

    try:
        act()
    except (service.NotAllowedError, service.TransitionError, service.SubmissionRefusedError) as error:
        layout.refused(here, error)
        return
    say(done)
    st.rerun()


def reasons(here: Here, label: str, key: str) -> str | None:
    """A code of `revision_reason`, chosen by its words; None as long as none is."""
    from pipelines.core import codes

    picked = st.selectbox(
        label,
        codes.codes("revision_reason"),
        index=None,
        placeholder=here.tell("Choose a reason"),
        format_func=lambda code: here.label("revision_reason", code),
        key=key,
    )
    return str(picked) if picked else None
