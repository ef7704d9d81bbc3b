"""The limits on small counts and the release day: defined once, and repeated correctly in documents."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from pipelines.declarations.territory import QUERY_DAYS, RELEASE_DAYS
from pipelines.declarations.yaml_file import DeclarationError
from pipelines.publication.disclosure import protect
from pipelines.statistics import records_rule
from pipelines.statistics.thresholds import ENOUGH_EVENTS, LARGEST_HIDDEN_COUNT, SMALLEST_PUBLISHED_COUNT
from pipelines.warehouse import dbt_runner
from pipelines.warehouse.metrics import metrics
from tests.support.paths import ROOT

DOCS = ROOT / "docs"
_STATED = re.compile(
    rf"(?i)(?:under|below|fewer than|at least|reach(?:es)?) {ENOUGH_EVENTS}\b|\b{ENOUGH_EVENTS} or more\b"
    rf"|\b1 to {LARGEST_HIDDEN_COUNT} persons|until {SMALLEST_PUBLISHED_COUNT} more"
    rf"|counts of 1 to {LARGEST_HIDDEN_COUNT}\b"
)


def test_no_text_of_the_product_states_a_limit_itself() -> None:
    repetitions = []
    for package in ("pipelines/publication", "pipelines/warehouse", "pipelines/office", "dashboards"):
        for path in sorted((ROOT / package).rglob("*.py")):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            docstrings = {
                id(node.value)
                for node in ast.walk(tree)
                if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            }
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                    repetitions += [f"{path.name}: {match.group()}" for match in _STATED.finditer(node.value)]
    assert repetitions == []


def test_no_comparison_in_code_repeats_a_limit() -> None:
    repeated = re.compile(rf"(?:(?<!<)<|>=) {ENOUGH_EVENTS}\b|\"value\"\) < {SMALLEST_PUBLISHED_COUNT}\b")
    repetitions = [
        f"{path.name}: {match.group()}"
        for package in ("pipelines/publication", "pipelines/statistics", "dashboards")
        for path in sorted((ROOT / package).rglob("*.py"))
        for match in repeated.finditer(path.read_text(encoding="utf-8"))
    ]
    assert repetitions == []


def test_sql_takes_the_limit_from_the_metric_or_the_variable() -> None:
    models = [*(ROOT / "dbt_project/macros").glob("*.sql"), *(ROOT / "dbt_project/models").rglob("*.sql")]
    assert len(models) > 20
    literal = re.compile(rf"(?:few_state|record_state)\([^)]*{ENOUGH_EVENTS}|(?:<|>=) {ENOUGH_EVENTS}\b")
    assert [path.name for path in models if literal.search(path.read_text(encoding="utf-8"))] == []
    _, variables = dbt_runner._variable_arguments({})
    assert json.loads(variables)["enough_events"] == ENOUGH_EVENTS


def test_protection_and_records_use_the_same_smallest_count() -> None:
    assert (
        protect.hide_small_counts.__kwdefaults__["threshold"] == SMALLEST_PUBLISHED_COUNT == records_rule.MINIMUM_SIDE
    )
    assert records_rule.none_small(0, SMALLEST_PUBLISHED_COUNT)
    assert not records_rule.none_small(LARGEST_HIDDEN_COUNT)


def test_metrics_use_the_common_minimum_or_none(tmp_path: Path) -> None:
    declared = metrics.load_from((metrics.DECLARED,))
    assert {metric.minimum_events for metric in declared} == {0, ENOUGH_EVENTS}
    assert not [
        path for path in metrics.DECLARED.glob("*.yml") if f"minimum_events: {ENOUGH_EVENTS}" in path.read_text()
    ]
    caveats = next(metric.caveats for metric in declared if metric.id == "decomposition_convicted")
    assert any(f"All four counts reach {ENOUGH_EVENTS};" in caveat for caveat in caveats)
    declaration = (metrics.DECLARED / "rate.yml").read_text(encoding="utf-8") + "minimum_events: 7\n"
    (tmp_path / "rate.yml").write_text(declaration, encoding="utf-8")
    with pytest.raises(DeclarationError, match=f"leave it out for {ENOUGH_EVENTS}"):
        metrics.load_from((tmp_path,))


@pytest.mark.parametrize(
    ("page", "statement"),
    [
        ("methodology/disclosure.md", f"The threshold of {SMALLEST_PUBLISHED_COUNT} is that of UNODC"),
        ("methodology/disclosure.md", f"every count of 1 to {LARGEST_HIDDEN_COUNT} that is not its own keeps at"),
        ("methodology/durations.md", f"parts of 1 to {LARGEST_HIDDEN_COUNT} are hidden"),
        ("decisions/0006-disclosure.md", f"**Suppression with threshold {SMALLEST_PUBLISHED_COUNT}**"),
        ("methodology/uncertainty.md", f"numerator or denominator is **under {ENOUGH_EVENTS}**"),
        ("methodology/uncertainty.md", f"The threshold of {ENOUGH_EVENTS} is a choice"),
        ("methodology/comparability.md", f"of events, under {ENOUGH_EVENTS})"),
        ("methodology/ratios.md", f"counts must reach {ENOUGH_EVENTS}, for the total"),
        ("methodology/rates.md", f"`too_few` means under {ENOUGH_EVENTS}."),
        ("guides/policymaker.md", f"mark figures of fewer than {ENOUGH_EVENTS} people"),
        ("methodology/vintages.md", f"{RELEASE_DAYS['Q']} days after a quarter and {RELEASE_DAYS['A']} after a year"),
        ("notices.md", f"figures are released | {RELEASE_DAYS['Q']}; for a year {RELEASE_DAYS['A']}"),
        ("notices.md", f"questions are answered | {QUERY_DAYS['Q']}; for a year {QUERY_DAYS['A']}"),
        ("guides/steward.md", f"({RELEASE_DAYS['Q']} days after the end of the quarter)"),
        ("assumptions.md", f"the release is on day {RELEASE_DAYS['Q']}"),
    ],
)  # fmt: skip
def test_documents_repeat_the_limits_correctly(page: str, statement: str) -> None:
    assert statement in " ".join((DOCS / page).read_text(encoding="utf-8").split())
