"""Each page of the portal for each role, run without a browser on a copied demonstration home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboards import portal_layout
from pipelines import desk
from tests import portal_fixture

if TYPE_CHECKING:
    from pipelines.home import Home

PROJECT = Path(__file__).resolve().parents[2]
PAGES = ("returns", "upload", "answer", "approve", "board", "nil", "account", "people")
UNSCR = "United Nations Security Council resolution 1244"
Run = Callable[..., AppTest]


@pytest.fixture
def opened(copied_home: Home) -> desk.Desk:
    """The desk of a copied home, with the accounts of the tests."""
    portal_layout._desk.clear()
    found = desk.open_desk(copied_home)
    portal_fixture.make_accounts(found.engine)
    return found


@pytest.fixture
def run(opened: desk.Desk) -> Iterator[Run]:
    """Open a page as somebody, with an address."""

    def open_page(page: str, account: str | None, **address: str) -> AppTest:
        portal_layout.ask_for_claims(lambda: (portal_fixture.claims(account) if account else {}, ""))
        test = AppTest.from_file(str(PROJECT / "dashboards" / "portal.py"), default_timeout=60)
        test._page_hash = calc_hash(page) if page != "returns" else ""
        for key, value in address.items():
            test.query_params[key] = value
        test.run()
        assert not test.exception, test.exception
        return test

    yield open_page
    portal_layout.ask_for_claims(None)


def html(test: AppTest) -> str:
    """All HTML of the page as text."""
    return unescape("\n".join(str(element.proto.body) for element in test.get("html")))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("account", ["al-sender", "al-approver", "xk-viewer", "steward", "nobody"])
def test_every_page_runs_for_every_role(run: Run, page: str, account: str) -> None:
    test = run(page, account)
    assert len(test.title) == 1 and test.title[0].value
    assert "For offices" in html(test)
    assert "Demonstration: every return and every account here is invented." in html(test)
