"""Titles of forms: in the reader's language if declared, and in the office's language for every form."""

from __future__ import annotations

import copy
import io
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.core import i18n
from pipelines.declarations.form_titles import find_own_title, form_title
from pipelines.declarations.registry import load
from pipelines.declarations.yaml_file import DeclarationError
from pipelines.office import templates
from tests.support.fakes.returns_fakes import BASE, make_registry

TITLES = {"sr-Cyrl": "Љубичаста табела", "mk": "Виолетова табела", "cnr-Latn": "Ljubičasta tabela ME"}


def _forms(folder: Path, *more: dict[str, Any], **changes: Any) -> Any:
    base = {**copy.deepcopy(BASE), "title": "Violet table", "titles": TITLES, **changes}
    return make_registry(folder, [base, *more]).forms


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("mk", "Виолетова табела"),
        ("sr", "Љубичаста табела"),
        ("sr-Cyrl", "Љубичаста табела"),
        ("sr-Latn", "Ljubičasta tabela"),
        ("cnr", "Ljubičasta tabela ME"),
        ("en", "Violet table"),
        ("hr", "Violet table"),
    ],
)
def test_title_is_in_the_language_of_the_reader(tmp_path: Path, language: str, title: str) -> None:
    assert form_title(_forms(tmp_path)["ZZ-JUSTICE-1"], language) == title


def test_title_in_latin_letters_is_used_for_both_scripts(tmp_path: Path) -> None:
    form = _forms(tmp_path, titles={"sr-Latn": "Tabela"})["ZZ-JUSTICE-1"]
    assert [form_title(form, language) for language in ("sr", "sr-Latn", "mk")] == ["Tabela", "Tabela", "Violet table"]


def test_title_of_a_workbook_form_names_it_in_each_language(tmp_path: Path) -> None:
    second = _forms(tmp_path, formats=["csv"])["ZZ-JUSTICE-1-XLSX"]
    titles = {language: form_title(second, language) for language in ("mk", "sr", "sr-Latn", "cnr", "en")}
    assert titles == {
        "mk": "Виолетова табела (работна книга)",
        "sr": "Љубичаста табела (радна свеска)",
        "sr-Latn": "Ljubičasta tabela (radna sveska)",
        "cnr": "Ljubičasta tabela ME (radna sveska)",
        "en": "Violet table (workbook)",
    }


def test_later_form_with_its_own_title_inherits_none(tmp_path: Path) -> None:
    same = {"id": "ZZ-JUSTICE-2", "same_as": "ZZ-JUSTICE-1", "recognise": {"all": ["Other"]}}
    titled = {**same, "id": "ZZ-JUSTICE-3", "title": "Green table"}
    forms = _forms(tmp_path, same, titled)
    assert form_title(forms["ZZ-JUSTICE-2"], "mk") == "Виолетова табела"
    assert form_title(forms["ZZ-JUSTICE-3"], "mk") == "Green table"


@pytest.mark.parametrize("titles", [{"en": "Violet"}, {"Macedonian": "Табела"}, {"mk": ""}, {"mk": "x" * 121}])
def test_invalid_titles_are_rejected(tmp_path: Path, titles: dict[str, str]) -> None:
    with pytest.raises(DeclarationError, match="titles"):
        _forms(tmp_path, titles=titles)


def test_every_declared_form_has_a_unique_title_in_its_language() -> None:
    forms = [form for form in load().forms.values() if form.language != "en"]
    titles = {form.id: form_title(form, form.language) for form in forms}
    assert len(titles) > 50 and len(set(titles.values())) == len(titles)
    for form in forms:
        assert titles[form.id] != form.title, form.id
        cyrillic = form.language == "mk" or form.language.endswith("Cyrl")
        assert bool(re.match(r"[А-Яа-яЈЉЊЏј]", titles[form.id])) is cyrillic, form.id
    offices = [form for form in forms if form.jurisdiction.startswith("BA")]
    assert offices and all({"bs", "hr", "sr-Cyrl"} <= set(form.titles) for form in offices)


@pytest.mark.parametrize("language", [each for each in i18n.list_languages() if each != i18n.SOURCE_LANGUAGE])
def test_every_declared_form_has_a_title_in_each_language(language: str) -> None:
    titles = {form.id: form_title(form, language) for form in load().forms.values()}
    assert not [form.id for form in load().forms.values() if titles[form.id] == form.title]
    if language in ("mk", "sr"):
        latin = {form: re.sub(r"\b(SDMX|ML|CSV|PX|MONSTAT)\b", "", title) for form, title in titles.items()}
        assert not [title for title in latin.values() if re.search(r"[A-Za-z]", title)]


def test_own_title_is_given_only_to_readers_who_see_a_translation() -> None:
    forms = load().forms
    albanian = forms["AL-JUSTICE-1"]
    assert find_own_title(albanian, "sq") == ""
    assert find_own_title(albanian, "mk") == find_own_title(albanian, "en") == form_title(albanian, "sq")
    assert find_own_title(forms["RS-JUSTICE-1"], "mk").startswith("Kvartalna SDMX-ML poruka"), (
        "in the script of the form"
    )
    assert find_own_title(forms["BA_STATE-JUSTICE-1"], "hr") == "", "declared in Croatian as well"
    assert {find_own_title(forms["QP-JUSTICE-1"], language) for language in i18n.list_languages()} == {""}


def test_no_title_names_a_territory_without_its_footnote() -> None:
    for form in load().forms.values():
        assert not re.search(r"kosov|косов|македони", " ".join([form.title, *form.titles.values()]).casefold())


def test_the_guide_of_a_workbook_names_its_form(tmp_path: Path) -> None:
    registry = make_registry(tmp_path, [{**copy.deepcopy(BASE), "titles": TITLES}])
    book = openpyxl.load_workbook(io.BytesIO(templates.write_template(registry, "ZZ-JUSTICE-1", "2025-Q3")[1]))
    cells = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "Виолетова табела (ZZ-JUSTICE-1)" in cells
