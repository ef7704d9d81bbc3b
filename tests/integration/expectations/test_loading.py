"""Great Expectations takes seconds to import. It is loaded when a return is judged, without two of its libraries."""

from __future__ import annotations

import subprocess
import sys

LOADING = """
import sys
import tests.support.fakes.return_rows, expectations.judge
assert "great_expectations" not in sys.modules
import expectations.contracts
assert not {"altair", "scipy.stats", "scipy.stats._stats_py"} & set(sys.modules)
"""


def test_great_expectations_is_loaded_late_and_without_rarely_used_libraries() -> None:
    process = subprocess.run([sys.executable, "-c", LOADING], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
