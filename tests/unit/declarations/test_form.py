"""The declaration language: what it rejects, and templates for both reading and writing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.core.text.folding import find_nearest, fold_text, has_lookalike
from pipelines.declarations import json_schema
from pipelines.declarations.base import is_within
from pipelines.declarations.form import Form
from pipelines.declarations.label_template import Meaning, compile_template, label_table, write_template
from pipelines.declarations.law import Law
from pipelines.reading.standardise.numbers import NumberReader
from pipelines.reading.standardise.plan import code_tables
from tests.support.fakes.returns_fakes import BASE, form_of


def _changed(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(BASE), **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "Extra inputs"),
        ({"valid": "2024"}, "quarterly form is valid for quarters"),
        ({"valid": "2024-Q4..2024-Q1"}, "ends before it begins"),
        ({"valid": "2024-Q5.."}, "not a period"),
        ({"fixed": {"measure": "convicted"}}, "not in the code list measure"),
        ({"codes": {"sex": {"мажи": "X"}}}, "not in the code list sex"),
        ({"codes": {"sex": {"мажи": {"age": "_T"}}}}, "must have a code of sex"),
        ({"codes": {"stage": {"мажи": "M"}}}, "not a dimension"),
        ({"codes": {"sex": {1: "M"}}}, "string"),
        ({"tables": None}, "exactly one of tables"),
        ({"formats": ["px"]}, "`cube` goes with"),
        ({"instrument": "register"}, "`records` goes with"),
        ({"signs": {"-": "nothing"}}, "zero"),
        ({"adds_up": [{"dim": "sex", "total": "_T", "parts": ["_T", "M"]}]}, "not one of its own parts"),
        ({"adds_up": [{"dim": "gender", "total": "_T", "parts": ["M"]}]}, "not a dimension"),
        ({"scope": {k: v for k, v in BASE["scope"].items() if k != "attempts"}}, "Field required"),
    ],
)
def test_wrong_declaration_is_rejected_with_its_cause(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Form.model_validate(_changed(**changes))
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("Пол / {gender}", "needs a code table named 'gender'"),
        ("Пол / {sex", "curly bracket"),
        ("{sex} {sex}", "appears twice"),
        ("{Sex}", "not a placeholder"),
    ],
)
def test_a_wrong_template_is_refused(column: str, words: str) -> None:
    tables = copy.deepcopy(BASE["tables"])
    tables[0]["columns"] = {column: {}}
    with pytest.raises(ValidationError, match=words):
        form_of(tables=tables)


@pytest.mark.parametrize(
    ("period", "valid", "expected"),
    [
        ("2024-Q3", None, True),
        ("2024-Q3", "2024-Q3..2024-Q3", True),
        ("2024-Q3", "2024-Q4..", False),
        ("2024-Q3", "2020-Q1..2024-Q2", False),
        ("2024-Q3", "2024..", True),
        ("2024", "2024-Q4..", True),
        ("2025", "2020..2024", False),
    ],
)
def test_period_is_within_a_range(period: str, valid: str | None, expected: bool) -> None:
    assert is_within(period, valid) is expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Осуде\u00adни  лица", "осудени\u00a0лица"),
        ("18–20", "18-20"),
        ("„Дело“", '"дело"'),
        ("Cудија", "судија"),
        ("Nemaнo", "nemaнo"),
        ("č", "c\u030c"),
    ],
)
def test_folding_makes_variants_equal(one: str, other: str) -> None:
    assert fold_text(one) == fold_text(other)


@pytest.mark.parametrize(("one", "other"), [("č", "c"), ("ж", "з"), ("ş", "s"), ("а", "a")])
def test_folding_keeps_different_words_apart(one: str, other: str) -> None:
    assert fold_text(one) != fold_text(other)


@given(st.text(max_size=40))
def test_folding_is_idempotent(text: str) -> None:
    assert fold_text(fold_text(text)) == fold_text(text)


def test_lookalikes_are_noticed_only_in_mixed_words() -> None:
    assert has_lookalike("Cудија") and not has_lookalike("Судија") and not has_lookalike("sud суд")


def test_nearest_word_is_proposed_only_if_similar() -> None:
    assert find_nearest("жените", ["мажи", "жени"]) == "жени"
    assert find_nearest("нешто друго сосема", ["мажи", "жени"]) is None


TABLES = {
    "sex": label_table("sex", [Meaning("мажи", "M", {"sex": "M"}), Meaning("жени (сите)", "F", {"sex": "F"})]),
    "quarter": label_table("quarter", []),
}
NO_QUARTER = {"sex": TABLES["sex"]}


def test_template_must_match_the_whole_text() -> None:
    matcher = compile_template("Пол / {sex}", NO_QUARTER)
    hit = matcher.match_text("ПОЛ  / мажи")
    assert hit is not None and hit.said == {"sex": "M"} and hit.keys == (("sex", "M"),)
    assert matcher.match_text("Пол / мажи и други") is None and matcher.match_text("Пол / жени") is None
    assert matcher.find_unknown_label("Пол / женско") == ("sex", "женско")


@pytest.mark.parametrize(
    ("template", "text", "said"),
    [
        ("{quarter:roman} квартал {year}", "IV КВАРТАЛ 2024", {"quarter": "4", "year": "2024"}),
        ("{year}-Q{quarter}", "2024-q2", {"quarter": "2", "year": "2024"}),
        ("T{quarter}/{year} ({text})", "t1/2023 (прво)", {"quarter": "1", "year": "2023"}),
    ],
)
def test_periods_in_templates(template: str, text: str, said: dict[str, str]) -> None:
    hit = compile_template(template, {}).match_text(text)
    assert hit is not None and dict(hit.said) == said


@given(st.sampled_from(["M", "F"]), st.integers(1990, 2040), st.integers(1, 4))
def test_template_reads_what_it_writes(sex: str, year: int, quarter: int) -> None:
    template = "Осудени ({sex}), {quarter:roman} квартал {year}"
    codes = {"sex": sex, "year": str(year), "quarter": str(quarter)}
    text = write_template(template, NO_QUARTER, codes)
    hit = compile_template(template, NO_QUARTER).match_text(text)
    assert hit is not None and dict(hit.said) == codes


def test_every_template_of_a_form_can_be_written() -> None:
    form = form_of()
    tables = code_tables(form, Law(()))
    assert write_template("Пол / {sex}", tables, {"sex": "F"}) == "Пол / жени"
    assert write_template("{article}", tables, {"article": "350(2)"}) == "Криумчарење, чл. 350"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234), ("1.234", 1234), ("1.234.567", 1234567), ("1.234,5", 1234.5), ("12,5", 12.5), ("−3", -3),
        ("1.23", None), ("1,234.5", None), ("12.34.567", None), ("1 234", None), ("", None), ("1e5", None), ("½", None),
        ("42 1)", 42), ("421)", None), ("7*", 7),
    ],
)  # fmt: skip
def test_numbers_are_read_only_in_the_declared_notation(text: str, value: float | None) -> None:
    read = NumberReader(form_of()).read_number(text)
    assert (None if read is None else read.value) == value


def test_number_below_half_of_its_unit_is_not_a_true_zero() -> None:
    read = NumberReader(form_of(signs={"0": "below_half_unit", "-": "zero"})).read_number("0")
    assert read is not None and (read.value, read.status) == (0.0, "U")


def test_committed_schemas_are_current() -> None:
    for name, text in json_schema.build_schemas().items():
        path = json_schema.FOLDER / name
        assert path.read_text(encoding="utf-8") == text, (
            f"run python -m pipelines.declarations.json_schema: {path} is stale"
        )


def test_the_schema_accepts_what_the_models_accept() -> None:
    import jsonschema

    checker = jsonschema.Draft202012Validator(json_schema.form_json_schema())
    later = {"id": "ZZ-JUSTICE-2", "same_as": "ZZ-JUSTICE-1", "valid": "2025-Q1.."}
    assert [e.message for e in checker.iter_errors({"forms": [BASE, later]})] == []
    assert list(checker.iter_errors({"forms": [{**BASE, "colour": "red"}]}))
