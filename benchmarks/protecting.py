"""Protecting the counts of a history, and of the releases after it (`benchmarks.protecting_home` measures them)."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import decade, history, measuring
from benchmarks.registry import Figure, Setting, register_benchmark

LIMITS = {history.CYCLE: 15.0, decade.YEARS: 60.0}
"""Limits in elapsed seconds on two cores for protecting and auditing counts, by years of history, from the issue."""
RETURN_LIMIT = 5.0
"""The same for the release after one new return."""


@register_benchmark("protection", "Protecting the counts of ten years, which is not part of the marts")
def measure_protection(setting: Setting) -> Iterator[Figure]:
    """Compare the years of the demonstration with ten, whose marts take long and which only the long run measures."""
    before: float | None = None
    for years in (history.CYCLE, decade.YEARS) if max(setting.scales) > 1 else (history.CYCLE,):
        home, _ = decade.build_home(setting, years)
        result = measuring.run_module("benchmarks.protecting_home", str(home)).last_json()
        note = (
            f"{result['cells']:,.0f} cells, {result['hidden']:,.0f} hidden; "
            f"marts of counts before: {result['counts']:.0f} s"
        )
        floor_name = f"{history.CYCLE} years" if before else ""
        name = f"processor of all processes, {years} years"
        yield Figure(name, result["processor"], "s", before, floor_name, note=note)
        for kind, title, limit in (
            ("", "all of it", LIMITS[years]),
            ("return ", "after one new return", RETURN_LIMIT),
            ("edition ", "after an earlier edition", LIMITS[years]),
            ("editions ", "after three with corrections", LIMITS[years]),
        ):
            elapsed, failed = result[f"{kind}elapsed"], result[f"{kind}failed"]
            note = f"processor {result[f'{kind}processor']:.1f} s"
            yield Figure(
                f"… elapsed, {title}, {years} years", elapsed, "s", target=f"≤ {limit:g} s",
                reached=elapsed <= limit, note=note,
            )  # fmt: skip
            yield Figure(f"… failed, {title}, {years} years", failed, "cells", target="0", reached=failed == 0)
        before = result["processor"]
