"""No reader of a page waits for a library: the service has imported what the statistics of pages import late."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from tests.support.paths import ROOT

SCRIPT = """
    import sys
    from dashboards.public.app import load_late_modules
    from pipelines.statistics.change import Operands, compute_figure_change

    if sys.argv[1] == "loaded":
        load_late_modules()
    before = set(sys.modules)
    for kind in ("rate", "ratio", "part"):
        change = compute_figure_change(kind, Operands(40.0, 90.0), Operands(60.0, 95.0))
        assert change.low < change.ratio < change.high
    print(sorted({name for name in set(sys.modules) - before if name.count(".") < 2 and name.startswith("scipy.")}))
"""


def list_imported(state: str) -> str:
    """Return the libraries of scipy that tests of change import when they are first computed."""
    command = [sys.executable, "-c", dedent(SCRIPT), state]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


@pytest.mark.sampled(turn=3)
def test_change_imports_nothing_after_the_late_modules_are_loaded() -> None:
    assert list_imported("loaded") == "[]"
    assert "'scipy.optimize'" in list_imported("at first"), "without them it would"
