"""The page is run again while a file is being checked: the check goes on, and its findings are the answer.

Streamlit runs a page again for whatever happens on it (a click, a language, a line that came back) and leaves the run
that was at work.  Here that happens at moments that are chosen, on a copied demonstration home.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner
from streamlit.util import calc_hash

from dashboards.office import layout
from pipelines.submissions import intake, record, service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.service import uploading
from tests.support.paths import ROOT
from tests.support.service import portal_fixture

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.identity import Identity

PORTAL = ROOT / "dashboards" / "office" / "pages" / "navigation.py"
ACCOUNT = "al-sender"
CHECK = "check_return"
"""The check as the desk knows it: looked up when a test stands in for it, since another may stand there already."""
Again = Callable[[], None]


@pytest.fixture
def opened(copied_home: Home) -> Iterator[service.Desk]:
    """The desk of a copied home, with the accounts of the tests; its portal is signed in to."""
    layout._desk.clear()
    found = service.open_desk(copied_home)
    portal_fixture.make_accounts(found.engine)
    layout.ask_for_claims(lambda: (portal_fixture.claims(ACCOUNT), ""))
    yield found
    layout.ask_for_claims(None)


@pytest.fixture
def page(opened: service.Desk) -> AppTest:
    """The page of uploads, as it is opened."""
    test = AppTest.from_file(str(PORTAL), default_timeout=120)
    test._page_hash = calc_hash("upload")
    return test.run()


@pytest.fixture
def again(monkeypatch: pytest.MonkeyPatch) -> Iterator[Again]:
    """Ask once for another run of the page, with what its widgets hold, as a browser does while one is at work."""
    asked: list[tuple[LocalScriptRunner, Any]] = []
    real = LocalScriptRunner.request_rerun

    def request(self: LocalScriptRunner, data: Any) -> bool:
        asked.append((self, data))
        return real(self, data)

    monkeypatch.setattr(LocalScriptRunner, "request_rerun", request)
    given: list[bool] = []

    def once() -> None:
        if given:
            return
        runner, data = asked[-1]
        held = WidgetStates()
        # A button that was pressed is pressed once: what comes next from a browser holds it no longer.
        held.widgets.extend(w for w in data.widget_states.widgets if w.WhichOneof("value") != "trigger_value")
        given.append(real(runner, replace(data, widget_states=held)))

    yield once
    assert given == [True], "no other run was asked for"


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose check was begun."""
    begun: list[str] = []
    real = getattr(uploading, CHECK)

    def check(data: bytes, name: str, **named: Any) -> Any:
        begun.append(name)
        return real(data, name, **named)

    monkeypatch.setattr(uploading, CHECK, check)
    return begun


def said(test: AppTest) -> str:
    """All HTML of the page as text."""
    assert not test.exception, test.exception
    return unescape("\n".join(str(element.proto.body) for element in test.get("html")))


def who(opened: service.Desk) -> Identity:
    return accounts.get_identity(opened.engine, ACCOUNT)


def _when_checked(monkeypatch: pytest.MonkeyPatch, step: str, again: Again) -> None:
    """Ask for another run at the time of a step of the check."""
    real = getattr(uploading, CHECK)

    def check(*args: Any, on_step: Any, **named: Any) -> Any:
        def told(one: Any) -> None:
            if one.name == step:
                again()
            on_step(one)

        return real(*args, on_step=told, **named)

    monkeypatch.setattr(uploading, CHECK, check)


def _when_called(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, again: Again) -> None:
    """Ask for another run when a function has done its work."""
    real = getattr(module, name)

    def call(*args: Any, **named: Any) -> Any:
        out = real(*args, **named)
        again()
        return out

    monkeypatch.setattr(module, name, call)


MOMENTS: dict[str, Callable[[pytest.MonkeyPatch, Again], None]] = {
    "reading": lambda patch, again: _when_checked(patch, "reading", again),
    "read": lambda patch, again: _when_checked(patch, "read", again),
    "judging": lambda patch, again: _when_checked(patch, "judging", again),
    "judged": lambda patch, again: _when_checked(patch, "judged", again),
    "entered in the ledger": lambda patch, again: _when_called(patch, intake, "record_arrival", again),
    "recorded": lambda patch, again: _when_called(patch, record, "record_reports", again),
}


@pytest.mark.parametrize("moment", list(MOMENTS))
def test_a_file_is_checked_once_and_its_findings_are_told(
    page: AppTest, opened: service.Desk, again: Again, checks: list[str], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    MOMENTS[moment](monkeypatch, again)
    page.file_uploader[0].set_value(("third.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    text = said(page)
    assert "to explain" in text and "This is what we read" in text
    assert "already uploaded this exact file" not in text
    assert checks == ["third.xlsx"]
    (made,) = service.list_submissions(opened, who(opened), mine=True)
    assert (made.state, f"A draft, number {made.submission_id}." in text) == ("checked", True)


@pytest.mark.parametrize("moment", ["read", "entered in the ledger", "recorded"])
def test_a_check_as_another_form_is_joined_as_well(
    page: AppTest, opened: service.Desk, again: Again, checks: list[str], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    data = portal_fixture.workbook(portal_fixture.UNUSUAL)
    page.file_uploader[0].set_value(("third.xlsx", data, "x/y")).run()
    MOMENTS[moment](monkeypatch, again)
    next(box for box in page.checkbox if "corrections only" in box.label).check()
    next(b for b in page.button if b.label == "Check again" and b.form_id).click().run()
    text = said(page)
    assert "already uploaded this exact file" not in text and "Corrections only" in text
    assert checks == ["third.xlsx", "third.xlsx"]
    made = service.list_submissions(opened, who(opened), mine=True)
    assert sorted((one.state, one.row.kind) for one in made) == [("checked", "patch"), ("withdrawn", "full")]


def test_the_same_file_a_second_time_is_still_told_as_such(page: AppTest, opened: service.Desk) -> None:
    data = portal_fixture.workbook(portal_fixture.UNUSUAL)
    page.file_uploader[0].set_value([("third.xlsx", data, "x/y"), ("copy.xlsx", data, "x/y")]).run()
    text = said(page)
    assert text.count("You have already uploaded this exact file") == 1 and "to explain" in text
    assert len(service.list_submissions(opened, who(opened), mine=True)) == 1


def test_a_refusal_that_a_run_has_missed_is_told(
    page: AppTest, opened: service.Desk, again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: Any, **named: Any) -> Any:
        again()
        raise service.SubmissionRefusedError("This home takes such a file from nobody.")

    monkeypatch.setattr(uploading, "upload_file", refused)
    monkeypatch.setattr(service, "upload_file", refused)
    page.file_uploader[0].set_value(("third.xlsx", b"anything", "x/y")).run()
    assert "This home takes such a file from nobody." in said(page)
    assert not service.list_submissions(opened, who(opened), mine=True)
