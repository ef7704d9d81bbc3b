"""Fill in the questionnaire over HTTP as a browser without scripts does: by its links and forms alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dashboards.office.survey import services as survey_services
from pipelines.core import clock, i18n
from pipelines.survey import filling_in, letters, service
from pipelines.survey.bank import text_in
from pipelines.survey.letters import PATH
from pipelines.survey.links import make_link
from tests.support import surveys as fakes
from tests.support.fakes import ledger_fakes
from tests.support.service.office_client import Document, Office, Visitor, open_office

CELLS = (("AL", "police", 30), ("XK", "prosecutor", 8))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The offices' pages of a home with one open round, during the round."""
    folder = tmp_path_factory.mktemp("questionnaire")
    home, engine = ledger_fakes.home_and_ledger(folder, lambda _engine: None)
    engine.dispose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_NOW", fakes.MONDAY)
        with open_office(home, patch) as opened:
            desk = opened.client.app.state.survey.survey_desk  # type: ignore[attr-defined]
            fakes.open_round(desk, fakes.make_invitees(CELLS))
            letters.send_letters(desk.surveys)
            patch.setenv("RTI_NOW", fakes.DURING)
            yield opened


@pytest.fixture(scope="module")
def tokens(office: Office) -> dict[str, list[str]]:
    return {address: list(sent) for address, sent in fakes.read_outbox(office.desk.home).items()}


def next_link(tokens: dict[str, list[str]], role: str = "police") -> str:
    """Return the address of a link that no other test uses."""
    address = next(address for address, sent in tokens.items() if sent and address.startswith(role))
    return f"{PATH}/2026-Q4-pulse/{tokens[address].pop()}"


def surveys_of(office: Office) -> Any:
    return office.client.app.state.survey.survey_desk.surveys  # type: ignore[attr-defined]


def answer_page(page: Document, **values: Any) -> Document:
    """Answer each question of a page with its last answer but one, "not applicable", and go on."""
    names = dict.fromkeys(e.get("name") for e in page.find_elements("fieldset input"))
    return page.submit_form("Save and continue", **dict.fromkeys(names, "not_applicable") | values)


def fill_in_all(page: Document) -> Document:
    while page.find_forms("Save and continue"):
        page = answer_page(page)
    return page


def test_whole_questionnaire_is_filled_in_and_sent(office: Office, tokens: dict[str, list[str]]) -> None:
    visitor, link = Visitor(office.client), next_link(tokens)
    start = visitor.open_page(link)
    assert (start.status, start.heading) == (200, "Quarterly questionnaire, 2026 Q4")
    assert "Police officer" in start.main and "think of this period up to today: 2026 Q4" in start.main
    early = start.follow_link("Results")
    assert (early.status, "from 21 November 2026 on" in early.main) == (403, True)
    before = surveys_of(office).answers.count_sealed("2026-Q4-pulse")
    check = fill_in_all(start.follow_link("Begin"))
    assert check.heading == "Check your answers" and "on 20 November 2026 at the latest" in check.main
    sent = check.submit_form("Send my answers")
    assert (sent.heading, sent.address) == ("Your answers have been received", f"{PATH}/sent")
    assert "Results follow on 21 November 2026, the day after" in sent.main
    assert surveys_of(office).answers.count_sealed("2026-Q4-pulse") == before + 1
    again = visitor.open_page(link)
    assert (again.status, again.heading) == (410, "Your answers have been received")
    assert "at the address in your invitation" in again.main and link.rpartition("/")[2] not in again.response.text


def test_required_answers_are_asked_for_with_a_link_and_nothing_is_lost(
    office: Office, tokens: dict[str, list[str]]
) -> None:
    page = Visitor(office.client).open_page(next_link(tokens)).follow_link("Begin")
    while page.find_forms("Save and continue"):
        first = {"FR01": "4"} if page.find_elements("#FR01") else {}
        page = page.submit_form("Save and continue", **first)
    refused = page.submit_form("Send my answers")
    assert refused.status == 422
    assert refused.errors and "These questions need an answer" in refused.main
    assert "Something went wrong" not in refused.main
    assert not any("answer to a formal request" in error for error in refused.errors)
    targets = [e.get("href") for e in refused.find_elements("#errors a")]
    assert all(refused.find_elements(target) for target in targets)
    restored = refused.visitor.open_page(refused.address)
    assert (restored.status, restored.heading) == (200, "Check your answers"), "a restored tab opens the check"
    changed = refused.follow_link("Change")
    assert [e.get("value") for e in changed.find_elements("#FR01 input[checked]")] == ["4"]


def test_answers_are_saved_as_one_goes_and_resumed(office: Office, tokens: dict[str, list[str]]) -> None:
    link = next_link(tokens)
    page = Visitor(office.client).open_page(link).follow_link("Begin")
    second = answer_page(page, FR01="2")
    back = second.submit_form("Save and go back")
    assert back.find_elements("#FR01 input[checked]")[0].get("value") == "2"
    other_browser = Visitor(office.client).open_page(link)
    assert other_browser.follow_link("Continue with your answers").address == second.address
    assert other_browser.find_links("Check your answers")


def test_contradicting_answers_are_shown_again_and_the_rest_is_saved(
    office: Office, tokens: dict[str, list[str]]
) -> None:
    page = Visitor(office.client).open_page(next_link(tokens)).follow_link("Begin")
    wrong = page.submit_form("Save and continue", IE02=["none", "selec"], FR01="5")
    assert wrong.status == 422
    assert len(wrong.errors) == 1
    assert wrong.find_elements("#IE02[aria-invalid=true] .rti-field-error")
    assert {e.get("value") for e in wrong.find_elements("#IE02 input[checked]")} == {"none", "selec"}
    assert wrong.find_elements("#FR01 input[checked]")[0].get("value") == "5"
    assert wrong.submit_form("Save and continue", IE02=["selec"]).status == 200


@pytest.fixture(scope="module")
def link_in_languages(tokens: dict[str, list[str]]) -> str:
    """A link that is opened in every language and never sent."""
    return next_link(tokens)


@pytest.mark.parametrize("language", i18n.list_languages())
def test_pages_are_in_the_chosen_language(office: Office, link_in_languages: str, language: str) -> None:
    link = link_in_languages
    visitor = Visitor(office.client)
    start = visitor.open_page(link, lang=language)
    assert start.tree.get("lang") == i18n.html_lang(language)
    page = visitor.open_page(f"{link}/1")
    assert page.tree.get("lang") == i18n.html_lang(language)
    question = surveys_of(office).bank.find_question("FR01")
    assert text_in(question.wording.text, language) in page.main
    assert len(page.find_elements("footer nav a")) == len(i18n.list_languages())


def test_page_of_questions_has_its_place_once_and_dates_are_in_words(
    office: Office, tokens: dict[str, list[str]]
) -> None:
    link = next_link(tokens)
    page = Visitor(office.client).open_page(f"{link}/1")
    assert page.main.count("Page 1 of") == 1 and "Page 1 of" not in page.heading
    assert "Page 1 of" in page.find_elements("title")[0].text_content(), "tabs of a browser differ"
    for language, day in (("en", "20 November 2026"), ("mk", "20 ноември 2026"), ("bs", "20. novembra 2026.")):
        start = Visitor(office.client).open_page(link, lang=language)
        assert day in start.main and "2026-11-20" not in start.main
        check = Visitor(office.client).open_page(f"{link}/check", lang=language)
        assert day in check.main and "2026.." not in check.main and "2026-11-20" not in check.main


def test_name_of_kosovo_has_its_footnote(office: Office, tokens: dict[str, list[str]]) -> None:
    start = Visitor(office.client).open_page(next_link(tokens, "prosecutor"))
    (territory,) = [e.text_content() for e in start.find_elements("dd") if "Kosovo" in e.text_content()]
    assert territory.endswith("*")
    assert "1244" in start.find_elements("footer p")[0].text_content()


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/2026-Q4-pulse/{cut}", 404, "not complete"),
        ("/2026-Q4-pulse/{forged}", 404, "not known"),
        ("/2026-Q4-pulse/{forged}/1", 404, "not known"),
        ("/2031-Q1-pulse/{forged}", 404, "not known"),
        ("/2026-Q4-pulse", 404, "not complete"),
        ("/", 404, "not complete"),
        ("/2026-Q4-pulse/{forged}/x/y", 404, "not complete"),
    ],
)
def test_wrong_links_get_a_plain_answer(
    office: Office, tokens: dict[str, list[str]], address: str, status: int, words: str
) -> None:
    forged = make_link().token
    filled = address.format(forged=forged, cut=forged[:-2])
    page = Visitor(office.client).open_page(PATH + filled)
    assert (page.status, page.heading) == (status, "The questionnaire cannot be opened")
    assert words in page.main
    assert forged not in page.response.text
    (macedonian,) = [link for link in page.find_elements("footer nav a") if link.get("lang") == "mk"]
    assert macedonian.get("href") == "?lang=mk"
    translated = Visitor(office.client).open_page(PATH + filled, lang="mk")
    assert (translated.status, translated.heading) == (status, "Прашалникот не може да се отвори")


def test_form_of_another_link_or_site_changes_nothing(office: Office, tokens: dict[str, list[str]]) -> None:
    link, second_link = next_link(tokens), next_link(tokens)
    visitor = Visitor(office.client)
    page = visitor.open_page(f"{link}/1")
    csrf = page.find_elements("input[name=csrf]")[0].get("value")
    foreign = visitor.post_raw(f"{second_link}/1", data={"csrf": csrf, "FR01": "1"})
    assert (foreign.status, "out of date" in foreign.main) == (403, True)
    assert visitor.post_raw(f"{link}/1", data={"FR01": "1"}).status == 403
    evil = {"Origin": "https://evil.example"}
    assert page.submit_form("Save and continue", headers=evil, FR01="1").status == 403
    assert visitor.post_raw(f"{link}/send", data={}).status == 403
    assert not visitor.open_page(f"{link}/1").find_elements("input[checked]")


def test_sending_twice_stores_once(office: Office, tokens: dict[str, list[str]]) -> None:
    link = next_link(tokens)
    check = fill_in_all(Visitor(office.client).open_page(link).follow_link("Begin"))
    before = surveys_of(office).answers.count_sealed("2026-Q4-pulse")
    assert check.submit_form("Send my answers").status == 200
    repeated = check.submit_form("Send my answers")
    assert repeated.status == 410
    assert "have been received" in repeated.main
    saved_late = check.visitor.open_page(f"{link}/1")
    assert saved_late.status == 410
    assert surveys_of(office).answers.count_sealed("2026-Q4-pulse") == before + 1


def test_fault_is_answered_without_a_sign_in(
    office: Office, tokens: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_to_save(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    page = Visitor(office.client).open_page(next_link(tokens)).follow_link("Begin")
    monkeypatch.setattr(filling_in, "save_page", fail_to_save)
    full = answer_page(page)
    assert full.status == 507
    assert "sign" not in full.heading.lower()
    monkeypatch.undo()
    assert answer_page(page).status == 200


def test_wrong_links_of_one_network_are_limited(
    office: Office, tokens: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from limits import RateLimitItemPerMinute

    monkeypatch.setattr(survey_services, "WRONG_LINKS", RateLimitItemPerMinute(3, namespace="test"))
    monkeypatch.setattr("dashboards.office.survey.routes.WRONG_LINKS", survey_services.WRONG_LINKS)
    statuses = [Visitor(office.client).open_page(f"{PATH}/2026-Q4-pulse/{make_link().token}").status for _ in range(5)]
    assert statuses == [404, 404, 404, 429, 429]


def fill_workbook(content: bytes, answers: dict[str, str]) -> bytes:
    """Write answers next to the keys of a downloaded workbook, as a person does next to the questions."""
    import io

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book.worksheets[0]
    for row in page.iter_rows():
        key = str(row[0].value)
        if key in answers:
            assert not row[2].protection.locked
            row[2].value = answers[key]
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def upload_workbook(office: Office, link: str, content: bytes, name: str = "answers.xlsx") -> Document:
    form = Visitor(office.client).open_page(f"{link}/workbook")
    token = form.find_elements("input[name=csrf]")[0].get("value")
    response = office.client.post(f"{link}/workbook", data={"csrf": token}, files={"file": (name, content)})
    return Document(response, Visitor(office.client))


def test_workbook_is_downloaded_filled_in_and_becomes_the_draft(office: Office, tokens: dict[str, list[str]]) -> None:
    link = next_link(tokens)
    response = office.client.get(f"{link}/workbook/file", params={"lang": "cnr"})
    office.client.cookies.clear()
    assert link.rpartition("/")[2].encode() not in response.content
    bank = surveys_of(office).bank
    easy = bank.answer_text(bank.find_question("FR01"), "4", "cnr")
    content = fill_workbook(response.content, {"FR01": easy, "IE02:selec": "x", "IE02:europol": "X"})
    check = upload_workbook(office, link, content)
    assert check.heading == "Check your answers"
    assert "Easy" in check.main
    assert "SELEC; Europol" in check.main
    page = Visitor(office.client).open_page(f"{link}/1")
    assert [e.get("value") for e in page.find_elements("#FR01 input[checked]")] == ["4"]


def test_faulty_answers_of_a_workbook_are_named_and_the_rest_is_saved(
    office: Office, tokens: dict[str, list[str]]
) -> None:
    link = next_link(tokens)
    content = office.client.get(f"{link}/workbook/file").content
    page = upload_workbook(
        office, link, fill_workbook(content, {"FR01": "perhaps", "IE02:none": "X", "IE02:selec": "X", "IE01": "Often"})
    )
    assert page.status == 422
    assert len(page.errors) == 3
    good = upload_workbook(office, link, fill_workbook(content, {"IE01": "Very easy"}))
    assert good.heading == "Check your answers"
    assert "Very easy" in good.main


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("answers.xlsx", b"PK\x03\x04 no archive"),
        ("answers.xlsx", b""),
        ("answers.csv", b"FR01;How easy;Easy"),
        ("answers.html", b"<table><tr><td>x</td></tr></table>"),
    ],
)
def test_other_files_are_refused_in_plain_words_and_nothing_is_saved(
    office: Office, tokens: dict[str, list[str]], name: str, content: bytes
) -> None:
    link = next_link(tokens)
    page = upload_workbook(office, link, content, name)
    assert page.status == 422
    assert len(page.errors) == 1
    assert not Visitor(office.client).open_page(link).find_links("Check your answers")


def test_workbook_bomb_is_refused_and_nothing_is_written(office: Office, tokens: dict[str, list[str]]) -> None:
    import io
    import zipfile

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    assert upload_workbook(office, next_link(tokens), packed.getvalue()).status == 422


def test_upload_without_the_form_of_the_link_changes_nothing(office: Office, tokens: dict[str, list[str]]) -> None:
    link = next_link(tokens)
    content = fill_workbook(office.client.get(f"{link}/workbook/file").content, {"FR01": "Easy"})
    response = office.client.post(f"{link}/workbook", data={"csrf": "x"}, files={"file": ("a.xlsx", content)})
    assert response.status_code == 403
    assert not Visitor(office.client).open_page(link).find_links("Check your answers")


def test_closed_round_says_so(office: Office, tokens: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    link = next_link(tokens)
    page = Visitor(office.client).open_page(f"{link}/1")
    with clock.freeze_time(clock.parse_time(fakes.AFTER)):
        late = answer_page(page)
        assert late.status == 410
        assert "closed" in late.main
        desk = office.client.app.state.survey.survey_desk  # type: ignore[attr-defined]
        service.run_daily_work(desk)
        assert "closed" in Visitor(office.client).open_page(link).main
