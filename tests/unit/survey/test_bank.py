"""The question bank: complete, in all languages, and closed to a change of wording without a new series."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.core import codes, i18n
from pipelines.declarations.yaml_file import DeclarationError, load_yaml
from pipelines.survey import bank, json_schema
from pipelines.survey.bank_model import LARGEST_PULSE
from tests.support.paths import ROOT

BANK = bank.load_bank()


def test_load_bank_has_six_themes_five_roles_and_both_forms() -> None:
    assert len(BANK.lists.themes) == 6
    assert list(BANK.lists.roles) == ["police", "prosecutor", "judge", "central_authority", "liaison_officer"]
    assert sum("pulse" in question.forms for question in BANK.questions) <= LARGEST_PULSE
    assert 55 <= sum("full" in question.forms for question in BANK.questions) <= 65
    assert {q.kind for q in BANK.questions} == {
        *("scale", "yes_partly_no", "single", "multiple", "number_band", "free_text"),
    }
    assert {BANK.theme_by_question[q.id] for q in BANK.questions if "pulse" in q.forms} == set(BANK.lists.themes)


@pytest.mark.parametrize("role", BANK.lists.roles)
def test_list_questions_of_each_role_has_a_required_one_and_standing_answers(role: str) -> None:
    for form in BANK.lists.forms:
        questions = BANK.list_questions(form, role)
        assert any(role in question.required_of for question in questions)
        for question in questions:
            if question.kind != "free_text":
                assert BANK.list_codes(question)[-2:] == ("not_applicable", "no_experience")


@pytest.mark.parametrize("language", i18n.list_languages())
def test_texts_are_in_the_letters_of_their_language(language: str) -> None:
    texts = [bank.text_in(question.wording.text, language) for question in BANK.questions]
    cyrillic = [any("а" <= letter <= "я" for letter in text.lower()) for text in texts]
    assert all(cyrillic) if language in ("mk", "sr") else not any(cyrillic)
    assert language == "en" or not set(texts) & {question.wording.text["en"] for question in BANK.questions}


@pytest.mark.parametrize("language", [code for code in i18n.list_languages() if code != "sr-Latn"])
def test_channels_have_the_names_of_the_code_list(language: str) -> None:
    answers = BANK.lists.answer_lists["channels"].answers
    shared = sorted(set(answers) & set(codes.list_codes("channel")))
    assert {"selec", "pcc_see", "europol"} <= set(shared)
    for code in ("selec", "pcc_see", "europol", "interpol"):
        assert answers[code][language] == codes.get_code_label("channel", code, language)


ORGANISATIONS = {"Interpol", "Europol", "SELEC", "PCC SEE"}


@pytest.mark.parametrize("language", [code for code in i18n.list_languages() if code not in ("en", "sr-Latn")])
def test_names_of_lists_are_translated(language: str) -> None:
    """Check themes, roles, forms and all answers: only the names of organisations are as in English."""
    texts = [*BANK.lists.themes.values(), *BANK.lists.roles.values(), *BANK.lists.forms.values()]
    texts += BANK.lists.standing_answers.values()
    texts += [text for answers in BANK.lists.answer_lists.values() for text in answers.answers.values()]
    assert len(texts) > 60
    in_english = {labels["en"] for labels in texts if labels[language] == labels["en"]}
    assert in_english <= ORGANISATIONS


def copy_bank(folder: Path, name: str, change: Callable[[str], str]) -> Path:
    shutil.copytree(bank.FOLDER, folder, dirs_exist_ok=True)
    path = folder / name
    changed = change(path.read_text(encoding="utf-8"))
    assert changed != path.read_text(encoding="utf-8")
    path.write_text(changed, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("name", "before", "after", "problem"),
    [
        ("joint_teams.yml", "Have you taken part in", "Did you take part in", "changed without a new version"),
        ("lists.yml", 'en: "Very difficult"', 'en: "Difficult indeed"', "changed without a new version"),
        ("joint_teams.yml", "question: JT02", "question: JT09", "not asked before it"),
        ("joint_teams.yml", 'answers: ["yes"]', 'answers: ["perhaps"]', "perhaps is not an answer of JT02"),
        ("formal_requests.yml", "id: FR02", "id: FR01", "another question has this id"),
        ("formal_requests.yml", "asked_of: [prosecutor", "asked_of: [minister, prosecutor", "minister is not a role"),
        ("training_resources.yml", "forms: [full]", "forms: [pulse, full]", "Leave at most 12"),
        ("formal_requests.yml", 'sq: "Sa ditë', 'xx: "Sa ditë', "missing in sq"),
    ],
)
def test_load_bank_refuses_planted_fault(tmp_path: Path, name: str, before: str, after: str, problem: str) -> None:
    folder = copy_bank(tmp_path, name, lambda text: text.replace(before, after, 1))
    with pytest.raises(DeclarationError, match=problem):
        bank.load_bank(folder)


def test_load_bank_gives_a_new_wording_a_new_series(tmp_path: Path) -> None:
    old = BANK.find_question("JT02")
    texts = {language: f"{text} (2)" for language, text in old.wording.text.items()}
    lines = "".join(f"          {language}: {json.dumps(text)}\n" for language, text in texts.items())
    entry = f'      - version: 2\n        since: 2027-Q1\n        digest: "000000000000"\n        text:\n{lines}'
    folder = copy_bank(tmp_path, "joint_teams.yml", lambda text: text.replace("  - id: JT03", f"{entry}  - id: JT03"))
    with pytest.raises(DeclarationError, match="digest ") as refused:
        bank.load_bank(folder)
    digest = str(refused.value).partition("digest ")[2][:12]
    path = folder / "joint_teams.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("000000000000", digest), encoding="utf-8")
    changed = bank.load_bank(folder).find_question("JT02")
    assert (old.series, changed.series) == ("JT02.1", "JT02.2")


def test_schemas_describe_the_files_and_are_up_to_date() -> None:
    import jsonschema

    for name, text in json_schema.build_schemas().items():
        assert (ROOT / "docs" / "schema" / name).read_text(encoding="utf-8") == text
        for path in bank.FOLDER.glob("*.yml"):
            if (path.name == bank.LISTS) == (name == "question-lists.json"):
                jsonschema.validate(load_yaml(path), json.loads(text))
