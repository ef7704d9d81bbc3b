"""`python -m tests.faults`: the share of planted faults found, and those that were not."""

from __future__ import annotations

from tests.faults.measuring import measure

if __name__ == "__main__":
    outcomes = measure()
    for one in outcomes:
        if one.missed:
            print(f"{one.fault.name} ({one.fault.place or 'no place'}): {one.missed}; found {one.findings[:6]}")
    found = sum(not one.missed for one in outcomes)
    print(f"{found} of {len(outcomes)} planted faults found at their place ({100 * found / len(outcomes):.1f} %)")
