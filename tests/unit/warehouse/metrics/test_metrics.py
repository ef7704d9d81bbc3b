"""Declarations of the indicators: which are rejected, and what the two tables contain."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core import codes
from pipelines.declarations.yaml_file import DeclarationError
from pipelines.warehouse.metrics import metric_page, metrics
from pipelines.warehouse.records import declared_programme

GOOD = """\
id: made_up
name: Made up
definition: Convicted finally per 100 reported.
formula: convicted x 100 / reported
kind: ratio
unit_measure: PC
per: 100.0
input: counts
numerator: {measures: [convicted_final]}
denominator: {measures: [reported]}
interval: conditional
freqs: [A]
model: mart_indicator
source: none
sdmx_concept: MADE_UP
"""


def load_declaration(folder: Path, text: str, name: str = "made_up") -> tuple[metrics.Metric, ...]:
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    metrics.load_from.cache_clear()
    return metrics.load_from((folder,))


def test_a_good_declaration_is_read(tmp_path: Path) -> None:
    (metric,) = load_declaration(tmp_path, GOOD)
    assert (metric.id, metric.minimum_events, metric.nested, metric.count_units) == ("made_up", 20, False, ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[convicted_final]", "[convicted]", "'convicted' is not in the code list measure"),
        ("measures: [reported]", "measures: [reported], statistic: end", "its statistic is not end"),
        ("measures: [reported]", "measures: [pending_first]", "is a stock"),
        ("measures: [reported]", "measures: [reported], level: first", "of the level prosecution, not first"),
        ("measures: [reported]", "kind: flow, measures: [reported]", "either which measures"),
        ("interval: conditional", "interval: clopper_pearson", "nested counts"),
        ("interval: conditional", "interval: conditional\nnested: true", "nested counts"),
        ("per: 100.0", "per: 1000.0", "goes with per: 100"),
        ("unit_measure: PC", "unit_measure: PERCENT", "not in the code list unit_measure"),
        ("freqs: [A]", "freqs: [M]", "not in the code list freq"),
        ("freqs: [A]", "freqs: [A]\ndimensions: [colour]", "not a dimension of a count: colour"),
        ("model: mart_indicator", "model: mart_nowhere", "there is no model mart_nowhere"),
        ("id: made_up", "id: made_over", "is in made_up.yml"),
        ("sdmx_concept: MADE_UP", "sdmx_concept: made-up", "CAPITAL_LETTERS"),
        ("source: none", "source: none\nsauce: none", "not known here"),
    ],
)
def test_contradictory_declaration_is_rejected(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(DeclarationError, match=message):
        load_declaration(tmp_path, GOOD.replace(old, new))


def test_ids_and_concepts_are_unique(tmp_path: Path) -> None:
    load_declaration(tmp_path, GOOD)
    with pytest.raises(DeclarationError, match="MADE_UP is that of made_up"):
        load_declaration(tmp_path, GOOD.replace("id: made_up", "id: other"), "other")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "made_up.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other.yml").unlink()
    with pytest.raises(DeclarationError, match="declared twice"):
        metrics.load_from((tmp_path, tmp_path / "again"))


def test_pooled_rate_states_its_unit(tmp_path: Path) -> None:
    text = (
        GOOD.replace("denominator: {measures: [reported]}", "denominator: population")
        .replace("conditional", "poisson")
        .replace("PC", "P_HTHAB")
        .replace("100.0", "100000.0")
        .replace("[A]", "[A, P3]")
    )
    with pytest.raises(DeclarationError, match="unit_of_pools"):
        load_declaration(tmp_path, text)


def test_operands_are_listed_by_measure_and_level(tmp_path: Path) -> None:
    text = GOOD.replace("{measures: [reported]}", "[{measures: [reported]}, {measures: [severed], level: first}]")
    rows = metrics.operand_table(load_declaration(tmp_path, text)).rows()
    assert rows == [
        ("made_up", "numerator", 1, "convicted_final", "final", "count"),
        ("made_up", "denominator", 1, "reported", "prosecution", "count"),
        ("made_up", "denominator", 2, "severed", "first", "count"),
    ]


def test_declared_metrics_are_complete() -> None:
    declared = {metric.id: metric for metric in metrics.load_from((metrics.DECLARED,))}
    assert {"count", "rate", "share", "convicted_first_per_indicted", "convicted_final_per_indicted"} <= set(declared)
    for metric in declared.values():
        assert metric.definition.endswith("."), metric.id
        # First-instance and final figures are never combined, except in an indicator that is named as their ratio.
        levels = {t.level_of(m) for t in metric.numerator for m in t.list_measures()} & {"first", "final"}
        assert len(levels) <= 1 or metric.kind in metrics.EACH, metric.id


def test_ratio_of_two_measures_is_named_by_their_labels() -> None:
    """Check that a measure has one name: "Convicted at first instance" was also "Convicted, first instance"."""
    ratios = [
        metric
        for metric in metrics.load_from((metrics.DECLARED,))
        if " per 100 " in metric.name and len(metric.numerator) == len(metric.denominator) == 1
    ]
    measures = [[only for (term,) in (m.numerator, m.denominator) for only in term.list_measures()] for m in ratios]
    expected = [" per 100 ".join(codes.get_code_label("measure", code) for code in pair) for pair in measures]
    assert len(ratios) >= 9 and [m.name.lower() for m in ratios] == [name.lower() for name in expected]


def test_figures_from_records_are_declared_with_their_stages_and_frequencies() -> None:
    """Compare stages or levels and frequencies with the records programme; everybody (`_T`) is not a frequency."""
    programme = declared_programme.load()
    expected = {f"duration_{stage}": set(programme.durations.freqs) - {"_T"} for stage in programme.durations.stages}
    expected |= {f"cohort_{stage}": set(programme.cohorts.freqs) for stage in programme.cohorts.stages}
    of_sentences = ("sentence_length", "custodial_share", "suspended_share", "below_minimum_share")
    expected |= {
        f"{measure}_{level}": set(programme.sentences.freqs)
        for measure in of_sentences
        for level in programme.sentences.levels
    }
    declared = {metric.id: metric for metric in metrics.load_from((metrics.DECLARED,)) if metric.input == "records"}
    ages = {f"pending_age_{stage}" for stage in programme.pending.stages}
    assert declared.keys() == expected.keys() | ages
    assert {name: set(declared[name].freqs) for name in expected} == expected


def test_page_of_indicators_is_generated_from_the_declarations() -> None:
    page = metric_page.PAGE.read_text("utf-8")
    table = metric_page.render_table(metrics.load_from((metrics.DECLARED,)))
    assert metric_page.in_page(page, table) == page, "run: python -m pipelines.warehouse.metrics.metric_page"
    assert table.count("\n| `") == len(list(metrics.DECLARED.glob("*.yml")))


def test_page_without_its_marks_is_rejected() -> None:
    with pytest.raises(ValueError, match="lacks"):
        metric_page.in_page("no marks", "table")
