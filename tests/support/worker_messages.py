"""Leave out messages of workers that the controlling process does not need.

For each test a worker of xdist sends six messages: its start, three reports, its finish, and that it is complete.  The
controlling process shares the processors with the workers.  Setups and teardowns that passed in no time change
nothing of what it prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

_SHORTEST_LISTED = 0.005
"""Seconds of the shortest part of a test that `--durations` lists."""


def leave_out_messages(manager: pytest.PytestPluginManager) -> None:
    """Let this worker send no start of a test, and no setup or teardown that passed in less than 5 ms."""
    # xdist sends the source of its module to a worker, whose class is therefore not `xdist.remote.WorkerInteractor`.
    for interactor in [plugin for plugin in manager.get_plugins() if type(plugin).__name__ == "WorkerInteractor"]:
        interactor.sendevent = _leave_out(interactor.sendevent)  # type: ignore[attr-defined]


def _leave_out(send_event: Callable[..., None]) -> Callable[..., None]:
    def send_if_needed(name: str, **content: Any) -> None:
        if is_needed(name, content):
            send_event(name, **content)

    return send_if_needed


def is_needed(name: str, content: Mapping[str, Any]) -> bool:
    """Return True if the controlling process prints or counts something by a message."""
    if name != "testreport":
        return name != "logstart"
    report = content["data"]
    return bool(report["when"] == "call" or report["outcome"] != "passed" or report["duration"] >= _SHORTEST_LISTED)
