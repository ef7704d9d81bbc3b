"""`python -m tests.faults`: the share of planted faults found in each family, and those that were not."""

from __future__ import annotations

from tests.faults.measuring import measure_faults, share_by_family

if __name__ == "__main__":
    outcomes = measure_faults()
    for outcome in outcomes:
        if outcome.missed:
            print(f"{outcome.fault.name} ({outcome.fault.place or 'no place'}): {outcome.missed}")
    shares = share_by_family(outcomes)
    width = max(len(share.family) for share in shares)
    print(f"\n{'family':{width}}  planted  found  at their place")
    for share in shares:
        print(f"{share.family:{width}}  {share.planted:7}  {share.found_at_all:5}  {share.at_place:14}")
    found_total, placed_total = sum(share.found_at_all for share in shares), sum(share.at_place for share in shares)
    print(
        f"\n{len(outcomes)} planted faults in {len(shares)} families: {found_total} found "
        f"({100 * found_total / len(outcomes):.1f} %), "
        f"{placed_total} of them at their place ({100 * placed_total / len(outcomes):.1f} %)"
    )
