"""The daily reminders: record who is reminded, then send all waiting notices.

`pipelines/submissions/timetable/` decides which returns are due now, and the ledger who was reminded of them. A run has
its day as partition. A run for a day that has passed does nothing, since it would send the reminders of today.
"""

import dagster as dg

from pipelines.defs.home import HomeResource
from pipelines.defs.partitions import DAYS, is_current_day
from pipelines.defs.step_report import write_line


@dg.op(description="Enter today's reminders, one a person, and send every notice that waits.")
def remind_and_send(context: dg.OpExecutionContext, home: HomeResource) -> None:
    from pipelines.declarations.registry import load
    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions import notices

    if not is_current_day(context.partition_key):
        write_line(context, f"{context.partition_key} has passed: nobody is reminded")
        return
    opened_home, registry = home.open(), load()
    engine = open_ledger(opened_home)
    reminded = notices.enqueue_reminders(opened_home, engine, registry)
    delivery = notices.deliver_notices(opened_home, engine, registry=registry)
    unsent = delivery.failed + delivery.given_up
    write_line(context, f"{reminded} people reminded, {delivery.sent} notices sent, {unsent} not")
    context.add_output_metadata({"reminded": reminded, "sent": delivery.sent, "not sent": unsent})


@dg.job(
    description="Reminders of what is due, and the notices that wait.",
    partitions_def=DAYS,
    executor_def=dg.in_process_executor,
)
def reminders() -> None:
    remind_and_send()


@dg.schedule(
    job=reminders,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    cron_schedule="0 7 * * *",
    execution_timezone="Europe/Belgrade",
    description="Each morning. Twice a day, or a day late, reminds nobody twice.",
)
def daily_reminders(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    day = f"{context.scheduled_execution_time:%Y-%m-%d}"
    return dg.RunRequest(run_key=f"reminders-{day}", partition_key=day)


@dg.definitions
def reminder_definitions() -> dg.Definitions:
    return dg.Definitions(jobs=[reminders], schedules=[daily_reminders])
