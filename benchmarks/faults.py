"""Quality of the check: the share of planted faults reported at their place, and warnings at clean returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from benchmarks.registry import Figure, Setting, register_benchmark

HISTORIES, QUICK_HISTORIES = 20, 4
"""Invented histories of 16 quarters; `python -m tests.faults.clean` measures 200."""


@register_benchmark("faults", "planted faults found at their place, by family, and warnings at clean returns")
def measure_faults(setting: Setting) -> Iterator[Figure]:
    """Plant each fault in a sample, check it with the history that the fault asks for, and look for it at its place."""
    from tests.faults.measuring import find_wrongly_refused, measure_faults, share_by_family

    outcomes = measure_faults()
    missed = [outcome.fault.name for outcome in outcomes if outcome.missed]
    shares = share_by_family(outcomes)
    share = 100 * (len(outcomes) - len(missed)) / len(outcomes)
    note = f"{len(outcomes)} faults in {len(shares)} families" + (f"; missed: {', '.join(missed)}" if missed else "")
    yield Figure("planted faults found at their place", share, "%", target="100 %", reached=not missed, note=note)
    found_count = sum(family.found_at_all for family in shares)
    yield Figure(
        "planted faults found at all",
        100 * found_count / len(outcomes),
        "%",
        target="100 %",
        reached=found_count == len(outcomes),
    )
    for family in shares:
        yield Figure(
            f"faults: {family.family}",
            100 * family.at_place / family.planted,
            "%",
            target="100 %",
            reached=family.at_place == family.planted,
            note=f"{family.planted} faults, {family.found_at_all} found, {family.at_place} at their place",
        )
    wrong = find_wrongly_refused()
    yield Figure("good returns with an error", float(len(wrong)), "", target="0", reached=not wrong)
    yield from _measure_clean_returns(HISTORIES if len(setting.scales) > 1 else QUICK_HISTORIES)


def _measure_clean_returns(histories: int) -> Iterator[Figure]:
    """Yield unneeded warnings per clean return: of the demonstration, and of invented histories of each world."""
    from tests.faults.clean import TARGET, measure_demonstration, measure_histories

    total = sum(measure_histories(range(1, 1 + histories)), measure_demonstration())
    for group in total.groups:
        rules = Counter(alarm.rule for alarm in total.list_unneeded(group))
        note = f"{total.count_returns(group)} returns; " + (
            ", ".join(f"{rule} {count}" for rule, count in rules.most_common()) or "no warning"
        )
        rate = total.compute_rate(group)
        yield Figure(
            f"unneeded warnings per return, {group}",
            rate,
            "",
            target=f"{TARGET}",
            reached=rate <= TARGET,
            note=note,
        )
