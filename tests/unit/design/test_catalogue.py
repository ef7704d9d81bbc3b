"""The page that shows every component is complete and up to date."""

from __future__ import annotations

import re

import lxml.html
import pytest

from pipelines.design import catalogue
from pipelines.design.assets import CSS
from pipelines.design.environment import TEMPLATES
from pipelines.design.examples import COMPONENTS

MACRO = re.compile(r"{% macro (\w+)\(")
OTHER_FOLDERS = ("rti-sheet", "rti-two", "rti-cell-", "rti-drop", "rti-card", "rti-clear", "rti-languages", "rti-group",
                 "rti-whole", "rti-answers")  # fmt: skip
"""Beginnings of the classes that belong to single pages: the sheet next to its values, uploads, the sign-in, and the
answers of a questionnaire. Pages get `rti-whole` when they are sent."""


@pytest.fixture(scope="module")
def rendered() -> str:
    return catalogue.render_catalogue()


@pytest.fixture(scope="module")
def page(rendered: str) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(rendered)


def list_macros() -> list[str]:
    return MACRO.findall((TEMPLATES / "components.html").read_text(encoding="utf-8"))


def test_catalogue_page_is_up_to_date(rendered: str) -> None:
    assert catalogue.PAGE.read_text(encoding="utf-8") == rendered, "run python -m pipelines.design.catalogue"


def test_catalogue_names_and_uses_every_macro() -> None:
    macros = list_macros()
    assert len(macros) > 20 and sorted(macros) == sorted(m for c in COMPONENTS for m in c.macros)
    for component in COMPONENTS:
        for macro in component.macros:
            assert any(f"ui.{macro}(" in example for example in component.examples), macro


def test_catalogue_is_self_contained_and_takes_no_focus(page: lxml.html.HtmlElement) -> None:
    assert not page.cssselect("link[rel=stylesheet], script, img, [autofocus], [style]")
    assert [link for link in page.cssselect("a[href]") if not str(link.get("href")).startswith("#")] == []


def test_catalogue_has_unique_ids_and_labels(page: lxml.html.HtmlElement) -> None:
    identities = [element.get("id") for element in page.cssselect("[id]")]
    assert len(identities) == len(set(identities))
    labelled = {label.get("for") for label in page.cssselect("label")}
    controls = page.cssselect("input:not([type=hidden]), select, textarea")
    assert {control.get("id") for control in controls} <= labelled
    described = {name for e in page.cssselect("[aria-describedby]") for name in str(e.get("aria-describedby")).split()}
    assert described and described <= set(identities)


def test_catalogue_shows_every_class_of_the_components(page: lxml.html.HtmlElement) -> None:
    css = "".join((CSS / name).read_text(encoding="utf-8") for name in ("components.css", "forms.css"))
    classes = {name for name in re.findall(r"\.(rti-[\w-]+)", css) if not name.startswith(OTHER_FOLDERS)}
    classes_on_page = {name for element in page.cssselect("[class]") for name in str(element.get("class")).split()}
    assert classes - classes_on_page == set()
