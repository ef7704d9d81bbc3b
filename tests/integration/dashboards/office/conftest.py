"""Fixtures of the tests of the offices' pages: the pages of a copied home, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.core.home import open_home
from tests.support.demonstration import CLOCK, ReusedHome, copy_for_pages
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
def _open_copy(root: Path) -> Iterator[Office]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", CLOCK)
        patch.setenv("RTI_HOME", str(root))
        with open_office(open_home(root), patch) as opened:
            yield opened


@pytest.fixture(scope="package")
def reused_home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> ReusedHome:
    """The copied home that one test after the other changes."""
    return ReusedHome(built_home, tmp_path_factory.mktemp("reused") / "home")


@pytest.fixture
def office(reused_home: ReusedHome) -> Iterator[Office]:
    """The pages of a home that no test has changed, with the accounts of the tests, under the frozen clock."""
    reused_home.restore_files()
    with _open_copy(reused_home.root) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_office(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Like `office`, once for the tests of a module that change no return of others and no account."""
    root = tmp_path_factory.mktemp("office") / "home"
    copy_for_pages(built_home, root)
    with _open_copy(root) as opened:
        yield opened


@pytest.fixture(scope="module")
def draft(shared_office: Office) -> str:
    """Number of a draft in the shared office whose warnings are not explained, for tests that only look at it."""
    return upload_draft(shared_office.desk)


@pytest.fixture(scope="module")
def broken_draft(shared_office: Office) -> str:
    """Number of a draft in the shared office with errors, for tests that only look at it."""
    return upload_draft(shared_office.desk, changes=portal_fixture.BROKEN)
