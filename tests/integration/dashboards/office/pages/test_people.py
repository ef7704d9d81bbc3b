"""Tests of the page "People": accounts and roles, one-time passwords, sign-outs, and the audit log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.ledger import audit_log
from pipelines.ledger.identity import Grant, NotAllowedError
from pipelines.ledger.verification import verify_ledger
from pipelines.submissions.accounts import accounts, password_sign_in, tokens
from tests.support.service.example_returns import get_identity
from tests.support.service.office_client import Document, Office

PASSWORD = "seven green boats"
ONE_TIME = "#secret .rti-code"


@pytest.fixture
def steward(office: Office) -> Iterator[Office]:
    """The pages, with a steward of one territory only and an account there that has a password."""
    engine = office.desk.engine
    grants = [Grant("steward", "AL")]
    accounts.create_account(engine, "al-steward", "Steward", grants=grants, password=PASSWORD, by="system")
    grants = [Grant("submitter", "AL", "justice")]
    accounts.create_account(
        engine, "al-local", "A clerk", grants=grants, password=PASSWORD, must_change=False, by="system"
    )
    yield office


def read_one_time_password(page: Document) -> str:
    """Return the password in the answer, and check that it is shown once and stored nowhere."""
    (element,) = page.find_elements(ONE_TIME)
    answer = page.response
    text = str(element.text_content())
    assert answer.status_code == 200 and not answer.history and answer.headers["cache-control"] == "no-store"
    assert text not in str(answer.headers) and text not in str(answer.url)
    assert not [cookie for cookie in page.visitor.cookies.jar if text in str(cookie.value)]
    assert text not in page.visitor.open_page("/people").response.text, "shown once"
    return text


def read_words(element: Any) -> str:
    return " ".join(element.text_content().split())


def open_account(office: Office, account: str, by: str = "secretariat") -> Document:
    """Open the steward's page of the account to change."""
    return office.open(by, "/people").submit_form("Show", account=account)


# ------------------------------------------------------------------------------------------------------------ accounts


def test_people_lists_accounts_and_links_to_each(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/people")
    assert page.heading == "People" and page.status == 200
    rows = {
        row.cssselect("th a")[0].text_content(): row for row in page.find_elements("tbody tr") if row.cssselect("th a")
    }
    states = [badge.text_content() for badge in rows["al-sender"].cssselect(".rti-badge")]
    assert len(states) == 1 and "can sign in" in states[0]
    assert "may submit" in rows["al-sender"].text_content() and f"{len(rows)} accounts" in page.main
    chosen_page = page.follow_link("mk-sender")
    assert chosen_page.address == "/people?account=mk-sender"
    assert "Statistical office: sender (mk-sender)" in [h.text_content() for h in chosen_page.find_elements("h3")]
    assert not page.find_forms("Add this role"), "nothing is changed before an account is chosen"
    for name in ("role", "place", "what"):
        options = page.find_elements(f"#new-{name} option")
        assert options[0].get("value") == "" and not [option for option in options if option.get("selected")], (
            "nobody gets a right that the steward did not choose"
        )


def test_people_lists_the_accounts_of_one_office_with_their_addresses(office: Office) -> None:
    engine = office.desk.engine
    accounts.set_email(engine, "ba-brc-sender", "brc@office.example", by="secretariat")
    overdue = office.open("secretariat", "/board").follow_link("People: ")
    assert overdue.address == "/people?place=BA_BRC"
    assert overdue.find_elements("#shown-place option[selected]")[0].get("value") == "BA_BRC"
    rows = [read_words(row) for row in overdue.find_elements("tbody tr") if row.cssselect("th a")]
    [local] = [row for row in rows if "ba-brc-sender" in row]
    assert "Brčko District: sender" in local and "brc@office.example" in local
    assert overdue.find_links("brc@office.example") == ["mailto:brc@office.example"]
    assert not [row for row in rows if row.startswith(("al-", "mk-"))]
    general = [number for number, row in enumerate(rows) if "all territories" in row]
    assert general and min(general) > max(n for n, row in enumerate(rows) if "all territories" not in row)
    [caption] = [text for text in map(read_words, overdue.find_elements("caption")) if "accounts" in text]
    assert caption.startswith("Brčko District") and caption.endswith(f": {len(rows)} accounts")
    assert "not entered" in overdue.main
    whole = office.open("secretariat", "/people").submit_form("List accounts", place="BA")
    assert "ba-brc-sender" in whole.main and whole.address == "/people?place=BA"
    account = open_account(office, "ba-brc-sender")
    assert account.find_links("brc@office.example") and account.find_links("Create an account") == ["#create"]
    assert account.find_elements("#create") and account.find_elements("#audit") and account.find_elements("#change")


def test_people_steward_of_one_office_filters_only_its_places(steward: Office) -> None:
    page = steward.open("al-steward", "/people")
    assert [option.get("value") for option in page.find_elements("#shown-place option")] == ["", "AL"]
    assert steward.open("al-steward", "/people?place=MK").main == page.main, "a place of others is ignored"


def test_people_unknown_account_is_ignored(shared_office: Office) -> None:
    plain = shared_office.open("secretariat", "/people")
    assert shared_office.open("secretariat", "/people?account=nobody-here").main == plain.main


def test_people_steward_creates_an_account_with_a_role(office: Office) -> None:
    page = office.open("secretariat", "/people").submit_form(
        "Create this account",
        new="me-office-sender",
        name="Statistical office: sender",
        mail="office@example.org",
        language="cnr",
        role="submitter",
        place="ME",
        what="*",
    )
    assert "One-time password of me-office-sender: it is shown only once" in page.main
    password = read_one_time_password(page)
    attempt = password_sign_in.sign_in(office.desk.engine, "me-office-sender", password)
    assert attempt.outcome == "must_change"
    account = accounts.find_account(office.desk.engine, "me-office-sender")
    assert account is not None and (account.language, account.email) == ("cnr", "office@example.org")
    identity = get_identity(office.desk, "me-office-sender")
    assert identity.has_role("submitter", "ME", "justice") and not identity.has_role("submitter", "AL", "justice")


def test_people_account_of_a_provider_gets_no_password(office: Office) -> None:
    page = office.open("secretariat", "/people").submit_form(
        "Create this account", new="me-linked", name="Linked", issuer="https://id.example", subject="7f3a",
        role="viewer", place="ME", what="*",
    )  # fmt: skip
    assert page.result == "The account is created." and not page.find_elements(ONE_TIME)
    account = accounts.find_account(office.desk.engine, "me-linked")
    assert account is not None and (account.issuer, account.subject, account.has_password) == (
        "https://id.example",
        "7f3a",
        False,
    )
    assert not page.find_forms("Create a one-time password")


@pytest.mark.sampled(turn=6)
@pytest.mark.parametrize(
    ("values", "error", "field"),
    [
        ({"new": "al-sender"}, "There is an account al-sender already.", "new"),
        ({"new": "N!"}, "'N!' is not a valid account name; use 3 to 64 of a-z, 0-9, dot, hyphen, underscore.", "new"),
        ({"name": " "}, "Enter the account's name that people will see: the office's role.", "name"),
        ({"mail": "no address"}, "'no address' is not an email address.", "mail"),
        ({"issuer": "https://id.example"}, "A provider is named by its issuer (an address) and its own", "subject"),
        ({"subject": "7f3a"}, "A provider is named by its issuer (an address) and its own", "issuer"),
        ({"language": "English"}, "'English' is not a language code, such as en or sq.", "new-language"),
        ({"place": "ZZ"}, "Territory: Choose an option from the list.", "new-place"),
        ({"role": "emperor"}, "Role: Choose an option from the list.", "new-role"),
        ({"what": ""}, "What: Choose an option from the list.", "new-what"),
    ],
)
def test_people_invalid_new_account_is_refused_and_input_kept(
    shared_office: Office, values: dict[str, Any], error: str, field: str
) -> None:
    entered: dict[str, Any] = {
        "new": "me-office",
        "name": "Office",
        "mail": "",
        "subject": "",
        "role": "approver",
        "place": "ME",
        "what": "*",
    }
    page = shared_office.open("secretariat", "/people").submit_form("Create this account", **(entered | values))
    assert page.status == 422 and len(page.errors) == 1 and page.errors[0].startswith(error)
    assert [link.get("href") for link in page.find_elements("#errors a")] == [f"#{field}"]
    assert page.find_elements(f".rti-field-wrong #{field}[aria-describedby~={field}-error]")
    assert page.find_elements("input[name=new]")[0].get("value") == (entered | values)["new"]
    selected_roles = [option.get("value") for option in page.find_elements("#new-role option[selected]")]
    assert selected_roles == ([] if "role" in values else ["approver"])
    assert accounts.find_account(shared_office.desk.engine, "me-office") is None
    assert not page.find_elements(ONE_TIME)


def test_people_new_account_with_several_faults_has_all_of_them_named(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/people").submit_form(
        "Create this account", new="N!", name=" ", mail="no address", role="", place="ME", what="*"
    )
    links = [link.get("href") for link in page.find_elements("#errors a")]
    assert page.status == 422 and links == ["#new", "#name", "#mail", "#new-role"]


def test_people_role_is_given_and_removed(office: Office) -> None:
    account_page = open_account(office, "mk-approver")
    page_after_grant = account_page.submit_form("Add this role", role="viewer", place="AL", what="victims")
    assert page_after_grant.result == "Role added." and page_after_grant.address == "/people?account=mk-approver"
    assert "#" not in page_after_grant.response.history[-1].headers["location"], "the focus goes to the result"
    assert get_identity(office.desk, "mk-approver").has_role("viewer", "AL", "victims")
    question = page_after_grant.submit_form("Remove it", grant="approver MK *")
    assert "You are about to remove a role" in question.main and "approve" in question.main
    removed = question.submit_form("Yes, remove it")
    assert removed.result == "Role removed."
    assert get_identity(office.desk, "mk-approver").grants == (Grant("viewer", "AL", "victims"),)


@pytest.mark.parametrize(
    ("button", "values"),
    [
        ("Add this role", {"role": "emperor", "place": "AL", "what": "*"}),
        ("Add this role", {"place": "ZZ", "role": "viewer", "what": "*"}),
        ("Add this role", {"what": "figures", "role": "viewer", "place": "AL"}),
        ("Remove it", {"grant": "steward * *"}),
    ],
)
def test_people_role_that_is_not_offered_changes_nothing(
    shared_office: Office, button: str, values: dict[str, Any]
) -> None:
    before = get_identity(shared_office.desk, "mk-sender").grants
    page = open_account(shared_office, "mk-sender").submit_form(button, **values)
    assert page.status == 422 and len(page.errors) == 1
    name = next(iter(values))
    field = name if name == "grant" else f"grant-{name}"
    assert page.find_elements(f"#errors a[href='#{field}']") and page.find_elements(f".rti-field-wrong #{field}")
    assert get_identity(shared_office.desk, "mk-sender").grants == before


def test_people_each_choice_that_is_missing_has_its_error(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/people").submit_form(
        "Create this account", new="me-office", name="Office", role="", place="", what="*"
    )
    assert page.errors == ["Role: Choose an option from the list.", "Territory: Choose an option from the list."]
    assert {field.get("id") for field in page.find_elements("[aria-invalid]")} == {"new-role", "new-place"}


def test_people_account_is_disabled_and_enabled(office: Office) -> None:
    visitor = office.start_visit("mk-sender")
    issued = tokens.issue_token(office.desk.engine, get_identity(office.desk, "mk-sender"), "a program")
    question = open_account(office, "mk-sender").submit_form("Disable this account")
    assert "You are about to disable an account" in question.main and "mk-sender" in question.main
    assert visitor.open_page("/").status == 200, "not before it is confirmed"
    assert question.follow_link("No, leave it as it is").address == "/people?account=mk-sender"
    page = question.submit_form("Yes, disable it")
    assert page.result == "Disabled." and visitor.open_page("/", follow=False).status == 303
    with pytest.raises(NotAllowedError):
        tokens.verify_token(office.desk.engine, issued.text)
    assert page.submit_form("Enable this account: it can sign in again").result == "Enabled."
    assert visitor.open_page("/").status == 200


def test_people_one_time_password_replaces_the_old_one(steward: Office) -> None:
    visitor = steward.start_visit("al-local")
    page = open_account(steward, "al-local", by="al-steward").submit_form("Create a one-time password")
    page = page.submit_form("Yes, create a one-time password")
    password = read_one_time_password(page)
    assert "The old password no longer works." in page.main
    engine = steward.desk.engine
    assert password_sign_in.sign_in(engine, "al-local", PASSWORD).outcome == "wrong"
    assert password_sign_in.sign_in(engine, "al-local", password).outcome == "must_change"
    assert visitor.open_page("/", follow=False).status == 303, "it is signed out"


def test_people_account_of_a_provider_cannot_be_given_a_password(shared_office: Office) -> None:
    page = open_account(shared_office, "al-sender")
    assert not page.find_forms("Create a one-time password")
    token = page.find_elements("form[action='/people/grant'] input[name=csrf]")[0].get("value")
    answer = page.visitor.post_raw("/people/password", data={"csrf": token, "account": "al-sender"})
    account = accounts.find_account(shared_office.desk.engine, "al-sender")
    assert answer.status == 409 and account is not None and account.issuer and not answer.find_elements(ONE_TIME)


def test_people_person_is_signed_out_of_all_sessions(steward: Office) -> None:
    visitors = [steward.start_visit("al-local") for _ in range(2)]
    page = open_account(steward, "al-local", by="al-steward").submit_form("Sign this account out of 2 browsers")
    assert "You are about to sign an account out everywhere" in page.main and "al-local" in page.main
    assert all(visitor.open_page("/").status == 200 for visitor in visitors), "not before it is confirmed"
    page = page.submit_form("Yes, sign it out")
    assert page.result == "Signed out everywhere." and not page.find_forms("Sign this account out")
    for visitor in visitors:
        assert visitor.open_page("/", follow=False).status == 303
    entry = audit_log.list_entries(steward.desk.engine)[-1]
    assert (entry["actor"], entry["action"], entry["subject"]) == ("al-steward", "account.end_sessions", "al-local")


# -------------------------------------------------------------------------------------------------------------- rights


def test_people_steward_of_one_office_sees_only_its_accounts(steward: Office) -> None:
    page = steward.open("al-steward", "/people")
    listed = [link.text_content() for link in page.find_elements("tbody th a")]
    assert {"al-local", "al-sender"} <= set(listed) and all(name.startswith("al-") for name in listed)
    assert [option.get("value") for option in page.find_elements("#new-place option")] == ["", "AL"]
    assert not page.find_forms("Verify the whole chain now") and "Audit log" not in page.main
    assert steward.open("al-steward", "/people?account=mk-sender").main == page.main


@pytest.mark.parametrize("account", ["al-steward", "al-local"])
def test_people_posts_without_the_role_do_nothing(steward: Office, account: str) -> None:
    visitor, victim = steward.start_visit(account), steward.start_visit("mk-sender")
    head = audit_log.list_entries(steward.desk.engine)[-1]["seq"]
    token = re.search(r'name="csrf" value="([^"]+)"', visitor.open_page("/account").response.text)
    assert token is not None
    fields = {"csrf": token[1], "account": "mk-sender", "role": "viewer", "what": "*"}
    fields |= {"grant": "submitter MK *", "new": "al-new", "name": "New", "language": "en"}
    for action in ("grant", "revoke", "disable", "enable", "sign-out", "password", "verify", "create"):
        place = "MK" if action == "create" else "AL"
        answer = visitor.post_raw(f"/people/{action}", data=fields | {"place": place})
        assert answer.status in (403, 422) and not answer.find_elements(ONE_TIME), action
        assert audit_log.list_entries(steward.desk.engine)[-1]["seq"] == head, action
    assert victim.open_page("/").status == 200


def test_people_page_without_the_role_is_refused_in_the_readers_language(office: Office) -> None:
    accounts.set_language(office.desk.engine, "al-sender", "sr", by="al-sender")
    page = office.open("al-sender", "/people")
    assert page.status == 403 and page.heading == "Немате приступ овој страници"
    words = "Немате улогу која је за то потребна. Затражите је од координатора секретаријата."
    assert words in page.main and not page.find_elements("#content form")


# ----------------------------------------------------------------------------------------------------------- audit log


def test_people_steward_verifies_the_audit_log(office: Office) -> None:
    verification = verify_ledger(office.desk.engine, home=office.desk.home)
    page = office.open("secretariat", "/people")
    assert "entries, no fault" not in page.main, "only when it is asked for"
    good_page = page.submit_form("Verify the whole chain now")
    assert not verification.faults
    assert f"{verification.entries} entries, no fault" in good_page.main and good_page.find_elements(
        "#verdict.rti-box-good"
    )
    with office.desk.engine.begin() as connection:
        connection.execute(sa.text("drop trigger if exists audit_no_update"))
        connection.execute(sa.text("update audit set actor = 'somebody' where seq = 1"))
    faulty_page = good_page.submit_form("Verify the whole chain now")
    (box,) = faulty_page.find_elements("#verdict.rti-box-error")
    assert (
        "fault" in box.find("h3").text_content() and "1: " in box.text_content() and "no fault" not in faulty_page.main
    )


def test_people_audit_log_shows_its_newest_entries(office: Office) -> None:
    entries = audit_log.list_entries(office.desk.engine)
    page = office.open("secretariat", "/people")
    (table,) = [t for t in page.find_elements("table") if "newest first" in str(t.findtext("caption"))]
    assert table.findtext("caption") == f"The last 100 of {len(entries):,} entries, the newest first"
    rows = table.cssselect("tbody tr")
    assert [row.findtext("th") for row in rows] == [str(entry["seq"]) for entry in reversed(entries[-100:])]
    assert rows[0].cssselect("td")[-1].text_content() == entries[-1]["hash"][:12]


def test_people_has_unique_ids_labels_and_captions(steward: Office) -> None:
    page = open_account(steward, "al-local")
    identities = [element.get("id") for element in page.find_elements("[id]")]
    assert len(identities) == len(set(identities))
    labelled = {label.get("for") for label in page.find_elements("label")}
    controls = page.find_elements("input:not([type=hidden]), select, textarea")
    assert {control.get("id") for control in controls} <= labelled
    assert all(table.cssselect("caption") for table in page.find_elements("table"))
