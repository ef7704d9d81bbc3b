"""Count requests in sliding windows."""

from __future__ import annotations

import pytest
from limits import RateLimitItemPerMinute

from pipelines.web import guards
from pipelines.web.guards import Rates

LIMIT = RateLimitItemPerMinute(4)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which tests set."""
    current = [6_000.0]
    monkeypatch.setattr(guards.time, "time", lambda: current[0])
    return current


def test_requests_beyond_the_limit_wait_for_the_end_of_the_window(now: list[float]) -> None:
    rates = Rates()
    assert [rates.count_request(LIMIT, "a") for _ in range(4)] == [0, 0, 0, 0]
    now[0] += 20
    assert rates.count_request(LIMIT, "a") == 40
    assert rates.count_request(LIMIT, "b") == 0


def test_earlier_window_counts_in_proportion_to_its_remaining_part(now: list[float]) -> None:
    rates = Rates()
    for _ in range(4):
        rates.count_request(LIMIT, "a")
    now[0] += 75  # a quarter of the next window: three of the four still count
    assert rates.count_request(LIMIT, "a") == 0
    assert rates.count_request(LIMIT, "a") == 15
    now[0] += 15
    assert rates.count_request(LIMIT, "a") == 0
    now[0] += 120
    assert [rates.count_request(LIMIT, "a") for _ in range(5)][:4] == [0, 0, 0, 0]


def test_check_wait_counts_nothing(now: list[float]) -> None:
    rates = Rates()
    assert {rates.check_wait(LIMIT, "a") for _ in range(10)} == {0}
    for _ in range(4):
        rates.count_request(LIMIT, "a")
    assert rates.check_wait(LIMIT, "a") == 60


def test_old_keys_are_removed(now: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "_MOST_KEYS", 100)
    rates = Rates()
    for number in range(99):
        rates.count_request(LIMIT, f"old {number}")
    now[0] += 120
    rates.count_request(LIMIT, "new")
    assert len(rates._counts) == 1
