"""Tests of the page that withdraws the current release: the same act as the command, after a confirmation."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.public.release_pages import ReleasePages
from pipelines.cli import main
from pipelines.core import i18n
from pipelines.core.home import Home, open_home
from pipelines.core.home_lock import hold_home_lock
from pipelines.core.i18n import tell
from pipelines.declarations.registry import load
from pipelines.ledger import audit_log
from pipelines.ledger.identity import Grant
from pipelines.ledger.opening import open_ledger
from pipelines.submissions.accounts import accounts
from pipelines.submissions.notices import releases as news
from pipelines.submissions.notices.queue import list_notices
from pipelines.submissions.notices.words import write_letter
from tests.support.fakes import ledger_fakes
from tests.support.kept_builds import build_kept
from tests.support.releases import publication_fixture as fixture
from tests.support.releases import release_fixture, two_editions
from tests.support.service import portal_fixture
from tests.support.service.office_client import Office, open_office

EARLIER, NEWER = two_editions.EARLIER, two_editions.NEWER
STEWARD = "secretariat"
ADDRESS = "/release-desk/rollback"
REASON = "The figures of one office <counted> cases as persons."
CONFIRM = f"Withdraw release {NEWER}"
COMMAND = ["release", "rollback", EARLIER, "--reason", REASON, "--as", STEWARD]


@pytest.fixture(scope="module")
def template(request: pytest.FixtureRequest) -> Home:
    """A home with two published releases, the accounts of the tests, and two accounts that want messages."""
    return open_home(build_kept(request, "home-of-rollback", _make_home) / "home")


def _make_home(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", fixture.FIRST_AT)
        home, engine = ledger_fakes.home_and_ledger(folder, portal_fixture.make_accounts)
        release_fixture.write_draft(home, EARLIER)
        release_fixture.publish_draft(home)
        two_editions.publish_newer(home)
        new = accounts.NewAccount("al-steward", "al-steward", (Grant("steward", "AL"),), issuer="x", subject="y")
        accounts.create_many(engine, [new], by="system")
        for account in ("al-approver", "mk-sender"):
            news.change_subscription(engine, account, is_wanted=True)
        engine.dispose()


@pytest.fixture
def office(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """The pages of a copy of the home."""
    home = fixture.use_copy(template, tmp_path / "home", monkeypatch)
    with open_office(home, monkeypatch) as opened:
        yield opened


@contextmanager
def held_by_another(home: Home) -> Iterator[None]:
    """Hold the lock of a home in another thread, as a refresh does."""
    is_held, may_end = threading.Event(), threading.Event()

    def hold_lock() -> None:
        with hold_home_lock(home, purpose="refresh"):
            is_held.set()
            may_end.wait(60)

    thread = threading.Thread(target=hold_lock)
    thread.start()
    assert is_held.wait(10)
    try:
        yield
    finally:
        may_end.set()
        thread.join()


def submit_reason(office: Office, reason: str = REASON, **values: str) -> Any:
    """Submit the form; return the confirmation, or the form with its errors."""
    return office.open(STEWARD, ADDRESS).submit_form("Continue", reason=reason, **values)


@pytest.mark.sampled(turn=4)
def test_release_desk_leads_to_the_page_that_says_what_happens(office: Office) -> None:
    desk = office.open(STEWARD, "/release-desk")
    assert f"Release {NEWER} is current." in desk.main
    page = desk.follow_link("Withdraw the current release")
    assert page.heading == "Withdraw the current release"
    for words in ("becomes current at once", "stays readable", "get an email", "gets a new number"):
        assert words in page.main, words
    [chosen] = page.find_elements("select[name=release] option")
    assert chosen.get("value") == EARLIER
    assert page.find_elements("textarea[name=reason][required]")


def test_confirmation_names_the_releases_and_nothing_is_done_before_it(office: Office) -> None:
    before = fixture.read_state(office.desk.home)
    page = submit_reason(office)
    assert page.heading == f"Make release {EARLIER} current again"
    assert f"Do you want to withdraw release {NEWER} and make release {EARLIER} current again?" in page.main
    assert page.list_buttons() == [CONFIRM]
    facts = dict(
        zip(
            [term.text_content() for term in page.find_elements("dl.rti-facts dt")],
            [term.text_content() for term in page.find_elements("dl.rti-facts dd")],
            strict=True,
        )
    )
    assert facts == {
        "Current now": NEWER, "Current afterwards": EARLIER, "Will be withdrawn": NEWER,
        "People who get an email": "2", "Public reason": REASON,
    }  # fmt: skip
    assert "<counted>" not in page.response.text
    assert fixture.read_state(office.desk.home) == before
    answer = page.follow_link("No, leave it as it is")
    assert answer.heading == "Withdraw the current release"


def test_steward_makes_the_earlier_release_current_and_back_again(office: Office) -> None:
    home = office.desk.home
    page = submit_reason(office).submit_form(CONFIRM)
    assert page.heading == "Release desk" and f"Release {EARLIER} is current again" in page.main
    assert fixture.find_current_name(home) == EARLIER
    assert f"Release {EARLIER} is current, because a newer one was withdrawn." in page.main
    assert (
        page.follow_link("Make a withdrawn release current again").heading == "Make a withdrawn release current again"
    )
    again = submit_reason(office)
    assert again.list_buttons() == [f"Make release {NEWER} current again"]
    assert "instead of release" in again.main and "No longer withdrawn" in again.main
    again.submit_form(f"Make release {NEWER} current again")
    assert fixture.find_current_name(home) == NEWER
    assert [line["release"] for line in fixture.read_journal(home)] == [EARLIER, NEWER, EARLIER, NEWER]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"reason": ""}, "Write the reason in at least 10 characters."),
        ({"reason": "  late    "}, "Write the reason in at least 10 characters."),
        ({"release": "2026-Q1"}, "Choose one of the releases in the list."),
        ({"release": NEWER}, "Choose one of the releases in the list."),
        ({"expected": "2026-Q2"}, f"Release {NEWER} has become current since you opened this page."),
    ],
)
def test_wrong_entries_are_named_and_change_nothing(office: Office, values: dict[str, str], words: str) -> None:
    before = fixture.read_state(office.desk.home)
    page = submit_reason(office, **values)
    assert page.status == 422 and any(words in error for error in page.errors), page.errors
    assert fixture.read_state(office.desk.home) == before


def test_damaged_release_cannot_become_current_and_the_page_says_what_to_do(office: Office) -> None:
    home = office.desk.home
    file = home.releases / EARLIER / "README.txt"
    file.chmod(0o644)
    file.write_text("changed", encoding="utf-8")
    page = submit_reason(office).submit_form(CONFIRM)
    assert page.status == 409 and f"The files of release {EARLIER} are not as they were published" in page.errors[0]
    assert "draft it again" not in page.main
    assert fixture.find_current_name(home) == NEWER


def test_reason_with_the_number_of_a_person_is_refused(office: Office) -> None:
    page = submit_reason(office, "The person 0101990710008 was counted twice.").submit_form(CONFIRM)
    assert page.status == 409 and "number of a person" in " ".join(page.errors)
    assert fixture.find_current_name(office.desk.home) == NEWER


@pytest.mark.parametrize("language", i18n.list_languages())
def test_busy_home_refuses_in_plain_words_of_each_language(office: Office, language: str) -> None:
    accounts.set_language(office.desk.engine, STEWARD, language, by=STEWARD)
    page = office.open(STEWARD, ADDRESS)
    assert page.heading == tell("Withdraw the current release", language)
    page = page.submit_form(tell("Continue", language), reason=REASON)
    before = fixture.read_state(office.desk.home)
    with held_by_another(office.desk.home):
        refused = page.submit_form(tell("Withdraw release {release}", language, release=NEWER))
    assert refused.status == 409
    text = tell(
        "Nothing was done, because a refresh or another act on releases is running at this moment. Wait a few minutes, "
        "then try again.",
        language,
    )
    assert refused.errors == [text] and "process" not in refused.main
    assert refused.find_elements("textarea")[0].text_content().strip() == REASON, "the reason is kept"
    assert fixture.read_state(office.desk.home) == before


@pytest.mark.parametrize("account", ["al-steward", "al-approver", "hr-sender", "xk-viewer", "nobody"])
def test_people_without_the_right_cannot_see_or_do_it(office: Office, account: str) -> None:
    before = fixture.read_state(office.desk.home)
    visitor = office.start_visit(account)
    assert visitor.open_page(ADDRESS).status == 403
    token = visitor.open_page("/account").find_elements("input[name=csrf]")[0].get("value")
    fields = {"release": EARLIER, "reason": REASON, "expected": NEWER, "confirmed": "1", "csrf": token}
    assert visitor.post_raw(ADDRESS, data=fields).status == 403
    assert "Withdraw the current release" not in visitor.open_page("/release-desk").text
    assert fixture.read_state(office.desk.home) == before


def test_confirmed_form_without_the_token_of_the_session_is_refused(office: Office) -> None:
    visitor = office.start_visit(STEWARD)
    fields = {"release": EARLIER, "reason": REASON, "expected": NEWER, "confirmed": "1"}
    assert visitor.post_raw(ADDRESS, data=fields).status == 403
    assert fixture.find_current_name(office.desk.home) == NEWER


def test_home_with_one_release_has_nothing_to_go_back_to(office: Office) -> None:
    home = office.desk.home
    (home.public / "publications.jsonl").write_text(
        "".join(f"{line}\n" for line in (home.public / "publications.jsonl").read_text().splitlines()[1:]), "utf-8"
    )
    page = office.open(STEWARD, ADDRESS)
    assert "There is no other release that could become current" in page.main and page.list_buttons() == []
    assert office.open(STEWARD, "/release-desk").find_links("Withdraw the current release") == []


def _describe_home(home: Home) -> dict[str, Any]:
    """Return all that a rollback leaves behind: files, ledger, letters, calendar, feeds and lists of changes."""
    client = TestClient(ReleasePages(PlainTextResponse("other", 404), lambda: home, "https://figures.example"))
    addresses = [f"/{lang}/releases.atom" for lang in ("en", "sq", "mk")]
    addresses += ["/en/calendar.ics", *(f"/releases/{NEWER}/changes.{ending}" for ending in ("csv", "json"))]
    answers = {address: client.get(address) for address in addresses}
    assert {answer.status_code for answer in answers.values()} == {200}
    engine = open_ledger(home)
    letters = [
        (notice.account_id, write_letter(notice, load(), "https://offices.example", demonstration=False))
        for notice in list_notices(engine)
        if notice.kind == "release"
    ]
    entries = audit_log.list_entries(engine)
    engine.dispose()
    state = fixture.read_state(home)
    state.pop("restricted/demonstration-accounts.txt", None)  # written when the pages of a demonstration start
    return {
        "state": state,
        "letters": letters,
        "audit": entries,
        **{address: answer.content for address, answer in answers.items()},
    }


def test_page_leaves_the_same_as_the_command(template: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_command = fixture.use_copy(template, tmp_path / "command", monkeypatch)
    assert main.main(COMMAND) == 0
    by_page = fixture.use_copy(template, tmp_path / "page", monkeypatch)
    with open_office(by_page, monkeypatch) as office:
        submit_reason(office).submit_form(CONFIRM)
    expected, by_page_left = _describe_home(by_command), _describe_home(by_page)
    assert {account for account, _ in by_page_left["letters"]} == {"al-approver", "mk-sender"}
    assert {letter.title for _, letter in by_page_left["letters"]} == {f"Release {EARLIER} is current again"}
    assert f"Release {NEWER} was withdrawn on".encode() in by_page_left["/en/releases.atom"]
    assert fixture.read_journal(by_page)[-1]["reason"] == REASON
    for name in expected:
        assert by_page_left[name] == expected[name], name
