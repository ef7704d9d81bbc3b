"""The full rebuild from bytes to a published release, compared with a plain script that does the same work.

Long, so measured once a size; the repetitions of a run do not apply.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import homes, measuring
from benchmarks.registry import Figure, Setting, register_benchmark

FIXED = 20.0
"""Fixed seconds that the whole may cost, however little work there is."""


@register_benchmark("rebuild", "Full rebuild from bytes to a published release")
def measure_rebuild(setting: Setting) -> Iterator[Figure]:
    """Measure time and peak memory by size of the history."""
    for scale in setting.scales:
        built_home = homes.build_home(setting, scale)
        output = setting.scratch / f"plain-{scale}"
        statements = built_home.home / "restricted" / "dbt" / "compiled" / "rti" / "models"
        plain = measuring.run_module(
            "benchmarks.plain", str(built_home.returns.folder), str(output), str(statements), str(built_home.home)
        )
        laps = plain.last_json()
        phases = ", ".join(f"{name} {laps[name]:.0f}" for name in laps if name != "cells")
        yield Figure(
            f"rebuild, {scale} ×",
            built_home.took.seconds,
            "s",
            plain.seconds,
            "plain script",
            "≤ 4 × + 20 s",
            built_home.took.seconds <= 4 * plain.seconds + FIXED,
            f"{built_home.returns.number:,} returns; processor {built_home.took.processor:.0f} s against "
            f"{plain.processor:.0f} s; plain: {phases}",
        )
        yield Figure(
            f"peak memory, {scale} ×",
            built_home.took.peak,
            "MB",
            plain.peak,
            "plain script",
        )
