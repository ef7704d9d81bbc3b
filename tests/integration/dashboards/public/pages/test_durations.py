"""Tests of the page of durations, cohorts, sentences and clearance, on a release with planted situations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.public import queries
from dashboards.public.pages import cards
from pipelines import words
from pipelines.core import home
from pipelines.statistics.thresholds import ENOUGH_EVENTS
from pipelines.words import durations, reasons
from tests.support.public_pages import UNSCR, read_html, read_paragraphs, read_pictures, run_page, strip_marks

WITHOUT = (
    "Albania",
    "Bosnia and Herzegovina",
    "Kosovo under UNSCR 1244",
    "North Macedonia",
    "Montenegro",
)
TABLES = {
    "times": "Time from indictment to the decision at first instance.",
    "ages": "Age of cases pending at first instance, on 30 September 2026.",
    "cohorts": "Outcomes at first instance of those indicted.",
    "shares": "Imprisonment as the principal sanction",
    "lengths": "Imprisonment to be served, in months, as imposed.",
    "clearance": "Clearance and disposition, first instance.",
}


@pytest.fixture(scope="module")
def page(root: Path) -> Iterator[AppTest]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RTI_HOME", str(root))
        yield run_page("durations", crime="TIP")


def read_rows(test: AppTest, table: str) -> dict[str, list[str]]:
    """Return the fields by heading of the table with this caption, with the numbers of notes as `[1]`."""
    tables = [
        part for part in read_html(test).split('<div class="rti-caption"')[1:] if f">{TABLES[table]}" in part[:400]
    ]
    assert len(tables) == 1, f"{table}: {len(tables)} tables"
    body = tables[0].split("<tbody>")[1].split("</tbody>")[0]
    fields_by_heading = {}
    for line in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S):
        heading, marked = line.split("</th>", 1)
        marked = strip_marks(re.sub(r"<sup>(.*?)</sup>", r"[\1]", marked))
        plain = f"{strip_marks(heading)}</th>{marked}"
        heading, *fields = [
            re.sub(r"<[^>]+>", "", part).strip() for part in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", plain, re.S)
        ]
        fields_by_heading[heading] = fields
    return fields_by_heading


def remove_note_numbers(fields: list[str]) -> list[str]:
    return [re.sub(r"\[.*?\]", "", field) for field in fields]


def test_times_have_limits_and_a_band_and_no_records_elsewhere(page: AppTest) -> None:
    fields = read_rows(page, "times")
    assert fields["Croatia"] == ["260 (210–330)", "370 (270–570)", "550 (390 or more)", "withheld", "100–199"]
    assert fields["Serbia"] == ["210 (180–330)", "410 (300–510)", "not reached[1]", "20 (10–30)", "100–199"]
    assert durations.NOT_REACHED_NOTE in read_html(page)
    for table in ("times", "ages", "cohorts", "shares", "lengths"):
        for name in WITHOUT:
            assert name not in read_rows(page, table)
    remark = "No case records for this: "
    remark += "Albania, Bosnia and Herzegovina, Kosovo under UNSCR 1244*, Montenegro and North Macedonia."
    assert read_html(page).count(remark) == 7, "in both sentences and at each table"


def test_sentence_has_medians_and_territories_without_records(page: AppTest) -> None:
    sentence = re.search(r"<blockquote[^>]*>(.*?)<cite>", read_html(page), re.S)
    assert sentence is not None
    stage = "trafficking in persons, time from indictment to the decision at first instance"
    for territory, figure in {"Croatia": "260 days (95% confidence interval 210", "Serbia†": "210 days (95%"}.items():
        assert f"{territory}: {stage}: half of the people waited up to {figure}" in sentence[1]
    assert sentence[1].count("to 330).") == 2
    assert "Records: Croatia and Serbia†: 1 October 2022 to 30 September 2026." in sentence[1]
    assert "No case records for this: Albania, Bosnia and Herzegovina, Kosovo under UNSCR 1244" in sentence[1]
    assert UNSCR in read_html(page)


def test_ages_of_few_cases_are_marked_as_too_few(page: AppTest) -> None:
    fields = read_rows(page, "ages")
    assert fields["Croatia"] == ["170 few[1]", "320 few[1]", "withheld", "10–19"]
    assert fields["Serbia"] == ["180", "290", "480", "20–49"], "twenty or more are enough"
    assert durations.FEW_NOTE.format(enough=ENOUGH_EVENTS) in read_html(page)
    assert "Croatia, Median: too few to compare, 170" in read_html(page)


def test_cohort_without_enough_follow_up_has_no_share(page: AppTest) -> None:
    fields = read_rows(page, "cohorts")
    assert remove_note_numbers(fields["Serbia†, 2023"]) == [
        "60 (45–75) few",
        "65 (45–80) few",
        "5 (0–10) few",
        "20–49",
    ]
    assert remove_note_numbers(fields["Serbia†, 2025"]) == [*["not available"] * 3, "20–49"]
    assert "its people have not been followed for 8 quarters" in read_html(page)
    assert fields["Croatia"] == ["not collected"] * 4, "the territory has records, but collects no data on this"


def test_sentences_are_shown_with_statutory_range_and_no_time_served(page: AppTest) -> None:
    assert remove_note_numbers(read_rows(page, "shares")["Serbia"]) == [
        "55 (40–70)",
        "30 (15–45) few",
        "50–99",
    ]
    assert read_rows(page, "shares")["Croatia"][:2] == ["withheld", "withheld"]
    lengths = read_rows(page, "lengths")
    below = "30 (5–60) few"
    assert remove_note_numbers(lengths["Serbia"]) == [
        "30 (0–48)",
        "48 (36–84)",
        "84 (48–108)",
        below,
        "36–144",
        "20–49",
    ]
    assert remove_note_numbers(lengths["Croatia"])[3:5] == ["not applicable", "not stated"]
    assert durations.NO_LEAST in read_html(page)
    assert any("not time served" in text.value for text in page.markdown)


def test_clearance_has_its_own_table_and_reasons_for_undefined_figures(page: AppTest) -> None:
    fields, text = read_rows(page, "clearance"), read_html(page)
    assert remove_note_numbers(fields["Albania"]) == ["126 (83–192)", "243"]
    assert remove_note_numbers(fields["Western Balkans"]) == ["120 (100–143)", "not available"]
    assert remove_note_numbers(fields["Montenegro"]) == ["not applicable", "not applicable"]
    assert remove_note_numbers(fields["Kosovo under UNSCR 1244"]) == ["93 (40–213) few", "withheld"]
    rate = "Kosovo under UNSCR 1244, Clearance rate (%)"
    assert f"{rate}: too few to compare, 93, 95% confidence interval 40 to 213" in text
    assert fields["Croatia"] == ["not collected", "not collected"]
    for code in ("reporters_differs", "stock_missing", "no_incoming", "no_resolved"):
        assert text.count(reasons.UNDEFINED[code]) == 1
    assert "who reported" not in text, "a reason in the note of the figure is not repeated"
    assert not any("isposition" in title for title in [*read_rows(page, "times"), *read_rows(page, "ages")])
    assert "365 days" in read_paragraphs(page)


def test_charts_show_only_durations_and_have_a_text_alternative(page: AppTest) -> None:
    pictures = read_pictures(page)
    assert len(pictures) == 2, "both territories' times on one axis, and sentences"
    assert all(name in pictures[0].text for name in ("Croatia", "Serbia†"))
    for picture in pictures:
        assert words.DEMONSTRATION in picture.spoken and words.DEMONSTRATION in picture.text
        assert "isposition" not in picture.text and "243" not in picture.text
    assert "550" in pictures[0].spoken and "not reached" in pictures[0].spoken
    assert "Serbia†: Lower quartile: 30" in pictures[1].spoken and "from 36 to 144 months" in pictures[1].spoken


def test_counting_cards_accompany_every_section_with_figures(page: AppTest) -> None:
    """Expect cards for times, ages, cohorts and sentences of the two territories with records, and for clearance."""
    sections = [block for block in page.expander if block.label == cards.TITLE]
    assert len(sections) == 5
    card_texts = [unescape(str(block.get("html")[0].proto.body)) for block in sections]
    assert [text.count("Croatia") > 0 for text in card_texts] == [True, True, False, True, False]
    assert all("Serbia" in text for text in card_texts[:4]) and "Albania" in card_texts[4]
    for text in (card_texts[0], card_texts[2]):
        assert "Prosecution" in text and "First instance" in text, "cards of the cohort and of the incoming cases"


def test_crime_without_records_has_no_tables_or_charts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_HOME", str(root))
    test = run_page("durations", crime="SOM")
    assert any("no times from case records for smuggling" in text.value for text in test.markdown)
    assert not read_pictures(test) and "<table" not in read_html(test)


def test_release_of_older_software_is_reported_to_have_no_durations(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RTI_HOME", str(root))
    monkeypatch.setattr(queries, "has_table", lambda path, table: table != "duration")
    test = run_page("durations")
    assert any("before durations were published" in info.value for info in test.info)
    assert "<table" not in read_html(test)


@pytest.mark.sampled(turn=2)
def test_every_way_and_level_of_the_demonstration_can_be_opened(demonstration: home.Home) -> None:
    path = queries.current_release()
    assert queries.has_table(path, "duration"), "the demonstration is published by this software"
    for crime in ("TIP", "SOM"):
        for way in queries.read_rows(path, "duration_ways", crime):
            test = run_page("durations", crime=crime, way=way["stage"])
            assert way["name"] in read_html(test)
        for level in queries.read_rows(path, "clearance_levels", crime):
            for track in ("first", "final"):
                run_page("durations", crime=crime, level=level["level"], decisions=track, freq="Q")
