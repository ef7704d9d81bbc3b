"""Facts of the seven territories, compared with values checked by hand and with the reference files if present."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.core import codes
from pipelines.declarations import registry
from pipelines.declarations.sims import CONCEPTS, load_sims, read_sims
from pipelines.declarations.territory import Territory
from tests.support.paths import ROOT, SHARED

FOLDER = ROOT / "pipelines" / "territories"
REFERENCE = SHARED / "reference"
SEVEN = ["AL", "BA", "HR", "ME", "MK", "RS", "XK"]
PARTS = {"State": "BA_STATE", "Federation of BiH": "BA_FED", "Republika Srpska": "BA_SRP", "Brcko District": "BA_BRC"}
shared = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference files are not next to the project")


def _csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _law(code: str) -> list[dict[str, str]]:
    return _csv(FOLDER / code / "law.csv")


def _article(code: str, article: str, paragraph: str = "") -> dict[str, str]:
    """Return the newest row of an article."""
    rows = [row for row in _law(code) if (row["article"], row["paragraph"]) == (article, paragraph)]
    return max(rows, key=lambda row: row["in_force_from"])


def _territory(code: str) -> Territory:
    return registry.load().territories[code]


def test_seven_national_territories_are_declared() -> None:
    territories = registry.load().territories
    assert sorted(code for code, t in territories.items() if t.kind == "national") == SEVEN
    assert sorted(registry.load().without_training().territories) == SEVEN


def test_name_of_kosovo_always_has_its_footnote() -> None:
    territory = _territory("XK")
    shown_names = [n for n in territory.names if not n.accepted_only]
    assert shown_names[0].name == "Kosovo under UNSCR 1244"
    assert all("1244" in n.name and n.footnote and "resolution 1244 (1999)" in n.footnote for n in shown_names)
    for jurisdiction in territory.jurisdictions:
        assert all(n.footnote for n in jurisdiction.names)


def test_north_macedonia_is_shown_by_its_name_and_read_by_older_ones_until_2019() -> None:
    names = _territory("MK").names
    assert {n.name for n in names if n.language == "en" and not n.accepted_only} == {"North Macedonia"}
    older = [n for n in names if n.accepted_only and n.valid]
    assert "The former Yugoslav Republic of Macedonia" in {n.name for n in older}
    assert all(n.valid is not None and n.valid.endswith("..2019") for n in older)


def test_serbia_states_that_kosovo_is_not_in_its_figures() -> None:
    assert "do not include Kosovo" in (_territory("RS").names[0].footnote or "")
    assert all("Kosovo is not included" in row["caveat"] for row in _csv(FOLDER / "RS" / "population.csv"))


def test_bosnia_and_herzegovina_reports_in_four_parts_and_once_as_a_whole() -> None:
    places = {j.code: j.part_of_total for j in _territory("BA").jurisdictions}
    assert places == {"BA_STATE": True, "BA_FED": True, "BA_SRP": True, "BA_BRC": True, "BA": False}


def test_montenegro_reports_once_a_year() -> None:
    assert {entry.freq for entry in _territory("ME").calendar} == {"A"}


@pytest.mark.parametrize("code", SEVEN)
def test_every_jurisdiction_has_an_office_that_counts_for_each_stage(code: str) -> None:
    territory = _territory(code)
    flows = {m for m in codes.list_codes("measure") if codes.get_code_attribute("measure", m, "kind") == "flow"} - {
        "victims_detected"
    }
    for jurisdiction in territory.jurisdictions:
        counted = {m for c in territory.counts_source if c.jurisdiction == jurisdiction.code for m in c.measures}
        if jurisdiction.part_of_total:
            assert flows <= counted, jurisdiction.code
        else:
            assert counted == {"victims_detected"}


@pytest.mark.parametrize("code", SEVEN)
def test_two_offices_never_count_for_one_measure_at_one_time(code: str) -> None:
    spans_by_measure: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for rule in _territory(code).counts_source:
        start, _, end = rule.periods.partition("..")
        for measure in rule.measures:
            spans_by_measure.setdefault((rule.jurisdiction, measure), []).append((start[:4], end[:4] or "9999"))
    for spans in spans_by_measure.values():
        spans.sort()
        assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_the_register_counts_in_croatia_and_aggregates_in_serbia() -> None:
    def list_shapes(code: str, period: str) -> dict[str, str]:
        rules = [c for c in _territory(code).counts_source if "convicted_first" in c.measures]
        return {c.source: c.shape for c in rules if c.periods.partition("..")[2] in ("", period)}

    assert list_shapes("HR", "now") == {"HR_MPU": "register"}
    assert list_shapes("RS", "now") == {"RS_SORS": "aggregates"}


@pytest.mark.parametrize("code", SEVEN)
def test_assumed_counting_rules_are_marked(code: str) -> None:
    rules = _territory(code).counting_rules
    assert rules
    for rule in rules:
        assert rule.status == "demonstration" or rule.source, rule


@pytest.mark.parametrize("code", SEVEN)
def test_bounds_decrease_from_stage_to_stage(code: str) -> None:
    high = {(b.jurisdiction, b.offence_group, b.freq, b.measure): b.high for b in _territory(code).plausibility}
    for (place, group, freq, measure), value in high.items():
        if measure == "convicted_first":
            assert value <= high[place, group, freq, "adjudicated_first"] <= high[place, group, freq, "reported"]


# -- law


@pytest.mark.parametrize(
    ("code", "article", "paragraph", "offence"),
    [
        ("AL", "110/a", "", "ICCS0204_ADULT"),
        ("AL", "128/b", "", "ICCS0204_CHILD"),
        ("AL", "298", "", "ICCS08051_NB"),
        ("AL", "297", "", "ICCS08059"),
        ("BA", "185", "", "ICCS02031"),
        ("BA", "186", "", "ICCS0204"),
        ("BA", "189", "", "ICCS08051"),
        ("HR", "105", "", "ICCS02031"),
        ("HR", "106", "", "ICCS0204"),
        ("HR", "326", "", "ICCS08051_NB"),
        ("XK", "165", "", "ICCS0204"),
        ("XK", "166", "", "TIP_RELATED"),
        ("MK", "418", "", "ICCS02031"),
        ("MK", "418-a", "", "ICCS0204"),
        ("MK", "418-b", "", "ICCS08051"),
        ("MK", "418-c", "", "TIP_SOM"),
        ("MK", "418-d", "", "ICCS0204_CHILD"),
        ("ME", "405", "1", "ICCS08059"),
        ("ME", "405", "2", "ICCS08051"),
        ("RS", "350", "1", "ICCS08059"),
        ("RS", "350", "2-4", "ICCS08051"),
        ("RS", "390", "", "ICCS02031"),
    ],
)
def test_article_has_its_offence(code: str, article: str, paragraph: str, offence: str) -> None:
    assert _article(code, article, paragraph)["offence"] == offence


@pytest.mark.parametrize("code", SEVEN)
def test_articles_are_well_formed(code: str) -> None:
    for row in _law(code):
        assert row["offence"] in codes.list_codes("offence"), row
        assert row["status"] in ("verified", "unverified"), row
        assert row["source"], row
        if codes.get_code_attribute("offence", row["offence"], "offence_group") == "SOM":
            assert row["benefit_element"] in ("yes", "no", "unknown"), row
            assert (row["offence"] == "ICCS08051_NB") == (row["benefit_element"] == "no"), row
        low, high = row["penalty_min_months"], row["penalty_max_months"]
        assert not (low and high) or int(low) < int(high)
        assert bool(low or high) <= bool(row["penalty"])


@pytest.mark.parametrize("code", SEVEN)
def test_a_spelling_means_one_article_at_one_time(code: str) -> None:
    meanings: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in _law(code):
        for spelling in row["spellings"].split(" | "):
            meanings.setdefault((row["jurisdiction"], spelling), set()).add((row["article"], row["paragraph"]))
    assert {key: articles for key, articles in meanings.items() if len(articles) > 1} == {}


def test_an_article_split_by_paragraph_cannot_be_read_whole() -> None:
    """Reject article 350 as a whole, which would count a person's own crossing as smuggling."""
    for code, article in (("RS", "350"), ("ME", "405")):
        rows = [row for row in _law(code) if row["article"] == article]
        assert all(row["paragraph"] for row in rows)
        assert all(article not in row["spellings"].split(" | ") for row in rows)


def test_macedonian_letters_follow_their_own_order() -> None:
    assert "418-в" in _article("MK", "418-c")["spellings"].split(" | ")
    assert "418-г" in _article("MK", "418-d")["spellings"].split(" | ")


def test_a_change_of_penalty_in_serbia_splits_the_article() -> None:
    rows = sorted((r for r in _law("RS") if r["article"] == "388"), key=lambda r: r["in_force_from"])
    assert [(r["penalty_min_months"], r["penalty_max_months"]) for r in rows] == [("24", "120"), ("36", "144")]
    assert "unverified" in rows[1]["note"]


@shared
@pytest.mark.shared
def test_every_reference_row_on_law_is_declared() -> None:
    checked = 0
    for reference_row in _csv(REFERENCE / "penal_code.csv"):
        if reference_row["article"] == "-":
            assert "2013 to 2016" in (_territory(reference_row["territory"]).note or "")
            continue
        place = PARTS.get(reference_row["jurisdiction"], reference_row["territory"])
        rows = [
            r
            for r in _law(reference_row["territory"])
            if (r["jurisdiction"], r["article"]) == (place, reference_row["article"])
        ]
        assert rows, reference_row
        rows.sort(key=lambda row: row["in_force_from"])
        assert rows[0]["in_force_from"] == reference_row["in_force_from"].removesuffix(" (unverified)")
        assert rows[-1]["in_force_until"] == reference_row["in_force_until"]
        for row in rows:
            assert row["title_en"] == reference_row["title_en"]
            assert row["status"] == reference_row["status"]
            assert row["source"] == reference_row["source"]
            assert row["penalty"] == reference_row["penalty"]
            assert reference_row["note"] in row["note"]
        if "(unverified)" in reference_row["in_force_from"]:
            assert "unverified" in rows[0]["note"]
        checked += 1
    assert checked == 46


@shared
@pytest.mark.shared
def test_offence_groups_equal_those_of_the_reference() -> None:
    groups = {"TIP": "TIP", "SOM": "SOM", "slavery": "SLAVERY", "irregular crossing (not SOM)": "CROSSING"}
    groups |= {"TIP minors": "TIP", "TIP women": "TIP", "TIP organised": "TIP", "SOM organised": "SOM"}
    groups |= {"TIP/SOM group": "UNALLOCATED", "TIP minors for adoption": "TIP", "TIP related": "RELATED"}
    for reference_row in _csv(REFERENCE / "penal_code.csv"):
        for row in _law(reference_row["territory"]):
            place = PARTS.get(reference_row["jurisdiction"], reference_row["territory"])
            if (row["jurisdiction"], row["article"]) == (place, reference_row["article"]) and row["paragraph"] != "1":
                assert (
                    codes.get_code_attribute("offence", row["offence"], "offence_group")
                    == groups[reference_row["offence"]]
                ), row


# -- other territories that are named


def _find_unlisted(declared: registry.Registry) -> set[tuple[str, str]]:
    """Return pairs of a territory and another that its texts name and its `mentions` lack.

    Only this test compares words: the first word of the English names that are shown.
    """
    name_words = {
        code: {
            name.name.removeprefix("North ").split()[0]
            for name in territory.names
            if name.language == "en" and not name.accepted_only
        }
        for code, territory in declared.territories.items()
    }
    unlisted = set()
    for code, territory in declared.territories.items():
        notes = [territory.note, *(office.note for office in territory.offices), *(n.footnote for n in territory.names)]
        breaks = load_sims()[code].breaks if code in load_sims() else ()
        words_used = set(re.findall(r"\w+", " ".join([*filter(None, notes), *(item.text for item in breaks)])))
        unlisted |= {
            (code, mentioned) for mentioned in name_words if mentioned != code and words_used & name_words[mentioned]
        } - {(code, mentioned) for mentioned in territory.mentions}
    return unlisted


def test_texts_of_a_territory_list_the_others_that_they_name() -> None:
    declared = registry.load_from((FOLDER,))
    assert _find_unlisted(declared) == set()
    silent = declared.territories["RS"].model_copy(update={"mentions": ()})
    assert _find_unlisted(replace(declared, territories={**declared.territories, "RS": silent})) == {("RS", "XK")}


# -- population


@pytest.mark.parametrize("code", SEVEN)
def test_population_is_known_for_fifteen_years_with_its_vintage(code: str) -> None:
    rows = _csv(FOLDER / code / "population.csv")
    assert [int(row["year"]) for row in rows] == list(range(2010, 2025))
    assert all(row["territory"] == row["jurisdiction"] == code and row["vintage"] and row["caveat"] for row in rows)


def test_population_values_by_hand() -> None:
    value = {(r["territory"], r["year"]): r["population"] for c in SEVEN for r in _csv(FOLDER / c / "population.csv")}
    assert value["AL", "2023"] == "2414095"
    assert value["XK", "2024"] == "1594353"
    assert value["RS", "2010"] == "7291436"


@shared
@pytest.mark.shared
def test_population_equals_that_of_the_reference() -> None:
    declared = {
        (row["territory"], row["year"], row["population"], row["series"], row["source_url"])
        for code in SEVEN
        for row in _csv(FOLDER / code / "population.csv")
    }
    expected = {
        (row["territory"], row["year"], row["population"], row["series"], row["source_url"])
        for row in _csv(REFERENCE / "population.csv")
    }
    assert declared == expected


# -- reference metadata


@pytest.mark.parametrize("code", SEVEN)
def test_reference_metadata_is_complete_and_has_sources(code: str) -> None:
    sims = read_sims(FOLDER / code / "sims.yml")
    assert sims.territory == code
    assert list(sims.concepts) == list(CONCEPTS)
    assert all(statement.source for statement in sims.concepts.values() if statement.status == "stated")
    assert any(statement.status == "unknown" for statement in sims.concepts.values())


def test_breaks_of_law_have_their_status() -> None:
    assert sorted(load_sims()) == SEVEN
    breaks = {(b.jurisdiction, b.period, b.status) for sims in load_sims().values() for b in sims.breaks}
    assert ("RS", "2009-Q3", "verified") in breaks
    assert ("BA_SRP", "2017", "unverified") in breaks
    assert ("HR", "2023-Q1", "demonstration") in breaks


def test_stated_text_without_a_document_is_rejected(tmp_path: Path) -> None:
    text = (FOLDER / "RS" / "sims.yml").read_text(encoding="utf-8")
    faulty = tmp_path / "sims.yml"
    faulty.write_text(text.replace("    source: 'ESMS S024010, 2021'\n", "", 1), encoding="utf-8")
    with pytest.raises(Exception, match="names its document"):
        read_sims(faulty)
