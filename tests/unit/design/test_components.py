"""Components: no text of a file or a person becomes a tag, and each is readable without styles."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import lxml.html
from hypothesis import given
from hypothesis import strategies as st

from pipelines.design import components as ui
from pipelines.design.assets import STYLE, Assets
from pipelines.design.environment import make_environment

WORDS: dict[str, tuple[Any, ...]] = {
    "badge": ("good", "✔", "{}"),
    "link": ("{}", "{}"),
    "menu": ("{}", [{"title": "{}", "pages": [{"title": "{}", "address": "{}", "current": "page"}]}]),
    "small": ("{}",),
    "items": (["{}", "{}"],),
    "facts": ([("{}", "{}")],),
    "notice": ("note", "{}", "{}"),
    "error_summary": ("{}", [("{}", "{}"), ("{}", "")]),
    "result": ("{}",),
    "pagination": ("{}", "{}", "{}", "{}", "{}"),
    "tabs": ("{}", [("{}", "{}", True), ("{}", "{}", False)]),
    "progress": (0.5, "{}"),
    "disclosure": ("{}", "{}"),
    "button": ("{}", "{}", "{}"),
    "button_link": ("{}", "{}"),
    "hidden": ("{}", "{}"),
    "text_field": ("name", "{}", "{}", "{}", "{}"),
    "text_area": ("name", "{}", "{}", "{}", "{}"),
    "select": ("name", "{}", [("{}", "{}")], "{}", "{}", "{}", "{}"),
    "checkbox": ("name", "{}", "{}"),
    "checkboxes": ("name", "{}", [("{}", "{}")], ("{}",), "{}", "{}"),
    "radios": ("name", "{}", [("{}", "{}")], "{}", "{}", "{}", "{}", "{}"),
    "file_field": ("name", "{}", "{}", "{}"),
    "secret": ("{}", "{}"),
    "sparkline": (["1,2 3,4"], ("1", "2"), "{}", 10, 10),
}
"""Macro -> its arguments, with `{}` for any text."""
CALLED_BY_OTHERS = {"field", "described", "table"}
ALLOWED = {
    "span", "a", "p", "ul", "li", "dl", "div", "dt", "dd", "section", "h2", "nav", "progress", "details", "summary",
    "button", "input", "label", "textarea", "select", "option", "fieldset", "legend", "svg", "polyline", "circle",
}  # fmt: skip


@cache
def load_macros() -> Any:
    """Load the component library, compiled once."""
    return make_environment().get_template("design/components.html").module


def fill_argument(value: Any, text: str) -> Any:
    """Put a text wherever an argument has a place for one."""
    if isinstance(value, list):
        return [fill_argument(each, text) for each in value]
    if isinstance(value, dict):
        return {key: fill_argument(each, text) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(fill_argument(each, text) for each in value)
    return text if value == "{}" else value


@cache
def list_plain_tags(name: str) -> list[Any]:
    """Return the tags of a component with plain words."""
    markup = getattr(load_macros(), name)(*fill_argument(WORDS[name], "x"))
    return [element.tag for element in lxml.html.fromstring(markup).iter()]


def test_every_macro_is_tested_here() -> None:
    assert {name for name in dir(load_macros()) if not name.startswith("_")} == WORDS.keys() | CALLED_BY_OTHERS


@given(text=st.text(alphabet=st.sampled_from("<>&\"'/=` abц\n"), min_size=1))
def test_every_component_escapes_every_word(text: str) -> None:
    for name, arguments in WORDS.items():
        markup = getattr(load_macros(), name)(*fill_argument(arguments, text))
        tags = set(re.findall(r"<\s*/?\s*([a-z0-9]+)", markup))
        assert tags <= ALLOWED, name
        assert [element.tag for element in lxml.html.fromstring(markup).iter()] == list_plain_tags(name), name


@given(st.text(), st.text())
def test_table_makes_no_tag_of_a_cell(heading: str, field: str) -> None:
    markup = ui.render_table(ui.PageTable(heading, field, [heading], [ui.PageRow(field, (heading,))]))
    tags = set(re.findall(r"<\s*/?\s*([a-z0-9]+)", markup))
    assert tags <= {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert markup.count("<td") == 1 and markup.count('scope="row"') == 1 and markup.count('scope="col"') == 2


def test_heading_of_two_lines_or_with_a_question_is_a_label_before_a_colon() -> None:
    table = ui.PageTable("caption", "Office", ["2026-Q3\n2026-11-14", "Late?"], [ui.PageRow("a", ("sent", "no"))])
    assert re.findall('data-column="([^"]*)"', ui.render_table(table)) == ["2026-Q3, 2026-11-14", "Late"]


def test_table_drops_empty_columns_with_their_numbers() -> None:
    rows = [ui.PageRow("a", ("", "1", "")), ui.PageRow("b", ("", "", "2"))]
    table = ui.drop_empty_columns(ui.PageTable("caption", "corner", ["x", "y", "z"], rows, numbers=frozenset({1, 2})))
    assert list(table.columns) == ["y", "z"] and [row.fields for row in table.rows] == [("1", ""), ("", "2")]
    assert table.numbers == {0, 1}


def test_sparkline_has_a_gap_where_a_value_is_missing() -> None:
    assert ui.render_sparkline([None, 4], "text") == ""
    svg = ui.render_sparkline([1, 2, None, 3, 4], 'text "so"')
    assert svg.count("<polyline") == 2 and 'aria-label="text &#34;so&#34;"' in svg


def test_field_with_an_error_names_it_to_screen_readers() -> None:
    field = lxml.html.fromstring(load_macros().text_field("mail", "Email", hint="Optional", error="No such address"))
    control = field.cssselect("input")[0]
    assert control.get("aria-invalid") == "true"
    described = [field.get_element_by_id(name).text for name in control.get("aria-describedby").split()]
    assert described == ["Optional", "No such address"]
    assert field.cssselect("label")[0].get("for") == control.get("id")


def test_assets_change_their_address_with_their_content(tmp_path: Any) -> None:
    (path := tmp_path / "a.css").write_text("a {}")
    first = Assets({"a.css": [path]}).find_address("a.css")
    path.write_text("b {}")
    assert Assets({"a.css": [path]}).find_address("a.css") != first


def test_styles_use_tokens_and_no_foreign_address() -> None:
    for path in STYLE:
        style = path.read_text(encoding="utf-8")
        assert "url(" not in style and "@import" not in style, path.name
        used = set(re.findall(r"var\((--[a-z0-9-]+)\)", style))
        defined = set(re.findall(r"(--[a-z0-9-]+):", STYLE[0].read_text(encoding="utf-8")))
        assert used <= defined, path.name


def test_table_of_a_static_page_has_headings_once_and_is_named_by_its_caption() -> None:
    table = ui.PageTable(
        "Persons", "Area", ["2024", "2025"], [ui.PageRow("A", ("1", "2"))], frozenset({0, 1}), name="p"
    )
    markup = ui.render_table(table)
    assert 'class="rti-table rti-numbers"' in markup and "<td>1</td><td>2</td>" in markup
    assert 'aria-labelledby="caption-p"' in markup and 'id="caption-p"' in markup
    assert markup.count("2025") == 1 and "rti-number" not in markup.replace("rti-numbers", "")
