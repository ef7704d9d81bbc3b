"""Build a folder once for all workers of a test session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

_LONGEST_BUILD = 900.0
"""Seconds that a worker waits for a folder that another one builds."""


def build_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], None]) -> Path:
    """Return a folder of the session made by `build`, which the first worker runs while the others wait.

    The folder is shared: a test that writes must copy it. A build that failed is started again by the next worker.
    """
    session = factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        session = session.parent
    root, mark = session / name, session / f"{name}.done"
    with FileLock(session / f"{name}.lock", timeout=_LONGEST_BUILD):
        if not mark.exists():
            shutil.rmtree(root, ignore_errors=True)
            build(root)
            mark.touch()
    return root
