"""A small home in which everything that is checked is intact: returns with stored files, a release, and a draft."""

from __future__ import annotations

from pathlib import Path

from pipelines.core.home import Home
from pipelines.submissions import store
from tests.support.releases import publication_fixture


def make_intact_home(folder: Path) -> Home:
    """Make the home of `publication_fixture` below `folder`, with the bytes of its three returns."""
    home = publication_fixture.make_home(folder)
    for name in ("1", "2", "3"):
        store.put_bytes(home, name.encode())
    return home
