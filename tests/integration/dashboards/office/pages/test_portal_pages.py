"""Each page of the portal for each role, run without a browser on a copied demonstration home."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboards.office import layout
from pipelines.submissions import service
from tests.support.paths import ROOT
from tests.support.service import portal_fixture

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.identity import Identity

PAGES = (
    "returns",
    "upload",
    "answer",
    "approve",
    "board",
    "figures",
    "templates",
    "nil",
    "practice",
    "account",
    "people",
)
Run = Callable[..., AppTest]


@pytest.fixture
def opened(copied_home: Home) -> service.Desk:
    """The desk of a copied home, with the accounts of the tests."""
    layout._desk.clear()
    found = service.open_desk(copied_home)
    portal_fixture.make_accounts(found.engine)
    return found


@pytest.fixture
def run(opened: service.Desk) -> Iterator[Run]:
    """Open a page as somebody, with an address."""

    def open_page(page: str, account: str | None, **address: str) -> AppTest:
        layout.ask_for_claims(lambda: (portal_fixture.claims(account) if account else {}, ""))
        test = AppTest.from_file(str(ROOT / "dashboards" / "office" / "pages" / "navigation.py"), default_timeout=60)
        test._page_hash = calc_hash(page) if page != "returns" else ""
        for key, value in address.items():
            test.query_params[key] = value
        test.run()
        assert not test.exception, test.exception
        return test

    yield open_page
    layout.ask_for_claims(None)


def html(test: AppTest) -> str:
    """All HTML of the page as text."""
    return unescape("\n".join(str(element.proto.body) for element in test.get("html")))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("account", ["al-sender", "al-approver", "xk-viewer", "secretariat", "nobody"])
def test_every_page_runs_for_every_role(run: Run, page: str, account: str) -> None:
    test = run(page, account)
    assert len(test.title) == 1 and test.title[0].value
    assert "For offices" in html(test)
    assert "Demonstration: every return and every account here is invented." in html(test)


def names(test: AppTest) -> list[str]:
    """What the buttons of the page say."""
    return [button.label for button in test.button]


def handed_in(opened: service.Desk, account: str = "al-sender", **changes: str | int) -> str:
    """A draft of the prosecution service, uploaded at the desk; gives its number."""
    from pipelines.submissions.accounts import accounts

    who = accounts.get_identity(opened.engine, account)
    made = service.upload_file(opened, who, portal_fixture.workbook(changes or portal_fixture.UNUSUAL), "third.xlsx")
    assert made.submission_id is not None
    return made.submission_id


def sent(opened: service.Desk) -> str:
    """The same, explained and sent."""
    from pipelines.submissions.accounts import accounts

    number, who = handed_in(opened), accounts.get_identity(opened.engine, "al-sender")
    service.justify_warnings(opened, who, number, None, "large_case", "Two large cases were reported in September.")
    service.send_submission(opened, who, number, reason="late_data")
    return number


# --------------------------------------------------------------------------------------------------------- who may see


def test_nobody_sees_anything_before_signing_in(run: Run) -> None:
    test = run("returns", None)
    assert test.title[0].value == "For offices: upload and follow returns"
    assert names(test) == ["Sign in"]
    assert "Albania" not in html(test) and "Signed in" not in html(test)


def test_somebody_unknown_here_is_told_so_and_whom_to_ask(run: Run) -> None:
    test = run("returns", "a stranger")
    assert "You need an account" in test.title[0].value
    assert "ask the steward" in html(test) and "Albania" not in html(test)


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "nobody"])
def test_no_page_shows_more_by_what_its_address_says(run: Run, opened: service.Desk, account: str) -> None:
    """Every parameter that any page reads, and some that none does, on every page."""
    from dashboards.office.pages import PAGES as OFFERED

    assert tuple(page.path for page in OFFERED) == PAGES
    draft, asked = handed_in(opened, **portal_fixture.BROKEN), sent(opened)
    said = {"id": draft, "submission": asked, "view": "beside", "area": "AL", "territory": "AL", "jurisdiction": "AL"}
    said |= {"form": "AL-JUSTICE-1", "user": "secretariat", "role": "steward", "language": "sq", "file": "third.xlsx"}
    for page in PAGES:
        test = run(page, account, **said)
        shown = html(test) + str(names(test)) + str([box.options for box in test.selectbox])
        for private in ("third.xlsx", "PP_Trafikimi", "al-sender", "AL-JUSTICE-1", draft, asked):
            assert private not in shown, (page, private)


# -------------------------------------------------------------------------------------------------------------- answer


# ------------------------------------------------------------------------------------------------------------ deciding


def _who(opened: service.Desk, account: str) -> Identity:
    from pipelines.submissions.accounts import accounts

    return accounts.get_identity(opened.engine, account)


# --------------------------------------------------------------------------------------------------------- other pages


def test_an_upload_is_recognised_and_nothing_is_sent(run: Run, opened: service.Desk) -> None:
    test = run("upload", "al-sender")
    test.file_uploader[0].set_value(("third.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    assert not test.exception
    text = html(test)
    assert "This is what we read" in text and "AL-JUSTICE-1" in text and "Nothing has been sent." in text
    states = {
        one.row.filename: one.state for one in service.list_submissions(opened, _who(opened, "al-sender"), mine=True)
    }
    assert states == {"third.xlsx": "checked"}
    next(b for b in test.button if b.label.startswith("Yes, this is right")).click().run()
    assert not test.exception and "Albania: Justice counts" in test.title[0].value


def test_another_persons_run_meanwhile_does_not_take_the_way_to_the_answer(
    run: Run, opened: service.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages that one run offers are told while others run: a list for all of them was empty for a moment."""
    test = run("upload", "al-sender")
    test.file_uploader[0].set_value(("third.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    head = layout.show_header

    def beside(here: layout.PageContext) -> None:
        other = threading.Thread(target=layout.register_pages, args=({},))
        other.start()
        other.join()
        head(here)

    monkeypatch.setattr(layout, "show_header", beside)
    next(b for b in test.button if b.label.startswith("Yes, this is right")).click().run()
    assert not test.exception and "Albania: Justice counts" in test.title[0].value


def test_a_file_of_another_office_is_not_kept(run: Run, opened: service.Desk) -> None:
    test = run("upload", "mk-sender")
    test.file_uploader[0].set_value(("third.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    assert "Why it was not saved" in html(test)
    assert not service.list_submissions(opened, _who(opened, "mk-sender"), mine=True)


def test_practice_from_a_mistake_to_the_colleague(run: Run, opened: service.Desk) -> None:
    from pipelines.submissions.service import practice

    test = run("practice", "al-sender")
    assert "This is only for practice" in html(test)
    good = practice.make_practice_files()[0]
    test.file_uploader[0].set_value((good.name, good.data, "x/y")).run()
    next(b for b in test.button if b.label.startswith("Yes, this is right")).click().run()
    next(b for b in test.button if b.label == "Send for approval").click().run()
    next(b for b in test.button if b.label == "Let the colleague approve it").click().run()
    assert not test.exception
    assert any("The colleague has approved it" in one.value for one in test.success)
    assert not service.list_submissions(opened, _who(opened, "al-sender"), mine=True), (
        "nothing of it is in the real ledger"
    )


def test_practice_begins_anew_in_one_run_of_the_page(
    run: Run, opened: service.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two runs a file that is given goes to a drop area about to be replaced."""
    from dashboards.office.pages import practice as page
    from pipelines.submissions.service import practice

    test = run("practice", "al-sender")
    good = practice.make_practice_files()[0]
    test.file_uploader[0].set_value((good.name, good.data, "x/y")).run()
    before = test.file_uploader[0].id
    who = _who(opened, "al-sender")
    mine = practice.open(opened, who)
    assert len(service.list_submissions(mine, practice.make_practice_identity(mine, who))) == 1
    for answer, kept in (("No, keep it", 1), ("Yes, start again", 0)):
        next(b for b in test.button if b.label == "Start again").click().run()
        runs: list[int] = []
        real = page._show_overview
        monkeypatch.setattr(page, "_show_overview", lambda *a, real=real, runs=runs: (runs.append(1), real(*a)))
        next(b for b in test.button if b.label == answer).click().run()
        monkeypatch.setattr(page, "_show_overview", real)
        assert not test.exception and runs == [1], answer
        mine = practice.open(opened, who)
        assert len(service.list_submissions(mine, practice.make_practice_identity(mine, who))) == kept
        assert (test.file_uploader[0].id == before) == bool(kept), "an empty drop area where all began anew"
        assert answer not in names(test), "asked once"
    assert any("Practice starts again" in one.value for one in test.success)


@pytest.mark.parametrize(
    ("page", "account"),
    [("approve", "al-sender"), ("upload", "xk-viewer")],
)
def test_a_page_of_another_role_says_so_in_the_persons_language(
    run: Run, opened: service.Desk, page: str, account: str
) -> None:
    from pipelines.submissions.accounts import accounts

    accounts.set_language(opened.engine, account, "sr", by=account)
    test = run(page, account)
    assert [one.value for one in test.title] == ["Немате приступ овој страници"]
    words = "Немате улогу која је за то потребна. Затражите је од координатора секретаријата."
    assert [one.value for one in test.error] == [words]
    assert [box.label for box in test.selectbox] == ["Језик"] and not test.file_uploader


def test_the_language_is_chosen_in_the_head_and_kept(run: Run, opened: service.Desk) -> None:
    from pipelines.submissions.accounts import accounts

    test = run("returns", "al-sender")
    test.selectbox(key="head.language").set_value("sq").run()
    assert not test.exception
    assert accounts.get_identity(opened.engine, "al-sender").language == "sq"


def test_the_list_of_languages_says_the_right_one_in_every_run(run: Run, opened: service.Desk) -> None:
    """A run of which the browser hears nothing must not be the only one that told it."""
    from pipelines.core import i18n
    from pipelines.submissions.accounts import accounts

    accounts.set_language(opened.engine, "al-sender", "sq", by="al-sender")
    test = run("returns", "al-sender")
    for _ in range(2):
        assert test.selectbox[0].proto.default == list(i18n.language_names()).index("sq") != 0
        test.run()


def test_a_file_name_is_shown_and_never_read_as_a_page(run: Run, opened: service.Desk) -> None:
    name = "<b>third [press](mailto:somebody@elsewhere.example).xlsx"
    test = run("upload", "al-sender")
    test.file_uploader[0].set_value((name, portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    assert not test.exception
    (made,) = service.list_submissions(opened, _who(opened, "al-sender"), mine=True)
    for page, address in (("returns", {}), ("answer", {"id": made.submission_id})):
        shown = run(page, "al-sender", **address)
        raw = "\n".join(str(element.proto.body) for element in shown.get("html"))
        assert "<b>third" not in raw and "](mailto:somebody@elsewhere" in raw, "in HTML as text"
        told = [element.value for kind in (shown.title, shown.header, shown.markdown) for element in kind]
        assert not [text for text in told if re.search(r"(?<!\\)\]\(", text)], "in Markdown escaped"
    assert not [one.value for one in test.header if re.search(r"(?<!\\)\]\(", one.value)]


# --------------------------------------------------------------------------------------------------------- damaged data


def test_a_page_on_a_damaged_ledger_says_so_and_does_not_end_in_an_error(run: Run, opened: service.Desk) -> None:
    opened.engine.dispose()
    (opened.home.restricted / "ledger.sqlite").write_bytes(b"x" * 100_000)
    layout._desk.clear()
    test = run("returns", "al-sender")
    assert [one.value for one in test.title] == ["Stored data is damaged"]
    assert "it must be restored from a backup" in test.error[0].value


def _who(opened: service.Desk, account: str) -> Identity:
    from pipelines.submissions.accounts import accounts

    return accounts.get_identity(opened.engine, account)
