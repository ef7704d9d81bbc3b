"""Limits on password attempts, tested without the sign-in."""

from __future__ import annotations

import threading

import pytest

from pipelines.submissions.accounts.throttle import MOST_WAITING, Origin, Throttle, ThrottledError


def test_count_attempt_limits_concurrent_attempts() -> None:
    throttle = Throttle()
    admitted: list[bool] = []

    def try_once() -> None:
        try:
            throttle.count_attempt(Origin("192.0.2.1"), "al-pp")
        except ThrottledError:
            admitted.append(False)
        else:
            admitted.append(True)

    threads = [threading.Thread(target=try_once) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted.count(True) == 5


def test_forgive_attempt_resets_account_but_not_address() -> None:
    throttle = Throttle()
    origin = Origin("192.0.2.1")
    for number in range(28):
        throttle.count_attempt(origin, f"account-{number}")
    for _ in range(10):
        throttle.forgive_attempt(throttle.count_attempt(origin, "own"))
    throttle.count_attempt(origin, "account-28")
    throttle.count_attempt(origin, "account-29")
    with pytest.raises(ThrottledError) as refused:
        throttle.count_attempt(origin, "own")
    assert 1 <= refused.value.seconds <= 900


def test_known_device_does_not_count_against_its_address() -> None:
    throttle = Throttle()
    for _ in range(10):
        assert throttle.count_attempt(Origin("192.0.2.1", "a device"), "al-pp").delay == 0
    for _ in range(5):
        throttle.count_attempt(Origin("192.0.2.1"), "al-pp")
    with pytest.raises(ThrottledError):
        throttle.count_attempt(Origin("192.0.2.1"), "al-pp")


def test_occupy_slot_limits_waiting_attempts_per_account() -> None:
    throttle = Throttle()
    slots = [throttle.occupy_slot("al-pp") for _ in range(MOST_WAITING)]
    for slot in slots:
        slot.__enter__()
    with pytest.raises(ThrottledError), throttle.occupy_slot("al-pp"):
        pass
    with throttle.occupy_slot("mk-sso"):
        pass
    slots[0].__exit__(None, None, None)
    with throttle.occupy_slot("al-pp"):
        pass
