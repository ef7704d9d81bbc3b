"""Distinct numbers, and those that are left out."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publication.disclosure.distinct import list_others, sort_distinct


@given(st.lists(st.integers(-5, 5) | st.integers(-(2**62), 2**62)))
def test_each_number_is_there_once_in_order(numbers: list[int]) -> None:
    assert sort_distinct(np.array(numbers, dtype=np.int64)).tolist() == sorted(set(numbers))


@given(st.integers(0, 30).flatmap(lambda size: st.tuples(st.just(size), st.lists(st.integers(0, max(size - 1, 0))))))
def test_others_are_all_that_are_not_given(case: tuple[int, list[int]]) -> None:
    size, numbers = case
    given_numbers = np.array([number for number in numbers if number < size], dtype=np.int64)
    assert list_others(size, given_numbers).tolist() == sorted(set(range(size)) - set(given_numbers.tolist()))
