"""A publication killed (SIGKILL) at every act, at every call of the file system, and at random moments.

Whatever the next command is, the home ends as that of a publication that was not killed, file for file.
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines import refresh
from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.operations import run
from pipelines.publication.releases.publications import find_unfinished, intent_path
from pipelines.refresh import publication
from tests.support.paths import ROOT
from tests.support.releases import publication_fixture as fixture
from tests.support.releases.publication_killed import STEPS

RANDOM_KILLS = 6
SEED = 20_261_127
BEFORE_THE_INTENT = ("baseline prepared", "switch prepared", "journal prepared", "space reserved")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return fixture.make_home(tmp_path_factory.mktemp("publication"))


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_NOW", fixture.NOW)


@pytest.fixture(scope="module")
def expected(template: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The state after a publication that nothing interrupts."""
    home = fixture.copy_home(template, tmp_path_factory.mktemp("expected") / "home")
    with clock.freeze_time(clock.parse_time(fixture.NOW)):
        refresh.publish_draft(home)
    return fixture.read_state(home)


def kill_all(template: Home, folder: Path, cases: list[str]) -> list[tuple[Home, str]]:
    """Run each case on a copy of the template; returns the homes and how each ended."""
    homes = [fixture.copy_home(template, folder / str(number)) for number in range(len(cases))]
    lines = [f"{home.root} {case}\n" for home, case in zip(homes, cases, strict=True)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.releases.publication_killed"],
        cwd=ROOT, input="".join(lines), capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return list(zip(homes, done.stdout.splitlines(), strict=True))


def _by_publish(home: Home) -> None:
    if fixture.NEXT in (one["release"] for one in fixture.read_journal(home)) and not intent_path(home).exists():
        return  # all was done; there is nothing left to publish
    assert refresh.publish_draft(home) == fixture.NEXT


def _by_refresh(home: Home) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "_run", lambda *_: {})
        run.run_refresh(home, say=lambda _: None)


def _by_service(home: Home) -> None:
    publication.complete_publication_at_start(home, report=lambda _: None)


ROADS: dict[str, Callable[[Home], None]] = {"publish": _by_publish, "refresh": _by_refresh, "service": _by_service}


def resume(home: Home, road: str, expected: dict[str, Any]) -> None:
    """Resume by a road and compare; what had not begun is published after it."""
    had_begun = intent_path(home).exists()
    assert bool(find_unfinished(home)) == had_begun
    ROADS[road](home)
    assert not intent_path(home).exists()
    assert find_unfinished(home) == []
    if not had_begun:
        _by_publish(home)
    assert fixture.read_state(home) == expected


def test_publish_unkilled_marks_everything_once(template: Home, expected: dict[str, Any], tmp_path: Path) -> None:
    home = fixture.copy_home(template, tmp_path / "home")
    assert refresh.publish_draft(home) == fixture.NEXT
    assert fixture.read_state(home) == expected
    assert expected["public/current"] == f"releases/{fixture.NEXT}"
    assert [line["release"] for line in fixture.read_journal(home)] == [fixture.FIRST, fixture.NEXT]
    assert (
        expected["restricted/records/released/members.parquet"]
        == (expected[f"restricted/records/records-of-{fixture.NEXT}/members.parquet"])
    )
    marked = [row for row in expected["event"] if row[4] == "publish" and row[8] == {"release": fixture.NEXT}]
    assert len(marked) == 3
    assert not [name for name in expected if name.rpartition("/")[2].startswith(".")], "nothing is left aside"


def test_kill_at_each_act_then_any_road_completes(template: Home, expected: dict[str, Any], tmp_path: Path) -> None:
    cases = [f"named {step.replace(' ', '_')} before" for step in STEPS] + ["named intent_removed after"]
    for number, (killed, ended) in enumerate(kill_all(template, tmp_path, cases)):
        assert ended == "killed", cases[number]
        step, when = cases[number].split()[1:]
        reached = step.replace("_", " ") not in BEFORE_THE_INTENT and (step, when) != ("intent_written", "before")
        last = (step, when) == ("intent_removed", "after")
        assert intent_path(killed).exists() == (reached and not last), cases[number]
        for road in ROADS:
            resume(fixture.copy_home(killed, tmp_path / f"{number}-{road}"), road, expected)


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_kill_before_a_call_of_the_file_system_then_a_road_completes(
    template: Home, expected: dict[str, Any], tmp_path: Path, every: int
) -> None:
    [(_, counted)] = kill_all(template, tmp_path / "counted", ["count"])
    calls, *ended = counted.split()
    assert ended == ["ended", "0"]
    assert int(calls) > 20
    homes = kill_all(template, tmp_path, [f"call {number}" for number in range(1, int(calls) + 1, every)])
    for number, (home, how) in enumerate(homes):
        assert how == "killed", number
        resume(home, list(ROADS)[number % len(ROADS)], expected)


def test_kill_at_random_moments_then_a_road_completes(template: Home, expected: dict[str, Any], tmp_path: Path) -> None:
    chance = random.Random(SEED)
    cases = ["count", *(f"random {chance.random():.3f}" for _ in range(RANDOM_KILLS))]
    _, *homes = kill_all(template, tmp_path, cases)
    assert sum(how == "killed" for _, how in homes) >= RANDOM_KILLS // 2
    for number, (home, _) in enumerate(homes):
        resume(home, list(ROADS)[number % len(ROADS)], expected)


def test_kill_twice_then_publish_completes(template: Home, expected: dict[str, Any], tmp_path: Path) -> None:
    [(once, how)] = kill_all(template, tmp_path / "once", ["named draft_moved after"])
    assert how == "killed"
    [(twice, how)] = kill_all(once, tmp_path / "twice", ["named returns_marked before"])
    assert how == "killed"
    resume(twice, "publish", expected)
