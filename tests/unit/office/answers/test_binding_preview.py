"""The picture of a return: colours, escaping, and nothing of the compiler's contacts."""

from __future__ import annotations

import pytest
from lxml import html

from pipelines.core.i18n import tell
from pipelines.declarations.registry import Registry
from pipelines.office.answers.binding_preview import ROLES, render_preview
from tests.support.fakes.cube_fakes import cube_form, make_cube
from tests.support.fakes.returns_fakes import form_of, make_grid, make_registry, read_content, with_cell


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("zz"))


def _cell(page: html.HtmlElement, place: str) -> html.HtmlElement:
    return page.xpath(f"//td[starts-with(@title, '{place},') or @title='{place}']")[0]


def test_every_cell_is_coloured_by_its_role(registry: Registry) -> None:
    content = make_grid()
    page = html.fromstring(render_preview(content, read_content(content, form_of(), registry)))
    for place, role in {
        "Лист1!A2": "title",
        "Лист1!A3": "corner",
        "Лист1!C4": "heading",
        "Лист1!A6": "label",
        "Лист1!C6": "value",
        "Лист1!B5": "check",
        "Лист1!G6": "ignored",
        "Лист1!A1": "contact",
    }.items():
        assert ROLES[role][0] in _cell(page, place).get("style"), place  # type: ignore[index]
    assert "sex=M" in _cell(page, "Лист1!C6").get("title")


def test_contacts_are_not_shown(registry: Registry) -> None:
    content = make_grid()
    text = render_preview(content, read_content(content, form_of(), registry))
    assert "Презиме" not in text and "[contact]" in text


def test_findings_are_listed_and_marked_in_their_cell(registry: Registry) -> None:
    content = with_cell(make_grid(), "C6", value="<b>n.a.</b>")
    text = render_preview(content, read_content(content, form_of(), registry))
    assert "<b>n.a." not in text and "&lt;b&gt;n.a." in text
    page = html.fromstring(text)
    marked = _cell(page, "Лист1!C6")
    assert "error" in marked.get("class") and marked.xpath(".//a/@href") == ["#f1"]
    assert page.xpath("//tr[@id='f1']/td[2]/text()") == ["Error"]


def test_the_page_stands_alone_and_says_what_it_is(registry: Registry) -> None:
    content = make_grid()
    reading = read_content(content, form_of(), registry)
    text = render_preview(content, reading, "mk", demonstration=True)
    assert "<script" not in text and "src=" not in text and "http" not in text and '<html lang="mk">' in text
    assert tell("Demonstration data", "mk") in text and "2024-Q3" in text and "ZZ-JUSTICE-1" in text
    assert "Demonstration data" not in render_preview(content, reading)


def test_a_cube_shows_its_dimensions_and_observations(registry: Registry) -> None:
    codes = {"sex": {"Вкупно": "_T", "Мажи": "M", "Жени": "F"}, "article": {"1": "188"}}
    cube = make_cube()
    text = render_preview(cube, read_content(cube, cube_form(codes=codes), registry))
    assert "Dimension SEX" in text and "sex=M" in text and "not declared" in text and "line 11" in text
