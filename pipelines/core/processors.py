"""Count the processors and the memory that this process may use, in a container and under systemd, too."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_SHARE = 0.5
"""Share of the memory for processes that work at the same time."""


def count_processes(megabytes: float, root: Path = Path("/")) -> int:
    """Return how many processes that need so much memory each should work at once, at least one.

    There is one for each processor, and together they have half of the memory.  `root` is that of the file system.
    """
    memory = read_memory(root)
    fitting = count_processors(root) if memory is None else int(memory * _SHARE / (megabytes * 2**20))
    return max(1, min(count_processors(root), fitting))


def count_processors(root: Path = Path("/")) -> int:
    """Return how many processors this process may use: by its affinity, and by the quota of its control group.

    A quota of one and a half counts as two.  `os.cpu_count` gives all processors of the machine, of which a container
    may have a few.  Quotas are those of version 2 of control groups
    (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files).
    """
    affinity = getattr(os, "sched_getaffinity", None)  # on Linux
    usable = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    for quota, period in (text.split() for text in _read_limits("cpu.max", root)):
        if quota != "max":
            usable = min(usable, math.ceil(int(quota) / int(period)))
    return max(1, usable)


def read_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes of memory of this machine, or of the control group if that has less; None if unknown."""
    size_of = getattr(os, "sysconf", None)  # not on Windows
    if size_of is None:
        return None
    limits = [int(text) for text in _read_limits("memory.max", root) if text != "max"]
    return int(min([size_of("SC_PHYS_PAGES") * size_of("SC_PAGE_SIZE"), *limits]))


def _read_limits(name: str, root: Path) -> Iterator[str]:
    """Yield the text of a file of the control group of this process, and of those above it, that have one."""
    with suppress(OSError):
        for line in (root / "proc" / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            if line.startswith("0::/"):
                group = Path(line.removeprefix("0::/"))
                for folder in (group, *group.parents):
                    with suppress(OSError):
                        yield (root / "sys" / "fs" / "cgroup" / folder / name).read_text(encoding="ascii").strip()
