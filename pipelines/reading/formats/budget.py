"""Limit the processor time that one file may use in a reading process: five seconds, more for larger files.

The limit counts processor seconds and not wall-clock seconds, so that a busy machine accepts the same files as an idle
one. How the rates were measured: `docs/decisions/0002-which-library-reads-what.md`.
"""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, Protocol

from pipelines.model.content import ReadError

if sys.platform != "win32":
    import resource

RULES: dict[str, tuple[str, str]] = {
    "read.too_slow": (
        "The file needed more than {seconds} s of processing. A {format} file of {kilobytes} kB should need less.",
        "Send only the tables of the return: delete other sheets, pages, pictures and formatting, and save the file "
        "again under a new name.",
    ),
}

BASE = 5.0
"""Processor seconds that every file may use."""
MOST = 20.0
"""Processor seconds that no file may exceed; the largest honest files need a third of it."""
MAX_EARNING_RATIO = 80
"""Unpacked bytes that count for each packed byte. An ODS of 20,250 numbers, the densest honest file seen, has 73."""
_PER_PACKED_MB = {
    "csv": 4.0,
    "html": 12.0,
    "jsonstat": 14.0,
    "pdf": 100.0,
    "px": 40.0,
    "sdmx-csv": 2.5,
    "sdmx-ml": 0.8,
    "xls": 9.0,
}
_PER_UNPACKED_MB = {"docx": 1.8, "ods": 1.1, "xlsx": 1.5}
"""Three times the processor seconds that a megabyte of the slowest honest file of the format took."""
_MB = 1_000_000
_GRACE = 1
"""Seconds after which the system ends a process that ignores the signal because it is in a library's C code."""
_SAMPLING = 1.2
"""The system counts a process towards that limit by clock ticks: under load 5 % more than it has used."""


def allowed_seconds(format_name: str, size: int, unpacked: int = 0) -> float:
    """Return the processor seconds that a file of a format and of so many bytes, packed and unpacked, may use."""
    if (rate := _PER_UNPACKED_MB.get(format_name)) is not None:
        earned = rate * min(unpacked, MAX_EARNING_RATIO * size) / _MB
    else:
        earned = _PER_PACKED_MB.get(format_name, 0.0) * size / _MB
    return min(MOST, max(BASE, earned))


@dataclass
class _Meter:
    """Budget of the file that this process is reading."""

    allowed: float
    used_before: float
    refuse: Callable[[ReadError], NoReturn]
    reserved: float = 0.0
    format: str = "-"
    size: int = 0

    def seconds_remaining(self) -> float:
        return self.allowed - self.reserved - (_count_seconds() - self.used_before)

    def set_timer(self) -> None:
        """Schedule an interrupt for when the budget is used up."""
        _alarm.set_alarm(max(self.seconds_remaining(), 0.01))

    def too_slow_error(self) -> ReadError:
        return ReadError(
            "read.too_slow",
            seconds=round(self.allowed),
            format=self.format,
            kilobytes=max(math.ceil(self.size / 1000), 1),
        )


class _Alarm(Protocol):
    """Interrupt of a reader after a number of processor seconds."""

    def set_alarm(self, seconds: float) -> None:
        """Call `_handle_interrupt` after so many processor seconds of this process; replaces an earlier alarm."""

    def cancel_alarm(self) -> None:
        """Call nothing any more."""


if sys.platform != "win32":

    class _SignalAlarm:
        """Interrupt by the system's own signal, and a hard stop by the system soon after it."""

        def set_alarm(self, seconds: float) -> None:
            signal.signal(signal.SIGPROF, _handle_interrupt)
            signal.setitimer(signal.ITIMER_PROF, seconds)
            usage = resource.getrusage(resource.RUSAGE_SELF)
            limit = math.ceil(_SAMPLING * (usage.ru_utime + usage.ru_stime + seconds)) + _GRACE
            hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
            limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))

        def cancel_alarm(self) -> None:
            signal.setitimer(signal.ITIMER_PROF, 0)


class _ThreadAlarm:
    """Interrupt from a second thread, for systems without such a signal.

    Code of a library that keeps the interpreter to itself is not interrupted: the owner of the process stops it after
    its time by the clock.
    """

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def set_alarm(self, seconds: float) -> None:
        self.cancel_alarm()
        # One thread uses at most one processor second per second, so it cannot be too late; `_handle_interrupt` checks.
        self._timer = threading.Timer(seconds, _handle_interrupt)
        self._timer.daemon = True
        self._timer.start()

    def cancel_alarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


if sys.platform == "win32":
    _alarm: _Alarm = _ThreadAlarm()
else:
    _alarm = _SignalAlarm()
_ending = threading.RLock()
"""Held while a job ends or is refused: an interrupt from another thread must not send a second answer."""
_meter: _Meter | None = None


def begin_job(allowed: float, refuse: Callable[[ReadError], NoReturn]) -> None:
    """Start the budget of a job. `refuse` is called when it is used up: it passes on the error and ends the process."""
    global _meter
    _meter = _Meter(allowed, _count_seconds(), refuse)
    _meter.set_timer()


def restart_budget() -> None:
    """Restart the budget: what was done so far (imports, declarations) does not count against the file."""
    if _meter is not None:
        _meter.used_before = _count_seconds()
        _meter.set_timer()


def raise_for_file(format_name: str, size: int, unpacked: int = 0) -> None:
    """Raise the budget to what a file of this format and size may use. No effect outside a reading process."""
    if _meter is None:
        return
    _meter.format, _meter.size = format_name, size
    allowed = allowed_seconds(format_name, size, unpacked)
    if allowed > _meter.allowed:
        _meter.allowed = allowed
        _meter.set_timer()


def end_job() -> float:
    """Stop the budget and return the processor seconds that the job used, including forks."""
    global _meter
    with _ending:
        _alarm.cancel_alarm()
        used_seconds = _count_seconds() - _meter.used_before if _meter is not None else 0.0
        _meter = None
    return used_seconds


def used_seconds() -> float:
    """Return the processor seconds that the job has used so far."""
    return _count_seconds() - _meter.used_before if _meter is not None else 0.0


def half_of_remaining() -> float:
    """Return half of the remaining budget; 0 if no job has begun."""
    return _meter.seconds_remaining() / 2 if _meter is not None else 0.0


@contextmanager
def reserve_seconds(seconds: float) -> Iterator[None]:
    """Set part of the budget aside for a fork; afterwards this process may use what the fork did not."""
    if (meter := _meter) is None:
        yield
        return
    meter.reserved = seconds
    meter.set_timer()
    try:
        yield
    finally:
        meter.reserved = 0.0
        meter.set_timer()


def continue_in_fork(seconds: float, refuse: Callable[[ReadError], NoReturn]) -> None:
    """Continue in a fork with the time reserved for it: a fork inherits no timer, and its use is counted from 0."""
    if _meter is None:
        return
    _meter.refuse = refuse
    _meter.used_before = _count_seconds() - (_meter.allowed - seconds)
    _meter.set_timer()


def _count_seconds() -> float:
    """Return the processor seconds of this process and of the forks it has waited for."""
    if sys.platform == "win32":
        return time.process_time()
    else:
        own_usage, fork_usage = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        return own_usage.ru_utime + own_usage.ru_stime + fork_usage.ru_utime + fork_usage.ru_stime


def _handle_interrupt(*_: object) -> None:
    with _ending:
        if _meter is None:
            return
        if _meter.seconds_remaining() > 0.02:
            _meter.set_timer()
            return
        _meter.refuse(_meter.too_slow_error())
