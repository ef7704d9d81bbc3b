"""Tests of every page: who may open it, in which language, and what it never shows."""

from __future__ import annotations

import pytest

from dashboards.office.pages import PAGES
from pipelines.core import i18n
from pipelines.declarations import form_titles
from pipelines.ledger.identity import Identity
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from pipelines.submissions.timetable import names as timetable_names
from tests.support.service import portal_fixture
from tests.support.service.office_client import Office

PATHS = tuple(page.path for page in PAGES)
ACCOUNTS = ("al-sender", "al-approver", "xk-viewer", "secretariat", "nobody")


def get_identity(office: Office, account: str) -> Identity:
    """Return the identity of an account."""
    return accounts.get_identity(office.desk.engine, account)


def upload_draft(office: Office, changes: dict[str, str | int], name: str = "third.xlsx") -> str:
    """Upload a draft of the prosecution service and return its number."""
    sender = get_identity(office, "al-sender")
    uploaded = service.upload_file(office.desk, sender, portal_fixture.make_workbook(changes), name)
    assert uploaded.submission_id is not None
    return uploaded.submission_id


def send_return(office: Office) -> str:
    """Send a return for approval and return its number."""
    number, sender = upload_draft(office, dict(portal_fixture.UNUSUAL)), get_identity(office, "al-sender")
    service.justify_warnings(
        office.desk, sender, number, None, "large_case", "Two large cases were reported in September."
    )
    service.send_submission(office.desk, sender, number, reason="late_data")
    return number


@pytest.fixture(scope="module")
def two_returns(shared_office: Office) -> tuple[str, str]:
    """The numbers of a draft with errors and of a return that waits for approval."""
    return upload_draft(shared_office, dict(portal_fixture.BROKEN)), send_return(shared_office)


def test_every_page_opens_only_for_its_roles(shared_office: Office) -> None:
    for account in ACCOUNTS:
        visitor = shared_office.start_visit(account)
        for page in PAGES:
            document = visitor.open_page(page.path)
            is_open = page.is_offered_to(get_identity(shared_office, account)) and (account, page.path) != (
                "nobody",
                "/practice",
            )
            assert document.status == (200 if is_open else 403), (account, page.path)
            assert document.heading and "For offices" in document.text
            notice = "the returns, answers, assessments of the law, measures and accounts here are invented."
            assert f"Demonstration: {notice}" in document.text
            assert document.response.headers["cache-control"] == "no-store"
            listed = [link.get("href") for link in document.find_elements(".rti-nav a")]
            assert listed == [
                p.path for p in PAGES if p.is_listed and p.is_offered_to(get_identity(shared_office, account))
            ]


def test_list_of_pages_is_in_named_groups_without_empty_ones(shared_office: Office) -> None:
    titles = {}
    for account in ("secretariat", "nobody"):
        document = shared_office.open(account, "/account")
        groups = document.find_elements(".rti-nav ul ul")
        names = [document.find_elements(f"#{group.get('aria-labelledby')}")[0].text_content() for group in groups]
        assert all(group.cssselect("a") for group in groups), account
        titles[account] = names
    assert titles["secretariat"] == [
        "Reporting",
        "Figures and release",
        "Guidelines and cooperation",
        "People and settings",
    ]
    assert len(titles["nobody"]) == len(set(titles["nobody"])) and set(titles["nobody"]) <= set(titles["secretariat"])


def test_foot_has_the_contact_of_the_secretariat(shared_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Questions to" not in shared_office.open("al-sender", "/").text
    monkeypatch.setenv("RTI_CONTACT", "figures@secretariat.example")
    assert "Questions to: figures@secretariat.example" in shared_office.open("al-sender", "/").text


def test_page_that_is_not_listed_marks_the_page_that_leads_to_it(shared_office: Office) -> None:
    steward = get_identity(shared_office, "secretariat")
    unlisted = 0
    for page in PAGES:
        document = shared_office.open("secretariat", page.path)
        if not page.is_offered_to(steward) or document.address != page.path:
            continue  # the pages on treaties lead to the law unless their address names one
        unlisted += not page.is_listed
        marked = [
            (link.get("href"), link.get("aria-current")) for link in document.find_elements(".rti-nav [aria-current]")
        ]
        expected = (page.path, "page") if page.is_listed else (page.part_of, "true")
        # The own entry is below the address of the network.
        assert marked == [("/experts", "page") if page.path == "/experts/own" else expected], page.path
    assert unlisted == 3


def test_pages_show_nothing_before_signing_in(shared_office: Office) -> None:
    visitor = shared_office.start_visit(None)
    for path in PATHS:
        document = visitor.open_page(path)
        assert document.heading == "For offices: upload and follow returns", path
        assert "Albania" not in document.text and "Signed in" not in document.text


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "nobody"])
def test_no_page_shows_more_because_of_its_address(
    shared_office: Office, two_returns: tuple[str, str], account: str
) -> None:
    """Try every parameter that any page reads, and some that none does, on every page."""
    draft_number, sent_number = two_returns
    query = {
        "id": draft_number,
        "submission": sent_number,
        "view": "beside",
        "area": "AL",
        "territory": "AL",
        "jurisdiction": "AL",
    }
    query |= {"form": "AL-JUSTICE-1", "user": "secretariat", "role": "steward", "language": "sq", "file": "third.xlsx"}
    query |= {"account": "al-sender", "place": "AL", "period": "2026-Q3", "state": "sent", "upload": draft_number}
    query |= {"sheet": "0", "who": "AL"}
    visitor = shared_office.start_visit(account)
    for path in (*PATHS, "/answer/files/original", "/answer/files/annotated", "/answer/files/report", "/practice/file"):
        page = visitor.open_page(path, **query)
        html = page.response.text
        html = (
            html.partition("<main")[2] or html
        )  # the header repeats the address in the form that changes the language
        for private in ("third.xlsx", "PP_Trafikimi", "al-sender", "Prosecution service", sent_number):
            assert private not in html, (path, private)
        words = page.main if 'id="content"' in html else html
        for private in ("AL-JUSTICE-1", draft_number):
            assert private not in words, (path, private)


@pytest.mark.parametrize(
    ("path", "account"),
    [("/upload", "al-approver"), ("/approve", "al-sender"), ("/nil", "xk-viewer"), ("/people", "al-sender")],
)
def test_page_without_the_role_is_refused_in_the_readers_language(
    shared_office: Office, path: str, account: str
) -> None:
    with shared_office.use_language(account, "sr"):
        page = shared_office.open(account, path)
    assert (page.status, page.heading) == (403, "Немате приступ овој страници")
    assert "Немате улогу која је за то потребна. Затражите је од координатора секретаријата." in page.main
    assert not page.find_elements("#content form")


def test_language_chosen_in_the_header_is_saved_with_the_account(office: Office) -> None:
    visitor = office.start_visit("al-sender")
    page = visitor.open_page("/board?periods=8").submit_form("Change the language", language="sq")
    assert page.address == "/board?periods=8"
    assert page.tree.get("lang") == "sq"
    assert [o.get("value") for o in page.find_elements("#page-language option[selected]")] == ["sq"]
    assert get_identity(office, "al-sender").language == "sq"
    assert visitor.cookies["rti_language"] == "sq"


def test_language_changed_after_a_refused_form_returns_to_its_page(office: Office) -> None:
    number = upload_draft(office, dict(portal_fixture.UNUSUAL))
    refused = office.open("al-sender", "/answer", id=number).submit_form("Save this explanation")
    assert refused.status == 422
    assert refused.submit_form("Change the language", language="sq").address == f"/answer?id={number}&view=findings"


@pytest.mark.sampled(turn=2)
def test_every_page_is_translated_into_every_language(shared_office: Office) -> None:
    visitor = shared_office.start_visit("secretariat")
    titles: dict[str, set[str]] = {path: set() for path in PATHS}
    for language in i18n.list_languages():
        accounts.set_language(shared_office.desk.engine, "secretariat", language, by="secretariat")
        for path in PATHS:
            page = visitor.open_page(path)
            assert page.tree.get("lang") == i18n.html_lang(language), (path, language)
            titles[path].add(page.heading)
    accounts.set_language(shared_office.desk.engine, "secretariat", "en", by="secretariat")
    assert all(len(headings) >= 4 for headings in titles.values()), titles


def _list_english_names(office: Office) -> set[str]:
    """Return the English names of forms and offices."""
    registry = office.desk.registry
    declared = [part for territory in registry.territories.values() for part in territory.offices]
    names = {name.name for part in declared for name in part.names if name.language == "en"}
    return names | {form.title for form in registry.forms.values()}


_WITH_NAMES = [("secretariat", "/board"), ("ba-brc-sender", "/nil"), ("al-sender", "/templates")]
"""Accounts and pages that name forms and offices of territories with another language than Macedonian."""


@pytest.mark.parametrize(("account", "path"), [("mk-sender", "/nil"), ("al-sender", "/"), *_WITH_NAMES])
def test_names_of_forms_and_offices_are_in_the_language_of_the_page(
    shared_office: Office, account: str, path: str
) -> None:
    with shared_office.use_language(account, "mk"):
        page = shared_office.open(account, path)
    assert page.status == 200 and page.find_elements("#content [lang=en]") == []
    assert [name for name in _list_english_names(shared_office) if name in page.main] == []


@pytest.mark.parametrize(("account", "path"), _WITH_NAMES)
def test_names_without_a_translation_are_marked_as_english(
    shared_office: Office, account: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open pages with declarations that no catalogue has, such as those of a new territory."""
    for module in (form_titles, timetable_names):
        monkeypatch.setattr(module, "tell", lambda text, language, **params: text.format(**params))
    english = _list_english_names(shared_office)
    with shared_office.use_language(account, "mk"):
        page = shared_office.open(account, path)
    assert page.status == 200
    content = page.tree.get_element_by_id("content")
    marked = content.cssselect("[lang=en]")
    assert any(name in element.text_content() for name in english for element in marked)
    for element in marked:
        element.drop_tree()
    unmarked_text = content.text_content()
    assert [name for name in english if name in unmarked_text] == []


def test_unknown_language_and_foreign_return_address_are_ignored(office: Office) -> None:
    visitor = office.start_visit("al-sender")
    token = visitor.open_page("/").find_elements("input[name=csrf]")[0].get("value")
    for back in ("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"):
        answer = visitor.post_raw("/language", data={"csrf": token, "language": "xx", "back": back}, follow=False)
        assert answer.response.headers["location"] == "/"
    assert get_identity(office, "al-sender").language == "en"


def test_file_name_is_escaped(office: Office) -> None:
    name = "<b>third <img src=x onerror=alert(1)>.xlsx"
    number = upload_draft(office, dict(portal_fixture.UNUSUAL), name)
    for page in (office.open("al-sender", "/"), office.open("al-sender", "/answer", id=number)):
        assert "<b>third" not in page.response.text and "<img" not in page.response.text
        assert "<b>third" in page.main


def test_page_on_a_damaged_ledger_reports_damage_without_details(office: Office) -> None:
    visitor = office.start_visit("al-sender")
    office.desk.engine.dispose()
    (office.desk.home.restricted / "ledger.sqlite").write_bytes(b"x" * 100_000)
    page = visitor.open_page("/")
    assert (page.status, page.heading) in {(500, "Stored data is damaged"), (507, "Stored data is damaged")}
    assert "it must be restored from a backup" in page.main and "ledger.sqlite" not in page.response.text


def test_unexpected_fault_shows_a_reference_without_its_message(
    shared_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_value_error(*_: object, **__: object) -> None:
        raise ValueError("Ana Anić, 1990")

    monkeypatch.setattr(service, "submission_page", raise_value_error)
    page = shared_office.open("al-sender", "/")
    assert (page.status, page.heading) == (500, "Something went wrong")
    assert "Reference for the steward: " in page.main and "Ana" not in page.response.text


def test_result_of_an_action_is_shown_once_and_only_to_its_session(office: Office) -> None:
    visitor, other_visitor = office.start_visit("al-sender"), office.start_visit("al-sender")
    page = visitor.open_page("/practice").follow_link("Start again").submit_form("Yes, start again")
    assert page.result == "Practice starts again."
    assert visitor.open_page("/practice").result == ""
    question = visitor.open_page("/practice/reset")
    visitor.post_raw(
        "/practice/reset", data={"csrf": question.find_elements("input[name=csrf]")[0].get("value")}, follow=False
    )
    other_visitor.cookies.set("rti_result", visitor.cookies["rti_result"], domain="127.0.0.1", path="/")
    assert other_visitor.open_page("/").result == ""
    assert visitor.open_page("/").result == "Practice starts again."


def test_unknown_address_links_to_the_returns(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/nothing")
    assert (page.status, page.heading) == (404, "Page not found")
    assert page.follow_link("To the list of returns").heading == "Returns"
