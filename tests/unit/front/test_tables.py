"""Tests of figures as fields of a table: numbers, words for missing ones, marks, notes and footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import resources

import pytest

from dashboards.public import exports
from dashboards.public.page_parts import read_table
from pipelines import words
from pipelines.design.components import Part
from pipelines.front.pages.fields import rate_field, ratio_field
from pipelines.front.reader import Reader
from pipelines.front.tables import FigureTable, format_figure, keep_hyphens, period_field, translate_text
from pipelines.words import changes
from pipelines.words.language import read_in
from pipelines.words.notes import VISIBLE_NOTES
from tests.support.editions import make_edition, make_ratio, make_total
from tests.support.static_pages import render_table


def make_table(language: str = "en") -> FigureTable:
    return FigureTable(Reader(make_edition(), language), "A caption", "Area", ["2025"])


@pytest.mark.parametrize(("language", "sign"), [("en", ","), ("hr", "\u202f")])
def test_thousands_and_marks_are_not_part_of_a_copied_number(language: str, sign: str) -> None:
    with read_in(language):
        figure = words.format_value(1234.0, "A", "F")
        assert str(format_figure(figure, ["1", "3"])) == (
            f'1<span class="front-separator">{sign}</span>234<sup class="front-mark front-pair">1,3</sup>'
        )


def test_abbreviations_of_one_table_are_all_shown_or_all_folded() -> None:
    table = FigureTable(Reader(make_edition(), "en"), "Requests by channel", "Channel", ["2025"])
    for channel in ("SELEC", "PCC SEE"):
        table.add_row(channel, ["40"])
    for number in range(5):
        table.notes.add_remark(f"Remark {number}.")
    explained = (
        "Southeast European Law Enforcement Center. PCC SEE: Police Cooperation Convention for Southeast Europe."
    )
    assert f"SELEC: {explained}" in [text for _, text in table.visible_notes]


def test_few_is_a_word_next_to_the_number_and_a_count_of_zero_is_not_few() -> None:
    few = str(format_figure(words.FormattedFigure("7", "7", "value", 7.0), is_few=True))
    assert few.endswith('few</span>7<span class="rti-hidden">, few</span>')
    assert str(format_figure(words.FormattedFigure("0", "0", "value", 0.0), is_few=True)) == "0"


GENERAL = (
    "Figures with the word “few” are, or may be, counts of fewer than 20, or shares or ratios calculated from such a "
    "count. Chance alone can change them a lot."
)


@pytest.mark.parametrize(
    ("few", "value", "notes"),
    [
        (None, 7.0, [GENERAL]),
        ("Another explanation.", 7.0, ["Another explanation."]),
        ("", 7.0, []),
        (None, 27.0, []),
        ("Another explanation.", 27.0, []),
    ],
)
def test_table_explains_the_word_few_where_it_has_it(few: str | None, value: float, notes: list[str]) -> None:
    table = make_table()
    table.few = few
    table.add_row("AA", [table.count_field(make_total("AA", "2025", value))])
    assert [text for _, text in table.visible_notes] == notes


def test_table_explains_abbreviations_in_its_headings() -> None:
    table = make_table("mk")
    with read_in("mk"):
        table.add_row("СЕЛЕК", ["7"])
        table.add_row("Интерпол", ["7"])
        (note,) = [text for _, text in table.visible_notes]
    assert str(note).startswith("СЕЛЕК: ") and "Југоисточна Европа" in str(note)


def test_range_is_not_broken_in_a_narrow_column() -> None:
    band = words.FormattedFigure("20–49", "20 to 49", "value")
    assert str(format_figure(band)) == '<span class="rti-whole">20–49</span>'


def test_share_of_zero_is_few_as_its_complement_is() -> None:
    shares = [("0 (0–15)", 0.0, 0.0, 15.0), ("100 (85–100)", 100.0, 85.0, 100.0)]
    for text, value, low, high in shares:
        assert ">few</span>" in format_figure(words.FormattedFigure(text, text, "value", value, low, high), is_few=True)


def test_marks_of_notes_are_in_the_order_of_the_notes() -> None:
    figure = words.FormattedFigure("7", "7", "value", 7.0)
    assert str(format_figure(figure, ["10", "2", "1"])).endswith('<sup class="front-mark front-trio">1,2,10</sup>')


def test_interval_is_an_element_that_a_narrow_column_shows_below_its_number() -> None:
    figure = words.FormattedFigure("1.5 (0.9–2.4)", "1.5", "value", 1.5, 0.9, 2.4)
    assert str(format_figure(figure)) == (
        '<data value="1.5" data-low="0.9" data-high="2.4">1.5 <span>(0.9–2.4)</span></data>'
    )


def test_missing_figures_are_words() -> None:
    table = make_table()
    fields = [
        table.count_field(row)
        for row in (
            None,
            make_total("AA", "2025", None, obs_status="Q", conf_status="C"),
            make_total("AA", "2025", None, obs_status="M"),
            make_total("AA", "2025", None, n_reported=0),
        )
    ]
    texts = ["not collected", "withheld", "not applicable", "not received"]
    kinds = ["" if len(text) <= 14 else " front-long" for text in texts]
    states = zip(texts, kinds, strict=True)
    assert [str(field) for field in fields] == [
        f'<span class="front-missing{kind}">{text}</span>' for text, kind in states
    ]


def test_name_with_a_footnote_has_its_mark_and_the_footnote_is_in_english_where_not_translated() -> None:
    table = make_table()
    table.add_row(table.name_area("BB", "bb.html"), ("5",))
    assert str(table.rows[0].heading) == '<a href="bb.html">Bland</a><sup class="front-mark">*</sup>'
    assert table.visible_notes == [("*", "About the name of Bland.")]
    with read_in("sq"):
        foreign = make_table("sq")
        foreign.add_row(foreign.name_area("BB"), ("5",))
        assert [(mark, str(text)) for mark, text in foreign.visible_notes] == [
            ("*", '<span lang="en">About the name of Bland.</span>')
        ]


def test_definition_is_in_the_language_of_the_page_where_it_has_a_translation() -> None:
    reader = Reader(make_edition(), "hr")
    assert "<span" not in translate_text(reader, "A court imposed a sanction.") != "A court imposed a sanction."
    assert translate_text(reader, "Not a text of ours.") == '<span lang="en">Not a text of ours.</span>'


def test_cause_of_a_break_in_a_note_is_marked_as_english() -> None:
    cause = "Penalties rise (SG 72/09)."
    row = {"area": "AA", "words": "", "text": cause, "detail": ""}
    table = FigureTable(Reader(make_edition(**{"break": [row]}), "sq"), "A caption", "Area", ["2025"])
    table.notes.number_note(f"Ligji, 2024: {cause}")
    assert [str(text) for _, text in table.visible_notes] == [f'Ligji, 2024: <span lang="en">{cause}</span>']


def test_declared_cause_of_a_break_is_in_the_language_of_the_page() -> None:
    cause = "First-instance figures come from the register of courts."
    row = {"area": "AA", "words": "", "text": cause, "detail": ""}
    with read_in("sq"):
        table = FigureTable(Reader(make_edition(**{"break": [row]}), "sq"), "A caption", "Area", ["2025"])
        table.notes.number_note(changes.describe_cause(row))
    assert [str(text) for _, text in table.visible_notes] == [
        "Shifrat e shkallës së parë vijnë nga regjistri i gjykatave."
    ]


def test_footnote_is_listed_for_a_name_that_only_a_note_mentions() -> None:
    table = make_table()
    table.add_row(table.name_area("AA", notes=["Bland* is not included."]), ("5",))
    assert [mark for mark, _ in table.visible_notes] == ["*", "1"]


@pytest.mark.parametrize(("language", "quarter"), [("en", "2025 Q4"), ("sq", "T4 2025"), ("mk", "4. квартал 2025")])
def test_name_of_a_quarter_is_one_line_on_the_page_and_has_ordinary_spaces_in_files(
    language: str, quarter: str
) -> None:
    with read_in(language):
        table = make_table(language)
        table.add_row(period_field("2025-Q4"), (period_field("2025"),))
        table.add_row("AA", (period_field("2025-Q3", "2025-Q4"),))
        html = render_table(table)
    citation = '<p class="front-citation">Persons. <span class="front-address">/index.html</span></p>'
    result = read_table(f"<html><body>{html}{citation}</body></html>", "figures")
    assert result is not None and f"\r\n{quarter}," in exports.write_csv(*result).decode()
    assert f'<th scope="row"><span class="rti-whole">{quarter}</span></th>' in html and "<td>2025</td>" in html
    assert len(re.findall(r'<td><span class="rti-whole">[^<]*</span>–<span class="rti-whole">', html)) == 1
    css = (resources.files("pipelines.front") / "front.css").read_text("utf-8")
    assert ".rti-whole { white-space: nowrap; }" in css


def test_name_with_a_hyphen_keeps_its_words_whole() -> None:
    assert keep_hyphens("Kosova sipas OKB-së") == 'Kosova sipas <span class="rti-whole">OKB-së</span>'
    assert keep_hyphens("<A>-B C & D") == '<span class="rti-whole">&lt;A&gt;-B</span> C &amp; D'


def mark_fields(table: FigureTable, texts: Iterable[str]) -> list[Part]:
    """Return a field for each note, with its mark."""
    return [table.note_field("1", text) for text in texts]


def read_marks(table: FigureTable) -> list[str]:
    """Return the marks of notes in a table in reading order, each once."""
    parts = [part for row in table.table.rows for part in (row.heading, *row.fields)]
    texts = [text for part in parts for text in re.findall(r">([^<]*)</sup>", str(part))]
    return list(dict.fromkeys(mark for text in texts for mark in text.split(",")))


def test_seventh_note_is_folded() -> None:
    table = make_table()
    table.add_row("Aland", mark_fields(table, [f"Note {number}." for number in range(8)]))
    assert len(table.visible_notes) == 6 and [text for _, text in table.folded_notes] == ["Note 6.", "Note 7."]


@pytest.mark.parametrize("n_verdicts", [1, 6, 8])
def test_notes_that_explain_verdicts_are_shown_before_others(n_verdicts: int) -> None:
    table = make_table()
    verdicts = [f"Not clear: {number}." for number in range(n_verdicts)]
    fields = mark_fields(table, [f"Note {number}." for number in range(8)])
    table.add_row("Aland", [*fields, *(table.verdict_field("no clear change", note) for note in verdicts)])
    texts = [str(text) for _, text in table.visible_notes]
    shown_verdicts = verdicts[:6]
    assert (len(texts), texts[-len(shown_verdicts) :]) == (6, shown_verdicts), "six notes are shown at most"
    assert len(table.visible_notes) + len(table.folded_notes) == 8 + n_verdicts


@pytest.mark.parametrize("n_remarks", [0, 3, 8])
def test_note_with_a_mark_in_the_table_is_shown_before_remarks(n_remarks: int) -> None:
    table = make_table()
    for number in range(n_remarks):
        table.notes.add_remark(f"Remark {number}.")
    table.notes.number_note("No row refers to this note.")
    texts = [f"Note {number}." for number in range(4)]
    table.add_row(table.name_area("BB"), mark_fields(table, texts))
    assert [mark for mark, _ in table.visible_notes] == ["*", "1", "2", "3", "4", ""]
    assert [str(text) for _, text in table.visible_notes][1:5] == texts
    assert [mark for mark, _ in table.folded_notes] == [""] * n_remarks


def test_note_on_a_count_of_adults_only_is_shown_before_others() -> None:
    table = make_table()
    adults = table.count_field(make_total("AA", "2025", 25.0, age="Y_GE18", obs_status="D", is_total=True))
    table.add_row("Aland", [*mark_fields(table, [f"Note {number}." for number in range(8)]), adults])
    assert any(str(text).startswith("Adults only (18 and over)") for _, text in table.visible_notes)


def test_notes_are_numbered_in_the_order_in_which_the_table_is_read() -> None:
    """Check a table whose second row was composed before its first one, and a heading after the fields of its row."""
    table = make_table()
    total = [table.note_field("9", "Of the total."), table.note_field("8", "Of all.")]
    table.add_row(table.name_area("BB", notes=["Of the row."]), [table.note_field("5", "Of a part."), "4"])
    table.add_row("All", total)
    of_two_notes = format_figure(words.FormattedFigure("5", "5", "value", 5.0), ["2", "4"])
    table.add_row("Cland", [of_two_notes])
    assert read_marks(table) == ["*", "1", "2", "3", "4"]
    assert [(mark, str(text)) for mark, text in table.visible_notes[1:]] == [
        ("1", "Of the row."), ("2", "Of a part."), ("3", "Of the total."), ("4", "Of all."),
    ]  # fmt: skip
    assert str(table.table.rows[2].fields[0]).endswith(">2,4</sup>")


def test_each_mark_finds_its_note_if_a_later_note_is_shown_before_others() -> None:
    table = make_table()
    texts = [f"Note {number}." for number in range(7)]
    fields = [*mark_fields(table, texts), table.verdict_field("no clear change", "Not clear.")]
    table.add_row(table.name_area("BB", notes=["Of the row."]), fields)
    table.add_row("Cland", [format_figure(words.FormattedFigure("5", "5", "value", 5.0), ["8", "3"])])
    visible, folded = table.visible_notes, table.folded_notes
    assert [mark for mark, _ in visible] == ["*", "1", "2", "3", "4", "9"], "a verdict is explained before other notes"
    assert [mark for mark, _ in folded] == ["5", "6", "7", "8"]
    notes = {mark: str(text) for mark, text in [*visible, *folded]}
    first, second = table.table.rows
    matches = [re.search(r">([^<]*)</sup>$", str(field)) for field in (first.heading, *first.fields)]
    marks = [match[1].removeprefix("*,") for match in matches if match]
    assert [notes[mark] for mark in marks] == ["Of the row.", *texts, "Not clear."]
    (field,) = second.fields
    assert [notes[mark] for mark in re.sub("<[^>]+>", "", str(field))[1:].split(",")] == ["Note 2.", "Not clear."]
    assert [mark for mark, _ in table.all_notes] == ["*", *map(str, range(1, 10))]


def test_names_and_notes_are_escaped() -> None:
    table = make_table()
    table.add_row(table.note_field("<b>", "a note"), ("x",))
    assert str(table.rows[0].heading) == '&lt;b&gt;<sup class="front-mark">1</sup>'


def test_note_on_the_population_is_at_rates_only() -> None:
    """Compare a field that has a rate with one that has none."""
    rate = {"rate_obs_status": "A", "rate_conf_status": "F", "rate_flags": "population_carried_forward"}
    for value, has_note in ((1.5, True), (None, False)):
        table = FigureTable(Reader(make_edition(), "en"), "A caption", "Area", ["2025"])
        cell = make_total("AA", "2025", 40.0 if has_note else None, **rate | {"rate": value})
        field = str(rate_field(table, cell, is_region=False))
        assert ("front-mark" in field, bool(table.notes.texts)) == (has_note, has_note)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({}, ""),
        ({"version": "lagged", "lag": 1}, "Divided by those who reached the earlier stage 1 year earlier, because"),
        ({"version": "lagged", "lag": 2}, "Divided by those who reached the earlier stage 2 years earlier, because"),
        ({"version": "cohort", "lag": None}, "Of those who entered the earlier stage in this year and were followed"),
        ({"version": "lagged", "lag": 1, "value": None, "low": None, "high": None, "obs_status": "M"}, ""),
    ],
)
def test_ratio_whose_counts_are_not_of_its_year_has_a_note(changes: dict[str, object], note: str) -> None:
    table = make_table()
    fields = [str(ratio_field(table, make_ratio(area, "2025", **changes))) for area in ("AA", "BB")]
    assert len(table.notes.texts) == bool(note), "one note for all rows"
    assert all(text.startswith(note) for text in table.notes.texts)
    assert all(('<sup class="front-mark">1</sup>' in field) == bool(note) for field in fields)


def test_sum_with_a_nil_return_says_that_an_office_had_none() -> None:
    table = make_table()
    table.count_field(make_total("AA", "2025", 7.0, flags="nil"))
    table.count_field(make_total("BB", "2025", 0.0, flags="nil"))
    assert table.notes.texts == [
        "At least one office confirmed that it had no cases.",
        "Nil return: the office confirmed that there was nothing to report.",
    ]


def test_citation_of_a_table_has_its_areas_and_how_many_are_in_the_regional_figures() -> None:
    table = FigureTable(Reader(make_edition(), "en"), "A caption", "Area", ["2024", "2025"])
    assert table.coverage == "", "a table about one area has that of its page"
    table.add_row(table.name_area("AA"), ("5", "6"))
    assert table.coverage == "Aland"
    table.add_row(table.name_area("WB"), ("5", "6"), is_total=True)
    table.add_cover_row([make_total("WB", "2024", 90.0), make_total("WB", "2025", 90.0)])
    assert table.coverage == "Western Balkans (4 of 4 in 2024–2025) and Aland"
    table.covers = "Aland: 1 January 2024 to 31 December 2025"
    assert table.coverage == table.covers


def test_regional_figures_in_a_column_are_counted_in_the_citation() -> None:
    table = FigureTable(Reader(make_edition(), "en"), "A caption", "Year", ["Territories included"])
    for year, reporters in (("2025", "AA,BB,CC,DD"), ("2024", "AA,BB,CC,DD"), ("2023", "AA,BB")):
        table.add_row(year, (table.cover_field(make_total("WB", year, 90.0, reporters=reporters), year),))
    assert table.coverage == "Western Balkans (no regional figure in 2023 and 4 of 4 in 2024–2025)"


def test_regional_figures_of_a_table_without_a_row_of_coverage_are_counted_in_the_citation() -> None:
    table = make_table()
    table.add_row(table.name_area("WB"), ("5",), is_total=True)
    table.record_regional([make_total("WB", "2025", 90.0)])
    assert table.coverage == "Western Balkans (4 of 4 in 2025)"


def test_caution_at_a_heading_is_shown_before_other_notes() -> None:
    table = make_table()
    notes = [f"Note {number}." for number in range(9)]
    table.add_row(table.name_area("AA", notes=notes, caution="Of another year."), ("5",))
    assert "Of another year." in [text for _, text in table.visible_notes]


def test_most_used_note_of_a_table_is_shown_before_other_notes() -> None:
    """Require it because the note of 28 figures was folded below notes of one figure each."""
    table = make_table()
    table.add_row(table.name_area("AA", notes=[f"Note {number}." for number in range(9)]), ("5",))
    table.add_row(table.name_area("CC"), (table.note_field("5", "Of most figures."),))
    table.add_row(table.name_area("DD"), (table.note_field("5", "Of most figures."),))
    visible = [text for _, text in table.visible_notes]
    assert len(visible) == VISIBLE_NOTES and "Of most figures." in visible
