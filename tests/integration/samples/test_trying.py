"""The files to try are what the generator writes, and they have the findings that their README describes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from pipelines.core.home import open_home
from pipelines.submissions import admission, service
from pipelines.submissions.checking.check import CheckJob, check_many
from pipelines.submissions.checking.history import make_history_source
from pipelines.submissions.checking.report import Report
from tests.samples import plan, trying
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.kept_builds import keep_value
from tests.support.paths import SAMPLES

FOLDER = SAMPLES / trying.FOLDER


@cache
def _read_list() -> list[dict[str, str]]:
    with (FOLDER / trying.LIST).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def reports(built_home: Path, request: pytest.FixtureRequest) -> Mapping[str, Report]:
    """Return the report of each file, checked against the demonstration."""

    def check_files() -> dict[str, Report]:
        with frozen_at(CLOCK, built_home):
            desk = service.open_desk(open_home(built_home))
            jobs = [
                CheckJob(line["file"], (SAMPLES / line["file"]).read_bytes(), Path(line["file"]).name)
                for line in _read_list()
            ]
            judged = check_many(jobs, registry=desk.registry, history=make_history_source(desk.home, desk.engine))
        return {file: replace(report, reading=None) for file, report in judged.items()}

    return keep_value(request, "reports-of-files-to-try", check_files, reads_home=True)


@pytest.mark.sampled(turn=1)
def test_every_file_to_try_is_byte_identical_on_regeneration() -> None:
    files = trying.make_try_files()
    different = [file.path for file in files if (SAMPLES / file.path).read_bytes() != file.data]
    assert not different, f"run `python -m tests.samples`: {different[:5]}"
    assert (FOLDER / trying.LIST).read_text(encoding="utf-8") == trying.list_try_files(files)
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == trying.describe_try_files(files)
    written = {path.relative_to(SAMPLES).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert written == {file.path for file in files} | {f"{trying.FOLDER}/{name}" for name in (trying.LIST, "README.md")}


def test_each_office_has_three_files_that_the_demonstration_does_not_have() -> None:
    kinds = {(Path(line["file"]).parts[1], line["kind"]) for line in _read_list()}
    offices = {series.source for series in plan.SERIES}
    assert kinds == {(office, kind) for office in offices for kind in ("good", "faults", "correction")}
    with (SAMPLES / "arrivals.csv").open(encoding="utf-8", newline="") as handle:
        accepted = {line["sha256"] for line in csv.DictReader(handle)}
    assert not accepted & {line["sha256"] for line in _read_list()}


def test_real_home_refuses_files_to_try() -> None:
    assert {line["sha256"] for line in _read_list()} <= admission.demonstration_files().keys()


@pytest.mark.parametrize("line", _read_list(), ids=lambda line: line["file"])
def test_each_file_to_try_has_the_findings_of_its_list(line: dict[str, str], reports: Mapping[str, Report]) -> None:
    report = reports[line["file"]]
    serious = [f"{f.rule} at {f.where}" for f in report.findings if f.severity != "information"]
    rules = {finding.rule for finding in report.findings}
    assert report.form == line["form"] and [b.period for b in report.blocks] == line["periods"].split()
    if line["kind"] == "faults":
        assert report.verdict == "error" and set(line["expected"].split("; ")) <= set(serious)
    else:
        assert serious == [finding for finding in line["expected"].split("; ") if finding]
        assert report.verdict == ("warning" if serious else "information")
    if line["kind"] == "good":
        assert rules == {"coverage.unexpected"}
    if line["kind"] == "correction":
        is_of_records = line["instrument"] in ("register", "requests")
        warned_rules = {finding.partition(" at ")[0] for finding in serious}
        assert rules == ({"coverage.late"} if is_of_records else {"revision.changed"}) | warned_rules
