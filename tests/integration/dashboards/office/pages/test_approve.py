"""Tests of the page "Approve": the returns that wait for a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.service.example_returns import send_return

if TYPE_CHECKING:
    from tests.support.service.office_client import Office


def test_approve_lists_returns_waiting_for_this_person(office: Office) -> None:
    number = send_return(office.desk)
    page = office.open("al-approver", "/approve")
    assert (page.status, page.heading) == (200, "Approve")
    assert "1 return is waiting for you" in page.main and page.find_links("Albania") == [f"/answer?id={number}"]
    assert page.follow_link("Albania").heading.startswith("Albania: Justice counts")


def test_approver_sees_control_totals_next_to_the_period_before(office: Office) -> None:
    number = send_return(office.desk)
    page = office.open("al-approver", "/answer", id=number)
    (table,) = [table for table in page.find_elements("table") if "Totals of 2026 Q3" in table.text_content()]
    rows = [[cell.text_content().strip() for cell in row] for row in table.cssselect("tbody tr")]
    assert 6 <= len(rows) <= 10 and all(row[2].split() == ["2026", "Q2"] for row in rows)
    for _, before, _, now, difference in rows:
        change = int(difference.replace("\N{MINUS SIGN}", "-"))
        assert int(now) - int(before) == change, "figures have no words and no separators"


def test_approve_without_returns_states_that_nothing_is_waiting(office: Office) -> None:
    page = office.open("al-approver", "/approve")
    assert "There is nothing for you to decide" in page.main and not page.find_links("Albania")


def test_approve_shows_the_steward_returns_waiting_for_others(office: Office) -> None:
    send_return(office.desk)
    page = office.open("secretariat", "/approve")
    assert "1 return is waiting for the approver of its office" in page.main


def test_approve_lists_own_returns_separately(office: Office) -> None:
    from pipelines.ledger.identity import Grant
    from pipelines.submissions.accounts import accounts

    accounts.grant_role(office.desk.engine, "al-sender", Grant("approver", "AL", "justice"), by="system")
    send_return(office.desk)
    page = office.open("al-sender", "/approve")
    assert "1 of your returns is waiting for a colleague" in page.main
    assert "There is nothing for you to decide" in page.main


def test_approve_is_refused_without_the_approver_role(office: Office) -> None:
    page = office.open("al-sender", "/approve")
    assert (page.status, page.heading) == (403, "You do not have access to this page")
