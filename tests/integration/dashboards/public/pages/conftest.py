"""A release written by hand, for tests of the public pages."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from dashboards.public import drawing, queries


@pytest.fixture(scope="module")
def root(release_root: Path) -> Path:
    """Root of a home with the release written by hand, unless a file of tests has another one."""
    return release_root


@pytest.fixture
def handmade(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the release written by hand the current one and return its path."""
    monkeypatch.setenv("RTI_HOME", str(root))
    return queries.current_release()


@pytest.fixture(autouse=True)
def _composed_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose all parts of pages each time, since tests replace what they are composed of."""
    monkeypatch.setattr(drawing, "kept_parts", SimpleNamespace(get_or_make=lambda key, compose: compose()))
