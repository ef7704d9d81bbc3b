"""Every planted fault is found at its place, and returns without one give no error and nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.catalogue import list_all_faults
from tests.faults.controls import list_controls
from tests.faults.fault import Fault
from tests.faults.measuring import Outcome, find_wrongly_refused, measure_faults
from tests.support.kept_builds import keep_value
from tests.support.paths import SAMPLES


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Mapping[str, Outcome]:
    """The outcome of each fault and control, by name."""
    checked = {fault.name: fault for fault in (*list_all_faults(), *list_controls())}

    def check_planted() -> dict[str, tuple[tuple[tuple[str, str, str], ...], str, bool]]:
        planted_files = request.getfixturevalue("planted_files")
        for name in ("read_samples", "unchanged_findings"):
            request.getfixturevalue(name)
        measured = measure_faults((fault, planted_files[name]) for name, fault in checked.items())
        return {each.fault.name: (each.findings, each.missed, each.found_anywhere) for each in measured}

    results = keep_value(request, "outcomes-of-planted-faults", check_planted)
    return {name: Outcome(checked[name], *result) for name, result in results.items()}


@pytest.mark.parametrize("fault", list_all_faults(), ids=lambda fault: fault.name)
def test_planted_fault_is_found_at_its_place(outcomes: Mapping[str, Outcome], fault: Fault) -> None:
    outcome = outcomes[fault.name]
    assert not outcome.missed, outcome


@pytest.mark.parametrize("control", list_controls(), ids=lambda control: control.name)
def test_file_rewritten_without_a_change_gives_no_new_finding(outcomes: Mapping[str, Outcome], control: Fault) -> None:
    outcome = outcomes[control.name]
    assert outcome.missed == "nothing new was found", outcome


def test_catalogue_has_many_families_in_every_territory_and_format() -> None:
    every = list_all_faults()
    assert len(every) >= 250
    assert len({fault.family for fault in every}) >= 40
    assert {fault.file.split("/")[0] for fault in every} == {"AL", "BA", "HR", "ME", "MK", "RS", "XK"}
    suffixes = {Path(fault.file).suffix for fault in every}
    assert suffixes == {".xlsx", ".xls", ".ods", ".px", ".json", ".xml", ".csv", ".pdf", ".docx", ".html"}
    assert {fault.file for fault in every} == {control.file for control in list_controls()}
    assert len({rule for fault in every for rule in fault.rules}) >= 30


@pytest.mark.sampled(turn=6)
def test_returns_without_a_fault_have_no_error(read_samples: object) -> None:
    assert find_wrongly_refused() == []


def test_total_is_not_refused_for_parts_that_could_not_be_read() -> None:
    """Put a word into one cell of an open list of articles: its total is right, so no finding may contradict it."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import check_file
    from tests.faults.edits import chain_edits, set_cell
    from tests.faults.fault import MK

    good = (SAMPLES / MK).read_bytes()
    for edit in (set_cell("Т-01!B11", "две"), set_cell("Т-01!A11", "Непознато дело, чл. 999")):
        rules = {f.rule for f in check_file(edit(good), "a.xlsx", registry=load()).findings if f.severity == "error"}
        assert "sum.differs" not in rules and rules, rules
    findings = check_file(
        chain_edits(set_cell("Т-01!B11", "две"), set_cell("Т-01!B9", 1))(good), "a.xlsx", registry=load()
    ).findings
    assert ("sum.exceeded", "Т-01!B9") in {(f.rule, str(f.where)) for f in findings}, (
        "the parts known exceed it already"
    )
