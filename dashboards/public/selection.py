"""Hold what a reader has chosen: one state for the controls of a page, the address and the links to other pages.

The rule has three steps. When a page is opened, or its address changes, the address determines each control; a choice
that the address lacks is the reader's last one, then the default. While a page is open, its controls determine the
address. The address is written once per run, and only if it differs, so that one action is one entry in the browser's
history. The language is a choice like the others: it is in the address and in each link. So is the release, which no
control changes: a reader without one in the address has the newest, and keeps it from then on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urlencode

import streamlit as st

from pipelines.core.i18n import list_languages, prefer_language
from pipelines.words.language import current_language, set_language

CARRIED = ("crime", "territory", "freq", "period")
"""Choices that the links to other pages carry. All other choices are remembered for as long as the page is open."""
ALL = "all"
"""Option for every territory together, which not every page has and links therefore do not carry."""
_FORMER_NAMES = {"territory": "of"}
"""Names in the addresses of earlier versions, which may have been quoted."""
LANGUAGE = "lang"
"""Name of the reader's language in an address."""
RELEASE = "release"
"""Name of the release in an address. An address without it is that of the newest release."""
SEPARATOR = ","
"""Sign between several options of one choice in an address."""
_STATE = "selection"


def join_options(value: object) -> str:
    """Return the value of a widget as an address has it: one option, or several joined by commas."""
    return SEPARATOR.join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@dataclass(frozen=True)
class Control:
    """A control on the page: its widget, its options, and the option that the last run used."""

    widget: str
    options: tuple[str, ...]
    value: str

    def read_widget(self) -> str:
        """Return what the widget holds now. A widget of several options has them in the order of the clicks."""
        value = st.session_state.get(self.widget, self.value)
        return join_options(
            [option for option in self.options if option in value] if isinstance(value, list) else value
        )


@dataclass
class Selection:
    """The choices of one reader."""

    language: str = ""
    release: str = ""
    """Id of the release of this run; empty before it is known."""
    front: str = ""
    """Beginning of the addresses of the static pages of the release; empty for the newest."""
    page: str | None = None
    address: dict[str, str] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    is_opened: bool = True
    """The address determines the controls that this run is the first to draw."""
    _is_complete: bool = True
    _numbers: Counter[str] = field(default_factory=Counter)
    _remembered: dict[str, str] = field(default_factory=dict)
    _pending: dict[str, str] = field(default_factory=dict)

    def begin_run(self, page: str) -> None:
        """Begin a run of a page: find out whether its address or one of its controls has changed."""
        query = st.query_params.to_dict()
        # A control that was changed wins: the browser may send it before it has received the address of the last run.
        is_changed = any(control.read_widget() != control.value for control in self.controls.values())
        is_new = self.page != page or (query != self.address and not is_changed)
        # A run that opened an address and was stopped before its end, as by "back", has not read all of it: the address
        # still determines the controls that it did not reach.
        self.is_opened = is_new or (self.is_opened and not self._is_complete)
        if is_new:
            self.controls.clear()
            self.address = query
            self.carried |= {name: query[name] for name in CARRIED if query.get(name) not in (None, ALL)}
            self.release = query.get(RELEASE, "")
        self.page, self._is_complete = page, False
        self._pending.clear()

    def pick_option(self, name: str, options: Sequence[str], default: str, *, of: str = "") -> tuple[str, str, bool]:
        """Return the key of a control's widget, the option it begins with, and False if the address asks for another.

        A widget is replaced by a new one if its options change or the address overrides it: Streamlit keeps the value
        of the old one in the browser, and shows no selection at all if the new options lack it.
        """
        key, offered = f"{of}{name}", tuple(options)
        if (control := self._find_control(key, offered)) is not None:
            return control.widget, control.value, True
        requested = self._read_request(name)
        candidates = (requested, self._remembered.get(key), self.carried.get(name), default)
        value = next((option for option in candidates if option in offered), offered[0])
        return self._add_control(key, offered, str(value)), str(value), requested in (None, *offered)

    def foresee_option(self, name: str, default: str, *, of: str = "") -> str:
        """Return the option of a control that is drawn later in this run, for labels above it."""
        key = f"{of}{name}"
        if (control := self.controls.get(key)) is not None:
            return control.read_widget()
        candidates = (self._read_request(name), self._remembered.get(key), self.carried.get(name))
        return next((option for option in candidates if option), default)

    def pick_options(self, name: str, options: Sequence[str]) -> tuple[str, list[str], bool]:
        """Return the same for a control of several options, at first all. In the address they are joined by commas;
        those that the release lacks are left out."""
        offered = tuple(options)
        if (control := self._find_control(name, offered)) is not None:
            return control.widget, control.value.split(SEPARATOR), True
        requested = self._read_request(name)
        candidates = [(text or "").split(SEPARATOR) for text in (requested, self._remembered.get(name))]
        choices = ([option for option in offered if option in candidate] for candidate in candidates)
        values = next(filter(None, choices), list(offered))
        is_known = requested is None or set(requested.split(SEPARATOR)) <= set(offered)
        return self._add_control(name, offered, join_options(values)), values, is_known

    def _find_control(self, key: str, offered: tuple[str, ...]) -> Control | None:
        """Return the control of the last run, if it has the same options and the address does not override it."""
        control = self.controls.get(key)
        is_same = control is not None and control.options == offered and control.widget in st.session_state
        return control if is_same else None

    def _read_request(self, name: str) -> str | None:
        """Return the choice of the address, if the address determines the controls in this run."""
        if not self.is_opened or self._is_complete:
            return None
        return st.query_params.get(name, st.query_params.get(_FORMER_NAMES.get(name, "")))

    def _add_control(self, key: str, offered: tuple[str, ...], value: str) -> str:
        """Add a control and return the key of its widget, which is a new one each time."""
        number = self._numbers[key]
        self._numbers[key] += 1
        widget = f"choice.{key}" + (f".{number}" if number else "")
        self.controls[key] = Control(widget, offered, value)
        return widget

    def keep_option(self, name: str, value: str, *, of: str = "") -> None:
        """Remember the option of a control, for the address, for the next run and for other pages."""
        key = f"{of}{name}"
        control = self.controls[key]
        self.controls[key] = Control(control.widget, control.options, value)
        self._remembered[key] = self._pending[name] = value
        if name in ("crime", "territory") and value != ALL:
            self.carried[name] = value

    def carry_period(self, freq: str, period: str, *, is_default: bool) -> None:
        """Carry a period to other pages, unless it is the one in which this page opens: each page has its own."""
        for name, value in (("freq", freq), ("period", period)):
            if is_default:
                self.carried.pop(name, None)
            else:
                self.carried[name] = value

    def carry_crime(self, crime: str) -> None:
        """Carry the crime of a page that shows it without a control for it."""
        self.carried["crime"] = self._remembered["crime"] = crime

    def end_run(self) -> None:
        """Write the address of a whole page."""
        self._pending |= self._name_edition()
        self._is_complete = True
        self.write_address()

    def write_address(self) -> None:
        """Write the choices to the address if they differ from it; within the run of a whole page, wait for its end."""
        if not self._is_complete:
            return
        query = st.query_params.to_dict()
        if query | self._pending != query:
            st.query_params.from_dict(query | self._pending)
        self.address = query | self._pending

    def list_choices(self) -> dict[str, str]:
        """Return the choices of this run so far, by their names in the address."""
        return st.query_params.to_dict() | self._pending | self._name_edition()

    def _name_edition(self) -> dict[str, str]:
        """Return language and release by their names in an address."""
        return ({RELEASE: self.release} if self.release else {}) | {LANGUAGE: current_language()}

    def link_to(self, address: str) -> str:
        """Return the address of another page with the choices that it does not name itself."""
        path, _, query = address.partition("?")
        own_names = {part.partition("=")[0] for part in query.split("&")}
        choices = self.carried | self._name_edition()
        carried = _encode_choices(tuple((name, value) for name, value in choices.items() if name not in own_names))
        joined = "&".join(part for part in (query, carried) if part)
        return f"{path}?{joined}" if joined else path


@lru_cache(maxsize=1024)
def _encode_choices(choices: tuple[tuple[str, str], ...]) -> str:
    """Return choices as a part of an address. The links of a page, of which its menu alone has 17, carry the same."""
    return urlencode(choices)


def read_selection() -> Selection:
    """Return the choices of the reader of this session."""
    if _STATE not in st.session_state:
        st.session_state[_STATE] = Selection()
    selection: Selection = st.session_state[_STATE]
    return selection


def open_language() -> None:
    """Set the language of this run: that of the address, else the reader's last one, else the one of the browser.

    Streamlit runs a page, and a part of it that is redrawn alone, in a thread that knows no language yet.
    """
    selection = read_selection()
    requested = (st.query_params.get(LANGUAGE), selection.language or None)
    # Reading the headers takes Streamlit as long as a whole control, and a page has a dozen parts that ask.
    is_known = any(language in list_languages() for language in requested)
    accepted = "" if is_known else st.context.headers.get("Accept-Language") or ""
    selection.language = prefer_language(requested, accepted)
    set_language(selection.language)
