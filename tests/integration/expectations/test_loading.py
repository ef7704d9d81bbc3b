"""Great Expectations takes seconds to import. It is loaded when a return is judged, without two of its libraries."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.paths import ROOT

CHECKING = """
import sys
import tests.support.fakes.return_rows, expectations.judge
assert "great_expectations" not in sys.modules
import expectations.contracts
assert not {"altair", "scipy.stats", "scipy.stats._stats_py"} & set(sys.modules)
from pipelines.cli import main
sys.argv = ["rti", "check", sys.argv[1]]
try:
    main.main()
except SystemExit:
    pass
assert "great_expectations" in sys.modules
assert "scipy.special" in sys.modules
assert not {"altair", "openpyxl", "scipy.stats", "scipy.stats._stats_py"} & set(sys.modules)
"""


@pytest.mark.sampled(turn=3)
def test_check_of_a_return_loads_great_expectations_late_and_without_rarely_used_libraries() -> None:
    sample = ROOT / "raw_samples" / "AL" / "cooperation" / "Bashkepunimi_2026-Q1.csv"
    process = subprocess.run(
        [sys.executable, "-c", CHECKING, str(sample)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert process.returncode == 0, process.stdout + process.stderr
