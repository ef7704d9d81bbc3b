"""The daily reminders: enter who is reminded, then send what waits. What is due is known to
`pipelines/submissions/timetable/`.
"""

import dagster as dg

from pipelines.defs.home import HomeResource
from pipelines.runs.step_log import steps_log


@dg.op(description="Enter today's reminders, one a person, and send every notice that waits.")
def remind_and_send(context: dg.OpExecutionContext, home: HomeResource) -> None:
    from pipelines.declarations.registry import load
    from pipelines.submissions import notices
    from pipelines.submissions.ledger import open_ledger

    place, registry = home.open(), load()
    engine = open_ledger(place)
    reminded = notices.remind(place, engine, registry)
    done = notices.deliver(place, engine, registry=registry)
    steps_log().info(f"{reminded} people reminded, {done.sent} notices sent, {done.failed + done.given_up} not")
    context.add_output_metadata({"reminded": reminded, "sent": done.sent, "not sent": done.failed + done.given_up})


@dg.job(description="Reminders of what is due, and the notices that wait.")
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
    return dg.RunRequest(run_key=f"reminders-{context.scheduled_execution_time:%Y-%m-%d}")


@dg.definitions
def reminder_definitions() -> dg.Definitions:
    return dg.Definitions(jobs=[reminders], schedules=[daily_reminders])
