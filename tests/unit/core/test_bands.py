"""Bands in words: the first day, month or year of a band is in no other band, in every language."""

from __future__ import annotations

import re
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest
import yaml

from pipelines.core import codes

UNDER = {
    "en": "under", "sq": "nën", "bs": "ispod", "hr": "manje od|mlađi od", "mk": "под", "sr": "испод", "cnr": "ispod",
}  # fmt: skip
UP_TO = {"en": "up to", "sq": "deri në", "bs": "do", "hr": "do", "mk": "до", "sr": "до", "cnr": "do"}
MORE_THAN = {
    "en": "more than", "sq": "më shumë se", "bs": "više od", "hr": "više od", "mk": "повеќе од", "sr": "више од",
    "cnr": "više od",
}  # fmt: skip
AND_OVER = {
    "en": "and over|or more", "sq": "e lart|e më shumë|ose më shumë", "bs": "i više|ili više", "hr": "i više|ili više",
    "mk": "и повеќе|или повеќе", "sr": "и више|или више", "cnr": "i više|ili više",
}  # fmt: skip
UNIT = re.compile(r"\b(?:(?P<year>years?|vit|vjet|god\w+|год\w+)|months?|muaj|mjesec\w*|месец\w*)\b")
LISTS = {
    "days_band": ("lower_days", "upper_days"),
    "sentence_band": ("lower_months", "upper_months"),
    "age": ("lower", "upper"),
}
ANSWERS = ("days", "cases")
"""Lists of the questionnaire that are bands of whole numbers; their codes give the limits: `d8_30`, `d181`."""


def read_band(words: str, language: str, *, in_months: bool = False) -> tuple[float, float]:
    """Return the first value of a band and the first one over it, as its words say."""
    text = words.lower()
    numbers = [float(number) for number in re.findall(r"\d+", text)]
    if in_months:
        # "1 to under 2 years" has the unit of both limits at its end.
        ends = [number.end() for number in re.finditer(r"\d+", text)]
        units = [UNIT.search(text, end) for end in ends]
        numbers = [number * (12 if unit and unit["year"] else 1) for number, unit in zip(numbers, units, strict=True)]

    def has_words(phrases: dict[str, str]) -> bool:
        return bool(re.search(rf"(?<!\w)(?:{phrases[language]})(?!\w)", text))

    if len(numbers) == 2:
        return numbers[0], numbers[1] + (0 if has_words(UNDER) else 1)
    (number,) = numbers
    if has_words(UNDER):
        return 0, number
    if has_words(AND_OVER):
        return number, float("inf")
    if has_words(MORE_THAN):
        return number + 1, float("inf")
    assert has_words(UP_TO), f"{words!r} ({language}) has no limit"
    return 0, number + 1


@pytest.mark.parametrize("language", UNDER)
@pytest.mark.parametrize("name", LISTS)
def test_words_of_a_band_have_its_limits_in_every_language(name: str, language: str) -> None:
    """Require the declared limits: "Do 30 dana" includes day 30, which is the first of the next band."""
    low, high = LISTS[name]
    for code, row in codes.read_codelist(name).items():
        if not row[low]:
            continue
        label = codes.get_code_label(name, code, language)
        expected = float(row[low]), float(row[high] or "inf")
        assert read_band(label, language, in_months=name == "sentence_band") == expected, (code, label)


@pytest.mark.parametrize("language", UNDER)
@pytest.mark.parametrize("name", ANSWERS)
def test_answers_of_the_questionnaire_that_are_bands_have_no_value_in_common(name: str, language: str) -> None:
    answers = _read_answers()[name]["answers"]
    bands = [read_band(words[language], language) for code, words in answers.items() if code != "n0"]
    assert [lower for lower, _ in bands] == [int(re.findall(r"\d+", code)[0]) for code in answers if code != "n0"]
    assert all(upper == lower for (_, upper), (lower, _) in pairwise(bands)), bands


def test_every_list_of_bands_is_tested() -> None:
    """Add a code list with limits, or a list of answers with numbers, to the tests of this file."""
    with_limits = {
        name
        for name in codes.codelist_names()
        if any(column.startswith("upper") for row in codes.read_codelist(name).values() for column in row)
    }
    assert with_limits == set(LISTS)
    numbered = {
        name
        for name, answers in _read_answers().items()
        if all(re.fullmatch(r"[dn]\d+(_\d+)?", code) for code in answers["answers"])
    }
    assert numbered == set(ANSWERS)


def _read_answers() -> dict[str, Any]:
    text = (resources.files("pipelines.survey") / "questions" / "lists.yml").read_text("utf-8")
    lists: dict[str, Any] = yaml.safe_load(text)["answer_lists"]
    return lists
