"""The target of a cold check: three seconds, or a second more than importing Great Expectations takes alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks import checking, measuring
from benchmarks.measuring import Ran


@pytest.mark.parametrize(
    ("cold", "imported", "target", "is_reached"),
    [(2.9, 1.5, 3.0, True), (3.1, 1.5, 3.0, False), (4.9, 4.0, 5.0, True), (5.1, 4.0, 5.0, False)],
)
def test_target_of_a_cold_check_follows_the_import_that_was_measured(
    monkeypatch: pytest.MonkeyPatch, cold: float, imported: float, target: float, is_reached: bool
) -> None:
    def run_planted(arguments: Sequence[str], **_: Any) -> Ran:
        is_check = "check" in arguments
        return Ran(cold if is_check else imported, 2 * imported, 100.0, "")

    monkeypatch.setattr(measuring, "run", run_planted)
    figure, used = checking.measure_cold(Path("return.xlsx"), {}, 3)
    assert (figure.value, figure.floor, figure.reached) == (cold, imported, is_reached)
    assert figure.target.endswith(f"{target:.1f} s")
    assert used.ratio == 1.0
