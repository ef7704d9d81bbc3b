"""Tests of the actions on the page of a return: explain, send, decide, override."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dashboards.office.pages.answer.acts import ACTS
from pipelines.submissions import service
from tests.support.service import portal_fixture
from tests.support.service.example_returns import (
    approve_return,
    get_identity,
    send_return,
    upload_draft,
)

if TYPE_CHECKING:
    from tests.support.service.office_client import Document, Office

KEEP = "Save this explanation"
EXPLANATION = "Two large cases were reported in September."


def _state(office: Office, number: str) -> str:
    return service.get_submission(office.desk, get_identity(office.desk, "secretariat"), number).state


def _first_group(page: Document) -> str:
    """Return the id of the first group that can be explained."""
    return str(page.find_forms(KEEP)[0].fields["group"])


def _explain(page: Document, reason: str = "large_case", text: str = EXPLANATION) -> Document:
    group = _first_group(page)
    return page.submit_form(KEEP, **{f"reason-{group}": reason, f"text-{group}": text})


# -------------------------------------------------------------------------------------------------------- explanations


def test_warnings_are_explained_group_by_group_and_the_return_is_sent(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    assert "Send for approval" not in page.list_buttons()
    groups = [str(form.fields["group"]) for form in page.find_forms(KEEP)]
    assert len(groups) > 1
    while page.find_forms(KEEP):
        page = _explain(page)
        assert page.status == 200 and page.result.startswith("Saved. ")
        groups = groups[1:]
        assert [str(form.fields["group"]) for form in page.find_forms(KEEP)] == groups
        assert page.response.url.fragment == (groups[0] if groups else ""), "the page returns to the next group"
    assert page.result == "Saved. Every warning is explained."
    assert f"One large case: {EXPLANATION}" in page.main
    refused = page.submit_form("Send for approval")
    assert refused.status == 422 and refused.errors == ["Choose the reason for the revision first."]
    assert _state(office, number) == "checked"
    page = refused.submit_form("Send for approval", **{"send-reason": "late_data"})
    assert page.result == "Sent. Your receipt is below. Please keep it."
    assert "Sent, waiting for approval" in page.main and "rti receipt verify receipt-R" in page.main
    assert "Signature (Ed25519)" in page.main and "Approve" not in page.list_buttons()
    assert page.find_elements("#result")[0].get("autofocus") is not None
    assert not page.visitor.open_page(page.address).result, "shown once"
    _check_totals_of_receipt(page)


def _check_totals_of_receipt(page: Document) -> None:
    """Check that the control totals are in words, each under a heading of its own, and that no total is twice."""
    (table,) = (
        table
        for table in page.find_elements("#content table")
        if "Control totals" in table.cssselect("caption")[0].text_content()
    )
    headings = [cell.text_content().strip() for cell in table.cssselect("thead th")]
    assert headings == ["What", "Period", "Total", "Check sum: total and breakdowns together", "Figures", "Missing"]
    rows = [[cell.text_content().strip() for cell in row] for row in table.cssselect("tbody tr")]
    assert ["Reported · Persons · Trafficking in persons", "2026 Q3", "94", "282", "36", "0"] in rows
    assert len({(name, period) for name, period, *_ in rows}) == len(rows)
    names = list(dict.fromkeys(name for name, *_ in rows if name.endswith("Persons · Trafficking in persons")))
    stages = [names.index(f"{stage} · Persons · Trafficking in persons") for stage in ("Reported", "Indicted")]
    assert stages == sorted(stages), "in the order of the proceedings"
    codes = {"AL", "2026-Q3", "Quarter"}
    assert not [name for name, *_ in rows if codes & set(name.split(" · ")) or name[0].isdigit()]


def test_explanation_without_a_reason_is_refused_and_keeps_its_text(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    group = _first_group(page)
    refused = page.submit_form(KEEP, **{f"text-{group}": EXPLANATION})
    assert refused.status == 422 and refused.errors == ["Choose a reason first."]
    assert refused.find_elements("#errors a")[0].get("href") == f"#reason-{group}"
    assert refused.find_elements(f"#text-{group}")[0].text == EXPLANATION
    assert refused.find_elements(f"#reason-{group}")[0].get("aria-invalid") == "true"


def test_several_warnings_are_explained_in_one_event_or_none(office: Office) -> None:
    number, sender = upload_draft(office.desk), get_identity(office.desk, "al-sender")
    keys = tuple(key for key, _ in service.get_submission(office.desk, sender, number).open_warnings)
    assert len(keys) > 1
    with pytest.raises(service.TransitionError, match="has no warning ffff"):
        service.justify_warnings(office.desk, sender, number, (*keys, "ffff"), "large_case", EXPLANATION)
    assert len(service.get_submission(office.desk, sender, number).open_warnings) == len(keys)
    assert service.justify_warnings(office.desk, sender, number, keys, "large_case", EXPLANATION) == 0
    (event,) = [e for e in service.list_events(office.desk, sender, number) if e["action"] == "justify"]
    assert sorted(event["payload"]["findings"]) == sorted(keys)


def test_too_short_explanation_is_refused_with_a_message(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    group = _first_group(page)
    refused = _explain(page, text="yes")
    assert refused.status == 422 and "Write at least" in refused.errors[0]
    assert refused.find_elements("#errors a")[0].get("href") == f"#text-{group}"
    assert [o.get("value") for o in refused.find_elements(f"#reason-{group} option[selected]")] == ["large_case"]
    assert len(refused.find_forms(KEEP)) == len(page.find_forms(KEEP))


def test_explanation_of_a_group_that_is_no_longer_open_is_refused(office: Office) -> None:
    page = office.open("al-sender", "/answer", id=upload_draft(office.desk))
    _explain(page)
    second_attempt = _explain(page)
    assert second_attempt.status == 409 and second_attempt.errors


@pytest.mark.sampled(turn=6)
def test_earlier_explanation_is_offered_for_the_next_return(office: Office) -> None:
    approve_return(office.desk)
    changes = {**portal_fixture.UNUSUAL, "C9": 91, "D9": 90, "C8": 137, "D8": 128, "E33": 84, "E32": 102}
    number = upload_draft(office.desk, changes=changes)
    page = office.open("al-sender", "/answer", id=number)
    assert "You explained this before" in page.main
    assert "written on 2026-11-20, offered until 2027-11-20" in page.main
    sender = get_identity(office.desk, "al-sender")
    before = len(service.get_submission(office.desk, sender, number).open_warnings)
    page = page.submit_form("It is still true: use it again")
    assert page.result.startswith("Saved. ")
    assert len(service.get_submission(office.desk, sender, number).open_warnings) < before


# ------------------------------------------------------------------------------------------------------------ deciding


def test_return_is_approved_by_a_second_person_and_never_by_the_sender(office: Office) -> None:
    number = send_return(office.desk)
    sender_page = office.open("al-sender", "/answer", id=number)
    assert "Approve" not in sender_page.list_buttons() and "It is waiting for a second person" in sender_page.main
    page = office.open("al-approver", "/answer", id=number)
    assert f"One large case: {EXPLANATION}" in page.main
    refused = page.submit_form("Return to the sender")
    assert refused.status == 422 and refused.errors == ["Explain in the comment why you are returning it."]
    page = refused.submit_form("Approve")
    assert page.result == "Approved. It counts from the next update of the figures."
    assert _state(office, number) == "approved"
    second_attempt = refused.submit_form("Approve")
    assert second_attempt.status in (403, 409) and second_attempt.errors


def test_view_stays_the_same_after_a_decision(office: Office) -> None:
    number = send_return(office.desk)
    page = office.open("al-approver", "/answer", id=number, view="changes")
    page = page.submit_form("Approve", **{"decide-comment": "Compared"})
    assert page.address == f"/answer?id={number}&view=changes"
    assert "Compared" in page.main


def test_return_is_returned_to_its_sender_with_the_comment(office: Office) -> None:
    number = send_return(office.desk)
    page = office.open("al-approver", "/answer", id=number)
    page = page.submit_form("Return to the sender", **{"decide-comment": "Please look at C9 again."})
    assert page.result == "Returned to its sender with your comment."
    assert "You can send" not in page.main, "the approver does not send it"
    sender_page = office.open("al-sender", "/answer", id=number)
    assert "Please look at C9 again." in sender_page.main
    assert "No errors, and every warning is explained. You can send this return." in sender_page.main
    assert "It was returned to its sender" in sender_page.main and "nothing has been sent" not in sender_page.main


def test_steward_override_is_shown_with_its_comment(office: Office) -> None:
    number = send_return(office.desk)
    page = office.open("secretariat", "/answer", id=number)
    refused = page.submit_form("Approve by override")
    assert refused.status == 422 and refused.errors == ["Give a reason first. It is saved and shown."]
    assert refused.find_elements("details[open] #override-comment"), "the form with the error is open"
    page = refused.submit_form("Approve by override", **{"override-comment": "The approver is ill."})
    assert page.result == "Approved by override. Your comment is shown with it."
    sender_page = office.open("al-sender", "/answer", id=number)
    assert "Approved by override of the steward" in sender_page.main and "The approver is ill." in sender_page.main
    events = office.open("al-sender", "/answer", id=number, view="events")
    assert "by override of the steward" in events.main
    actors = [row.cssselect("td")[1].text_content() for row in events.find_elements("tbody tr")]
    assert {"Prosecution service: sender (al-sender)", "Secretariat: steward (secretariat)"} <= set(actors)
    assert "by Secretariat: steward (secretariat): The approver is ill." in sender_page.main


def test_approved_return_offers_replacement(office: Office) -> None:
    page = office.open("al-sender", "/answer", id=approve_return(office.desk))
    assert "Replace this return" in page.main
    assert page.find_links("Upload a corrected return") == ["/upload"]


# ------------------------------------------------------------------------------------------------------ forged requests


def test_act_on_a_return_of_another_office_is_refused(office: Office) -> None:
    number, visitor = send_return(office.desk), office.start_visit("mk-approver")
    token = visitor.open_page("/answer").find_elements("input[name=csrf]")[0].get("value")
    fields = {"csrf": token, "id": number, "decide-comment": "x", "override-comment": "x", "group": "g-0"}
    fields |= {"reason-g-0": "large_case", "text-g-0": EXPLANATION, "send-reason": "late_data"}
    fields |= {f"{form}-reason": "wrong_return" for form in ("withdraw", "request")}
    fields |= {f"{form}-comment": "The wrong year" for form in ("withdraw", "request")}
    for act in (*ACTS, "withdraw/confirm"):
        page = visitor.post_raw(f"/answer/{act}", data=fields)
        assert page.status == 403 and "third.xlsx" not in page.text and "Albania" not in page.main, act
        assert _state(office, number) == "sent", act


def test_act_without_the_role_is_refused_on_a_visible_return(office: Office) -> None:
    number, visitor = send_return(office.desk), office.start_visit("al-sender")
    token = visitor.open_page("/answer", id=number).find_elements("input[name=csrf]")[0].get("value")
    fields = {"csrf": token, "id": number, "override-comment": "x", "decide-comment": "x", "group": "g-0"}
    fields |= {"reason-g-0": "large_case", "text-g-0": EXPLANATION, "withdraw-reason": "no", "withdraw-comment": "x"}
    for act in ("approve", "return", "override", "explain", "explain-as-before", "withdraw"):
        page = visitor.post_raw(f"/answer/{act}", data=fields)
        assert page.status in (403, 409, 422) and page.errors, act
        assert _state(office, number) == "sent", act


def test_act_without_a_token_is_refused(office: Office) -> None:
    number = send_return(office.desk)
    page = office.start_visit("al-approver").post_raw("/answer/approve", data={"id": number})
    assert page.status == 403 and _state(office, number) == "sent"


def test_address_of_an_act_shows_the_page_when_opened(office: Office) -> None:
    page = office.open("al-sender", "/answer/send")
    assert (page.status, page.address) == (200, "/answer")


def test_explanation_can_be_changed_until_the_return_is_sent(office: Office) -> None:
    change = "Save the changed explanation"
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    group = _first_group(page)
    assert not page.find_forms(change) and "✔\xa0explained" not in page.find_elements("#summary")[0].text_content()
    page = _explain(page, reason="law_change")
    assert page.find_elements("#summary")[0].text_content().count("✔\xa0explained") == 1
    (form,) = page.find_forms(change)
    assert form.fields["group"] == group and form.fields[f"reason-{group}"] == "law_change"
    assert form.fields[f"text-{group}"].strip() == EXPLANATION
    refused = page.submit_form(change, **{f"text-{group}": "short"})
    assert refused.status == 422 and refused.find_elements(f"#{group} details[open] #text-{group}")
    correction = "One large case with several victims was closed."
    page = page.submit_form(change, **{f"reason-{group}": "large_case", f"text-{group}": correction})
    assert page.result.startswith("Saved. ") and f"One large case: {correction}" in page.main
    assert f": {EXPLANATION}" not in page.find_elements(f"#{group}")[0].text_content()
    while page.find_forms(KEEP):
        page = _explain(page)
    sent_page = page.submit_form("Send for approval", **{"send-reason": "late_data"})
    assert sent_page.result.startswith("Sent.") and "Change this explanation" not in sent_page.main


# ----------------------------------------------------------------------------------------------- before the decision


def test_approver_sees_replaced_return_changes_reason_and_note_before_deciding(office: Office) -> None:
    number, sender = upload_draft(office.desk), get_identity(office.desk, "al-sender")
    service.justify_warnings(office.desk, sender, number, None, "large_case", EXPLANATION)
    service.send_submission(office.desk, sender, number, reason="late_data", comment="Two files came late.")
    page = office.open("al-approver", "/answer", id=number)
    before = page.main[page.main.index("sent this return. If you approve it") : page.main.index("Comment (needed")]
    assert f"{portal_fixture.RETURN.name} (Published, 2026-" in before and "Both are kept." in before
    replaced = page.visitor.open_page(page.find_links(portal_fixture.RETURN.name)[0])
    assert replaced.status == 200 and portal_fixture.RETURN.name in replaced.main
    assert "Two files came late." in before and "Late data" in before
    assert "+80" in before
    assert page.follow_link("Show the changes").address == f"/answer?id={number}&view=changes"
    changes = office.open("al-approver", "/answer", id=number, view="changes")
    assert re.findall(r"\d+ figures changed\.", before) == re.findall(r"\d+ figures changed\.", changes.main)[:1]
    assert changes.main.count("Changes from the last accepted return, largest first") == 2, "heading and caption, once"
    assert "Two files came late." in office.open("secretariat", "/answer", id=number).main


def test_send_form_links_to_the_changes(office: Office) -> None:
    number, sender = upload_draft(office.desk), get_identity(office.desk, "al-sender")
    service.justify_warnings(office.desk, sender, number, None, "large_case", EXPLANATION)
    page = office.open("al-sender", "/answer", id=number)
    assert "Check the changes, and give a reason." in page.main and "changes below" not in page.main
    assert "figures changed" in page.follow_link("Show the changes").main


@pytest.mark.sampled(turn=1)
def test_draft_names_the_return_for_its_periods_that_waits_for_approval(office: Office) -> None:
    notice = "Another return for the same periods is sent and waits for approval"
    sent = send_return(office.desk)
    assert notice not in office.open("al-approver", "/answer", id=sent).main
    draft = upload_draft(office.desk, changes=portal_fixture.BROKEN)
    for account in ("al-sender", "secretariat"):
        page = office.open(account, "/answer", id=draft)
        (box,) = [box for box in page.find_elements("section") if notice in box.text_content()]
        assert [link.get("href") for link in box.cssselect("li a")] == [f"/answer?id={sent}"], account
    service.approve_submission(office.desk, get_identity(office.desk, "al-approver"), sent)
    assert notice not in office.open("al-sender", "/answer", id=draft).main
