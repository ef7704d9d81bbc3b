"""Pages of the network of experts: search, counterpart, own and kept entries, messages, and the pages of a link."""

from __future__ import annotations

import email
import json
import re
from collections.abc import Iterator
from email.policy import default
from typing import Any

import pytest

from pipelines.core import i18n
from pipelines.ledger.database import open_read_transaction
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions.accounts import accounts
from pipelines.submissions.experts.store import select_rows
from pipelines.web import background_worker
from tests.support.fakes.ledger_fakes import home_and_ledger
from tests.support.service.office_client import Office, Visitor, open_office

NOW = "2026-10-05T09:00:00Z"
PEOPLE = {
    "al-keeper": (Grant("approver", "AL", "cooperation"),),
    "xk-expert": (Grant("viewer", "XK", "cooperation"),),
}
FIELDS = {
    "institution": "Special prosecution",
    "position": "Expert 1 of the office",
    "role": "prosecution",
    "languages": ["sq", "en"],
    "crimes": ["TIP"],
    "procedures": ["joint_team"],
    "address": "planted@al.example",
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The pages of an empty home with a keeper of Albania and an expert of Kosovo."""
    new = [accounts.NewAccount(name, name, grants, email=f"{name}@x.example") for name, grants in PEOPLE.items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", NOW)
        home, _ = home_and_ledger(
            tmp_path_factory.mktemp("experts"), lambda engine: accounts.create_many(engine, new, by=SYSTEM)
        )
        with open_office(home, patch) as opened:
            yield opened


def read_links(office: Office) -> list[str]:
    """Return the links of all letters, oldest first, after sending those that are due."""
    background_worker.ask_experts(office.desk.home, office.desk.engine)
    paths = sorted((office.desk.home.restricted / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    links = []
    for path in paths:
        body: Any = email.message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",))
        links += re.findall(r"/expert-link/[\w-]+", body.get_content())
    return links


@pytest.fixture(scope="module")
def link(office: Office) -> str:
    """Add an entry as the keeper, confirm it by its link, and return the link, which is used up."""
    page = office.open("al-keeper", "/experts/kept").submit_form("Save the entry", **FIELDS)
    assert "The entry is saved" in page.main and "not confirmed yet, not found by others" in page.main
    (address,) = read_links(office)
    page = Visitor(office.client).open_page(address)
    assert page.heading == "Is your entry correct?" and "Special prosecution" in page.main
    page = page.submit_form("The entry is correct")
    assert page.heading == "Thank you. The entry is confirmed."
    return address


def test_pages_are_offered_to_those_with_a_role_for_cooperation(office: Office) -> None:
    for address in ("/experts", "/experts/counterpart", "/experts/entry", "/experts/own", "/experts/kept"):
        assert office.open("al-sender", address).status == 403, address
    assert 'href="/experts"' not in office.open("al-sender", "/").response.text
    assert 'href="/experts"' in office.open("xk-expert", "/").response.text
    assert office.open("al-keeper", "/experts/log").status == 403


def test_entry_is_found_and_its_address_is_on_no_page(office: Office, link: str) -> None:
    visitor = office.start_visit("xk-expert")
    page = visitor.open_page("/experts").submit_form("Search", territory="AL", language="sq")
    assert len(page.find_elements("table tbody tr")) == 1
    entry = page.follow_link("Expert 1 of the office")
    assert "confirmed this quarter" in entry.main
    sent = entry.submit_form("Send the message", text="Could we speak about a joint team?")
    assert "Your message has been sent" in sent.main
    again = visitor.open_page(entry.address).submit_form("Send the message", text="short")
    assert again.status == 409 and again.errors
    assert not any("planted@" in document.response.text for document in (page, entry, sent, again))
    kept_page = office.open("al-keeper", "/experts/kept")
    assert "planted@" not in kept_page.follow_link("Expert 1 of the office").response.text
    nothing = visitor.open_page("/experts").submit_form("Search", language="hu")
    assert "No expert meets these criteria" in nothing.main


def test_message_needs_an_address_for_the_answer(office: Office, link: str) -> None:
    entry = office.open("xk-expert", "/experts").submit_form("Search", territory="AL").follow_link("Expert 1")
    accounts.set_email(office.desk.engine, "xk-expert", None, by="xk-expert")
    without = entry.visitor.open_page(entry.address)
    assert not without.find_forms("Send the message") and without.find_links("My account") == ["/account"]
    accounts.set_email(office.desk.engine, "xk-expert", "xk-expert@xk.example", by="xk-expert")
    assert entry.visitor.open_page(entry.address).find_forms("Send the message")


def test_counterpart_is_ranked_by_languages_in_common(office: Office, link: str) -> None:
    page = office.open("xk-expert", "/experts/counterpart")
    assert not page.find_elements("table")
    page = page.submit_form("Find a counterpart", **{"from": "XK", "territory": "AL", "crime": "TIP"}, language=["sq"])
    (row,) = page.find_elements("table tbody tr")
    assert "Shqip" in row.text_content() and "English" not in row.text_content()
    assert [e.get("value") for e in page.find_elements("input[name=language][checked]")] == ["sq"]
    smuggling = page.submit_form("Find a counterpart", **{"crime": "SOM"}, language=["sq"])
    assert "No expert meets these criteria" in smuggling.main


def test_own_entry_is_added_downloaded_and_erased(office: Office) -> None:
    visitor = office.start_visit("xk-expert")
    page = visitor.open_page("/experts/own")
    refused = page.submit_form("Save the entry", **{**FIELDS, "procedures": [], "address": "me@xk.example"})
    assert refused.status == 409 and "at least one language" in refused.text
    assert refused.wrong_fields == ["procedures"]
    assert refused.find_elements("#institution")[0].get("value") == "Special prosecution", "nothing entered is lost"
    page = visitor.open_page("/experts/own").submit_form("Save the entry", **{**FIELDS, "address": "me@xk.example"})
    assert "not confirmed yet, not found by others" in page.main and "1244" in page.text
    assert json.loads(visitor.open_page("/experts/own/data").response.content)["address"] == "me@xk.example"
    question = page.submit_form("Delete the entry")
    assert "cannot be restored" in question.main and FIELDS["position"] in question.main
    erased = question.submit_form("Delete the entry")
    assert "The entry is deleted" in erased.main and "Add an entry" in erased.main


def test_steward_sees_who_looked_up_what(office: Office, link: str) -> None:
    office.start_visit("xk-expert").open_page("/experts").submit_form("Search", crime="TIP", role="prosecution")
    page = office.open("secretariat", "/experts").follow_link("Searches of the network")
    rows = [row.text_content() for row in page.find_elements("table tbody tr")]
    office.start_visit("xk-expert").open_page("/experts").submit_form("Search").follow_link("Expert 1 of the office")
    office.open("al-keeper", "/experts/kept")
    page = office.open("secretariat", "/experts/log")
    assert "Figures and population of Serbia" not in page.text, "a footnote of a name that the page does not have"
    kinds = [row.findall("td")[1].text_content().strip() for row in page.find_elements("table tbody tr")]
    assert kinds[:3] == ["opened the list of entries kept by the account", "opened one entry", "search"]
    assert any("xk-expert" in row and "Crime: Trafficking in persons; Role: Prosecution" in row for row in rows)


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (lambda link: link, 410, "has been used"),
        (lambda link: link[:-3], 404, "not complete"),
        (lambda link: "/expert-link/" + "A" * 36, 404, "not complete"),
    ],
)
def test_link_that_opens_nothing_gets_a_plain_answer(
    office: Office, link: str, change: Any, status: int, words: str
) -> None:
    page = Visitor(office.client).open_page(change(link))
    assert (page.status, page.heading) == (status, "The link cannot be opened")
    assert words in page.main
    languages = page.find_elements("footer nav a[href^='?lang=']")
    assert len(languages) == len(i18n.list_languages()), "the link of a letter may be opened in a foreign browser"


def test_link_erases_only_with_the_box_and_a_form_of_its_page(office: Office, link: str) -> None:
    fields = {**FIELDS, "position": "Expert 2 of the office", "address": "second@al.example"}
    office.open("al-keeper", "/experts/kept").submit_form("Save the entry", **fields)
    second = read_links(office)[-1]
    visitor = Visitor(office.client)
    for address in ("/confirm", "/erase"):
        assert visitor.post_raw(second + address, data={"confirmed": "1"}).status == 409
    page = visitor.open_page(second)
    assert b"second@al.example" in visitor.open_page(second + "/data").response.content
    assert page.submit_form("Delete the entry").status == 409
    erased = visitor.open_page(second).submit_form("Delete the entry", confirmed="1")
    assert erased.heading == "The entry is deleted."
    assert visitor.open_page(second).status == 404


def test_nobody_writes_to_an_expert_who_has_not_confirmed(office: Office, link: str) -> None:
    fields = {**FIELDS, "position": "Expert 3 of the office", "address": "third@al.example"}
    office.open("al-keeper", "/experts/kept").submit_form("Save the entry", **fields)
    with open_read_transaction(office.desk.engine) as connection:
        entry = next(row for row in select_rows(connection) if row.address == "third@al.example").expert.expert_id
    page = office.open("al-keeper", f"/experts/entry?id={entry}")
    assert "has not confirmed this entry yet" in page.main and "two quarters" not in page.main
    assert not page.find_forms("Send the message")
    question = office.open("al-keeper", f"/experts/kept?id={entry}").submit_form("Delete the entry")
    assert "Expert 3 of the office" in question.main, "the question names the entry"
    assert "The entry is deleted" in question.submit_form("Delete the entry").main


def test_look_up_while_the_clock_is_set_back_shows_nothing_but_the_reason(
    office: Office, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = office.start_visit("xk-expert")
    monkeypatch.setenv("RTI_NOW", "2026-09-01T09:00:00Z")
    page = visitor.open_page("/experts", search="1")
    assert page.status == 409 and "The clock of this computer" in page.main
    assert "Expert 1 of the office" not in page.main


@pytest.mark.parametrize("language", i18n.list_languages())
def test_page_of_a_link_is_in_the_chosen_language(office: Office, link: str, language: str) -> None:
    page = Visitor(office.client).open_page(link, lang=language)
    assert page.tree.get("lang") == i18n.html_lang(language)
