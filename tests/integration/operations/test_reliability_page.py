"""The page of faults names tests that exist."""

from __future__ import annotations

import re

from tests.support.paths import ROOT

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_fault_has_tests_that_exist() -> None:
    rows = [line for line in (ROOT / "docs" / "reliability.md").read_text("utf-8").splitlines() if line.startswith("|")]
    faults = rows[2:]
    assert len(faults) > 25
    for row in faults:
        references = _TEST.findall(row.rpartition(" | ")[2])
        assert references, row
        for file, test in references:
            assert f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no {test}"
