"""Refreshes that are killed: `python -m tests.support.refresh_killed LINE…`, for the home of the environment.

For each line, a child runs `rti refresh` and is killed by SIGKILL as soon as it prints the line. One process loads
the program and parses the dbt project for all of them. Everything that the children print is printed, and `killed` at
the end of each.
"""

from __future__ import annotations

import gc
import os
import signal
import sys


def _load_program() -> None:
    """Import what a refresh needs, without starting a thread: children of a process with threads may hang."""
    gc.disable()
    import expectations.loading  # noqa: F401
    from pipelines.definitions import defs
    from pipelines.warehouse.dbt_runner import parse_project

    defs()
    parse_project()
    gc.freeze()
    gc.enable()


def _refresh_until(line: str) -> None:
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        from pipelines.cli.main import main

        os.close(read_end)
        os.dup2(write_end, 2)
        os._exit(main(["refresh"]))
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as messages:
        for text in messages:
            print(text, end="", flush=True)
            if line in text:
                os.kill(child, signal.SIGKILL)
                break
    _, status = os.waitpid(child, 0)
    is_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    print("killed" if is_killed else f"ended {os.waitstatus_to_exitcode(status)}", flush=True)


def main() -> None:
    """Kill one refresh at each line."""
    _load_program()
    for line in sys.argv[1:]:
        _refresh_until(line)


if __name__ == "__main__":
    main()
