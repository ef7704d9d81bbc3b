"""Tests of the profiles of territories: what their figures count, and what is left out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pipelines.front.edition import CONVICTION_RATIO
from pipelines.front.pages import Section, territories
from pipelines.front.reader import Reader
from pipelines.words.language import read_in
from pipelines.words.notes import VISIBLE_NOTES
from tests.support.editions import AREAS, make_area, make_edition, make_total

Row = dict[str, Any]


def compose_section(name: str, language: str = "en", **tables: list[Row]) -> Section | None:
    """Return a section of the profile of Aland; None if the profile leaves it out."""
    totals = [make_total("WB", "2025", 90.0), make_total("AA", "2025", 30.0)]
    metrics = [{"metric": CONVICTION_RATIO, "name": "Ratio"}]
    with read_in(language):
        reader = Reader(make_edition(total=totals, metric=metrics, **tables), language)
        page = territories.compose_profile(reader, "TIP", "AA")
    return next((section for section in page.values["sections"] if section.anchor == name), None)


@pytest.mark.parametrize(
    ("language", "title", "column"),
    [
        ("en", "People whose proceedings ended without a conviction", "Persons (95% confidence interval)"),
        ("bs", "Osobe čiji je postupak završio bez osude", "Osobe (95-postotni interval pouzdanosti)"),
    ],
)
def test_outcomes_count_people_not_cases(language: str, title: str, column: str) -> None:
    row = make_total("AA", "2025", 12.0, measure="discontinued", level="prosecution", metric="exit")
    section = compose_section("outcomes", language, exit=[row])
    assert section is not None and section.title == title
    (table,) = section.tables
    assert [str(name) for name in table.table.columns] == [column]
    assert title[0].lower() + title[1:] in str(table.table.caption)


def test_outcome_that_some_parts_of_a_territory_report_has_the_reason() -> None:
    """Require it because six outcomes of one territory were "not available" without a word."""
    exits = [
        make_total("AA", "2025", None, measure=measure, level="first", metric="exit", n_reported=n, n_expected=4)
        for measure, n in (("acquitted", 2), ("rejected", 4))
    ]
    section = compose_section("outcomes", exit=exits)
    assert section is not None
    (table,) = section.tables
    assert table.notes.texts == ["Reported by 2 of the 4 parts of the territory. A total needs all of them."]


@pytest.mark.parametrize(("reporters", "n_remarks"), [("AA,BB,CC,DD", 0), ("AA,BB,CC,EE", 1), ("AA", 0)])
def test_stages_of_the_region_from_other_territories_are_not_to_be_compared(reporters: str, n_remarks: int) -> None:
    """Check two stages of the region: of the same territories, of others, and one of too few that is not shown."""
    totals = [
        make_total("WB", "2025", 90.0, measure=measure, reporters=of)
        for measure, of in (("convicted_first", "AA,BB,CC,DD"), ("sentenced_first", reporters))
    ]
    table = territories._compose_stages(Reader(make_edition(total=totals), "en"), "TIP", "2025", "first")
    assert sum("do not compare them with each other" in text for text in table.notes.remarks) == n_remarks


@pytest.mark.parametrize(("reporters", "is_visible"), [("AA,BB,CC,DD", True), ("AA,BB,CC", False)])
def test_note_on_who_is_not_in_a_figure_of_the_region_is_visible(reporters: str, is_visible: bool) -> None:
    """Check a column of four of five territories after other notes of the same table, and one without a figure."""
    cells = {"measure": "sentenced_first", "level": "first"}
    totals = [
        make_total("WB", "2025", 90.0, **cells, reporters=reporters),
        make_total("EE", "2025", 25.0, **cells),
        *(make_total("WB", "2025", 90.0, measure=measure) for measure in ("investigated", "indicted")),
    ]
    flags = "partial,nil_part,provisional,break,band_not_nested,ytd_gap,quarter_missing"
    totals[2]["flags"] = flags
    areas = [*AREAS, make_area("EE", "territory", "EE", "Eland")]
    reader = Reader(make_edition(area=areas, total=totals), "en")
    table = territories._compose_stages(reader, "TIP", "2025", "first")
    (note,) = [text for text in table.notes.texts if text.startswith("Not included: ") and "DD" not in text][-1:]
    assert "Eland" in note and len(table.visible_notes) == VISIBLE_NOTES
    assert (note in [str(text) for _, text in table.visible_notes]) == is_visible


def test_notes_that_state_nothing_are_left_out() -> None:
    texts = ["Ministry of Justice: Source not yet verified.", "Register: Durations only. Source not yet verified."]
    notes = [
        {"territory": "AA", "area": "AA", "kind": "office", "period_from": "", "text": text, "note_id": text}
        for text in texts
    ]
    section = compose_section("notes", note=notes)
    assert section is not None and list(section.texts) == texts[1:]
    assert compose_section("notes", note=notes[:1]) is None


@pytest.mark.parametrize("language", ["en", "sq"])
def test_break_with_a_note_is_written_once(language: str) -> None:
    cause = "First-instance figures come from the register of courts."
    day = date(2024, 1, 1)
    a_break = {
        "area": "AA", "of_area": "AA", "offence_group": "TIP", "kind": "source", "words": "", "text": cause,
        "detail": "", "first_period": "2024", "first_day": day, "last_day": day, "code": "x", "measure": "",
        "level": "",
    }  # fmt: skip
    note = {"territory": "AA", "area": "AA", "kind": "break", "period_from": "2024", "text": cause, "note_id": "n"}
    noted = compose_section("notes", language, note=[note], **{"break": [a_break]})
    alone = compose_section("notes", language, **{"break": [a_break]})
    assert noted is not None and alone is not None
    assert (len(noted.texts), len(alone.texts)) == (1, 1)


def test_note_of_a_break_is_at_the_year_that_it_names_as_in_the_picture() -> None:
    """Require it because a change in the law of 2020 had its mark at 2021 in the table and at 2020 in the picture."""
    years = ["2020", "2021", "2022"]
    totals = [make_total(area, year, 30.0) for area in ("WB", "AA") for year in years]
    a_break = {
        "area": "AA", "of_area": "AA", "offence_group": "TIP", "kind": "law", "words": "", "text": "A new law.",
        "detail": "", "first_period": "2020", "first_day": date(2020, 1, 1), "last_day": date(2020, 12, 31),
        "code": "x", "measure": "", "level": "", "status": "verified",
    }  # fmt: skip
    reader = Reader(make_edition(total=totals, **{"break": [a_break]}), "en")
    table = territories._compose_years(reader, "TIP", "AA")
    headings = [str(row.heading) for row in table.table.rows]
    assert headings[:2] == ["2022", "2021"] and headings[2].startswith("2020<sup")
