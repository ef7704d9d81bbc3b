"""Write the log of a run of Dagster like that of the other processes: what happened at which step, without words.

Dagster's own console logger writes the whole error of a failed step, whose message may quote a figure, a name or a
file. The run's page in Dagster has it; a log has the classes of the errors. A run without configuration of loggers, and
one that cannot start, uses that logger whatever loggers its job has (Dagster 1.13.27, `default_system_loggers`), so its
function is replaced.
"""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pipelines.core.structured_log import configure_log

if TYPE_CHECKING:
    from dagster import DagsterEvent, InitLoggerContext
    from dagster_shared.error import SerializableErrorInfo

NAME = "rti.runs"
PART = "run"


class RunLogger(logging.Logger):
    """Logger to which Dagster passes the records of a run, and which passes them on without their words.

    Lines of steps come by `steps_log`, so only events and warnings are written here.
    """

    def write_record(self, level: int, msg: object, *_args: object, **options: Any) -> None:
        """Pass an event on as its kind and place with the classes of its errors, and a warning as its first line."""
        extra: Mapping[str, Any] = options.get("extra") or {}
        metadata: Mapping[str, Any] = extra.get("dagster_meta") or {}
        event: DagsterEvent | None = extra.get("dagster_event")
        if not self.isEnabledFor(level) or (event is None and level < logging.WARNING):
            return
        text = describe_event(event) if event is not None else str(metadata.get("orig_message", msg)).partition("\n")[0]
        fields = {"run": metadata.get("run_id"), "job": metadata.get("job_name"), "step": metadata.get("step_key")}
        present = {name: value for name, value in fields.items() if value}
        logging.getLogger(NAME).log(level, text, extra=present)

    log = write_record
    """The name by which Dagster calls it."""


def replace_console_logger() -> None:
    """Let every run that this process carries out write to `RunLogger`."""
    from dagster._loggers import colored_console_logger

    colored_console_logger._logger_fn = _make_run_logger


def _make_run_logger(context: InitLoggerContext) -> logging.Logger:
    """Return the logger of a run. In a process of its own, which Dagster starts, it also configures all others."""
    from dagster._core.utils import coerce_valid_log_level

    if multiprocessing.parent_process() is not None:
        configure_log(PART)
    return RunLogger("dagster.run", coerce_valid_log_level(context.logger_config["log_level"]))


def describe_event(event: DagsterEvent) -> str:
    """Return kind and place of an event, and the classes of the errors behind it."""
    place = event.step_key or event.job_name
    error = getattr(event.event_specific_data, "error", None)
    classes = "; from ".join(_list_classes(error))
    return f"{event.event_type_value} of {place}" + (f": {classes}" if classes else "")


def _list_classes(error: SerializableErrorInfo | None) -> Iterator[str]:
    while error is not None:
        yield error.cls_name or "unknown error"
        error = error.cause
