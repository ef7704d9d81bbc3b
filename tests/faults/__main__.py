"""`python -m tests.faults`: the share of planted faults found in each family, and those that were not."""

from __future__ import annotations

from tests.faults.measuring import measure, share_by_family

if __name__ == "__main__":
    outcomes = measure()
    for one in outcomes:
        if one.missed:
            print(f"{one.fault.name} ({one.fault.place or 'no place'}): {one.missed}")
    shares = share_by_family(outcomes)
    width = max(len(share.family) for share in shares)
    print(f"\n{'family':{width}}  planted  found  at their place")
    for share in shares:
        print(f"{share.family:{width}}  {share.planted:7}  {share.found:5}  {share.at_place:14}")
    found, placed = sum(share.found for share in shares), sum(share.at_place for share in shares)
    print(
        f"\n{len(outcomes)} planted faults in {len(shares)} families: {found} found "
        f"({100 * found / len(outcomes):.1f} %), {placed} of them at their place ({100 * placed / len(outcomes):.1f} %)"
    )
