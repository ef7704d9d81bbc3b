"""Limits on password attempts, tested without the sign-in."""

from __future__ import annotations

import threading
import time

import pytest

from pipelines.submissions.accounts import throttle as throttle_module
from pipelines.submissions.accounts.throttle import MOST_WAITING, PER_PAIR, Origin, Throttle, ThrottledError


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


def test_counting_starts_no_thread() -> None:
    throttle = Throttle()
    before = threading.active_count()
    for number in range(20):
        throttle.count_attempt(Origin(f"192.0.2.{number}"), "al-pp")
    assert threading.active_count() == before


def test_refused_attempt_is_possible_after_the_seconds_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.5
    monkeypatch.setattr(time, "time", lambda: now)
    throttle, origin = Throttle(), Origin("192.0.2.1")
    for _ in range(5):
        throttle.count_attempt(origin, "al-pp")
    now += 100
    with pytest.raises(ThrottledError) as refused:
        throttle.count_attempt(origin, "al-pp")
    assert refused.value.seconds == 800
    now += refused.value.seconds
    assert throttle.count_attempt(origin, "al-pp").delay == 0


def test_counters_of_the_past_are_removed_and_those_of_now_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    monkeypatch.setattr(throttle_module, "_MOST_COUNTERS", 50)
    counters = throttle_module.AttemptCounters()
    for number in range(49):
        counters.count_attempt(PER_PAIR, ("old", str(number)))
    now += PER_PAIR.get_expiry() - 1
    assert counters.count_attempt(PER_PAIR, ("old", "7")) == 2
    now += 1
    for number in range(50):
        counters.count_attempt(PER_PAIR, ("new", str(number)))
    assert len(counters._counts) == 50
    assert counters.count_attempt(PER_PAIR, ("new", "7")) == 2
    assert counters.count_attempt(PER_PAIR, ("old", "8")) == 1
