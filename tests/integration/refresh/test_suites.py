"""Tests of the checks of expectation suites: open findings of the newest returns, without the content of a file."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from expectations.suites import RULES_BY_INSTRUMENT
from pipelines.core.home import Home
from pipelines.declarations.registry import load
from pipelines.defs.returns import list_suites, report_suite
from pipelines.findings.finding import Finding
from pipelines.ledger import facts, queries
from pipelines.ledger.acts import Act, Justification
from pipelines.model import long_tables
from pipelines.model.content import Where
from pipelines.model.periods import Period
from pipelines.refresh import EVERY_QUARTER, QuarterRange, SuiteResult, summarise_suites
from pipelines.submissions import decisions, intake
from tests.support.fakes import ledger_fakes as fakes

NEGATIVE = Finding("value.negative", "error", Where(sheet="T-1", cell="B5"), {"person": "Ana Anić"}, "-2", "0 or more")
JUMP = Finding("plausible.jump", "warning", Where(line=7, keyword="Ana Anić"), {"n": 8}, "999", "12")
LATE = Finding("coverage.late", "information")
OF_READING = Finding("structure.missing", "error", Where(sheet="T-1"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Home, sa.Engine]:
    monkeypatch.setenv("RTI_NOW", "2026-03-20T09:00:00Z")
    monkeypatch.delenv("RTI_LEDGER_URL", raising=False)
    return fakes.home_and_ledger(tmp_path)


def record_check(
    desk: tuple[Home, sa.Engine], name: str, *findings: Finding, days: float = 0, period: str = "2025-Q4"
) -> str:
    """Record a check with these findings."""
    home, engine = desk
    identity = intake.record_arrival(engine, fakes.make_arrival(name, days)).submission_id
    observations = fakes.make_observations(identity, {(period, "reported"): 2.0})
    facts.keep_reading(home, identity, observations, long_tables.empty_table(long_tables.CASE_EVENT), findings)
    warnings = tuple((f.key, f.rule) for f in findings if f.severity == "warning")
    errors = sum(f.severity == "error" for f in findings)
    intake.record_check(
        engine,
        fakes.make_check_result(identity, fakes.make_block(period), errors=errors, warnings=warnings, days=days + 0.1),
    )
    return identity


def summarise_justice(desk: tuple[Home, sa.Engine], quarters: QuarterRange = EVERY_QUARTER) -> SuiteResult:
    return summarise_suites(desk[0], "QQ", ["justice"], quarters)["justice"]


def test_errors_are_open_until_a_corrected_return_arrives(desk: tuple[Home, sa.Engine]) -> None:
    record_check(desk, "broken.csv", NEGATIVE, NEGATIVE, OF_READING)
    result = summarise_justice(desk)
    assert (result.is_passed, result.has_errors, result.returns) == (False, True, 1)
    assert result.describe_open() == "value.negative: 2"
    record_check(desk, "corrected.csv", days=1)
    assert summarise_justice(desk) == SuiteResult("justice", 1)


def test_warning_is_open_until_it_is_explained_and_the_return_accepted(desk: tuple[Home, sa.Engine]) -> None:
    home, engine = desk
    identity = record_check(desk, "high.csv", JUMP)
    result = summarise_justice(desk)
    assert (result.is_passed, result.has_errors, result.describe_open()) == (False, False, "plausible.jump: 1")
    decisions.justify_warnings(
        engine,
        Justification(identity, "confirmed_with_source", "compared with our records", "office", None, fakes.time_at(1)),
    )
    assert summarise_justice(desk).is_passed
    decisions.send_submission(engine, Act(identity, "office", fakes.time_at(2)))
    decisions.approve_submission(engine, home, Act(identity, "secretariat", fakes.time_at(3)))
    result = summarise_justice(desk)
    assert result.is_passed and [(r.rule, r.findings, r.open) for r in result.rules] == [("plausible.jump", 1, 0)]


def test_information_never_fails_a_suite(desk: tuple[Home, sa.Engine]) -> None:
    record_check(desk, "late.csv", LATE)
    assert summarise_justice(desk).is_passed


def test_only_returns_of_the_quarters_count(desk: tuple[Home, sa.Engine]) -> None:
    record_check(desk, "broken.csv", NEGATIVE)
    record_check(desk, "good.csv", days=1, period="2025-Q3")
    third, fourth = (QuarterRange(Period(code), Period(code)) for code in ("2025-Q3", "2025-Q4"))
    assert (summarise_justice(desk, third).is_passed, summarise_justice(desk, fourth).is_passed) == (True, False)


@pytest.mark.parametrize("is_limited", [False, True])
def test_returns_that_later_ones_cover_are_not_read(
    desk: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch, is_limited: bool
) -> None:
    for number in range(5):
        newest = record_check(desk, f"edition-{number}.csv", NEGATIVE, days=number)
    of_other_period = record_check(desk, "other.csv", NEGATIVE, period="2025-Q3")
    read: list[set[str]] = []
    select_submissions = queries.select_submissions

    def note_submissions(connection: sa.Connection, ids: set[str]) -> list[queries.Submission]:
        read.append(set(ids))
        return select_submissions(connection, ids)

    monkeypatch.setattr(queries, "select_submissions", note_submissions)
    fourth = Period("2025-Q4")
    result = summarise_justice(desk, QuarterRange(fourth, fourth) if is_limited else EVERY_QUARTER)
    assert read == [{newest} if is_limited else {newest, of_other_period}]
    assert result.returns == len(read[0]) and [rule.open for rule in result.rules] == [len(read[0])]


def test_annual_return_belongs_to_the_fourth_quarter_of_a_limited_run(desk: tuple[Home, sa.Engine]) -> None:
    record_check(desk, "annual.csv", NEGATIVE, period="2025")
    third, fourth = (QuarterRange(Period(code), Period(code)) for code in ("2025-Q3", "2025-Q4"))
    assert (summarise_justice(desk, third).returns, summarise_justice(desk, fourth).returns) == (0, 1)


def test_check_names_rules_and_places_without_content_of_the_file(desk: tuple[Home, sa.Engine]) -> None:
    first, second = record_check(desk, "a.csv", NEGATIVE), record_check(desk, "b.csv", JUMP, days=1, period="2025-Q3")
    report = report_suite(summarise_justice(desk))
    assert report.check_name == "justice_suite" and report.severity == dg.AssetCheckSeverity.ERROR and not report.passed
    table = report.metadata["rules"]
    assert isinstance(table, dg.TableMetadataValue)
    rows = [record.data for record in table.records]
    assert [tuple(row.values()) for row in rows] == [
        ("value.negative", "error", 1, 1, f"{first} T-1!B5"),
        ("plausible.jump", "warning", 1, 1, f"{second} line 7"),
    ]
    assert "Ana" not in str(report) and "999" not in str(report)
    numbers = {name: report.metadata[name].value for name in ("returns", "findings", "open findings")}
    assert numbers == {"returns": 2, "findings": 2, "open findings": 2}


def test_territories_have_a_check_for_each_instrument_of_their_forms() -> None:
    registry = load().without_training()
    for code in registry.territories:
        instruments = {
            f.instrument for f in registry.forms.values() if registry.territory_of(f.jurisdiction).code == code
        }
        assert set(list_suites(registry, code)) == instruments & set(RULES_BY_INSTRUMENT) != set()
