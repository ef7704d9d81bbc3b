"""The page that shows every component is complete and up to date, and the colours are readable."""

from __future__ import annotations

import re

import lxml.html
import pytest

from pipelines.design import catalogue
from pipelines.design.assets import CSS
from pipelines.design.environment import TEMPLATES, make_environment

MACRO = re.compile(r"{% macro (\w+)\(")
OTHER_FOLDERS = ("rti-sheet", "rti-two", "rti-cell-", "rti-drop", "rti-card", "rti-clear", "rti-languages", "rti-group")
"""Beginnings of the classes that belong to single pages: the sheet next to its values, uploads, the sign-in."""


def list_macros() -> list[str]:
    return MACRO.findall((TEMPLATES / "components.html").read_text(encoding="utf-8"))


def test_catalogue_page_is_up_to_date() -> None:
    assert catalogue.PAGE.read_text(encoding="utf-8") == catalogue.render_catalogue(), (
        "run python -m pipelines.design.catalogue"
    )


def test_catalogue_names_and_uses_every_macro() -> None:
    macros = list_macros()
    assert len(macros) > 20 and sorted(macros) == sorted(m for c in catalogue.COMPONENTS for m in c.macros)
    for component in catalogue.COMPONENTS:
        for macro in component.macros:
            assert any(f"ui.{macro}(" in example for example in component.examples), macro


def test_catalogue_is_self_contained_and_takes_no_focus() -> None:
    page = lxml.html.fromstring(catalogue.render_catalogue())
    assert not page.cssselect("link[rel=stylesheet], script, img, [autofocus], [style]")
    assert [link for link in page.cssselect("a[href]") if not str(link.get("href")).startswith("#")] == []


def test_catalogue_has_unique_ids_and_labels() -> None:
    page = lxml.html.fromstring(catalogue.render_catalogue())
    identities = [element.get("id") for element in page.cssselect("[id]")]
    assert len(identities) == len(set(identities))
    labelled = {label.get("for") for label in page.cssselect("label")}
    controls = page.cssselect("input:not([type=hidden]), select, textarea")
    assert {control.get("id") for control in controls} <= labelled
    described = {name for e in page.cssselect("[aria-describedby]") for name in str(e.get("aria-describedby")).split()}
    assert described and described <= set(identities)


def test_catalogue_shows_every_class_of_the_components() -> None:
    css = (CSS / "components.css").read_text(encoding="utf-8")
    classes = {name for name in re.findall(r"\.(rti-[\w-]+)", css) if not name.startswith(OTHER_FOLDERS)}
    page = lxml.html.fromstring(catalogue.render_catalogue())
    classes_on_page = {name for element in page.cssselect("[class]") for name in str(element.get("class")).split()}
    assert classes - classes_on_page == set()


@pytest.mark.parametrize("pair", catalogue.list_contrasts(), ids=lambda pair: f"{pair.foreground} on {pair.background}")
def test_colours_that_are_used_together_are_readable(pair: catalogue.Contrast) -> None:
    assert pair.ratio >= pair.required


def test_compute_contrast_agrees_with_published_values() -> None:
    assert catalogue.compute_contrast("#000", "#ffffff") == pytest.approx(21)
    assert catalogue.compute_contrast("#777777", "#fff") == pytest.approx(4.48, abs=0.01)


def test_every_token_that_a_style_sheet_uses_is_declared() -> None:
    tokens = set(catalogue.read_tokens())
    for path in CSS.glob("*.css"):
        assert set(re.findall(r"var\(--rti-([\w-]+)\)", path.read_text(encoding="utf-8"))) <= tokens, path.name


def test_environment_refuses_unknown_names_and_escapes_text() -> None:
    from jinja2 import UndefinedError

    environment = make_environment()
    with pytest.raises(UndefinedError):
        environment.from_string("{{ missing }}").render()
    assert environment.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"
