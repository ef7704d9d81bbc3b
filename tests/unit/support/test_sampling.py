"""Samples of large products have each value, are the same in each run, and leave the rest to the slow tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.paths import ROOT
from tests.support.sampling import TURN_VARIABLE, TURNS, choose_cases, choose_values, find_turn, take_turns


def list_cases(**parameters: int) -> list[dict[str, int]]:
    """Return all cases of parameters with as many values."""
    return [
        dict(zip(parameters, numbers, strict=True)) for numbers in product(*(range(n) for n in parameters.values()))
    ]


def test_values_take_turns_and_each_case_of_the_others_occurs_once() -> None:
    cases = list_cases(page=5, language=2, width=3)
    chosen = [cases[place] for place in take_turns(cases, "width")]
    assert sorted((case["page"], case["language"]) for case in chosen) == sorted(product(range(5), range(2)))
    uses = Counter(case["width"] for case in chosen)
    assert set(uses) == {0, 1, 2} and max(uses.values()) - min(uses.values()) <= 1
    assert take_turns(cases, "width") != take_turns(cases, "width", 1)


def test_test_without_other_parameters_has_one_value() -> None:
    assert [take_turns(list_cases(database=2), "database", start) for start in (0, 1, 2)] == [[0], [1], [0]]


def test_cases_without_the_parameter_are_all_taken() -> None:
    assert take_turns(list_cases(page=3), "database") == [0, 1, 2]
    assert take_turns([{}], "database") == [0]


def test_each_value_has_all_its_cases_in_one_of_the_turns() -> None:
    cases = list_cases(width=2, page=9)
    chosen = [choose_values(cases, "page", turn) for turn in range(TURNS)]
    assert [{cases[place]["page"] for place in places} for places in chosen] == [
        {0, 8},
        {1},
        {2},
        {3},
        {4},
        {5},
        {6},
        {7},
    ]
    assert sorted(place for places in chosen for place in places) == list(range(18))
    assert choose_values(list_cases(width=2), "page", 1) == [0, 1]


@pytest.mark.parametrize("n_cases", [1, 2, 3, 4, 9])
def test_each_case_runs_in_one_of_the_turns_and_each_turn_has_a_case(n_cases: int) -> None:
    chosen = [choose_cases(n_cases, turn) for turn in range(TURNS)]
    assert all(chosen) and {place for places in chosen for place in places} == set(range(n_cases))
    assert choose_cases(12, 1) == [1, 9]


TESTS = """
    import pytest

    @pytest.fixture(params=["a", "b", "c"])
    def page(request):
        return request.param

    @pytest.mark.sampled(of="width")
    @pytest.mark.parametrize("width", [320, 1280])
    def test_product(page, width):
        assert page != "b", "planted"

    @pytest.mark.sampled()
    def test_one_parameter(page):
        assert page != "c", "planted"

    def test_all(page):
        pass

    @pytest.mark.sampled(by="page", of="width")
    @pytest.mark.parametrize("width", [320, 1280])
    def test_values(page, width):
        assert page != "b", "planted"

    @pytest.mark.sampled(turn=1)
    @pytest.mark.parametrize("number", [1, 2])
    def test_long(number):
        assert number != 2, "planted"

    @pytest.mark.sampled(turn=2)
    def test_longer():
        pass
"""
CONFTEST = """
    from tests.support import sampling

    def pytest_configure(config):
        config.addinivalue_line("markers", "slow: slow")
        config.addinivalue_line("markers", sampling.DESCRIPTION)

    def pytest_collection_modifyitems(items):
        sampling.mark_cases_outside_samples(items)
"""


def run_pytest(folder: Path, *options: str, turn: str = "0") -> str:
    """Run the tests of a folder in a turn, and return what pytest prints."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", "/dev/null"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment[TURN_VARIABLE] = turn
    result = subprocess.run(
        [*command, "--rootdir", str(folder), *options, str(folder)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, env=environment,
    )  # fmt: skip
    return result.stdout + result.stderr


def test_cases_outside_the_sample_run_only_with_the_slow_tests(tmp_path: Path) -> None:
    """Plant faults in two tests: the sample of one has its page in the first turn; the full run finds both."""
    (tmp_path / "conftest.py").write_text(dedent(CONFTEST), encoding="utf-8")
    (tmp_path / "test_planted.py").write_text(dedent(TESTS), encoding="utf-8")
    fast = run_pytest(tmp_path, "-m", "not slow")
    assert "1 failed, 7 passed, 13 deselected" in fast and "test_product[b-" in fast, fast
    everything = run_pytest(tmp_path)
    assert "6 failed, 15 passed" in everything, everything


def test_mark_with_another_option_is_refused(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(dedent(CONFTEST), encoding="utf-8")
    test = "import pytest\n@pytest.mark.sampled(each=2)\ndef test_x():\n    pass\n"
    (tmp_path / "test_planted.py").write_text(test, encoding="utf-8")
    assert "takes `of` and `by`, or `turn`, or nothing" in run_pytest(tmp_path)


def test_long_tests_run_in_the_turn_of_their_group_only(tmp_path: Path) -> None:
    """Plant a fault in a long test of the second group: the run of that group finds it, those of the others do not."""
    (tmp_path / "conftest.py").write_text(dedent(CONFTEST), encoding="utf-8")
    (tmp_path / "test_planted.py").write_text(dedent(TESTS), encoding="utf-8")
    second = run_pytest(tmp_path, "-m", "not slow", turn="1")
    assert "3 failed, 7 passed, 11 deselected" in second and "test_long[2]" in second, second
    assert second.count("FAILED") == 3 and "test_values[b-" in second, second
    third = run_pytest(tmp_path, "-m", "not slow", turn="2")
    assert "2 failed, 7 passed, 12 deselected" in third and "test_long[" not in third, third
    assert "test_one_parameter[c]" in third and "test_one_parameter" not in second
    refused = run_pytest(tmp_path, "-m", "not slow", turn="8")
    assert "RTI_TEST_TURN is a number from 0 to 7, not '8'" in refused, refused


def test_every_group_of_long_tests_has_some() -> None:
    marks = [
        int(turn) for path in sorted((ROOT / "tests").rglob("test_*.py")) if path != Path(__file__)
        for turn in re.findall(r"^@pytest\.mark\.sampled\(turn=(\d)\)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]  # fmt: skip
    assert set(marks) == set(range(TURNS)) and find_turn() in range(TURNS)
