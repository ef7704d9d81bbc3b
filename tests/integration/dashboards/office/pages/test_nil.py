"""Tests of the page "Nothing to report": choice, confirmation, and the resulting declaration."""

from __future__ import annotations

import re
from datetime import date

import pytest

from dashboards.office.pages import nil
from pipelines.ledger.identity import Grant
from pipelines.submissions import service
from pipelines.submissions.accounts import accounts
from tests.support.service.example_returns import get_identity
from tests.support.service.office_client import Document, Office

FORM = "BA_BRC-JUSTICE-1"
SENDER = "ba-brc-sender"
ASK, YES, NO = "There was nothing to report", "Yes, there was nothing: send it", "No, go back"


def list_own(office: Office, account: str = SENDER) -> list[service.SubmissionEntry]:
    """Return the submissions that an account has made."""
    return service.list_submissions(office.desk, get_identity(office.desk, account), mine=True)


def open_many(office: Office, monkeypatch: pytest.MonkeyPatch) -> Document:
    """Return the page of a sender with several open forms and periods."""
    monkeypatch.setenv("RTI_NOW", "2027-06-20T09:00:00Z")
    grants = [Grant("submitter", "MK")]
    accounts.create_account(
        office.desk.engine, "mk-many", "A sender", grants=grants, password="seven green boats", by="system"
    )
    return office.open("mk-many", "/nil")


def test_nil_return_is_confirmed_and_sent(office: Office) -> None:
    page = office.open(SENDER, "/nil")
    assert page.heading == "Nothing to report"
    confirmation = page.submit_form(ASK, comment="A quiet quarter.")
    assert "Once a second person has approved it, the next release publishes these zeros" in confirmation.main
    assert "Brčko District" in confirmation.main and "2026 Q3" in confirmation.main
    assert "A quiet quarter." in confirmation.main and not list_own(office), "not before it is confirmed"
    answer = confirmation.submit_form(YES)
    (declaration,) = list_own(office)
    assert declaration.row.kind == "nil" and declaration.state in ("sent", "checked")
    assert answer.address == f"/answer?id={declaration.submission_id}" and answer.result
    assert answer.response.history[-1].status_code == 303, "reloading the answer sends nothing again"
    assert "Nothing is open" in office.open(SENDER, "/nil").main


def test_nil_lists_a_period_that_has_only_a_draft(office: Office) -> None:
    draft = service.upload_nil(office.desk, get_identity(office.desk, SENDER), FORM, ["2026-Q3"], None)
    page = office.open(SENDER, "/nil")
    assert "Nothing is open" not in page.main and "There is a return for every period" not in page.main
    assert "1 period has only a draft" in page.main and ASK not in page.list_buttons()
    assert page.follow_link("2026 Q3").address == f"/answer?id={draft.submission_id}"


def test_nil_confirmation_keeps_the_comment_out_of_the_address(shared_office: Office) -> None:
    confirmation = shared_office.open(SENDER, "/nil").submit_form(ASK, comment="A quiet quarter.")
    assert confirmation.address == "/nil/confirm", "a comment never appears in an address"


def test_nil_without_a_period_is_refused_and_input_kept(shared_office: Office) -> None:
    page = shared_office.open(SENDER, "/nil").submit_form(ASK, period=[], comment="A quiet quarter.")
    assert page.status == 422 and page.errors == ["Choose at least one period first."]
    (link,) = page.find_elements("#errors a")
    assert link.get("href") == "#period" and page.find_elements("fieldset#period[aria-invalid=true]")
    assert page.find_elements("input[name=comment]")[0].get("value") == "A quiet quarter."
    assert not page.find_elements("input[name=period][checked]"), "the page says that nothing is chosen"
    assert not list_own(shared_office)


def test_nil_confirmation_returns_to_the_choice_and_keeps_input(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_many(office, monkeypatch)
    periods = [box.get("value") for box in page.find_elements("input[name=period]")]
    assert len(periods) > 1 and not page.find_elements("input[name=period][checked]")
    choice_page = page.submit_form(ASK, period=periods[:2], comment="A quiet year.").submit_form(NO)
    assert [box.get("value") for box in choice_page.find_elements("input[name=period][checked]")] == periods[:2]
    assert choice_page.find_elements("input[name=comment]")[0].get("value") == "A quiet year."
    assert not list_own(office, "mk-many")


def test_nil_form_is_chosen_by_address(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    page = open_many(office, monkeypatch)
    forms = [option.get("value") for option in page.find_elements("select[name=form] option")]
    assert len(forms) > 1
    chosen_page = page.submit_form("Show", form=forms[1])
    assert chosen_page.address == f"/nil?form={forms[1]}"
    assert chosen_page.find_elements("form[method=post] input[name=form]")[0].get("value") == forms[1]
    assert office.start_visit("mk-many").open_page("/nil?form=AL-JUSTICE-1&period=2020-Q1").main == page.main


@pytest.mark.parametrize("button", [ASK, YES])
@pytest.mark.parametrize(
    ("form", "period"),
    [(FORM, "2020-Q1"), (FORM, "x"), ("AL-JUSTICE-1", "2026-Q3"), ("MK-JUSTICE-1", "2026-Q3"), ("none", "2026-Q3")],
)
def test_nil_forged_form_or_period_declares_nothing(shared_office: Office, button: str, form: str, period: str) -> None:
    page = shared_office.open(SENDER, "/nil")
    if button == YES:
        page = page.submit_form(ASK)
    answer = page.submit_form(button, form=form, period=period)
    assert answer.status in (409, 422)
    assert answer.errors == ["There is already a return for one of these periods. Check your choice."]
    assert not list_own(shared_office)


def test_nil_period_reported_in_the_meantime_is_refused(office: Office) -> None:
    confirmation = office.open(SENDER, "/nil").submit_form(ASK)
    service.upload_nil(office.desk, get_identity(office.desk, SENDER), FORM, ["2026-Q3"])
    number = len(list_own(office))
    page = confirmation.submit_form(YES)
    assert page.status == 409 and "1 period has only a draft" in page.main and len(list_own(office)) == number


def test_nil_comment_that_is_too_long_is_refused_with_a_message(shared_office: Office) -> None:
    confirmation = shared_office.open(SENDER, "/nil").submit_form(ASK)
    page = confirmation.submit_form(YES, comment="x" * 20_000)
    assert page.status == 409 and len(page.errors) == 1 and not list_own(shared_office)


def test_nil_page_without_the_role_is_refused_in_the_readers_language(office: Office) -> None:
    accounts.set_language(office.desk.engine, "al-approver", "sr", by="al-approver")
    page = office.open("al-approver", "/nil")
    assert page.status == 403 and page.heading == "Немате приступ овој страници"
    words = "Немате улогу која је за то потребна. Затражите је од координатора секретаријата."
    assert words in page.main and not page.find_elements("#content form")


def test_nil_post_by_another_role_declares_nothing(shared_office: Office) -> None:
    visitor = shared_office.start_visit("al-approver")
    token = re.search(r'name="csrf" value="([^"]+)"', visitor.open_page("/account").response.text)
    assert token is not None
    fields = {"csrf": token[1], "form": FORM, "period": "2026-Q3"}
    assert visitor.post_raw("/nil/declare", data=fields).status == 403
    assert not list_own(shared_office, "al-approver")


def test_open_periods_are_those_without_a_return(shared_office: Office) -> None:
    from types import SimpleNamespace
    from typing import Any, cast

    context = cast(Any, SimpleNamespace(desk=shared_office.desk, who=get_identity(shared_office.desk, SENDER)))
    assert nil.open_periods(context) == {FORM: {"2026-Q3": date(2026, 11, 14)}}


def test_nil_shows_when_each_open_period_is_due(shared_office: Office) -> None:
    page = shared_office.open(SENDER, "/nil")
    assert "due on 2026-11-14, overdue by 6 days" in page.main


def test_nil_after_figures_shows_them_and_asks_for_an_explanation(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_many(office, monkeypatch)
    page = office.open("mk-many", "/nil?form=MK-JUSTICE-2&period=2026-Q4")
    confirmation = page.submit_form(ASK, period="2026-Q4")
    assert "Your last figures" in confirmation.main
    (table,) = confirmation.find_elements("#content table")
    rows = [[cell.text_content().strip() for cell in row] for row in table.cssselect("tbody tr")]
    assert 6 <= len(rows) <= 10 and all(row[2].split() == ["2026", "Q3"] for row in rows)
    answer = confirmation.submit_form(YES)
    assert "see below what you need to answer before you can send it" in answer.result
    assert "This return reports nothing for 2026 Q4." in answer.main
    group = str(answer.find_forms("Save this explanation")[0].fields["group"])
    text = "The register was moved and no case was open."
    answer = answer.submit_form(
        "Save this explanation", **{f"reason-{group}": "confirmed_with_source", f"text-{group}": text}
    )
    assert answer.submit_form("Send for approval").result.startswith("Sent.")
