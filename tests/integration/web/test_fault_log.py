"""What a running service writes to its log of a fault: types and places, never the words of an exception.

The words stand for those of a file: a value that could not be converted, a name, a number.
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


def _failed() -> Exception:
    try:
        _fail()
    except LookupError as error:
        return error
    raise AssertionError


@pytest.fixture
def there(tmp_path: Path) -> Iterator[tuple[Home, sa.Engine]]:
    home, engine = home_and_ledger(tmp_path)
    yield home, engine
    engine.dispose()


@pytest.fixture
def quiet() -> Iterator[None]:
    """`log_no_words` for the length of a test."""
    factory, hook = logging.getLogRecordFactory(), threading.excepthook
    fault_log.log_no_words()
    yield
    logging.setLogRecordFactory(factory)
    threading.excepthook = hook


def _rounds_until(said: str, there: tuple[Home, sa.Engine], caplog: pytest.LogCaptureFixture) -> None:
    home, engine = there
    with background_worker.at_work(home, engine, load(), every=0.01):
        deadline = time.monotonic() + 60
        while said not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)


def test_a_round_that_fails_quotes_nothing_and_the_next_follows(
    there: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rounds = []

    def deliver(*_: object, **__: object) -> None:
        rounds.append(1)
        _fail()

    monkeypatch.setattr(notices, "deliver_notices", deliver)
    _rounds_until("; from builtins.ValueError at ", there, caplog)
    assert "builtins.LookupError at web/test_fault_log.py:" in caplog.text
    assert SECRET not in caplog.text and "Petar" not in caplog.text
    assert all(record.exc_info is None for record in caplog.records)
    assert len(rounds) >= 1


def test_a_setting_that_cannot_be_used_is_named(
    there: tuple[Home, sa.Engine], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def deliver(*_: object, **__: object) -> None:
        raise NoticeSettingsError("RTI_WEBHOOK_URL is not an address; write https://host/path")

    monkeypatch.setattr(notices, "deliver_notices", deliver)
    _rounds_until("RTI_WEBHOOK_URL is not an address", there, caplog)
    assert "RTI_WEBHOOK_URL is not an address; write https://host/path" in caplog.text


@pytest.mark.parametrize("how", ["exc_info", "exception", "argument", "message", "streamlit"])
@pytest.mark.usefixtures("quiet")
def test_no_library_logs_the_words(how: str, tmp_path: Path) -> None:
    """Each way in which a library hands an exception to a log; Streamlit's by its own function."""
    log = tmp_path / "log.txt"
    handler = logging.FileHandler(log, encoding="utf-8")
    error, logger = _failed(), logging.getLogger("some.library")
    told: Any = logger
    if how == "streamlit":
        from streamlit import error_util

        told = error_util._LOGGER
    told.addHandler(handler)
    try:
        if how == "exc_info":
            logger.error("could not do %s", "this", exc_info=error)
        elif how == "exception":
            try:
                raise error
            except LookupError:
                logger.exception("could not do this")
        elif how == "argument":
            logger.error("could not do this: %s", error)
        elif how == "message":
            logger.error(error)
        else:
            error_util._log_uncaught_app_exception(error)
    finally:
        told.removeHandler(handler)
        handler.close()
    written = log.read_text(encoding="utf-8")
    assert "builtins.LookupError at web/test_fault_log.py:" in written and "builtins.ValueError" in written
    assert "Petar" not in written


@pytest.mark.usefixtures("quiet")
def test_a_thread_that_ends_by_a_fault_quotes_nothing(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    thread = threading.Thread(target=_fail)
    thread.start()
    thread.join()
    assert "a thread ended by a fault: builtins.LookupError at " in caplog.text
    assert "Petar" not in caplog.text and "Petar" not in capfd.readouterr().err
