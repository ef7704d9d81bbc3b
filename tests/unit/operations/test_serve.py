"""The signals that end `rti serve`."""

from __future__ import annotations

import signal

import pytest

from pipelines.operations.serve import _record_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_record_signals_notes_each_ending_signal_and_restores_its_handler(number: signal.Signals) -> None:
    earlier = signal.getsignal(number)
    with _record_signals() as is_ending:
        assert not is_ending()
        signal.raise_signal(number)
        assert is_ending()
    assert signal.getsignal(number) is earlier


def test_record_signals_leaves_an_ignored_signal_ignored() -> None:
    earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with _record_signals() as is_ending:
            signal.raise_signal(signal.SIGINT)
            assert not is_ending()
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, earlier)
