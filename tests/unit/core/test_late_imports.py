"""A library that is imported late is loaded when it is used, and an import after the block is not affected."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.core.late_imports import LateModule, import_late

LIBRARY, USER = "rarely_used_library", "user_of_a_library"


@pytest.fixture(autouse=True)
def _modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a library, and a module that imports it and uses it in a function."""
    (tmp_path / f"{LIBRARY}.py").write_text("ANSWER = 42\n", encoding="utf-8")
    (tmp_path / f"{USER}.py").write_text(
        f"import {LIBRARY}\ndef read_answer():\n    return {LIBRARY}.ANSWER\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in (LIBRARY, USER):
        sys.modules.pop(name, None)


def test_import_late_loads_the_library_when_it_is_used() -> None:
    with import_late(LIBRARY):
        user = importlib.import_module(USER)
    assert LIBRARY not in sys.modules
    assert user.read_answer() == 42
    assert LIBRARY in sys.modules


def test_import_after_the_block_is_of_the_library_itself() -> None:
    with import_late(LIBRARY):
        user = importlib.import_module(USER)
    library = importlib.import_module(LIBRARY)
    assert not isinstance(library, LateModule)
    assert (library.ANSWER, user.read_answer()) == (42, 42)
    assert importlib.import_module(LIBRARY) is library


def test_library_that_the_block_uses_is_loaded_at_once() -> None:
    with import_late(LIBRARY):
        assert importlib.import_module(USER).read_answer() == 42
        assert not isinstance(sys.modules[LIBRARY], LateModule)
    assert LIBRARY in sys.modules


def test_library_that_is_loaded_has_no_proxy() -> None:
    library = importlib.import_module(LIBRARY)
    with import_late(LIBRARY):
        assert importlib.import_module(USER).rarely_used_library is library
    assert sys.modules[LIBRARY] is library


def test_attribute_that_the_library_lacks_is_reported_as_by_the_library() -> None:
    with import_late(LIBRARY):
        user = importlib.import_module(USER)
    with pytest.raises(AttributeError, match=f"'{LIBRARY}' has no attribute 'nothing'"):
        _ = user.rarely_used_library.nothing
