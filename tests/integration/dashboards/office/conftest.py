"""Fixtures of the tests of the offices' pages: the pages of a copied home, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.core.home import open_home
from tests.support.demonstration import CLOCK, copy_for_pages
from tests.support.service import portal_fixture
from tests.support.service.example_returns import upload_draft
from tests.support.service.office_client import Office, open_office
from tests.support.shared_judgements import share_judgements


@pytest.fixture(scope="package", autouse=True)
def _judgements_are_shared() -> Iterator[None]:
    """Judge each return once for the tests of this folder and of those below it."""
    with share_judgements():
        yield


@contextmanager
def _copied_office(built: Path, root: Path) -> Iterator[Office]:
    copy_for_pages(built, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", CLOCK)
        patch.setenv("RTI_HOME", str(root))
        with open_office(open_home(root), patch) as opened:
            yield opened


@pytest.fixture
def office(built_home: Path, tmp_path: Path) -> Iterator[Office]:
    """The pages of a copied home, with the accounts of the tests, under the frozen clock."""
    with _copied_office(built_home, tmp_path / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_office(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Like `office`, once for the tests of a module that change no return of others and no account."""
    with _copied_office(built_home, tmp_path_factory.mktemp("office") / "home") as opened:
        yield opened


@pytest.fixture(scope="module")
def draft(shared_office: Office) -> str:
    """Number of a draft in the shared office whose warnings are not explained, for tests that only look at it."""
    return upload_draft(shared_office.desk)


@pytest.fixture(scope="module")
def broken_draft(shared_office: Office) -> str:
    """Number of a draft in the shared office with errors, for tests that only look at it."""
    return upload_draft(shared_office.desk, changes=portal_fixture.BROKEN)
