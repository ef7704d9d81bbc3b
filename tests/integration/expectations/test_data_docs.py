"""Tests of the Data Docs of a real suite: rules with text and parameters, results, and nothing from other sites."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lxml.html
import pytest

from expectations import engine
from expectations.engine import TableExpectations
from expectations.judge import JudgedReturn, _load_suite, judge_returns
from expectations.suites import RULES_BY_INSTRUMENT
from pipelines.declarations.registry import load
from pipelines.findings.rules import all_rules
from tests.support.fakes.return_rows import RECEIVED, make_observation, make_reading

FAULTY = "-98765.5"
SUITE = "justice.observations"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder of the Data Docs of one sound return and one with a faulty figure."""
    registry, folder = load(), tmp_path_factory.mktemp("docs")
    sound = make_observation(registry)
    faulty = sound | {"value": float(FAULTY), "sex": "male", "place": "Т-03!B6"}
    engine.renew_context()
    with engine.keep_results():
        for name, row in (("S1", sound), ("S2", faulty)):
            judge_returns([JudgedReturn(name, make_reading(registry, [row]), RECEIVED)], None, registry)
    assert engine.build_data_docs(folder) == folder / "index.html"
    yield folder
    engine.renew_context()


def read_page(path: Path) -> Any:
    return lxml.html.fromstring(path.read_text(encoding="utf-8"))


def read_text(element: Any) -> str:
    return " ".join(element.text_content().split())


def find_contract(name: str) -> TableExpectations:
    return next(c for c in _load_suite("justice") if isinstance(c, TableExpectations) and c.name == name)


def find_results(site: Path, name: str) -> Path:
    """Return the page of the observations of a return."""
    [page] = (site / "validations").joinpath(*SUITE.split("."), name).rglob("*.html")
    return page


def test_no_page_refers_to_another_site(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 5
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert re.findall(r"(?:https?:)?//[\w.-]+", text) == [], page
        assert "<script" not in text, page


def test_index_leads_to_every_suite_and_validation(site: Path) -> None:
    links = {link.get("href") for link in read_page(site / "index.html").iter("a")} - {"index.html"}
    pages = {path.relative_to(site).as_posix() for path in site.rglob("*.html")} - {"index.html"}
    assert links == pages
    rows = [read_text(row) for row in read_page(site / "index.html").iter("tr")]
    [passed] = [row for row in rows if "S1" in row and SUITE in row]
    [failed] = [row for row in rows if "S2" in row and SUITE in row]
    assert passed.startswith("Success") and failed.startswith("Failed")


@pytest.mark.parametrize("page", ["suite", "results"])
def test_page_has_each_rule_with_its_words_and_parameters(site: Path, page: str) -> None:
    path = (site / "expectations").joinpath(*SUITE.split(".")).with_suffix(".html")
    content = read_text(read_page(path if page == "suite" else find_results(site, "S2")))
    for expectation in find_contract(SUITE).expectations:
        meta, rule = expectation.meta, all_rules()[expectation.meta["rule"]]
        assert rule.id in RULES_BY_INSTRUMENT["justice"]
        assert f"is reported as {rule.id} ({rule.severity}): {rule.message}" in content
        for parameter, column in ({"seen": meta.get("seen")} | meta.get("params", {})).items():
            assert column is None or f"{{{parameter}}} from the column {column}" in content
        for parameter, value in meta.get("constants", {}).items():
            assert f"{{{parameter}}} is always {value}" in content


def test_results_show_which_expectation_failed_and_the_faulty_value(site: Path) -> None:
    content = read_page(find_results(site, "S2"))
    failed = [row for row in content.iter("tr") if row.cssselect(".fa-times")]
    texts = [read_text(row) for row in failed]
    assert len(texts) == 3, "a negative value, a fraction, and a code of no list"
    assert any("value.negative" in text and FAULTY in text for text in texts)
    assert any("expect.code" in text and "male" in text for text in texts)
    assert content.cssselect("h1")[0].text_content() == "Expectation validation result"
    assert SUITE in read_text(content) and "Data asset: None" not in read_text(content)
    assert not read_page(find_results(site, "S1")).cssselect("td .fa-times")
