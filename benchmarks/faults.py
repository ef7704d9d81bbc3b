"""What the check finds: the share of planted faults reported at their place, and good returns reported as faulty."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.registry import Figure, Setting, benchmark


@benchmark("faults", "planted faults found at their place, by family, and good returns without an error")
def faults(_: Setting) -> Iterator[Figure]:
    """Plant each fault in a sample, check it with the history that the fault asks for, and look for it at its place."""
    from tests.faults.measuring import clean, measure, share_by_family

    outcomes = measure()
    missed = [outcome.fault.name for outcome in outcomes if outcome.missed]
    shares = share_by_family(outcomes)
    share = 100 * (len(outcomes) - len(missed)) / len(outcomes)
    note = f"{len(outcomes)} faults in {len(shares)} families" + (f"; missed: {', '.join(missed)}" if missed else "")
    yield Figure("planted faults found at their place", share, "%", target="100 %", reached=not missed, note=note)
    found = sum(family.found for family in shares)
    yield Figure(
        "planted faults found at all", 100 * found / len(outcomes), "%", target="100 %", reached=found == len(outcomes)
    )
    for family in shares:
        yield Figure(
            f"faults: {family.family}",
            100 * family.at_place / family.planted,
            "%",
            target="100 %",
            reached=family.at_place == family.planted,
            note=f"{family.planted} faults, {family.found} found, {family.at_place} at their place",
        )
    wrong = clean()
    yield Figure("good returns with an error", float(len(wrong)), "", target="0", reached=not wrong)
