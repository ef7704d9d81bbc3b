"""Supervise service processes: start them, restart those that end, and end all of them together.

Each process runs in its own session, so that none of its child processes outlives it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

STOP_SECONDS: Final = 10.0
"""Seconds that processes which were asked to end may take; then they are killed."""


class SupervisionError(Exception):
    """Every process failed too many times in a row."""


class Process(Protocol):
    """A started process, including its child processes."""

    def poll(self) -> int | None:
        """Return the exit code, or None while the process runs. Once it has ended, also end its child processes."""

    def terminate(self) -> None:
        """Ask the process to end."""

    def kill(self) -> None:
        """Kill the process and its child processes, and wait for it."""


@dataclass(frozen=True)
class RestartPolicy:
    """Pauses before restarts: doubled each time, at most `cap` seconds; reset after a stable period.

    After `attempts` failures in a row a process is not restarted again.
    """

    first: float = 1.0
    cap: float = 60.0
    stable_after: float = 120.0
    attempts: int = 8

    def compute_pause(self, failures: int) -> float:
        """Return the seconds to wait after this many failures in a row."""
        return min(self.cap, self.first * 2.0 ** (failures - 1))


@dataclass
class _Service:
    start: Callable[[], Process]
    process: Process | None = None
    started: float = 0.0
    failures: int = 0
    restart_at: float | None = None
    has_given_up: bool = field(default=False)


class Supervisor:
    """Keeps named processes running. Tests pass their own `monotonic` clock and start functions."""

    def __init__(
        self,
        starts: Mapping[str, Callable[[], Process]],
        *,
        log: Callable[[str], None],
        policy: RestartPolicy | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = {name: _Service(start) for name, start in starts.items()}
        self._log = log
        self._policy = policy or RestartPolicy()
        self._monotonic = monotonic

    def start_process(self, name: str) -> Process:
        """Start one process for the first time. A failure here raises and is not retried."""
        service = self._services[name]
        service.process, service.started = service.start(), self._monotonic()
        return service.process

    def check_processes(self) -> None:
        """Check each process once: schedule restarts of those that have ended, and restart those whose pause is over.

        Raises SupervisionError if every process has been given up.
        """
        for name, service in self._services.items():
            now = self._monotonic()
            if service.process is not None:
                code = service.process.poll()
                if code is not None:
                    service.process = None
                    if now - service.started >= self._policy.stable_after:
                        service.failures = 0
                    self._plan_restart(name, service, f"ended ({_describe_exit(code)})", now)
            elif service.restart_at is not None and now >= service.restart_at:
                service.restart_at = None
                try:
                    self.start_process(name)
                except OSError as error:
                    self._plan_restart(name, service, f"could not be started ({error})", now)
                else:
                    self._log(f"the {name} was restarted")
        if all(service.has_given_up for service in self._services.values()):
            raise SupervisionError(f"the {', the '.join(self._services)} failed again and again; nothing is served")

    def _plan_restart(self, name: str, service: _Service, what: str, now: float) -> None:
        service.failures += 1
        if service.failures >= self._policy.attempts:
            service.has_given_up = True
            self._log(
                f"the {name} {what} for the {service.failures}th time in a row and is not restarted again; the others "
                "go on. Remove the cause, then end and start `rti serve`"
            )
            return
        pause = self._policy.compute_pause(service.failures)
        service.restart_at = now + pause
        self._log(f"the {name} {what}; it is restarted in {pause:.0f} s")

    def stop_processes(self, grace: float = STOP_SECONDS) -> None:
        """End all processes and their children: ask them, wait at most `grace` seconds, then kill them."""
        running = [service.process for service in self._services.values() if service.process is not None]
        for process in running:
            process.terminate()
        end = self._monotonic() + grace
        while self._monotonic() < end and any(process.poll() is None for process in running):
            time.sleep(0.05)
        for name, service in self._services.items():
            if service.process is not None and service.process.poll() is None:
                self._log(f"the {name} did not end within {grace:.0f} s and is killed")
        for process in running:
            process.kill()
        for service in self._services.values():
            service.process = None


def _describe_exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class SessionProcess:
    """A process in its own session, with its output appended to a file, or without a file where this process writes."""

    def __init__(self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], log: Path | None) -> None:
        with nullcontext() if log is None else log.open("ab") as output:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    def poll(self) -> int | None:
        if self._popen.returncode is None and self._has_ended():
            self.kill()
        return self._popen.returncode

    def _has_ended(self) -> bool:
        # Do not reap it here: until it is reaped, its process id, which is also its group id, is not reused.
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def terminate(self) -> None:
        if self._popen.returncode is None:
            self._popen.terminate()

    def kill(self) -> None:
        if self._popen.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()


def rotate_log(log: Path, *, max_bytes: int = 5_000_000, keep: int = 4) -> bool:
    """Move the content of a log larger than `max_bytes` to `<log>.1`, and older ones up. Return True if it was moved.

    The file itself is emptied and not replaced, because its writer keeps it open for appending. Lines written between
    copying and emptying are lost.
    """
    if not log.exists() or log.stat().st_size < max_bytes:
        return False
    for number in range(keep, 1, -1):
        older = log.with_name(f"{log.name}.{number - 1}")
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    os.truncate(log, 0)
    return True
