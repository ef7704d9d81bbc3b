"""Tests of the turns of scripts."""

from __future__ import annotations

import threading

import pytest

from dashboards.public.turns import AT_ONCE, take_turn


def test_no_more_scripts_than_allowed_run_at_once() -> None:
    lock, may_end = threading.Lock(), threading.Event()
    running, most, ended = 0, 0, 0
    is_full = threading.Event()

    def run_script() -> None:
        nonlocal running, most, ended
        with take_turn():
            with lock:
                running += 1
                most = max(most, running)
                if running == AT_ONCE:
                    is_full.set()
            assert may_end.wait(10)
            with lock:
                running -= 1
                ended += 1

    threads = [threading.Thread(target=run_script) for _ in range(3 * AT_ONCE)]
    for thread in threads:
        thread.start()
    assert is_full.wait(10)
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert (most, ended) == (AT_ONCE, 3 * AT_ONCE)


def test_script_that_fails_ends_its_turn() -> None:
    for _ in range(AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError), take_turn():
            raise ZeroDivisionError
