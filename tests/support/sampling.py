"""Choose which cases of a large product `make test` runs; `make test-all` runs all of them.

A test that is run for many alike cases (each page at each width, each act with each fault) has the mark `sampled`. Its
cases outside the sample get the mark `slow` when the tests are collected. Cases take turns by commit, so that a run of
a commit can be repeated, and `TURNS` different turns run all of them (`find_turn`):

- `@pytest.mark.sampled()` takes every eighth case. Tests of the same pages take the same ones, which are loaded once.
- `@pytest.mark.sampled(of="width")` takes one value of the parameter `width` for each case of the other parameters.
  The values take turns, so that each of them occurs.
- `@pytest.mark.sampled(by="page")` takes all cases of every eighth value of the parameter `page`. With `of` besides, it
  takes one case of each of these values.
- `@pytest.mark.sampled(turn=1)` marks a long test that checks as a whole what shorter ones check in parts. Each commit
  runs one of `TURNS` groups of them. All groups take about as long.

Tests with drawn examples have as many as `count_examples` says. Planted faults, and the only check of a rule about
disclosure, lost returns or wrong numbers, are never sampled.
"""

from __future__ import annotations

import os
import subprocess
import zlib
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

MARK = "sampled"
DESCRIPTION = (
    f"{MARK}(of=None, by=None, turn=None): `make test` runs a sample of its cases, or it with every eighth commit "
    "(tests/support/sampling.py)"
)
TURNS = 8
TURN_VARIABLE = "RTI_TEST_TURN"
"""Environment variable that chooses the turn of this run, from 0 on. By default, the commit chooses."""
_FEWER = 2
"""`make test` tries one of so many examples."""
_is_complete = False


def run_everything() -> None:
    """Let tests have all their examples, as in `make test-all`; called before they are collected."""
    global _is_complete
    _is_complete = True


def runs_everything() -> bool:
    """Return True in `make test-all`."""
    return _is_complete


def count_examples(n: int) -> int:
    """Return how many of `n` drawn examples a property is tried with: all in `make test-all`, else half."""
    return n if _is_complete else -(-n // _FEWER)


def mark_cases_outside_samples(items: Iterable[pytest.Item]) -> None:
    """Mark the cases of sampled tests slow that are outside their sample."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker(MARK) and not item.get_closest_marker("slow"):
            cases[item.nodeid.partition("[")[0]].append(item)
    for name, of_test in cases.items():
        chosen = set(_choose_cases(name, of_test))
        for place, item in enumerate(of_test):
            if place not in chosen:
                item.add_marker(pytest.mark.slow)


def _choose_cases(name: str, items: Sequence[pytest.Item]) -> list[int]:
    mark = items[0].get_closest_marker(MARK)
    assert mark is not None
    options: dict[str, Any] = dict(mark.kwargs)
    if mark.args or set(options) not in (set(), {"of"}, {"by"}, {"by", "of"}, {"turn"}):
        raise pytest.UsageError(f"{name}: the mark `{MARK}` takes `of` and `by`, or `turn`, or nothing")
    if "turn" in options:
        if options["turn"] not in range(TURNS):
            raise pytest.UsageError(f"{name}: `turn` is a number from 0 to {TURNS - 1}")
        return list(range(len(items))) if options["turn"] == find_turn() else []
    if not options:
        return choose_cases(len(items), find_turn())
    values = [_read_values(item) for item in items]
    places = choose_values(values, options["by"], find_turn()) if "by" in options else list(range(len(items)))
    if "of" in options:
        start = zlib.crc32(name.encode()) + find_turn()
        places = [places[place] for place in take_turns([values[place] for place in places], options["of"], start)]
    return places


def _read_values(item: pytest.Item) -> dict[str, Hashable]:
    """Return the values of the parameters of a case; the identity of those that have no hash.

    The indices of a case do not serve: pytest counts the cases of some parameters, and not their values.
    """
    values: dict[str, Hashable] = {}
    callspec = getattr(item, "callspec", None)
    for name, value in callspec.params.items() if callspec is not None else ():
        try:
            hash(value)
            values[name] = value
        except TypeError:
            values[name] = id(value)
    return values


@cache
def find_turn() -> int:
    """Return the turn of this run, which chooses its cases and its group of long tests.

    It is the number of the commit modulo `TURNS`, so that each run of a commit has the same tests, unless
    `RTI_TEST_TURN` gives another. Without git it is 0.

    Raises `pytest.UsageError` if the variable holds no such number.
    """
    if (setting := os.environ.get(TURN_VARIABLE)) is not None:
        if setting not in map(str, range(TURNS)):
            raise pytest.UsageError(f"{TURN_VARIABLE} is a number from 0 to {TURNS - 1}, not {setting!r}")
        return int(setting)
    try:
        command = ["git", "rev-parse", "HEAD"]
        answer = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(answer.stdout.strip(), 16) % TURNS


def choose_cases(n_cases: int, turn: int) -> list[int]:
    """Return the places of the cases of a turn: every `TURNS`th one, and one if there are fewer cases than turns."""
    return list(range(turn, n_cases, TURNS)) or [turn % n_cases]


def choose_values(cases: Sequence[Mapping[str, Hashable]], by: str, turn: int) -> list[int]:
    """Return the places of the cases that have a value of a turn: every `TURNS`th value of the parameter `by`.

    The values count in the order in which they first occur. Cases without the parameter are all taken.
    """
    values = list(dict.fromkeys(case[by] for case in cases if by in case))
    chosen = {values[place] for place in choose_cases(len(values), turn)} if values else set()
    return [place for place, case in enumerate(cases) if by not in case or case[by] in chosen]


def take_turns(cases: Sequence[Mapping[str, Hashable]], of: str, start: int = 0) -> list[int]:
    """Return the places of one case for each combination of the other parameters than `of`, whose values take turns.

    `start` chooses the value of the first combination, modulo the number of values. Cases without the parameter are all
    taken.
    """
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        others = frozenset((name, value) for name, value in case.items() if name != of)
        groups[others if of in case else place].append(place)
    return sorted(places[(start + number) % len(places)] for number, places in enumerate(groups.values()))
