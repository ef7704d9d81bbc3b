"""Tests of the submission board: scope, deadlines, links, and the calendar file."""

from __future__ import annotations

import pytest

from pipelines.core import clock
from pipelines.ledger.identity import Grant
from pipelines.refresh import embargo
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from tests.support.service import portal_fixture
from tests.support.service.example_returns import get_identity, send_return, upload_draft
from tests.support.service.office_client import Office

PASSWORD = "seven green boats"
UNSCR = "United Nations Security Council resolution 1244"


def test_board_shows_own_scope_and_overdue_returns_first(shared_office: Office) -> None:
    own_board = shared_office.open("al-sender", "/board").main
    assert (
        "General Prosecution Office (Albania)" in own_board
        and "Macedonia" not in own_board
        and "Nothing is overdue" in own_board
    )
    page = shared_office.open("secretariat", "/board")
    assert page.main.index("1 return is overdue") < page.main.index("Quarterly returns")
    assert "6 days after the due date, 2026-11-14" in page.main
    assert "Brčko" in page.main and "Kosovo under UNSCR 1244" in page.main and UNSCR in page.text


def test_board_says_what_each_person_can_do_about_an_overdue_return(office: Office) -> None:
    grants = [Grant("viewer", "BA_BRC")]
    accounts.create_account(office.desk.engine, "ba-viewer", "A viewer", grants=grants, password=PASSWORD, by="system")
    links: dict[str, list[str]] = {}
    for account in ("ba-brc-sender", "secretariat", "ba-viewer"):
        (box,) = office.open(account, "/board").find_elements("section.rti-box-error")
        links[account] = [link.get("href") for link in box.cssselect("a")]
        assert ("a late return still counts" in box.text_content()) is (account == "ba-brc-sender")
        assert ("Please ask them for it." in box.text_content()) is (account != "ba-brc-sender")
    assert links == {"ba-brc-sender": ["/upload", "/nil"], "secretariat": ["/people?place=BA_BRC"], "ba-viewer": []}


def test_board_explains_two_dates_and_what_is_never_published(shared_office: Office) -> None:
    page = shared_office.open("secretariat", "/board")
    heads = [head.text_content() for head in page.find_elements("table.rti-grid thead th")]
    years = [head for head in heads if head.startswith("2025") and " Q" not in head]
    assert years and all("2026-" in head for head in years), "an annual column has its due dates"
    assert ("Under some periods there are two dates" in page.main) is any(", " in head for head in heads)
    explanation = "Records of requests stay “approved”, because nothing from them is published."
    assert explanation in page.main
    assert explanation not in shared_office.open("mk-sender", "/board").main or "Records of requests" in page.main


def test_board_counts_one_day_after_the_due_date(shared_office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", "2026-11-15T09:00:00Z")
    assert "1 day after the due date, 2026-11-14" in shared_office.open("secretariat", "/board").main


def test_board_shows_footnote_of_a_territory_name(shared_office: Office) -> None:
    page = shared_office.open("xk-viewer", "/board")
    assert "(Kosovo under UNSCR 1244)*" in page.main and UNSCR in page.text


@pytest.mark.parametrize(("quarters", "expected"), [("4", 4), ("8", 8), ("12", 12), ("", 8), ("5", 8), ("x", 8)])
def test_board_shows_as_many_quarters_as_chosen(shared_office: Office, quarters: str, expected: int) -> None:
    page = shared_office.open("al-sender", "/board", quarters=quarters)
    assert page.status == 200
    columns = [cell.text_content() for cell in page.find_elements("table.rti-grid thead th")]
    assert len([column for column in columns if " Q" in column]) == expected
    assert columns[1] == "On time", "the oldest quarters may be outside a narrow page"
    assert page.find_elements(f"option[value='{expected}'][selected]")


def test_board_choice_of_quarters_is_a_form(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/board").submit_form("Show", quarters="4")
    assert page.address == "/board?quarters=4"


def test_board_state_links_to_the_return(shared_office: Office) -> None:
    visitor = shared_office.start_visit("al-sender")
    page = visitor.open_page("/board")
    (address, *_) = page.find_links("published")
    number = address.partition("/answer?id=")[2]
    entry = service.get_submission(shared_office.desk, get_identity(shared_office.desk, "al-sender"), number)
    assert entry.state == "published" and visitor.open_page(address).status == 200


def test_board_links_a_draft_only_for_people_who_work_on_it(office: Office) -> None:
    grants = [Grant("viewer", "AL", "justice")]
    accounts.create_account(office.desk.engine, "al-viewer", "A viewer", grants=grants, password=PASSWORD, by="system")
    draft = upload_draft(office.desk, changes=portal_fixture.BROKEN)
    assert set(office.open("al-approver", "/board").find_links("replacement: with findings")) == {f"/answer?id={draft}"}
    assert "replacement: " not in office.open("al-viewer", "/board").main, "nobody else sees a draft"
    number = send_return(office.desk)
    assert set(office.open("al-approver", "/board").find_links("replacement: sent")) == {f"/answer?id={number}"}
    seen_by_viewer = office.open("al-viewer", "/board")
    assert "replacement: sent" in seen_by_viewer.main and not seen_by_viewer.find_links("replacement: ")


def test_board_far_overdue_returns_are_folded_after_the_first_twelve(
    shared_office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_NOW", "2027-05-20T09:00:00Z")
    page = shared_office.open("secretariat", "/board")
    (box,) = page.find_elements("section.rti-box-error")
    total = int(box.find("h2").text_content().split()[0])
    (folded,) = box.cssselect("details")
    assert total > 12 and len(folded.cssselect("li")) == total - 12
    assert len(box.cssselect("li")) == total
    assert folded.cssselect("summary")[0].text_content() == f"{total - 12} more"


def test_board_calendar_holds_only_own_deadlines(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/board")
    assert page.find_links("Timetable for your calendar (ICS)") == ["/board/timetable.ics"]
    own_calendar = shared_office.open("al-sender", "/board/timetable.ics").response
    assert own_calendar.headers["content-type"].startswith("text/calendar")
    assert 'filename="timetable.ics"' in own_calendar.headers["content-disposition"]
    all_lines = shared_office.open("secretariat", "/board/timetable.ics").response.text.splitlines()
    own_lines = own_calendar.text.splitlines()
    assert own_lines[0] == "BEGIN:VCALENDAR" and 0 < own_lines.count("BEGIN:VEVENT") < all_lines.count("BEGIN:VEVENT")


def test_board_has_the_announced_day_of_the_next_release(office: Office) -> None:
    facts = office.open("al-sender", "/board").main
    assert "Next release (not announced yet)2027-03-16 (in 116 days)" in facts, "the third quarter is released"
    embargo.schedule_release(office.desk.home, "2026-Q4", clock.parse_time("2027-03-20T09:00:00Z"), actor="secretariat")
    facts = office.open("al-sender", "/board").main
    assert "Next release2027-03-20 09:00 UTC (in 120 days)" in facts and "not announced" not in facts
    events = office.open("al-sender", "/board/timetable.ics").response.text.split("BEGIN:VEVENT")
    releases = [event for event in events if "Release: " in event and "2026-Q4" in event]
    assert {event.partition("DTSTART;VALUE=DATE:")[2][:8] for event in releases} == {"20270320"}


def test_board_without_an_office_states_that_nothing_is_expected(shared_office: Office) -> None:
    page = shared_office.open("nobody", "/board")
    assert "No returns are due from your offices" in page.main and not page.find_elements("table")
