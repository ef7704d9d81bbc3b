"""What tests of the offices' pages share: the pages of a copied home, by HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.core.home import open_home
from tests.support.demonstration import CLOCK, copy_for_pages
from tests.support.service.office_client import Office, open_office


@pytest.fixture
def office(built_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The pages of a copied home, with the accounts of the tests, under the frozen clock."""
    root = tmp_path / "home"
    copy_for_pages(built_home, root)
    monkeypatch.setenv("RTI_NOW", CLOCK)
    monkeypatch.setenv("RTI_HOME", str(root))
    with open_office(open_home(root), monkeypatch) as opened:
        yield opened
