"""Names of offices: as declared in the reader's language, else translated."""

from __future__ import annotations

import pytest

from pipelines.core import i18n
from pipelines.declarations.registry import load
from pipelines.submissions.timetable.names import find_office_name, is_in_language, office_name

LANGUAGES = [language for language in i18n.list_languages() if language != i18n.SOURCE_LANGUAGE]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_office_has_a_name_in_each_language(language: str) -> None:
    registry = load()
    offices = [office for territory in registry.territories.values() for office in territory.offices]
    assert len(offices) > 20
    for office in offices:
        name = find_office_name(registry, office.id, language)
        assert name is not None and is_in_language(name, language), office.id
        assert office_name(registry, office.id, language).startswith(name.name)
        assert name.name not in [each.name for each in office.names if each.language == "en"], office.id


def test_declared_name_of_an_office_comes_before_a_translation() -> None:
    assert office_name(load(), "MK_SSO", "mk").startswith("Државен завод за статистика (")
    assert office_name(load(), "RS_SORS", "sr-Latn").startswith("Republički zavod za statistiku (")
    assert office_name(load(), "XK_KPC", "mk").startswith("Обвинителски совет (")


def test_removed_office_is_named_by_its_code() -> None:
    assert office_name(load(), "ZZ_GONE", "mk") == "ZZ_GONE" and find_office_name(load(), "ZZ_GONE", "mk") is None
