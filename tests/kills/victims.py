"""Run work in a child process that can be killed, and examine in another child what is left.

The parent imports the program once and starts no thread, because children of a process with threads may hang.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.processes import list_descendants

STALLED = 600.0
"""Seconds after which a child is ended that has used no processor time meanwhile. On a busy machine a child may need
much longer than on a quiet one, so that elapsed time by itself says nothing."""
LONGEST = 600.0
"""Processor seconds after which a child is ended."""
LANGUAGES = 2
"""Languages of the static pages: with all of them, pages are a third of the processor time of a refresh."""
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended: killed by us, its exit code, its lines with its processor seconds, and its last seconds."""

    is_killed: bool
    code: int
    lines: tuple[tuple[float, str], ...]
    seconds: float
    orphans: int


def load_program() -> None:
    """Import what the children need, without starting a thread."""
    import gc

    gc.disable()
    import openpyxl  # noqa: F401

    from pipelines.cli import main  # noqa: F401
    from pipelines.declarations import registry
    from pipelines.front import build
    from pipelines.operations import run_preload  # noqa: F401
    from pipelines.submissions import service  # noqa: F401

    registry.load()
    languages = build.list_languages()[:LANGUAGES]
    build.list_languages = lambda: languages
    gc.freeze()
    gc.enable()


def run_child(
    work: Callable[[], object],
    environment: Mapping[str, str],
    *,
    kill_at_seconds: float | None = None,
    kill_at_call: int | None = None,
) -> Ended:
    """Run a piece of work in a forked child, and kill it at a processor time or before a call that changes files.

    Returns how it ended. Processes that the child had started must end by themselves within half a minute.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _become_child(work, environment, write_end, kill_at_call)
    os.close(write_end)
    os.set_blocking(read_end, False)
    lines: list[tuple[float, str]] = []
    partial_line, seconds, family, began = b"", 0.0, set[int](), time.monotonic()
    moved = began
    while True:
        seconds, before = max(seconds, _processor_seconds(child)), seconds
        moved = time.monotonic() if seconds > before else moved
        if kill_at_seconds is not None and seconds >= kill_at_seconds:
            family |= set(list_descendants(child))
            os.kill(child, signal.SIGKILL)
        if time.monotonic() - moved > STALLED or seconds > LONGEST:
            os.kill(child, signal.SIGABRT)
        ended, status = os.waitpid(child, os.WNOHANG)
        with suppress(BlockingIOError):
            partial_line += os.read(read_end, 1 << 16)
        *whole, partial_line = partial_line.split(b"\n")
        lines += [(seconds, line.decode(errors="replace")) for line in whole]
        if ended:
            break
        if int((time.monotonic() - began) * 50) % 10 == 0:
            family |= set(list_descendants(child))
        time.sleep(0.004)
    os.close(read_end)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return Ended(is_killed, os.waitstatus_to_exitcode(status), tuple(lines), seconds, _wait_for_orphans(family))


def _become_child(
    work: Callable[[], object], environment: Mapping[str, str], output: int, kill_at_call: int | None
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    faulthandler.enable(2)  # a child that is ended because it stalled prints where
    code = 1
    try:
        count = count_calls(kill_at_call)
        result = work()
        sys.stdout.flush()
        code = result if isinstance(result, int) else 0
        print(f"{count()} calls", flush=True)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(code)


def count_calls(kill_before: int | None) -> Callable[[], int]:
    """Count in this process the calls that change files or the ledger; kill it before one of them.

    Python reports opening a file for writing, renaming, linking and removing as audit events; statements and commits
    of the ledger come from SQLAlchemy.
    """
    import sqlalchemy as sa

    number = 0

    def count_call() -> None:
        nonlocal number
        number += 1
        if number == kill_before:
            os.kill(os.getpid(), signal.SIGKILL)

    changing = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.utime"}

    def watch_event(event: str, arguments: tuple[Any, ...]) -> None:
        if event in changing or (event == "open" and isinstance(arguments[2], int) and arguments[2] & 3):
            count_call()

    sys.addaudithook(watch_event)
    sa.event.listen(sa.engine.Engine, "before_cursor_execute", lambda *_: count_call())
    sa.event.listen(sa.engine.Engine, "commit", lambda *_: count_call())
    real_sync = os.fsync

    def sync_file(handle: Any) -> None:
        count_call()
        real_sync(handle)

    vars(os)["fsync"] = sync_file
    return lambda: number


def run_to_end(work: Callable[[], object], environment: Mapping[str, str]) -> Ended:
    """Run work in a forked child. Raises RuntimeError with its error output if it does not end well."""
    ended = run_child(work, environment)
    if ended.code != 0:
        raise RuntimeError(describe_end(ended))
    return ended


def describe_end(ended: Ended) -> str:
    """Return how a child ended, and its last lines."""
    how = f"signal {signal.Signals(-ended.code).name}" if ended.code < 0 else f"code {ended.code}"
    lines = "\n".join(line for _, line in ended.lines[-30:])
    return f"ended with {how} after {ended.seconds:.1f} s of processor time\n{lines}"


def measure_processor_time() -> float:
    """Return the processor seconds of this process and of its ended children."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def ask_child(question: Callable[[], Any], environment: Mapping[str, str]) -> Any:
    """Return the JSON value that a question gives in a forked child. Raises RuntimeError with its error output."""
    with tempfile.NamedTemporaryFile() as answer:

        def answer_question() -> None:
            Path(answer.name).write_text(json.dumps(question()), encoding="utf-8")

        run_to_end(answer_question, environment)
        return json.loads(Path(answer.name).read_text(encoding="utf-8"))


def _processor_seconds(pid: int) -> float:
    """Return the processor seconds of a process so far, without its children; 0 when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _wait_for_orphans(family: set[int]) -> int:
    """Return how many processes of a killed child still run after half a minute; end them then."""
    end = time.monotonic() + 30
    alive = family
    while time.monotonic() < end and (alive := {pid for pid in alive if _is_running(pid)}):
        time.sleep(0.1)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
    return len(alive)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
