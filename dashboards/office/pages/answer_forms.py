"""Share among the forms of a submission's page: try an action, show its result once, choose a coded reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboards.office import layout
from dashboards.office.layout import PageContext

_SAID, _LED = "answer.said", "answer.led"
_MESSAGE = "said"


def keep_result(text: str, then: str = _MESSAGE) -> None:
    """Keep the result of an action for the next run of the page, and the anchor of the part to show then."""
    st.session_state[_SAID] = text, then


def show_result(context: PageContext) -> None:
    """Show the result of the last action, once. The caller ends the page with `lead`."""
    text, then = st.session_state.pop(_SAID, (None, ""))
    if text:
        with st.container(key=_MESSAGE):
            st.success(text, icon=None)
        st.session_state[_LED] = then


def move_focus() -> None:
    """Move the focus to the result or the part to show: the pressed button is gone, and a keyboard would start at the
    top of the page again. Called last, like every script of a page."""
    if anchor := take_anchor():
        number = st.session_state["answer.leads"] = st.session_state.get("answer.leads", 0) + 1
        layout.move_focus(anchor, f"{anchor}-{number}")


def take_anchor() -> str:
    """Return the anchor to which the last action leads, once; empty text if there is none."""
    return str(st.session_state.pop(_LED, ""))


def try_action(context: PageContext, act: Callable[[], Any], done: str) -> None:
    """Try an action; on success show it on the redrawn page, else show here why it failed."""
    from pipelines.submissions import service

    try:
        act()
    except (service.NotAllowedError, service.TransitionError, service.SubmissionRefusedError) as error:
        layout.show_refusal(context, error)
        return
    keep_result(done)
    st.rerun()


def choose_reason(context: PageContext, label: str, key: str) -> str | None:
    """Return a code of `revision_reason`, chosen by its label; None until one is chosen."""
    from pipelines.core import codes

    picked = st.selectbox(
        label,
        codes.list_codes("revision_reason"),
        index=None,
        placeholder=context.tell("Choose a reason"),
        format_func=lambda code: context.code_label("revision_reason", code),
        key=key,
    )
    return str(picked) if picked else None
