"""Results of steps: which risks allow a release."""

from __future__ import annotations

import pytest

from pipelines.refresh.results import Step


@pytest.mark.parametrize(
    ("risk", "is_safe"),
    [
        ({}, True),
        ({"hidden": 9, "disclosed": 0, "narrow": 0, "unknown": 0, "to_insiders": 0, "revealed_before": 2}, True),
        ({"disclosed": 1}, False),
        ({"narrow": 1}, False),
        ({"unknown": 1}, False),
        ({"to_insiders": 1}, False),
    ],
)
def test_step_is_safe_only_if_no_reader_can_work_out_a_cell(risk: dict[str, int], is_safe: bool) -> None:
    assert Step(new=True, risk=risk).safe is is_safe
