"""Tests of notices about failures: the event, its territory, the remedy, and the hour of delivery."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from pipelines.core import i18n
from pipelines.core.home import Home, initialise_home
from pipelines.declarations.registry import load
from pipelines.ledger.acts import Arrival
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.operations.release_clock import ReleaseClock
from pipelines.refresh import embargo
from pipelines.runs import remedies
from pipelines.runs.reports import FailedRun, report_failed_run
from pipelines.submissions import intake, notices
from pipelines.submissions.accounts import accounts
from pipelines.submissions.notices import quiet_hours, words
from pipelines.submissions.notices.runs import on_failing_triggers

DAY, NIGHT = "2026-11-20T09:00:00Z", "2026-11-20T22:30:00Z"
FAILED = FailedRun("0a1b", "refresh", "returns__XK", "ValueError", "XK", "disk")
PLANTED = ("157 persons", "Petar Petrović", "KPK_raporti.pdf")
"""A figure, a name and a file name that must be in no log line and no notice.

The figure has a word with it, because the ids of runs are random numbers."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in ("RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_LEDGER_URL", "RTI_QUIET_HOURS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RTI_NOW", DAY)
    new_home = initialise_home(tmp_path / "home", "real")
    engine = open_ledger(new_home)
    accounts.create_account(engine, "head", "Head of statistics", grants=[Grant("steward")], by=SYSTEM)
    notices.deliver_notices(new_home, engine)
    return new_home


def list_failures(home: Home) -> list[notices.Notice]:
    return [notice for notice in notices.list_notices(open_ledger(home)) if notice.kind == "run_failed"]


@pytest.mark.parametrize(
    ("cause", "message", "remedy"),
    [
        ("OSError", "[Errno 28] No space left on device: '/srv/x'", "disk"),
        ("WarehouseError", "Read-only file system", "disk"),
        ("WarehouseError", "model mart_count: Out of Memory Error: could not allocate block", "memory"),
        ("BrokenProcessPool", "A process in the process pool was terminated abruptly while …", "memory"),
        ("MemoryError", "", "memory"),
        ("DatabaseError", "database disk image is malformed", "damaged"),
        ("DagsterAssetCheckFailedError", "1 blocking asset check failed: facts_match_ledger", "damaged"),
        ("ClockSetBackError", "", "clock"),
        ("HomeBusyError", "", "busy"),
        ("ValueError", "157 victims of Petar Petrović", "read"),
    ],
)
def test_remedy_follows_the_cause(cause: str, message: str, remedy: str) -> None:
    assert remedies.choose_remedy(cause, message) == remedy
    assert remedy in words._REMEDY


@pytest.mark.parametrize(
    ("step", "territory"), [("returns__AL", "AL"), ("gathered", ""), ("", ""), ("public__mart_count", "")]
)
def test_territory_is_that_of_the_step(step: str, territory: str) -> None:
    assert remedies.find_territory(step) == territory


@pytest.mark.parametrize("language", ["en", "sq", "sr"])
def test_notice_says_what_happened_to_which_territory_and_what_to_do(home: Home, language: str) -> None:
    assert report_failed_run(home, FAILED) == 1
    (notice,) = list_failures(home)
    letter = words.write_letter(replace(notice, language=language), load(), "https://rti.example", demonstration=False)
    text = " ".join(letter.text)
    assert "0a1b" in text and "ValueError" in text and "`rti refresh`" in text
    assert any("1244" in note for note in letter.notes), "the footnote of Kosovo is missing"
    assert i18n.tell("Free space on the disk, then start `rti refresh`.", language) in text


FULL = replace(FAILED, cause="OSError", territory="", remedy="disk")
UNKNOWN = replace(FAILED, step="gathered", territory="", remedy="read")
DAMAGED = replace(FAILED, step="gathered", cause="DagsterAssetCheckFailedError", remedy="damaged")


@pytest.mark.parametrize(
    ("runs", "entered"),
    [
        pytest.param((FULL, replace(FULL, step="records", cause="DatabaseError")), [1, 0], id="full disk at two steps"),
        pytest.param(
            (FULL, replace(FULL, job="reminders", step="remind_and_send")), [1, 0], id="full disk in two jobs"
        ),
        pytest.param((FULL, replace(FULL, remedy="clock", cause="ClockSetBackError")), [1, 1], id="disk and clock"),
        pytest.param(
            (DAMAGED, replace(DAMAGED, step="counts"), replace(DAMAGED, territory="AL")), [1, 0, 1], id="damage"
        ),
        pytest.param(
            (UNKNOWN, replace(UNKNOWN, run_id="0"), replace(UNKNOWN, step="records")), [1, 0, 1], id="unknown"
        ),
    ],
)
def test_each_cause_is_one_message_a_day(home: Home, runs: Sequence[FailedRun], entered: list[int]) -> None:
    numbered = [replace(run, run_id=f"{run.run_id}{number}") for number, run in enumerate(runs)]
    assert [report_failed_run(home, run) for run in numbered] == entered
    assert report_failed_run(home, numbered[0]) == 0


def test_sensors_that_fail_for_the_reason_of_a_run_are_not_reported_again(home: Home) -> None:
    assert report_failed_run(home, FULL) == 1
    with open_write_transaction(open_ledger(home)) as connection:
        for remedy, entered in (("disk", 0), ("clock", 1)):
            new = on_failing_triggers(connection, names=["draft_day"], since=DAY, cause="OSError", remedy=remedy)
            assert len(new) == entered


def test_damaged_facts_of_one_office_name_its_territory(home: Home, tmp_path: Path) -> None:
    """Let the check of the facts fail as in a refresh: the error itself names neither the return nor its territory."""
    from pipelines.runs import recovery

    engine = open_ledger(home)
    accounts.create_account(engine, "office", "Office", grants=[Grant("submitter", "XK")], by=SYSTEM)
    arrival = Arrival("1" * 64, 1, PLANTED[2], "office", datetime(2026, 11, 20, 9, tzinfo=UTC), False, territory="XK")
    intake.record_arrival(engine, arrival)
    check = dg.AssetCheckSpec("facts_match_ledger", asset="gathered", blocking=True)

    @dg.asset(name="gathered", check_specs=[check])
    def gather_tables() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads the annotation
        description = f"the facts of {arrival.submission_id} ({PLANTED[2]}) are missing"
        failed = dg.AssetCheckResult(check_name=check.name, passed=False, description=description)
        return dg.MaterializeResult(check_results=[failed])

    @dg.asset(name="counts", deps=[gather_tables])
    def build_counts() -> None:
        """Come after the check, which keeps this step from its work."""

    job = dg.Definitions(
        assets=[gather_tables, build_counts],
        jobs=[dg.define_asset_job("refresh", "*")],
        executor=dg.in_process_executor,
    ).resolve_job_def("refresh")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        failed, _ = recovery.describe_failure(instance, result.dagster_run)
    assert (failed.remedy, failed.territory, failed.returns) == ("damaged", "", (arrival.submission_id,))
    assert report_failed_run(home, failed) == 1
    (notice,) = list_failures(home)
    assert notice.content["territory"] == "XK" and PLANTED[2] not in str(dict(notice.content))
    letter = words.write_letter(notice, load(), "https://rti.example", demonstration=False)
    assert "It concerns Kosovo" in " ".join(letter.text) and any("1244" in note for note in letter.notes)


def test_log_and_notice_of_a_failure_have_no_figure_and_no_name(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    from pipelines.runs import recovery

    @dg.op
    def raise_planted_error() -> None:
        raise ValueError(" ".join(PLANTED))

    @dg.job
    def failing_job() -> None:
        raise_planted_error()

    with dg.DagsterInstance.ephemeral() as instance:
        result = failing_job.execute_in_process(instance=instance, raise_on_error=False)
        failed, message = recovery.describe_failure(instance, result.dagster_run)
    assert all(text in message for text in PLANTED)
    with caplog.at_level(logging.INFO, "rti"):
        caplog.clear()
        report_failed_run(home, failed)
    (notice,) = list_failures(home)
    recorded = caplog.text + str(dict(notice.content))
    assert "ValueError" in recorded and failed.run_id in recorded
    assert not [text for text in PLANTED if text in recorded]


# -- quiet hours


@pytest.mark.parametrize(
    ("hours", "utc_hour", "is_quiet"),
    [
        ("21-6", 20, True),
        ("21-6", 19, False),
        ("21-6", 4, True),
        ("21-6", 5, False),
        ("1-5", 1, True),
        ("1-5", 4, False),
    ],
)
def test_quiet_hours_follow_the_clock_of_the_region(hours: str, utc_hour: int, is_quiet: bool) -> None:
    # An hour ahead of UTC in November.
    assert quiet_hours.is_quiet(datetime(2026, 11, 20, utc_hour, tzinfo=UTC), hours) is is_quiet


def test_failure_in_quiet_hours_waits_for_the_morning_unless_a_release_is_late(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_ledger(home)
    monkeypatch.setenv("RTI_QUIET_HOURS", "21-6")
    monkeypatch.setenv("RTI_NOW", NIGHT)
    report_failed_run(home, FAILED)
    assert notices.deliver_notices(home, engine).sent == 0
    report_failed_run(home, FailedRun("2026-Q3 2026-11-20T22:00:00Z", "publish", "2026-Q3", "ReleaseError"))
    assert notices.deliver_notices(home, engine).sent == 1
    monkeypatch.setenv("RTI_NOW", "2026-11-21T05:00:00Z")
    assert notices.deliver_notices(home, engine).sent == 1


def test_wrong_quiet_hours_are_refused_with_their_format(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.core.settings import SettingsError

    monkeypatch.setenv("RTI_QUIET_HOURS", "late")
    with pytest.raises(SettingsError, match="21-6"):
        notices.deliver_notices(home, open_ledger(home))


# -- a release that misses its minute


def approve_without_draft(home: Home) -> None:
    """Leave the approval of a draft that is not there, due since this morning."""
    approval = embargo.Approval("2026-Q3", "2026-11-20T08:00:00Z", "0" * 64, "head", "2026-11-19T08:00:00Z")
    embargo.approval_path(home).write_text(json.dumps(asdict(approval)), encoding="utf-8")


def test_release_that_misses_its_minute_is_reported_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[str] = []
    release_clock = ReleaseClock(home, report=printed.append, monotonic=lambda: 0.0)
    approve_without_draft(home)
    assert release_clock.check_release() is None
    approve_without_draft(home)
    assert ReleaseClock(home, report=printed.append, monotonic=lambda: 0.0).check_release() is None
    (notice,) = list_failures(home)
    letter = words.write_letter(notice, load(), "https://rti.example", demonstration=False)
    assert letter.title == "Release 2026-Q3 was not published at its minute"
    assert "`rti publish`" in letter.text[1] and letter.link.endswith("/release-desk")
    assert len(printed) == 2


def test_release_that_fails_with_an_error_is_reported(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_disk_error(_: Home, **_more: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(embargo, "publish_due", raise_disk_error)
    approve_without_draft(home)
    ReleaseClock(home, report=lambda _: None).check_release()
    assert [notice.content["cause"] for notice in list_failures(home)] == ["OSError"]
