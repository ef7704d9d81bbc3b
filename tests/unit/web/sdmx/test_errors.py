"""Errors of the open services in the reader's language: the message is translated, codes and names are not."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from pipelines.web.open_data.service import _choose_language
from pipelines.web.sdmx.errors import NO_DIMENSION, QueryError, write_error

ERROR = QueryError(422, NO_DIMENSION, dataflow="VICTIMS", name="STAGE", names="FREQ, SEX")
MESSAGES = {
    "en": "VICTIMS has no dimension STAGE. There are: FREQ, SEX.",
    "sq": "VICTIMS nuk ka dimension STAGE. Ekzistojnë: FREQ, SEX.",
    "sr": "VICTIMS нема димензију STAGE. Постоје: FREQ, SEX.",
    "sr-Latn": "VICTIMS nema dimenziju STAGE. Postoje: FREQ, SEX.",
}


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("sq", "sq"), ("sr", "sr-Cyrl"), ("sr-Latn", "sr-Latn")])
def test_message_is_in_the_language_and_the_code_is_the_same(language: str, tag: str) -> None:
    (message,) = etree.fromstring(write_error(ERROR, "xml", language))
    assert message.get("code") == "150"
    assert message[0].get("{http://www.w3.org/XML/1998/namespace}lang") == tag
    assert message[0].text == MESSAGES[language]
    assert json.loads(write_error(ERROR, "json", language)) == {"errors": [{"code": 150, "title": MESSAGES[language]}]}
    assert write_error(ERROR, "text", language).decode() == f"{MESSAGES[language]}\n"


def test_message_is_english_by_default() -> None:
    assert write_error(ERROR, "text").decode().strip() == str(ERROR) == MESSAGES["en"]


def test_text_of_a_reader_is_repeated_as_it_is() -> None:
    error = QueryError(422, NO_DIMENSION, dataflow="A..B", name="{0}<b>", names="%s")
    assert "A..B" in error.localize_message("mk") and "{0}<b>" in error.localize_message("mk")
    assert b"{0}&lt;b&gt;" in write_error(error, "xml", "mk")


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "mk,en;q=0.5", "mk"),
        ("language=sr-Cyrl", "mk", "sr"),
        ("language=sr-Latn&from=soon", "", "sr-Latn"),
        ("language=xx", "sq", "sq"),
        ("language=xx", "de", "en"),
    ],
)
def test_language_of_the_address_comes_before_that_of_the_client(query: str, accepted: str, language: str) -> None:
    assert _choose_language(query, {"accept-language": accepted}) == language
