"""The pages of faults and of threats name tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.support.paths import ROOT

_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize(("page", "least"), [("reliability.md", 26), ("security.md", 13)])
def test_every_fault_and_boundary_has_tests_that_exist(page: str, least: int) -> None:
    rows = [line for line in (ROOT / "docs" / page).read_text("utf-8").splitlines() if line.startswith("|")][2:]
    assert len(rows) >= least
    for row in rows:
        references = _TEST.findall(row.rpartition(" | ")[2])
        assert references, row
        for file, test in references:
            assert f"\ndef {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file} has no {test}"
