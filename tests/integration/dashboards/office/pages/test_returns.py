"""Tests of the page "Returns": tasks, filters, and the pages of the list."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from markupsafe import Markup

from dashboards.office.context import PageContext
from dashboards.office.pages import returns
from dashboards.office.words import format_periods
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from tests.support.service import portal_fixture
from tests.support.service.example_returns import approve_return, get_identity, send_return, upload_draft
from tests.support.service.office_client import Document, Office


def list_numbers(page: Document) -> list[str]:
    """Return the submissions of the page's table, in order."""
    return [link.get("href").partition("id=")[2] for link in page.find_elements("tbody th a")]


def list_rows(office: Office, page: Document) -> list[Any]:
    """Return the ledger's entries of the listed submissions, in order."""
    steward = get_identity(office.desk, "secretariat")
    return [service.get_submission(office.desk, steward, number) for number in list_numbers(page)]


def test_returns_list_without_returns_is_empty(shared_office: Office) -> None:
    page = shared_office.open("nobody", "/")
    assert page.status == 200 and page.heading == "Returns"
    assert "No return yet" in page.main and not page.find_elements("table")


def test_returns_list_links_to_older_and_newer_pages(shared_office: Office) -> None:
    with shared_office.desk.engine.connect() as connection:
        rows = connection.exec_driver_sql("select submission_id, received_at from submission").all()
    all_numbers = [row[0] for row in sorted(rows, key=lambda row: (row[1], row[0]), reverse=True)]
    newest = shared_office.open("secretariat", "/")
    assert newest.heading == "Returns", "a steward sees those of all offices"
    assert list_numbers(newest) == all_numbers[:50] and not newest.find_links("Newer returns")
    assert "50 returns on this page" in newest.main
    older = newest.follow_link("Older returns")
    assert list_numbers(older) == all_numbers[50:100]
    assert list_numbers(older.follow_link("Newer returns")) == all_numbers[:50]
    (navigation,) = newest.find_elements("nav.rti-pages")
    assert navigation.get("aria-label") == "Pages of this list"


def test_times_and_counts_of_findings_stay_on_one_line(shared_office: Office) -> None:
    upload_draft(shared_office.desk)
    page = shared_office.open("al-sender", "/")
    whole = {element.text_content() for element in page.find_elements("tbody .rti-whole")}
    assert {"2026-11-20 09:00 UTC", "2 warnings", "2 of them to explain"} <= whole


def test_returns_last_page_has_no_older_link(shared_office: Office) -> None:
    page, listed_numbers = shared_office.open("secretariat", "/", what="justice"), []
    while True:
        listed_numbers += list_numbers(page)
        if not page.find_links("Older returns"):
            break
        page = page.follow_link("Older returns")
    steward = get_identity(shared_office.desk, "secretariat")
    expected = service.list_submissions(shared_office.desk, steward)
    assert sorted(listed_numbers) == sorted(e.submission_id for e in expected if e.row.instrument == "justice")
    assert len(listed_numbers) > returns.PAGE


@pytest.mark.parametrize(
    ("name", "value"), [("territory", "MK"), ("period", "2026-Q1"), ("what", "register"), ("state", "published")]
)
def test_returns_filter_shows_only_matching_returns(shared_office: Office, name: str, value: str) -> None:
    page = shared_office.open("secretariat", "/").submit_form("Show", **cast(dict[str, Any], {name: value}))
    assert parse_qs(urlsplit(page.address).query)[name] == [value]
    entries = list_rows(shared_office, page)
    assert entries
    for entry in entries:
        pairs = {(block.jurisdiction, block.instrument, block.period) for block in entry.blocks}
        assert {
            "territory": any(place == value for place, _, _ in pairs),
            "period": any(period == value for _, _, period in pairs),
            "what": any(instrument == value for _, instrument, _ in pairs),
            "state": entry.state == value and not entry.is_replaced,
        }[name]
    assert page.find_elements(
        f"[name={name}] option[value='{value}'][selected], [name={name}][value='{value}'][checked]"
    )


def test_returns_filters_are_combined_and_kept_by_the_pager(shared_office: Office) -> None:
    page = shared_office.start_visit("secretariat").open_page("/?state=published&state=approved&what=justice")
    older = page.follow_link("Older returns")
    query = parse_qs(urlsplit(older.address).query)
    assert query["state"] == ["published", "approved"] and query["what"] == ["justice"] and query["before"]
    assert {entry.row.instrument for entry in list_rows(shared_office, older)} == {"justice"}
    narrowed = older.submit_form("Show", period="2026-Q1", territory="MK")
    query = parse_qs(urlsplit(narrowed.address).query)
    assert "before" not in query, "a changed filter starts at its first page"
    assert set(query["state"]) == {"published", "approved"} and query["what"] == ["justice"]
    (entry,) = list_rows(shared_office, narrowed)
    assert (entry.row.territory, entry.row.instrument) == ("MK", "justice")


def test_returns_filter_mine_shows_only_own_uploads(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/")
    assert len(list_numbers(page)) > 1
    assert list_numbers(page.submit_form("Show", mine="1")) == [number]
    assert list_numbers(office.open("al-approver", "/", mine="1")) == []


@pytest.mark.parametrize(
    "query",
    ["state=gone", "before=x", "after=y", "territory=ZZ", "period=1999-Q9", "what=nothing", "unknown=1", "before="],
)
def test_returns_unknown_filter_values_are_ignored(shared_office: Office, query: str) -> None:
    plain_page, filtered_page = (
        shared_office.open("secretariat", "/"),
        shared_office.start_visit("secretariat").open_page(f"/?{query}"),
    )
    assert filtered_page.status == 200 and list_numbers(filtered_page) == list_numbers(plain_page)


def test_returns_position_with_a_filter_of_another_office_shows_nothing_more(shared_office: Office) -> None:
    page = shared_office.start_visit("al-sender").open_page("/?territory=MK&what=victims")
    assert "MK" not in {entry.row.territory for entry in list_rows(shared_office, page)}


@pytest.mark.sampled(turn=6)
def test_returns_links_open_for_the_person_who_sees_them(office: Office) -> None:
    upload_draft(office.desk)
    visitor = office.start_visit("al-sender")
    page = visitor.open_page("/")
    addresses = set(page.find_links())
    assert any(address.startswith("/answer?id=") for address in addresses)
    for address in addresses:
        assert visitor.open_page(address).status == 200, address
    assert visitor.open_page("/returns").heading == "Returns", "notices of earlier versions link to this address"


@pytest.mark.sampled(turn=7)
def test_returns_tasks_list_five_drafts_and_count_the_others(office: Office) -> None:
    for number in range(7):
        upload_draft(office.desk, changes={"A1": f"Prokuroria {number}"}, name=f"draft-{number}.xlsx")
    (tasks,) = office.open("al-sender", "/").find_elements("section.rti-box-note")
    words = tasks.text_content()
    assert "Your tasks" in words and "and 2 more drafts" in words and words.count("draft-") == 5
    assert "Your tasks" not in office.open("al-approver", "/").main


def test_returns_task_of_a_draft_counts_its_findings(office: Office) -> None:
    upload_draft(office.desk)
    items = office.open("al-sender", "/").find_elements("section li")
    (task,) = [item for item in items if "third.xlsx" in item.text_content()]
    assert task.text_content().replace("\xa0", " ").endswith("2 warnings, 2 of them to explain")


def test_returns_tasks_link_to_returns_waiting_for_approval(office: Office) -> None:
    send_return(office.desk)
    page = office.open("al-approver", "/")
    assert page.find_links("1 return is waiting for your approval") == ["/approve"]
    assert "waiting for your approval" not in office.open("al-sender", "/").main


def test_returns_replaced_return_names_its_successor(office: Office) -> None:
    sender = get_identity(office.desk, "al-sender")
    submissions = [
        e for e in service.list_submissions(office.desk, sender) if e.row.filename == portal_fixture.RETURN.name
    ]
    (before,) = [e.submission_id for e in submissions if e.state in ("approved", "published")]
    number = approve_return(office.desk)
    successor = service.get_submission(office.desk, sender, number)
    assert successor.row.accepted_at is not None
    page = office.open("al-sender", "/")
    (row,) = [row for row in page.find_elements("tbody tr") if row.cssselect(f"th a[href='/answer?id={before}']")]
    (link,) = row.cssselect("td a")
    assert link.get("href") == f"/answer?id={number}"
    periods = format_periods((block.period for block in successor.blocks), "en")
    assert link.text_content() == f"{periods}: replaced by a later return on {successor.row.accepted_at[:10]}"
    words = row.text_content()
    assert number not in words, "a number that only the system uses"
    assert "Replaced" in words and "Approved" not in words and "Published" not in words


def test_returns_file_name_is_shown_as_text(office: Office) -> None:
    name = "<b>third [press](mailto:somebody@elsewhere.example).xlsx"
    upload_draft(office.desk, name=name)
    page = office.open("al-sender", "/")
    assert name in page.main and not page.find_elements("#content b") and "<b>third" not in page.response.text
    assert not [address for address in page.find_links() if "mailto" in address]


def test_returns_of_a_disabled_account_are_closed_at_the_next_request(office: Office) -> None:
    visitor = office.start_visit("al-sender")
    assert "PP_Trafikimi" in visitor.open_page("/").main
    accounts.disable_account(office.desk.engine, "al-sender", by="system")
    answer = visitor.open_page("/", follow=False)
    assert answer.status == 303 and answer.response.headers["location"] == "/sign-in"
    assert "PP_Trafikimi" not in answer.response.text


def test_returns_show_footnote_of_a_territory_name(shared_office: Office) -> None:
    page = shared_office.open("xk-viewer", "/")
    assert "Kosovo under UNSCR 1244*" in page.main
    assert "* " in page.text and "United Nations Security Council resolution 1244" in page.text


def test_tasks_name_an_overdue_return_until_it_is_sent(office: Office) -> None:
    page = office.open("ba-brc-sender", "/")
    assert "Your tasks" in page.main and "2026 Q3: 6 days after the due date, 2026-11-14" in page.main
    assert "a late return still counts" in page.main
    assert page.follow_link("Upload a return").status == page.follow_link("Nothing to report").status == 200
    sender = get_identity(office.desk, "ba-brc-sender")
    draft = service.upload_nil(office.desk, sender, "BA_BRC-JUSTICE-1", ["2026-Q3"], None).submission_id
    assert draft is not None
    page = office.open("ba-brc-sender", "/")
    assert "6 days after the due date" in page.main and "A draft does not count as a return." in page.main
    (task,) = [item for item in page.find_elements("section li") if "days after the due date" in item.text_content()]
    assert task.cssselect("a")[0].get("href") == f"/answer?id={draft}", "the state of an overdue draft leads to it"
    assert "a late return still counts" not in page.main
    service.justify_warnings(office.desk, sender, draft, None, "large_case", "There was nothing in this quarter.")
    service.send_submission(office.desk, sender, draft)
    assert "days after the due date" not in office.open("ba-brc-sender", "/").main


def test_tasks_of_people_who_do_not_submit_name_no_overdue_return(shared_office: Office) -> None:
    for account in ("al-approver", "secretariat", "xk-viewer"):
        assert "days after the due date" not in shared_office.open(account, "/").main


def test_tasks_name_a_requested_withdrawal_to_those_who_decide_on_it(office: Office) -> None:
    number = approve_return(office.desk)
    service.ask_withdrawal(
        office.desk, get_identity(office.desk, "al-sender"), number, "wrong_return", "This is the wrong year."
    )
    request = "1 request to withdraw a return is waiting for you"
    page = office.open("al-approver", "/")
    assert request in page.main and "Withdrawal requested" in page.main
    decisions = page.follow_link(request)
    assert decisions.address == "/approve" and "There is nothing for you to decide" not in decisions.main
    assert decisions.find_links("Albania") == [f"/answer?id={number}"]
    for account in ("al-sender", "secretariat", "mk-sender"):
        assert request not in office.open(account, "/").main


@pytest.mark.parametrize(
    ("errors", "warnings", "informations", "expected"),
    [
        (0, 0, 0, "No errors and no warnings."),
        (0, 0, 2, "No errors and no warnings."),
        (0, 1, 2, "1 warning, 1 of them to explain"),
        (2, 0, 0, "2 errors"),
    ],
)
def test_count_findings_counts_informations_as_findings(
    errors: int, warnings: int, informations: int, expected: str
) -> None:
    row = SimpleNamespace(errors=errors, warnings=warnings, informations=informations)
    entry = cast(service.SubmissionEntry, SimpleNamespace(row=row, open_warnings=("w",) * warnings))
    nothing = cast(Any, None)
    context = PageContext(nothing, nothing, "en", nothing, nothing)
    assert Markup(returns._count_findings(context, entry)).striptags() == expected
