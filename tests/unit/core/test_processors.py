"""Processors and memory are those of the control group, of the affinity and of the machine, whichever has least."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.core import processors

GROUP = "system.slice/rti-worker.service"


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 64 processors and 8 GB."""
    sizes = {"SC_PHYS_PAGES": 2 * 2**20, "SC_PAGE_SIZE": 4096}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(os, "sysconf", lambda name: sizes[str(name)])


def make_root(folder: Path, group: str = GROUP, **limits: str) -> Path:
    """Write the files of a control group: `cpu` and `memory` are its own limits, `cpu_above` those of the slice."""
    groups = folder / "sys" / "fs" / "cgroup"
    places = {
        "cpu": groups / group / "cpu.max",
        "memory": groups / group / "memory.max",
        "cpu_above": groups / Path(group).parent / "cpu.max",
    }
    (folder / "proc" / "self").mkdir(parents=True)
    (folder / "proc" / "self" / "cgroup").write_text(f"1:name=systemd:/elsewhere\n0::/{group}\n", encoding="utf-8")
    for name, text in limits.items():
        places[name].parent.mkdir(parents=True, exist_ok=True)
        places[name].write_text(f"{text}\n", encoding="ascii")
    return folder


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 64),
        ({"cpu": "max 100000"}, 64),
        ({"cpu": "200000 100000"}, 2),
        ({"cpu": "150000 100000"}, 2),
        ({"cpu": "10000 100000"}, 1),
        ({"cpu": "max 100000", "cpu_above": "400000 100000"}, 4),
        ({"cpu": "800000 100000", "cpu_above": "400000 100000"}, 4),
    ],
)
def test_processors_are_those_of_the_narrowest_quota(tmp_path: Path, limits: dict[str, str], expected: int) -> None:
    assert processors.count_processors(make_root(tmp_path, **limits)) == expected


def test_container_has_its_limits_at_the_root_of_its_groups(tmp_path: Path) -> None:
    root = make_root(tmp_path, group="", cpu="300000 100000", memory=str(2**30))
    assert processors.count_processors(root) == 3
    assert processors.read_memory(root) == 2**30


def test_affinity_limits_processors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})
    assert processors.count_processors(make_root(tmp_path, cpu="800000 100000")) == 1


def test_system_without_control_groups_has_all_processors_and_its_memory(tmp_path: Path) -> None:
    assert processors.count_processors(tmp_path) == 64
    assert processors.read_memory(tmp_path) == 8 * 2**30


@pytest.mark.parametrize(
    ("memory", "megabytes", "expected"),
    [("max", 512, 8), (str(2 * 2**30), 512, 2), (str(2 * 2**30), 100, 10), (str(2**29), 512, 1)],
)
def test_processes_have_half_of_the_memory(tmp_path: Path, memory: str, megabytes: float, expected: int) -> None:
    assert processors.count_processes(megabytes, make_root(tmp_path, memory=memory)) == expected


def test_processes_are_no_more_than_processors(tmp_path: Path) -> None:
    assert processors.count_processes(100, make_root(tmp_path, cpu="200000 100000")) == 2
