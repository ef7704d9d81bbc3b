"""Great Expectations takes seconds to import and is loaded only when a return is judged."""

from __future__ import annotations

import subprocess
import sys


def test_import_of_judge_and_of_the_rows_of_unit_tests_does_not_load_great_expectations() -> None:
    code = (
        "import sys, tests.support.fakes.return_rows, expectations.judge; sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
