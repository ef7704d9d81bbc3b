"""Tests of the watch on sensors and schedules, on evaluations of Dagster's own daemon code."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

from pipelines.cli import main
from pipelines.core import clock
from pipelines.core.home import Home, initialise_home
from pipelines.declarations.registry import load
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.operations import daemon
from pipelines.operations.doctor.diagnosis import diagnose_home
from pipelines.runs import trigger_watch
from pipelines.runs.instance import instance_folder
from pipelines.submissions import notices
from pipelines.submissions.accounts import accounts
from pipelines.submissions.notices import words
from tests.support import failing_triggers

MODULE = "tests.support.failing_triggers"
BEGINNING = datetime(2026, 11, 20, 6, 50, tzinfo=UTC)
_LOG = logging.getLogger("test_trigger_watch")


class Daemon:
    """A daemon with the failing definitions.

    `evaluate_triggers` moves the clock by half a minute and evaluates every sensor.
    """

    def __init__(self, home: Home, context: Any, patch: pytest.MonkeyPatch) -> None:
        self.home, self._context, self._patch = home, context, patch
        self.instance: dg.DagsterInstance = context.instance
        self.moment = BEGINNING

    def move_clock(self, time: timedelta) -> None:
        self.moment += time
        self._patch.setenv("RTI_NOW", clock.format_timestamp(self.moment))
        self._patch.setattr(clock, "read_wall_clock", self.moment.timestamp)

    def evaluate_triggers(self, rounds: int = 1, *, evaluates_schedules: bool = False) -> None:
        for _ in range(rounds):
            self.move_clock(timedelta(seconds=31))
            with freeze_time(self.moment):
                list(execute_sensor_iteration(self._context, _LOG, None, None))
                if evaluates_schedules:
                    list(launch_scheduled_runs(self._context, _LOG, self.moment, {}, max_catchup_runs=1))

    def examine_triggers(self) -> list[tuple[str, str, str]]:
        failing = trigger_watch.examine_triggers(self.home, self.instance, BEGINNING.timestamp())
        return [(trigger.name, trigger.cause, trigger.remedy) for trigger in failing]

    def list_notices(self) -> list[notices.Notice]:
        listed = notices.list_notices(open_ledger(self.home))
        return [notice for notice in listed if notice.kind == "run_failed"]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    for name in ("RTI_SMTP_URL", "RTI_WEBHOOK_URL", "RTI_LEDGER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RTI_NOW", clock.format_timestamp(BEGINNING))
    monkeypatch.setattr(failing_triggers, "REPAIRED", set())
    home = initialise_home(tmp_path / "home", "real")
    accounts.create_account(open_ledger(home), "head", "Head", grants=[Grant("steward")], by=SYSTEM)
    monkeypatch.setenv("RTI_HOME", str(home.root))
    monkeypatch.setenv("DAGSTER_HOME", str(instance_folder(home)))
    origin = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name=MODULE), location_name=MODULE)
    with (
        dg.DagsterInstance.from_config(str(home.dagster)) as instance,
        create_test_daemon_workspace_context(InProcessWorkspaceLoadTarget([origin]), instance) as context,
    ):
        yield Daemon(home, context, monkeypatch)


FULL = ("OSError", "disk")


def test_sensors_that_fail_three_times_in_a_row_are_reported_once_for_each_cause(
    running: Daemon, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    running.evaluate_triggers(2)
    assert running.examine_triggers() == [] and running.list_notices() == []
    running.evaluate_triggers()
    expected = [("full_disk", *FULL), ("full_disk_too", *FULL), ("wrong", "ValueError", "read")]
    with caplog.at_level(logging.INFO, "rti"):
        caplog.clear()
        assert running.examine_triggers() == expected
        running.evaluate_triggers()
        assert running.examine_triggers() == expected
    reported = running.list_notices()
    assert {(notice.content["names"], notice.content["cause"]) for notice in reported} == {
        ("full_disk full_disk_too", "OSError"), ("wrong", "ValueError"),
    }  # fmt: skip
    assert len(reported) == 2
    since = clock.format_timestamp(BEGINNING + timedelta(seconds=31))
    assert {trigger.since for trigger in trigger_watch.read_failing_triggers(running.home)} == {since}

    assert main.main(["status"]) == 1
    assert f"the sensor full_disk has failed since {since} (OSError)" in capsys.readouterr().err
    health = daemon.daemon_health(running.instance, running.home).checks[-1]
    assert health.name == "sensors and schedules" and "full_disk_too" in health.problem
    (examined,) = [e for e in diagnose_home(running.home, is_quick=True).examinations if e.name == "sensors"]
    assert [symptom.severity for symptom in examined.symptoms] == ["problem"] * 3

    logged = [record.getMessage() for record in caplog.records if record.name.startswith("rti")]
    assert logged == [
        "sensor full_disk fails: OSError",
        "sensor full_disk_too fails: OSError",
        "sensor wrong fails: ValueError",
    ]
    written = "".join(logged) + "".join(str(dict(notice.content)) for notice in reported) + health.problem
    written += (running.home.dagster / "failing_triggers.json").read_text(encoding="utf-8")
    assert "157" not in written and "Petar" not in written


@pytest.mark.sampled(turn=1)
def test_sensor_that_works_again_is_no_longer_listed(running: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    running.evaluate_triggers(3)
    assert len(running.examine_triggers()) == 3
    failing_triggers.REPAIRED.update({"full_disk", "full_disk_too", "wrong"})
    running.evaluate_triggers()
    assert running.examine_triggers() == []
    assert main.main(["status"]) == 0
    assert "sensor" not in capsys.readouterr().err
    assert not daemon.daemon_health(running.instance, running.home).checks[-1].problem


def test_last_evaluation_of_each_sensor_is_read_until_it_is_old(running: Daemon) -> None:
    running.evaluate_triggers(evaluates_schedules=True)
    ticks = trigger_watch.read_last_ticks(running.instance)
    assert {(tick.name, tick.kind, tick.has_failed) for tick in ticks} >= {
        ("full_disk", "sensor", True), ("full_disk_too", "sensor", True), ("wrong", "sensor", True),
    }  # fmt: skip
    assert {tick.seconds for tick in ticks if tick.kind == "sensor"} == {running.moment.timestamp()}
    failing_triggers.REPAIRED.update({"full_disk", "full_disk_too", "wrong"})
    running.evaluate_triggers()
    assert not any(tick.has_failed for tick in trigger_watch.read_last_ticks(running.instance))
    running.move_clock(timedelta(hours=37))
    assert trigger_watch.read_last_ticks(running.instance) == [], "an upgrade may have removed the sensors"


def test_schedule_that_fails_once_is_reported(running: Daemon) -> None:
    failing_triggers.REPAIRED.update({"full_disk", "full_disk_too", "wrong"})
    running.evaluate_triggers(evaluates_schedules=True)
    assert running.examine_triggers() == []
    running.move_clock(timedelta(minutes=12))
    running.evaluate_triggers(evaluates_schedules=True)
    assert running.examine_triggers() == [("every_morning", "ValueError", "read")]


def test_sensors_that_nothing_evaluates_are_reported(running: Daemon) -> None:
    """Definitions that cannot be loaded leave no failed evaluation, only none."""
    running.move_clock(timedelta(minutes=14))
    assert running.examine_triggers() == []
    running.evaluate_triggers()
    failing_triggers.REPAIRED.update({"full_disk", "full_disk_too", "wrong"})
    running.move_clock(timedelta(minutes=14))
    assert running.examine_triggers() == []
    running.move_clock(timedelta(minutes=2))
    assert running.examine_triggers() == [("", trigger_watch.NOT_EVALUATED, "read")]
    (notice,) = running.list_notices()
    letter = words.write_letter(notice, load(), "https://rti.example", demonstration=False)
    assert "Since 2026-11-20 07:04 UTC Dagster has evaluated no sensor" in letter.text[1]


def test_sensors_are_evaluated_in_time_by_a_clock_that_runs(running: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the machine's clock a month ahead of that of the home, which Dagster follows."""
    failing_triggers.REPAIRED.update({"full_disk", "full_disk_too", "wrong"})
    running.evaluate_triggers()
    monkeypatch.setattr(clock, "read_wall_clock", (running.moment + timedelta(days=30)).timestamp)
    monkeypatch.setenv("RTI_NOW", "-P30D")
    assert running.examine_triggers() == []


@pytest.mark.sampled(turn=2)
def test_letter_names_the_sensors_and_says_what_to_do_in_every_language(running: Daemon) -> None:
    running.evaluate_triggers(3)
    running.examine_triggers()
    notice = next(n for n in running.list_notices() if n.content["cause"] == "OSError")
    for language in ("en", "sq", "bs", "hr", "mk", "sr", "cnr"):
        letter = words.write_letter(
            replace(notice, language=language), load(), "https://rti.example", demonstration=False
        )
        text = letter.text[1]
        assert "full_disk, full_disk_too" in text and "2026-11-20 06:50" in text and "{" not in text, language
        assert text.endswith(words.tell("Free space on the disk.", language))


def test_damaged_record_is_replaced(running: Daemon) -> None:
    running.evaluate_triggers(3)
    (running.home.dagster / "failing_triggers.json").write_text('[{"name": "fu', encoding="utf-8")
    assert trigger_watch.read_failing_triggers(running.home) == []
    assert len(running.examine_triggers()) == 3
    assert len(trigger_watch.read_failing_triggers(running.home)) == 3
