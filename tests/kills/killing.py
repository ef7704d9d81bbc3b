"""Choose the moments of kills by a seed, kill at them, and say what was wrong afterwards."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.home import open_home
from tests.kills import examining, world
from tests.kills.victims import Ended, ask_child, describe_end, measure_processor_time, run_child, run_to_end
from tests.support.demonstration import copy_home

STEPS: Mapping[str, int] = {
    "check": 30, "submit": 30, "approve": 30, "refresh": 40, "protect": 15, "release": 25, "switch": 30,
}  # fmt: skip
"""The steps, with their shares of two hundred kills."""
_PARTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "refresh": (
        ("desk-3", "", "figures of case records"),
        ("desk-5", "protected indicators: nothing new", "restricted indicators built"),
    ),
    "protect": (("desk-4", "figures of case records", "cells hidden"),),
    "release": (
        ("desk-4", "cells hidden", "protected indicators built"),
        ("desk-6", "restricted indicators: nothing new", "draft "),
    ),
}
"""The parts of a refresh: the home in which each begins, and texts in the lines between which it is killed.

A refresh leaves out the steps whose result the home has, so that a kill in a late step does not repeat the early ones.
"""
_ACTS: Mapping[str, tuple[str, Callable[[Path], object]]] = {
    "check": ("desk-0", lambda root: world.upload_return(open_home(root)) and 0),
    "submit": ("desk-1", lambda root: world.send_return(open_home(root))),
    "approve": ("desk-2", lambda root: world.approve_return(open_home(root))),
    "switch": ("desk-0", lambda root: world.publish_draft(open_home(root))),
}
"""The home in which a step begins, and its work."""


def choose_steps(kills: int, seed: int) -> list[str]:
    """Return the step of each kill: each step by its share, in an order by the seed."""
    shares = sum(STEPS.values())
    steps: list[str] = []
    for step, share in STEPS.items():
        steps += [step] * max(1, round(kills * share / shares))
    random.Random(seed).shuffle(steps)
    return steps[:kills]


@dataclass(frozen=True, slots=True)
class Unkilled:
    """Work that nobody killed: its processor seconds, its calls that change files, and its lines with their times."""

    seconds: float
    calls: int
    lines: tuple[tuple[float, str], ...]


class Killer:
    """Kills on copies of the homes of a world."""

    def __init__(self, folder: Path, given: Path | None = None) -> None:
        self._folder = folder
        self._samples = folder / "world" / "samples"
        environment = world.make_environment(folder, self._samples)
        run_to_end(lambda: world.build_world(folder / "world", given), environment)
        self._unkilled: dict[tuple[str, str], Unkilled] = {}
        self._expected: dict[str, Any] = {}

    def kill_once(self, step: str, seed: str) -> dict[str, Any]:
        """Kill once in a step; return the step, where it was killed, and what was wrong (empty if nothing)."""
        began = measure_processor_time()
        chance = random.Random(seed)
        root = self._folder / "victim"
        home, work, begin, end = self._choose_moment(step, chance)
        before = self._ask(self._folder / "world" / home, examining.examine_home, f"before {home}")
        calls = self._measure(home, work).calls
        for _ in range(20):
            self._copy(home, root)
            if work == "refresh" or chance.random() < 0.5:
                moment = chance.uniform(begin, end)
                ended = self._run(work, root, kill_at_seconds=moment)
                where = f"{home}, {moment:.2f} s, after {_last_line(ended) or 'its start'}"
            else:
                call = chance.randint(1, calls)
                ended = self._run(work, root, kill_at_call=call)
                where = f"{home}, before call {call} of {calls}"
            if ended.is_killed:
                break
            end = max(begin + 0.02, end - (end - begin) / 10)
        problem = self._find_problem(step, root, before) if ended.is_killed else "it always ended before the kill"
        if ended.orphans:
            problem += f" {ended.orphans} processes stayed"
        if not problem:
            shutil.rmtree(root)
        else:
            root.rename(self._folder / f"problem-{seed}")
        seconds = round(measure_processor_time() - began, 1)
        return {"step": step, "where": where, "problem": problem.strip(), "seconds": seconds}

    def _choose_moment(self, step: str, chance: random.Random) -> tuple[str, str, float, float]:
        """Return a home, the work that is killed in it, and the processor seconds between which it is killed."""
        if step in _ACTS:
            home = _ACTS[step][0]
            return home, step, 0.0, self._measure(home, step).seconds
        moments = [
            (home, "refresh", *_find_interval(self._measure(home, "refresh"), first, last))
            for home, first, last in _PARTS[step]
        ]
        return chance.choices(moments, [end - begin for *_, begin, end in moments])[0]

    def _measure(self, home: str, work: str) -> Unkilled:
        """Return how long work takes in a home, and keep what it leaves as what is expected.

        A refresh must make the same draft in every home in which it begins. Raises RuntimeError if it does not.
        """
        if (home, work) not in self._unkilled:
            root = self._folder / "unkilled"
            self._copy(home, root)
            ended = self._run(work, root)
            if ended.code != 0:
                raise RuntimeError(describe_end(ended))
            calls = next(int(line.split()[0]) for _, line in reversed(ended.lines) if line.endswith(" calls"))
            if work == "refresh":
                finished = self._ask(root, examining.finish_refresh)
                if self._expected.setdefault(work, finished) != finished:
                    raise RuntimeError(f"without a kill, a refresh of {home} makes another draft: {finished}")
            if work == "switch":
                self._expected[work] = self._ask(root, examining.read_public)
            shutil.rmtree(root)
            self._unkilled[home, work] = Unkilled(ended.seconds, calls, ended.lines)
        return self._unkilled[home, work]

    def _find_problem(self, step: str, root: Path, before: dict[str, Any]) -> str:
        """Return what is wrong in a home after a kill, or after its work was finished; empty if nothing is."""
        try:
            examined = self._ask(root, examining.examine_home)
            if problem := _compare(step, before, examined):
                return problem
            if step in ("check", "submit", "approve"):
                finished = self._ask(root, examining.finish_desk)
                if finished != {"state": "approved", "copies": 1}:
                    return f"the return was not finished: {finished}"
            elif step == "switch":
                public = self._ask(root, examining.finish_switch)
                if public != self._expected["switch"]:
                    return f"another release is public: {json.dumps(public)[:600]}"
            else:
                finished = self._ask(root, examining.finish_refresh)
                if finished != self._expected["refresh"]:
                    return f"the next refresh made another draft: {json.dumps(finished)[:600]}"
            damage = self._ask(root, examining.examine_home)["damage"]
            return f"damaged afterwards: {damage}" if damage else ""
        except RuntimeError as error:
            return f"the next command failed: {str(error)[-600:]}"

    def _ask(self, root: Path, question: Callable[[Path], Any], keep: str = "") -> Any:
        if not keep or keep not in self._expected:
            answer = ask_child(lambda: question(root), world.make_environment(root, self._samples))
            if not keep:
                return answer
            self._expected[keep] = answer
        return self._expected[keep]

    def _run(self, work: str, root: Path, **moment: Any) -> Ended:
        def run_work() -> object:
            if work != "refresh":
                return _ACTS[work][1](root)
            from pipelines.cli.main import main

            return main(["refresh"])

        return run_child(run_work, world.make_environment(root, self._samples), **moment)

    def _copy(self, home: str, root: Path) -> None:
        shutil.rmtree(root, ignore_errors=True)
        copy_home(self._folder / "world" / home, root)


def _find_interval(unkilled: Unkilled, first: str, last: str) -> tuple[float, float]:
    """Return the times of the last line with one text and of the first later line with another one."""
    begin = max((seconds for seconds, line in unkilled.lines if first and first in line), default=0.0)
    end = next((seconds for seconds, line in unkilled.lines if seconds > begin and last in line), None)
    if end is None or (first and begin == 0.0):
        raise RuntimeError(f"a refresh has no lines {first!r} and {last!r}: {[line for _, line in unkilled.lines]}")
    return begin, end


def _last_line(ended: Ended) -> str:
    lines = [line for _, line in ended.lines if line and not line.startswith((" ", "Traceback"))]
    return lines[-1][:60] if lines else ""


def _compare(step: str, before: dict[str, Any], examined: dict[str, Any]) -> str:
    """Return what a kill broke, before anything is finished."""
    lost = set(before["states"]) - set(examined["states"])
    if lost:
        return f"submissions are lost: {sorted(lost)}"
    if missing := set(before["receipts"]) - set(examined["receipts"]):
        return f"receipts are lost: {sorted(missing)}"
    unreceipted = [i for i, state in examined["states"].items() if state == "sent" and i not in examined["receipts"]]
    if unreceipted:
        return f"sent without a receipt: {unreceipted}"
    is_same_release = all(examined[name] == before[name] for name in ("current", "current_files"))
    if step != "switch" and not is_same_release:
        return f"the current release changed to {examined['current']}"
    if examined["half"]:
        return f"incomplete drafts: {examined['half']}"
    if step != "switch" and examined["damage"]:
        return f"damaged: {examined['damage']}"
    return ""
