"""Write the log of a process as lines of text or of JSON, by structlog.

Entries of every logger pass through it, those of libraries too. Of an exception they have its type and its places in
the code, never its message, which may quote a figure, a name or a file.
"""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from pipelines.core import clock
from pipelines.core.error_places import remove_words
from pipelines.core.settings import MonitoringSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    EventDict = MutableMapping[str, Any]


def configure_log(part: str, stream: TextIO | None = None) -> logging.Handler:
    """Send all log entries of this process to a stream, by default standard error. Return the handler.

    `part` is the name of the process in each JSON entry. Raises SettingsError.
    """
    import structlog

    is_json = read_settings(MonitoringSettings).log_format == "json"
    stdlib = structlog.stdlib
    common: list[Any] = [stdlib.add_log_level, stdlib.add_logger_name, stdlib.ExtraAdder(), _add_time]
    last = structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False) if is_json else _render_line
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.addFilter(_remove_words)
    handler.setFormatter(
        stdlib.ProcessorFormatter(
            processors=[_PartAdder(part), stdlib.ProcessorFormatter.remove_processors_meta, last],
            foreign_pre_chain=common,
        )
    )
    root = logging.getLogger()
    for earlier in list(root.handlers):
        root.removeHandler(earlier)
    root.addHandler(handler)
    # Libraries at level INFO name addresses that they request.
    root.setLevel(logging.WARNING)
    logging.getLogger("rti").setLevel(logging.INFO)
    return handler


def remove_own_handlers(prefix: str) -> None:
    """Remove the handlers of all loggers of a library, so that their entries reach that of `configure_log` only."""
    for name in list(logging.root.manager.loggerDict):
        if name == prefix or name.startswith(f"{prefix}."):
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True


def _remove_words(record: logging.LogRecord) -> bool:
    remove_words(record)
    if record.name.partition(".")[0] == "dagster":
        # Dagster appends the error of a sensor or run, with its message and traceback, as further lines of text.
        record.msg, record.args = record.getMessage().partition("\n")[0], ()
    return True


class _PartAdder:
    """Adds the name of the process to each entry."""

    def __init__(self, part: str) -> None:
        self._part = part

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        event["part"] = self._part
        return event


def _add_time(_logger: Any, _method: str, event: EventDict) -> EventDict:
    created = datetime.fromtimestamp(event["_record"].created, UTC)
    event["at"] = clock.format_timestamp(created)
    return event


def _render_line(_logger: Any, _method: str, event: EventDict) -> str:
    return f"{event['at']} {event['level'].upper()} {event['logger']}: {event['event']}"
