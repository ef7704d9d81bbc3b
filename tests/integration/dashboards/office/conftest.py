"""What tests of the offices' pages share: the pages of a copied home, by HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.service.office_client import Office, open_office

if TYPE_CHECKING:
    from pipelines.core.home import Home


@pytest.fixture
def office(copied_home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The pages of a copied home, with the accounts of the tests."""
    with open_office(copied_home, monkeypatch) as opened:
        yield opened
