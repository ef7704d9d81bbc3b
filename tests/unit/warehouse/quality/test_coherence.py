"""Coherence of sources. Figures of real cases are copied from their documents, not from what the code reads."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.core import codes
from pipelines.declarations.yaml_file import DeclarationError
from pipelines.warehouse.quality import coherence, coherence_page
from pipelines.warehouse.quality.coherence import (
    MixedKindsError,
    explain_differences,
    find_idle_reasons,
    from_counts,
    match_figures,
    pair_declared,
    pair_parts,
    resolve_amounts,
)
from pipelines.warehouse.quality.coherence_reasons import Declarations, Reason, Selector, read_reasons
from pipelines.warehouse.quality.coherence_table import find_published_elsewhere
from pipelines.warehouse.reference.model import REFERENCE
from pipelines.warehouse.reference.published import GLOTIP_FIGURES, read_invented, read_published
from tests.support.paths import SHARED

REAL = SHARED / "real" / "unodc_data_glotip.xlsx"
ILO = "ILO CEACR Direct Request adopted 2018 (C29 Albania) citing GRETA 2016 report"


def _row(value: float | None = 10.0, **values: Any) -> dict[str, Any]:
    year = int(values.pop("year", 2020))
    row: dict[str, Any] = {
        "kind": "published", "territory": "AL", "jurisdiction": "AL", "instrument": "reference", "source": "A",
        "freq": "A", "period": str(year), "period_start": date(year, 1, 1), "period_end": date(year, 12, 31),
        "accumulation": "discrete", "offence_group": "TIP", "offence": "ICCS0204", "offence_words": "TIP",
        "measure": "victims_detected", "level": "none", "mapping": "same", "measure_words": "victims",
        "count_unit": "victim", "unit_words": "person", "statistic": "count", "unit_measure": "NR", "person_type": "_Z",
        "victim_status": "presumed", "sex": "_T", "age": "_T", "exploitation": "_T", "citizenship": "_T",
        "breakdown": "", "occurrence": 1, "value": value, "obs_status": "A" if value is not None else "Q",
        "conf_status": "F", "status": "published", "source_title": "A", "source_date": "2020", "source_url": "",
        "caveat": None, "place": "line 2",
    }  # fmt: skip
    return row | values


def _rows(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=REFERENCE)


def _span(start: int, end: int, value: float, **values: Any) -> dict[str, Any]:
    period = {"period": f"{start}-{end}", "period_start": date(start, 1, 1), "period_end": date(end, 12, 31)}
    return _row(value, **period, accumulation="multi_year", freq=None, **values)


@pytest.fixture(scope="module")
def verdicts() -> pl.DataFrame:
    return coherence_page.real_cases()[0]


def _case(verdicts: pl.DataFrame, territory: str, period: str, comparison: str) -> dict[str, Any]:
    (row,) = verdicts.filter(
        (pl.col("territory") == territory) & (pl.col("period") == period) & (pl.col("comparison") == comparison)
    ).to_dicts()
    return row


# -- real cases


@pytest.mark.parametrize(("year", "victims"), [("2015", 38), ("2016", 30), ("2017", 29), ("2018", 76)])
def test_croatia_reconciles_year_by_year(verdicts: pl.DataFrame, year: str, victims: int) -> None:
    """GRETA's third report on Croatia (Ministry of Interior) and UNODC."""
    row = _case(verdicts, "HR", year, "sources")
    assert (row["left_value"], row["right_value"], row["difference"]) == (victims, victims, 0)
    assert row["verdict"] == "reconciles"
    assert "GRETA third report on Croatia" in row["left_source"] and "GLOTIP" in row["right_source"]


def test_croatia_2019_has_no_pair(verdicts: pl.DataFrame) -> None:
    """27 by the ministry; UNODC's edition has no 2019."""
    assert verdicts.filter((pl.col("territory") == "HR") & (pl.col("period") == "2019")).is_empty()


def test_bosnia_and_herzegovina_reconciles_over_five_years(verdicts: pl.DataFrame) -> None:
    row = _case(verdicts, "BA", "2017-2021", "sources")
    assert row["left_value"] == 306 == 83 + 36 + 61 + 70 + 56 == row["right_value"]
    assert row["right_parts"] == "2017: 83 + 2018: 36 + 2019: 61 + 2020: 70 + 2021: 56"
    assert (row["verdict"], row["definition"]) == ("reconciles", "near")  # potential victims; UNODC does not say which


def test_serbia_does_not_reconcile_and_has_no_declared_reason(verdicts: pl.DataFrame) -> None:
    row = _case(verdicts, "RS", "2013-2016", "sources")
    assert (row["left_value"], row["right_value"]) == (296, 76 + 52 + 32 + 31)
    assert (row["difference"], row["verdict"], row["reasons"]) == (105, "open", "")
    assert row["relative"] == pytest.approx(105 / 296)


def test_albania_2014_is_explained_by_cases_carried_over(verdicts: pl.DataFrame) -> None:
    row = _case(verdicts, "AL", "2014", "al_2014_investigations")
    assert (row["left_value"], row["right_value"], row["difference"]) == (71, 46, 25)
    assert (row["explained"], row["verdict"], row["reasons"]) == (25, "explained", "carried_over")


def test_montenegro_2025_names_the_form_of_43_of_50(verdicts: pl.DataFrame) -> None:
    row = _case(verdicts, "ME", "2025", "parts:exploitation")
    assert (row["left_value"], row["right_value"]) == (50, 28 + 10 + 4 + 1)
    assert (row["difference"], row["verdict"]) == (7, "open")
    by_sex = _case(verdicts, "ME", "2025", "parts:sex")
    assert (by_sex["left_value"], by_sex["right_value"], by_sex["verdict"]) == (50, 26 + 24, "reconciles")


def test_caveats_of_collected_figures_stay(verdicts: pl.DataFrame) -> None:
    row = _case(verdicts, "BA", "2017-2021", "sources")
    assert "does not say whether presumed victims" in row["right_caveat"]


def test_declared_reasons_are_up_to_date(verdicts: pl.DataFrame) -> None:
    assert find_idle_reasons(verdicts, coherence_page.real_cases()[1]) == []


def test_page_equals_the_output_of_the_code() -> None:
    page = coherence_page.PAGE.read_text(encoding="utf-8")
    assert coherence_page.in_page(page, coherence_page.render_table()) == page
    with pytest.raises(ValueError, match="lacks"):
        coherence_page.in_page("nothing", "")


@pytest.mark.shared
@pytest.mark.skipif(not REAL.is_file(), reason="UNODC's table is not next to the project")
def test_figures_of_unodc_equal_those_of_its_table() -> None:
    from pipelines.warehouse.reference.publications import read_publication

    table, collected = read_publication(REAL.read_bytes()).rows, read_published(GLOTIP_FIGURES)
    key = ["source", *coherence.KEY, "victim_status", "mapping", "measure_words", "breakdown"]
    assert collected.join(table, on=[*key, "value"], how="semi").height == collected.height == 13


# -- pairs


def test_paired_figures_agree_in_every_dimension() -> None:
    left_rows, right_row = _rows(_row()), _row(source="B")
    assert match_figures(left_rows, _rows(right_row)).height == 1
    for difference in (
        {"territory": "ME"}, {"jurisdiction": "AL_X"}, {"measure": "reported"}, {"level": "first"},
        {"count_unit": "person"}, {"statistic": "start"}, {"offence_group": "SOM"}, {"sex": "F"}, {"age": "Y_LT18"},
        {"exploitation": "labour"}, {"citizenship": "own"}, {"person_type": "_T"}, {"year": 2021},
        {"period_end": date(2020, 6, 30), "accumulation": "ytd"}, {"victim_status": "identified"},
        {"victim_status": "_T"}, {"unit_measure": "PC"},
    ):  # fmt: skip
        assert match_figures(left_rows, _rows(_row(**{"source": "B"} | difference))).is_empty(), difference


@pytest.mark.parametrize(
    "difference",
    [
        {"source": "A"},  # a source says nothing about itself
        {"source": "B", "mapping": "none", "measure": None, "level": None},
        {"source": "B", "value": None},
        {"source": "B", "occurrence": 2},
        {"source": "B", "citizenship": None},
    ],
)
def test_figures_that_are_not_comparable_are_not_paired(difference: dict[str, Any]) -> None:
    assert match_figures(_rows(_row()), _rows(_row(**difference))).is_empty()


def test_repeated_key_of_a_source_is_dropped_entirely() -> None:
    twice = _rows(_row(source="B"), _row(11.0, source="B", occurrence=2))
    assert match_figures(_rows(_row()), twice).is_empty()


@pytest.mark.parametrize(
    ("left", "right", "definition"),
    [
        ({}, {}, "same"),
        ({"mapping": "near"}, {}, "near"),
        ({}, {"mapping": "near"}, "near"),
        ({}, {"victim_status": "_U"}, "near"),
        ({"victim_status": "_U"}, {"victim_status": "_U"}, "near"),
    ],
)
def test_definition_states_how_closely_two_figures_match(
    left: dict[str, Any], right: dict[str, Any], definition: str
) -> None:
    pairs = match_figures(_rows(_row(**left)), _rows(_row(**({"source": "B"} | right))))
    assert pairs["definition"].to_list() == [definition]


def test_unstated_status_is_not_paired_with_one_of_several() -> None:
    """Albania 2021: 159 are 154 potential and 5 official victims. The 159 are neither, nor if the 5 were withheld."""
    unstated = _rows(_row(159.0, victim_status="_U"))
    for official in (5.0, None):
        stated = _rows(_row(154.0, source="B"), _row(official, source="B", victim_status="identified"))
        assert match_figures(unstated, stated).is_empty()
    assert match_figures(unstated, _rows(_row(154.0, source="B"))).height == 1


def test_years_are_summed_only_if_none_is_missing() -> None:
    whole = _rows(_span(2019, 2020, 30.0, source="B"))
    years = [_row(10.0, year=2019), _row(20.0, year=2020)]
    (pair,) = match_figures(_rows(*years), whole).to_dicts()
    assert (pair["left_value"], pair["left_parts"], pair["right_value"]) == (30, "2019: 10 + 2020: 20", 30)
    assert match_figures(_rows(years[0]), whole).is_empty()
    assert match_figures(_rows(years[0], _row(None, year=2020)), whole).is_empty()
    assert match_figures(_rows(years[0], _row(20.0, year=2020, source="C")), whole).is_empty(), (
        "two sources make no sum"
    )


def test_stocks_are_never_summed() -> None:
    stock = {"measure": "pending_first", "level": "first", "statistic": "end", "count_unit": "case"}
    years = _rows(_row(10.0, year=2019, **stock), _row(20.0, year=2020, **stock))
    assert match_figures(years, _rows(_span(2019, 2020, 30.0, source="B", **stock))).is_empty()


def test_quarters_are_not_read_as_years() -> None:
    quarter = {"period": "2019-Q4", "period_start": date(2019, 10, 1), "freq": "Q"}
    rows = _rows(_row(10.0, year=2019, **quarter), _row(20.0, year=2020))
    assert match_figures(rows, _rows(_span(2019, 2020, 30.0, source="B"))).is_empty()


def test_an_estimated_year_makes_an_estimated_sum() -> None:
    rows = _rows(_row(10.0, year=2019, obs_status="E"), _row(20.0, year=2020))
    assert match_figures(rows, _rows(_span(2019, 2020, 30.0, source="B")))["left_obs_status"].to_list() == ["E"]


def test_total_is_not_compared_with_a_withheld_or_single_part() -> None:
    total, female, male = _row(50.0), _row(20.0, sex="F"), _row(30.0, sex="M")
    assert pair_parts(_rows(total, female, male), "sex").height == 1
    assert pair_parts(_rows(total, female), "sex").is_empty()
    assert pair_parts(_rows(total, female, _row(None, sex="M")), "sex").is_empty()
    assert pair_parts(_rows(total, female, _row(30.0, sex="M", source="B")), "sex").is_empty()
    with pytest.raises(ValueError, match="not a dimension"):
        pair_parts(_rows(total), "measure")


# -- real and invented


def _counts(**said: Any) -> pl.DataFrame:
    row = {
        "area_kind": "territory", "area": "AL", "territory": "AL", "freq": "A", "period": "2020",
        "measure": "indicted", "level": "prosecution", "count_unit": "person", "statistic": "count",
        "offence_group": "TIP", "offence": "ICCS0204", "person_type": "_T", "victim_status": "_Z", "sex": "_T",
        "age": "_T", "exploitation": "_Z", "citizenship": "_T", "sentence_type": "_Z", "sentence_band": "_Z",
        "value": 24.0, "obs_status": "A",
    } | said  # fmt: skip
    return pl.DataFrame([row])


def test_demonstration_returns_are_paired_only_with_invented_references() -> None:
    """Albania 2020, persons indicted: 25 by the invented observatory."""
    counts = from_counts(_counts(), "demonstration", "returns")
    assert counts.schema == pl.Schema(REFERENCE)
    (pair,) = match_figures(counts, read_invented()).to_dicts()
    assert (pair["left_value"], pair["right_value"], pair["definition"]) == (24, 25, "same")
    with pytest.raises(MixedKindsError, match="published"):
        match_figures(counts, read_published())


def test_returns_of_a_real_home_are_never_paired_with_invented_references() -> None:
    counts = from_counts(_counts(), "real", "returns")
    with pytest.raises(MixedKindsError, match="returned"):
        match_figures(counts, read_invented())
    match_figures(counts, read_published())


def test_every_kind_of_pair_rejects_a_table_of_mixed_kinds() -> None:
    mixed = pl.concat([read_published(), read_invented()])
    with pytest.raises(MixedKindsError):
        match_figures(mixed, mixed)
    with pytest.raises(MixedKindsError):
        pair_parts(mixed, "sex")
    with pytest.raises(MixedKindsError):
        pair_declared(mixed, read_reasons().comparisons)
    with pytest.raises(ValueError, match="not known"):
        match_figures(_rows(_row(kind="guessed")), _rows(_row()))


def test_cell_is_published_elsewhere_only_with_the_same_value_and_definition() -> None:
    """Albania 2020, persons indicted: 25 by the invented observatory."""
    equal = _counts(offence="_T", value=25.0)
    others = [
        _counts(offence="_T", value=24.0),
        _counts(offence="_T", value=25.0, sex="F"),
        _counts(offence="ICCS0204", value=25.0),
        _counts(offence="_T", value=25.0, area_kind="region"),
        _counts(offence="_T", value=25.0, sentence_type="prison"),
    ]
    assert find_published_elsewhere(equal, read_invented(), "demonstration").equals(equal.select(codes.CELL_KEY))
    for counts in others:
        assert find_published_elsewhere(counts, read_invented(), "demonstration").is_empty()
    near = read_invented().with_columns(mapping=pl.lit("near"))
    assert find_published_elsewhere(equal, near, "demonstration").is_empty()


def test_from_counts_keeps_periods_and_drops_region_and_sanctions() -> None:
    rows = [_counts(period="2026-Q3", freq="Q"), _counts(period="2019-2021", freq="P3"), _counts(area_kind="region")]
    rows += [_counts(sentence_type="prison"), _counts(sentence_band="Y5T10")]
    figures = from_counts(pl.concat(rows), "real", "returns")
    assert figures.select("period_start", "period_end", "accumulation").rows() == [
        (date(2026, 7, 1), date(2026, 9, 30), "discrete"),
        (date(2019, 1, 1), date(2021, 12, 31), "multi_year"),
    ]


# -- verdicts


def _reason(**said: Any) -> Reason:
    base = {
        "id": "r", "territory": "AL", "period": "2020", "measure": "victims_detected", "sources": ["A", "B"],
        "text": "t", "said_by": "s", "source": "d", "status": "stated", "amount": 4.0,
    }  # fmt: skip
    return Reason.model_validate(base | said)


_PAIR = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.lists(st.integers(-50, 50), max_size=4))


@settings(max_examples=20)
@given(st.lists(_PAIR, min_size=1, max_size=12))
def test_verdict_is_arithmetic(pairs_drawn: list[tuple[int, int, list[int]]]) -> None:
    """Judge up to twelve pairs at once, each of its own year with its own reasons."""
    by_year = dict(enumerate(pairs_drawn, 2000))
    pairs = match_figures(
        _rows(*(_row(float(first), year=year) for year, (first, _, _) in by_year.items())),
        _rows(*(_row(float(second), year=year, source="B") for year, (_, second, _) in by_year.items())),
    )
    reasons = [
        _reason(id=f"r{year}_{number}", period=str(year), amount=float(amount))
        for year, (_, _, amounts) in by_year.items()
        for number, amount in enumerate(amounts)
    ]
    rows = {int(row["period"]): row for row in explain_differences(pairs, reasons).to_dicts()}
    assert rows.keys() == by_year.keys()
    for year, (first, second, amounts) in by_year.items():
        row = rows[year]
        assert row["difference"] == first - second
        if first == second:
            assert row["verdict"] == "reconciles"
        elif amounts and sum(amounts) == first - second:
            assert row["verdict"] == "explained"
        else:
            assert row["verdict"] == "open"
        assert (row["relative"] is None) == (first == 0)


def test_reason_changes_sign_where_its_sides_are_swapped() -> None:
    larger, smaller = _rows(_row(14.0)), _rows(_row(10.0, source="B"))
    for pairs, difference in ((match_figures(larger, smaller), 4), (match_figures(smaller, larger), -4)):
        (row,) = explain_differences(pairs, [_reason()]).to_dicts()
        assert (row["difference"], row["explained"], row["verdict"]) == (difference, difference, "explained")


@pytest.mark.parametrize(
    "other", [{"territory": "ME"}, {"period": "2021"}, {"measure": "reported"}, {"sources": ["A", "C"]}]
)
def test_a_reason_of_another_pair_explains_nothing(other: dict[str, Any]) -> None:
    pairs = match_figures(_rows(_row(14.0)), _rows(_row(10.0, source="B")))
    verdicts = explain_differences(pairs, [_reason(**other)])
    assert verdicts["verdict"].to_list() == ["open"]
    assert find_idle_reasons(verdicts, [_reason(**other)]) == ["r"]


def test_reason_without_a_difference_is_out_of_date() -> None:
    verdicts = explain_differences(match_figures(_rows(_row()), _rows(_row(source="B"))), [_reason()])
    assert (verdicts["verdict"].item(), find_idle_reasons(verdicts, [_reason()])) == ("reconciles", ["r"])


# -- declarations


def test_amount_is_resolved_from_the_figure_it_names() -> None:
    declarations = read_reasons()
    assert [r.amount for r in resolve_amounts(declarations.reasons, read_published())] == [25]
    with pytest.raises(ValueError, match="without an amount: carried_over"):
        explain_differences(pair_declared(read_published(), declarations.comparisons), declarations.reasons)
    with pytest.raises(LookupError, match="0 known figures"):
        resolve_amounts(declarations.reasons, _rows(_row()))


def test_a_selector_names_one_figure() -> None:
    rows = _rows(_row(sex="F"), _row(sex="M"))
    with pytest.raises(LookupError, match="2 known figures"):
        coherence.find_row(rows, Selector(territory="AL", period="2020", source="A", measure_words="victims"))
    selector = Selector(territory="AL", period="2020", source="A", measure_words="victims", sex="F")
    assert coherence.find_row(rows, selector)["sex"].item() == "F"


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": None},
        {"amount_of": {"territory": "AL", "period": "2020", "source": "A", "measure_words": "x"}},
        {"sources": ["A"]},
        {"measure": None},
        {"comparison": "c"},
        {"status": "guessed"},
        {"said": "x"},
    ],
)
def test_incomplete_reason_is_rejected(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        _reason(**wrong)


def test_read_reasons_rejects_unknown_keys(tmp_path: Path) -> None:
    base = _reason().model_dump(mode="json", exclude_none=True)
    with pytest.raises(ValidationError, match="appears twice"):
        Declarations.model_validate({"reasons": [base, base]})
    lost = {k: v for k, v in base.items() if k not in ("measure", "sources")} | {"comparison": "nowhere"}
    with pytest.raises(ValidationError, match="no such comparison"):
        Declarations.model_validate({"reasons": [lost]})
    path = tmp_path / "reasons.yml"
    path.write_text("reasons:\n  - id: r\n    period: 2014\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"reasons\.yml, line"):
        read_reasons(path)


def test_figures_quoted_by_the_ilo_equal_the_collected_ones() -> None:
    """71 on the rolls, 25 of them carried over, 46 new."""
    values = dict(read_published().filter(pl.col("source") == ILO).select("measure_words", "value").iter_rows())
    prosecutor = "investigations (Serious Crimes Prosecutor)"
    assert values[prosecutor] == 71 == values[f"{prosecutor}, carried over"] + values[f"{prosecutor}, new"] == 25 + 46
