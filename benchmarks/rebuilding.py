"""The full rebuild from bytes to a published release, beside a plain script that does the same work.

Long, so measured once a size; the repetitions of a run do not apply.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import homes, measuring
from benchmarks.registry import Figure, Setting, benchmark

FIXED = 20.0
"""Seconds that the whole may cost beside any work."""


@benchmark("rebuild", "Full rebuild from bytes to a published release")
def rebuild(setting: Setting) -> Iterator[Figure]:
    """Time and peak memory by size of the history."""
    for scale in setting.scales:
        done = homes.built(setting, scale)
        out = setting.scratch / f"plain-{scale}"
        statements = done.home / "restricted" / "dbt" / "compiled" / "rti" / "models"
        plain = measuring.python(
            "benchmarks.plain", str(done.returns.folder), str(out), str(statements), str(done.home)
        )
        laps = plain.last_json()
        told = ", ".join(f"{name} {laps[name]:.0f}" for name in laps if name != "cells")
        yield Figure(
            f"rebuild of {done.returns.number:,} returns",
            done.took.seconds,
            "s",
            plain.seconds,
            "plain script",
            "≤ 4 × + 20 s",
            done.took.seconds <= 4 * plain.seconds + FIXED,
            f"processor {done.took.processor:.0f} s beside {plain.processor:.0f} s; plain: {told}",
        )
        yield Figure(f"peak memory, {done.returns.number:,} returns", done.took.peak, "MB", plain.peak, "plain script")
