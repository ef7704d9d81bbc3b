"""What tests of the offices' pages share: the pages of a copied home, by HTTP."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.core.home import open_home
from tests.support.demonstration import CLOCK
from tests.support.service.office_client import Office, open_office

if TYPE_CHECKING:
    from pipelines.core.home import Home


@pytest.fixture
def office(copied_home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The pages of a copied home, with the accounts of the tests."""
    with open_office(copied_home, monkeypatch) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_office(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The pages of one copied home for the tests of a module that change no return and no account."""
    root = tmp_path_factory.mktemp("office") / "home"
    shutil.copytree(built_home, root, symlinks=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", CLOCK)
        patch.setenv("RTI_HOME", str(root))
        with open_office(open_home(root), patch) as opened:
            yield opened
