"""What the check finds: the share of planted faults told at their place, and good returns told as faulty."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.registry import Figure, Setting, benchmark


@benchmark("faults", "planted faults found at their cell, good returns without an error")
def faults(_: Setting) -> Iterator[Figure]:
    """Each fault is planted in a sample, checked without history, and looked for at its place."""
    from tests.faults.measuring import clean, measure

    outcomes = measure()
    missed = [one.fault.name for one in outcomes if one.missed]
    share = 100 * (len(outcomes) - len(missed)) / len(outcomes)
    note = f"{len(outcomes)} faults" + (f"; missed: {', '.join(missed)}" if missed else "")
    yield Figure("planted faults found at their place", share, "%", target="100 %", reached=not missed, note=note)
    wrong = clean()
    yield Figure("good returns with an error", float(len(wrong)), "", target="0", reached=not wrong)
