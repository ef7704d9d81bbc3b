"""Kill a publication (SIGKILL) at every step, at every call of the file system, and at random moments.

After any next command the home equals that of a publication that was not killed, file for file.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.operations import run
from pipelines.publication.releases.publications import find_unfinished, intent_path
from pipelines.refresh import publication
from tests.support.paths import ROOT
from tests.support.releases import publication_fixture as fixture
from tests.support.releases.publication_killed import STEPS
from tests.support.sampling import count_examples

RANDOM_KILLS = 6
SEED = 20_261_127
BEFORE_THE_INTENT = ("baseline prepared", "switch prepared", "journal prepared", "space reserved")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", fixture.NOW)


@pytest.fixture(scope="module")
def expected(publication_home: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The state after an uninterrupted publication."""
    home = fixture.copy_home(publication_home, tmp_path_factory.mktemp("expected") / "home")
    with clock.freeze_time(clock.parse_time(fixture.NOW)):
        fixture.publish_draft(home)
    return fixture.read_state(home)


class Killer:
    """The process that publishes and kills; it loads the program once for all tests of this module."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kill_all(self, template: Home, folder: Path, cases: list[str]) -> list[tuple[Home, str]]:
        """Run each case on a copy of the template; return the homes and how each ended."""
        homes = [fixture.copy_home(template, folder / str(number)) for number in range(len(cases))]
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        outcomes = []
        for home, case in zip(homes, cases, strict=True):
            self._process.stdin.write(f"{home.root} {case}\n")
            self._process.stdin.flush()
            outcomes.append(self._process.stdout.readline().rstrip("\n"))
        return list(zip(homes, outcomes, strict=True))


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.releases.publication_killed"],
        cwd=ROOT, env={**os.environ, "RTI_NOW": fixture.NOW}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Killer(process)
    assert process.returncode == 0


def _complete_by_publish(home: Home) -> None:
    if fixture.NEXT in (line["release"] for line in fixture.read_journal(home)) and not intent_path(home).exists():
        return  # already complete
    assert fixture.publish_draft(home) == fixture.NEXT


def _complete_by_refresh(home: Home) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_run", lambda *_: {})
        run.run_refresh(home, say=lambda _: None)


def _complete_by_service(home: Home) -> None:
    publication.complete_publication_at_start(home, report=lambda _: None)


COMPLETIONS: dict[str, Callable[[Home], None]] = {
    "publish": _complete_by_publish,
    "refresh": _complete_by_refresh,
    "service": _complete_by_service,
}


def resume_and_compare(home: Home, way: str, expected: dict[str, Any]) -> None:
    """Resume by one way of completion and compare; publish afterwards if the publication had not begun."""
    had_begun = intent_path(home).exists()
    assert bool(find_unfinished(home)) == had_begun
    COMPLETIONS[way](home)
    assert not intent_path(home).exists()
    assert find_unfinished(home) == []
    if not had_begun:
        _complete_by_publish(home)
    assert fixture.read_state(home) == expected


def test_publish_without_a_kill_marks_everything_once(
    publication_home: Home, expected: dict[str, Any], tmp_path: Path
) -> None:
    home = fixture.copy_home(publication_home, tmp_path / "home")
    assert fixture.publish_draft(home) == fixture.NEXT
    assert fixture.read_state(home) == expected
    assert expected["public/current"] == f"releases/{fixture.NEXT}"
    assert [line["release"] for line in fixture.read_journal(home)] == [fixture.FIRST, fixture.NEXT]
    assert (
        expected["restricted/records/released/members.parquet"]
        == (expected[f"restricted/records/records-of-{fixture.NEXT}/members.parquet"])
    )
    marked = [row for row in expected["event"] if row[4] == "publish" and row[8] == {"release": fixture.NEXT}]
    assert len(marked) == 3
    assert not [name for name in expected if name.rpartition("/")[2].startswith(".")], "no temporary file is left"


@pytest.mark.sampled(turn=7)
def test_publication_killed_at_each_step_is_completed_in_every_way(
    killer: Killer, publication_home: Home, expected: dict[str, Any], tmp_path: Path
) -> None:
    cases = [f"named {step.replace(' ', '_')} before" for step in STEPS] + ["named intent_removed after"]
    for number, (killed_home, outcome) in enumerate(killer.kill_all(publication_home, tmp_path, cases)):
        assert outcome == "killed", cases[number]
        step, when = cases[number].split()[1:]
        reached = step.replace("_", " ") not in BEFORE_THE_INTENT and (step, when) != ("intent_written", "before")
        is_last_step = (step, when) == ("intent_removed", "after")
        assert intent_path(killed_home).exists() == (reached and not is_last_step), cases[number]
        for way in COMPLETIONS:
            resume_and_compare(fixture.copy_home(killed_home, tmp_path / f"{number}-{way}"), way, expected)


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_publication_killed_before_a_file_system_call_is_completed(
    killer: Killer, publication_home: Home, expected: dict[str, Any], tmp_path: Path, every: int
) -> None:
    [(_, count_line)] = killer.kill_all(publication_home, tmp_path / "counted", ["count"])
    calls, *ended = count_line.split()
    assert ended == ["ended", "0"]
    assert int(calls) > 20
    homes = killer.kill_all(
        publication_home, tmp_path, [f"call {number}" for number in range(1, int(calls) + 1, every)]
    )
    for number, (home, outcome) in enumerate(homes):
        assert outcome == "killed", number
        resume_and_compare(home, list(COMPLETIONS)[number % len(COMPLETIONS)], expected)


def test_publication_killed_at_random_moments_is_completed(
    killer: Killer, publication_home: Home, expected: dict[str, Any], tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    n_kills = count_examples(RANDOM_KILLS)
    cases = ["count", *(f"random {chance.random():.3f}" for _ in range(n_kills))]
    _, *homes = killer.kill_all(publication_home, tmp_path, cases)
    assert sum(outcome == "killed" for _, outcome in homes) >= n_kills // 2
    for number, (home, _) in enumerate(homes):
        resume_and_compare(home, list(COMPLETIONS)[number % len(COMPLETIONS)], expected)


def test_publication_killed_twice_is_completed_by_publish(
    killer: Killer, publication_home: Home, expected: dict[str, Any], tmp_path: Path
) -> None:
    [(killed_once, outcome)] = killer.kill_all(publication_home, tmp_path / "once", ["named draft_moved after"])
    assert outcome == "killed"
    [(killed_twice, outcome)] = killer.kill_all(killed_once, tmp_path / "twice", ["named returns_marked before"])
    assert outcome == "killed"
    resume_and_compare(killed_twice, "publish", expected)
