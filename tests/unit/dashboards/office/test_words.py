"""Words and shapes of the portal: text of files and people never becomes a page, periods stand in order."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from dashboards.office import html, words
from pipelines.ledger.identity import Grant


def test_a_label_says_no_other_number_than_the_finding() -> None:
    assert words.strip_markdown("a *bold* <b>tag</b> (probability < 0.0001)") == "a bold btag/b (probability < 0.0001)"
    assert words.strip_markdown("* > 6") == "  6"
    assert words.strip_markdown("< 5\n > 6") == " 5\n  6", "at the beginning of a line it would be a quotation"


@given(st.text())
def test_a_label_has_no_sign_of_markdown_left(text: str) -> None:
    assert not re.search(r"[\\`*_{}\[\]#|~$!]|[<>](?! )|(?<!\S )[<>]", words.strip_markdown(text))


@given(st.text())
def test_an_escaped_text_is_the_same_once_read(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", words.escape_markdown(text), flags=re.S) == text


@given(st.text(), st.text())
def test_nothing_of_a_cell_becomes_a_tag(heading: str, field: str) -> None:
    made = html.render_table(html.Table(heading, field, [heading], [html.Row(field, (heading,))]))
    tags = set(re.findall(r"<\s*/?\s*([a-z0-9]+)", made))
    assert tags <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert made.count("<td") == 1 and made.count('scope="row"') == 1 and made.count('scope="col"') == 2


def test_columns_in_which_nothing_stands_are_left_out_with_their_numbers() -> None:
    rows = [html.Row("a", ("", "1", "")), html.Row("b", ("", "", "2"))]
    kept = html.drop_empty_columns(html.Table("caption", "corner", ["x", "y", "z"], rows, numbers=frozenset({1, 2})))
    assert list(kept.columns) == ["y", "z"] and [row.fields for row in kept.rows] == [("1", ""), ("", "2")]
    assert kept.numbers == {0, 1}


def test_periods_are_told_short() -> None:
    assert words.format_periods(["2026-Q3"], "en") == "2026 Q3"
    assert words.format_periods(["2026-Q2", "2026-Q1"], "en") == "2026 Q1, 2026 Q2"
    assert words.format_periods(["2026-Q3", "2026-Q1", "2026-Q2"], "en") == "2026 Q1 to 2026 Q3 (3 periods)"
    assert words.format_periods(["2025"], "en") == "2025"
    # Between "od" and "do" the names of quarters would have to be declined.
    assert (
        words.format_periods(["2026-Q3", "2026-Q1", "2026-Q2"], "sr-Latn")
        == "1. kvartal 2026 – 3. kvartal 2026 (broj perioda: 3)"
    )
    assert words.format_periods(["2026-Q3", "2026-Q1", "2026-Q2"], "hr").startswith(
        "1. tromjesečje 2026. – 3. tromjesečje 2026. ("
    )


def test_a_course_has_a_gap_where_a_value_is_missing() -> None:
    import base64

    assert html.render_sparkline([None, 4], "said") == ""
    made = html.render_sparkline([1, 2, None, 3, 4], 'said "so"')
    svg = base64.b64decode(re.findall(r"base64,([^\"]+)", made)[0]).decode()
    assert svg.count("<polyline") == 2 and 'alt="said &#34;so&#34;"' in made


def test_roles_stand_by_pair() -> None:
    grants = (Grant("submitter", "MK"), Grant("approver", "MK"), Grant("viewer", "AL", "justice"))
    assert words.roles_by_pair(grants) == {("AL", "justice"): ["viewer"], ("MK", "*"): ["approver", "submitter"]}
