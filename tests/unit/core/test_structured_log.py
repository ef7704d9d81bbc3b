"""Tests of the structured log: one entry a line, and no message of an exception in it."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from pipelines.core.structured_log import configure_log, remove_own_handlers

PLANTED = ("157", "Petar Petrović", "KPK_raporti.pdf")


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """A stream to log to; the handlers and the level of the root logger are restored afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setenv("RTI_LOG_FORMAT", "json")
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def raise_with_words() -> None:
    try:
        raise KeyError(PLANTED[1])
    except KeyError as error:
        raise ValueError(" ".join(PLANTED)) from error


def log_exception() -> None:
    try:
        raise_with_words()
    except ValueError:
        logging.getLogger("rti.test").exception("a step failed")


def log_error_as_message() -> None:
    try:
        raise_with_words()
    except ValueError as error:
        logging.getLogger("rti.test").error(error)  # type: ignore[arg-type]


def log_error_as_argument() -> None:
    try:
        raise_with_words()
    except ValueError as error:
        logging.getLogger("library.test").warning("a request failed: %s", error)


def test_lines_that_dagster_appends_are_left_out_and_written_once(stream: io.StringIO) -> None:
    logger = logging.getLogger("dagster.daemon.TestDaemon")
    logger.addHandler(logging.StreamHandler(stream))
    configure_log("daemon", stream)
    remove_own_handlers("dagster")
    logger.error("Sensor daemon caught an error for sensor %s\nValueError: %s", "ledger_events", PLANTED[1])
    entry = json.loads(stream.getvalue())
    assert entry["event"] == "Sensor daemon caught an error for sensor ledger_events"


@pytest.mark.parametrize("log", [log_exception, log_error_as_message, log_error_as_argument])
@pytest.mark.parametrize("form", ["json", "text"])
def test_log_has_types_and_places_of_an_exception_and_never_its_words(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, log: object, form: str
) -> None:
    monkeypatch.setenv("RTI_LOG_FORMAT", form)
    configure_log("daemon", stream)
    assert callable(log)
    log()
    written = stream.getvalue()
    assert "builtins.ValueError" in written and "test_structured_log.py" in written
    assert written.count("\n") == 1
    assert not [text for text in PLANTED if text in written]


def test_entry_is_an_object_with_time_part_level_and_fields(stream: io.StringIO) -> None:
    configure_log("office", stream)
    logging.getLogger("rti.steps").info("%s returns are in", 3, extra={"territory": "AL"})
    entry = json.loads(stream.getvalue())
    assert entry.pop("at").endswith("Z")
    assert entry == {
        "event": "3 returns are in", "level": "info", "logger": "rti.steps", "part": "office", "territory": "AL",
    }  # fmt: skip


def test_wrong_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.core.settings import SettingsError

    monkeypatch.setenv("RTI_LOG_FORMAT", "xml")
    with pytest.raises(SettingsError, match="json"):
        configure_log("office")
