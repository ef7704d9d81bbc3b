"""Walk all pages of a release and record every sentence, once for a session of tests."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dashboards.public import queries
from pipelines.front.edition import Edition
from pipelines.front.queries import read_tables
from pipelines.words import language, line_breaks
from tests.oracles.sentences import Release
from tests.support.sentences import composing, exploring
from tests.support.sentences.exploring import Explorer
from tests.support.sentences.reading_once import ReadOnce
from tests.support.sentences.recording import Recorder


@dataclass(frozen=True)
class Walk:
    """Recorded sentences, the texts and tables of the explorer, and the release read by itself."""

    recorder: Recorder
    explorer: Explorer
    release: Release
    edition: Edition
    texts: tuple[str, ...] = ()
    """Texts of the static pages."""
    n_figures: int = 0


@contextmanager
def open_walk(earlier: Walk | None = None) -> Iterator[Walk]:
    """Record texts and replace Streamlit and the drawing of pictures, within a `with` statement.

    The tables of an `earlier` walk are used again.
    """
    with language.read_in("en"):
        # A process compiles it once, from texts that would be recorded as sentences of the first page.
        line_breaks.unbroken_labels()
    with pytest.MonkeyPatch.context() as patch:
        recorder = Recorder()
        explorer = Explorer(recorder, earlier.explorer.frame if earlier else exploring.open_frame())
        recorder.install_patches(patch)
        explorer.install_patches(patch)
        ReadOnce().install_patches(patch)
        composing.install_patches(patch, recorder)
        if earlier is not None:
            yield Walk(recorder, explorer, earlier.release, earlier.edition)
            return
        folder = Path(queries.current_release()).parent
        yield Walk(recorder, explorer, Release(folder), Edition(read_tables(folder)))


@contextmanager
def pause_collection() -> Iterator[None]:
    """Pause the search for cyclic garbage within a `with` statement: it takes a third of the time of a walk, which
    keeps nearly all that it makes."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def walk_all() -> Walk:
    """Walk every page for every selection, all static pages and briefs, and the sources of all figures."""
    with pause_collection(), open_walk() as walk:
        for page, render in exploring.PAGES.items():
            walk.explorer.explore_page(page, render)
        texts = tuple(composing.compose_all(walk.edition, "en", walk.recorder))
        n_figures = composing.describe_figures(walk.recorder, walk.explorer.frame, walk.release)
    return Walk(walk.recorder, walk.explorer, walk.release, walk.edition, texts, n_figures)


def dump_walk(walk: Walk) -> bytes:
    """Return what a walk recorded as bytes, for `restore_walk` in another process with the same code and release."""
    recorder, explorer = walk.recorder, walk.explorer
    recorded = recorder.messages, recorder.n_formed, recorder.left_out
    with pause_collection():
        return pickle.dumps((recorded, explorer.views, explorer.n_selections, walk.texts, walk.n_figures))


def restore_walk(data: bytes) -> Walk:
    """Return a walk as it was after `walk_all`. Messages and views of one selection share it as before."""
    with pause_collection(), open_walk() as walk:
        recorded, walk.explorer.views, walk.explorer.n_selections, texts, n_figures = pickle.loads(data)
    walk.recorder.messages, walk.recorder.n_formed, walk.recorder.left_out = recorded
    return replace(walk, texts=texts, n_figures=n_figures)
