"""What holds for every page: who may open it, in which language, and what it never shows."""

from __future__ import annotations

import pytest

from dashboards.office.pages import PAGES
from pipelines.core import i18n
from pipelines.ledger.identity import Identity
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from tests.support.service import portal_fixture
from tests.support.service.office_client import Office

PATHS = tuple(page.path for page in PAGES)
SHOWN = ("al-sender", "al-approver", "xk-viewer", "secretariat", "nobody")


def identity(office: Office, account: str) -> Identity:
    """The identity of an account."""
    return accounts.get_identity(office.desk.engine, account)


def hand_in(office: Office, changes: dict[str, str | int], name: str = "third.xlsx") -> str:
    """A draft of the prosecution service; returns its number."""
    who = identity(office, "al-sender")
    uploaded = service.upload_file(office.desk, who, portal_fixture.workbook(changes), name)
    assert uploaded.submission_id is not None
    return uploaded.submission_id


def send(office: Office) -> str:
    """A return that waits for approval; returns its number."""
    number, who = hand_in(office, dict(portal_fixture.UNUSUAL)), identity(office, "al-sender")
    service.justify_warnings(
        office.desk, who, number, None, "large_case", "Two large cases were reported in September."
    )
    service.send_submission(office.desk, who, number, reason="late_data")
    return number


def test_every_page_opens_for_every_role_or_says_why_not(office: Office) -> None:
    for account in SHOWN:
        visitor = office.visit(account)
        for page in PAGES:
            shown = visitor.get(page.path)
            is_open = page.is_offered_to(identity(office, account)) and (account, page.path) != ("nobody", "/practice")
            assert shown.status == (200 if is_open else 403), (account, page.path)
            assert shown.heading and "For offices" in shown.text
            assert "Demonstration: every return and every account here is invented." in shown.text
            assert shown.response.headers["cache-control"] == "no-store"
            listed = [link.get("href") for link in shown.select(".rti-nav a")]
            assert listed == [p.path for p in PAGES if p.listed and p.is_offered_to(identity(office, account))]


def test_nobody_sees_anything_before_signing_in(office: Office) -> None:
    visitor = office.visit(None)
    for path in PATHS:
        shown = visitor.get(path)
        assert shown.heading == "For offices: upload and follow returns", path
        assert "Albania" not in shown.text and "Signed in" not in shown.text


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "nobody"])
def test_no_page_shows_more_by_what_its_address_says(office: Office, account: str) -> None:
    """Every parameter that any page reads, and some that none does, on every page."""
    draft, sent = hand_in(office, dict(portal_fixture.BROKEN)), send(office)
    query = {"id": draft, "submission": sent, "view": "beside", "area": "AL", "territory": "AL", "jurisdiction": "AL"}
    query |= {"form": "AL-JUSTICE-1", "user": "secretariat", "role": "steward", "language": "sq", "file": "third.xlsx"}
    query |= {"account": "al-sender", "place": "AL", "period": "2026-Q3", "state": "sent", "upload": draft}
    visitor = office.visit(account)
    for path in (*PATHS, "/answer/files/original", "/answer/files/annotated", "/answer/files/report", "/practice/file"):
        shown = visitor.get(path, **query).response.text
        shown = shown.partition("<main")[2] or shown  # the head repeats the address, for the change of language
        for private in ("third.xlsx", "PP_Trafikimi", "al-sender", "Prosecution service", sent):
            assert private not in shown, (path, private)


@pytest.mark.parametrize(
    ("path", "account"),
    [("/upload", "al-approver"), ("/approve", "al-sender"), ("/nil", "xk-viewer"), ("/people", "al-sender")],
)
def test_page_of_another_role_says_so_in_the_persons_language(office: Office, path: str, account: str) -> None:
    accounts.set_language(office.desk.engine, account, "sr", by=account)
    shown = office.open(account, path)
    assert (shown.status, shown.heading) == (403, "Немате приступ овој страници")
    assert "Немате улогу која је за то потребна. Затражите је од координатора секретаријата." in shown.main
    assert not shown.select("#content form")


def test_language_is_chosen_in_the_head_and_kept_with_the_account(office: Office) -> None:
    visitor = office.visit("al-sender")
    page = visitor.get("/board?periods=8").submit("Change the language", language="sq")
    assert page.address == "/board?periods=8"
    assert page.tree.get("lang") == "sq"
    assert [o.get("value") for o in page.select("#page-language option[selected]")] == ["sq"]
    assert identity(office, "al-sender").language == "sq"
    assert visitor.cookies["rti_language"] == "sq"


def test_language_changed_after_a_refused_form_leads_back_to_its_page(office: Office) -> None:
    number = hand_in(office, dict(portal_fixture.UNUSUAL))
    refused = office.open("al-sender", "/answer", id=number).submit("Keep this explanation")
    assert refused.status == 422
    assert refused.submit("Change the language", language="sq").address == f"/answer?id={number}&view=findings"


def test_every_page_is_in_every_language(office: Office) -> None:
    visitor = office.visit("secretariat")
    titles: dict[str, set[str]] = {path: set() for path in PATHS}
    for language in i18n.list_languages():
        accounts.set_language(office.desk.engine, "secretariat", language, by="secretariat")
        for path in PATHS:
            shown = visitor.get(path)
            assert shown.tree.get("lang") == i18n.html_lang(language), (path, language)
            titles[path].add(shown.heading)
    accounts.set_language(office.desk.engine, "secretariat", "en", by="secretariat")
    assert all(len(found) >= 4 for found in titles.values()), titles


def test_language_that_is_none_and_address_elsewhere_are_not_taken(office: Office) -> None:
    visitor = office.visit("al-sender")
    token = visitor.get("/").select("input[name=csrf]")[0].get("value")
    for back in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        answer = visitor.post_raw("/language", data={"csrf": token, "language": "xx", "back": back}, follow=False)
        assert answer.response.headers["location"] == "/"
    assert identity(office, "al-sender").language == "en"


def test_file_name_is_shown_and_never_read_as_html(office: Office) -> None:
    name = "<b>third <img src=x onerror=alert(1)>.xlsx"
    number = hand_in(office, dict(portal_fixture.UNUSUAL), name)
    for shown in (office.open("al-sender", "/"), office.open("al-sender", "/answer", id=number)):
        assert "<b>third" not in shown.response.text and "<img" not in shown.response.text
        assert "<b>third" in shown.main


def test_page_on_a_damaged_ledger_says_so_and_quotes_nothing(office: Office) -> None:
    visitor = office.visit("al-sender")
    office.desk.engine.dispose()
    (office.desk.home.restricted / "ledger.sqlite").write_bytes(b"x" * 100_000)
    shown = visitor.get("/")
    assert (shown.status, shown.heading) in {(500, "Stored data is damaged"), (507, "Stored data is damaged")}
    assert "it must be restored from a backup" in shown.main and "ledger.sqlite" not in shown.response.text


def test_unexpected_fault_names_a_reference_and_quotes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("Ana Anić, 1990")

    monkeypatch.setattr(service, "submission_page", fail)
    shown = office.open("al-sender", "/")
    assert (shown.status, shown.heading) == (500, "Something went wrong")
    assert "Reference for the steward: " in shown.main and "Ana" not in shown.response.text


def test_result_of_an_action_is_shown_once_and_only_to_its_session(office: Office) -> None:
    visitor, other = office.visit("al-sender"), office.visit("al-sender")
    page = visitor.get("/practice").follow("Start again").submit("Yes, start again")
    assert page.result == "Practice starts again."
    assert visitor.get("/practice").result == ""
    question = visitor.get("/practice/reset")
    visitor.post_raw(
        "/practice/reset", data={"csrf": question.select("input[name=csrf]")[0].get("value")}, follow=False
    )
    other.cookies.set("rti_result", visitor.cookies["rti_result"], domain="127.0.0.1", path="/")
    assert other.get("/").result == ""
    assert visitor.get("/").result == "Practice starts again."


def test_address_of_no_page_leads_on(office: Office) -> None:
    shown = office.open("al-sender", "/nothing")
    assert (shown.status, shown.heading) == (404, "Page not found")
    assert shown.follow("To my returns").heading == "My returns"
