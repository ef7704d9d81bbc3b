"""Limits on password attempts, by themselves."""

from __future__ import annotations

import threading

import pytest

from pipelines.submissions.accounts.throttle import MOST_WAITING, Origin, Throttle, ThrottledError


def test_many_attempts_at_once_get_no_more_tries_than_one_after_another() -> None:
    throttle = Throttle()
    admitted: list[bool] = []

    def attempt() -> None:
        try:
            throttle.count_attempt(Origin("192.0.2.1"), "al-pp")
        except ThrottledError:
            admitted.append(False)
        else:
            admitted.append(True)

    threads = [threading.Thread(target=attempt) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert admitted.count(True) == 5


def test_a_right_password_ends_the_count_of_its_account_and_not_of_its_address() -> None:
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


def test_a_known_browser_does_not_use_up_the_tries_of_its_address() -> None:
    throttle = Throttle()
    for _ in range(10):
        assert throttle.count_attempt(Origin("192.0.2.1", "a device"), "al-pp").delay == 0
    for _ in range(5):
        throttle.count_attempt(Origin("192.0.2.1"), "al-pp")
    with pytest.raises(ThrottledError):
        throttle.count_attempt(Origin("192.0.2.1"), "al-pp")


def test_few_attempts_on_one_account_wait_at_a_time() -> None:
    throttle = Throttle()
    held = [throttle.occupy_slot("al-pp") for _ in range(MOST_WAITING)]
    for place in held:
        place.__enter__()
    with pytest.raises(ThrottledError), throttle.occupy_slot("al-pp"):
        pass
    with throttle.occupy_slot("mk-sso"):
        pass
    held[0].__exit__(None, None, None)
    with throttle.occupy_slot("al-pp"):
        pass
