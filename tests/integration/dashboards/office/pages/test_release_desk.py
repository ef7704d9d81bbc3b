"""Tests of the page "Release desk": the steward's checklist and acts, and the sheets that approvers sign."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import polars as pl
import pytest

from dashboards.office.pages.release_desk import sheet_tables
from pipelines.core import codes, i18n
from pipelines.core.home import open_home
from pipelines.core.i18n import tell
from pipelines.declarations.registry import load
from pipelines.publication.releases.calendar import read_calendar
from pipelines.publication.releases.preview import read_preview_list
from pipelines.publication.releases.public_texts import find_internal_words
from pipelines.refresh.release_desk.review import DEMONSTRATION_REASON
from pipelines.refresh.release_desk.sheets import make_sheet
from pipelines.submissions.accounts import accounts
from pipelines.submissions.timetable.names import jurisdiction_name, note_of
from tests.support.releases import release_fixture
from tests.support.service.office_client import Office

if TYPE_CHECKING:
    from dashboards.office.context import PageContext

DRAFT = "2026-Q4"
OVERRIDE = "The minister presents the figures tomorrow, see `rti status`."
SHOWN = OVERRIDE.replace("`", "")
TEXT = "The office has announced its return for Friday."


def read_without_links(element: Any) -> str:
    for link in element.cssselect("a"):
        link.drop_tree()
    return " ".join(element.text_content().split()).rstrip(" ·")


@pytest.fixture(scope="module")
def desk_pages(shared_office: Office) -> Office:
    """The pages of a home with a draft."""
    release_fixture.write_draft(shared_office.desk.home, DRAFT)
    return shared_office


@pytest.mark.sampled(turn=2)
def test_steward_sees_the_checklist_with_what_is_open_first(desk_pages: Office) -> None:
    page = desk_pages.open("secretariat", "/release-desk")
    assert page.status == 200 and page.heading == "Release desk"
    badges = [element.text_content() for element in page.find_elements("table tbody tr td:nth-of-type(1)")]
    assert sum("in order" in text or "open" in text for text in badges) >= 20
    assert f"release {DRAFT} cannot be published" in page.main
    assert "Publish it" not in page.list_buttons()
    assert "This publishes nothing." in page.main, "an override is not a publication"


@pytest.mark.sampled(turn=6)
@pytest.mark.parametrize("language", i18n.list_languages())
def test_checklist_names_territories_and_sheet_marks_english_in_each_language(
    desk_pages: Office, language: str
) -> None:
    """Look for codes of territories and offices, the footnote of Kosovo, and marks of English notes."""
    engine, registry = desk_pages.desk.engine, desk_pages.desk.registry
    accounts.set_language(engine, "secretariat", language, by="secretariat")
    try:
        page = desk_pages.open("secretariat", "/release-desk")
        sheet = desk_pages.open("secretariat", "/release-desk/sheet", territory="RS")
    finally:
        accounts.set_language(engine, "secretariat", "en", by="secretariat")
    evidence = {
        row.get("id"): [read_without_links(item) for item in row.cssselect("td")[1].cssselect("li")]
        for row in page.find_elements("tr[id]")
    }
    texts = [text for items in evidence.values() for text in items]
    codes_shown = {word for text in texts for word in re.findall(r"\b[A-Z]{2}(?:_[A-Z_]+)?\b", text)}
    assert not [text for text in texts if re.search(r"S[0-9a-f]{15}|[0-9a-f]{12,}|\w=\w|\{", text)]
    declared = set(registry.territories)
    for territory in registry.territories.values():
        declared |= {part.code for part in territory.jurisdictions} | {office.id for office in territory.offices}
    assert codes_shown & declared == set()
    first, second = (jurisdiction_name(registry, code, language) for code in ("AL", "BA"))
    unsigned = [tell("{area}: nobody has signed the sheet.", language, area=name) for name in (first, second)]
    assert evidence["sign_offs"][:2] == unsigned and len(evidence["sign_offs"]) == 7
    kosovo = f"{jurisdiction_name(registry, 'XK', language)}*"
    assert tell("{area}: nobody has signed the sheet.", language, area=kosovo) in evidence["sign_offs"]
    assert f"* {note_of(registry, 'XK', language)}" in " ".join(page.text.split())
    assert evidence["insider_audit"][0] == tell("{area}: not examined yet.", language, area=first)
    notes = [element.text_content() for element in sheet.find_elements("ul.rti-items li")]
    assert any("Kosovo" in note for note in notes)
    unmarked = [note for note in notes if "Kosov" in note and not re.search(r"Kosov[^.]*\*", note)]
    assert not unmarked, "a note names Kosovo without its mark"
    footnotes = [element.text_content() for element in sheet.find_elements("footer li")]
    [serbia] = [text for text in footnotes if text.startswith("†")]
    assert re.search(r"(?:Kosov|Косов)[^.\\]*\*", serbia), "a footnote names Kosovo without its mark"
    assert f"* {note_of(registry, 'XK', language)}" in sheet.text
    english = sheet.find_elements("ul.rti-items li span[lang]")
    assert {element.get("lang") for element in english} == ({"en"} if language != "en" else set())
    sentence = tell("Some notes are in English only.", language)
    assert (sentence in sheet.main) == (language != "en")


@pytest.mark.parametrize("language", i18n.list_languages())
def test_caveats_are_in_the_language_of_the_reader_or_marked_as_english(built_home: Path, language: str) -> None:
    """Compare causes of breaks, which are translated, with notes on offices, which are published as declared."""
    home = open_home(built_home)
    context = cast(
        "PageContext",
        SimpleNamespace(
            language=language, tell=lambda text: tell(text, language), mark_mentions=lambda text, territory: text
        ),
    )
    cause = "Penalties of article 388 rise (SG 72/09); the day is from a source not yet verified."
    office = "Statistical Office of the Republic of Serbia: Reference publication: ESMS S024010."
    registry = load()
    notes = sheet_tables.describe_notes(context, make_sheet(home, home.current.resolve(), "RS", registry))
    assert tell(cause, language) in notes
    assert (office if language == "en" else f'<span lang="en">{office}</span>') in notes
    assert not [note for note in notes if "Ministry of Justice" in note], "a note that says nothing but who reports"
    albania = sheet_tables.describe_notes(context, make_sheet(home, home.current.resolve(), "AL", registry))
    [law] = [note for note in albania if "110/" in note]
    remark = tell("Source not yet verified.", language)
    assert law.endswith(f" {remark}")
    assert language == "en" or ("lang=" not in law and "added" not in law)


def test_sheets_show_no_internal_words_of_the_notes_of_a_draft(desk_pages: Office) -> None:
    """Show the sheets of a draft whose notes are as declared, with marks of our own checking and codes of offices."""
    draft = desk_pages.desk.home.drafts / DRAFT
    declared = "\n".join(pl.read_parquet(draft / "data" / "note.parquet")["text"])
    assert "from memory, unverified [M]" in declared and "AL_PP" in declared, "nothing to take out"
    for territory in desk_pages.desk.registry.without_training().territories:
        page = desk_pages.open("secretariat", "/release-desk/sheet", territory=territory)
        notes = [element.text_content() for element in page.find_elements("ul.rti-items")[-1].cssselect("li")]
        assert page.status == 200 and notes, territory
        assert [word for note in notes for word in find_internal_words(note)] == []
        assert not [note for note in notes if note.endswith(": Source not yet verified.")]


@pytest.mark.sampled(turn=2)
def test_steward_explains_announces_and_names_who_sees_the_draft(desk_pages: Office) -> None:
    page = desk_pages.open("secretariat", "/release-desk")
    page = page.submit_form("Save", check="coverage", text=TEXT)
    assert TEXT in page.main and "It applies to this draft only" in page.main
    page = page.submit_form("Announce", at="2027-02-15 09:00", reason="")
    assert read_calendar(desk_pages.desk.home)[0].at == "2027-02-15T09:00:00Z"
    assert "2027-02-15 09:00 UTC" in page.main
    page = page.submit_form("Announce", at="soon", reason="")
    assert page.status == 409 and "Enter a day and a time" in page.main
    assert page.wrong_fields == ["at"] and page.find_elements("#at-error")
    assert page.find_elements("#at")[0].get("value") == "soon", "nothing entered is lost"
    page = page.submit_form("Add", name="Ana Anić", organisation="Ministry", reason="Short")
    assert page.wrong_fields == ["preview-reason"]
    page = page.submit_form("Add", name="Ana Anić", organisation="Ministry", reason=TEXT)
    assert [reader.name for reader in read_preview_list(desk_pages.desk.home)] == ["Ana Anić"]
    question = page.submit_form("Remove", name="Ana Anić")
    assert "Ana Anić" in question.main and "Ministry" in question.main
    assert len(read_preview_list(desk_pages.desk.home)) == 1, "not before it is confirmed"
    question.submit_form("Yes, remove this person")
    assert read_preview_list(desk_pages.desk.home) == []


def test_reason_of_the_program_is_in_the_language_of_the_reader(desk_pages: Office) -> None:
    engine = desk_pages.desk.engine
    accounts.set_language(engine, "secretariat", "mk", by="secretariat")
    try:
        page = desk_pages.open("secretariat", "/release-desk")
    finally:
        accounts.set_language(engine, "secretariat", "en", by="secretariat")
    [table] = [element for element in page.find_elements("table") if "rti refresh --publish" in element.text_content()]
    text = table.text_content()
    assert tell(DEMONSTRATION_REASON, "mk").replace("`", "") in text and "This is a demonstration" not in text
    assert "system" not in text, "the account of the program has a name in each language"


@pytest.mark.sampled(turn=0)
def test_steward_overrides_open_checks_and_the_page_shows_the_reason(desk_pages: Office) -> None:
    page = desk_pages.open("secretariat", "/release-desk")
    refused = page.submit_form("Override the open checks", reason="late").submit_form("Yes, override them")
    assert refused.status == 409 and "at least 10 characters" in refused.main
    assert page.submit_form("Override the open checks", reason="").status == 409
    page = page.submit_form("Override the open checks", reason=OVERRIDE)
    assert "You are about to override the open checks" in page.main and SHOWN in page.main
    page = page.submit_form("Yes, override them")
    assert "The open checks are overridden for this draft" in page.main and SHOWN in page.main
    tables = [element.text_content() for element in page.find_elements("table")]
    [text] = [text for text in tables if "Open checks" in text]
    assert DRAFT in text and "secretariat" in text and SHOWN in text
    assert "Override the open checks" not in page.main


def test_steward_sees_how_far_the_quarter_is_and_who_is_waited_for(desk_pages: Office) -> None:
    page = desk_pages.open("secretariat", "/release-desk")
    [table] = [table for table in page.find_elements("table") if "The returns arrive" in table.text_content()]
    assert [row.text_content() for row in table.cssselect("tbody th")] == [
        "The collection is announced", "The returns arrive", "Questions on the returns are answered",
        "The draft of the release is made", "The territories sign their sheets", "The release is published",
    ]  # fmt: skip
    [waits] = [row.text_content() for row in table.cssselect("tbody tr") if "The returns arrive" in row.text_content()]
    assert "late since 2026-11-14 (16 of 17)" in waits and "Brčko" in waits
    assert "send the return (Justice counts, 2026 Q3)" in waits
    links = [link.get("href") for link in table.cssselect("a")]
    assert "/people?place=BA_BRC" in links, "the steward can see whom to ask"
    assert "The returns arrive" not in desk_pages.open("al-approver", "/release-desk").main


def test_checks_lead_to_the_sheet_and_to_the_people_to_ask(desk_pages: Office) -> None:
    page = desk_pages.open("secretariat", "/release-desk")
    links = {check: [a.get("href") for a in page.find_elements(f"#{check} a")] for check in ("sign_offs", "coverage")}
    assert links["sign_offs"][:2] == ["/release-desk/sheet?territory=AL", "/people?place=AL"]
    assert links["coverage"] and all(link.startswith("/people?place=") for link in links["coverage"])
    for address in {*links["sign_offs"], *links["coverage"]}:
        assert desk_pages.open("secretariat", address).status == 200, address


def test_approver_sees_and_signs_only_the_own_sheet(desk_pages: Office) -> None:
    page = desk_pages.open("al-approver", "/release-desk")
    assert [link.text_content().rstrip("*†‡§") for link in page.find_elements("table tbody th a")] == ["Albania"]
    assert "Explain a check" not in page.main
    sheet = desk_pages.open("al-approver", "/release-desk/sheet", territory="AL")
    assert "Totals" in sheet.main and "withheld" in sheet.main
    headings = [element.text_content() for element in sheet.find_elements("table tbody th")]
    assert {
        "Detected victims: presumed and identified",
        "Detected victims, part of the sum: presumed victims",
        "Detected victims, part of the sum: identified victims",
    } <= set(headings)
    assert "Detected victims" not in headings
    signed = sheet.submit_form("Sign this sheet")
    assert (
        "You have signed the sheet of Albania" in signed.main
        and "signed by Prosecution service: approver (al-approver)" in signed.main
    )
    assert "Sign this sheet" not in signed.main
    for territory in ("MK", "ZZ", ""):
        assert desk_pages.open("al-approver", "/release-desk/sheet", territory=territory).status == 403
    steward = desk_pages.open("secretariat", "/release-desk/sheet", territory="AL")
    assert (
        "signed by Prosecution service: approver (al-approver)" in steward.main
        and "Sign this sheet" not in steward.main
    )


def test_sheet_marks_counts_that_are_too_few_to_compare(desk_pages: Office) -> None:
    """Find the mark next to each count under 20, as on the page of reported figures."""
    sheet = desk_pages.open("secretariat", "/release-desk/sheet", territory="AL")
    [table] = [table for table in sheet.find_elements("table") if "Totals" in table.text_content()]
    heads = [head.text_content() for head in table.cssselect("thead th")]
    assert heads[-1] == "State"
    number = heads.index("Now" if "Now" in heads else "Figure")
    rows = [[field.text_content() for field in row.cssselect("th, td")] for row in table.cssselect("tbody tr")]
    small = [row for row in rows if row[number].isdigit() and int(row[number]) < 20]
    assert small and all(row[-1] == "too few to compare" for row in small)
    assert all(not row[-1] for row in rows if row not in small)


def test_rows_of_a_sheet_have_different_names(built_home: Path) -> None:
    """Acquittals of two instances, and stocks at the start and at the end, are different figures."""
    home = open_home(built_home)
    context = cast("PageContext", SimpleNamespace(code_label=codes.get_code_label, tell=i18n.tell))
    for territory in ("AL", "BA", "HR", "XK", "MK", "ME", "RS"):
        rows = make_sheet(home, home.current.resolve(), territory, load()).figures
        names = [
            (sheet_tables.name_figure(context, row), row["offence_group"], row["count_unit"], row["period"])
            for row in rows
        ]
        assert len(names) == len(set(names)) > 0, territory
        if territory == "AL":
            labels = {name for name, *_ in names}
            assert {"Pending before the prosecutor: stock at the end", "Acquitted: first instance"} <= labels
            assert "Convicted at first instance" in labels
            # Injured parties are people who were presumed or identified before.
            assert "Detected victims, not part of the sum: injured parties" in labels


def test_people_without_the_roles_have_no_release_desk(desk_pages: Office) -> None:
    for account in ("hr-sender", "xk-viewer"):
        assert desk_pages.open(account, "/release-desk").status == 403
