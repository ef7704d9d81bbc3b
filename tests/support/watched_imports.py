"""List the imports of a reading process; a module of its own, since reading processes import it by name."""

from __future__ import annotations

import sys

from pipelines.submissions.checking.read_task import Task, run_task


def list_imports(tasks: list[Task]) -> list[str]:
    """Read some files, and return the modules of the program that were not there before."""
    before = set(sys.modules)
    for task in tasks:
        run_task(task)
    return sorted(name for name in set(sys.modules) - before if name.startswith("pipelines."))
