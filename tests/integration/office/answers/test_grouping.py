"""Grouping of findings by cause, their consequences, and suggestions."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.findings.finding import Finding
from pipelines.findings.places import place_words
from pipelines.model.content import Where
from pipelines.office import answers
from pipelines.office.answers import declared
from pipelines.office.answers.declared import DeclaredWords
from tests.support.fakes.answers_fakes import (
    BOOK,
    OTHERS,
    edit_workbook,
    make_finding,
    report_of,
    with_cell,
    with_findings,
)
from tests.support.paths import SAMPLES


@pytest.fixture(scope="module")
def clean() -> Any:
    return report_of(BOOK.read_bytes())


def list_group_rules(data: bytes) -> list[tuple[str, list[str]]]:
    """Return the rules of the groups of errors and warnings, each with the rules of its consequences."""
    groups = answers.group_findings(report_of(data), "en")
    return [(g.rule, sorted(c.rule for c in g.consequences)) for g in groups if g.severity != "information"]


def test_changed_heading_makes_one_group() -> None:
    assert list_group_rules(with_cell("Т-02", "F6", "Ослободни лица")) == [("heading.undeclared", ["heading.missing"])]


def test_moved_table_makes_one_group() -> None:
    data = edit_workbook(lambda book: book["Т-03"].insert_cols(1))
    groups = [g for g in answers.group_findings(report_of(data), "en") if g.severity == "error"]
    assert [g.rule for g in groups] == ["heading.undeclared"]
    assert {c.rule for c in groups[0].consequences} == {"heading.missing", "cell.unbound"}
    assert len(groups[0].all_findings) == 28
    assert groups[0].title == "The form has no column with the heading '\u2026'."


def test_missing_title_explains_undeclared_table() -> None:
    assert list_group_rules(with_cell("Т-02", "A4", None)) == [("table.title_missing", ["table.undeclared"])]


def test_wrong_upper_heading_makes_one_group_that_names_it() -> None:
    groups = answers.group_findings(report_of(with_cell("Т-02", "C6", "Осудени лцa")), "en")
    assert groups[0].places == 3
    assert groups[0].title == "The form has no column with the heading 'Осудени лцa'."
    assert not any(finding.suggestion and finding.suggestion.certain for finding in groups[0].findings)


def test_undeclared_label_explains_part_above_its_whole() -> None:
    group_rules = list_group_rules(with_cell("Т-02", "A10", "Трговја со луѓе, чл. 418-а"))
    assert group_rules == [("label.undeclared", ["label.absent", "plausible.outcome"])]


def test_missing_row_under_a_wrong_label_has_no_advice_to_add_it() -> None:
    """Followed before the label is corrected, the rule's own remedy gives the row twice, once with a false 0."""
    report = report_of(with_cell("Т-02", "A10", "Трговја со луѓе, чл. 418-а"))
    (cause,) = [group for group in answers.group_findings(report, "en") if group.rule == "label.undeclared"]
    (absent,) = [group for group in cause.consequences if group.rule == "label.absent"]
    texts = [absent.remedy, *(finding.remedy for finding in absent.findings)]
    assert all(text.startswith("First correct the label") for text in texts)


def test_group_counts_findings_beyond_the_limit() -> None:
    def write_numbers_as_text(book: Any) -> None:
        for sheet in book:
            for row in sheet.iter_rows(min_row=9):
                for cell in row:
                    if isinstance(cell.value, int):
                        cell.value = str(cell.value)

    groups = answers.group_findings(report_of(edit_workbook(write_numbers_as_text)), "en")
    group = next(g for g in groups if g.rule == "cell.number_as_text")
    assert len(group.findings) == 100
    assert (group.unlisted, group.places, len(group.first)) == (20, 120, 5)
    assert group.findings[0].suggestion == answers.Suggestion("17", certain=True)


def test_findings_are_in_order_of_the_sheet(clean: Any) -> None:
    places = ["Т-02!B10", "Т-01!C12", "Т-01!B12", "Т-01!AA3", "Т-02!B9"]
    findings = [make_finding(where=Where.from_text(p), seen=p) for p in places]
    (group,) = answers.group_findings(with_findings(clean, findings), "en")
    assert [str(f.where) for f in group.findings] == ["Т-01!AA3", "Т-01!B12", "Т-01!C12", "Т-02!B9", "Т-02!B10"]


def test_groups_are_sorted_by_severity_then_size(clean: Any) -> None:
    cells = [Where(sheet="Т-01", cell=f"B{n}") for n in range(1, 9)]
    findings = [
        make_finding("cell.lookalike", "information", cells[0], seen="a"),
        make_finding("cell.unbound", "warning", cells[1], seen="1"),
        make_finding("cell.empty", "error", cells[2]),
        make_finding("value.negative", "error", cells[3], seen="-1"),
        make_finding("value.negative", "error", cells[4], seen="-2"),
    ]
    groups = answers.group_findings(with_findings(clean, findings), "en")
    assert [(g.rule, g.places) for g in groups] == [
        ("value.negative", 2), ("cell.empty", 1), ("cell.unbound", 1), ("cell.lookalike", 1),
    ]  # fmt: skip
    assert groups[0].title == "A count cannot be negative: \u2026."


def test_titles_show_codes_in_words(clean: Any) -> None:
    params = {"part": "sentenced_first", "whole": "convicted_first", "period": "2026-Q3"}
    findings = [make_finding("plausible.outcome", "warning", params=params, seen="3", expected="1")]
    (group,) = answers.group_findings(with_findings(clean, findings), "en")
    assert group.title.startswith("Sentenced at first instance is 3 in 2026 Q3")


RULES = (
    "heading.undeclared", "heading.missing", "cell.unbound", "label.undeclared", "plausible.outcome", "sum.differs",
    "table.not_found", "table.undeclared", "coverage.late", "coverage.too_early", "value.negative", "no.such",
)  # fmt: skip
WHERES = st.builds(
    lambda sheet, row: Where(sheet=sheet, cell=f"B{row}") if sheet else Where(),
    st.sampled_from([None, "Т-01", "Т-02"]),
    st.integers(1, 6),
)
FINDINGS = st.builds(
    make_finding,
    st.sampled_from(RULES),
    st.sampled_from(["error", "warning", "information"]),
    WHERES,
    seen=st.sampled_from([None, "a", "b / c", "Осудени лица"]),
    expected=st.sampled_from([None, "Осудени лица"]),
)


@given(st.lists(FINDINGS, max_size=30))
def test_each_finding_is_in_exactly_one_group(clean_report: Any, findings: list[Finding]) -> None:
    groups = answers.group_findings(with_findings(clean_report, findings), "en")
    grouped = [entry.finding for group in groups for entry in group.all_findings]
    assert sorted(map(repr, grouped)) == sorted(map(repr, findings))
    ranks = [("error", "warning", "information").index(g.severity) for g in groups]
    assert ranks == sorted(ranks)
    for group in groups:
        for consequence in group.consequences:
            assert ("error", "warning", "information").index(consequence.severity) >= ranks[groups.index(group)]


@pytest.fixture(scope="module")
def clean_report(clean: Any) -> Any:
    return clean


# --------------------------------------------------------------------------------------------------------- suggestions

WORDS = DeclaredWords(
    headings=(
        "Осудени лица",
        "Ослободени лица",
        "Одбиено обвинение",
        "Пол / мажи",
        "Пол / жени",
        "18-20",
        "до 18 години",
    ),
    labels=("Трговија со луѓе, чл. 418-а", "Трговија со дете, чл. 418-г", "II квартал", "лица <18 години", "Косово"),
)


def suggest_for(rule: str, seen: str, declared_: DeclaredWords | None = WORDS) -> tuple[str, bool] | None:
    suggestion = answers.suggest_correction(
        make_finding(rule, where=Where(sheet="S", cell="A1"), seen=seen, params={"nearest": ""}), declared_
    )
    return None if suggestion is None else (suggestion.value, suggestion.certain)


@pytest.mark.parametrize(
    ("rule", "seen", "value"),
    [
        ("heading.undeclared", "Ослободни лица", "Ослободени лица"),
        ("heading.undeclared", "Осудени  лицa", "Осудени лица"),
        ("heading.undeclared", "Осуденилица", "Осудени лица"),
        ("label.undeclared", "KOCOBO", "Косово"),
        ("label.undeclared", "Трговја со луѓе, чл. 418-а", "Трговија со луѓе, чл. 418-а"),
        ("heading.undeclared", "Одбиено обивнение", "Одбиено обвинение"),
    ],
)
def test_suggestion_is_certain(rule: str, seen: str, value: str) -> None:
    assert suggest_for(rule, seen) == (value, True)


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ("label.undeclared", "Трговија со луѓе, чл. 419-а"),  # another article
        ("heading.undeclared", "18-21"),  # another age
        ("label.undeclared", "III квартал"),  # another quarter
        ("label.undeclared", "лица >18 години"),  # the other side of the line
        ("heading.undeclared", "Пол / маж"),  # too short a word
        ("heading.undeclared", "Пл / мажи"),  # the slip is in another cell
        ("heading.undeclared", "Ослободни лца"),  # two slips
    ],
)
def test_suggestion_is_not_certain(rule: str, seen: str) -> None:
    suggestion = suggest_for(rule, seen)
    assert suggestion is not None
    assert suggestion[1] is False


def test_suggestion_is_not_certain_with_two_near_words() -> None:
    words = DeclaredWords(headings=("осудена", "осудени"), labels=())
    assert suggest_for("heading.undeclared", "осуден", words) in {("осудена", False), ("осудени", False)}


def test_suggestion_is_not_certain_if_the_word_is_on_the_sheet() -> None:
    with_word = DeclaredWords(WORDS.headings, WORDS.labels, taken=frozenset({("S", "косово")}))
    assert suggest_for("label.undeclared", "KOCOBO", with_word) == ("Косово", False)
    with_missing_word = DeclaredWords(WORDS.headings, WORDS.labels, with_word.taken, missing=with_word.taken)
    assert suggest_for("label.undeclared", "KOCOBO", with_missing_word) == ("Косово", True)


def test_suggestion_is_not_certain_without_words_of_the_form() -> None:
    finding = make_finding("label.undeclared", seen="Косово.", params={"nearest": " Nearest declared: 'Косово'."})
    assert answers.suggest_correction(finding) == answers.Suggestion("Косово", certain=False)


def test_numbers_get_no_suggestion() -> None:
    for rule in ("sum.differs", "value.negative", "plausible.jump", "cell.not_a_number", "plausible.bounds"):
        assert answers.suggest_correction(make_finding(rule, seen="12", expected="13"), WORDS) is None


@given(st.text(st.sampled_from("0123456789 -чл.абвIVX<>"), min_size=1, max_size=12), st.data())
def test_certain_suggestion_has_the_same_digits(text: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text) - 1))
    digit = data.draw(st.sampled_from("0123456789"))
    seen_text = text[:place] + digit + text[place + 1 :]
    words = DeclaredWords(headings=(), labels=(f"лица на возраст {text}",))
    suggestion = suggest_for("label.undeclared", f"лица на возраст {seen_text}", words)
    if suggestion is not None and suggestion[1]:
        assert [c for c in seen_text if c.isdigit()] == [c for c in text if c.isdigit()]


def test_declared_words_of_report(clean: Any) -> None:
    words = declared.of_report(clean)
    assert words is not None
    assert "Ослободени лица" in words.headings
    assert ("Т-02", "ослободени лица") in words.taken


def test_place_words() -> None:
    assert place_words(Where(sheet="A", cell="B5"), "en") == "sheet A, cell B5"
    assert place_words(Where(page=2, box=(72.0, 144.0, 90.0, 160.0)), "en") == (
        "page 2, 51 mm from the top, 25 mm from the left"
    )
    assert place_words(Where(table=1, cell="R3C2"), "en") == "table 1, row 3, column 2"
    assert place_words(Where(line=84, column=3), "en") == "line 84, column 3"
    assert place_words(Where(keyword="DATA", line=3), "en") == "DATA, line 3"
    assert place_words(Where(), "en") == "the whole file"


# ------------------------------------------------------------------------------------- faults in files of other formats


def group_changed_file(format_: str, encoding: str, *pairs: tuple[str, str]) -> list[answers.Group]:
    path = SAMPLES / OTHERS[format_]
    text = path.read_bytes().decode(encoding)
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after, 1)
    return [
        g
        for g in answers.group_findings(report_of(text.encode(encoding), path.name), "en")
        if g.severity != "information"
    ]


def test_suggestion_for_repeated_label_of_a_list_is_certain() -> None:
    (group,) = group_changed_file("csv", "cp1250", ("Prijavljene osobe;ukupno", "Prijavljne osobe;ukupno"))
    assert (group.rule, group.findings[0].place) == ("label.undeclared", "line 5, column 4")
    assert group.findings[0].suggestion == answers.Suggestion("Prijavljene osobe", certain=True)


def test_unknown_column_of_a_list_makes_one_group() -> None:
    (group,) = group_changed_file("csv", "cp1250", ("Pokazatelj;Spol", "Pokazatelji;Spol"))
    assert group.rule == "heading.undeclared"
    assert {consequence.rule for consequence in group.consequences} == {"heading.missing", "form.incomplete"}


def test_suggestion_for_cell_of_html_page() -> None:
    (group,) = group_changed_file("html", "utf-8", ("<td>женски</td><td>16</td>", "<td>женскu</td><td>16</td>"))
    assert group.findings[0].place == "table 1, row 4, column 2"
    assert group.findings[0].suggestion == answers.Suggestion("Сви узрасти / женски", certain=True)
