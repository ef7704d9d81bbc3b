"""Definitions whose sensors and schedule fail, for the daemon of tests."""

import dagster as dg

PLANTED = "157 victims of Petar Petrović"
"""A figure and a name that must be in no record, log or notice."""
REPAIRED: set[str] = set()
"""Names of sensors that no longer fail."""


@dg.op
def do_nothing() -> None:
    """Do nothing."""


@dg.job
def idle_job() -> None:
    do_nothing()


def _make_sensor(name: str, error: Exception | None) -> dg.SensorDefinition:
    @dg.sensor(name=name, job=idle_job, default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=30)
    def _sensor(_: dg.SensorEvaluationContext) -> dg.SkipReason:
        if error is not None and name not in REPAIRED:
            raise error
        return dg.SkipReason("nothing")

    return _sensor


@dg.schedule(job=idle_job, cron_schedule="0 7 * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def every_morning(_: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    raise ValueError(PLANTED)


defs = dg.Definitions(
    jobs=[idle_job],
    schedules=[every_morning],
    sensors=[
        _make_sensor("full_disk", OSError(28, "No space left on device")),
        _make_sensor("full_disk_too", OSError(28, "No space left on device")),
        _make_sensor("wrong", ValueError(PLANTED)),
        _make_sensor("good", None),
    ],
)
