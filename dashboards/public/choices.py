"""Show the reader's choices; each is part of the address and carries over from page to page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape

import streamlit as st

from dashboards.public import queries
from dashboards.public.frame import Frame
from dashboards.public.own_html import put_own_html
from dashboards.public.selection import join_options, read_selection
from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front.queries import CRIMES
from pipelines.words.language import Texts, lower_first, tell
from pipelines.words.line_breaks import keep_text_whole

_LONGEST_ROW = 6
"""Options shown next to each other; more are shown as a list."""
_LONGEST_IN_BOX = 24
"""Letters of an option that fit into its box on a telephone, whose one line the browser cuts."""


def choose_option(
    label: str,
    key: str,
    options: Sequence[str],
    *,
    default: str | None = None,
    say: Callable[[str], str] = str,
    boxed: bool = False,
    width: int = 220,
    of: str = "",
) -> str:
    """Show one choice among codes; it is part of the address as `key` and carries over from page to page.

    If the address names an option that this release lacks, another is used and the page shows a warning. With `of`, the
    choice is remembered for that value of `of` only, because the default depends on it.
    """
    first = default if default is not None and default in options else options[0]
    selection = read_selection()
    widget, begins, is_known = selection.pick_option(key, options, first, of=of)
    if not is_known:
        st.warning(
            tell(
                "This link asks for an option this release does not have. Shown instead: {shown}.",
                shown=say(begins),
            )
        )
    picked: str | None
    if boxed or len(options) > _LONGEST_ROW:
        picked = st.selectbox(
            label, options, index=list(options).index(begins), key=widget, format_func=say, width=width
        )
    else:
        picked = st.segmented_control(
            label, options, default=begins, key=widget, format_func=_keep_whole(say), required=True, wrap=True
        )
    value = str(picked) if picked in options else begins
    if (boxed or len(options) > _LONGEST_ROW) and len(say(value)) > _LONGEST_IN_BOX:
        # Seen on a telephone alone (`style.css`); a screen reader has it from the box.
        put_own_html(f'<p class="rti-chosen" aria-hidden="true">{escape(say(value))}</p>')
    selection.keep_option(key, value, of=of)
    return value


def choose_options(label: str, key: str, options: Sequence[str], *, say: Callable[[str], str] = str) -> list[str]:
    """Show a choice of several codes, at first all; it is part of the address as `key`, in the order of the options.

    A reader who takes out the last one has all again: a page without any would show nothing.
    """
    selection = read_selection()
    widget, begins, is_known = selection.pick_options(key, options)
    if not is_known:
        st.warning(
            tell(
                "This link asks for an option this release does not have. Shown instead: {shown}.",
                shown=words.join_words(map(say, begins)),
            )
        )
    if widget not in st.session_state:
        st.session_state[widget] = begins

    def restore_all() -> None:
        if not st.session_state[widget]:
            st.session_state[widget] = list(options)

    picked = st.pills(
        label,
        options,
        selection_mode="multi",
        key=widget,
        format_func=_keep_whole(say),
        on_change=restore_all,
        wrap=True,
    )
    values = [option for option in options if option in picked] or begins
    selection.keep_option(key, join_options(values))
    return values


def _keep_whole(say: Callable[[str], str]) -> Callable[[str], str]:
    """Return a function for the labels of options that may have several lines, in which figures and names are whole."""
    return lambda code: keep_text_whole(say(code))


def choose_section(label: str, key: str, sections: Mapping[str, str], section_of_choice: Mapping[str, str]) -> str:
    """Show the choice of a section of the page. An address may name a choice of a section without the section."""
    implied_sections = (section for choice, section in section_of_choice.items() if choice in st.query_params)
    default = next(implied_sections, next(iter(sections))) if read_selection().is_opened else None
    return choose_option(label, key, tuple(sections), default=default, say=lambda code: sections[code])


def choose_crime(frame: Frame, options: Sequence[str] = CRIMES) -> str:
    """Show the choice between trafficking and smuggling; never both.

    A page with figures of one crime has no choice. If the reader has chosen the other, the page says so, and the choice
    is kept for the pages that have it.
    """
    labels = queries.read_labels(frame.path, "offence_group")
    if len(options) == 1:
        name = labels.get(options[0], options[0])
        if read_selection().carried.get("crime", options[0]) != options[0]:
            st.info(tell("This page has figures of one crime only: {crime}.", crime=lower_first(name)))
        return options[0]
    return choose_option(tell("Crime"), "crime", options, say=lambda code: labels.get(code, code))


def choose_track() -> str:
    """Show the choice between first-instance and final decisions; never both."""
    return choose_option(tell("Decisions"), "decisions", tuple(words.TRACKS), say=lambda code: words.TRACKS[code])


def choose_period(
    frame: Frame, periods: Mapping[str, Sequence[str]], *, default: tuple[str, str] | None = None, of: str = ""
) -> tuple[str, str]:
    """Show the choice of a frequency and a period: the default if one is passed (remembered for `of`), else the
    newest."""
    labels = queries.read_labels(frame.path, "freq")
    first_freq = default[0] if default and default[0] in periods else next(iter(periods))
    freq = choose_option(
        tell("Period"), "freq", tuple(periods), default=first_freq, say=lambda code: labels.get(code, code), of=of
    )
    newest = periods[freq][0]
    first_period = default[1] if default and freq == first_freq and default[1] in periods[freq] else newest
    period = choose_option(
        tell("Quarter") if freq == "Q" else tell("Year") if freq == "A" else tell("Years"),
        "period",
        tuple(periods[freq]),
        default=first_period,
        say=words.period_short,
        boxed=True,
        width=140,
        of=f"{of}{freq}.",
    )
    read_selection().carry_period(freq, period, is_default=(freq, period) == (first_freq, first_period))
    return freq, period


SHOWN: Mapping[str, str] = Texts({"count": mark("Counts"), "rate": mark("Rates per 100,000")})
RATED = ("Q", "A")
"""Frequencies for which the release has rates."""


def choose_rate(freq: str) -> bool:
    """Return True if rates are chosen instead of counts; rates exist only for single quarters and years."""
    return (
        freq in RATED
        and choose_option(tell("Counts or rates"), "show", tuple(SHOWN), say=lambda code: SHOWN[code]) == "rate"
    )


def choose_territory(frame: Frame) -> str:
    """Show the choice of a territory."""
    codes = tuple(code for code, _ in frame.territories)
    return choose_option(tell("Territory"), "territory", codes, say=frame.marked_name, boxed=True, width=260)
