"""Record each text that is formed from a message of the catalogues: its id, its parameters, and where it was asked for.

All texts come from `i18n.load_catalogue`: the recorder returns messages that note their parameters when they are filled
in, so that the product's code runs as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from pipelines.core import i18n

Selection = Mapping[str, str]


class Message(NamedTuple):
    """A text as it was formed: the id of its message, its parameters, the text, and the selection that was open."""

    id: str
    params: tuple[tuple[str, object], ...]
    text: str
    selection: Selection


class _Source(str):
    """The translation of a message, which notes the parameters that it is filled in with."""

    id: str
    recorder: Recorder

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Pickle the text alone."""
        return str, (str(self),)

    def format_map(self, params: Mapping[str, Any], /) -> str:
        text = str.format_map(self, params)
        self.recorder.note_message(self.id, params, text)
        return text


class _Catalogue:
    def __init__(self, catalogue: Any, recorder: Recorder) -> None:
        self.catalogue, self.recorder = catalogue, recorder
        self._sources: dict[tuple[str, str], _Source] = {}

    def gettext(self, text: str) -> str:
        return self._make_source(text, text if not text else self.catalogue.gettext(text))

    def ngettext(self, one: str, other: str, n: int) -> str:
        return self._make_source(other, self.catalogue.ngettext(one, other, n))

    def _make_source(self, message: str, translation: str) -> _Source:
        source = self._sources.get((message, translation))
        if source is None:
            source = self._sources[message, translation] = _Source(translation)
            source.id, source.recorder = message, self.recorder
        return source


class Recorder:
    """Messages in the order in which they were formed, each once for each selection."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.selection: Selection = {}
        self.n_formed = 0
        self.left_out: set[str] = set()
        self._only: Collection[str] | None = None
        self._catalogues: dict[str, _Catalogue] = {}
        self._known: dict[int, set[tuple[str, tuple[object, ...]]]] = {}
        self._selections: list[Selection] = []
        self._plain: set[str] = set()

    def note_message(self, message: str, params: Mapping[str, Any], text: str) -> None:
        """Note a message that was filled in, unless it was noted with the same parameters for the open selection."""
        self.n_formed += 1
        if self._only is not None:
            if message in self._only:
                self.messages.append(Message(message, tuple(params.items()), text, self.selection))
            else:
                self.left_out.add(message)
            return
        if "{" not in message:
            # A text without parameters is the same for every selection.
            if message not in self._plain:
                self._plain.add(message)
                self.messages.append(Message(message, (), text, self.selection))
            return
        keys = self._known.get(id(self.selection))
        if keys is None:
            keys = self._known[id(self.selection)] = set()
            self._selections.append(self.selection)  # kept, so that its id stays its own
        key = (message, tuple(params.values()))
        if key not in keys:
            keys.add(key)
            self.messages.append(Message(message, tuple(params.items()), text, self.selection))

    @contextmanager
    def keep_only(self, ids: Collection[str]) -> Iterator[None]:
        """Keep only messages with one of these ids within a `with` statement, and note the ids of the others."""
        outer, self._only = self.selection, ids
        try:
            yield
        finally:
            self.selection, self._only = outer, None

    @contextmanager
    def open_selection(self, **choices: str) -> Iterator[None]:
        """Add choices to the selection within a `with` statement."""
        outer = self.selection
        self.selection = {**outer, **choices}
        try:
            yield
        finally:
            self.selection = outer

    def install_patches(self, patch: pytest.MonkeyPatch) -> None:
        """Let all texts be recorded."""
        load = i18n.load_catalogue

        def load_catalogue(language: str) -> _Catalogue:
            if language not in self._catalogues:
                self._catalogues[language] = _Catalogue(load(language), self)
            return self._catalogues[language]

        patch.setattr(i18n, "load_catalogue", load_catalogue)
