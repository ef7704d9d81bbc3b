"""Counting cards against values read by hand in the declarations, and contradictions planted in the declarations."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from pipelines.core import codes
from pipelines.declarations.export import SCHEMAS, build_tables
from pipelines.declarations.registry import load
from pipelines.declarations.territory import STATEMENTS
from pipelines.declarations.yaml_file import DeclarationError
from pipelines.statistics.comparability import score_comparability
from pipelines.warehouse.metrics import counting, counting_table
from pipelines.warehouse.metrics.counting import Card, NoRuleError, build_card, may_divide
from tests.support.fakes import returns_fakes as fakes
from tests.support.fakes.counting_fakes import RULE, make_registry_with_rules, make_rule

# -- cards of the seven territories, read by hand


def build_present_card(code: str, level: str, period: str) -> Card:
    """Return the card of the declared counts of persons, or of victims outside proceedings."""
    return build_card(load(), code, level, period, count_unit="victim" if level == "none" else "person")


def test_card_distinguishes_documented_from_assumed_statements() -> None:
    card = build_present_card("ME", "prosecution", "2025")
    assert (card.get_code("unknown_perpetrators"), card["unknown_perpetrators"].status) == ("included", "verified")
    assert (card.get_code("attempts"), card["attempts"].status) == ("included", "demonstration")
    serbia = build_present_card("RS", "final", "2025-Q1")
    assert (serbia.get_code("several_offences"), serbia["several_offences"].status) == ("not_stated", "not_stated")
    assert serbia.get_code("counted_at") == "finality"


def test_form_that_contradicts_the_rule_is_listed_with_it() -> None:
    assert build_present_card("RS", "prosecution", "2025-Q1")["unknown_perpetrators"].forms == ("excluded",)
    assert build_present_card("MK", "prosecution", "2025-Q1")["unknown_perpetrators"].forms == ()
    # Records have dates of their own, so the date of a form of records is never a contradiction.
    assert build_present_card("HR", "first", "2025-Q1")["counted_at"].forms == ()
    assert build_present_card("HR", "final", "2025-Q1")["counted_at"].forms == ("decision",)


def test_law_in_force_depends_on_the_date() -> None:
    before = {a.key for a in build_present_card("HR", "first", "2012-Q4").law}
    after = {a.key for a in build_present_card("HR", "first", "2013-Q1").law}
    assert "175" in before and "106" not in before
    assert "106" in after and "175" not in after


def test_territory_of_parts_has_the_card_of_its_four_parts() -> None:
    whole = build_present_card("BA", "prosecution", "2025-Q1")
    assert whole.jurisdictions == ("BA_STATE", "BA_FED", "BA_SRP", "BA_BRC")
    assert whole.get_code("unknown_perpetrators") == "excluded"
    assert build_present_card("BA", "none", "2025").jurisdictions == ("BA",)


def test_region_card_states_where_territories_differ_or_are_silent() -> None:
    region = build_present_card(codes.REGION, "prosecution", "2025-Q1")
    assert len(region.jurisdictions) == 10 and "QP" not in region.jurisdictions
    assert region.get_code("unknown_perpetrators") == counting.MIXED
    assert region.get_code("several_offences") == "not_stated"
    assert region["unknown_perpetrators"].status == "demonstration"


@pytest.mark.parametrize("code", ["AL", "BA", "HR", "ME", "MK", "RS", "XK"])
def test_every_measure_that_counts_has_a_card(code: str) -> None:
    levels = {
        codes.get_code_attribute("measure", m, "level_rule")
        for c in load().territories[code].counts_source
        for m in c.measures
    }
    for level in levels - {"free"}:
        assert build_present_card(code, level, "2025").statements


# -- dividing


def test_sides_of_one_unit_are_divided_and_differences_listed() -> None:
    final, prosecution = (build_present_card("MK", level, "2025-Q1") for level in ("final", "prosecution"))
    assert may_divide(final, prosecution) == (True, ("juveniles_differs",))
    first, indicted = (build_present_card("XK", level, "2025-Q1") for level in ("first", "prosecution"))
    assert may_divide(first, indicted) == (True, ())


def test_sides_of_two_units_are_rejected_or_labelled() -> None:
    victims, persons = (build_present_card("AL", level, "2025") for level in ("none", "prosecution"))
    refused = may_divide(victims, persons)
    assert not refused.allowed and refused.reasons[0] == "count_unit_differs"
    labelled = may_divide(victims, persons, labelled=True)
    assert labelled == (True, refused.reasons)


def test_two_jurisdictions_are_never_divided() -> None:
    upper, lower = (
        build_present_card("BA_STATE", "first", "2025-Q1"),
        build_present_card("BA_FED", "prosecution", "2025-Q1"),
    )
    assert may_divide(upper, lower, labelled=True) == (False, ("jurisdiction_differs",))


def test_a_unit_that_changes_within_the_year_cannot_be_divided(tmp_path: Path) -> None:
    registry = make_registry_with_rules(
        tmp_path, make_rule(valid="2010-Q1..2025-Q2"), make_rule(count_unit="case", valid="2025-Q3..")
    )
    changed = build_card(registry, "ZZ", "first", "2025")
    assert changed.get_code("count_unit") == counting.MIXED and changed.breaks == ("2025-Q3",)
    assert may_divide(changed, changed) == (False, ("count_unit_differs",))
    assert "counting:ZZ:first:2025-Q3" in changed.to_counted("convicted_first", "TIP").breaks


def test_statement_missing_on_one_side_is_listed(tmp_path: Path) -> None:
    silent = {k: v for k, v in make_rule(level="prosecution").items() if k not in ("juveniles", "legal_persons")}
    registry = make_registry_with_rules(tmp_path, RULE, silent)
    upper, lower = build_card(registry, "ZZ", "first", "2025-Q1"), build_card(registry, "ZZ", "prosecution", "2025-Q1")
    assert may_divide(upper, lower) == (True, ("juveniles_not_stated", "legal_persons_not_stated"))


def test_unknown_perpetrators_in_the_denominator_are_listed_as_a_difference(tmp_path: Path) -> None:
    excluded = make_rule(level="prosecution", unknown_perpetrators="excluded")
    included = make_rule(level="prosecution", unknown_perpetrators="included")
    for number, (rule, reasons) in enumerate([(excluded, ()), (included, ("unknown_perpetrators_differs",))]):
        folder = tmp_path / str(number)
        folder.mkdir()
        registry = make_registry_with_rules(folder, RULE, rule)
        upper, lower = (
            build_card(registry, "ZZ", "first", "2025-Q1"),
            build_card(registry, "ZZ", "prosecution", "2025-Q1"),
        )
        assert may_divide(upper, lower).reasons == reasons


# -- planted faults in declarations


def test_overlapping_rules_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="two rules for ZZ first person hold at one time"):
        make_registry_with_rules(
            tmp_path, make_rule(valid="2010..2024"), make_rule(valid="2024-Q4..", attempts="excluded")
        )


def test_successive_rules_change_the_card(tmp_path: Path) -> None:
    registry = make_registry_with_rules(
        tmp_path, make_rule(valid="2010..2024"), make_rule(valid="2025..", attempts="excluded")
    )
    assert build_card(registry, "ZZ", "first", "2024-Q4").get_code("attempts") == "included"
    later = build_card(registry, "ZZ", "first", "2025-Q1")
    assert (later.get_code("attempts"), later.breaks) == ("excluded", ())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"read": ["attempts"]}, "name the document"),
        ({"read": ["weather"], "source": "a book"}, "'weather' is not a statement"),
        ({"read": ["attempts"], "attempts": "not_stated", "source": "a book"}, "attempts is not_stated"),
        ({"counted_at": "midnight"}, "counted_at"),
        ({"juveniles": "some"}, "juveniles"),
    ],
)
def test_faulty_rule_is_reported_with_its_cause(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        make_registry_with_rules(tmp_path, make_rule(**changes))


def test_a_form_of_adults_contradicts_a_rule_of_everyone(tmp_path: Path) -> None:
    form = copy.deepcopy(fakes.BASE)
    form["scope"] |= {"age": "Y_GE18", "attempts": "excluded", "person_type": "natural"}
    form["date_basis"] = "registration"
    registry = make_registry_with_rules(tmp_path, make_rule(legal_persons="included"), forms=(form,))
    contradictions = {s.what: s.forms for s in build_card(registry, "ZZ", "first", "2025-Q1").statements if s.forms}
    assert contradictions == {
        "counted_at": ("registration",),
        "attempts": ("excluded",),
        "juveniles": ("excluded",),
        "legal_persons": ("excluded",),
    }


def test_several_units_at_one_time_require_a_choice(tmp_path: Path) -> None:
    registry = make_registry_with_rules(tmp_path, RULE, make_rule(count_unit="case"))
    with pytest.raises(NoRuleError, match="ZZ counts person and case at first in 2025-Q1; name the count_unit"):
        build_card(registry, "ZZ", "first", "2025-Q1")
    assert build_card(registry, "ZZ", "first", "2025-Q1", count_unit="case").get_code("count_unit") == "case"


def test_missing_rule_and_missing_level_are_reported(tmp_path: Path) -> None:
    registry = make_registry_with_rules(tmp_path, RULE)
    with pytest.raises(NoRuleError, match=r"no counting rule for ZZ at appeal in 2025.*ZZ/territory.yml"):
        build_card(registry, "ZZ", "appeal", "2025")
    with pytest.raises(codes.UnknownCodeError, match="second"):
        build_card(registry, "ZZ", "second", "2025")
    with pytest.raises(ValueError, match="not a period"):
        build_card(registry, "ZZ", "first", "2025-13")


# -- together with other modules


def test_card_can_be_a_side_of_a_comparison() -> None:
    def build_side(code: str, measure: str) -> Any:
        level = codes.get_code_attribute("measure", measure, "level_rule")
        return build_present_card(code, level, "2025-Q1").to_counted(measure, "TIP")

    assert (build_side("XK", "reported").counted_at, build_side("XK", "indicted").counted_at) == ("input", "output")
    assert score_comparability(build_side("XK", "convicted_first"), build_side("AL", "convicted_first")) == (3, ())
    assert score_comparability(build_side("XK", "convicted_final"), build_side("MK", "convicted_final")) == (
        2,
        ("juveniles_differs",),
    )


def test_statements_are_described_in_every_language() -> None:
    card = build_present_card("RS", "prosecution", "2025-Q1")
    assert ("Unknown perpetrators", "counted", "read in a document") in card.describe_statements()
    assert ("Moment of counting", "Date of the decision", "assumed for the demonstration") in card.describe_statements()
    assert all(
        len(card.describe_statements(language)) == len(STATEMENTS) for language in ("sq", "bs", "hr", "mk", "sr", "cnr")
    )


def test_dbt_variables_have_every_statement() -> None:
    frame = build_tables(load())["counting_rule"]
    assert {*STATEMENTS, "status", "read_keys", "valid_from", "valid_to"} <= set(SCHEMAS["counting_rule"])
    row = frame.filter((frame["jurisdiction"] == "MK") & (frame["level"] == "final")).row(0, named=True)
    assert (row["juveniles"], row["read_keys"], row["counted_at"]) == ("excluded", "juveniles", "finality")


def test_page_has_the_present_rules() -> None:
    page = counting_table.PAGE.read_text(encoding="utf-8")
    expected = counting_table.in_page(page, counting_table.render_table(counting_table.read_national_registry()))
    assert page == expected, "run: python -m pipelines.warehouse.metrics.counting_table"
