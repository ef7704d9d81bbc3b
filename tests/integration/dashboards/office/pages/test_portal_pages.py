"""Each page of the portal for each role, run without a browser on a copied demonstration home."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from html import unescape
from typing import TYPE_CHECKING

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboards.office import layout
from pipelines.submissions import service, store
from tests.support.paths import ROOT
from tests.support.service import portal_fixture

if TYPE_CHECKING:
    from pipelines.core.home import Home
    from pipelines.ledger.identity import Identity

PAGES = (
    "returns",
    "upload",
    "answer",
    "approve",
    "board",
    "figures",
    "templates",
    "nil",
    "practice",
    "account",
    "people",
)
Run = Callable[..., AppTest]


@pytest.fixture
def opened(copied_home: Home) -> service.Desk:
    """The desk of a copied home, with the accounts of the tests."""
    layout._desk.clear()
    found = service.open_desk(copied_home)
    portal_fixture.make_accounts(found.engine)
    return found


@pytest.fixture
def run(opened: service.Desk) -> Iterator[Run]:
    """Open a page as somebody, with an address."""

    def open_page(page: str, account: str | None, **address: str) -> AppTest:
        layout.ask_for_claims(lambda: (portal_fixture.claims(account) if account else {}, ""))
        test = AppTest.from_file(str(ROOT / "dashboards" / "office" / "pages" / "navigation.py"), default_timeout=60)
        test._page_hash = calc_hash(page) if page != "returns" else ""
        for key, value in address.items():
            test.query_params[key] = value
        test.run()
        assert not test.exception, test.exception
        return test

    yield open_page
    layout.ask_for_claims(None)


def html(test: AppTest) -> str:
    """All HTML of the page as text."""
    return unescape("\n".join(str(element.proto.body) for element in test.get("html")))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("account", ["al-sender", "al-approver", "xk-viewer", "secretariat", "nobody"])
def test_every_page_runs_for_every_role(run: Run, page: str, account: str) -> None:
    test = run(page, account)
    assert len(test.title) == 1 and test.title[0].value
    assert "For offices" in html(test)
    assert "Demonstration: every return and every account here is invented." in html(test)


def names(test: AppTest) -> list[str]:
    """What the buttons of the page say."""
    return [button.label for button in test.button]


def handed_in(opened: service.Desk, account: str = "al-sender", **changes: str | int) -> str:
    """A draft of the prosecution service, uploaded at the desk; gives its number."""
    from pipelines.submissions.accounts import accounts

    who = accounts.get_identity(opened.engine, account)
    made = service.upload_file(opened, who, portal_fixture.workbook(changes or portal_fixture.UNUSUAL), "third.xlsx")
    assert made.submission_id is not None
    return made.submission_id


def sent(opened: service.Desk) -> str:
    """The same, explained and sent."""
    from pipelines.submissions.accounts import accounts

    number, who = handed_in(opened), accounts.get_identity(opened.engine, "al-sender")
    service.justify_warnings(opened, who, number, None, "large_case", "Two large cases were reported in September.")
    service.send_submission(opened, who, number, reason="late_data")
    return number


# --------------------------------------------------------------------------------------------------------- who may see


def test_nobody_sees_anything_before_signing_in(run: Run) -> None:
    test = run("returns", None)
    assert test.title[0].value == "For offices: upload and follow returns"
    assert names(test) == ["Sign in"]
    assert "Albania" not in html(test) and "Signed in" not in html(test)


def test_somebody_unknown_here_is_told_so_and_whom_to_ask(run: Run) -> None:
    test = run("returns", "a stranger")
    assert "You need an account" in test.title[0].value
    assert "ask the steward" in html(test) and "Albania" not in html(test)


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "ba-brc-sender", "nobody"])
def test_a_forged_number_shows_nothing(run: Run, opened: service.Desk, account: str) -> None:
    number = handed_in(opened)
    there = run("answer", account, id=number)
    elsewhere = run("answer", account, id="S0123456789abcde")
    for test in (there, elsewhere):
        assert test.title[0].value == "You do not have access to this page"
        assert "third.xlsx" not in html(test) and "Albania" not in html(test)
    assert [e.value for e in there.error] == [e.value for e in elsewhere.error], "foreign and not there are told alike"


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "nobody"])
def test_no_page_shows_more_by_what_its_address_says(run: Run, opened: service.Desk, account: str) -> None:
    """Every parameter that any page reads, and some that none does, on every page."""
    from dashboards.office.pages import PAGES as OFFERED

    assert tuple(page.path for page in OFFERED) == PAGES
    draft, asked = handed_in(opened, **portal_fixture.BROKEN), sent(opened)
    said = {"id": draft, "submission": asked, "view": "beside", "area": "AL", "territory": "AL", "jurisdiction": "AL"}
    said |= {"form": "AL-JUSTICE-1", "user": "secretariat", "role": "steward", "language": "sq", "file": "third.xlsx"}
    for page in PAGES:
        test = run(page, account, **said)
        shown = html(test) + str(names(test)) + str([box.options for box in test.selectbox])
        for private in ("third.xlsx", "PP_Trafikimi", "al-sender", "AL-JUSTICE-1", draft, asked):
            assert private not in shown, (page, private)


def test_a_viewer_sees_no_draft_and_a_practice_number_opens_nothing_real(run: Run, opened: service.Desk) -> None:
    number = handed_in(opened)
    practice = run("practice", "al-sender", id=number)
    assert "third.xlsx" not in html(practice), "the practice desk knows no real return"
    assert any("This submission does not exist" in one.value for one in practice.error)


# -------------------------------------------------------------------------------------------------------------- answer


def test_an_answer_says_the_verdict_and_links_each_finding(run: Run, opened: service.Desk) -> None:
    test = run("answer", "al-sender", id=handed_in(opened, **portal_fixture.BROKEN))
    text = html(test)
    assert "You cannot send this return yet" in text and "No problems found" not in text
    links = set(re.findall(r'href="#((?:f|g)-[0-9a-f]+)"', text))
    anchors = set(re.findall(r' id="((?:f|g)-[0-9a-f]+)"', text))
    assert links and links <= anchors
    assert "Send for approval" not in names(test)
    assert "cell C9" in text and "dhjetë" in text


@pytest.mark.parametrize(
    ("view", "says"),
    [
        ("beside", ("Your sheet: Tremujori III", "Values we read", "Persona të referuar")),
        ("changes", ("figures changed", "changed", "+80")),
        ("quarters", ("Each value and the last 12 periods before it", "2025-Q4: ")),
        ("files", ()),
        ("events", ("Came in", "Checked")),
    ],
)
def test_each_part_of_an_answer(run: Run, opened: service.Desk, view: str, says: tuple[str, ...]) -> None:
    test = run("answer", "al-sender", id=handed_in(opened), view=view)
    for one in says:
        assert one in html(test), one
    if view == "files":
        labels = [button.proto.label for button in test.get("download_button")]
        assert "Your workbook with the findings in its cells" in labels and "Your file as you sent it" in labels


def test_earlier_periods_stand_one_measure_at_a_time(run: Run, opened: service.Desk) -> None:
    """All measures of this office at once made a page of 34,800 points."""
    test = run("answer", "al-sender", id=handed_in(opened), view="quarters")
    (measure,) = [box for box in test.selectbox if box.key == "quarters.measure"]
    rows = []
    for number in range(len(measure.options)):
        (measure,) = [box for box in test.selectbox if box.key == "quarters.measure"]
        text = html(measure.select_index(number).run())
        assert "Each value and the last 12 periods before it" in text
        rows.append(text.count('<th scope="row"'))
    assert len(rows) > 3 and max(rows) < sum(rows) / 3


def test_a_register_is_compared_in_counts_and_nobody_is_listed(run: Run, opened: service.Desk) -> None:
    lines = [line.split(";") for line in portal_fixture.register_lines()[2:]]
    indicted = sum(1 for line in lines[1:] if line[6])
    data = portal_fixture.register_without(2)
    number = service.upload_file(opened, _who(opened, "hr-sender"), data, "registar.csv").submission_id
    assert lines[0][6] == "Datum optužnice" and number is not None
    text = html(run("answer", "hr-sender", id=number, view="changes"))
    for one in ("2 events are gone.", "0 events are new.", "no person and no case is listed", f">{indicted}<"):
        assert one in text, one
    assert re.search(rf">{indicted}<.*>{indicted - 2}<.*>-2<", text)
    pseudonyms = {part for line in lines[1:] for part in line[1:3]}
    assert len(pseudonyms) > 100 and not [one for one in pseudonyms if one in text]
    assert run("answer", "al-sender", id=number, view="changes").title[0].value == "You do not have access to this page"


def test_a_warning_is_explained_and_then_the_return_can_be_sent(run: Run, opened: service.Desk) -> None:
    number = handed_in(opened)
    test = run("answer", "al-sender", id=number)
    assert "Send for approval" not in names(test)
    keep = next(b for b in test.button if b.label.startswith("Keep this explanation"))
    keep.click().run()
    assert any("Choose a reason first" in one.value for one in test.error)
    while any(b.label.startswith("Keep this explanation") for b in test.button):
        reason = next(s for s in test.selectbox if s.label.startswith("Reason: "))
        area = next(a for a in test.text_area if a.label.startswith("Explanation in words"))
        reason.set_value("large_case")
        area.set_value("Two large cases were reported in September.")
        next(b for b in test.button if b.label.startswith("Keep this explanation")).click()
        test.run()
        assert not test.exception
    next(b for b in test.button if b.label == "Send for approval").click().run()
    assert any("reason for the revision" in one.value for one in test.error), "it replaces an accepted return"
    next(s for s in test.selectbox if s.label == "Reason for the revision").set_value("late_data")
    next(b for b in test.button if b.label == "Send for approval").click().run()
    assert not test.exception
    text = html(test)
    assert "Sent, waiting for approval" in text and "rti receipt verify receipt-R" in text
    assert "Signature (Ed25519)" in text and "Approve" not in names(test)


def test_an_explanation_is_offered_again_the_next_time(run: Run, opened: service.Desk) -> None:
    number = sent(opened)
    service.approve_submission(opened, _who(opened, "al-approver"), number)
    again = handed_in(
        opened, **{**portal_fixture.UNUSUAL, "C9": 91, "D9": 90, "C8": 137, "D8": 128, "E33": 84, "E32": 102}
    )
    test = run("answer", "al-sender", id=again)
    assert "You explained this before" in html(test)
    assert "written on 2026-11-20, offered until 2027-11-20" in html(test)
    before = len(service.get_submission(opened, _who(opened, "al-sender"), again).open_warnings)
    next(b for b in test.button if b.label == "It is still true: use it again").click().run()
    assert not test.exception
    assert len(service.get_submission(opened, _who(opened, "al-sender"), again).open_warnings) < before


@pytest.mark.slow
def test_every_form_has_its_answer_in_every_part(run: Run, opened: service.Desk) -> None:
    who = _who(opened, "secretariat")
    newest = {
        one.row.form: one.submission_id for one in reversed(service.list_submissions(opened, who)) if one.row.form
    }
    assert len(newest) > 15
    for form, number in newest.items():
        for view in ("findings", "beside", "changes", "quarters", "files", "events"):
            test = run("answer", "secretariat", id=number, view=view)
            assert test.title[0].value != "You do not have access to this page", form


def test_too_few_words_are_refused_in_words(run: Run, opened: service.Desk) -> None:
    test = run("answer", "al-sender", id=handed_in(opened))
    next(s for s in test.selectbox if s.label.startswith("Reason: ")).set_value("large_case")
    next(a for a in test.text_area if a.label.startswith("Explanation")).set_value("yes")
    next(b for b in test.button if b.label.startswith("Keep this")).click().run()
    assert test.error and not test.exception


# ------------------------------------------------------------------------------------------------------------ deciding


def test_a_second_person_approves_and_never_the_sender(run: Run, opened: service.Desk) -> None:
    number = sent(opened)
    assert "Approve" not in names(run("answer", "al-sender", id=number))
    waiting = html(run("approve", "al-approver"))
    assert "1 return is waiting for you" in waiting and number in waiting
    test = run("answer", "al-approver", id=number)
    assert "One large case: Two large cases were reported in September." in html(test)
    next(b for b in test.button if b.label == "Return to its sender").click().run()
    assert any("why you return it" in one.value for one in test.error)
    next(b for b in test.button if b.label == "Approve").click().run()
    assert any("Approved" in one.value for one in test.success)
    assert service.get_submission(opened, _who(opened, "al-approver"), number).state == "approved"


def test_a_replaced_return_no_longer_says_that_it_counts(run: Run, opened: service.Desk) -> None:
    number, who = sent(opened), _who(opened, "al-sender")
    held = [e for e in service.list_submissions(opened, who) if e.row.filename == portal_fixture.RETURN.name]
    (before,) = [e.submission_id for e in held if e.state in ("approved", "published")]
    assert "Replaced" not in html(run("answer", "al-sender", id=before))
    service.approve_submission(opened, _who(opened, "al-approver"), number)
    later = service.get_submission(opened, who, number)
    assert later.row.accepted_at is not None
    said = f'href="answer?id={number}" target="_self">by {number} since {later.row.accepted_at[:10]}</a>'
    answer = html(run("answer", "al-sender", id=before))
    assert "Replaced: a later return counts instead" in answer and said in answer
    listed = re.findall(r"<tr>.*?</tr>", html(run("returns", "al-sender")), flags=re.DOTALL)
    (row,) = [row for row in listed if f'href="answer?id={before}"' in row and "<th" in row and said in row]
    assert "Replaced" in row and "Approved" not in row and "Published" not in row


def test_a_return_goes_back_with_its_comment(run: Run, opened: service.Desk) -> None:
    number = sent(opened)
    test = run("answer", "al-approver", id=number)
    next(a for a in test.text_area if a.label.startswith("Comment")).set_value("Please look at C9 again.")
    next(b for b in test.button if b.label == "Return to its sender").click().run()
    assert not test.exception
    assert "Please look at C9 again." in html(run("answer", "al-sender", id=number))


def test_a_steward_overrides_with_a_comment_that_stays(run: Run, opened: service.Desk) -> None:
    number = sent(opened)
    test = run("answer", "secretariat", id=number)
    next(b for b in test.button if b.label == "Approve by override").click().run()
    assert any("Give a reason first" in one.value for one in test.error)
    next(a for a in test.text_area if a.label.startswith("Why it cannot wait")).set_value("The approver is ill.")
    next(b for b in test.button if b.label == "Approve by override").click().run()
    assert not test.exception
    later = html(run("answer", "al-sender", id=number))
    assert "Approved by override of the steward" in later and "The approver is ill." in later


def test_withdrawing_asks_twice_and_says_what_follows(run: Run, opened: service.Desk) -> None:
    number = handed_in(opened)
    test = run("answer", "al-sender", id=number)
    next(s for s in test.selectbox if s.label == "Reason for the withdrawal").set_value("wrong_return")
    next(t for t in test.text_input if t.label == "In words").set_value("The wrong year")
    next(b for b in test.button if b.label == "Withdraw").click().run()
    assert "Withdraw this return?" in html(test)
    assert service.get_submission(opened, _who(opened, "al-sender"), number).state == "checked", "not yet"
    next(b for b in test.button if b.label == "Yes, withdraw it").click().run()
    assert service.get_submission(opened, _who(opened, "al-sender"), number).state == "withdrawn"


def test_what_counts_is_withdrawn_by_a_second_person(run: Run, opened: service.Desk) -> None:
    number = sent(opened)
    service.approve_submission(opened, _who(opened, "al-approver"), number)
    test = run("answer", "al-sender", id=number)
    assert not [b for b in test.button if b.label == "Withdraw"]
    ask = "Request the withdrawal"
    next(b for b in test.button if b.label == ask).click().run()
    assert any("Choose a reason" in one.value for one in test.error)
    next(s for s in test.selectbox if s.label == "Reason for the withdrawal").set_value("wrong_return")
    next(t for t in test.text_input if t.label == "In words").set_value("The wrong year")
    next(b for b in test.button if b.label == ask).click().run()
    assert not test.exception
    later = run("answer", "al-sender", id=number)
    assert "A withdrawal has been requested" in html(later) and "The wrong year" in html(later)
    assert not [b for b in later.button if b.label in (ask, "Withdraw")]
    steward = run("answer", "secretariat", id=number)
    assert "A withdrawal has been requested" in html(steward)
    assert [e.label for e in steward.expander if "ithdraw" in e.label] == ["Withdraw by override as steward"]
    test = run("answer", "al-approver", id=number)
    assert "The wrong year" in html(test)
    next(s for s in test.selectbox if s.label == "Reason for the withdrawal").set_value("wrong_return")
    next(t for t in test.text_input if t.label == "In words").set_value("Indeed")
    next(b for b in test.button if b.label == "Withdraw").click().run()
    next(b for b in test.button if b.label == "Yes, withdraw it").click().run()
    assert service.get_submission(opened, _who(opened, "al-sender"), number).state == "withdrawn"
    assert "Withdrawal requested" in html(run("answer", "al-sender", id=number, view="events"))


def _who(opened: service.Desk, account: str) -> Identity:
    from pipelines.submissions.accounts import accounts

    return accounts.get_identity(opened.engine, account)


# --------------------------------------------------------------------------------------------------------- other pages


def test_an_upload_is_recognised_and_nothing_is_sent(run: Run, opened: service.Desk) -> None:
    test = run("upload", "al-sender")
    test.file_uploader[0].set_value(("third.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    assert not test.exception
    text = html(test)
    assert "This is what we read" in text and "AL-JUSTICE-1" in text and "Nothing has been sent." in text
    states = {
        one.row.filename: one.state for one in service.list_submissions(opened, _who(opened, "al-sender"), mine=True)
    }
    assert states == {"third.xlsx": "checked"}
    next(b for b in test.button if b.label.startswith("Yes, this is right")).click().run()
    assert not test.exception and "Albania: Justice counts" in test.title[0].value


def test_another_persons_run_meanwhile_does_not_take_the_way_to_the_answer(
    run: Run, opened: service.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages that one run offers are told while others run: a list for all of them was empty for a moment."""
    test = run("upload", "al-sender")
    test.file_uploader[0].set_value(("third.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    head = layout.show_header

    def beside(here: layout.PageContext) -> None:
        other = threading.Thread(target=layout.register_pages, args=({},))
        other.start()
        other.join()
        head(here)

    monkeypatch.setattr(layout, "show_header", beside)
    next(b for b in test.button if b.label.startswith("Yes, this is right")).click().run()
    assert not test.exception and "Albania: Justice counts" in test.title[0].value


def test_a_file_of_another_office_is_not_kept(run: Run, opened: service.Desk) -> None:
    test = run("upload", "mk-sender")
    test.file_uploader[0].set_value(("third.xlsx", portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    assert "Why it was not saved" in html(test)
    assert not service.list_submissions(opened, _who(opened, "mk-sender"), mine=True)


def test_practice_from_a_mistake_to_the_colleague(run: Run, opened: service.Desk) -> None:
    from pipelines.submissions.service import practice

    test = run("practice", "al-sender")
    assert "This is only for practice" in html(test)
    good = practice.make_practice_files()[0]
    test.file_uploader[0].set_value((good.name, good.data, "x/y")).run()
    next(b for b in test.button if b.label.startswith("Yes, this is right")).click().run()
    next(b for b in test.button if b.label == "Send for approval").click().run()
    next(b for b in test.button if b.label == "Let the colleague approve it").click().run()
    assert not test.exception
    assert any("The colleague has approved it" in one.value for one in test.success)
    assert not service.list_submissions(opened, _who(opened, "al-sender"), mine=True), (
        "nothing of it is in the real ledger"
    )


def test_practice_begins_anew_in_one_run_of_the_page(
    run: Run, opened: service.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two runs a file that is given goes to a drop area about to be replaced."""
    from dashboards.office.pages import practice as page
    from pipelines.submissions.service import practice

    test = run("practice", "al-sender")
    good = practice.make_practice_files()[0]
    test.file_uploader[0].set_value((good.name, good.data, "x/y")).run()
    before = test.file_uploader[0].id
    who = _who(opened, "al-sender")
    mine = practice.open(opened, who)
    assert len(service.list_submissions(mine, practice.make_practice_identity(mine, who))) == 1
    for answer, kept in (("No, keep it", 1), ("Yes, start again", 0)):
        next(b for b in test.button if b.label == "Start again").click().run()
        runs: list[int] = []
        real = page._show_overview
        monkeypatch.setattr(page, "_show_overview", lambda *a, real=real, runs=runs: (runs.append(1), real(*a)))
        next(b for b in test.button if b.label == answer).click().run()
        monkeypatch.setattr(page, "_show_overview", real)
        assert not test.exception and runs == [1], answer
        mine = practice.open(opened, who)
        assert len(service.list_submissions(mine, practice.make_practice_identity(mine, who))) == kept
        assert (test.file_uploader[0].id == before) == bool(kept), "an empty drop area where all began anew"
        assert answer not in names(test), "asked once"
    assert any("Practice starts again" in one.value for one in test.success)


@pytest.mark.parametrize(
    ("page", "account"),
    [("approve", "al-sender"), ("upload", "xk-viewer")],
)
def test_a_page_of_another_role_says_so_in_the_persons_language(
    run: Run, opened: service.Desk, page: str, account: str
) -> None:
    from pipelines.submissions.accounts import accounts

    accounts.set_language(opened.engine, account, "sr", by=account)
    test = run(page, account)
    assert [one.value for one in test.title] == ["Немате приступ овој страници"]
    words = "Немате улогу која је за то потребна. Затражите је од координатора секретаријата."
    assert [one.value for one in test.error] == [words]
    assert [box.label for box in test.selectbox] == ["Језик"] and not test.file_uploader


def test_the_language_is_chosen_in_the_head_and_kept(run: Run, opened: service.Desk) -> None:
    from pipelines.submissions.accounts import accounts

    test = run("returns", "al-sender")
    test.selectbox(key="head.language").set_value("sq").run()
    assert not test.exception
    assert accounts.get_identity(opened.engine, "al-sender").language == "sq"


def test_the_list_of_languages_says_the_right_one_in_every_run(run: Run, opened: service.Desk) -> None:
    """A run of which the browser hears nothing must not be the only one that told it."""
    from pipelines.core import i18n
    from pipelines.submissions.accounts import accounts

    accounts.set_language(opened.engine, "al-sender", "sq", by="al-sender")
    test = run("returns", "al-sender")
    for _ in range(2):
        assert test.selectbox[0].proto.default == list(i18n.language_names()).index("sq") != 0
        test.run()


def test_a_file_name_is_shown_and_never_read_as_a_page(run: Run, opened: service.Desk) -> None:
    name = "<b>third [press](mailto:somebody@elsewhere.example).xlsx"
    test = run("upload", "al-sender")
    test.file_uploader[0].set_value((name, portal_fixture.workbook(portal_fixture.UNUSUAL), "x/y")).run()
    assert not test.exception
    (made,) = service.list_submissions(opened, _who(opened, "al-sender"), mine=True)
    for page, address in (("returns", {}), ("answer", {"id": made.submission_id})):
        shown = run(page, "al-sender", **address)
        raw = "\n".join(str(element.proto.body) for element in shown.get("html"))
        assert "<b>third" not in raw and "](mailto:somebody@elsewhere" in raw, "in HTML as text"
        told = [element.value for kind in (shown.title, shown.header, shown.markdown) for element in kind]
        assert not [text for text in told if re.search(r"(?<!\\)\]\(", text)], "in Markdown escaped"
    assert not [one.value for one in test.header if re.search(r"(?<!\\)\]\(", one.value)]


# --------------------------------------------------------------------------------------------------------- damaged data


def test_the_answer_to_a_return_whose_file_is_damaged_names_it_and_who_restores_it(
    run: Run, opened: service.Desk
) -> None:
    number = handed_in(opened)
    found = next(
        e.row for e in service.list_submissions(opened, _who(opened, "al-sender")) if e.row.submission_id == number
    )
    store.path_of(opened.home, found.sha256).write_bytes(b"changed")
    layout._desk.clear()
    test = run("answer", "al-sender", id=number)
    assert len(test.error) == 1
    told = test.error[0].value.replace("\\", "")
    assert f"The stored file third.xlsx of the return {number} is missing or damaged" in told
    assert "Contact the steward of the secretariat: it must be restored from a backup." in told
    assert str(opened.home.root) not in told
    assert any("What happened" in one.value for one in test.header)


def test_a_page_on_a_damaged_ledger_says_so_and_does_not_end_in_an_error(run: Run, opened: service.Desk) -> None:
    opened.engine.dispose()
    (opened.home.restricted / "ledger.sqlite").write_bytes(b"x" * 100_000)
    layout._desk.clear()
    test = run("returns", "al-sender")
    assert [one.value for one in test.title] == ["Stored data is damaged"]
    assert "it must be restored from a backup" in test.error[0].value


def _who(opened: service.Desk, account: str) -> Identity:
    from pipelines.submissions.accounts import accounts

    return accounts.get_identity(opened.engine, account)
