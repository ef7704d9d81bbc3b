"""Tests of the fault log of a running service: types and places, never the message of an exception.

The message here resembles the content of a file: a value that could not be converted, a name, a number.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.core.home import Home
from pipelines.declarations.registry import load
from pipelines.submissions import notices
from pipelines.submissions.notices.settings import NoticeSettingsError
from pipelines.web import background_worker, fault_log
from tests.support.fakes.ledger_fakes import home_and_ledger

SECRET = "Petar Petrović 0101990710006"


def _fail(*_: object, **__: object) -> None:
    try:
        raise ValueError(f"{SECRET} is not a number")
    except ValueError as error:
        raise LookupError(f"no row for {SECRET}") from error


def _make_error() -> Exception:
    try:
        _fail()
    except LookupError as error:
        return error
    raise AssertionError


@pytest.fixture
def home_and_engine(tmp_path: Path) -> Iterator[tuple[Home, sa.Engine]]:
    home, engine = home_and_ledger(tmp_path)
    yield home, engine
    engine.dispose()


@pytest.fixture
def quiet() -> Iterator[None]:
    """Apply `log_no_words` for one test."""
    factory, hook = logging.getLogRecordFactory(), threading.excepthook
    fault_log.log_no_words()
    yield
    logging.setLogRecordFactory(factory)
    threading.excepthook = hook


def _run_until_logged(text: str, home_and_engine: tuple[Home, sa.Engine], caplog: pytest.LogCaptureFixture) -> None:
    home, engine = home_and_engine
    with background_worker.at_work(home, engine, load(), every=0.01):
        deadline = time.monotonic() + 60
        while text not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)


def test_failed_round_is_logged_without_its_message(
    home_and_engine: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = []

    def fail_to_deliver(*_: object, **__: object) -> None:
        rounds.append(1)
        _fail()

    monkeypatch.setattr(notices, "deliver_notices", fail_to_deliver)
    _run_until_logged("; from builtins.ValueError at ", home_and_engine, caplog)
    assert "builtins.LookupError at web/test_fault_log.py:" in caplog.text
    assert SECRET not in caplog.text and "Petar" not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)
    assert len(rounds) >= 1


def test_wrong_setting_is_in_the_log_without_its_words(
    home_and_engine: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def raise_settings_error(*_: object, **__: object) -> None:
        raise NoticeSettingsError("RTI_WEBHOOK_URL is not an address; write https://host/path")

    monkeypatch.setattr(notices, "deliver_notices", raise_settings_error)
    _run_until_logged("a setting of them is wrong", home_and_engine, caplog)
    assert "`rti notices send` says which" in caplog.text
    assert "RTI_WEBHOOK_URL" not in caplog.text


@pytest.mark.parametrize("way", ["exc_info", "exception", "argument", "message", "streamlit"])
@pytest.mark.usefixtures("quiet")
def test_library_logs_exception_without_its_message(way: str, tmp_path: Path) -> None:
    """Log an exception in each way that libraries use; Streamlit uses its own function."""
    log = tmp_path / "log.txt"
    handler = logging.FileHandler(log, encoding="utf-8")
    error, logger = _make_error(), logging.getLogger("some.library")
    target: Any = logger
    if way == "streamlit":
        from streamlit import error_util

        target = error_util._LOGGER
    target.addHandler(handler)
    try:
        if way == "exc_info":
            logger.error("could not do %s", "this", exc_info=error)
        elif way == "exception":
            try:
                raise error
            except LookupError:
                logger.exception("could not do this")
        elif way == "argument":
            logger.error("could not do this: %s", error)
        elif way == "message":
            logger.error(error)
        else:
            error_util._log_uncaught_app_exception(error)
    finally:
        target.removeHandler(handler)
        handler.close()
    written = log.read_text(encoding="utf-8")
    assert "builtins.LookupError at web/test_fault_log.py:" in written and "builtins.ValueError" in written
    assert "Petar" not in written


@pytest.mark.usefixtures("quiet")
def test_fault_of_a_thread_is_logged_without_its_message(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    thread = threading.Thread(target=_fail)
    thread.start()
    thread.join()
    assert "a thread ended by a fault: builtins.LookupError at " in caplog.text
    assert "Petar" not in caplog.text and "Petar" not in capfd.readouterr().err
