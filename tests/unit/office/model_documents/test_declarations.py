"""Tests of the declarations of model documents: texts in every language, faults that are refused, versions."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.i18n import list_languages
from pipelines.declarations.yaml_file import DeclarationError, load_yaml, validate_data
from pipelines.office.model_documents.declarations import (
    FOLDER,
    ModelDocument,
    find_document,
    list_documents,
    pick_text,
)

LANGUAGES = set(list_languages()) - {"sr-Latn"}
DIGESTS = {
    ("jit_agreement", "1.0"): "c7e58ab6d898",
    ("jit_agreement", "1.1"): "908df9e8d877",
    ("jit_agreement", "1.2"): "1072fe2d418a",
    ("mla_request", "1.0"): "317c56fdfa74",
    ("mla_request", "1.1"): "ae7ad216bbdb",
    ("spontaneous_information", "1.0"): "644c0bc9c33b",
    ("spontaneous_information", "1.1"): "5b83fa38323a",
}
"""Beginning of the digest of each version."""


def list_texts(data: Any) -> Iterator[dict[str, str]]:
    """Yield every text by language in a declaration."""
    if isinstance(data, dict) and set(data) == LANGUAGES:
        yield data
    elif isinstance(data, dict | list | tuple):
        for part in data.values() if isinstance(data, dict) else data:
            yield from list_texts(part)


@pytest.fixture
def declared() -> dict[str, Any]:
    return copy.deepcopy(load_yaml(FOLDER / "mla_request.yml"))


def test_each_document_is_declared_once_in_the_file_of_its_name() -> None:
    assert [document.id for document in list_documents()] == [path.stem for path in sorted(FOLDER.glob("*.yml"))]
    assert find_document("none") is None


@pytest.mark.parametrize("document", list_documents(), ids=lambda document: document.id)
def test_texts_are_translated_into_every_language_and_its_script(document: ModelDocument) -> None:
    texts = list(list_texts(document.model_dump()))
    assert len(texts) > 40
    for text in texts:
        latin_words = set(re.findall(r"[A-Za-z]+", text["en"]))
        for language in LANGUAGES - {"en"}:
            words = re.sub(r"\{[a-z_]+\}", "", text[language])
            assert words != text["en"], text["en"]
            if language in ("mk", "sr"):
                assert set(re.findall(r"[A-Za-z]+", words)) <= latin_words, words
            else:
                assert not re.search("[а-яА-ЯѓќљњџјѕЃЌЉЊЏЈЅ]", words), words


def test_serbian_in_latin_letters_is_transliterated_around_placeholders() -> None:
    document = find_document("mla_request")
    assert document is not None
    texts = [text for text in list_texts(document.model_dump()) if "{place}" in text["en"]]
    assert pick_text(texts[0], "sr-Latn") == "Mesto i datum: {place}, {signed_on}"


def change_text(data: dict[str, Any], language: str, text: str | None) -> None:
    if text is None:
        del data["title"][language]
    else:
        data["title"][language] = text


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda data: change_text(data, "mk", None), "check mk"),
        (lambda data: change_text(data, "sq", " "), "is empty"),
        (lambda data: change_text(data, "hr", "Zamolnica {facts}"), "other placeholders"),
        (lambda data: data["fields"].pop(), "not declared: signatory"),
        (lambda data: data["sections"][0]["paragraphs"].pop(), "no section shows the field reference"),
        (lambda data: data["fields"].append(data["fields"][0]), "declared twice"),
        (lambda data: data["fields"][0].update(kind="choice"), "a choice has options"),
        (lambda data: data["sections"][0]["paragraphs"].append({}), "a text or a field"),
        (lambda data: data.update(reviewed=["de"]), "not a language: de"),
    ],
)
def test_faulty_declaration_is_refused(
    declared: dict[str, Any], change: Callable[[dict[str, Any]], object], problem: str
) -> None:
    change(declared)
    with pytest.raises(DeclarationError, match=problem):
        validate_data(ModelDocument, declared, Path(FOLDER / "mla_request.yml"))


@pytest.mark.parametrize("document", list_documents(), ids=lambda document: document.id)
def test_changed_document_has_a_new_version(document: ModelDocument) -> None:
    content = document.model_dump_json(exclude={"reviewed"})
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    assert DIGESTS.get((document.id, document.version)) == digest, "raise version and date, and add the digest here"
