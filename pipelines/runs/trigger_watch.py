"""Find sensors and schedules that fail again and again, or that nothing evaluates any more; record and report them.

The daemon's process examines them every minute, in a thread of its own: a sensor could not report that sensors fail.
The record is a file of the home, so that `rti status` and `rti doctor` read it without Dagster.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Event
from typing import TYPE_CHECKING, Final, Literal

from pipelines.core import clock, durable
from pipelines.core.home import Home
from pipelines.runs.remedies import Remedy, choose_remedy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagster import DagsterInstance
    from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick
    from dagster_shared.error import SerializableErrorInfo

FAILURES_IN_A_ROW: Final = 3
"""Failed evaluations of a sensor before it is reported; a single one may be a busy file. A schedule has one a day."""
LONGEST_SILENCE: Final = 900.0
"""Seconds without an evaluation of any sensor before that is reported; every sensor has one each five minutes."""
_LONGEST_AGE: Final = 36 * 3600.0
"""Seconds after which the last evaluation of a schedule says nothing: an upgrade may have removed the schedule."""
_INTERVAL: Final = 60.0
NOT_EVALUATED: Final = "not_evaluated"
"""Cause of sensors that nothing evaluates, usually because the definitions cannot be loaded."""
_FILE: Final = "failing_triggers.json"
_LOG = logging.getLogger("rti.runs")

TriggerKind = Literal["sensor", "schedule"]


@dataclass(frozen=True, slots=True)
class FailingTrigger:
    """A sensor or schedule that starts no runs any more, described by codes.

    `name` is empty for all sensors together, `since` is the time of the first failure seen, `cause` the class of its
    last error or `NOT_EVALUATED`.
    """

    name: str
    kind: TriggerKind
    since: str
    cause: str
    remedy: Remedy = "read"

    def describe_failure(self) -> str:
        """Return what is wrong as a sentence for the command line."""
        if self.cause == NOT_EVALUATED:
            return f"Dagster has evaluated no sensor since {self.since}; nothing starts by itself"
        return f"the {self.kind} {self.name} has failed since {self.since} ({self.cause}) and starts nothing"


@dataclass(frozen=True, slots=True)
class LastTick:
    """The last finished evaluation of a sensor or schedule: seconds since 1970, by Dagster's clock."""

    name: str
    kind: TriggerKind
    seconds: float
    has_failed: bool


def read_last_ticks(instance: DagsterInstance) -> list[LastTick]:
    """Return the last finished evaluation of each sensor and schedule that is not switched off, by name.

    One that an upgrade removed keeps its last evaluation for ever, so that old ones are left out.
    """
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.scheduler.instigation import InstigatorStatus, TickStatus

    kinds: dict[InstigatorType, TriggerKind] = {InstigatorType.SENSOR: "sensor", InstigatorType.SCHEDULE: "schedule"}
    now, last = clock.read_dagster_clock(), []
    for state in instance.all_instigator_state():
        if state.status is InstigatorStatus.STOPPED or state.instigator_type not in kinds:
            continue
        ticks = _read_ticks(instance, state)
        if ticks and now - ticks[0].timestamp <= _LONGEST_AGE:
            has_failed = ticks[0].status is TickStatus.FAILURE
            kind = kinds[state.instigator_type]
            last.append(LastTick(state.instigator_name, kind, ticks[0].timestamp, has_failed))
    return sorted(last, key=lambda tick: (tick.kind, tick.name))


def find_failing_triggers(instance: DagsterInstance, started: float) -> list[FailingTrigger]:
    """Return the sensors and schedules whose last evaluations failed, by name.

    `started` is when the daemon started (seconds since 1970, by Dagster's clock): before it nothing could be evaluated.
    """
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.scheduler.instigation import InstigatorStatus

    now = clock.read_dagster_clock()
    states = [state for state in instance.all_instigator_state() if state.status is not InstigatorStatus.STOPPED]
    sensors = [state for state in states if state.instigator_type is InstigatorType.SENSOR]
    schedules = [state for state in states if state.instigator_type is InstigatorType.SCHEDULE]
    ticks = {state.instigator_name: _read_ticks(instance, state) for state in (*sensors, *schedules)}
    times = [ticks[state.instigator_name][0].timestamp for state in sensors if ticks[state.instigator_name]]
    if now - (newest := max(started, *times, 0.0)) > LONGEST_SILENCE:
        return [FailingTrigger("", "sensor", _format_time(newest), NOT_EVALUATED)]
    failing = []
    for state in sensors:
        # A sensor that an upgrade removed keeps its last evaluations for ever.
        if (last := ticks[state.instigator_name]) and now - last[0].timestamp <= LONGEST_SILENCE:
            failing += _judge_ticks(state.instigator_name, "sensor", last, FAILURES_IN_A_ROW)
    for state in schedules:
        if (last := ticks[state.instigator_name]) and now - last[0].timestamp <= _LONGEST_AGE:
            failing += _judge_ticks(state.instigator_name, "schedule", last, 1)
    return sorted(failing, key=lambda trigger: trigger.name)


def _read_ticks(instance: DagsterInstance, state: InstigatorState) -> list[InstigatorTick]:
    """Return the last finished evaluations, newest first."""
    from dagster._core.scheduler.instigation import TickStatus

    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=FAILURES_IN_A_ROW + 1)
    return [tick for tick in ticks if tick.status is not TickStatus.STARTED]


def _judge_ticks(name: str, kind: TriggerKind, ticks: Sequence[InstigatorTick], least: int) -> list[FailingTrigger]:
    from dagster._core.scheduler.instigation import TickStatus

    last = ticks[:least]
    if len(last) < least or any(tick.status is not TickStatus.FAILURE for tick in last):
        return []
    cause, message = _find_cause(last[0].error)
    return [
        FailingTrigger(name, kind, _format_time(last[-1].timestamp), cause, choose_remedy(cause, f"{cause} {message}"))
    ]


def _find_cause(error: SerializableErrorInfo | None) -> tuple[str, str]:
    """Return the class and the message of the error behind an error of Dagster."""
    if error is None:
        return "unknown", ""
    while error.cause is not None:
        error = error.cause
    return error.cls_name or "unknown", error.message


def _format_time(seconds: float) -> str:
    return clock.format_timestamp(datetime.fromtimestamp(seconds, UTC))


def read_failing_triggers(home: Home) -> list[FailingTrigger]:
    """Return what the daemon found at its last examination; nothing if it has never run."""
    path = _record_path(home)
    if not path.exists():
        return []
    try:
        return [FailingTrigger(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError):
        _LOG.warning("%s is damaged; the next examination replaces it", path)
        return []


def examine_triggers(home: Home, instance: DagsterInstance, started: float) -> list[FailingTrigger]:
    """Find what fails, record it, and enter one notice for each new cause. Return what fails."""
    recorded = read_failing_triggers(home)
    recorded_by_cause = {(trigger.name, trigger.cause): trigger for trigger in recorded}
    # The first failure may be older than the evaluations that are read.
    failing = [
        recorded_by_cause.get((trigger.name, trigger.cause), trigger)
        for trigger in find_failing_triggers(instance, started)
    ]
    if failing != recorded:
        durable.write_file(_record_path(home), json.dumps([asdict(trigger) for trigger in failing], indent=1).encode())
        for trigger in failing:
            if trigger not in recorded:
                _LOG.error("%s %s fails: %s", trigger.kind, trigger.name or "(all)", trigger.cause)
    _report(home, failing)
    return failing


def _report(home: Home, failing: Sequence[FailingTrigger]) -> None:
    """Enter one notice for each cause, unless that was done today."""
    if not failing:
        return
    from pipelines.ledger.database import open_write_transaction
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import notices

    with open_write_transaction(open_ledger(home)) as connection:
        for cause in sorted({trigger.cause for trigger in failing}):
            of_cause = [trigger for trigger in failing if trigger.cause == cause]
            notices.on_failing_triggers(
                connection,
                names=[trigger.name for trigger in of_cause if trigger.name],
                since=min(trigger.since for trigger in of_cause),
                cause=cause,
                remedy=of_cause[0].remedy,
            )


def watch_triggers(home: Home, instance: DagsterInstance, is_ending: Event) -> None:
    """Examine the triggers every minute until the daemon ends. A failed examination is logged and repeated."""
    started = clock.read_dagster_clock()
    while not is_ending.wait(_INTERVAL):
        try:
            examine_triggers(home, instance, started)
        except Exception as error:
            _LOG.error("the sensors and schedules could not be examined (%s)", type(error).__name__)


def _record_path(home: Home) -> Path:
    return home.dagster / _FILE
