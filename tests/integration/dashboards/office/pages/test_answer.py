"""Tests of the page of a validation report: access, summary, and each of its views."""

from __future__ import annotations

import re
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import load_workbook

from dashboards.office.pages.answer.rendering import VIEWS
from pipelines.core.i18n import tell
from pipelines.submissions import service, store
from pipelines.submissions.accounts import accounts
from tests.support.demonstration import damage_file
from tests.support.service import portal_fixture
from tests.support.service.example_returns import (
    approve_return,
    get_identity,
    upload_draft,
)

if TYPE_CHECKING:
    from tests.support.service.office_client import Document, Office

NO_ACCESS = "You do not have access to this page"


def _anchors(page: Document) -> set[str]:
    return {str(element.get("id")) for element in page.find_elements("#content [id]")}


# -------------------------------------------------------------------------------------------------------------- access


@pytest.mark.parametrize("account", ["mk-sender", "xk-viewer", "ba-brc-sender", "nobody"])
def test_answer_of_another_office_is_refused_like_one_that_does_not_exist(
    shared_office: Office, draft: str, account: str
) -> None:
    foreign = shared_office.open(account, "/answer", id=draft)
    missing = shared_office.open(account, "/answer", id="S0123456789abcde")
    for page in (foreign, missing):
        assert (page.status, page.heading) == (403, NO_ACCESS)
        assert "third.xlsx" not in page.text and "Albania" not in page.main
    assert foreign.main == missing.main


def test_file_of_another_office_is_refused(shared_office: Office, broken_draft: str) -> None:
    stranger, nobody = shared_office.start_visit("mk-sender"), shared_office.start_visit(None)
    for kind in ("original", "workbook", "page", "table", "report", "corrected", "receipt"):
        page = stranger.open_page(f"/answer/files/{kind}", id=broken_draft)
        assert (page.status, page.heading) == (403, NO_ACCESS), kind
        response = nobody.open_page(f"/answer/files/{kind}", follow=False, id=broken_draft).response
        assert response.status_code == 303 and response.headers["location"].startswith("/sign-in?next="), kind


def test_answer_without_a_number_links_to_the_list(shared_office: Office) -> None:
    page = shared_office.open("al-sender", "/answer")
    assert (page.status, page.heading) == (200, "Validation report")
    assert page.find_links("To the list of returns") == ["/"]


def test_answer_redirects_to_sign_in_and_back(shared_office: Office) -> None:
    response = (
        shared_office.start_visit(None)
        .open_page("/answer", follow=False, id="S0123456789abcde", view="events")
        .response
    )
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in?next=%2Fanswer%3Fid%3DS0123456789abcde%26view%3Devents"


# ------------------------------------------------------------------------------------------------------------- summary


def test_answer_names_the_verdict_and_links_each_finding(shared_office: Office, broken_draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=broken_draft)
    assert "You cannot send this return yet" in page.main and "No problems found" not in page.main
    links = {address[1:] for address in page.find_links() if re.fullmatch(r"#[fg]-[0-9a-f]+", address)}
    assert len(links) >= 4 and links <= _anchors(page)
    assert "Send for approval" not in page.list_buttons()
    assert "cell C9" in page.main and "dhjetë" in page.main


@pytest.mark.sampled(turn=7)
def test_summary_links_to_the_findings_from_every_view(shared_office: Office, broken_draft: str) -> None:
    visitor = shared_office.start_visit("al-sender")
    anchors = _anchors(visitor.open_page("/answer", id=broken_draft))
    for view in VIEWS:
        addresses = [
            link.get("href")
            for link in visitor.open_page("/answer", id=broken_draft, view=view).find_elements("#summary a")
        ]
        assert len(addresses) >= 4 and len(set(addresses)) == len(addresses)
        assert {address.partition("#")[2] for address in addresses} <= anchors
        page = "" if view == "findings" else f"/answer?id={broken_draft}&view=findings"
        assert {address.partition("#")[0] for address in addresses} == {page}


def test_broken_answer_leads_to_the_upload_of_the_corrected_file(shared_office: Office, broken_draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=broken_draft)
    assert page.find_links("Upload the corrected file") == ["/upload"]
    assert page.find_links("Explain the warnings") == []


def test_headings_of_an_answer_descend_one_level_at_a_time(
    shared_office: Office, draft: str, broken_draft: str
) -> None:
    for number in (broken_draft, draft):
        page = shared_office.open("al-sender", "/answer", id=number)
        assert page.heading.startswith("Albania: Justice counts")
        levels = [int(element.tag[1]) for element in page.find_elements("h1, h2, h3, h4")]
        assert levels[0] == 1 and all(after - before <= 1 for before, after in pairwise(levels))
        identities = [element.get("id") for element in page.find_elements("[id]")]
        assert len(identities) == len(set(identities))
        controls = [
            e.get("id") for e in page.find_elements("#content select, #content textarea, #content input[type=text]")
        ]
        assert set(controls) <= {label.get("for") for label in page.find_elements("#content label")}


def test_file_name_is_shown_as_text(office: Office) -> None:
    name = "<b>third [press](mailto:somebody@elsewhere.example).xlsx"
    number = upload_draft(office.desk, name=name)
    page = office.open("al-sender", "/answer", id=number)
    assert "<b>third" not in page.response.text and "](mailto:somebody@elsewhere" in page.main


@pytest.mark.sampled(turn=4)
def test_replaced_return_links_to_the_one_that_counts(office: Office) -> None:
    sender = get_identity(office.desk, "al-sender")
    submissions = [
        e for e in service.list_submissions(office.desk, sender) if e.row.filename == portal_fixture.RETURN.name
    ]
    (before,) = [entry.submission_id for entry in submissions if entry.state in ("approved", "published")]
    visitor = office.start_visit("al-sender")
    assert "Replaced" not in visitor.open_page("/answer", id=before).main
    number = approve_return(office.desk)
    accepted_at = service.get_submission(office.desk, sender, number).row.accepted_at
    assert accepted_at is not None
    page = visitor.open_page("/answer", id=before)
    assert "Replaced: a later return counts instead" in page.main
    assert page.find_links(f": replaced by a later return on {accepted_at[:10]}") == [f"/answer?id={number}"]
    rows = [
        row.text_content()
        for row in visitor.open_page("/").find_elements("tbody tr")
        if row.cssselect(f"a[href='/answer?id={number}']") and "by a later return" in row.text_content()
    ]
    assert len(rows) == 1 and "Replaced" in rows[0]
    assert "Approved" not in rows[0] and "Published" not in rows[0]


# --------------------------------------------------------------------------------------------------------------- views


def test_view_of_an_answer_shows_its_part(shared_office: Office, draft: str) -> None:
    visitor = shared_office.start_visit("al-sender")
    for view, sentences in {
        "beside": ("Your sheet: Tremujori III", "Values we read", "Persona të referuar"),
        "changes": ("figures changed", "changed", "+80"),
        "quarters": ("Each value and the last 12 periods before it", "2025 Q4: "),
        "files": ("Your workbook with the findings in its cells", "Your file as you uploaded it"),
        "events": ("Received", "Checked"),
        "unknown": ("What to do:",),
    }.items():
        page = visitor.open_page("/answer", id=draft, view=view)
        for sentence in sentences:
            assert sentence in page.main, sentence
        title = VIEWS.get(view, VIEWS["findings"])
        assert [tab.text_content() for tab in page.find_elements(".rti-tabs [aria-current=page]")] == [title]
        assert [heading.text_content() for heading in page.find_elements("#view")] == [title]
        links = page.find_links("Explain the warnings")
        assert len(links) == (0 if title == VIEWS["findings"] else 1), "every other view leads to the explanations"
        assert all("view=findings" in link for link in links)
        assert "When every warning is explained, you can send the return on this page." in page.main


def test_side_by_side_view_marks_the_cells_of_findings_in_both_tables(shared_office: Office, broken_draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=broken_draft, view="beside")
    assert [option.get("selected") is not None for option in page.find_elements("#sheet option")].count(True) <= 1
    wrong = page.find_elements(".rti-sheet td.rti-cell-error")
    assert any(cell.text_content().startswith("dhjetë") and "cell C9" in cell.get("title") for cell in wrong)
    assert all("Error" in cell.text_content() for cell in wrong), "a colour is never the only mark"
    assert {f"#{cell.get('id')}" for cell in wrong} <= set(page.find_links()), "a phone shows a few rows at a time"
    assert "#cell-C9" in page.find_links("C9")
    assert page.find_elements(".rti-sheet td.rti-cell-value") and page.find_elements(".rti-sheet td.rti-cell-label")
    merged = [(cell.text_content(), cell.get("colspan")) for cell in page.find_elements(".rti-sheet td[colspan]")]
    assert ("Persona të referuar", "3") in merged
    first_column = page.find_elements(".rti-sheet td.rti-cell-frozen[rowspan]")
    assert ("Neni i Kodit Penal", "2") in [(cell.text_content(), cell.get("rowspan")) for cell in first_column]
    letters = len(page.find_elements(".rti-sheet thead th"))
    rows_taken: dict[int, int] = {}
    for row in page.find_elements(".rti-sheet tbody tr"):
        rows_taken = {column: rows - 1 for column, rows in rows_taken.items() if rows > 1}
        free_columns = [column for column in range(letters) if column not in rows_taken]
        for cell in row.findall("td"):
            for _ in range(int(cell.get("colspan", 1))):
                rows_taken[free_columns.pop(0)] = int(cell.get("rowspan", 1))
        assert not free_columns, "the cells of a row fill all columns, with those that reach down from above"


def test_side_by_side_view_shows_the_chosen_sheet(shared_office: Office, draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=draft, view="beside")
    options = {option.text_content(): option.get("value") for option in page.find_elements("#sheet option")}
    assert len(options) > 1 and "Your sheet: Tremujori III" in page.main
    name, value = next(pair for pair in options.items() if pair[0] != "Tremujori III")
    other_sheet = page.submit_form("Show", sheet=value)
    assert f"Your sheet: {name}" in other_sheet.main and "Your sheet: Tremujori III" not in other_sheet.main
    for forged in ("99", "-1", "x"):
        fallback_page = page.visitor.open_page("/answer", id=draft, view="beside", sheet=forged)
        assert "Your sheet: Tremujori III" in fallback_page.main, forged


@pytest.mark.sampled(turn=5)
def test_side_by_side_view_reads_the_file_once_per_language(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.office import answers

    # The sheets of a file are cached in the process by its bytes, and no other test uploads these.
    number, languages = upload_draft(office.desk, changes={**portal_fixture.UNUSUAL, "C8": 137, "D8": 128}), []
    preview_side_by_side = answers.preview_side_by_side

    def record_language(*args: Any, **options: Any) -> answers.SideBySidePreview:
        languages.append(args[3])
        return preview_side_by_side(*args, **options)

    monkeypatch.setattr(answers, "preview_side_by_side", record_language)
    for language in ("en", "sq"):
        accounts.set_language(office.desk.engine, "al-sender", language, by="al-sender")
        for _ in range(2):
            assert office.open("al-sender", "/answer", id=number, view="beside").find_elements(".rti-sheet td")
    assert languages == ["en", "sq"]


@pytest.mark.sampled(turn=5)
def test_earlier_periods_are_shown_one_measure_at_a_time(shared_office: Office, draft: str) -> None:
    """Guard the size of the page: all measures of this office at once made a page of 34,800 points."""
    page = shared_office.open("al-sender", "/answer", id=draft, view="quarters")
    measures = [option.get("value") for option in page.find_elements("#measure option")]
    rows = []
    for measure in measures:
        chosen_page = page.submit_form("Show", measure=measure)
        assert "Each value and the last 12 periods before it" in chosen_page.main
        assert [o.get("value") for o in chosen_page.find_elements("#measure option[selected]")] == [measure]
        rows.append(len(chosen_page.find_elements("tbody th[scope=row]")))
    assert len(rows) > 3 and max(rows) < sum(rows) / 3
    assert page.find_elements("svg.rti-spark[role=img][aria-label]")
    assert page.visitor.open_page(page.address + "&measure=no").main == page.main


def test_earlier_periods_start_with_the_measure_of_the_first_finding(shared_office: Office, draft: str) -> None:
    report = service.make_report(shared_office.desk, get_identity(shared_office.desk, "al-sender"), draft)
    assert report.reading is not None
    places_with_findings = {str(finding.where) for finding in report.findings}
    observations = report.reading.observations
    measures = {row["measure"] for row in observations.iter_rows(named=True) if row["place"] in places_with_findings}
    page = shared_office.open("al-sender", "/answer", id=draft, view="quarters")
    (chosen,) = page.find_elements("#measure option[selected]")
    assert chosen.get("value") in measures


def test_earlier_periods_of_a_correction_are_twelve_and_exclude_its_own(shared_office: Office, draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=draft, view="quarters")
    cells = [
        row.cssselect("[data-column='Earlier values, oldest first']")[0]
        for row in page.find_elements("tbody tr")
        if row.find("th").text_content().endswith("2026 Q3")
    ]
    points = [cell.text_content() for cell in cells]
    assert points and all(text.startswith("2023 Q3: ") and text.count(": ") == 12 for text in points)
    for cell, text in zip(cells, points, strict=True):
        whole = [element.text_content() for element in cell.cssselect(".rti-small > .rti-whole")]
        assert whole == text.replace(" (revised)", "").split("; "), "a period and its value stay on one line"


@pytest.mark.sampled(turn=5)
@pytest.mark.parametrize("language", ["en", "sq", "bs", "hr", "mk", "sr", "cnr"])
def test_place_that_begins_a_row_has_a_capital(shared_office: Office, draft: str, language: str) -> None:
    begin = tell("sheet {sheet}", language, sheet="").strip()
    views = {
        "beside": ".rti-table tbody th", "changes": "tbody th", "quarters": "tbody td:nth-child(2)",
        "findings": "tbody th",
    }  # fmt: skip
    with shared_office.use_language("al-sender", language):
        visitor = shared_office.start_visit("al-sender")
        pages = {view: visitor.open_page("/answer", id=draft, view=view) for view in views}
    for view, page in pages.items():
        places = [element.text_content() for element in page.find_elements(views[view])]
        assert any(place.startswith(begin.capitalize()) for place in places), view
        assert not [place for place in places if place.startswith(begin)], view


def test_earlier_accepted_figure_is_not_labelled_expected(shared_office: Office, draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=draft)
    headings = {
        table.get("aria-label"): [heading.text_content() for heading in table.cssselect("thead th")]
        for table in page.find_elements(".rti-group .rti-scroll")
    }
    revised = [columns for caption, columns in headings.items() if "was 10 and is now 90" in caption]
    assert revised and all("Accepted before" in columns and "Expected" not in columns for columns in revised)
    workbook = load_workbook(BytesIO(page.visitor.open_page("/answer/files/workbook", id=draft).response.content))
    comment = workbook[portal_fixture.SHEET]["C9"].comment.text
    assert "Accepted before: 10" in comment and "Expected: 10" not in comment


def test_sentence_of_a_group_is_not_repeated_in_its_rows(shared_office: Office, draft: str) -> None:
    page = shared_office.open("al-sender", "/answer", id=draft)
    groups = page.find_elements(".rti-group")
    assert groups
    for group in groups:
        assert len(group.cssselect("td[data-column='Findings']")) != 1, "a single row would only repeat the heading"


def test_register_changes_show_counts_and_list_no_person(office: Office) -> None:
    lines = [line.split(";") for line in portal_fixture.register_lines()[2:]]
    indicted = sum(1 for line in lines[1:] if line[6])
    data = portal_fixture.register_without(2)
    sender = get_identity(office.desk, "hr-sender")
    number = service.upload_file(office.desk, sender, data, "registar.csv").submission_id
    assert lines[0][6] == "Datum optužnice" and number is not None
    page = office.open("hr-sender", "/answer", id=number, view="changes")
    for sentence in ("2 events are gone.", "0 events are new.", "no person and no case is listed"):
        assert sentence in page.main, sentence
    rows = [[cell.text_content() for cell in row] for row in page.find_elements("tbody tr")]
    assert [str(indicted), str(indicted - 2), "\u22122"] in [row[-3:] for row in rows]
    pseudonyms = {part for line in lines[1:] for part in line[1:3]}
    assert len(pseudonyms) > 100 and not [pseudonym for pseudonym in pseudonyms if pseudonym in page.response.text]
    assert office.open("al-sender", "/answer", id=number, view="changes").heading == NO_ACCESS
    side_by_side = office.open("hr-sender", "/answer", id=number, view="beside")
    assert side_by_side.status == 200 and "Values we read" in side_by_side.main


@pytest.mark.slow
def test_answer_of_every_form_opens_in_every_view(office: Office) -> None:
    steward = get_identity(office.desk, "secretariat")
    newest = {
        entry.row.form: entry.submission_id
        for entry in reversed(service.list_submissions(office.desk, steward))
        if entry.row.form
    }
    assert len(newest) > 15
    visitor = office.start_visit("secretariat")
    for form, number in newest.items():
        for view in VIEWS:
            page = visitor.open_page("/answer", id=number, view=view)
            assert page.status == 200 and page.heading, (form, view)


def test_answer_is_written_in_the_language_of_its_reader(shared_office: Office, draft: str) -> None:
    with shared_office.use_language("al-sender", "sq"):
        page = shared_office.open("al-sender", "/answer", id=draft)
    assert page.find_elements("html")[0].get("lang") == "sq"
    assert "Findings" not in page.main and "Send for approval" not in page.main


# -------------------------------------------------------------------------------------------------------- damaged data


def test_answer_of_a_return_with_damaged_file_names_file_and_contact(office: Office) -> None:
    number = upload_draft(office.desk)
    row = service.get_submission(office.desk, get_identity(office.desk, "al-sender"), number).row
    damage_file(store.path_of(office.desk.home, row.sha256), b"changed")
    office.desk.reports._futures.clear()
    page = office.open("al-sender", "/answer", id=number)
    assert page.status == 500
    (box,) = page.find_elements(".rti-box-error")
    assert f"The stored file third.xlsx of the return {number} is missing or damaged" in box.text_content()
    assert "Contact the steward of the secretariat: it must be restored from a backup." in box.text_content()
    assert str(office.desk.home.root) not in page.text
    assert "What happened" in page.main and "Received" in page.main
    file = office.open("al-sender", "/answer/files/original", id=number)
    assert (file.status, file.heading) == (500, "Stored data is damaged")


def test_action_on_a_return_with_damaged_file_names_the_file(office: Office) -> None:
    number = upload_draft(office.desk)
    page = office.open("al-sender", "/answer", id=number)
    row = service.get_submission(office.desk, get_identity(office.desk, "al-sender"), number).row
    damage_file(store.path_of(office.desk.home, row.sha256), b"changed")
    office.desk.reports._futures.clear()
    group = str(page.find_forms("Save this explanation")[0].fields["group"])
    entered = {f"reason-{group}": "large_case", f"text-{group}": "Two large cases were reported in September."}
    answer = page.submit_form("Save this explanation", **entered)
    assert answer.status == 500 and answer.heading == page.heading
    (box,) = answer.find_elements(".rti-box-error")
    assert f"The stored file third.xlsx of the return {number} is missing or damaged" in box.text_content()


def test_unreadable_file_of_an_answer_is_refused_with_the_reason(
    shared_office: Office, draft: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipelines.model.content import ReadError, Where
    from pipelines.office import answers

    def raise_read_error(*_: object, **__: object) -> None:
        raise ReadError("read.encrypted", Where())

    monkeypatch.setattr(answers, "annotate_workbook", raise_read_error)
    answer = shared_office.open("al-sender", "/answer/files/workbook", id=draft)
    assert answer.status == 422 and answer.find_elements(".rti-box-error") and "What happened" in answer.main
