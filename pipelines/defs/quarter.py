"""The round of a quarter: a job for each act of the program, partitioned by quarter, with the sensor that starts it.

The days come from the timetable in the declarations, the minute of the release from the release calendar. Sensors are
used, not cron schedules: they follow both, and after a day of downtime they do what is still to be done.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.core import clock
from pipelines.core.home import open_home
from pipelines.core.settings import DagsterSettings, read_settings
from pipelines.declarations.registry import load
from pipelines.defs.home import HomeResource
from pipelines.defs.jobs import JOB
from pipelines.defs.partitions import QUARTERS, read_quarter, tag_range
from pipelines.defs.step_report import write_line
from pipelines.ledger.opening import open_ledger
from pipelines.model.periods import Period
from pipelines.refresh import EVERY_QUARTER, list_passed_deadlines
from pipelines.refresh.quarter.acts import carry_out_act, find_due_acts, find_due_draft
from pipelines.submissions.quarter_log import QUARTER_ACTS, QuarterAct

EVERY_SECONDS = read_settings(DagsterSettings).quarter_sensor_seconds
"""By default five minutes: the days of a quarter need no more, and each evaluation takes a tenth of a second of
processor time."""
_DESCRIPTIONS: dict[QuarterAct, str] = {
    "open_collection": "The quarter has ended: tell submitters which returns they can send, and until when.",
    "close_collection": "The last deadline has passed: tell the stewards which returns are missing.",
    "open_queries": "The last deadline has passed: ask offices to answer findings and to approve what was sent.",
    "ask_signatures": (
        "Questions are closed and a draft is ready, or a corrected release is announced: ask the territories to sign "
        "their sheets."
    ),
}


def make_act_job(act: QuarterAct) -> dg.JobDefinition:
    """Return the job that carries out an act for the quarter of its partition, unless that was done before."""

    @dg.op(name=f"{act}_of_quarter", description=_DESCRIPTIONS[act])
    def _carry_out(context: dg.OpExecutionContext, home: HomeResource) -> None:
        opened_home, registry = home.open(), load()
        engine = open_ledger(opened_home)
        quarter = read_quarter(context.partition_key)
        due = [item for item in find_due_acts(opened_home, engine, registry, act) if item.plan.quarter == quarter]
        sent = [carry_out_act(opened_home, engine, registry, item) for item in due]
        notices = sum(number or 0 for number in sent)
        write_line(context, f"{act} of {quarter}: {f'{notices} notices' if due else 'nothing is due'}")
        context.add_output_metadata({"quarter": quarter.code, "notices": notices})

    @dg.job(
        name=act,
        partitions_def=QUARTERS,
        description=_DESCRIPTIONS[act],
        executor_def=dg.in_process_executor,
    )
    def _job() -> None:
        _carry_out()

    return _job


def make_act_sensor(act: QuarterAct, job: dg.JobDefinition) -> dg.SensorDefinition:
    """Return the sensor that starts the job of an act on its day."""

    @dg.sensor(
        name=f"{act}_day",
        job=job,
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=EVERY_SECONDS,
        description=_DESCRIPTIONS[act],
    )
    def _sensor(_: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        # A resource would make Dagster open its databases again at each evaluation, which doubles its cost.
        opened = open_home()
        due = find_due_acts(opened, open_ledger(opened), load(), act)
        for item in due:
            # Dagster starts one run for each key. A run that failed for a lasting reason is started again the next day.
            key = "-".join((act, item.plan.quarter.code, item.key[:16], f"{clock.now():%Y%m%d}"))
            if (partition := _find_partition(item.plan.quarter)) is None:
                yield dg.SkipReason(f"the clock of this machine has not reached the quarter after {item.plan.quarter}")
                continue
            yield dg.RunRequest(run_key=key, partition_key=partition)
        if not due:
            yield dg.SkipReason("not due, or done")

    return _sensor


@dg.sensor(
    job=JOB,
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=EVERY_SECONDS,
    description=(
        "Once a quarter, when the last day for answers has passed: a refresh of everything makes the draft that the "
        "territories sign. Each territory's deadlines are in its territory.yml and are shown in the run's tags."
    ),
)
def draft_day(_: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    plan = find_due_draft(open_home(), load())
    if plan is None:
        return dg.SkipReason("no round waits for its draft")
    return dg.RunRequest(
        run_key=f"draft-{plan.quarter}", tags={**tag_range(EVERY_QUARTER), **list_passed_deadlines(clock.now().date())}
    )


def _find_partition(quarter: Period) -> str | None:
    """Return the partition of a quarter; Dagster has none for quarters that its own clock has not reached."""
    key = quarter.start.isoformat()
    return key if key in QUARTERS.get_partition_keys() else None


ACT_JOBS = {act: make_act_job(act) for act in QUARTER_ACTS}
ACT_SENSORS = {act: make_act_sensor(act, job) for act, job in ACT_JOBS.items()}


@dg.definitions
def quarter_definitions() -> dg.Definitions:
    return dg.Definitions(jobs=list(ACT_JOBS.values()), sensors=[*ACT_SENSORS.values(), draft_day])
