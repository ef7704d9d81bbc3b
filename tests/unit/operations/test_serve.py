"""The signals that end `rti serve`."""

from __future__ import annotations

import signal

import pytest

from pipelines.operations.serve import _record_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_record_signals_notes_each_ending_signal_and_restores_its_handler(number: signal.Signals) -> None:
    def ignore_call(*_: object) -> None:
        """Do nothing, like the handler of another program."""

    # A test run that was started in the background may ignore some of these signals.
    handler_of_the_run = signal.signal(number, ignore_call)
    try:
        with _record_signals() as is_ending:
            assert not is_ending()
            signal.raise_signal(number)
            assert is_ending()
        assert signal.getsignal(number) is ignore_call
    finally:
        signal.signal(number, handler_of_the_run)


def test_record_signals_leaves_an_ignored_signal_ignored() -> None:
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _record_signals() as is_ending:
            signal.raise_signal(signal.SIGINT)
            assert not is_ending()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, earlier)
