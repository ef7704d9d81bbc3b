"""Declarations of the indicators: what is refused, and what the two tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def declared(folder: Path, text: str, name: str = "made_up") -> tuple[metrics.Metric, ...]:
    (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    metrics.load_from.cache_clear()
    return metrics.load_from((folder,))


def test_a_good_declaration_is_read(tmp_path: Path) -> None:
    (metric,) = declared(tmp_path, GOOD)
    assert (metric.id, metric.minimum_events, metric.nested, metric.count_units) == ("made_up", 20, False, ())


@pytest.mark.parametrize(
    ("old", "new", "told"),
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
def test_what_contradicts_itself_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(DeclarationError, match=told):
        declared(tmp_path, GOOD.replace(old, new))


def test_no_id_and_no_concept_stands_twice(tmp_path: Path) -> None:
    declared(tmp_path, GOOD)
    with pytest.raises(DeclarationError, match="MADE_UP is that of made_up"):
        declared(tmp_path, GOOD.replace("id: made_up", "id: other"), "other")
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "made_up.yml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other.yml").unlink()
    with pytest.raises(DeclarationError, match="declared twice"):
        metrics.load_from((tmp_path, tmp_path / "again"))


def test_a_pooled_rate_says_its_unit(tmp_path: Path) -> None:
    text = (
        GOOD.replace("denominator: {measures: [reported]}", "denominator: population")
        .replace("conditional", "poisson")
        .replace("PC", "P_HTHAB")
        .replace("100.0", "100000.0")
        .replace("[A]", "[A, P3]")
    )
    with pytest.raises(DeclarationError, match="unit_of_pools"):
        declared(tmp_path, text)


def test_operands_stand_by_measure_with_their_level(tmp_path: Path) -> None:
    text = GOOD.replace("{measures: [reported]}", "[{measures: [reported]}, {measures: [severed], level: first}]")
    rows = metrics.operand_table(declared(tmp_path, text)).rows()
    assert rows == [
        ("made_up", "numerator", 1, "convicted_final", "final", "count"),
        ("made_up", "denominator", 1, "reported", "prosecution", "count"),
        ("made_up", "denominator", 2, "severed", "first", "count"),
    ]


def test_the_declared_metrics_are_whole() -> None:
    found = {metric.id: metric for metric in metrics.load_from((metrics.DECLARED,))}
    assert {"count", "rate", "share", "convicted_first_per_indicted", "convicted_final_per_indicted"} <= set(found)
    for metric in found.values():
        assert metric.definition.endswith("."), metric.id
        # First-instance and final never meet, but where the one is set over the other by its name.
        levels = {t.level_of(m) for t in metric.numerator for m in t.list_measures()} & {"first", "final"}
        assert len(levels) <= 1 or metric.kind in metrics.EACH, metric.id


def test_a_figure_of_records_is_declared_where_it_is_made_and_as_often() -> None:
    """By kind: stages or levels, and frequencies, of the programme of records; everybody (`_T`) is no frequency."""
    made = declared_programme.load()
    wanted = {f"duration_{one}": set(made.durations.freqs) - {"_T"} for one in made.durations.stages}
    wanted |= {f"cohort_{one}": set(made.cohorts.freqs) for one in made.cohorts.stages}
    of_sentences = ("sentence_length", "custodial_share", "suspended_share", "below_minimum_share")
    wanted |= {f"{one}_{level}": set(made.sentences.freqs) for one in of_sentences for level in made.sentences.levels}
    found = {metric.id: metric for metric in metrics.load_from((metrics.DECLARED,)) if metric.input == "records"}
    ages = {f"pending_age_{one}" for one in made.pending.stages}
    assert found.keys() == wanted.keys() | ages
    assert {name: set(found[name].freqs) for name in wanted} == wanted


def test_no_model_is_awaited_that_exists() -> None:
    there = {path.stem for path in metrics.MODELS.glob("mart_*.sql")}
    assert not metrics.AWAITED & there, "take it out of metrics.AWAITED"


def test_the_page_of_indicators_is_made_of_the_declarations() -> None:
    page = metric_page.PAGE.read_text("utf-8")
    made = metric_page.render_table(metrics.load_from((metrics.DECLARED,)))
    assert metric_page.in_page(page, made) == page, "run: python -m pipelines.warehouse.metrics.metric_page"
    assert made.count("\n| `") == len(list(metrics.DECLARED.glob("*.yml")))


def test_a_page_without_its_marks_is_told() -> None:
    with pytest.raises(ValueError, match="lacks"):
        metric_page.in_page("no marks", "table")
