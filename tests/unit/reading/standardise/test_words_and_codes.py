"""Words compared with the codes next to them: labels of a cube, columns of a list, tables of one workbook."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.declarations.form import AddsUp
from pipelines.declarations.registry import Registry
from pipelines.declarations.shapes import ListColumn
from pipelines.model.content import Cube, CubeObservation, Member, SourceDimension, Where
from pipelines.reading.standardise.numbered import KEY, Number
from pipelines.reading.standardise.sums import declared_sums
from tests.support.fakes.cube_fakes import cube_form
from tests.support.fakes.returns_fakes import collect_findings, form_of, make_grid, make_registry, read_content

WORDS = {"UK": "Вкупно", "M": "Мажи", "Z": "Жени"}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return make_registry(tmp_path_factory.mktemp("zz"))


def _form() -> Any:
    sexes = {"UK": "_T", "M": "M", "Z": "F"}
    entries = [{"labels": [code], "words": WORDS[code], "code": sex} for code, sex in sexes.items()]
    return cube_form(
        codes={"sex": entries, "article": {"1": "188"}},
        cube={
            "dims": {"Пол": {"dim": "sex"}, "Дело": {"dim": "article"}, "Квартал": {"template": "{year}K{quarter}"}},
            "expect": {},
        },
        adds_up=[],
    )


def _cube(labels: dict[str, str], language: str = "mk") -> Cube:
    dimensions = (
        SourceDimension("Пол", {}, tuple(Member(code, {language: label}) for code, label in labels.items())),
        SourceDimension("Дело", {}, (Member("1"),)),
        SourceDimension("Квартал", {}, (Member("2024K1"),), "time"),
    )
    observations = [
        CubeObservation((code, "1", "2024K1"), number, None, Where(line=number)) for number, code in enumerate(labels)
    ]
    return Cube("px", dimensions, observations)


@pytest.mark.parametrize("language", ["mk", "und"])
@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ({"UK": "Вкупно", "M": "Жени", "Z": "Мажи"}, "Пол=M"),
        ({"UK": "Вкупно", "Z": "Мажи", "M": "Жени"}, "Пол=Z"),
        ({"UK": "Мажи", "M": "Жени", "Z": "Вкупно"}, "Пол=UK"),
        ({"UK": "Вкупно", "M": "ЖЕНИ", "Z": "мажи"}, "Пол=M"),
        ({"UK": "Вкупно", "M": "Мажи", "Z": "вкупнo"}, "Пол=Z"),
    ],
)
def test_label_of_another_code_is_reported_once_for_its_dimension(
    registry: Registry, labels: dict[str, str], place: str, language: str
) -> None:
    reading = read_content(_cube(labels, language), _form(), registry)
    assert collect_findings(reading) == {("cube.words_differ", place)}
    assert reading.findings[0].severity == "error"


@pytest.mark.parametrize(
    "labels",
    [
        WORDS,
        {"UK": "Вкупно", "M": "мажи", "Z": "ЖЕНИ"},
        {"UK": "UK", "M": "M", "Z": "Z"},
        {"UK": "Сите", "M": "Машки", "Z": "Женски"},
    ],
)
def test_own_label_its_spellings_and_unknown_words_are_accepted(registry: Registry, labels: dict[str, str]) -> None:
    assert read_content(_cube(labels), _form(), registry).findings == []


# ---------------------------------------------------------------------------------------------------------------- lists


def _list_form() -> Any:
    return form_of(
        tables=None,
        adds_up=[],
        codes={
            "sex": {"мажи": "M", "жени": "F"},
            "article": {"чл. 188": "188", "чл. 350": "350(2)"},
            "offence_words": {"Трговија": {"article": "188"}, "Криумчарење": {"article": "350(2)"}},
        },
        flat={
            "columns": {
                "Период": {"template": "К{quarter}/{year}"},
                "Член": {"dim": "article"},
                "Дело": {"ignore": True, "repeats": "offence_words"},
                "Пол": {"dim": "sex"},
                "Број": {"value": True},
            }
        },
    )


def _rows(*articles: tuple[str, str]) -> list[list[Any]]:
    heading: list[Any] = ["Период", "Член", "Дело", "Пол", "Број"]
    return [heading, *(["К1/2024", a, w, sex, 2] for a, w in articles for sex in ("мажи", "жени"))]


def test_words_of_another_article_are_reported_once_at_the_first_line(registry: Registry) -> None:
    rows = _rows(("чл. 350", "Трговија"), ("чл. 188", "Криумчарење"))
    reading = read_content(make_grid(rows, ()), _list_form(), registry)
    assert [(f.rule, str(f.where), f.seen, f.expected) for f in reading.findings] == [
        ("line.words_differ", "Лист1!C2", "Трговија", "Криумчарење")
    ]


@pytest.mark.parametrize("words", ["Трговија", "ТРГОВИЈА", "", "нешто друго"])
def test_words_that_agree_or_are_unknown_are_accepted(registry: Registry, words: str) -> None:
    assert read_content(make_grid(_rows(("чл. 188", words)), ()), _list_form(), registry).findings == []


def test_repeats_goes_with_an_ignored_column_and_a_known_table() -> None:
    with pytest.raises(ValueError, match="ignore"):
        ListColumn(dim="sex", repeats="sex")
    with pytest.raises(ValueError, match="code table"):
        form_of(
            tables=None,
            flat={"columns": {"Дело": {"ignore": True, "repeats": "nowhere"}, "Број": {"value": True}}},
        )


# -------------------------------------------------------------------------------------------- tables that share no cell


AGES = {"Y_LT14": 8, "Y14T17": 15, "Y18T24": 12, "Y_GE25": 21}
RULES = (
    AddsUp(dim="sex", total="_T", parts=("M", "F")),
    AddsUp(dim="age", total="_T", parts=("Y_LT18", "Y_GE18")),
)


def _number(value: float, place: str, **codes: str) -> Number:
    key = tuple({"sex": "_T", "age": "_T", "period": "2025", **codes}.get(name, "x") for name in KEY)
    return Number(key, value, "A", "F", Where(cell=place), place, f"{value:g}")


def _two_tables(minors: tuple[float, float], adults: tuple[float, float]) -> list[Number]:
    first = [_number(value, f"A{n}", age=age) for n, (age, value) in enumerate(AGES.items(), 1)]
    first.append(_number(sum(AGES.values()), "A9"))
    second = [
        _number(value, f"B{age}{sex}", age=age, sex=sex)
        for age, pair in (("Y_LT18", minors), ("Y_GE18", adults))
        for sex, value in zip("MF", pair, strict=True)
    ]
    return [*first, *second]


def _differing(numbers: list[Number]) -> list[dict[str, Any]]:
    sums = declared_sums(numbers, RULES)
    return [row for row in sums.iter_rows(named=True) if row["total"] != row["added"]]


def test_tables_that_agree_give_no_difference() -> None:
    assert _differing(_two_tables((9, 14), (13, 20))) == []


def test_minors_and_adults_exchanged_in_one_table_are_found_by_the_ages_of_the_other() -> None:
    (row,) = _differing(_two_tables((13, 20), (9, 14)))
    assert (row["place"], row["dim"], row["total"], row["added"], row["whole"]) == ("BY_LT18M", "age", 33, 23, True)
    assert "Y_LT14 8 (A1)" in row["parts"] and "Y14T17 15 (A2)" in row["parts"]


def test_missing_part_or_refused_cell_gives_no_difference() -> None:
    numbers = [n for n in _two_tables((13, 20), (9, 14)) if n.label != "A1"]
    assert [row for row in _differing(numbers) if row["place"].startswith("BY_LT18")] == []
    exchanged = _two_tables((13, 20), (9, 14))
    sums = declared_sums(exchanged, RULES, refused=[exchanged[0].key])
    assert [row for row in sums.iter_rows(named=True) if row["total"] != row["added"]] == []


@given(st.lists(st.integers(0, 30), min_size=8, max_size=8))
def test_any_consistent_pair_of_tables_agrees(counts: list[int]) -> None:
    """Compare four ages by two sexes with minors and adults by sex."""
    men, women = counts[:4], counts[4:]
    ages = [man + woman for man, woman in zip(men, women, strict=True)]
    numbers = [_number(value, f"A{n}", age=age) for n, (age, value) in enumerate(zip(AGES, ages, strict=True))]
    numbers += [
        _number(sum(part), f"B{sex}{age}", age=age, sex=sex)
        for sex, by_age in (("M", men), ("F", women))
        for age, part in (("Y_LT18", by_age[:2]), ("Y_GE18", by_age[2:]))
    ]
    assert _differing(numbers) == []
