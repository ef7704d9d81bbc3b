"""Messages of workers that change nothing of the output are not sent; every failure and every result is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.worker_messages import is_needed, leave_out_messages


class WorkerInteractor:
    """The plugin of a worker, by the name of its class."""

    def __init__(self) -> None:
        self.sent: list[str] = []

        self.sendevent = lambda name, **content: self.sent.append(name)


def make_report(**changes: Any) -> dict[str, Any]:
    return {"data": {"when": "setup", "outcome": "passed", "duration": 0.001, **changes}}


@pytest.mark.parametrize(
    "changes",
    [{"when": "call"}, {"outcome": "failed"}, {"outcome": "skipped"}, {"duration": 0.005},
     {"when": "teardown", "outcome": "failed"}],
)  # fmt: skip
def test_report_that_is_printed_or_counted_is_needed(changes: dict[str, Any]) -> None:
    assert is_needed("testreport", make_report(**changes))


@pytest.mark.parametrize("when", ["setup", "teardown"])
def test_short_setup_or_teardown_that_passed_is_not_needed(when: str) -> None:
    assert not is_needed("testreport", make_report(when=when))


def test_worker_sends_every_other_message_but_the_start_of_a_test() -> None:
    interactor, manager = WorkerInteractor(), pytest.PytestPluginManager()
    manager.register(interactor)
    leave_out_messages(manager)
    for name in ("logstart", "logfinish", "runtest_protocol_complete", "workerfinished"):
        interactor.sendevent(name)
    interactor.sendevent("testreport", **make_report())
    interactor.sendevent("testreport", **make_report(when="call"))
    assert interactor.sent == ["logfinish", "runtest_protocol_complete", "workerfinished", "testreport"]
