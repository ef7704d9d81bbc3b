"""Tests of the HTML of tables: how they are laid out on a telephone, and the languages of their texts."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from dashboards.public import tables
from dashboards.public.tables import Cell, Line
from pipelines.words.language import read_in


def render_lines(names: Sequence[str], columns: Sequence[str], text: str) -> str:
    lines = [Line(Cell(name), tuple(Cell(text, value=1.0) for _ in columns)) for name in names]
    return tables.render_table("Caption", columns, lines, corner="Area")


def test_link_on_a_figure_has_no_interval_whose_words_are_in_its_name() -> None:
    cell = Cell(
        "1,260 (1,210–1,330)", "Median: 1,260, 95% confidence interval 1,210 to 1,330", value=1260.0, href="source"
    )
    html = tables.render_table("Caption", ["Median"], [Line(Cell("Aland"), (cell,))], corner="Area")
    (label, link, after) = re.findall(r'<a href="source" [^>]*aria-label="([^"]+)">(.*?)</a>(.*?)</td>', html)[0]
    words = re.sub(r"<[^>]+>", "", link)
    assert words == "1,260" and words in label
    assert 'aria-hidden="true"' in after and re.sub(r"<[^>]+>", "", after) == " (1,210–1,330)"


@pytest.mark.parametrize(
    ("columns", "text", "kinds"),
    [
        (["2025", "2024", "2023"], "1 234", {"rti-stacked": False}),
        (["Investigated", "Indicted", "Convicted", "Sentenced"], "29", {"rti-stacked": True, "rti-pairs": True}),
        (["Под истрага", "Обвинети", "Осудени", "Изречена санкција"], "29", {"rti-stacked": True, "rti-pairs": False}),
        (
            ["2023", "2025", "Ratio of 2025 to 2023", "Clear change?"],
            "1.16 (0.94–1.44)",
            {"rti-stacked": True, "rti-pairs": False},
        ),
        ([f"202{year} Q1" for year in range(8)], "late", {"rti-stacked": True, "rti-pairs": True}),
    ],
)
def test_table_is_stacked_on_a_telephone_if_its_words_do_not_fit(
    columns: list[str], text: str, kinds: dict[str, bool]
) -> None:
    html = render_lines(["Albania", "Serbia"], columns, text)
    assert {kind: kind in html for kind in kinds} == kinds


def test_long_names_of_lines_stack_a_table() -> None:
    columns = ["2025", "2024", "2023", "2022"]
    assert "rti-stacked" not in render_lines(["Serbia"], columns, "29")
    assert "rti-stacked" in render_lines(["Kriminalitätsbekämpfungsstatistik"], columns, "29")


def test_texts_of_one_field_have_their_own_languages() -> None:
    pieces = [("71:", ""), ("persons prosecuted", "en"), ("(Priopćenje)", "hr"), ("", "en")]
    with read_in("mk"):
        cell = tables.compose_cell(pieces)
        html = tables.render_table("Caption", ["Source"], [Line(Cell("2014"), (cell,))], text=True)
    assert cell.text == "71: persons prosecuted (Priopćenje)"
    assert '71:<span lang="en"> persons prosecuted</span><span lang="hr"> (Priopćenje)</span>' in html
    with read_in("en"):
        assert tables.compose_cell(pieces[:2]).pieces == (), "all in the language of the page"


def test_question_in_a_heading_is_not_followed_by_a_colon_on_a_telephone() -> None:
    line = Line(Cell("A"), (Cell("no clear change"),))
    assert 'data-column="Clear change"' in tables.render_table("Title", ["Clear change?"], [line])


def test_short_states_are_on_one_line_and_stack_a_table_that_has_no_room_for_them() -> None:
    """Require that "not available" is not torn in a narrow column."""
    columns = ["2025", "2024", "2023"]

    def render_states(*texts: str) -> str:
        cells = tuple(Cell(text, kind="note") for text in texts)
        return tables.render_table("Caption", columns, [Line(Cell("Serbia"), cells)])

    html = render_states("not due", "late", "8 (3–14)")
    assert '<span class="rti-whole">not due</span>' in html and "rti-stacked" not in html
    assert "rti-whole" not in render_states("late", "not given by the office", "few")
    assert "rti-stacked" in render_states("not available", "not available", "not available")
