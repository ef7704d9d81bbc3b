"""Every planted fault is found at its place, the returns without one give no error, and no mutation is misread."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.faults.catalogue import Fault, catalogue
from tests.faults.measuring import Outcome, clean, measure
from tests.support.paths import SAMPLES


@cache
def _outcomes() -> dict[str, Outcome]:
    return {one.fault.name: one for one in measure()}


@cache
def _without() -> dict[str, set[tuple[str, str]]]:
    """(rule, place) that each file has without a fault."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import CheckJob, check_many

    files = sorted({fault.file for fault in catalogue()})
    jobs = [CheckJob(name, (SAMPLES / name).read_bytes(), Path(name).name) for name in files]
    reports = check_many(jobs, registry=load())
    return {name: {(f.rule, str(f.where)) for f in report.findings} for name, report in reports.items()}


@pytest.mark.parametrize("fault", catalogue(), ids=lambda fault: fault.name)
def test_a_planted_fault_is_found_at_its_place(fault: Fault) -> None:
    outcome = _outcomes()[fault.name]
    assert not outcome.missed, outcome


@pytest.mark.parametrize("fault", catalogue(), ids=lambda fault: fault.name)
def test_the_rule_speaks_because_of_the_fault(fault: Fault) -> None:
    assert {(rule, fault.place) for rule in fault.rules}.isdisjoint(_without()[fault.file])


def test_there_are_at_least_sixty_faults_in_ten_formats() -> None:
    every = catalogue()
    assert len(every) >= 60
    assert len({Path(fault.file).suffix for fault in every}) >= 8
    assert len({rule for fault in every for rule in fault.rules}) >= 30


def test_returns_without_a_fault_have_no_error() -> None:
    assert clean() == []


def test_a_total_is_not_blamed_for_parts_that_could_not_be_read() -> None:
    """One cell of an open list of articles is a word: its total is right, and nothing may say otherwise."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import check_file
    from tests.faults.catalogue import MK
    from tests.faults.edits import both, cell

    good = (SAMPLES / MK).read_bytes()
    for edit in (cell("Т-01!B11", "две"), cell("Т-01!A11", "Непознато дело, чл. 999")):
        rules = {f.rule for f in check_file(edit(good), "a.xlsx", registry=load()).findings if f.severity == "error"}
        assert "sum.differs" not in rules and rules, rules
    told = check_file(both(cell("Т-01!B11", "две"), cell("Т-01!B9", 1))(good), "a.xlsx", registry=load()).findings
    assert ("sum.exceeded", "Т-01!B9") in {(f.rule, str(f.where)) for f in told}, "the parts known exceed it already"
