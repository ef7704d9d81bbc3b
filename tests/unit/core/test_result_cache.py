"""The cache of results that are expensive to make."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.core.result_cache import ResultCache


def test_cache_keeps_the_results_that_were_used_last() -> None:
    cache: ResultCache[int] = ResultCache(kept=2)
    made_results: list[int] = []

    def make_result(number: int) -> int:
        made_results.append(number)
        return number

    for number in (1, 2, 1, 3, 1, 2):
        assert cache.get_or_make(number, lambda number=number: make_result(number)) == number
    assert (made_results, len(cache)) == ([1, 2, 3, 2], 2)


def test_cache_keeps_no_failure() -> None:
    cache: ResultCache[int] = ResultCache(kept=2)

    def raise_error() -> int:
        raise OSError

    with pytest.raises(OSError):
        cache.get_or_make(9, raise_error)
    assert cache.get_or_make(9, lambda: 9) == 9


def test_cache_makes_a_result_again_in_another_state_and_each_time_without_a_state() -> None:
    cache: ResultCache[int] = ResultCache(kept=2)
    numbers = iter(range(9))
    results = [cache.get_or_make_in_state("key", state, lambda: next(numbers)) for state in ("a", "a", "b", None, None)]
    assert results == [0, 0, 1, 2, 3]


def test_cache_makes_a_result_once_for_simultaneous_requests() -> None:
    cache: ResultCache[int] = ResultCache(kept=2)
    started, released, calls = threading.Event(), threading.Event(), []

    def make_result() -> int:
        calls.append(1)
        started.set()
        assert released.wait(10)
        return 7

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get_or_make, "key", make_result)
        assert started.wait(10)
        second = pool.submit(cache.get_or_make, "key", make_result)
        released.set()
        assert (first.result(10), second.result(10), calls) == (7, 7, [1])


def test_cache_drops_the_oldest_results_that_are_too_heavy_together() -> None:
    cache: ResultCache[str] = ResultCache(kept=4, weigh=len, heaviest=10)
    made_keys: list[str] = []

    def make_result(key: str) -> str:
        made_keys.append(key)
        return key

    for key in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "cccc", "bbbb"):
        assert cache.get_or_make(key, lambda key=key: make_result(key)) == key
    assert made_keys == ["aaaa", "bbbb", "cccc", "bbbb"], "the least recently used one was dropped"
    cache.add_result("heavy", "x" * 50)
    assert len(cache) == 1, "the newest is kept, however heavy"
    cache.add_result("aaaa", "aaaa")
    assert len(cache) == 1
