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
from tests.kills.victims import Ended, ask_child, run_child
from tests.support.demonstration import copy_home

STEPS: Mapping[str, int] = {
    "check": 30, "submit": 30, "approve": 30, "refresh": 40, "protect": 15, "release": 25, "switch": 30,
}  # fmt: skip
"""The steps, with their shares of two hundred kills."""
_LINES = {"protect": ("cells hidden",), "release": ("protected indicators built", "draft ")}
"""A part of a refresh ends with the first line that has one of these; every other part belongs to `refresh`."""
_ACTS: Mapping[str, tuple[str, Callable[[Path], object]]] = {
    "check": ("desk-0", lambda root: world.upload_return(open_home(root)) and 0),
    "submit": ("desk-1", lambda root: world.send_return(open_home(root))),
    "approve": ("desk-2", lambda root: world.approve_return(open_home(root))),
    "switch": ("desk-0", lambda root: world.publish_draft(open_home(root))),
}
"""The home in which a step begins, and its work."""
_REFRESHED = "desk-3"
"""The home in which a refresh begins."""


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
    """A step that nobody killed: its processor seconds, its calls that change files, and its lines with their times."""

    seconds: float
    calls: int
    lines: tuple[tuple[float, str], ...]


class Killer:
    """Kills on copies of the homes of a world."""

    def __init__(self, folder: Path, given: Path | None = None) -> None:
        self._folder = folder
        self._samples = folder / "world" / "samples"
        environment = world.make_environment(folder, self._samples)
        run = run_child(lambda: world.build_world(folder / "world", given), environment)
        if run.code != 0:
            raise RuntimeError("\n".join(line for _, line in run.lines[-30:]))
        self._unkilled: dict[str, Unkilled] = {}
        self._expected: dict[str, Any] = {}

    def kill_once(self, step: str, seed: str) -> dict[str, Any]:
        """Kill once in a step; return the step, where it was killed, and what was wrong (empty if nothing)."""
        chance = random.Random(seed)
        root = self._folder / "victim"
        is_refresh = step not in _ACTS
        home = _REFRESHED if is_refresh else _ACTS[step][0]
        unkilled = self._measure("refresh" if is_refresh else step)
        before = self._ask(self._folder / "world" / home, examining.examine_home, f"before {home}")
        begin, end = self._find_interval(step, unkilled, chance)
        for _ in range(20):
            self._copy(home, root)
            if is_refresh or chance.random() < 0.5:
                moment = chance.uniform(begin, end)
                ended = self._run("refresh" if is_refresh else step, root, kill_at_seconds=moment)
                where = f"{moment:.2f} s, after {_last_line(ended) or 'its start'}"
            else:
                call = chance.randint(1, unkilled.calls)
                ended = self._run(step, root, kill_at_call=call)
                where = f"before call {call} of {unkilled.calls}"
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
        return {"step": step, "where": where, "problem": problem.strip()}

    def _measure(self, step: str) -> Unkilled:
        """Return how long a step takes, and keep what it leaves as what is expected."""
        if step not in self._unkilled:
            root = self._folder / "unkilled"
            self._copy(_REFRESHED if step == "refresh" else _ACTS[step][0], root)
            ended = self._run(step, root)
            if ended.code != 0:
                raise RuntimeError("\n".join(line for _, line in ended.lines[-30:]))
            calls = next(int(line.split()[0]) for _, line in reversed(ended.lines) if line.endswith(" calls"))
            self._unkilled[step] = Unkilled(ended.seconds, calls, ended.lines)
            if step == "refresh":
                self._expected["refresh"] = self._ask(root, examining.finish_refresh)
            if step == "switch":
                self._expected["switch"] = self._ask(root, examining.read_public)
            shutil.rmtree(root)
        return self._unkilled[step]

    def _find_interval(self, step: str, unkilled: Unkilled, chance: random.Random) -> tuple[float, float]:
        if step in _ACTS:
            return 0.0, unkilled.seconds
        intervals, begin = [], 0.0
        for seconds, line in unkilled.lines:
            part = next((name for name, ends in _LINES.items() if any(end in line for end in ends)), "refresh")
            if part == step and seconds - begin > 0.02:
                intervals.append((begin, seconds))
            begin = seconds
        weights = [end - begin for begin, end in intervals]
        return chance.choices(intervals, weights)[0]

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

    def _run(self, step: str, root: Path, **moment: Any) -> Ended:
        def run_step() -> object:
            if step != "refresh":
                return _ACTS[step][1](root)
            from pipelines.cli.main import main

            return main(["refresh"])

        return run_child(run_step, world.make_environment(root, self._samples), **moment)

    def _copy(self, home: str, root: Path) -> None:
        shutil.rmtree(root, ignore_errors=True)
        copy_home(self._folder / "world" / home, root)


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
