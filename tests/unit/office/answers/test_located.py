"""A finding names the figure that it is about, and all the cells of a sum."""

from __future__ import annotations

import pytest

from pipelines.declarations.registry import load
from pipelines.findings.finding import Finding
from pipelines.model.content import Where
from pipelines.office import answers
from pipelines.office.answers.located import find_rows, locate_figure
from pipelines.submissions.checking.check import check_file
from pipelines.submissions.checking.report import Report
from tests.support.service import portal_fixture


@pytest.fixture(scope="module")
def unusual() -> Report:
    data = portal_fixture.make_workbook(portal_fixture.UNUSUAL)
    return check_file(data, "return.xlsx", registry=load(), language="en")


def make_finding(cell: str, seen: str) -> Finding:
    return Finding("plausible.bounds", "warning", Where(sheet=portal_fixture.SHEET, cell=cell), seen=seen)


def test_a_sum_names_its_cells_and_one_cell_names_itself(unusual: Report) -> None:
    total = locate_figure(make_finding("C9", "94"), unusual.reading, "en")
    assert total is not None and [where.cell for where in total.places] == ["C9", "C10", "C11", "C12"]
    assert "Persons" in total.words and total.words.endswith("Trafficking in persons")
    part = locate_figure(make_finding("C9", "90"), unusual.reading, "en")
    assert part is not None and not part.places and part.words.endswith("article 110/a")


@pytest.mark.parametrize(("cell", "seen"), [("C9", "93"), ("C9", "ninety"), ("A1", "90")])
def test_no_figure_is_named_that_is_not_the_value_seen(unusual: Report, cell: str, seen: str) -> None:
    assert find_rows(make_finding(cell, seen), unusual.reading) == []


def test_finding_on_a_sum_keeps_its_place_and_shows_all_cells(unusual: Report) -> None:
    group = next(g for g in answers.group_findings(unusual, "en") if g.rule == "plausible.bounds")
    (finding,) = group.findings
    assert finding.place == "sheet Tremujori III, cell C9" and finding.where.cell == "C9"
    assert finding.places == "sheet Tremujori III, sum of the cells C9, C10, C11, C12"
    assert answers.render_csv(unusual, "en").count(finding.places) == 1
    assert finding.places in answers.render_html(unusual, "en", demonstration=False)


def test_problem_is_under_the_error_whose_row_its_sum_lacks() -> None:
    data = portal_fixture.make_workbook(portal_fixture.BROKEN)
    groups = answers.group_findings(check_file(data, "return.xlsx", registry=load(), language="en"), "en")
    consequences = {g.rule: {c.rule for c in g.consequences} for g in groups if g.severity == "error"}
    assert consequences == {
        "cell.not_a_number": set(), "label.undeclared": {"label.absent", "plausible.outcome"}
    }  # fmt: skip
    assert sum(group.n_all for group in groups if group.severity == "error") == 4


@pytest.mark.parametrize(
    ("rule", "heading"),
    [
        ("plausible.outcome", "Expected at most"),
        ("plausible.year_so_far", "Expected at least"),
        ("revision.changed", "Accepted before"),
        ("plausible.balance", "Expected"),
    ],
)
def test_heading_says_whether_the_value_is_a_limit(rule: str, heading: str) -> None:
    assert answers.name_expected(rule, "en") == heading
