"""Code lists and their labels: complete, nested as declared, and readable on a screen."""

from __future__ import annotations

import csv

import pytest

from pipelines.core import codes

LANGUAGES = {"en", "sq", "bs", "hr", "mk", "sr", "cnr"}


def _labels() -> list[dict[str, str]]:
    with (codes.CODELIST_FOLDER / "codelist_labels.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize("name", codes.codelist_names())
def test_every_code_has_a_short_english_label(name: str) -> None:
    for code in codes.list_codes(name):
        label = codes.get_code_label(name, code)
        assert label.strip() == label and 1 <= len(label) <= 45


@pytest.mark.parametrize("name", codes.codelist_names())
def test_codes_are_unique_and_defined(name: str) -> None:
    with (codes.CODELIST_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len({row["code"] for row in rows}) == len(rows)
    assert all(row["definition"] for row in rows)


@pytest.mark.parametrize("name", codes.codelist_names())
def test_every_code_has_a_label_in_every_language(name: str) -> None:
    have = {(row["code"], row["language"]) for row in _labels() if row["codelist"] == name}
    assert [
        (code, language) for code in codes.list_codes(name) for language in LANGUAGES if (code, language) not in have
    ] == []


def test_labels_are_unique_and_of_declared_codes_and_languages() -> None:
    rows = _labels()
    keys = [(row["codelist"], row["code"], row["language"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["language"] for row in rows} == LANGUAGES
    for row in rows:
        assert row["code"] in codes.list_codes(row["codelist"]), row
        assert row["label"].strip(), row


def test_only_cyrillic_languages_have_cyrillic_labels() -> None:
    assert [
        r for r in _labels() if r["language"] not in ("mk", "sr") and any("Ѐ" <= c <= "ӿ" for c in r["label"])
    ] == []


@pytest.mark.parametrize("language", ["mk", "sr"])
def test_cyrillic_labels_hold_no_latin_letters(language: str) -> None:
    latin = [r for r in _labels() if r["language"] == language and any("a" <= c.lower() <= "z" for c in r["label"])]
    assert latin == []


def test_labels_of_one_list_and_language_differ() -> None:
    labels_by_list: dict[tuple[str, str], list[str]] = {}
    for row in _labels():
        labels_by_list.setdefault((row["codelist"], row["language"]), []).append(row["label"])
    assert [key for key, labels in labels_by_list.items() if len(set(labels)) != len(labels)] == []


def test_a_label_falls_back_to_english_and_an_unknown_code_is_refused() -> None:
    assert codes.get_code_label("sex", "F", "mk") == "Женски"
    assert codes.get_code_label("obs_status", "Q", "mk") == "Заштитено"
    assert codes.get_code_label("obs_status", "Q", "xx") == "Withheld"
    assert codes.get_code_label("obs_status", "Q", "sr-Latn") == "Zaštićeno"
    with pytest.raises(codes.UnknownCodeError):
        codes.get_code_label("sex", "X")
    with pytest.raises(codes.UnknownCodeError):
        codes.read_codelist("colour")


def test_parents_are_codes_of_the_same_list_and_group() -> None:
    for name in codes.codelist_names():
        for code, row in codes.read_codelist(name).items():
            if parent := row.get("parent"):
                assert parent in codes.list_codes(name), (name, code)
                if name == "offence":
                    assert row["offence_group"] == codes.get_code_attribute("offence", parent, "offence_group")


def test_bands_of_ages_and_sentences_are_nested_as_declared() -> None:
    for row in codes.read_codelist("age").values():
        if row["parent"] and row["parent"] != "_T":
            parent = codes.read_codelist("age")[row["parent"]]
            assert float(parent["lower"]) <= float(row["lower"])
            assert float(row["upper"] or "inf") <= float(parent["upper"] or "inf")
    for row in codes.read_codelist("sentence_band").values():
        if row["common_band"] and row["lower_months"]:
            common = codes.read_codelist("sentence_band")[row["common_band"]]
            assert float(common["lower_months"]) <= float(row["lower_months"])
            assert float(row["upper_months"] or "inf") <= float(common["upper_months"] or "inf")


def test_trafficking_smuggling_and_slavery_are_separate_groups() -> None:
    assert codes.get_code_attribute("offence", "ICCS0204", "offence_group") == "TIP"
    assert codes.get_code_attribute("offence", "ICCS08051", "offence_group") == "SOM"
    assert codes.get_code_attribute("offence", "ICCS02031", "offence_group") == "SLAVERY"
    assert codes.get_code_attribute("offence", "ICCS08059", "offence_group") == "CROSSING"
    for code in ("TIP_SOM", "TIP_RELATED"):
        group = codes.get_code_attribute("offence", code, "offence_group")
        assert codes.get_code_attribute("offence_group", group, "ranked") == "false"


def test_a_part_and_its_whole_are_measures_of_one_level() -> None:
    """Require that no measure is part of two, or the report could not state the sums of a reader."""
    parts = codes.measure_parts()
    rules = {code: row["level_rule"] for code, row in codes.read_codelist("measure").items()}
    assert parts
    for measure_part in parts:
        assert rules[measure_part.whole] == measure_part.level
        assert rules[measure_part.part] in (measure_part.level, "free")
    assert len({(measure_part.part, measure_part.level) for measure_part in parts}) == len(parts)
    courts = {
        (measure_part.whole, measure_part.part)
        for measure_part in parts
        if measure_part.makes_whole and measure_part.level != "prosecution"
    }
    assert courts == {
        (f"adjudicated_{level}", part)
        for level in ("first", "final")
        for part in (f"convicted_{level}", "acquitted", "rejected", "discontinued")
    }


def test_exit_to_another_offence_is_named_as_statistics_name_it() -> None:
    """Criminal statistics in English say "reclassified"; "requalified" is a literal translation."""
    assert codes.get_code_label("measure", "requalified_out") == "Reclassified as another offence"
    assert codes.get_code_label("measure", "requalified_in") == "Reclassified from another offence"
    assert not [row for row in _labels() if row["language"] == "en" and "requalif" in row["label"].lower()]
